"""The document of the routes against the routes: what it says is complete and true, whatever is sent.

schemathesis reads the document as any client does, makes requests of it, right ones and wrong ones, and holds what
comes back against it. The engine behind the routes is a real one. Chance is the same every time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("schemathesis")

import jsonschema_rs
import schemathesis
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis import Case
from schemathesis.checks import CheckContext
from schemathesis.core.transport import Response
from schemathesis.generation.stateful import run_state_machine_as_test
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from jit_access import Caller, Engine
from jit_access.problems import MEDIA_TYPE
from jit_access.router import create_router

CONFIG = """
jit_access:
  max_duration_hours: 8
  require_justification: false
  approver_roles: [boss]
  auto_approve_for_roles: [on_call]
  auto_extend: true
  break_glass: {enabled: true, eligible_roles: [sre], max_duration_hours: 1}
  limits: {requests_per_hour: 30}
  roles:
    auditor: {permissions: ["audit:read"]}
    responder: {permissions: ["logs.*"], max_duration_hours: 2}
"""
DEAD_CHANNEL: Final = """
  notifications:
    channels:
      mail: {kind: email, host: 127.0.0.1, port: 9, security: none, from: jit@example.com, to: [boss@example.com]}
"""
PEOPLE: Final = {"dev": ["sre"], "oncall": ["on_call"], "lead": ["boss"], "boss": ["boss", "on_call", "sre"]}
"""By token: everybody who can call, and the roles of each."""
OWN: Final = {"submit", "break_glass", "extend", "answer", "withdraw", "release"}
"""What people do with their own; the rest is done to others."""
RUN: Final = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

bearer = HTTPBearer(auto_error=False)


def who(token: HTTPAuthorizationCredentials | None = Depends(bearer)) -> Caller:
    """The host's authentication."""
    if token is None or token.credentials not in PEOPLE:
        raise HTTPException(401, "who are you?", headers={"WWW-Authenticate": "Bearer"})
    name = token.credentials
    return Caller(f"{name}@example.com", roles=PEOPLE[name], amr=["pwd", "otp"], auth_time=int(time.time()))


def by(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


class World:
    """The engine behind the routes, which every story begins with anew."""

    def __init__(self) -> None:
        self.begin()

    def begin(self, more: str = "") -> None:
        self.engine = Engine.from_yaml(CONFIG + more, environ={})
        self.follows = True

    def follow(self) -> None:
        if not self.follows:
            raise OSError("the host's database is away")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)


world: Any = World()
app = FastAPI()
app.include_router(create_router(world, caller=who, on_change=world.follow))
schema = schemathesis.openapi.from_asgi("/openapi.json", app)
schema.config.checks.update(
    excluded_check_names=[
        "positive_data_acceptance",  # The document tells shapes; what a rule refuses beyond is for `refusals_help`.
        "allow_header_conformance",  # Starlette names the methods of one route of a path, not of all.
    ]
)
document: dict[str, Any] = schema.raw_schema
operations: dict[str, Any] = {
    operation["operationId"].removeprefix("jit_"): schema[path][method]
    for path, methods in document["paths"].items()
    for method, operation in methods.items()
}


def declared_by_name(context: CheckContext, response: Response, case: Case) -> None:
    """The `default` answer of the document is for hosts; what the routes themselves answer stands there by status."""
    if response.status_code == 405 and case.method.lower() not in document["paths"][case.path]:
        return
    assert str(response.status_code) in case.operation.definition.raw["responses"], response.text


def refusals_help(context: CheckContext, response: Response, case: Case) -> None:
    """What is refused is refused with what would be right, or by the name of a rule."""
    if response.status_code == 400:
        problem = response.json()
        assert (
            problem["code"] != "invalid"
            or {"field", "expected"} <= problem.keys()
            or problem.get("errors")
            or "JSON" in problem["detail"]
        ), problem


