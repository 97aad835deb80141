"""Grants as roles of the gateway, for the paths that ask nobody but the gateway's own roles.

The permission hook is not asked on `/rpc`, `/mcp` and `/servers/{id}/mcp`. The gateway's roles are, and their
assignments can expire. So every active grant without a narrower scope is mirrored as one role, assigned to its holder
until the grant ends. The gateway compares that end with the clock at every check; nothing has to run for access to end
on time.

The mirror is level-triggered: it compares what should be there with what is there and repairs the difference, whoever
made it. INVARIANT: what should be there is read while holding the gateway database's write lock, and written before
the lock is let go. A worker that still saw a grant therefore writes before the worker that ended it removes, never
after, and once `follow_now` has returned nothing mirrors what had ended before the call.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from mcpgateway.db import EmailUser, Role, SessionLocal, UserRole
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from jit_access import Engine, Grant
from jit_access.gateway import changes, host
from jit_access.gateway.reserved import may_mirror

_log: Final = logging.getLogger(__name__)
_DESCRIPTION: Final = "Just-in-time grant, kept by jit-access; changes made by hand are undone"
_LOCK_KEY: Final = 0x6A69_7461_6363_6573
_FULL_CHECK_SECONDS: Final = 30.0
_ATTEMPTS: Final = 5


@dataclass(frozen=True)
class _Mirrored:
    """One grant as the gateway should know it, or does."""

    holder: str
    permissions: frozenset[str]
    expires_at: datetime


class Mirror:
    """Keeps the gateway's roles equal to the engine's grants."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = threading.Lock()
        self._settled: frozenset[tuple[str, datetime]] | None = None
        self._checked = 0.0

    def follow_now(self) -> None:
        """Make the gateway's roles right before returning, or raise."""
        with self._guard:
            for attempt in range(_ATTEMPTS):
                try:
                    self._repair()
                    return
                except DBAPIError:
                    if attempt == _ATTEMPTS - 1:
                        raise
                    time.sleep(0.05 * 2**attempt)

    def follow(self) -> None:
        """Make them right if a grant has come or gone, and now and then to repair what others changed."""
        if self._wanted() != self._settled or time.monotonic() - self._checked > _FULL_CHECK_SECONDS:
            self.follow_now()

    def doubt(self) -> None:
        """Look at the gateway's roles the next time, whether a grant has come or gone or not."""
        self._settled = None

    def _wanted(self) -> frozenset[tuple[str, datetime]]:
        return frozenset((grant.id, grant.expires_at) for grant in self._active())

    def _active(self) -> list[Grant]:
        """The grants to mirror: active now, on everything, and without conditions, which a role cannot ask for. Nothing
        while plugins must not lift what roles deny."""
        if not host.may_override():
            return []
        return [grant for grant in self._engine.live_grants() if _is_plain(grant)]

    def _repair(self) -> None:
        with SessionLocal() as session:
            changes.ours(session)
            _lock(session)
            grants = self._active()
            wanted = _as_roles(session, grants)
            present = _present(session)
            wrong = [name for name, found in present.items() if found is None or found != wanted.get(name)]
            missing = [name for name, mirrored in wanted.items() if present.get(name) != mirrored]
            _remove(session, wrong)
            approvers = {f"{host.ROLE_PREFIX}{grant.id}": grant.approved_by for grant in grants}
            for name in missing:
                _add(
                    session,
                    name,
                    wanted[name],
                    granted_by=_account(session, approvers[name]) or host.platform_admin_email(),
                )
            session.commit()
        if wrong or missing:
            _log.info("roles of grants: %d removed, %d added", len(wrong), len(missing))
        self._settled = frozenset((grant.id, grant.expires_at) for grant in grants)
        self._checked = time.monotonic()


def _is_plain(grant: Grant) -> bool:
    return grant.status == "active" and grant.resource == "*" and grant.conditions is None


