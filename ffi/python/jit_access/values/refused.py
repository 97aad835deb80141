"""Values of `jit_access.values`. Generated from `src/wire/refused.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import final

from jit_access.answers import Answered


@final
class RefusedAttempt(Answered):
    """Attempts of one principal that were refused for one reason, within one hour."""

    __slots__ = ()
    _shown = ("principal", "attempt", "code", "count",)

    @property
    def principal(self) -> str:
        """The principal: a person, or `agent:name`."""
        return self._of("principal")

    @property
    def acts_for(self) -> str | None:
        """The person that an agent acts for, if known."""
        return self._of("acts_for")

    @property
    def attempt(self) -> str:
        """The attempt: the name of a command or a read, or `check`."""
        return self._of("attempt")

    @property
    def code(self) -> str:
        """Why it was refused: the code of the refusal, or the reason of the check."""
        return self._of("code")

    @property
    def about(self) -> str:
        """The subject of the last one, such as `request` and its id; empty without one."""
        return self._of("about")

    @property
    def message(self) -> str:
        """The message of the last refusal; empty for a check."""
        return self._of("message")

    @property
    def count(self) -> int:
        """How many."""
        return self._of("count")

    @property
    def first_at(self) -> datetime:
        """When the first was."""
        return datetime.fromisoformat(self._of("first_at"))

    @property
    def last_at(self) -> datetime:
        """When the last one was made."""
        return datetime.fromisoformat(self._of("last_at"))
