"""The request that is being served, for code of ours that the gateway calls without it.

The permission hook is told a name and an address, the permission service not even that. How the caller signed in is
known to the request alone. So the gateway's application, as the server calls it, is put into a layer that remembers the
request for the task that serves it and for every task that this one starts.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.applications import Starlette
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT: Final = "jit_access_serving"
"""Where a request's state holds it, for code that is handed the request."""
_LONGEST_BODY: Final = 65_536
"""Of a longer body nothing is read."""
_PATIENCE_SECONDS: Final = 2.0
"""How long an answer waits for what follows from it."""


@dataclass
class Serving:
    """A request, as the server handed it over."""

    state: dict[str, Any]
    """What the gateway has noted of it by now."""
    peer: str | None
    """Where it comes from, as the server says: the other end of the connection, or what a proxy says that the server
    trusts (`FORWARDED_ALLOW_IPS`). The gateway itself believes any client, so this is taken before it is asked."""
    path: str = ""
    """Its path."""
    headers: dict[str, str] = field(default_factory=dict)
    """Its headers, by lower-case name; of a name that comes twice, the last."""
    presents_token: bool = False
    """Whether it carries credentials of its own: a header or a cookie."""
    counted: set[str] = field(default_factory=set)
    """The permissions whose use is on record, so that one request is one use."""
    follows: list[asyncio.Future[Any]] = field(default_factory=list)
    """What must be done before it is answered."""
    over: bool = False
    """Whether it has been served. A task may outlive the request that started it, and then serves others."""
    _body: bytearray | None = field(default_factory=bytearray)

    def received(self, message: Message) -> None:
        """Keep what arrives of the body, up to a length."""
        if message["type"] == "http.request" and self._body is not None:
            self._body += message.get("body", b"")
            if len(self._body) > _LONGEST_BODY:
                self._body = None

    def call(self) -> tuple[str, dict[str, Any]] | None:
        """The method and the parameters of the JSON-RPC call in the body, if it is exactly one."""
        try:
            said = json.loads(self._body or b"")
        except ValueError:
            return None
        if not isinstance(said, dict) or not isinstance(said.get("method"), str):
            return None
        params = said.get("params")
        return said["method"], params if isinstance(params, dict) else {}

    async def done(self) -> None:
        """Wait for what must be done before the answer, for a while. What takes longer goes on by itself."""
        waiting, self.follows = self.follows, []
        if waiting:
            await asyncio.wait(waiting, timeout=_PATIENCE_SECONDS)


_serving: ContextVar[Serving | None] = ContextVar("jit_access_serving", default=None)


def current() -> Serving | None:
    """The request that this task serves, as long as it serves the one that it was started for."""
    known = _serving.get()
    return known if known is not None and not known.over else None


def of(scope: Scope) -> Serving | None:
    """The request with this scope."""
    known = scope.get("state", {}).get(_KEPT)
    return known if isinstance(known, Serving) else None


@contextmanager
def serve(scope: Scope) -> Iterator[Serving]:
    """Remember a request for as long as it is served."""
    client = scope.get("client")
    headers = dict(scope.get("headers", ()))
    # Layers that copy the scope share the state of the original, if it is there.
    state: dict[str, Any] = scope.setdefault("state", {})
    serving = state[_KEPT] = Serving(
        state,
        client[0] if client else None,
        str(scope.get("path", "")),
        {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()},
        b"authorization" in headers or b"jwt_token=" in headers.get(b"cookie", b""),
    )
    token = _serving.set(serving)
    try:
        yield serving
    finally:
        serving.over = True
        _serving.reset(token)


class _Layer:
    def __init__(self, inner: ASGIApp) -> None:
        self._inner: Final = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        with serve(scope) as serving:
            replaced = False

            async def receiving() -> Message:
                message = await receive()
                serving.received(message)
                return message

            async def sending(message: Message) -> None:
                nonlocal replaced
                if replaced:
                    return
                if serving.follows:
                    await serving.done()
                if (to := _way_back(scope, message)) is not None:
                    replaced = True
                    headers = [(b"location", to), (b"content-length", b"0"), (b"set-cookie", _FORGET)]
                    kept = [(name, value) for name, value in message["headers"] if name.lower() == b"set-cookie"]
                    await send({"type": "http.response.start", "status": 303, "headers": [*headers, *kept]})
                    await send({"type": "http.response.body"})
                    return
                await send(_with_headers(serving.path, _remembering(scope, message)))

            await self._inner(scope, receiving, sending)


