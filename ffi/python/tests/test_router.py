"""The routes over a real engine: what they accept, what they answer, and that they bother nobody else's."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from fastapi import Depends, FastAPI, Header, HTTPException
from fastapi.security import APIKeyQuery
from fastapi.testclient import TestClient
from pydantic import BaseModel

from jit_access import Caller, Engine
from jit_access.bodies import ROUTES
from jit_access.problems import MAX_BODY, MEDIA_TYPE
from jit_access.router import create_router
from jit_access.schemas import (
    AccessRequestModel,
    AuditPageModel,
    DelegationModel,
    DelegationPageModel,
    GrantModel,
    GrantPageModel,
    RequestPageModel,
)
from jit_access.shapes import Route

CONFIG = """
jit_access:
  max_duration_hours: 8
  approver_roles: [boss]
  auto_approve_for_roles: [on_call]
  break_glass: {enabled: true, eligible_roles: [sre], acr_values: [strong], max_duration_hours: 1}
  roles:
    auditor: {permissions: ["audit:read"]}
    operator: {permissions: ["tools.*"], max_duration_hours: 2}
"""
ASK = {
    "role": "auditor",
    "duration_hours": 1,
    "reason": "to find out who did it",
    "ticket_url": "https://example.com/1",
}


def who(x_user: str | None = Header(None), x_roles: str = Header(""), x_acr: str | None = Header(None)) -> Caller:
    """The host's authentication, as simple as it gets."""
    if x_user is None:
        raise HTTPException(401, {"the": "host's own"}, headers={"WWW-Authenticate": "Test"})
    roles = [role for role in x_roles.split(",") if role]
    return Caller(x_user, roles=roles, acr=x_acr, auth_time=int(time.time()) if x_acr else None)


NUMBERS = count(1)


