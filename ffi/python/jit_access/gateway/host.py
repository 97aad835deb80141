"""Everything that is read from the gateway itself, in one place.

The gateway has no stable interface for much of this, so when one of its versions moves something, this file moves.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple, TypedDict

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from mcpgateway import plugins
from mcpgateway.auth_context import get_jwt_user_email_from_payload
from mcpgateway.config import settings as gateway_settings
from mcpgateway.db import EmailTeamMember, EmailUser, Permissions, Role, SessionLocal, UserRole
from mcpgateway.db import Tool as GatewayTool
from mcpgateway.middleware.rbac import get_current_user_with_permissions
from mcpgateway.services.siem_export_service import get_siem_export_service
from mcpgateway.services.structured_logger import get_structured_logger
from mcpgateway.transports.streamablehttp_transport import mcp_app, server_id_var
from mcpgateway.utils.correlation_id import get_correlation_id
from sqlalchemy import ColumnElement, and_, func, or_, select

from jit_access import Caller, Contact, Context, InvalidInput, Principal, Standing, UseDetails
from jit_access.gateway import agents, kinds, serving, teams
from jit_access.gateway.reserved import PLATFORM_ADMIN

ROLE_PREFIX: Final = "jit-"
"""How the names of mirrored roles begin."""
PAGES: Final = "/admin/jit"
"""Where the pages are in the gateway."""
GRANT_SOURCE: Final = "jit"
"""What mirrored assignments say of their origin."""

_INTERNAL: Final = "/_internal/"
"""Where the gateway calls itself for somebody whose token it does not pass on."""
_NARROWING: Final = ("server_id", "ip_restrictions", "time_restrictions", "usage_limits")
"""What else the scopes of a token can hold."""
_CALLS: Final = {
    "tools/call": ("tools.execute", kinds.tool, "name"),
    "resources/read": ("resources.read", kinds.resource, "uri"),
    "prompts/get": ("prompts.read", kinds.prompt, "name"),
}
"""What a JSON-RPC method needs, and where it names what it uses."""
_CALLS_TOOLS: Final = re.compile(r"^(/v1)?(/rpc|/mcp|/servers/[^/]+/mcp)/?$")
"""Where tools are called over JSON-RPC."""
_MOUNTED: Final = "jit_access_mounted"
_AT_ONCE: Final = 500
"""How many names one query asks for; databases limit it."""
_MOST_ARGUMENTS: Final = 32
"""How many arguments of a call a record keeps."""
_NO_SERVER: Final = "default_server_id"
"""What the gateway's transport says for calls outside any virtual server."""


def may_override() -> bool:
    """Whether the gateway's operator lets plugins lift what roles deny, read at every call."""
    return gateway_settings.plugins_can_override_rbac is True


async def is_switched_on(plugin: str) -> bool:
    """Whether plugins are on, and this one is not switched off while the gateway runs."""
    if not await plugins.are_plugins_enabled_shared():
        return False
    try:
        mode = await plugins.get_plugin_mode_override(plugin)
    except RuntimeError:
        # Without Redis each worker knows what it was told itself.
        mode = None
    return bool((mode or plugins.get_local_mode_overrides().get(plugin)) != "disabled")


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


def mount(*routers: APIRouter, first: APIRouter | None = None) -> None:
    """Put the routes into the running gateway, and have it remember which request it serves, once per process. The
    routes of `first` come before the gateway's own, of which one answers every path below `/.well-known/`.

    Plugins have no router of their own; they are initialised before the first request is served, which is when the
    application still takes routes. The document that the application may have drawn up before is drawn up anew.
    """
    app: FastAPI = sys.modules["mcpgateway.main"].app
    if getattr(app.state, _MOUNTED, False):
        return
    for router in routers:
        app.include_router(router)
    if first is not None:
        known = len(app.router.routes)
        app.include_router(first)
        app.router.routes[:] = app.router.routes[known:] + app.router.routes[:known]
    app.openapi_schema = None
    serving.remember(app)
    setattr(app.state, _MOUNTED, True)


