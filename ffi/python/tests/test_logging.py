"""What an operator should know arrives in `logging`, from every thread, at exit and over forks."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jit_access import Caller, Engine, Unavailable

DEV = Caller("dev@example.com", roles=["on-call"])


def config(path: Path, **service: int) -> str:
    section = {
        "auto_approve_for_roles": ["on-call"],
        "store": {"path": str(path), "busy_timeout_ms": 100},
        "service": service,
        "roles": {"operator": {"permissions": ["tools.*"]}},
    }
    return json.dumps({"jit_access": section})


def wait_for(caplog: pytest.LogCaptureFixture, message: str) -> logging.LogRecord:
    """The first record that says this, whichever thread it came from."""
    for _ in range(2_000):
        for record in caplog.records:
            if message in record.getMessage():
                return record
        time.sleep(0.01)
    raise AssertionError(f"no record says {message!r}: {caplog.text}")


def test_a_failed_round_and_a_lost_store_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "jit_access")
    file, moved = tmp_path / "jit.db", tmp_path / "moved.db"
    with Engine.from_yaml(config(file, interval_ms=5, max_staleness_ms=0), environ={}) as engine:
        engine.submit(DEV, role="operator", reason="x")
        assert engine.check("dev@example.com", "tools.execute", current=True).allowed
        file.rename(moved)
        failed = wait_for(caplog, "background work failed")
        assert failed.levelno == logging.WARNING
        assert failed.name.startswith("jit_access.")
        assert failed.fields["error"] in failed.getMessage()  # type: ignore[attr-defined]
        assert engine.check("dev@example.com", "tools.execute", current=True).reason == "stale"
        wait_for(caplog, "the grants are not known to be current")
        moved.rename(file)
        assert wait_for(caplog, "background work succeeds again").levelno == logging.INFO
    assert caplog.text.count("background work failed") == 1, "once for the whole outage"


def test_hostile_text_stays_in_one_record_on_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder for checkpoints that is no folder, and whose name is another record."""
    caplog.set_level(logging.INFO, "jit_access")
    forged = "x\nERROR jit_access: the store is whole\r\x1b[2K\u202e\u2028y"
    (tmp_path / forged).write_text("")
    section = json.loads(config(tmp_path / "jit.db", interval_ms=5))
    section["jit_access"]["journal"] = {"checkpoint_folder": str(tmp_path / forged)}
    with Engine.from_yaml(json.dumps(section), environ={}) as engine:
        engine.submit(DEV, role="operator", reason="x")
        record = wait_for(caplog, "a checkpoint that was kept cannot be read")
    shown = "x ⏎ ERROR jit_access: the store is whole ⏎ [U+001B][2K[U+202E][U+2028]y"
    assert shown in record.getMessage()
    assert shown in record.fields["path"]  # type: ignore[attr-defined]
    for one in caplog.records:
        for text in [one.getMessage(), *one.fields.values()]:  # type: ignore[attr-defined]
            assert text.isprintable() and len(text.splitlines()) == 1, text
        assert logging.Formatter("%(levelname)s %(name)s %(message)s").format(one).count("\n") == 0


def test_uses_that_cannot_be_recorded_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, moved = tmp_path / "jit.db", tmp_path / "moved.db"
    engine = Engine.from_yaml(config(file, interval_ms=60_000, waiting_uses=1), environ={})
    engine.submit(DEV, role="operator", reason="x")
    time.sleep(0.2)  # The first round of the background work is over.
    assert engine.check("dev@example.com", "tools.execute").allowed
    file.rename(moved)
    assert engine.check("dev@example.com", "tools.execute").reason == "unrecordable"
    record = wait_for(caplog, "uses cannot be recorded")
    assert record.levelno == logging.WARNING
    assert record.threadName == threading.current_thread().name, "delivered by the call itself"
    with pytest.raises(Unavailable):
        engine.close()
    assert wait_for(caplog, "uses could not be written").levelno == logging.ERROR
    moved.rename(file)


