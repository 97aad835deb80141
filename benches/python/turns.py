"""How long a call from Python takes: two contenders take turns, and the median of the ratios of neighbouring turns
counts.

Prints the same lines as the Rust table, for `run.py`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from time import thread_time_ns
from typing import Any, Final

QUICK: Final = "QUICK" in os.environ
WORLD: Final = Path(os.environ["JIT_BENCH_WORLD"])
CALLS: Final = 2_048
"""How many calls of something fast are timed in one turn."""
FEW: Final = 64
"""How many questions a host has in its first cache at once."""

Question = tuple[str, str, str, str | None, bool]
Turn = Callable[[], float]


def questions(name: str) -> list[Question]:
    """Who, what, to what, its parent, and whether a grant gives it."""
    lines = (WORLD / name).read_text().splitlines()
    rows = (line.split("\t") for line in lines)
    return [(who, what, thing, parent or None, given == "1") for who, what, thing, parent, given in rows]


def calling(call: Callable[..., Any], rows: Sequence[Sequence[Any]], count: int) -> Turn:
    """A turn of `count` calls, after as many that are not timed. No Python is run between two calls of the same few,
    whose text is read before the clock starts: a host has just received it."""
    columns = [tuple(column) for column in zip(*rows, strict=True)]
    few = min(FEW, count)
    place = 0

    def some() -> float:
        nonlocal place
        first, place = place, (place + few) % (len(rows) - few + 1)
        arguments = [column[first : first + few] for column in columns]
        for column in arguments:
            "".join(text for text in column if isinstance(text, str))
        start = thread_time_ns()
        deque(map(call, *arguments), maxlen=0)
        return thread_time_ns() - start - CLOCK

    def turn() -> float:
        for _ in range(0, count, few):
            some()
        return sum(some() for _ in range(0, count, few)) / count

    return turn


def clock() -> float:
    """What two readings of the clock take of what they measure."""
    return median(-(thread_time_ns() - thread_time_ns()) for _ in range(20_001))


CLOCK: Final = clock()


def compare(one: Turn, other: Turn, turns: int) -> tuple[float, float, float]:
    """Nanoseconds of both, and how many times the other's the first one's are."""
    times = [(other(), one()) for _ in range(5 if QUICK else turns)]
    return median(b for _, b in times), median(a for a, _ in times), median(b / a for a, b in times)


def row(what: str, value: float, unit: str, bar: str = "", detail: str = "") -> None:
    """A line of the table; a bar is `<= 2.5`, `>= 400` or nothing."""
    sign, _, limit = bar.partition(" ")
    print("row", what, value, unit, sign, limit, detail, sep="\t", flush=True)


def right(call: Callable[..., bool], asked: Iterable[Question]) -> None:
    """A wrong answer is not a fast one."""
    for who, what, thing, parent, given in asked:
        assert call(who, what, thing, parent) == given, (who, what, thing, parent, given)
