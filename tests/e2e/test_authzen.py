"""Another program asks the real gateway's decision point by AuthZEN, and asks for access there: a person approves in
the gateway, the same call passes, and a revocation ends it at once."""

from __future__ import annotations

import secrets
import uuid
from pathlib import Path
from typing import Any

import pytest
from conftest import ADMIN, DEV, World

import run

PUBLIC = "https://gateway.example.com"
"""Where programs reach the gateway, as a proxy before it would serve it."""
SHOP, SEARCHER, DECIDER = (secrets.token_urlsafe(32) for _ in range(3))


@pytest.fixture(scope="module", autouse=True)
def answering(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The gateway with two programs that may ask it."""
    folder: Path = tmp_path_factory.mktemp("authzen")
    (folder / "searcher").write_text(SEARCHER)
    clients = f"shop: {{token_env: SHOP_TOKEN}}, searcher: {{token_file: {folder / 'searcher'}, may: [search]}}"
    clients += ", decider: {token_env: DECIDER_TOKEN, speaks_for: [user], may: [authorize]}"
    settings = f"authzen: {{public_url: {PUBLIC}, clients: {{{clients}}}}}"
    world.restart(plugins=world.plugins_with(folder, settings), env={"SHOP_TOKEN": SHOP, "DECIDER_TOKEN": DECIDER})


def question(who: str = DEV, action: str = "tools.execute", tool: str = "deploy") -> dict[str, Any]:
    return {
        "subject": {"type": "user", "id": who},
        "action": {"name": action},
        "resource": {"type": "tool", "id": tool},
    }


def post(world: World, path: str, body: object, token: str | None = SHOP, **headers: str) -> run.Answer:
    return run.call("POST", f"{world.gateway.url}/access/v1/{path}", token=token, body=body, headers=headers)


def decided(world: World, **asked: Any) -> dict[str, Any]:
    answer = post(world, "evaluation", {**question(), **asked})
    assert answer.status == 200, answer
    return dict(answer.json())


def test_everybody_finds_where_to_ask(world: World) -> None:
    found = run.call("GET", f"{world.gateway.url}/.well-known/authzen-configuration")
    assert found.status == 200, found
    said = found.json()
    assert said["policy_decision_point"] == PUBLIC
    assert said["access_evaluation_endpoint"] == f"{PUBLIC}/access/v1/evaluation"


def test_only_the_programs_that_are_named_may_ask_and_only_what_they_may(world: World) -> None:
    assert post(world, "evaluation", question(), token=None).status == 401
    assert post(world, "evaluation", question(), token="x" * 43).status == 401
    assert post(world, "evaluation", question(), token=world.tokens[ADMIN]).status == 401, "people are no programs"
    assert post(world, "evaluation", question(), token=SEARCHER).status == 403


def test_what_the_gateways_roles_give_needs_no_grant(world: World) -> None:
    assert decided(world, **question(ADMIN))["decision"] is True
    assert (
        decided(world, action={"name": "tools/call"}, **{"subject": {"type": "user", "id": ADMIN}})["decision"] is True
    )
    assert decided(world, subject={"type": "user", "id": "nobody@example.com"}) == {"decision": False}


def test_denied_ask_wait_and_the_same_call_passes(world: World) -> None:
    try:
        denial = decided(world)
        assert denial["decision"] is False
        offer = denial["context"]["access_request"]
        assert offer["endpoint"] == f"{PUBLIC}/access/v1/requests"
        echo = {key: offer[key] for key in ("expires_at", "binding_token", "template")}
        named = {key: denial["context"][key] for key in ("evaluation_id", "reason")}
        submission = {
            **question(),
            "context": {"business_justification": "INC-12: the shop is down"},
            "denial": {**echo, **named},
        }
        asked = post(world, "requests", submission, **{"Idempotency-Key": str(uuid.uuid4())})
        assert asked.status == 202, asked
        status = asked.json()["task"]["status_endpoint"]

        queue = world.call(ADMIN, "GET", "/jit/requests?status=pending").json()["items"]
        [request] = [one for one in queue if one["requester_email"] == DEV]
        assert request["justification"] == "INC-12: the shop is down"
        approved = world.call(ADMIN, "POST", f"/jit/requests/{request['id']}/approve", {})
        assert approved.status == 200, approved

        task = run.call("GET", status.replace(PUBLIC, world.gateway.url), token=SHOP).json()
        assert task["task"]["status"] == "approved", task
        again = decided(world, context={"approval": task["result"]["approval"]})
        assert again["decision"] is True
        assert decided(world)["context"]["urn:jit-access:decision"]["grant"] == approved.json()["grant_id"]
        found = post(world, "search/resource", {**question(), "resource": {"type": "tool"}}, token=SEARCHER)
        assert {"type": "tool", "id": "deploy"} in found.json()["results"], found
        assert decided(world, **question(tool="other"))["decision"] is False, "it was for one tool"

        revoked = world.call(ADMIN, "POST", f"/jit/grants/{approved.json()['grant_id']}/revoke", {"reason": "enough"})
        assert revoked.status == 200, revoked
        over = decided(world, context={"approval": task["result"]["approval"]})
        assert over["decision"] is False
    finally:
        world.end_all()


def test_the_whole_decision_is_answered_to_the_program_that_may_ask_for_it(world: World) -> None:
    body = {"caller": {"principal": DEV}, "action": "tools.execute", "resource": "tool:deploy", "current": True}

    def authorize(token: str | None, asked: dict[str, Any] = body) -> run.Answer:
        return run.call("POST", f"{world.gateway.url}/jit/authorize", token=token, body=asked)

    assert authorize(None).status == 401
    assert authorize(world.tokens[ADMIN]).status == 401, "people are no programs"
    assert authorize(SHOP).status == 401, "a program that is not named for it"
    assert post(world, "evaluation", question(), token=DECIDER).status in (401, 403), "and for nothing else"
    agent = {**body, "caller": {"principal": "bot", "agent": True, "acts_for": DEV}}
    assert authorize(DECIDER, agent).status == 403, "it speaks for people alone"
    assert authorize(DECIDER).json()["outcome"] == "not_applicable"
    world.give(DEV, "operator")
    try:
        answer = authorize(DECIDER)
        assert (answer.status, answer.json()["outcome"]) == (200, "allow"), answer
        assert answer.json()["grant_id"]
    finally:
        world.end_all()
    assert authorize(DECIDER).json()["outcome"] == "not_applicable", "ended at once"
