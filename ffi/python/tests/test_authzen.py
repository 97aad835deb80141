"""AuthZEN over real HTTP: the vectors of this project, and those of the working group where they are there."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
uvicorn = pytest.importorskip("uvicorn")

import httpx  # noqa: E402
from fastapi import FastAPI, Header, HTTPException, Request  # noqa: E402
from vectors import ORIGIN, Runner, Skipped  # noqa: E402

from jit_access import Caller, Engine, Principal  # noqa: E402
from jit_access.authzen import Pep, Peps, create_authzen_discovery, create_authzen_router  # noqa: E402
from jit_access.router import create_router  # noqa: E402

VECTORS = Path(__file__).parents[3] / "tests" / "authzen" / "vectors"
BESIDE = Path(__file__).parents[4] / "shared" / "authzen" / "vectors" / "interop"
INTEROP = Path(os.environ.get("AUTHZEN_INTEROP", BESIDE))
"""The interoperability vectors of the working group, which are no part of this project."""
TOKENS = {"pep": "p" * 40, "pep2": "q" * 40}
CALLERS = {name: {"Authorization": f"Bearer {token}"} for name, token in TOKENS.items()} | {
    "nobody": {},
    "stranger": {"Authorization": f"Bearer {'z' * 40}"},
}


def read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text())
    return loaded


def cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in read(name)["cases"]]


@contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    """The application behind a real server on a port of its own."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=60) as client:
            yield client
        server.should_exit = True
        thread.join(10)


def peps() -> Peps:
    return Peps([(Pep("pep"), TOKENS["pep"]), (Pep("pep2", speaks_for=["user:carol@example.com"]), TOKENS["pep2"])])


def nobody(_principal: Principal, _person: Principal | None) -> Caller | None:
    return None


# The world of the certification.

RECORDS = {"record-1": {"status": "active"}, "record-2": {"status": "archived"}}
USERS: dict[str, dict[str, Any]] = {"alice": {}, "bob": {"role": "admin"}}


def certified(question: dict[str, Any]) -> bool:
    subject, resource, action = question["subject"], question["resource"], question["action"]
    if subject["type"] != "user" or resource["type"] != "record":
        return False
    if subject["id"] not in USERS or resource["id"] not in RECORDS:
        return False
    person = USERS[subject["id"]] | (subject.get("properties") or {})
    record = RECORDS[resource["id"]] | (resource.get("properties") or {})
    match action["name"]:
        case "read":
            return True
        case "write" if record["status"] == "archived":
            return bool(person.get("role") == "admin")
        case "write":
            return bool(subject["id"] == "alice")
        case "delete":
            return subject["id"] == "alice" and (action.get("properties") or {}).get("soft") is True
    return False


def listed(what: str, _question: dict[str, Any]) -> list[Any]:
    match what:
        case "subject":
            return [("user", name) for name in USERS]
        case "resource":
            return [("record", name) for name in RECORDS]
    return ["read", "write", "delete"]


@pytest.fixture(scope="module")
def certification() -> Iterator[Runner]:
    with Engine.from_yaml("jit_access: {store: {type: memory}}", environ={}) as engine:
        app = FastAPI()
        app.include_router(
            create_authzen_router(
                engine, pep=peps(), standing=nobody, base=certified, candidates=listed, public_url=ORIGIN
            )
        )
        app.include_router(create_authzen_discovery(engine, public_url=ORIGIN))
        with served(app) as client:
            yield Runner(client, CALLERS)


@pytest.mark.parametrize("case", cases("certification"))
def test_the_certification_scenario(certification: Runner, case: dict[str, Any]) -> None:
    certification.run(case, {})


# The world of access requests.

STANDING = read("fixtures")["loop"]["standing"]
PEOPLE = {
    "requester": Caller("ann@example.com", roles=["engineer"]),
    "reviewer": Caller("bob@example.com", roles=["lead"]),
    "admin": Caller("root@example.com", roles=["lead", "platform_admin"]),
    "agent": Caller("deployer", agent=True, acts_for="ann@example.com", roles=["engineer", "lead"]),
    "agent2": Caller("other", agent=True, acts_for="ann@example.com", roles=["engineer", "lead"]),
}


def standing(principal: Principal, person: Principal | None) -> Caller | None:
    known = STANDING.get(str(principal))
    if known is None:
        return None
    return Caller(principal, roles=known["roles"], permissions=known["may"], acts_for=person)


def person(x_as: str | None = Header(None)) -> Caller:
    if x_as not in PEOPLE:
        raise HTTPException(401)
    return PEOPLE[x_as]


