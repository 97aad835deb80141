"""The whole way inside the real gateway: denied, asked, approved, allowed, ended, denied.

The tests run in the order they stand in and share one state directory; each leaves no live grant behind. No test asks
for a speed: what is promised at once is asked for once, what is promised by time is asked for after that time.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sqlite3
import threading
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import ADMIN, AUDIT_TRAIL, DEV, OTHER, REASON, World, eventually
from records import notice as told_of

import run


@pytest.fixture
def plain_sign_in(world: World) -> object:
    """A sign-in of dev's that says nothing of a second factor, before the test and after it."""
    world.tokens[DEV] = world.gateway.login(DEV)
    plain = world.tokens[DEV]
    yield
    world.tokens[DEV] = plain


@pytest.fixture(autouse=True)
def nothing_left(world: World) -> object:
    """No grant outlives its test."""
    yield
    if world.gateway.process is not None:
        world.end_all()


def until(instant: str) -> None:
    """Sleep until an instant of the wall clock has passed."""
    time.sleep(max(0.0, (datetime.fromisoformat(instant) - datetime.now(UTC)).total_seconds()) + 0.02)


def test_rest_the_whole_way(world: World) -> None:
    assert world.status(DEV) == 403

    asked = world.ask(DEV, "auditor")
    assert asked["status"] == "pending"
    assert world.status(DEV) == 403
    assert world.call(DEV, "GET", asked["links"]["self"]).json()["id"] == asked["id"]

    approved = world.call(ADMIN, "POST", f"/jit/requests/{asked['id']}/approve", {"comment": "go ahead"})
    assert approved.status == 200, approved
    grant = str(approved.json()["grant_id"])
    assert [world.status(DEV) for _ in range(3)] == [200, 200, 200]
    assert world.status(OTHER) == 403, "another user stays denied"
    assert world.status(DEV, "/admin/plugins") == 403, "another permission stays denied"
    eventually(lambda: world.grant(grant)["actions_taken"] == 3, "three uses on record")

    world.revoke(grant)
    assert world.status(DEV) == 403, "the very next request is denied"
    shown = world.grant(grant)
    assert (shown["status"], shown["revoked_by"], shown["revoke_reason"]) == ("revoked", ADMIN, REASON)
    assert shown["actions_taken"] == 3


def test_mcp_the_whole_way(world: World) -> None:
    assert world.tool_calls(DEV) == {"denied"}
    grant = world.give(DEV, "operator")
    assert world.tool_calls(DEV) == {"allowed"}
    assert world.tool_calls(OTHER) == {"denied"}
    eventually(
        lambda: world.grant(grant["id"])["actions_taken"] == len(world.mcp_paths()), "each tool call on record once"
    )
    world.revoke(grant["id"])
    assert world.tool_calls(DEV) == {"denied"}
    assert world.mirrored() == set()


def test_each_use_is_on_record_with_its_call(world: World) -> None:
    grant = world.give(DEV, "operator")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "user_agent": "audit-test/1"}
    assert {world.tool_call(DEV, path, **headers) for path in world.mcp_paths()} == {"allowed"}
    assert world.call(DEV, "GET", "/tools", **headers).status == 200

    def uses(of: dict[str, Any] = grant) -> list[dict[str, Any]]:
        story = world.call(ADMIN, "GET", f"/jit/grants/{of['id']}/story?limit=200").json()
        records = [record for record in story["items"] if record["event"] == "grant_used"]
        for record in records:
            assert record["result"] == "allowed" and record["request"], record
            assert (record["accountable"], record["approvers"]) == (DEV, [ADMIN]), record
        return [record["data"] for record in records]

    eventually(lambda: len(uses()) == len(world.mcp_paths()) + 1, "each use on record once")
    *calls, read = uses()
    for used in calls:
        assert used["resource"] == "tool:deploy", used
        told = used["details"]
        # A role in their own team gives dev this as well, so that the gateway cannot say.
        assert told["address"] == "127.0.0.1" and told.get("by_standing") is not True, told
        assert told["token_id"] and told["user_agent"] == "audit-test/1" and told["correlation_id"], told
        assert told["trace_id"] == trace, told
        assert told["arguments_digest"].startswith("sha-256:"), told
    assert (read["action"], read["details"]["trace_id"]) == ("tools.read", trace), read
    assert read["details"]["user_agent"] == "audit-test/1", read

    # The gateway's own audit trail has the same.
    def trail() -> list[tuple[str, str, str, str, str, dict[str, Any]]]:
        with sqlite3.connect(f"file:{world.gateway.state.root / 'gateway.db'}?mode=ro", uri=True) as database:
            columns = "resource_type, resource_id, user_email, client_ip, user_agent, context"
            rows = database.execute(f"SELECT {columns} FROM audit_trails WHERE action = 'jit_use'").fetchall()
        told = [(*row, json.loads(context)["details"]) for *row, context in rows]
        return [row for row in told if row[-1]["grant"] == grant["id"]]

    eventually(lambda: len(trail()) == len(world.mcp_paths()) + 1, "each use in the gateway's audit trail once")
    for kind, name, who, address, program, _ in trail():
        assert (who, address, program) == (DEV, "127.0.0.1", "audit-test/1")
        assert (kind, name) in {("tool", "deploy"), ("gateway", "gateway")}, (kind, name)
    assert {row[-1]["permission"] for row in trail()} == {"tools.execute", "tools.read"}
    assert all(trace in row[-1]["traceparent"] for row in trail())

    looked = world.give(DEV, "auditor")
    assert world.status(DEV) == 200
    eventually(lambda: bool(uses(looked)), "the look on record")
    [used] = uses(looked)
    assert used["details"]["by_standing"] is False, used


