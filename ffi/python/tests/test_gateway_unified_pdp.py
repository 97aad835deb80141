"""The gateway's unified decision point with ours in it.

Its sources are no part of the gateway's wheel: `UNIFIED_PDP` names a folder with `plugins/unified_pdp` in it, which
`make test-e2e` takes from the source package.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gateway_world
import pytest

from jit_access import Caller, Engine

SOURCES = os.environ.get("UNIFIED_PDP")
if not SOURCES:
    pytest.skip("UNIFIED_PDP names no sources of the unified decision point", allow_module_level=True)
sys.path.insert(0, SOURCES)

from plugins.unified_pdp.pdp_models import (  # noqa: E402
    CacheConfig,
    CombinationMode,
    Context,
    EngineConfig,
    EngineType,
    PDPConfig,
    PerformanceConfig,
    Resource,
    Subject,
)

from jit_access.gateway.unified_pdp import DecisionPoint, JitUnifiedPDPPlugin  # noqa: E402

BOSS = Caller(gateway_world.BOSS, roles=["boss"])
DEV = gateway_world.DEV
CONFIG = """
jit_access:
  approver_roles: [boss]
  auditor_roles: [boss]
  roles: {operator: {permissions: [tools.execute]}}
  schema: {shipped: contextforge}
  standing_policies:
    text: '@id("open") permit (principal, action == Action::"tools.execute", resource == Tool::"open");'
  guardrails:
    text: '@id("vault") forbid (principal, action, resource == Tool::"vault");'
