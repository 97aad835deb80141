"""The pages of the record: what happened, one grant's whole story, and whether the record is whole."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from jit_access import Caller, Engine, Grant, JitAccessError, Page
from jit_access.pages import journal
from jit_access.pages.asking import is_part, life
from jit_access.pages.journal import Entry
from jit_access.pages.site import Site
from jit_access.values import Record

_ROWS: Final = 50
_RINGS: Final = 24
_LONGEST_STORY: Final = 400
_MORE: Final = ("role", "permission", "resource", "result", "grant", "request")
_FIELDS: Final = ("who", "event", "text", "from", "to", *_MORE)
_RESULTS: Final = (
    "allowed",
    "approved",
    "denied",
    "withdrawn",
    "timed_out",
    "expired",
    "revoked",
    "released",
    "exhausted",
    "justified",
    "unjustified",
)
_EVENTS: Final = (
    "request_submitted",
    "request_reviewed",
    "review_lapsed",
    "request_escalated",
    "request_approved",
    "request_denied",
    "information_requested",
    "request_answered",
    "request_repeated",
    "request_reassessed",
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
    "clock_accepted",
    "guardrails_changed",
    "configuration_changed",
    "alert_raised",
    "alert_acknowledged",
    "alert_silenced",
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
        asked = {name: http.query_params.get(name, "").strip()[:200] for name in _FIELDS}
        cursor = http.query_params.get("older", "") or None
        found: Page[Record] | None = None
        problem = ""
        try:
            found = engine.audit(who, **_filter(asked), order="newest", limit=_ROWS, cursor=cursor)
        except JitAccessError as error:
            if error.code != "invalid":
                raise
            problem = str(error)
        latest = journal.block(engine, who, max(0, engine.revision - _RINGS), _RINGS)
        return site.page(
            http,
            "part/audit.html" if is_part(http) else "audit.html",
            who,
            status=400 if problem else 200,
            entries=[Entry(record) for record in found.items] if found is not None else [],
            older=found.next_cursor if found is not None else None,
            problem=problem,
            asked=asked,
            filtered=any(asked.values()),
            more=any(asked[name] for name in _MORE),
            first_page=cursor is None,
            events=_EVENTS,
            results=_RESULTS,
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
        shown = next((one for one in found if one.revision == int(revision)), None)
        if shown is None:
            raise HTTPException(404)
        rings = {ring.revision: ring for ring in journal.chain(found)}
        return site.page(http, "one.html", who, entry=Entry(shown), ring=rings[int(revision)], neighbours=sorted(rings))

    @router.get("/grants/{id}")
    def story(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        grant = engine.grant(who, id)
        if http.query_params.get("do") == "extend":
            # Where a warning leads: what its holder can do with it is on the page of its request.
            return site.go(http, f"/requests/{grant.request_id}")
        request = engine.request(who, grant.request_id)
        told = _story(engine, who, grant) if site.watch.oversees(who) else None
        return site.page(
            http,
            "part/story.html" if is_part(http) else "story.html",
            who,
            grant=grant,
            request=request,
            steps=life(request, grant),
            chapters=_folded(told) if told is not None else None,
            told=told is not None and len(told) < _LONGEST_STORY,
            reviewer=site.watch.reviews(who, grant),
        )

    @router.get("/grants/{id}/policy")
    def policy(http: Request, id: str, who: Caller = Depends(site.known)) -> Response:
        grant = engine.grant(who, id)
        return site.page(http, "policy.html", who, grant=grant, policy=_policy_of(engine.policies(who), grant.id))


def _filter(asked: dict[str, str]) -> dict[str, Any]:
    """The filter of the record that these fields of the form stand for."""
    who = asked["who"]
    wanted: dict[str, Any] = {
        "agent" if who.startswith("agent:") else "person": who.removeprefix("agent:"),
        "event": asked["event"],
        "text": asked["text"],
        "role": asked["role"],
        "permission": asked["permission"],
        "resource": asked["resource"],
        "result": asked["result"],
        "grant_id": asked["grant"],
        "request_id": asked["request"],
        "start": _day(asked["from"]),
        "until": end + timedelta(days=1) if (end := _day(asked["to"])) else None,
    }
    return {name: value for name, value in wanted.items() if value}


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text[:10]).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


def _story(engine: Engine, who: Caller, grant: Grant) -> list[Entry]:
    """The records about a grant and its request, oldest first."""
    by_number: dict[int, Record] = {}
    of_request = engine.audit(who, request_id=grant.request_id, order="oldest", limit=_LONGEST_STORY)
    of_grant = engine.audit(who, grant_id=grant.id, order="oldest", limit=_LONGEST_STORY)
    for record in (*of_request.items, *of_grant.items):
        by_number[record.revision] = record
    return [Entry(by_number[number]) for number in sorted(by_number)][:_LONGEST_STORY]


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
        return (one.what, one.at.replace(second=0, microsecond=0))

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
