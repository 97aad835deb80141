"""The pages of those who see everything, beside the record itself: alerts, deliveries, who could do what, the
configuration, and how the library stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from jit_access import Caller, Explanation, JitAccessError, Principal
from jit_access.pages import forms, health
from jit_access.pages.asking import is_part
from jit_access.pages.forms import FieldError, Form
from jit_access.pages.site import Site

_ROWS: Final = 50
_MOST_READ: Final = 500
"""So many grants are looked at, and it is said where there are more."""
_ALERTS: Final = ("open", "acknowledged", "silenced")
_STATES: Final = ("failed", "waiting", "sent", "dropped")
_QUIET_HOURS: Final = (1.0, 8.0, 24.0)


def add(router: APIRouter, site: Site) -> None:
    """Adds the routes."""
    engine = site.engine
    _add_alerts(router, site)
    _add_deliveries(router, site)

    @router.get("/who-could")
    def past(http: Request, who: Caller = Depends(site.known)) -> Response:
        form = Form(list(http.query_params.multi_items()))
        answer = error = None
        is_asked = any(form.text(name) for name in ("who", "permission"))
        if is_asked:
            question = (who.principal, tuple(who.roles), tuple(form.pairs()))
            try:
                answer = site.reader.ask(question, lambda: _answered(site, who, form))
            except (JitAccessError, FieldError) as problem:
                error = problem
        elif not site.watch.oversees(who):
            # The engine says why.
            engine.audit(who, limit=1)
        said = str(site.words(http)(error.text)) if isinstance(error, FieldError) else str(error or "")
        status = 200 if error is None else getattr(error, "status", 400)
        is_reading = is_asked and answer is None and error is None
        response = site.page(
            http, "past.html", who, status=status, form=form, answer=answer, refusal=said, is_reading=is_reading
        )
        if is_reading:
            response.headers["Refresh"] = "1"
        return response

    @router.get("/configuration")
    def configuration(http: Request, who: Caller = Depends(site.known)) -> Response:
        engine.audit(who, limit=1)
        search = http.query_params.get("find", "").strip()[:100]
        only_set = http.query_params.get("set") == "1"
        rows = [health.setting(*one) for one in engine.configuration()]
        shown = [
            one for one in rows if search.lower() in one.path.lower() and (not only_set or one.origin != "default")
        ]
        return site.page(http, "configuration.html", who, rows=shown, total=len(rows), search=search, only_set=only_set)

    @router.get("/health")
    def stands(http: Request, who: Caller = Depends(site.known)) -> Response:
        found = health.look(site, who)
        return site.page(http, "part/health.html" if is_part(http) else "health.html", who, signs=found)


def _add_alerts(router: APIRouter, site: Site) -> None:
    engine = site.engine

    @router.get("/alerts")
    def alerts(http: Request, who: Caller = Depends(site.known)) -> Response:
        asked = http.query_params.get("status", "open")
        status = asked if asked in _ALERTS else None
        found = engine.alerts(who, status=status, limit=_ROWS, cursor=http.query_params.get("older") or None)
        return site.page(
            http,
            "part/alerts.html" if is_part(http) else "alerts.html",
            who,
            alerts=[(alert, site.watch.of_alert(who, alert)) for alert in found.items],
            older=found.next_cursor,
            picked=status or "all",
            statuses=(*_ALERTS, "all"),
            quiet_hours=_QUIET_HOURS,
            administers=site.administers(who),
        )

    @router.post("/alerts/{id}/acknowledge")
    def acknowledge(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        engine.acknowledge_alert(who, id, reason=form.text("reason"), idempotency_key=form.given("key"))
        return _back(http, "acknowledged")

    @router.post("/alerts/{id}/silence")
    def silence(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        length = forms.hours(form)
        if length is None:
            raise FieldError("hours", "error.hours")
        engine.silence_alert(
            who, id, duration_hours=length, reason=form.text("reason"), idempotency_key=form.given("key")
        )
        return _back(http, "silenced")

    def _back(http: Request, done: str) -> Response:
        said = http.state.form.text("page").partition("?")[0]
        return site.go(http, "/active" if said == f"{site.base(http)}/active" else "/alerts", done=done)


def _add_deliveries(router: APIRouter, site: Site) -> None:
    engine = site.engine

    @router.get("/deliveries")
    def deliveries(http: Request, who: Caller = Depends(site.known)) -> Response:
        asked = http.query_params
        state = asked.get("state", "failed")
        channel = asked.get("channel", "").strip()[:200] or None
        found = engine.deliveries(
            who,
            state=state if state in _STATES else None,
            channel=channel,
            limit=_ROWS,
            cursor=asked.get("older") or None,
        )
        return site.page(
            http,
            "deliveries.html",
            who,
            rows=found.items,
            older=found.next_cursor,
            state_now=state if state in _STATES else "all",
            states=(*_STATES, "all"),
            channel=channel or "",
            channels=[one.channel for one in engine.health(who).channels],
            administers=site.administers(who),
        )

    @router.post("/deliveries/{id}/resend")
    def resend(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        engine.resend_delivery(who, id)
        return _back(http, "resent")

    @router.post("/deliveries/{id}/drop")
    def drop(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        engine.drop_delivery(who, id)
        return _back(http, "dropped")

    def _back(http: Request, done: str) -> Response:
        _, mark, query = site.page_of(http, http.state.form).partition("?")
        return site.go(http, f"/deliveries{mark}{query}", done=done)


def _answered(site: Site, who: Caller, form: Form) -> dict[str, Any]:
    """The grants by which somebody could do something at an instant, and, for now, why a check answers as it does."""
    engine = site.engine
    said, permission, resource, parent = (form.text(name) for name in ("who", "permission", "resource", "parent"))
    at = forms.instant(form, "at")
    instant = at or datetime.now(UTC)
    about = Principal.parse(said) if said else None
    why: Explanation | None = None
    if permission:
        found = engine.who_could(
            who,
            permission=permission,
            at=instant,
            resource=resource or None,
            parent=parent or None,
            person=about.name if about is not None and not about.agent else None,
            most=None if about is not None else _MOST_READ + 1,
        )
        grants = list(found.items)
        if about is not None and about.agent:
            grants = [grant for grant in grants if grant.holder == about]
        if about is not None and at is None:
            why = engine.explain(
                who, principal=about, action=permission, resource=resource or None, parent=parent or None
            )
    else:
        grants = list(engine.what_could(who, about or said, at=instant).items)
    is_cut = len(grants) > _MOST_READ and about is None
    grants = grants[:_MOST_READ] if is_cut else grants
    return {
        "is_cut": is_cut,
        "kind": "one" if said and permission else "who" if permission else "what",
        "who": said,
        "permission": permission,
        "resource": resource,
        "at": instant,
        "grants": grants[:_ROWS],
        "count": len(grants),
        "people": len({grant.holder for grant in grants}),
        "why": why,
    }
