"""Every text that a command or a route takes, given what nobody should send."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from jit_access import Caller, Engine, InvalidInput, JitAccessError
from jit_access.bodies import ROUTES
from jit_access.router import create_router

CONFIG = """
jit_access:
  store: {type: memory}
  approver_roles: [lead]
  auditor_roles: [lead]
  roles:
    operator: {permissions: ["tools.*"]}
"""
ID = "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b"
LEAD = Caller("lead@example.com", roles=["lead"])
CORPUS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "a\udfffb",
    "\u202etxet",
    "\u200b\u3164\u2800",
    "\ufeff",
    "\uffff",
    "9" * 400,
    "1e308",
    "NaN",
    "'; DROP TABLE grants; --",
    "{{7*7}}<script>",
    "javascript:alert(1)",
    "https://[::1",
    "jit.*",
    "agent:agent:x",
    "tool@server:a:b:c",
    "::",
    "0.0.0.0/33",
    "9999-12-31T23:59:60+99:99",
    "x" * 70_000,
    "\U0010ffff" * 20_000,
]
COMMANDS = [name for name in ROUTES if callable(getattr(Engine, name, None))]
RIGHT: dict[str, Any] = {
    "caller": LEAD,
    "justified": True,
    "enabled": True,
    "everything": True,
    "until": "2030-01-01T00:00:00Z",
    "start": "2026-03-01T00:00:00Z",
    "at": "2026-03-01T00:00:00Z",
    "duration_hours": 1.0,
}


@pytest.fixture
def engine() -> Any:
    with Engine.from_yaml(CONFIG, environ={}) as opened:
        yield opened


def _right(name: str) -> Any:
    return RIGHT.get(name, ID if name.endswith("_id") else "tools.execute" if name == "action" else "operator")


def _is_text(parameter: inspect.Parameter) -> bool:
    return "str" in str(parameter.annotation) and parameter.name not in ("self", "caller")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_text_of_a_command_is_taken_or_refused_by_its_name(engine: Engine, name: str) -> None:
    signature = inspect.signature(getattr(Engine, name))
    parameters = [one for one in signature.parameters.values() if one.name != "self"]
    required = [one for one in parameters if one.default is inspect.Parameter.empty]
    if name == "revoke_many":
        required = [*required, signature.parameters["everything"]]
    for tried in filter(_is_text, parameters):
        for text in CORPUS:
            value = [text] if "Sequence" in str(tried.annotation) else text
            given = {one.name: _right(one.name) for one in required} | {tried.name: value}
            places = [given.pop(one.name) for one in required if one.kind is not inspect.Parameter.KEYWORD_ONLY]
            try:
                getattr(engine, name)(*places, **given)
            except InvalidInput as error:
                # A selection is one of several, and the error may name another.
                of_this = (tried.name, tried.name.removesuffix("_id"), "id", "from")
                is_named = any(str(error).startswith(f"`{one}`") for one in of_this)
                assert is_named or name == "revoke_many" or error.code != "invalid", (
                    tried.name,
                    text[:40],
                    str(error)[:200],
                )
                assert len(str(error)) < 1_500
            except JitAccessError as error:
                assert error.code != "internal", (tried.name, text[:40])


@pytest.mark.parametrize("name", ROUTES)
def test_no_text_makes_a_route_fail(engine: Engine, name: str) -> None:
    app = FastAPI()
    app.include_router(create_router(engine, caller=lambda: LEAD))
    client = TestClient(app, raise_server_exceptions=False)
    route = ROUTES[name]
    names = list(route.query) + (list(route.body.model_fields) if route.body is not None else [])
    path = f"/jit{route.path}".replace("{id}", ID)
    for tried in names:
        for text in CORPUS:
            if route.body is None:
                shown = text.encode("utf-8", "replace").decode()
                # A line of a request has its own limit, of the server.
                answer = client.request(route.method, path, params={tried: shown[:4_000]})
            else:
                fields = {field for field, one in route.body.model_fields.items() if one.is_required()}
                body = {field: _right(f"{field}_id" if field == "request" else field) for field in fields}
                # As escapes: a lone surrogate has no other form in JSON.
                answer = client.request(
                    route.method,
                    path,
                    content=json.dumps(body | {tried: text}).encode(),
                    headers={"content-type": "application/json"},
                )
            assert answer.status_code < 500, (tried, text[:40], answer.text[:300])
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json", answer.text[:200]
