"""What every page has in common on the way in and out: who may send a form, and which headers a browser is given.

A form is taken only from a page of ours: it repeats a secret of the browser's cookie, and the browser must not say that
it comes from another site. A host that protects its forms itself passes its own `Token`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from jit_access.pages.forms import Form

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store, private",
}
_COOKIE: Final = "jit_pages_token"


@dataclass(frozen=True)
class Token:
    """How a host protects its forms: the name of the field that each form has, and what it holds for a request. The
    host itself refuses a form without it, as a dependency of the router."""

    field: str
    of: Callable[[Request], str]


class Guard:
    """Tokens of our own or of the host, and the headers."""

    def __init__(self, token: Token | None) -> None:
        self._of_host: Final = token
        self.field: Final = token.field if token is not None else "token"

    def token(self, request: Request) -> str:
        """What a form of a page for this request has to hold."""
        if self._of_host is not None:
            return self._of_host.of(request)
        known = request.cookies.get(_name(request), "")
        if not _is_token(known):
            known = getattr(request.state, _COOKIE, "") or secrets.token_urlsafe(32)
            setattr(request.state, _COOKIE, known)
        return known

    def refuses(self, request: Request, form: Form) -> bool:
        """Whether a form comes from somewhere else than a page of ours, or cannot be shown not to."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        if site not in {"same-origin", "none"}:
            return True
        if self._of_host is not None:
            return False
        if not _is_own(request):
            return True
        known, sent = request.cookies.get(_name(request), ""), form.text(self.field)
        return not _is_token(known) or not secrets.compare_digest(known.encode(), sent.encode())

    def send(self, request: Request, response: Response) -> Response:
        """The response with what a browser has to know of it."""
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        made = getattr(request.state, _COOKIE, "")
        if made:
            response.set_cookie(
                _name(request), made, secure=_is_secure(request), httponly=True, samesite="strict", path="/"
            )
        return response


def _is_own(request: Request) -> bool:
    """Whether the origin that the browser names, if it does, is where the page is."""
    origin = request.headers.get("origin")
    if origin is None:
        return True
    # A proxy may end the encryption, so the scheme is not compared.
    return origin != "null" and urlsplit(origin).netloc == request.headers.get("host", request.url.netloc)


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _name(request: Request) -> str:
    """With this prefix a browser takes the cookie from this host alone."""
    return f"__Host-{_COOKIE}" if _is_secure(request) else _COOKIE


def _is_token(text: str) -> bool:
    return len(text) == 43 and text.isascii()
