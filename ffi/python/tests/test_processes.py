"""Processes that share one file: what one ends has ended for all, and no use is lost or counted twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jit_access import Caller, Engine

CONFIG = """
jit_access:
  approver_roles: [lead]
  service: {{max_staleness_ms: 60000, interval_ms: {interval}}}
  store: {{path: {path}, busy_timeout_ms: 30000}}
  roles:
    operator: {{permissions: ["tools.*"]}}
"""
DEV = Caller("dev@example.com")
LEAD = Caller("lead@example.com", roles=["lead"])

OTHER = """
import json, sys
from jit_access import Caller, Engine

engine = Engine.from_yaml(sys.argv[1], environ={})
for line in sys.stdin:
    verb, *given = json.loads(line)
    try:
        if verb == "check":
            answer = [engine.check("dev@example.com", "tools.execute").allowed for _ in range(given[0])][-1]
        elif verb == "check_current":
            answer = engine.check("dev@example.com", "tools.execute", current=True).allowed
        elif verb == "close":
            answer = engine.close()
        else:
            caller = Caller(given[0], roles=given[1])
            found = getattr(engine, verb)(caller, *given[2], **given[3])
            answer = json.loads(found.to_json())
    except Exception as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
"""


class Other:
    """Another process with an engine over the same file, that does as it is told."""

    def __init__(self, config: str) -> None:
        command = [sys.executable, "-c", OTHER, config]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, *order: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def __call__(self, *order: object) -> Any:
        self.tell(*order)
        return self.answer()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@pytest.fixture
def config(tmp_path: Path) -> str:
    # A keeper that never comes and an index that is never too old: what is right is so without them.
    return CONFIG.format(path=tmp_path / "jit.db", interval=60_000)


@pytest.fixture
def other(config: str) -> Iterator[Other]:
    started = Other(config)
    yield started
    started.end()


def granted(engine: Engine) -> str:
    request = engine.submit(DEV, role="operator", reason="x")
    grant = engine.approve(LEAD, request.id).grant_id
    assert grant is not None
    return grant


def test_what_one_process_does_the_other_sees_at_its_next_current_check(config: str, other: Other) -> None:
    with Engine.from_yaml(config, environ={}) as engine:
        assert other("check_current") is False
        for _ in range(20):
            grant = granted(engine)
            assert other("check_current") is True
            engine.revoke(LEAD, grant, reason="x")
            assert other("check_current") is False
            assert other("check", 1) is False
        grant = granted(engine)
        assert other("check_current") is True
        revoked = other("revoke", "lead@example.com", ["lead"], [grant], {"reason": "x"})
        assert revoked["status"] == "revoked"
        assert not engine.check("dev@example.com", "tools.execute", current=True, record=False).allowed
        assert not engine.check("dev@example.com", "tools.execute", current=True).allowed
        assert engine.grant(DEV, grant).status == "revoked"


def test_the_whole_workflow_across_processes(config: str, other: Other) -> None:
    with Engine.from_yaml(config, environ={}) as engine:
        asked = other("submit", "dev@example.com", [], [], {"role": "operator", "reason": "x", "idempotency_key": "k"})
        assert asked["status"] == "pending"
        again = engine.submit(DEV, role="operator", reason="x", idempotency_key="k")
        assert again.replayed and again.id == asked["id"], "a key is one key in all processes"
        assert engine.approve(LEAD, asked["id"]).status == "approved"
        refused = other("approve", "lead@example.com", ["lead"], [asked["id"]], {})
        assert "already approved" in refused["error"]
        assert other("check_current") is True


def test_uses_are_exact_across_processes(config: str) -> None:
    others = [Other(config) for _ in range(3)]
    with Engine.from_yaml(config, environ={}) as engine:
        grant = granted(engine)
        assert all(other("check_current") is True for other in others)
        for other in others:
            other.tell("check", 5_000)
        for _ in range(1_000):
            assert engine.check("dev@example.com", "tools.execute").allowed
        assert [other.answer() for other in others] == [True] * 3
        # A reader sees its own uses; those of others once they are written, at the latest when they close.
        for other in others:
            other("close")
            other.end()
        assert engine.grant(DEV, grant).actions_taken == 3 * 5_001 + 1_000
        assert engine.verify() == 4 + 3 * 5_001 + 1_000 + 1, "and the record of the configuration"


def test_two_processes_cannot_both_decide_one_request(config: str) -> None:
    others = [Other(config) for _ in range(4)]
    with Engine.from_yaml(config, environ={}) as engine:
        for _ in range(20):
            request = engine.submit(DEV, role="operator", reason="x")
            for n, other in enumerate(others):
                verb = "approve" if n % 2 else "deny"
                options = {"reason": "no"} if verb == "deny" else {}
                other.tell(verb, "lead@example.com", ["lead"], [request.id], options)
            answers = [other.answer() for other in others]
            assert len([answer for answer in answers if "error" not in answer]) == 1, answers
            assert all("already" in answer["error"] for answer in answers if "error" in answer)
        assert engine.verify() == engine.sync()
    for other in others:
        other.end()


def test_a_keeper_brings_news_without_being_asked(tmp_path: Path) -> None:
    config = CONFIG.format(path=tmp_path / "jit.db", interval=5)
    other = Other(config)
    with Engine.from_yaml(config, environ={}) as engine:
        grant = granted(engine)
        assert other("check_current") is True
        engine.revoke(LEAD, grant, reason="x")
        until = time.monotonic() + 30
        while other("check", 1):
            assert time.monotonic() < until, "the other process never heard of the revocation"
            time.sleep(0.001)
    other.end()
