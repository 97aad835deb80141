"""Makes the pictures of docs/pages.md from the running example: `pictures.py FOLDER`.

`pictures.py FOLDER --all` photographs every page in both schemes at 360, 768 and 1440 pixels, to look at.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from jit_access import Conditions, Context, JitAccessError

ROOT = Path(__file__).resolve().parents[2]
DEV, EVA, OPS = "dev@example.com", "eva@example.com", "ops@example.com"


def seed(app: Any) -> dict[str, str]:
    """Something to see; the ids that the pictures need."""
    engine = app.engine

    def caller(who: str) -> Any:
        app.sessions[who] = who
        return app.who_is_calling(who)

    def give(who: str, role: str, **more: Any) -> Any:
        made = engine.submit(caller(who), role=role, **more)
        return engine.grant(caller(OPS), engine.approve(caller(OPS), made.id).grant_id)

    held = give(DEV, "log-reader", reason="INC-1234: checkout is slow, looking for the first error", duration_hours=4)
    office = Conditions(networks=["10.0.0.0/8"])
    give(
        EVA,
        "operator",
        reason="Rotate the keys of the shop",
        duration_hours=2,
        resource="server:shop",
        conditions=office,
    )
    stopped = give(EVA, "log-reader", reason="Look at the failed logins", duration_hours=3)
    engine.suspend(caller(OPS), stopped.id, reason="Unusual number of reads")
    later = datetime.now(UTC) + timedelta(hours=2)
    give(DEV, "operator", reason="Planned maintenance tonight", starts_at=later, duration_hours=2)
    taken = engine.break_glass(caller(DEV), role="root", reason="Payments are down, nobody is awake")
    for _ in range(7):
        engine.check(DEV, "logs.read")
    for address in ("10.0.0.7", "10.0.0.7", "10.0.0.7", "192.0.2.44", "192.0.2.44"):
        engine.check(EVA, "tools.execute", "server:shop", context=Context(address=address))
    old = give(EVA, "operator", reason="Old work")
    engine.check(EVA, "tools.read", "tool:deploy")
    engine.revoke(caller(OPS), old.id, reason="The work is done")
    longer = engine.extend(caller(DEV), held.id, duration_hours=1, reason="Still looking")
    engine.approve(caller(OPS), longer.id)
    ticket = "https://tickets.example.com/browse/INC-1240"
    reason = "INC-1240: search returns nothing since the last release. I want to restart the indexer."
    asked = engine.submit(caller(DEV), role="operator", reason=reason, ticket_url=ticket, duration_hours=4)
    engine.submit(caller(EVA), role="root", reason="Restore a backup", duration_hours=1)
    engine.submit(caller(EVA), role="deployer", reason="Release 4.2", resource="server:shop", duration_hours=2)
    with contextlib.suppress(JitAccessError):
        # Somebody who reviews their own request raises an alert.
        own = engine.submit(caller(OPS), role="log-reader", reason="A look")
        engine.approve(caller(OPS), own.id)
    engine.withdraw(caller(OPS), own.id)
    burst = give(EVA, "operator", reason="Clean up", resource="server:search", duration_hours=1)
    for _ in range(320):
        engine.check(EVA, "tools.execute", "server:search")
    engine.tick()
    deadline = time.monotonic() + 20
    while len(engine.alerts(caller(OPS)).items) < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    return {"asked": asked.id, "held": held.id, "taken": taken.grant_id or "", "old": old.id, "burst": burst.id}


def all_pages(ids: dict[str, str]) -> list[tuple[str, str, str]]:
    """Every page: a name, who looks, where."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return [
        ("request", DEV, "request?role=operator&reason=INC-77:+the+index+is+stale"),
        ("status", DEV, f"requests/{ids['asked']}"),
        ("decide", OPS, f"requests/{ids['asked']}"),
        ("queue", OPS, "queue"),
        ("active", OPS, "active"),
        ("audit", OPS, "audit"),
        ("found", OPS, f"audit?who={DEV}&event=grant_used&from={today}&to={today}"),
        ("one", OPS, "audit/3"),
        ("past", OPS, "who-could?permission=tools.execute&resource=server:shop"),
        ("can", OPS, f"who-could?who={EVA}&permission=tools.execute&resource=server:billing"),
        ("alerts", OPS, "alerts"),
        ("deliveries", OPS, "deliveries"),
        ("configuration", OPS, "configuration"),
        ("health", OPS, "health"),
        ("story", OPS, f"grants/{ids['held']}"),
        ("taken", OPS, f"grants/{ids['taken']}"),
        ("summary", OPS, f"grants/{ids['burst']}/summary"),
        ("policy", OPS, f"grants/{ids['held']}/policy"),
        ("reviews", OPS, "reviews"),
        ("delegations", OPS, "delegations"),
        ("catalogue", DEV, "catalogue"),
        ("glass", DEV, "break-glass"),
    ]


