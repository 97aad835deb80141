"""The tools of the workflow inside the gateway: `jit_request_access` and the others, answered in this process.

`jit mcp --register` makes them known to the gateway, which then lists them as any tool. A call of one of them never
leaves the
process: it is answered here, for the account that the gateway has authenticated.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from mcpgateway.schemas import ToolResult

from jit_access import AccessRequest, Caller, Conditions, Engine, JitAccessError
from jit_access.client import AsyncClient
from jit_access.client.flows import Answer, Call
from jit_access.gateway import host, opening
from jit_access.mcp.tools import TOOLS, Refusal, run_tool

_log: Final = logging.getLogger(__name__)
NAMES: Final = frozenset(tool.name for tool in TOOLS)
Beside = Callable[..., Awaitable[Any]]


def ours(name: str) -> str | None:
    """Which of the tools this is. The gateway writes names with hyphens in places."""
    plain = name.replace("-", "_")
    return plain if plain in NAMES else None


class _InProcess(AsyncClient):
    """The client of the workflow, without a way over the network."""

    def __init__(self, engine: Engine, caller: Caller, beside: Beside, follow: Callable[[], None]) -> None:
        self._engine, self._caller, self._beside, self._follow = engine, caller, beside, follow

    async def _send(self, call: Call) -> Answer:
        try:
            answered: Answer = await self._beside(self._answer, call)
        except TimeoutError:
            return Answer(0, error="the store did not answer in time")
        return answered

    def _answer(self, call: Call) -> Answer:
        engine, who = self._engine, self._caller
        places = call.path.strip("/").split("/")
        body = dict(call.body or {})
        if call.method == "POST":
            body["idempotency_key"] = call.headers["Idempotency-Key"]
        try:
            match (call.method, places):
                case ("GET", [("roles" | "remedies" | "requests" | "grants") as name]):
                    found: Any = getattr(engine, name)(who, **call.query)
                case ("GET", ["requests", id]):
                    found = engine.request(who, id)
                case ("GET", ["grants", id]):
                    found = engine.grant(who, id)
                case ("POST", ["request"]):
                    if body.get("conditions"):
                        body["conditions"] = Conditions(**body["conditions"])
                    found = engine.submit(who, **body)
                case ("POST", ["requests", id, "withdraw"]):
                    found = engine.withdraw(who, id, **body)
                case ("POST", ["grants", id, "release"]):
                    found = engine.release(who, id, **body)
                case _:
                    raise AssertionError(f"no tool calls {call.method} {call.path}")
        except JitAccessError as error:
            return Answer(error.status, json.loads(error.problem_json()))
        if call.method == "POST" and (not isinstance(found, AccessRequest) or found.status == "approved"):
            self._follow()
        return Answer(200, json.loads(found.to_json(base="/jit")))


async def answer(
    engine: Engine,
    email: str,
    name: str,
    asked: Mapping[str, Any],
    beside: Beside,
    follow: Callable[[], None],
    pages: str | None,
) -> Any:
    """The result of a call of one of our tools by this account. `asked` is what the gateway's tool service was called
    with, and `pages` is where people see requests: a client that can opens the page of a new one for its person."""
    arguments = asked.get("arguments") or {}

    async def tell(done: float, total: float, words: str) -> None:
        """The gateway relays no progress of tools of its own."""

    try:
        caller = await beside(host.asker, email)
        tool = arguments.get("tool")
        if (
            name == "jit_request_access"
            and isinstance(tool, str)
            and tool
            and not await beside(host.sees_tool, email, tool)
        ):
            raise Refusal(f"The gateway has no tool {tool!r}. Give the exact name of the tool that was denied.")
        found = await run_tool(_InProcess(engine, caller, beside, follow), name, arguments, tell)
    except Refusal as refusal:
        return ToolResult.model_validate({"content": [{"type": "text", "text": str(refusal)}], "is_error": True})
    except Exception:
        _log.exception("a tool of the workflow failed")
        said = "The access service failed; nothing is known of what became of this call."
        return ToolResult.model_validate({"content": [{"type": "text", "text": said}], "is_error": True})
    if pages is not None and name == "jit_request_access":
        found["ticket_page"] = f"{pages}/requests/{found['request']}"
        if found["status"] in ("pending", "needs_info"):
            await opening.opened(found["ticket_page"], found["request"], asked)
    text = f"{found['status']}: {found['next']}" if "next" in found else json.dumps(found, ensure_ascii=False)
    return ToolResult.model_validate(
        {"content": [{"type": "text", "text": text}], "structured_content": found, "is_error": False}
    )
