"""What administrators change about people in the gateway's own tables ends the grants that this takes away."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cpex.framework import GlobalContext, HttpAuthCheckPermissionPayload, PluginConfig, PluginContext
from gateway_world import (
    ADMIN,
    BOSS,
    DEV,
    add_role,
    add_team,
    change_member,
    fresh_engine,
    fresh_gateway,
    give,
    request,
)
from mcpgateway.db import EmailTeam, EmailUser, Role, SessionLocal, UserRole
from sqlalchemy import delete, event, select, update
from sqlalchemy.engine import Engine as Database

from jit_access import Caller, Engine, Grant, Principal, Refused, Unavailable
from jit_access.gateway import agents, changes, host, serving, teams
from jit_access.gateway.mirror import Mirror
from jit_access.gateway.plugin import JitAccessPlugin
from jit_access.gateway.reserved import RESERVED
from jit_access.gateway.runtime import Runtime
from jit_access.gateway.settings import Settings
from jit_access.gateway.standing import Standings

CONFIG = """
jit_access:
  approver_roles: [boss, platform_admin]
  require_justification: false
  roles:
    auditor: {permissions: ["audit:read"]}
    operator: {permissions: ["tools.*"], requestable_by: [developer]}
"""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(host, "may_override", lambda: True)
    fresh_gateway()
    add_role("developer")
    add_role("boss", holder=BOSS)
    return open_engine()


def open_engine(path: Path | None = None) -> Engine:
    environ = {"JIT_STORE__PATH": str(path)} if path else {}
    return Engine.from_yaml(CONFIG, environ=environ, reserved_permissions=RESERVED, directory=host.Accounts())


def granted(engine: Engine, role: str = "operator") -> Grant:
    asked = engine.submit(Caller(DEV, roles=["developer"]), role=role)
    approved = engine.approve(Caller(BOSS, roles=["boss"]), asked.id)
    assert approved.grant_id is not None
    return engine.grant(Caller(DEV), approved.grant_id)


def write(*statements: Any) -> None:
    with SessionLocal() as session:
        for statement in statements:
            session.execute(statement)
        session.commit()


def disable(email: str = DEV, *, active: bool = False) -> None:
    write(update(EmailUser).where(EmailUser.email == email).values(is_active=active))


def ended(engine: Engine, grant: Grant) -> tuple[str, str | None]:
    found = engine.grant(Caller(DEV), grant.id)
    return (found.status, "eligibility" if '"revoked_by":"rule:eligibility"' in found.to_json() else None)


LOSSES: dict[str, Callable[[], None]] = {
    "the account is disabled": disable,
    "the account is deleted": lambda: write(delete(UserRole), delete(EmailUser).where(EmailUser.email == DEV)),
    "the role is taken away": lambda: write(update(UserRole).where(UserRole.user_email == DEV).values(is_active=False)),
    "the assignment is over": lambda: write(
        update(UserRole).where(UserRole.user_email == DEV).values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    ),
    "the role is switched off": lambda: write(update(Role).where(Role.name == "developer").values(is_active=False)),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_ends_the_grant_in_the_next_round(engine: Engine, loss: str) -> None:
    standings, grant = Standings(engine), granted(engine)
    assert not standings.follow()
    assert engine.check(DEV, "tools.execute").allowed
    LOSSES[loss]()
    assert standings.follow()
    assert not engine.check(DEV, "tools.execute").allowed
    assert ended(engine, grant) == ("revoked", "eligibility")
    assert not standings.follow(), "it is told once"


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_ends_the_grant_at_the_next_decision(engine: Engine, loss: str) -> None:
    plugin, grant = JitAccessPlugin(PluginConfig(name="Jit", kind="jit", config={"jit_access": {}})), granted(engine)
    plugin._runtime = Runtime(Settings.parse({"jit_access": {}}), engine)

    def granted_by_the_hook() -> bool:
        payload = HttpAuthCheckPermissionPayload(user_email="Dev@Example.com", permission="tools.execute")
        context = PluginContext(global_context=GlobalContext(request_id="1", user=DEV))
        with request():
            return asyncio.run(plugin.http_auth_check_permission(payload, context)).modified_payload is not None

    assert granted_by_the_hook()
    LOSSES[loss]()
    assert not granted_by_the_hook()
    assert ended(engine, grant) == ("revoked", "eligibility")
    assert engine.grant(Caller(DEV), grant.id).actions_taken == 1, "what was not let through is no use"
    with SessionLocal() as session:
        assert not session.query(Role).filter(Role.name.startswith("jit-")).count(), "and the mirror has followed"


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What is heard of changes while a test runs."""
    heard: list[str] = []
    end = changes.listen(lambda: heard.append("people"))
    yield heard
    end()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_change_is_heard_of_before_its_commit_returns(engine: Engine, heard: list[str], loss: str) -> None:
    LOSSES[loss]()
    assert heard == ["people"]


