"""Every key of the configuration does something: one story, told under two configurations that differ in this key
alone, ends in two ways.

The keys are those that the library's source lists and those that the reference in the README names; one without a row
here is a failure.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from test_notifications import Receiver

from jit_access import Caller, Context, Engine, InvalidInput, JitAccessError, Unavailable, check_config
from jit_access.testing import ManualClock

ROOT: Final = Path(__file__).resolve().parents[3]
START: Final = "2026-03-02T09:00:00Z"
BASE: Final[dict[str, Any]] = {
    "approver_roles": ["lead"],
    "roles": {"operator": {"permissions": ["tools.*"]}, "reader": {"permissions": ["logs:read"]}},
}
TAKING: Final[dict[str, Any]] = {"break_glass": {"enabled": True, "eligible_roles": ["sre"]}}
CLOCK: Final = ManualClock(START)
LEFT_OUT: Final = object()

FORBIDS_TOOLS: Final = 'forbid (principal, action in [Action::"tools.*"], resource);'
CONFLICTING: Final = {"permissions": ["tools.*"], "conflicts_with": ["sre"]}

DEV, LEAD, OWNER = (Caller(f"{name}@example.com", roles=[name]) for name in ("dev", "lead", "owner"))
SRE = Caller("sre@example.com", roles=["sre"], amr=["pwd", "otp"], auth_time=START)
AGENT = Caller("helper", agent=True, acts_for="dev@example.com")
LONELY = Caller("helper", agent=True)
REVIEWING_AGENT = Caller("reviewer", agent=True, acts_for="other@example.com", roles=["lead"])


def outcome(call: Callable[[], Any]) -> str:
    """In a word what came of it."""
    try:
        return str(getattr(call(), "status", "done"))
    except JitAccessError as error:
        return error.code


def ask(engine: Engine, who: Caller = DEV, role: str = "operator", **more: Any) -> Any:
    return engine.submit(who, role=role, reason=more.pop("reason", "INC-42"), **more)


def shown(made: Any) -> dict[str, Any]:
    return dict(json.loads(made.to_json()))


def give(engine: Engine, who: Caller = DEV, role: str = "operator", **more: Any) -> str:
    made = ask(engine, who, role, **more)
    return made.grant_id or engine.approve(LEAD, made.id).grant_id


def take(engine: Engine, who: Caller = SRE, role: str = "operator", **more: Any) -> Any:
    return engine.break_glass(who, role=role, reason="the shop is down", **more)


# --- the stories: each answers what somebody sees ---


def asking(**more: Any) -> Callable[[Engine], Any]:
    return lambda engine: outcome(lambda: ask(engine, **more))


def asked(field: str, **more: Any) -> Callable[[Engine], Any]:
    return lambda engine: shown(ask(engine, **more))[field]


def risk(**more: Any) -> Callable[[Engine], Any]:
    return lambda engine: [reason["factor"] for reason in shown(ask(engine, **more))["assessment"]["reasons"]]


def checking(action: str, role: str = "operator") -> Callable[[Engine], Any]:
    def story(engine: Engine) -> Any:
        give(engine, role=role)
        return engine.check("dev@example.com", action).outcome

    return story


def authorizing(engine: Engine) -> Any:
    question = {"caller": {"principal": "dev@example.com"}, "action": "tools.execute"}
    return json.loads(engine.authorize(json.dumps(question)))["outcome"]


def broken_rules(engine: Engine) -> Any:
    analysis = engine.request(LEAD, ask(engine).id).assessment.analysis
    return bool(analysis and analysis.broken_rules)


def taking(who: Caller = SRE, role: str = "operator") -> Callable[[Engine], Any]:
    return lambda engine: outcome(lambda: take(engine, who, role))


def opening(engine: Engine) -> str:
    return "opens"


def approving_as(who: Caller) -> Callable[[Engine], Any]:
    return lambda engine: outcome(lambda: engine.approve(who, ask(engine).id))


def late_approval(engine: Engine) -> Any:
    request = ask(engine)
    CLOCK.advance(timedelta(hours=3))
    return outcome(lambda: engine.approve(LEAD, request.id))


def escalated_approval(engine: Engine) -> Any:
    request = ask(engine)
    CLOCK.advance(timedelta(hours=3))
    return outcome(lambda: engine.approve(OWNER, request.id))


def reading_the_journal(engine: Engine) -> Any:
    return outcome(lambda: engine.audit(Caller("eye@example.com", roles=["auditor"])))


def second_grant(who: Caller) -> Callable[[Engine], Any]:
    def story(engine: Engine) -> Any:
        give(engine)
        return outcome(lambda: engine.grant(LEAD, give(engine, who, role="reader")))

    return story


def checking_twice(**known: Any) -> Callable[[Engine], Any]:
    def story(engine: Engine) -> Any:
        give(engine)
        context = Context(**known)
        return [engine.check("dev@example.com", "tools.execute", context=context).outcome for _ in range(2)]

    return story


def checking_what_was_taken(engine: Engine) -> Any:
    take(engine)
    return engine.check("sre@example.com", "tools.delete").outcome


def second_request(engine: Engine) -> Any:
    ask(engine)
    return outcome(lambda: ask(engine, role="reader"))


def second_delegation(engine: Engine) -> Any:
    def lend(to: str) -> Any:
        return engine.delegate(LEAD, to=f"{to}@example.com", until="2026-03-03T09:00:00Z", reason="away")

    lend("ben")
    return outcome(lambda: lend("cid"))


def second_request_of_an_agent(engine: Engine) -> Any:
    ask(engine, AGENT)
    return outcome(lambda: ask(engine, AGENT, role="reader"))


def asking_after_a_denial(hours: int) -> Callable[[Engine], Any]:
    def story(engine: Engine) -> Any:
        engine.deny(LEAD, ask(engine, AGENT).id, reason="not now")
        CLOCK.advance(timedelta(hours=hours))
        return outcome(lambda: ask(engine, AGENT, role="reader"))

    return story


def recorded_details(engine: Engine) -> Any:
    give(engine)
    engine.check("dev@example.com", "tools.execute", context=Context(address="192.0.2.7"))
    auditor = Caller("eye@example.com", roles=["lead"])
    return ["details" in record.data for record in engine.audit(auditor, event="grant_used").items]


def extending(times: int) -> Callable[[Engine], Any]:
    def story(engine: Engine) -> Any:
        grant = give(engine, duration_hours=2)
        for _ in range(times - 1):
            grant = engine.approve(LEAD, engine.extend(DEV, grant, duration_hours=2, reason="goes on").id).grant_id
        made = outcome(lambda: engine.extend(DEV, grant, duration_hours=2, reason="goes on"))
        requests = [shown(item) for item in engine.requests(DEV).items]
        return made, requests[0]["duration_hours"]

    return story


def length(engine: Engine, grant_id: str) -> Any:
    grant = engine.grant(LEAD, grant_id)
    return str(grant.expires_at - grant.starts_at)


def length_of_a_grant(engine: Engine) -> Any:
    return length(engine, give(engine, duration_hours=3))


def length_of_a_taken_grant(engine: Engine) -> Any:
    return length(engine, take(engine).grant_id)


def reviewing_as(who: Caller) -> Callable[[Engine], Any]:
    def story(engine: Engine) -> Any:
        grant = take(engine).grant_id
        engine.release(SRE, grant)
        return outcome(lambda: engine.complete_review(who, grant, justified=True, finding="as it should be"))

    return story


def review_after_three_hours(engine: Engine) -> Any:
    grant = take(engine).grant_id
    engine.release(SRE, grant)
    CLOCK.advance(timedelta(hours=3))
    owed = engine.grant(LEAD, grant).break_glass
    return owed and owed.review_status


def taking_after_a_misuse(engine: Engine) -> Any:
    grant = take(engine).grant_id
    engine.release(SRE, grant)
    engine.complete_review(LEAD, grant, justified=False, finding="there was no incident")
    return outcome(lambda: take(engine, role="reader"))


class Row(NamedTuple):
    """A key, two of its values, the story, and what else the configuration says while it is told."""

    one: Any
    other: Any
    story: Callable[[Engine], Any]
    around: dict[str, Any] = {}  # noqa: RUF012  never changed


NO_ANSWERS: Final = 'forbid (principal, action == Action::"jit.answer", resource);'
TRUSTED: Final = Caller("sre@example.com", roles=["sre"], mfa=True)
SIGNED_IN: Final = Caller("dev@example.com", amr=["pwd", "otp"], auth_time=START)
OLD: Final = Caller("sre@example.com", roles=["sre"], amr=["pwd", "otp"], auth_time="2026-03-02T08:30:00Z")
STRONG: Final = Caller("sre@example.com", roles=["sre"], acr="strong", auth_time=START)

ROWS: Final[dict[str, Row]] = {
    "enabled": Row(True, False, asking()),
    "max_duration_hours": Row(8, 2, asked("duration_hours", duration_hours=4)),
    "default_duration_hours": Row(1, 2, asked("duration_hours")),
    "require_justification": Row(True, False, asking(reason=None)),
    "require_ticket_url": Row(True, False, asking()),
    "require_approval": Row(True, False, asking()),
    "approver_roles": Row(["lead"], ["owner"], approving_as(LEAD)),
    "approval": Row(LEFT_OUT, [{"roles": ["lead"], "count": 2}], approving_as(LEAD)),
    "approval.roles": Row(["lead"], ["owner"], approving_as(LEAD)),
    "approval.count": Row(1, 2, approving_as(LEAD)),
    "approval.escalate_after_hours": Row(2, 6, escalated_approval),
    "approval.escalate_to": Row(["owner"], ["boss"], escalated_approval),
    "auto_approve_for_roles": Row(["dev"], ["sre"], asking()),
    "auto_approve_max_hours": Row(1, 2, length_of_a_grant, {"auto_approve_for_roles": ["dev"]}),
    "never_auto_approve.roles": Row(["operator"], ["reader"], asking(), {"auto_approve_for_roles": ["dev"]}),
    "never_auto_approve.resources": Row(
        ["tool:deploy"], ["tool:status"], asking(resource="tool:deploy"), {"auto_approve_for_roles": ["dev"]}
    ),
    "never_auto_approve.risk_level": Row("low", "critical", asking(), {"auto_approve_for_roles": ["dev"]}),
    "approval_timeout_hours": Row(24, 2, late_approval),
    "auditor_roles": Row(["auditor"], ["clerk"], reading_the_journal),
    "reserved_permissions": Row(["tools.delete"], [], checking("tools.delete")),
    "limits.grants_per_person": Row(1, 2, second_grant(DEV)),
    "limits.grants_total": Row(1, 2, second_grant(OWNER)),
    "limits.open_requests_per_person": Row(1, 2, second_request),
    "limits.requests_per_hour": Row(1, 2, second_request),
    "limits.open_delegations_per_person": Row(1, 2, second_delegation),
    "risk.production": Row(["server:shop"], ["server:test"], risk(resource="server:shop")),
    "risk.working_hours": Row("08:00-18:00", "10:00-11:00", risk()),
    "break_glass.enabled": Row(True, False, taking(), TAKING),
    "break_glass.require_mfa": Row(True, False, taking(Caller("sre@example.com", roles=["sre"])), TAKING),
    "break_glass.max_duration_hours": Row(1, 2, length_of_a_taken_grant, TAKING),
    "break_glass.eligible_roles": Row(["sre"], ["dba"], taking(), TAKING),
    "break_glass.eligible_principals": Row(["dev@example.com"], [], taking(SIGNED_IN), TAKING),
    "break_glass.roles": Row(["operator"], ["reader"], taking(), TAKING),
    "break_glass.even_never_auto_approve": Row(
        True, False, taking(), {**TAKING, "never_auto_approve": {"roles": ["operator"]}}
    ),
    "break_glass.mfa_within_minutes": Row(15, 60, taking(OLD), TAKING),
    "break_glass.acr_values": Row(["strong"], ["weak"], taking(STRONG), TAKING),
    "break_glass.trust_mfa_flag": Row(False, True, taking(TRUSTED), TAKING),
    "break_glass.reserved_permissions": Row(
        LEFT_OUT, [], checking_what_was_taken, {**TAKING, "reserved_permissions": ["tools.delete"]}
    ),
    "break_glass.after_unjustified": Row("none", "block", taking_after_a_misuse, TAKING),
    "break_glass.reviewer_roles": Row(["owner"], ["lead"], reviewing_as(OWNER), TAKING),
    "break_glass.review_within_hours": Row(24, 2, review_after_three_hours, TAKING),
    "auto_extend": Row(False, True, extending(1)),
    "max_extensions": Row(1, 2, extending(2)),
    "max_total_duration_hours": Row(8, 3, extending(1), {"max_duration_hours": 2}),
    "workflow_policy.text": Row(LEFT_OUT, "permit (principal, action, resource);", reading_the_journal),
    "workflow_policy.keep_shipped": Row(False, True, approving_as(LEAD), {"workflow_policy": {"text": NO_ANSWERS}}),
    "guardrails.text": Row(LEFT_OUT, FORBIDS_TOOLS, checking("tools.execute")),
    "guardrails.ready": Row([], ["mac-strict"], checking("tools.execute"), {"schema": {"shipped": "contextforge"}}),
    "guardrails.max_entity_age_seconds": Row(0, 60, checking("tools.read"), {"guardrails": {"text": FORBIDS_TOOLS}}),
    "standing_policies.text": Row(
        "forbid (principal, action, resource);", "permit (principal, action, resource);", authorizing
    ),
    "invariants.text": Row(LEFT_OUT, "forbid (principal, action, resource);", broken_rules),
    "schema.text": Row(LEFT_OUT, "entity Server;", asking(resource="tool:deploy")),
    "schema.shipped": Row(LEFT_OUT, "contextforge", asking(resource="invoice:1")),
    "roles": Row({"operator": {"permissions": ["tools.*"]}}, {}, asking()),
    "roles.permissions": Row(["tools.*"], ["tools.read"], checking("tools.execute")),
    "roles.except_permissions": Row([], ["tools.execute"], checking("tools.execute")),
    "roles.max_duration_hours": Row(8, 2, asked("duration_hours", duration_hours=4)),
    "roles.default_duration_hours": Row(1, 2, asked("duration_hours")),
    "roles.approver_roles": Row(["lead"], ["owner"], approving_as(LEAD)),
    "roles.approval": Row([{"roles": ["lead"]}], [{"roles": ["owner"]}], approving_as(LEAD)),
    "roles.requestable_by": Row(["dev"], ["sre"], asking()),
    "roles.conditions": Row({}, {"max_uses": 1}, checking_twice()),
    "roles.conditions.mfa_within_minutes": Row(15, 60, checking_twice(auth_time="2026-03-02T08:30:00Z", amr=["mfa"])),
    "roles.conditions.networks": Row(["10.0.0.0/8"], ["192.0.2.0/24"], checking_twice(address="10.1.2.3")),
    "roles.conditions.max_uses": Row(1, 2, checking_twice()),
    "roles.conflicts_with": Row(["dev"], ["sre"], risk()),
    "host_roles": Row(["dev", "sre"], ["dev"], opening, {"roles": {"operator": CONFLICTING}}),
    "roles.description": Row("for the operators", 5, opening),  # Read by people who read the file, and nobody else.
    "enhanced_audit": Row(False, True, recorded_details),
    "agents.require_person": Row(True, False, lambda engine: outcome(lambda: ask(engine, LONELY))),
    "agents.may_review": Row(False, True, approving_as(REVIEWING_AGENT), {"agents": {"require_person": False}}),
    "agents.requests_per_hour": Row(1, 2, second_request_of_an_agent),
    "agents.open_requests": Row(1, 2, second_request_of_an_agent),
    "agents.denials": Row(1, 2, asking_after_a_denial(0)),
    "agents.pause_minutes": Row(60, 180, asking_after_a_denial(2), {"agents": {"denials": 1}}),
    "store.type": Row("memory", "sqlite", opening),
}
"""By key; those of a step of an approval and of a role of the catalogue under `approval.` and `roles.`."""


def telling(engine: Engine) -> None:
    """Something of every key of notifications."""
    first = give(engine, duration_hours=1)
    engine.check("dev@example.com", "tools.execute")
    engine.delegate(
        LEAD, to="owner@example.com", roles=["lead"], start=START, until="2026-03-03T09:00:00Z", reason="away"
    )
    engine.standing("dev@example.com", enabled=True, roles=["dev"])
    engine.revoke(LEAD, first, reason="done")
    give(engine, role="reader", duration_hours=1, reason="INC-43")
    engine.revoke_many(LEAD, holder="dev@example.com", reason="done")
    engine.tick()


def channel(**keys: Any) -> dict[str, Any]:
    return {"notifications": {"channels": {"one": keys}}}


def left_out(key: str, around: dict[str, Any]) -> dict[str, Any]:
    """The channel without this key."""
    keys = around["notifications"]["channels"]["one"]
    return channel(**{name: value for name, value in keys.items() if name != key})


NOTICES: Final[dict[str, Row]] = {
    "expiration_warning_minutes": Row([15], [5, 1], telling),
    "notifications.on_request": Row(True, False, telling),
    "notifications.on_approval": Row(True, False, telling),
    "notifications.on_activation": Row(True, False, telling),
    "notifications.on_expiration": Row(True, False, telling),
    "session_summary": Row(False, True, telling),
    "notifications.on_delegation": Row(True, False, telling),
    "notifications.on_red_button": Row(True, False, telling),
    "notifications.use_digest_minutes": Row(60, 5, telling),
}
"""Which notices are written."""

MAIL: Final = channel(
    kind="email", host="127.0.0.1", port=9, security="none", to=["a@example.com"], **{"from": "b@example.com"}
)
TLS: Final = channel(kind="email", host="127.0.0.1", **{"from": "b@example.com"})
SLACK: Final = channel(kind="slack", webhook_url_env="HOOK")
BOT: Final = channel(kind="slack", bot_token_env="TOKEN", channel="C1")
HOOK: Final = channel(kind="webhook", url="https://hooks.example.com/in", secrets_env=["SECRET"])

CHANNELS: Final[dict[str, Row]] = {
    "notifications.on_standing_lost": Row(False, 5, opening),
    "notifications.base_url": Row("https://jit.example.com", "ftp://jit.example.com", opening),
    "notifications.zone": Row("Europe/Berlin", "two words", opening),
    "notifications.quiet_hours": Row("22:00-06:00", "25:00-26:00", opening),
    "notifications.digest.people": Row(["lead@example.com"], [""], opening),
    "notifications.digest.minutes": Row(30, 0, opening),
    "notifications.security_channels": Row(["one"], ["two"], opening, MAIL),
    "notifications.checkpoint_channels": Row(["one"], ["two"], opening, MAIL),
    "notifications.templates": Row(LEFT_OUT, "/nowhere", opening, MAIL),
    "notifications.link_secret_env": Row(LEFT_OUT, "NOT_SET", opening, MAIL),
    "notifications.link_secret_file": Row(LEFT_OUT, "/nowhere", opening, MAIL),
    "notifications.attempts": Row(1, 0, opening),
    "notifications.routes": Row([], [{}], opening, MAIL),
    "notifications.routes.channels": Row(["one"], ["two"], opening, MAIL),
    "notifications.routes.events": Row(["on_use"], ["on_moon"], opening, MAIL),
    "notifications.routes.roles": Row(["operator"], [""], opening, MAIL),
    "notifications.routes.risk_levels": Row(["low"], ["none"], opening, MAIL),
    "notifications.routes.approver_roles": Row(["lead"], [""], opening, MAIL),
    "notifications.channels": Row({}, ["email"], opening),
    "notifications.channels.kind": Row("email", "pigeon", opening, MAIL),
    "notifications.channels.per_minute": Row(1, 0, opening, MAIL),
    "notifications.channels.timeout_seconds": Row(1, 0, opening, MAIL),
    "notifications.channels.host": Row("127.0.0.1", LEFT_OUT, opening, left_out("host", MAIL)),
    "notifications.channels.port": Row(25, 0, opening, MAIL),
    "notifications.channels.security": Row("none", "some", opening, MAIL),
    "notifications.channels.username": Row(LEFT_OUT, "jit", opening, MAIL),
    "notifications.channels.password_env": Row(LEFT_OUT, "NOT_SET", opening, MAIL),
    "notifications.channels.password_file": Row(LEFT_OUT, "/nowhere", opening, MAIL),
    "notifications.channels.from": Row("b@example.com", LEFT_OUT, opening, left_out("from", MAIL)),
    "notifications.channels.reply_to": Row("c@example.com", "nobody", opening, MAIL),
    "notifications.channels.to": Row(["a@example.com"], ["nobody"], opening, MAIL),
    "notifications.channels.list_id": Row("jit.example.com", 5, opening, MAIL),
    "notifications.channels.ca_file": Row(LEFT_OUT, "/nowhere", opening, TLS),
    "notifications.channels.webhook_url_env": Row("HOOK", LEFT_OUT, opening, left_out("webhook_url_env", SLACK)),
    "notifications.channels.webhook_url_file": Row(LEFT_OUT, "/nowhere", opening, SLACK),
    "notifications.channels.bot_token_env": Row("TOKEN", LEFT_OUT, opening, left_out("bot_token_env", BOT)),
    "notifications.channels.bot_token_file": Row(LEFT_OUT, "/nowhere", opening, BOT),
    "notifications.channels.channel": Row("C1", 5, opening, left_out("channel", BOT)),
    "notifications.channels.api_url": Row("https://slack.example.com/api", "nonsense", opening, BOT),
    "notifications.channels.url": Row("https://hooks.example.com", "nonsense", opening, left_out("url", HOOK)),
    "notifications.channels.secrets_env": Row(["SECRET"], ["NOT_SET"], opening, left_out("secrets_env", HOOK)),
    "notifications.channels.secrets_file": Row(LEFT_OUT, ["/nowhere"], opening, HOOK),
    "notifications.channels.allow_private": Row(True, "perhaps", opening, HOOK),
    "notifications.channels.records": Row("ocsf", "csv", opening, HOOK),
    "notifications.channels.callback_for": Row("gateway", "two words", opening, HOOK),
    "notifications.channels.source": Row("urn:jit", 5, opening, HOOK),
}
"""How they are sent: a value that is right, and one that stops the start. `test_notifications.py` sends them."""

SECRETS: Final = {
    "HOOK": "https://hooks.example.com/T0",
    "TOKEN": "xoxb-0",
    "SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}

ELSEWHERE: Final = {
    "on_role_change": "test_a_grant_beyond_its_role_goes_on_or_not",
    "break_glass.notify_security_team": "test_security_is_told_or_not",
    "break_glass.offline": "test_access_is_taken_while_the_store_is_away_or_not",
    "break_glass.offline_folder": "test_access_is_taken_while_the_store_is_away_or_not",
    "break_glass.offline_max_minutes": "test_access_is_taken_while_the_store_is_away_or_not",
    "notifications.on_use": "test_uses_are_told_or_not",
    "workflow_policy.path": "test_the_policy_is_where_it_is_said_to_be",
    "schema.path": "test_the_schema_is_where_it_is_said_to_be",
    "guardrails.path": "test_the_guardrails_are_where_they_are_said_to_be",
    "invariants.path": "test_the_rules_of_a_request_are_where_they_are_said_to_be",
    "policy_tests.path": "test_policies_are_held_to_their_tests",
    "standing_policies.path": "test_the_standing_policies_are_where_they_are_said_to_be",
    "store.path": "test_the_store_is_where_it_is_said_to_be",
    "store.busy_timeout_ms": "test_a_write_waits_as_long_as_it_is_told",
    "service.cross_check_percent": "test_a_share_of_checks_is_asked_twice",
    "service.max_staleness_ms": "test_a_check_is_as_old_as_it_may_be",
    "service.max_clock_step_minutes": "test_a_clock_that_jumps_further_is_not_believed",
    "service.time_source": "test_only_a_database_has_a_time_of_its_own",
    "service.max_downtime_days": "test_a_store_may_be_unused_as_long_as_it_is_said",
    "service.interval_ms": "test_the_keeper_comes_as_often_as_it_is_told",
    "service.waiting_uses": "test_as_many_uses_wait_as_may",
}
"""Keys that need a disk, another process's engine, or the clock on the wall: a test of their own, here below."""


