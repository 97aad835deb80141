"""The command `jit mcp`: serve the tools to an agent."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit


def main(arguments: list[str]) -> int:
    """Run `jit mcp` with these arguments; its exit code."""
    parser = argparse.ArgumentParser(
        prog="jit mcp", description="Serve the workflow to an AI agent, as tools of the Model Context Protocol."
    )
    parser.add_argument("--host", metavar="URL", help="the service, such as https://gateway.example.com [JIT_HOST]")
    parser.add_argument(
        "--token-file", metavar="FILE", type=Path, help="a file with the agent's token [JIT_TOKEN_FILE; or JIT_TOKEN]"
    )
    parser.add_argument(
        "--http",
        metavar="ADDRESS:PORT",
        help="serve over streamable HTTP instead of stdio; each client's own bearer token says who it is",
    )
    parser.add_argument(
        "--allow-host",
        metavar="NAME",
        action="append",
        default=[],
        help="a further Host header that HTTP clients may send",
    )
    parser.add_argument(
        "--pages",
        metavar="URL",
        help="where people see requests, such as https://gateway.example.com/jit/pages: a client that can open an "
        "address opens the page of a new request for its person",
    )
    parser.add_argument(
        "--register",
        action="store_true",
        help="make the tools known to a ContextForge gateway that runs the plugin, as an administrator; and end",
    )
    parser.add_argument(
        "--server",
        metavar="NAME",
        action="append",
        default=[],
        help="with --register: a virtual server of the gateway that offers the tools too",
    )
    given = parser.parse_args(arguments)
    host = given.host or os.environ.get("JIT_HOST")
    if not host:
        parser.error("no service is named: --host URL, or the variable JIT_HOST")
    if given.pages is not None and urlsplit(given.pages).scheme not in ("http", "https"):
        parser.error(f"--pages {given.pages}: an http or https address is expected")
    url = host if urlsplit(host).path.strip("/") else host.rstrip("/") + "/jit"
    try:
        from jit_access.client import AsyncClient
        from jit_access.mcp.server import make_app, serve_stdio
    except ImportError as error:
        print(f"jit mcp: {error.name} is not installed: pip install 'jit-access[mcp]'", file=sys.stderr)
        return 1
    if given.http is not None:
        return _serve_http(parser, given.http, given.allow_host, url, given.pages, make_app)
    file = given.token_file or (Path(found) if (found := os.environ.get("JIT_TOKEN_FILE")) else None)

    def token() -> str:
        # Read at each call: whoever renews the token writes it there.
        return file.read_text().strip() if file is not None else os.environ.get("JIT_TOKEN", "").strip()

    if not token():
        parser.error("no token: --token-file FILE, or the variable JIT_TOKEN_FILE or JIT_TOKEN")
    if given.register:
        from jit_access.mcp.register import RegisterError, register

        try:
            for line in register(url.removesuffix("/jit"), token(), given.server):
                print(line)
        except RegisterError as error:
            print(f"jit mcp: {error}", file=sys.stderr)
            return 1
        return 0
    asyncio.run(serve_stdio(AsyncClient(url, token=token), given.pages))
    return 0


def _serve_http(
    parser: argparse.ArgumentParser, address: str, more: list[str], url: str, pages: str | None, make_app: object
) -> int:
    import uvicorn

    name, _, port = address.rpartition(":")
    if not name or not port.isdigit():
        parser.error(f"--http {address}: an address and a port are expected, such as 127.0.0.1:8765")
    hosts = [f"{name}:{port}", *more]
    if name in ("127.0.0.1", "localhost"):
        hosts += [f"localhost:{port}", f"127.0.0.1:{port}"]
    uvicorn.run(make_app(url, hosts, pages), host=name.strip("[]"), port=int(port), log_level="warning")  # type: ignore[operator]
    return 0
