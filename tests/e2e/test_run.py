"""The demo as a person meets it: started, followed to the letter, ended with Ctrl-C, over what earlier tests left."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import World, eventually

import run

COMMAND = [sys.executable, str(run.HERE / "run.py")]


@pytest.fixture(scope="module")
def stopped(world: World) -> World:
    """The state that the tests before made, with nobody on it."""
    world.gateway.stop()
    return world


def printed(process: subprocess.Popen[str], last: str) -> Iterator[str]:
    """What it prints, until a line with `last` in it."""
    assert process.stdout is not None
    for line in process.stdout:
        yield line.rstrip("\n")
        if last in line:
            return
    pytest.fail(f"ended with {process.wait()} before it was up")


def to_paste(guide: list[str]) -> str:
    """The lines of the guide that are for the shell."""
    sourced = next(line.removeprefix("Try").strip() for line in guide if line.startswith("Try"))
    return "\n".join([sourced, *(line for line in guide if line.startswith(("curl ", "ID=")))])


def test_the_lines_it_prints_work_when_pasted_and_ctrl_c_ends_it_cleanly(stopped: World) -> None:
    state, port = stopped.gateway.state.root, stopped.gateway.port
    asked = [*COMMAND, "--state", str(state), "--port", str(port), "--tools-port", str(spare_port(stopped))]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            script = to_paste(list(printed(process, "Ctrl-C")))
            pasted = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, check=False)
            statuses = [line for line in pasted.stdout.splitlines() if line in ("403", "200")]
            assert statuses == ["403", "200"], pasted
            wanted = ("mail to ", "Slack at /slack", "webhook at /hook", "asks for")
            mailbox = f"http://127.0.0.1:{port + 3}/"
            eventually(
                lambda: all(one in run.call("GET", mailbox).text for one in wanted), "every message is in the mailbox"
            )
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert run.is_free(port), "nothing is left running"
    assert (Path(state) / "tokens.env").stat().st_mode & 0o077 == 0
    assert (Path(state) / "secrets.json").stat().st_mode & 0o077 == 0


def spare_port(world: World) -> int:
    """The demo's own tools need a port beside the one the tests hold."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = int(probe.getsockname()[1])
    assert found != world.tools_port
    return found


def test_a_port_in_use_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        asked = [*COMMAND, "--state", str(tmp_path / "state"), "--port", str(port)]
        refused = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1
    assert f"port {port} is in use" in refused.stderr
    assert "--port" in refused.stderr
    assert not (tmp_path / "state").exists()
