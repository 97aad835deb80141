"""What an evaluation of AuthZEN costs over HTTP, beside an empty route of the same application, and a batch of 100
beside one evaluation: medians of calls that take turns over one kept connection. The server is in a process of its own,
as a host has it. Prints the same lines as the Rust table, for `run.py`.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import socket
import statistics
import time
from typing import Any

import uvicorn
from fastapi import FastAPI, Request

from jit_access import Caller, Engine, Principal
from jit_access.authzen import Pep, Peps, create_authzen_router

TOKEN = "t" * 40
ROUNDS = 300 if "QUICK" in os.environ else 2_000
ONE = {
    "subject": {"type": "user", "id": "ann@example.com"},
    "action": {"name": "tools.read"},
    "resource": {"type": "tool", "id": "deploy"},
}
MANY = {**ONE, "evaluations": [{"resource": {"type": "tool", "id": f"tool-{n}"}} for n in range(100)]}


def standing(principal: Principal, person: Principal | None) -> Caller:
    return Caller(principal, roles=["engineer"], permissions=["tools.read"], acts_for=person)


def serve(listening: socket.socket) -> None:
    engine = Engine.from_yaml("jit_access: {store: {type: memory}}", environ={})
    app = FastAPI()
    peps = Peps([(Pep("bench"), TOKEN)])
    app.include_router(create_authzen_router(engine, pep=peps, standing=standing, public_url="https://pdp.example.com"))

    @app.post("/empty")
    async def empty(_request: Request) -> dict[str, bool]:
        return {"decision": True}

    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off")).run(sockets=[listening])


def main() -> None:
    with socket.socket() as listening:
        # Accepted connections inherit it: the server sends headers and body apart as well.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        process = multiprocessing.get_context("fork").Process(target=serve, args=(listening,), daemon=True)
        process.start()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        client.connect()
        # The client sends headers and body apart: without this the body waits for an acknowledgement of the headers.
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        calls: dict[str, tuple[str, bytes]] = {
            "empty": ("/empty", json.dumps(ONE).encode()),
            "one": ("/access/v1/evaluation", json.dumps(ONE).encode()),
            "batch": ("/access/v1/evaluations", json.dumps(MANY).encode()),
        }
        times: dict[str, list[float]] = {name: [] for name in calls}
        for turn in range(ROUNDS + 100):
            for name, (path, body) in calls.items():
                begun = time.perf_counter()
                client.request("POST", path, body=body, headers=headers)
                answer = client.getresponse()
                told: Any = answer.read()
                took = time.perf_counter() - begun
                assert answer.status == 200, told
                if turn >= 100:
                    times[name].append(took)
        process.terminate()
    empty, one, batch = (statistics.median(times[name]) * 1e6 for name in ("empty", "one", "batch"))
    for what, number, limit, base in (
        ("AuthZEN over HTTP: an evaluation", one / empty, 1.3, f"an empty route {empty:.0f} us"),
        ("AuthZEN over HTTP: a batch of 100", batch / one, 3, f"one evaluation {one:.0f} us"),
    ):
        print("row", what, number, f"× {base.rsplit(' ', 2)[0]}", "<=", limit, base, sep="\t")


if __name__ == "__main__":
    main()
