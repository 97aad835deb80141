"""The pages of those who decide: the queue, a decision, and who stands in for whom."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from jit_access import Caller
from jit_access.pages import forms
from jit_access.pages.asking import is_part
from jit_access.pages.forms import FieldError, Form
from jit_access.pages.site import Site


def add(router: APIRouter, site: Site) -> None:
    """Adds the routes."""
    engine = site.engine

    @router.get("/queue")
    def queue(http: Request, who: Caller = Depends(site.known)) -> Response:
        waiting = site.watch.waiting(who)
        return site.page(
            http,
            "part/queue.html" if is_part(http) else "queue.html",
            who,
            mine=[one for one in waiting if one.turn == "mine"],
            rest=[one for one in waiting if one.turn in ("others", "done")],
            stands_in=sorted(site.watch.stands_in(who)),
        )

    @router.post("/requests/{id}/approve")
    def approve(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        made = engine.approve(who, id, **_limits(form), idempotency_key=form.given("key"))
        site.follow()
        return _decided(http, id, "approved" if made.status == "approved" else "counted")

    @router.post("/requests/{id}/deny")
    def deny(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        engine.deny(who, id, reason=form.text("reason"), idempotency_key=form.given("key"))
        return _decided(http, id, "denied")

    @router.post("/requests/{id}/ask")
    def ask(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        engine.ask(who, id, question=form.text("question"), idempotency_key=form.given("key"))
        return _decided(http, id, "asked")

    def _decided(http: Request, id: str, done: str) -> Response:
        form: Form = http.state.form
        if http.headers.get("accept") == "application/json":
            return JSONResponse({"done": done})
        back = f"{site.base(http)}/queue"
        where = "/queue" if form.text("page").partition("?")[0] == back else f"/requests/{id}"
        return site.go(http, where, done=done)

    @router.get("/delegations")
    def delegations(http: Request, who: Caller = Depends(site.known)) -> Response:
        found = engine.delegations(who, limit=100).items
        live = [one for one in found if one.status in ("active", "scheduled")]
        over = [one for one in found if one.status not in ("active", "scheduled")]
        return site.page(http, "delegations.html", who, live=live, over=over[:10])

    @router.post("/delegations")
    def delegate(http: Request, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        until = forms.instant(form, "until")
        if until is None:
            raise FieldError("until", "error.until")
        engine.delegate(
            who,
            to=form.text("to"),
            until=until,
            reason=form.text("reason"),
            roles=form.every("roles") or None,
            start=forms.instant(form, "start"),
            idempotency_key=form.given("key"),
        )
        return site.go(http, "/delegations", done="delegated")

    @router.post("/delegations/{id}/end")
    def undelegate(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        engine.undelegate(who, id, idempotency_key=http.state.form.given("key"))
        return site.go(http, "/delegations", done="undelegated")


def _limits(form: Form) -> dict[str, Any]:
    """How far an approval goes: whole, or no more than what is ticked and chosen."""
    version = form.text("version")
    limits: dict[str, Any] = {
        "version": int(version) if version.isdecimal() and len(version) < 9 else None,
        "comment": form.given("comment"),
    }
    limits["duration_hours"] = forms.hours(form)
    if not form.has("cut"):
        return limits
    if form.has("offered"):
        offered, kept = form.every("offered"), form.every("permission")
        if not kept:
            raise FieldError("permission", "error.nothing_left")
        # Only a tick that was taken away is a limit; what is left whole stays as it was asked, exceptions and all.
        limits["permissions"] = kept if len(kept) < len(offered) else None
    limits["resource"] = forms.resource(form)
    limits["conditions"] = forms.conditions(form)
    return limits
