"""What the gateway tests share: the gateway's own tables in a file of their own, and an engine with one approver.

Import this before anything of the gateway: its settings are read at import.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

pytest.importorskip("mcpgateway")

_SECRETS = (
    "JWT_SECRET_KEY",
    "AUTH_ENCRYPTION_SECRET",
    "PLATFORM_ADMIN_PASSWORD",
    "DEFAULT_USER_PASSWORD",
    "BASIC_AUTH_PASSWORD",
)
_directory = tempfile.mkdtemp(prefix="jit-access-tests-")
atexit.register(shutil.rmtree, _directory, ignore_errors=True)
os.environ.update(
    DATABASE_URL=f"sqlite:///{_directory}/gateway.db",
    PLUGINS_CAN_OVERRIDE_RBAC="true",
    PLATFORM_ADMIN_EMAIL="admin@example.com",
    LOG_LEVEL="ERROR",
    MCPGATEWAY_UI_ENABLED="true",
    MCPGATEWAY_ADMIN_API_ENABLED="true",
    **{name: secrets.token_urlsafe(48) + "-Qx7!" for name in _SECRETS},
)

from mcpgateway.db import Base, EmailTeam, EmailTeamMember, EmailUser, Role, SessionLocal, UserRole
from mcpgateway.db import engine as database

from jit_access import Caller, Engine, Grant
from jit_access.gateway import serving
from jit_access.gateway.reserved import RESERVED

ADMIN, DEV, BOSS = "admin@example.com", "dev@example.com", "boss@example.com"
CONFIG = """
jit_access:
  approver_roles: [boss]
  require_justification: false
  reserved_permissions: ["admin.export"]
  roles:
    auditor: {permissions: ["audit:read"]}
    operator: {permissions: ["tools.*"], except_permissions: [tools.delete]}
    support: {permissions: ["admin.*"]}
    everything: {permissions: ["*"]}
"""


# Each file of tests runs alone, too.
Base.metadata.create_all(database)


def request(**scope: Any) -> AbstractContextManager[object]:
    """The request under way, or a new one without a token."""
    known = serving.current()
    return nullcontext(known) if known is not None else serving.serve({"type": "http", "path": "/", **scope})


def fresh_gateway() -> None:
    """The gateway's tables with its people and nothing else."""
    Base.metadata.drop_all(database)
    Base.metadata.create_all(database)
    with SessionLocal() as session:
        for email in (ADMIN, DEV, BOSS):
            session.add(EmailUser(email=email, password_hash="x", full_name=email, is_admin=email == ADMIN))
        session.commit()


def fresh_engine(path: str | None = None) -> Engine:
    """An engine in memory, or over a file."""
    environ = {"JIT_STORE__PATH": path} if path else {}
    return Engine.from_yaml(CONFIG, environ=environ, reserved_permissions=RESERVED)


def give(engine: Engine, role: str, holder: str = DEV, **more: Any) -> Grant:
    """Ask and approve."""
    asked = engine.submit(Caller(holder), role=role, **more)
    approved = engine.approve(Caller(BOSS, roles=["boss"]), asked.id)
    assert approved.grant_id is not None
    return engine.grant(Caller(holder), approved.grant_id)


def revoke(engine: Engine, grant: Grant) -> None:
    """End a grant."""
    engine.revoke(Caller(BOSS, roles=["boss"]), grant.id, reason="enough of it")


def add_role(name: str, holder: str = DEV, **changes: Any) -> str:
    """A role of the gateway's own, assigned by hand; its id."""
    with SessionLocal() as session:
        role = Role(name=name, scope=changes.get("scope", "global"), permissions=["tags.read"], created_by=ADMIN)
        session.add(role)
        session.flush()
        session.add(UserRole(user_email=holder, role_id=role.id, granted_by=ADMIN, **{"scope": "global", **changes}))
        session.commit()
        return str(role.id)


def add_team(name: str, **members: str) -> str:
    """A team with these members, each with their place in it; its id. Members are named by the part before the `@`."""
    with SessionLocal() as session:
        team = EmailTeam(name=name, slug=name, created_by=ADMIN)
        session.add(team)
        session.flush()
        for who, place in members.items():
            session.add(EmailTeamMember(team_id=team.id, user_email=f"{who}@example.com", role=place))
        session.commit()
        return str(team.id)


def change_member(team: str, who: str, **changes: object) -> None:
    """Change what a member is in a team."""
    with SessionLocal() as session:
        member = session.query(EmailTeamMember).filter_by(team_id=team, user_email=who).one()
        for name, value in changes.items():
            setattr(member, name, value)
        session.commit()
