"""Engines in an event loop: a check answers in it, and what waits for the disk waits outside it."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jit_access import Caller, Engine

CONFIG = """
jit_access:
  approver_roles: [lead]
  store: {{path: {path}, busy_timeout_ms: 30000}}
  roles:
    operator: {{permissions: ["tools.*"]}}
"""
DEV = Caller("dev@example.com")
LEAD = Caller("lead@example.com", roles=["lead"])
HELD = 0.5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jit.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    with Engine.from_yaml(CONFIG.format(path=path), environ={}) as engine:
        yield engine


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


class HeldStore:
    """Another process writes to the store's file for a while, so that every write of ours waits."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def __aenter__(self) -> None:
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-c", HOLDER, str(self.path)]
        self.holder = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        assert self.holder.stdout is not None
        assert await self.holder.stdout.readline() == b"held\n"

    async def __aexit__(self, *_: object) -> None:
        assert self.holder.stdin is not None
        self.holder.stdin.close()
        assert await self.holder.wait() == 0


async def turns_while(path: Path, work: Callable[[], Awaitable[Any]]) -> tuple[int, Any]:
    """How often the loop comes round while the work waits for a store that is held, and what the work gives."""
    turns = 0
    async with HeldStore(path):
        task = asyncio.ensure_future(work())
        until = time.monotonic() + HELD
        while time.monotonic() < until:
            await asyncio.sleep(0.001)
            turns += 1
        assert not task.done(), "the store is held, and yet the work is done"
    return turns, await task


def test_the_loop_goes_on_while_a_command_waits_for_the_store(engine: Engine, path: Path) -> None:
    async def main() -> None:
        turns, request = await turns_while(
            path, lambda: asyncio.to_thread(engine.submit, DEV, role="operator", duration_hours=1, reason="a test")
        )
        assert request.status == "pending"
        # A loop that waits with the command comes round once or twice; a machine that is busy still comes round often.
        assert turns >= 10

    asyncio.run(main())


def test_the_routes_leave_the_loop_alone(engine: Engine, path: Path) -> None:
    fastapi = pytest.importorskip("fastapi")
    httpx = pytest.importorskip("httpx")
    from jit_access.router import create_router

    app = fastapi.FastAPI()
    app.include_router(create_router(engine, caller=lambda: DEV))

    async def main() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://host") as client:
            body = {"role": "operator", "duration_hours": 1, "reason": "a test"}
            turns, response = await turns_while(path, lambda: client.post("/jit/request", json=body))
            assert response.status_code == 201, response.text
            assert turns >= 10

    asyncio.run(main())


def test_a_check_answers_in_the_loop_while_the_store_is_held(engine: Engine, path: Path) -> None:
    made = engine.submit(DEV, role="operator", duration_hours=1, reason="a test")
    engine.approve(LEAD, made.id)

    async def main() -> None:
        took = []
        async with HeldStore(path):
            until = time.monotonic() + HELD
            while time.monotonic() < until:
                before = time.perf_counter()
                assert engine.check("dev@example.com", "tools.execute").allowed
                took.append(time.perf_counter() - before)
                await asyncio.sleep(0.001)  # few enough that their uses find room to wait
        # Microseconds; the bound is what would be felt, and the median does not see who else wants the processor.
        assert statistics.median(took) < 0.001

    asyncio.run(main())
