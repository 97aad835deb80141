"""`jit mcp`: the tools of the workflow, served to the official SDK over stdio and HTTP, before a real host."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("mcp")
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

HERE = Path(__file__).parent
JIT = str(Path(sys.executable).with_name("jit"))
FORBIDDEN = ("approve", "deny", "review", "revoke", "suspend", "delegate", "break")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[None]:
    process = subprocess.Popen(command, env={**os.environ, **environment}, cwd=HERE)
    try:
        until = time.monotonic() + 60
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < until, "it does not start"
            assert process.poll() is None, "it has ended"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


class Host:
    def __init__(self, url: str, served: str, folder: Path) -> None:
        self.url, self.served, self.folder = url, served, folder

    def call(self, who: str, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer token-{who}"}
        answer = httpx.request(method, f"{self.url}/jit{path}", headers=headers, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    folder = tmp_path_factory.mktemp("mcp")
    port, served = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    app = [sys.executable, "-m", "uvicorn", "mcp_app:app", "--app-dir", str(HERE), "--port", str(port)]
    with (
        running([*app, "--log-level", "warning"], port, JIT_STORE__PATH=str(folder / "jit.db")),
        running([JIT, "mcp", "--host", url, "--http", f"127.0.0.1:{served}"], served),
    ):
        yield Host(url, f"http://127.0.0.1:{served}/mcp", folder)


async def connected(host: Host, transport: str, stack: AsyncExitStack, *more: str, opens: Any = None) -> ClientSession:
    if transport == "stdio":
        token = host.folder / "token"
        token.write_text("token-bot\n")
        command = StdioServerParameters(
            command=JIT,
            args=["mcp", "--host", host.url, "--token-file", str(token), *more],
            env={"PATH": os.environ["PATH"]},
        )
        streams = await stack.enter_async_context(stdio_client(command))
    else:
        headers = {"Authorization": "Bearer token-bot"}
        try:
            from mcp.client.streamable_http import streamablehttp_client

            streams = await stack.enter_async_context(streamablehttp_client(host.served, headers=headers))
        except ImportError:
            import httpx2
            from mcp.client.streamable_http import streamable_http_client

            client = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=60))
            streams = await stack.enter_async_context(streamable_http_client(host.served, http_client=client))
    session = await stack.enter_async_context(ClientSession(streams[0], streams[1], elicitation_callback=opens))
    await session.initialize()
    return session


def document(found: Any) -> dict[str, Any]:
    said: dict[str, Any] = found.model_dump(by_alias=True, mode="json")
    return said


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_an_agent_learns_asks_waits_and_gives_back(host: Host, transport: str) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack:
            session = await connected(host, transport, stack)

            tools = document(await session.list_tools())["tools"]
            names = [tool["name"] for tool in tools]
            assert names[:2] == ["jit_what_can_i_request", "jit_request_access"], "in one order"
            assert not [name for name in names if any(word in name for word in FORBIDDEN)]
            for tool in tools:
                assert tool["inputSchema"]["additionalProperties"] is False
                assert tool["outputSchema"]["type"] == "object"
                assert tool["annotations"]["openWorldHint"] is False
                assert tool["annotations"]["destructiveHint"] is False

            async def call(name: str, progress: Any = None, **arguments: Any) -> dict[str, Any]:
                return document(await session.call_tool(name, arguments, progress_callback=progress))

            may = (await call("jit_what_can_i_request", tool="deploy"))["structuredContent"]
            assert may["can_request"], may
            assert may["options"][0]["permissions"] == ["tools.execute"], "the least comes first"

            asked = (await call("jit_request_access", tool="deploy", reason="roll out"))["structuredContent"]
            again = (await call("jit_request_access", tool="deploy", reason="roll out"))["structuredContent"]
            assert (asked["status"], again["request"]) == ("pending", asked["request"])

            def approve() -> None:
                time.sleep(3)
                host.call("ops", "POST", f"/requests/{asked['request']}/approve", {})

            person = threading.Thread(target=approve)
            person.start()
            progress: list[float] = []

            async def tell(done: float, total: float | None, words: str | None) -> None:
                progress.append(done)

            status = await call("jit_request_status", tell, request=asked["request"], wait_seconds=25)
            await asyncio.to_thread(person.join)
            assert status["structuredContent"]["status"] == "approved", status
            assert "same call again" in status["content"][0]["text"]
            assert progress, "it told how long it has waited"

            [held] = (await call("jit_my_grants"))["structuredContent"]["grants"]
            assert held["grant"] == status["structuredContent"]["grant"]
            released = (await call("jit_release", grant=held["grant"]))["structuredContent"]
            assert released == {"grant": held["grant"], "status": "released"}
            over = await call("jit_request_status", request=asked["request"])
            assert "over" in over["content"][0]["text"]

            waiting = (await call("jit_request_access", tool="rollback", reason="in case"))["structuredContent"]
            taken = (await call("jit_withdraw_request", request=waiting["request"]))["structuredContent"]
            assert taken["status"] == "withdrawn"

            for name, arguments, word in [
                ("jit_request_access", {"tool": "deploy"}, "reason"),
                ("jit_request_access", {"tool": "deploy", "reason": "x", "approve": True}, "approve"),
                ("jit_request_access", {"tool": "../x", "reason": "x"}, "tool"),
                ("jit_request_status", {"request": asked["request"], "wait_seconds": 600}, "wait_seconds"),
                ("jit_release", {"grant": "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b"}, "no grant"),
                ("jit_approve", {"request": asked["request"]}, "no tool"),
            ]:
                wrong = await call(name, **arguments)
                assert wrong["isError"] is True, name
                assert word in wrong["content"][0]["text"], wrong

    asyncio.run(story())
    [request] = host.call("ops", "GET", "/requests?status=approved&limit=1")["items"]
    assert (request["requester_email"], request["requester_acts_for"]) == ("agent:bot", "dev@example.com")


@pytest.mark.parametrize("can_open", [True, False])
def test_a_client_that_can_opens_the_page_for_its_person(host: Host, can_open: bool) -> None:
    """An accepted page is no review: the request waits for a person as before."""
    from mcp.types import ElicitResult

    opened: list[tuple[str, str]] = []

    async def opens(_context: Any, asked: Any) -> ElicitResult:
        opened.append((asked.mode, asked.url))
        return ElicitResult(action="accept")

    async def story() -> dict[str, Any]:
        async with AsyncExitStack() as stack:
            pages = "https://gateway.example.com/jit/pages/"
            session = await connected(host, "stdio", stack, "--pages", pages, opens=opens if can_open else None)
            arguments = {"tool": f"page-{can_open}", "reason": "look"}
            made = document(await session.call_tool("jit_request_access", arguments))["structuredContent"]
            seen = document(await session.call_tool("jit_request_status", {"request": made["request"]}))
            assert seen["structuredContent"]["status"] == "pending"
            await session.call_tool("jit_withdraw_request", {"request": made["request"]})
            return dict(made)

    made = asyncio.run(story())
    page = f"https://gateway.example.com/jit/pages/requests/{made['request']}"
    assert made["ticket_page"] == page
    assert opened == ([("url", page)] if can_open else [])


def test_over_http_nobody_is_served_without_a_token(host: Host) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"accept": "application/json, text/event-stream"}
    bare = httpx.post(host.served, json=call, headers=accept)
    assert (bare.status_code, bare.headers["www-authenticate"]) == (401, "Bearer")
    foreign = httpx.post(
        host.served, json=call, headers={**accept, "authorization": "Bearer x", "host": "evil.example"}
    )
    assert foreign.status_code in (403, 421), "a name that is not ours: DNS rebinding"


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    def said(*arguments: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("JIT_")}
        done = subprocess.run([JIT, "mcp", *arguments], env=clean, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        return done.stderr

    assert "--host URL" in said()
    assert "--token-file" in said("--host", "https://gateway.example.com")
    assert json.dumps("x") and "address and a port" in said("--host", "https://g.example.com", "--http", "8765")
