"""The pages in a small application, with a sign-in that is for the demo alone.

    pip install 'jit-access[pages]' uvicorn
    uvicorn app:app

A person signs in by choosing who they are. A real application has its own sign-in and hands its own dependency to
`create_pages`, as `who_is_calling` here.
"""

from __future__ import annotations

import html
import os
import secrets
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Cookie, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from jit_access import Caller, Engine
from jit_access.pages import Place, create_pages
from jit_access.router import create_router

PEOPLE = {
    "dev@example.com": ["developer"],
    "eva@example.com": ["developer"],
    "ops@example.com": ["platform_admin"],
    "sec@example.com": ["security", "platform_admin"],
    "audit@example.com": ["auditor"],
}
STANDING = {"developer": ["tools.read"], "platform_admin": ["*"], "security": ["logs.read"], "auditor": []}
CONFIG = """
jit_access:
  max_duration_hours: 8
  default_duration_hours: 1
  approver_roles: [platform_admin]
  auditor_roles: [auditor]
  host_roles: [developer, security]
  limits: {grants_per_person: 50}
  monitor: {enabled: true}
  break_glass: {enabled: true, eligible_roles: [developer], roles: [operator, root], max_duration_hours: 1}
  roles:
    log-reader:
      description: Read the logs and the audit trail of every service
      permissions: [logs.read, audit.read]
      max_duration_hours: 4
    operator:
      description: Run and change the tools of a service
      permissions: [tools.execute, tools.read, tools.update]
    deployer:
      description: Release a new version of one service
      permissions: [deploy.run, deploy.rollback]
      approval:
        - {roles: [security]}
        - {roles: [platform_admin]}
    root:
      description: Everything, in an emergency
      permissions: ["*"]
      max_duration_hours: 1
"""

engine = Engine.from_yaml(CONFIG, environ={"JIT_STORE__PATH": "demo.db", **os.environ})
sessions: dict[str, str] = {}
"""Who is signed in, by the value of the cookie."""


def who_is_calling(demo_session: Annotated[str | None, Cookie()] = None) -> Caller:
    """The dependency that a real application has already."""
    person = sessions.get(demo_session or "")
    if person is None:
        raise HTTPException(401, "sign in first")
    roles = PEOPLE[person]
    standing = sorted({permission for role in roles for permission in STANDING[role]})
    # The demo says that everybody has just used a second factor.
    return Caller(person, roles=roles, permissions=standing, amr=["pwd", "otp"], auth_time=datetime.now(UTC))


def places(who: Caller) -> list[Place]:
    """What access can be limited to."""
    servers = [Place(f"server:{name}", name) for name in ("shop", "billing", "search")]
    return [*servers, *(Place(f"tool:{name}", name) for name in ("deploy", "status"))]


def people(roles: list[str]) -> int:
    """How many people hold one of these roles."""
    return sum(1 for held in PEOPLE.values() if {*held} & {*roles})


app = FastAPI(title="jit-access demo")
app.include_router(create_router(engine, caller=who_is_calling))
app.include_router(
    create_pages(
        engine, caller=who_is_calling, prefix="/access", places=places, people=people, sign_in="/login?next={here}"
    )
)


@app.get("/")
def start() -> Response:
    """To the pages."""
    return RedirectResponse("/access/")


@app.get("/login")
def login(next: str = "/access/") -> Response:
    """Choose who you are."""
    buttons = "".join(
        f'<p><button name="person" value="{name}">{name}</button> {", ".join(roles)}</p>'
        for name, roles in PEOPLE.items()
    )
    page = f"""<!doctype html><html lang="en"><title>Sign in</title><meta name="viewport" content="width=device-width">
<main><h1>Who are you?</h1><form method="post"><input type="hidden" name="next" value="{html.escape(next)}">
{buttons}</form></main></html>"""
    return HTMLResponse(page)


@app.post("/login")
async def sign_in(http: Request) -> Response:
    """Remember who they are."""
    form = parse_qs((await http.body()).decode())
    person, onward = form["person"][0], form["next"][0]
    if person not in PEOPLE or not onward.startswith("/") or onward.startswith(("//", "/\\")):
        raise HTTPException(400)
    session = secrets.token_urlsafe()
    sessions[session] = person
    answer = RedirectResponse(onward, status_code=303)
    answer.set_cookie("demo_session", session, httponly=True, samesite="lax")
    return answer


@app.post("/logout")
def sign_out(demo_session: Annotated[str | None, Cookie()] = None) -> Response:
    """Forget them."""
    sessions.pop(demo_session or "", None)
    return RedirectResponse("/login", status_code=303)
