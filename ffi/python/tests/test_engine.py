"""What the native module promises beyond the stories: shapes, errors, types, and nobody waiting for another's disk."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import json
import pickle
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jit_access
from jit_access import (
    AccessRequest,
    Caller,
    Conflict,
    Corrupt,
    Decision,
    Engine,
    Grant,
    InternalError,
    InvalidInput,
    JitAccessError,
    NotFound,
    Page,
    RateLimited,
    Record,
    Refused,
    Unavailable,
)
from jit_access.testing import ManualClock

CONFIG = """
jit_access:
  approver_roles: [lead]
  roles:
    operator: {permissions: ["tools.*"], max_duration_hours: 4}
"""
DEV = Caller("dev@example.com", roles=["developer"])
LEAD = Caller("lead@example.com", roles=["lead"])
NOBODY = Engine.from_yaml("", environ={})
"""Over a store of its own that nobody writes to."""


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.from_yaml(CONFIG, environ={}) as opened:
        yield opened


def in_file(path: Path, **store: int) -> str:
    store_yaml = json.dumps({"path": str(path), **store})
    return f"{CONFIG}  store: {store_yaml}\n"


class Holder:
    """Another process that holds the write lock of a store's file. A connection of this process would not do: the
    kernel keeps locks by process."""

    def __init__(self, path: Path) -> None:
        code = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None).execute("BEGIN IMMEDIATE")
print()
input()
"""
        command = [sys.executable, "-c", code, str(path)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "\n"

    def let_go(self) -> None:
        self.process.communicate("\n")
        assert self.process.returncode == 0


def granted(engine: Engine, **wish: Any) -> Grant:
    request = engine.submit(DEV, role="operator", reason="to deploy", **wish)
    answered = engine.approve(LEAD, request.id)
    assert answered.grant_id is not None
    return engine.grant(DEV, answered.grant_id)


def values(engine: Engine) -> list[object]:
    """One of each kind of value."""
    grant = granted(engine)
    page = engine.audit(LEAD)
    decision = engine.check("dev@example.com", "tools.execute")
    return [engine, DEV, engine.request(DEV, grant.request_id), grant, page, page.items[0], decision]


def test_values_are_frozen(engine: Engine) -> None:
    for value in values(engine):
        for name in [name for name in dir(value) if not name.startswith("_")]:
            with pytest.raises(AttributeError):
                setattr(value, name, None)
        with pytest.raises(AttributeError):
            value.something_new = 1  # type: ignore[attr-defined]


def test_values_come_from_the_engine_alone(engine: Engine) -> None:
    for kind in (Engine, Decision, AccessRequest, Grant, Page, Record):
        with pytest.raises(TypeError):
            kind()
    for kind in (Engine, Caller, Decision, AccessRequest, Grant, Page, Record):
        with pytest.raises(TypeError):
            type("Forged", (kind,), {})
        assert kind.__module__ == "jit_access"
    for value in values(engine):
        with pytest.raises(TypeError):
            pickle.dumps(value)


def test_values_say_what_they_are(engine: Engine) -> None:
    for value in values(engine):
        said = repr(value)
        assert said.startswith(type(value).__name__), said
    assert repr(DEV) == "Caller(principal='dev@example.com', roles=['developer'])"


def test_decisions_are_equal_when_they_say_the_same(engine: Engine) -> None:
    granted(engine)
    given = engine.check("dev@example.com", "tools.execute", record=False)
    nobody, nor_they = (
        engine.check("a@example.com", "tools.execute", record=False),
        engine.check("b@example.com", "logs.read"),
    )
    assert nobody == nor_they and hash(nobody) == hash(nor_they)
    assert given.allowed and given == engine.check("dev@example.com", "tools.execute", record=False)
    assert given != nobody and nobody != "no_grant" and not nobody.allowed
    engine.submit(LEAD, role="operator", reason="to deploy")
    later = engine.check("a@example.com", "tools.execute", record=False)
    assert later.revision > nobody.revision and later != nobody, "an answer from before is not one from now"


def test_options_are_keywords(engine: Engine) -> None:
    for name, member in inspect.getmembers(Engine, callable):
        if name.startswith("_"):
            continue
        for parameter in inspect.signature(member).parameters.values():
            optional = parameter.default is not inspect.Parameter.empty
            assert not optional or parameter.kind is parameter.KEYWORD_ONLY or parameter.name == "resource", (
                f"{name}({parameter.name}) may be given by position"
            )
    with pytest.raises(TypeError):
        Caller("dev@example.com", ["lead"])  # type: ignore[misc]
    with pytest.raises(TypeError):
        engine.submit(DEV, "operator")  # type: ignore[call-arg, misc]
    with pytest.raises(TypeError, match="duration"):
        engine.submit(DEV, role="operator", reason="x", duration=1)  # type: ignore[call-arg]


def asked_twice() -> None:
    hurried = "jit_access: {limits: {requests_per_hour: 1}, approver_roles: [lead], roles: {r: {permissions: [a]}}}"
    with Engine.from_yaml(hurried, environ={}) as engine:
        for _ in range(2):
            engine.submit(DEV, role="r", reason="x")


def asked_while_the_directory_is_away() -> None:
    def away(name: str, agent: bool) -> None:
        raise ConnectionError(name)

    config = "jit_access: {approver_roles: [lead], roles: {r: {permissions: [a]}}}"
    with Engine.from_yaml(config, environ={}, directory=away) as engine:
        engine.submit(DEV, role="r", reason="x")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("none/jit.db", "create the directory"),
        ("folder", "is not a file"),
        ("text", "is not a database"),
        ("open", "chmod o-rwx"),
        ("text/jit.db", "not a directory"),
        ("nowhere", "does not exist"),
        ("n" * 300, "not a valid file name"),
    ],
)
def test_a_file_that_cannot_be_a_store_is_a_mistake_in_its_key(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "text").write_text("no database, and longer than the header of one, whatever that is. " * 20)
    (tmp_path / "text").chmod(0o600)
    Engine.from_yaml(in_file(tmp_path / "open"), environ={}).close()
    (tmp_path / "open").chmod(0o666)
    with pytest.raises(InvalidInput) as caught:
        Engine.from_yaml(in_file(tmp_path / path), environ={})
    assert not caught.value.retryable
    assert str(caught.value).startswith("`jit_access.store.path` cannot be used: `") and said in str(caught.value)