class Host:
    """An application with our routes and one of its own."""

    def __init__(self, **options: Any) -> None:
        self.engine = Engine.from_yaml(CONFIG, environ={})
        self.app = FastAPI()
        self.app.include_router(create_router(self.engine, caller=who, **options))

        @self.app.post("/own")
        def own(number: int) -> int:
            return number

        self.client = TestClient(self.app)

    def __call__(self, user: str, method: str, path: str, body: Any = None, roles: str = "", **headers: str) -> Any:
        named = {"x-user": user, "x-roles": roles, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.request(method, path, json=body, headers=named)

    def ask(self, user: str = "dev@example.com", **more: Any) -> dict[str, Any]:
        # Two that are alike within a minute are one.
        made = self(user, "POST", "/jit/request", {**ASK, "reason": f"INC-{next(NUMBERS)}", **more})
        assert made.status_code == 201, made.text
        return dict(made.json())

    def approve(self, request: str) -> dict[str, Any]:
        done = self("boss@example.com", "POST", f"/jit/requests/{request}/approve", roles="boss")
        assert done.status_code == 200, done.text
        return dict(done.json())


def parameters(route: Route) -> list[str]:
    """What the query of a route may hold, as clients write it."""
    named = [(name, kind.__metadata__[0].alias) for name, (kind, _) in route.query.items()]
    return [alias or name for name, alias in named] + (["dry_run"] if route.dry_run else [])


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.engine.close()


def documented(model: type[BaseModel], text: str) -> None:
    """What the engine wrote is what the document says: nothing missing, nothing beside it."""
    read = model.model_validate_json(text)
    parts = [read, *getattr(read, "items", [])]
    assert not any(part.model_extra for part in parts)


def test_the_way_from_request_to_revocation(host: Host) -> None:
    made = host("Dev@Example.com", "POST", "/jit/request", ASK)
    assert made.status_code == 201
    request = made.json()
    documented(AccessRequestModel, made.text)
    assert made.headers["location"] == request["links"]["self"] == f"/jit/requests/{request['id']}"
    found = host("dev@example.com", "GET", made.headers["location"]).json()
    assert found["assessment"].pop("past")["sentences"][0] == "The requester has not used this role."
    assert request["assessment"].pop("past") is None
    assert found == request
    # Whoever decides sees what it would change; the requester does not.
    decides = host("boss@example.com", "GET", made.headers["location"], roles="boss")
    documented(AccessRequestModel, decides.text)
    analysis = decides.json()["assessment"]["analysis"]
    assert (analysis["method"], analysis["newly_total"], analysis["complete"]) == ("enumerated", 1, True)
    assert analysis["newly"] == [{"permission": "audit:read", "resource": "*", "parent": None}]
    assert found["assessment"]["analysis"] is None
    assert not host.engine.check("dev@example.com", "audit:read", record=False).allowed

    grant_id = host.approve(request["id"])["grant_id"]
    assert host.engine.check("dev@example.com", "audit:read").allowed
    shown = host("dev@example.com", "GET", f"/jit/grants/{grant_id}")
    documented(GrantModel, shown.text)

    revoked = host("boss@example.com", "POST", f"/jit/grants/{grant_id}/revoke", {"reason": "it is over"}, roles="boss")
    assert revoked.status_code == 200
    assert (revoked.json()["status"], revoked.json()["revoked_by"], revoked.json()["revoke_reason"]) == (
        "revoked",
        "boss@example.com",
        "it is over",
    )
    assert not host.engine.check("dev@example.com", "audit:read").allowed


def test_deny_withdraw_and_release(host: Host) -> None:
    denied = host(
        "boss@example.com", "POST", f"/jit/requests/{host.ask()['id']}/deny", {"reason": "not today"}, roles="boss"
    )
    assert (denied.status_code, denied.json()["status"]) == (200, "denied")
    withdrawn = host("dev@example.com", "POST", f"/jit/requests/{host.ask()['id']}/withdraw")
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    grant = host.approve(host.ask()["id"])["grant_id"]
    released = host("dev@example.com", "POST", f"/jit/grants/{grant}/release", {})
    assert (released.status_code, released.json()["status"]) == (200, "released")


def test_a_question_a_cut_and_a_suspension(host: Host) -> None:
    asked = host.ask()
    path = f"/jit/requests/{asked['id']}"
    boss = {"roles": "boss"}
    question = host("boss@example.com", "POST", f"{path}/ask", {"question": "which one?"}, **boss)
    assert question.json()["status"] == "needs_info"
    answer = {"answer": "the first", "duration_hours": 0.5, "resource": "tool:a"}
    answered = host("dev@example.com", "POST", f"{path}/answer", answer)
    assert (answered.json()["status"], answered.json()["version"]) == ("pending", 2)
    assert AccessRequestModel.model_validate(answered.json()).answers[0].version == 2
    stale = host("boss@example.com", "POST", f"{path}/approve", {"version": 1}, **boss)
    assert (stale.status_code, stale.json()["code"]) == (409, "request_changed")
    nothing = host("boss@example.com", "POST", f"{path}/approve", {"permissions": ["tools.read"]}, **boss)
    assert (nothing.status_code, nothing.json()["code"]) == (400, "nothing_left")
    cut = {"version": 2, "permissions": ["audit:read"], "resource": "server:s", "duration_hours": 0.25}
    approved = host("boss@example.com", "POST", f"{path}/approve", cut, **boss).json()
    assert AccessRequestModel.model_validate(approved).reviews[-1].limit is not None
    grant = f"/jit/grants/{approved['grant_id']}"
    assert host("dev@example.com", "GET", grant).json()["resource"] == "*@server:s:tool:a"

    held = host("boss@example.com", "POST", f"{grant}/suspend", {"reason": "odd"}, **boss)
    assert GrantModel.model_validate(held.json()).suspend_reason == "odd"
    assert host("boss@example.com", "POST", f"{grant}/resume", **boss).json()["status"] == "active"


def test_access_without_approval_and_its_review(host: Host) -> None:
    sre = {"roles": "sre"}
    taking = {"role": "auditor", "reason": "the shop is down"}
    weak = host("sre@example.com", "POST", "/jit/break-glass", taking, **sre)
    assert (weak.status_code, weak.json()["code"], weak.headers["content-type"]) == (401, "mfa_required", MEDIA_TYPE)
    challenge = 'Bearer error="insufficient_user_authentication", max_age=900, acr_values="strong"'
    assert weak.headers["www-authenticate"] == challenge
    assert host("dev@example.com", "POST", "/jit/break-glass", taking).json()["code"] == "not_eligible"
    no_reason = host("sre@example.com", "POST", "/jit/break-glass", {"role": "auditor"}, x_acr="strong", **sre)
    assert (no_reason.status_code, no_reason.json()["code"]) == (400, "justification_required")

    taken = host("sre@example.com", "POST", "/jit/break-glass", taking, x_acr="strong", **sre)
    assert taken.status_code == 201, taken.text
    documented(AccessRequestModel, taken.text)
    assert taken.headers["location"] == taken.json()["links"]["self"]
    assert host.engine.check("sre@example.com", "audit:read").allowed
    again = host("sre@example.com", "POST", "/jit/break-glass", taking, x_acr="strong", **sre)
    assert (again.status_code, again.json()["code"]) == (409, "break_glass_active")
    path = taken.json()["links"]["grant"]
    boss = {"roles": "boss"}
    shown = host("boss@example.com", "GET", path, **boss)
    documented(GrantModel, shown.text)
    assert (shown.json()["actions_taken"], shown.json()["break_glass"]["review_status"]) == (1, "required")
    review = {"justified": True, "finding": "as it should be"}
    assert host("boss@example.com", "POST", f"{path}/review", review, **boss).json()["code"] == "review_too_early"
    assert host("sre@example.com", "POST", f"{path}/release", **sre).status_code == 200
    assert [grant["id"] for grant in host("boss@example.com", "GET", "/jit/reviews", **boss).json()["items"]] == [
        taken.json()["grant_id"]
    ]
    done = host("boss@example.com", "POST", f"{path}/review", review, **boss)
    documented(GrantModel, done.text)
    assert done.json()["break_glass"]["outcome"] == "justified"
    assert host("boss@example.com", "GET", "/jit/reviews", **boss).json()["items"] == []
    waived = host("boss@example.com", "POST", f"{path}/waive-review", {"reason": "late"}, **boss)
    assert (waived.status_code, waived.json()["code"]) == (409, "review_closed")


def test_the_red_button(host: Host) -> None:
    grants = [host.approve(host.ask()["id"])["grant_id"] for _ in range(3)]
    boss = {"roles": "boss"}
    path = "/jit/grants/revoke"
    assert host("dev@example.com", "POST", path, {"reason": "x", "everything": True}).status_code == 403
    unclear = host("boss@example.com", "POST", path, {"reason": "x", "everything": True, "role": "auditor"}, **boss)
    assert (unclear.status_code, unclear.json()["field"]) == (400, "everything")
    for wrong, status, code in [
        ({"holder": "else@example.com"}, 404, "unknown_principal"),
        ({"role": "auditer"}, 400, "unknown_role"),
        ({"request_id": "0190a0a0-0000-7000-8000-000000000000"}, 404, "unknown_request"),
        ({"role": "auditor", "agent": True}, 400, "invalid"),
    ]:
        answer = host("boss@example.com", "POST", path, {"reason": "x", **wrong}, **boss)
        assert (answer.status_code, answer.json()["code"]) == (status, code), wrong
    ended = host("boss@example.com", "POST", path, {"reason": "break-in", "everything": True}, **boss)
    page = GrantPageModel.model_validate(ended.json())
    assert {grant.id for grant in page.items} == set(grants)
    assert {(grant.status, grant.revoke_reason) for grant in page.items} == {("revoked", "break-in")}
    assert not host.engine.check("dev@example.com", "audit:read").allowed


def test_a_dry_run_tells_and_does_nothing(host: Host) -> None:
    shown = host("dev@example.com", "POST", "/jit/request?dry_run=true", ASK)
    assert (shown.status_code, shown.json()["approver_roles"]) == (200, ["boss"])
    assert shown.json()["assessment"]["newly_permitted"] == ["audit:read"]
    assert (shown.json()["dry_run"], shown.json()["links"]) == (True, {}), "there is nowhere to go"
    assert "location" not in shown.headers
    assert host("dev@example.com", "GET", "/jit/requests").json()["items"] == []
    assert host("dev@example.com", "POST", "/jit/request?dry_run=perhaps", ASK).status_code == 400


def test_lists_come_in_pages(host: Host) -> None:
    ids = [host.ask()["id"] for _ in range(5)]
    for request in ids:
        host.approve(request)
    for path, model in (
        ("/jit/requests", RequestPageModel),
        ("/jit/grants", GrantPageModel),
        ("/jit/audit", AuditPageModel),
    ):
        seen: list[str] = []
        cursor = ""
        while True:
            page = host("boss@example.com", "GET", f"{path}?limit=2{cursor}", roles="boss")
            assert page.status_code == 200, page.text
            documented(model, page.text)
            seen += [str(item.get("id", item.get("revision"))) for item in page.json()["items"]]
            assert len(page.json()["items"]) <= 2
            if page.json()["next_cursor"] is None:
                break
            cursor = f"&cursor={page.json()['next_cursor']}"
        assert len(seen) == len(set(seen)) >= 5
    pending = host("boss@example.com", "GET", "/jit/requests?status=pending", roles="boss")
    assert pending.json()["items"] == []


def test_policies_are_cedar_text(host: Host) -> None:
    grant = host.approve(host.ask()["id"])["grant_id"]
    policies = host("boss@example.com", "GET", "/jit/policies", roles="boss")
    assert policies.headers["content-type"].startswith("text/plain")
    assert "permit" in policies.text and grant in policies.text


def test_a_key_is_carried_out_once(host: Host) -> None:
    first, second = (host("dev@example.com", "POST", "/jit/request", ASK, idempotency_key="k") for _ in range(2))
    assert first.json()["id"] == second.json()["id"]
    assert "idempotency-replayed" not in first.headers and second.headers["idempotency-replayed"] == "true"
    reused = host("dev@example.com", "POST", "/jit/request", {**ASK, "duration_hours": 2}, idempotency_key="k")
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    body = answer.json()
    assert body["status"] == status
    assert {"type", "title", "detail", "code", "retryable"} <= body.keys()
    return dict(body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"role": 1},
        {"role": None},
        {**ASK, "duration_hours": True},
        {**ASK, "duration_hours": "1"},
        {**ASK, "reason": 3},
        {**ASK, "requester_email": "boss@example.com"},
        {**ASK, "starts_at": 1_700_000_000},
        {**ASK, "starts_at": "tomorrow"},
        {**ASK, "duration_hours": -1},
        {**ASK, "duration_hours": 0},
        {**ASK, "resource": "tool:\u0000"},
        {**ASK, "resource": "no such kind:x"},
        [],
        "text",
        7,
    ],
    ids=repr,
)
def test_a_body_of_another_shape_is_a_problem(host: Host, body: Any) -> None:
    is_problem(host("dev@example.com", "POST", "/jit/request", body), 400)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"role": NaN',
        b"[" * 30_000,
        b'{"role":"auditor","duration_hours":NaN}',
        b'{"role":"auditor","duration_hours":1e999}',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_bytes_that_are_no_json_are_a_problem(host: Host, body: bytes) -> None:
    headers = {"x-user": "dev@example.com", "content-type": "application/json"}
    is_problem(host.client.post("/jit/request", content=body, headers=headers), 400)


