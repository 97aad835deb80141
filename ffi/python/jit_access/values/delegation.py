"""Values of `jit_access.values`. Generated from `src/wire/delegation.rs`, by `tests/generated`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal, final

from jit_access.answers import Answered
from jit_access.principals import Principal


@final
class Delegation(Answered):
    """A delegation: the right to review, for a limited time. It cannot be delegated again, and it never covers requests of the delegator."""

    __slots__ = ()
    _shown = ("id", "status", "delegator", "delegate",)

    @property
    def id(self) -> str:
        """The id, a UUID."""
        return self._of("id")

    @property
    def status(self) -> Literal["scheduled", "active", "expired", "ended"]:
        """The status at the instant of the answer."""
        return self._of("status")

    @property
    def delegator(self) -> Principal:
        """The person whose right to review it is."""
        return Principal._of(self._of("delegator"))

    @property
    def delegate(self) -> Principal:
        """The person who may review in their place."""
        return Principal._of(self._of("delegate"))

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that are delegated."""
        return tuple(self._of("roles"))

    @property
    def from_(self) -> datetime:
        """The first instant at which it holds."""
        return datetime.fromisoformat(self._of("from"))

    @property
    def until(self) -> datetime:
        """The first instant at which it no longer holds."""
        return datetime.fromisoformat(self._of("until"))

    @property
    def reason(self) -> str:
        """The reason for it."""
        return self._of("reason")

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self._of("created_at"))

    @property
    def ended_at(self) -> datetime | None:
        """When it was ended early."""
        return None if (found := self._of("ended_at")) is None else datetime.fromisoformat(found)

    @property
    def ended_by(self) -> str | None:
        """Who ended it early."""
        return self._of("ended_by")

    @property
    def links(self) -> Mapping[str, str]:
        """Paths to the delegation."""
        return MappingProxyType(self._of("links"))
