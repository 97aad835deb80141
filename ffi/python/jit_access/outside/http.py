"""How is another engine called: JSON over HTTP, within a time, and without following where it points."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

_MAX_ANSWER: Final = 16 * 1024 * 1024


class OutsideError(Exception):
    """Another engine could not be asked, or did not do what it was asked for."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status of its answer, if there was one."""


class _NoRedirect(HTTPRedirectHandler):
    """A token that followed a redirect would be another host's."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Caller:
    """Calls one engine."""

    def __init__(self, url: str, *, token: str | None, timeout: float) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"url is {url!r}; expected an http or https address without a query or a fragment")
        is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if token is not None and parts.scheme == "http" and not is_here:
            raise ValueError(f"url is {url!r}; a token is sent over https only, except to this machine")
        self._url, self._token, self._timeout = url.rstrip("/"), token, timeout
        self._opener = build_opener(_NoRedirect)

    def __call__(self, method: str, *path: str, body: Any = None) -> Any:
        """The answer to this call, as read JSON; `None` when it is empty. Each part of the path is one part there."""
        url = "/".join([self._url, *(quote(part, safe="") for part in path)])
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None if body is None else json.dumps(body).encode()
        request = Request(url, data=data, method=method, headers=headers)
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                read = answer.read(_MAX_ANSWER + 1)
        except HTTPError as error:
            said = error.read(500).decode(errors="replace")
            raise OutsideError(f"{method} {url} answered {error.code}: {said}", status=error.code) from error
        except (URLError, HTTPException, OSError) as error:
            raise OutsideError(f"{method} {url} failed: {error}") from error
        if len(read) > _MAX_ANSWER:
            raise OutsideError(f"{method} {url} answered more than {_MAX_ANSWER} bytes")
        try:
            return json.loads(read) if read else None
        except ValueError as error:
            raise OutsideError(f"{method} {url} answered what is no JSON") from error