def test_release_ends_it_too(world: World) -> None:
    grant = world.give(DEV, "operator")
    assert world.tool_calls(DEV) == {"allowed"}
    assert world.call(DEV, "POST", f"/jit/grants/{grant['id']}/release").status == 200
    assert world.tool_calls(DEV) == {"denied"}


def test_a_dry_run_tells_who_would_be_asked_and_asks_nobody(world: World) -> None:
    def told() -> object:
        return world.journal("SELECT count(*) FROM journal"), world.journal("SELECT count(*) FROM notices")

    before, body = told(), {"role": "auditor", "duration_hours": 4, "reason": REASON}
    shown = world.call(DEV, "POST", "/jit/request?dry_run=true", body)
    assert shown.status == 200, shown
    assert (shown.json()["approver_roles"], shown.json()["duration_hours"]) == (["platform_admin"], 4)
    assert shown.json()["waiting_for"] == [{"roles": ["platform_admin"], "missing": 1}]
    assert shown.json()["assessment"]["newly_permitted"] == ["audit:read", "logs:read", "security:read"]
    misspelt = world.call(DEV, "POST", "/jit/request?dryrun=true", body)
    assert (misspelt.status, misspelt.json()["code"]) == (400, "invalid")
    for who in (DEV, ADMIN):
        found = world.call(who, "GET", f"/jit/requests/{shown.json()['id']}")
        assert (found.status, found.json()["code"]) == (404, "unknown_request")
        assert shown.json()["id"] not in world.call(who, "GET", "/jit/requests?limit=200").text
    assert told() == before
    wrong = world.call(DEV, "POST", "/jit/request?dry_run=true", {"role": "auditor"})
    assert (wrong.status, wrong.json()["code"]) == (400, "justification_required"), "and says what would be refused"


