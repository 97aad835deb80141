"""The opt-in: what the roles deny is put to the engine, so that grants on one tool or one server and grants with
conditions count on every path.

Roles and the permission hook know permissions, not tools. This module lets a tool call pass the permission check when
some grant of the caller may cover it, and decides at the call itself, where tool and server are known, whether a grant
does cover exactly this one.

Only `tools.execute` is passed provisionally: every path from that check to a tool leads through the tool service. A
check of `resources.read` or `prompts.read` also opens listings, where there is no single thing to check, so grants
for one resource or prompt are not lifted.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, Protocol

from cpex.framework import PluginViolation, PluginViolationError
from mcpgateway.services.tool_service import ToolService

from jit_access import Decision
from jit_access.gateway import host, kinds, tools

_log: Final = logging.getLogger(__name__)
_MARK: Final = "__jit_access_wrapped__"
_TOOL_CALL: Final = "tools.execute"
_TOOL_METHODS: Final = ("invoke_tool", "invoke_tool_direct", "prepare_rust_mcp_tool_execution")
"""Every way of the tool service to run a tool; a version of the gateway need not have them all."""

Method = Callable[..., Awaitable[Any]]


class Decider(Protocol):
    """What decides: the runtime of this process."""

    async def holds_nothing(self, email: str, permission: str) -> bool:
        """Whether no grant of this person gives it now, whatever its conditions."""

    async def may_hold_some(self, email: str, permission: str) -> bool:
        """Whether this person holds a grant that gives it somewhere."""

    async def decide(
        self,
        email: str,
        permission: str,
        resource: str | None = kinds.GATEWAY,
        *,
        parent: str | None = None,
        call: Mapping[str, Any] | None = None,
    ) -> Decision:
        """The engine's answer to the request under way, its use recorded."""

    async def denied(self, email: str, tool: str, server: str | None, reason: str | None) -> Any:
        """What a call of this tool answers that no grant covers."""

    async def answer(self, email: str, tool: str, asked: Mapping[str, Any]) -> Any:
        """What a call of one of our own tools answers; `asked` is what the tool service was called with."""


class Call(NamedTuple):
    """A call of a tool under way."""

    tool: str
    server: str | None
    """Its virtual server."""
    recorded: bool
    """Whether a grant let it pass, and the use is on record."""


_provisional: ContextVar[str | None] = ContextVar("jit_access_provisional", default=None)
"""The caller whose tool call in this task was let pass on the strength of a grant yet to be matched."""

_call: ContextVar[Call | None] = ContextVar("jit_access_call", default=None)


def call() -> Call | None:
    """The tool call under way in this task, as far as this module has seen it."""
    return _call.get()


def install(decider: Decider) -> None:
    """Wrap the gateway's tool service, once per process."""
    for name in _TOOL_METHODS:
        if hasattr(ToolService, name):
            replace(ToolService, name, lambda original: _deciding(original, decider))


def replace(owner: type, name: str, wrap: Callable[[Method], Method]) -> None:
    """Put a wrapped method in the place of the original, once."""
    original = getattr(owner, name)
    if hasattr(original, _MARK):
        return
    wrapped = wrap(original)
    setattr(wrapped, _MARK, True)
    setattr(owner, name, wrapped)


_asker: ContextVar[str | None] = ContextVar("jit_access_asker", default=None)
"""Whom the last check of a tool call in this task was about, where grants may add to what the request is allowed."""


def begin(email: str | None = None, permission: str = "") -> None:
    """Forget what an earlier permission check in this task let pass."""
    _provisional.set(None)
    _asker.set(email if permission == _TOOL_CALL else None)


async def lifted(decider: Decider, email: str, permission: str) -> bool:
    """Whether a grant lets this check pass that the roles deny; a tool call provisionally, until the tool is known."""
    if permission != _TOOL_CALL or host.proxies_directly():
        return await _let(decider, email, permission)
    # One call of one tool over JSON-RPC is let as far as the tool service in any case: what is denied there answers
    # with what
    # may be asked for, and our own tools are everybody's.
    if host.tool_called() is None and not await decider.may_hold_some(email, permission):
        return False
    _provisional.set(email)
    return True


async def _let(decider: Decider, email: str, permission: str) -> bool:
    """Whether a grant on everything gives it. One request is one use, however often the gateway asks on its way."""
    counted = host.counted()
    if permission in counted:
        return True
    if await decider.holds_nothing(email, permission):
        return False
    if not (await decider.decide(email, permission)).allowed:
        return False
    counted.add(permission)
    return True


async def _refused(
    decider: Decider, email: str, tool: str, server: str | None, arguments: Mapping[str, Any]
) -> str | None:
    """Why no grant covers this very call; `None` when one does, and the use is on record."""
    call = {"name": tool, "arguments": arguments}
    try:
        decision = await decider.decide(email, _TOOL_CALL, kinds.tool(tool), parent=kinds.server(server), call=call)
    except TimeoutError:
        _log.warning("a tool call was refused: the store did not answer in time")
        return "unavailable"
    except Exception:
        _log.exception("a tool call was refused")
        return "failed"
    return None if decision.allowed else decision.reason


async def _explained(decider: Decider, email: str, tool: str, server: str | None, reason: str) -> Any:
    """What a model can read of a refusal; `None` when that cannot be told."""
    try:
        return await decider.denied(email, tool, server, reason)
    except Exception:
        _log.exception("a refused tool call could not be explained")
        return None


def _deciding(original: Method, decider: Decider) -> Method:
    """A way to run a tool, refused when only a provisional pass led here and no grant covers this very tool."""
    signature = inspect.signature(original)
    # The other ways answer something else than the result of a tool.
    answers = original.__name__ == "invoke_tool"

    @functools.wraps(original)
    async def run(*args: Any, **kwargs: Any) -> Any:
        asked = signature.bind(*args, **kwargs).arguments
        name, server = str(asked["name"]), asked.get("server_id")
        email = _provisional.get()
        passed = Call(name, server, recorded=email is not None)
        # One way to run a tool may lead through another, which is the same call.
        arguments = asked.get("arguments") or {}
        asker = _asker.get()
        if asker is not None and answers and (tool := tools.ours(name)) is not None:
            return await decider.answer(asker, tool, asked)
        refused = None
        if email is not None and _call.get() != passed:
            refused = await _refused(decider, email, name, server, arguments)
        if refused is not None and answers and (told := await _explained(decider, email or "", name, server, refused)):
            return told
        if refused is not None:
            raise PluginViolationError(
                "Access denied",
                PluginViolation(
                    reason="Access denied",
                    description="No grant covers this tool",
                    code="JIT_ACCESS_OUT_OF_SCOPE",
                    http_status_code=403,
                ),
            )
        token = _call.set(passed)
        try:
            return await original(*args, **kwargs)
        finally:
            _call.reset(token)

    return run
