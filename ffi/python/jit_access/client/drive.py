"""Who carries out what `flows` says: a thread, or an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx

from jit_access.client import flows
from jit_access.client.flows import Answer, Call, Flow, Pause

T = TypeVar("T")
Token = str | Callable[[], str] | None
AsyncToken = str | Callable[[], str | Awaitable[str]] | None

_TIMEOUT: Final = 30.0


def _request(client: httpx.Client | httpx.AsyncClient, call: Call, token: str | None) -> httpx.Request:
    headers = dict(call.headers)
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return client.build_request(
        call.method, call.path, params=dict(call.query) or None, json=call.body, headers=headers
    )


def _answer(response: httpx.Response) -> Answer:
    try:
        body = response.json()
    except ValueError:
        body = None
    try:
        after = float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        after = None
    return Answer(response.status_code, body, after)


def _safe(url: str) -> str:
    """The address of the routes. A token goes over plain HTTP only to the same machine."""
    parsed = httpx.URL(url)
    if parsed.scheme != "https" and parsed.host not in ("localhost", "127.0.0.1", "::1", "testserver"):
        raise ValueError(f"`{url}` is not https: a token would be readable on its way")
    return url


class Client:
    """The workflow of a service, for threads."""

    def __init__(
        self, url: str, *, token: Token = None, transport: httpx.BaseTransport | None = None, timeout: float = _TIMEOUT
    ) -> None:
        """`url` is where the routes are, such as `https://gateway.example.com/jit`; `token` is a bearer token, or gives
        one for each call. A redirect is not followed: the token would go along."""
        self._token = token
        self._http = httpx.Client(base_url=_safe(url), transport=transport, timeout=timeout, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(self, flow: Flow[T]) -> T:
        """Carry out an operation of `flows`."""
        try:
            step = next(flow)
            while True:
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    step = flow.send(Answer(0))
                else:
                    step = flow.send(self._send(step))
        except StopIteration as done:
            result: T = done.value
            return result

    def _send(self, call: Call) -> Answer:
        token = self._token() if callable(self._token) else self._token
        try:
            return _answer(self._http.send(_request(self._http, call, token)))
        except httpx.TransportError as error:
            return Answer(0, error=str(error) or type(error).__name__)

    def roles(self) -> list[dict[str, Any]]:
        """What may be asked for."""
        return self.run(flows.roles())

    def remedies(self, action: str, resource: str | None = None, *, parent: str | None = None) -> dict[str, Any]:
        """What may be asked for so that this becomes permitted, what gives the least first."""
        return self.run(flows.remedies(action, resource, parent))

    def submit(self, *, idempotency_key: str | None = None, **fields: Any) -> dict[str, Any]:
        """Ask for a role; the fields are those of `POST /request`."""
        return self.run(flows.submit(fields, idempotency_key))

    def ask(self, action: str, resource: str | None, reason: str, **more: Any) -> dict[str, Any]:
        """Ask for the least that would lift this denial; more: `parent`, `duration_hours`, `ticket_url`,
        `conditions`."""
        return self.run(flows.ask(action, resource, reason, **more))

    def obtain(self, action: str, resource: str | None, reason: str, *, patience: float = 3600.0, **more: Any) -> Any:
        """Ask, and wait for a yes up to `patience` seconds. Raises `NotApproved` or `StillWaiting`."""
        return self.run(flows.obtain(action, resource, reason, patience=patience, **more))

    def request(self, id: str) -> dict[str, Any]:
        """A request as it stands."""
        return self.run(flows.request(id))

    def requests(self, status: str | None = None) -> list[dict[str, Any]]:
        """The requests that the caller can see, newest first; the first page."""
        return self.run(flows.requests(status))

    def wait(self, id: str, seconds: float = 3600.0) -> dict[str, Any]:
        """The request once it is answered, or as it stands after so many seconds."""
        return self.run(flows.wait(id, seconds))

    def grants(self, status: str | None = "active") -> list[dict[str, Any]]:
        """The grants that the caller can see, newest first; the first page."""
        return self.run(flows.grants(status))

    def release(self, id: str) -> dict[str, Any]:
        """Give a grant back."""
        return self.run(flows.release(id))

    def withdraw(self, id: str) -> dict[str, Any]:
        """Take a request back."""
        return self.run(flows.withdraw(id))

    def answer(self, id: str, text: str) -> dict[str, Any]:
        """Answer a reviewer's question."""
        return self.run(flows.answer(id, text))