def test_another_content_type_is_a_problem(host: Host) -> None:
    headers = {"x-user": "dev@example.com", "content-type": "text/plain"}
    is_problem(host.client.post("/jit/request", content=json.dumps(ASK), headers=headers), 415)


def test_a_flood_is_refused_announced_or_not(host: Host) -> None:
    headers = {"x-user": "dev@example.com", "content-type": "application/json"}
    is_problem(host.client.post("/jit/request", content=b"x" * (MAX_BODY + 1), headers=headers), 413)

    def endless() -> Iterator[bytes]:
        yield from (b"x" * 1024 for _ in range(1000))

    is_problem(host.client.post("/jit/request", content=endless(), headers=headers), 413)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "limit=1.5", "status=nonsense", "cursor=nonsense", "cursor=" + "x" * 600],
)
@pytest.mark.parametrize("path", ["/jit/requests", "/jit/grants"])
def test_parameters_out_of_range_are_problems(host: Host, path: str, query: str) -> None:
    is_problem(host("dev@example.com", "GET", f"{path}?{query}"), 400)


def test_a_misspelt_parameter_is_a_problem_and_asks_nobody(host: Host) -> None:
    wrong = is_problem(host("dev@example.com", "POST", "/jit/request?dryrun=true", ASK), 400)
    assert wrong["detail"] == "dryrun: is not known; expected `dry_run`"
    assert wrong["errors"] == [{"parameter": "dryrun", "detail": "is not known; expected `dry_run`"}]
    assert host("dev@example.com", "GET", "/jit/requests").json()["items"] == []
    flood = is_problem(host("dev@example.com", "GET", "/jit/head?" + "&".join(f"{n}" for n in range(99))), 400)
    assert len(flood["errors"]) == 16 and "this route has none" in flood["detail"]