def test_only_a_database_has_a_time_of_its_own() -> None:
    """What the clock of a server comes to is tested where there is one, in tests/store_postgres."""

    def opened(source: str) -> str:
        config = json.dumps({"jit_access": {**BASE, "service": {"time_source": source}}})
        with Engine.from_yaml(config, environ={}, clock=CLOCK) as engine:
            return engine.health(Caller("lead@example.com", roles=["lead"])).clock.source

    assert opened("host") == "host"
    with pytest.raises(
        InvalidInput, match=r"`service\.time_source` is `database`, and this store has no clock of its own"
    ):
        opened("database")
    with pytest.raises(InvalidInput, match=r"service\.time_source` is `sundial`.*`host` or `database`"):
        opened("sundial")


def test_a_clock_that_jumps_further_is_not_believed() -> None:
    def story(minutes: int) -> tuple[bool, str]:
        config = json.dumps({"jit_access": {**BASE, "service": {"max_clock_step_minutes": minutes}}})
        CLOCK.set_wall(START)
        with Engine.from_yaml(config, environ={}, clock=CLOCK) as engine:
            give(engine, duration_hours=8)
            CLOCK.set_wall("2026-03-02T16:00:00Z")
            decision = engine.check("dev@example.com", "tools.execute")
            return decision.allowed, decision.reason

    assert story(360) == (False, "stale") and story(480)[0]


