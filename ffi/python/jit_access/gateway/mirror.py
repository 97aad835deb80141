"""Grants as roles of the gateway, for the paths where the gateway asks only its own roles.

The permission hook is not asked on `/rpc`, `/mcp` and `/servers/{id}/mcp`. The gateway's roles are. So every plain
grant on everything is mirrored as one role, assigned to its holder.

An assignment is a lease. It expires at the end of the grant or after `lease_seconds`, whichever is earlier, and only a
process that has just proven that its state is current renews it. When nobody can prove that any more (the store is
lost, the worker is killed, the plugin is off), the gateway itself ends the assignment.

What needs more than a role is never mirrored: grants with conditions, grants with a narrower scope, and grants whose
uses must be on record before the answer.

INVARIANT: what should be there is read while holding the gateway database's write lock, or is as new as the store at
that moment, and is written before the lock is released. A worker that still saw a grant therefore writes before the
worker that ended it removes, never after. Once `follow_now` has returned, nothing mirrors what had ended before the
call.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import uuid4

from mcpgateway.db import EmailUser, Role, SessionLocal, UserRole
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from jit_access import Engine, Grant
from jit_access.gateway import changes, host
from jit_access.gateway.reserved import may_mirror

_log: Final = logging.getLogger(__name__)
_DESCRIPTION: Final = "Just-in-time grant, kept by jit-access; changes made by hand are undone"
_LOCK_KEY: Final = 0x6A69_7461_6363_6573
_FULL_CHECK_SECONDS: Final = 30.0
_RENEWALS_PER_LEASE: Final = 3
_CLOCK_SLACK: Final = timedelta(seconds=2)
"""A clock that is off by more than this since the last round has been set."""
_ATTEMPTS: Final = 5
_AT_ONCE: Final = 5_000
"""How many values one statement names; databases limit it."""


@dataclass(frozen=True)
class _Wish:
    """One grant as the gateway should know it."""

    holder: str
    permissions: frozenset[str]
    end: datetime
    approved_by: str | None


@dataclass(frozen=True)
class _Wishes:
    """All of them, by role name."""

    by_name: Mapping[str, _Wish]
    revision: int | None
    """The revision that this is true of; nothing when no revision changes it."""
    valid_until: datetime | None
    """When time alone changes it."""


@dataclass(frozen=True)
class _Found:
    """One of our roles as it is in the gateway."""

    role_id: str
    holder: str
    permissions: frozenset[str]
    expires_at: datetime


class Mirror:
    """Keeps the gateway's roles equal to the engine's grants. Switched off, it keeps the gateway free of them."""

    def __init__(self, engine: Engine, *, enabled: bool = True, lease_seconds: float = 30.0) -> None:
        self._engine = engine
        self._enabled = enabled
        self.is_on = True
        """Whether the plugin is switched on; the runtime says so."""
        self._lease = timedelta(seconds=lease_seconds)
        self._guard = threading.Lock()
        self._settled: _Wishes | None = None
        """What this process has last made of the gateway's roles."""
        self._doubts = self._cleared = 0
        """How often there was a reason to look at all roles, and how many of these were followed by a look."""
        self._checked = self._renewed = float("-inf")
        self._clock_offset = _clock_offset()

    def follow_now(self, *, renew: bool = True) -> None:
        """Make the gateway's roles right before returning, or raise."""
        with self._guard:
            for attempt in range(_ATTEMPTS):
                try:
                    self._repair(renew=renew)
                    return
                except DBAPIError:
                    if attempt == _ATTEMPTS - 1:
                        raise
                    time.sleep(0.05 * 2**attempt)

    def follow(self, *, renew: bool = True) -> None:
        """Make them right if a grant has come or gone, if the leases need it, and now and then to undo what others
        changed. Without `renew` no lease is renewed."""
        offset = _clock_offset()
        if abs(offset - self._clock_offset) > _CLOCK_SLACK.total_seconds():
            _log.warning("the clock was set by %.1f s; looking at all leases", offset - self._clock_offset)
            self.doubt()
        self._clock_offset = offset
        # The proof comes first: without it nothing is known to be settled.
        revision = self._engine.sync()
        if self._is_due(renew) or self._has_changed(revision):
            self.follow_now(renew=renew)

    def doubt(self) -> None:
        """Look at all of the gateway's roles the next time."""
        self._doubts += 1

    def _needs_a_full_look(self) -> bool:
        is_late = time.monotonic() - self._checked > _FULL_CHECK_SECONDS
        return self._settled is None or self._doubts != self._cleared or is_late

    def _is_due(self, renew: bool) -> bool:
        if self._needs_a_full_look():
            return True
        return renew and self._settled is not None and bool(self._settled.by_name) and self._needs_renewal()

    def _needs_renewal(self) -> bool:
        return time.monotonic() - self._renewed > self._lease.total_seconds() / _RENEWALS_PER_LEASE

    def _has_changed(self, revision: int) -> bool:
        settled = self._settled
        if settled is None or self._mirrors() == (settled.revision is None):
            return True
        over = settled.valid_until is not None and settled.valid_until <= datetime.now(UTC)
        return settled.revision is not None and (over or settled.revision != revision)

    def _mirrors(self) -> bool:
        return self._enabled and self.is_on and host.may_override()

    def _wishes(self) -> _Wishes:
        """What should be there. Nothing, unless this process mirrors, the plugin is on, and plugins may lift what roles
        deny."""
        if not self._mirrors():
            return _Wishes({}, None, None)
        honoured = self._engine.honoured()
        wanted = {f"{host.ROLE_PREFIX}{grant.id}": _wish(grant) for grant in honoured.grants if _is_for_a_role(grant)}
        return _Wishes(
            {name: wish for name, wish in wanted.items() if wish.permissions}, honoured.revision, honoured.valid_until
        )

    def _repair(self, *, renew: bool) -> None:
        doubts, is_full = self._doubts, self._needs_a_full_look()
        wishes = self._wishes()
        renew = renew and self._needs_renewal()
        with SessionLocal() as session:
            changes.ours(session)
            _lock(session)
            if wishes.revision is not None and wishes.revision != self._engine.sync():
                wishes = self._wishes()
            names = None if is_full or self._settled is None else _different(wishes, self._settled)
            now = datetime.now(UTC)
            found, wrong = _present(session, names, now + self._lease + _CLOCK_SLACK)
            wanted = {name: wish for name, wish in wishes.by_name.items() if names is None or name in names}
            right = {name: one for name, one in found.items() if name in wanted and _is_as_wished(one, wanted[name])}
            wrong += [one.role_id for name, one in found.items() if name not in right]
            _remove(session, wrong, strays=is_full)
            added = _add(session, {name: wish for name, wish in wanted.items() if name not in right}, now + self._lease)
            if renew:
                self._renew(session, wishes.by_name, now)
            session.commit()
        if wrong or added:
            _log.info("roles of grants: %d removed, %d added", len(wrong), added)
        self._settled = wishes
        if is_full:
            self._checked, self._cleared = time.monotonic(), doubts
        if renew:
            self._renewed = time.monotonic()

    def _renew(self, session: Session, wanted: Mapping[str, _Wish], now: datetime) -> None:
        """Move the ends of all leases on, in one statement; each grant that ends sooner gets its own end once."""
        until = now + self._lease
        going_on = [name for name, wish in wanted.items() if wish.end > until]
        for some in _some_at_a_time(going_on):
            session.execute(
                update(UserRole)
                .where(_lease_of(Role.name.in_(some)))
                .values(expires_at=until)
                .execution_options(synchronize_session=False)
            )
        for name, wish in wanted.items():
            if wish.end <= until:
                session.execute(
                    update(UserRole)
                    .where(_lease_of(Role.name == name), UserRole.expires_at != wish.end)
                    .values(expires_at=wish.end)
                    .execution_options(synchronize_session=False)
                )