def test_a_parameter_that_is_there_twice_is_a_problem_and_asks_nobody(host: Host) -> None:
    wrong = is_problem(host("dev@example.com", "POST", "/jit/request?dry_run=true&dry_run=false", ASK), 400)
    assert wrong["errors"] == [{"parameter": "dry_run", "detail": "is there twice; expected each parameter once"}]
    assert host("dev@example.com", "GET", "/jit/requests").json()["items"] == []
    for name, route in ROUTES.items():
        path = f"/jit{route.path}".replace("{id}", "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b")
        for parameter in parameters(route):
            wrong = is_problem(host("boss@example.com", route.method, f"{path}?{parameter}=a&{parameter}=a"), 400)
            assert wrong["errors"][0]["parameter"] == parameter, name


def test_a_route_answers_its_own_method_alone(host: Host) -> None:
    methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
    for path in {route.path.replace("{id}", "x") for route in ROUTES.values()}:
        here = [one for one in ROUTES.values() if re.fullmatch(one.path.replace("{id}", "[^/]+"), path)]
        allowed = {one.method for one in here} | {"HEAD" for one in here if one.method == "GET"}
        for method in methods - allowed:
            answer = host("boss@example.com", method, f"/jit{path}", roles="boss")
            assert answer.status_code == 405, (method, path, answer.status_code)
            assert answer.headers["content-type"] == "application/problem+json", (method, path)
            named = set(answer.headers["allow"].split(", "))
            assert named & allowed and ("GET" in named) == ("HEAD" in named), (method, path)