def test_a_store_may_be_unused_as_long_as_it_is_said(tmp_path: Path) -> None:
    def story(days: int) -> tuple[bool, str]:
        store = {"path": str(tmp_path / f"{days}.db")}
        config = json.dumps({"jit_access": {**BASE, "store": store, "service": {"max_downtime_days": days}}})
        CLOCK.set_wall(START)
        with Engine.from_yaml(config, environ={}, clock=CLOCK) as engine:
            engine.tick()
        CLOCK.set_wall("2026-05-02T16:00:00Z")
        with Engine.from_yaml(config, environ={}, clock=CLOCK) as engine:
            give(engine, duration_hours=8)
            decision = engine.check("dev@example.com", "tools.execute")
            return decision.allowed, decision.reason

    assert story(31) == (False, "stale") and story(365)[0]


def configured(key: str, value: Any, around: dict[str, Any]) -> str:
    """The base, what stands around, and this key."""
    section = deepcopy({**BASE, **around})
    steps = key.split(".")
    if steps[0] == "approval" and len(steps) == 2:
        section["approval"] = [{"roles": ["lead"]}]
        step = section["approval"][0]
        step |= {"escalate_after_hours": 2, "escalate_to": ["owner"]} if steps[1].startswith("escalate") else {}
        at: Any = step
    else:
        path = steps[:-1] if steps[0] != "roles" or len(steps) == 1 else ["roles", "operator", *steps[1:-1]]
        if path == ["notifications", "channels"]:
            path = [*path, "one"]
        at = section
        for name in path:
            at = at.setdefault(name, [{"channels": ["one"]}])[0] if name == "routes" else at.setdefault(name, {})
    if value is not LEFT_OUT:
        at[steps[-1]] = value
    return json.dumps({"jit_access": section})