def _lock(session: Session) -> None:
    """Take the gateway database's write lock until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    else:
        # In SQLite an update locks the file for writers even when it touches no row.
        session.execute(update(Role).where(Role.id == "").values(name=Role.name))


def _as_roles(session: Session, grants: Iterable[Grant]) -> dict[str, _Mirrored]:
    """By role name. A holder without an account in the gateway cannot call it, and gets no role."""
    roles: dict[str, _Mirrored] = {}
    for grant in grants:
        holder = _account(session, grant.holder)
        permissions = frozenset(filter(may_mirror, _expanded(grant)))
        if holder is not None and permissions:
            roles[f"{host.ROLE_PREFIX}{grant.id}"] = _Mirrored(holder, permissions, grant.expires_at.astimezone(UTC))
    return roles


def _expanded(grant: Grant) -> Iterable[str]:
    """The gateway's permissions that the grant gives. A role holds names only, so wildcards become what they cover."""
    return (permission for permission in host.all_permissions() if gives(grant, permission))


def gives(grant: Grant, permission: str) -> bool:
    """Whether a grant gives this permission, somewhere and on whatever conditions."""
    return _covers(grant.permissions, permission) and not _covers(grant.excluded_permissions, permission)


def _covers(patterns: Iterable[str], permission: str) -> bool:
    return any(
        permission.startswith(pattern[:-1]) if pattern.endswith("*") else permission == pattern for pattern in patterns
    )


def _account(session: Session, principal: str | None) -> str | None:
    """The account of a principal as the gateway spells it, or nothing."""
    if principal is None:
        return None
    return (
        session.execute(select(EmailUser.email).where(func.lower(EmailUser.email) == principal.lower()))
        .scalars()
        .first()
    )


def _present(session: Session) -> dict[str, _Mirrored | None]:
    """Our roles as they stand; `None` for one that does not look as we make them."""
    rows = session.execute(
        select(Role.name, Role.permissions, Role.scope, Role.inherits_from, Role.is_active, UserRole)
        .outerjoin(UserRole, UserRole.role_id == Role.id)
        .where(Role.description == _DESCRIPTION)
    )
    found: dict[str, _Mirrored | None] = {}
    for name, permissions, scope, parent, active, assignment in rows:
        # A second row of the same name is a second assignment, or a second role: neither is ours.
        sound = name not in found and (scope, parent, active) == ("global", None, True)
        found[name] = _assigned(assignment, permissions) if sound else None
    return found


def _assigned(assignment: UserRole | None, permissions: Iterable[str]) -> _Mirrored | None:
    """The assignment of one of our roles, when it looks as we make them."""
    if assignment is None or assignment.expires_at is None:
        return None
    ours = ("global", None, True, host.GRANT_SOURCE)
    if (assignment.scope, assignment.scope_id, assignment.is_active, assignment.grant_source) != ours:
        return None
    return _Mirrored(assignment.user_email, frozenset(permissions), _utc(assignment.expires_at))


def _utc(instant: datetime) -> datetime:
    """SQLite gives back what it was given without the zone; it was given UTC."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _remove(session: Session, names: list[str]) -> None:
    ids = list(session.execute(select(Role.id).where(Role.name.in_(names), Role.description == _DESCRIPTION)).scalars())
    session.execute(delete(UserRole).where(UserRole.role_id.in_(ids)))
    session.execute(delete(Role).where(Role.id.in_(ids)))


def _add(session: Session, name: str, mirrored: _Mirrored, *, granted_by: str) -> None:
    role = Role(
        name=name,
        description=_DESCRIPTION,
        scope="global",
        permissions=sorted(mirrored.permissions),
        created_by=granted_by,
        is_system_role=False,
    )
    session.add(role)
    session.flush()
    session.add(
        UserRole(
            user_email=mirrored.holder,
            role_id=role.id,
            scope="global",
            granted_by=granted_by,
            expires_at=mirrored.expires_at,
            grant_source=host.GRANT_SOURCE,
        )
    )