def caller(request: Request, user: dict[str, Any] = Depends(get_current_user_with_permissions)) -> Caller:
    """Whoever the gateway has authenticated, with the roles that hold without any grant.

    Of the gateway's roles only those in the scope `global` count: a role in one team says nothing about the gateway. A
    team gives a role where `gateway.teams` says so; a token that names teams carries the roles of those alone. Roles
    that come from a grant are left out, so that no grant helps to approve the next one. A public-only token carries no
    administrator's rights, as everywhere in the gateway.
    """
    if user.get("auth_method") == "anonymous":
        raise HTTPException(401, "Authentication required")
    email = str(user["email"])
    standing = _standing_roles(email, teams_of_token=user.get("token_teams"))
    if user.get("is_admin") is True:
        standing[PLATFORM_ADMIN] = {"*"}
    if user.get("token_teams") == []:
        standing.pop(PLATFORM_ADMIN, None)
    return _named(email, standing, **_sign_in(_claims(request.scope.get("state", {}), email)))


def asker(email: str) -> Caller:
    """The account that a tool call comes from, with the roles that hold without any grant; as `caller`, where there
    is no
    route of ours. May block on the disk."""
    return _asker(email, accounts([email.lower()]).get(email.lower()))


def enabled_asker(email: str) -> Caller | None:
    """The same, of an account that is there and enabled; otherwise `None`."""
    account = accounts([email.lower()]).get(email.lower())
    return None if account is None or not account.standing.enabled else _asker(email, account)


def _asker(email: str, account: Account | None) -> Caller:
    standing = _standing_roles(email)
    if account is not None and PLATFORM_ADMIN in account.standing.roles:
        standing[PLATFORM_ADMIN] = {"*"}
    return _named(email, standing)


def _named(email: str, standing: Mapping[str, set[str]], **signed_in: Any) -> Caller:
    """A person, or the agent that signs in with this account."""
    return Caller(
        email,
        agent=agents.is_agent(email),
        acts_for=agents.person_of(email),
        roles=sorted(role for role in standing if teams.is_role(role) or _is_role_name(role)),
        permissions=sorted(set[str]().union(*standing.values())),
        **signed_in,
    )


class Account(NamedTuple):
    """Somebody's account."""

    standing: Standing
    made_at: datetime
    """An account of the same name may have been there before; it was somebody else's."""


GONE: Final = Standing(enabled=False, roles=())
"""What somebody is who has no account."""


def accounts(principals: Iterable[str]) -> dict[str, Account]:
    """What these people are now, by the names they are asked for with. Who has no account is left out."""
    names = list(principals)
    found: dict[str, tuple[bool, set[str], datetime]] = {}
    with SessionLocal() as session:
        for start in range(0, len(names), _AT_ONCE):
            accounts = (
                select(
                    func.lower(EmailUser.email),
                    EmailUser.is_active,
                    EmailUser.is_admin,
                    EmailUser.created_at,
                    Role.name,
                )
                .outerjoin(UserRole, and_(UserRole.user_email == EmailUser.email, _assigned()))
                .outerjoin(Role, and_(Role.id == UserRole.role_id, _not_of_a_grant()))
                .where(func.lower(EmailUser.email).in_(names[start : start + _AT_ONCE]))
            )
            for name, active, admin, made_at, role in session.execute(accounts):
                _, roles, _ = found.setdefault(name, (bool(active), {PLATFORM_ADMIN} if admin else set(), utc(made_at)))
                if role is not None and _is_role_name(role):
                    roles.add(role)
            for name, of_teams in teams.roles_of(names[start : start + _AT_ONCE]).items():
                if name in found:
                    found[name][1].update(of_teams)
    return {
        name: Account(Standing(enabled, tuple(sorted(roles))), made_at)
        for name, (enabled, roles, made_at) in found.items()
    }