def told(story: Callable[[Engine], Any], config: str) -> Any:
    """What the story ends in; a configuration that is refused is an ending, too."""
    try:
        CLOCK.set_wall(START)
        engine = Engine.from_yaml(config, environ=SECRETS, clock=CLOCK)
    except InvalidInput as error:
        return str(error)
    with engine:
        return story(engine)


@pytest.mark.parametrize("key", [*ROWS, *CHANNELS])
def test_a_key_changes_what_happens(key: str) -> None:
    row = (ROWS | CHANNELS)[key]
    one, other = (told(row.story, configured(key, value, row.around)) for value in (row.one, row.other))
    assert one != other, f"{key} is {row.one!r} or {row.other!r}: {one!r} both times"


@pytest.mark.parametrize("key", NOTICES)
def test_a_notice_is_written_or_not(key: str, tmp_path: Path) -> None:
    row, found = NOTICES[key], []
    for number, value in enumerate((row.one, row.other)):
        path = tmp_path / f"{number}.db"
        told(row.story, configured(key, value, {**row.around, "store": {"path": str(path)}}))
        with sqlite3.connect(path) as database:
            found.append(database.execute("SELECT kind, due_at - at, apart FROM notices ORDER BY id").fetchall())
    assert found[0] != found[1], f"{key} is {row.one!r} or {row.other!r}: {found[0]!r} both times"


