"""Who holds a grant, and what a host tells about them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Iterator
from typing import Literal

import pytest

from jit_access import Caller, Directory, Engine, InvalidInput, Principal, Refused, Standing

CONFIG = "jit_access: {approver_roles: [lead], roles: {operator: {permissions: [tools.*], max_duration_hours: 4}}}"
DEV = Caller("dev@example.com", roles=["developer"])
LEAD = Caller("lead@example.com", roles=["lead"])


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.from_yaml(CONFIG, environ={}) as engine:
        yield engine


def test_a_directory_may_be_an_object() -> None:
    asked: list[Principal] = []

    class Accounts:
        def standing(self, principal: Principal, /) -> Standing | Literal["gone"] | None:
            asked.append(principal)
            if principal.agent:
                return None
            return Standing(enabled=True) if principal.name == "dev@example.com" else "gone"

    accounts: Directory = Accounts()
    config = CONFIG.replace("{approver_roles", "{agents: {require_person: false}, approver_roles")
    with Engine.from_yaml(config, environ={}, directory=accounts) as engine:
        request = engine.submit(DEV, role="operator", reason="x")
        engine.submit(Caller(Principal("bot", agent=True)), role="operator", reason="x")
        # The engine may ask again, as when a command has to be decided anew.
        assert list(dict.fromkeys(asked)) == [Principal("dev@example.com"), Principal("bot", agent=True)]
        with pytest.raises(Refused, match="disabled"):
            engine.approve(LEAD, request.id)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Standing(enabled=True).enabled = False  # type: ignore[misc]


def test_a_principal_is_a_person_or_an_agent() -> None:
    person, agent = Principal("Dev@Example.com"), Principal("Bot", agent=True)
    assert (person.kind, person.name, person.agent, str(person)) == (
        "user",
        "dev@example.com",
        False,
        "dev@example.com",
    )
    assert (agent.kind, agent.name, agent.agent, str(agent)) == ("agent", "bot", True, "agent:bot")
    for one in (person, agent):
        assert Principal.parse(str(one)) == one == pickle.loads(pickle.dumps(one)) == copy.deepcopy(one)
        assert type(str(one)) is str and type(Principal(one)) is Principal and Principal(one) == one
        assert eval(repr(one)) == one
        assert hash(one) == hash(str(one))
        with pytest.raises(AttributeError):
            one.name = "x"  # type: ignore[misc]
    assert person != Principal("dev@example.com", agent=True)
    for wrong in ("", "agent:", "two words", "agent:agent:x"):
        with pytest.raises(InvalidInput):
            Principal.parse(wrong)
    for wrong in (b"dev", 1, None):
        with pytest.raises(TypeError):
            Principal(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        type("Forged", (Principal,), {})


def test_a_principal_is_taken_wherever_a_name_is(engine: Engine) -> None:
    bot = Principal("bot", agent=True)
    caller = Caller(bot, acts_for=Principal("ann@example.com"))
    assert (caller.principal, caller.acts_for) == (bot, "ann@example.com")
    asked = engine.submit(caller, role="operator", reason="x")
    assert (asked.requester, asked.requester_acts_for) == (bot, Principal("ann@example.com"))
    grant_id = engine.approve(LEAD, asked.id).grant_id
    assert grant_id is not None
    holder = engine.grant(LEAD, grant_id).holder
    assert type(holder) is Principal and holder.agent
    assert engine.check(holder, "tools.execute").allowed
    peeked = engine.peek_in_memory(holder, "tools.execute")
    assert peeked is None or peeked.allowed
    assert engine.check_many(holder, "tools.execute", ["tool:a"])[0].allowed
    assert not engine.check("bot", "tools.execute").allowed, "a person of the same name"
    assert engine.standing(holder, enabled=True).items == ()
    ended = engine.revoke_many(LEAD, holder=holder, reason="done").items
    assert [grant.id for grant in ended] == [grant_id]
    review = engine.request(LEAD, asked.id).reviews[0]
    assert review.by == "lead@example.com" and review.acts_for is None
