"""Values of `jit_access.values`. Generated from `src/wire/alert.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, final

from jit_access.answers import Answered
from jit_access.principals import Principal


@final
class Alert(Answered):
    """An alert of the monitor, and how it was handled."""

    __slots__ = ()
    _shown = ("id", "kind", "status", "text",)

    @property
    def id(self) -> str:
        """The alert."""
        return self._of("id")

    @property
    def kind(self) -> str:
        """The kind: `burst`."""
        return self._of("kind")

    @property
    def severity(self) -> Literal["routine", "unusual", "trouble"]:
        """How it is meant: `trouble` is about the engine itself."""
        return self._of("severity")

    @property
    def status(self) -> Literal["open", "acknowledged", "silenced"]:
        """The state of the alert."""
        return self._of("status")

    @property
    def text(self) -> str:
        """The finding, with its numbers."""
        return self._of("text")

    @property
    def grant_id(self) -> str | None:
        """The grant that it is about."""
        return self._of("grant_id")

    @property
    def principal(self) -> Principal | None:
        """The principal that it is about."""
        return None if (found := self._of("principal")) is None else Principal._of(found)

    @property
    def since(self) -> datetime:
        """The instant of the finding."""
        return datetime.fromisoformat(self._of("since"))

    @property
    def raised_at(self) -> datetime:
        """When it was raised."""
        return datetime.fromisoformat(self._of("raised_at"))

    @property
    def acknowledged_by(self) -> str | None:
        """Who acknowledged it."""
        return self._of("acknowledged_by")

    @property
    def acknowledged_at(self) -> datetime | None:
        """When that was."""
        return None if (found := self._of("acknowledged_at")) is None else datetime.fromisoformat(found)

    @property
    def finding(self) -> str | None:
        """The finding of the person who acknowledged it."""
        return self._of("finding")

    @property
    def silenced_by(self) -> str | None:
        """Who silenced it."""
        return self._of("silenced_by")

    @property
    def silenced_until(self) -> datetime | None:
        """Until when no similar alert is raised."""
        return None if (found := self._of("silenced_until")) is None else datetime.fromisoformat(found)

    @property
    def silence_reason(self) -> str | None:
        """Why it was silenced."""
        return self._of("silence_reason")

    @property
    def revision(self) -> int:
        """The record of the journal that raised it."""
        return self._of("revision")
