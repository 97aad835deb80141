"""The demo: the real ContextForge gateway on loopback with just-in-time access inside it.

`make run` calls this with the Python of the environment that holds the gateway. It needs nothing but the standard
library, keeps everything it makes under one state directory, and can be started again over the same directory.
The end-to-end tests drive the gateway through the same functions, so what the demo shows is what they prove.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from typing import Any

import inbox

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
ADMIN, DEV, OTHER = "admin@example.com", "dev@example.com", "other@example.com"
TOOLS = ("deploy", "status")
SERVER = "operations"


class DemoError(Exception):
    """Something the person at the keyboard can act on; printed without a traceback."""


# --- state ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """The directory that outlives a run: databases, secrets, logs."""

    root: Path
    secrets: Mapping[str, str]

    @classmethod
    def open(cls, root: Path) -> State:
        """Create the directory and its secrets, or read the ones an earlier start made."""
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = root / "secrets.json"
        if not path.exists():
            made = {name: _password() for name in (ADMIN, DEV, OTHER, "basic")}
            made |= {name: secrets.token_urlsafe(48) for name in ("jwt", "encryption")}
            write_private(path, json.dumps(made, indent=2))
        return cls(root, json.loads(path.read_text()))

    @property
    def log(self) -> Path:
        """What the gateway prints."""
        return self.root / "gateway.log"


def _password() -> str:
    """Random, and always one that the gateway's password policy takes.

    The policy refuses runs such as `abc` and `123`, and a password that holds the account's name. Neighbours of these
    alphabets never meet, and the letters spell none of the names.
    """
    pairs = (secrets.choice("aegkmqsuwy") + secrets.choice("13579") for _ in range(16))
    return f"Q-{''.join(pairs)}!"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    partial.replace(path)


# --- a tool that runs -------------------------------------------------------------------------------------------------


class _Tool(BaseHTTPRequestHandler):
    """Answers every call with what it was asked to do, so that a person sees that the tool really ran."""

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        asked = self.rfile.read(size).decode("utf-8", "replace")
        answer = json.dumps({"ran": self.path.strip("/"), "with": asked}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the terminal belongs to the demo's own text."""


def start_tools(port: int) -> ThreadingHTTPServer:
    """Serve the demo tools on loopback from a thread of this process."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Tool)
    threading.Thread(target=server.serve_forever, name="demo-tools", daemon=True).start()
    return server


# --- a mailbox --------------------------------------------------------------------------------------------------------


def with_mailbox(state: State, config: Path, base: str, smtp: int, http: int) -> Path:
    """The configuration with channels that lead to the mailbox: e-mail, Slack and a webhook, all on loopback."""
    signing, slack = state.root / "webhook.secret", state.root / "slack.url"
    if not signing.exists():
        write_private(signing, f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}")
    write_private(slack, f"http://127.0.0.1:{http}/slack")
    path = state.root / "jit-access.yaml"
    write_private(
        path,
        f"""{config.read_text().rstrip()}
  notifications:
    base_url: {base}/admin/jit
    channels:
      mail: {{kind: email, host: 127.0.0.1, port: {smtp}, security: none, from: "JIT access <jit@example.com>"}}
      slack: {{kind: slack, webhook_url_file: "{slack}", allow_private: true}}
      hook: {{kind: webhook, url: "http://127.0.0.1:{http}/hook", secrets_file: ["{signing}"], allow_private: true}}
