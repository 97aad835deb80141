"""How long the server takes for each page with many live grants: `timing.py 10000`. Prints the table of the manual."""

from __future__ import annotations

import statistics
import sys
import time

import httpx
from fastapi import FastAPI

from jit_access import Caller, Engine
from jit_access.pages import create_pages

CONFIG = """
jit_access:
  require_approval: false
  approver_roles: [admin]
  roles: {operator: {permissions: [tools.execute, tools.read]}}
  store: {type: memory}
"""


def main(grants: int) -> None:
    engine = Engine.from_yaml(CONFIG, environ={})
    for at in range(grants):
        engine.submit(Caller(f"user{at}@example.com"), role="operator", reason="INC-1", duration_hours=1 + at % 7)
    who = Caller("ops@example.com", roles=["admin"])
    app = FastAPI()
    app.include_router(create_pages(engine, caller=lambda: who, prefix="/access"))
    client = _client(app)
    grant = engine.grants(who, limit=1).items[0]
    print(f"{grants} live grants, {engine.revision} records")
    print("| page | first | median of 20 |\n|---|--:|--:|")
    for path in (
        "request", "queue", "active", "active?find=user77", "active?page=100", "audit", "audit?text=user9999",
        f"grants/{grant.id}", f"requests/{grant.request_id}", "reviews", "delegations", "health",
    ):  # fmt: skip
        took = []
        for _ in range(21):
            # Every look is after a change, as where permissions are used all the time.
            engine.check("user1@example.com", "tools.read")
            engine.tick()
            began = time.perf_counter()
            answer = client.get(f"/access/{path}")
            took.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (path, answer.status_code)
        print(f"| `{path.split('/')[0]}` | {took[0]:.0f} ms | {statistics.median(took[1:]):.0f} ms |", flush=True)


def _client(app: FastAPI) -> httpx.Client:
    from fastapi.testclient import TestClient

    return TestClient(app)


if __name__ == "__main__":
    main(int(sys.argv[1]))
