"""Every command of `jit` against the real gateway, in a real terminal, and what a person reads then.

What is read is in `cli.txt`, without what is another one each time (ids, times, numbers). `UPDATE_GENERATED=1` writes
it.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import terminal
from conftest import ADMIN, DEV, OTHER, World
from test_cli import JIT, answer, env

READ = Path(__file__).with_name("cli.txt")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?")
WIDE = 640
"""Columns: so many that nothing is cut, wherever the width of a number changes."""
NOBODY = "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b"
UNBOUND = ("config", "copy-store", "simulate-config", "test-policies", "prove", "completions", "man")
"""Those that need no host."""


def plain(text: str) -> str:
    """The text without ids, times, lengths and numbers, and without what the past decides: risks, reasons, uses."""
    text = ID.sub("ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d(T[\d:.]+Z| [\d:]+ UTC)", "INSTANT", text)
    text = re.sub(r"\b[0-9a-f]{16,}\b", "HASH", text)
    text = re.sub(r"\"account\":\"[^\"]*\"", '"account":"ACCOUNT"', text)
    # An instant of another day has that day before it.
    text = re.sub(
        r"((Mon|Tue|Wed|Thu|Fri|Sat|Sun|tomorrow|yesterday|\d+ [A-Z][a-z]{2}) )?\b\d\d:\d\d\b(:\d\d)?", "TIME", text
    )
    text = re.sub(r"\d{4}-\d\d-\d\d", "DAY", text)
    text = re.sub(r"(\b\d+(\.\d+)?(ms|[dhms])\b ?)+", "LENGTH ", text)
    text = re.sub(r"\d+(\.\d+)?", "0", text)
    # On the older gateway developers have one permission less of their own.
    text = text.replace("admin.*, metrics:read except", "admin.* except")
    text = re.sub(r"\b(low|medium|high|critical)\b", "LEVEL", text)
    lines = [re.sub(r" {2,}", "  ", line).rstrip() for line in text.splitlines()]
    return "\n".join(line for line in lines if not line.lstrip().startswith(("·", "before ")))


class Walk:
    """One walk through all commands."""

    def __init__(self, world: World, home: Path) -> None:
        self.world, self.home = world, home
        self.read: list[str] = []
        self.tried: set[str] = set()
        self.wrong: list[tuple[tuple[str, ...], int, str]] = []
        """What ended with another exit code than it should."""

    def see(
        self, who: str, *words: str, code: int = 0, most: int = 40, typed: tuple[tuple[str, str], ...] = ()
    ) -> terminal.Seen:
        """Run it, and keep what is read: at most so many lines, since some answers are as long as the record."""
        name = next(
            word
            for at, word in enumerate(words)
            if not word.startswith("-") and words[at - 1] not in ("--config", "--store")
        )
        variables = env(self.world, who, self.home)
        if name in ("login", "logout"):
            del variables["JIT_TOKEN"]
        seen = terminal.run([str(JIT), *words], env=variables, width=WIDE, typed=typed)
        if seen.code != code:
            self.wrong.append((words, seen.code, seen.text))
        if name not in UNBOUND and code == 0:
            assert "Traceback" not in seen.text and "panicked" not in seen.text, seen.text
        self.tried.add(name)
        told = [word.replace(self.world.gateway.url, "https://gateway.example.com") for word in words]
        shown = " ".join(f'"{word}"' if " " in word else word for word in told)
        folders = {self.world.gateway.config.parent: "examples/gateway", self.world.gateway.state.root: "STATE"}
        text = seen.text
        for folder, name in folders.items():
            shown, text = shown.replace(str(folder), name), text.replace(str(folder), name)
        text = text.replace(self.world.gateway.url, "https://gateway.example.com").replace(str(self.home), "HOME")
        kept = plain(text).splitlines()[:most]
        self.read.append("\n".join([f"{who.partition('@')[0]} $ jit {plain(shown)}", *kept]))
        return seen

    def made(self, seen: terminal.Seen) -> str:
        """The id that stands in what was read."""
        found = [one.group() for one in ID.finditer(seen.text) if one.group(1)]
        assert found, seen.text
        return found[0]

    def grant_of(self, request: str) -> str:
        return str(answer(self.world, ADMIN, self.home, "status", request)["grant_id"])


@pytest.fixture
def walk(world: World, tmp_path: Path) -> Iterator[Walk]:
    # Somebody who has had the roles before, so that the first time is not another one.
    for role in ("auditor", "operator"):
        world.revoke(world.give(DEV, role)["id"])
    yield Walk(world, tmp_path)
    world.end_all()


def test_every_command(walk: Walk, world: World) -> None:
    _ask_and_decide(walk)
    _run_and_break_glass(walk, world)
    _stand_in_and_end(walk)
    _look_back(walk)
    _operate(walk, world)
    assert not walk.wrong, "\n".join(map(str, walk.wrong))
    listed = terminal.run([str(JIT), "--help"], env=env(world, DEV, walk.home), width=120).text
    commands = set(re.findall(r"^  ([a-z][a-z-]+)  ", listed, re.M))
    assert len(commands) > 50
    # What `events` answers is as long as the record; its own tests say what that is.
    assert commands - {"events"} == walk.tried, sorted(commands ^ walk.tried)
    text = "\n\n".join(walk.read) + "\n"
    if os.environ.get("UPDATE_GENERATED"):
        READ.write_text(text, encoding="utf-8")
    assert text == READ.read_text(encoding="utf-8"), "write it with UPDATE_GENERATED=1, and read what has changed"


def _ask_and_decide(walk: Walk) -> None:
    see = walk.see
    see(DEV, "roles")
    asked = ("request", "auditor", "--for", "1h", "--reason", "INC-50: look", "--ticket", "https://example.com/INC-50")
    see(DEV, *asked, "--dry-run")
    first = walk.made(see(DEV, *asked))
    see(ADMIN, "queue")
    see(ADMIN, "requests", "--status", "pending")
    see(ADMIN, "status", first)
    see(ADMIN, "ask", first, "which tool?")
    see(DEV, "answer", first, "the one that deploys")
    see(ADMIN, "approve", first, "--only", "audit:read", "--for", "30m")
    grant = walk.grant_of(first)
    see(DEV, "status")
    see(DEV, "grants")
    see(ADMIN, "check", DEV, "audit:read")
    see(ADMIN, "explain", "--principal", DEV, "--action", "audit:read", most=4)
    see(DEV, "remedies", "--action", "logs:read")
    see(ADMIN, "who-could", "--permission", "audit:read")
    see(ADMIN, "what-could", DEV)
    see(ADMIN, "policies", "--grant", grant)
    longer = walk.made(see(DEV, "extend", grant, "--for", "1h", "--reason", "INC-50: still looking"))
    see(DEV, "withdraw", longer)
    see(ADMIN, "suspend", grant, "--reason", "unusual")
    see(ADMIN, "resume", grant)
    see(DEV, "release", grant)
    see(ADMIN, "story", grant)
    see(ADMIN, "summary", grant)
    see(ADMIN, "summary-text", grant, most=8)
    see(ADMIN, "audit", "--grant", grant, "--limit", "3")
    second = walk.made(see(DEV, "request", "operator", "--for", "1h", "--reason", "INC-51: deploy", most=3))
    see(ADMIN, "deny", second, "--reason", "not tonight")


def _run_and_break_glass(walk: Walk, world: World) -> None:
    see = walk.see

    def approve() -> None:
        [waiting] = answer(world, ADMIN, walk.home, "queue")["items"]  # type: ignore[misc]
        answer(world, ADMIN, walk.home, "approve", waiting["id"])

    later = threading.Timer(2.0, approve)
    later.start()
    see(DEV, "run", "operator", "--for", "30m", "--reason", "INC-52: deploy", "--", "/bin/echo", "it ran")
    later.join()
    world.sign_in(DEV, amr=["pwd", "otp"], auth_time=int(time.time()))
    for role, ending in (
        ("operator", ("review", "--justified", "true", "--finding", "the shop was down")),
        ("auditor", ("waive-review", "--reason", "it was a drill")),
    ):
        see(DEV, "break-glass", role, "--reason", f"INC-53: {role}", most=4)
        [held] = answer(world, DEV, walk.home, "grants")["items"]  # type: ignore[misc]
        see(DEV, "release", held["id"])
        see(ADMIN, ending[0], held["id"], *ending[1:])
    see(ADMIN, "review")


def _stand_in_and_end(walk: Walk) -> None:
    see = walk.see
    see(ADMIN, "delegate", OTHER, "--until", "tomorrow 09:00", "--reason", "a holiday")
    see(ADMIN, "delegations", "--status", "active")
    [lent] = answer(walk.world, ADMIN, walk.home, "delegations", "--status", "active")["items"]  # type: ignore[misc]
    see(ADMIN, "undelegate", lent["id"])
    held = walk.world.give(DEV, "operator")
    see(ADMIN, "revoke", held["id"], "--reason", "INC-54: done")
    see(ADMIN, "standing", DEV, "--enabled", "true")


def _look_back(walk: Walk) -> None:
    see = walk.see
    see(ADMIN, "what-changed", "--from", "2026-01-01 00:00", "--until", "2026-01-02 00:00")
    see(ADMIN, "evidence", "--from", "2026-01-01 00:00", "--until", "2026-01-02 00:00", most=1)
    see(ADMIN, "export", most=1)
    see(ADMIN, "replay", DEV, "--role", "auditor", most=3)
    see(ADMIN, "right-size", most=3)
    see(ADMIN, "head")
    see(ADMIN, "checkpoint", most=1)
    assert '"inclusion"' in see(ADMIN, "proof", "--record", "1", most=0).text
    see(ADMIN, "refusals", "--limit", "1", most=0)
    see(ADMIN, "policies", most=1)


def _operate(walk: Walk, world: World) -> None:
    see = walk.see
    config, store = str(world.gateway.config), str(world.gateway.state.root / "jit-access.db")
    see(ADMIN, "alerts", "--status", "silenced")
    for command in (
        ("acknowledge-alert", NOBODY, "--reason", "seen"),
        ("silence-alert", NOBODY, "--for", "1h", "--reason", "seen"),
    ):
        see(ADMIN, *command, code=5)
    see(ADMIN, "deliveries", "--state", "failed", most=1)
    see(ADMIN, "resend-delivery", NOBODY, code=5)
    see(ADMIN, "drop-delivery", NOBODY, code=5)
    see(ADMIN, "health", most=3)
    see(ADMIN, "doctor", most=4)
    see(ADMIN, "metrics", most=2)
    see(ADMIN, "--config", config, "--store", store, "verify")
    see(ADMIN, "--config", config, "--store", store, "live-grants")
    see(ADMIN, "accept-store", "--reason", "a drill")
    see(ADMIN, "accept-clock", "--reason", "a drill")
    see(ADMIN, "config", "check", config)
    see(ADMIN, "config", "show", config, most=6)
    see(ADMIN, "test-policies", config, code=2)
    # The wheel has no solver's feature: what it says instead.
    see(ADMIN, "prove", config, code=2)
    see(ADMIN, "--store", store, "simulate-config", config, config)
    see(ADMIN, "copy-store", f"{store}.missing", f"{store}.copy", code=3)
    see(ADMIN, "completions", "bash", most=1)
    see(ADMIN, "man", most=1)
    see(DEV, "login", world.gateway.url, typed=(("oken", f"{world.tokens[DEV]}\r"),))
    see(DEV, "logout")