def provoke(engine: Engine, tmp_path: Path) -> dict[type[JitAccessError], Callable[[], object]]:
    request = engine.submit(DEV, role="operator", reason="x", idempotency_key="k")
    return {
        InvalidInput: lambda: engine.submit(DEV, role="", reason="x"),
        Refused: lambda: engine.approve(Caller("DEV@example.com", roles=["lead"]), request.id),
        NotFound: lambda: engine.request(Caller("peer@example.com"), request.id),
        Conflict: lambda: engine.submit(DEV, role="operator", reason="y", idempotency_key="k"),
        RateLimited: lambda: asked_twice(),
        Unavailable: lambda: asked_while_the_directory_is_away(),
    }


def test_errors_come_by_kind_and_say_themselves(engine: Engine, tmp_path: Path) -> None:
    expected = {
        InvalidInput: ("invalid", 400, False),
        Refused: ("self_approval", 403, False),
        NotFound: ("unknown_request", 404, False),
        Conflict: ("idempotency_key_reused", 409, False),
        RateLimited: ("too_many_requests", 429, True),
        Unavailable: ("unavailable", 503, True),
    }
    for kind, failing in provoke(engine, tmp_path).items():
        with pytest.raises(JitAccessError) as caught:
            failing()
        error = caught.value
        assert type(error) is kind
        assert (error.code, error.status, error.retryable) == expected[kind]
        problem = json.loads(error.problem_json())
        assert problem["type"] == f"urn:jit-access:error:{error.code}"
        assert problem["title"]
        assert problem["detail"] == str(error)
        assert (problem["code"], problem["status"], problem["retryable"]) == expected[kind]
        assert str(error)[:1] in "`abcdefghijklmnopqrstuvwxyz"
        assert not str(error).endswith(".")
    assert issubclass(InvalidInput, ValueError)
    for kind in (Corrupt, InternalError):
        assert issubclass(kind, JitAccessError)


