"""The workflow over HTTP: a FastAPI router that any host can include.

Each route parses, makes one call to the engine and renders what came back. Who may see or do what is judged by the
engine from the caller that the host's own dependency authenticated; nothing about the caller is read from a request.

The routes are plain functions: the engine may wait for its disk, and FastAPI runs plain functions in its thread pool.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Annotated, Any, Final, Protocol, get_args

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response

from jit_access import AccessRequest, Caller, Conditions, Delegation, Engine, Grant, Page
from jit_access.bodies import (
    ROUTES,
    AcceptStoreBody,
    AnswerBody,
    ApproveBody,
    AskBody,
    BreakGlassBody,
    CompleteReviewBody,
    DelegateBody,
    DenyBody,
    ExtendBody,
    RevokeBody,
    RevokeManyBody,
    StandingBody,
    SubmitBody,
    SuspendBody,
    WaiveReviewBody,
)
from jit_access.problems import HostNotUpdatedError, ProblemRoute, responses
from jit_access.schemas import (
    AccessRequestModel,
    AuditPageModel,
    DelegationModel,
    DelegationPageModel,
    GrantModel,
    GrantPageModel,
    RequestPageModel,
)
from jit_access.shapes import ConditionsBody, EmptyBody

__all__ = ["HostNotUpdatedError", "create_router"]

_log: Final = logging.getLogger(__name__)

Id = Annotated[str, Path(min_length=1, max_length=128, description="A UUID", json_schema_extra={"format": "uuid"})]


def _status(model: type[BaseModel]) -> Any:
    """The parameter that picks by the status of this model. Its values are documented here and judged by the engine."""
    values = list(get_args(model.model_fields["status"].annotation))
    return Query(max_length=64, description="Only those of this status", json_schema_extra={"enum": values})


RequestStatus = Annotated[str | None, _status(AccessRequestModel)]
GrantStatus = Annotated[str | None, _status(GrantModel)]
DelegationStatus = Annotated[str | None, _status(DelegationModel)]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most")]
Cursor = Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")]
DryRun = Annotated[
    bool,
    Query(
        description="Answer with the request as it would be made, with its risk and whom it would ask, and do nothing"
    ),
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description=(
            "A repeat with the same key and the same body does nothing and answers with the current state of what the "
            "first call did"
        ),
    ),
]


class _Rendered(Protocol):
    def to_json(self, *, base: str = ...) -> str: ...


def create_router(
    engine: Engine,
    *,
    caller: Callable[..., Any],
    prefix: str = "/jit",
    on_change: Callable[[], None] | None = None,
) -> APIRouter:
    """The routes over `engine`.

    `caller` is a FastAPI dependency that authenticates and returns a `Caller`. `on_change` runs after every change to
    what is granted and before the answer is sent, so that a host which keeps a copy of the grants has followed by then.
    When it fails after a revocation or a release, the answer is 503 and the call can be repeated: nobody is told that
    an access has ended while the host still honours it. A grant that the host learns of late only starts late.
    """
    router = APIRouter(
        prefix=prefix,
        route_class=ProblemRoute,
        tags=["just-in-time access"],
        generate_unique_id_function=_operation_id,
    )

    def base(http: Request) -> str:
        """Where these routes are for the client: behind a proxy the host's own path comes first."""
        return f"{http.scope.get('root_path', '')}{prefix}"

    def follow(*, ending: bool) -> None:
        if on_change is None:
            return
        try:
            on_change()
        except Exception as error:
            _log.exception("the host did not follow a change of grants")
            if ending:
                raise HostNotUpdatedError(
                    "the end of this access is recorded, but the host does not follow it yet: repeat the call"
                ) from error

    @router.api_route(**ROUTES["submit"], response_model=None, responses=_creating())
    def submit(
        http: Request,
        body: SubmitBody,
        dry_run: DryRun = False,
        key: Key = None,
        who: Caller = Depends(caller),
    ) -> Response:
        made = engine.submit(
            who,
            role=body.role,
            duration_hours=body.duration_hours,
            reason=body.reason,
            ticket_url=body.ticket_url,
            resource=body.resource,
            starts_at=body.starts_at,
            conditions=_conditions(body.conditions),
            dry_run=dry_run,
            idempotency_key=key,
        )
        if dry_run:
            return _answer(made, base(http))
        if made.status == "approved":
            follow(ending=False)
        response = _answer(made, base(http), status=200 if made.already else 201)
        response.headers["Location"] = f"{base(http)}/requests/{made.id}"
        return response

    @router.api_route(**ROUTES["break_glass"], response_model=None, responses=_taking())
    def break_glass(http: Request, body: BreakGlassBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        taken = engine.break_glass(who, **body.model_dump(), idempotency_key=key)
        follow(ending=False)
        response = _answer(taken, base(http), status=201)
        response.headers["Location"] = f"{base(http)}/requests/{taken.id}"
        return response

    @router.api_route(**ROUTES["unreviewed"], response_model=None, responses=_reading(GrantPageModel))
    def reviews(http: Request, who: Caller = Depends(caller)) -> Response:
        return _json(engine.unreviewed(who), base(http))

    @router.api_route(**ROUTES["complete_review"], response_model=None, responses=_changing(GrantModel))
    def complete_review(
        http: Request, id: Id, body: CompleteReviewBody, key: Key = None, who: Caller = Depends(caller)
    ) -> Response:
        return _answer(engine.complete_review(who, id, **body.model_dump(), idempotency_key=key), base(http))

    @router.api_route(**ROUTES["waive_review"], response_model=None, responses=_changing(GrantModel))
    def waive_review(
        http: Request, id: Id, body: WaiveReviewBody, key: Key = None, who: Caller = Depends(caller)
    ) -> Response:
        return _answer(engine.waive_review(who, id, reason=body.reason, idempotency_key=key), base(http))

    @router.api_route(**ROUTES["requests"], response_model=None, responses=_reading(RequestPageModel))
    def requests(
        http: Request,
        status: RequestStatus = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        who: Caller = Depends(caller),
    ) -> Response:
        return _json(engine.requests(who, status=status, limit=limit, cursor=cursor), base(http))

    @router.api_route(**ROUTES["request"], response_model=None, responses=_reading(AccessRequestModel, 404))
    def request(http: Request, id: Id, who: Caller = Depends(caller)) -> Response:
        return _json(engine.request(who, id), base(http))

    @router.api_route(**ROUTES["approve"], response_model=None, responses=_changing(AccessRequestModel))
    def approve(
        http: Request, id: Id, body: ApproveBody | None = None, key: Key = None, who: Caller = Depends(caller)
    ) -> Response:
        limits = {**body.model_dump(), "conditions": _conditions(body.conditions)} if body else {}
        approved = engine.approve(who, id, **limits, idempotency_key=key)
        follow(ending=False)
        return _answer(approved, base(http))

    @router.api_route(**ROUTES["deny"], response_model=None, responses=_changing(AccessRequestModel))
    def deny(http: Request, id: Id, body: DenyBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        return _answer(engine.deny(who, id, reason=body.reason, idempotency_key=key), base(http))

    @router.api_route(**ROUTES["ask"], response_model=None, responses=_changing(AccessRequestModel))
    def ask(http: Request, id: Id, body: AskBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        return _answer(engine.ask(who, id, question=body.question, idempotency_key=key), base(http))

    @router.api_route(**ROUTES["answer"], response_model=None, responses=_changing(AccessRequestModel))
    def answer(http: Request, id: Id, body: AnswerBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        return _answer(engine.answer(who, id, **body.model_dump(), idempotency_key=key), base(http))

    @router.api_route(**ROUTES["withdraw"], response_model=None, responses=_changing(AccessRequestModel))
    def withdraw(
        http: Request, id: Id, body: EmptyBody | None = None, key: Key = None, who: Caller = Depends(caller)
    ) -> Response:
        return _answer(engine.withdraw(who, id, idempotency_key=key), base(http))

    @router.api_route(**ROUTES["grants"], response_model=None, responses=_reading(GrantPageModel))
    def grants(
        http: Request,
        status: GrantStatus = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        who: Caller = Depends(caller),
    ) -> Response:
        return _json(engine.grants(who, status=status, limit=limit, cursor=cursor), base(http))

    @router.api_route(**ROUTES["revoke_many"], response_model=None, responses=_ending_many())
    def revoke_many(http: Request, body: RevokeManyBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        revoked = engine.revoke_many(who, **body.model_dump(), idempotency_key=key)
        follow(ending=True)
        return _json(revoked, base(http))

    @router.api_route(**ROUTES["grant"], response_model=None, responses=_reading(GrantModel, 404))
    def grant(http: Request, id: Id, who: Caller = Depends(caller)) -> Response:
        return _json(engine.grant(who, id), base(http))

    @router.api_route(**ROUTES["extend"], response_model=None, responses=_extending())
    def extend(
        http: Request, id: Id, body: ExtendBody | None = None, key: Key = None, who: Caller = Depends(caller)
    ) -> Response:
        made = engine.extend(who, id, **(body.model_dump() if body else {}), idempotency_key=key)
        if made.status == "approved":
            follow(ending=False)
        response = _answer(made, base(http), status=201)
        response.headers["Location"] = f"{base(http)}/requests/{made.id}"
        return response

    @router.api_route(**ROUTES["revoke"], response_model=None, responses=_changing(GrantModel))
    def revoke(http: Request, id: Id, body: RevokeBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        revoked = engine.revoke(who, id, reason=body.reason, idempotency_key=key)
        follow(ending=True)
        return _answer(revoked, base(http))

    @router.api_route(**ROUTES["release"], response_model=None, responses=_changing(GrantModel))
    def release(
        http: Request, id: Id, body: EmptyBody | None = None, key: Key = None, who: Caller = Depends(caller)
    ) -> Response:
        released = engine.release(who, id, idempotency_key=key)
        follow(ending=True)
        return _answer(released, base(http))

    @router.api_route(**ROUTES["suspend"], response_model=None, responses=_changing(GrantModel))
    def suspend(http: Request, id: Id, body: SuspendBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        suspended = engine.suspend(who, id, reason=body.reason, idempotency_key=key)
        follow(ending=True)
        return _answer(suspended, base(http))

    @router.api_route(**ROUTES["resume"], response_model=None, responses=_changing(GrantModel))
    def resume(
        http: Request, id: Id, body: EmptyBody | None = None, key: Key = None, who: Caller = Depends(caller)
    ) -> Response:
        resumed = engine.resume(who, id, idempotency_key=key)
        follow(ending=False)
        return _answer(resumed, base(http))

    @router.api_route(**ROUTES["delegate"], response_model=None, responses=_delegating())
    def delegate(http: Request, body: DelegateBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        made = engine.delegate(
            who,
            to=body.to,
            roles=body.roles,
            start=body.from_,
            until=body.until,
            reason=body.reason,
            idempotency_key=key,
        )
        return _answer(made, base(http), status=201)

    @router.api_route(**ROUTES["delegations"], response_model=None, responses=_reading(DelegationPageModel))
    def delegations(
        http: Request,
        status: DelegationStatus = None,
        limit: Limit = 50,
        cursor: Cursor = None,
        who: Caller = Depends(caller),
    ) -> Response:
        return _json(engine.delegations(who, status=status, limit=limit, cursor=cursor), base(http))

    @router.api_route(**ROUTES["undelegate"], response_model=None, responses=_changing(DelegationModel))
    def undelegate(http: Request, id: Id, key: Key = None, who: Caller = Depends(caller)) -> Response:
        return _answer(engine.undelegate(who, id, idempotency_key=key), base(http))

    @router.api_route(**ROUTES["standing"], response_model=None, responses=_ending_many())
    def standing(http: Request, body: StandingBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        report = {**body.model_dump(), "roles": body.roles or ()}
        ended = engine.standing(**report, caller=who, idempotency_key=key)
        follow(ending=True)
        return _json(ended, base(http))

    @router.api_route(**ROUTES["accept_store"], response_model=None, responses=_ending_many())
    def accept_store(http: Request, body: AcceptStoreBody, key: Key = None, who: Caller = Depends(caller)) -> Response:
        accepted = engine.accept_store(reason=body.reason, caller=who, idempotency_key=key)
        follow(ending=False)
        return _json(accepted, base(http))

    @router.api_route(**ROUTES["policies"], response_model=None, responses=_policies())
    def policies(who: Caller = Depends(caller)) -> Response:
        return PlainTextResponse(engine.policies(who))

    @router.api_route(**ROUTES["audit"], response_model=None, responses=_reading(AuditPageModel))
    def audit(http: Request, limit: Limit = 50, cursor: Cursor = None, who: Caller = Depends(caller)) -> Response:
        return _json(engine.audit(who, limit=limit, cursor=cursor), base(http))

    return router


def _json(what: _Rendered, base: str, *, status: int = 200) -> Response:
    response = Response(what.to_json(base=base), status_code=status, media_type="application/json")
    if isinstance(what, Grant | Page) and not what.durable:
        response.headers["Jit-Durable"] = "false"
    return response


def _conditions(body: ConditionsBody | None) -> Conditions | None:
    return Conditions(**body.model_dump()) if body else None


def _answer(what: AccessRequest | Grant | Delegation, base: str, *, status: int = 200) -> Response:
    response = _json(what, base, status=status)
    if what.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


_REPLAYED: Final = {
    "Idempotency-Replayed": {
        "description": "Present when an earlier call with the same key did this",
        "schema": {"const": "true"},
    }
}
_LOCATION: Final = {"Location": {"description": "Where to follow the request", "schema": {"type": "string"}}}


def _operation_id(route: APIRoute) -> str:
    """By the name of the function, which says more in a generated client than the path does."""
    return f"jit_{route.name}"


def _leads_to(field: str, *names: str) -> dict[str, Any]:
    """OpenAPI links to the operations that take this field of the answer as their `id`."""
    return {
        name: {"operationId": f"jit_{name}", "parameters": {"id": f"$response.body#/{field}"}, "description": why}
        for name in names
        for why in [f"`{field}` is the `id` there"]
    }


_OF_A_REQUEST: Final = ("request", "approve", "deny", "ask", "answer", "withdraw")
_OF_A_GRANT: Final = ("grant", "extend", "revoke", "release", "suspend", "resume", "complete_review", "waive_review")
_LINKS: Final[dict[type[BaseModel], dict[str, Any]]] = {
    AccessRequestModel: {**_leads_to("id", *_OF_A_REQUEST), **_leads_to("grant_id", *_OF_A_GRANT)},
    GrantModel: {**_leads_to("id", *_OF_A_GRANT), **_leads_to("request_id", "request")},
    DelegationModel: _leads_to("id", "undelegate"),
}


def _answered(model: type[BaseModel], description: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """The OpenAPI entry of an answer, with what can be done next."""
    entry: dict[str, Any] = {"model": model, "description": description}
    if headers:
        entry["headers"] = headers
    if model in _LINKS:
        entry["links"] = _LINKS[model]
    return entry


def _creating() -> dict[int | str, dict[str, Any]]:
    shown = "As it would be made, for a dry run; or, with `already`, the one whose grant is live"
    created = "The request, pending or approved by rule"
    return {
        200: _answered(AccessRequestModel, shown, _LOCATION | _REPLAYED),
        201: _answered(AccessRequestModel, created, _LOCATION | _REPLAYED),
        **responses(409, 429),
    }


def _delegating() -> dict[int | str, dict[str, Any]]:
    return {201: _answered(DelegationModel, "The delegation", _REPLAYED), **responses(409)}


def _extending() -> dict[int | str, dict[str, Any]]:
    return {201: _creating()[201], **responses(404, 409, 429)}


def _taking() -> dict[int | str, dict[str, Any]]:
    problems = responses(409)
    challenge = {"description": "How to sign in again (RFC 9470)", "schema": {"type": "string"}}
    problems[401] = {
        "description": "Not authenticated, or not strongly and recently enough",
        "headers": {"WWW-Authenticate": challenge},
        # Who is not authenticated at all gets the host's own answer.
        "content": {**problems[403]["content"], "*/*": {}},
    }
    return {201: _answered(AccessRequestModel, "The request, and its grant", _LOCATION | _REPLAYED), **problems}


def _changing(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    return {200: _answered(model, "As it stands after the change", _REPLAYED), **responses(404, 409)}


def _ending_many() -> dict[int | str, dict[str, Any]]:
    return {200: _answered(GrantPageModel, "All that ended, on one page"), **responses(409)}


def _reading(model: type[BaseModel], *problems: int) -> dict[int | str, dict[str, Any]]:
    return {200: _answered(model, "As it stands now"), **responses(*problems)}


def _policies() -> dict[int | str, dict[str, Any]]:
    text = {"description": "A Cedar policy set", "content": {"text/plain": {"schema": {"type": "string"}}}}
    return {200: text, **responses()}
