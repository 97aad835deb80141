"""`GET /jit/metrics` over HTTP: Prometheus has nothing to say to it, and every face says the same figures."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("httpx")

from fastapi import FastAPI, Header
from fastapi.testclient import TestClient

from jit_access import Caller, Engine
from jit_access.router import create_router

CONFIG = """
jit_access:
  approver_roles: [boss]
  enhanced_audit: true
  monitor: {enabled: true, off: []}
  roles: {operator: {permissions: ["tools.*"]}}
  notifications:
    channels: {hook: {kind: webhook, url: "http://127.0.0.1:9/in", secrets_env: [HOOK], allow_private: true}}
"""
ENVIRON = {"HOOK": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
MOVING = ("jit_check_probe_seconds", "jit_staleness_seconds", "jit_store_answer_seconds", "jit_oldest_pending")
"""Figures that are other ones a moment later."""


def who(x_name: str = Header(), x_roles: str = Header("")) -> Caller:
    return Caller(f"{x_name}@example.com", roles=[role for role in x_roles.split(",") if role])


BOSS = {"x-name": "boss", "x-roles": "boss"}
ANN = {"x-name": "ann"}


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine.from_yaml(CONFIG, environ=ENVIRON)
    yield engine
    engine.close()


@pytest.fixture
def client(engine: Engine) -> TestClient:
    app = FastAPI()
    app.include_router(create_router(engine, caller=who))
    client = TestClient(app)
    asked = client.post("/jit/request", json={"role": "operator", "reason": "look"}, headers=ANN)
    assert asked.status_code == 201, asked.text
    approved = client.post(f"/jit/requests/{asked.json()['id']}/approve", json={}, headers=BOSS)
    assert approved.status_code == 200, approved.text
    assert engine.check("ann@example.com", "tools.delete", "tool:shop").allowed
    boss = Caller("boss@example.com", roles=["boss"])
    ends = time.monotonic() + 20
    while "first_destructive" not in engine.metrics(boss):  # The background work writes the use and finds it unusual.
        assert time.monotonic() < ends
        time.sleep(0.05)
    return client


def settled(text: str) -> list[str]:
    """The samples, without those that are other ones a moment later."""
    return [line for line in text.splitlines() if not line.startswith("#") and not line.startswith(MOVING)]


def test_prometheus_has_nothing_to_say_to_the_text(client: TestClient) -> None:
    answer = client.get("/jit/metrics", headers=BOSS)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "\njit_uses_total 1\n" in answer.text
    assert "\njit_live_grants 1\n" in answer.text
    assert "\njit_store_up 1\n" in answer.text
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not here")
    done = subprocess.run(
        [program, "check", "metrics"], input=answer.text, text=True, capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_whoever_may_not_audit_gets_no_figures(client: TestClient) -> None:
    refused = client.get("/jit/metrics", headers=ANN)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_an_auditor")


def test_python_says_what_http_says(client: TestClient, engine: Engine) -> None:
    boss = Caller("boss@example.com", roles=["boss"])
    for _ in range(5):
        first = settled(engine.metrics(boss))
        http = settled(client.get("/jit/metrics", headers=BOSS).text)
        if first == settled(engine.metrics(boss)):  # Nothing happened meanwhile in the background.
            assert http == first
            return
    pytest.fail("the figures never stood still")