def test_an_approver_sees_what_is_at_stake_and_gives_less(world: World) -> None:
    asked = world.ask(
        DEV,
        "auditor",
        duration_hours=4,
        reason="INC-1: who changed the deploy tool?",
        ticket_url="https://example.com/INC-1",
    )
    seen = world.call(ADMIN, "GET", f"/jit/requests/{asked['id']}").json()
    assert seen["requester_email"] == DEV
    assert seen["requester_normal_roles"] == ["platform_viewer"]
    assert "tools.read" in seen["requester_normal_permissions"]
    assert "audit:read" not in seen["requester_normal_permissions"]
    assert (seen["role"], seen["resource"], seen["duration_hours"]) == ("auditor", "*", 4)
    assert seen["justification"] == "INC-1: who changed the deploy tool?"
    assert seen["ticket_url"] == "https://example.com/INC-1"
    assert seen["permissions"] == seen["assessment"]["newly_permitted"] == ["audit:read", "logs:read", "security:read"]
    assert seen["assessment"]["risk_level"] in {"low", "medium", "high", "critical"}
    assert all(reason["factor"] and reason["detail"] for reason in seen["assessment"]["reasons"])
    assert "everywhere" in {reason["factor"] for reason in seen["assessment"]["reasons"]}
    assert world.call(OTHER, "GET", f"/jit/requests/{asked['id']}").status == 404, "whoever may not review does not see"

    asking = world.call(ADMIN, "POST", f"/jit/requests/{asked['id']}/ask", {"question": "which of the three?"})
    assert (asking.status, asking.json()["status"]) == (200, "needs_info")
    assert world.call(DEV, "GET", asked["links"]["self"]).json()["reviews"][-1]["comment"] == "which of the three?"
    answered = world.call(DEV, "POST", f"/jit/requests/{asked['id']}/answer", {"answer": "the audit trail"})
    assert (answered.status, answered.json()["status"]) == (200, "pending")

    nothing = world.call(ADMIN, "POST", f"/jit/requests/{asked['id']}/approve", {"permissions": ["teams.read"]})
    assert (nothing.status, nothing.json()["code"]) == (400, "nothing_left")
    less = {"permissions": ["audit:read", "security:read"], "duration_hours": 1, "version": 1}
    approved = world.call(ADMIN, "POST", f"/jit/requests/{asked['id']}/approve", less)
    assert approved.status == 200, approved
    known = world.call(DEV, "GET", asked["links"]["self"]).json()
    assert known["reviews"][-1]["limit"]["duration_hours"] == 1, "the requester sees what was cut"
    grant = world.call(DEV, "GET", known["links"]["grant"]).json()
    assert grant["granted_permissions"] == world.permissions_of(grant["id"]) == ["audit:read", "security:read"]
    assert (grant["approved_by"], grant["ticket_url"]) == (ADMIN, "https://example.com/INC-1")
    length = datetime.fromisoformat(grant["expires_at"]) - datetime.fromisoformat(grant["starts_at"])
    assert length.total_seconds() == 3600
    assert world.status(DEV) == 200
    assert world.status(DEV, "/api/logs/security-events") == 200
    assert world.call(DEV, "POST", "/api/logs/search", {}).status == 403, "this permission was cut away"
    eventually(lambda: world.grant(grant["id"])["actions_taken"] == 2, "both uses on record")


def test_who_loses_the_role_for_a_grant_loses_the_grant_at_the_next_request(world: World) -> None:
    needs_it = [world.give(DEV, "auditor"), world.give(DEV, "operator")]
    other = world.give(DEV, "support")
    assert (world.status(DEV), world.tool_calls(DEV)) == (200, {"allowed"})
    role = world.take_role(DEV, "platform_viewer")
    try:
        assert world.mirrored() == {other["id"]}, "what everybody may hold stays, and nothing had to run"
        assert world.tool_calls(DEV) == {"denied"}, "the very next call is denied"
        assert world.status(DEV) == 403, "the very next request is denied"
        for grant in needs_it:
            shown = world.grant(grant["id"])
            assert (shown["status"], shown["revoked_by"]) == ("revoked", "rule:eligibility")
            assert "platform_viewer" in shown["revoke_reason"]
        assert world.grant(other["id"])["status"] == "active"
        assert world.status(DEV, "/metrics") == 200
        refused = world.call(DEV, "POST", "/jit/request", {"role": "auditor", "reason": REASON})
        assert (refused.status, refused.json()["code"]) == (400, "unknown_role")
    finally:
        world.give_role(DEV, role)
    assert world.status(DEV) == 403, "it does not come back with the role"
    world.give(DEV, "auditor")
    assert world.status(DEV) == 200, "and can be asked for anew"


def test_who_is_disabled_loses_everything(world: World) -> None:
    grants = [world.give(DEV, "auditor"), world.give(DEV, "operator")]
    waiting = world.ask(DEV, "support")
    assert (world.status(DEV), world.tool_calls(DEV)) == (200, {"allowed"})
    world.set_active(DEV, False)
    try:
        assert world.status(DEV) in (401, 403), "the very next request is denied"
        refused = world.call(ADMIN, "POST", f"/jit/requests/{waiting['id']}/approve", {})
        assert (refused.status, refused.json()["code"]) == (403, "not_eligible")
        assert world.mirrored() == set(), "nobody has to ask for anything, and nothing has to run"
        for grant in grants:
            shown = world.grant(grant["id"])
            assert (shown["status"], shown["revoked_by"]) == ("revoked", "rule:eligibility")
            assert shown["revoke_reason"] == f"{DEV} is disabled"
    finally:
        world.set_active(DEV, True)
    world.tokens[DEV] = world.gateway.login(DEV)
    assert (world.status(DEV), world.tool_calls(DEV)) == (403, {"denied"})
    assert world.call(DEV, "POST", f"/jit/requests/{waiting['id']}/withdraw").status == 200
    world.give(DEV, "auditor")
    assert world.status(DEV) == 200


