"""The pages of those who watch: the picture of all grants, and what ends or stops them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from jit_access import Caller, Grant, JitAccessError
from jit_access.pages import timeline
from jit_access.pages.asking import is_part
from jit_access.pages.forms import FieldError, Form
from jit_access.pages.site import Site
from jit_access.pages.watching import Held

_ROWS: Final = 50
_ALERTS: Final = 3
"""So many alerts stand above the picture."""
WORD: Final = "end everything"
"""What has to be typed before everything ends."""


def add(router: APIRouter, site: Site) -> None:
    """Adds the routes."""
    engine = site.engine

    @router.get("/active")
    def active(http: Request, who: Caller = Depends(site.known)) -> Response:
        asked = http.query_params
        span = asked.get("span", "8h") if asked.get("span") in timeline.SPANS else "8h"
        search, kind = asked.get("find", "").strip()[:200], asked.get("kind", "")
        board = site.watch.board(who, at_once=True)
        found = (
            [held for held in board.live if _matches(held, search, kind, board.now)] if search or kind else board.live
        )
        page = _page(asked.get("page"), len(found))
        rows = found[page * _ROWS : (page + 1) * _ROWS]
        now = datetime.now(UTC)
        alerts = [(alert, site.watch.of_alert(who, alert)) for alert in site.watch.alerts(who)]
        counts = dict.fromkeys(("active", "suspended", "scheduled", "glass", "drill"), 0)
        for held in board.live:
            counts[held.look_at(board.now)] += 1
        response = site.page(
            http,
            "part/active.html" if is_part(http) else "active.html",
            who,
            rows=rows,
            usage=site.watch.usage(board, rows),
            is_whole=board.is_whole,
            picture=timeline.draw(rows, span, now),
            spans=list(timeline.SPANS),
            span=span,
            counts=counts,
            total=len(board.live),
            found=len(found),
            search=search,
            kind=kind,
            number=page,
            pages=max(1, -(-len(found) // _ROWS)),
            ended=board.ended[:12],
            everything=board.everything,
            alerts=alerts[:_ALERTS],
            more_alerts=max(0, len(alerts) - _ALERTS),
            alerted={alert.grant_id for alert, _ in alerts},
            administers=board.everything and site.administers(who),
            now=now,
        )
        if not board.is_whole:
            response.headers["Refresh"] = "1"
        return response

    @router.post("/active/end")
    def end(http: Request, who: Caller = Depends(site.known)) -> Response:
        """Ends what was ticked, or all of somebody's, or everything: asks first, and then does it."""
        form: Form = http.state.form
        chosen = _chosen(site, who, form)
        if not chosen and not form.has("everything"):
            raise FieldError("grant", "error.nothing_chosen")
        reason = form.text("reason")
        wrong = form.has("everything") and form.text("word").strip().lower() != WORD
        if not form.has("sure") or not reason or wrong:
            return site.page(
                http,
                "end.html",
                who,
                status=200 if not form.has("sure") else 400,
                chosen=chosen,
                form=form,
                word=WORD,
                wrong=wrong and form.has("sure"),
                silent=not reason and form.has("sure"),
                back=f"{site.base(http)}/active",
            )
        ended, left = _end(site, who, form, chosen, reason)
        site.follow()
        return site.page(http, "ended.html", who, ended=ended, left=left)

    @router.post("/grants/{id}/suspend")
    def suspend(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        reason = form.text("reason") or str(site.words(http)("active.suspend_reason"))
        engine.suspend(who, id, reason=reason, idempotency_key=form.given("key"))
        site.follow()
        return _back(http, id, "suspended")

    @router.post("/grants/{id}/resume")
    def resume(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        engine.resume(who, id, idempotency_key=http.state.form.given("key"))
        site.follow()
        return _back(http, id, "resumed")

    @router.post("/grants/{id}/revoke")
    def revoke(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        engine.revoke(who, id, reason=form.text("reason"), idempotency_key=form.given("key"))
        site.follow()
        return _back(http, id, "revoked")

    def _back(http: Request, id: str, done: str) -> Response:
        said = http.state.form.text("page").partition("?")[0]
        return site.go(http, "/active" if said == f"{site.base(http)}/active" else f"/grants/{id}", done=done)


def _matches(held: Held, search: str, kind: str, now: str) -> bool:
    if kind and held.look_at(now) != kind:
        return False
    return all(word in held.found_by for word in search.lower().split())


def _page(said: str | None, rows: int) -> int:
    most = max(0, -(-rows // _ROWS) - 1)
    return (
        min(int(said) - 1, most) if said is not None and said.isdecimal() and 0 < len(said) < 7 and said != "0" else 0
    )


def _chosen(site: Site, who: Caller, form: Form) -> list[Held]:
    """The live grants that a form means, as this viewer sees them."""
    live = site.watch.board(who).live
    if form.has("everything"):
        return live
    if holder := form.given("holder"):
        return [held for held in live if holder in (held.holder, held.document["requester_acts_for"])]
    picked = set(form.every("grant"))
    return [held for held in live if held.document["id"] in picked]


def _end(
    site: Site, who: Caller, form: Form, chosen: list[Held], reason: str
) -> tuple[list[Any], list[tuple[Held, str]]]:
    """Ends these grants. What ended, and what did not with the reason."""
    engine, ended, left = site.engine, list[Grant](), list[tuple[Held, str]]()
    if form.has("everything"):
        return list(
            engine.revoke_many(who, everything=True, reason=reason, idempotency_key=form.given("key")).items
        ), []
    holder = form.given("holder")
    if holder and not holder.startswith("agent:"):
        done = engine.revoke_many(who, holder=holder, reason=reason, idempotency_key=form.given("key"))
        ended += done.items
    over = {grant.id for grant in ended}
    for held in chosen:
        grant_id = str(held.document["id"])
        if grant_id in over:
            continue
        try:
            if held.holder == who.principal:
                ended.append(engine.release(who, grant_id))
            else:
                ended.append(engine.revoke(who, grant_id, reason=reason))
        except JitAccessError as error:
            left.append((held, str(error)))
    return ended, left