class AsyncClient:
    """The workflow of a service, for event loops. Its methods are those of `Client`."""

    def __init__(
        self,
        url: str,
        *,
        token: AsyncToken = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = _TIMEOUT,
    ) -> None:
        """As for `Client`; `token` may be a coroutine function."""
        self._token = token
        self._http = httpx.AsyncClient(
            base_url=_safe(url), transport=transport, timeout=timeout, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def run(self, flow: Flow[T]) -> T:
        """Carry out an operation of `flows`."""
        try:
            step = next(flow)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = flow.send(Answer(0))
                else:
                    step = flow.send(await self._send(step))
        except StopIteration as done:
            result: T = done.value
            return result

    async def _send(self, call: Call) -> Answer:
        token = self._token() if callable(self._token) else self._token
        if token is not None and not isinstance(token, str):
            token = await token
        try:
            return _answer(await self._http.send(_request(self._http, call, token)))
        except httpx.TransportError as error:
            return Answer(0, error=str(error) or type(error).__name__)

    async def roles(self) -> list[dict[str, Any]]:
        """What may be asked for."""
        return await self.run(flows.roles())

    async def remedies(self, action: str, resource: str | None = None, *, parent: str | None = None) -> dict[str, Any]:
        """What may be asked for so that this becomes permitted, what gives the least first."""
        return await self.run(flows.remedies(action, resource, parent))

    async def submit(self, *, idempotency_key: str | None = None, **fields: Any) -> dict[str, Any]:
        """Ask for a role; the fields are those of `POST /request`."""
        return await self.run(flows.submit(fields, idempotency_key))

    async def ask(self, action: str, resource: str | None, reason: str, **more: Any) -> dict[str, Any]:
        """Ask for the least that would lift this denial; more: `parent`, `duration_hours`, `ticket_url`,
        `conditions`."""
        return await self.run(flows.ask(action, resource, reason, **more))

    async def obtain(
        self, action: str, resource: str | None, reason: str, *, patience: float = 3600.0, **more: Any
    ) -> Any:
        """Ask, and wait for a yes up to `patience` seconds. Raises `NotApproved` or `StillWaiting`."""
        return await self.run(flows.obtain(action, resource, reason, patience=patience, **more))

    async def request(self, id: str) -> dict[str, Any]:
        """A request as it stands."""
        return await self.run(flows.request(id))

    async def requests(self, status: str | None = None) -> list[dict[str, Any]]:
        """The requests that the caller can see, newest first; the first page."""
        return await self.run(flows.requests(status))

    async def wait(self, id: str, seconds: float = 3600.0) -> dict[str, Any]:
        """The request once it is answered, or as it stands after so many seconds."""
        return await self.run(flows.wait(id, seconds))

    async def grants(self, status: str | None = "active") -> list[dict[str, Any]]:
        """The grants that the caller can see, newest first; the first page."""
        return await self.run(flows.grants(status))

    async def release(self, id: str) -> dict[str, Any]:
        """Give a grant back."""
        return await self.run(flows.release(id))

    async def withdraw(self, id: str) -> dict[str, Any]:
        """Take a request back."""
        return await self.run(flows.withdraw(id))

    async def answer(self, id: str, text: str) -> dict[str, Any]:
        """Answer a reviewer's question."""
        return await self.run(flows.answer(id, text))
