"""The opt-in: the gateway's permission service, wrapped, for grants on one tool or one server.

Roles and the permission hook know permissions, not tools. This module lets the permission service pass a tool call
that some grant of the caller may cover, and checks at the call itself, where tool and server are known, that a grant
does cover exactly this one. It changes functions of the gateway that are not meant to be changed, which is why it is
off unless an operator asks for it.

Only `tools.execute` is passed provisionally: every path from that check to a tool leads through the tool service. A
check of `resources.read` or `prompts.read` also opens listings, where there is no single thing to check, so grants
for one resource or prompt are not lifted.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Final

from cpex.framework import PluginViolation, PluginViolationError
from mcpgateway.services.permission_service import PermissionService
from mcpgateway.services.tool_service import ToolService

from jit_access import Caller, Engine
from jit_access.gateway import host

_log: Final = logging.getLogger(__name__)
_MARK: Final = "__jit_access_wrapped__"
_TOOL_CALL: Final = "tools.execute"
_TOOL_METHODS: Final = ("invoke_tool", "invoke_tool_direct", "prepare_rust_mcp_tool_execution")
"""Every way of the tool service to run a tool; a version of the gateway need not have them all."""

Method = Callable[..., Awaitable[Any]]
Vet = Callable[[str, str], None]
"""Makes sure that the holder of a live grant may still hold it. Blocks."""

_provisional: ContextVar[str | None] = ContextVar("jit_access_provisional", default=None)
"""The caller whose tool call in this task was let pass on the strength of a grant yet to be matched."""

_server: ContextVar[str | None] = ContextVar("jit_access_server", default=None)
"""The virtual server of the tool call in this task."""


def called_server() -> str | None:
    """The virtual server of the tool call under way, where this module has seen it."""
    return _server.get()


def install(engine: Engine, vet: Vet) -> None:
    """Wrap the gateway's functions, once per process."""
    _replace(PermissionService, "check_permission", lambda original: _lifting(original, engine, vet))
    for name in _TOOL_METHODS:
        if hasattr(ToolService, name):
            _replace(ToolService, name, lambda original: _verifying(original, engine, vet))


def _replace(owner: type, name: str, wrap: Callable[[Method], Method]) -> None:
    original = getattr(owner, name)
    if hasattr(original, _MARK):
        return
    wrapped = wrap(original)
    setattr(wrapped, _MARK, True)
    setattr(owner, name, wrapped)


def _lifting(original: Method, engine: Engine, vet: Vet) -> Method:
    """The permission service's check, asking the engine where the gateway's roles say no."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    async def check_permission(*args: Any, **kwargs: Any) -> bool:
        _provisional.set(None)
        if await original(*args, **kwargs):
            return True
        try:
            asked = signature.bind(*args, **kwargs).arguments
            await _vetted(engine, vet, asked["user_email"], asked["permission"])
            return _lifted(engine, asked["user_email"], asked["permission"], asked.get("token_teams"))
        except Exception:
            _log.exception("no grant was considered")
            return False

    return check_permission


def _lifted(engine: Engine, email: str, permission: str, token_teams: list[str] | None) -> bool:
    if not host.may_override() or token_teams == []:
        return False
    if permission != _TOOL_CALL:
        return bool(engine.check_current(email, permission).allowed)
    if engine.peek(email, permission).allowed:
        return True
    if host.proxies_directly() or not _may_hold_some_tool(engine, email):
        return False
    _provisional.set(email)
    return True


async def _vetted(
    engine: Engine, vet: Vet, email: str, permission: str, resource: str | None = None, server: str | None = None
) -> None:
    """End the grant that would answer this, if its holder may not hold it any more."""
    given = engine.peek(email, permission, resource, server=server)
    if given.grant_id is not None:
        await asyncio.to_thread(vet, Caller(email).principal, given.grant_id)


def _may_hold_some_tool(engine: Engine, email: str) -> bool:
    """Whether a narrower grant of this person could cover a tool call; which one is for the call itself to show."""
    holder = Caller(email).principal
    return any(
        grant.status == "active" and grant.resource != "*" and grant.holder == holder for grant in engine.live_grants()
    )


async def _covered(engine: Engine, vet: Vet, email: str, tool: str, server: str | None) -> bool:
    try:
        await _vetted(engine, vet, email, _TOOL_CALL, f"tool:{tool}", server)
        return bool(engine.peek(email, _TOOL_CALL, f"tool:{tool}", server=server).allowed)
    except Exception:
        _log.exception("a tool call was refused")
        return False


def _verifying(original: Method, engine: Engine, vet: Vet) -> Method:
    """A way to run a tool, refused when only a provisional pass led here and no grant covers this very tool."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    async def run(*args: Any, **kwargs: Any) -> Any:
        asked = signature.bind(*args, **kwargs).arguments
        name, server = str(asked["name"]), asked.get("server_id")
        _server.set(server)
        email = _provisional.get()
        if email is not None and not await _covered(engine, vet, email, name, server):
            raise PluginViolationError(
                "Access denied",
                PluginViolation(
                    reason="Access denied",
                    description="No grant covers this tool",
                    code="JIT_ACCESS_OUT_OF_SCOPE",
                    http_status_code=403,
                ),
            )
        return await original(*args, **kwargs)

    return run
