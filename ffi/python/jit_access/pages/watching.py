"""What is granted now, and what waits for a decision, as one process knows it for all who look.

Whoever sees everything is shown one list that is kept in memory and follows the journal: a look reads what was written
since the last one, and nothing when nothing was. Where very much is to be read first, that is done beside the requests,
and meanwhile a look shows the newest grants. Everybody else is shown what the engine lists for them.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal, NamedTuple, TypeVar

from jit_access import AccessRequest, Alert, Caller, Engine, Grant, JitAccessError

_T = TypeVar("_T")

LIVE: Final = ("active", "suspended", "scheduled")
_ENDED: Final = ("revoked", "released", "expired", "exhausted")
_RISKS: Final = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_MOST_BEHIND: Final = 2_000
"""Of more new records than this, none is read, and the list is made anew."""
_LONG_RECORD: Final = 5_000
"""Of more records than this, the list is made beside the requests."""
_WAIT_SECONDS: Final = 0.05
"""So long a look waits for the list that is being made."""
_FIRST_AFTER_SECONDS: Final = 0.3
"""So long after the first look the list is made, so that this look has the interpreter for itself."""
_FRESH_SECONDS: Final = 5.0
"""So long what was read is shown while very much is written."""
_FIRST: Final = 50
"""So many grants of each state are shown meanwhile."""
_MOST_USES: Final = 120
_MOST_ENDED: Final = 40
_LATELY: Final = timedelta(hours=1)
_MOST_WAITING: Final = 200
_MOST_ALERTS: Final = 20
_HISTORY: Final = 8
_PAGE: Final = 500


class Held:
    """A grant in a list, over its JSON document."""

    __slots__ = ("_found_by", "document", "uses")

    def __init__(self, document: dict[str, Any], uses: Sequence[datetime] = ()) -> None:
        self.document: Final = document
        self.uses: Sequence[datetime] = uses
        """When it was used lately."""
        self._found_by = ""

    def __getattr__(self, name: str) -> Any:
        try:
            return self.document[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def holder(self) -> str:
        return str(self.document["requester_email"])

    @property
    def role(self) -> str:
        return str(self.document["granted_role"])

    @property
    def permissions(self) -> list[str]:
        return list(self.document["granted_permissions"])

    @property
    def starts_at(self) -> datetime:
        return datetime.fromisoformat(self.document["starts_at"])

    @property
    def expires_at(self) -> datetime:
        return datetime.fromisoformat(self.document["expires_at"])

    @property
    def ended_at(self) -> datetime | None:
        said = self.document["ended_at"]
        return datetime.fromisoformat(said) if said else None

    @property
    def review_due_at(self) -> datetime | None:
        owed = self.document["break_glass"]
        return datetime.fromisoformat(owed["review_due_at"]) if owed else None

    def at(self, now: str) -> str:
        """The status at this instant, which may be later than the document."""
        status = str(self.document["status"])
        if status in LIVE and self.document["expires_at"] <= now:
            return "expired"
        if status == "scheduled" and self.document["starts_at"] <= now:
            return "active"
        return status

    @property
    def status(self) -> str:
        return self.at(_text(datetime.now(UTC)))

    @property
    def found_by(self) -> str:
        """What a search looks at."""
        if not self._found_by:
            self._found_by = "\n".join((self.holder, self.role, self.document["resource"], *self.permissions)).lower()
        return self._found_by

    @property
    def look(self) -> str:
        """Which of the looks it has in a picture."""
        return self.look_at(_text(datetime.now(UTC)))

    def look_at(self, now: str) -> str:
        """The same at an instant, for many at once."""
        status = self.at(now)
        if status in {"active", "suspended", "scheduled"} and self.document["break_glass"]:
            return "drill" if self.document["break_glass"]["drill"] else "glass"
        return status


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Board:
    """What one viewer is shown of the grants."""

    live: list[Held]
    ended: list[Held]
    everything: bool
    """Whether it is everything there is."""
    now: str
    """The instant of which it is true."""
    is_whole: bool = True
    """Whether it is all that this viewer sees. Otherwise it is the newest of it, and the rest is being read."""


class Usage(NamedTuple):
    """How a live grant is used."""

    last: datetime | None
    """The last use."""
    rate: float
    """Uses a minute, over the last ten minutes."""
    refusals: int
    """Calls of its holder that were refused since it began."""


@dataclass
class Badges:
    """The numbers beside the tabs."""

    mine: int
    """Requests that wait for the viewer's decision."""
    live: int
    reviews: int
    oversees: bool


