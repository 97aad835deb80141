"""Web pages over an engine: request access, decide, watch what is granted, read the record.

`create_pages(engine, caller=who_is_calling)` makes a FastAPI router that any application can include:

    app.include_router(create_pages(engine, caller=who_is_calling, prefix="/access"))

The pages are rendered on the server. JavaScript makes them live and adds keys; every action works without it. Who may
see or do what is judged by the engine from the caller that the host authenticated, as for the JSON routes.
"""

from __future__ import annotations

from jit_access.pages.guard import HEADERS, Token
from jit_access.pages.site import Host, Place, create_pages

__all__ = ["HEADERS", "Host", "Place", "Token", "create_pages"]
