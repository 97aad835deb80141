"""The pages of the record: what happened, one grant's whole story, and whether the record is whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from jit_access import Caller, Engine, Grant, JitAccessError
from jit_access.pages import journal
from jit_access.pages.asking import is_part, life
from jit_access.pages.journal import Entry, Found
from jit_access.pages.site import Site

_ROWS: Final = 50
_RINGS: Final = 24
_LONGEST_STORY: Final = 400
_EVENTS: Final = (
    "request_submitted",
    "request_reviewed",
    "review_lapsed",
    "request_escalated",
    "request_approved",
    "request_denied",
    "information_requested",
    "request_answered",
    "request_withdrawn",
    "request_timed_out",
    "grant_created",
    "grant_activated",
    "grant_used",
    "grant_suspended",
    "grant_resumed",
    "grant_released",
    "grant_revoked",
    "grant_expired",
    "grant_exhausted",
    "break_glass_reviewed",
    "break_glass_review_waived",
    "break_glass_review_overdue",
    "roles_delegated",
    "delegation_ended",
    "standing_reported",
    "store_accepted",
)


@dataclass
class Verification:
    """The last check of the whole journal in this process."""

    state: str = "never"
    began_at: datetime | None = None
    ended_at: datetime | None = None
    records: int = 0
    error: str = ""


class Verifier:
    """Checks the whole journal beside the requests, one check at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine
        self._lock: Final = threading.Lock()
        self.last = Verification()

    def start(self) -> None:
        """Begins a check, unless one runs."""
        with self._lock:
            if self.last.state == "running":
                return
            self.last = Verification("running", datetime.now(UTC))
            threading.Thread(target=self._run, args=(self.last,), name="jit-access-verify", daemon=True).start()

    def _run(self, mine: Verification) -> None:
        try:
            mine.records = self._engine.verify()
            state = "whole"
        except JitAccessError as error:
            mine.error, state = str(error), "broken" if error.code == "corrupt" or error.status == 500 else "failed"
        except Exception as error:
            mine.error, state = type(error).__name__, "failed"
        mine.ended_at = datetime.now(UTC)
        mine.state = state


def add(router: APIRouter, site: Site) -> None:
    """Adds the routes."""
    engine, verifier = site.engine, Verifier(site.engine)

    @router.get("/audit")
    def audit(http: Request, who: Caller = Depends(site.known)) -> Response:
        asked = {name: http.query_params.get(name, "").strip()[:200] for name in ("who", "event", "text", "from", "to")}
        before = http.query_params.get("before", "")
        found = _search(engine, who, asked, int(before) if before.isdecimal() and len(before) < 19 else None)
        latest = journal.block(engine, who, max(0, engine.revision - _RINGS), _RINGS)
        return site.page(
            http,
            "part/audit.html" if is_part(http) else "audit.html",
            who,
            found=found,
            asked=asked,
            filtered=any(asked.values()),
            first_page=not before,
            events=_EVENTS,
            rings=journal.chain(latest),
            verification=verifier.last,
        )

    @router.post("/audit/verify")
    def verify(http: Request, who: Caller = Depends(site.known)) -> Response:
        engine.audit(who, limit=1)
        verifier.start()
        return site.go(http, "/audit", done="verifying")

    @router.get("/audit/{revision}")
    def one(http: Request, revision: str, who: Caller = Depends(site.known)) -> Response:
        if not revision.isdecimal() or len(revision) > 18 or revision == "0":
            raise HTTPException(404)
        found = journal.block(engine, who, max(0, int(revision) - 2), 3)
        shown = next((one for one in found if one["revision"] == int(revision)), None)
        if shown is None:
            raise HTTPException(404)
        rings = {ring.revision: ring for ring in journal.chain(found)}
        return site.page(
            http, "one.html", who, entry=journal.entry(shown), ring=rings[int(revision)], neighbours=sorted(rings)
        )

    @router.get("/grants/{id}")
    def story(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        grant = engine.grant(who, id)
        request = engine.request(who, grant.request_id)
        told = _story(engine, who, grant) if site.watch.oversees(who) else None
        return site.page(
            http,
            "part/story.html" if is_part(http) else "story.html",
            who,
            grant=grant,
            request=request,
            steps=life(request, grant),
            chapters=_folded(told.entries) if told is not None else None,
            told=told,
            reviewer=site.watch.reviews(who, grant),
        )

    @router.get("/grants/{id}/policy")
    def policy(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        grant = engine.grant(who, id)
        return site.page(http, "policy.html", who, grant=grant, policy=_policy_of(engine.policies(who), grant.id))


def _search(engine: Engine, who: Caller, asked: dict[str, str], before: int | None) -> Found:
    until = journal.place_of(engine, who, start) if (start := _day(asked["from"])) else 0
    if end := _day(asked["to"]):
        last = journal.place_of(engine, who, end + timedelta(days=1)) + 1
        before = last if before is None else min(before, last)
    return journal.newest(engine, who, before=before, until=until, most=_ROWS, wanted=_wanted(asked))


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:10]).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def _wanted(asked: dict[str, str]) -> Callable[[dict[str, Any]], bool] | None:
    who, event, text = asked["who"].lower(), asked["event"], asked["text"].lower()
    if not (who or event or text):
        return None

    def wanted(record: dict[str, Any]) -> bool:
        if event and record["event"] != event:
            return False
        body = str(record["body"]).lower()
        return (not who or who in str(record["by"]).lower() or who in body) and (not text or text in body)

    return wanted


def _story(engine: Engine, who: Caller, grant: Grant) -> Found:
    """Every record about a grant and its request, oldest first."""
    created = engine.request(who, grant.request_id).created_at
    start = max(0, journal.place_of(engine, who, created) - 1)
    found: list[Entry] = []
    read, place, ends = 0, start, time.monotonic() + 0.2
    stopped = False
    while len(found) < _LONGEST_STORY:
        documents = journal.block(engine, who, place, 500)
        if not documents:
            break
        read += len(documents)
        place = int(documents[-1]["revision"])
        for one in documents:
            if grant.id in one["body"] or grant.request_id in one["body"]:
                found.append(journal.entry(one))
        if time.monotonic() > ends:
            stopped = True
            break
    return Found(found, None, read, stopped)


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
        return (one.what, one.document["at"][:16])

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
