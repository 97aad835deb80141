"""An agent at the real gateway, through the official SDK of MCP in a process of its own: denied, asks, a person
approves, the
same call passes, other arguments are refused, and all of it stands in the story of the grant."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import ADMIN, DEV, SignIn, World
from playwright.sync_api import expect

import run

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "ffi" / "python" / "tests"))
import httpx  # noqa: E402
from vectors import Runner  # noqa: E402

VECTORS = json.loads((ROOT / "tests" / "authzen" / "vectors" / "mcp.json").read_text())

BOT = "bot@example.com"
PUBLIC = "https://gateway.example.com"
CLIENT = Path(__file__).with_name("mcp_client.py")


class Agent:
    """The client's process: one line of JSON for each call, one for each answer."""

    def __init__(self, url: str, token: str) -> None:
        self.calls = 0
        self._process = subprocess.Popen(
            [sys.executable, str(CLIENT), url, token], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def say(self, **said: Any) -> dict[str, Any]:
        """Make a call, and read the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the client's process has ended"
        return dict(json.loads(line))

    def tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool as a model does."""
        self.calls += 1
        return self.say(tool=name, arguments=arguments)

    def aside(self, name: str, **arguments: Any) -> dict[str, Any]:
        """The same, for what the test wants to know and a model would not ask."""
        return self.say(tool=name, arguments=arguments)

    def close(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(20)


@pytest.fixture(scope="module")
def wrapped(world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The gateway with the wrap, and an account that an agent of the developer's signs in with."""
    world.open_account(BOT)
    folder = tmp_path_factory.mktemp("plugins")
    plugins = world.plugins_with(
        folder, f"wrap_permission_service: true, public_url: {PUBLIC}, agents: {{{BOT}: {DEV}}}"
    )
    token = world.tokens[BOT]
    world.restart(plugins=plugins)
    world.tokens[BOT] = token
    command = [
        str(Path(sys.executable).with_name("jit")),
        "mcp",
        "--register",
        "--host",
        world.gateway.url,
        "--server",
        run.SERVER,
    ]
    for verb in ("registered", "updated"):
        told = subprocess.run(
            command,
            env={"JIT_TOKEN": world.tokens[ADMIN], "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        assert [line.split() for line in told.stdout.splitlines()][1] == [verb, "jit_request_access"], told.stdout
    return world


@pytest.fixture(params=["/mcp", "server"])
def agent(wrapped: World, request: pytest.FixtureRequest) -> Iterator[Agent]:
    """A client at one of the two ways that the SDK speaks."""
    path = wrapped.mcp_paths()[2] if request.param == "server" else request.param
    made = Agent(wrapped.gateway.url + path, wrapped.tokens[BOT])
    try:
        yield made
    finally:
        made.close()
        wrapped.end_all()


def text(answer: dict[str, Any]) -> str:
    """What the model reads."""
    return str(answer["content"][0]["text"])


def test_denied_asked_approved_and_the_same_call_again(wrapped: World, agent: Agent, sign_in: SignIn) -> None:
    staging, production = {"what": "staging"}, {"what": "production"}

    denied = agent.tool("deploy", **staging)
    assert denied["isError"], denied
    assert "jit_request_access" in text(denied)
    meta = denied["_meta"] or denied["content"][0]["_meta"]
    offer = meta["jit-access/access_request"]
    assert (offer["tool"], offer["resource"]) == ("deploy", "tool:deploy")

    asked = agent.tool("jit_request_access", tool="deploy", reason="roll out 1.4.2", arguments=staging)
    assert not asked["isError"], asked
    request = asked["structuredContent"]["request"]
    again = agent.aside("jit_request_access", tool="deploy", reason="roll out 1.4.2", arguments=staging)
    assert again["structuredContent"]["request"] == request, "a repeat asks nobody again"

    seen = wrapped.call(ADMIN, "GET", f"/jit/requests/{request}").json()
    assert (seen["requester_email"], seen["requester_acts_for"]) == (f"agent:{BOT}", DEV)
    assert seen["conditions"]["call"] == {"name": "deploy", "arguments": staging}, "the approver sees the call"
    own = wrapped.call(BOT, "POST", f"/jit/requests/{request}/approve", {})
    assert own.status in (403, 404), "the agent approves nothing"
    assert wrapped.call(DEV, "POST", f"/jit/requests/{request}/approve", {}).status in (403, 404), "nor does its person"

    page = sign_in(ADMIN)
    page.goto(f"{wrapped.gateway.url}/admin/jit/requests/{request}")
    for said in (BOT, DEV, "deploy", "staging", "roll out 1.4.2"):
        expect(page.locator("main")).to_contain_text(said)
    page.get_by_role("button", name="Approve").first.click()
    expect(page.locator(".done")).to_be_visible()

    status = agent.tool("jit_request_status", request=request, wait_seconds=25)
    assert status["structuredContent"]["status"] == "approved", status
    assert "same call again" in text(status)

    other = agent.aside("deploy", **production)
    assert other["isError"], other
    assert "other arguments" in text(other)
    passed = agent.tool("deploy", **staging)
    assert not passed["isError"], passed
    # J13. The wait is one call when somebody answers within it.
    assert agent.calls == 1 + 3, "the denied call, and three of the model after it: ask, wait, call again"

    grant = str(wrapped.call(ADMIN, "GET", f"/jit/requests/{request}").json()["grant_id"])
    held = wrapped.grant(grant)
    assert (held["status"], held["actions_taken"]) == ("exhausted", 1)
    story = wrapped.call(ADMIN, "GET", f"/jit/grants/{grant}/story").json()
    events = [(record["event"], record["by"]) for record in story["items"]]
    for told in [
        ("request_submitted", f"agent:{BOT}"),
        ("request_approved", ADMIN),
        ("grant_created", ADMIN),
        ("grant_used", f"agent:{BOT}"),
    ]:
        assert told in events, events


def test_the_tools_are_listed_and_none_approves(agent: Agent) -> None:
    tools = {tool["name"].replace("-", "_"): tool for tool in agent.say(list=True)["tools"]}
    ours = {name for name in tools if name.startswith("jit_")}
    assert ours == {
        "jit_what_can_i_request",
        "jit_request_access",
        "jit_request_status",
        "jit_my_grants",
        "jit_release",
        "jit_withdraw_request",
    }
    for name in ours:
        assert tools[name]["inputSchema"]["additionalProperties"] is False, name


@pytest.mark.parametrize(("mode", "can_open"), [("2026-07-28", True), ("2026-07-28", False), ("legacy", True)])
def test_a_client_that_can_opens_the_page_for_its_person(wrapped: World, mode: str, can_open: bool) -> None:
    """A client of the newest revision; an accepted page is no review. An older one can be asked only where the gateway
    keeps sessions and streams its answers (`USE_STATEFUL_SESSIONS=true JSON_RESPONSE_ENABLED=false`)."""
    mcp = pytest.importorskip("mcp")
    if not hasattr(mcp, "Client"):
        pytest.skip("the gateway of this version serves no client that says with each call what it can do")
    import httpx2
    from mcp.client.streamable_http import streamable_http_client
    from mcp.types import ElicitResult

    opened: list[tuple[str, str]] = []

    async def opens(_context: Any, asked: Any) -> ElicitResult:
        opened.append((asked.mode, asked.url))
        return ElicitResult(action="accept")

    async def story() -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {wrapped.tokens[BOT]}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            way = streamable_http_client(wrapped.gateway.url + wrapped.mcp_paths()[2], http_client=http)
            async with mcp.Client(way, mode=mode, elicitation_callback=opens if can_open else None) as client:
                asked = {"tool": "deploy", "reason": "look", "arguments": {"what": f"{mode}-{can_open}"}}
                made = (await client.call_tool("jit_request_access", asked)).structured_content
                seen = await client.call_tool("jit_request_status", {"request": made["request"]})
                assert seen.structured_content["status"] == "pending"
                await client.call_tool("jit_withdraw_request", {"request": made["request"]})
                return dict(made)

    # The browser's own event loop runs in this thread.
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(asyncio.run, story()).result()
    page = f"{PUBLIC}/admin/jit/requests/{made['request']}"
    assert made["ticket_page"] == page
    can_be_asked = mode != "legacy" or "USE_STATEFUL_SESSIONS" in os.environ
    assert opened == ([("url", page)] if can_open and can_be_asked else [])


def test_a_grant_is_seen_and_given_back(wrapped: World, agent: Agent) -> None:
    asked = agent.tool("jit_request_access", tool="status", reason="look", uses=3)
    request = asked["structuredContent"]["request"]
    wrapped.call(ADMIN, "POST", f"/jit/requests/{request}/approve", {})
    assert not agent.tool("status", what="x")["isError"]
    [held] = agent.tool("jit_my_grants")["structuredContent"]["grants"]
    assert held["uses_left"] == 2
    released = agent.tool("jit_release", grant=held["grant"])
    assert released["structuredContent"]["status"] == "released"
    assert agent.tool("status", what="x")["isError"]
    wrong = agent.tool("jit_release", grant="x")
    assert wrong["isError"] and "grant" in text(wrong)


def test_rpc_answers_alike(wrapped: World) -> None:
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "deploy", "arguments": {"what": "it"}},
    }
    answer = wrapped.call(BOT, "POST", "/rpc", call).json()
    assert "error" not in answer, answer
    assert answer["result"]["isError"] is True
    assert "jit_request_access" in answer["result"]["content"][0]["text"]


# The vectors. The gateway writes hyphens in the names of tools, where the vectors have underscores.

TOOLS = [f"vector-tool-{number}" for number in range(1, 8)]


def as_in_vectors(message: Any) -> Any:
    """An answer with the names of our tools as the vectors have them, and the offer where this version of the gateway
    does not pass it on: beside the content."""
    said = json.loads(re.sub(r'"jit-[a-z-]+"', lambda name: name[0].replace("-", "_"), json.dumps(message)))
    result = said.get("result", {})
    content = result.get("content") or [{}]
    if not result.get("_meta") and content[0].get("_meta"):
        result["_meta"] = content[0]["_meta"]
    return said


@pytest.fixture(scope="module")
def vectors(wrapped: World) -> Iterator[Runner]:
    for name in TOOLS:
        run._create_tool(wrapped.gateway, wrapped.tokens[ADMIN], name, f"http://127.0.0.1:{wrapped.tools_port}/status")

    def do(op: str, args: dict[str, Any]) -> httpx.Response:
        if op == "reset":
            wrapped.end_all()
            return httpx.Response(200)
        queue = wrapped.call(ADMIN, "GET", "/jit/requests?status=pending&limit=200").json()["items"]
        [request] = [one["id"] for one in queue if one["resource"] == f"tool:{args['tool']}"]
        verb, body = {"approve_tool": ("approve", {}), "deny_tool": ("deny", {"reason": "vectors"})}[op]
        answer = wrapped.call(ADMIN, "POST", f"/jit/requests/{request}/{verb}", body)
        return httpx.Response(answer.status, text=answer.text)

    with httpx.Client(base_url=wrapped.gateway.url, timeout=60) as client:
        runner = Runner(client, {"agent": {"Authorization": f"Bearer {wrapped.tokens[BOT]}"}}, do)
        runner.said = as_in_vectors
        yield runner
    wrapped.end_all()


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_the_vectors_of_mcp(vectors: Runner, case: dict[str, Any]) -> None:
    named = json.loads(json.dumps(case).replace("vector_tool_", "vector-tool-"))
    vectors.run(named, VECTORS["vars"])
