"""The whole decision over real HTTP: who may ask, about whom, and that it is what the engine answers in process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
pytest.importorskip("uvicorn")

import httpx
from fastapi import FastAPI
from test_authzen import served

from jit_access import Caller, Engine
from jit_access.authzen import Pep, Peps
from jit_access.deciding import create_authorize_router

CONFIG = """
jit_access:
  approver_roles: [lead]
  roles: {operator: {permissions: [tools.execute]}}
  schema: {shipped: contextforge}
  standing_policies:
    text: '@id("reading") permit (principal, action == Action::"tools.read", resource is Tool);'
  guardrails:
    text: '@id("frozen") forbid (principal, action, resource in Server::"frozen");'
"""
TOKENS = {"shop": "s" * 40, "users": "u" * 40, "searcher": "x" * 40}
PEPS = [
    (Pep("shop"), TOKENS["shop"]),
    (Pep("users", speaks_for=["user"], may=["evaluate"]), TOKENS["users"]),
    (Pep("searcher", may=["search"]), TOKENS["searcher"]),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine.from_yaml(CONFIG, environ={}) as engine:
        yield engine


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[httpx.Client]:
    app = FastAPI()
    app.include_router(create_authorize_router(engine, pep=Peps(PEPS)))
    with served(app) as client:
        yield client


def question(action: str, parent: str = "server:shop", **more: Any) -> dict[str, Any]:
    caller = {"principal": "dev@example.com"}
    return {"caller": caller, "action": action, "resource": "tool:deploy", "parent": parent, **more}


def asked(client: httpx.Client, body: Any, program: str | None = "shop") -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKENS[program]}"} if program else {}
    return client.post("/jit/authorize", json=body, headers=headers)


def test_it_is_what_the_engine_answers(client: httpx.Client, engine: Engine) -> None:
    dev, lead = Caller("dev@example.com"), Caller("lead@example.com", roles=["lead"])
    made = engine.submit(dev, role="operator", duration_hours=1, reason="INC-1")
    grant = engine.approve(lead, made.id).grant_id
    seen = []
    for action, parent in [
        ("tools.read", "server:shop"),
        ("tools.execute", "server:shop"),
        ("tools.execute", "server:frozen"),
    ]:
        body = question(action, parent, peek=True)
        answer = asked(client, body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        found, own = answer.json(), json.loads(engine.authorize(json.dumps(body)))
        # Where a guardrail could apply, an answer holds for its own instant.
        assert (found.pop("valid_until") is None) == (own.pop("valid_until") is None)
        assert found == own
        seen.append((answer.json()["outcome"], answer.json()["policies"]))
    assert seen == [("allow", ["reading"]), ("allow", [grant]), ("deny", ["frozen"])]
    # An answer that is no peek is a use, as in process.
    assert asked(client, question("tools.execute")).json()["grant_id"] == grant
    engine.revoke(lead, grant, reason="over")
    assert asked(client, question("tools.execute", current=True)).json()["outcome"] == "not_applicable"
    uses = [one.event for one in engine.audit(Caller("lead@example.com", roles=["lead"]), event="grant_used").items]
    assert uses == ["grant_used"]


@pytest.mark.parametrize("program", [None, "searcher"])
def test_only_programs_that_may_evaluate_are_answered(client: httpx.Client, program: str | None) -> None:
    answer = asked(client, question("tools.read"), program)
    assert answer.status_code == (401 if program is None else 403)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "outcome" not in answer.json()


def test_a_program_asks_about_those_it_speaks_for(client: httpx.Client) -> None:
    assert asked(client, question("tools.read"), "users").status_code == 200
    agent = question("tools.read", caller={"principal": "bot", "agent": True})
    assert asked(client, agent, "users").status_code == 403
    assert asked(client, agent, "shop").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "document"),
        ({}, "caller"),
        ({"caller": {"principal": "dev"}}, "action"),
        ({"caller": 5, "action": "tools.read"}, "caller"),
        ({"caller": {"principal": 5}, "action": "tools.read"}, "principal"),
        (question("tools.read", colour="red"), "colour"),
        (question("tools.read", context={"now": 1}), "context"),
    ],
)
def test_a_wrong_question_is_a_problem_that_names_the_field(client: httpx.Client, body: Any, field: str) -> None:
    answer = asked(client, body)
    assert answer.status_code == 400, answer.text
    assert field in answer.json()["detail"], answer.text


def test_bytes_that_are_no_json_are_a_problem(client: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['shop']}", "content-type": "application/json"}
    for content in (b"{", b'{"a": 1, "a": 2}', b""):
        assert client.post("/jit/authorize", content=content, headers=headers).status_code == 400
