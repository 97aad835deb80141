"""A forbid of the operator's stops what a live grant gives, on every path, while the gateway runs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import DEV, World, eventually


@pytest.fixture(autouse=True)
def nothing_left(world: World) -> object:
    """No grant outlives its test."""
    yield
    if world.gateway.process is not None:
        world.end_all()


def forbidding(who: str) -> str:
    return f'@id("frozen")\nforbid (principal == User::"{who}", action, resource);\n'


def test_a_forbid_stops_live_grants_over_rest_rpc_and_mcp(world: World, tmp_path: Path) -> None:
    rules = tmp_path / "guardrails.cedar"
    rules.write_text(forbidding("nobody@example.com"))
    world.restart(config=world.config_with(tmp_path, f'guardrails: {{path: "{rules}"}}'))
    world.give(DEV, "auditor")
    world.give(DEV, "operator")
    assert (world.status(DEV), world.tool_calls(DEV)) == (200, {"allowed"})

    rules.write_text(forbidding(DEV))
    eventually(lambda: world.status(DEV) == 403, "the forbid is in force")
    assert world.tool_calls(DEV) == {"denied"}, "on /rpc, /mcp and the MCP of a server"

    # A file that is wrong changes nothing.
    rules.write_text("forbid (principal, action, resource")
    time.sleep(2.5)
    assert (world.status(DEV), world.tool_calls(DEV)) == (403, {"denied"})

    rules.write_text(forbidding("nobody@example.com") + "// as before\n")
    eventually(lambda: world.status(DEV) == 200, "the grants give again what they gave")
    assert world.tool_calls(DEV) == {"allowed"}

    changes = world.journal("SELECT count(*) FROM journal WHERE body LIKE '%guardrails_changed%'")
    assert changes == [(3,)], "each set once on record, whoever saw it first"