FORGED = [
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Preferred-Username",
    "X-Remote-User",
    "Remote-User",
    "REMOTE_USER",
    "X-Auth-Request-Email",
    "X-Authenticated-User",
    "X-Goog-Authenticated-User-Email",
    "X-MS-CLIENT-PRINCIPAL-NAME",
    "X-Original-User",
    "X-Jit-User",
    "X-Jit-Roles",
    "Jit-Caller",
    "Jit-Roles",
    "From",
    "Forwarded",
    "Via",
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
]


def test_no_header_says_who_calls() -> None:
    """Identity is what the host's dependency returns: with every such header forged nothing changes."""
    engine = Engine.from_yaml(CONFIG, environ={})
    callers = [Caller("dev@example.com")]
    app = FastAPI()
    app.include_router(create_router(engine, caller=lambda: callers[0]))
    client = TestClient(app)
    asked = client.post("/jit/request", json=ASK).json()
    assert asked["requester_email"] == "dev@example.com"
    callers[0] = Caller("other@example.com")
    paths = ["/jit/requests", f"/jit/requests/{asked['id']}", "/jit/audit", "/jit/roles"]
    plain = [client.get(path) for path in paths]
    assert [answer.status_code for answer in plain] == [200, 404, 403, 200]
    for name in FORGED:
        for value in [
            "boss@example.com",
            "for=1.2.3.4;user=boss@example.com",
            '{"id": "boss@example.com", "roles": ["boss"]}',
        ]:
            headers = [(name, value), (name.lower(), value), ("x-roles", "boss"), ("X-Forwarded-Groups", "boss")]
            forged = [client.get(path, headers=headers) for path in paths]
            assert [(one.status_code, one.json()) for one in forged] == [(one.status_code, one.json()) for one in plain]
            approved = client.post(f"/jit/requests/{asked['id']}/approve", headers=headers)
            assert approved.status_code == 404, (name, approved.text)
    made = client.post("/jit/request", json=ASK, headers=dict.fromkeys(FORGED, "boss@example.com")).json()
    assert made["requester_email"] == "other@example.com"


