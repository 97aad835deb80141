"""Values of `jit_access.values`. Generated from `src/wire/explanation.rs`, by `tests/generated`."""

from __future__ import annotations

from typing import Literal, final

from jit_access.answers import Answered, Value


@final
class Considered(Value):
    """A grant, and why it allows the action or does not."""

    __slots__ = ()
    _shown = ("grant_id", "role", "why", "detail", "remedy",)

    @property
    def grant_id(self) -> str:
        """The id of the grant."""
        return self._of("grant_id")

    @property
    def role(self) -> str:
        """The role of the catalogue."""
        return self._of("role")

    @property
    def why(self) -> Literal["granted", "disabled", "scheduled", "suspended", "ended", "used_up", "reserved", "time_unknown", "out_of_scope", "mfa_required", "outside_networks", "other_session", "other_call", "condition_not_met"]:
        """The reason, for programs."""
        return self._of("why")

    @property
    def detail(self) -> str:
        """The reason, for people."""
        return self._of("detail")

    @property
    def remedy(self) -> str:
        """What would lift it, for people; empty when the grant allows."""
        return self._of("remedy")


@final
class Explanation(Answered):
    """Why a check is answered as it is."""

    __slots__ = ()
    _shown = ("outcome", "reason", "detail",)

    @property
    def outcome(self) -> Literal["allow", "deny", "not_applicable"]:
        """What the check answers now."""
        return self._of("outcome")

    @property
    def reason(self) -> str:
        """The reason of the decision."""
        return self._of("reason")

    @property
    def detail(self) -> str:
        """The answer in a sentence, for people."""
        return self._of("detail")

    @property
    def grant_id(self) -> str | None:
        """The grant that allows it."""
        return self._of("grant_id")

    @property
    def grants(self) -> tuple[Considered, ...]:
        """The grants that permit the action somewhere or sometime, newest first."""
        return tuple(Considered(each) for each in self._of("grants"))

    @property
    def ask_for(self) -> tuple[str, ...]:
        """The roles that the caller may request and that include the action, when they ask about themself and no grant allows it."""
        return tuple(self._of("ask_for"))