_BACK: Final = "jit_back"
"""The cookie that holds which page of ours somebody wanted before they signed in."""
_FORGET: Final = f"{_BACK}=; Path=/admin; Max-Age=0; HttpOnly; SameSite=Lax".encode()
_BACK_SECONDS: Final = 900
_HOMES: Final = ("/admin", "/admin/")
"""Where the gateway leads everybody who has signed in."""
_SIGN_IN: Final = re.compile(r"/admin/login(?:\?|$)")
_PLAIN: Final = re.compile(r"[A-Za-z0-9/_.~%?&=+:-]{1,2000}")


def _remembering(scope: Scope, message: Message) -> Message:
    """The answer that leads from a page of ours to where one signs in. That knows no way back, so a cookie does."""
    path = str(scope.get("path", ""))
    if (
        message["type"] != "http.response.start"
        or message["status"] not in (302, 303, 307)
        or not any(path.startswith(f"{ours}/") for ours in _headers)
        or not any(
            name.lower() == b"location" and _SIGN_IN.search(to.decode("latin-1")) for name, to in message["headers"]
        )
    ):
        return message
    wanted = _wanted(scope, path)
    if not _PLAIN.fullmatch(wanted):
        return message
    cookie = f"{_BACK}={wanted}; Path=/admin; Max-Age={_BACK_SECONDS}; HttpOnly; SameSite=Lax"
    return {**message, "headers": [*message["headers"], (b"set-cookie", cookie.encode())]}


def _wanted(scope: Scope, path: str) -> str:
    """The page that was asked for; of a form, which cannot be sent again by itself, the page that it stood on."""
    if scope.get("method") == "GET":
        query = scope.get("query_string", b"").decode("latin-1")
        return f"{quote(path)}?{query}" if query else quote(path)
    headers = {
        name: value.decode("latin-1") for name, value in scope.get("headers", ()) if name in (b"referer", b"host")
    }
    came = urlsplit(headers.get(b"referer", ""))
    root = str(scope.get("root_path", ""))
    ours = any(came.path.removeprefix(root).startswith(f"{each}/") for each in _headers)
    if not ours or came.netloc != headers.get(b"host"):
        return ""
    return f"{came.path}?{came.query}" if came.query else came.path


def _way_back(scope: Scope, message: Message) -> bytes | None:
    """The page of ours that somebody wanted who has signed in since: once, in the place of the gateway's first page."""
    root = str(scope.get("root_path", ""))
    if (
        message["type"] != "http.response.start"
        or message["status"] not in (200, 403)
        or scope.get("method") != "GET"
        or str(scope.get("path", "")).removeprefix(root) not in _HOMES
    ):
        return None
    sent = next((value for name, value in scope.get("headers", ()) if name == b"cookie"), b"").decode("latin-1")
    for part in sent.split(";"):
        name, _, wanted = part.strip().partition("=")
        ours = any(wanted.removeprefix(root).startswith(f"{path}/") for path in _headers)
        if name == _BACK and ours and _PLAIN.fullmatch(wanted) and "//" not in wanted and ".." not in wanted:
            return wanted.encode()
    return None


_headers: Final[dict[str, list[tuple[bytes, bytes]]]] = {}
"""What is sent with the answers under a path, whatever the gateway sends with all of its own."""


def insist(path: str, headers: Mapping[str, str]) -> None:
    """Have the answers under this path sent with these headers. The gateway's own allow more."""
    _headers[path] = [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _with_headers(path: str, message: Message) -> Message:
    if message["type"] != "http.response.start":
        return message
    for under, ours in _headers.items():
        if path == under or path.startswith(f"{under}/"):
            names = {name for name, _ in ours}
            kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in names]
            return {**message, "headers": [*kept, *ours]}
    return message


def remember(app: Starlette) -> None:
    """Put the layer around an application that has started, once."""
    stack: Any = app.middleware_stack
    if stack is None:
        stack = app.build_middleware_stack()
    if not isinstance(stack, _Layer):
        app.middleware_stack = _Layer(stack)
