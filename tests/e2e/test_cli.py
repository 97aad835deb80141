"""The command line against the real gateway, in a real terminal: asked, approved, used, given back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import terminal
from budgets import write_budgets
from conftest import ADMIN, AUDIT_TRAIL, DEV, World

ROOT = Path(__file__).resolve().parents[2]
JIT = Path(sys.executable).with_name("jit")


@pytest.fixture(autouse=True)
def nothing_left(world: World) -> object:
    """No grant outlives its test."""
    yield
    if world.gateway.process is not None:
        world.end_all()


def env(world: World, who: str, home: Path) -> dict[str, str]:
    """The environment of one person."""
    common = {"PATH": os.environ["PATH"], "HOME": str(home), "TZ": "UTC", "TERM": "xterm-256color"}
    return {**common, "JIT_HOST": world.gateway.url, "JIT_TOKEN": world.tokens[who]}


def answer(world: World, who: str, home: Path, *words: str) -> dict[str, object]:
    """What `jit` answers as JSON."""
    done = subprocess.run(
        [str(JIT), *words, "--json"], env=env(world, who, home), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done
    return dict(json.loads(done.stdout))


def test_one_command_from_denied_to_working(world: World, tmp_path: Path) -> None:
    assert world.status(DEV) == 403
    approved: list[float] = []

    def approve() -> None:
        [waiting] = answer(world, ADMIN, tmp_path, "queue")["items"]  # type: ignore[misc]
        seen = terminal.run([str(JIT), "approve", waiting["id"][:13], "--for", "30m"], env=env(world, ADMIN, tmp_path))
        assert seen.code == 0, seen.text
        approved.append(time.monotonic())

    later = threading.Timer(2.0, approve)
    later.start()
    words = ["request", "auditor", "--for", "1h", "--reason", "INC-42: who changed the tool?", "--wait"]
    seen = terminal.run([str(JIT), *words], env=env(world, DEV, tmp_path))
    ended = time.monotonic()
    later.join()
    assert seen.code == 0, seen.text
    # The line that moves says whom it waits for, and since when.
    assert re.search(r"asked \d+ (person|people) with platform_admin · since \d\d:\d\d", " ".join(seen.text.split())), (
        seen.text
    )
    assert f"✓ approved by {ADMIN}: auditor on everything until" in seen.text
    assert world.status(DEV) == 200
    took = max(ended - approved[0], 0.0)
    assert took < 5, "nothing to do after the approval, and no long wait"
    if os.environ.get("UPDATE_BUDGETS"):
        cost = f"one command, over {took:.1f} s after the approval"
        write_budgets({"J2": ("J2", "denied to working again, in a terminal | one command", cost)})
    [grant] = answer(world, DEV, tmp_path, "grants")["items"]  # type: ignore[misc]
    released = terminal.run([str(JIT), "release", grant["id"][:13]], env=env(world, DEV, tmp_path))
    assert released.code == 0 and " · released" in released.text.splitlines()[0]
    assert world.status(DEV) == 403


def test_run_holds_the_role_while_its_command_runs(world: World, tmp_path: Path) -> None:
    def approve() -> None:
        [waiting] = answer(world, ADMIN, tmp_path, "queue")["items"]  # type: ignore[misc]
        answer(world, ADMIN, tmp_path, "approve", waiting["id"])

    # The command has the token of its own, because `jit run` keeps its own from it.
    fetch = (
        "import os, urllib.request as u;"
        " r = u.Request(os.environ['WHERE'], headers={'Authorization': 'Bearer ' + os.environ['KEY']});"
        " print('status', u.urlopen(r).status)"
    )
    variables = {"WHERE": world.gateway.url + AUDIT_TRAIL, "KEY": world.tokens[DEV]}
    words = ["run", "auditor", "--for", "30m", "--reason", "INC-43: look", "--", sys.executable, "-c", fetch]
    later = threading.Timer(2.0, approve)
    later.start()
    seen = terminal.run([str(JIT), *words], env={**env(world, DEV, tmp_path), **variables})
    later.join()
    assert (seen.code, "status 200" in seen.text) == (0, True), seen.text
    assert seen.text.splitlines()[-1] == "given back"
    assert world.status(DEV) == 403


def test_the_journal_is_read_and_a_wrong_token_is_refused(world: World, tmp_path: Path) -> None:
    world.give(DEV, "auditor")
    seen = terminal.run([str(JIT), "audit", "--limit", "5"], env=env(world, ADMIN, tmp_path), width=120)
    assert seen.code == 0 and re.search(r"request submitted", seen.text), seen.text
    wrong = {**env(world, DEV, tmp_path), "JIT_TOKEN": "nobody"}
    done = subprocess.run([str(JIT), "status"], env=wrong, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "jit login" in done.stderr) == (6, True), done
