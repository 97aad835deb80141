"""A host for the tests of `jit mcp`: the router behind tokens, one of which an agent has."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException

from jit_access import Caller, Engine
from jit_access.router import create_router

CALLERS = {
    "token-bot": Caller("bot", agent=True, acts_for="dev@example.com", roles=["developer"]),
    "token-ops": Caller("ops@example.com", roles=["platform_admin"]),
}
CONFIG = """
jit_access:
  approver_roles: [platform_admin]
  roles:
    operator: {permissions: [tools.execute, tools.read], requestable_by: [developer]}
"""

engine = Engine.from_yaml(CONFIG, environ={"JIT_STORE__PATH": os.environ["JIT_STORE__PATH"]})


def who_is_calling(authorization: Annotated[str, Header()] = "") -> Caller:
    """The caller, by their token."""
    found = CALLERS.get(authorization.removeprefix("Bearer "))
    if found is None:
        raise HTTPException(401, "no such token")
    return found


app = FastAPI()
app.include_router(create_router(engine, caller=who_is_calling))
