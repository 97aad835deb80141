"""One grant's whole story, the summary of what was done under it, and its policy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from jit_access import Caller, Engine
from jit_access.pages.asking import is_part, life
from jit_access.pages.journal import Entry
from jit_access.pages.site import Site

_LONGEST_STORY: Final = 400
_FORMS: Final = {"txt": ("text", "text/plain"), "md": ("markdown", "text/markdown")}


def add(router: APIRouter, site: Site) -> None:
    """Adds the routes."""
    engine = site.engine

    @router.get("/grants/{id}")
    def story(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        grant = engine.grant(who, id)
        if http.query_params.get("do") == "extend":
            # Where a warning leads: what its holder can do with it is on the page of its request.
            return site.go(http, f"/requests/{grant.request_id}")
        request = engine.request(who, grant.request_id)
        told, is_whole = _story(engine, who, id)
        return site.page(
            http,
            "part/story.html" if is_part(http) else "story.html",
            who,
            grant=grant,
            request=request,
            steps=life(request, grant),
            chapters=_folded(told),
            is_whole=is_whole,
            parts=_parts(told),
            oversees=site.watch.oversees(who),
            alerts=site.watch.alerts(who, grant.id),
            reviewer=site.watch.reviews(who, grant),
        )

    @router.get("/grants/{id}/policy")
    def policy(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        grant = engine.grant(who, id)
        return site.page(
            http, "policy.html", who, grant=grant, policy=_policy_of(engine.policies(who, grant_id=id), grant.id)
        )

    @router.get("/grants/{id}/summary")
    def summary(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        # Of a grant with very many uses there is much to read.
        found = site.reader.ask((who.principal, tuple(who.roles), id), lambda: engine.summary(who, id))
        if found is None:
            response = site.page(http, "reading.html", who, back=f"{site.base(http)}/grants/{id}")
            response.headers["Refresh"] = "1"
            return response
        return site.page(http, "summary.html", who, summary=found, oversees=site.watch.oversees(who))

    @router.get("/grants/{id}/summary.{ending}")
    def summary_file(http: Request, id: str, ending: str, who: Caller = Depends(site.known)) -> Response:
        if ending not in _FORMS:
            raise HTTPException(404)
        form, media = _FORMS[ending]
        response = Response(engine.summary_text(who, id, form=form), media_type=media)
        response.headers["Content-Disposition"] = f'attachment; filename="summary.{ending}"'
        return response


def _story(engine: Engine, who: Caller, grant_id: str) -> tuple[list[Entry], bool]:
    """What is on record about a grant and its chain of extensions, oldest first, and whether that is all of it."""
    found = engine.story(who, grant_id, order="oldest", limit=_LONGEST_STORY)
    return [Entry(record) for record in found.items], found.next_cursor is None


def _parts(entries: list[Entry]) -> list[str]:
    """The grants of the chain in the order in which they were made."""
    return [entry.grant for entry in entries if entry.event == "grant_created" and entry.grant]


@dataclass(frozen=True)
class Chapter:
    """A line of a story: one record, or the uses of one permission in one minute."""

    entry: Entry
    count: int
    last: Entry


def _folded(entries: list[Entry]) -> list[Chapter]:
    def same(one: Entry) -> tuple[object, ...]:
        if one.event != "grant_used":
            return (one.revision,)
        return (one.grant, one.by, one.what, one.at.replace(second=0, microsecond=0))

    chapters = []
    for _, group in groupby(entries, same):
        of_one = list(group)
        chapters.append(Chapter(of_one[0], len(of_one), of_one[-1]))
    return chapters


def _policy_of(policies: str, grant_id: str) -> str:
    """The policy of one grant, out of the text of all."""
    for text in policies.split("\n\n"):
        if f'@id("{grant_id}")' in text:
            return text.strip()
    return ""
