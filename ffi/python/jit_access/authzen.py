"""AuthZEN over HTTP: the Authorization API 1.0, and the Access Request and Approval Profile.

A FastAPI router that any host can include. It carries what comes to the engine's decision point and what that answers;
the standards are in the library. docs/authzen.md has each of their requirements with its test.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from jit_access import Caller, Engine, Principal
from jit_access._native import Pep, Peps, _AuthZen
from jit_access.problems import MAX_BODY

__all__ = ["Pep", "Peps", "create_authzen_discovery", "create_authzen_router"]

Question = dict[str, Any]
"""A question as it was sent: `subject`, `action`, `resource` and `context`."""
Standing = Callable[[Principal, "Principal | None"], "Caller | None"]
Base = Callable[[Question], "bool | None"]
Candidates = Callable[[Literal["subject", "resource", "action"], Question], Iterable[Any]]

_METHODS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_OPEN: Final = frozenset({"jwks", "schemas/submission"})
"""What anybody may read."""
_READ: Final = ("content-type", "x-request-id", "idempotency-key", "prefer")
_READ_RAW: Final = {name.encode(): name for name in _READ}
_AGAIN: Final = 0.2
"""Seconds between two looks at a request that somebody waits for."""
_WAIT: Final = re.compile(r"(?:^|[,;\s])wait=(\d{1,9})\b")


def create_authzen_router(
    engine: Engine,
    *,
    pep: Peps | Callable[..., Any],
    standing: Standing,
    public_url: str,
    base: Base | None = None,
    candidates: Candidates | None = None,
    prefix: str = "",
    denial_ttl_seconds: float = 600,
    subject_types: Mapping[str, Literal["user", "agent"]] | None = None,
    actions: Mapping[str, str] | None = None,
    pages_url: str | None = None,
    searches: bool = True,
) -> APIRouter:
    """The routes of AuthZEN over `engine`, under `prefix` and `/access/v1/`.

    `pep` authenticates whoever asks: the callers with bearer tokens (`Peps`), or a FastAPI dependency that returns a
    `Pep`. `standing(principal, person)` says who a principal is to the host, as a `Caller` with its roles, its standing
    permissions and its sign-in, or `None` for somebody unknown; `person` is the one that an agent acts for.
    `base(question)` is the host's own answer, `True`, `False`, or `None` for what the standing permissions say.
    `candidates(what, question)` gives what a search should look at besides what grants name: pairs of type and id, or
    names of actions. All three are called in a thread, and nothing in them may come from the call but the question.

    `public_url` is where callers reach the routes, without `/access/v1`. It is never taken from a request. `actions`
    says what an action of callers is called here, and `subject_types` what other types of subjects are. `pages_url` is
    where people see a request.
    """
    point = _point(
        engine, public_url, standing, base, candidates, denial_ttl_seconds, subject_types, actions, pages_url, searches
    )
    router = APIRouter(prefix=prefix, route_class=_Route, tags=["AuthZEN"])
    path = "/access/v1/{path:path}"
    if isinstance(pep, Peps):
        endpoint: Any = _ByToken(point, pep)
        router.add_route(f"{prefix}{path}", endpoint, methods=_METHODS, include_in_schema=False)
        return router

    async def anybody(request: Request) -> Response:
        return await _serve(point, None, request)

    # As a default: an annotation is text here, and a name of this function would not be found in it.
    async def somebody(request: Request, who: Pep = Depends(pep)) -> Response:
        return await _serve(point, who, request)

    for open_path in sorted(_OPEN):
        router.add_api_route(f"/access/v1/{open_path}", anybody, methods=_METHODS, include_in_schema=False)
    router.add_api_route(path, somebody, methods=_METHODS, include_in_schema=False)
    return router


def create_authzen_discovery(engine: Engine, *, public_url: str, searches: bool = True) -> APIRouter:
    """The metadata document at its well-known path, for the root of the host: anybody may read it."""
    point = _point(engine, public_url, lambda _principal, _person: None, searches=searches)
    router = APIRouter(tags=["AuthZEN"])
    rest = urlsplit(public_url).path.rstrip("/")

    async def metadata(request: Request) -> Response:
        status, headers, body, _ = await run_in_threadpool(point.metadata)
        response = _response(status, headers, body)
        if request.headers.get("if-none-match") == response.headers["etag"]:
            return Response(status_code=304, headers={"etag": response.headers["etag"]})
        return response

    router.add_route(f"/.well-known/authzen-configuration{rest}", metadata, methods=["GET"], include_in_schema=False)
    return router


def _point(
    engine: Engine,
    public_url: str,
    standing: Standing,
    base: Base | None = None,
    candidates: Candidates | None = None,
    denial_ttl_seconds: float = 600,
    subject_types: Mapping[str, Literal["user", "agent"]] | None = None,
    actions: Mapping[str, str] | None = None,
    pages_url: str | None = None,
    searches: bool = True,
) -> _AuthZen:
    return _AuthZen(
        engine,
        public_url,
        standing,
        base=base,
        candidates=candidates,
        denial_ttl_seconds=denial_ttl_seconds,
        subject_types=list((subject_types or {}).items()),
        actions=list((actions or {}).items()),
        pages_url=pages_url,
        searches=searches,
    )


class _Route(APIRoute):
    """A route that says the request's id again, also where the host's authentication refuses."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        return _told(super().get_route_handler())