def test_a_handler_may_use_the_engine_and_be_slow(tmp_path: Path) -> None:
    file, moved = tmp_path / "jit.db", tmp_path / "moved.db"
    engine = Engine.from_yaml(config(file, interval_ms=5, max_staleness_ms=0), environ={})
    engine.submit(DEV, role="operator", reason="x")
    seen: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(engine.check("dev@example.com", "tools.execute").outcome)
            time.sleep(0.02)

    handler = Handler()
    logging.getLogger("jit_access").addHandler(handler)
    try:
        file.rename(moved)
        threads = [
            threading.Thread(
                target=lambda: [engine.check("dev@example.com", "tools.execute", current=True) for _ in range(30)]
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        engine.close()
    finally:
        logging.getLogger("jit_access").removeHandler(handler)
        moved.rename(file)
    assert seen


def run(program: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **environ},
    )


def test_records_are_delivered_at_exit_and_nothing_is_printed_besides(tmp_path: Path) -> None:
    program = """
import logging, os, sys, time
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s", stream=sys.stdout)
from jit_access import Caller, Engine
engine = Engine.from_yaml(sys.argv[1], environ={})
engine.submit(Caller("dev@example.com", roles=["on-call"]), role="operator", reason="x")
assert engine.check("dev@example.com", "tools.execute").allowed
os.rename(sys.argv[2], sys.argv[2] + ".moved")
time.sleep(0.3)
# The engine is neither closed nor dropped.
globals()["keep"] = [engine]
keep.append(keep)
"""
    file = tmp_path / "jit.db"
    done = run(program, config(file, interval_ms=5), str(file))
    assert "WARNING jit_access." in done.stdout and "background work failed" in done.stdout, done
    assert "panicked" not in done.stderr, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_forks_while_records_are_delivered(tmp_path: Path) -> None:
    program = """
import logging, os, signal, sys, threading, time
signal.alarm(100)
from jit_access import Caller, Engine
mine = os.getpid()

class Handler(logging.Handler):
    def emit(self, record):
        seen.setdefault(os.getpid(), []).append(record.getMessage())
        time.sleep(0.001)

seen = {}
logging.getLogger("jit_access").addHandler(Handler())
file = sys.argv[2]
engine = Engine.from_yaml(sys.argv[1], environ={})
engine.submit(Caller("dev@example.com", roles=["on-call"]), role="operator", reason="x")
os.rename(file, file + ".moved")
going = True

def work():
    while going:
        engine.check("dev@example.com", "tools.execute", current=True)

threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads:
    thread.start()
for _ in range(10):
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        seen.clear()
        try:
            engine.check("dev@example.com", "tools.execute", current=True)
        except Exception as error:
            assert "unavailable" == error.code, error
        os._exit(0 if set(seen) <= {os.getpid()} else 1)
    _, status = os.waitpid(pid, 0)
    assert status == 0, status
going = False
for thread in threads:
    thread.join()
assert set(seen) == {mine}
os.rename(file + ".moved", file)
engine.close()
print("done")
"""
    file = tmp_path / "jit.db"
    done = run(program, config(file, interval_ms=1, max_staleness_ms=0), str(file))
    assert (done.returncode, done.stdout) == (0, "done\n"), done


def test_a_start_without_a_thread_says_so(tmp_path: Path) -> None:
    program = """
import sys
from jit_access import Engine, Unavailable
try:
    Engine.from_yaml(sys.argv[1], environ={})
except Unavailable as error:
    print(error.code, error.retryable, error)
"""
    # More than there is of address space: the system refuses every thread.
    done = run(program, config(tmp_path / "jit.db"), RUST_MIN_STACK=str(1 << 60))
    assert done.returncode == 0, done
    assert done.stdout.startswith("unavailable True starting the thread of the background work: "), done