def test_errors_can_be_pickled_and_copied(engine: Engine, tmp_path: Path) -> None:
    for failing in provoke(engine, tmp_path).values():
        with pytest.raises(JitAccessError) as caught:
            failing()
        error = caught.value
        for same in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
            assert type(same) is type(error)
            assert (str(same), same.code, same.status, same.retryable) == (
                str(error),
                error.code,
                error.status,
                error.retryable,
            )
            assert same.problem_json() == error.problem_json()


def test_instants_know_their_zone_and_are_whole_milliseconds(engine: Engine) -> None:
    start = datetime(2027, 3, 2, 9, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    clock = Engine.from_yaml(CONFIG, environ={}, clock=ManualClock("2027-03-01T00:00:00Z"))
    grant = granted(clock, starts_at=start, duration_hours=1)
    assert grant.starts_at == datetime(2027, 3, 2, 3, 30, 0, 123_000, tzinfo=UTC)
    assert grant.expires_at - grant.starts_at == timedelta(hours=1)
    request = clock.request(DEV, grant.request_id)
    until = clock.check("dev@example.com", "tools.execute").valid_until
    assert until == grant.starts_at
    record = clock.audit(LEAD).items[0]
    assert isinstance(record, Record)
    for instant in (grant.starts_at, grant.expires_at, request.times_out_at, until, record.at):
        assert instant.tzinfo is UTC
    later = clock.submit(DEV, role="operator", reason="x", duration_hours=2, starts_at=start.isoformat())
    assert later.status == "pending"
    with pytest.raises(InvalidInput, match="zone"):
        clock.submit(DEV, role="operator", reason="x", starts_at=start.replace(tzinfo=None))
    for wrong in (date(2027, 3, 2), 1_800_000_000, 1.5, object()):
        with pytest.raises(TypeError, match="starts_at must be a datetime or str"):
            clock.submit(DEV, role="operator", reason="x", starts_at=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [b"tools.execute", 1, None, 1.5, object(), ["tools.execute"]])
def test_another_type_is_a_type_error(engine: Engine, wrong: Any) -> None:
    calls: list[Callable[[], object]] = [
        lambda: engine.check(wrong, "tools.execute"),
        lambda: engine.check("dev@example.com", wrong),
        lambda: engine.submit(wrong, role="operator"),
        lambda: engine.submit(DEV, role=wrong),
        lambda: engine.request(DEV, wrong),
        lambda: engine.revoke(LEAD, wrong, reason="x"),
        lambda: Engine.from_yaml(wrong, environ={}),
        lambda: Engine.from_yaml("", environ=wrong if wrong is not None else 1),
        lambda: Caller(wrong),
        lambda: engine.requests(DEV, limit=wrong if wrong != 1 else "1"),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()


def test_no_roles_are_made_of_a_word() -> None:
    with pytest.raises(TypeError):
        Caller("dev@example.com", roles="lead")


def test_numbers_that_no_word_holds_are_python_errors(engine: Engine) -> None:
    for limit in (-1, 2**64):
        with pytest.raises(OverflowError):
            engine.requests(DEV, limit=limit)
    for hours in (float("nan"), float("inf"), -0.0):
        with pytest.raises(InvalidInput):
            engine.submit(DEV, role="operator", reason="x", duration_hours=hours)


@pytest.mark.parametrize("text", ["\0", "a\0b", "\x1b[31m", "x" * 1_000_000, "", "🌍" * 100_000])
def test_hostile_text_is_a_clear_error(engine: Engine, text: str) -> None:
    # Of somebody without a grant nothing but the name is read.
    granted(engine)
    calls: list[Callable[[], object]] = [
        lambda: engine.check(text, "tools.execute"),
        lambda: engine.check("dev@example.com", text),
        lambda: engine.check("dev@example.com", "tools.execute", f"tool:{text}"),
        lambda: engine.check("dev@example.com", "tools.execute", "tool:a", parent=text),
        lambda: Caller(text),
        lambda: Caller("dev@example.com", roles=[text]),
        lambda: engine.submit(DEV, role=text, reason="x"),
        lambda: engine.submit(DEV, role="operator", reason=text),
        lambda: engine.submit(DEV, role="operator", reason="x", ticket_url=text),
        lambda: engine.submit(DEV, role="operator", reason="x", resource=text),
        lambda: engine.submit(DEV, role="operator", reason="x", starts_at=text),
        lambda: engine.submit(DEV, role="operator", reason="x", idempotency_key=text),
        lambda: engine.request(DEV, text),
        lambda: engine.grant(DEV, text),
        lambda: engine.requests(DEV, status=text),
        lambda: engine.requests(DEV, cursor=text),
        lambda: engine.audit(LEAD, cursor=text),
    ]
    for call in calls:
        with pytest.raises(InvalidInput) as caught:
            call()
        assert len(str(caught.value)) < 1_000, "the message does not repeat a megabyte"
        assert all(letter.isprintable() for letter in str(caught.value))


def test_a_lone_surrogate_is_no_text(engine: Engine) -> None:
    for call in (
        lambda: engine.check("dev\ud800@example.com", "tools.execute"),
        lambda: Caller("\ud800"),
    ):
        with pytest.raises(UnicodeEncodeError):
            call()
    for field, call in (
        ("reason", lambda: engine.submit(DEV, role="operator", reason="\udfff")),
        ("role", lambda: engine.submit(DEV, role="\ud800", reason="x")),
        ("permissions", lambda: engine.submit(DEV, role="operator", reason="x", permissions=["\ud800"])),
        ("cursor", lambda: engine.requests(DEV, cursor="\ud800")),
    ):
        with pytest.raises(InvalidInput) as caught:
            call()
        assert str(caught.value).startswith(f"`{field}` holds half of a character")
    assert issubclass(UnicodeEncodeError, ValueError)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=40), which=st.sampled_from(["principal", "action", "resource", "parent"]))