def _told(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def told(request: Request) -> Response:
        try:
            return await handler(request)
        except HTTPException as refused:
            if id := request.headers.get("x-request-id"):
                refused.headers = {**(refused.headers or {}), "X-Request-ID": id}
            raise

    return told


class _ByToken:
    """The routes for callers with bearer tokens, as an ASGI application: what a framework does around a route would
    cost as much as the answer."""

    def __init__(self, point: _AuthZen, peps: Peps) -> None:
        self._point, self._peps = point, peps

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        token, headers = None, []
        for name, value in scope["headers"]:
            if name == b"authorization":
                token = value.decode("latin-1")
            elif name in _READ_RAW:
                headers.append((_READ_RAW[name], value.decode("latin-1")))
        body = await _received(receive)
        if body is None:
            return
        path = scope["path_params"]["path"]
        who, is_gone = self._peps.authenticate(token), Request(scope, receive).is_disconnected
        status, sent, text = await _answer(self._point, who, scope["method"], path, headers, body, is_gone)
        told = text.encode()
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent]
        raw.append((b"content-length", str(len(told)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": told})


async def _serve(point: _AuthZen, who: Pep | None, request: Request) -> Response:
    path = request.path_params.get("path") or request.url.path.rpartition("/access/v1/")[2]
    headers = [(name, value) for name in _READ if (value := request.headers.get(name)) is not None]
    body = await _body(request)
    return _response(*await _answer(point, who, request.method, path, headers, body, request.is_disconnected))


async def _answer(
    point: _AuthZen,
    who: Pep | None,
    method: str,
    path: str,
    headers: list[tuple[str, str]],
    body: bytes,
    is_gone: Callable[[], Awaitable[bool]],
) -> tuple[int, Sequence[tuple[str, str]], str]:
    """The answer, which waits for a decision as long as the caller wants to and is there."""
    # The host's functions see its context variables.
    asked = partial(copy_context().run, point.serve, who, method, path, headers, body)
    until = None
    while True:
        status, sent, text, is_waiting = await _beside(asked)
        if not is_waiting:
            return status, sent, text
        until = time.monotonic() + _wish(headers) if until is None else until
        if time.monotonic() >= until or await is_gone():
            return status, sent, text
        await asyncio.sleep(_AGAIN)


Answered = tuple[int, Sequence[tuple[str, str]], str, bool]


def _beside(work: Callable[[], Answered]) -> asyncio.Future[Answered]:
    """The result of work in a thread. The thread itself wakes the loop: a future of the executor's that another one
    follows would take half as long again."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Answered] = loop.create_future()

    def run() -> None:
        try:
            settle = partial(_settle, done, work(), None)
        except BaseException as error:
            settle = partial(_settle, done, None, error)
        # A loop that is closed by now waits for nothing.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle)

    _threads().submit(run)
    return done


def _settle(done: asyncio.Future[Answered], answered: Answered | None, error: BaseException | None) -> None:
    if done.done():
        return
    if answered is not None:
        done.set_result(answered)
    else:
        done.set_exception(error or RuntimeError("there is no answer"))


_POOLS: Final[dict[int, ThreadPoolExecutor]] = {}
"""By process: a child of a fork has none of its parent's threads."""


def _threads() -> ThreadPoolExecutor:
    found = _POOLS.get(os.getpid())
    if found is None:
        found = _POOLS.setdefault(os.getpid(), ThreadPoolExecutor(thread_name_prefix="jit-authzen"))
    return found


def _wish(headers: Sequence[tuple[str, str]]) -> float:
    """How many seconds the caller wants to wait (`Prefer: wait=25`)."""
    found = _WAIT.search(next((value for name, value in headers if name == "prefer"), ""))
    return min(int(found[1]), 25) if found else 0.0


async def _received(receive: Any) -> bytes | None:
    """The same of an ASGI request; `None` when whoever sent it is gone."""
    parts = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")
        parts = parts + part if parts else part
        if len(parts) > MAX_BODY or not message.get("more_body", False):
            return parts


async def _body(request: Request) -> bytes:
    """The body, and no more of it than shows that it is too large."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > MAX_BODY:
            break
    return bytes(parts)


def _response(status: int, headers: Sequence[tuple[str, str]], body: str) -> Response:
    return Response(body, status_code=status, headers=dict(headers))
