"""Values of `jit_access.values`. Generated from `src/wire/offer.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, final

from jit_access._native import Conditions
from jit_access.answers import Answered, Value


@final
class OfferedStep(Value):
    """A step of an approval: a number of different people who each hold one of its roles."""

    __slots__ = ()
    _shown = ("roles", "count",)

    @property
    def roles(self) -> tuple[str, ...]:
        """The host roles; a reviewer needs one of them."""
        return tuple(self._of("roles"))

    @property
    def count(self) -> int:
        """How many different people must approve."""
        return self._of("count")


@final
class Held(Value):
    """A live grant with some permissions of a role."""

    __slots__ = ()
    _shown = ("grant_id", "role", "resource", "starts_at", "expires_at", "suspended",)

    @property
    def grant_id(self) -> str:
        """The id of the grant."""
        return self._of("grant_id")

    @property
    def role(self) -> str:
        """The role of the grant."""
        return self._of("role")

    @property
    def resource(self) -> str:
        """The scope: a resource, or `*`."""
        return self._of("resource")

    @property
    def starts_at(self) -> datetime:
        """When it begins or has begun."""
        return datetime.fromisoformat(self._of("starts_at"))

    @property
    def expires_at(self) -> datetime:
        """When it ends."""
        return datetime.fromisoformat(self._of("expires_at"))

    @property
    def suspended(self) -> bool:
        """Whether it is suspended."""
        return bool(self._of("suspended"))


@final
class Offer(Answered):
    """A role of the catalogue that the caller may request."""

    __slots__ = ()
    _shown = ("role", "may_request", "not_held",)

    @property
    def role(self) -> str:
        """Its name."""
        return self._of("role")

    @property
    def description(self) -> str:
        """The description of the operator; may be empty."""
        return self._of("description")

    @property
    def may_request(self) -> bool:
        """Whether the caller may request it."""
        return bool(self._of("may_request"))

    @property
    def may_break_glass(self) -> bool:
        """Whether the caller may take it by break-glass, with a sign-in that is strong enough."""
        return bool(self._of("may_break_glass"))

    @property
    def permissions(self) -> tuple[str, ...]:
        """What it permits, without reserved permissions."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `permissions`."""
        return tuple(self._of("excluded_permissions"))

    @property
    def not_held(self) -> tuple[str, ...]:
        """Those permissions that the caller has neither by standing right nor by a live grant on everything."""
        return tuple(self._of("not_held"))

    @property
    def not_held_except(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `not_held`."""
        return tuple(self._of("not_held_except"))

    @property
    def risk_level(self) -> Literal["low", "medium", "high", "critical"]:
        """The risk of a request for all of it, everywhere, for the usual length."""
        return self._of("risk_level")

    @property
    def conditions(self) -> Conditions | None:
        """The conditions at every use; `None` for none."""
        return None if (found := self._of("conditions")) is None else Conditions(**found)

    @property
    def default_duration_hours(self) -> float:
        """The length of a grant when the request names none."""
        return self._of("default_duration_hours")

    @property
    def max_duration_hours(self) -> float:
        """The longest grant."""
        return self._of("max_duration_hours")

    @property
    def needs_ticket(self) -> bool:
        """Whether a request must have a ticket."""
        return bool(self._of("needs_ticket"))

    @property
    def approval(self) -> tuple[OfferedStep, ...]:
        """The steps of the approval; empty when nobody can approve."""
        return tuple(OfferedStep(each) for each in self._of("approval"))

    @property
    def approved_by_rule(self) -> str | None:
        """The rule that would approve such a request now."""
        return self._of("approved_by_rule")

    @property
    def refused(self) -> str | None:
        """The code of the refusal, if such a request would be refused now."""
        return self._of("refused")

    @property
    def refused_detail(self) -> str | None:
        """Why it would be refused."""
        return self._of("refused_detail")

    @property
    def refused_until(self) -> datetime | None:
        """From when on it may be accepted, where time alone makes the difference."""
        return None if (found := self._of("refused_until")) is None else datetime.fromisoformat(found)

    @property
    def held(self) -> tuple[Held, ...]:
        """The live grants of the caller with any of these permissions, the one that ends last first."""
        return tuple(Held(each) for each in self._of("held"))

    @property
    def covered_until(self) -> datetime | None:
        """Until when a live grant of the caller has all these permissions, everywhere and without conditions."""
        return None if (found := self._of("covered_until")) is None else datetime.fromisoformat(found)
