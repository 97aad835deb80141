"""The router of the pages, and what each of them is made with."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from jit_access import Caller, Engine, JitAccessError
from jit_access.pages import view
from jit_access.pages.forms import FieldError, Form
from jit_access.pages.guard import Guard, Token
from jit_access.pages.live import Live
from jit_access.pages.reading import Reader
from jit_access.pages.verifying import Verifier
from jit_access.pages.watching import Watch
from jit_access.pages.words import Words, load

__all__ = ["Place", "Site", "Token", "create_pages"]

_log: Final = logging.getLogger(__name__)
_STATIC: Final = Path(__file__).parent / "static"
_KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".txt": "text/plain"}
_MOST_BODY: Final = 64 * 1024
_SAFE: Final = frozenset({"GET", "HEAD"})


class Place(NamedTuple):
    """Something of the host that access can be limited to: `Place("server:s1", "operations")`."""

    resource: str
    name: str

    @property
    def kind(self) -> str:
        """What kind of thing it is."""
        return self.resource.partition(":")[0]


class Host(NamedTuple):
    """Where the pages are a guest: its name, the way back to it, and the key under which its scripts keep whether it is
    dark."""

    name: str
    address: str
    scheme_key: str = ""


@dataclass
class Site:
    """What every page is made with."""

    engine: Engine
    caller: Callable[..., Any]
    prefix: str
    guard: Guard
    choose: Callable[[str], Words]
    places: Callable[[Caller], Sequence[Place]]
    people: Callable[[Sequence[str]], int | None]
    sign_in: str | None
    host: Host | None
    on_change: Callable[[], None] | None
    known: Callable[..., Any] = field(init=False)
    """The caller, as the error pages know them too."""
    live: Live = field(init=False)
    watch: Watch = field(init=False)
    verifier: Verifier = field(init=False)
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.live = Live(self.engine)
        self.watch = Watch(self.engine)
        self.verifier = Verifier(self.engine)
        self.reader = Reader()
        self._templates = view.environment()
        self._versions = {
            path.name: f"{path.stat().st_size:x}{int(path.stat().st_mtime):x}" for path in _STATIC.iterdir()
        }

        self.known = _known(self.caller)

    def administers(self, who: Caller) -> bool:
        """Whether they may do more than look. The engine judges each call; this leaves out what it would refuse."""
        named = [json.loads(value) for path, value, _ in self.engine.configuration() if path == "approver_roles"]
        return bool({*who.roles} & {*(named[0] if named and isinstance(named[0], list) else ())})

    def base(self, http: Request) -> str:
        """Where the pages are for the browser."""
        return f"{http.scope.get('root_path', '')}{self.prefix}"

    def words(self, http: Request) -> Words:
        """The texts in the viewer's language."""
        return self.choose(http.headers.get("accept-language", ""))

    def page(
        self, http: Request, template: str, who: Caller | None, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        """A page, or a part of one."""
        words = self.words(http)
        base = self.base(http)
        done = http.query_params.get("done", "")
        text = self._templates.get_template(template).render(
            {
                "t": words,
                "base": base,
                "who": who,
                "token": self.guard.token(http),
                "token_field": self.guard.field,
                "host": self.host,
                "asset": lambda name: f"{base}/static/{name}?v={self._versions[name]}",
                "scheme": http.cookies.get("jit_scheme", "") if self.host is None else "",
                "here": self._here(http),
                "key": _key(),
                "done": done if words.has(f"done.{done}") else "",
                "mark": self.live.mark,
                "risk_words": lambda factor, detail: view.risk_words(words, factor, detail),
                "badges": self.watch.badges(who) if who is not None and not template.startswith("part/") else None,
                **values,
            }
        )
        response = HTMLResponse(text, status_code=status)
        response.headers["Vary"] = "Accept-Language, Cookie, HX-Request"
        return response

    def go(self, http: Request, where: str, *, done: str = "") -> Response:
        """To another page, after something was done."""
        address = f"{self.base(http)}{where}"
        if done:
            address += f"{'&' if '?' in address else '?'}done={done}"
        return RedirectResponse(address, status_code=303)

    def follow(self) -> None:
        """Have the host follow a change of grants, if it keeps a copy. When it cannot, it will by itself."""
        if self.on_change is not None:
            try:
                self.on_change()
            except Exception:
                _log.exception("the host did not follow a change of grants")

    def signed_out(self, http: Request, form: Form | None, error: HTTPException) -> Response:
        """What is answered to somebody whom the host does not know any more. What was typed is in the answer."""
        to = (error.headers or {}).get("Location") or self._sign_in(http, form)
        if http.headers.get("hx-request") == "true":
            # The page says so by itself; leading away from it would take what is being typed.
            return Response(status_code=401)
        if form is None:
            if to is None:
                raise error
            if "link" in http.query_params and "{here}" not in (self.sign_in or ""):
                # The way back from signing in would be lost, and with it the link of the message.
                values = {"what": "signed_out", "request": None, "reader": "", "told": 0}
                return self.page(http, "link.html", None, status=401, to=to, **values)
            return RedirectResponse(to, status_code=303)
        kept = [(name, value) for name, value in form.pairs() if name != self.guard.field]
        return self.page(http, "signed_out.html", None, status=401, to=to, kept=kept, action=http.url.path)

    def _sign_in(self, http: Request, form: Form | None) -> str | None:
        if self.sign_in is None:
            return None
        back = self._here(http) if form is None else self.page_of(http, form)
        return self.sign_in.replace("{here}", quote(back, safe=""))

    def _here(self, http: Request) -> str:
        path = f"{self.base(http)}{http.url.path.removeprefix(self.base(http))}"
        return f"{path}?{http.url.query}" if http.url.query else path

    def page_of(self, http: Request, form: Form) -> str:
        """The page that a form was on, as the form says it, if that is one of ours."""
        said = form.text("page")
        return said if said.startswith(f"{self.base(http)}/") and "//" not in said else f"{self.base(http)}/"

    def refused(self, http: Request, who: Caller | None, error: JitAccessError | FieldError, form: Form) -> Response:
        """What is answered when the engine says no: what happened, what can be done, and what was typed."""
        words = self.words(http)
        if isinstance(error, FieldError):
            status, code, message = 400, "invalid", str(words(error.text))
        else:
            status, code, message = error.status, error.code, str(error)
        looks = http.method in _SAFE
        if looks and (status == 404 or (code == "invalid" and "id" in http.path_params)):
            return self.page(http, "problem.html", who, status=404, what="not_found")
        keys = ("advice.look",) if looks and status == 403 else (f"advice.{code}", f"advice.{status}")
        advice = next((key for key in keys if words.has(key)), "advice.other")
        title = "refused.look" if looks and status == 403 else "refused.title"
        typed = [(name, value) for name, value in form.pairs() if name in _TYPED and value.strip()]
        back = self.page_of(http, form)
        return self.page(
            http,
            "refused.html",
            who,
            status=status,
            title=title,
            message=message,
            code=code,
            advice=advice,
            typed=typed,
            back=back,
        )


_TYPED: Final = frozenset({"reason", "comment", "question", "answer", "finding", "to", "holder"})
"""Fields that somebody may have written a text in."""


def _known(caller: Callable[..., Any]) -> Callable[..., Any]:
    def known(http: Request, who: Caller = Depends(caller)) -> Caller:
        http.state.jit_who = who
        return who

    return known


def _key() -> str:
    """An idempotency key for one form: sent twice, it does one thing."""
    return secrets.token_urlsafe(16)


def create_pages(
    engine: Engine,
    *,
    caller: Callable[..., Any],
    prefix: str = "/jit/pages",
    places: Callable[[Caller], Iterable[Place]] | None = None,
    people: Callable[[Sequence[str]], int | None] | None = None,
    sign_in: str | None = None,
    token: Token | None = None,
    words: Path | None = None,
    host: Host | None = None,
    dependencies: Sequence[Any] = (),
    on_change: Callable[[], None] | None = None,
) -> APIRouter:
    """The pages over `engine`, under `prefix`.

    `caller` is a FastAPI dependency that authenticates and returns a `Caller`, as for `create_router`. Where it raises
    `HTTPException` with 401, the answer leads to `sign_in` (`/login?next={here}`) and keeps what was typed.
    `places` lists what of the host access can be limited to, for the picker. `people` tells how many people hold one of
    these roles, so that a requester sees how many are asked. `token` names the host's own protection of forms; without
    it the pages have their own. `words` is a folder with texts in further languages. `on_change` runs after every
    change to what is granted, before the answer.

    Needs Jinja2: `pip install jit-access[pages]`.
    """
    from jit_access.pages import active, arriving, asking, deciding, overseeing, record, reviews, story

    site = Site(
        engine=engine,
        caller=caller,
        prefix=prefix,
        guard=Guard(token),
        choose=load(words),
        places=lambda who: list(places(who)) if places is not None else [],
        people=people or (lambda roles: None),
        sign_in=sign_in,
        host=host,
        on_change=on_change,
    )
    router = APIRouter(
        prefix=prefix, route_class=_route_class(site), include_in_schema=False, dependencies=list(dependencies)
    )
    for part in (arriving, asking, deciding, active, record, story, reviews, overseeing):
        part.add(router, site)
    _add_common(router, site)
    return router


def _add_common(router: APIRouter, site: Site) -> None:
    @router.get("/live")
    async def live(http: Request, who: Caller = Depends(site.known)) -> Response:
        said = http.headers.get("last-event-id") or http.query_params.get("known", "")
        known = said if re.fullmatch(r"[0-9]{1,19}\.[0-9]{1,19}", said) else None

        async def events() -> AsyncIterator[str]:
            async for event in site.live.follow(known):
                if await http.is_disconnected():
                    return
                yield event

        headers = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        return StreamingResponse(events(), media_type="text/event-stream", headers=headers)

    @router.get("/badges")
    def badges(http: Request, who: Caller = Depends(site.known)) -> Response:
        return site.page(http, "part/badges.html", who, badges=site.watch.badges(who))

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        path = _STATIC / name
        if path.parent != _STATIC or path.suffix not in _KINDS or not path.is_file():
            raise HTTPException(404)
        response = Response(path.read_bytes(), media_type=_KINDS[path.suffix])
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    @router.post("/scheme")
    def scheme(http: Request) -> Response:
        form: Form = http.state.form
        chosen = form.text("scheme")
        response = RedirectResponse(site.page_of(http, form), status_code=303)
        if chosen in {"light", "dark"}:
            response.set_cookie("jit_scheme", chosen, max_age=31536000, httponly=True, samesite="strict", path="/")
        return response


def _route_class(site: Site) -> type[APIRoute]:
    """Routes that turn what goes wrong into pages, take forms from our own pages alone, and send the headers."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()

            async def guarded(http: Request) -> Response:
                started = time.perf_counter()
                response = await answer(http)
                response.headers["Server-Timing"] = f"page;dur={(time.perf_counter() - started) * 1000:.1f}"
                return site.guard.send(http, response)

            async def answer(http: Request) -> Response:
                form: Form | None = None
                if http.method not in _SAFE:
                    body = await _body(http)
                    if body is None:
                        return site.page(http, "problem.html", None, status=413, what="too_large")
                    try:
                        form = Form.parse(body)
                    except ValueError:
                        return site.page(http, "problem.html", None, status=400, what="no_form")
                    http.state.form = form
                    if site.guard.refuses(http, form):
                        return site.page(http, "problem.html", None, status=403, what="other_site")
                try:
                    return await handler(http)
                except HTTPException as error:
                    if error.status_code == 401 or error.status_code in (302, 303, 307):
                        return site.signed_out(http, form, error)
                    if error.status_code == 404:
                        return site.page(
                            http, "problem.html", getattr(http.state, "jit_who", None), status=404, what="not_found"
                        )
                    raise
                except (JitAccessError, FieldError) as error:
                    who = getattr(http.state, "jit_who", None)
                    return site.refused(http, who, error, form or Form([]))
                except (UnicodeEncodeError, OverflowError):
                    return site.page(http, "problem.html", None, status=400, what="no_form")

            return guarded

    return PageRoute


async def _body(http: Request) -> bytes | None:
    """The body, or `None` for one that is too long. It is kept for the host's own dependencies."""
    body = bytearray()
    async for part in http.stream():
        body += part
        if len(body) > _MOST_BODY:
            return None
    http._body = bytes(body)
    return bytes(body)