def test_what_administrators_change_about_a_mirrored_role_is_undone(world: World) -> None:
    grant = world.give(DEV, "operator")
    [role] = [one for one in world.call(ADMIN, "GET", "/rbac/roles").json() if one["name"] == f"jit-{grant['id']}"]
    widened = world.call(ADMIN, "PUT", f"/rbac/roles/{role['id']}", {"permissions": ["*"]})
    assert widened.status == 200, widened
    eventually(lambda: world.permissions_of(grant["id"]) == ["tools.execute", "tools.read"], "undone", seconds=10)


@pytest.mark.usefixtures("plain_sign_in")
def test_a_grant_asks_at_every_request_what_it_is_given_for(world: World) -> None:
    def granted(**conditions: object) -> str:
        return str(world.give(DEV, "auditor", conditions=conditions)["id"])

    grant = granted(mfa_within_minutes=15)
    assert world.status(DEV) == 403, "nothing says how this session was signed in"
    world.sign_in(DEV, amr=["pwd", "otp"], auth_time=int(time.time()) - 3600)
    assert world.status(DEV) == 403, "too long ago"
    world.sign_in(DEV, amr=["pwd"], auth_time=int(time.time()))
    assert world.status(DEV) == 403, "one factor"
    world.sign_in(DEV, amr=["pwd", "otp"], auth_time=int(time.time()))
    assert world.status(DEV) == 200
    assert world.grant(grant)["actions_taken"] == 1
    world.revoke(grant)
    assert world.status(DEV) == 403

    session = "incident-4711"
    world.sign_in(DEV, jti=session)
    grant = granted(session=session)
    assert world.status(DEV) == 200
    world.sign_in(DEV)
    assert world.status(DEV) == 403, "another session of the same person"
    world.revoke(grant)

    grant = granted(networks=["127.0.0.2/32"])
    assert world.status(DEV) == 403
    assert world.status_from("127.0.0.2", DEV) == 200
    assert world.status_from("127.0.0.3", DEV) == 403
    said = {"x-forwarded-for": "127.0.0.2"}
    assert world.status_from("127.0.0.3", DEV, **said) == 403, "not believed of just anybody"
    assert world.call(DEV, "GET", AUDIT_TRAIL, **said).status == 200, "the server trusts a proxy on its own machine"
    world.revoke(grant)

    grant = granted(max_uses=2)
    assert [world.status(DEV) for _ in range(3)] == [200, 200, 403]
    assert world.grant(grant)["status"] == "exhausted"


@pytest.mark.usefixtures("plain_sign_in")
def test_access_without_approval_takes_a_fresh_second_factor_and_owes_a_review(world: World) -> None:
    taking = {"role": "auditor", "reason": "INC-7: who changed the deploy tool?"}
    weak = world.call(DEV, "POST", "/jit/break-glass", taking)
    assert (weak.status, weak.json()["code"]) == (401, "mfa_required")
    assert "insufficient_user_authentication" in weak.json()["challenge"]
    world.sign_in(DEV, amr=["pwd", "otp"], auth_time=int(time.time()) - 3600)
    stale = world.call(DEV, "POST", "/jit/break-glass", taking)
    assert (stale.status, stale.json()["code"]) == (401, "mfa_too_old")
    assert world.status(DEV) == 403

    world.sign_in(DEV, amr=["pwd", "otp"], auth_time=int(time.time()))
    taken = world.call(DEV, "POST", "/jit/break-glass", taking)
    assert taken.status == 201, taken
    grant = str(taken.json()["grant_id"])
    assert world.status(DEV) == 200, "it works at once"
    [kept] = world.journal("SELECT body, pressed FROM notices WHERE kind = 'break_glass'")
    notice = told_of(*kept)
    assert (notice["grant_id"], notice["skipped_approvers"]) == (grant, ["platform_admin"])
    [(uses,)] = world.journal("SELECT sum(uses) FROM grant_uses JOIN grants USING (created) WHERE unsettled")
    assert uses == world.grant(grant)["actions_taken"] == 1, "recorded before the answer"

    world.revoke(grant)
    assert world.status(DEV) == 403
    again = world.call(DEV, "POST", "/jit/break-glass", taking)
    assert (again.status, again.json()["code"]) == (409, "review_outstanding")
    [owed] = world.call(ADMIN, "GET", "/jit/reviews").json()["items"]
    assert (owed["id"], owed["break_glass"]["review_status"]) == (grant, "required")
    finding = {"justified": True, "finding": "one look at the audit trail"}
    done = world.call(ADMIN, "POST", f"/jit/grants/{grant}/review", finding)
    assert (done.status, done.json()["break_glass"]["review_status"]) == (200, "done")
    assert world.call(ADMIN, "GET", "/jit/reviews").json()["items"] == []


