"""What the chaos test holds against each other: the calls that passed, and the grants that were in force.

Each call that passed is held against the journal and against what was switched on at that time: it may pass only inside
a grant, or so much later as is promised. A grant lasts at most from the call that approved it, by the clock of this
test, for as long as its window is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from chaos import BOUND, LEASE, ROLES, TEMP, Chaos, Era, Passed
from records import bodies


@dataclass
class Window:
    """When a grant counted, by the clock of this test: not before, and not after."""

    who: str
    kind: str
    asked: float
    begun: float
    ended: float


class Verdict(NamedTuple):
    """A call that passed, and what is wrong with that."""

    call: Passed
    wrong: str | None
    late: float
    """How many seconds after the end of the grant that explains it best it began."""


def judged(chaos: Chaos) -> list[Verdict]:
    """Each call that passed, held against the grants that were in force."""
    known = {
        number: [window for path in era.journals for window in windows(journal(path), chaos, era)]
        for number, era in enumerate(chaos.eras)
    }
    return [_judged(chaos, known, call) for call in chaos.passed]


def unexplained(chaos: Chaos) -> list[tuple[Passed, str]]:
    """The calls that no grant in force explains."""
    return [(verdict.call, verdict.wrong) for verdict in judged(chaos) if verdict.wrong is not None]


def journal(path: Path) -> list[dict[str, Any]]:
    """The events of a journal, oldest first."""
    return [json.loads(body)["event"] for body in bodies(path)]


def windows(events: list[dict[str, Any]], chaos: Chaos, era: Era) -> list[Window]:
    """Every grant of a journal with the time in which it counted."""
    found: dict[str, Window] = {}
    lost = [(taken, put) for taken, put in chaos.restored if put <= era.begun]

    def revoked(grant: str) -> float:
        """When a revocation had returned. One that an older copy of the store does not have is lost."""
        when = chaos.revoked.get(grant, float("inf"))
        return float("inf") if any(taken <= when <= put for taken, put in lost) else when

    for event in events:
        if event["type"] == "grant_created":
            grant = event["data"]
            approved, returned = chaos.approved[grant["request"]]
            length = _instant(grant["ends_at"]) - _instant(grant["starts_at"])
            found[grant["id"]] = Window(
                who=grant["holder"]["user"],
                kind=ROLES[grant["role"]],
                asked=chaos.asked[grant["request"]][1],
                begun=approved,
                # The gateway's time is never behind: it may end a grant sooner, and never later.
                ended=min(returned + length, revoked(grant["id"]), _instant(grant["ends_at"])),
            )
        elif event["type"] in ("grant_revoked", "grant_released", "grant_exhausted"):
            one = found[event["data"]["grant"]]
            one.ended = min(one.ended, _instant(event["at"]))
    return list(found.values())


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _judged(chaos: Chaos, known: dict[int, list[Window]], call: Passed) -> Verdict:
    eras = [
        (number, era)
        for number, era in enumerate(chaos.eras)
        if era.begun - era.late <= call.done and call.begun <= era.ended + era.late
    ]
    late = []
    for number, era in eras:
        # What a start without us inherits are the leases of the time before.
        own = known[number] if era.honours else []
        before = known[number - 1] if number and era.late == LEASE else []
        bound = era.late if era.late == LEASE else BOUND
        late += [
            max(0.0, call.begun - window.ended)
            for window in own + before
            if (window.who, window.kind) == (call.who, call.kind)
            and window.begun <= call.done
            and call.begun <= window.ended + bound
        ]
    if not late:
        return Verdict(call, "no grant", float("inf"))
    if call.who == TEMP:
        account = max((born for born in chaos.born if born <= call.begun), default=0.0)
        mine = [window for number, _ in eras for window in known[number] if window.who == TEMP]
        if not any(window.asked >= account - BOUND and window.begun <= call.done for window in mine):
            return Verdict(call, "inherited from an account that was deleted", min(late))
    return Verdict(call, None, min(late))
