"""Where the signed links of messages lead: each is taken from a mail that a real server received, and opened."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest

pytest.importorskip("jinja2")
from fastapi import FastAPI, Header, HTTPException
from fastapi.testclient import TestClient

from jit_access import Caller, Contact, Engine, Principal, Standing
from jit_access.pages import create_pages

RECEIVER = Path(__file__).resolve().parents[3] / "tests" / "deliver" / "receiver.py"
DEV, ANN, BOB = "dev@example.com", "ann@example.com", "bob@example.com"


class Host:
    """Two leads."""

    def standing(self, principal: Principal, /) -> Standing | None:
        return None

    def people_of(self, role: str, /) -> list[str]:
        return [ANN, BOB] if role == "lead" else []

    def contact(self, principal: Principal, /) -> Contact | None:
        return Contact(email=principal.name)


def caller(x_user: Annotated[str, Header()] = "") -> Caller:
    """Who is there, as the host has found out."""
    if not x_user:
        raise HTTPException(401)
    return Caller(x_user, roles=["lead"] if x_user in (ANN, BOB) else [])


class World:
    """An engine that sends mail, its pages, and what came."""

    def __init__(self, folder: Path, settings: str = "") -> None:
        command = [sys.executable, str(RECEIVER), "smtp"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = int(self.line())
        self.engine = Engine.from_yaml(
            f"""
jit_access:
  approver_roles: [lead]
  {settings}
  roles: {{deployer: {{permissions: [tools.execute]}}}}
  store: {{path: {folder / "jit.db"}}}
  notifications:
    base_url: https://jit.example.com/access
    channels: {{mail: {{kind: email, host: 127.0.0.1, port: {port}, security: none, from: jit@example.com}}}}
""",
            directory=Host(),
        )
        app = FastAPI()
        app.include_router(create_pages(self.engine, caller=caller, prefix="/access", sign_in="/login?next={here}"))
        self.web = TestClient(app, follow_redirects=False)

    def line(self) -> str:
        """One line of the receiver."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def mails(self, count: int) -> dict[str, dict[str, Any]]:
        """The next mails, by whom they are for."""
        found = [json.loads(self.line()) for _ in range(count)]
        return {one["to"][0]: one for one in found}

    def link(self, mail: dict[str, Any], what: str = "requests") -> str:
        """The path of its one link."""
        [address] = set(re.findall(rf"https://jit\.example\.com(/access/{what}\S*)", mail["parts"][0]))
        return str(address)

    def get(self, path: str, who: str = "") -> Any:
        """A page as somebody gets it."""
        return self.web.get(path, headers={"x-user": who} if who else {})

    def end(self) -> None:
        """End it."""
        self.engine.close()
        self.process.communicate(timeout=30)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.end()


def records(world: World) -> int:
    """How many records there are."""
    return world.engine.verify()


def test_a_link_lands_on_the_page_where_its_reader_decides(world: World) -> None:
    request = world.engine.submit(Caller(DEV), role="deployer", duration_hours=1, reason="INC-1")
    mails = world.mails(2)
    assert set(mails) == {ANN, BOB}
    before = records(world)
    for who in (ANN, BOB):
        page = world.get(world.link(mails[who]), who)
        assert page.status_code == 200
        assert f'action="/access/requests/{request.id}/approve"' in page.text and "INC-1" in page.text
    assert records(world) == before, "opening it does nothing"
    assert world.engine.request(Caller(DEV), request.id).status == "pending"


def test_a_link_signs_nobody_in(world: World) -> None:
    request = world.engine.submit(Caller(DEV), role="deployer", reason="INC-2")
    link = world.link(world.mails(2)[ANN])
    answer = world.get(link)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/login?next=%2Faccess%2Frequests%2F")
    assert "%3Flink%3D" in answer.headers["location"], "signing in leads back to it"
    assert "set-cookie" not in answer.headers or "session" not in answer.headers["set-cookie"]
    posted = world.web.post(f"/access/requests/{request.id}/approve?link={link.partition('link=')[2]}")
    assert posted.status_code in (401, 403)
    assert world.engine.request(Caller(DEV), request.id).status == "pending"


def test_where_signing_in_leads_nowhere_else_the_link_is_kept(world: World) -> None:
    app = FastAPI()
    app.include_router(create_pages(world.engine, caller=caller, prefix="/access", sign_in="/admin/login"))
    world.engine.submit(Caller(DEV), role="deployer", reason="INC-3")
    link = world.link(world.mails(2)[ANN])
    answer = TestClient(app, follow_redirects=False).get(link)
    assert answer.status_code == 401
    assert "Sign in first" in answer.text and 'href="/admin/login"' in answer.text and f'href="{link}"' in answer.text
    assert "INC-3" not in answer.text, "nothing of the request is shown"


