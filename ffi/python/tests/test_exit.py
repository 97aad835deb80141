"""The end of a process in which threads that nobody waits for are in the middle of a call."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jit_access import Engine

CONFIG = """
jit_access:
  approver_roles: [lead]
  store: {{path: {path}}}
  roles:
    operator: {{permissions: ["tools.*"]}}
"""

ENDS = """
import contextlib, sys, threading, time
from jit_access import Caller, Engine, JitAccessError

def directory(name, is_agent):
    time.sleep(0.001)
    return True, ["lead"]

engine = Engine.from_yaml(sys.argv[1], environ={}, directory=directory)
dev, lead = Caller("dev@example.com"), Caller("lead@example.com", roles=["lead"])

def works():
    while True:
        with contextlib.suppress(JitAccessError):
            request = engine.submit(dev, role="operator", reason="INC-1")
            engine.approve(lead, request.id)
            engine.grants(lead, limit=500)
            engine.check("dev@example.com", "tools.execute", current=True)

threads = [threading.Thread(target=works, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("after", [step / 40 for step in range(2, 14)])
def test_a_process_ends_while_daemon_threads_call_the_engine(tmp_path: Path, after: float) -> None:
    config = CONFIG.format(path=tmp_path / "jit.db")
    command = [sys.executable, "-c", ENDS, config, str(after)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    # The store is whole.
    with Engine.from_yaml(config, environ={}) as engine:
        assert engine.check("nobody@example.com", "tools.execute", current=True).allowed is False
