"""The opt-in: the gateway's permission service, wrapped, for grants on one tool or one server, and for grants with
conditions.

Roles and the permission hook know permissions, not tools. This module lets the permission service pass a tool call
that some grant of the caller may cover, and decides at the call itself, where tool and server are known, whether a
grant does cover exactly this one. It changes functions of the gateway that are not meant to be changed, which is why it
is off unless an operator asks for it.

Only `tools.execute` is passed provisionally: every path from that check to a tool leads through the tool service. A
check of `resources.read` or `prompts.read` also opens listings, where there is no single thing to check, so grants
for one resource or prompt are not lifted.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, Protocol

from cpex.framework import PluginViolation, PluginViolationError
from mcpgateway.services.permission_service import PermissionService
from mcpgateway.services.tool_service import ToolService

from jit_access import Caller, Decision, Engine
from jit_access.gateway import host
from jit_access.gateway.mirror import gives

_log: Final = logging.getLogger(__name__)
_MARK: Final = "__jit_access_wrapped__"
_TOOL_CALL: Final = "tools.execute"
_TOOL_METHODS: Final = ("invoke_tool", "invoke_tool_direct", "prepare_rust_mcp_tool_execution")
"""Every way of the tool service to run a tool; a version of the gateway need not have them all."""

Method = Callable[..., Awaitable[Any]]


class Decider(Protocol):
    """What decides: the runtime of this process."""

    engine: Engine

    def holds_nothing(self, email: str, permission: str) -> bool:
        """Whether no grant of this person gives it now, whatever its conditions."""

    async def decide(
        self, email: str, permission: str, resource: str | None = None, *, server: str | None = None
    ) -> Decision:
        """The engine's answer to the request under way, its use recorded."""


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
    """Wrap the gateway's functions, once per process."""
    _replace(PermissionService, "check_permission", lambda original: _lifting(original, decider))
    for name in _TOOL_METHODS:
        if hasattr(ToolService, name):
            _replace(ToolService, name, lambda original: _deciding(original, decider))


def _replace(owner: type, name: str, wrap: Callable[[Method], Method]) -> None:
    original = getattr(owner, name)
    if hasattr(original, _MARK):
        return
    wrapped = wrap(original)
    setattr(wrapped, _MARK, True)
    setattr(owner, name, wrapped)


def _lifting(original: Method, decider: Decider) -> Method:
    """The permission service's check, asking the engine where the gateway's roles say no."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    async def check_permission(*args: Any, **kwargs: Any) -> bool:
        _provisional.set(None)
        if await original(*args, **kwargs):
            return True
        try:
            asked = signature.bind(*args, **kwargs).arguments
            return await _lifted(decider, asked["user_email"], asked["permission"], asked.get("token_teams"))
        except Exception:
            _log.exception("no grant was considered")
            return False

    return check_permission


async def _lifted(decider: Decider, email: str, permission: str, token_teams: list[str] | None) -> bool:
    if not host.may_override() or token_teams == []:
        return False
    if permission != _TOOL_CALL or host.proxies_directly():
        return await _let(decider, email, permission)
    if not _may_hold_some_tool(decider.engine, email):
        return False
    _provisional.set(email)
    return True


async def _let(decider: Decider, email: str, permission: str) -> bool:
    """Whether a grant on everything gives it. One request is one use, however often the gateway asks on its way."""
    counted = host.counted()
    if permission in counted:
        return True
    if decider.holds_nothing(email, permission):
        return False
    if not (await decider.decide(email, permission)).allowed:
        return False
    counted.add(permission)
    return True


def _may_hold_some_tool(engine: Engine, email: str) -> bool:
    """Whether some grant of this person could cover a tool call; which one is for the call itself to show."""
    holder = Caller(email).principal
    return any(
        grant.status == "active" and grant.holder == holder and gives(grant, _TOOL_CALL)
        for grant in engine.live_grants()
    )


async def _covered(decider: Decider, email: str, tool: str, server: str | None) -> bool:
    try:
        return (await decider.decide(email, _TOOL_CALL, f"tool:{tool}", server=server)).allowed
    except Exception:
        _log.exception("a tool call was refused")
        return False


def _deciding(original: Method, decider: Decider) -> Method:
    """A way to run a tool, refused when only a provisional pass led here and no grant covers this very tool."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    async def run(*args: Any, **kwargs: Any) -> Any:
        asked = signature.bind(*args, **kwargs).arguments
        name, server = str(asked["name"]), asked.get("server_id")
        email = _provisional.get()
        passed = Call(name, server, recorded=email is not None)
        # One way to run a tool may lead through another, which is the same call.
        if email is not None and _call.get() != passed and not await _covered(decider, email, name, server):
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
