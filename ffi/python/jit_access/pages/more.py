"""The pages beside the four: reviews of break-glass that are due, and whether all is well."""

from __future__ import annotations

import time
from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from jit_access import Caller, JitAccessError, Refused
from jit_access.pages.forms import FieldError, Form
from jit_access.pages.site import Site


class Sign(NamedTuple):
    """One thing of the health page: its name, whether it is well, and what is known of it."""

    name: str
    state: str
    places: dict[str, object]


def add(router: APIRouter, site: Site) -> None:
    """Adds the routes."""
    engine = site.engine

    @router.get("/reviews")
    def reviews(http: Request, who: Caller = Depends(site.known)) -> Response:
        due = [(grant, site.watch.reviews(who, grant)) for grant in engine.unreviewed(who).items]
        due.sort(key=lambda one: one[0].break_glass.review_due_at if one[0].break_glass else one[0].expires_at)
        return site.page(http, "reviews.html", who, due=due)

    @router.post("/grants/{id}/review")
    def review(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        judged = form.text("justified")
        if judged not in {"yes", "no"}:
            raise FieldError("justified", "error.judged")
        engine.complete_review(
            who, id, justified=judged == "yes", finding=form.text("finding"), idempotency_key=form.given("key")
        )
        return site.go(http, f"/grants/{id}", done="reviewed")

    @router.post("/grants/{id}/waive")
    def waive(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        engine.waive_review(who, id, reason=form.text("reason"), idempotency_key=form.given("key"))
        return site.go(http, f"/grants/{id}", done="waived")

    @router.get("/health")
    def health(http: Request, who: Caller = Depends(site.known)) -> Response:
        return site.page(http, "health.html", who, signs=_signs(site, who))


def _signs(site: Site, who: Caller) -> list[Sign]:
    """What can be seen to be well from here."""
    engine = site.engine
    signs = []
    began = time.perf_counter()
    try:
        revision = engine.sync()
        took = (time.perf_counter() - began) * 1000
        signs.append(Sign("store", "well", {"revision": revision, "ms": f"{took:.1f}"}))
    except JitAccessError as error:
        signs.append(Sign("store", "ill", {"error": str(error)}))
    try:
        honoured = engine.honoured()
        signs.append(Sign("feed", "well", {"count": len(honoured.grants), "revision": honoured.revision}))
    except JitAccessError as error:
        signs.append(Sign("feed", "ill", {"error": str(error)}))
    try:
        overdue = sum(
            1
            for grant in engine.unreviewed(who).items
            if grant.break_glass and grant.break_glass.review_status == "overdue"
        )
        signs.append(Sign("reviews", "well" if overdue == 0 else "ill", {"count": overdue}))
    except (JitAccessError, Refused) as error:
        signs.append(Sign("reviews", "ill", {"error": str(error)}))
    return [*signs, *_told(site, who)]


def _told(site: Site, who: Caller) -> list[Sign]:
    """What only those see who may read the record: the journal, the clock, and what could not be told to people."""
    try:
        found = site.engine.health(who)
    except JitAccessError:
        return []
    problem, doubted = found.journal.problem, found.clock.doubted
    journal = {"error": problem} if problem else {"revision": found.journal.verified}
    failed = sum(channel.failed for channel in found.channels)
    waiting = sum(channel.waiting for channel in found.channels)
    return [
        Sign("journal", "ill" if problem else "well", journal),
        Sign("clock_doubted" if doubted else "clock", "ill" if doubted else "well", {}),
        Sign("messages", "ill" if failed else "well", {"count": failed, "waiting": waiting}),
    ]
