"""The pages of somebody who asks: what to ask for, what would come of it, and how it stands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from jit_access import AccessRequest, Caller, Grant, JitAccessError, NotFound
from jit_access.pages import arriving, catalogue, forms
from jit_access.pages.forms import FieldError, Form
from jit_access.pages.site import Site

CHOICES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""The lengths in hours that a form offers."""
_SAMPLE_REASON: Final = "what it would come to"


class Step(NamedTuple):
    """A point on the life line of a request."""

    name: str
    state: str
    at: datetime | None


def add(router: APIRouter, site: Site) -> None:
    """Adds the routes."""
    engine = site.engine

    @router.get("/")
    def start(http: Request, who: Caller = Depends(site.known)) -> Response:
        return site.go(http, "/request")

    @router.get("/request")
    def ask(http: Request, who: Caller = Depends(site.known)) -> Response:
        return _form(site, http, who, Form(list(http.query_params.multi_items())))

    @router.post("/request/preview")
    def preview(http: Request, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        return site.page(http, "part/preview.html", who, **_preview(site, who, form))

    @router.post("/request")
    def submit(http: Request, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        if form.has("look"):
            return _form(site, http, who, form)
        try:
            made = engine.submit(who, **_asked(form), reason=form.given("reason"), idempotency_key=form.given("key"))
        except (JitAccessError, FieldError) as error:
            return _form(site, http, who, form, error)
        if made.status == "approved":
            site.follow()
        return site.go(http, f"/requests/{made.id}", done="already" if made.already else "sent")

    @router.get("/requests/{id}")
    def request(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        if (stopped := arriving.stop(site, http, who, id)) is not None:
            return stopped
        found = engine.request(who, id)
        grant = _grant(site, who, found)
        trimmed = _Part.of(http)
        template = "part/request.html" if trimmed else "request.html"
        roles = {*who.roles, *site.watch.stands_in(who)}
        return site.page(
            http,
            template,
            who,
            request=found,
            grant=grant,
            steps=life(found, grant),
            asked=site.people([role for step in found.waiting_for for role in step.roles]),
            turn=site.watch.turn(who, roles, found),
            history=site.watch.history(who, found),
            choices=[hours for hours in CHOICES if hours < found.duration_hours],
            extensions=CHOICES,
            places=site.places(who),
        )

    @router.post("/requests/{id}/withdraw")
    def withdraw(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        engine.withdraw(who, id, idempotency_key=http.state.form.given("key"))
        return site.go(http, f"/requests/{id}", done="withdrawn")

    @router.post("/requests/{id}/answer")
    def answer(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        engine.answer(
            who,
            id,
            answer=form.text("answer"),
            duration_hours=forms.hours(form),
            resource=forms.resource(form),
            idempotency_key=form.given("key"),
        )
        return site.go(http, f"/requests/{id}", done="answered")

    @router.post("/grants/{id}/extend")
    def extend(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        made = engine.extend(
            who,
            id,
            duration_hours=forms.hours(form),
            reason=form.given("reason"),
            idempotency_key=form.given("key"),
        )
        if made.status == "approved":
            site.follow()
        return site.go(http, f"/requests/{made.id}", done="sent")

    @router.post("/grants/{id}/release")
    def release(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        ended = engine.release(who, id, idempotency_key=http.state.form.given("key"))
        site.follow()
        return site.go(http, f"/requests/{ended.request_id}", done="released")

    @router.get("/break-glass")
    def glass(http: Request, who: Caller = Depends(site.known)) -> Response:
        return _glass(site, http, who, Form(list(http.query_params.multi_items())))

    @router.post("/break-glass")
    def take(http: Request, who: Caller = Depends(site.known)) -> Response:
        form: Form = http.state.form
        try:
            if not form.has("understood"):
                raise FieldError("understood", "error.understood")
            taken = engine.break_glass(
                who,
                role=form.text("role"),
                reason=form.given("reason"),
                duration_hours=forms.hours(form),
                ticket_url=form.given("ticket"),
                resource=forms.resource(form),
                drill=form.has("drill"),
                idempotency_key=form.given("key"),
            )
        except (JitAccessError, FieldError) as error:
            return _glass(site, http, who, form, error)
        site.follow()
        if taken.break_glass is not None and taken.break_glass.offline and taken.grant_id is not None:
            # The page of the request is read from the store, which is away.
            return site.page(http, "problem.html", None, what="offline")
        return site.go(http, f"/requests/{taken.id}", done="taken")

    @router.get("/catalogue")
    def roles(http: Request, who: Caller = Depends(site.known)) -> Response:
        offers = catalogue.offers(engine, who)
        return site.page(http, "catalogue.html", who, offers=offers, approvers=catalogue.approvers)


class _Part:
    """Whether a request of the page's script asks for what moves and not for the page."""

    @staticmethod
    def of(http: Request) -> bool:
        return http.headers.get("hx-request") == "true" and http.headers.get("hx-boosted") != "true"


is_part: Final = _Part.of


def _asked(form: Form) -> dict[str, Any]:
    """What a form asks for, without the reason."""
    return {
        "role": form.text("role"),
        "duration_hours": forms.hours(form),
        "ticket_url": form.given("ticket"),
        "resource": forms.resource(form),
        "starts_at": forms.instant(form, "starts_at"),
        "conditions": forms.conditions(form),
    }


def _preview(site: Site, who: Caller, form: Form) -> dict[str, Any]:
    """What sending this form would come to."""
    if not form.text("role"):
        return {"trial": None, "error": None, "asked": None, "covered": None}
    try:
        trial = site.engine.submit(who, **_asked(form), reason=form.given("reason") or _SAMPLE_REASON, dry_run=True)
    except FieldError as error:
        return {"trial": None, "error": error, "asked": None, "covered": None}
    except JitAccessError as error:
        return {"trial": None, "error": error, "asked": None, "covered": None}
    roles = [role for step in trial.waiting_for for role in step.roles]
    asked = site.people(roles) if roles else None
    return {"trial": trial, "error": None, "asked": asked, "covered": _covering(site, who, trial)}


def _covering(site: Site, who: Caller, trial: AccessRequest) -> Grant | None:
    """The grant of this person that gives all of it for the longest, if one does."""
    held = [
        grant
        for grant in site.engine.grants(who, status="active", limit=200).items
        if grant.holder == who.principal
        and grant.role == trial.role
        and grant.resource in ("*", trial.resource)
        and {*trial.permissions} <= {*grant.permissions}
        and grant.is_plain
    ]
    return max(held, key=lambda grant: grant.expires_at, default=None)


def _form(
    site: Site, http: Request, who: Caller, form: Form, error: JitAccessError | FieldError | None = None
) -> Response:
    shown = _preview(site, who, form)
    mine = [
        one
        for one in site.engine.requests(who, limit=50).items
        if who.principal in (one.requester, one.requester_acts_for)
    ]
    return site.page(
        http,
        "ask.html",
        who,
        status=200 if error is None else getattr(error, "status", 400),
        form=form,
        offers=catalogue.offers(site.engine, who),
        approvers=catalogue.approvers,
        places=site.places(who),
        choices=CHOICES,
        refusal=error,
        is_field=isinstance(error, FieldError),
        mine=mine[:8],
        **shown,
    )


def _glass(
    site: Site, http: Request, who: Caller, form: Form, error: JitAccessError | FieldError | None = None
) -> Response:
    return site.page(
        http,
        "glass.html",
        who,
        status=200 if error is None else getattr(error, "status", 400),
        form=form,
        names=catalogue.names(site.engine, who),
        places=site.places(who),
        choices=(0.25, 0.5, 1.0),
        refusal=error,
        is_field=isinstance(error, FieldError),
        challenge=getattr(error, "challenge", None),
    )


def _grant(site: Site, who: Caller, request: AccessRequest) -> Grant | None:
    if request.grant_id is None:
        return None
    try:
        return site.engine.grant(who, request.grant_id)
    except NotFound:
        return None


def life(request: AccessRequest, grant: Grant | None) -> list[Step]:
    """The points of the life line, from the request to the end of its grant."""
    steps = [Step("sent", "done", request.created_at)]
    decided = request.reviews[-1].at if request.reviews else None
    if request.break_glass is not None:
        steps.append(Step("taken", "done", request.created_at))
    elif request.status == "approved":
        steps.append(Step("approved", "done", grant.approved_at if grant is not None else decided))
    elif request.status in {"pending", "needs_info"}:
        steps.append(Step(request.status, "now", None))
    else:
        ended = {"denied": decided, "timed_out": request.times_out_at}.get(request.status)
        return [*steps, Step(request.status, "bad", ended)]
    if grant is None:
        return [*steps, Step("active", "todo", request.starts_at), Step("ends", "todo", None)]
    if grant.status == "scheduled":
        return [*steps, Step("scheduled", "now", grant.starts_at), Step("ends", "todo", grant.expires_at)]
    if grant.status in {"active", "suspended"}:
        return [*steps, Step(grant.status, "now", grant.starts_at), Step("ends", "todo", grant.expires_at)]
    steps.append(Step("was_active", "done", min(grant.starts_at, grant.ended_at or grant.starts_at)))
    return [*steps, Step(grant.status, "over", grant.ended_at or grant.expires_at)]


def now() -> datetime:
    """What time it is for a page."""
    return datetime.now(UTC)