def test_who_is_denied_learns_why(world: World) -> None:
    asked = world.ask(DEV, "auditor")
    world.call(ADMIN, "POST", f"/jit/requests/{asked['id']}/deny", {"reason": "ask for support instead"})
    shown = world.call(DEV, "GET", asked["links"]["self"]).json()
    assert shown["status"] == "denied"
    assert shown["reviews"][-1]["comment"] == "ask for support instead"
    assert world.status(DEV) == 403


def test_a_grant_is_held_back_over_rest_and_mcp_and_given_back(world: World) -> None:
    rest, mcp = world.give(DEV, "auditor"), world.give(DEV, "operator")
    assert (world.status(DEV), world.tool_calls(DEV)) == (200, {"allowed"})
    for grant in (rest, mcp):
        held = world.call(ADMIN, "POST", f"/jit/grants/{grant['id']}/suspend", {"reason": "odd calls"})
        assert (held.status, held.json()["status"]) == (200, "suspended")
    assert (world.status(DEV), world.tool_calls(DEV)) == (403, {"denied"})
    assert world.mirrored() == set()
    for grant in (rest, mcp):
        assert world.call(ADMIN, "POST", f"/jit/grants/{grant['id']}/resume").status == 200
    assert (world.status(DEV), world.tool_calls(DEV)) == (200, {"allowed"})


def test_the_red_button_ends_everything_over_rest_and_mcp(world: World) -> None:
    world.give(DEV, "auditor")
    world.give(DEV, "operator")
    world.give(OTHER, "operator")
    assert (world.status(DEV), world.tool_calls(DEV), world.tool_calls(OTHER)) == (200, {"allowed"}, {"allowed"})
    refused = world.call(DEV, "POST", "/jit/grants/revoke", {"everything": True, "reason": REASON})
    assert (refused.status, refused.json()["code"]) == (403, "not_an_approver")
    one = world.call(ADMIN, "POST", "/jit/grants/revoke", {"holder": OTHER, "reason": REASON})
    assert [grant["requester_email"] for grant in one.json()["items"]] == [OTHER]
    assert (world.tool_calls(DEV), world.tool_calls(OTHER)) == ({"allowed"}, {"denied"})
    rest = world.call(ADMIN, "POST", "/jit/grants/revoke", {"everything": True, "reason": REASON})
    assert len(rest.json()["items"]) == 2
    assert (world.status(DEV), world.tool_calls(DEV)) == (403, {"denied"})
    assert world.mirrored() == set()


def test_a_permission_over_rest_and_mcp_ends_by_itself_and_others_outlive_the_plugin_objects(world: World) -> None:
    """The gateway throws its plugin objects away after thirty seconds; grants must not go with them."""
    long = world.give(OTHER, "auditor")
    first = time.monotonic()
    seconds = 8
    rest = world.give(DEV, "auditor", duration_hours=seconds / 3600)
    mcp = world.give(DEV, "operator", duration_hours=seconds / 3600)
    assert world.status(DEV) == 200
    assert world.tool_call(DEV, "/mcp") == "allowed"
    until(rest["expires_at"])
    assert world.status(DEV) == 403, "nothing had to run for it to end"
    until(mcp["expires_at"])
    assert world.tool_calls(DEV) == {"denied"}
    assert world.grant(mcp["id"])["status"] == "expired"
    eventually(lambda: mcp["id"] not in world.mirrored(), "the role of an ended grant is cleared away")

    time.sleep(max(0.0, 33 - (time.monotonic() - first)))
    assert world.status(OTHER) == 200
    again = world.give(DEV, "operator")
    assert world.tool_calls(DEV) == {"allowed"}
    world.revoke(again["id"])
    world.revoke(long["id"])
    assert world.status(OTHER) == 403
    assert world.tool_calls(DEV) == {"denied"}


def test_a_scheduled_grant_gives_nothing_before_its_start(world: World) -> None:
    starts = datetime.fromtimestamp(time.time() + 6, UTC).isoformat()
    grant = world.give(DEV, "operator", starts_at=starts)
    assert grant["status"] == "scheduled"
    assert world.tool_calls(DEV) == {"denied"}
    until(grant["starts_at"])
    eventually(lambda: world.tool_calls(DEV) == {"allowed"}, "the mirror picks up a start")


