"""The page beside the four: reviews of break-glass that are due."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from jit_access import Caller
from jit_access.pages.forms import FieldError, Form
from jit_access.pages.site import Site


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