def test_a_check_answers_or_says_what_is_wrong(text: str, which: str) -> None:
    question = {
        "principal": "dev@example.com",
        "action": "tools.execute",
        "resource": "tool:a",
        "parent": "server:s",
        which: text,
    }
    try:
        decision = NOBODY.check(question.pop("principal"), question.pop("action"), question.pop("resource"), **question)
    except InvalidInput as error:
        assert json.loads(error.problem_json())["expected"]
    else:
        assert decision.outcome == "not_applicable"


def test_a_closed_engine_says_so(tmp_path: Path) -> None:
    opened = Engine.from_yaml(in_file(tmp_path / "jit.db"), environ={})
    grant = granted(opened)
    assert opened.check("dev@example.com", "tools.execute").allowed
    opened.tick()
    opened.close()
    opened.close()
    calls: list[Callable[[], object]] = [
        lambda: opened.check("dev@example.com", "tools.execute"),
        lambda: opened.check("dev@example.com", "tools.execute", current=True),
        lambda: opened.check_many("dev@example.com", "tools.execute", ["tool:a"]),
        lambda: opened.check("dev@example.com", "tools.execute", record=False),
        lambda: opened.check("dev@example.com", "tools.execute", current=True, record=False),
        lambda: opened.submit(DEV, role="operator", reason="x"),
        lambda: opened.approve(LEAD, grant.request_id),
        lambda: opened.deny(LEAD, grant.request_id, reason="x"),
        lambda: opened.ask(LEAD, grant.request_id, question="x"),
        lambda: opened.answer(DEV, grant.request_id, answer="x"),
        lambda: opened.withdraw(DEV, grant.request_id),
        lambda: opened.revoke(LEAD, grant.id, reason="x"),
        lambda: opened.revoke_many(LEAD, everything=True, reason="x"),
        lambda: opened.release(DEV, grant.id),
        lambda: opened.suspend(LEAD, grant.id, reason="x"),
        lambda: opened.break_glass(DEV, role="deployer", reason="x"),
        lambda: opened.complete_review(LEAD, grant.id, justified=True, finding="x"),
        lambda: opened.waive_review(LEAD, grant.id, reason="x"),
        lambda: opened.unreviewed(LEAD),
        lambda: opened.resume(LEAD, grant.id),
        lambda: opened.delegate(LEAD, to="a", until="2030-01-01T00:00:00Z", reason="x"),
        lambda: opened.undelegate(LEAD, grant.id),
        lambda: opened.delegations(LEAD),
        lambda: opened.extend(DEV, grant.id, reason="x"),
        lambda: opened.standing("dev@example.com", enabled=True),
        lambda: opened.honoured(),
        lambda: opened.peek_in_memory("dev@example.com", "audit:read"),
        lambda: opened.run_watched("verify", None, lambda *_: None),
        lambda: opened.accept_store(reason="x"),
        lambda: opened.accept_clock(reason="x"),
        lambda: opened.request(DEV, grant.request_id),
        lambda: opened.grant(DEV, grant.id),
        lambda: opened.requests(DEV),
        lambda: opened.grants(DEV),
        lambda: opened.audit(LEAD),
        lambda: opened.head(LEAD),
        lambda: opened.roles(LEAD),
        lambda: opened.explain(LEAD, action="tools.execute"),
        lambda: opened.policies(LEAD),
        lambda: opened.alerts(LEAD),
        lambda: opened.acknowledge_alert(LEAD, grant.id, reason="x"),
        lambda: opened.silence_alert(LEAD, grant.id, duration_hours=1, reason="x"),
        lambda: opened.summary(DEV, grant.id),
        lambda: opened.summary_text(DEV, grant.id),
        lambda: opened.metrics(LEAD),
        lambda: opened.health(LEAD),
        lambda: opened.deliveries(LEAD),
        lambda: opened.refusals(LEAD),
        lambda: opened.events(LEAD),
        lambda: opened.resend_delivery(LEAD, grant.id),
        lambda: opened.drop_delivery(LEAD, grant.id),
        lambda: opened.export(LEAD),
        lambda: opened.story(DEV, grant.id),
        lambda: opened.who_could(LEAD, permission="tools.execute", at="2026-03-01T00:00:00Z"),
        lambda: opened.what_could(LEAD, principal="a", at="2026-03-01T00:00:00Z"),
        lambda: opened.what_changed(LEAD, start="2026-03-01T00:00:00Z", until="2026-03-02T00:00:00Z"),
        lambda: opened.checkpoint(LEAD),
        lambda: opened.proof(LEAD, record=1),
        lambda: opened.evidence(LEAD),
        lambda: opened.add_channel("own", print),
        lambda: opened.verify_link("x"),
        lambda: opened.live_grants(),
        lambda: opened.verify(),
        lambda: opened.sync(),
        lambda: opened.activity([grant.id]),
        lambda: opened.oversees(LEAD),
        lambda: opened.tick(),
        lambda: opened.revision,
        lambda: opened.enhanced_audit,
        lambda: opened.remedies(DEV, action="tools.execute"),
        lambda: opened.right_size(LEAD, role="operator"),
        lambda: opened.replay(LEAD, principal="dev@example.com", role="operator"),
        lambda: opened.configuration(),
        lambda: opened.authorize("{}"),
        lambda: opened.set_entities("[]"),
    ]
    # `check` stands there four times, once for each way.
    assert len(calls) - 3 == len([name for name in dir(Engine) if not name.startswith("_")]) - len(
        ["open", "from_yaml", "close"]
    )
    for call in calls:
        with pytest.raises(Unavailable, match="is closed") as caught:
            call()
        assert (caught.value.status, caught.value.code, caught.value.retryable) == (503, "unavailable", True)
    assert grant.status == "active", "a value outlives its engine"
    assert repr(opened).startswith("Engine(")
    with Engine.from_yaml(in_file(tmp_path / "jit.db"), environ={}) as again:
        assert again.grant(DEV, grant.id).actions_taken == 1, "closing has written the use down"
        assert again.verify() == 6, "the record of the configuration among them"


