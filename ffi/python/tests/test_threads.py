"""Many threads at one engine: nothing is lost and nothing is given twice.

Under an interpreter with a lock of its own, threads meet inside the calls that wait for a store. Without one (a
free-threaded build of CPython) they meet everywhere, and that is what these tests are for.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from jit_access import Caller, Conditions, Engine, Unavailable

CONFIG = """
jit_access:
  approver_roles: [lead]
  auto_approve_for_roles: [on-call]
  service: {{waiting_uses: 64}}
  store: {store}
  roles:
    operator: {{permissions: ["tools.*"]}}
"""
LEAD = Caller("lead@example.com", roles=["lead"])
THREADS, ROUNDS = 8, 40

free_threaded = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"),
    reason="this interpreter has a lock (GIL): only a free-threaded build of CPython can show that none is needed",
)


@pytest.fixture(params=["memory", "file"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    store = "{}" if request.param == "memory" else f"{{path: {tmp_path / 'jit.db'}, busy_timeout_ms: 30000}}"
    return Engine.from_yaml(CONFIG.format(store=store), environ={})


def grant(engine: Engine, name: str, conditions: Conditions | None = None) -> str:
    caller = Caller(name, roles=["on-call"])
    made = engine.submit(caller, role="operator", reason="x", conditions=conditions)
    assert made.grant_id is not None
    return made.grant_id


def at_once(work: Callable[[int], int]) -> list[int]:
    """What each of the threads answers, after all of them began at one instant."""
    start, answers, failures = threading.Barrier(THREADS), [0] * THREADS, []

    def run(number: int) -> None:
        try:
            start.wait()
            answers[number] = work(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    return answers


def test_every_use_of_one_grant_by_many_threads_is_counted(engine: Engine) -> None:
    shared = grant(engine, "shared@example.com")

    def work(_number: int) -> int:
        allowed = [engine.check("shared@example.com", "tools.execute") for _ in range(ROUNDS * 25)]
        assert {decision.grant_id for decision in allowed} == {shared}
        return len(allowed)

    uses = sum(at_once(work))
    assert engine.grant(LEAD, shared).actions_taken == uses == THREADS * ROUNDS * 25
    engine.verify()


def test_threads_ask_check_and_revoke_at_once_and_each_sees_its_own(engine: Engine) -> None:
    shared = grant(engine, "shared@example.com")

    def work(number: int) -> int:
        name = f"t{number}@example.com"
        for _ in range(ROUNDS):
            own = grant(engine, name)
            assert engine.check(name, "tools.execute").grant_id == own
            assert engine.check("shared@example.com", "tools.execute").grant_id == shared
            engine.revoke(LEAD, own, reason="x")
            assert not engine.check(name, "tools.execute").allowed
        return ROUNDS

    rounds = sum(at_once(work))
    assert [live.id for live in engine.live_grants()] == [shared]
    assert engine.grant(LEAD, shared).actions_taken == rounds == THREADS * ROUNDS
    assert engine.verify() == engine.sync()


def test_numbered_uses_are_given_as_often_as_said_and_not_once_more(engine: Engine) -> None:
    numbered = grant(engine, "few@example.com", Conditions(max_uses=50))

    def work(_number: int) -> int:
        return sum(engine.check("few@example.com", "tools.execute").allowed for _ in range(20))

    assert sum(at_once(work)) == 50 < THREADS * 20
    assert engine.grant(LEAD, numbered).actions_taken == 50


def test_an_engine_that_is_closed_under_its_threads_answers_or_says_so(engine: Engine) -> None:
    grant(engine, "shared@example.com")

    def work(number: int) -> int:
        if number == 0:
            engine.close()
            return 0
        told = 0
        for _ in range(ROUNDS):
            try:
                assert engine.check("shared@example.com", "tools.execute").allowed
            except Unavailable as error:
                assert "closed" in str(error)
                told += 1
        return told

    at_once(work)
    with pytest.raises(Unavailable, match="closed"):
        engine.check("shared@example.com", "tools.execute")


SUBINTERPRETERS = """
import sys
try:
    import _interpreters as interpreters
    kinds = [("isolated",), ("legacy",)]
except ImportError:
    import _xxsubinterpreters as interpreters
    kinds = []
from jit_access import Caller, Engine

CONFIG = "jit_access: {approver_roles: [lead], roles: {reader: {permissions: [logs.read]}}}"
TRY = '''
import os
try:
    import jit_access
    said = "imported"
except ImportError as error:
    said = f"refused: {error}"
os.write(1, said.encode() + bytes([10]))
'''
engine = Engine.from_yaml(CONFIG, environ={})
made = [interpreters.create(*kind) for kind in kinds] or [interpreters.create(isolated=how) for how in (True, False)]
for one in made:
    interpreters.run_string(one, TRY)
    interpreters.destroy(one)
assert engine.submit(Caller("dev@example.com"), role="reader", reason="x").status == "pending"
engine.close()
print("whole", flush=True)
"""


def test_a_subinterpreter_is_refused_and_the_main_one_goes_on() -> None:
    done = subprocess.run([sys.executable, "-c", SUBINTERPRETERS], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    *tried, last = done.stdout.splitlines()
    assert len(tried) == 2, done.stdout
    assert all(one.startswith("refused:") and "subinterpreter" in one for one in tried), tried
    assert last == "whole"


@free_threaded
def test_importing_the_module_brings_no_lock_back() -> None:
    code = "import jit_access, sys; print(sys._is_gil_enabled())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout.strip(), done.stderr) == ("False", "")
