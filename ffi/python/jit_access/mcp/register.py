"""Making the tools known to a ContextForge gateway, so that it lists them as any tool.

The gateway's plugin answers their calls in its own process; the address that is registered is never called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from jit_access.mcp.tools import TOOLS, Tool


class RegisterError(Exception):
    """The gateway did not take a tool."""


def register(gateway: str, token: str, servers: Sequence[str] = ()) -> Iterator[str]:
    """Register every tool at the gateway of this address, with an administrator's token, and bring up to date what is
    there; add them to these virtual servers, by name or id. What was done, one line for each."""
    with httpx.Client(base_url=gateway, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        known = _listed(client)
        for tool in TOOLS:
            body = _body(tool, gateway)
            id = known.get(tool.name)
            if id is None:
                answer = client.post("/tools", json={"tool": body, "visibility": "public"})
            else:
                answer = client.put(f"/tools/{id}", json=body)
            if answer.status_code not in (200, 201):
                raise RegisterError(f"{tool.name}: the gateway answers {answer.status_code}: {answer.text[:300]}")
            yield f"{'registered' if id is None else 'updated'} {tool.name}"
        names = {tool.name for tool in TOOLS}
        ids = [id for name, id in _listed(client).items() if name in names]
        for server in servers:
            yield _add(client, server, ids)


def _add(client: httpx.Client, server: str, tools: Sequence[str]) -> str:
    """Add the tools to a virtual server, beside those that it has."""
    found = [row for row in _rows(client, "servers") if server in (row["id"], row["name"])]
    if len(found) != 1:
        raise RegisterError(
            f"`{server}` names several servers; give the id" if found else f"there is no virtual server `{server}`"
        )
    [row] = found
    had = row.get("associatedToolIds") or row.get("associated_tool_ids") or []
    answer = client.put(f"/servers/{row['id']}", json={"associated_tools": sorted({*had, *tools})})
    if answer.status_code != 200:
        raise RegisterError(f"{server}: the gateway answers {answer.status_code}: {answer.text[:300]}")
    return f"added to {row['name']}"


def _listed(client: httpx.Client) -> dict[str, str]:
    """The ids of our tools that are there, by name. The gateway writes names with hyphens in places."""
    return {str(row["name"]).replace("-", "_"): str(row["id"]) for row in _rows(client, "tools")}


def _rows(client: httpx.Client, kind: str) -> list[dict[str, Any]]:
    answer = client.get(f"/{kind}", params={"limit": 0, "include_inactive": "true"})
    if answer.status_code != 200:
        raise RegisterError(f"the gateway does not list its {kind}: it answers {answer.status_code}")
    found: Any = answer.json()
    return list(found if isinstance(found, list) else found["data"])


def _body(tool: Tool, gateway: str) -> dict[str, Any]:
    document = tool.document()
    return {
        "name": tool.name,
        "url": f"{gateway}/jit/roles",
        "integration_type": "REST",
        "request_type": "POST",
        "description": tool.description,
        "input_schema": document["inputSchema"],
        "output_schema": document["outputSchema"],
        "annotations": document["annotations"],
        "visibility": "public",
        "tags": ["jit-access"],
    }
