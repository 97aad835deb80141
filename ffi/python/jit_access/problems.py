"""How our routes say no: RFC 9457 problems, on our routes alone.

A router is a guest in the host's application. Exception handlers of the application would change how the host's own
errors look, so the errors of our routes are turned into problems by the route itself, and what the host's
authentication raises passes through as the host made it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute
from fastapi.security import APIKeyQuery
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from jit_access import JitAccessError

MEDIA_TYPE: Final = "application/problem+json"
MAX_BODY: Final = 64 * 1024
"""Bytes of a request body; a reason of a few thousand words fits, a flood does not."""

_TYPE: Final = "urn:jit-access:error:"
_EXAMPLE: Final = {
    "type": f"{_TYPE}invalid",
    "title": "Invalid request",
    "status": 400,
    "detail": "duration_hours: input should be a valid number",
    "code": "invalid",
    "retryable": False,
    "errors": [{"pointer": "/duration_hours", "detail": "input should be a valid number"}],
}
_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "retryable"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "description": "`code`, as a URN."},
        "title": {"type": "string", "description": "What kind of thing happened."},
        "status": {"type": "integer", "description": "The status of the answer."},
        "detail": {"type": "string", "description": "What happened, for a person."},
        "code": {"type": "string", "description": "What happened, for a program; stable."},
        "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
        "retry_at": {"type": "string", "format": "date-time", "description": "From when on; the header says it, too."},
        "field": {"type": "string", "description": "What is wrong, where it is one thing."},
        "expected": {"type": "string", "description": "What would be right."},
        "challenge": {"type": "string", "description": "How to sign in again, as in `WWW-Authenticate`."},
        "errors": {
            "type": "array",
            "description": "Each place of the request that is wrong.",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "Where in the body (RFC 6901)."},
                    "parameter": {"type": "string", "description": "Which parameter of the request."},
                    "detail": {"type": "string", "description": "What is wrong there."},
                },
            },
        },
    },
    "example": _EXAMPLE,
}


_EVERYWHERE: Final = (400, 403, 413, 415, 503)
"""What any route may answer: not valid, not allowed, a body that is too large or no JSON, or no store."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class HostNotUpdatedError(Exception):
    """The change is recorded, but the host could not be made to follow it before the answer was due."""


class _TooLargeError(Exception):
    """The body is longer than `MAX_BODY`, announced or arrived."""


class ProblemRoute(APIRoute):
    """A route whose refusals are problems. Where it answers GET, it answers HEAD with the same headers and no body."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches({**scope, "method": "GET"} if self._is_head(scope) else scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_head(scope):
            await self.app({**scope, "method": "GET"}, receive, _without_body(send))
        elif scope.get("method") not in (self.methods or ()):
            await self._not_allowed()(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    def _not_allowed(self) -> Response:
        """That this route does not take the method, and which it takes."""
        known = set(self.methods or ())
        names = ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))
        answer = problem(405, "method_not_allowed", f"this address takes {names}")
        answer.headers["Allow"] = names
        return answer

    def _is_head(self, scope: Scope) -> bool:
        return scope.get("method") == "HEAD" and "GET" in (self.methods or ())

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        known = _query_parameters(self.dependant)
        own = frozenset(param.alias for param in self.dependant.query_params)

        async def guarded(request: Request) -> Response:
            if unknown := sorted(request.query_params.keys() - known):
                return _unknown(unknown, known)
            if twice := sorted(name for name in own if len(request.query_params.getlist(name)) > 1):
                return _twice(twice)
            limited = Request(request.scope, _limited(request))
            try:
                refused = _wrong_origin(request) or _wrong_body(request, await limited.body())
                return refused or await handler(limited)
            except JitAccessError as error:
                return _problem(error.status, error.problem_json())
            except RequestValidationError as error:
                return _invalid(error)
            except _TooLargeError:
                return problem(413, "body_too_large", f"the body is larger than {MAX_BODY} bytes")
            except HostNotUpdatedError as error:
                return problem(503, "host_not_updated", str(error), retryable=True)
            except (UnicodeEncodeError, OverflowError):
                # A text or number that came in another way than the body, and that the engine cannot be given.
                return problem(400, "invalid", "the request holds a text or a number that cannot be read")

        return guarded


def problem(
    status: int, code: str, detail: str, *, retryable: bool = False, errors: list[dict[str, str]] | None = None
) -> Response:
    """A problem that the web side found by itself; the engine's own come ready made."""
    body: dict[str, Any] = {
        "type": f"{_TYPE}{code}",
        "title": _TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "retryable": retryable,
    }
    if errors:
        body["errors"] = errors
    return _problem(status, json.dumps(body))


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI entries of a route's problems: these, and those that every route has. The `default` entry keeps
    FastAPI from adding its own 422."""
    content = {MEDIA_TYPE: {"schema": _SCHEMA}}
    described: dict[int | str, dict[str, Any]] = {
        status: {"description": _TITLES[status], "content": content} for status in sorted({*statuses, *_EVERYWHERE})
    }
    return {
        **described,
        401: {"description": "Not authenticated; the answer is the host's own"},
        "default": {"description": "Any other problem", "content": content},
    }


_TITLES: Final[Mapping[int, str]] = {
    400: "Invalid request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Not done this way",
    409: "Conflict with the current state",
    413: "The request is too large",
    415: "The body is not JSON",
    429: "Rate limit exceeded",
    503: "Unavailable, try again later",
}
"""The engine's titles, by status; its problems and those of the web side read alike."""


