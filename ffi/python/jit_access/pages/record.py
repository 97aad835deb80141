"""The pages of the record: what happened, whether the record is whole, and the record as a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response, StreamingResponse

from jit_access import Caller, JitAccessError, Page
from jit_access.exports import export_records
from jit_access.pages import journal, verifying
from jit_access.pages.asking import is_part
from jit_access.pages.journal import Entry
from jit_access.pages.site import Site
from jit_access.values import Record

_ROWS: Final = 50
_RINGS: Final = 24
_MORE: Final = ("role", "permission", "resource", "result", "grant", "request")
_FIELDS: Final = ("who", "event", "text", "from", "to", *_MORE)
_FORMS: Final = {"jsonl": "application/x-ndjson", "csv": "text/csv", "ocsf": "application/x-ndjson"}
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
    "request_proven",
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
    "process_started",
    "process_ended",
    "records_removed",
    "alert_raised",
    "alert_acknowledged",
    "alert_silenced",
    "session_refused",
)


def add(router: APIRouter, site: Site) -> None:
    """Adds the routes."""
    engine, verifier = site.engine, site.verifier

    @router.get("/audit")
    def audit(http: Request, who: Caller = Depends(site.known)) -> Response:
        asked = {name: http.query_params.get(name, "").strip()[:200] for name in _FIELDS}
        cursor = http.query_params.get("older", "") or None
        found: Page[Record] | None = None
        problem = ""
        try:
            found = engine.audit(who, **_filter(asked), order="newest", limit=_ROWS, cursor=cursor)
        except JitAccessError as error:
            breaks = verifying.broken_at(error)
            if error.code != "invalid" and breaks is None:
                raise
            problem = str(error)
            if breaks is not None and verifier.last.broken_at is None:
                verifier.note(error, breaks)
        head, last = engine.revision, verifier.last
        # Where the record breaks is what everybody wants to see; else its end.
        end = min(head, last.broken_at + _RINGS // 2) if last.broken_at else head
        seen = journal.rings(engine, who, max(0, end - _RINGS), _RINGS) if cursor is None else []
        sealed = verifying.seals(engine, who) if cursor is None else []
        return site.page(
            http,
            "part/audit.html" if is_part(http) else "audit.html",
            who,
            status=400 if problem and last.broken_at is None else 200,
            entries=[Entry(record) for record in found.items] if found is not None else [],
            older=found.next_cursor if found is not None else None,
            removed=found.removed_until if found is not None else None,
            problem=problem,
            asked=asked,
            filtered=any(asked.values()),
            more=any(asked[name] for name in _MORE),
            first_page=cursor is None,
            events=_EVENTS,
            results=_RESULTS,
            rings=seen,
            verification=last,
            strip=verifying.strip(head, sealed, last, verifying.first_kept(engine, who) if cursor is None else 1),
            seals={seal.size: seal for seal in sealed},
            forms=tuple(_FORMS),
        )

    @router.post("/audit/verify")
    def verify(http: Request, who: Caller = Depends(site.known)) -> Response:
        engine.audit(who, limit=1)
        verifier.start()
        return site.go(http, "/audit", done="verifying")

    @router.get("/audit/export")
    def export(http: Request, who: Caller = Depends(site.known)) -> Response:
        """The records that the filter finds, as a file."""
        form = http.query_params.get("format", "jsonl")
        if form not in _FORMS:
            raise HTTPException(404)
        asked = {name: http.query_params.get(name, "").strip()[:200] for name in _FIELDS}
        pages = export_records(engine, who, format=form, **_filter(asked))
        # The first piece is made before the answer begins, so that a refusal is an answer of its own.
        first = next(pages, "")
        name = f"audit-{datetime.now(UTC):%Y%m%d-%H%M}{'-ocsf' if form == 'ocsf' else ''}"
        response = StreamingResponse(chain([first], pages), media_type=_FORMS[form])
        ending = "csv" if form == "csv" else "jsonl"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
        return response

    @router.get("/audit/evidence")
    def evidence(http: Request, who: Caller = Depends(site.known)) -> Response:
        """What an assessor asks for of a period, as a page to keep."""
        start, end = _day(http.query_params.get("from", "")), _day(http.query_params.get("to", ""))
        until = end + timedelta(days=1) if end else None
        text = engine.evidence(who, start=start, until=until, form="html")
        response = Response(text, media_type="text/html")
        response.headers["Content-Disposition"] = 'attachment; filename="evidence.html"'
        return response

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