def documented() -> set[str]:
    """Every key that there is: a test of the library compares the tables of the manual with what it reads."""
    return set(re.findall(r"^\| `([a-z_.]+)`", (ROOT / "docs" / "configuration.md").read_text(), re.M))


IN_RUST: Final = {
    "journal.": "tests/proof.rs",
    "monitor.": "tests/monitor.rs",
    "service.max_clock_skew_ms": "tests/store_postgres",
    "store.listen_url": "tests/store_postgres",
    "store.schema": "tests/store_postgres",
    "store.state_folder": "tests/store_postgres",
    "store.url": "tests/store_postgres",
    "notifications.max_age_hours": "tests/notices.rs",
    "notifications.on_alert": "tests/monitor.rs",
}
"""Keys, or how they begin, that a test in Rust tries."""


def test_every_key_has_its_test() -> None:
    known = documented()
    in_rust = {key for key in known if key.startswith(tuple(IN_RUST))}
    shown = in_rust | ROWS.keys() | CHANNELS.keys() | NOTICES.keys() | ELSEWHERE.keys()
    assert len(known) > 70
    assert known - shown == set(), "keys in docs/configuration.md without a story"
    assert shown - known == set(), "stories of keys that there are not"
    assert all(callable(globals().get(name)) for name in ELSEWHERE.values())


