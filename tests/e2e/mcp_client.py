"""A client of MCP as an agent platform has it: the official SDK, driven by lines of JSON on standard input."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any


async def main(url: str, token: str) -> None:
    """Serve the lines until there are no more."""
    headers = {"Authorization": f"Bearer {token}"}
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(await connect(url, headers, stack))
        await session.initialize()
        while line := await asyncio.to_thread(sys.stdin.readline):
            said = json.loads(line)
            if said.get("list"):
                found: Any = await session.list_tools()
            else:
                found = await session.call_tool(said["tool"], said["arguments"])
            answer = found.model_dump(by_alias=True, mode="json")
            answer.setdefault("_meta", None)
            print(json.dumps(answer), flush=True)


async def connect(url: str, headers: dict[str, str], stack: AsyncExitStack) -> Any:
    """A session over streamable HTTP, in either line of the SDK."""
    from mcp import ClientSession

    try:
        from mcp.client.streamable_http import streamablehttp_client

        streams = await stack.enter_async_context(streamablehttp_client(url, headers=headers))
    except ImportError:
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        client = await stack.enter_async_context(httpx2.AsyncClient(headers=headers, timeout=60))
        streams = await stack.enter_async_context(streamable_http_client(url, http_client=client))
    return ClientSession(streams[0], streams[1])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