def clear() -> None:
    """Remove every mirrored role, without an engine."""
    with SessionLocal() as session:
        changes.ours(session)
        _lock(session)
        found, wrong = _present(session, None, datetime.now(UTC))
        _remove(session, [*wrong, *(one.role_id for one in found.values())], strays=True)
        session.commit()


def _clock_offset() -> float:
    return time.time() - time.monotonic()


def _is_for_a_role(grant: Grant) -> bool:
    """Whether a role can stand for a grant: it is on everything, and nothing is judged or recorded before its uses."""
    return grant.is_plain and grant.resource == "*" and not grant.holder.agent


def _wish(grant: Grant) -> _Wish:
    permissions = _expanded(tuple(grant.permissions), tuple(grant.excluded_permissions))
    return _Wish(grant.holder.name, permissions, grant.expires_at.astimezone(UTC), grant.approved_by)


@lru_cache(maxsize=1_024)
def _expanded(allowed: tuple[str, ...], excluded: tuple[str, ...]) -> frozenset[str]:
    """The gateway's permissions that these patterns give. A role holds names only, so wildcards become what they cover.
    Grants of one role of the catalogue share one answer."""
    names = (permission for permission in host.all_permissions() if may_mirror(permission))
    return frozenset(name for name in names if _covers(allowed, name) and not _covers(excluded, name))


def gives(grant: Grant, permission: str) -> bool:
    """Whether a grant gives this permission, somewhere and on whatever conditions."""
    return _covers(grant.permissions, permission) and not _covers(grant.excluded_permissions, permission)


def _covers(patterns: Iterable[str], permission: str) -> bool:
    return any(
        permission.startswith(pattern[:-1]) if pattern.endswith("*") else permission == pattern for pattern in patterns
    )


def _different(wishes: _Wishes, settled: _Wishes) -> set[str]:
    """The names of which other things are wished now."""
    either = wishes.by_name.keys() | settled.by_name.keys()
    return {name for name in either if wishes.by_name.get(name) != settled.by_name.get(name)}


