"""The workflow over HTTP: a FastAPI router that any host can include.

Each route parses, makes one call to the engine and renders what came back. Who may see or do what is judged by the
engine from the caller that the host's own dependency authenticated; nothing about the caller is read from a request.

The routes are plain functions: the engine may wait for its disk, and FastAPI runs plain functions in its thread pool.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from inspect import Parameter, Signature
from itertools import chain
from typing import Annotated, Any, Final, Protocol

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse

from jit_access import AccessRequest, Caller, Conditions, Engine, Grant, Page
from jit_access.bodies import ROUTES
from jit_access.events import HEADERS, known, stream
from jit_access.exports import export_records
from jit_access.problems import HostNotUpdatedError, ProblemRoute, responses
from jit_access.schemas import AccessRequestModel, DelegationModel, GrantModel, GrantPageModel
from jit_access.shapes import ConditionsBody, Route
from jit_access.traces import span

__all__ = ["HostNotUpdatedError", "create_router"]

_log: Final = logging.getLogger(__name__)

Id = Annotated[str, Path(min_length=1, max_length=128, description="A UUID", json_schema_extra={"format": "uuid"})]
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

    for name, route in ROUTES.items():
        router.add_api_route(
            route.path,
            _endpoint(name, route, engine, caller, base, follow),
            methods=[route.method],
            status_code=route.status,
            summary=route.summary,
            description=route.description,
            response_model=None,
            responses=_responses(name, route),
        )
    return router


def _endpoint(
    name: str,
    route: Route,
    engine: Engine,
    caller: Callable[..., Any],
    base: Callable[[Request], str],
    follow: Callable[..., None],
) -> Callable[..., Response]:
    """The function behind a route: it makes one call to the engine and renders what came back."""
    parameters: dict[str, tuple[Any, Any]] = {"http": (Request, Parameter.empty)}
    if "{id}" in route.path:
        parameters["id"] = (Id, Parameter.empty)
    if route.body is not None:
        optional = (route.body | None, None)
        parameters["body"] = (route.body, Parameter.empty) if route.body_required else optional
    parameters |= route.query
    if route.dry_run:
        parameters["dry_run"] = (DryRun, False)
    if route.writes:
        parameters["key"] = (Key, None)
    parameters["who"] = (Caller, Depends(caller))

    def call(*, http: Request, who: Caller, id: str | None = None, key: str | None = None, **given: Any) -> Response:
        body: BaseModel | None = given.pop("body", None)
        dry_run = given.get("dry_run", False)
        fields = {**given, **(_fields(body) if body else {})}
        if route.writes:
            fields["idempotency_key"] = key
        places: list[Any] = [place for place in (who if route.caller_first else None, id) if place is not None]
        if not route.caller_first:
            fields["caller"] = who
        if name == "export":
            # The first page is made before the answer begins, so a refusal is an answer of its own.
            pages = export_records(engine, *places, **fields)
            first = next(pages, "")
            kind = "text/csv" if fields["format"] == "csv" else "application/x-ndjson"
            return StreamingResponse(chain([first], pages), media_type=kind)
        if name == "events":
            is_stream = "application/json" not in http.headers.get("accept", "")
            if is_stream:
                fields = {
                    **fields,
                    "after": known(http.headers.get("last-event-id"), fields["after"]),
                    "wait_seconds": 0,
                }
            happened = engine.events(*places, **fields)
            if is_stream:
                return StreamingResponse(stream(engine, who, happened), media_type="text/event-stream", headers=HEADERS)
            return _json(happened, base(http))
        found = getattr(engine, name)(*places, **fields)
        if isinstance(found, str):
            return _text(found, given.get("form") or _FORM.get(name))
        # A request changes what is granted once it is approved.
        changes = not isinstance(found, AccessRequest) or found.status == "approved"
        if route.effect and changes and not dry_run:
            follow(ending=route.effect == "ends")
        response = _json(found, base(http), status=_success(route, found, dry_run=dry_run))
        if isinstance(found, AccessRequest) and route.status == 201 and not dry_run:
            response.headers["Location"] = f"{base(http)}/requests/{found.id}"
        if route.writes and not isinstance(found, Page) and found.replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    ordered = [
        Parameter(of, Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for of, (kind, default) in parameters.items()
    ]

    def traced(*, http: Request, **given: Any) -> Response:
        with span(name, http.headers):
            return call(http=http, **given)

    traced.__name__ = traced.__qualname__ = name
    traced.__signature__ = Signature(ordered, return_annotation=Response)  # type: ignore[attr-defined]
    return traced


def _fields(body: BaseModel) -> dict[str, Any]:
    """The fields of a body as the engine's method takes them."""
    read = {name: getattr(body, name) for name in type(body).model_fields}
    return {
        name: Conditions(**value.model_dump()) if isinstance(value, ConditionsBody) else value
        for name, value in read.items()
    }


