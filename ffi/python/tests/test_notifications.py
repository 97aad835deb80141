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

from jit_access import Caller, Contact, Engine, InvalidInput, PeopleDirectory, Principal, Standing

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


class Host:
    """A host's directory that says who is told, and where."""

    def __init__(self) -> None:
        self.fails = False

    def standing(self, principal: Principal, /) -> Standing | None:
        return None

    def people_of(self, role: str, /) -> list[str]:
        if self.fails:
            raise OSError("the directory is away")
        return ["ann@example.com", "lost@example.com"] if role == "lead" else []

    def contact(self, principal: Principal, /) -> Contact | None:
        return None if principal == "lost@example.com" else Contact(email=f"to-{principal}", zone="Europe/Berlin")


def listed(engine: Engine, count: int, **query: Any) -> list[Any]:
    """The deliveries, as soon as there are so many."""
    until = time.monotonic() + 60
    while len(found := engine.deliveries(LEAD, **query).items) < count:
        assert time.monotonic() < until, found
        time.sleep(0.05)
    return list(found)


def test_a_directory_says_who_is_told_and_where(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    mail, host = receiver("smtp"), Host()
    assert isinstance(host, PeopleDirectory)
    channels = f"mail: {{kind: email, host: 127.0.0.1, port: {mail.port}, security: none, from: jit@example.com}}"
    host.fails = True
    with Engine.from_yaml(config(tmp_path, channels), directory=host) as engine:
        engine.submit(DEV, role="deployer", reason="INC-1")
        time.sleep(0.5)
        assert engine.deliveries(LEAD).items == (), "it waits for the directory"
    host.fails = False
    with Engine.from_yaml(config(tmp_path, channels), directory=host) as engine:
        engine.health(LEAD)
        found = listed(engine, 2)
        assert {(str(one.recipient), one.address, one.state == "failed") for one in found} == {
            ("ann@example.com", "to-ann@example.com", False),
            ("lost@example.com", None, True),
        }
        assert mail.next()["to"] == ["to-ann@example.com"]


def test_a_function_of_the_host_is_a_channel(tmp_path: Path) -> None:
    came: list[dict[str, Any]] = []

    def send(message: dict[str, Any]) -> str | None:
        came.append(message)
        if len(came) == 1:
            raise OSError("the host's queue is full")
        return "a reference"

    text = config(tmp_path, "own: {kind: host}").replace(
        "notifications: {", "notifications: {base_url: 'https://jit.example.com/access', "
    )
    with Engine.from_yaml(text) as engine:
        request = engine.submit(DEV, role="deployer", reason="INC-1")
        assert [(one.channel, one.waiting) for one in engine.health(LEAD).channels] == [("own", 0)]
        engine.add_channel("own", send)
        [one] = listed(engine, 1, channel="own", state="sent")
        assert (one.kind, one.attempts, one.id) == ("request_submitted", 2, came[0]["delivery"])
        assert [message["attempt"] for message in came] == [1, 2], "tried again, under one id"
        notice = came[1]["notices"][0]
        assert (notice["reason"], notice.get("audience")) == ("INC-1", None)
        page, _, token = notice["link"].partition("?link=")
        assert page == f"https://jit.example.com/access/requests/{request.id}"
        assert engine.verify_link(token).reader == "channel:own"
        assert engine.health(LEAD).channels[0].last_success is not None
        again = engine.resend_delivery(LEAD, one.id)
        assert (again.state, again.id) == ("waiting", one.id)
        until = time.monotonic() + 60
        while len(came) < 3:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert came[2]["delivery"] == one.id
        with pytest.raises(TypeError, match="send"):
            engine.add_channel("own", "no function")  # type: ignore[arg-type]


def test_no_channel_of_the_host_hides_one_of_the_configuration(tmp_path: Path) -> None:
    mail = "mail: {kind: email, host: 127.0.0.1, security: none, from: jit@example.com, to: [team@example.com]}"
    with (
        Engine.from_yaml(config(tmp_path, mail)) as engine,
        pytest.raises(InvalidInput, match=r"notifications\.channels\.mail\.kind"),
    ):
        engine.add_channel("mail", lambda message: None)


def test_a_link_is_verified_by_every_process_of_the_store(tmp_path: Path, receiver: Callable[..., Receiver]) -> None:
    hook = receiver("http")
    Path(tmp_path / "secret").write_text(SECRET)
    channels = (
        f"hook: {{kind: webhook, url: 'http://127.0.0.1:{hook.port}/in', secrets_file: [{tmp_path / 'secret'}],"
        " allow_private: true}"
    )
    text = config(tmp_path, channels).replace(
        "notifications: {", "notifications: {base_url: 'https://jit.example.com/access', "
    )
    with Engine.from_yaml(text) as engine, Engine.from_yaml(text) as other:
        request = engine.submit(DEV, role="deployer", reason="INC-1")
        address = json.loads(hook.next()["body"])["data"]["link"]
        token = address.split("?link=")[1]
        for each in (engine, other):
            link = each.verify_link(token)
            assert (link.request_id, link.version, link.reader) == (request.id, 1, "channel:hook")
            assert link.is_for("anybody@example.com") and link.until == request.times_out_at
        for wrong in (token[:-2], "x" + token, "", "a.b"):
            with pytest.raises(InvalidInput, match="link"):
                other.verify_link(wrong)
