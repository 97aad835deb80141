"""How long the server takes for each page: `timing.py GRANTS RECORDS [FILE]`, such as `timing.py 10000 1000000`.

Makes a store with so many live grants and records (or takes the one in FILE, which is kept for the next time), and
prints the table of the manual; with `UPDATE_TIMING=1` it writes it there. It ends with 1 when a page takes longer than
300 ms in the median, or at the first look in a process that has just started.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
from budgets import write_table
from fastapi import FastAPI

from jit_access import Caller, Engine
from jit_access.pages import create_pages

CONFIG = """
jit_access:
  require_approval: false
  approver_roles: [admin]
  limits: {grants_per_person: 1000, requests_per_hour: 100000}
  monitor: {enabled: true}
  break_glass: {enabled: true, eligible_roles: [admin], roles: [root]}
  roles:
    operator: {permissions: [tools.execute, tools.read]}
    reader: {permissions: [logs.read]}
    root: {permissions: ["*"]}
"""
MOST_MS = 300
_WHO = Caller("ops@example.com", roles=["admin"])


def fill(engine: Engine, grants: int, records: int) -> None:
    """So many live grants, and uses of them until there are so many records."""
    began = time.perf_counter()
    for at in range(len(engine.live_grants()), grants):
        # Long enough for the store to be measured again tomorrow.
        engine.submit(Caller(f"user{at}@example.com"), role="operator", reason="INC-1", duration_hours=12 + at % 12)
    missing = records - engine.revision
    for at in range(missing):
        engine.check(f"user{at % grants}@example.com", "tools.read", f"tool:t{at % 50}")
    engine.tick()
    print(f"made in {time.perf_counter() - began:.0f} s", file=sys.stderr)


def main(grants: int, records: int, store: Path) -> int:
    engine = _engine(store)
    fill(engine, grants, records)
    client = _client(engine)
    grant = engine.grants(_WHO, limit=1).items[0]
    print(f"{len(engine.live_grants())} live grants, {engine.revision} records")
    # An instant with as much before it as after it.
    half = engine.audit(_WHO, after=engine.revision // 2, limit=1).items[0].at
    past = f"{half:%Y-%m-%dT%H:%M}"
    paths = (
        "request", "queue", "active", "active?find=user77", "active?page=100", "audit", "audit?who=user77@example.com",
        "audit?event=grant_used&result=allowed", "audit?text=user9999", "audit/500", f"grants/{grant.id}",
        f"grants/{grant.id}/summary", f"grants/{grant.id}/policy", f"requests/{grant.request_id}", "alerts",
        "deliveries",
        "who-could?permission=tools.read", f"who-could?permission=tools.read&at={past}",
        "who-could?who=user77@example.com", f"who-could?who=user77@example.com&at={past}",
        "who-could?who=user77@example.com&permission=tools.read", "configuration", "health", "reviews", "delegations",
        "catalogue", "break-glass", "badges",
    )  # fmt: skip
    later = {path: _later(engine, client, path) for path in paths}
    engine.close()
    table = ["| page | first | median of 10 | longest | of the processor |", "|---|--:|--:|--:|--:|"]
    slow = []
    for path in paths:
        first, first_cpu = _first(store, path)
        took, spent = later[path]
        median, cpu = statistics.median(took), statistics.median(spent)
        shown = path.replace(str(grant.id), "ID").replace(str(grant.request_id), "ID").replace(past, "PAST")
        table.append(f"| `{shown}` | {first:.0f} ms | {median:.0f} ms | {max(took):.0f} ms | {cpu:.0f} ms |")
        # Where others work too, a page waits for them: then what it takes of the processor counts.
        if min(median, cpu) > MOST_MS or min(first, first_cpu) > MOST_MS:
            slow.append(shown)
    print("\n".join(table))
    if os.environ.get("UPDATE_TIMING"):
        write_table("timing", table)
    print("all are fast enough" if not slow else f"too slow: {', '.join(slow)}")
    return 1 if slow else 0


def _engine(store: Path) -> Engine:
    return Engine.from_yaml(CONFIG, environ={"JIT_STORE__PATH": str(store), "JIT_MAX_DURATION_HOURS": "24"})


def _later(engine: Engine, client: httpx.Client, path: str) -> tuple[list[float], list[float]]:
    """What ten looks take after the first, each after a change, as where permissions are used all the time."""
    looks = []
    for _ in range(11):
        engine.check("user1@example.com", "tools.read")
        engine.tick()
        looks.append(_look(client, path))
    return [took for took, _ in looks[1:]], [spent for _, spent in looks[1:]]


def _first(store: Path, path: str) -> tuple[float, float]:
    """What the first look of a process takes, and nobody has asked it for anything else."""
    # A fork would inherit the memory of this process, and its collector would go through it.
    known = multiprocessing.get_context("spawn")
    said, says = known.Pipe(duplex=False)
    process = known.Process(target=_look_first, args=(store, path, says))
    process.start()
    try:
        return said.recv() if said.poll(60) else (float("inf"), float("inf"))
    finally:
        process.join(60)


def _look_first(store: Path, path: str, says: Connection) -> None:
    engine = _engine(store)
    client = _client(engine)
    # The client itself starts with its first call.
    _look(client, "static/key.svg")
    says.send(_look(client, path))
    engine.close()


def _look(client: httpx.Client, path: str) -> tuple[float, float]:
    """How many milliseconds a page took, and what of it the processor."""
    began, used = time.perf_counter(), time.process_time()
    answer = client.get(f"/access/{path}")
    took = (time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000
    assert answer.status_code == 200, (path, answer.status_code, answer.text[-800:])
    return took


def _client(engine: Engine) -> httpx.Client:
    from fastapi.testclient import TestClient

    app = FastAPI()
    app.include_router(create_pages(engine, caller=lambda: _WHO, prefix="/access"))
    return TestClient(app)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(folder) / "jit.db"
        sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), kept))