def _problem(status: int, body: str) -> Response:
    """What the body says, and in the headers the parts of it that clients look for there."""
    response = Response(body, status_code=status, media_type=MEDIA_TYPE)
    said = json.loads(body)
    if challenge := said.get("challenge"):
        response.headers["WWW-Authenticate"] = challenge
    if retry_at := said.get("retry_at"):
        # Up to the next whole second, which is all that the header can say.
        later = datetime.fromisoformat(retry_at) + timedelta(seconds=1, microseconds=-1)
        response.headers["Retry-After"] = format_datetime(later.astimezone(UTC), usegmt=True)
    return response


def _invalid(error: RequestValidationError) -> Response:
    """Each wrong place, as a JSON pointer into the body or the name of a parameter, never echoing what was sent."""
    errors: list[dict[str, str]] = []
    for found in error.errors():
        source, *path = found["loc"]
        detail = str(found["msg"])
        detail = detail[:1].lower() + detail[1:]
        if source == "body":
            errors.append({"pointer": "".join(f"/{_escaped(part)}" for part in path), "detail": detail})
        else:
            errors.append({"parameter": "/".join(map(str, path)), "detail": detail})
    first = errors[0]
    where = first.get("parameter") or first.get("pointer", "").lstrip("/")
    return problem(400, "invalid", f"{where}: {first['detail']}" if where else first["detail"], errors=errors)


def _unknown(names: list[str], known: frozenset[str]) -> Response:
    """A misspelt `dry_run` must not ask anybody, as little as a misspelt field of a body may be a default."""
    expected = f"expected {', '.join(f'`{name}`' for name in sorted(known))}" if known else "this route has none"
    errors = [{"parameter": name[:64], "detail": f"is not known; {expected}"} for name in names[:16]]
    return problem(400, "invalid", f"{errors[0]['parameter']}: {errors[0]['detail']}", errors=errors)


def _twice(names: list[str]) -> Response:
    """Of two values one would be passed over, and nobody could tell which. What the host's authentication takes is its
    own."""
    errors = [{"parameter": name, "detail": "is there twice; expected each parameter once"} for name in names]
    return problem(400, "invalid", f"{names[0]}: {errors[0]['detail']}", errors=errors)


def _query_parameters(dependant: Dependant) -> frozenset[str]:
    """Those of the route and of all it depends on: a host's authentication may have some of its own."""
    names = {param.alias for param in get_flat_params(dependant) if isinstance(param.field_info, Query)}
    waiting = [dependant]
    while waiting:
        here = waiting.pop()
        waiting += here.dependencies
        if isinstance(here.call, APIKeyQuery):
            names.add(here.call.model.name)
    return frozenset(names)


def _wrong_origin(request: Request) -> Response | None:
    """A page of another site can make a browser send a request with the user's cookies. Browsers say so."""
    site, mode = (request.headers.get(f"sec-fetch-{name}", "") for name in ("site", "mode"))
    if request.method in _SAFE or mode == "cors" or site not in {"cross-site", "same-site"}:
        return None
    return problem(403, "cross_site", "the request comes from a page of another site")


def _wrong_body(request: Request, body: bytes) -> Response | None:
    """The problem of a body that is no JSON, names a key twice, or holds a text that is no text."""
    kind = request.headers.get("content-type")
    if request.method not in _SAFE and (body or kind) and not _is_json(kind or ""):
        return problem(415, "not_json", "the body needs the header `Content-Type: application/json`")
    if not body:
        return None
    try:
        read = json.loads(body, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        return problem(400, "invalid", "the body is not valid JSON")
    waiting: list[tuple[str, object]] = [("", read)]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, _Object):
            if value.twice is not None:
                return _at(f"{at}/{_escaped(value.twice)}", "is there twice; expected each key once")
            # A key that cannot be shown is not known, and its object says where it is.
            if any(_has_surrogate(key) for key in value):
                return _at(at, "holds a key with half a surrogate pair; expected text in Unicode")
            waiting += [(f"{at}/{_escaped(key)}", part) for key, part in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(f"{at}/{place}", part) for place, part in reversed([*enumerate(value)])]
        elif isinstance(value, str) and _has_surrogate(value):
            return _at(at, "holds half a surrogate pair; expected text in Unicode")
    return None


class _Object(dict[str, Any]):
    """An object of a body, and the first key that it names twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice: str | None = None
        if len(self) < len(pairs):
            names = [key for key, _ in pairs]
            self.twice = next(key for place, key in enumerate(names) if key in names[:place])


def _at(pointer: str, detail: str) -> Response:
    """The problem of one place of the body. What the client sent is cut: it could be anything."""
    pointer = pointer.encode(errors="replace").decode()[:128]
    where = pointer.lstrip("/")
    errors = [{"pointer": pointer, "detail": detail}]
    return problem(400, "invalid", f"{where}: {detail}" if where else f"the body {detail}", errors=errors)


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)


def _is_json(kind: str) -> bool:
    main, _, sub = kind.partition(";")[0].strip().lower().partition("/")
    return main == "application" and (sub == "json" or sub.endswith("+json"))


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _without_body(send: Send) -> Send:
    """The answer of GET as HEAD gives it: the same headers, which tell the length that a GET would have."""

    async def sending(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sending


def _limited(request: Request) -> Receive:
    """The request's own stream, ending in an error once more than `MAX_BODY` bytes came through or were announced."""
    seen = 0
    announced = request.headers.get("content-length", "").lstrip("0")
    # Python reads no number of more than 4,300 digits.
    is_number = announced.isascii() and announced.isdigit()
    is_too_large = is_number and (len(announced) > len(str(MAX_BODY)) or int(announced) > MAX_BODY)

    async def receive() -> Message:
        nonlocal seen
        if is_too_large:
            raise _TooLargeError
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            raise _TooLargeError
        return message

    return receive