def test_a_context_manager_closes_and_hides_no_error() -> None:
    with pytest.raises(RuntimeError, match="mine"), Engine.from_yaml(CONFIG, environ={}) as opened:
        raise RuntimeError("mine")
    with pytest.raises(Unavailable, match="is closed"):
        opened.verify()


def test_an_engine_that_is_dropped_writes_what_waits(tmp_path: Path) -> None:
    opened = Engine.from_yaml(in_file(tmp_path / "jit.db"), environ={})
    grant = granted(opened)
    for _ in range(100):
        opened.check("dev@example.com", "tools.execute")
    del opened
    gc.collect()
    with Engine.from_yaml(in_file(tmp_path / "jit.db"), environ={}) as again:
        assert again.grant(DEV, grant.id).actions_taken == 100


@pytest.mark.parametrize("ending", ["", "sys.exit(0)", "threading.Thread(target=forever, daemon=True).start()"])
def test_an_interpreter_that_ends_writes_what_waits(ending: str, tmp_path: Path) -> None:
    config = in_file(tmp_path / "jit.db") + "  service: {interval_ms: 60000}\n"
    with Engine.from_yaml(config, environ={}) as opened:
        grant = granted(opened)
    program = f"""
import sys, threading, time
from jit_access import Engine

engine = Engine.from_yaml(sys.argv[1], environ={{}})
for _ in range(100):
    assert engine.check("dev@example.com", "tools.execute").allowed

def forever(engine=engine):
    while True:
        time.sleep(60)

{ending}
"""
    done = subprocess.run(
        [sys.executable, "-c", program, config], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    with Engine.from_yaml(config, environ={}) as again:
        assert again.grant(DEV, grant.id).actions_taken == 100


def test_the_file_is_read_with_its_folder_and_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "jit.yaml"
    file.write_text(f"{CONFIG}  store: {{path: data.db}}\n", encoding="utf-8")
    monkeypatch.chdir("/")
    with Engine.open(file, environ={}, reserved_permissions=["tools.delete"]) as opened:
        grant = granted(opened)
        assert grant.excluded_permissions == ("tools.delete",)
    assert (tmp_path / "data.db").exists()
    with Engine.open(str(file), environ={"JIT_STORE__PATH": "other.db", "PATH": "/bin"}):
        assert (tmp_path / "other.db").exists()
    monkeypatch.setenv("JIT_MAX_DURATION_HOUR", "1")
    with pytest.raises(InvalidInput, match="JIT_MAX_DURATION_HOURS"):
        Engine.open(file)
    with pytest.raises(InvalidInput, match="cannot be read"):
        Engine.open(tmp_path / "none.yaml", environ={})
    with pytest.raises(InvalidInput, match="which administers jit-access"):
        Engine.open(file, environ={}, reserved_permissions=["jit.approve"])


def test_another_process_that_holds_the_file_makes_it_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "jit.db"
    with Engine.from_yaml(in_file(path, busy_timeout_ms=50), environ={}) as opened:
        grant = granted(opened)
        holder = Holder(path)
        with pytest.raises(Unavailable) as caught:
            opened.submit(DEV, role="operator", reason="x")
        assert caught.value.retryable
        assert opened.check("dev@example.com", "tools.execute").allowed, "nothing has happened"
        assert opened.request(DEV, grant.request_id).status == "approved", "reading goes on"
        ended = opened.revoke(LEAD, grant.id, reason="x")
        assert (ended.status, ended.durable) == ("revoked", False)
        assert not opened.check("dev@example.com", "tools.execute").allowed, "it holds in this process at once"
        holder.let_go()
        opened.tick()
        ended = opened.grant(LEAD, grant.id)
        assert (ended.status, ended.durable) == ("revoked", True)


def test_a_file_that_somebody_changed_is_corrupt(tmp_path: Path) -> None:
    path = tmp_path / "jit.db"
    with Engine.from_yaml(in_file(path), environ={}) as opened:
        granted(opened)
    other = sqlite3.connect(path)
    tables = [name for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    assert "journal" in tables
    journal = "journal"
    columns = [row[1] for row in other.execute(f"PRAGMA table_info({journal})")]
    for trigger in [name for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]:
        other.execute(f"DROP TRIGGER {trigger}")
    body = next(name for name in columns if name in {"body", "record"})
    other.execute(f"UPDATE {journal} SET {body} = replace({body}, 'dev@example.com', 'eve@example.com')")
    other.commit()
    other.close()
    with Engine.from_yaml(in_file(path), environ={}) as opened, pytest.raises(Corrupt) as caught:
        opened.verify()
    assert (caught.value.code, caught.value.status, caught.value.retryable) == ("corrupt", 500, False)


def test_other_threads_run_while_a_call_waits_for_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "jit.db"
    with Engine.from_yaml(in_file(path, busy_timeout_ms=3_000), environ={}) as opened:
        grant = granted(opened)
        holder = Holder(path)
        ended: list[float] = []

        def revoke() -> None:
            opened.revoke(LEAD, grant.id, reason="x")
            ended.append(time.monotonic())

        waiting = threading.Thread(target=revoke)
        waiting.start()
        until = time.monotonic() + 0.5
        checks = 0
        allowed = True
        while time.monotonic() < until:
            allowed = opened.check("dev@example.com", "tools.execute").allowed
            checks += 1
            time.sleep(0)
        assert not allowed, "a revocation holds in this process before it is written"
        assert not ended, "the revocation still waits for the file"
        assert checks > 100, "and this thread has not waited with it"
        released = time.monotonic()
        holder.let_go()
        waiting.join(5)
        assert ended and ended[0] > released
        assert not opened.check("dev@example.com", "tools.execute").allowed


def test_a_loop_goes_on_while_a_worker_thread_waits(tmp_path: Path) -> None:
    path = tmp_path / "jit.db"

    async def story() -> int:
        with Engine.from_yaml(in_file(path, busy_timeout_ms=3_000), environ={}) as opened:
            grant = granted(opened)
            holder = Holder(path)
            waiting = asyncio.create_task(asyncio.to_thread(opened.revoke, LEAD, grant.id, reason="x"))
            turns = 0
            for _ in range(30):
                await asyncio.sleep(0.01)
                turns += 1
            assert not waiting.done()
            holder.let_go()
            assert (await waiting).status == "revoked"
            return turns

    assert asyncio.run(story()) == 30


def test_threads_use_one_engine_at_once(tmp_path: Path) -> None:
    with Engine.from_yaml(in_file(tmp_path / "jit.db"), environ={}) as opened:
        failures: list[BaseException] = []

        def work(name: str) -> None:
            try:
                me = Caller(f"{name}@example.com")
                for _ in range(10):
                    request = opened.submit(me, role="operator", reason="x")
                    given = opened.approve(LEAD, request.id)
                    assert given.grant_id is not None
                    assert opened.check(me.principal, "tools.execute").grant_id == given.grant_id
                    opened.revoke(LEAD, given.grant_id, reason="x")
                    assert not opened.check(me.principal, "tools.execute").allowed
            except BaseException as failure:  # told below
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(f"dev{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        opened.tick()
        assert opened.verify() == 8 * 10 * 6 + 1, "and the record of the configuration"


def test_closing_under_running_calls_ends_them_or_refuses_them(tmp_path: Path) -> None:
    for _ in range(20):
        opened = Engine.from_yaml(in_file(tmp_path / "jit.db"), environ={})
        outcomes: list[str] = []

        def ask(engine: Engine = opened, outcomes: list[str] = outcomes) -> None:
            try:
                while True:
                    engine.check("dev@example.com", "tools.execute")
                    engine.submit(DEV, role="operator", reason="x")
            except Unavailable as error:
                outcomes.append(str(error))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.005)
        opened.close()
        for thread in threads:
            thread.join(10)
        assert len(outcomes) == 3
        assert all("is closed" in outcome for outcome in outcomes)
    with Engine.from_yaml(in_file(tmp_path / "jit.db"), environ={}) as again:
        assert again.verify() == again.revision


def test_a_directory_is_asked_of_those_who_ask_and_review() -> None:
    people: dict[str, tuple[bool, list[str]]] = {}
    asked: list[tuple[str, bool]] = []

    def directory(principal: str, agent: bool) -> tuple[bool, list[str]] | None:
        asked.append((principal, agent))
        return people.get(principal)

    config = CONFIG.replace("jit_access:", "jit_access:\n  agents: {require_person: false}")
    with Engine.from_yaml(config, environ={}, directory=directory) as engine:
        request = engine.submit(DEV, role="operator", reason="x")
        engine.submit(Caller("bot", agent=True), role="operator", reason="x")
        # The engine may ask again, as when a command has to be decided anew.
        assert list(dict.fromkeys(asked)) == [("dev@example.com", False), ("bot", True)]
        engine.standing("dev@example.com", enabled=False)
        with pytest.raises(Refused, match="disabled"):
            engine.submit(DEV, role="operator", reason="y", duration_hours=2)
        people["dev@example.com"] = (True, [])
        assert engine.submit(DEV, role="operator", reason="y", duration_hours=2).status == "pending"
        people["dev@example.com"] = (False, [])
        with pytest.raises(Refused, match="disabled"):
            engine.approve(LEAD, request.id)
        people["dev@example.com"] = (True, [])
        people["lead@example.com"] = (False, ["lead"])
        with pytest.raises(Refused, match="is disabled"):
            engine.approve(LEAD, request.id)
        del people["lead@example.com"]
        assert engine.approve(LEAD, request.id).status == "approved"
        asked.clear()
        assert engine.check("dev@example.com", "tools.execute", current=True).allowed
        assert asked == [], "never by a check"


@pytest.mark.parametrize("wrong", ["yes", (1,), (True, [""]), (True, "lead"), 7])
def test_a_directory_that_cannot_say_keeps_things_as_they_are(wrong: Any) -> None:
    def failing(principal: str, agent: bool) -> None:
        raise LookupError("no route to the directory")

    for directory in (failing, lambda *_: wrong):
        with Engine.from_yaml(CONFIG, environ={}, directory=directory) as engine:
            with pytest.raises(Unavailable) as caught:
                engine.submit(DEV, role="operator", reason="x")
            assert caught.value.retryable
            assert not engine.requests(DEV).items


def test_time_moves_when_a_test_moves_it() -> None:
    clock = ManualClock("2026-12-01T09:00:00Z")
    with Engine.from_yaml(CONFIG, environ={}, clock=clock) as engine:
        grant = granted(engine, duration_hours=1)
        assert grant.starts_at == clock.wall == datetime(2026, 12, 1, 9, tzinfo=UTC)
        clock.advance(timedelta(minutes=59, seconds=59.999))
        assert engine.check("dev@example.com", "tools.execute").allowed
        clock.advance(timedelta(milliseconds=1))
        assert not engine.check("dev@example.com", "tools.execute").allowed
        clock.set_wall(datetime(2026, 12, 1, 9, tzinfo=UTC))
        assert not engine.check("dev@example.com", "tools.execute").allowed, "a wall clock set back revives nothing"
        engine.tick()
        assert engine.grant(LEAD, grant.id).status == "expired"
    with pytest.raises(InvalidInput, match="0 or more"):
        clock.advance(timedelta(milliseconds=-1))
    clock.advance(timedelta.max)
    assert clock.wall.year == 9999
    with pytest.raises(TypeError):
        clock.advance(1)  # type: ignore[arg-type]


def test_the_package_exports_what_it_names() -> None:
    assert sorted(jit_access.__all__) == jit_access.__all__
    for name in jit_access.__all__:
        assert getattr(jit_access, name) is not None
