"""Engines outside of this one: that they follow the grants, through failures and restarts, and decide the same."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from jit_access import Caller, Conditions, Engine
from jit_access.outside import AuthZenDecisions, CedarAgent, Opa, OutsideError, Registrar
from jit_access.outside.opa import as_data

CONFIG = """
jit_access:
  approver_roles: [lead]
  roles:
    operator: {permissions: ["tools.*"], except_permissions: [tools.delete]}
    all: {permissions: ["*"]}
"""
LEAD = Caller("lead@example.com", roles=["lead"])
TOKEN = "t" * 40


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine.from_yaml(CONFIG, environ={}) as engine:
        yield engine


def give(engine: Engine, who: str = "dev@example.com", role: str = "operator", **more: Any) -> str:
    made = engine.submit(Caller(who), role=role, duration_hours=1, reason="INC-1", **more)
    grant = engine.approve(LEAD, made.id).grant_id
    assert grant is not None
    return grant


class Other:
    """Another engine's side of HTTP, with what it was told. It keeps no more than these interfaces do."""

    def __init__(self) -> None:
        self.policies: dict[str, str] = {}
        self.data: dict[str, Any] = {}
        self.decision: Any = {"decision": True}
        self.asked: list[Any] = []
        self.calls: list[str] = []
        self.down = False

    def answer(self, method: str, path: str, body: Any, token: str | None) -> tuple[int, Any]:
        self.calls.append(f"{method} {path}")
        if self.down:
            return 503, None
        if token != f"Bearer {TOKEN}":
            return 401, {"reason": "unauthorized"}
        match [method, *path.strip("/").split("/")]:
            case ["GET", "v1", "policies"]:
                return 200, [{"id": id, "content": text} for id, text in self.policies.items()]
            case ["PUT", "v1", "policies", id]:
                self.policies[id] = body["content"]
                return 200, {"id": id, "content": body["content"]}
            case ["DELETE", "v1", "policies", id]:
                return (204, None) if self.policies.pop(id, None) else (404, {"reason": "no such policy"})
            case ["GET", "v1", "data", "jit_grants"]:
                return 200, {"result": self.data} if self.data else {}
            case ["PUT", "v1", "data", "jit_grants", id]:
                self.data[id] = body
                return 204, None
            case ["DELETE", "v1", "data", "jit_grants", id]:
                return (204, None) if self.data.pop(id, None) else (404, {"code": "resource_not_found"})
            case ["POST", "access", "v1", "evaluation"]:
                self.asked.append(body)
                return 200, self.decision
            case _:
                return 404, None


@contextmanager
def serving(other: Other) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, said = other.answer(self.command, self.path, body, self.headers.get("authorization"))
            data = b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._serve
            raise AttributeError(name)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def other() -> Other:
    return Other()


@pytest.fixture
def url(other: Other) -> Iterator[str]:
    with serving(other) as url:
        yield url


def test_cedar_agent_holds_what_is_in_force(engine: Engine, other: Other, url: str) -> None:
    other.policies["theirs"] = "permit (principal, action, resource);"
    registrar = Registrar(engine, CedarAgent(url, token=TOKEN), caller=LEAD)
    registrar.follow()
    assert set(other.policies) == {"theirs"}
    first, second = give(engine), give(engine, role="all", resource="tool:deploy")
    registrar.follow()
    assert set(other.policies) == {"theirs", f"jit-{first}", f"jit-{second}"}
    # It is the policy of the grant, with its own window.
    text = other.policies[f"jit-{first}"]
    # The comment at the top says when it was written.
    assert text.splitlines()[1:] == engine.policies(LEAD, grant_id=first).splitlines()[1:]
    assert 'principal == User::"dev@example.com"' in text
    assert text.count("context.now") == 2
    engine.revoke(LEAD, first, reason="over")
    registrar.follow()
    assert set(other.policies) == {"theirs", f"jit-{second}"}
    # Nothing has changed: nobody is asked.
    before = len(other.calls)
    registrar.follow()
    assert len(other.calls) == before