""",
    )
    return path


# --- HTTP -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """A response, whatever its status."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        """The body as JSON; the status and the text in the error when it is none."""
        try:
            return json.loads(self.text)
        except ValueError as error:
            raise DemoError(f"HTTP {self.status} is not JSON: {self.text[:300]!r}") from error


def call(
    method: str,
    url: str,
    *,
    token: str | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> Answer:
    """One HTTP exchange; `body` is sent as JSON unless it is bytes."""
    sent = dict(headers or {})
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    if data is not None:
        sent.setdefault("content-type", "application/json")
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, data=data, method=method, headers=sent)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return Answer(response.status, _lower(response.headers.items()), response.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, _lower(error.headers.items()), error.read().decode())


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


# --- the gateway ------------------------------------------------------------------------------------------------------


@dataclass
class Gateway:
    """The gateway process over a state directory."""

    state: State
    port: int = 4444
    workers: int = 1
    env: Mapping[str, str] = field(default_factory=dict)
    config: Path = HERE / "jit-access.yaml"
    plugins: Path = HERE / "plugins.yaml"
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def switches(self) -> dict[str, str]:
        """What switches just-in-time access on: the plugin, leave to lift what roles deny, and no start without it."""
        return {
            "PLUGINS_ENABLED": "true",
            "PLUGINS_CONFIG_FILE": str(self.plugins),
            "PLUGINS_CAN_OVERRIDE_RBAC": "true",
            "PLUGINS_FAIL_ON_PLUGIN_ERROR": "true",
        }

    def environment(self) -> dict[str, str]:
        """The settings of the gateway's own documentation, for one person on loopback."""
        secret = self.state.secrets
        return {
            **os.environ,
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "APP_DOMAIN": self.url,
            "DATABASE_URL": f"sqlite:///{self.state.root / 'gateway.db'}",
            "CACHE_TYPE": "memory",
            "LOG_LEVEL": "INFO",
            "AUTH_REQUIRED": "true",
            "EMAIL_AUTH_ENABLED": "true",
            "MCP_CLIENT_AUTH_ENABLED": "true",
            "JWT_SECRET_KEY": secret["jwt"],
            "AUTH_ENCRYPTION_SECRET": secret["encryption"],
            "PLATFORM_ADMIN_EMAIL": ADMIN,
            "PLATFORM_ADMIN_PASSWORD": secret[ADMIN],
            "DEFAULT_USER_PASSWORD": secret[DEV],
            "BASIC_AUTH_PASSWORD": secret["basic"],
            "ADMIN_REQUIRE_PASSWORD_CHANGE_ON_BOOTSTRAP": "false",
            "PASSWORD_CHANGE_ENFORCEMENT_ENABLED": "false",
            "MCPGATEWAY_UI_ENABLED": "true",
            "MCPGATEWAY_ADMIN_API_ENABLED": "true",
            **self.switches(),
            "GATEWAY_JIT_CONFIG": str(self.config),
            "JIT_STORE__PATH": str(self.state.root / "jit-access.db"),
            # Plain HTTP on loopback, a tool on loopback, sessions that outlast a demo, no rate limit for one person.
            "SECURE_COOKIES": "false",
            "CSRF_COOKIE_SECURE": "false",
            "SSRF_ALLOW_LOCALHOST": "true",
            "SSRF_ALLOW_PRIVATE_NETWORKS": "true",
            "TOKEN_EXPIRY": "600",
            "RATE_LIMITING_ENABLED": "false",
            # The gateway's own audit trail gets each use of a grant.
            "AUDIT_TRAIL_ENABLED": "true",
            **self.env,
        }

    def start(self, *, timeout: float = 240) -> None:
        """Start the process and return when it answers; what went wrong, with its log, when it does not."""
        require_free(self.port)
        command = [str(Path(sys.executable).with_name("mcpgateway")), "--host", "127.0.0.1", "--port", str(self.port)]
        if self.workers > 1:
            # A worker that is busy importing on a loaded machine is no dead worker; uvicorn's own patience is 5 s.
            command += ["--workers", str(self.workers), "--timeout-worker-healthcheck", "60"]
        with self.state.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment(), cwd=self.state.root, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise DemoError(f"the gateway ended with status {self.process.returncode}:\n{self.tail()}")
            if self.healthy():
                return
            time.sleep(0.3)
        self.kill()
        raise DemoError(f"the gateway did not answer within {timeout:.0f} s:\n{self.tail()}")

    def healthy(self) -> bool:
        """Whether it answers now."""
        try:
            return call("GET", f"{self.url}/health", timeout=5).status == 200
        except OSError:
            return False

    def stop(self, *, timeout: float = 30) -> None:
        """Ask the gateway to end, and see to it that it and its workers have."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)
        self.kill()

    def kill(self) -> None:
        """End every process of the gateway at once, without a goodbye."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        # The workers die a moment after their parent; until then the port is theirs.
        deadline = time.monotonic() + 10
        while not is_free(self.port) and time.monotonic() < deadline:
            time.sleep(0.05)

    def tail(self, lines: int = 30) -> str:
        """The end of its log."""
        try:
            return "\n".join(self.state.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return "(no log)"

    def login(self, email: str) -> str:
        """A session token for a demo user."""
        answer = call("POST", f"{self.url}/auth/login", body={"email": email, "password": self.state.secrets[email]})
        if answer.status != 200:
            raise DemoError(f"cannot log in as {email}: HTTP {answer.status} {answer.text[:300]}")
        return str(answer.json()["access_token"])


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def require_free(port: int) -> None:
    """Refuse a port that something else answers on, before anything is started."""
    if not is_free(port):
        raise DemoError(f"port {port} is in use; stop what runs there or pass another one: --port {port + 10}")


# --- what the demo has in it ------------------------------------------------------------------------------------------


def seed(gateway: Gateway, *, tools_port: int) -> dict[str, str]:
    """Create the demo users, the tools and the virtual server where missing; returns the tokens by e-mail."""
    admin = gateway.login(ADMIN)
    for email, name in ((DEV, "Devi Developer"), (OTHER, "Otto Other")):
        _create_user(gateway, admin, email, name)
    ids = [_create_tool(gateway, admin, name, f"http://127.0.0.1:{tools_port}/{name}") for name in TOOLS]
    _create_server(gateway, admin, ids)
    return {ADMIN: admin, DEV: gateway.login(DEV), OTHER: gateway.login(OTHER)}


def _create_user(gateway: Gateway, admin: str, email: str, name: str) -> None:
    answer = call(
        "POST",
        f"{gateway.url}/auth/email/admin/users",
        token=admin,
        body={
            "email": email,
            "password": gateway.state.secrets[email],
            "full_name": name,
            "is_admin": False,
            "is_active": True,
            "password_change_required": False,
        },
    )
    if answer.status not in (200, 201, 409) and "already exists" not in answer.text:
        raise DemoError(f"cannot create {email}: HTTP {answer.status} {answer.text[:300]}")


def _create_tool(gateway: Gateway, admin: str, name: str, url: str) -> str:
    for tool in _listing(gateway, admin, "tools"):
        if tool.get("originalName", tool["name"]) == name:
            if tool.get("url") != url:
                _expect(
                    call("PUT", f"{gateway.url}/tools/{tool['id']}", token=admin, body={"url": url}),
                    f"move the tool {name}",
                )
            return str(tool["id"])
    tool = {
        "name": name,
        "url": url,
        "integration_type": "REST",
        "request_type": "POST",
        "description": f"Demo tool: {name}",
        "visibility": "public",
        "input_schema": {"type": "object", "properties": {"what": {"type": "string"}}},
    }
    answer = call("POST", f"{gateway.url}/tools", token=admin, body={"tool": tool, "visibility": "public"})
    return str(_expect(answer, f"register the tool {name}")["id"])


def _create_server(gateway: Gateway, admin: str, tools: list[str]) -> None:
    if any(server["name"] == SERVER for server in _listing(gateway, admin, "servers")):
        return
    server = {"name": SERVER, "description": "Demo virtual server", "associated_tools": tools, "visibility": "public"}
    _expect(
        call("POST", f"{gateway.url}/servers", token=admin, body={"server": server, "visibility": "public"}),
        "register the server",
    )


def _listing(gateway: Gateway, token: str, kind: str) -> list[dict[str, Any]]:
    found = _expect(call("GET", f"{gateway.url}/{kind}?limit=0", token=token), f"list the {kind}")
    return list(found if isinstance(found, list) else found["data"])


def server_id(gateway: Gateway, token: str) -> str:
    """The id of the demo's virtual server."""
    return next(str(server["id"]) for server in _listing(gateway, token, "servers") if server["name"] == SERVER)


def _expect(answer: Answer, what: str) -> Any:
    if answer.status not in (200, 201):
        raise DemoError(f"cannot {what}: HTTP {answer.status} {answer.text[:300]}")
    return answer.json()


# --- the command ------------------------------------------------------------------------------------------------------


def guide(gateway: Gateway, tokens_file: Path, mailbox: str) -> str:
    """What a person who has just started the demo wants on the screen."""
    base, json_type = gateway.url, "-H 'content-type: application/json'"
    ask = json.dumps(
        {
            "role": "auditor",
            "duration_hours": 1,
            "reason": "who changed the deploy tool?",
            "ticket_url": "https://example.com/INC-42",
        }
    )
    pick = "python3 -c 'import json,sys; print(json.load(sys.stdin)[\"id\"])'"
    return f"""
The gateway runs on {base} with just-in-time access inside.

Open   {base}/admin/   as {ADMIN}, password {gateway.state.secrets[ADMIN]}
Read   {mailbox}   what people are told: mails, Slack messages and webhooks appear there

Try    . {shlex.quote(str(tokens_file))}      # tokens of dev@, other@ and admin@example.com as $DEV, $OTHER, $ADMIN

  dev may not read the audit trail (403):
curl -s -w '\\n%{{http_code}}\\n' -H "Authorization: Bearer $DEV" {base}/api/logs/audit-trails

  1. dev asks for it:
ID=$(curl -s {base}/jit/request -H "Authorization: Bearer $DEV" {json_type} -d '{ask}' | {pick}); echo $ID
  2. admin approves:
curl -s {base}/jit/requests/$ID/approve -H "Authorization: Bearer $ADMIN" {json_type} -d '{{"comment":"go ahead"}}'
  3. dev uses it (200), until it ends by itself in an hour:
curl -s -w '\\n%{{http_code}}\\n' -H "Authorization: Bearer $DEV" {base}/api/logs/audit-trails

The log is {gateway.state.log}. Ctrl-C ends everything; the next start finds everything as it was.
"""


def tokens_file(state: State, tokens: Mapping[str, str]) -> Path:
    """Leave the tokens where a shell can read them and other users cannot."""
    path = state.root / "tokens.env"
    names = {"DEV": DEV, "OTHER": OTHER, "ADMIN": ADMIN}
    write_private(path, "".join(f"export {name}={tokens[email]}\n" for name, email in names.items()))
    return path


def run(root: Path, port: int, tools_port: int, mail_port: int, workers: int) -> None:
    """Start everything, say what to try, and wait for Ctrl-C."""
    require_free(port)
    for needed in (tools_port, mail_port, mail_port + 1):
        require_free(needed)
    state = State.open(root)
    gateway = Gateway(state, port=port, workers=workers)
    gateway.config = with_mailbox(state, gateway.config, gateway.url, mail_port, mail_port + 1)
    tools, mailbox = start_tools(tools_port), inbox.start(mail_port, mail_port + 1)
    try:
        print("starting the gateway (the first start creates its database and takes about a minute) ...", flush=True)
        gateway.start()
        tokens = tokens_file(state, seed(gateway, tools_port=tools_port))
        print(guide(gateway, tokens, f"http://127.0.0.1:{mail_port + 1}/"), flush=True)
        assert gateway.process is not None
        status = gateway.process.wait()
        raise DemoError(f"the gateway ended with status {status}:\n{gateway.tail()}")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gateway.stop()
        tools.shutdown()
        for server in mailbox:
            server.shutdown()


def main() -> int:
    """Parse the command line and run; 0 after Ctrl-C, 1 with a sentence when something is in the way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--state", type=Path, default=PROJECT / ".run", help="where everything is kept (default: %(default)s)"
    )
    parser.add_argument("--port", type=int, default=4444, help="of the gateway, on loopback (default: %(default)s)")
    parser.add_argument(
        "--tools-port", type=int, help="of the demo tools, on loopback (default: the gateway's plus one)"
    )
    parser.add_argument(
        "--mail-port", type=int, help="of the mailbox, and the next one of its page (default: the gateway's plus two)"
    )
    parser.add_argument("--workers", type=int, default=1, help="gateway processes (default: %(default)s)")
    options = parser.parse_args()

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, end)
    try:
        tools_port, mail_port = options.tools_port or options.port + 1, options.mail_port or options.port + 2
        run(options.state.resolve(), options.port, tools_port, mail_port, options.workers)
    except KeyboardInterrupt:
        print("\nended; the data stays in", options.state)
        return 0
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
