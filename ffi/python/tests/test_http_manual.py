"""docs/http.md says what the OpenAPI document of the routes says. `BLESS=1` writes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi import FastAPI

from jit_access import Caller, Engine
from jit_access.router import create_router

PAGE = Path(__file__).resolve().parents[3] / "docs" / "http.md"
BEGIN, END = "<!-- routes -->\n", "<!-- end -->"


def document() -> dict[str, Any]:
    """The OpenAPI document of the routes."""
    app = FastAPI()
    engine = Engine.from_yaml("jit_access: {approver_roles: [lead]}", environ={})
    app.include_router(create_router(engine, caller=lambda: Caller("dev@example.com")))
    return app.openapi()


def body(schema: dict[str, Any] | None, schemas: dict[str, Any]) -> str:
    """The fields of a body, those that must be there in bold."""
    for choice in (schema or {}).get("anyOf", [schema or {}]):
        if "$ref" in choice:
            named = schemas[choice["$ref"].rpartition("/")[2]]
            required = named.get("required", [])
            return ", ".join(f"**`{name}`**" if name in required else f"`{name}`" for name in named["properties"])
    return ""


def table() -> str:
    """One row for each route."""
    shown = document()
    rows = ["| call | what it does | body | query |", "|---|---|---|---|"]
    for path, operations in shown["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            query = [f"`{one['name']}`" for one in operation.get("parameters", []) if one["in"] == "query"]
            fields = body(content.get("schema"), shown["components"]["schemas"])
            rows.append(f"| `{method.upper()} {path}` | {operation['summary']} | {fields} | {', '.join(query)} |")
    return "\n".join(rows).replace("|  |", "| |").replace("|  |", "| |") + "\n"


def test_the_page_lists_the_routes() -> None:
    written = PAGE.read_text()
    before, _, rest = written.partition(BEGIN)
    assert rest, f"{PAGE.name} has no {BEGIN!r}"
    expected = before + BEGIN + table() + END + rest.partition(END)[2]
    if os.environ.get("BLESS"):
        PAGE.write_text(expected)
    else:
        assert written == expected, f"BLESS=1 writes {PAGE.name}"
