"""Forked children: an engine that was open before goes on on both sides, and hurts nobody at the end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

PRELUDE = """
import faulthandler, gc, logging, os, signal, sys, threading, time
# Whoever hangs says where and dies; a child inherits the handler and not the alarm.
faulthandler.register(signal.SIGALRM, chain=True)
signal.alarm(60)
from jit_access import Caller, Engine, Unavailable
CONFIG = '''
jit_access:
  approver_roles: [lead]
  auto_approve_for_roles: [on-call]
  service: {{interval_ms: 1}}
  limits: {{requests_per_hour: 0, open_requests_per_person: 0}}
  store: {store}
  roles:
    operator: {{permissions: ["tools.*"]}}
'''
LEAD = Caller("lead@example.com", roles=["lead"])

def grant(engine, name):
    caller = Caller(name, roles=["on-call"])
    return engine.submit(caller, role="operator", reason="x").grant_id

def child(run):
    pid = os.fork()
    if pid == 0:
        code = 1
        signal.alarm(60)
        try:
            run()
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return pid

def wait(*pids):
    for pid in pids:
        _, status = os.waitpid(pid, 0)
        assert status == 0, (pid, status)
"""


def script(code: str, store: object) -> str:
    """Runs the code in a process of its own, and answers what it prints. Whatever it complains of is a failure."""
    program = PRELUDE.format(store=json.dumps(store)) + code
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    # Newer Pythons warn of any fork beside threads; that it goes well is what is shown here.
    complaints = [
        line for line in done.stderr.splitlines() if "DeprecationWarning" not in line and "os.fork()" not in line
    ]
    assert done.returncode == 0 and not complaints, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def file(tmp_path: Path) -> dict[str, object]:
    return {"path": str(tmp_path / "jit.db"), "busy_timeout_ms": 30_000}


def test_importing_and_opening_start_no_thread(file: dict[str, object]) -> None:
    if not Path("/proc/self/task").exists():
        pytest.skip("threads cannot be counted here")
    script(
        """
def threads():
    return len(os.listdir("/proc/self/task"))

assert threads() == 1, threads()
engine = Engine.from_yaml(CONFIG, environ={})
assert threads() == 1, threads()
engine.check("dev@example.com", "tools.execute")
assert threads() == 3, "the background work, and what verifies the journal"
assert threading.active_count() == 1, "which Python knows nothing of"
engine.close()
assert threads() == 1, threads()
""",
        file,
    )


def test_both_sides_of_a_fork_are_right_under_a_running_keeper(file: dict[str, object]) -> None:
    script(
        """
engine = Engine.from_yaml(CONFIG, environ={})
mine = grant(engine, "parent@example.com")
engine.check("parent@example.com", "tools.execute")

def run():
    assert engine.check("parent@example.com", "tools.execute").grant_id == mine, "what was granted before the fork"
    own = grant(engine, "child@example.com")
    assert engine.check("child@example.com", "tools.execute").grant_id == own
    engine.revoke(LEAD, own, reason="x")
    assert not engine.check("child@example.com", "tools.execute").allowed
    assert len(os.listdir("/proc/self/task")) >= 2, "a keeper of its own"
    engine.close()

for _ in range(40):
    pid = child(run)
    assert engine.check("parent@example.com", "tools.execute", current=True).grant_id == mine
    grant(engine, "other@example.com")
    wait(pid)
engine.verify()
assert engine.grant(LEAD, mine).actions_taken == 1 + 40 + 40
engine.revoke(LEAD, mine, reason="x")

def run():
    assert not engine.check("parent@example.com", "tools.execute").allowed

wait(child(run))
""",
        file,
    )


def test_a_revocation_after_the_fork_holds_on_the_other_side(file: dict[str, object]) -> None:
    script(
        """
engine = Engine.from_yaml(CONFIG, environ={})
first, second = grant(engine, "a@example.com"), grant(engine, "b@example.com")
to_child, from_child = os.pipe(), os.pipe()

def run():
    assert engine.check("a@example.com", "tools.execute", current=True).allowed
    engine.revoke(LEAD, second, reason="x")
    os.write(from_child[1], b"x")
    os.read(to_child[0], 1)
    assert not engine.check("a@example.com", "tools.execute", current=True).allowed, "revoked by the parent"

pid = child(run)
os.read(from_child[0], 1)
assert not engine.check("b@example.com", "tools.execute", current=True).allowed, "revoked by the child"
engine.revoke(LEAD, first, reason="x")
os.write(to_child[1], b"x")
wait(pid)
assert engine.verify() == engine.sync()
""",
        file,
    )


def test_forking_while_other_threads_are_in_the_middle_of_something(file: dict[str, object]) -> None:
    script(
        """
