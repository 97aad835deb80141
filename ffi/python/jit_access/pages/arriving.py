"""What the links of messages lead to. A signed link shows the request to whom it was sent, or says why it cannot.

A link signs nobody in and decides nothing: who is there was found out before, as for every page.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from jit_access import AccessRequest, Caller, InvalidInput, NotFound
from jit_access.pages.site import Site

LINK: Final = "link"
"""The parameter that holds a signed link."""


def add(router: APIRouter, site: Site) -> None:
    """Adds the routes."""

    @router.get("/grants")
    def grants(http: Request, who: Caller = Depends(site.known)) -> Response:
        return site.go(http, "/active")


def stop(site: Site, http: Request, who: Caller, id: str) -> Response | None:
    """The page that says why a signed link leads no further; `None` when it leads on, or there is none."""
    token = http.query_params.get(LINK)
    if token is None:
        return None
    found = _seen(site, who, id)
    try:
        link = site.engine.verify_link(token)
    except InvalidInput:
        over = found is not None and found.times_out_at <= datetime.now(UTC)
        return _page(site, http, who, "over" if over else "broken", 410 if over else 400, found)
    if link.request_id != id:
        return _page(site, http, who, "broken", 400, found)
    if not link.is_for(who.principal):
        return _page(site, http, who, "other", 403, found, reader=link.reader)
    if found is None:
        # It was theirs to review, and is not any more.
        raise HTTPException(404)
    if found.version != link.version:
        return _page(site, http, who, "changed", 409, found, told=link.version)
    return None


def _seen(site: Site, who: Caller, id: str) -> AccessRequest | None:
    try:
        return site.engine.request(who, id)
    except (NotFound, InvalidInput):
        return None


def _page(
    site: Site, http: Request, who: Caller, what: str, status: int, found: AccessRequest | None, **more: object
) -> Response:
    values = {"reader": "", "told": 0, **more}
    return site.page(http, "link.html", who, status=status, what=what, request=found, to=None, **values)
