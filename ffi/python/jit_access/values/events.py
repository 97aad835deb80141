"""Values of `jit_access.values`. Generated from `src/wire/events.rs`, by `tests/generated`."""

from __future__ import annotations

from typing import final

from jit_access.answers import Answered, Value


@final
class Event(Value):
    """A record of a change, or of the last use."""

    __slots__ = ()
    _shown = ("revision", "kind",)

    @property
    def revision(self) -> int:
        """The number of the record."""
        return self._of("revision")

    @property
    def kind(self) -> str:
        """The kind of the fact: `grant_created`."""
        return self._of("kind")


@final
class Events(Answered):
    """What happened after a record that the caller may know of."""

    __slots__ = ()
    _shown = ("revision", "missed",)

    @property
    def revision(self) -> int:
        """Send it as `after` to continue from here."""
        return self._of("revision")

    @property
    def missed(self) -> bool:
        """Whether more has happened than is kept, so that everything must be read again."""
        return bool(self._of("missed"))

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened, oldest first."""
        return tuple(Event(each) for each in self._of("events"))