CHECKS: Final = [declared_by_name, refusals_help]
CONFORMANCE: Final = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(autouse=True, scope="module")
def streams_end_at_once() -> Iterator[None]:
    """After what has happened by then; a stream of events goes on for a minute elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jit_access.events._LONGEST_SECONDS", 0.0)
        yield


@schema.parametrize()
@RUN
def test_what_is_sent_is_answered_as_the_document_says(case: Case) -> None:
    # `GET /grants/revoke` is also `GET /grants/{id}`.
    also = [unsupported_method] if case.operation.path == "/jit/grants/revoke" else []
    case.call_and_validate(headers=by("boss"), additional_checks=CHECKS, excluded_checks=also)


class Story(schema.as_state_machine()):  # type: ignore[misc]
    """Requests that follow from answers: ids are followed from one operation to the next, by whoever may do that."""

    def setup(self) -> None:
        world.begin()
        self.calls = 0

    def teardown(self) -> None:
        world.verify()

    def before_call(self, case: Case) -> None:
        """Mostly what the rules have no reason to refuse, so that what comes after is reached as well."""
        self.calls += 1
        # Chance depends on what was drawn, and not on the ids of answers, or a story could not be told again.
        chance = random.Random(f"{self.calls} {case.operation.label}")
        right = "dev" if case.operation in (operations[name] for name in OWN) else "lead"
        self.caller = right if chance.random() < 0.8 else chance.choice(list(PEOPLE))
        if isinstance(case.body, dict) and case.meta.generation.mode.is_positive:
            plausible = {
                "role": chance.choice(["auditor", "responder"]),
                "duration_hours": chance.choice([None, 1]),
                "until": days(1),
                "to": "ben@example.com",
                **dict.fromkeys(("resource", "ticket_url", "permissions", "version", "from", "starts_at", "roles")),
                **dict.fromkeys(("reason", "comment", "question", "answer", "finding"), "INC-42"),
            }
            case.body = {
                name: plausible[name] if name in plausible and chance.random() < 0.9 else value
                for name, value in case.body.items()
            }

    def get_call_kwargs(self, case: Case) -> dict[str, Any]:
        return {"headers": by(self.caller)}

    def validate_response(self, response: Response, case: Case, **options: Any) -> None:
        try:
            super().validate_response(response, case, additional_checks=CHECKS, **options)
        except BaseException as failure:
            wrong.append(failure)
            raise
        finally:
            answered[0] += 1


wrong: list[BaseException] = []
answered = [0]


def test_stories_are_told_as_the_document_says() -> None:
    for chapter in range(6):
        # Ids are new in every story, and Hypothesis may notice that one cannot be told again. What was wrong is kept.
        with suppress(FlakyStrategyDefinition):
            run_state_machine_as_test(
                seed(chapter)(Story), settings=settings(RUN, max_examples=4, stateful_step_count=25)
            )
    assert not wrong, wrong[0]
    assert answered[0] > 200, "the stories are too short to tell anything"


NUMBERS = count(1)


class Walk:
    """Calls by name, each answer held against the document."""

    def __init__(self) -> None:
        world.begin(DEAD_CHANNEL)
        self.answered: set[tuple[str, int]] = set()

    def __call__(
        self, name: str, caller: str | None, body: Any = None, *, id: str | None = None, status: int = 200, **query: Any
    ) -> Any:
        parts: dict[str, Any] = {"query": query} if query else {}
        if id is not None:
            parts["path_parameters"] = {"id": id}
        if body is not None:
            parts |= {"body": body, "media_type": "application/json"}
        case = operations[name].Case(**parts)
        response = case.call(headers=by(caller) if caller else {})
        assert response.status_code == status, response.text
        case.validate_response(response, additional_checks=CHECKS, checks=CONFORMANCE)
        self.answered.add((name, status))
        kind = response.headers["content-type"][0]
        return response.json() if "json" in kind and "ndjson" not in kind else response.text

    def ask(self, **more: Any) -> str:
        # Two that are alike within a minute are one.
        new = {"role": "auditor", "duration_hours": 1, "reason": f"INC-{next(NUMBERS)}"}
        return str(self("submit", "dev", {**new, **more}, status=201)["id"])

    def give(self, **more: Any) -> str:
        return str(self("approve", "lead", id=self.ask(**more))["grant_id"])


def test_every_operation_answers_as_the_document_says_when_it_does_what_it_is_for() -> None:
    walk, why = Walk(), {"reason": "INC-42"}
    walk("submit", "dev", {"role": "auditor"}, dry_run=True)
    assert walk("explain", "dev", action="audit:read")["ask_for"] == ["auditor"]
    request = walk.ask(resource="server:shop")
    walk("ask", "lead", {"question": "which?"}, id=request)
    walk("answer", "dev", {"answer": "this", "resource": "tool@server:shop:deploy", "duration_hours": 2}, id=request)
    walk("approve", "lead", {"version": 2, "permissions": ["audit:read"], "duration_hours": 1}, id=request)
    walk("request", "dev", id=request)
    grant = walk.give()
    assert walk("submit", "dev", {"role": "auditor", "duration_hours": 0.5})["already"]
    walk("grant", "dev", id=grant)
    walk("suspend", "lead", why, id=grant)
    walk("resume", "lead", id=grant)
    walk("extend", "dev", {"duration_hours": 1}, id=grant, status=201)
    walk("release", "dev", id=grant)
    walk("deny", "lead", why, id=walk.ask())
    walk("withdraw", "dev", id=walk.ask())
    walk("revoke", "lead", why, id=walk.give())
    drill = walk("break_glass", "dev", {"role": "responder", "drill": True, **why}, status=201)["grant_id"]
    walk("waive_review", "lead", why, id=drill)
    walk("release", "dev", id=drill)
    taken = walk("break_glass", "dev", {"role": "responder", **why}, status=201)["grant_id"]
    walk("release", "dev", id=taken)
    assert [owed["id"] for owed in walk("unreviewed", "lead")["items"]] == [taken]
    walk("complete_review", "lead", {"justified": True, "finding": "it was"}, id=taken)
    lent = walk("delegate", "lead", {"to": "oncall@example.com", "until": days(1), **why}, status=201)["id"]
    walk("approve", "oncall", id=walk.ask())
    walk("delegations", "lead", limit=1)
    walk("undelegate", "lead", id=lent)
    walk("policies", "lead")
    assert walk("roles", "dev")["items"]
    walk("head", "lead")
    assert walk("revoke_many", "lead", {"role": "auditor", **why})["items"]
    walk.give()
    assert walk("standing", "lead", {"principal": "dev@example.com", "enabled": False})["items"]
    assert walk("accept_store", "lead", {"reason": "restored"})["items"] == []
    assert walk("accept_clock", "lead", {"reason": "compared"})["items"] == []
    until = time.monotonic() + 60
    while not walk("deliveries", "lead", channel="mail")["items"]:
        assert time.monotonic() < until, "the notices are planned"
        time.sleep(0.1)
    delivery = walk("deliveries", "lead", limit=1)["items"][0]["id"]
    assert walk("drop_delivery", "lead", id=delivery)["state"] == "dropped"
    assert walk("resend_delivery", "lead", id=delivery)["state"] == "waiting"
    assert [channel["channel"] for channel in walk("health", "lead")["channels"]] == ["mail"]
    for name in ("requests", "grants", "audit"):
        assert walk(name, "lead", limit=2)["items"]
    assert walk("story", "dev", id=grant)["items"]
    assert walk("summary", "dev", id=grant)["grant_id"] == grant
    assert grant in walk("summary_text", "dev", id=grant, form="text")
    assert "jit_" in walk("metrics", "lead")
    assert walk("export", "lead", grant_id=grant)
    assert walk("refusals", "lead")["items"] == []
    now, before = days(0), days(-1)
    walk("who_could", "lead", permission="audit:read", at=now)
    walk("remedies", "lead", action="audit:read")
    assert walk("right_size", "lead", role="auditor")["roles"][0]["role"] == "auditor"
    assert walk("replay", "lead", principal="dev@example.com", role="auditor", permissions=["audit:read"])["history"]
    walk("what_could", "lead", principal="dev@example.com", at=now)
    walk("what_changed", "lead", **{"from": before, "until": now})
    walk("evidence", "lead", **{"from": days(-2), "until": before})
    assert walk("alerts", "lead")["items"] == []
    walk("acknowledge_alert", "lead", why, id=grant, status=404)
    walk("silence_alert", "lead", {"duration_hours": 1, **why}, id=grant, status=404)
    # Whether a checkpoint is signed by now depends on the thread that signs, and a stream of events is no document.
    assert {name for name, _ in walk.answered} == operations.keys() - {"checkpoint", "proof", "events"}


def days(number: float) -> str:
    return (datetime.now(UTC) + timedelta(days=number)).isoformat()


def test_every_kind_of_no_is_a_problem_that_the_document_knows() -> None:
    walk, nobody = Walk(), "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b"
    request = walk.ask()
    walk("submit", "dev", {"role": "nobody"}, status=400)
    walk("submit", "dev", {"role": "auditor"}, status=400, dryrun=True)
    walk("approve", "oncall", id=request, status=404)
    walk("request", "lead", id=nobody, status=404)
    walk("approve", "dev", id=request, status=403)
    walk("deny", "lead", {"reason": "no"}, id=request)
    walk("approve", "lead", id=request, status=409)
    walk("submit", "dev", {"role": "auditor", "reason": "x" * 70_000}, status=413)
    grant = walk.give()
    world.follows = False
    walk("release", "dev", id=grant, status=503)
    world.follows = True
    for _ in range(28):
        walk.ask()
    walk("submit", "dev", {"role": "auditor"}, status=429)
    assert {status for _, status in walk.answered} == {200, 201, 400, 403, 404, 409, 413, 429, 503}


@pytest.mark.parametrize("name", sorted(operations))
def test_nobody_gets_anywhere_without_the_hosts_authentication(name: str) -> None:
    """Whatever else is wrong with the call: who is asking is settled first, and the answer is the host's own."""
    parts = {"path_parameters": {"id": "x"}} if "{id}" in operations[name].path else {}
    for headers in ({}, by("stranger")):
        response = operations[name].Case(**parts).call(headers=headers)
        assert (response.status_code, response.json()) == (401, {"detail": "who are you?"})