def test_parameters_of_the_hosts_authentication_are_known() -> None:
    key = APIKeyQuery(name="key")

    def by_key(tenant: str = "none", name: str = Depends(key)) -> Caller:
        return Caller(f"{name}@{tenant}.example.com")

    app = FastAPI()
    app.include_router(create_router(Engine.from_yaml(CONFIG, environ={}), caller=by_key))
    client = TestClient(app)
    assert client.get("/jit/grants?key=dev&tenant=a&limit=5").status_code == 200
    assert (
        "`limit`, `person`, `reviewable`, `role`, `status`, `tenant`, `text`"
        in client.get("/jit/grants?key=dev&page=2").text
    )


def test_refusals_keep_the_engines_code(host: Host) -> None:
    request = host.ask()["id"]
    assert (
        is_problem(host("dev@example.com", "POST", f"/jit/requests/{request}/approve", roles="boss"), 403)["code"]
        == "self_approval"
    )
    unknown = host("dev@example.com", "POST", "/jit/request", {**ASK, "role": "nobody"})
    assert is_problem(unknown, 400)["code"] == "unknown_role"
    is_problem(host("other@example.com", "GET", f"/jit/requests/{request}"), 404)
    is_problem(host("dev@example.com", "GET", "/jit/requests/nonsense"), 400)
    is_problem(host("dev@example.com", "GET", "/jit/audit"), 403)
    host.approve(request)
    is_problem(
        host("boss@example.com", "POST", f"/jit/requests/{request}/deny", {"reason": "too late"}, roles="boss"), 409
    )


def test_the_hosts_own_errors_stay_its_own(host: Host) -> None:
    stranger = host.client.get("/jit/requests")
    assert (stranger.status_code, stranger.json(), stranger.headers["www-authenticate"]) == (
        401,
        {"detail": {"the": "host's own"}},
        "Test",
    )
    assert host.client.post("/own?number=x").status_code == 422


def test_the_host_follows_before_the_answer() -> None:
    seen: list[bool] = []
    host = Host(on_change=lambda: seen.append(host.engine.check("dev@example.com", "audit:read", record=False).allowed))
    request = host.ask()["id"]
    assert seen == []
    grant = host.approve(request)["grant_id"]
    assert seen == [True]
    host("boss@example.com", "POST", f"/jit/grants/{grant}/revoke", {"reason": "enough"}, roles="boss")
    assert seen == [True, False]
    host("dev@example.com", "POST", "/jit/request", ASK, roles="on_call")
    assert seen == [True, False, True]


