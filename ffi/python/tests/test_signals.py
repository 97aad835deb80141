"""Signals from other systems: genuine ones end or suspend what somebody holds at once, and only once."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jit_access import Caller, Engine
from jit_access.signals import Signal, Transmitter, apply, create_receiver, of_scim

CONFIG = """
jit_access:
  store: {type: memory}
  approver_roles: [lead]
  require_justification: false
  roles: {operator: {permissions: ["tools.*"]}}
"""
DEV, LEAD = "dev@example.com", Caller("lead@example.com", roles=["lead"])
SIGNALS = Caller("signals@example.com", roles=["lead"])
ISSUER, AUDIENCE = "https://idp.example.com", "https://jit.example.com"
KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"


def keys() -> dict[str, Any]:
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(KEY.public_key()))
    return {"keys": [{**public, "kid": "k1", "alg": "ES256", "use": "sig"}]}


class World:
    def __init__(self) -> None:
        self.engine = Engine.from_yaml(CONFIG)
        app = FastAPI()
        app.include_router(create_receiver(self.engine, [Transmitter(ISSUER, AUDIENCE, keys(), SIGNALS)]))
        self.client = TestClient(app)

    def give(self, who: Caller) -> str:
        asked = self.engine.submit(who, role="operator")
        approved = self.engine.approve(LEAD, asked.id)
        assert approved.grant_id is not None
        return approved.grant_id

    def status(self, grant: str) -> str:
        return str(self.engine.grant(LEAD, grant).status)

    def send(self, token: str, kind: str = "application/secevent+jwt") -> Any:
        return self.client.post("/signals", content=token, headers={"content-type": kind})


@pytest.fixture
def world() -> World:
    return World()


def token(
    event: str, *, key: Any = KEY, typ: str = "secevent+jwt", more: dict[str, Any] | None = None, **claims: Any
) -> str:
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": int(time.time()),
        "jti": "one",
        "sub_id": {"format": "email", "email": DEV},
        "events": {event: more or {}},
        **claims,
    }
    signed: str = jwt.encode(
        {name: value for name, value in said.items() if value is not None},
        key,
        algorithm="ES256",
        headers={"typ": typ, "kid": "k1"},
    )
    return signed


@pytest.mark.parametrize(
    ("event", "more", "becomes"),
    [
        (f"{CAEP}session-revoked", {}, "revoked"),
        (f"{CAEP}credential-change", {"change_type": "revoke"}, "revoked"),
        (f"{RISC}account-disabled", {"reason": "hijacking"}, "revoked"),
        (f"{CAEP}device-compliance-change", {"current_status": "not-compliant"}, "suspended"),
        (f"{CAEP}device-compliance-change", {"current_status": "compliant"}, "active"),
        (f"{CAEP}assurance-level-change", {}, "active"),
    ],
)
def test_a_signal_ends_or_suspends_what_somebody_and_their_agents_hold(
    world: World, event: str, more: dict[str, Any], becomes: str
) -> None:
    mine = world.give(Caller(DEV))
    agents = world.give(Caller("bot", agent=True, acts_for=DEV))
    others = world.give(Caller("other@example.com"))
    assert world.engine.check(DEV, "tools.execute").allowed
    assert world.send(token(event, more=more)).status_code == 202
    assert (world.status(mine), world.status(agents), world.status(others)) == (becomes, becomes, "active")
    assert world.engine.check(DEV, "tools.execute").allowed is (becomes == "active")
    assert world.engine.check("bot", "tools.execute", agent=True).allowed is (becomes == "active")
    world.engine.verify()


@pytest.mark.parametrize(
    "reason",
    ["pay\u202eslip", "\x00", "a\nb", "\ufdd0", "\U000e0041" * 600, "\U0001f4a5" * 60_000, "\u200b", "x" * 10_000],
)
def test_a_signal_is_not_lost_with_its_reason(world: World, reason: str) -> None:
    """What its words hold that no record may hold is written otherwise; the access ends."""
    grant = world.give(Caller(DEV))
    said = reason[:2_000]
    answer = world.send(token(f"{CAEP}session-revoked", more={"reason_admin": {"en": said}}))
    assert (answer.status_code, world.status(grant)) == (202, "revoked"), answer.text
    again = world.give(Caller(DEV))
    assert apply(world.engine, SIGNALS, Signal("credential_change", DEV, "two", reason)) == 1
    assert world.status(again) == "revoked"


def test_one_grant_that_cannot_end_keeps_no_other(world: World) -> None:
    """A caller revokes nothing of their own; what others hold ends all the same, and the caller is told."""
    own, other = world.give(Caller("signals@example.com")), world.give(Caller(DEV))
    events = {f"{CAEP}session-revoked": {"subject": {"format": "email", "email": "signals@example.com"}}}
    events[f"{CAEP}credential-change"] = {"subject": {"format": "email", "email": DEV}}
    answer = world.send(token("", sub_id=None, events=events))
    assert answer.status_code == 503, "the transmitter sends it again"
    assert (world.status(own), world.status(other)) == ("active", "revoked")


def test_a_disabled_account_begins_nothing_new(world: World) -> None:
    assert world.send(token(f"{RISC}account-disabled")).status_code == 202
    with pytest.raises(Exception, match="disabled"):
        world.engine.submit(Caller(DEV), role="operator")


def test_a_replay_does_nothing(world: World) -> None:
    first = world.give(Caller(DEV))
    said = token(f"{RISC}account-disabled")
    assert world.send(said).status_code == 202
    assert world.status(first) == "revoked"
    world.engine.standing(DEV, enabled=True, roles=[])
    second = world.give(Caller(DEV))
    assert world.send(said).status_code == 202
    assert world.status(second) == "active", "the account was enabled again, and an old token does not undo that"
    revoked = token(f"{CAEP}session-revoked", jti="three", iat=int(time.time()) - 600)
    assert world.send(revoked).status_code == 202
    assert world.status(second) == "active", "it was given after that session was revoked"
    suspended = token(f"{CAEP}device-compliance-change", more={"current_status": "not-compliant"}, jti="two")
    assert world.send(suspended).status_code == 202
    world.engine.resume(LEAD, second)
    assert world.send(suspended).status_code == 202
    assert world.status(second) == "active", "a reviewer resumed it, and the same token does not suspend it again"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": OTHER_KEY}, "authentication_failed"),
        ({"iss": "https://evil.example.com"}, "invalid_issuer"),
        ({"aud": "https://other.example.com"}, "invalid_audience"),
        ({"iat": int(time.time()) - 90_000}, "invalid_request"),
        ({"iat": int(time.time()) + 3_600}, "authentication_failed"),
        ({"typ": "JWT"}, "invalid_request"),
        ({"jti": None}, "invalid_request"),
        ({"sub_id": None}, "invalid_request"),
        ({"events": {}}, "invalid_request"),
        ({"events": {f"{CAEP}session-revoked": "x"}}, "invalid_request"),
    ],
)
def test_what_is_not_genuine_is_refused(world: World, changes: dict[str, Any], code: str) -> None:
    grant = world.give(Caller(DEV))
    answer = world.send(token(f"{CAEP}session-revoked", **changes))
    assert (answer.status_code, answer.json()["err"]) == (400, code), answer.text
    assert world.status(grant) == "active"


def test_a_token_without_a_signature_is_refused(world: World) -> None:
    grant = world.give(Caller(DEV))
    claims = jwt.decode(token(f"{CAEP}session-revoked"), options={"verify_signature": False})
    bare = jwt.encode(claims, None, algorithm="none", headers={"typ": "secevent+jwt", "kid": "k1"})
    shared = jwt.encode(claims, "s" * 32, algorithm="HS256", headers={"typ": "secevent+jwt", "kid": "k1"})
    for said in (bare, shared, "", "a.b.c", "\u00e9"):
        assert world.send(said).status_code == 400, said
    assert world.send(token(f"{CAEP}session-revoked"), "application/json").status_code == 400
    assert world.status(grant) == "active"


def test_a_deactivation_over_scim_goes_the_same_way(world: World) -> None:
    grant = world.give(Caller(DEV))
    patch = {"Operations": [{"op": "replace", "path": "active", "value": "False"}]}
    signal = of_scim(DEV, patch, "scim-1")
    assert signal is not None
    assert apply(world.engine, SIGNALS, signal) == 1
    assert world.status(grant) == "revoked"
    assert of_scim(DEV, {"Operations": [{"op": "replace", "value": {"displayName": "D"}}]}, "scim-2") is None
    assert of_scim(DEV, {"active": True}, "scim-3") is None
    assert of_scim(DEV, {"Operations": [{"op": "replace", "value": {"active": False}}]}, "scim-4") is not None