def test_an_engine_that_was_started_anew_gets_everything_again(engine: Engine, other: Other, url: str) -> None:
    registrar = Registrar(engine, CedarAgent(url, token=TOKEN), caller=LEAD, full_check_seconds=0)
    grant = give(engine)
    registrar.follow()
    other.policies.clear()
    registrar.follow()
    assert set(other.policies) == {f"jit-{grant}"}
    # What it has kept of a grant that ended while nobody could tell it goes with the next look.
    other.down = True
    engine.revoke(LEAD, grant, reason="over")
    with pytest.raises(OutsideError) as refused:
        registrar.follow()
    assert refused.value.status == 503
    other.down = False
    registrar.follow()
    assert other.policies == {}
    # So it is with a registrar that was started anew.
    other.policies[f"jit-{grant}"] = "left behind"
    Registrar(engine, CedarAgent(url, token=TOKEN), caller=LEAD).follow()
    assert other.policies == {}


def test_it_follows_in_a_thread_and_goes_on_after_a_failure(engine: Engine, other: Other, url: str) -> None:
    other.down = True
    grant = give(engine)
    registrar = Registrar(engine, Opa(url, token=TOKEN), caller=LEAD, interval=0.02)
    with registrar.running():
        eventually(lambda: len(other.calls) > 2)
        other.down = False
        eventually(lambda: set(other.data) == {grant})
        engine.revoke(LEAD, grant, reason="over")
        eventually(lambda: other.data == {})


def eventually(is_so: Any) -> None:
    for _ in range(500):
        if is_so():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not come to be")


def test_opa_gets_plain_grants_as_data(engine: Engine, other: Other, url: str) -> None:
    plain = give(engine, resource="server:shop")
    give(engine, conditions=Conditions(max_uses=3))
    Registrar(engine, Opa(url, token=TOKEN), caller=LEAD).follow()
    assert set(other.data) == {plain}
    data = other.data[plain]
    assert (data["principal"], data["allowed"], data["excepted"]) == (
        {"type": "user", "id": "dev@example.com"},
        ["tools.*"],
        ["tools.delete"],
    )
    assert (data["kind"], data["things"]) == (None, ["server:shop"])


WHERE = [
    "*",
    "tool",
    "tool:deploy",
    "server:shop",
    "tool@server:shop",
    "tool@server:shop:deploy",
    "*@server:shop:tool:deploy",
]
THINGS = [
    ("tool:deploy", "server:shop"),
    ("tool:deploy", None),
    ("tool:x", "server:shop"),
    ("server:shop", None),
    ("*", None),
]
ACTIONS = ["tools.execute", "tools.delete", "tools.mcp.execute", "tools", "tools:read", "logs.read", "jit.approve"]


def test_the_rego_rule_answers_as_this_library_does(engine: Engine) -> None:
    regorus = pytest.importorskip("regorus", reason="celine-regorus runs Rego without an OPA")
    grants: dict[str, Any] = {}
    for number, where in enumerate(WHERE):
        for role in ("operator", "all"):
            who = f"{role}-{number}@example.com"
            grant = give(engine, who, role, resource=where)
            [held] = [one for one in engine.live_grants() if one.id == grant]
            grants[grant] = as_data(held)
    # An agent of the same name, and windows that are over or still to come.
    some = dict(next(iter(grants.values())))
    past, later = (datetime.now(UTC) + timedelta(hours=by) for by in (-2, 2))
    for name, begins in (("past", past), ("later", later)):
        ends = begins + timedelta(hours=1)
        window = {"from": begins.isoformat(), "until": ends.isoformat()}
        grants[name] = {**some, "principal": {"type": "user", "id": name}, **window}

    rego = regorus.Engine()
    rego.add_policy("grants.rego", Opa.rule())
    rego.add_data_json(json.dumps({"jit_grants": grants}))

    def by_rego(kind: str, who: str, action: str, resource: str, parent: str | None) -> bool:
        asked = {"principal": {"type": kind, "id": who}, "action": action, "resource": resource, "parent": parent}
        rego.set_input_json(json.dumps(asked))
        return bool(rego.eval_rule("data.jit_access.allow"))

    allowed = 0
    for number in range(len(WHERE)):
        for role in ("operator", "all"):
            who = f"{role}-{number}@example.com"
            for resource, parent in THINGS:
                for action in ACTIONS:
                    thing = None if resource == "*" else resource
                    ours = engine.check(who, action, resource=thing, parent=parent).outcome == "allow"
                    found = by_rego("user", who, action, resource, parent)
                    assert found == ours, (who, WHERE[number], action, resource, parent)
                    assert not by_rego("agent", who, action, resource, parent)
                    allowed += ours
    assert 100 < allowed < len(WHERE) * 2 * len(THINGS) * len(ACTIONS)
    for who in ("past", "later", "nobody"):
        assert not by_rego("user", who, "tools.execute", "tool:deploy", "server:shop")


