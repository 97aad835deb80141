"""Values of `jit_access.values`. Generated from `src/wire/record.rs`, by `tests/generated`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, final

from jit_access.answers import Answered


@final
class Record(Answered):
    """A record of the journal."""

    __slots__ = ()
    _shown = ("revision", "event", "by",)

    @property
    def revision(self) -> int:
        """Its position; gapless, from 1."""
        return self._of("revision")

    @property
    def at(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def by(self) -> str:
        """The actor: a person, `agent:name`, or `rule:` and the name of a rule."""
        return self._of("by")

    @property
    def accountable(self) -> str | None:
        """The accountable person: the actor, or the person that the acting agent acted for; `None` for a rule."""
        return self._of("accountable")

    @property
    def event(self) -> str:
        """What happened: `grant_revoked`."""
        return self._of("event")

    @property
    def result(self) -> str | None:
        """The result, if there is one: `allowed`, `denied`, `expired`."""
        return self._of("result")

    @property
    def grant_id(self) -> str | None:
        """The grant that it is about."""
        return self._of("grant")

    @property
    def request_id(self) -> str | None:
        """The request that it is about; of a grant, the one it answers."""
        return self._of("request")

    @property
    def approvers(self) -> tuple[str, ...]:
        """For a record about a grant: who approved it."""
        return tuple(self._of("approvers"))

    @property
    def ticket_url(self) -> str | None:
        """Of a record about a grant: the ticket of the work."""
        return self._of("ticket_url")

    @property
    def data(self) -> Mapping[str, Any]:
        """Its other data, in the form in which it is stored. The fields depend on `event`."""
        return MappingProxyType(self._of("data"))

    @property
    def previous(self) -> str:
        """The hash of the record before it."""
        return self._of("previous")

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of the whole record, in hexadecimal."""
        return self._of("hash")

    @property
    def body(self) -> str | None:
        """That canonical JSON (RFC 8785), if requested."""
        return self._of("body")