def parts_of(schema: dict[str, Any], at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each place of a schema that tells of a value, and what it says."""
    for name, found in schema.get("properties", {}).items():
        yield f"{at}.{name}", found
        yield from parts_of(found, f"{at}.{name}")
    if "items" in schema:
        yield from parts_of(schema["items"], f"{at}[]")


def test_the_document_describes_everything() -> None:
    silent = []
    for name, model in document["components"]["schemas"].items():
        if not name.startswith("HTTP"):
            silent += [name] * ("description" not in model)
            silent += [at for at, said in parts_of(model, name) if not said.get("description")]
    for name, operation in operations.items():
        said = operation.definition.raw
        silent += [name] * (not said.get("summary"))
        silent += [f"{name}?{one['name']}" for one in said.get("parameters", []) if not one.get("description")]
        for status, answer in said["responses"].items():
            silent += [f"{name} {status}"] * (not answer.get("description"))
            for kind, content in answer.get("content", {}).items():
                silent += [at for at, what in parts_of(content.get("schema", {}), kind) if not what.get("description")]
    assert silent == []


def test_its_examples_are_valid_and_every_body_has_one() -> None:
    schemas = document["components"]["schemas"]
    bodies = [name for name in schemas if name.endswith("Body") and name != "EmptyBody"]
    assert len(bodies) == 19
    for name in bodies:
        jsonschema_rs.validate({**schemas[name], "components": document["components"]}, schemas[name]["example"])
    problem = operations["submit"].definition.raw["responses"]["400"]["content"][MEDIA_TYPE]["schema"]
    jsonschema_rs.validate(problem, problem["example"])


def test_the_document_says_what_can_be_done_with_an_answer() -> None:
    known = {f"jit_{name}" for name in operations}
    links = [
        (name, link)
        for name, operation in operations.items()
        for answer in operation.definition.raw["responses"].values()
        for link in answer.get("links", {}).values()
        if not link.get("x-schemathesis", {}).get("is_inferred")
    ]
    assert {link["operationId"] for _, link in links} <= known
    assert {link["operationId"] for name, link in links if name == "submit"} >= {
        "jit_approve",
        "jit_deny",
        "jit_revoke",
    }
