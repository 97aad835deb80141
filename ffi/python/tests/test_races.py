"""Commands that meet in two processes at one instant: exactly one outcome, told to both, and a journal that holds.

The processes share one SQLite file and nothing else. They spin until an instant of the clock that they share, so that
their commands begin within microseconds of each other; who wins is chance, and every test says what must hold anyway.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from jit_access import Caller, Conditions, Engine

CONFIG = """
jit_access:
  approver_roles: [lead]
  require_justification: false
  approval_timeout_hours: {timeout}
  limits: {limits}
  service: {{interval_ms: 60000}}
  store: {{path: {path}, busy_timeout_ms: 30000}}
  roles:
    operator: {{permissions: ["tools.*"]}}
    reader: {{permissions: ["logs:read"]}}
    writer: {{permissions: ["logs:write"]}}
"""
RACER = """
import json, sys, time
from jit_access import Caller, Engine, JitAccessError

engine = Engine.from_yaml(sys.argv[1], environ={})
print("ready", flush=True)
for line in sys.stdin:
    at, verb, (name, roles), given, options = json.loads(line)
    caller = Caller(name, roles=roles)
    while time.monotonic() < at:
        pass
    try:
        found = getattr(engine, verb)(caller, *given, **options)
        answer = json.loads(found.to_json()) | {"replayed": found.replayed}
    except JitAccessError as error:
        answer = json.loads(error.problem_json())
    print(json.dumps(answer), flush=True)
