"""The kinds of resource that the gateway has, as the engine is asked about them.

Their Cedar schema is `policies/contextforge.cedarschema`.
"""

from typing import Final

GATEWAY: Final = "gateway:gateway"
"""The gateway itself: what is asked about where nothing smaller is known."""


def tool(name: str) -> str:
    """A tool."""
    return f"tool:{name}"


def resource(uri: str) -> str:
    """A resource in MCP's sense: a document, a file, a row."""
    return f"resource:{uri}"


def prompt(identifier: str) -> str:
    """A prompt."""
    return f"prompt:{identifier}"


def server(identifier: str | None) -> str | None:
    """The virtual server that a call came through, where it is known: the parent of what is called."""
    return None if identifier is None else f"server:{identifier}"