def test_grants_do_not_help_to_administer_grants(world: World) -> None:
    world.give(DEV, "support")
    world.give(DEV, "auditor")
    asked = world.ask(OTHER, "operator")
    refused = world.call(DEV, "POST", f"/jit/requests/{asked['id']}/approve", {})
    assert refused.status in (403, 404), refused
    assert refused.headers["content-type"] == "application/problem+json"
    own = world.ask(ADMIN, "operator")
    assert world.call(ADMIN, "POST", f"/jit/requests/{own['id']}/approve", {}).json()["code"] == "self_approval"
    for request in (asked, own):
        assert (
            world.call(ADMIN if request is own else OTHER, "POST", f"/jit/requests/{request['id']}/withdraw").status
            == 200
        )


def test_a_grant_on_all_of_admin_opens_what_it_names_and_no_way_to_stay(world: World) -> None:
    world.give(DEV, "support")
    assert world.status(DEV, "/metrics") == 200
    role = {"name": "mine-for-ever", "scope": "global", "permissions": ["*"]}
    assert world.status(DEV, "/rbac/roles") == 403
    assert world.call(DEV, "POST", "/rbac/roles", role).status == 403
    assert world.call(DEV, "POST", f"/rbac/users/{DEV}/roles", {"role_id": "any", "scope": "global"}).status == 403
    assert world.status(DEV, "/admin/plugins") == 403


def test_a_repeated_call_with_the_same_key_is_carried_out_once(world: World) -> None:
    body = {"role": "auditor", "duration_hours": 1, "reason": REASON}
    answers = [world.call(DEV, "POST", "/jit/request", body, idempotency_key="once-1") for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true"]
    other = world.call(DEV, "POST", "/jit/request", {**body, "duration_hours": 2}, idempotency_key="once-1")
    assert (other.status, other.json()["code"]) == (409, "idempotency_key_reused")


def test_our_routes_are_in_the_gateways_document_and_the_hosts_errors_are_its_own(world: World) -> None:
    paths = world.call(ADMIN, "GET", "/openapi.json").json()["paths"]
    assert {"/jit/request", "/jit/grants/{id}/revoke", "/jit/policies", "/jit/audit"} <= paths.keys()
    stranger = world.call(None, "GET", "/jit/grants")
    assert (stranger.status, stranger.headers["content-type"]) == (401, "application/json")
    wrong = world.call(DEV, "POST", "/jit/request", {"role": 1})
    assert (wrong.status, wrong.headers["content-type"]) == (400, "application/problem+json")
    assert world.call(DEV, "POST", "/auth/login", {"email": 1}).headers["content-type"] == "application/json"


def test_what_lives_is_exported_as_cedar_and_what_happened_is_on_record(world: World) -> None:
    grant = world.give(DEV, "auditor")
    policies = world.call(ADMIN, "GET", "/jit/policies")
    assert policies.status == 200 and grant["id"] in policies.text and "permit" in policies.text
    journal = world.call(ADMIN, "GET", "/jit/audit?limit=5")
    assert journal.status == 200 and journal.json()["items"], journal


def test_a_scoped_token_stays_in_its_scope(world: World) -> None:
    world.give(DEV, "auditor")
    made = world.call(
        DEV, "POST", "/tokens", {"name": "narrow", "expires_in_days": 2, "scope": {"permissions": ["tools.read"]}}
    )
    assert made.status in (200, 201), made
    world.tokens["narrow"] = str(made.json()["access_token"])
    assert world.status(DEV) == 200
    assert world.status("narrow") == 403
    assert world.status("narrow", "/jit/requests") == 403


def test_arguments_that_the_operator_names_are_on_record_with_their_values(world: World, tmp_path: Path) -> None:
    plugins = world.gateway.plugins
    world.restart(plugins=world.plugins_with(tmp_path, "audit_arguments: [what]"))
    grant = world.give(DEV, "operator")
    arguments = {"what": "it", "token": "not to be kept"}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "deploy", "arguments": arguments}}
    for path in world.mcp_paths():
        answer = world.call(DEV, "POST", path, call, accept="application/json, text/event-stream")
        assert "ran" in answer.text, (path, answer)

    def uses() -> list[dict[str, Any]]:
        story = world.call(ADMIN, "GET", f"/jit/grants/{grant['id']}/story?limit=200&canonical=true").json()
        return [record for record in story["items"] if record["event"] == "grant_used"]

    eventually(lambda: len(uses()) == len(world.mcp_paths()), "each call on record once")
    for used in uses():
        assert used["data"]["details"]["arguments"] == {"what": "it"}, used
        assert used["data"]["details"]["arguments_digest"].startswith("sha-256:"), used
        assert "not to be kept" not in json.dumps(used), used
    world.revoke(grant["id"])
    world.restart(plugins=plugins)


