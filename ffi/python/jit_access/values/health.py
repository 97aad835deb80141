"""Values of `jit_access.values`. Generated from `src/wire/health.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, final

from jit_access.answers import Answered, Value


@final
class StoreHealth(Value):
    """How the store stands, as this process sees it."""

    __slots__ = ()
    _shown = ("revision", "current_at", "replaced", "notices_waiting",)

    @property
    def revision(self) -> int:
        """The last record."""
        return self._of("revision")

    @property
    def current_at(self) -> datetime | None:
        """When the grants that this process knows were last proven to be current."""
        return None if (found := self._of("current_at")) is None else datetime.fromisoformat(found)

    @property
    def replaced(self) -> bool:
        """Whether it was replaced and nobody has accepted that. Then no grant is honoured."""
        return bool(self._of("replaced"))

    @property
    def notices_waiting(self) -> int:
        """Notices that are due and of which nobody has found out yet who is told."""
        return self._of("notices_waiting")


@final
class JournalHealth(Value):
    """What the verification of the journal has found last, in this process."""

    __slots__ = ()
    _shown = ("verified", "verified_at", "all_verified_at", "problem", "elevation_stopped",)

    @property
    def verified(self) -> int:
        """The last record up to which the journal was found to be whole."""
        return self._of("verified")

    @property
    def verified_at(self) -> datetime | None:
        """When it was found; `None` when this process has verified nothing yet."""
        return None if (found := self._of("verified_at")) is None else datetime.fromisoformat(found)

    @property
    def all_verified_at(self) -> datetime | None:
        """When all of it was verified last, from the first record on."""
        return None if (found := self._of("all_verified_at")) is None else datetime.fromisoformat(found)

    @property
    def problem(self) -> str | None:
        """What is wrong, if something is."""
        return self._of("problem")

    @property
    def elevation_stopped(self) -> bool:
        """Whether no grant is honoured for that reason."""
        return bool(self._of("elevation_stopped"))


@final
class OfflineHealth(Value):
    """What was recorded on this machine while the store was away."""

    __slots__ = ()
    _shown = ("entries", "grants", "problem",)

    @property
    def entries(self) -> int:
        """How many entries wait to be merged."""
        return self._of("entries")

    @property
    def grants(self) -> int:
        """How many grants in force only this machine knows of."""
        return self._of("grants")

    @property
    def problem(self) -> str | None:
        """Why they cannot be merged, if so: a person has to look."""
        return self._of("problem")


@final
class ClockHealth(Value):
    """How the clock stands."""

    __slots__ = ()
    _shown = ("source", "wall", "doubted", "skew_ms",)

    @property
    def source(self) -> Literal["host", "database"]:
        """Whose time of day is believed: that of the `host` or of the `database`."""
        return self._of("source")

    @property
    def wall(self) -> datetime:
        """What the wall clock shows."""
        return datetime.fromisoformat(self._of("wall"))

    @property
    def doubted(self) -> Literal["ahead", "behind"] | None:
        """Which way it is wrong, if nobody knows what time it is: `ahead` or `behind`. Then only break-glass grants are honoured."""
        return self._of("doubted")

    @property
    def skew_ms(self) -> int | None:
        """How far the host's clock is ahead of that of the store's server, in milliseconds; `None` where there is none to compare with."""
        return self._of("skew_ms")


@final
class ChannelHealth(Value):
    """How the deliveries of one channel stand."""

    __slots__ = ()
    _shown = ("channel", "last_success", "waiting", "failed",)

    @property
    def channel(self) -> str:
        """The channel, by its name in the configuration."""
        return self._of("channel")

    @property
    def last_success(self) -> datetime | None:
        """When a delivery last succeeded."""
        return None if (found := self._of("last_success")) is None else datetime.fromisoformat(found)

    @property
    def waiting(self) -> int:
        """How many deliveries wait."""
        return self._of("waiting")

    @property
    def failed(self) -> int:
        """How many were given up and wait for a person."""
        return self._of("failed")


@final
class Health(Answered):
    """How the library stands. Later versions add fields."""

    __slots__ = ()
    _shown = ("channels",)

    @property
    def at(self) -> datetime:
        """When it was looked at."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def store(self) -> StoreHealth:
        """How the store stands. That it could be read is said by there being an answer."""
        return StoreHealth(self._of("store"))

    @property
    def journal(self) -> JournalHealth:
        """What the verification of the journal has found last, in this process."""
        return JournalHealth(self._of("journal"))

    @property
    def offline(self) -> OfflineHealth | None:
        """What was recorded on this machine while the store was away and waits to be merged; `None` where that is not configured."""
        return None if (found := self._of("offline")) is None else OfflineHealth(found)

    @property
    def clock(self) -> ClockHealth:
        """How the clock stands."""
        return ClockHealth(self._of("clock"))

    @property
    def channels(self) -> tuple[ChannelHealth, ...]:
        """Each channel, by name: those that are configured, and those that deliveries are left of."""
        return tuple(ChannelHealth(each) for each in self._of("channels"))
