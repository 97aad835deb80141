"""The lists that the pages keep for all who look: what they cost the store, and what a first look shows."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jit_access import Caller, Engine
from jit_access.pages import create_pages, watching

CONFIG = """
jit_access:
  require_approval: false
  approver_roles: [admin]
  roles: {operator: {permissions: [tools.execute, tools.read]}}
"""
WITHOUT_A_READING = {"revision", "oversees", "activity", "configuration"}
"""What an engine answers from what it knows; `activity` asks the store once a second, for all."""


class Asked:
    """An engine that counts what it is asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.calls = Counter[str]()

    def __getattr__(self, name: str) -> Any:
        self.calls[name] += 1
        return getattr(self._engine, name)

    @property
    def readings(self) -> Counter[str]:
        """What of it reads the store."""
        return Counter({name: count for name, count in self.calls.items() if name not in WITHOUT_A_READING})


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    made = Engine.from_yaml(CONFIG, environ={"JIT_STORE__PATH": str(tmp_path / "jit.db")})
    for number in range(5):
        made.submit(Caller(f"user{number}@example.com"), role="operator", reason="INC-1", duration_hours=2)
    yield made
    made.close()


def _client(engine: Any) -> TestClient:
    app = FastAPI()

    def caller(who: str = "ops") -> Caller:
        return Caller(f"{who}@example.com", roles=["admin"])

    app.include_router(create_pages(engine, caller=caller, prefix="/access"))
    return TestClient(app)


def test_many_who_see_everything_cost_the_store_what_one_of_them_does(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Asked(engine)
    client = _client(asked)
    # All of it within one second.
    monkeypatch.setattr(watching.time, "monotonic", lambda: 7.0)
    part = {"HX-Request": "true"}

    def look(who: str) -> None:
        assert "user4@example.com" in client.get(f"/access/active?who={who}", headers=part).text
        assert client.get(f"/access/badges?who={who}", headers=part).status_code == 200

    look("ops")
    alone = asked.readings
    for viewer in range(20):
        look(f"viewer{viewer}")
    assert asked.readings == alone, "nothing more was read for twenty others"
    # After a change it is read once more, for all of them.
    engine.check("user1@example.com", "tools.read")
    engine.tick()
    before = asked.readings.total()
    look("ops")
    again = asked.readings.total() - before
    for viewer in range(20):
        look(f"viewer{viewer}")
    assert asked.readings.total() - before == again <= alone.total()


def test_the_first_look_waits_for_no_long_reading(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_LONG_RECORD", 0)
    held = threading.Event()
    read = watching.Watch._made

    def slowly(self: Any, who: Caller) -> Any:
        assert held.wait(30)
        return read(self, who)

    monkeypatch.setattr(watching.Watch, "_made", slowly)
    client = _client(engine)
    first = client.get("/access/active")
    assert first.headers["refresh"] == "1"
    assert "user4@example.com" in first.text
    assert "Everything live is being read" in first.text
    assert first.text.count(">counting<") == 5
    assert "No live access matches" not in client.get("/access/active?find=nobody").text
    held.set()
    for _ in range(200):
        whole = client.get("/access/active")
        if "refresh" not in whole.headers:
            break
    assert "refresh" not in whole.headers
    assert "is being read" not in whole.text
    assert ">counting<" not in whole.text
    assert ">never<" in whole.text


def test_everything_is_ended_and_not_the_first_rows_alone(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_LONG_RECORD", 0)
    monkeypatch.setattr(watching, "_FIRST", 2)
    watch = watching.Watch(engine)
    ops = Caller("ops@example.com", roles=["admin"])
    assert len(watch.board(ops).live) == 5