"""
RULES = [
    {"id": "admins", "roles": ["admin"], "actions": ["*"], "resource_types": ["*"], "resource_ids": ["*"]},
    {"id": "deny:root", "roles": ["*"], "actions": ["*"], "resource_types": ["*"], "resource_ids": ["root"]},
]
NATIVE = EngineConfig(name=EngineType.NATIVE, settings={"rules": RULES})
CEDAR = EngineConfig(name=EngineType.CEDAR, priority=2)
MAC = EngineConfig(name=EngineType.MAC, priority=3)


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.from_yaml(CONFIG, environ={}) as engine:
        yield engine


def point(
    engine: Engine | None, *engines: EngineConfig, mode: str = "all_must_allow", parallel: bool = True
) -> DecisionPoint:
    config = PDPConfig(
        engines=list(engines),
        combination_mode=CombinationMode(mode),
        cache=CacheConfig(ttl_seconds=60),
        performance=PerformanceConfig(parallel_evaluation=parallel),
    )
    return DecisionPoint(config, lambda: engine)


def ask(made: DecisionPoint, tool: str = "deploy", **more: Any) -> str:
    subject = Subject(email=DEV, roles=more.pop("roles", []), clearance_level=more.pop("clearance", None))
    resource = Resource(type="tool", id=tool, server="shop", classification_level=more.pop("level", None))
    decision = asyncio.run(made.check_access(subject, f"tools.invoke.{tool}", resource, Context(session_id="s")))
    return decision.decision.value


def give(engine: Engine) -> str:
    made = engine.submit(Caller(DEV), role="operator", duration_hours=1, reason="INC-1")
    grant = engine.approve(BOSS, made.id).grant_id
    assert grant is not None
    return grant


def uses(engine: Engine) -> int:
    return len(engine.audit(BOSS, event="grant_used").items)


def test_the_gateways_own_tests_hold_with_ours_in_its_place() -> None:
    folder = Path(__file__).resolve().parents[3] / "tests" / "fixtures" / "unified_pdp"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(command, env={**os.environ, "UNIFIED_PDP": str(SOURCES)}, capture_output=True, text=True)
    assert re.search(r"^60 passed", done.stdout, re.MULTILINE), done.stdout + done.stderr


@pytest.mark.parametrize("mode", ["all_must_allow", "any_allow", "first_match"])
@pytest.mark.parametrize("parallel", [True, False])
def test_a_grant_lifts_a_soft_denial_and_its_end_is_seen_at_once(engine: Engine, mode: str, parallel: bool) -> None:
    made = point(engine, NATIVE, mode=mode, parallel=parallel)
    assert ask(made) == "deny"
    for _ in range(2):
        grant = give(engine)
        assert [ask(made), ask(made)] == ["allow", "allow"]
        engine.revoke(BOSS, grant, reason="over")
        assert [ask(made), ask(made)] == ["deny", "deny"], "the cache holds no grant"
    assert made.cache_stats()["hits"] > 0
    assert uses(engine) == 4


def test_what_denies_by_a_rule_stands(engine: Engine) -> None:
    give(engine)
    assert ask(point(engine, NATIVE), "root") == "deny", "a deny rule of the native engine"
    assert ask(point(engine, NATIVE), "vault") == "deny", "a guardrail"
    for mode in ("all_must_allow", "any_allow"):
        assert ask(point(engine, NATIVE, MAC, mode=mode)) == "deny", "who has no clearance"
        assert ask(point(engine, NATIVE, MAC, mode=mode), clearance=1, level=3) == "deny"
    # Sequential first match asks the native engine alone; what it skips is asked before a grant lifts anything.
    made = point(engine, NATIVE, MAC, mode="first_match", parallel=False)
    assert ask(made, clearance=1, level=3) == "deny"
    assert uses(engine) == 0


def test_opa_that_cannot_be_reached_stands(engine: Engine) -> None:
    give(engine)
    opa = EngineConfig(
        name=EngineType.OPA, settings={"opa_url": "http://127.0.0.1:9", "timeout_ms": 100, "max_retries": 1}
    )
    assert ask(point(engine, NATIVE, opa)) == "deny"


def test_the_cedar_engine_is_in_this_process(engine: Engine) -> None:
    made = point(engine, CEDAR)
    assert (ask(made, "open"), ask(made), ask(made, "vault")) == ("allow", "deny", "deny")
    grant = give(engine)
    assert (ask(made), ask(made, "vault")) == ("allow", "deny")
    assert uses(engine) == 1, "what is denied is no use, and what is allowed is one"
    engine.revoke(BOSS, grant, reason="over")
    assert ask(made) == "deny"
    # Beside the others, each has its say.
    both = point(engine, NATIVE, CEDAR)
    assert (ask(both, "open", roles=["admin"]), ask(both, "vault", roles=["admin"])) == ("allow", "deny")


def test_without_our_engine_no_grant_counts(engine: Engine) -> None:
    give(engine)
    assert ask(point(None, NATIVE)) == "deny"
    assert ask(point(None, NATIVE), roles=["admin"]) == "allow", "the others go on"
    assert ask(point(None, CEDAR), "open") == "deny"


def test_an_engine_that_cannot_be_made_is_not_left_out(tmp_path: Path) -> None:
    lost = EngineConfig(name=EngineType.NATIVE, settings={"rules_file": str(tmp_path / "nowhere.json")})
    made = EngineConfig(name=EngineType.MAC)
    try:
        point(None, lost, made)
    except RuntimeError as error:
        assert "native" in str(error)
    else:
        # The native engine reads its file as an empty one then, and denies by that.
        assert ask(point(None, lost)) == "deny"


def test_the_plugin_builds_it_from_the_gateways_configuration() -> None:
    raw = {
        "engines": [{"name": "native", "settings": {"rules": RULES}}, {"name": "cedar", "enabled": False}],
        "combination_mode": "all_must_allow",
        "cache": {"ttl_seconds": 5},
        "performance": {"timeout_ms": 500},
    }
    made = JitUnifiedPDPPlugin._build_pdp(json.loads(json.dumps(raw)))
    assert isinstance(made, DecisionPoint)
    assert ask(made, roles=["admin"]) == "allow"
    assert ask(made) == "deny", "our plugin is not started, so no grant counts"
