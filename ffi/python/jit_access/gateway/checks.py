"""The gateway's permission service, as far as mirrored roles and grants are concerned.

Every check of the gateway that asks roles ends in its permission service, on REST, `/rpc`, `/mcp` and
`/servers/{id}/mcp`. So here is the one place where each use of a mirrored role is put on record, whatever was called.

Mirrored roles are hidden from the service. They are shown to a single permission check of a request that may be lifted,
and what rests on one of them is let through only when the engine has said yes and has the use on record. Everything
else that reads roles (any `admin.*` permission at all, what a token may be given) sees standing roles only.

With the wrap, a check that the roles deny is also put to the engine, so that grants with conditions and grants on one
tool or one server count; see `wrap`.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

from mcpgateway.services.permission_service import PermissionService

from jit_access import InvalidInput
from jit_access.gateway import host, wrap
from jit_access.gateway.reserved import is_grantable
from jit_access.gateway.runtime import Runtime

_log: Final = logging.getLogger(__name__)

Method = Callable[..., Awaitable[Any]]


@dataclass
class _Sight:
    """What a permission check sees of mirrored roles."""

    seen: bool = False
    """Whether there was one."""


_sight: ContextVar[_Sight | None] = ContextVar("jit_access_mirrored_roles", default=None)


def install(runtime: Runtime) -> None:
    """Put ourselves around the gateway's functions, once per process."""
    lifts = runtime.settings.wrap_permission_service
    wrap.replace(PermissionService, "_get_user_roles", hiding)
    wrap.replace(PermissionService, "check_permission", lambda original: checking(original, runtime, lifts=lifts))
    if lifts:
        wrap.install(runtime)


def hiding(original: Method) -> Method:
    """The roles of somebody, without mirrored ones unless a check may see them."""

    @functools.wraps(original)
    async def get_user_roles(*args: Any, **kwargs: Any) -> list[Any]:
        roles = await original(*args, **kwargs)
        standing = [role for role in roles if role.grant_source != host.GRANT_SOURCE]
        sight = _sight.get()
        if sight is None or len(standing) == len(roles):
            return standing
        sight.seen = True
        return list(roles)

    return get_user_roles


def checking(original: Method, runtime: Runtime, *, lifts: bool) -> Method:
    """The service's permission check, with every use of a grant on record before the answer."""
    signature = inspect.signature(original)

    @functools.wraps(original)
    async def check_permission(*args: Any, **kwargs: Any) -> bool:
        wrap.begin()
        asked = signature.bind(*args, **kwargs).arguments
        email, permission = str(asked["user_email"]), str(asked["permission"])
        if not runtime.is_on or not is_grantable(permission) or not _may_lift(asked.get("token_teams")):
            return bool(await original(*args, **kwargs))
        wrap.begin(email, permission)
        with _showing() as sight:
            passed = bool(await original(*args, **kwargs))
        if sight.seen:
            _forget(args[0] if args else None, email)
            if passed and not await _is_recorded(runtime, email, permission):
                passed = bool(await original(*args, **kwargs))
        if passed or not lifts:
            return passed
        try:
            return await wrap.lifted(runtime, email, permission)
        except Exception as error:
            _report("no grant was considered", error)
            return False

    return check_permission


def _may_lift(token_teams: object) -> bool:
    try:
        return host.may_lift(token_teams)
    except Exception as error:
        _report("no grant was considered", error)
        return False


@contextmanager
def _showing() -> Iterator[_Sight]:
    sight = _Sight()
    token = _sight.set(sight)
    try:
        yield sight
    finally:
        _sight.reset(token)


def _forget(service: Any, email: str) -> None:
    """Have a service that keeps what it found look again the next time."""
    clear = getattr(service, "clear_user_cache", None)
    if clear is not None:
        clear(email)


async def _is_recorded(runtime: Runtime, email: str, permission: str) -> bool:
    """Whether the engine gives this too, and has the use on record. One request is one use."""
    counted = host.counted()
    if permission in counted:
        return True
    try:
        try:
            decision = await runtime.decide(email, permission, host.called(permission))
        except InvalidInput:
            # The gateway knows names that the engine does not take. A grant on everything covers these too.
            decision = await runtime.decide(email, permission)
    except Exception as error:
        _report("the use of a grant was not recorded, and the grant is not honoured", error)
        return False
    if decision.allowed:
        counted.add(permission)
    return decision.allowed


def _report(what: str, error: Exception) -> None:
    if isinstance(error, TimeoutError):
        _log.warning("%s: the store did not answer in time", what)
    else:
        _log.error("%s", what, exc_info=error)
