"""Every permission of the gateway, and every route that one of them opens, is judged by what it could leave behind.

`gateway_routes.txt` holds the routes that change something and that a grant can open. A route that is not in it was
added by a version of the gateway that nobody has judged: look at what it leaves behind, then add the line, or put its
permission into `RIGHTS`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mcpgateway
import pytest
from gateway_world import fresh_engine, give
from mcpgateway.db import Permissions
from mcpgateway.main import app

from jit_access.gateway.reserved import CONTENT, READS, RIGHTS, is_grantable, may_mirror

KNOWN = Path(__file__).with_name("gateway_routes.txt")
CHECKS = {
    "require_permission",
    "require_any_permission",
    "require_admin_permission",
    "has_permission",
    "has_any_permission",
    "check_permission",
    "check_permission_inline",
    "has_permission_on_resource",
    "_ensure_rpc_permission",
    "_check_streamable_permission",
}
"""The gateway's functions that ask for a permission by its name."""


def routes(router: Any, prefix: str = "") -> Iterator[tuple[str, str, str | None]]:
    """Every route as method, path and the permission that it asks for."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner, prefix + route.include_context.prefix)
        elif getattr(route, "endpoint", None) is not None:
            for method in getattr(route, "methods", None) or ():
                yield method, (prefix + route.path).removeprefix("/v1"), permission_of(route.endpoint)


def permission_of(endpoint: Any) -> str | None:
    """What the gateway's decorator has noted of an endpoint."""
    while endpoint is not None:
        found = getattr(endpoint, "_required_permission", None)
        if found is not None:
            return str(found)
        endpoint = getattr(endpoint, "__wrapped__", None)
    return None


def asked_for() -> set[str]:
    """Every permission that the gateway's code asks for by its name."""
    found = set()
    for file in Path(mcpgateway.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in CHECKS:
                said = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "permission")]
                words = [one for arg in said for one in (arg.elts if isinstance(arg, ast.List) else [arg])]
                found |= {one.value for one in words if isinstance(one, ast.Constant) and is_name(one.value)}
    return found


def is_name(value: object) -> bool:
    return isinstance(value, str) and value.replace(":", ".").count(".") >= 1 and " " not in value


CLASSES = {"READS": READS, "CONTENT": CONTENT, "RIGHTS": RIGHTS}
NAMES = sorted(
    {*Permissions.get_all_permissions(), *asked_for(), *(found for *_, found in routes(app.router) if found)}
)


def test_the_walk_finds_the_gateways_routes() -> None:
    found = {(method, path, permission) for method, path, permission in routes(app.router)}
    assert ("POST", "/tools/plugin_bindings/", "tools.manage_plugins") in found
    assert ("POST", "/rbac/users/{user_email}/roles", "admin.user_management") in found
    assert len(found) > 300
    assert {"tools.execute", "resources.read", "prompts.read"} <= asked_for()


@pytest.mark.parametrize("permission", NAMES)
def test_every_permission_is_in_exactly_one_class(permission: str) -> None:
    assert sum(permission in each for each in CLASSES.values()) == 1, f"nobody has judged {permission}"


def test_every_route_that_changes_something_is_judged() -> None:
    known = {line for line in KNOWN.read_text().splitlines() if line and not line.startswith("#")}
    changing = {
        f"{permission} {method} {path}"
        for method, path, permission in routes(app.router)
        if permission is not None and is_grantable(permission) and method not in ("GET", "HEAD", "OPTIONS")
    }
    assert sorted(changing - known) == []


@pytest.mark.parametrize("permission", sorted(RIGHTS))
def test_what_could_leave_a_right_is_given_by_no_grant(permission: str) -> None:
    engine = fresh_engine()
    give(engine, "everything")
    assert not engine.check("dev@example.com", permission).allowed
    assert not may_mirror(permission)


def test_what_nobody_knows_is_not_grantable() -> None:
    assert not is_grantable("admin.of_tomorrow")
    assert not is_grantable("*")
