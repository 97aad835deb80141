"""A host for the tests of the command line: the router behind tokens, and nothing else.

The token of a person is `token-` and the name before the `@`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException

from jit_access import Caller, Engine
from jit_access.router import create_router

PEOPLE = {
    "dev@example.com": ["developer"],
    "eva@example.com": ["developer"],
    "ops@example.com": ["platform_admin"],
    "audit@example.com": ["auditor"],
}
CONFIG = """
jit_access:
  max_duration_hours: 8
  approver_roles: [platform_admin]
  auditor_roles: [auditor]
  host_roles: [developer]
  break_glass: {enabled: true, eligible_roles: [developer], max_duration_hours: 1}
  roles:
    operator: {permissions: [tools.execute, tools.read, tools.update]}
    log-reader: {permissions: [logs.read], max_duration_hours: 4}
"""

engine = Engine.from_yaml(CONFIG, environ={"JIT_STORE__PATH": os.environ["JIT_STORE__PATH"]})


def who_is_calling(authorization: Annotated[str, Header()] = "") -> Caller:
    """The caller, by their token."""
    name = f"{authorization.removeprefix('Bearer token-')}@example.com"
    if name not in PEOPLE:
        raise HTTPException(401, "no such token")
    return Caller(name, roles=PEOPLE[name], permissions=["tools.read"], amr=["pwd", "otp"], auth_time=datetime.now(UTC))


app = FastAPI()
app.include_router(create_router(engine, caller=who_is_calling))
