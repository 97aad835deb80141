"""Reading the journal for a page: newest first, filtered, with a bound on how much is read for one page.

Records are numbered without gaps in the order of time, so a place in it is found by halving.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from jit_access import Caller, Engine

_BLOCK: Final = 500
_SECONDS: Final = 0.15
"""How long a page looks for matches before it shows what it has, and where it stopped."""


@dataclass(frozen=True)
class Entry:
    """A record, as a page shows it."""

    document: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def revision(self) -> int:
        return int(self.document["revision"])

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.document["at"])

    @property
    def event(self) -> str:
        return str(self.document["event"])

    @property
    def by(self) -> str:
        return str(self.document["by"])

    @property
    def grant(self) -> str | None:
        """The grant that it is about."""
        if self.event == "grant_created":
            return str(self.data["id"])
        return self.data.get("grant")

    @property
    def request(self) -> str | None:
        """The request that it is about."""
        if self.event == "request_submitted":
            return str(self.data["id"])
        return self.data.get("request")

    @property
    def text(self) -> str:
        """What somebody wrote."""
        for name in ("reason", "comment", "question", "answer", "finding", "justification"):
            if isinstance(found := self.data.get(name), str):
                return found
        return ""

    @property
    def what(self) -> str:
        """What it says besides who and which: an action and where, or a role."""
        if self.event == "grant_used":
            return " ".join(part for part in (self.data.get("action"), self.data.get("resource")) if part)
        found = self.data.get("role")
        return str(found) if isinstance(found, str) else ""


@dataclass(frozen=True)
class Found:
    """What a page shows of the journal."""

    entries: list[Entry]
    older: int | None
    """Where to go on, to see what is older."""
    read: int
    """How many records were read."""
    stopped: bool
    """Whether it was the time that ended the search."""


def entry(document: Mapping[str, Any]) -> Entry:
    """A record for a page."""
    data = document["data"]
    return Entry(document, data if isinstance(data, dict) else {})


def block(engine: Engine, who: Caller, after: int, most: int) -> list[dict[str, Any]]:
    """The records after this one, as documents."""
    page = engine.audit(who, after=after, canonical=True, limit=most)
    found: list[dict[str, Any]] = json.loads(page.to_json())["items"]
    return found


def newest(
    engine: Engine,
    who: Caller,
    *,
    before: int | None,
    until: int = 0,
    most: int,
    wanted: Callable[[dict[str, Any]], bool] | None,
) -> Found:
    """Up to `most` records that are wanted, newest first, older than `before` and newer than `until`."""
    place = (before - 1) if before is not None else engine.sync()
    found: list[Entry] = []
    read, ends = 0, time.monotonic() + _SECONDS
    size = most if wanted is None else _BLOCK
    while place > until and len(found) < most:
        if read and time.monotonic() > ends:
            return Found(found, place + 1, read, stopped=True)
        start = max(until, place - size)
        documents = [one for one in block(engine, who, start, place - start) if one["revision"] <= place]
        read += len(documents)
        for document in reversed(documents):
            place = int(document["revision"]) - 1
            if wanted is None or wanted(document):
                found.append(entry(document))
                if len(found) == most:
                    break
        else:
            place = start
    return Found(found, place + 1 if place > until else None, read, stopped=False)


def place_of(engine: Engine, who: Caller, instant: datetime) -> int:
    """The last record before this instant; 0 when there is none."""
    low, high = 0, engine.sync()
    sought = instant.astimezone(UTC)
    while low < high:
        middle = (low + high) // 2
        found = block(engine, who, middle, 1)
        if found and datetime.fromisoformat(found[0]["at"]) < sought:
            low = middle + 1
        else:
            high = middle
    return low


@dataclass(frozen=True)
class Ring:
    """A record in the picture of the chain."""

    revision: int
    hash: str
    whole: bool
    """Whether its text has this hash."""
    joined: bool
    """Whether it names the hash of the record before it."""


def chain(documents: Iterable[Mapping[str, Any]]) -> list[Ring]:
    """Whether these records, which follow each other, hang together. Computed here, from what is stored."""
    rings: list[Ring] = []
    before: str | None = None
    for one in documents:
        computed = hashlib.sha256(str(one["body"]).encode()).hexdigest()
        joined = before is None or one["previous"] == before
        rings.append(Ring(int(one["revision"]), str(one["hash"]), computed == one["hash"], joined))
        before = str(one["hash"])
    return rings
