"""The world of the chaos test: people who ask, approve, use and revoke, and what breaks around them.

The gateway's clock is set with libfaketime, so its times are not those of this test.

The gateway's own hole is kept out. It runs with no role for the owner of a personal team, because with its usual one
(`team_admin`) it lets any tool call of somebody pass while their account is deleted, whatever is granted; see
SECURITY.md and `test_gateway_alone.py`. So whatever passes here has to be a grant's.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import threading
import time
import urllib.error
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import libfaketime
from conftest import ADMIN, AUDIT_TRAIL, DEV, OTHER, REASON, World, free_port

import run

SECONDS = float(os.environ.get("CHAOS_SECONDS") or 0)
"""How long everything breaks; 0 leaves these tests out."""
BOUND = 3.5
"""How late an end may be noticed: `max_staleness_ms` (2 s), a decision under way (1 s), and the clock's own steps."""
LEASE = 31.0
"""The same where the plugin is not there to ask: the longest lease, and a second."""
ENOUGH = 5
"""How many calls have to pass, because a run in which nothing passes shows nothing."""
TEMP = "temp@example.com"
"""Somebody whose account is deleted and made anew."""
ROLES = {"auditor": "rest", "operator": "mcp"}
"""What each role lets through."""
STEPS = ("+3600s", "-3600s", "+259200s", "-259200s")
"""By how much the gateway's clock is set: little enough to be followed, and too much to be believed."""
BROKEN = (
    OSError,
    urllib.error.URLError,
    http.client.HTTPException,
    run.DemoError,
    sqlite3.OperationalError,
    AssertionError,
    KeyError,
    ValueError,
)
"""What a call comes to while the gateway is away, or the store."""
ATTEMPTS = 5
"""How often the test's own administration is tried: on a machine that is very busy a call may wait too long."""


def patiently(work: Callable[[], None]) -> None:
    """Do what has to succeed, again where the machine was too busy for it."""
    for left in reversed(range(ATTEMPTS)):
        try:
            work()
            return
        except BROKEN:
            if not left:
                raise
            time.sleep(2)


@dataclass(frozen=True)
class Passed:
    """A call that was let through, between two instants."""

    who: str
    kind: str
    begun: float
    done: float


@dataclass
class Era:
    """A time in which the same journal and the same configuration were in force."""

    begun: float
    honours: bool
    """Whether the configuration lets grants count."""
    late: float
    """How late an end may be noticed."""
    ended: float = float("inf")
    journals: list[Path] = field(default_factory=list)
    """The journals as they were at the end: of the store, and of one that a worker made while the store was away."""