class Desk:
    """What happens outside the standards, on the plain routes."""

    def __init__(self, client: httpx.Client, engine: Engine) -> None:
        self.client, self.engine = client, engine

    def post(self, by: str, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.client.post(f"/jit{path}", json=body, headers={"X-As": by} if by != "pep" else CALLERS["pep"])

    def rows(self, what: str, resource_id: str) -> list[dict[str, Any]]:
        found = self.client.get(f"/jit/{what}", headers={"X-As": "admin"}, params={"text": resource_id, "limit": 50})
        return [one for one in found.json()["items"] if one["resource"] == f"tool:{resource_id}"]

    def __call__(self, op: str, args: dict[str, Any]) -> httpx.Response:
        place = args["resource_id"]
        by = args.get("by", "requester" if op in {"answer", "release"} else "reviewer")
        if op in {"revoke", "release", "suspend", "resume"}:
            grant = self.rows("grants", place)[0]["id"]
            return self.post(by, f"/grants/{grant}/{op}", {"reason": "vectors"} if op in {"revoke", "suspend"} else {})
        request = self.rows("requests", place)[0]["id"]
        body = {
            "approve": args.get("limit", {}),
            "deny": {"reason": "vectors"},
            "ask": {"question": "why?"},
            "answer": {"answer": "because"},
        }[op]
        return self.post(by, f"/requests/{request}/{op}", body)


@contextmanager
def loop_world(**how: Any) -> Iterator[tuple[Runner, Engine]]:
    config = {"jit_access": {**read("fixtures")["loop"]["config"]["jit_access"], "store": {"type": "memory"}}}
    with Engine.from_yaml(json.dumps(config), environ={}) as engine:
        app = FastAPI()
        given: dict[str, Any] = {"pep": peps(), "standing": standing, "denial_ttl_seconds": 6, **how}
        app.include_router(create_authzen_router(engine, public_url=ORIGIN, **given))
        app.include_router(create_authzen_discovery(engine, public_url=ORIGIN))
        app.include_router(create_router(engine, caller=person))
        with served(app) as client:
            yield Runner(client, CALLERS, Desk(client, engine)), engine


@pytest.fixture(scope="module")
def loop() -> Iterator[Runner]:
    with loop_world() as (runner, _):
        yield runner


@pytest.mark.parametrize("case", cases("arap"))
def test_access_requests(loop: Runner, case: dict[str, Any]) -> None:
    try:
        loop.run(case, read("arap")["vars"])
    except Skipped as skipped:
        pytest.fail(f"everything is here: {skipped}")


@pytest.mark.parametrize("case", cases("loop"))
def test_denied_asked_approved_permitted(loop: Runner, case: dict[str, Any]) -> None:
    loop.run(case, read("loop")["vars"])


# The worlds of the working group.

INTEROP_PEOPLE = {
    "fd0": ("rick@the-citadel.com", {"admin", "evil_genius"}),
    "fd1": ("morty@the-citadel.com", {"editor"}),
    "fd2": ("summer@the-smiths.com", {"editor"}),
    "fd3": ("beth@the-smiths.com", {"viewer"}),
    "fd4": ("jerry@the-smiths.com", {"viewer"}),
}


def interop(question: dict[str, Any]) -> bool:
    subject, resource, action = question["subject"], question["resource"], question["action"]["name"]
    if resource["type"] == "record":
        return record_of_interop(subject["id"], str(resource["id"]), action)
    mail, roles = INTEROP_PEOPLE[base64.b64decode(subject["id"] + "==")[2:5].decode()]
    is_own = (resource.get("properties") or {}).get("ownerID") == mail
    match action:
        case "can_read_user" | "can_read_todos" | "GET":
            return True
        case "can_create_todo":
            return bool(roles & {"admin", "editor"})
        case "can_update_todo":
            return "evil_genius" in roles or ("editor" in roles and is_own)
        case "can_delete_todo":
            return "admin" in roles or ("editor" in roles and is_own)
    return "viewer" not in roles


def loaded(name: str) -> Any:
    return json.loads((INTEROP / f"{name}.json").read_text())


def record_of_interop(who: str, what: str, action: str) -> bool:
    users = {one["id"]: one for one in loaded("search-data-users")}
    records = {str(one["id"]): one for one in loaded("search-data-records")}
    if who not in users or what not in records:
        return False
    user, record = users[who], records[what]
    is_owner, is_near = record["owner"] == who, record["department"] == user["department"]
    match action:
        case "view":
            return bool(is_owner or is_near or user["role"] == "manager")
        case "edit":
            return bool(is_owner or (is_near and user["role"] == "manager"))
    return bool(is_owner)


def listed_by_interop(what: str, _question: dict[str, Any]) -> list[Any]:
    match what:
        case "subject":
            return [("user", one["id"]) for one in loaded("search-data-users")]
        case "resource":
            return [("record", str(one["id"])) for one in loaded("search-data-records")]
    return ["view", "edit", "delete"]


@pytest.mark.parametrize(
    "name", ["todo-1_0-02", "gateway-1_0-02", "search-subject", "search-resource", "search-action", "idp-search"]
)
def test_the_interoperability_vectors_of_the_working_group(name: str) -> None:
    if not INTEROP.is_dir():
        pytest.skip(f"AUTHZEN_INTEROP names no folder with the vectors of the working group ({name})")
    with Engine.from_yaml("jit_access: {store: {type: memory}}", environ={}) as engine:
        app = FastAPI()
        app.include_router(
            create_authzen_router(
                engine, pep=peps(), standing=nobody, base=interop, candidates=listed_by_interop, public_url=ORIGIN
            )
        )
        with served(app) as client:
            for kind, entries in loaded(name).items():
                for entry in entries:
                    request, expected = entry["request"], entry["expected"]
                    path = "evaluations" if kind == "evaluations" else "evaluation"
                    if "results" in (expected if isinstance(expected, dict) else {}):
                        missing = [part for part in ("subject", "resource") if "id" not in request[part]]
                        path = f"search/{missing[0] if missing else 'action'}"
                    answer = client.post(f"/access/v1/{path}", json=request, headers=CALLERS["pep"])
                    assert answer.status_code == 200, answer.text
                    told = answer.json()
                    if path.startswith("search"):
                        shown = [sorted(json.dumps(one) for one in side["results"]) for side in (told, expected)]
                        assert shown[0] == shown[1], request
                    elif path == "evaluations":
                        seen = [{"decision": one["decision"]} for one in told["evaluations"]]
                        assert seen == expected, request
                    else:
                        assert told["decision"] is expected, request


# What the vectors do not say.


def test_a_dependency_of_the_host_authenticates_too() -> None:
    def by_header(request: Request) -> Pep:
        if request.headers.get("x-gateway") != "yes":
            raise HTTPException(401, "who are you?", headers={"WWW-Authenticate": "Gateway"})
        return Pep("gateway")

    with loop_world(pep=by_header) as (runner, _engine):
        body = {
            "subject": {"type": "user", "id": "ann@example.com"},
            "action": {"name": "tools.read"},
            "resource": {"type": "tool", "id": "deploy"},
        }
        refused = runner.client.post("/access/v1/evaluation", json=body, headers={"X-Request-ID": "r 1"})
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Gateway"), "the host's own answer"
        assert refused.headers["x-request-id"] == "r 1"
        answer = runner.client.post("/access/v1/evaluation", json=body, headers={"X-Gateway": "yes"})
        assert answer.json() == {"decision": True, "context": {"urn:jit-access:decision": {"standing": True}}}
        assert runner.client.get("/access/v1/jwks").status_code == 200, "keys are for everybody"


def test_who_waits_is_answered_when_it_is_decided() -> None:
    with loop_world() as (runner, _engine):
        body: dict[str, Any] = {
            "subject": {"type": "user", "id": "ann@example.com"},
            "action": {"name": "tools.execute"},
            "resource": {"type": "tool", "id": "waits"},
        }
        denied = runner.client.post("/access/v1/evaluation", json=body, headers=CALLERS["pep"]).json()["context"]
        body |= {"context": {"business_justification": "INC-1"}, "denial": runner.echo(denied)}
        made = runner.client.post("/access/v1/requests", json=body, headers=CALLERS["pep"])
        assert (made.status_code, made.headers["retry-after"]) == (202, "5")
        endpoint = made.json()["task"]["status_endpoint"].removeprefix(ORIGIN)
        assert runner.do is not None
        decide = threading.Timer(0.5, runner.do, ("approve", {"resource_id": "waits"}))
        decide.start()
        begun = time.monotonic()
        told = runner.client.get(endpoint, headers={**CALLERS["pep"], "Prefer": "wait=20"}).json()
        decide.join()
        assert told["task"]["status"] == "approved"
        assert 0.4 < time.monotonic() - begun < 15


def test_a_host_that_cannot_say_permits_nothing() -> None:
    def failing(_question: dict[str, Any]) -> bool:
        raise RuntimeError("a secret of the host")

    with loop_world(base=failing) as (runner, _engine):
        body = {
            "subject": {"type": "user", "id": "ann@example.com"},
            "action": {"name": "tools.read"},
            "resource": {"type": "tool", "id": "deploy"},
        }
        answer = runner.client.post("/access/v1/evaluation", json=body, headers=CALLERS["pep"])
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "secret" not in answer.text


def test_tokens_are_long_and_nobody_elses() -> None:
    for given in ([(Pep("a"), "short")], [(Pep("a"), "t" * 40), (Pep("b"), "t" * 40)]):
        with pytest.raises(ValueError, match="token") as caught:
            Peps(given)
        assert "t" * 40 not in str(caught.value)
    assert Peps([(Pep("a"), "t" * 40)]).authenticate(f"Basic {'t' * 40}") is None