"""
ROUNDS = 25
DEV, ANN, BEN = ("dev@example.com", []), ("ann@example.com", ["lead"]), ("ben@example.com", ["lead"])
Order = tuple[str, tuple[str, list[str]], list[Any], dict[str, Any]]


def order(verb: str, who: tuple[str, list[str]], *given: Any, **options: Any) -> Order:
    return verb, who, list(given), options


NUMBERS = count(1)


class Racers:
    """Processes over one file, and an engine of our own that sets up what they race for."""

    def __init__(self, config: str, many: int) -> None:
        command = [sys.executable, "-c", RACER, config]
        self.processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(many)
        ]
        self.engine = Engine.from_yaml(config, environ={})
        assert [self.said(process) for process in self.processes] == ["ready"] * many

    @staticmethod
    def said(process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None
        return process.stdout.readline().strip()

    def race(self, *orders: Order, after: float = 0.003) -> list[dict[str, Any]]:
        """Carry these out, each in a process of its own, all of them at once; their answers."""
        at = time.monotonic() + after
        for process, given in zip(self.processes, orders, strict=False):
            assert process.stdin is not None
            process.stdin.write(json.dumps([at, *given]) + "\n")
            process.stdin.flush()
        return [json.loads(self.said(process)) for process, _ in zip(self.processes, orders, strict=False)]

    def ask(self, role: str = "operator", who: tuple[str, list[str]] = DEV) -> str:
        # Two that are alike within a minute are one.
        return self.engine.submit(Caller(who[0], roles=who[1]), role=role, reason=f"INC-{next(NUMBERS)}").id

    def status(self, request: str) -> str:
        return self.engine.request(Caller(ANN[0], roles=ANN[1]), request).status

    def clear(self) -> None:
        self.engine.revoke_many(Caller(ANN[0], roles=ANN[1]), everything=True, reason="next round")

    def end(self) -> None:
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(30) == 0
        assert self.engine.verify() == self.engine.sync()
        self.engine.close()


@pytest.fixture
def race(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Racers]:
    many, timeout, limits = getattr(request, "param", (2, 24, "{}"))
    racers = Racers(CONFIG.format(path=tmp_path / "jit.db", timeout=timeout, limits=limits), many)
    yield racers
    racers.end()


def won(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """The one that was carried out; the others are told no, and none of them that something broke."""
    [winner] = [answer for answer in answers if "code" not in answer]
    assert all(answer["status"] in (403, 409) for answer in answers if "code" in answer), answers
    return winner


def lost(answers: list[dict[str, Any]]) -> dict[str, Any]:
    [loser] = [answer for answer in answers if "code" in answer]
    return loser


def test_two_approvers(race: Racers) -> None:
    for _ in range(ROUNDS):
        request = race.ask()
        answers = race.race(order("approve", ANN, request), order("approve", BEN, request, duration_hours=0.5))
        winner = won(answers)
        assert (winner["status"], len(winner["reviews"])) == ("approved", 1)
        assert (lost(answers)["code"], lost(answers)["status"]) == ("request_not_pending", 409)
        assert "already approved" in lost(answers)["detail"], "the loser is told what has come of it"
        [grant] = race.engine.live_grants()
        assert grant.id == winner["grant_id"]
        assert grant.approved_by == winner["reviews"][0]["by"]
        race.clear()


def test_an_approver_and_one_who_denies(race: Racers) -> None:
    for _ in range(ROUNDS):
        request = race.ask()
        answers = race.race(order("approve", ANN, request), order("deny", BEN, request, reason="not today"))
        status = won(answers)["status"]
        assert lost(answers)["code"] == "request_not_pending"
        assert f"already {status}" in lost(answers)["detail"]
        assert race.status(request) == status
        assert len(race.engine.live_grants()) == (status == "approved")
        race.clear()


def test_an_approver_and_a_withdrawal(race: Racers) -> None:
    for _ in range(ROUNDS):
        request = race.ask()
        answers = race.race(order("approve", ANN, request), order("withdraw", DEV, request))
        status = won(answers)["status"]
        assert status in ("approved", "withdrawn")
        assert lost(answers)["code"] == "request_not_pending"
        assert f"already {status}" in lost(answers)["detail"]
        assert race.status(request) == status
        assert len(race.engine.live_grants()) == (status == "approved")
        race.clear()


@pytest.mark.parametrize("race", [(2, 1 / 3600, "{}")], indirect=True)
def test_two_approvals_at_the_instant_of_the_timeout(race: Racers) -> None:
    """Before it there is a grant, and from it on there is none; nobody sees the one and then the other."""
    asked = []
    for turn in range(ROUNDS):
        asked.append(race.ask(who=(f"dev{turn}@example.com", [])))
        time.sleep(0.03)
    for turn, request in enumerate(asked):
        limit = race.engine.request(Caller(f"dev{turn}@example.com"), request).times_out_at
        around = limit.timestamp() - time.time() + (turn % 5 - 2) * 0.001
        answers = race.race(order("approve", ANN, request), order("approve", BEN, request), after=around)
        time.sleep(max(0.0, limit.timestamp() - time.time()) + 0.002)
        race.engine.tick()
        grants = [grant for grant in race.engine.live_grants() if grant.request_id == request]
        if grants:
            assert datetime.fromisoformat(won(answers)["reviews"][0]["at"]) < limit
            assert lost(answers)["code"] in ("request_not_pending", "request_timed_out")
            assert race.status(request) == "approved"
        else:
            assert [answer["code"] for answer in answers] == ["request_timed_out"] * 2
            assert race.status(request) == "timed_out"


def test_revoked_and_given_back(race: Racers) -> None:
    for _ in range(ROUNDS):
        request = race.ask()
        race.engine.approve(Caller(ANN[0], roles=ANN[1]), request)
        [grant] = race.engine.live_grants()
        answers = race.race(order("revoke", ANN, grant.id, reason="odd calls"), order("release", DEV, grant.id))
        # Ending what has ended is no error: both are told how it ended.
        assert {answer["status"] for answer in answers} in ({"revoked"}, {"released"}), answers
        assert not race.engine.live_grants()


def test_one_key_is_one_request(race: Racers) -> None:
    for turn in range(ROUNDS):
        asked = order("submit", DEV, role="operator", idempotency_key=f"key-{turn}")
        answers = race.race(asked, asked)
        assert len({answer["id"] for answer in answers}) == 1
        assert sorted(answer["replayed"] for answer in answers) == [False, True]


@pytest.mark.parametrize(
    ("race", "limit"),
    [((4, 24, f"{{{limit}: 1}}"), limit) for limit in ("grants_total", "grants_per_person")],
    indirect=["race"],
    ids=["grants_total", "grants_per_person"],
)
def test_the_last_grant_of_a_limit(race: Racers, limit: str) -> None:
    people = [DEV if limit == "grants_per_person" else (f"dev{n}@example.com", []) for n in range(4)]
    roles = ["operator", "reader", "writer", "operator"]
    for _ in range(ROUNDS // 2):
        asked = [race.ask(role, who) for role, who in zip(roles, people, strict=True)]
        answers = race.race(*(order("approve", (f"lead{n}@example.com", ["lead"]), id) for n, id in enumerate(asked)))
        winner = won(answers)
        assert {answer.get("code") for answer in answers} == {None, "too_many_grants"}
        assert [grant.request_id for grant in race.engine.live_grants()] == [winner["id"]]
        assert sorted(map(race.status, asked)) == ["approved", "pending", "pending", "pending"]
        race.clear()
        for request, who in zip(asked, people, strict=True):
            if race.status(request) == "pending":
                race.engine.withdraw(Caller(who[0]), request)


@pytest.mark.parametrize("race", [(4, 24, "{open_requests_per_person: 1}")], indirect=True)
def test_the_last_request_of_a_limit(race: Racers) -> None:
    for _ in range(ROUNDS // 2):
        answers = race.race(*(order("submit", DEV, role=role) for role in ("operator", "reader", "writer", "operator")))
        winner = won(answers)
        assert {answer.get("code") for answer in answers} == {None, "too_many_open_requests"}
        assert race.engine.withdraw(Caller(DEV[0]), winner["id"]).status == "withdrawn"


def test_the_red_button_and_an_approval(race: Racers) -> None:
    """Whichever is first: nothing lives that was there when the button was pressed, and what is answered is true."""
    for _ in range(ROUNDS):
        before, request = race.ask("reader"), race.ask()
        race.engine.approve(Caller(ANN[0], roles=ANN[1]), before)
        with ThreadPoolExecutor(1) as pool:
            pressed = pool.submit(race.clear)
            [approved] = race.race(order("approve", BEN, request), after=0.0)
            pressed.result()
        assert approved["status"] == "approved"
        race.engine.sync()
        assert [grant.request_id for grant in race.engine.live_grants()] in ([], [request])
        race.clear()


COUNTER = """
import sys
from jit_access import Engine

engine, uses = Engine.from_yaml(sys.argv[1], environ={}), 0
while engine.check("dev@example.com", "tools.read").allowed:
    uses += 1
print(uses)
"""


def test_numbered_uses_are_exact_over_processes(tmp_path: Path) -> None:
    config = CONFIG.format(path=tmp_path / "jit.db", timeout=24, limits="{}")
    with Engine.from_yaml(config, environ={}) as engine:
        request = engine.submit(Caller(DEV[0]), role="operator", conditions=Conditions(max_uses=60))
        grant = engine.approve(Caller(ANN[0], roles=ANN[1]), request.id).grant_id
        assert grant is not None
        command = [sys.executable, "-c", COUNTER, config]
        counters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        assert sum(int(counter.communicate(timeout=120)[0]) for counter in counters) == 60
        found = engine.grant(Caller(DEV[0]), grant)
        assert (found.status, found.actions_taken) == ("exhausted", 60)
        engine.verify()
