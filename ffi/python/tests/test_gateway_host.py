"""Who is calling: the gateway's account with the roles that hold without any grant."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi import HTTPException
from gateway_world import BOSS, DEV, add_role, add_team, change_member, fresh_engine, fresh_gateway, give
from mcpgateway.db import EmailTeam, EmailUser, SessionLocal
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from jit_access import Caller, Principal, Standing
from jit_access.gateway import host, serving, teams
from jit_access.gateway.mirror import Mirror


@pytest.fixture(autouse=True)
def gateway() -> None:
    fresh_gateway()


def caller(claims: object = None, **more: Any) -> Caller:
    """Who calls with a token of these claims, as the gateway has verified it."""
    request = Request({"type": "http", "state": {}})
    if claims is not None:
        whose = {"sub": DEV, **claims} if isinstance(claims, dict) else claims
        request.state._jwt_verified_payload = ("token", whose)
    return host.caller(request, {"email": DEV, "is_admin": False, **more})


def roles(**more: Any) -> tuple[str, ...]:
    return tuple(caller(**more).roles)


def test_how_somebody_signed_in_is_what_the_token_says() -> None:
    signed_in = caller({"amr": ["pwd", "otp"], "acr": "strong", "auth_time": 1_800_000_000})
    assert (signed_in.amr, signed_in.acr) == (("pwd", "otp"), "strong")
    assert signed_in.auth_time == datetime.fromtimestamp(1_800_000_000, UTC)
    assert caller({"auth_time": 1_800_000_000.5}).auth_time == datetime.fromtimestamp(1_800_000_000, UTC)


@pytest.mark.parametrize(
    "claims",
    [
        None,
        {},
        "no claims",
        {"amr": "pwd", "acr": 7, "auth_time": "now"},
        {"amr": ["pwd", 7], "auth_time": True},
        {"amr": ["a b"], "auth_time": 1_800_000_000},
        {"auth_time": 10**400},
        {"auth_time": float("inf")},
        {"auth_time": float("nan")},
    ],
)
def test_a_token_that_says_it_badly_says_nothing(claims: object) -> None:
    signed_in = caller(claims)
    assert (signed_in.amr, signed_in.acr, signed_in.auth_time) == ((), None, None)


def test_a_token_of_somebody_else_says_nothing() -> None:
    with SessionLocal() as session:
        account = str(session.query(EmailUser).filter(EmailUser.email == DEV).one().id)
    for whose in ({"sub": DEV.upper()}, {"sub": account}, {"sub": "x", "user": {"email": DEV}}):
        assert caller({"acr": "strong", **whose}).acr == "strong", whose
    for whose in ({"sub": "boss@example.com"}, {"sub": str(uuid4())}, {"sub": 7}, {"sub": account, "email": "a@b.c"}):
        assert caller({"acr": "strong", **whose}).acr is None, whose


def test_the_layer_remembers_a_request_while_it_is_served() -> None:
    seen: list[object] = []
    later: list[asyncio.Task[None]] = []

    async def look() -> None:
        seen.append(getattr(serving.current(), "peer", None))

    async def homepage(request: Request) -> Response:
        await asyncio.create_task(look())
        await asyncio.to_thread(lambda: seen.append(getattr(serving.current(), "peer", None)))
        known = serving.of(request.scope)
        assert known is not None and known is serving.current()

        async def outlive() -> None:
            while not known.over:
                await asyncio.sleep(0)
            seen.append(serving.current())

        later.append(asyncio.create_task(outlive()))
        return Response()

    app = Starlette(routes=[Route("/", homepage)])
    serving.remember(app)
    stack = app.middleware_stack
    serving.remember(app)
    assert app.middleware_stack is stack, "once"

    async def whole() -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "headers": [],
            "client": ("192.0.2.1", 1),
            "query_string": b"",
        }

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(_: object) -> None:
            return None

        await app(scope, receive, send)  # type: ignore[arg-type]  # what a server hands over
        await later[0]
        assert serving.current() is None

    asyncio.run(whole())
    assert seen == ["192.0.2.1", "192.0.2.1", None], "a task that outlives its request serves nobody we know"


def test_standing_global_roles_count() -> None:
    add_role("approver")
    add_role("until_later", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert roles() == ("approver", "until_later")


def test_roles_that_do_not_hold_everywhere_and_now_do_not_count() -> None:
    add_role("in_one_team", scope="team", scope_id="t")
    add_role("over", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    add_role("taken_away", is_active=False)
    add_role("somebody_elses", holder="boss@example.com")
    assert roles() == ()


def test_roles_from_grants_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "may_override", lambda: True)
    engine = fresh_engine()
    give(engine, "everything")
    Mirror(engine).follow_now()
    add_role("jit-by-name")
    add_role("by_source", grant_source="jit")
    assert roles() == ()


def test_an_administrators_account_counts_as_the_role() -> None:
    assert roles(is_admin=True) == ("platform_admin",)
    assert roles(is_admin=True, token_teams=["t"]) == ("platform_admin",)
    assert roles(is_admin=True, token_teams=[]) == (), "a public-only token carries no administrator's rights"
    assert roles(is_admin="true") == ()


def test_a_role_whose_name_no_configuration_can_hold_is_left_out() -> None:
    add_role("approver")
    add_role("a role\nwith a line break")
    assert roles() == ("approver",)


@pytest.fixture
def no_teams_afterwards() -> Iterator[None]:
    yield
    teams.register({})


@pytest.mark.usefixtures("no_teams_afterwards")
def test_a_team_gives_the_role_that_the_operator_says() -> None:
    payments = add_team("payments", dev="member", boss="owner")
    other = add_team("other", dev="owner")
    assert roles() == (), "a team gives nothing by itself"
    teams.register({"payments": payments, "payments-leads": f"{payments}/owner", "others": other})
    directory = host.Accounts()
    assert roles() == ("others", "payments")
    assert roles(token_teams=[payments]) == ("payments",), "a token that names teams carries the roles of those"
    assert roles(token_teams=[]) == (), "and one for public things none"
    assert host.accounts([DEV, BOSS])[BOSS].standing.roles == ("payments", "payments-leads")
    assert sorted(directory.people_of("payments")) == [BOSS, DEV]
    assert directory.people_of("payments-leads") == [BOSS]
    standing = directory.standing(Principal(DEV))
    assert isinstance(standing, Standing) and standing.roles == ("others", "payments")


@pytest.mark.usefixtures("no_teams_afterwards")
def test_who_leaves_a_team_has_its_role_no_more() -> None:
    payments = add_team("payments", dev="member", boss="owner")
    teams.register({"payments": payments})
    change_member(payments, DEV, is_active=False)
    assert (roles(), host.Accounts().people_of("payments")) == ((), [BOSS])
    with SessionLocal() as session:
        session.get_one(EmailTeam, payments).is_active = False
        session.commit()
    assert host.Accounts().people_of("payments") == [], "nor anybody when the team is over"
    assert teams.missing() == [("payments", payments)]


@pytest.mark.usefixtures("no_teams_afterwards")
def test_a_role_of_the_gateway_with_the_name_of_a_teams_role_does_not_count() -> None:
    payments = add_team("payments", boss="owner")
    teams.register({"payments": payments})
    add_role("payments")
    assert (roles(), host.accounts([DEV])[DEV].standing.roles) == ((), ())
    assert host.Accounts().people_of("payments") == [BOSS]


def test_nobody_is_refused() -> None:
    with pytest.raises(HTTPException) as refused:
        caller(email="anonymous", auth_method="anonymous")
    assert refused.value.status_code == 401