def test_a_link_is_for_whom_it_was_sent_to(world: World) -> None:
    world.engine.submit(Caller(DEV), role="deployer", reason="INC-4")
    link = world.link(world.mails(2)[ANN])
    page = world.get(link, BOB)
    assert page.status_code == 403 and "This link is for somebody else" in page.text
    assert ANN in page.text and BOB in page.text and "INC-4" not in page.text
    stranger = world.get(link, "eve@example.com")
    assert stranger.status_code == 403 and "Open the request" not in stranger.text


def test_a_link_of_an_earlier_version_says_so(world: World) -> None:
    request = world.engine.submit(Caller(DEV), role="deployer", duration_hours=2, reason="INC-5")
    link = world.link(world.mails(2)[ANN])
    world.engine.ask(Caller(ANN, roles=["lead"]), request.id, question="less?")
    world.mails(1)
    world.engine.answer(Caller(DEV), request.id, answer="yes", duration_hours=1)
    later = world.link(world.mails(2)[ANN])
    page = world.get(link, ANN)
    assert page.status_code == 409 and "version 1, and now it is version 2" in page.text
    assert "/approve" not in page.text and f'href="/access/requests/{request.id}"' in page.text
    assert world.get(later, ANN).status_code == 200


def test_a_link_that_was_changed_or_moved_leads_nowhere(world: World) -> None:
    world.engine.submit(Caller(DEV), role="deployer", duration_hours=1, reason="INC-6")
    first = world.link(world.mails(2)[ANN])
    world.engine.submit(Caller(DEV), role="deployer", duration_hours=2, reason="INC-7")
    other = world.link(world.mails(2)[ANN])
    token = first.partition("link=")[2]
    for path in (
        first[:-3],
        f"{first}x",
        first.partition("link=")[0] + "link=",
        f"{other.partition('?')[0]}?link={token}",
    ):
        page = world.get(path, ANN)
        assert page.status_code == 400 and "This link does not work" in page.text, path
        assert "/approve" not in page.text
    assert world.get(f"/access/requests/no-request?link={token}", ANN).status_code == 400


def test_a_link_ends_with_its_request(tmp_path: Path) -> None:
    world = World(tmp_path, "approval_timeout_hours: 0.001")
    try:
        request = world.engine.submit(Caller(DEV), role="deployer", reason="INC-8")
        link = world.link(world.mails(2)[ANN])
        assert world.get(link, ANN).status_code == 200
        time.sleep(max(0.0, request.times_out_at.timestamp() - time.time()) + 0.1)
        page = world.get(link, ANN)
        assert page.status_code == 410 and "This link is over" in page.text
    finally:
        world.end()


def test_a_decided_request_is_shown_as_it_is(world: World) -> None:
    request = world.engine.submit(Caller(DEV), role="deployer", reason="INC-9")
    links = {who: world.link(mail) for who, mail in world.mails(2).items()}
    world.engine.approve(Caller(BOB, roles=["lead"]), request.id)
    page = world.get(links[ANN], ANN)
    assert page.status_code == 200 and f"{request.id}/approve" not in page.text


def test_the_other_links_of_messages_lead_to_pages(world: World) -> None:
    request = world.engine.submit(Caller(DEV), role="deployer", reason="INC-10")
    grant = world.engine.approve(Caller(ANN, roles=["lead"]), request.id).grant_id
    warned = world.get(f"/access/grants/{grant}?do=extend", DEV)
    assert (warned.status_code, warned.headers["location"]) == (303, f"/access/requests/{request.id}")
    page = world.get(warned.headers["location"], DEV)
    for action in ("extend", "release"):
        assert f'action="/access/grants/{grant}/{action}"' in page.text, "where it is extended or given back"
    assert world.get("/access/grants", ANN).headers["location"] == "/access/active"
    for path in (f"grants/{grant}", f"grants/{grant}?do=review", "delegations", f"requests/{request.id}"):
        assert world.get(f"/access/{path}", ANN).status_code == 200, path


def test_what_could_not_be_told_is_seen_by_those_who_look_after_it(world: World) -> None:
    page = world.get("/access/health", ANN)
    assert page.status_code == 200
    for said in ("0 messages could not be sent", "It agrees with the record.", "Verified up to entry"):
        assert said in page.text, said
    assert "could not be sent" not in world.get("/access/health", DEV).text
