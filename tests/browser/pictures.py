"""Makes the pictures of docs/pages.md from the running example: `pictures.py FOLDER`."""

from __future__ import annotations

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
from playwright.sync_api import sync_playwright

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
    give(EVA, "operator", reason="Rotate the keys of the shop", duration_hours=2, resource="server:shop")
    stopped = give(EVA, "log-reader", reason="Look at the failed logins", duration_hours=3)
    engine.suspend(caller(OPS), stopped.id, reason="Unusual number of reads")
    later = datetime.now(UTC) + timedelta(hours=2)
    give(DEV, "operator", reason="Planned maintenance tonight", starts_at=later, duration_hours=2)
    engine.break_glass(caller(DEV), role="root", reason="Payments are down, nobody is awake")
    for _ in range(7):
        engine.check(DEV, "logs.read")
    for _ in range(3):
        engine.check(EVA, "tools.execute", "server:shop")
    old = give(EVA, "operator", reason="Old work")
    engine.revoke(caller(OPS), old.id, reason="The work is done")
    ticket = "https://tickets.example.com/browse/INC-1240"
    reason = "INC-1240: search returns nothing since the last release. I want to restart the indexer."
    asked = engine.submit(caller(DEV), role="operator", reason=reason, ticket_url=ticket, duration_hours=4)
    engine.submit(caller(EVA), role="root", reason="Restore a backup", duration_hours=1)
    engine.submit(caller(EVA), role="deployer", reason="Release 4.2", resource="server:shop", duration_hours=2)
    engine.tick()
    return {"asked": asked.id, "held": held.id}


def main(out: Path) -> None:
    """All pictures."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JIT_STORE__PATH"] = str(Path(folder) / "jit.db")
        spec = importlib.util.spec_from_file_location("demo_app", ROOT / "examples" / "pages" / "app.py")
        assert spec is not None and spec.loader is not None
        app = importlib.util.module_from_spec(spec)
        sys.modules["demo_app"] = app
        spec.loader.exec_module(app)
        ids = seed(app)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app.app, port=port, log_level="warning"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        shots = [
            ("request", DEV, "request?role=operator&reason=INC-77:+the+index+is+stale", 1280, 800, "light"),
            ("decide", OPS, f"requests/{ids['asked']}", 360, 740, "light"),
            ("queue", OPS, "queue", 1280, 700, "light"),
            ("active", OPS, "active", 1280, 980, "dark"),
            ("audit", OPS, "audit", 1280, 800, "light"),
        ]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for name, who, path, width, height, scheme in shots:
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=scheme, timezone_id="Europe/Berlin"
                )
                page = context.new_page()
                page.goto(f"http://127.0.0.1:{port}/login?next=/access/{path.partition('?')[0]}")
                page.get_by_role("button", name=who).click()
                page.goto(f"http://127.0.0.1:{port}/access/{path}")
                page.wait_for_timeout(800)
                page.screenshot(path=out / f"{name}.png")
                context.close()
            browser.close()
        server.should_exit = True
        thread.join(10)
        app.engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
