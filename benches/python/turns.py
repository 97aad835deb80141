"""How long a call from Python takes: two contenders take turns, and the median of the ratios of neighbouring turns counts.

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

Question = tuple[str, str, str, str | None, bool]
Turn = Callable[[], float]


def questions(name: str) -> list[Question]:
    """Who, what, to what, on which server, and whether a grant gives it."""
    lines = (WORLD / name).read_text().splitlines()
    rows = (line.split("\t") for line in lines)
    return [(who, what, thing, server or None, given == "1") for who, what, thing, server, given in rows]


def calling(call: Callable[..., Any], rows: Sequence[Sequence[Any]], count: int) -> Turn:
    """A turn of `count` calls, the first half of them not timed. No Python is run between two calls."""
    columns = [tuple(column) for column in zip(*rows, strict=True)]
    place = 0

    def some(much: int) -> float:
        nonlocal place
        first, place = place, (place + much) % (len(rows) - much + 1)
        arguments = [column[first : first + much] for column in columns]
        start = thread_time_ns()
        deque(map(call, *arguments), maxlen=0)
        return (thread_time_ns() - start) / much

    def turn() -> float:
        some(max(1, count // 2))
        return some(max(1, count // 2))

    return turn


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
    for who, what, thing, server, given in asked:
        assert call(who, what, thing, server) == given, (who, what, thing, server, given)