def _success(route: Route, found: object, *, dry_run: bool) -> int:
    """The status of an answer. Only what was made is 201."""
    return 200 if dry_run or (isinstance(found, AccessRequest) and found.already) else route.status


_JSON: Final = ("evidence", "proof")
"""What answers text that is JSON, unless another form is asked for."""
_FORM: Final = dict.fromkeys(_JSON, "json") | {"metrics": "prometheus"}
_MEDIA: Final = {
    "markdown": "text/markdown",
    "json": "application/json",
    "csv": "text/csv",
    "prometheus": "text/plain; version=0.0.4",
}


def _text(text: str, form: str | None) -> Response:
    """Text for people. A page may load and run nothing, whatever stands in it."""
    if form == "html":
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        return HTMLResponse(text, headers=headers)
    return PlainTextResponse(
        text, media_type=_MEDIA.get(form or "", "text/plain"), headers={"X-Content-Type-Options": "nosniff"}
    )


def _json(what: _Rendered, base: str, *, status: int = 200) -> Response:
    response = Response(what.to_json(base=base), status_code=status, media_type="application/json")
    if isinstance(what, Grant | Page) and not what.durable:
        response.headers["Jit-Durable"] = "false"
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


def _about(place: str) -> list[str]:
    """The operations whose path begins with a thing of this place."""
    return [name for name, route in ROUTES.items() if route.path.startswith(f"/{place}/{{id}}")]


_OF_A_REQUEST: Final = _about("requests")
_OF_A_GRANT: Final = _about("grants")
_LINKS: Final[dict[type[BaseModel], dict[str, Any]]] = {
    AccessRequestModel: {**_leads_to("id", *_OF_A_REQUEST), **_leads_to("grant_id", *_OF_A_GRANT)},
    GrantModel: {**_leads_to("id", *_OF_A_GRANT), **_leads_to("request_id", "request")},
    DelegationModel: _leads_to("id", *_about("delegations")),
}


def _answered(model: type[BaseModel], description: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """The OpenAPI entry of an answer, with what can be done next."""
    entry: dict[str, Any] = {"model": model, "description": description}
    if headers:
        entry["headers"] = headers
    if model in _LINKS:
        entry["links"] = _LINKS[model]
    return entry


def _responses(name: str, route: Route) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the answers of a route."""
    missing = [404] if route.names_one else []
    if route.answer is None:
        kinds = ["text/plain", "text/markdown", "text/html"] if "form" in route.query else ["text/plain"]
        if name in _JSON:
            kinds = ["application/json", "text/csv", "text/html"] if "form" in route.query else ["application/json"]
        kinds = ["application/x-ndjson", "text/csv"] if name == "export" else kinds
        schemas = {kind: {} if kind == "application/json" else {"type": "string"} for kind in kinds}
        content = {kind: {"schema": schema} for kind, schema in schemas.items()}
        text = {"description": route.summary, "content": content}
        return {200: text, **responses(*missing)}
    if not route.writes:
        answered = _answered(route.answer, "As it stands now")
        if name == "events":
            answered["description"] = "A stream of server-sent events; one answer where JSON alone is accepted"
            answered["content"] = {"text/event-stream": {"schema": {"type": "object", "description": "One event"}}}
        return {200: answered, **responses(*missing)}
    if route.answer is GrantPageModel:
        return {200: _answered(GrantPageModel, "All that ended, on one page"), **responses(409)}
    if route.status == 200:
        return {200: _answered(route.answer, "As it stands after the change", _REPLAYED), **responses(404, 409)}
    if route.answer is not AccessRequestModel:
        return {201: _answered(route.answer, "As it was made", _REPLAYED), **responses(409)}
    if name == "break_glass":
        return {201: _answered(route.answer, "The request, and its grant", _LOCATION | _REPLAYED), **_unproven()}
    problems = responses(*missing, 409, 429)
    made: dict[int | str, dict[str, Any]] = {
        201: _answered(route.answer, "The request, pending or approved by rule", _LOCATION | _REPLAYED)
    }
    if route.dry_run:
        shown = "As it would be made, for a dry run; or, with `already`, the one whose grant is live"
        return {200: _answered(route.answer, shown, _LOCATION | _REPLAYED), **made, **problems}
    return {**made, **problems}


def _unproven() -> dict[int | str, dict[str, Any]]:
    """The problems of a route that asks how its caller has signed in."""
    problems = responses(409)
    challenge = {"description": "How to sign in again (RFC 9470)", "schema": {"type": "string"}}
    problems[401] = {
        "description": "Not authenticated, or not strongly and recently enough",
        "headers": {"WWW-Authenticate": challenge},
        # Who is not authenticated at all gets the host's own answer.
        "content": {**problems[403]["content"], "*/*": {}},
    }
    return problems