def sqlite(path: Path, **more: Any) -> str:
    """The base over a file."""
    service = {"interval_ms": 60_000, **more.pop("service", {})}
    return json.dumps(
        {"jit_access": {**BASE, **more, "service": service, "store": {"path": str(path)} | more.get("store", {})}}
    )


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "jit.yaml"
    path.write_text(
        "jit_access: {enabeld: true, max_duration_hours: -1, reserved_permissions: [logs.x], "
        "roles: {a: {permissions: [b.c]}}}"
    )
    for found in (check_config(path, environ={}), check_config(text=path.read_text(), environ={})):
        assert [error.key for error in found.errors] == ["jit_access.max_duration_hours", "jit_access.enabeld"]
        assert "`enabled`, perhaps" in str(found.errors[1])
        assert len(found.warnings) == 1
    assert check_config(text="", environ={"JIT_ENABLED": "perhaps"}).errors[0].key == "jit_access.enabled"
    assert check_config(text="jit_access: {}", environ={}).errors == ()
    with pytest.raises(InvalidInput, match="path"):
        check_config(tmp_path / "missing.yaml")
    with pytest.raises(TypeError):
        check_config()
    assert list(tmp_path.iterdir()) == [path], "nothing is written"


def test_a_grant_beyond_its_role_goes_on_or_not(tmp_path: Path) -> None:
    def story(what: str) -> str:
        path = tmp_path / f"{what}.db"
        with Engine.from_yaml(sqlite(path), environ={}, clock=CLOCK) as engine:
            grant = give(engine)
        narrowed = {"on_role_change": what, "roles": {"operator": {"permissions": ["tools.read"]}}}
        with Engine.from_yaml(sqlite(path, **narrowed), environ={}, clock=CLOCK) as engine:
            allowed = engine.check("dev@example.com", "tools.execute").allowed
            engine.tick()
            assert allowed == engine.check("dev@example.com", "tools.execute").allowed
            return str(engine.grant(DEV, grant).status)

    assert (story("keep"), story("revoke")) == ("active", "revoked")


@pytest.mark.parametrize("notify", [True, False])
def test_security_is_told_or_not(tmp_path: Path, notify: bool) -> None:
    section = {"break_glass": {**TAKING["break_glass"], "notify_security_team": notify}}
    with Engine.from_yaml(sqlite(tmp_path / "jit.db", **section), environ={}, clock=CLOCK) as engine:
        take(engine)
    with sqlite3.connect(tmp_path / "jit.db") as database:
        kinds = [kind for (kind,) in database.execute("SELECT kind FROM notices WHERE kind LIKE 'break_glass%'")]
    assert bool(kinds) == notify, kinds


