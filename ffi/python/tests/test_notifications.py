"""An engine that sends: its notices arrive in a real mail server and at a real receiver of webhooks."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jit_access import Caller, Engine, InvalidInput

RECEIVER = Path(__file__).resolve().parents[3] / "tests" / "deliver" / "receiver.py"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DEV, LEAD = Caller("dev@example.com"), Caller("lead@example.com", roles=["lead"])


class Receiver:
    """A receiver in a process of its own, and what came to it."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, str(RECEIVER), *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._line())

    def next(self) -> dict[str, Any]:
        """The next thing that comes."""
        return dict(json.loads(self._line()))

    def end(self) -> None:
        """End it."""
        self._process.communicate(timeout=30)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    """Starts receivers, and ends them."""
    started: list[Receiver] = []

    def start(*arguments: str) -> Receiver:
        started.append(Receiver(*arguments))
        return started[-1]

    yield start
    for one in started:
        one.end()


def config(folder: Path, channels: str) -> str:
    return f"""
jit_access:
  approver_roles: [lead]
  roles: {{deployer: {{permissions: [tools.execute]}}}}
  store: {{path: {folder / "jit.db"}}}
  notifications: {{channels: {{{channels}}}}}
"""


def test_a_request_arrives_by_mail_and_webhook(
    tmp_path: Path, receiver: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    mail, hook = receiver("smtp"), receiver("http", "--secret", SECRET)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    channels = (
        f"mail: {{kind: email, host: 127.0.0.1, port: {mail.port}, security: none,"
        " from: jit@example.com, to: [team@example.com]},"
        f"hook: {{kind: webhook, url: 'http://127.0.0.1:{hook.port}/in', secrets_env: [HOOK_SECRET],"
        " allow_private: true}"
    )
    engine = Engine.from_yaml(config(tmp_path, channels))
    try:
        request = engine.submit(DEV, role="deployer", duration_hours=1, reason="INC-1234: roll back")
        came = mail.next()
        assert came["to"] == ["team@example.com"]
        assert "dev@example.com" in str(came["headers"]) and "INC-1234" in str(came["parts"])
        told = hook.next()
        assert told["verified"] is True, "the published library of Standard Webhooks takes the signature"
        event = json.loads(told["body"])
        assert (event["specversion"], event["id"]) == ("1.0", told["headers"]["webhook-id"])
        assert request.id in told["body"]
        engine.approve(LEAD, request.id, duration_hours=0.5)
        assert "30 min" in str(mail.next()["parts"]), "the cut is named"
    finally:
        engine.close()


def test_a_dead_channel_holds_up_no_command(tmp_path: Path) -> None:
    dead = (
        "mail: {kind: email, host: 127.0.0.1, port: 9, security: none, from: jit@example.com, to: [team@example.com]}"
    )
    engine = Engine.from_yaml(config(tmp_path, dead))
    begun = time.monotonic()
    engine.submit(DEV, role="deployer", reason="INC-1")
    engine.close()
    assert time.monotonic() - begun < 5, "closing waits a second for what is under way, and no longer"


def test_a_mistake_in_a_channel_stops_the_start(tmp_path: Path) -> None:
    wrong = "mail: {kind: email, host: 127.0.0.1, security: none, from: nobody, to: [team@example.com]}"
    with pytest.raises(InvalidInput, match=r"notifications\.channels\.mail\.from"):
        Engine.from_yaml(config(tmp_path, wrong))
