"""What the gateway lets through by itself, without any grant and without the plugin.

With SQLite the gateway deletes an account in two transactions: the personal team first, what is left of the account
after it. In between the owner's role in that team (`team_admin`, which gives `tools.execute`) is taken for a role in a
team that is shared. No grant is asked there, so the plugin has no say. SECURITY.md says what an operator can do.

When the first test fails, the gateway has mended it, and `chaos.py` need not keep it out any more.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from chaos import SECONDS, TEMP
from conftest import World, free_port

import run

pytestmark = pytest.mark.skipif(not SECONDS, reason="it goes with the chaos test: CHAOS_SECONDS is not set")

DELETIONS = 20
"""How often an account is deleted at most: not each time somebody else's write comes in between."""


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[World]:
    """A gateway without plugins. Of its two workers one goes on while the other deletes an account."""
    world = World(run.Gateway(run.State.open(tmp_path / "state"), port=free_port(), workers=2), free_port())
    tools = run.start_tools(world.tools_port)
    try:
        yield world
    finally:
        world.gateway.kill()
        tools.shutdown()


class Between:
    """Another writer of the gateway's database, that comes in between the two transactions and stays there a while.

    Meanwhile the tool is called; the worker that deletes the account waits for the writer and takes no calls."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.came_of: set[str] = set()
        """What came of the tool calls."""

    def __enter__(self) -> Between:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        database = sqlite3.connect(self._world.gateway.state.root / "gateway.db", isolation_level=None, timeout=0)
        accounts = "SELECT count(*) FROM email_users WHERE email = ?"
        teams = "SELECT count(*) FROM email_teams WHERE created_by = ?"
        try:
            while not self._over.is_set() and not self.came_of:
                try:
                    database.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:
                    continue
                [(account,), (team,)] = (database.execute(query, (TEMP,)).fetchone() for query in (accounts, teams))
                calls = [threading.Thread(target=self._use) for _ in range(6 if account and not team else 0)]
                for call in calls:
                    call.start()
                if calls:
                    time.sleep(3)
                database.execute("ROLLBACK")
                for call in calls:
                    call.join()
                time.sleep(0.0005)
        finally:
            database.close()

    def _use(self) -> None:
        self.came_of.add(self._world.tool_call(TEMP, "/rpc"))


def calls_while_deleted(world: World) -> Iterator[str]:
    """What comes of the tool calls of somebody while their account is being deleted, again and again."""
    for _ in range(DELETIONS):
        world.open_account(TEMP)
        # Both workers have to know the person.
        for _ in range(12):
            assert world.tool_call(TEMP, "/rpc") == "denied"
        with Between(world) as between:
            world.delete_account(TEMP)
        yield from between.came_of


def test_the_gateway_lets_tool_calls_pass_while_it_deletes_the_account(bare: World) -> None:
    bare.start(env={"PLUGINS_ENABLED": "false"})
    assert "allowed" in calls_while_deleted(bare)


def test_without_a_role_for_owners_of_personal_teams_it_does_not(bare: World) -> None:
    bare.start(env={"PLUGINS_ENABLED": "false", "DEFAULT_TEAM_OWNER_ROLE": "none"})
    found = list(islice(calls_while_deleted(bare), 5))
    assert found and "allowed" not in found, found
