"""Records of the journal, as pages show them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from jit_access import Caller, Engine, JitAccessError
from jit_access.pages.verifying import broken_at
from jit_access.values import Record

_WRITTEN: Final = ("reason", "comment", "question", "answer", "finding", "justification")


@dataclass(frozen=True)
class Entry:
    """A record as a line of a page."""

    record: Record

    @property
    def revision(self) -> int:
        return self.record.revision

    @property
    def at(self) -> datetime:
        return self.record.at

    @property
    def event(self) -> str:
        return self.record.event

    @property
    def by(self) -> str:
        return self.record.by

    @property
    def grant(self) -> str | None:
        """The grant that it is about."""
        return self.record.grant_id

    @property
    def request(self) -> str | None:
        """The request that it is about."""
        return self.record.request_id

    @property
    def text(self) -> str:
        """What somebody wrote."""
        data = self.record.data
        return next((data[name] for name in _WRITTEN if isinstance(data.get(name), str)), "")

    @property
    def what(self) -> str:
        """What it says besides who and which: an action and where, or a role."""
        data = self.record.data
        if self.event == "grant_used":
            return " ".join(part for part in (data.get("action"), data.get("resource")) if part)
        role = data.get("role")
        return role if isinstance(role, str) else ""


def block(engine: Engine, who: Caller, after: int, most: int) -> list[Record]:
    """The records after this one, each with its canonical text."""
    return list(engine.audit(who, after=after, order="oldest", canonical=True, limit=most).items)


def rings(engine: Engine, who: Caller, after: int, most: int) -> list[Ring]:
    """The picture of the records after this one. The engine reads none that is not as it was sealed, so around such a
    record each is asked for by itself, and what is known of the broken one is what the next one says."""
    try:
        return chain(block(engine, who, after, most))
    except JitAccessError as error:
        if broken_at(error) is None:
            raise
    found: list[Ring] = []
    for number in range(after, min(after + most, engine.revision)):
        try:
            read = block(engine, who, number, 1)
        except JitAccessError as error:
            if broken_at(error) is None:
                raise
            before = found[-1].hash if found else None
            found.append(Ring(number + 1, "", whole=False, joined=True, computed="", previous="", before=before))
            continue
        if not read:
            # The head was written after what this page is made from.
            break
        [one] = read
        [ring] = chain([one])
        last = found[-1] if found else None
        if last is not None and not last.hash:
            found[-1] = replace(last, hash=one.previous)
        found.append(ring)
    return found


@dataclass(frozen=True)
class Ring:
    """A record in the picture of the chain."""

    revision: int
    hash: str
    whole: bool
    """Whether its text has this hash."""
    joined: bool
    """Whether it names the hash of the record before it."""
    computed: str
    """The hash that its text has."""
    previous: str
    """The hash of the record before it, as it says."""
    before: str | None
    """The same, as it is; `None` for the first of those that are looked at."""


def chain(records: Iterable[Record]) -> list[Ring]:
    """Whether these records, which follow each other, hang together. Computed here, from what is stored."""
    rings: list[Ring] = []
    before: str | None = None
    for one in records:
        computed = hashlib.sha256((one.body or "").encode()).hexdigest()
        joined = before is None or one.previous == before
        rings.append(Ring(one.revision, one.hash, computed == one.hash, joined, computed, one.previous, before))
        before = one.hash
    return rings