engine = Engine.from_yaml(CONFIG, environ={})
mine = grant(engine, "parent@example.com")
going = True
failures = []

def work(name):
    try:
        while going:
            own = grant(engine, name)
            assert engine.check(name, "tools.execute").allowed
            engine.revoke(LEAD, own, reason="x")
    except BaseException as failure:
        failures.append(failure)

def run():
    assert engine.check("parent@example.com", "tools.execute").allowed
    me = f"child{os.getpid()}@example.com"
    own = grant(engine, me)
    assert engine.check(me, "tools.execute").allowed
    engine.revoke(LEAD, own, reason="x")
    assert not engine.check(me, "tools.execute").allowed
    engine.verify()

threads = [threading.Thread(target=work, args=(f"t{n}@example.com",)) for n in range(4)]
for thread in threads:
    thread.start()
try:
    for _ in range(15):
        wait(child(run), child(run))
finally:
    going = False
for thread in threads:
    thread.join()
assert not failures, failures
engine.verify()
""",
        file,
    )


def test_forking_while_other_threads_open_and_close_engines(file: dict[str, object]) -> None:
    script(
        """
engine = Engine.from_yaml(CONFIG, environ={})
grant(engine, "parent@example.com")
going = True
failures = []

def work():
    try:
        while going:
            with Engine.from_yaml(CONFIG, environ={}) as other:
                assert other.check("parent@example.com", "tools.execute", current=True).allowed
    except BaseException as failure:
        failures.append(failure)

def run():
    # Two threads of the child meet at the engine that is not open here yet.
    seen = []
    both = [threading.Thread(target=lambda: seen.append(engine.check("parent@example.com", "tools.execute").allowed))
            for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert seen == [True, True]
    with Engine.from_yaml(CONFIG, environ={}) as other:
        own = grant(other, f"child{os.getpid()}@example.com")
        assert engine.check(f"child{os.getpid()}@example.com", "tools.execute", current=True).grant_id == own
    engine.verify()

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
try:
    for _ in range(25):
        wait(child(run))
finally:
    going = False
for thread in threads:
    thread.join()
assert not failures, failures
engine.verify()
""",
        file,
    )


def test_forking_while_other_threads_ask_the_file_and_other_hooks_run(file: dict[str, object]) -> None:
    script(
        """
# The hooks before a fork run from the last to the first: logging's wait for a lock after ours, and other threads go on.
engine = Engine.from_yaml(CONFIG, environ={})
mine = grant(engine, "parent@example.com")
going = True

def work():
    while going:
        engine.check("parent@example.com", "tools.execute", current=True)

def log():
    while going:
        logging.getLogger("x")

threads = [threading.Thread(target=work) for _ in range(3)] + [threading.Thread(target=log)]
for thread in threads:
    thread.start()
try:
    for _ in range(60):
        wait(child(lambda: engine.check("parent@example.com", "tools.execute", current=True)))
finally:
    going = False
for thread in threads:
    thread.join()
engine.verify()
""",
        file,
    )


def test_a_child_that_never_uses_the_engine_ends_in_peace(file: dict[str, object]) -> None:
    script(
        """
engine = Engine.from_yaml(CONFIG, environ={})
mine = grant(engine, "parent@example.com")

def drops():
    global engine
    del engine
    gc.collect()

for _ in range(40):
    wait(child(drops), child(lambda: engine.close()))
    # One that goes the whole way of an interpreter that ends.
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        sys.exit(0)
    wait(pid)
assert engine.check("parent@example.com", "tools.execute").allowed, "the parent's goes on"
engine.verify()
""",
        file,
    )


def test_children_of_children(file: dict[str, object]) -> None:
    out = script(
        """
engine = Engine.from_yaml(CONFIG, environ={})
grant(engine, "generation0@example.com")

def generation(n):
    assert engine.check(f"generation{n - 1}@example.com", "tools.execute").allowed
    grant(engine, f"generation{n}@example.com")
    if n < 4:
        wait(child(lambda: generation(n + 1)))
    assert engine.check("generation4@example.com", "tools.execute", current=True).allowed

wait(child(lambda: generation(1)))
assert engine.check("generation4@example.com", "tools.execute", current=True).allowed
print(engine.verify())
""",
        file,
    )
    assert int(out) >= 5 * 4


def test_a_store_in_memory_is_empty_in_the_child() -> None:
    script(
        """
engine = Engine.from_yaml(CONFIG, environ={})
grant(engine, "parent@example.com")

def run():
    assert not engine.check("parent@example.com", "tools.execute").allowed
    assert engine.live_grants() == []
    grant(engine, "child@example.com")
    assert engine.check("child@example.com", "tools.execute").allowed

wait(child(run))
assert engine.check("parent@example.com", "tools.execute").allowed
assert not engine.check("child@example.com", "tools.execute").allowed
""",
        {"type": "memory"},
    )


def test_a_closed_engine_stays_closed_in_the_child(file: dict[str, object]) -> None:
    script(
        """
engine = Engine.from_yaml(CONFIG, environ={})
engine.check("dev@example.com", "tools.execute")
engine.close()

def run():
    try:
        engine.check("dev@example.com", "tools.execute")
    except Unavailable:
        return
    raise AssertionError("open again")

wait(child(run))
""",
        file,
    )


def test_programs_started_without_our_hooks_disturb_nothing(file: dict[str, object]) -> None:
    script(
        """
import subprocess
engine = Engine.from_yaml(CONFIG, environ={})
mine = grant(engine, "parent@example.com")
for _ in range(20):
    subprocess.run(["true"], check=True)
    subprocess.run(["true"], check=True, close_fds=False)
    os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "true"], {}), 0)
    assert engine.check("parent@example.com", "tools.execute", current=True).allowed