def test_what_the_gateway_writes_by_its_objects_is_heard_of(engine: Engine, heard: list[str]) -> None:
    with SessionLocal() as session:
        account = session.query(EmailUser).filter(EmailUser.email == DEV).one()
        account.last_login = datetime.now(UTC)
        session.commit()
        assert heard == [], "a sign-in says nothing of what somebody is"
        account.is_active = False
        session.flush()
        assert heard == [], "not before it is so"
        session.commit()
        assert heard.pop() == "people"
        account.is_active = True
        session.flush()
        session.rollback()
        session.commit()
        assert heard == [], "what was taken back is not so"
        session.delete(session.query(UserRole).filter(UserRole.user_email == DEV).one())
        session.commit()
        assert heard.pop() == "people"
        session.query(Role).filter(Role.name == "developer").update({"is_active": False})
        session.commit()
        assert heard.pop() == "people"
        session.execute(select(Role)).all()
        session.commit()
    assert heard == []


def test_what_the_mirror_writes_is_known_already(engine: Engine, heard: list[str]) -> None:
    granted(engine)
    Mirror(engine).follow_now()
    with SessionLocal() as session:
        assert session.query(Role).filter(Role.name.startswith("jit-")).count() == 1
    assert heard == []


def test_an_error_of_ours_does_not_disturb_an_administrator(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise OSError("no store")

    end = changes.listen(broken)
    disable()
    end()
    assert "could not follow" in caplog.text
    assert host.accounts([DEV])[DEV].standing.enabled is False


def test_a_commit_on_the_loop_waits_for_nothing_and_the_answer_does(engine: Engine) -> None:
    may_go_on, followed = threading.Event(), threading.Event()

    def slow() -> None:
        may_go_on.wait(10)
        followed.set()

    end = changes.listen(slow)

    async def whole() -> None:
        with serving.serve({"type": "http", "path": "/"}) as known:
            begun = time.monotonic()
            disable()
            assert time.monotonic() - begun < 1 and not followed.is_set()
            may_go_on.set()
            await known.done()
            assert followed.is_set()

    try:
        asyncio.run(whole())
    finally:
        may_go_on.set()
        end()


def test_a_loss_ends_grant_and_mirrored_role_before_its_commit_returns(engine: Engine) -> None:
    runtime, grant = Runtime(Settings.parse({"jit_access": {}}), engine), granted(engine)
    end = changes.listen(runtime.people_changed)
    try:
        runtime.mirror.follow_now()
        LOSSES["the role is taken away"]()
        assert ended(engine, grant) == ("revoked", "eligibility")
        with SessionLocal() as session:
            assert not session.query(Role).filter(Role.name.startswith("jit-")).count()
    finally:
        end()


@pytest.mark.parametrize("loss", ["the member leaves", "the team is over"])
def test_a_lost_team_is_a_lost_role(engine: Engine, loss: str) -> None:
    LOSSES["the role is taken away"]()
    team = add_team("developers", dev="member", boss="owner")
    teams.register({"developer": team})
    runtime, grant = Runtime(Settings.parse({"jit_access": {}}), engine), granted(engine)
    end = changes.listen(runtime.people_changed)
    try:
        assert not runtime.standings.follow()
        if loss == "the member leaves":
            change_member(team, DEV, is_active=False)
        else:
            write(update(EmailTeam).where(EmailTeam.id == team).values(is_active=False))
        assert ended(engine, grant) == ("revoked", "eligibility")
    finally:
        end()
        teams.register({})


def test_what_a_grant_does_not_take_does_not_end_it(engine: Engine) -> None:
    standings, free = Standings(engine), granted(engine, "auditor")
    standings.follow()
    LOSSES["the role is taken away"]()
    assert not standings.follow()
    assert engine.check(DEV, "audit:read").allowed
    disable()
    assert standings.follow()
    assert ended(engine, free) == ("revoked", "eligibility")


def test_it_does_not_come_back_and_can_be_asked_for_anew(engine: Engine) -> None:
    standings, lost = Standings(engine), granted(engine)
    standings.follow()
    disable()
    with pytest.raises(Refused, match="disabled"):
        engine.submit(Caller(DEV, roles=["developer"]), role="auditor")
    standings.follow()
    disable(active=True)
    standings.follow()
    assert engine.grant(Caller(DEV), lost.id).status == "revoked"
    again = granted(engine)
    assert not standings.follow()
    assert engine.check(DEV, "tools.execute").grant_id == again.id
    LOSSES["the role is taken away"]()
    assert standings.follow()


def test_what_was_lost_while_nobody_looked_is_seen_at_the_start(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "jit.db"
    with open_engine(path) as before:
        grant = granted(before)
    disable()
    with open_engine(path) as after:
        assert Standings(after).follow()
        assert ended(after, grant) == ("revoked", "eligibility")


def test_two_workers_look_and_it_is_told_once(engine: Engine, tmp_path: Path) -> None:
    with open_engine(tmp_path / "jit.db") as one, open_engine(tmp_path / "jit.db") as other:
        standings, others = Standings(one), Standings(other)
        granted(one)
        other.sync()
        assert not standings.follow() and not others.follow()
        told = one.sync()
        disable()
        assert [standings.follow(), others.follow()] == [True, False]
        assert one.sync() == told + 2, "what the person is now, and the end of the grant"


def test_one_query_a_round_however_many_hold_something(engine: Engine) -> None:
    with SessionLocal() as session:
        people = [f"p{n}@example.com" for n in range(20)]
        session.add_all(EmailUser(email=email, password_hash="x") for email in people)
        session.commit()
    for email in people:
        give(engine, "auditor", holder=email)
    standings = Standings(engine)
    standings.follow()
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    revision = engine.sync()
    event.listen(Database, "before_cursor_execute", note)
    try:
        standings.follow()
    finally:
        event.remove(Database, "before_cursor_execute", note)
    assert len([statement for statement in seen if statement.startswith("SELECT")]) == 1
    assert engine.sync() == revision, "and nothing is told again"


def test_who_has_no_account_is_gone(engine: Engine) -> None:
    with pytest.raises(Refused, match="disabled"):
        engine.submit(Caller("elsewhere@example.com"), role="auditor")
    unasked = fresh_engine()
    give(unasked, "auditor", holder="elsewhere@example.com")
    assert Standings(unasked).follow()
    assert not unasked.check("elsewhere@example.com", "audit:read").allowed


def test_an_account_of_the_same_name_inherits_nothing(engine: Engine) -> None:
    standings, grant = Standings(engine), granted(engine, "auditor")
    standings.follow()
    made = datetime.now(UTC) + timedelta(seconds=10)
    write(update(EmailUser).where(EmailUser.email == DEV).values(id="another", created_at=made))
    assert standings.look(Principal(DEV), grant.id), "it ends before it answers"
    assert ended(engine, grant) == ("revoked", "eligibility")
    assert not standings.follow()
    waiting = engine.submit(Caller(DEV, roles=["developer"]), role="auditor")
    with pytest.raises(Refused, match="disabled"):
        engine.approve(Caller(BOSS, roles=["boss"]), waiting.id)
    assert not engine.check(DEV, "audit:read").allowed


def test_grants_of_agents_are_left_to_whoever_gave_them(engine: Engine) -> None:
    asked = engine.submit(Caller("bot", agent=True, acts_for=DEV), role="auditor")
    engine.approve(Caller(BOSS, roles=["boss"]), asked.id)
    assert not Standings(engine).follow()
    assert engine.check("bot", "audit:read", agent=True).allowed


def test_reviewers_are_what_the_gateway_says_they_are_when_they_review(engine: Engine) -> None:
    asked = engine.submit(Caller(DEV, roles=["developer"]), role="operator")
    disable(BOSS)
    with pytest.raises(Refused, match="disabled"):
        engine.approve(Caller(BOSS, roles=["boss"]), asked.id)
    LOSSES["the role is taken away"]()
    with pytest.raises(Refused, match="holds none of them"):
        engine.approve(Caller(ADMIN, roles=["platform_admin"]), asked.id)


def test_a_gateway_that_cannot_say_lifts_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = granted(engine)

    def away(*_: object) -> None:
        raise OSError("no database")

    monkeypatch.setattr(host, "accounts", away)
    with pytest.raises(Unavailable, match="no database"):
        engine.submit(Caller(DEV, roles=["developer"]), role="auditor")
    with pytest.raises(OSError, match="no database"):
        Standings(engine).follow()
    with pytest.raises(OSError, match="no database"):
        Standings(engine).look(Principal(DEV), grant.id)


def test_an_agent_with_an_account_has_no_more_than_its_person(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(agents._persons, BOSS, DEV)
    asked = engine.submit(Caller(BOSS, agent=True, acts_for=DEV), role="auditor")
    with SessionLocal() as session:
        session.add(EmailUser(email="third@example.com", password_hash="x"))
        session.commit()
    engine.approve(Caller("third@example.com", roles=["boss"]), asked.id)
    assert not Standings(engine).follow()
    assert engine.check(BOSS, "audit:read", agent=True).allowed
    disable(DEV)
    assert Standings(engine).follow(), "its person is disabled"
    assert not engine.check(BOSS, "audit:read", agent=True).allowed


def test_a_call_of_an_agents_account_counts_for_its_person_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SessionLocal() as session:
        session.add_all(
            EmailUser(email=email, password_hash="x") for email in ("third@example.com", "fourth@example.com")
        )
        session.commit()
    asked = engine.submit(Caller(BOSS, agent=True, acts_for=DEV), role="auditor")
    engine.approve(Caller("fourth@example.com", roles=["boss"]), asked.id)
    assert host.known(BOSS) is None, "it is a person's account"
    monkeypatch.setitem(agents._persons, BOSS, DEV)
    assert engine.check(BOSS, "audit:read", agent=True, context=host.known(BOSS)).allowed
    monkeypatch.setitem(agents._persons, BOSS, "third@example.com")
    assert not engine.check(BOSS, "audit:read", agent=True, context=host.known(BOSS)).allowed
