"""The pages in a real browser, over the example application.

The server runs in this process, so that a test can use a permission and read the journal beside it. The browser is the
system's Chromium; nothing is downloaded but axe, from npm, into `target/npm`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn
from accessible import axe_text
from budgets import write_budgets
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from jit_access import Caller, InvalidInput

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DEV, EVA, OPS, SEC, AUDITOR = (f"{name}@example.com" for name in ("dev", "eva", "ops", "sec", "audit"))

_NUMBERS = itertools.count(1)
CALM = ("first_use", "use_after_pause", "never_used", "quick_approver", "same_pair", "approver_fatigue", "probing")
CALM += ("break_glass_again", "delivery_failing", "store_slow", "outside_hours")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="there is no Chromium here"))


class Demo:
    """The running example."""

    def __init__(self, module: ModuleType, url: str, server: uvicorn.Server) -> None:
        self.module = module
        self.engine = module.engine
        self.url = url
        self.server = server

    def caller(self, who: str) -> Any:
        """The caller that the example makes of a person."""
        session = f"test-{who}"
        self.module.sessions[session] = who
        return self.module.who_is_calling(session)

    def submit(self, who: str, role: str = "log-reader", **more: Any) -> Any:
        """A request, as made elsewhere."""
        return self.engine.submit(self.caller(who), role=role, **{"reason": "INC-1", "duration_hours": 2, **more})

    def give(self, who: str, role: str = "log-reader", **more: Any) -> Any:
        """A grant."""
        made = self.submit(who, role, **more)
        approved = self.engine.approve(self.caller(OPS), made.id)
        return self.engine.grant(self.caller(OPS), approved.grant_id)

    def newcomer(self) -> Any:
        """A grant of somebody whom the monitor knows nothing of, and whom nobody has silenced."""
        who = Caller(f"new{next(_NUMBERS)}@example.com", roles=["developer"], permissions=[])
        made = self.engine.submit(who, role="operator", reason="INC-3", duration_hours=2)
        return self.engine.grant(self.caller(OPS), self.engine.approve(self.caller(OPS), made.id).grant_id)

    def misuse(self, held: Any = None) -> Any:
        """A grant that is used so often that an alert is raised. Returns once it is."""
        held = held or self.newcomer()
        for _ in range(310):
            self.engine.check(held.holder, "tools.execute")
        deadline = time.monotonic() + 30
        while not self.engine.alerts(self.caller(OPS), grant_id=held.id).items:
            assert time.monotonic() < deadline, "no alert was raised"
            time.sleep(0.05)
        return held

    def fail_a_message(self) -> Any:
        """A delivery that was given up."""
        with contextlib.suppress(InvalidInput):
            self.engine.add_channel("chat", _refuse)
        self.submit(DEV, "log-reader", reason="INC-9", resource="server:none")
        deadline = time.monotonic() + 15
        while not (found := self.engine.deliveries(self.caller(OPS), state="failed").items):
            assert time.monotonic() < deadline, "nothing has failed"
            time.sleep(0.05)
        return found[0]

    def end_all(self) -> None:
        """Nothing waits and nothing is live."""
        for status in ("pending", "needs_info"):
            for request in self.engine.requests(self.caller(OPS), status=status, limit=500).items:
                self.engine.withdraw(self.caller(request.requester), request.id)
        for who in (OPS, SEC):
            self.engine.revoke_many(self.caller(who), everything=True, reason="the test is over")
        for alert in self.engine.alerts(self.caller(OPS), status="open", limit=500).items:
            self.engine.acknowledge_alert(self.caller(OPS), alert.id, reason="the test is over")
        for grant in self.engine.unreviewed(self.caller(OPS)).items:
            self.engine.waive_review(self.caller(OPS), grant.id, reason="the test is over")


def _refuse(message: dict[str, Any]) -> None:
    raise ConnectionError("connection refused by chat.example.com")


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    os.environ["JIT_STORE__PATH"] = str(tmp_path_factory.mktemp("pages") / "jit.db")
    # A message that fails is given up at once, and tests do not look like misuse.
    os.environ["JIT_NOTIFICATIONS__ATTEMPTS"] = "1"
    os.environ["JIT_MONITOR__OFF"] = ",".join(CALM)
    spec = importlib.util.spec_from_file_location("demo_app", ROOT / "examples" / "pages" / "app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo_app"] = module
    spec.loader.exec_module(module)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(module.app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the example did not start"
        time.sleep(0.05)
    yield Demo(module, f"http://127.0.0.1:{port}", server)
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive(), "open streams keep the server from ending"


@pytest.fixture
def demo(running: Demo) -> Demo:
    running.end_all()
    return running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
            ],
        )
        yield made
        made.close()


SignIn = Callable[..., Page]


@pytest.fixture
def sign_in(demo: Demo, browser: Browser) -> Iterator[SignIn]:
    """Signs somebody in, in a browser of their own; what a page says is wrong fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def go(who: str, path: str = "/request", *, width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, timezone_id="Europe/Berlin", locale="en-GB", **options
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if _is_wrong(said) else None)
        page.goto(f"{demo.url}/login?next={quote(f'/access{path}', safe='/')}")
        page.get_by_role("button", name=who).click()
        page.wait_for_url(f"**/access{path.partition('?')[0]}*")
        return page

    yield go
    for context in contexts:
        context.close()
    assert not wrong, wrong


def _is_wrong(said: Any) -> bool:
    """An error on the console, except that an answer was not 200, which tests provoke."""
    return said.type == "error" and "Failed to load resource" not in said.text


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe."""
    return axe_text()


@pytest.fixture(scope="session")
def kept() -> Iterator[dict[str, tuple[str, str, str]]]:
    """What the journeys cost in this run, written into the manual at the end if `UPDATE_BUDGETS` is set."""
    measured: dict[str, tuple[str, str, str]] = {}
    yield measured
    if os.environ.get("UPDATE_BUDGETS") and measured:
        write_budgets(measured)


@pytest.fixture
def budgets(kept: dict[str, tuple[str, str, str]]) -> Callable[[str, str, str, str], None]:
    """Notes what a journey has cost: its number, what it is, its budget, and what was measured."""

    def note(journey: str, what: str, budget: str, measured: str) -> None:
        kept[f"{journey} {what}"] = (journey, f"{what} | {budget}", measured)

    return note
