"""Whether the record is whole: the last check of all of it, and its seals."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from jit_access import Caller, Engine, JitAccessError

_SAMPLES: Final = 24
"""So many places of the record are looked at for a seal."""


@dataclass
class Verification:
    """The last check of the whole journal in this process."""

    state: str = "never"
    began_at: datetime | None = None
    ended_at: datetime | None = None
    records: int = 0
    error: str = ""
    broken_at: int | None = None
    """The first record that does not hold."""


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

    def note(self, error: JitAccessError, record: int) -> None:
        """What somebody met who only wanted to read."""
        with self._lock:
            if self.last.state != "running":
                now = datetime.now(UTC)
                self.last = Verification("broken", now, now, error=str(error), broken_at=record)

    def _run(self, mine: Verification) -> None:
        try:
            mine.records = self._engine.verify()
            state = "whole"
        except JitAccessError as error:
            mine.error, state = str(error), "broken" if error.code == "corrupt" or error.status == 500 else "failed"
            mine.broken_at = broken_at(error)
        except Exception as error:
            mine.error, state = type(error).__name__, "failed"
        mine.ended_at = datetime.now(UTC)
        mine.state = state


def broken_at(error: JitAccessError) -> int | None:
    """The record that does not hold, if that is what an error says."""
    said = re.search(r"the journal breaks at record (\d+)", str(error))
    return int(said.group(1)) if said else None


@dataclass(frozen=True)
class Seal:
    """A signed checkpoint: how many records it covers, and when it was made."""

    size: int
    at: datetime

    @classmethod
    def of(cls, note: str) -> Seal:
        """The seal that a signed note is."""
        lines = note.split("\n")
        at = next(line.removeprefix("at ") for line in lines if line.startswith("at "))
        return cls(int(lines[1]), datetime.fromisoformat(at))


def seals(engine: Engine, who: Caller) -> list[Seal]:
    """Some of the seals, oldest first: the last one, and those next to evenly spaced places before it."""
    try:
        last = Seal.of(engine.checkpoint(who))
        found = {last.size: last}
        for at in range(1, _SAMPLES):
            place = max(1, last.size * at // _SAMPLES)
            seal = Seal.of(engine.checkpoint(who, record=place))
            found[seal.size] = seal
    except JitAccessError:
        # Nothing is signed yet, or this store is not sealed.
        return []
    return [found[size] for size in sorted(found)]


@dataclass(frozen=True)
class Strip:
    """The whole record as a bar, in percent of its width."""

    records: int
    first: int
    """The number of the first one: older ones may be removed."""
    sealed: float
    marks: tuple[tuple[float, Seal], ...]
    broken: float | None
    last: Seal | None


def first_kept(engine: Engine, who: Caller) -> int:
    """The number of the first record that is kept."""
    try:
        found = engine.audit(who, order="oldest", limit=1).items
    except JitAccessError as error:
        if broken_at(error) is None:
            raise
        return 1
    return found[0].revision if found else 1


def strip(head: int, found: list[Seal], verification: Verification, first: int = 1) -> Strip:
    """The picture of the records from the first one that is kept up to the last."""

    def place(record: int) -> float:
        kept = head - first + 1
        return min(100.0, max(0.0, (record - first + 1) * 100 / kept)) if head else 0.0

    marks: list[tuple[float, Seal]] = []
    for seal in (seal for seal in found if seal.size >= first):
        # Marks that would lie on each other are one.
        if not marks or place(seal.size) - marks[-1][0] > 1.5:
            marks.append((place(seal.size), seal))
    last = found[-1] if found else None
    broken = verification.broken_at
    return Strip(
        head - first + 1 if head else 0,
        first,
        place(last.size) if last else 0.0,
        tuple(marks),
        place(broken) if broken else None,
        last,
    )
