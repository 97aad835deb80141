"""Values of `jit_access.values`. Generated from `src/wire/delivery.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, final

from jit_access.answers import Answered


@final
class Delivery(Answered):
    """The delivery of one notice to one recipient by one channel. Its id stays the same however often it is tried."""

    __slots__ = ()
    _shown = ("id", "state", "kind", "channel",)

    @property
    def id(self) -> str:
        """The id, a UUID. Receivers see it too."""
        return self._of("id")

    @property
    def kind(self) -> str:
        """The kind of the notice: `grant_revoked`."""
        return self._of("kind")

    @property
    def channel(self) -> str:
        """The channel, by its name in the configuration."""
        return self._of("channel")

    @property
    def state(self) -> Literal["waiting", "sent", "failed", "dropped"]:
        """The state."""
        return self._of("state")

    @property
    def recipient(self) -> str | None:
        """The recipient; `None` for the channel's own target."""
        return self._of("recipient")

    @property
    def address(self) -> str | None:
        """The address; `None` for the channel's own target."""
        return self._of("address")

    @property
    def digest(self) -> bool:
        """Whether it waits for others, to be sent with them as one message."""
        return bool(self._of("digest"))

    @property
    def attempts(self) -> int:
        """How often it was tried."""
        return self._of("attempts")

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self._of("created_at"))

    @property
    def next_at(self) -> datetime | None:
        """When it is tried next, while it waits."""
        return None if (found := self._of("next_at")) is None else datetime.fromisoformat(found)

    @property
    def settled_at(self) -> datetime | None:
        """When it was sent, failed finally or was dropped."""
        return None if (found := self._of("settled_at")) is None else datetime.fromisoformat(found)

    @property
    def last_error(self) -> str | None:
        """Why the last attempt failed."""
        return self._of("last_error")

    @property
    def subject(self) -> str | None:
        """The id of the request of the notice, or of a grant or a delegation without one."""
        return self._of("subject")