DOCS = [
    ("request", 1280, 800, "light"),
    ("decide", 360, 740, "light"),
    ("queue", 1280, 700, "light"),
    ("active", 1280, 1480, "dark"),
    ("audit", 1280, 800, "light"),
    ("past", 1280, 800, "light"),
    ("summary", 1280, 900, "light"),
    ("health", 1280, 760, "dark"),
]
"""The pictures of the manual: the page, its size, its scheme."""


def refuse(message: dict[str, Any]) -> None:
    """A channel that nobody can be reached by."""
    raise ConnectionError("connection refused by chat.example.com:443")


def main(out: Path, *, every: bool) -> None:
    """All pictures."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JIT_STORE__PATH"] = str(Path(folder) / "jit.db")
        os.environ["JIT_NOTIFICATIONS__ATTEMPTS"] = "1"
        os.environ["JIT_MONITOR__OFF"] = "first_use,use_after_pause,quick_approver,same_pair,never_used"
        spec = importlib.util.spec_from_file_location("demo_app", ROOT / "examples" / "pages" / "app.py")
        assert spec is not None and spec.loader is not None
        app = importlib.util.module_from_spec(spec)
        sys.modules["demo_app"] = app
        spec.loader.exec_module(app)
        app.engine.add_channel("chat", refuse)
        ids = seed(app)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app.app, port=port, log_level="warning"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        pages = all_pages(ids)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            host = f"http://127.0.0.1:{port}"
            if every:
                for scheme in ("light", "dark"):
                    for width in (360, 768, 1440):
                        shots = [(f"{name}-{scheme}-{width}", who, path) for name, who, path in pages]
                        photograph(browser, host, out, shots, width, 900, scheme, whole=True)
            else:
                for name, width, height, scheme in DOCS:
                    shots = [one for one in pages if one[0] == name]
                    photograph(browser, host, out, shots, width, height, scheme, whole=False)
            browser.close()
        server.should_exit = True
        thread.join(10)
        app.engine.close()


def photograph(
    browser: Browser,
    host: str,
    out: Path,
    shots: list[tuple[str, str, str]],
    width: int,
    height: int,
    scheme: Any,
    *,
    whole: bool,
) -> None:
    """Pictures of these pages, one window for each person. What hangs over the edge is said."""
    for who in {who for _, who, _ in shots}:
        size: Any = {"width": width, "height": height}
        context = browser.new_context(viewport=size, color_scheme=scheme, timezone_id="Europe/Berlin")
        page = context.new_page()
        page.goto(f"{host}/login?next=/access/health")
        page.get_by_role("button", name=who).click()
        for name, _, path in [one for one in shots if one[1] == who]:
            page.goto(f"{host}/access/{path}")
            page.wait_for_timeout(500)
            page.screenshot(path=out / f"{name}.png", full_page=whole)
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                print(f"{name}: hangs over the edge")
        context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), every="--all" in sys.argv)
