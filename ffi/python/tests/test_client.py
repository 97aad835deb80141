"""The client: asks, waits, calls again; over a real server, with failures on the way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Header, Request
from starlette.responses import JSONResponse

from jit_access import Caller, Engine
from jit_access.client import (
    AccessDenied,
    AskingTransport,
    AsyncAskingTransport,
    AsyncClient,
    Client,
    NotApproved,
    Problem,
    StillWaiting,
    Unreachable,
    ask_and_retry,
    flows,
)
from jit_access.router import create_router

CONFIG = """
jit_access:
  store: {type: memory}
  approver_roles: [lead]
  roles: {operator: {permissions: [tools.execute]}}
"""
LEAD = Caller("lead@example.com", roles=["lead"])
BOT = Caller("bot", agent=True, acts_for="ann@example.com")


class Flaky(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """The application, over a network that loses what it is told to lose."""

    def __init__(self, app: FastAPI) -> None:
        self._inner = httpx.ASGITransport(app)
        self.lose: list[str] = []
        self.seen: list[tuple[str, str, str | None]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append((request.method, request.url.path, request.headers.get("idempotency-key")))
        fault = self.lose.pop(0) if self.lose else ""
        if fault == "before":
            raise httpx.ConnectError("refused")
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        if fault == "after":
            raise httpx.ReadError("cut off")
        if fault == "busy":
            return httpx.Response(503, headers={"Retry-After": "0"}, json={})
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self.handle_async_request(request))


class World:
    def __init__(self) -> None:
        self.engine = Engine.from_yaml(CONFIG)
        app = FastAPI()

        def caller(authorization: str = Header()) -> Caller:
            assert authorization == "Bearer secret"
            return BOT

        app.include_router(create_router(self.engine, caller=caller))

        @app.post("/deploy")
        async def deploy(request: Request) -> Any:
            body = (await request.body()).decode()
            if self.engine.check("bot", "tools.execute", "tool:deploy", agent=True).allowed:
                return {"deployed": body}
            found = self.engine.remedies(BOT, action="tools.execute", resource="tool:deploy")
            return JSONResponse({"access_request": __import__("json").loads(found.to_json())}, status_code=403)

        self.network = Flaky(app)
        self.client = Client("http://testserver/jit", token=lambda: "secret", transport=self.network)
        self.later = AsyncClient("http://testserver/jit", token="secret", transport=self.network)

    def answer_soon(self, answer: Callable[[str], object]) -> threading.Thread:
        """A person who answers the next request that waits."""

        def work() -> None:
            while not (waiting := self.engine.requests(LEAD, status="pending").items):
                threading.Event().wait(0.02)
            answer(waiting[0].id)

        person = threading.Thread(target=work)
        person.start()
        return person

    def approve(self, id: str) -> object:
        return self.engine.approve(LEAD, id)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(flows, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(flows, "_FIRST_POLL", 0.05)
    made = World()
    yield made
    made.client.close()


def allowed(world: World) -> bool:
    return world.engine.check("bot", "tools.execute", "tool:deploy", agent=True).allowed


def test_a_denial_becomes_a_request_a_wait_and_the_same_call_again(world: World) -> None:
    calls = []

    @ask_and_retry(world.client, reason="roll out")
    def deploy(what: str) -> str:
        calls.append(what)
        if not allowed(world):
            raise AccessDenied("tools.execute", "tool:deploy")
        return f"deployed {what}"

    person = world.answer_soon(world.approve)
    assert deploy("1.4.2") == "deployed 1.4.2"
    person.join()
    assert calls == ["1.4.2"] * 2
    assert deploy("1.4.3") == "deployed 1.4.3"
    assert len(world.engine.requests(LEAD).items) == 1, "what is granted is not asked for again"


def test_the_same_in_an_event_loop(world: World) -> None:
    @ask_and_retry(world.later, reason="roll out")
    async def deploy() -> str:
        if not allowed(world):
            raise AccessDenied("tools.execute", "tool:deploy")
        return "deployed"

    person = world.answer_soon(world.approve)
    assert asyncio.run(deploy()) == "deployed"
    person.join()


def test_an_exact_call_is_asked_for_once_and_for_itself(world: World) -> None:
    call = {"name": "deploy", "arguments": {"env": "staging"}}

    @ask_and_retry(world.client, reason="roll out")
    def deploy() -> None:
        raise AccessDenied("tools.execute", "tool:deploy", call=call)

    person = world.answer_soon(world.approve)
    with pytest.raises(AccessDenied):
        deploy()
    person.join()
    [asked] = world.engine.requests(LEAD).items
    assert asked.conditions is not None
    assert (asked.conditions.call, asked.conditions.max_uses) == (call, 1)


@pytest.mark.parametrize("kind", ["plain", "async"])
def test_a_transport_of_httpx_sends_the_same_request_again(world: World, kind: str) -> None:
    person = world.answer_soon(world.approve)
    if kind == "plain":
        transport = AskingTransport(world.client, reason="roll out", inner=world.network)
        answer = httpx.Client(transport=transport).post("http://testserver/deploy", content="1.4.2")
    else:

        async def send() -> httpx.Response:
            transport = AsyncAskingTransport(world.later, reason="roll out", inner=world.network)
            return await httpx.AsyncClient(transport=transport).post("http://testserver/deploy", content="1.4.2")

        answer = asyncio.run(send())
    person.join()
    assert (answer.status_code, answer.json()) == (200, {"deployed": "1.4.2"})


def test_a_call_that_was_lost_is_made_again_and_done_once(world: World) -> None:
    world.network.lose = ["before", "after", "busy"]
    made = world.client.submit(role="operator", reason="roll out")
    assert len({key for method, _, key in world.network.seen if method == "POST"}) == 1
    assert len(world.network.seen) == 4
    assert [one.id for one in world.engine.requests(LEAD).items] == [made["id"]]
    world.network.lose = ["before"] * 5
    with pytest.raises(Unreachable, match="refused"):
        world.client.roles()


def test_what_waits_is_not_asked_for_twice(world: World) -> None:
    first = world.client.ask("tools.execute", "tool:deploy", "roll out")
    assert world.client.ask("tools.execute", "tool:deploy", "again")["id"] == first["id"]
    other = world.client.ask("tools.execute", "tool:deploy", "once", conditions={"max_uses": 1})
    assert other["id"] != first["id"]
    assert world.client.withdraw(first["id"])["status"] == "withdrawn"


def test_a_no_is_told_with_its_reason_and_no_answer_as_such(world: World) -> None:
    person = world.answer_soon(lambda id: world.engine.deny(LEAD, id, reason="not in the freeze"))
    with pytest.raises(NotApproved, match="not in the freeze"):
        world.client.obtain("tools.execute", "tool:deploy", "roll out")
    person.join()
    with pytest.raises(StillWaiting):
        world.client.obtain("tools.execute", "tool:deploy", "roll out", patience=0.1)


def test_what_cannot_be_asked_for_is_said_at_once(world: World) -> None:
    with pytest.raises(Problem) as refused:
        world.client.ask("tokens.create", None, "all")
    assert refused.value.code == "not_requestable"
    with pytest.raises(ValueError, match="badly formed"):
        world.client.request("../roles")
    with pytest.raises(ValueError, match="not https"):
        Client("http://gateway.example.com/jit", token="secret")
