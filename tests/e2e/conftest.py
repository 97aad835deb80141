"""What the end-to-end tests share: one gateway over one state directory, driven as the demo drives it."""

from __future__ import annotations

import http.client
import json
import random
import secrets
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import jwt
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

# What is shared with the other tests and with the demo.
sys.path.extend(
    str(Path(__file__).resolve().parents[2] / folder)
    for folder in ("examples/gateway", "ffi/python/tests", "tests/browser")
)

import run
from jit_access import Engine

ADMIN, DEV, OTHER = run.ADMIN, run.DEV, run.OTHER
AUDIT_TRAIL = "/api/logs/audit-trails"
REASON = "to see whether it works"


NUMBERS = count(1)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SignIn = Callable[[str], Page]


@dataclass
class World:
    """The gateway, and people using it."""

    gateway: run.Gateway
    tools_port: int
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    def start(self, **changes: Any) -> None:
        """Start the gateway, with other settings than before where given; sign everybody in."""
        for name, value in changes.items():
            setattr(self.gateway, name, value)
        self.gateway.start()
        self.seed()

    def seed(self) -> None:
        """Make what the demo has in it, where it is missing, and sign its people in."""
        self.tokens |= run.seed(self.gateway, tools_port=self.tools_port)

    def restart(self, **changes: Any) -> None:
        """Stop in an orderly way and start again over the same state."""
        self.gateway.stop()
        self.start(**changes)

    def call(self, who: str | None, method: str, path: str, body: object = None, **headers: str) -> run.Answer:
        """One request by one person."""
        token = self.tokens[who] if who else None
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return run.call(method, self.gateway.url + path, token=token, body=body, headers=named)

    def status(self, who: str, path: str = AUDIT_TRAIL) -> int:
        """The status of a GET."""
        return self.call(who, "GET", path).status

    def status_from(self, source: str, who: str, path: str = AUDIT_TRAIL, **headers: str) -> int:
        """The status of a GET that comes from this address of the machine's own network."""
        where = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=60, source_address=(source, 0))
        try:
            where.request("GET", path, headers={"authorization": f"Bearer {self.tokens[who]}", **headers})
            return where.getresponse().status
        finally:
            where.close()

    def sign_in(self, who: str, **claims: object) -> None:
        """A token as an identity provider makes it that says how somebody signed in."""
        secret = self.gateway.state.secrets["jwt"]
        known = jwt.decode(self.tokens[who], options={"verify_signature": False})
        self.tokens[who] = jwt.encode({**known, "jti": secrets.token_hex(16), **claims}, secret, algorithm="HS256")

    @property
    def store(self) -> Path:
        """The journal's file."""
        return self.gateway.state.root / "jit-access.db"

    def journal(self, query: str) -> list[tuple[Any, ...]]:
        """What the journal's file says, read beside the gateway."""
        with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True) as database:
            return database.execute(query).fetchall()

    # --- the workflow ---

    def ask(self, who: str, role: str, **more: Any) -> dict[str, Any]:
        """Ask for a role; the request."""
        # Two that are alike within a minute are one.
        ticket = f"https://example.com/INC-{next(NUMBERS)}"
        body = {"role": role, "duration_hours": 1, "reason": REASON, "ticket_url": ticket}
        answer = self.call(who, "POST", "/jit/request", {**body, **more})
        assert answer.status == 201, answer
        return dict(answer.json())

    def give(self, who: str, role: str, **more: Any) -> dict[str, Any]:
        """Ask and approve; the grant."""
        asked = self.ask(who, role, **more)
        answer = self.call(ADMIN, "POST", f"/jit/requests/{asked['id']}/approve", {})
        assert answer.status == 200, answer
        return self.grant(str(answer.json()["grant_id"]))

    def grant(self, grant_id: str) -> dict[str, Any]:
        """A grant as it stands."""
        answer = self.call(ADMIN, "GET", f"/jit/grants/{grant_id}")
        assert answer.status == 200, answer
        return dict(answer.json())

    def revoke(self, grant_id: str) -> None:
        """End a grant."""
        answer = self.call(ADMIN, "POST", f"/jit/grants/{grant_id}/revoke", {"reason": REASON})
        assert answer.status == 200, answer

    def end_all(self) -> None:
        """Revoke whatever lives, so that the next test begins with nothing."""
        for status in ("active", "scheduled", "suspended"):
            while live := self.call(ADMIN, "GET", f"/jit/grants?status={status}&limit=200").json()["items"]:
                for grant in live:
                    self.end(grant)

    def end(self, grant: dict[str, Any]) -> None:
        """Revoke a grant, or release it when it is the administrator's own."""
        if grant["requester_email"] == ADMIN:
            assert self.call(ADMIN, "POST", f"/jit/grants/{grant['id']}/release").status == 200
        else:
            self.revoke(grant["id"])

    # --- what administrators change, over the gateway's own routes ---

    def open_account(self, who: str, *, admin: bool = False) -> None:
        """Make an account, and sign in."""
        self.log_in(who, self.make_account(who, admin=admin))

    def make_account(self, who: str, *, admin: bool = False) -> str:
        """Make an account; its password."""
        password = run._password()
        made = {"email": who, "password": password, "full_name": "Tess Temp", "is_admin": admin, "is_active": True}
        answer = self.call(ADMIN, "POST", "/auth/email/admin/users", {**made, "password_change_required": False})
        assert answer.status in (200, 201), answer
        return password

    def log_in(self, who: str, password: str) -> None:
        """Sign in, with a token of the gateway's own."""
        signed = run.call("POST", f"{self.gateway.url}/auth/login", body={"email": who, "password": password})
        assert signed.status == 200, signed
        self.tokens[who] = str(signed.json()["access_token"])

    def delete_account(self, who: str) -> None:
        """Delete an account."""
        answer = self.call(ADMIN, "DELETE", f"/auth/email/admin/users/{who}")
        assert answer.status in (200, 204), answer

    def set_active(self, who: str, active: bool) -> None:
        """Switch an account off or on."""
        answer = self.call(ADMIN, "PATCH", f"/auth/email/admin/users/{who}", {"is_active": active})
        assert answer.status == 200, answer

    def take_role(self, who: str, name: str) -> str:
        """Take a global role away; its id."""
        known = self.call(ADMIN, "GET", "/rbac/roles").json()
        [role] = [one["id"] for one in known if one["name"] == name]
        answer = self.call(ADMIN, "DELETE", f"/rbac/users/{who}/roles/{role}?scope=global")
        assert answer.status == 200, answer
        return str(role)

    def give_role(self, who: str, role: str) -> None:
        """Assign a global role."""
        answer = self.call(ADMIN, "POST", f"/rbac/users/{who}/roles", {"role_id": role, "scope": "global"})
        assert answer.status == 200, answer

    # --- MCP ---

    def mcp_paths(self) -> list[str]:
        """Every way an MCP client calls a tool."""
        server = run.server_id(self.gateway, self.tokens[ADMIN])
        return ["/rpc", "/mcp", f"/servers/{server}/mcp"]

    def tool_call(self, who: str, path: str, tool: str = "deploy", **headers: str) -> str:
        """`allowed` or `denied`, and anything else in full: versions of the gateway word a denial differently."""
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": {"what": "it"}},
        }
        answer = self.call(who, "POST", path, call, accept="application/json, text/event-stream", **headers)
        if '"isError":false' in answer.text and '\\"ran\\"' in answer.text:
            return "allowed"
        told = '"isError":true' in answer.text.replace(" ", "") and "Denied: you may not call" in answer.text
        refused = told or "Access denied" in answer.text or "No grant covers this tool" in answer.text
        return "denied" if refused and '\\"ran\\"' not in answer.text else str(answer)

    def tool_calls(self, who: str, tool: str = "deploy") -> set[str]:
        """What comes of the same tool call on every path."""
        return {self.tool_call(who, path, tool) for path in self.mcp_paths()}

    # --- what is on disk ---

    def mirrored(self) -> set[str]:
        """The grants that the gateway knows as roles, read from its database."""
        with sqlite3.connect(f"file:{self.gateway.state.root / 'gateway.db'}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT name FROM roles WHERE name LIKE 'jit-%' AND is_active").fetchall()
        return {name.removeprefix("jit-") for (name,) in rows}

    def permissions_of(self, grant_id: str) -> list[str]:
        """What the role of a grant gives in the gateway."""
        with sqlite3.connect(f"file:{self.gateway.state.root / 'gateway.db'}?mode=ro", uri=True) as database:
            [(permissions,)] = database.execute("SELECT permissions FROM roles WHERE name = ?", (f"jit-{grant_id}",))
        return sorted(json.loads(permissions))

    def leases(self) -> dict[str, float]:
        """For how many seconds each mirrored role still counts, by its grant."""
        query = (
            "SELECT roles.name, (julianday(user_roles.expires_at) - julianday('now')) * 86400 FROM user_roles"
            " JOIN roles ON roles.id = role_id WHERE grant_source = 'jit'"
        )
        with sqlite3.connect(f"file:{self.gateway.state.root / 'gateway.db'}?mode=ro", uri=True) as database:
            return {name.removeprefix("jit-"): seconds for name, seconds in database.execute(query)}

    def plugins_with(self, folder: Path, gateway: str) -> Path:
        """The plugin file, with these settings of the gateway's part."""
        made = folder / "plugins.yaml"
        asked = f"    config:\n      gateway: {{{gateway}}}\n"
        made.write_text((run.HERE / "plugins.yaml").read_text().replace("    config:\n", asked))
        return made

    def config_with(self, folder: Path, settings: str = "", roles: str = "") -> Path:
        """The engine's configuration with these settings and these roles, one a line, before the others."""
        made = folder / "jit-access.yaml"
        # Tests request as fast as the machine allows.
        top = "\n  ".join(["limits: {requests_per_hour: 0}", *([settings] if settings else [])])
        text = (run.HERE / "jit-access.yaml").read_text().replace("jit_access:\n", f"jit_access:\n  {top}\n", 1)
        made.write_text(text.replace("  roles:\n", f"  roles:\n    {roles}\n" if roles else "  roles:\n", 1))
        return made

    def workers(self) -> list[int]:
        """The processes that serve, without the one that started them."""
        assert self.gateway.process is not None
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            command = (stat.parent / "cmdline").read_bytes() if parent == self.gateway.process.pid else b""
            if b"spawn_main" in command or b"mcpgateway" in command:
                found.append(int(stat.parent.name))
        return found

    def public_only_token(self, who: str) -> str:
        """A token of somebody's for public things only."""
        secret = self.gateway.state.secrets["jwt"]
        known = jwt.decode(self.tokens[who], options={"verify_signature": False})
        kept = {name: known[name] for name in ("iss", "aud", "iat", "exp") if name in known}
        return jwt.encode({**kept, "sub": who, "jti": secrets.token_hex(16), "teams": []}, secret, algorithm="HS256")

    def verify(self) -> int:
        """How many records of the journal hold together; an error names the first that does not."""
        store = {"JIT_STORE__PATH": str(self.gateway.state.root / "jit-access.db")}
        return Engine.open(self.gateway.config, environ=store).verify()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], bool], what: str, *, seconds: float = 30) -> None:
    """Wait until it holds. For what is promised to happen soon, never for what is promised at once."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"did not happen within {seconds:.0f} s: {what}"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The running gateway, from an empty directory."""
    made = World(run.Gateway(run.State.open(tmp_path_factory.mktemp("gateway")), port=free_port()), free_port())
    made.gateway.config = made.config_with(tmp_path_factory.mktemp("config"))
    tools = run.start_tools(made.tools_port)
    try:
        made.start()
        yield made
    finally:
        made.gateway.kill()
        tools.shutdown()


@pytest.fixture
def chance() -> random.Random:
    """Chance that can be had again: the seed is in the report of a failure."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield made
        made.close()


@pytest.fixture
def sign_in(world: World, browser: Browser) -> Iterator[SignIn]:
    """A page of somebody who has signed in."""
    contexts = []

    def go(who: str, **options: object) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto(f"{world.gateway.url}/admin/login")
        page.locator("input[name=email]").first.fill(who)
        page.locator("input[name=password]").first.fill(world.gateway.state.secrets[who])
        page.locator("button[type=submit]").first.click()
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    yield go
    for context in contexts:
        context.close()