HOLD: Final = """
import sqlite3, sys
it = sqlite3.connect(sys.argv[1])
it.execute("BEGIN IMMEDIATE")
print(1, flush=True)
input()
"""
"""A program that keeps everybody from writing until it is told to end."""


@pytest.mark.parametrize("minutes", [20, 5, None])
def test_access_is_taken_while_the_store_is_away_or_not(tmp_path: Path, minutes: int | None) -> None:
    path, spool = tmp_path / "jit.db", tmp_path / "spool"
    keys = {"offline": True, "offline_folder": str(spool), "offline_max_minutes": minutes} if minutes else {}
    config = sqlite(path, break_glass={**TAKING["break_glass"], **keys}, store={"busy_timeout_ms": 50})
    clock = ManualClock(START)
    with Engine.from_yaml(config, environ={}, clock=clock) as engine:
        holding = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with holding:
            assert holding.stdout is not None and holding.stdout.readline() == "1\n"
            if minutes is None:
                with pytest.raises(Unavailable):
                    take(engine)
                assert not spool.exists()
            else:
                taken = take(engine)
                assert taken.break_glass.offline and taken.duration_hours == minutes / 60
                assert stat.S_IMODE(spool.stat().st_mode) == 0o700
                decision = engine.check("sre@example.com", "tools.execute")
                assert (decision.allowed, decision.reason) == (True, "granted_offline")
                assert "grant_used" in (spool / "spool").read_text(encoding="utf-8")
            holding.communicate("\n")
        # A merge is tried again after a second.
        clock.advance(timedelta(seconds=2))
        engine.tick()
        if minutes:
            assert not (spool / "spool").exists()
            merged = engine.grant(LEAD, taken.grant_id)
            assert merged.actions_taken == 1 and merged.break_glass.offline and merged.break_glass.merged_at


@pytest.mark.parametrize("told", [True, False])
def test_uses_are_told_or_not(tmp_path: Path, told: bool) -> None:
    hook = Receiver("http")
    keys = {"kind": "webhook", "url": f"http://127.0.0.1:{hook.port}", "secrets_env": ["SECRET"], "allow_private": True}
    section = {
        "on_use": told,
        "on_approval": False,
        "on_request": False,
        "on_activation": False,
        "channels": {"one": keys},
    }
    config = sqlite(tmp_path / "jit.db", notifications=section)
    with Engine.from_yaml(config, environ=SECRETS) as engine:
        grant = give(engine)
        engine.check("dev@example.com", "tools.execute")
        engine.tick()
        if told:
            assert "grant_first_used" in hook.next()["body"]
        engine.revoke(LEAD, grant, reason="done")
        assert "grant_revoked" in hook.next()["body"], "nothing of the use came before"
    hook.end()


REVOKED: Final = "UPDATE grants SET state = 'revoked'"


def test_a_share_of_checks_is_asked_twice(tmp_path: Path) -> None:
    def story(percent: int) -> str:
        store = {"path": str(tmp_path / f"{percent}.db")}
        config = json.dumps({"jit_access": {**BASE, "store": store, "service": {"cross_check_percent": percent}}})
        with Engine.from_yaml(config, environ={}) as writer, Engine.from_yaml(config, environ={}) as engine:
            give(writer)
            engine.sync()
            # From another process: two libraries in one process do not see each other's locks on a file.
            change = f"import sqlite3; c = sqlite3.connect({store['path']!r}); c.execute({REVOKED!r}); c.commit()"
            subprocess.run([sys.executable, "-c", change], check=True)
            return engine.check("dev@example.com", "tools.execute").outcome

    assert (story(0), story(100)) == ("allow", "not_applicable")


def test_a_variable_that_is_no_text_is_refused_and_not_passed_over() -> None:
    """A setting that forbids must not be gone because of one byte; what is not ours may hold anything."""
    code = "from jit_access import Engine; Engine.from_yaml('jit_access: {roles: {a: {permissions: [b]}}}')"
    for name, wrong in [(b"JIT_RESERVED_PERMISSIONS", True), (b"JIT_ENABLED\xff", True), (b"OTHER", False)]:
        environ = {**os.environb, name: b"false\xff"}
        done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60)
        shown = name.decode(errors="replace")
        assert (done.returncode != 0) == wrong, done.stderr
        assert not wrong or f"`{shown}` is not UTF-8" in done.stderr, done.stderr


def test_the_guardrails_are_where_they_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "own.cedar").write_text('@obligation("step_up") ' + FORBIDS_TOOLS)
    config = {**BASE, "guardrails": {"path": str(tmp_path / "own.cedar")}}
    with Engine.from_yaml(json.dumps({"jit_access": config}), environ={}) as engine:
        give(engine)
        decision = engine.check("dev@example.com", "tools.execute")
        assert (decision.outcome, decision.reason, decision.obligations) == ("deny", "guardrail", ("step_up",))
        assert engine.check("dev@example.com", "logs:read").obligations == ()


def test_the_standing_policies_are_where_they_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "base.cedar").write_text('permit (principal == User::"dev@example.com", action, resource);')
    config = {**BASE, "standing_policies": {"path": str(tmp_path / "base.cedar")}}
    with Engine.from_yaml(json.dumps({"jit_access": config}), environ={}) as engine:
        assert authorizing(engine) == "allow"
        told = [{"uid": {"type": "User", "id": "dev@example.com"}, "attrs": {}, "parents": []}]
        assert engine.set_entities(json.dumps(told)) == 1
        with pytest.raises(InvalidInput):
            engine.set_entities("no JSON")
        with pytest.raises(InvalidInput):
            engine.authorize('{"action": "tools.execute"}')
    with Engine.from_yaml(json.dumps({"jit_access": BASE}), environ={}) as engine:
        assert authorizing(engine) == "not_applicable"


