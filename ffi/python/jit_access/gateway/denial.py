"""What a denied tool call answers: a result that a model understands, with what may be asked for.

An error of the protocol is for the host of a model, and the model may never see it. So a denied call is a tool
result with
`isError`: a sentence for the model, and for its host the offer in `_meta`.
"""

from __future__ import annotations

import json
import logging
from typing import Any, Final

from mcpgateway.schemas import ToolResult

from jit_access import Engine, JitAccessError
from jit_access.gateway import host, kinds

_log: Final = logging.getLogger(__name__)
META: Final = "jit-access/access_request"
"""Where `_meta` has the offer."""


def result(engine: Engine, email: str, tool: str, server: str | None, reason: str | None) -> Any:
    """The result of a call of this tool that was denied to this account. May block on the disk."""
    try:
        found = engine.remedies(
            host.asker(email), action="tools.execute", resource=kinds.tool(tool), parent=kinds.server(server)
        )
        offer: dict[str, Any] = json.loads(found.to_json())
    except JitAccessError as error:
        return _result(f"Denied: you may not call {tool}. {error}. Do not call it again.", None)
    except Exception:
        _log.exception("what may be asked for could not be told")
        return _result(f"Denied: you may not call {tool}.", None)
    if not offer["options"]:
        return _result(f"Denied: you may not call {tool}. Asking will not help. Do not call it again.", None)
    other = "What you hold is for other arguments. " if reason == "other_call" else ""
    least = offer["options"][0]
    text = (
        f"Denied: you may not call {tool} yet. {other}You may ask: call jit_request_access with tool "
        f"{json.dumps(tool)} and a "
        "reason, and with the arguments if this is the only call you need. A person decides. When jit_request_status "
        f"says that it is approved, call {tool} again with the same arguments."
    )
    told = {
        "tool": tool,
        "expires_at": offer["expires_at"],
        "max_duration_hours": least["max_duration_hours"],
        "action": offer["action"],
        "resource": offer["resource"],
        "options": offer["options"],
    }
    return _result(text, {META: told})


def _result(text: str, meta: dict[str, Any] | None) -> Any:
    content: dict[str, Any] = {"type": "text", "text": text}
    made: dict[str, Any] = {"content": [content], "is_error": True}
    if meta is not None:
        # Older versions of the gateway pass on no `_meta` of a result, but that of its content.
        place = made if "meta" in ToolResult.model_fields else content
        place["_meta"] = meta
    return ToolResult.model_validate(made)