engine.revoke(LEAD, mine, reason="x")
assert engine.verify() == engine.sync()
""",
        file,
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method: str, file: dict[str, object], tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        PRELUDE.format(store=json.dumps(file))
        + """
import multiprocessing

engine = Engine.from_yaml(CONFIG, environ={})

def work(n):
    own = grant(engine, f"p{n}@example.com")
    assert engine.check(f"p{n}@example.com", "tools.execute").grant_id == own
    # A pool ends its workers without running anything at their end, so what waits is written here.
    engine.tick()
    return own

if __name__ == "__main__":
    work(0)
    with multiprocessing.get_context(sys.argv[1]).Pool(3) as pool:
        owns = pool.map(work, range(1, 10))
        pool.close()
        pool.join()
    assert len(set(owns)) == 9
    for n in range(10):
        assert engine.check(f"p{n}@example.com", "tools.execute", current=True).allowed, n
    print(sum(engine.grant(LEAD, own).actions_taken for own in owns))
    engine.verify()
""",
        encoding="utf-8",
    )
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(program), method]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert int(done.stdout) == 9 + 9, "each once by its worker and once by the parent"


APP = """
import os

from fastapi import FastAPI

from jit_access import Caller, Engine

engine = Engine.from_yaml(os.environ["APP_CONFIG"], environ={})
engine.check("dev@example.com", "tools.execute")  # The keeper runs before the workers are forked.
DEV, LEAD = Caller("dev@example.com"), Caller("lead@example.com", roles=["lead"])
app = FastAPI()


@app.get("/check")
def check() -> dict[str, object]:
    return {"pid": os.getpid(), "allowed": engine.check("dev@example.com", "tools.execute", current=True).allowed}


@app.post("/grant")
def grant() -> str:
    request = engine.submit(DEV, role="operator", reason="x")
    return engine.approve(LEAD, request.id).grant_id


@app.post("/revoke/{grant}")
def revoke(grant: str) -> str:
    return engine.revoke(LEAD, grant, reason="x").status
"""


def test_gunicorn_with_preload(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn.workers")
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    config = {
        "approver_roles": ["lead"],
        "store": {"path": str(tmp_path / "jit.db")},
        "roles": {"operator": {"permissions": ["tools.*"]}},
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path / "log").open("w+")
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "--preload", "-w", "2", "-k", "uvicorn.workers.UvicornWorker"),
            *("-b", f"127.0.0.1:{port}", "app:app"),
        ],
        cwd=tmp_path,
        env={**os.environ, "APP_CONFIG": json.dumps({"jit_access": config}), "PYTHONWARNINGS": "ignore"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )

    def ask(method: str, path: str) -> object:
        # A connection of its own each time, so that both workers get some.
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def ask_both() -> list[bool]:
        """What each worker answers, until both have."""
        answers: dict[int, bool] = {}
        for _ in range(500):
            answer = ask("GET", "/check")
            assert isinstance(answer, dict)
            answers.setdefault(answer["pid"], answer["allowed"])
            assert answers[answer["pid"]] == answer["allowed"]
            if len(answers) == 2:
                return list(answers.values())
        raise AssertionError(f"only one worker answers: {answers}")

    try:
        for _ in range(300):
            try:
                ask("GET", "/check")
                break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.1)
        assert ask_both() == [False, False]
        for _ in range(3):
            grant = ask("POST", "/grant")
            assert ask_both() == [True, True]
            assert ask("POST", f"/revoke/{grant}") == "revoked"
            assert ask_both() == [False, False], "whichever worker revoked it"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            code = server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            raise
        log.seek(0)
        said = log.read()
        log.close()
    assert code == 0, said
    assert "panicked" not in said and "Traceback" not in said, said