def utc(instant: datetime) -> datetime:
    """An instant of the gateway's database. SQLite gives it back without the zone; it was given UTC."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class Accounts:
    """The accounts of the gateway, for the engine."""

    def standing(self, principal: Principal, /) -> Standing | Literal["gone"] | None:
        """What somebody is now, asked of those who want something done and of whom it concerns. Every person has an
        account in the gateway, so a person without one is gone. Agents that have no account here are not ours to
        judge."""
        if principal.agent != agents.is_agent(principal.name):
            return None
        account = accounts([principal.name]).get(principal.name)
        return "gone" if account is None else replace(account.standing, since=account.made_at)

    def people_of(self, role: str, /) -> list[str]:
        """Whose account is enabled and holds this role, everywhere or as a member of its team, without any grant: as
        `caller` judges them."""
        if teams.is_role(role):
            with SessionLocal() as session:
                return list(session.scalars(teams.people_of(role)))
        assigned = (
            select(UserRole.user_email)
            .join(Role, and_(Role.id == UserRole.role_id, _not_of_a_grant()))
            .where(Role.name == role, _assigned())
        )
        holds = EmailUser.email.in_(assigned)
        if role == PLATFORM_ADMIN:
            holds = or_(holds, EmailUser.is_admin.is_(True))
        with SessionLocal() as session:
            return list(session.scalars(select(EmailUser.email).where(holds, EmailUser.is_active.is_(True))))

    def contact(self, principal: Principal, /) -> Contact | None:
        """Where somebody is reached: at the address that is the name of their account, while it is enabled."""
        account = None if principal.agent else accounts([principal.name]).get(principal.name)
        return Contact(email=principal.name) if account is not None and account.standing.enabled else None


SIEM: Final = "siem"
"""The name of the channel that is the gateway's SIEM export."""
STRUCTURED_LOG: Final = "structured_log"
"""The name of the channel that is the gateway's structured log."""
_SIEM_SECONDS: Final = 10
_GRAVE: Final = frozenset({"break_glass", "break_glass_used", "break_glass_review_overdue", "red_button", "alert"})
"""What security looks at first."""