def test_an_end_that_the_host_does_not_follow_is_not_reported_as_done() -> None:
    fail: list[Callable[[], None]] = [lambda: None]
    host = Host(on_change=lambda: fail[0]())

    def broken() -> None:
        raise OSError("the host's database is away")

    fail[0] = broken
    grant = host.approve(host.ask()["id"])["grant_id"]
    revoke = ("boss@example.com", "POST", f"/jit/grants/{grant}/revoke", {"reason": "enough"}, "boss")
    answer = is_problem(host(*revoke), 503)
    assert (answer["code"], answer["retryable"]) == ("host_not_updated", True)
    fail[0] = lambda: None
    assert host(*revoke).status_code == 200


def test_links_follow_the_prefix() -> None:
    host = Host(prefix="/access")
    made = host("dev@example.com", "POST", "/access/request", ASK)
    assert made.headers["location"] == made.json()["links"]["self"] == f"/access/requests/{made.json()['id']}"


def test_the_way_of_a_delegation(host: Host) -> None:
    body = {"to": "ben@example.com", "from": None, "until": "2999-01-01T00:00:00Z", "reason": "away"}
    too_long = host("boss@example.com", "POST", "/jit/delegations", body, roles="boss")
    assert (too_long.status_code, too_long.json()["code"]) == (403, "cannot_delegate")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = host(
        "boss@example.com", "POST", "/jit/delegations", {**body, "until": tomorrow}, roles="boss", idempotency_key="d"
    )
    assert made.status_code == 201, made.text
    documented(DelegationModel, made.text)
    request = host.ask()["id"]
    approved = host("ben@example.com", "POST", f"/jit/requests/{request}/approve")
    assert approved.json()["reviews"][0]["on_behalf_of"] == "boss@example.com"
    documented(AccessRequestModel, approved.text)
    page = host("ben@example.com", "GET", "/jit/delegations?status=active")
    documented(DelegationPageModel, page.text)
    assert [item["id"] for item in page.json()["items"]] == [made.json()["id"]]
    assert host("nil@example.com", "DELETE", made.json()["links"]["self"]).status_code == 404
    ended = host("boss@example.com", "DELETE", made.json()["links"]["self"], roles="boss")
    assert (ended.status_code, ended.json()["status"]) == (200, "ended")
    documented(DelegationModel, ended.text)


def test_the_document_tells_all(host: Host) -> None:
    document = host.app.openapi()
    ours = {path: operations for path, operations in document["paths"].items() if path.startswith("/jit")}
    assert len(ours) == 53
    for path, operations in ours.items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert "422" not in answers, path
            assert {"401", "403", "503"} <= answers.keys(), path
            assert all(
                MEDIA_TYPE in answers[status]["content"]
                for status in answers.keys() & {"400", "403", "404", "409", "413", "503"}
            )
            creates = path in ("/jit/request", "/jit/break-glass", "/jit/delegations") or path.endswith("/extend")
            success = answers["201" if method == "post" and creates else "200"]
            assert success["content"], path
            without_key = ("/jit/grants/revoke", "/jit/standing", "/jit/store/accept", "/jit/clock/accept")
            without_key += ("/jit/deliveries/{id}/resend", "/jit/deliveries/{id}/drop")
            if method == "post" and path not in without_key:
                assert any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"]), path
    assert document["components"]["schemas"]["SubmitBody"]["example"]["role"]


def test_a_closed_engine_is_unavailable_and_not_the_clients_mistake(host: Host) -> None:
    request = host.ask()["id"]
    host.engine.close()
    calls = [
        ("POST", "/jit/request", ASK),
        ("GET", "/jit/requests", None),
        ("GET", f"/jit/requests/{request}", None),
        ("POST", f"/jit/requests/{request}/approve", None),
        ("GET", "/jit/grants", None),
        ("GET", "/jit/audit", None),
    ]
    for method, path, body in calls:
        answer = host("boss@example.com", method, path, body, roles="boss")
        problem = answer.json()
        assert answer.status_code == 503, (path, problem)
        assert (problem["code"], problem["status"], problem["retryable"]) == ("unavailable", 503, True), path
        assert answer.headers["content-type"] == MEDIA_TYPE