@dataclass
class Chaos:
    """Everybody at once, and what came of it."""

    world: World
    folder: Path
    chance: random.Random
    fault: str = ""
    """The hole that the gateway has; see `fault/sitecustomize.py`."""
    over: threading.Event = field(default_factory=threading.Event)
    away: threading.Event = field(default_factory=threading.Event)
    """Set while the gateway is down on purpose, so that nobody waits for it."""
    passed: list[Passed] = field(default_factory=list)
    eras: list[Era] = field(default_factory=list)
    born: list[float] = field(default_factory=list)
    """When each account of TEMP was made."""
    asked: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Before and after the call that made each request."""
    approved: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Before and after the call that approved each request, answered or not."""
    approved_last: dict[tuple[str, str], float] = field(default_factory=dict)
    """When something was last approved for somebody, by them and the kind of call that it lets through."""
    revoked: dict[str, float] = field(default_factory=dict)
    """When the revocation of each grant had returned, and was durable."""
    restored: list[tuple[float, float]] = field(default_factory=list)
    """Before an older copy of the store was made, and when it was put in its place: what came in between is lost."""
    deeds: dict[str, int] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        return self.world.gateway.state.root / "jit-access.db"

    @property
    def clock(self) -> Path:
        """What libfaketime reads: by how much the gateway's clock is wrong."""
        return self.folder / "clock"

    def count(self, deed: str) -> None:
        self.deeds[deed] = self.deeds.get(deed, 0) + 1

    def until_over(self, work: Callable[[random.Random], None], seed: int) -> None:
        """Do it again and again. What fails while the gateway is away is tried anew."""
        chance = random.Random(seed)
        while not self.over.is_set():
            if self.away.is_set():
                time.sleep(0.2)
                continue
            with suppress(*BROKEN):
                work(chance)

    # --- people ---

    def work(self, chance: random.Random) -> None:
        """Ask, have it approved, and end it or let it end."""
        who, role = chance.choice([DEV, OTHER, TEMP]), chance.choice(list(ROLES))
        begun = time.time()
        request = str(self.world.ask(who, role, duration_hours=chance.uniform(6, 60) / 3600)["id"])
        self.asked[request] = (begun, time.time())
        time.sleep(chance.uniform(0, 1))
        begun = time.time()
        try:
            approved = self.world.call(ADMIN, "POST", f"/jit/requests/{request}/approve", {})
        finally:
            self.approved[request] = (begun, time.time())
        if approved.status == 200:
            self.approved_last[who, ROLES[role]] = time.time()
        self.count(f"approve {approved.status}")
        time.sleep(chance.uniform(0, 6))
        if approved.status == 200 and chance.random() < 0.6:
            grant = str(approved.json()["grant_id"])
            revoked = self.world.call(ADMIN, "POST", f"/jit/grants/{grant}/revoke", {"reason": REASON})
            if revoked.status == 200 and revoked.json().get("durable") is not False:
                self.revoked[grant] = time.time()
            self.count(f"revoke {revoked.status}")

    def use(self, chance: random.Random) -> None:
        """One call; written down when it passes. Half of them are by somebody who was given something, or lost it."""
        who, kind = chance.choice([DEV, OTHER, TEMP]), chance.choice(list(ROLES.values()))
        lately = [one for one, when in list(self.approved_last.items()) if when > time.time() - 60]
        if lately and chance.random() < 0.5:
            who, kind = chance.choice(lately)
        begun = time.time()
        if kind == "rest":
            through = self.world.status(who, AUDIT_TRAIL) == 200
        else:
            through = self.world.tool_call(who, chance.choice(["/rpc", "/mcp"])) == "allowed"
        if through:
            self.passed.append(Passed(who, kind, begun, time.time()))
        self.count("used" if through else "denied")
        time.sleep(0.02)

    def temp(self) -> None:
        """Make an account for TEMP, and sign in."""
        begun = time.time()
        password = self.world.make_account(TEMP)
        self.born.append(begun)
        patiently(lambda: self.world.log_in(TEMP, password))

    # --- trouble ---

    def delete_account(self) -> None:
        # One that is gone since the last time, when making a new one failed, is made all the same.
        with suppress(*BROKEN):
            self.world.delete_account(TEMP)
        self.temp()

    def lock(self) -> None:
        """Hold the store's write lock for a while, as a backup may."""
        store = sqlite3.connect(self.store, isolation_level=None, timeout=60)
        try:
            store.execute("BEGIN IMMEDIATE")
            time.sleep(self.chance.uniform(0.5, 4))
            store.execute("ROLLBACK")
        finally:
            store.close()

    def step_clock(self) -> None:
        """Set the gateway's clock for a while, as a wrong time server does. What was written meanwhile stops elevation
        until an operator has compared the clocks."""
        self.clock.write_text(self.chance.choice(STEPS))
        time.sleep(self.chance.uniform(2, 8))
        self.clock.write_text("+0")
        time.sleep(self.chance.uniform(0, 4))
        self.accept("clock")

    def accept(self, what: str) -> None:
        """Say that the clock or the store is right, as an operator does once elevation has stopped."""

        def accept() -> None:
            answer = self.world.call(ADMIN, "POST", f"/jit/{what}/accept", {"reason": REASON})
            assert answer.status == 200, answer

        patiently(accept)
        self.count(f"accept {what}")

    def kill_worker(self) -> None:
        if workers := self.world.workers():
            os.kill(self.chance.choice(workers), signal.SIGKILL)

    def move(self) -> None:
        """Take the store away for a while and put it back."""
        parts = [file for file in self.store.parent.iterdir() if file.name.startswith(self.store.name)]
        for file in parts:
            file.rename(file.with_name(f"away-{file.name}"))
        time.sleep(self.chance.uniform(3, 8))
        self.down()
        for made in [file for file in self.store.parent.iterdir() if file.name.startswith(self.store.name)]:
            made.unlink()
        for file in parts:
            file.with_name(f"away-{file.name}").rename(file)
        self.up()

    def restore(self) -> None:
        """Put an older copy of the store in its place, as an operator does: with the gateway stopped, and beside the
        keys. Elevation stops until the operator has accepted it."""
        copy, begun = self.folder / "older.db", time.time()
        self.snapshot(copy)
        time.sleep(self.chance.uniform(2, 8))
        self.down()
        for part in ("", "-wal", "-shm"):
            self.store.with_name(self.store.name + part).unlink(missing_ok=True)
        shutil.copyfile(copy, self.store)
        self.store.chmod(0o600)
        self.restored.append((begun, time.time()))
        self.up()
        time.sleep(self.chance.uniform(0, 4))
        self.accept("store")

    def tighten(self) -> None:
        """Start with a configuration that lets no grant count, then with the first one again."""
        self.down()
        off = self.world.config_with(self.folder, "enabled: false")
        self.up(honours=False, config=off)
        time.sleep(self.chance.uniform(3, 8))
        self.down()
        self.up(config=run.HERE / "jit-access.yaml")

    def other_mode(self) -> None:
        """Die, start in another mode of the plugin, and go back."""
        mode = self.chance.choice(["wrap_permission_service: true", "mirror: false", "plugin off"])
        self.down(kill=True)
        if mode == "plugin off":
            self.up(honours=False, late=LEASE, env={**self.env, "PLUGINS_ENABLED": "false"})
        else:
            self.up(plugins=self.world.plugins_with(self.folder, mode))
        time.sleep(self.chance.uniform(5, 12))
        self.down(kill=self.chance.random() < 0.5)
        self.up(env=self.env, plugins=run.HERE / "plugins.yaml")

    def trouble(self) -> Iterator[Callable[[], None]]:
        """What breaks next. What is quick comes often, a restart now and then."""
        quick: list[Callable[[], None]] = []
        slow = [self.move, self.tighten, self.other_mode, self.restore]
        self.chance.shuffle(slow)
        while True:
            for one in slow:
                for _ in range(self.chance.randint(1, 3)):
                    if not quick:
                        quick = [self.lock, self.kill_worker, self.delete_account, self.step_clock]
                        self.chance.shuffle(quick)
                    yield quick.pop()
                yield one

    # --- the gateway ---

    @property
    def env(self) -> dict[str, str]:
        """What makes the gateway's wall clock ours, and leaves its monotonic one alone."""
        library = Path(libfaketime.__file__).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
        settings = {"DONT_FAKE_MONOTONIC": "1", "FAKETIME_NO_CACHE": "1"}
        hole = {"CHAOS_FAULT": self.fault, "PYTHONPATH": str(Path(__file__).parent / "fault")} if self.fault else {}
        no_role = {"DEFAULT_TEAM_OWNER_ROLE": "none"}
        return {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(self.clock), **settings, **hole, **no_role}

    def snapshot(self, to: Path) -> None:
        with sqlite3.connect(self.store, timeout=60) as source, sqlite3.connect(to) as copy:
            source.backup(copy)

    def down(self, *, kill: bool = False) -> None:
        self.away.set()
        self.world.gateway.kill() if kill else self.world.gateway.stop()
        era = self.eras[-1]
        era.ended = time.time()
        for found in (self.store, self.store.with_name(f"away-{self.store.name}")):
            if found.exists():
                era.journals.append(self.folder / f"journal-{len(self.eras)}-{found.name}")
                with sqlite3.connect(found) as source, sqlite3.connect(era.journals[-1]) as copy:
                    source.backup(copy)

    def up(self, *, honours: bool = True, late: float = BOUND, **changes: Any) -> None:
        self.eras.append(Era(time.time(), honours, late))
        for name, value in changes.items():
            setattr(self.world.gateway, name, value)

        def start() -> None:
            self.world.gateway.kill()
            self.world.gateway.start()

        patiently(start)
        patiently(self.world.seed)
        self.away.clear()


