"""The workflow as tools of the Model Context Protocol, for AI agents.

`jit mcp` serves them over stdio, `jit mcp --http 127.0.0.1:8765` over streamable HTTP; needs the extra `mcp`, whose
official
SDK may be of its first or its second line. An agent learns what it may ask for, asks, waits, sees what it holds,
and gives
it back. There is no tool that approves: a person does, on the pages.

| module | question |
|---|---|
| `tools` | which tools there are, with their schemas, and what each does |
| `server` | how the SDK serves them, in both of its lines |
| `command` | the command `jit mcp` |
| `register` | how a gateway learns of the tools |
"""

from __future__ import annotations

from jit_access.mcp.tools import INSTRUCTIONS, TOOLS, Refusal, run_tool

__all__ = ["INSTRUCTIONS", "TOOLS", "Refusal", "run_tool"]