def to_siem(message: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
    """Hand the notices of a message to the gateway's SIEM export, whose queue lives in this loop."""
    service = get_siem_export_service()
    for notice in message["notices"]:
        queued = service.enqueue_event(_event(message, notice), source="security")
        if not asyncio.run_coroutine_threadsafe(queued, loop).result(_SIEM_SECONDS):
            raise RuntimeError("the gateway's SIEM export is off, or takes no events of the source `security`")


def to_structured_log(message: dict[str, Any]) -> None:
    """Write the notices of a message to the gateway's structured log."""
    log = get_structured_logger("jit-access")
    for notice in message["notices"]:
        fields = _event(message, notice)
        log.info(f"jit-access: {notice['kind']}", user_email=fields["user_email"], custom_fields=fields)


def _event(message: dict[str, Any], notice: dict[str, Any]) -> dict[str, Any]:
    """One notice as the gateway's events have it. The id of the delivery tells a repeat. Of what it does not know the
    SIEM export sends on only `metadata`."""
    said = notice["kind"].replace("_", " ")
    return {
        "event_type": f"jit_access.{notice['kind']}",
        "event_id": message["delivery"],
        "timestamp": notice["at"],
        "severity": "HIGH" if notice["kind"] in _GRAVE else "MEDIUM" if notice["urgent"] else "LOW",
        "category": "access",
        "description": f"just-in-time access: {said}",
        "user_email": notice.get("actor"),
        "metadata": notice,
    }


def known(email: str, told: Told | None = None, call: Mapping[str, Any] | None = None) -> Context | None:
    """What the request under way says besides who, what and where: the address that it comes from, how this person
    signed in, and their session, which is that of their token (`sid`, or else `jti`); the exact call of a tool, where
    there is one; and the person that an agent's account acts for. With `told`, also what the record of a use says. May
    block on the disk."""
    found = _request()
    exactly = _understood(call=call) if call is not None else {}
    if (person := agents.person_of(email)) is not None:
        exactly |= {"acts_for": person}
    if found is None:
        return Context(**exactly) if exactly else None
    claims = _claims(found.state, email)
    session = claims.get("sid", claims.get("jti"))
    known = {**_understood(address=found.peer), **_understood(session=session), **exactly, **_sign_in(claims)}
    return Context(**known, details=_details(found, claims, email, told) if told is not None else None)


def told_of_call() -> dict[str, Any]:
    """Where the request under way comes from, for the gateway's audit trail."""
    found = _request()
    if found is None:
        return {}
    return {
        "address": found.peer,
        "user_agent": found.headers.get("user-agent"),
        "path": found.path,
        "traceparent": found.headers.get("traceparent"),
    }


@dataclass(frozen=True)
class Told:
    """What the record of a use is to say besides."""

    permission: str
    """What is used: whether standing roles alone give it is looked up."""
    arguments: Collection[str] = ()
    """Which arguments of the call are kept with their values."""


def _details(found: serving.Serving, claims: Mapping[str, Any], email: str, told: Told) -> UseDetails:
    call = found.call()
    arguments = call[1].get("arguments", call[1]) if call is not None else None
    token = claims.get("jti")
    details = UseDetails(
        user_agent=found.headers.get("user-agent"),
        token_id=token if isinstance(token, str) else None,
        correlation_id=get_correlation_id(),
        traceparent=found.headers.get("traceparent"),
        by_standing=_is_given_by_standing(email, told.permission),
    )
    if isinstance(arguments, dict):
        canonical = json.dumps(arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        details["arguments_digest"] = f"sha-256:{sha256(canonical.encode('utf-8', 'replace')).hexdigest()}"
        kept = {name: _shown(arguments[name]) for name in sorted(told.arguments) if name in arguments}
        details["arguments"] = dict(list(kept.items())[:_MOST_ARGUMENTS])
    return details


def _is_given_by_standing(email: str, permission: str) -> bool | None:
    """Whether somebody has a permission without any grant; nothing, where that depends on the team."""
    account = accounts([email]).get(email.lower())
    if account is not None and PLATFORM_ADMIN in account.standing.roles:
        return True
    assigned = (
        select(Role, UserRole.scope)
        .join(UserRole, UserRole.role_id == Role.id)
        .where(UserRole.user_email == email, _in_force(), _not_of_a_grant())
    )
    with SessionLocal() as session:
        scopes = {
            scope
            for role, scope in session.execute(assigned)
            if not {"*", permission}.isdisjoint(role.get_effective_permissions())
        }
    return True if "global" in scopes else None if scopes else False


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def sees_tool(email: str, name: str) -> bool:
    """Whether this account sees a tool of this name: a public one, its own, or one of its teams. May block on the
    disk."""
    teams_of = select(EmailTeamMember.team_id).where(
        func.lower(EmailTeamMember.user_email) == email.lower(), EmailTeamMember.is_active.is_(True)
    )
    seen = or_(
        GatewayTool.visibility == "public",
        func.lower(GatewayTool.owner_email) == email.lower(),
        and_(GatewayTool.visibility == "team", GatewayTool.team_id.in_(teams_of)),
    )
    with SessionLocal() as session:
        found = session.scalar(
            select(GatewayTool.id).where(GatewayTool.name == name, GatewayTool.enabled.is_(True), seen).limit(1)
        )
    return found is not None


def tool_called() -> str | None:
    """The tool that the JSON-RPC request under way calls, if it is one call of one tool."""
    found = _request()
    # Only these paths lead every such call to the tool service.
    if found is None or not _CALLS_TOOLS.search(found.path):
        return None
    said = found.call()
    if said is None or said[0] != "tools/call":
        return None
    name = said[1].get("name")
    return name if isinstance(name, str) and name else None


def may_lift(token_teams: object = None) -> bool:
    """Whether a grant may add to what the request under way is allowed. A token that was narrowed gets no more than its
    holder has by standing right: one for public things only (`teams: []`), and one with scopes of its own. A request
    whose credentials cannot be read gets no more either."""
    found = _request()
    if not may_override() or token_teams == [] or found is None or found.path.startswith(_INTERNAL):
        return False
    if found.state.get("token_teams") == [] or _are_narrow(found.state.get("token_scopes")):
        return False
    verified = found.state.get("_jwt_verified_payload")
    if not isinstance(verified, tuple) or len(verified) != 2 or not isinstance(verified[1], dict):
        return not found.presents_token
    scopes = verified[1].get("scopes") or {}
    if not isinstance(scopes, dict) or any(scopes.get(name) for name in _NARROWING):
        return False
    return not _are_narrow(scopes.get("permissions"))


def _are_narrow(permissions: object) -> bool:
    """Whether a token's own permissions are fewer than its holder's. An empty list means all of them."""
    return bool(permissions) and not (isinstance(permissions, (list, tuple, set)) and "*" in permissions)


def called(permission: str) -> str:
    """What the request under way uses by this permission, for the record: a tool, resource, prompt, or the gateway."""
    found = _request()
    call = found.call() if found is not None else None
    if call is None or call[0] not in _CALLS:
        return kinds.GATEWAY
    needed, of_kind, parameter = _CALLS[call[0]]
    name = call[1].get(parameter)
    return of_kind(name) if permission == needed and isinstance(name, str) and name else kinds.GATEWAY


def before_the_answer(follow: Future[None]) -> bool:
    """Have the request under way answered only after this is done, or after a while; whether there is one."""
    found = serving.current()
    if found is None:
        return False
    found.follows.append(asyncio.wrap_future(follow))
    return True


def counted() -> set[str]:
    """Where the request under way notes the permissions whose use is on record."""
    found = _request()
    return found.counted if found is not None else set()


def _request() -> serving.Serving | None:
    """The request under way. A session of MCP lives in a task of its own, and is handed each request."""
    try:
        return serving.current() or serving.of(mcp_app.request_context.request.scope)
    except (LookupError, AttributeError):
        return None


def _claims(state: Mapping[str, Any], email: str) -> Mapping[str, Any]:
    """What the token says that the gateway has verified for this request, if it is this person's: a request may carry
    two tokens, and only one says who asks. Nothing without one."""
    verified = state.get("_jwt_verified_payload")
    claims = verified[1] if isinstance(verified, tuple) and len(verified) == 2 else None
    if not isinstance(claims, dict) or (_whose(claims) or "").lower() != email.lower():
        return {}
    return claims


def _whose(claims: dict[str, Any]) -> str | None:
    """Whose token it is: it names an address, or else an account."""
    said = get_jwt_user_email_from_payload(claims)
    if said is not None:
        return str(said)
    with SessionLocal() as session:
        found: str | None = session.scalar(select(EmailUser.email).where(EmailUser.id == str(claims.get("sub"))))
        return found


class _SignIn(TypedDict, total=False):
    amr: list[str]
    acr: str | None
    auth_time: int | None


def _sign_in(claims: Mapping[str, Any]) -> _SignIn:
    """How somebody signed in, as their token says; nothing, where it is misshapen."""
    amr, acr, auth_time = claims.get("amr"), claims.get("acr"), claims.get("auth_time")
    if isinstance(auth_time, float) and math.isfinite(auth_time):
        auth_time = int(auth_time)
    if isinstance(auth_time, bool) or not isinstance(auth_time, int):
        auth_time = None
    said: _SignIn = _understood(
        amr=amr if isinstance(amr, list) and all(isinstance(name, str) for name in amr) else [],
        acr=acr if isinstance(acr, str) else None,
        auth_time=auth_time,
    )
    return said


def _understood(**said: Any) -> Any:
    """What is said, if the engine can read it, or else nothing: what is misshapen meets no condition."""
    try:
        Context(**said)
    except (InvalidInput, OverflowError, TypeError, ValueError):
        return {}
    return said


def _standing_roles(email: str, *, teams_of_token: Iterable[str] | None = None) -> dict[str, set[str]]:
    """What each of the roles gives that hold without any grant. The roles of teams give nothing in the gateway."""
    of_teams = teams.roles_of([email], of=teams_of_token).get(email.lower(), set())
    standing = (
        select(Role)
        .join(UserRole, UserRole.role_id == Role.id)
        .where(UserRole.user_email == email, _assigned(), _not_of_a_grant())
    )
    with SessionLocal() as session:
        found = {role.name: set(role.get_effective_permissions()) for role in session.scalars(standing)}
    counted = {name: permissions for name, permissions in found.items() if not teams.is_role(name)}
    return {**counted, **{name: set() for name in of_teams}}


def _assigned() -> ColumnElement[bool]:
    """That an assignment holds everywhere and now, and does not come from a grant."""
    return and_(UserRole.scope == "global", _in_force())


def _in_force() -> ColumnElement[bool]:
    """That an assignment holds now, and does not come from a grant."""
    return and_(
        UserRole.is_active.is_(True),
        or_(UserRole.expires_at.is_(None), UserRole.expires_at > datetime.now(UTC)),
        or_(UserRole.grant_source.is_(None), UserRole.grant_source != GRANT_SOURCE),
    )


def _not_of_a_grant() -> ColumnElement[bool]:
    """That a role is in force, and not one of ours."""
    return and_(Role.is_active.is_(True), ~Role.name.startswith(ROLE_PREFIX, autoescape=True))


def _is_role_name(name: str) -> bool:
    """Whether a role of the gateway is one for the engine. The gateway allows names that no configuration of ours can
    mention, and the name of a team's role."""
    if teams.is_role(name):
        return False
    try:
        Caller("probe@example.com", roles=[name])
    except InvalidInput:
        return False
    return True
