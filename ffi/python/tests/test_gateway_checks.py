"""The gateway's own permission service with mirrored roles: a use is on record before it passes, or does not pass."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gateway_world import DEV, fresh_engine, fresh_gateway, give, revoke
from mcpgateway.db import Role, SessionLocal, UserRole
from mcpgateway.services.permission_service import PermissionService
from sqlalchemy import select, update

from jit_access import Caller, Engine
from jit_access.gateway import checks, host, serving
from jit_access.gateway.runtime import Runtime
from jit_access.gateway.settings import Settings


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Engine]:
    monkeypatch.setattr(host, "may_override", lambda: True)
    fresh_gateway()
    with fresh_engine(str(tmp_path / "jit.db")) as opened:
        yield opened


class Gateway:
    """The gateway's permission service over its own tables, with ours around it."""

    def __init__(self, engine: Engine, *, lifts: bool = False, **settings: Any) -> None:
        self.runtime = Runtime(Settings.parse({"jit_access": {}, "gateway": settings}), engine)
        runtime = self.runtime

        class Service(PermissionService):
            _get_user_roles = checks.hiding(PermissionService._get_user_roles)
            check_permission = checks.checking(PermissionService.check_permission, runtime, lifts=lifts)

        self.service = Service

    def ask(
        self, method: str, *args: Any, scope: dict[str, Any] | None = None, body: object = None, **more: Any
    ) -> Any:
        """One call of the service, in a request of its own."""
        asked = {"type": "http", "path": "/rpc", **(scope or {})}

        async def whole() -> Any:
            with serving.serve(asked) as known, SessionLocal() as session:
                known.received({"type": "http.request", "body": json.dumps(body).encode()})
                return await getattr(self.service(session), method)(*args, **more)

        return asyncio.run(whole())

    def permits(self, permission: str, **more: Any) -> bool:
        return bool(self.ask("check_permission", DEV, permission, **more))


def uses(engine: Engine, grant: str) -> int:
    engine.tick()
    return engine.grant(Caller(DEV), grant).actions_taken


