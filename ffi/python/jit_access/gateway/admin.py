"""The pages inside the gateway's administration: under `/admin/jit`, with its session, its protection of forms, its
colours, and a link in its sidebar.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from jinja2 import BaseLoader, Environment
from mcpgateway.admin import ADMIN_CSRF_COOKIE_NAME, ADMIN_CSRF_FORM_FIELD, enforce_admin_csrf
from mcpgateway.db import Server as GatewayServer
from mcpgateway.db import SessionLocal
from mcpgateway.db import Tool as GatewayTool
from sqlalchemy import select

from jit_access import Engine
from jit_access.gateway import host, kinds, serving
from jit_access.pages import HEADERS, Host, Place, Token, create_pages

_log: Final = logging.getLogger(__name__)
PREFIX: Final = host.PAGES
_BEFORE: Final = '<a href="#plugins" id="tab-plugins"'
"""Before what the link goes in the page of the administration."""
_LINK: Final = """<a href="{{ root_path }}/admin/jit/" id="tab-jit" data-testid="jit-tab"
               class="sidebar-link group flex items-center px-3 py-2 text-sm font-medium rounded-lg transition-colors"
               :class="{ 'justify-center': sidebarCollapsed }">
              <span class="sidebar-icon text-lg" :class="{ 'mr-3': !sidebarCollapsed }">\U0001f511</span>
              <span x-show="!sidebarCollapsed">Just-in-time access</span>
            </a>
            """
_MOST_PLACES: Final = 500


def pages(engine: Engine, on_change: Callable[[], None]) -> APIRouter:
    """The router of the pages, as the gateway has them."""
    serving.insist(PREFIX, {name: value for name, value in HEADERS.items() if name != "Cache-Control"})
    _link()
    return create_pages(
        engine,
        caller=host.caller,
        prefix=PREFIX,
        places=lambda _who: places(),
        people=_people,
        sign_in="/admin/login",
        token=Token(ADMIN_CSRF_FORM_FIELD, _token),
        host=Host("Gateway", "/admin/", "darkMode"),
        dependencies=[Depends(enforce_admin_csrf)],
        on_change=on_change,
    )


def _token(http: Request) -> str:
    return str(http.cookies.get(ADMIN_CSRF_COOKIE_NAME, ""))


def places() -> list[Place]:
    """The servers and the tools that everybody on the gateway may see."""
    with SessionLocal() as session:
        servers = session.execute(
            select(GatewayServer.id, GatewayServer.name)
            .where(GatewayServer.enabled.is_(True), GatewayServer.visibility == "public")
            .order_by(GatewayServer.name)
            .limit(_MOST_PLACES)
        ).all()
        tools = session.scalars(
            select(GatewayTool.name)
            .where(GatewayTool.enabled.is_(True), GatewayTool.visibility == "public")
            .order_by(GatewayTool.name)
            .limit(_MOST_PLACES)
        ).all()
    found = [Place(str(kinds.server(identifier)), str(name)) for identifier, name in servers]
    return [*found, *(Place(kinds.tool(str(name)), str(name)) for name in tools)]


def _people(roles: Sequence[str]) -> int | None:
    """How many people hold one of these roles now."""
    if not roles:
        return None
    directory = host.Accounts()
    return len({person.lower() for role in roles for person in directory.people_of(role)})


class _WithLink(BaseLoader):
    """The gateway's templates, with our link in the sidebar of its administration."""

    def __init__(self, inner: BaseLoader) -> None:
        self._inner: Final = inner

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, name, fresh = self._inner.get_source(environment, template)
        if template == "admin.html" and _BEFORE in source and "tab-jit" not in source:
            source = source.replace(_BEFORE, _LINK + _BEFORE, 1)
        return source, name, fresh

    def list_templates(self) -> list[str]:
        return self._inner.list_templates()


def _link() -> None:
    """Put the link into the sidebar. A gateway whose page looks otherwise has the pages without it."""
    templates: Any = getattr(sys.modules["mcpgateway.main"].app.state, "templates", None)
    if templates is None or isinstance(templates.env.loader, _WithLink):
        return
    templates.env.loader = _WithLink(templates.env.loader)
    if templates.env.cache is not None:
        templates.env.cache.clear()