def test_the_rules_of_a_request_are_where_they_are_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "rules.cedar").write_text('@id("never") forbid (principal, action, resource);')
    config = {**BASE, "invariants": {"path": str(tmp_path / "rules.cedar")}, "schema": {"shipped": "contextforge"}}
    with Engine.from_yaml(json.dumps({"jit_access": config}), environ={}) as engine:
        analysis = engine.request(LEAD, ask(engine).id).assessment.analysis
        assert analysis is not None
        assert [one.rule for one in analysis.broken_rules] == ["never"]


def test_policies_are_held_to_their_tests(tmp_path: Path) -> None:
    wanted = "tests: [{name: nobody runs tools, principal: dev, action: tools.execute, expect: %s}]"
    config = {**BASE, "policy_tests": {"path": str(tmp_path / "tests.yaml")}}
    (tmp_path / "tests.yaml").write_text(wanted % "not_applicable")
    Engine.from_yaml(json.dumps({"jit_access": config}), environ={}).close()
    (tmp_path / "tests.yaml").write_text(wanted % "allow")
    with pytest.raises(InvalidInput, match="nobody runs tools"):
        Engine.from_yaml(json.dumps({"jit_access": config}), environ={})


def test_the_policy_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "open.cedar").write_text("permit (principal, action, resource);")
    config = {**BASE, "workflow_policy": {"path": str(tmp_path / "open.cedar")}}
    assert reading_the_journal(Engine.from_yaml(json.dumps({"jit_access": config}), environ={})) == "done"
    assert reading_the_journal(Engine.from_yaml(json.dumps({"jit_access": BASE}), environ={})) == "not_an_auditor"


def test_the_schema_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "own.cedarschema").write_text("entity Invoice;")
    config = {**BASE, "schema": {"path": str(tmp_path / "own.cedarschema")}}
    engine = Engine.from_yaml(json.dumps({"jit_access": config}), environ={})
    assert ask(engine, resource="invoice:1").resource == "invoice:1"
    assert outcome(partial(ask, engine, resource="tool:deploy")) == "invalid"


def test_the_store_is_where_it_is_said_to_be(tmp_path: Path) -> None:
    with Engine.from_yaml(sqlite(tmp_path / "a.db"), environ={}) as one:
        request = ask(one).id
    for path, comes in (("a.db", "pending"), ("b.db", "unknown_request")):
        with Engine.from_yaml(sqlite(tmp_path / path), environ={}) as other:
            assert outcome(partial(other.request, DEV, request)) == comes


HOLDER: Final = """
import sqlite3, sys, time
busy = sqlite3.connect(sys.argv[1], isolation_level=None)
busy.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(0.3)
"""


@pytest.mark.parametrize(("patience", "comes"), [(0, "unavailable"), (20_000, "pending")])
def test_a_write_waits_as_long_as_it_is_told(tmp_path: Path, patience: int, comes: str) -> None:
    config = sqlite(tmp_path / "jit.db", store={"busy_timeout_ms": patience})
    with Engine.from_yaml(config, environ={}) as engine:
        command = [sys.executable, "-c", HOLDER, str(tmp_path / "jit.db")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None and other.stdout.readline() == "held\n"
            assert outcome(lambda: ask(engine)) == comes


@pytest.mark.parametrize(("age", "still"), [(0, False), (60_000, True)])
def test_a_check_is_as_old_as_it_may_be(tmp_path: Path, age: int, still: bool) -> None:
    config = sqlite(tmp_path / "jit.db", service={"max_staleness_ms": age})
    with Engine.from_yaml(config, environ={}) as one, Engine.from_yaml(config, environ={}) as other:
        grant = give(one)
        assert other.check("dev@example.com", "tools.read", current=True).allowed
        one.revoke(LEAD, grant, reason="enough")
        assert other.check("dev@example.com", "tools.read").allowed == still
        assert not other.check("dev@example.com", "tools.read", current=True).allowed


@pytest.mark.parametrize(("interval", "comes"), [(5, True), (60_000, False)])
def test_the_keeper_comes_as_often_as_it_is_told(tmp_path: Path, interval: int, comes: bool) -> None:
    config = sqlite(tmp_path / "jit.db", service={"interval_ms": interval, "max_staleness_ms": 60_000})
    with Engine.from_yaml(config, environ={}) as engine:
        grant = give(engine)
        engine.check("dev@example.com", "tools.read")
        deadline = time.monotonic() + (10 if comes else 0.3)
        with Engine.from_yaml(config, environ={}) as reader:
            while not (written := reader.grant(DEV, grant).actions_taken) and time.monotonic() < deadline:
                time.sleep(0.01)
        assert bool(written) == comes


@pytest.mark.parametrize(("many", "written"), [(1, 2), (100, 0)])
def test_as_many_uses_wait_as_may(tmp_path: Path, many: int, written: int) -> None:
    config = sqlite(tmp_path / "jit.db", service={"waiting_uses": many})
    with Engine.from_yaml(config, environ={}) as engine, Engine.from_yaml(config, environ={}) as reader:
        grant = give(engine)
        for _ in range(3):
            assert engine.check("dev@example.com", "tools.read").allowed
        assert reader.grant(DEV, grant).actions_taken == written