def test_a_restart_keeps_what_lives(world: World) -> None:
    grant, ended = world.give(DEV, "operator"), world.give(OTHER, "operator")
    world.revoke(ended["id"])
    world.restart(workers=2)
    assert world.grant(grant["id"])["status"] == "active"
    assert world.tool_calls(DEV) == {"allowed"}
    assert world.tool_calls(OTHER) == {"denied"}


def test_two_workers_answer_right_at_once_whoever_is_asked(world: World) -> None:
    """Right after an approval and right after a revocation, many requests at a time, so that both workers are asked."""
    paths = world.mcp_paths()

    def everywhere() -> tuple[set[int], set[str]]:
        with ThreadPoolExecutor(8) as pool:
            rest = [pool.submit(world.status, DEV) for _ in range(8)]
            mcp = [pool.submit(world.tool_call, DEV, paths[n % len(paths)]) for n in range(8)]
            return {answer.result() for answer in rest}, {answer.result() for answer in mcp}

    for _ in range(3):
        grants = [world.give(DEV, "auditor"), world.give(DEV, "operator")]
        assert everywhere() == ({200}, {"allowed"})
        for grant in grants:
            world.revoke(grant["id"])
        assert everywhere() == ({403}, {"denied"})


def test_the_figures_are_those_of_both_workers_whoever_is_asked(world: World) -> None:
    def done() -> set[int]:
        def one() -> int:
            answer = world.call(ADMIN, "GET", "/jit/metrics")
            assert answer.status == 200, answer
            [line] = [
                line for line in answer.text.splitlines() if line.startswith('jit_commands_total{outcome="done"}')
            ]
            return int(line.rpartition(" ")[2])

        with ThreadPoolExecutor(8) as pool:
            return {answer.result() for answer in [pool.submit(one) for _ in range(16)]}

    assert len(world.workers()) == 2, "each of them has counted for itself"
    eventually(lambda: len(done()) == 1, "one sum of both workers")
    [before] = done()
    for _ in range(4):
        # Three commands: asked, approved and revoked.
        world.revoke(world.give(DEV, "auditor")["id"])
    eventually(lambda: done() == {before + 12}, f"12 more than {before}")


