"""The hooks: what they grant, what they record, and that they abstain from everything else."""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from cpex.framework import (
    GlobalContext,
    HttpAuthCheckPermissionPayload,
    HttpAuthCheckPermissionResultPayload,
    PluginConfig,
    PluginContext,
    ToolPreInvokePayload,
)
from gateway_world import DEV, fresh_engine, fresh_gateway, give, request, revoke

from jit_access import Caller, Conditions, Engine
from jit_access.gateway import host, serving
from jit_access.gateway.plugin import JitAccessPlugin
from jit_access.gateway.runtime import Runtime
from jit_access.gateway.settings import PluginConfigError, Settings


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr(host, "may_override", lambda: True)
    fresh_gateway()
    return fresh_engine()


def plugin(engine: Any, **config: Any) -> JitAccessPlugin:
    """A plugin object that has joined a runtime."""
    settings: dict[str, Any] = {"jit_access": {}, **config}
    made = JitAccessPlugin(PluginConfig(name="Jit", kind="jit", config=settings))
    made._runtime = Runtime(Settings.parse(settings), engine)
    return made


def context(user: Any = DEV) -> PluginContext:
    return PluginContext(global_context=GlobalContext(request_id="1", user=user))


def check(made: JitAccessPlugin, permission: str, where: PluginContext | None = None) -> bool | None:
    """Granted, denied, or abstained."""
    payload = HttpAuthCheckPermissionPayload(user_email=DEV, permission=permission)
    with request():
        result = asyncio.run(made.http_auth_check_permission(payload, where or context()))
    assert result.continue_processing
    return None if result.modified_payload is None else result.modified_payload.granted


def call_tool(made: JitAccessPlugin, tool: str, user: Any = DEV) -> None:
    """A tool call that the gateway's roles have let pass."""
    with request():
        asyncio.run(made.tool_pre_invoke(ToolPreInvokePayload(name=tool), context(user)))


def uses(engine: Engine, grant_id: str) -> int:
    engine.tick()
    return engine.grant(Caller(DEV), grant_id).actions_taken


def test_a_live_grant_answers_and_is_counted(engine: Engine) -> None:
    made = plugin(engine)
    assert check(made, "audit:read") is None
    grant = give(engine, "auditor")
    assert check(made, "audit:read") is True
    assert check(made, "security:read") is None
    assert uses(engine, grant.id) == 1
    revoke(engine, grant)
    assert check(made, "audit:read") is None


