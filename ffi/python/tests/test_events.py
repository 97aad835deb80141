"""`GET /jit/events` over real HTTP: a stream that goes on gives exactly what was missed, to whom may know it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
pytest.importorskip("uvicorn")

import httpx
import uvicorn
from fastapi import FastAPI, Header

from jit_access import Caller, Engine
from jit_access.router import create_router

CONFIG = """
jit_access:
  approver_roles: [boss]
  roles: {auditor: {permissions: ["audit:read"]}}
"""


def who(x_name: str = Header(), x_roles: str = Header("")) -> Caller:
    return Caller(f"{x_name}@example.com", roles=[role for role in x_roles.split(",") if role])


BOSS = {"x-name": "boss", "x-roles": "boss"}
ANN = {"x-name": "ann"}
EVE = {"x-name": "eve"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    engine = Engine.from_yaml(CONFIG, environ={})
    while engine.revision == 0:  # The record of the configuration comes by itself.
        time.sleep(0.01)
    app = FastAPI()
    app.include_router(create_router(engine, caller=who))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=10) as client:
            yield client
        server.should_exit = True
        engine.close()
        thread.join()


def ask(client: httpx.Client, headers: dict[str, str]) -> str:
    answer = client.post("/jit/request", json={"role": "auditor", "reason": "look"}, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def recorded(client: httpx.Client, after: int) -> list[tuple[int, str]]:
    """What the journal has after this record."""
    page = client.get("/jit/audit", params={"after": after}, headers=BOSS).json()
    return [(record["revision"], record["event"]) for record in page["items"]]


def read(
    client: httpx.Client, headers: dict[str, str], count: int, after: int | None = None, acts: Any = None
) -> list[tuple[int, str]]:
    """The first events of a stream, which is broken off afterwards. `acts` is done once it has begun."""
    sent = headers if after is None else {**headers, "Last-Event-ID": str(after)}
    found: list[tuple[int, str]] = []
    with client.stream("GET", "/jit/events", headers={**sent, "accept": "text/event-stream"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        number = None
        for line in answer.iter_lines():
            if line.startswith("retry:") and acts is not None:
                acts()
            elif line.startswith("id: "):
                number = int(line.removeprefix("id: "))
            elif line.startswith("data: "):
                data = json.loads(line.removeprefix("data: "))
                assert data.keys() == {"revision", "kind"}, "the revision and the kind, and nothing of what happened"
                assert data["revision"] == number
                found.append((data["revision"], data["kind"]))
                if len(found) == count:
                    break
    return found


def test_a_stream_that_is_resumed_gives_exactly_what_was_missed(client: httpx.Client) -> None:
    asked: list[str] = []
    seen = read(client, BOSS, 1, acts=lambda: asked.append(ask(client, ANN)))
    assert [kind for _, kind in seen] == ["request_submitted"]
    # While nobody reads: one is approved, the background work notes that its grant has begun, and somebody else asks.
    assert client.post(f"/jit/requests/{asked[0]}/approve", json={}, headers=BOSS).status_code == 200
    other = ask(client, EVE)
    while len(written := recorded(client, seen[-1][0])) < 4:
        time.sleep(0.05)
    assert {kind for _, kind in written} >= {"request_approved", "grant_created", "request_submitted"}
    missed = read(client, BOSS, 4, after=seen[-1][0])
    assert missed == written
    # From the middle as well, and what is read twice is the same.
    assert read(client, BOSS, 3, after=missed[0][0]) == missed[1:]
    assert client.post(f"/jit/requests/{other}/deny", json={"reason": "no"}, headers=BOSS).status_code == 200


def test_everybody_is_told_of_what_they_may_see(client: httpx.Client) -> None:
    last = recorded(client, 0)[-1][0]
    mine, theirs = ask(client, EVE), ask(client, {"x-name": "fay"})
    assert client.post(f"/jit/requests/{theirs}/deny", json={"reason": "no"}, headers=BOSS).status_code == 200
    assert client.post(f"/jit/requests/{mine}/deny", json={"reason": "no"}, headers=BOSS).status_code == 200
    everything = read(client, BOSS, 4, after=last)
    assert everything == recorded(client, last)
    assert read(client, EVE, 2, after=last) == [everything[0], everything[3]]


def test_whoever_comes_with_a_number_of_another_store_is_told_to_read_anew(client: httpx.Client) -> None:
    found = read(client, BOSS, 1, after=1_000_000)
    assert [kind for _, kind in found] == ["missed"]