class Acknowledged:
    """What the gateway has said is done, by the time it dies."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.requests: list[str] = []
        self.grants: dict[str, str] = {}
        self.revoking: set[str] = set()
        self.revoked: set[str] = set()

    def work(self, world: World, who: str, end: threading.Event) -> None:
        """Ask, approve and revoke as fast as it goes, until the gateway is gone."""
        while not end.is_set():
            try:
                asked = world.ask(who, "operator")
                self.requests.append(asked["id"])
                self.begun.set()
                approved = world.call(ADMIN, "POST", f"/jit/requests/{asked['id']}/approve", {})
                assert approved.status == 200, approved
                grant = str(approved.json()["grant_id"])
                self.grants[grant] = asked["id"]
                if len(self.grants) % 3:
                    self.revoking.add(grant)
                    world.revoke(grant)
                    self.revoked.add(grant)
            except (OSError, urllib.error.URLError, http.client.HTTPException):
                return


def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(world: World, chance: random.Random) -> None:
    for _ in range(int(os.environ.get("JIT_E2E_KILLS", "2"))):
        done, end = Acknowledged(), threading.Event()
        busy = [threading.Thread(target=done.work, args=(world, who, end)) for who in (DEV, OTHER, DEV)]
        for thread in busy:
            thread.start()
        assert done.begun.wait(60), "the gateway answers before it is killed"
        time.sleep(chance.uniform(0.0, 3.0))
        world.gateway.kill()
        end.set()
        for thread in busy:
            thread.join()

        world.start()
        mirrored = world.mirrored()
        assert not done.revoked & mirrored, "what was revoked lives nowhere once the gateway serves"
        assert done.grants.keys() - done.revoking <= mirrored
        for request in done.requests:
            assert world.call(ADMIN, "GET", f"/jit/requests/{request}").status == 200
        for grant, request in done.grants.items():
            shown = world.grant(grant)
            assert shown["request_id"] == request
            if grant in done.revoked:
                assert shown["status"] == "revoked"
            elif grant not in done.revoking:
                assert shown["status"] == "active"
        assert world.verify() > 0
        world.end_all()
        assert world.tool_calls(DEV) | world.tool_calls(OTHER) == {"denied"}


def test_the_gateway_decides_whether_plugins_may_lift(world: World) -> None:
    world.give(DEV, "auditor")
    world.give(DEV, "operator")
    assert world.status(DEV) == 200
    world.restart(workers=1, env={"PLUGINS_CAN_OVERRIDE_RBAC": "false"})
    assert world.status(DEV) == 403
    assert world.tool_calls(DEV) == {"denied"}
    assert world.mirrored() == set()


def test_the_wrap_lifts_one_tool_or_one_server_and_nothing_beside(world: World, tmp_path: Path) -> None:
    wrapped = tmp_path / "plugins.yaml"
    wrapped.write_text(
        world.gateway.plugins.read_text().replace(
            "    config:\n", "    config:\n      gateway: {wrap_permission_service: true}\n"
        )
    )
    world.restart(env={}, plugins=wrapped)
    assert world.tool_calls(DEV) == {"denied"}

    everything = world.give(DEV, "operator")
    assert world.tool_calls(DEV) == {"allowed"}
    assert world.mirrored() == set()
    world.revoke(everything["id"])

    one_tool = world.give(DEV, "operator", resource="tool:deploy")
    assert world.tool_calls(DEV, "deploy") == {"allowed"}
    assert world.tool_calls(DEV, "status") == {"denied"}
    assert world.tool_calls(OTHER, "deploy") == {"denied"}
    assert world.status(DEV) == 403
    eventually(
        lambda: world.grant(one_tool["id"])["actions_taken"] == len(world.mcp_paths()),
        "only what was let through counts",
    )
    world.revoke(one_tool["id"])
    assert world.tool_calls(DEV, "deploy") == {"denied"}

    rpc, mcp, served = world.mcp_paths()
    world.give(DEV, "operator", resource=f"server:{served.split('/')[2]}")
    assert world.tool_call(DEV, served) == "allowed"
    assert {world.tool_call(DEV, path) for path in (rpc, mcp)} == {"denied"}


@pytest.mark.usefixtures("plain_sign_in")
def test_the_wrap_asks_at_every_call_what_a_grant_is_given_for(world: World) -> None:
    counted = world.give(DEV, "operator", conditions={"max_uses": 3})
    rpc, mcp, served = world.mcp_paths()
    assert [world.tool_call(DEV, path) for path in (rpc, mcp, served, rpc)] == ["allowed"] * 3 + ["denied"]
    shown = world.grant(counted["id"])
    assert (shown["status"], shown["actions_taken"]) == ("exhausted", 3)

    fresh = world.give(DEV, "operator", conditions={"mfa_within_minutes": 15})
    assert world.tool_calls(DEV) == {"denied"}
    world.sign_in(DEV, amr=["pwd", "otp"], auth_time=int(time.time()))
    assert world.tool_calls(DEV) == {"allowed"}
    world.revoke(fresh["id"])

    one = world.give(DEV, "operator", resource="tool:deploy", conditions={"networks": ["192.0.2.0/24"]})
    assert world.tool_calls(DEV) == {"denied"}
    world.revoke(one["id"])

    session = "task-4711"
    world.give(DEV, "operator", conditions={"session": session})
    assert world.tool_calls(DEV) == {"denied"}
    world.sign_in(DEV, jti=session)
    assert world.tool_calls(DEV) == {"allowed"}


def test_the_wrap_lifts_nothing_of_who_lost_the_role_for_it(world: World) -> None:
    world.give(DEV, "operator")
    assert world.tool_calls(DEV) == {"allowed"}
    role = world.take_role(DEV, "platform_viewer")
    try:
        assert world.tool_calls(DEV) == {"denied"}
    finally:
        world.give_role(DEV, role)


def test_a_configuration_that_cannot_be_meant_keeps_the_gateway_from_starting(world: World, tmp_path: Path) -> None:
    broken = tmp_path / "jit-access.yaml"
    broken.write_text("jit_access: {max_duration_huors: 8}\n")
    other = run.Gateway(world.gateway.state, port=world.gateway.port, config=broken)
    world.gateway.stop()
    with pytest.raises(run.DemoError, match="max_duration_huors"):
        other.start()