def test_it_abstains_while_plugins_must_not_lift(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    grant = give(engine, "auditor")
    monkeypatch.setattr(host, "may_override", lambda: False)
    assert check(plugin(engine), "audit:read") is None
    assert uses(engine, grant.id) == 0


@pytest.mark.parametrize(
    "permission", ["*", "admin.user_management", "admin.plugins", "admin.sso_providers:create", "admin.export"]
)
def test_it_never_lifts_what_could_outlive_a_grant(engine: Engine, permission: str) -> None:
    give(engine, "everything")
    assert check(plugin(engine), permission) is None
    assert check(plugin(engine), "admin.metrics") is True


def test_after_another_plugin_has_decided_it_abstains(engine: Engine) -> None:
    decided: Any = HttpAuthCheckPermissionResultPayload(granted=False)
    result = asyncio.run(plugin(engine).http_auth_check_permission(decided, context()))
    assert result.modified_payload is None and result.continue_processing


def test_it_abstains_on_its_own_errors() -> None:
    class Broken:
        def check(self, *_: object, **__: object) -> None:
            raise RuntimeError("broken")

    made = plugin(Broken())
    assert check(made, "audit:read") is None
    assert asyncio.run(made.tool_pre_invoke(ToolPreInvokePayload(name="deploy"), context())).continue_processing


def test_it_abstains_before_it_has_joined() -> None:
    made = JitAccessPlugin(PluginConfig(name="Jit", kind="jit", config={"jit_access": {}}))
    assert check(made, "audit:read") is None
    asyncio.run(made.shutdown())


@pytest.mark.parametrize("user", [DEV, {"email": DEV, "is_admin": False}], ids=["name", "mapping"])
def test_a_tool_call_is_a_use_whatever_the_path_calls_its_user(engine: Engine, user: Any) -> None:
    grant = give(engine, "operator", resource="tool:deploy")
    made = plugin(engine)
    for tool in ("deploy", "deploy", "status"):
        call_tool(made, tool, user)
    assert uses(engine, grant.id) == 2


def test_a_call_by_nobody_is_nobodys_use(engine: Engine) -> None:
    grant = give(engine, "operator")
    call_tool(plugin(engine), "deploy", None)
    assert uses(engine, grant.id) == 0


def test_a_tool_whose_name_the_engine_does_not_take_is_a_use_all_the_same(engine: Engine) -> None:
    grant = give(engine, "operator")
    call_tool(plugin(engine), "de\u0000ploy")
    assert uses(engine, grant.id) == 1


def test_names_that_no_grant_can_hold_are_no_errors(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    made = plugin(engine)
    assert check(made, "not a permission at all") is None
    call_tool(made, "deploy", "no\u0000body")
    assert not caplog.records


def test_one_request_is_one_use(engine: Engine) -> None:
    grant, made = give(engine, "operator"), plugin(engine)
    with serving.serve({"type": "http"}):
        assert check(made, "tools.execute") is True
        call_tool(made, "deploy")
    assert uses(engine, grant.id) == 1
    with serving.serve({"type": "http"}):
        call_tool(made, "deploy")
    assert uses(engine, grant.id) == 2


def test_a_condition_is_judged_by_the_request_under_way(engine: Engine) -> None:
    fresh_gateway()
    made, now = plugin(engine), int(time.time())
    conditions = Conditions(mfa_within_minutes=15, networks=["10.0.0.0/8"], session="s-1")
    give(engine, "auditor", conditions=conditions)

    def asked(peer: str = "10.0.0.1", **claims: object) -> bool | None:
        token = {"sub": DEV, "amr": ["pwd", "otp"], "auth_time": now - 60, "jti": "s-1", **claims}
        scope = {"type": "http", "client": (peer, 1), "state": {"_jwt_verified_payload": ("token", token)}}
        with serving.serve(scope):
            return check(made, "audit:read")

    assert check(made, "audit:read") is None, "without a request nothing is known"
    assert asked() is True
    assert asked(sub="Dev@Example.com") is True
    assert asked(sid="s-1", jti="other") is True, "a session's own name goes before the token's"
    assert asked(peer="192.0.2.7") is None
    assert asked(amr=["pwd"]) is None
    assert asked(auth_time=now - 3600) is None
    assert asked(jti="s-2") is None
    assert asked(sub="boss@example.com") is None, "somebody else's token proves nothing"
    assert asked(sub="00000000-0000-0000-0000-000000000000") is None


def test_a_use_is_not_spent_where_another_grant_asks_for_less(engine: Engine) -> None:
    made = plugin(engine)
    counted = give(engine, "auditor", conditions=Conditions(max_uses=1))
    free = give(engine, "auditor", conditions=Conditions(networks=["10.0.0.0/8"]))
    with serving.serve({"type": "http", "client": ("10.0.0.1", 1)}):
        assert check(made, "audit:read") is True
    assert (uses(engine, counted.id), uses(engine, free.id)) == (0, 1)


def test_what_another_process_gave_a_moment_ago_is_judged_by_the_request_too(engine: Engine, tmp_path: Path) -> None:
    with fresh_engine(str(tmp_path / "jit.db")) as ours, fresh_engine(str(tmp_path / "jit.db")) as theirs:
        made = plugin(ours)
        give(theirs, "auditor", conditions=Conditions(networks=["10.0.0.0/8"]))
        with serving.serve({"type": "http", "client": ("10.0.0.1", 1)}):
            assert check(made, "audit:read") is True


def authzen(**client: object) -> dict[str, Any]:
    """A configuration with one program that asks by AuthZEN."""
    return {
        "config_file": "a",
        "gateway": {"authzen": {"public_url": "https://gateway.example.com", "clients": {"shop": client}}},
    }


def test_a_token_stands_in_a_variable_or_a_file_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = secrets.token_urlsafe(32)
    monkeypatch.setenv("SHOP_TOKEN", token)
    (tmp_path / "token").write_text(f"{token}\n")
    for source in ({"token_env": "SHOP_TOKEN"}, {"token_file": str(tmp_path / "token")}):
        settings = Settings.parse(authzen(**source, speaks_for=["user"]))
        assert settings.authzen is not None
        assert settings.authzen.clients[0].token == token
        assert token not in repr(settings)


def test_the_whole_decision_is_for_programs_that_are_named_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", secrets.token_urlsafe(32))
    for may, expected in [
        (None, (False, None)),
        (["evaluate"], (False, ("evaluate",))),
        (["evaluate", "authorize"], (True, ("evaluate",))),
        (["authorize"], (True, ())),
    ]:
        more = {} if may is None else {"may": may}
        settings = Settings.parse(authzen(token_env="SHOP_TOKEN", **more))
        assert settings.authzen is not None
        [client] = settings.authzen.clients
        assert (client.authorize, client.may) == expected


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({}, "config_file"),
        ({"config_file": "a", "jit_access": {}}, "config_file"),
        ({"config_file": 7}, "config_file"),
        ({"config_file": ""}, "config_file"),
        ({"config_file": "a", "mirror": True}, "`mirror`"),
        ({"config_file": "a", "gateway": []}, "`gateway`"),
        ({"config_file": "a", "gateway": {"miror": True}}, "gateway.miror"),
        ({"config_file": "a", "gateway": {"mirror": "yes"}}, "gateway.mirror"),
        ({"config_file": "a", "gateway": {"poll_seconds": 0}}, "gateway.poll_seconds"),
        ({"config_file": "a", "gateway": {"poll_seconds": True}}, "gateway.poll_seconds"),
        ({"config_file": "a", "gateway": {"teams": ["payments"]}}, "gateway.teams"),
        ({"config_file": "a", "gateway": {"teams": {"payments": "the payments team"}}}, "gateway.teams.payments"),
        ({"config_file": "a", "gateway": {"teams": {"payments": "0a1b/admin"}}}, "gateway.teams.payments"),
        ({"config_file": "a", "gateway": {"teams": {" ": "0a1b"}}}, "gateway.teams"),
        ({"config_file": "a", "gateway": {"teams": {7: "0a1b"}}}, "gateway.teams"),
        ({"config_file": "a", "gateway": {"teams": {"platform_admin": "0a1b"}}}, "platform_admin"),
        ({"config_file": "a", "gateway": {"authzen": True}}, "gateway.authzen"),
        ({"config_file": "a", "gateway": {"authzen": {"url": "https://a"}}}, "gateway.authzen.url"),
        ({"config_file": "a", "gateway": {"public_url": "http://gateway.example.com"}}, "gateway.public_url"),
        ({"config_file": "a", "gateway": {"authzen": {"public_url": "gateway"}}}, "authzen.public_url"),
        ({"config_file": "a", "gateway": {"authzen": {"public_url": "https://a"}}}, "authzen.clients"),
        (authzen(token_env="NOT_SET_ANYWHERE"), "clients.shop.token_env.*0 characters"),
        (authzen(token_file="/nowhere/token"), "clients.shop.token_file.*cannot be read"),
        (authzen(), "clients.shop.*token_env"),
        (authzen(token_env="PATH", token_file="x"), "clients.shop.*token_env"),
        (authzen(token_env="PATH", may=["approve"]), "clients.shop.*may"),
        (authzen(token_env="PATH", may=["approve"]), "authorize besides"),
        (authzen(token_env="PATH", may="search"), "clients.shop.may"),
        (authzen(token="secret"), "clients.shop.token"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_an_error_that_names_the_key(
    config: dict[str, Any], named: str
) -> None:
    with pytest.raises(PluginConfigError, match=named):
        Settings.parse(config)


def test_the_mirror_is_on_unless_the_wrap_is() -> None:
    assert Settings.parse({"config_file": "a"}).mirror
    assert not Settings.parse({"config_file": "a", "gateway": {"wrap_permission_service": True}}).mirror
    assert Settings.parse({"config_file": "a", "gateway": {"wrap_permission_service": True, "mirror": True}}).mirror
