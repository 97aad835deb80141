"""The wrap: what it lets pass provisionally is checked at the call, and nothing else passes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from cpex.framework import PluginViolationError
from gateway_world import DEV, fresh_engine, fresh_gateway, give, request, revoke

from jit_access import Caller, Conditions, Engine
from jit_access.gateway import checks, host, serving, wrap
from jit_access.gateway.runtime import Runtime
from jit_access.gateway.settings import Settings


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(host, "may_override", lambda: True)
    monkeypatch.setattr(host, "proxies_directly", lambda: False)
    fresh_gateway()
    return fresh_engine()


class Gateway:
    """A permission service that knows no one and a tool service that runs everything, wrapped."""

    def __init__(self, engine: Engine) -> None:
        self.standing: set[str] = set()

        async def check_permission(
            service: Any, user_email: str, permission: str, token_teams: list[str] | None = None
        ) -> bool:
            return permission in self.standing

        async def invoke_tool(service: Any, name: str, server_id: str | None = None) -> str:
            self.recorded.append(wrap.call())
            return f"ran {name}"

        def look(holder: str, grant: str) -> bool:
            self.vetted.append((holder, grant))
            return not self.standing_holder and bool(engine.standing(holder, enabled=False).items)

        self.vetted: list[tuple[str, str]] = []
        self.recorded: list[wrap.Call | None] = []
        self.standing_holder = True
        decider = Runtime(Settings.parse({"jit_access": {}}), engine)
        decider.standings = SimpleNamespace(look=look)  # type: ignore[assignment]  # who holds what, told by the test
        self.check = checks.checking(check_permission, decider, lifts=True)
        self.invoke = wrap._deciding(invoke_tool, decider)

    def permits(self, permission: str, **more: Any) -> bool:
        """One permission check and nothing after it."""
        with request():
            return bool(asyncio.run(self._permits(permission, more)))

    async def _permits(self, permission: str, more: dict[str, Any]) -> bool:
        return bool(await self.check(None, user_email=DEV, permission=permission, **more))

    def calls(self, tool: str, server: str | None = None) -> bool:
        """A tool call as the gateway makes it: the check, then the tool."""

        async def whole() -> bool:
            if not await self._permits("tools.execute", {}):
                return False
            try:
                return await self.invoke(None, tool, server_id=server) == f"ran {tool}"
            except PluginViolationError as error:
                assert error.violation is not None and error.violation.http_status_code == 403
                return False

        with request():
            return asyncio.run(whole())


def test_a_grant_on_one_tool_runs_this_tool(engine: Engine) -> None:
    gateway = Gateway(engine)
    assert not gateway.calls("deploy")
    grant = give(engine, "operator", resource="tool:deploy")
    assert gateway.calls("deploy")
    assert not gateway.calls("status")
    assert not gateway.calls("Deploy")
    assert not gateway.calls("de\u0000ploy")
    revoke(engine, grant)
    assert not gateway.calls("deploy")


def test_a_grant_on_one_server_runs_what_is_called_through_it(engine: Engine) -> None:
    give(engine, "operator", resource="server:s1")
    gateway = Gateway(engine)
    assert gateway.calls("deploy", "s1")
    assert not gateway.calls("deploy", "s2")
    assert not gateway.calls("deploy")


def test_a_grant_on_everything_runs_every_tool_and_opens_what_it_names(engine: Engine) -> None:
    give(engine, "operator")
    gateway = Gateway(engine)
    assert gateway.calls("deploy")
    assert gateway.permits("tools.read")
    assert not gateway.permits("tools.delete")


def test_a_grant_that_runs_no_tool_lets_no_tool_call_pass_at_all(engine: Engine) -> None:
    give(engine, "auditor")
    assert not Gateway(engine).permits("tools.execute")


def test_a_call_is_one_use_and_says_that_it_is_on_record(engine: Engine) -> None:
    grant, gateway = give(engine, "operator"), Gateway(engine)
    assert gateway.calls("deploy", "s1")
    assert gateway.recorded == [wrap.Call("deploy", "s1", recorded=True)]
    gateway.standing.add("tools.execute")
    assert gateway.calls("deploy")
    assert gateway.recorded[1] == wrap.Call("deploy", None, recorded=False), "a standing right is not ours to record"
    assert wrap.call() is None
    engine.tick()
    assert engine.grant(Caller(DEV), grant.id).actions_taken == 1


def test_one_request_is_one_use_however_often_the_gateway_asks(engine: Engine) -> None:
    grant, gateway = give(engine, "auditor", conditions=Conditions(max_uses=2)), Gateway(engine)
    for _ in range(2):
        with serving.serve({"type": "http"}):
            assert [gateway.permits("audit:read") for _ in range(3)] == [True, True, True]
    with serving.serve({"type": "http"}):
        assert not gateway.permits("audit:read")
    assert engine.grant(Caller(DEV), grant.id).status == "exhausted"


def test_so_many_calls_and_no_more_however_many_come_at_once(engine: Engine) -> None:
    give(engine, "operator", conditions=Conditions(max_uses=3))
    gateway = Gateway(engine)

    async def whole() -> bool:
        try:
            return await gateway._permits("tools.execute", {}) and await gateway.invoke(None, "deploy") == "ran deploy"
        except PluginViolationError:
            return False

    async def at_once() -> list[bool]:
        return await asyncio.gather(*(whole() for _ in range(8)))

    with request():
        assert sorted(asyncio.run(at_once())) == [False] * 5 + [True] * 3


def test_a_grant_asks_at_the_call_where_it_comes_from(engine: Engine) -> None:
    give(engine, "operator", conditions=Conditions(networks=["10.0.0.0/8"]))
    gateway = Gateway(engine)
    assert not gateway.calls("deploy"), "nobody knows where this comes from"
    for peer, let in (("10.1.2.3", True), ("192.0.2.7", False), ("no address", False)):
        with serving.serve({"type": "http", "client": (peer, 4711)}):
            assert gateway.calls("deploy") is let
            assert gateway.permits("tools.read") is let


def test_a_narrow_grant_opens_no_listing_and_nothing_but_tools(engine: Engine) -> None:
    give(engine, "everything", resource="tool:deploy")
    gateway = Gateway(engine)
    for permission in ("tools.read", "resources.read", "prompts.read", "audit:read", "admin.metrics"):
        assert not gateway.permits(permission)


def test_standing_rights_are_not_narrowed_by_a_narrow_grant(engine: Engine) -> None:
    give(engine, "operator", resource="tool:deploy")
    gateway = Gateway(engine)
    gateway.standing.add("tools.execute")
    assert gateway.calls("status")


def test_a_standing_right_in_the_same_task_clears_an_earlier_provisional_pass(engine: Engine) -> None:
    give(engine, "operator", resource="tool:deploy")
    gateway = Gateway(engine)

    async def both() -> Any:
        assert await gateway._permits("tools.execute", {})
        gateway.standing.add("tools.execute")
        assert await gateway._permits("tools.execute", {})
        return await gateway.invoke(None, "status")

    with request():
        assert asyncio.run(both()) == "ran status"


def test_nothing_is_lifted_where_it_must_not_be(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    give(engine, "everything")
    give(engine, "operator", resource="tool:deploy")
    gateway = Gateway(engine)
    assert gateway.permits("audit:read")
    assert not gateway.permits("audit:read", token_teams=[]), "a public-only token"
    assert gateway.permits("audit:read", token_teams=["t"])
    assert not gateway.permits("admin.user_management")
    monkeypatch.setattr(host, "may_override", lambda: False)
    assert not gateway.permits("audit:read")
    assert not gateway.calls("deploy")


def test_no_provisional_pass_where_calls_may_go_past_the_tool_service(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(engine, "operator", resource="tool:deploy")
    monkeypatch.setattr(host, "proxies_directly", lambda: True)
    assert not Gateway(engine).calls("deploy")


def test_an_error_of_ours_leaves_the_gateways_answer(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bool:
        raise RuntimeError("broken")

    monkeypatch.setattr(host, "may_override", broken)
    assert not Gateway(engine).permits("audit:read")


def test_a_holder_is_looked_at_before_a_grant_of_theirs_lifts(engine: Engine) -> None:
    gateway = Gateway(engine)
    assert not gateway.permits("audit:read") and gateway.vetted == [], "who holds nothing is not looked at"
    rest, tool = give(engine, "auditor"), give(engine, "operator", resource="tool:deploy")
    assert gateway.permits("audit:read") and gateway.calls("deploy")
    assert gateway.vetted == [(DEV, rest.id), (DEV, tool.id)]
    gateway.standing_holder = False
    assert not gateway.permits("audit:read") and not gateway.calls("deploy")


def test_who_is_looked_at_at_a_tool_call_does_not_get_through_by_what_ended(engine: Engine) -> None:
    gateway = Gateway(engine)
    give(engine, "operator", resource="tool:deploy")
    gateway.standing_holder = False
    assert not gateway.calls("deploy")


def test_the_gateway_is_wrapped_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    services = (checks.PermissionService, wrap.ToolService)
    settings = Settings.parse({"jit_access": {}, "gateway": {"wrap_permission_service": True}})
    decider = Runtime(settings, engine)
    before = [
        (service, name, getattr(service, name))
        for service in services
        for name in ("check_permission", "_get_user_roles", *wrap._TOOL_METHODS)
        if hasattr(service, name)
    ]
    try:
        checks.install(decider)
        once = [getattr(service, name) for service, name, _ in before]
        checks.install(decider)
        assert [getattr(service, name) for service, name, _ in before] == once
        assert all(new is not old for new, (_, _, old) in zip(once, before, strict=True))
    finally:
        for service, name, original in before:
            setattr(service, name, original)