def test_what_rests_on_a_mirrored_role_is_on_record(engine: Engine) -> None:
    gateway, grant = Gateway(engine), give(engine, "operator")
    assert not gateway.permits("tools.execute"), "not mirrored yet"
    gateway.runtime.mirror.follow_now()
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "deploy"}}
    assert gateway.permits("tools.execute", body=call)
    assert gateway.permits("tools.read", body={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert gateway.permits("tools.update")
    assert uses(engine, grant.id) == 3
    auditor = Caller("boss@example.com", roles=["boss"])
    said = "".join(str(record.to_json()) for record in engine.audit(auditor, limit=500).items)
    assert "deploy" in said, "and what was called"


def test_a_role_that_is_left_over_lets_nobody_through(engine: Engine) -> None:
    gateway, grant = Gateway(engine), give(engine, "operator")
    gateway.runtime.mirror.follow_now()
    revoke(engine, grant)
    with SessionLocal() as session:
        assert session.scalars(select(Role)).all()
    assert not gateway.permits("tools.execute")


def test_without_the_store_a_mirrored_role_lets_nobody_through(engine: Engine, tmp_path: Path) -> None:
    gateway, _ = Gateway(engine), give(engine, "operator")
    gateway.runtime.mirror.follow_now()
    assert gateway.permits("tools.execute")
    for file in list(tmp_path.iterdir()):
        file.rename(file.with_name(f"away-{file.name}"))
    deadline = time.monotonic() + 6
    while gateway.permits("tools.execute"):
        assert time.monotonic() < deadline
    assert not gateway.permits("tools.execute")
    for file in list(tmp_path.iterdir()):
        file.rename(file.with_name(file.name.removeprefix("away-")))
    assert gateway.permits("tools.execute"), "and when it is back, again"


def test_standing_roles_count_whatever_becomes_of_the_engine(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, _ = Gateway(engine), give(engine, "operator")
    gateway.runtime.mirror.follow_now()
    with SessionLocal() as session:
        role = Role(name="own", scope="global", permissions=["tools.execute"], created_by=DEV)
        session.add(role)
        session.flush()
        session.add(UserRole(user_email=DEV, role_id=role.id, scope="global", granted_by=DEV))
        session.commit()

    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(gateway.runtime, "decide", broken)
    assert gateway.permits("tools.execute")
    assert not gateway.permits("tools.read"), "what rests on the grant does not"


NARROW: dict[str, dict[str, Any]] = {
    "public only": {"state": {"token_teams": []}},
    "database token with scopes": {"state": {"token_scopes": ["tools.execute"]}},
    "permissions": {"claims": {"scopes": {"permissions": ["tools.execute"]}}},
    "one server": {"claims": {"scopes": {"permissions": ["*"], "server_id": "s1"}}},
    "addresses": {"claims": {"scopes": {"permissions": [], "ip_restrictions": ["10.0.0.0/8"]}}},
    "times": {"claims": {"scopes": {"permissions": [], "time_restrictions": {"weekdays_only": True}}}},
    "misshapen": {"claims": {"scopes": ["tools.execute"]}},
    "a token that nobody verified": {"headers": [(b"authorization", b"Bearer x")]},
    "a cookie that nobody verified": {"headers": [(b"cookie", b"jwt_token=x")]},
    "the gateway calling itself": {"path": "/_internal/mcp/rpc"},
}


def scope_of(narrow: dict[str, Any]) -> dict[str, Any]:
    scope = {key: value for key, value in narrow.items() if key != "claims"}
    if "claims" in narrow:
        scope["state"] = {"_jwt_verified_payload": ("token", {"sub": DEV, **narrow["claims"]})}
    return scope


@pytest.mark.parametrize("lifts", [False, True], ids=["mirror", "wrap"])
@pytest.mark.parametrize("narrow", NARROW)
def test_a_narrow_token_is_not_lifted(engine: Engine, narrow: str, lifts: bool) -> None:
    gateway, grant = Gateway(engine, lifts=lifts, mirror=not lifts), give(engine, "operator")
    gateway.runtime.mirror.follow_now()
    assert gateway.permits("tools.read")
    counted = uses(engine, grant.id)
    assert not gateway.permits("tools.read", scope=scope_of(NARROW[narrow]))
    assert uses(engine, grant.id) == counted


@pytest.mark.parametrize("claims", [{}, {"scopes": {"permissions": ["*"], "server_id": None}}, {"scopes": None}])
def test_a_token_as_wide_as_its_holder_is_lifted(engine: Engine, claims: dict[str, Any]) -> None:
    gateway, _ = Gateway(engine), give(engine, "operator")
    gateway.runtime.mirror.follow_now()
    assert gateway.permits("tools.read", scope=scope_of({"claims": claims}))


def test_a_public_only_check_is_not_lifted(engine: Engine) -> None:
    gateway, _ = Gateway(engine), give(engine, "operator")
    gateway.runtime.mirror.follow_now()
    assert not gateway.permits("tools.read", token_teams=[])
    assert gateway.permits("tools.read", token_teams=["t"])


def test_nothing_else_that_reads_roles_sees_mirrored_ones(engine: Engine) -> None:
    gateway, _ = Gateway(engine), give(engine, "everything")
    gateway.runtime.mirror.follow_now()
    assert gateway.permits("admin.metrics")
    assert gateway.ask("get_user_permissions", DEV) == set()
    for method in ("has_admin_permission", "check_admin_permission", "check_platform_admin_permission"):
        assert not gateway.ask(method, DEV), method
    assert not gateway.permits("admin.system_config")
    assert not gateway.permits("an.unknown_permission")


def test_a_service_that_remembers_is_not_left_with_a_mirrored_role(engine: Engine) -> None:
    gateway, _ = Gateway(engine), give(engine, "everything")
    gateway.runtime.mirror.follow_now()

    async def whole() -> None:
        with serving.serve({"type": "http", "path": "/rpc"}), SessionLocal() as session:
            service = gateway.service(session)
            assert await service.check_permission(DEV, "admin.metrics")
            assert await service.get_user_permissions(DEV) == set()

    asyncio.run(whole())


def test_a_plugin_that_is_switched_off_lets_nobody_through(engine: Engine) -> None:
    gateway, _ = Gateway(engine), give(engine, "operator")
    gateway.runtime.mirror.follow_now()
    gateway.runtime.is_on = False
    assert not gateway.permits("tools.read")


def test_a_decision_that_waits_for_a_disk_is_not_waited_for(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway, _ = Gateway(engine, decision_seconds=0.2), give(engine, "operator")
    gateway.runtime.mirror.follow_now()

    monkeypatch.setattr(gateway.runtime, "_decide", lambda *_: time.sleep(1))
    begun = datetime.now(UTC)

    async def whole() -> bool:
        with serving.serve({"type": "http", "path": "/rpc"}), SessionLocal() as session:
            asked = asyncio.create_task(gateway.service(session).check_permission(DEV, "tools.read"))
            turns = 0
            while not asked.done():
                await asyncio.sleep(0.01)
                turns += 1
            assert turns > 5, "the loop goes on meanwhile"
            return bool(await asked)

    assert not asyncio.run(whole())
    assert datetime.now(UTC) - begun < timedelta(seconds=3)


def test_changes_of_a_mirrored_role_by_hand_give_nothing(engine: Engine) -> None:
    gateway, _ = Gateway(engine), give(engine, "operator")
    gateway.runtime.mirror.follow_now()
    with SessionLocal() as session:
        session.execute(update(Role).values(permissions=["*"]))
        session.commit()
    assert not gateway.permits("audit:read")
    assert gateway.permits("tools.read")
