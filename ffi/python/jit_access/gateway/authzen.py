"""AuthZEN in the gateway: other programs ask the gateway's decision point, and ask for access there.

An operator names these programs in `gateway.authzen`, each with a bearer token of its own. What people and agents may
do without a grant is what the gateway's global roles say; a grant adds to it.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from fastapi import APIRouter
from mcpgateway.db import EmailUser, SessionLocal
from sqlalchemy import select

from jit_access import Caller, Engine, Principal
from jit_access.authzen import Pep, Peps, create_authzen_discovery, create_authzen_router
from jit_access.deciding import create_authorize_router
from jit_access.gateway import admin, agents, host
from jit_access.gateway.settings import AuthZen

_MOST_ACCOUNTS: Final = 1000
"""How many accounts a search for subjects looks at besides those that hold a grant."""


def routers(engine: Engine, settings: AuthZen) -> tuple[APIRouter, APIRouter]:
    """The routes of the decision point, and its metadata document for the root of the gateway."""
    clients = [
        (Pep(client.name, speaks_for=client.speaks_for, may=client.may), client.token) for client in settings.clients
    ]
    point = create_authzen_router(
        engine,
        pep=Peps(clients),
        standing=_standing,
        candidates=_candidates,
        public_url=settings.public_url,
        actions={"tools/call": "tools.execute", "resources/read": "resources.read", "prompts/get": "prompts.read"},
        pages_url=f"{settings.public_url}{admin.PREFIX}",
    )
    return point, create_authzen_discovery(engine, public_url=settings.public_url)


def whole_decision(engine: Engine, settings: AuthZen) -> APIRouter | None:
    """`POST /jit/authorize` for the programs that may ask for the whole decision; nothing where none may."""
    clients = [
        (Pep(client.name, speaks_for=client.speaks_for, may=["evaluate"]), client.token)
        for client in settings.clients
        if client.authorize
    ]
    return create_authorize_router(engine, pep=Peps(clients)) if clients else None


def _standing(principal: Principal, person: Principal | None) -> Caller | None:
    """Who somebody is to the gateway. An agent counts when its account acts for that person; nobody else does."""
    if principal.agent != agents.is_agent(principal.name):
        return None
    if principal.agent and (person is None or agents.person_of(principal.name) != person.name.lower()):
        return None
    return host.enabled_asker(principal.name)


def _candidates(what: Literal["subject", "resource", "action"], _question: dict[str, Any]) -> list[Any]:
    """What a search looks at besides what grants name."""
    if what == "action":
        return sorted(host.all_permissions())
    if what == "resource":
        return [tuple(place.resource.split(":", 1)) for place in admin.places()]
    with SessionLocal() as session:
        names = session.scalars(
            select(EmailUser.email).where(EmailUser.is_active.is_(True)).order_by(EmailUser.email).limit(_MOST_ACCOUNTS)
        )
        return [("agent" if agents.is_agent(name) else "user", name) for name in names]