@dataclass
class Waiting:
    """A request that waits, and what the viewer can do about it."""

    request: AccessRequest
    turn: Literal["mine", "others", "own", "done"]
    """Whether the viewer may decide, others have to, it is their own, or they have decided already."""

    @property
    def risk(self) -> int:
        return _RISKS[self.request.assessment.risk_level]


@dataclass
class _Known:
    revision: int = 0
    read: float = 0.0
    """When it was read, by the monotonic clock."""
    live: dict[str, Held] = field(default_factory=dict)
    ended: OrderedDict[str, Held] = field(default_factory=OrderedDict)
    uses: dict[str, deque[datetime]] = field(default_factory=dict)


def _board(live: list[Held], ended: list[Held], everything: bool) -> Board:
    now = _text(datetime.now(UTC))
    live.sort(key=lambda held: (held.document["expires_at"], held.document["id"]))
    # Those that are over stand first, and nothing has noted it yet.
    first = bisect_right(live, now, key=lambda held: held.document["expires_at"])
    return Board(live[first:], [*live[:first], *ended], everything, now)


class Watch:
    """The lists of one process."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine
        self._lock: Final = threading.Lock()
        self._known: _Known | None = None
        self._begun: threading.Thread | None = None
        self._sharing: Final = threading.Lock()
        self._shared: dict[str, tuple[tuple[int, int], Any]] = {}

    def oversees(self, who: Caller) -> bool:
        """Whether they see everything."""
        return self._engine.oversees(who)

    def _for_all(self, who: Caller, what: str, read: Callable[[], Sequence[_T]]) -> Sequence[_T]:
        """What `read` answers. Whoever sees everything is answered the same, so for all of them it is read once for
        each change, and once a second for what time changes."""
        if not self.oversees(who):
            return read()
        with self._sharing:
            mark = (self._engine.revision, int(time.monotonic()))
            kept = self._shared.get(what)
            if kept is None or kept[0] != mark:
                # What is older is nobody's answer any more.
                self._shared = {name: one for name, one in self._shared.items() if one[0] == mark}
                self._shared[what] = kept = (mark, read())
            return kept[1]

    def board(self, who: Caller, *, at_once: bool = False) -> Board:
        """The grants that this viewer sees, those that end first at the top. `at_once` waits for no long reading."""
        if self.oversees(who):
            known = self._current(who) if at_once else self._followed(who)
            if known is None:
                return self._first(who)
            with self._lock:
                live, ended = list(known.live.values()), list(reversed(known.ended.values()))
        else:
            live = [held for status in LIVE for held in self._listed(who, status)]
            ended, known = self._lately(who), None
        return _board(live, ended, known is not None)

    def _first(self, who: Caller) -> Board:
        """What is shown while everything is being read: the newest, and what has just ended."""
        live = [held for status in LIVE for held in self._listed(who, status, most=_FIRST)]
        board = _board(live, self._lately(who), True)
        board.is_whole = False
        return board

    def _lately(self, who: Caller) -> list[Held]:
        """What has ended last, the newest first."""
        ended = [held for status in _ENDED for held in self._listed(who, status, most=10)]
        return sorted(ended, key=lambda held: held.document["ended_at"] or "", reverse=True)

    def usage(self, board: Board, shown: Sequence[Held]) -> dict[str, Usage]:
        """How these grants are used, by their ids: from what the process knows for all who look. Nothing while it is
        being counted."""
        if not board.is_whole:
            return {}
        ids = [str(held.document["id"]) for held in shown]
        _, found = self._engine.activity(ids)
        return {
            grant_id: Usage(*counts) if counts is not None else Usage(None, 0.0, 0)
            for grant_id, counts in zip(ids, found, strict=True)
        }

    def badges(self, who: Caller) -> Badges:
        """The numbers beside the tabs. Without the store there are none."""
        try:
            mine = sum(1 for one in self.waiting(who) if one.turn == "mine")
            live, everything = self._count(who)
            reviews = sum(
                1
                for grant in self._for_all(who, "unreviewed", lambda: self._engine.unreviewed(who).items)
                if may_review(who, json.loads(grant.to_json()))
            )
            return Badges(mine, live, reviews, everything)
        except JitAccessError:
            return Badges(0, 0, 0, False)

    def _count(self, who: Caller) -> tuple[int, bool]:
        """How many live grants the viewer sees, and whether that is everything."""
        if not self.oversees(who):
            return len(self.board(who).live), False
        known, now = self._current(who, wait=0.0), _text(datetime.now(UTC))
        if known is None:
            # No page waits because of a number.
            return 0, True
        with self._lock:
            return sum(1 for held in known.live.values() if held.document["expires_at"] > now), True

    def _current(self, who: Caller, wait: float = _WAIT_SECONDS) -> _Known | None:
        """What is known now. Where much is to be read for it, that is done beside the requests, and meanwhile it is
        what was known a moment ago; nothing where that is nothing."""
        known, head = self._known, self._engine.revision
        if head > _LONG_RECORD if known is None else not 0 <= head - known.revision <= _MOST_BEHIND:
            begun = self._begin(who)
            if known is None:
                return None
            begun.join(wait)
            known = self._known
            if known is not None and time.monotonic() - known.read < _FRESH_SECONDS:
                return known
            if begun.is_alive():
                return None
        return self._followed(who)

    def _begin(self, who: Caller) -> threading.Thread:
        """Reads everything beside the requests: once at a time."""

        def make() -> None:
            if self._known is None:
                time.sleep(_FIRST_AFTER_SECONDS)
            with contextlib.suppress(JitAccessError):
                # The uses first: what is counted is asked for with the list.
                self._engine.activity([])
                made = self._made(who)
                with self._lock:
                    self._known = made

        begun = self._begun
        if begun is None or not begun.is_alive():
            self._begun = begun = threading.Thread(target=make, name="jit-access-board", daemon=True)
            begun.start()
        return begun

    def waiting(self, who: Caller) -> list[Waiting]:
        """The requests that wait and that this viewer sees: riskiest first, and of one risk the oldest first."""
        roles = {*who.roles, *self.stands_in(who)}
        found = [
            Waiting(request, _turn(who, roles, request))
            for status in ("pending", "needs_info")
            for request in self._for_all(who, status, partial(self._waits, who, status))
        ]
        return sorted(found, key=lambda one: (one.turn != "mine", one.risk, one.request.created_at))

    def reviews(self, who: Caller, grant: Grant) -> bool:
        """Whether this viewer reviews a break-glass grant that waits for it."""
        return bool(grant.links.get("waive_review")) and may_review(who, json.loads(grant.to_json()))

    def alerts(self, who: Caller, grant_id: str | None = None) -> list[Alert]:
        """What is unusual and nobody has looked at, newest first; for those who do not see everything, nothing."""
        if not self.oversees(who):
            return []
        return list(self._for_all(who, f"alerts {grant_id or ''}", lambda: self._open(who, grant_id)))

    def _open(self, who: Caller, grant_id: str | None) -> Sequence[Alert]:
        return self._engine.alerts(who, status="open", grant_id=grant_id, limit=_MOST_ALERTS).items

    def of_alert(self, who: Caller, alert: Alert) -> Held | None:
        """The grant that an alert is about, as it stands now."""
        if alert.grant_id is None:
            return None
        known = self._known
        if known is not None and (found := known.live.get(alert.grant_id) or known.ended.get(alert.grant_id)):
            return found
        try:
            return Held(json.loads(self._engine.grant(who, alert.grant_id).to_json()))
        except JitAccessError:
            return None

    def stands_in(self, who: Caller) -> set[str]:
        """The roles that others have delegated to this viewer for now."""
        given = self._for_all(
            who, "delegations", lambda: self._engine.delegations(who, status="active", limit=_PAGE).items
        )
        return {role for one in given if one.delegate == who.principal for role in one.roles}

    def turn(self, who: Caller, roles: set[str], request: AccessRequest) -> str:
        """What this viewer, with these roles, can do about a request; empty when it waits for nobody."""
        return _turn(who, roles, request) if request.status in {"pending", "needs_info"} else ""

    def history(self, who: Caller, about: AccessRequest) -> list[AccessRequest]:
        """The latest requests of the same person for the same role, of those that this viewer sees."""
        person = (about.requester_acts_for or about.requester).name
        if not self.oversees(who):
            found = list(self._engine.requests(who, person=person, role=about.role, limit=_HISTORY + 1).items)
        else:
            # The record knows where the requests of somebody are; a list of requests is looked through.
            asked = self._engine.audit(
                who, person=person, role=about.role, event="request_submitted", order="newest", limit=_HISTORY + 1
            )
            found = [self._engine.request(who, one.request_id) for one in asked.items if one.request_id]
        return [one for one in found if one.id != about.id][:_HISTORY]

    def _waits(self, who: Caller, status: Literal["pending", "needs_info"]) -> Sequence[AccessRequest]:
        return self._engine.requests(who, status=status, limit=_MOST_WAITING).items

    def _listed(self, who: Caller, status: str, most: int = _PAGE) -> list[Held]:
        page = self._engine.grants(who, status=status, limit=most)
        return [Held(document) for document in json.loads(page.to_json())["items"]]

    def _followed(self, who: Caller) -> _Known:
        with self._lock:
            return self._follow(who)

    def _follow(self, who: Caller) -> _Known:
        """What is known, brought up to now with the rights of somebody who sees everything."""
        known, head = self._known, self._engine.revision
        if known is None or head < known.revision or head - known.revision > _MOST_BEHIND:
            self._known = known = self._made(who)
        while known.revision < self._engine.revision:
            records = _records(self._engine, who, known.revision)
            if not records:
                break
            self._take(who, known, records)
        known.read = time.monotonic()
        return known

    def _made(self, who: Caller) -> _Known:
        made = _Known(max(0, self._engine.revision - _MOST_BEHIND))
        start = self._engine.revision
        made.live = {grant.id: Held(json.loads(grant.to_json())) for grant in self._engine.live_grants()}
        for held in reversed(self._lately(who)[:_MOST_ENDED]):
            made.ended[held.document["id"]] = held
        while made.revision < start and (records := _records(self._engine, who, made.revision)):
            for record in records:
                if record["event"] == "grant_used":
                    _note(made, record)
            made.revision = int(records[-1]["revision"])
        made.revision, made.read = start, time.monotonic()
        for grant_id, times in made.uses.items():
            if grant_id in made.live:
                made.live[grant_id].uses = times
        return made

    def _take(self, who: Caller, known: _Known, records: Iterable[dict[str, Any]]) -> None:
        touched: dict[str, None] = {}
        for record in records:
            known.revision = int(record["revision"])
            if record["event"].startswith(("grant_", "break_glass_")):
                if record["event"] == "grant_used":
                    _note(known, record)
                data = record["data"]
                touched[str(data.get("grant") or data.get("id"))] = None
        for grant_id in touched:
            self._renew(who, known, grant_id)

    def _renew(self, who: Caller, known: _Known, grant_id: str) -> None:
        try:
            document = json.loads(self._engine.grant(who, grant_id).to_json())
        except JitAccessError:
            known.live.pop(grant_id, None)
            return
        held = Held(document, known.uses.get(grant_id, ()))
        if document["status"] in LIVE:
            known.live[grant_id] = held
            return
        was_live = known.live.pop(grant_id, None) is not None
        # What began and ended between two looks was never live here.
        if was_live or grant_id in known.ended or (document["ended_at"] or "") > _text(datetime.now(UTC) - _LATELY):
            known.ended[grant_id] = held
            while len(known.ended) > _MOST_ENDED:
                known.ended.popitem(last=False)
        known.uses.pop(grant_id, None)


def _note(known: _Known, record: dict[str, Any]) -> None:
    grant_id = record["data"]["grant"]
    known.uses.setdefault(grant_id, deque(maxlen=_MOST_USES)).append(datetime.fromisoformat(record["at"]))


def _records(engine: Engine, who: Caller, after: int, limit: int = _PAGE) -> list[dict[str, Any]]:
    """The records after this revision, as documents."""
    page = engine.audit(who, after=after, limit=limit)
    found: list[dict[str, Any]] = json.loads(page.to_json())["items"]
    return found


def may_review(who: Caller, grant: Any) -> bool:
    """Whether this viewer is one of those who review a break-glass grant."""
    owed = grant["break_glass"]
    return bool(owed) and grant["requester_email"] != who.principal and bool({*who.roles} & {*owed["reviewer_roles"]})


def _turn(who: Caller, roles: set[str], request: AccessRequest) -> Literal["mine", "others", "own", "done"]:
    if who.principal in (request.requester, request.requester_acts_for):
        return "own"
    if any(
        review.by == who.principal
        and review.verdict == "approve"
        and review.lapsed_at is None
        and review.version == request.version
        for review in request.reviews
    ):
        return "done"
    return "mine" if any(roles & {*step.roles} for step in request.waiting_for) else "others"