def break_everything(
    tmp_path: Path, chance: random.Random, seconds: float, *, enough: int = ENOUGH, most: float, fault: str = ""
) -> Chaos:
    """So many seconds of people and trouble, and what came of it; then people alone, until enough calls passed, up to
    `most` seconds."""
    state = run.State.open(tmp_path / "state")
    world = World(run.Gateway(state, port=free_port(), workers=2), free_port())
    tools = run.start_tools(world.tools_port)
    chaos = Chaos(world, tmp_path, chance, fault)
    people: list[threading.Thread] = []
    try:
        chaos.clock.write_text("+0")
        chaos.up(env=chaos.env)
        patiently(chaos.delete_account)
        works = [chaos.work] * 3 + [chaos.use] * 4
        seeds = [chance.randrange(2**32) for _ in works]
        people = [
            threading.Thread(target=chaos.until_over, args=(work, seed))
            for work, seed in zip(works, seeds, strict=True)
        ]
        for thread in people:
            thread.start()
        begun = time.monotonic()
        for trouble in chaos.trouble():
            time.sleep(chance.uniform(1, 5))
            took = time.monotonic() - begun
            if took >= seconds and (len(chaos.passed) >= enough or took >= most):
                break
            if took >= seconds:
                # Nothing breaks any more, so that enough passes soon.
                continue
            chaos.count(trouble.__name__)
            with suppress(*(BROKEN if trouble in (chaos.delete_account, chaos.kill_worker, chaos.lock) else ())):
                trouble()
        chaos.over.set()
        for thread in people:
            thread.join()
        chaos.down()
        told = {"passed": [vars(one) for one in chaos.passed], "eras": [vars(one) for one in chaos.eras]}
        (tmp_path / "told.json").write_text(json.dumps({**told, "born": chaos.born}, default=str))
        print(f"{len(chaos.passed)} calls passed in {took:.0f} s; {dict(sorted(chaos.deeds.items()))}")
        return chaos
    finally:
        chaos.over.set()
        world.gateway.kill()
        tools.shutdown()
