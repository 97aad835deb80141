"""Everything that is read from the gateway itself, in one place.

The gateway has no stable interface for much of this, so when one of its versions moves something, this file moves.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypedDict

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from mcpgateway.config import settings as gateway_settings
from mcpgateway.db import EmailUser, Permissions, Role, SessionLocal, UserRole
from mcpgateway.middleware.rbac import get_current_user_with_permissions
from mcpgateway.transports.streamablehttp_transport import server_id_var
from sqlalchemy import ColumnElement, and_, func, or_, select

from jit_access import Caller, InvalidInput

ROLE_PREFIX: Final = "jit-"
"""How the names of mirrored roles begin."""
GRANT_SOURCE: Final = "jit"
"""What mirrored assignments say of their origin."""
PLATFORM_ADMIN: Final = "platform_admin"
"""The gateway's name for the role of its administrators, held through a flag of the account."""

_MOUNTED: Final = "jit_access_mounted"
_AT_ONCE: Final = 500
"""How many names one query asks for; databases limit it."""
_NO_SERVER: Final = "default_server_id"
"""What the gateway's transport says for calls outside any virtual server."""


def may_override() -> bool:
    """Whether the gateway's operator lets plugins lift what roles deny, read at every call."""
    return gateway_settings.plugins_can_override_rbac is True


def proxies_directly() -> bool:
    """Whether tool calls may pass the gateway's tool service by, where a scope could not be checked."""
    return bool(getattr(gateway_settings, "mcpgateway_direct_proxy_enabled", False))


def platform_admin_email() -> str:
    """An account that always exists."""
    return str(gateway_settings.platform_admin_email)


def all_permissions() -> Iterable[str]:
    """Every permission a role of the gateway can hold."""
    return list(Permissions.get_all_permissions())


def transport_server() -> str | None:
    """The virtual server of a call that came through `/servers/{id}/mcp`; on other paths it is not to be seen."""
    server = server_id_var.get(None)
    return server if server not in (None, "", _NO_SERVER) else None


def mount(router: APIRouter) -> None:
    """Put the routes into the running gateway, once per process.

    Plugins have no router of their own; they are initialised before the first request is served, which is when the
    application still takes routes. The document that the application may have drawn up before is drawn up anew.
    """
    app: FastAPI = sys.modules["mcpgateway.main"].app
    if getattr(app.state, _MOUNTED, False):
        return
    app.include_router(router)
    app.openapi_schema = None
    setattr(app.state, _MOUNTED, True)


def caller(request: Request, user: dict[str, Any] = Depends(get_current_user_with_permissions)) -> Caller:
    """Whoever the gateway has authenticated, with the roles that hold without any grant.

    Only global roles count: a role in one team says nothing about the gateway. Roles that come from a grant are left
    out, so that no grant helps to approve the next one. A public-only token carries no administrator's rights, as
    everywhere in the gateway.
    """
    if user.get("auth_method") == "anonymous":
        raise HTTPException(401, "Authentication required")
    email = str(user["email"])
    standing = _standing_roles(email)
    if user.get("is_admin") is True:
        standing[PLATFORM_ADMIN] = {"*"}
    if user.get("token_teams") == []:
        standing.pop(PLATFORM_ADMIN, None)
    return Caller(
        email,
        roles=sorted(filter(_is_role_name, standing)),
        permissions=sorted(set[str]().union(*standing.values())),
        **_sign_in(request),
    )


class Standing(NamedTuple):
    """What somebody is by standing right."""

    enabled: bool
    roles: tuple[str, ...]


def standings(principals: Iterable[str]) -> dict[str, Standing]:
    """What these people are now, by the names they are asked for with; who has no account is left out."""
    names = list(principals)
    found: dict[str, tuple[bool, set[str]]] = {}
    with SessionLocal() as session:
        for start in range(0, len(names), _AT_ONCE):
            accounts = (
                select(func.lower(EmailUser.email), EmailUser.is_active, EmailUser.is_admin, Role.name)
                .outerjoin(UserRole, and_(UserRole.user_email == EmailUser.email, _assigned()))
                .outerjoin(Role, and_(Role.id == UserRole.role_id, _not_of_a_grant()))
                .where(func.lower(EmailUser.email).in_(names[start : start + _AT_ONCE]))
            )
            for name, active, admin, role in session.execute(accounts):
                _, roles = found.setdefault(name, (bool(active), {PLATFORM_ADMIN} if admin else set()))
                if role is not None and _is_role_name(role):
                    roles.add(role)
    return {name: Standing(enabled, tuple(sorted(roles))) for name, (enabled, roles) in found.items()}


def directory(principal: str, agent: bool) -> Standing | None:
    """What somebody is now, for the engine, which asks it of those who ask for access and who review."""
    return None if agent else standings([principal]).get(principal)


class _SignIn(TypedDict, total=False):
    amr: list[str]
    acr: str | None
    auth_time: int | None


def _sign_in(request: Request) -> _SignIn:
    """How the caller signed in, as the token says that the gateway has verified; nothing, where it is misshapen."""
    verified = getattr(request.state, "_jwt_verified_payload", None)
    claims = verified[1] if isinstance(verified, tuple) and len(verified) == 2 else None
    if not isinstance(claims, dict):
        return {}
    amr, acr, auth_time = claims.get("amr"), claims.get("acr"), claims.get("auth_time")
    if isinstance(auth_time, bool) or not isinstance(auth_time, int | float):
        auth_time = None
    try:
        said: _SignIn = {
            "amr": amr if isinstance(amr, list) and all(isinstance(name, str) for name in amr) else [],
            "acr": acr if isinstance(acr, str) else None,
            "auth_time": None if auth_time is None else int(auth_time),
        }
        Caller("probe@example.com", **said)
    except (InvalidInput, OverflowError, ValueError):
        return {}
    return said


def _standing_roles(email: str) -> dict[str, set[str]]:
    """What each of the roles gives that hold without any grant."""
    standing = (
        select(Role)
        .join(UserRole, UserRole.role_id == Role.id)
        .where(UserRole.user_email == email, _assigned(), _not_of_a_grant())
    )
    with SessionLocal() as session:
        return {role.name: set(role.get_effective_permissions()) for role in session.scalars(standing)}


def _assigned() -> ColumnElement[bool]:
    """That an assignment holds everywhere and now, and does not come from a grant."""
    return and_(
        UserRole.scope == "global",
        UserRole.is_active.is_(True),
        or_(UserRole.expires_at.is_(None), UserRole.expires_at > datetime.now(UTC)),
        or_(UserRole.grant_source.is_(None), UserRole.grant_source != GRANT_SOURCE),
    )


def _not_of_a_grant() -> ColumnElement[bool]:
    """That a role is in force, and not one of ours."""
    return and_(Role.is_active.is_(True), ~Role.name.startswith(ROLE_PREFIX, autoescape=True))


def _is_role_name(name: str) -> bool:
    """Whether the engine can know this role; the gateway allows names that no configuration of ours can mention."""
    try:
        Caller("probe@example.com", roles=[name])
    except InvalidInput:
        return False
    return True
