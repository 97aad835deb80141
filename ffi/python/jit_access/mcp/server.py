"""How the official SDK serves the tools, in both of its lines.

The low-level server is used, because it leaves the schemas as they are. What differs between the lines (`mcp` 1 and
2) is in
this file.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import mcp.types as types
from mcp.server.lowlevel import Server

from jit_access import __version__
from jit_access.client import AsyncClient
from jit_access.mcp.tools import INSTRUCTIONS, TOOLS, Refusal, Tell, run_tool

_log: Final = logging.getLogger(__name__)
_NAME: Final = "jit-access"
_IS_SECOND_LINE: Final = not hasattr(Server, "call_tool")

ClientOf = Callable[[Any], AsyncClient]
"""Gives the client for the HTTP request under way; for `None`, of stdio, the one of the process."""


_OPENING_SECONDS: Final = 60
"""How long a person has to open a page before the tool answers all the same."""


def make_server(client_of: ClientOf, pages: str | None = None) -> Any:
    """A server of the tools, whose calls are made with the client that `client_of` gives. `pages` is where people see
    requests: a client that can open an address for its person is then asked to open the page of a new request."""
    return _second(client_of, pages) if _IS_SECOND_LINE else _first(client_of, pages)


def _listed() -> list[Any]:
    return [types.Tool.model_validate(tool.document()) for tool in TOOLS]


async def _result(
    client: AsyncClient,
    name: str,
    arguments: Mapping[str, Any] | None,
    tell: Tell,
    pages: str | None,
    session: Any,
    call: Any,
) -> Any:
    try:
        found = await run_tool(client, name, arguments or {}, tell)
        if pages is not None and name == "jit_request_access":
            found["ticket_page"] = f"{pages.rstrip('/')}/requests/{found['request']}"
            if found["status"] in ("pending", "needs_info"):
                await open_page(session, found["ticket_page"], found["request"], call)
    except Refusal as refusal:
        content = [{"type": "text", "text": str(refusal)}]
        return types.CallToolResult.model_validate({"content": content, "isError": True})
    text = found["next"] if "next" in found else json.dumps(found, ensure_ascii=False)
    content = [{"type": "text", "text": text if "next" not in found else f"{found['status']}: {text}"}]
    return types.CallToolResult.model_validate({"content": content, "structuredContent": found, "isError": False})


WORDS: Final = "See what your agent asks for, and complete it. Somebody else decides."
"""What a person reads before a page is opened."""


async def open_page(session: Any, page: str, request: str, call: Any) -> None:
    """Have the client open the page for its person, where it says that it can (elicitation by URL). The page signs in
    by itself, and the answer says no more than that it was opened: it is neither a review nor waited for long."""
    if (
        not hasattr(session, "elicit_url")
        or not getattr(session, "can_send_request", True)
        or not declares_url(session)
    ):
        return
    try:
        async with asyncio.timeout(_OPENING_SECONDS):
            await session.elicit_url(WORDS, page, request, call)
    except Exception as error:
        _log.info("the page of a request was not opened: %s", error)


def declares_url(session: Any) -> bool:
    """Whether the client of this session has said that it opens addresses for its person."""
    declared = getattr(session, "client_capabilities", None)
    if declared is None and getattr(session, "client_params", None) is not None:
        declared = session.client_params.capabilities
    elicitation = getattr(declared, "elicitation", None)
    return getattr(elicitation, "url", None) is not None


def _first(client_of: ClientOf, pages: str | None) -> Any:
    server: Any = Server(_NAME, version=__version__, instructions=INSTRUCTIONS)

    @server.list_tools()  # type: ignore[untyped-decorator]
    async def list_tools() -> list[Any]:
        return _listed()

    # The tools check their arguments themselves, and say what would be right.
    @server.call_tool(validate_input=False)  # type: ignore[untyped-decorator]
    async def call_tool(name: str, arguments: dict[str, Any]) -> Any:
        context = server.request_context
        token = context.meta.progressToken if context.meta is not None else None

        async def tell(done: float, total: float, words: str) -> None:
            if token is not None:
                await context.session.send_progress_notification(token, done, total, words, str(context.request_id))

        return await _result(
            client_of(context.request), name, arguments, tell, pages, context.session, context.request_id
        )

    return server


def _second(client_of: ClientOf, pages: str | None) -> Any:
    async def list_tools(context: Any, params: Any) -> Any:
        return types.ListToolsResult(tools=_listed())

    async def call_tool(context: Any, params: Any) -> Any:
        async def tell(done: float, total: float, words: str) -> None:
            await context.session.report_progress(done, total, words)

        client, session, call = client_of(context.request), context.session, getattr(context, "request_id", None)
        return await _result(client, params.name, params.arguments, tell, pages, session, call)

    made: Callable[..., Any] = Server
    return made(_NAME, version=__version__, instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool)


async def serve_stdio(client: AsyncClient, pages: str | None = None) -> None:
    """Serve one client over standard input and output, until it closes them."""
    from mcp.server.stdio import stdio_server

    server = make_server(lambda _: client, pages)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


def make_app(url: str, hosts: list[str], pages: str | None = None) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """An ASGI application that serves the tools over streamable HTTP at any path. The bearer token of each request
    is the one
    with which the service at `url` is called; it decides who the agent is. A request without a token is answered with
    401."""
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from mcp.server.transport_security import TransportSecuritySettings

    def client_of(request: Any) -> AsyncClient:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal("This request carries no bearer token.")
        return AsyncClient(url, token=token)

    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=hosts,
        allowed_origins=[f"http://{host}" for host in hosts] + [f"https://{host}" for host in hosts],
    )
    # Without sessions of its own: each request is judged by its token, and any process answers it.
    manager = StreamableHTTPSessionManager(make_server(client_of, pages), stateless=True, security_settings=security)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            async with manager.run():
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        if scope["type"] != "http":
            return
        authorization = dict(scope["headers"]).get(b"authorization", b"")
        if not authorization.lower().startswith(b"bearer "):
            headers = [(b"www-authenticate", b"Bearer"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        await manager.handle_request(scope, receive, send)

    return app
