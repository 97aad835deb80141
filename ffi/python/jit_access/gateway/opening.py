"""The page of a new request, opened by an agent's client for its person (elicitation by URL).

The gateway gives a plugin two ways to a client that declares `elicitation.url`. A client of the revision 2026-07-28
says so with each call: the call is answered with what is still to be done (`input_required`) and is made again. An
older one says so once, when its session begins, so it is known only where the gateway keeps sessions
(`USE_STATEFUL_SESSIONS=true`), and it can be asked while the call waits only where answers are streams
(`JSON_RESPONSE_ENABLED=false`). Without both the gateway has no way to such a client.

Whatever comes back says no more than that a page was opened. The page signs in by itself, and an answer is no review.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp.types as types
from mcpgateway.config import settings
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
        # An answer that is one JSON document has no room for a question: it would be waited for in vain.
        if settings.use_stateful_sessions and not settings.json_response_enabled:
            await open_page(session, page, request, getattr(context, "request_id", None))
    elif not asked.get("input_responses"):
        params = {"mode": "url", "message": WORDS, "url": page}
        wanted = {
            "inputRequests": {"page": {"method": "elicitation/create", "params": params}},
            "requestState": request,
        }
        raise tool_service.ToolInputRequired(types.InputRequiredResult.model_validate(wanted))


def _context() -> Any:
    """What the SDK knows of the request under way; `None` where it did not come by the SDK."""
    # The gateway imports plugins before it has made this.
    from mcpgateway.transports.streamablehttp_transport import mcp_app

    try:
        return mcp_app.request_context
    except LookupError:
        return None
