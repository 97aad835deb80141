"""Values of `jit_access.values`. Generated from `src/wire/health.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, final

from jit_access.answers import Answered, Value


@final
class StoreHealth(Value):
    """The state of the store, as this process sees it."""

    __slots__ = ()
    _shown = ("revision", "current_at", "replaced", "notices_waiting",)

    @property
    def revision(self) -> int:
        """The revision of the last record."""
        return self._of("revision")

    @property
    def current_at(self) -> datetime | None:
        """When the grants in memory were last proven to be current."""
        return None if (found := self._of("current_at")) is None else datetime.fromisoformat(found)

    @property
    def replaced(self) -> bool:
        """Whether it was replaced and no operator has accepted it. Then no grant is honoured."""
        return bool(self._of("replaced"))

    @property
    def notices_waiting(self) -> int:
        """Notices that are due and whose recipients are not determined yet."""
        return self._of("notices_waiting")


@final
class JournalHealth(Value):
    """The result of the last verification of the journal by this process."""

    __slots__ = ()
    _shown = ("verified", "verified_at", "all_verified_at", "problem", "elevation_stopped",)

    @property
    def verified(self) -> int:
        """The last record up to which the journal was found intact."""
        return self._of("verified")

    @property
    def verified_at(self) -> datetime | None:
        """When it was found; `None` when this process has verified nothing yet."""
        return None if (found := self._of("verified_at")) is None else datetime.fromisoformat(found)

    @property
    def all_verified_at(self) -> datetime | None:
        """When the whole journal was last verified, from the first record on."""
        return None if (found := self._of("all_verified_at")) is None else datetime.fromisoformat(found)

    @property
    def problem(self) -> str | None:
        """What is wrong, if anything is."""
        return self._of("problem")

    @property
    def elevation_stopped(self) -> bool:
        """Whether no grant is honoured for that reason."""
        return bool(self._of("elevation_stopped"))


@final
class OfflineHealth(Value):
    """What was recorded on this machine while the store was unavailable."""

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
    """The state of the clock."""

    __slots__ = ()
    _shown = ("source", "wall", "doubted", "skew_ms",)

    @property
    def source(self) -> Literal["host", "database"]:
        """Which clock gives the time: that of the `host` or of the `database`."""
        return self._of("source")

    @property
    def wall(self) -> datetime:
        """What the wall clock shows."""
        return datetime.fromisoformat(self._of("wall"))

    @property
    def doubted(self) -> Literal["ahead", "behind"] | None:
        """The direction of the error when the time is uncertain: `ahead` or `behind`. Then only break-glass grants are honoured."""
        return self._of("doubted")

    @property
    def skew_ms(self) -> int | None:
        """How far the host's clock is ahead of that of the store's server, in milliseconds; `None` when they cannot be compared."""
        return self._of("skew_ms")


@final
class ChannelHealth(Value):
    """The state of a channel's deliveries."""

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
        """How many failed finally and wait for an operator."""
        return self._of("failed")


@final
class Health(Answered):
    """The health of the library. Later versions add fields."""

    __slots__ = ()
    _shown = ("channels",)

    @property
    def at(self) -> datetime:
        """When it was looked at."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def store(self) -> StoreHealth:
        """The state of the store. An answer means that it could be read."""
        return StoreHealth(self._of("store"))

    @property
    def journal(self) -> JournalHealth:
        """The result of the last verification of the journal by this process."""
        return JournalHealth(self._of("journal"))

    @property
    def offline(self) -> OfflineHealth | None:
        """What was recorded on this machine while the store was unavailable and waits to be merged; `None` when that is not configured."""
        return None if (found := self._of("offline")) is None else OfflineHealth(found)

    @property
    def clock(self) -> ClockHealth:
        """The state of the clock."""
        return ClockHealth(self._of("clock"))

    @property
    def channels(self) -> tuple[ChannelHealth, ...]:
        """Each channel, by name: those that are configured, and those that deliveries are left of."""
        return tuple(ChannelHealth(each) for each in self._of("channels"))
