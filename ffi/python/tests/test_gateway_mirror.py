"""The mirror: what the gateway's roles say is what the engine's grants say, whoever was there in between."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gateway_world import ADMIN, BOSS, DEV, add_role, fresh_engine, fresh_gateway, give, revoke
from mcpgateway.db import Permissions, Role, SessionLocal, UserRole
from sqlalchemy import delete, select, update

from jit_access import Engine, Grant
from jit_access.gateway import host
from jit_access.gateway.mirror import Mirror

PERMISSIONS = set(Permissions.get_all_permissions())


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    fresh_gateway()
    monkeypatch.setattr(host, "may_override", lambda: True)
    return fresh_engine()


def roles() -> dict[str, tuple[str, set[str], datetime]]:
    """Every active role and its assignment, by name."""
    with SessionLocal() as session:
        rows = session.execute(
            select(Role, UserRole).outerjoin(UserRole, UserRole.role_id == Role.id).where(Role.is_active)
        ).all()
        return {role.name: (held.user_email, set(role.permissions), held.expires_at) for role, held in rows}


def name(grant: Grant) -> str:
    return f"jit-{grant.id}"


def test_an_active_grant_is_a_role_that_expires_with_it(engine: Engine) -> None:
    grant = give(engine, "operator")
    Mirror(engine).follow_now()
    holder, permissions, expires = roles()[name(grant)]
    assert holder == DEV
    assert permissions == {p for p in PERMISSIONS if p.startswith("tools.")} - {"tools.delete"}
    assert expires.replace(tzinfo=UTC) == grant.expires_at
    with SessionLocal() as session:
        held = session.execute(select(UserRole)).scalar_one()
        assert (held.grant_source, held.scope, held.scope_id, held.granted_by) == ("jit", "global", None, BOSS)


@pytest.mark.parametrize("role", ["support", "everything"])
def test_what_could_outlive_a_grant_is_in_no_role(engine: Engine, role: str) -> None:
    grant = give(engine, role)
    Mirror(engine).follow_now()
    permissions = roles()[name(grant)][1]
    assert not permissions & {
        "*",
        "admin.user_management",
        "admin.plugins",
        "admin.system_config",
        "admin.security_audit",
        "admin.export",
    }
    assert not any(permission.startswith("admin.sso_providers:") for permission in permissions)
    assert "admin.metrics" in permissions


def test_an_ended_grant_leaves_nothing_behind(engine: Engine) -> None:
    mirror = Mirror(engine)
    kept, ended = give(engine, "auditor"), give(engine, "operator")
    mirror.follow_now()
    revoke(engine, ended)
    mirror.follow_now()
    assert roles().keys() == {name(kept)}
    with SessionLocal() as session:
        assert len(session.execute(select(Role)).all()) == len(session.execute(select(UserRole)).all()) == 1


def test_scheduled_and_narrow_grants_are_not_mirrored(engine: Engine) -> None:
    give(engine, "operator", starts_at=datetime.now(UTC) + timedelta(hours=1))
    give(engine, "operator", resource="tool:deploy")
    Mirror(engine).follow_now()
    assert roles() == {}


def test_a_holder_without_an_account_is_left_out(engine: Engine) -> None:
    give(engine, "operator", holder="nobody@example.com")
    Mirror(engine).follow_now()
    assert roles() == {}


def test_the_spelling_of_the_account_is_the_gateways(engine: Engine) -> None:
    grant = give(engine, "operator", holder="Dev@EXAMPLE.com")
    Mirror(engine).follow_now()
    assert roles()[name(grant)][0] == DEV


def test_nothing_is_mirrored_while_plugins_must_not_lift(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    give(engine, "operator")
    Mirror(engine).follow_now()
    assert roles()
    monkeypatch.setattr(host, "may_override", lambda: False)
    Mirror(engine).follow_now()
    assert roles() == {}


def test_changes_made_by_hand_are_undone(engine: Engine) -> None:
    mirror = Mirror(engine)
    give(engine, "operator")
    mirror.follow_now()
    before = roles()
    with SessionLocal() as session:
        role = session.execute(select(Role)).scalar_one()
        session.add(UserRole(user_email=ADMIN, role_id=role.id, scope="global", granted_by=ADMIN))
        session.execute(update(Role).values(permissions=["*"]))
        session.execute(update(UserRole).values(expires_at=datetime.now(UTC) + timedelta(days=365)))
        session.commit()
    mirror.follow_now()
    assert roles() == before
    with SessionLocal() as session:
        session.execute(update(UserRole).values(is_active=False))
        session.commit()
    mirror.follow_now()
    with SessionLocal() as session:
        assert session.execute(select(UserRole)).scalar_one().is_active


@pytest.mark.parametrize(
    "change",
    [
        update(UserRole).values(expires_at=None),
        update(UserRole).values(is_active=False),
        update(Role).values(scope="team"),
        delete(UserRole),
    ],
    ids=["made to last", "switched off", "put elsewhere", "unassigned"],
)
def test_a_role_changed_by_hand_goes_with_its_grant(engine: Engine, change: Any) -> None:
    mirror, grant = Mirror(engine), give(engine, "operator")
    mirror.follow_now()
    with SessionLocal() as session:
        session.execute(change)
        session.commit()
    revoke(engine, grant)
    mirror.follow_now()
    with SessionLocal() as session:
        assert not session.execute(select(Role)).all() and not session.execute(select(UserRole)).all()


def test_the_operators_own_roles_are_not_touched(engine: Engine) -> None:
    add_role("jit-made-by-hand")
    Mirror(engine).follow_now()
    assert roles().keys() == {"jit-made-by-hand"}


def test_following_without_a_change_does_not_write(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror(engine)
    give(engine, "operator")
    mirror.follow()
    monkeypatch.setattr(mirror, "follow_now", lambda: pytest.fail("nothing has changed"))
    mirror.follow()


def test_in_doubt_it_looks(engine: Engine) -> None:
    mirror, grant = Mirror(engine), give(engine, "operator")
    mirror.follow()
    with SessionLocal() as session:
        session.execute(update(Role).values(permissions=["*"]))
        session.commit()
    mirror.follow()
    assert roles()[name(grant)][1] == {"*"}
    mirror.doubt()
    mirror.follow()
    assert roles()[name(grant)][1] != {"*"}


def test_once_an_end_is_followed_no_other_worker_brings_it_back(engine: Engine, tmp_path: Path) -> None:
    """Another worker writes at its own pace all the while; each revoked role must be gone when `follow_now` returns."""
    shared = str(tmp_path / "jit.db")
    ours, theirs = fresh_engine(shared), fresh_engine(shared)
    mirror, other = Mirror(ours), Mirror(theirs)
    stop = threading.Event()
    failed: list[BaseException] = []

    def busy() -> None:
        while not stop.is_set():
            try:
                other.follow_now()
            except BaseException as error:
                failed.append(error)
                return

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        for _ in range(15):
            grant = give(ours, "operator")
            mirror.follow_now()
            assert name(grant) in roles()
            revoke(ours, grant)
            mirror.follow_now()
            assert name(grant) not in roles()
    finally:
        stop.set()
        thread.join()
    assert not failed
