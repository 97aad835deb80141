"""The mirror: what the gateway's roles say is what the engine's grants say, whoever was there in between."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gateway_world import ADMIN, BOSS, DEV, add_role, fresh_engine, fresh_gateway, give, revoke
from mcpgateway.db import EmailUser, Permissions, Role, SessionLocal, UserRole
from sqlalchemy import delete, event, select, update
from sqlalchemy.engine import Engine as Database

from jit_access import Conditions, Engine, Grant, JitAccessError
from jit_access.gateway import host
from jit_access.gateway.mirror import Mirror, clear

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


def ends(grant: Grant) -> datetime:
    """When the role of a grant stops counting."""
    return roles()[name(grant)][2].replace(tzinfo=UTC)


def test_an_active_grant_is_a_role_that_is_leased(engine: Engine) -> None:
    grant = give(engine, "operator")
    begun = datetime.now(UTC)
    Mirror(engine).follow_now()
    holder, permissions, _ = roles()[name(grant)]
    assert holder == DEV
    given = {p for p in PERMISSIONS if p.startswith("tools.")}
    assert permissions == given - {"tools.delete", "tools.manage_plugins"}
    assert begun + timedelta(seconds=29) < ends(grant) <= datetime.now(UTC) + timedelta(seconds=30)
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
    before = {role: given[:2] for role, given in roles().items()}
    with SessionLocal() as session:
        role = session.execute(select(Role)).scalar_one()
        session.add(UserRole(user_email=ADMIN, role_id=role.id, scope="global", granted_by=ADMIN))
        session.execute(update(Role).values(permissions=["*"]))
        session.execute(update(UserRole).values(expires_at=datetime.now(UTC) + timedelta(days=365)))
        session.commit()
    mirror.doubt()
    mirror.follow_now()
    assert {role: given[:2] for role, given in roles().items()} == before
    with SessionLocal() as session:
        session.execute(update(UserRole).values(is_active=False))
        session.commit()
    mirror.doubt()
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


def test_a_lease_ends_with_its_grant(engine: Engine) -> None:
    short = give(engine, "operator", duration_hours=10 / 3600)
    mirror = Mirror(engine)
    mirror.follow_now()
    assert ends(short) == short.expires_at
    mirror.follow_now()
    assert ends(short) == short.expires_at, "a renewal does not move it"


def test_a_lease_is_renewed_after_a_proof(engine: Engine) -> None:
    grant, mirror = give(engine, "operator"), Mirror(engine, lease_seconds=5)
    mirror.follow_now()
    before = ends(grant)
    mirror.follow()
    assert ends(grant) == before, "not before it needs one"
    mirror._renewed -= 2
    mirror.follow(renew=False)
    assert ends(grant) == before, "not of who cannot be judged"
    mirror.follow()
    assert ends(grant) > before


def test_without_a_proof_nothing_is_renewed(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "jit.db"
    with fresh_engine(str(path)) as stored:
        grant, mirror = give(stored, "operator"), Mirror(stored)
        mirror.follow_now()
        before = ends(grant)
        path.unlink()
        mirror._renewed -= 30
        for follow in (mirror.follow, mirror.follow_now):
            with pytest.raises(JitAccessError):
                follow()
        assert ends(grant) == before


def test_another_mode_leaves_nothing_of_the_one_before(engine: Engine) -> None:
    give(engine, "operator")
    give(engine, "auditor")
    Mirror(engine).follow_now()
    assert len(roles()) == 2
    Mirror(engine, enabled=False).follow_now()
    assert roles() == {}
    Mirror(engine).follow_now()
    clear()
    assert roles() == {}


def test_an_engine_that_is_off_has_nothing_mirrored(engine: Engine, tmp_path: Path) -> None:
    path = str(tmp_path / "jit.db")
    with fresh_engine(path) as on:
        give(on, "operator")
        Mirror(on).follow_now()
        assert roles()
    with Engine.from_yaml(f"jit_access: {{enabled: false, store: {{path: {path}}}}}", environ={}) as off:
        Mirror(off).follow_now()
    assert roles() == {}


def test_a_plugin_that_is_switched_off_has_nothing_mirrored(engine: Engine) -> None:
    mirror = Mirror(engine)
    give(engine, "operator")
    mirror.follow()
    mirror.is_on = False
    mirror.follow()
    assert roles() == {}
    mirror.is_on = True
    mirror.follow()
    assert roles()


@pytest.mark.parametrize("conditions", [{"max_uses": 2}, {"networks": ["10.0.0.0/8"]}, {"mfa_within_minutes": 5}])
def test_what_is_judged_or_recorded_first_is_in_no_role(engine: Engine, conditions: dict[str, Any]) -> None:
    give(engine, "operator", conditions=Conditions(**conditions))
    Mirror(engine).follow_now()
    assert roles() == {}


def test_a_clock_that_is_put_right_ends_what_was_leased_by_the_wrong_one(engine: Engine) -> None:
    mirror, grant = Mirror(engine), give(engine, "operator")
    mirror.follow()
    with SessionLocal() as session:
        session.execute(update(UserRole).values(expires_at=datetime.now(UTC) + timedelta(days=365)))
        session.commit()
    mirror._clock_offset += 31_536_000
    mirror.follow()
    assert ends(grant) <= datetime.now(UTC) + timedelta(seconds=30)


def test_a_role_that_was_described_in_other_words_does_not_stop_the_mirror(engine: Engine) -> None:
    grant = give(engine, "operator")
    Mirror(engine).follow_now()
    with SessionLocal() as session:
        session.execute(update(Role).values(description="mine", permissions=["*"]))
        session.commit()
    Mirror(engine).follow_now()
    assert roles().keys() == {name(grant)}
    assert "*" not in roles()[name(grant)][1]


def test_a_thousand_grants_take_no_statement_each(engine: Engine, tmp_path: Path) -> None:
    with SessionLocal() as session:
        session.add_all(EmailUser(email=f"p{n}@example.com", password_hash="x") for n in range(200))
        session.commit()
    for n in range(200):
        give(engine, "operator", holder=f"p{n}@example.com")
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(Database, "before_cursor_execute", note)
    try:
        mirror = Mirror(engine)
        mirror.follow_now()
        assert len(roles()) == 200
        made = len(seen)
        seen.clear()
        mirror._renewed -= 30
        mirror.follow()
        renewed = len(seen)
        seen.clear()
        give(engine, "auditor")
        mirror.follow_now()
        assert len(roles()) == 201
        assert made < 15 and renewed < 6 and len(seen) < 12, (made, renewed, seen)
    finally:
        event.remove(Database, "before_cursor_execute", note)


def test_following_without_a_change_does_not_write(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Mirror(engine)
    give(engine, "operator")
    looks: list[object] = []
    # The background work may note something at any moment, and that is a change.
    for _ in range(10):
        mirror.follow()
        settled = mirror._settled
        with monkeypatch.context() as replaced:
            replaced.setattr(mirror, "follow_now", lambda **options: looks.append(options))
            mirror.follow()
        if settled is not None and engine.sync() == settled.revision:
            break
        looks.clear()
    else:
        pytest.fail("the engine is never at rest")
    assert not looks


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
