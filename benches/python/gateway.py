"""Ours in the gateway: the plugin that abstains beside an empty one, and a check beside the unified decision point."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from turns import CALLS, WORLD, Turn, calling, compare, questions, row

SECRETS = (
    "JWT_SECRET_KEY",
    "AUTH_ENCRYPTION_SECRET",
    "PLATFORM_ADMIN_PASSWORD",
    "DEFAULT_USER_PASSWORD",
    "BASIC_AUTH_PASSWORD",
)
os.environ.update(
    DATABASE_URL=f"sqlite:///{WORLD}/gateway.db",
    PLUGINS_CAN_OVERRIDE_RBAC="true",
    LOG_LEVEL="ERROR",
    **{name: secrets.token_urlsafe(48) + "-Qx7!" for name in SECRETS},
)

from cpex.framework import (  # noqa: E402
    GlobalContext,
    HttpAuthCheckPermissionPayload,
    Plugin,
    PluginManager,
    PluginResult,
)
from cpex.framework.registry import PluginInstanceRegistry  # noqa: E402

from jit_access import Engine  # noqa: E402
from jit_access.gateway import runtime  # noqa: E402
from jit_access.gateway.settings import Settings  # noqa: E402

STORE = json.dumps({"jit_access": {"store": {"path": str(WORLD / "grants.db")}}})


class Empty(Plugin):  # type: ignore[misc]  # cpex has no types
    """Answers nothing."""

    async def http_auth_check_permission(self, payload: Any, context: Any) -> PluginResult[Any]:
        """Nothing."""
        return PluginResult()


def awaiting(loop: asyncio.AbstractEventLoop, call: Callable[..., Coroutine[Any, Any, Any]], rows: list[Any]) -> Turn:
    """A turn of awaited calls, as many before them not timed."""
    place = 0

    async def some(asked: list[Any]) -> float:
        start = perf_counter_ns()
        for arguments in asked:
            await call(*arguments)
        return (perf_counter_ns() - start) / len(asked)

    def turn() -> float:
        nonlocal place
        much = 200
        first, place = place, (place + 2 * much) % (len(rows) - 2 * much)
        loop.run_until_complete(some(rows[first : first + much]))
        return loop.run_until_complete(some(rows[first + much : first + 2 * much]))

    return turn


def manager(name: str, kind: str, config: dict[str, Any]) -> PluginManager:
    """A plugin manager with this one plugin."""
    plugin = {"name": name, "kind": kind, "hooks": ["http_auth_check_permission"], "mode": "sequential"}
    file = Path(tempfile.mkdtemp()) / "plugins.yaml"
    file.write_text(json.dumps({"plugins": [{**plugin, "priority": 100, "config": config}], "plugin_dirs": []}))
    # All managers of a process share one state; each of ours is a class of its own with a state of its own.
    state = {"_PluginManager__shared_state": {}, "_registry": PluginInstanceRegistry()}
    own = type(f"{name}Manager", (PluginManager,), state)
    return own(str(file))


def plugin(engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
    """The whole check of the framework with our plugin abstaining, against the same with an empty one."""
    settings = {"jit_access": {}, "gateway": {"mirror": False, "poll_seconds": 60}}
    runtime._runtime = runtime.Runtime(Settings.parse(settings), engine)
    ours = manager("Jit", "jit_access.gateway.plugin.JitAccessPlugin", settings)
    empty = manager("Empty", "gateway.Empty", {})
    for one in (ours, empty):
        loop.run_until_complete(one.initialize())

    def asks(one: PluginManager) -> Turn:
        async def ask(who: str, what: str) -> None:
            payload = HttpAuthCheckPermissionPayload(user_email=who, permission=what)
            context = GlobalContext(request_id="1", user=who)
            result, _ = await one.invoke_hook("http_auth_check_permission", payload, context)
            assert result.modified_payload is None

        return awaiting(loop, ask, [q[:2] for q in questions("misses")])

    own, other, ratio = compare(asks(ours), asks(empty), 81)
    detail = f"{own / 1e3:.1f} µs, empty {other / 1e3:.1f} µs"
    row("gateway plugin framework, abstaining", ratio, "× an empty plugin", "<= 1.1", detail)


def decision_point(engine: Engine, loop: asyncio.AbstractEventLoop) -> None:
    """A cache hit of the gateway's unified decision point, which its wheel leaves out."""
    sources = os.environ.get("UNIFIED_PDP")
    if sources is None:
        print("SKIPPED: the unified decision point, because its sources are not here", file=sys.stderr)
        return
    sys.path.insert(0, sources)
    from plugins.unified_pdp.pdp import PolicyDecisionPoint
    from plugins.unified_pdp.pdp_models import Context, EngineConfig, EngineType, PDPConfig, Resource, Subject

    rules = Path(sources) / "plugins" / "unified_pdp" / "default_rules.json"
    native = EngineConfig(name=EngineType.NATIVE, settings={"rules_file": str(rules)})
    point = PolicyDecisionPoint(PDPConfig(engines=[native]))
    subject = Subject(email="dev@example.com", roles=["developer"])
    arguments = (
        subject,
        "tools.invoke.deploy",
        Resource(type="tool", id="deploy", server="s"),
        Context(ip="127.0.0.1"),
    )
    loop.run_until_complete(point.check_access(*arguments))
    theirs = awaiting(loop, point.check_access, [arguments] * 1_000)
    rows = [q[:3] for q in questions("mixed")]
    taken, own, ratio = compare(theirs, calling(engine.check, rows, CALLS), 41)
    detail = f"{taken / 1e3:.1f} µs, ours {own:.0f} ns"
    row("unified_pdp, a hit of its cache", ratio, "× Python check", ">= 50", detail)


def main() -> None:
    """All rows."""
    loop = asyncio.new_event_loop()
    engine = Engine.from_yaml(STORE, environ={})
    decision_point(engine, loop)
    plugin(engine, loop)


if __name__ == "__main__":
    main()