def test_a_decision_point_is_the_standing_answer(other: Other, url: str) -> None:
    ask = AuthZenDecisions(url, token=TOKEN)
    question = {
        "subject": {"type": "user", "id": "dev"},
        "action": {"name": "tools.read"},
        "resource": {"type": "tool", "id": "deploy"},
        "context": {},
        "else": 1,
    }
    assert ask(question) is True
    assert other.asked == [{name: question[name] for name in ("subject", "action", "resource")}]
    other.decision = {"decision": False, "context": {"reason": "no"}}
    assert ask(question) is False
    for other.decision in ({"decision": "yes"}, {}, [], {"decision": 1}):
        assert ask(question) is False
        with pytest.raises(OutsideError):
            ask.ask(question)
    other.down = True
    assert ask(question) is False
    assert AuthZenDecisions("http://127.0.0.1:9", timeout=0.2)(question) is False


@pytest.mark.parametrize("address", ["ftp://a", "http:///v1", "https://a?x=1", "http://pdp.example.com"])
def test_an_address_that_would_leak_the_token_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="url is"):
        Opa(address, token=TOKEN)


@contextmanager
def program(name: str, *arguments: str) -> Iterator[str]:
    """A real engine on a free port of this machine, where it is installed."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed, so the real one was not asked")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([found, *(argument.format(port=port) for argument in arguments)])
    try:
        eventually(lambda: answers(port) or process.poll() is not None)
        assert process.poll() is None, f"{name} ended with {process.returncode}"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def call(method: str, url: str, body: str, content: str = "application/json") -> Any:
    request = urllib.request.Request(url, body.encode(), {"content-type": content}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def test_a_real_opa_decides_by_the_grants(engine: Engine) -> None:
    with program("opa", "run", "--server", "--addr", "127.0.0.1:{port}") as url:
        call("PUT", f"{url}/v1/policies/jit", Opa.rule(), "text/plain")
        registrar = Registrar(engine, Opa(url), caller=LEAD)

        def allows(resource: str, parent: str | None) -> bool:
            asked = {"principal": {"type": "user", "id": "dev@example.com"}, "action": "tools.execute"}
            body = json.dumps({"input": {**asked, "resource": resource, "parent": parent}})
            return call("POST", f"{url}/v1/data/jit_access/allow", body).get("result") is True

        registrar.follow()
        assert not allows("tool:deploy", "server:shop")
        grant = give(engine, resource="server:shop")
        registrar.follow()
        for resource, parent in THINGS:
            thing = None if resource == "*" else resource
            ours = engine.check("dev@example.com", "tools.execute", resource=thing, parent=parent).outcome == "allow"
            assert allows(resource, parent) == ours, (resource, parent)
        engine.revoke(LEAD, grant, reason="over")
        registrar.follow()
        assert not allows("tool:deploy", "server:shop")
