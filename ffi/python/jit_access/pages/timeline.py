"""Where the bars, the uses and the line for now are in the picture of the grants, in percent of its width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from jit_access.pages.watching import Held

SPANS: Final = {"1h": timedelta(hours=1), "8h": timedelta(hours=8), "day": timedelta(days=1), "week": timedelta(days=7)}
_NOW_AT: Final = 0.35
_NARROWEST: Final = 0.6


@dataclass(frozen=True)
class Lane:
    """One grant in the picture."""

    held: Held
    left: float
    width: float
    elapsed: float
    """How much of the bar is over."""
    ticks: tuple[float, ...]
    begins_before: bool
    ends_after: bool
    look: str


@dataclass(frozen=True)
class Mark:
    """A line of the scale."""

    at: float
    instant: datetime


@dataclass(frozen=True)
class Picture:
    """The picture of some grants over some time."""

    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    now: float
    span: str


def draw(grants: Sequence[Held], span: str, now: datetime) -> Picture:
    """The picture of these grants around now."""
    length = SPANS[span]
    start = now - length * _NOW_AT

    def place(instant: datetime) -> float:
        return (instant - start) / length * 100

    lanes = []
    for held in grants:
        begins, ends = place(held.starts_at), place(held.ended_at or held.expires_at)
        left, right = min(max(begins, 0.0), 100.0 - _NARROWEST), min(max(ends, 0.0), 100.0)
        width = max(right - left, _NARROWEST)
        over = min(max(_NOW_AT * 100 - left, 0.0), width)
        ticks = tuple(sorted({round(at, 1) for at in map(place, held.uses) if left <= at <= left + width}))
        lanes.append(Lane(held, left, width, over, ticks, begins < 0, ends > 100, held.look))
    step = length / 8
    for nice in _STEPS:
        if step <= nice:
            step = nice
            break
    first = datetime.fromtimestamp((start.timestamp() // step.total_seconds() + 1) * step.total_seconds(), UTC)
    marks = []
    while first < start + length:
        if 2 < place(first) < 96.5:
            marks.append(Mark(place(first), first))
        first += step
    return Picture(tuple(lanes), tuple(marks), _NOW_AT * 100, span)


_STEPS: Final = tuple(timedelta(minutes=m) for m in (5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880))