def _is_as_wished(found: _Found, wish: _Wish) -> bool:
    return (
        found.holder.lower() == wish.holder.lower()
        and found.permissions == wish.permissions
        and found.expires_at <= wish.end
    )


def _lock(session: Session) -> None:
    """Take the gateway database's write lock until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    else:
        # In SQLite an update locks the file for writers even when it touches no row.
        session.execute(update(Role).where(Role.id == "").values(name=Role.name))


def _some_at_a_time(values: Collection[str]) -> Iterable[list[str]]:
    listed = list(values)
    return (listed[start : start + _AT_ONCE] for start in range(0, len(listed), _AT_ONCE))


def _lease_of(which: Any) -> Any:
    """The assignments of our roles that are these."""
    ours = select(Role.id).where(Role.description == _DESCRIPTION, which)
    return (UserRole.grant_source == host.GRANT_SOURCE) & UserRole.role_id.in_(ours)


def _present(session: Session, names: set[str] | None, latest: datetime) -> tuple[dict[str, _Found], list[str]]:
    """Our roles as they are, all or those of these names; and the ids of those that do not look as we make them."""
    rows = (
        select(
            Role.id,
            Role.name,
            Role.permissions,
            Role.scope,
            Role.inherits_from,
            Role.is_active,
            UserRole.user_email,
            UserRole.scope,
            UserRole.scope_id,
            UserRole.is_active,
            UserRole.grant_source,
            UserRole.expires_at,
        )
        .outerjoin(UserRole, UserRole.role_id == Role.id)
        .where(Role.description == _DESCRIPTION)
    )
    queries = [rows] if names is None else [rows.where(Role.name.in_(some)) for some in _some_at_a_time(names)]
    found: dict[str, _Found] = {}
    wrong: list[str] = []
    for query in queries:
        for role_id, name, permissions, *shape, expires_at in session.execute(query):
            holder = shape[3]
            made = ("global", None, True, holder, "global", None, True, host.GRANT_SOURCE)
            expires = host.utc(expires_at) if expires_at is not None else None
            # A second row of the same name is a second assignment, or a second role: neither is ours.
            if name in found or holder is None or tuple(shape) != made or expires is None or expires > latest:
                wrong.append(role_id)
                if name in found:
                    wrong.append(found.pop(name).role_id)
            else:
                found[name] = _Found(role_id, holder, frozenset(permissions), expires)
    return found, wrong


def _remove(session: Session, ids: Collection[str], *, strays: bool) -> None:
    """Remove these roles; with `strays`, also assignments of ours to anything that is not a role of ours."""
    if strays:
        ours = select(Role.id).where(Role.description == _DESCRIPTION)
        session.execute(
            delete(UserRole).where(UserRole.grant_source == host.GRANT_SOURCE, UserRole.role_id.not_in(ours))
        )
    for some in _some_at_a_time(ids):
        session.execute(delete(UserRole).where(UserRole.role_id.in_(some)))
        session.execute(delete(Role).where(Role.id.in_(some)))


def _add(session: Session, wishes: Mapping[str, _Wish], until: datetime) -> int:
    """Make these roles and their assignments; how many. A holder without an account cannot call the gateway, and gets
    no role."""
    for some in _some_at_a_time(wishes):
        # Somebody may have described one of our roles in other words.
        _remove(session, list(session.scalars(select(Role.id).where(Role.name.in_(some)))), strays=False)
    accounts = _accounts(session, {who for wish in wishes.values() for who in (wish.holder, wish.approved_by) if who})
    roles: list[dict[str, object]] = []
    assignments: list[dict[str, object]] = []
    for name, wish in wishes.items():
        holder = accounts.get(wish.holder.lower())
        if holder is None:
            continue
        granted_by = accounts.get((wish.approved_by or "").lower()) or host.platform_admin_email()
        role_id = str(uuid4())
        roles.append(
            {
                "id": role_id,
                "name": name,
                "description": _DESCRIPTION,
                "scope": "global",
                "permissions": sorted(wish.permissions),
                "created_by": granted_by,
                "is_system_role": False,
            }
        )
        assignments.append(
            {
                "user_email": holder,
                "role_id": role_id,
                "scope": "global",
                "granted_by": granted_by,
                "expires_at": min(wish.end, until),
                "grant_source": host.GRANT_SOURCE,
            }
        )
    if roles:
        session.execute(insert(Role), roles)
        session.execute(insert(UserRole), assignments)
    return len(roles)


def _accounts(session: Session, principals: Collection[str]) -> dict[str, str]:
    """The accounts of these principals as the gateway spells them, by the lower-case name."""
    found: dict[str, str] = {}
    for some in _some_at_a_time([principal.lower() for principal in principals]):
        rows = session.execute(select(EmailUser.email).where(func.lower(EmailUser.email).in_(some)))
        found.update((email.lower(), email) for (email,) in rows)
    return found
