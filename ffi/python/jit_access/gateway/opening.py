"""The page of a new request, opened by an agent's client for its person (elicitation by URL).

The gateway gives a plugin two ways to a client that declares `elicitation.url`. A client of the revision 2026-07-28
says so with each call: the call is answered with what is still to be done (`input_required`) and is made again. An
older one says so once, when its session begins, so it is known only where the gateway keeps sessions
(`USE_STATEFUL_SESSIONS=true`): then it is asked over that session while the call waits. Without sessions the gateway
knows nothing of what such a client can do, and has no way back to it.

Whatever comes back says no more than that a page was opened. The page signs in by itself, and an answer is no review.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp.types as types
from mcpgateway.services import tool_service

from jit_access.mcp.server import WORDS, declares_url, open_page


async def opened(page: str, request: str, asked: Mapping[str, Any]) -> None:
    """Have the client of the tool call under way open this page, where it can. `asked` is what the gateway's tool
    service was called with. Raises the gateway's own signal where the call is to be made again."""
    context = _context()
    session = getattr(context, "session", None)
    if session is None or not declares_url(session):
        return
    if not asked.get("allow_input_required"):
        await open_page(session, page, request, getattr(context, "request_id", None))
    elif not asked.get("input_responses"):
        params = {"mode": "url", "message": WORDS, "url": page}
        wanted = {"inputRequests": {"page": {"method": "elicitation/create", "params": params}}, "requestState": request}
        raise tool_service.ToolInputRequired(types.InputRequiredResult.model_validate(wanted))


def _context() -> Any:
    """What the SDK knows of the request under way; `None` where it did not come by the SDK."""
    # The gateway imports plugins before it has made this.
    from mcpgateway.transports.streamablehttp_transport import mcp_app

    try:
        return mcp_app.request_context
    except LookupError:
        return None
