"""How a denial becomes a request, a wait, and the same call again.

A denial is told in two ways: a program raises `AccessDenied`, or a service answers 403 with a JSON object whose member
`access_request` names `action` and `resource`, as the `remedies` of the workflow do. The call is made again once:
when it is
denied a second time, that is the answer.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, ParamSpec, TypeVar, cast

import httpx

from jit_access.client.drive import AsyncClient, Client
from jit_access.client.errors import AccessDenied

P = ParamSpec("P")
R = TypeVar("R")

_DENIED: Final = 403


def ask_and_retry(
    client: Client | AsyncClient,
    *,
    reason: str | Callable[[AccessDenied], str],
    patience: float = 3600.0,
    duration_hours: float | None = None,
    ticket_url: str | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator: when the function raises `AccessDenied`, ask for what was denied, wait for a yes, and call it again.

    A coroutine function takes an `AsyncClient`, any other one a `Client`. The function is called twice at most, so
    it must not
    have done anything before it was denied.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        def more(denied: AccessDenied) -> dict[str, Any]:
            conditions = {"call": denied.call, "max_uses": 1} if denied.call is not None else None
            given = {"duration_hours": duration_hours, "ticket_url": ticket_url}
            return {**given, "parent": denied.parent, "conditions": conditions}

        def why(denied: AccessDenied) -> str:
            return reason(denied) if callable(reason) else reason

        if inspect.iscoroutinefunction(function):
            if not isinstance(client, AsyncClient):
                raise TypeError(f"`{function.__name__}` is a coroutine function, so the client must be an AsyncClient")

            @functools.wraps(function)
            async def later(*args: P.args, **kwargs: P.kwargs) -> Any:
                try:
                    return await function(*args, **kwargs)
                except AccessDenied as denied:
                    await client.obtain(denied.action, denied.resource, why(denied), patience=patience, **more(denied))
                    return await function(*args, **kwargs)

            return cast(Callable[P, R], later)
        if not isinstance(client, Client):
            raise TypeError(f"`{function.__name__}` is a plain function, so the client must be a Client")

        @functools.wraps(function)
        def now(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except AccessDenied as denied:
                client.obtain(denied.action, denied.resource, why(denied), patience=patience, **more(denied))
                return function(*args, **kwargs)

        return now

    return wrap


def _offered(response: httpx.Response) -> AccessDenied | None:
    """What this answer says that may be asked for, if it is a denial that can be lifted."""
    try:
        body = response.json()
    except ValueError:
        return None
    offer = body.get("access_request") if isinstance(body, Mapping) else None
    if not isinstance(offer, Mapping) or not isinstance(offer.get("action"), str) or not offer.get("options", [1]):
        return None
    resource = offer.get("resource")
    return AccessDenied(offer["action"], None if resource in (None, "*") else str(resource))


class AskingTransport(httpx.BaseTransport):
    """A transport of httpx: a request that is denied, and may be asked for, waits for a yes and is sent again.

    `httpx.Client(transport=AskingTransport(client, reason="…"))`. The body is kept until the answer, so that it can
    be sent twice; a service must not have done anything before it denies.
    """

    def __init__(
        self,
        client: Client,
        *,
        reason: str,
        patience: float = 3600.0,
        inner: httpx.BaseTransport | None = None,
        **more: Any,
    ) -> None:
        self._client, self._reason, self._patience, self._more = client, reason, patience, more
        self._inner = inner or httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, and once more after a yes."""
        request.read()
        response = self._inner.handle_request(request)
        if response.status_code != _DENIED:
            return response
        response.read()
        denied = _offered(response)
        if denied is None:
            return response
        response.close()
        self._client.obtain(denied.action, denied.resource, self._reason, patience=self._patience, **self._more)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the transport behind it."""
        self._inner.close()


class AsyncAskingTransport(httpx.AsyncBaseTransport):
    """`AskingTransport` for event loops."""

    def __init__(
        self,
        client: AsyncClient,
        *,
        reason: str,
        patience: float = 3600.0,
        inner: httpx.AsyncBaseTransport | None = None,
        **more: Any,
    ) -> None:
        self._client, self._reason, self._patience, self._more = client, reason, patience, more
        self._inner = inner or httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, and once more after a yes."""
        await request.aread()
        response = await self._inner.handle_async_request(request)
        if response.status_code != _DENIED:
            return response
        await response.aread()
        denied = _offered(response)
        if denied is None:
            return response
        await response.aclose()
        await self._client.obtain(denied.action, denied.resource, self._reason, patience=self._patience, **self._more)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the transport behind it."""
        await self._inner.aclose()
