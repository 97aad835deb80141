"""Values of `jit_access.values`. Generated from `src/wire/remedy.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, final

from jit_access.answers import Answered, Value
from jit_access.values.offer import OfferedStep


@final
class Remedy(Value):
    """A request that would be accepted now. `role`, `permissions` and `resource` are fields of `submit`."""

    __slots__ = ()
    _shown = ("role", "description", "permissions", "excluded_permissions", "whole_role", "resource", "default_duration_hours", "max_duration_hours", "needs_reason", "needs_ticket", "approval", "approved_by_rule", "risk_level",)

    @property
    def role(self) -> str:
        """The role to request."""
        return self._of("role")

    @property
    def description(self) -> str:
        """What the role is for; empty when the operator wrote nothing."""
        return self._of("description")

    @property
    def permissions(self) -> tuple[str, ...]:
        """What the request would be for."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `permissions`."""
        return tuple(self._of("excluded_permissions"))

    @property
    def whole_role(self) -> bool:
        """Whether that is the whole role: then a request names no permissions."""
        return bool(self._of("whole_role"))

    @property
    def resource(self) -> str:
        """Where, as a request names it."""
        return self._of("resource")

    @property
    def default_duration_hours(self) -> float:
        """The length of a grant when the request names none."""
        return self._of("default_duration_hours")

    @property
    def max_duration_hours(self) -> float:
        """The longest grant."""
        return self._of("max_duration_hours")

    @property
    def needs_reason(self) -> bool:
        """Whether a request must have a reason."""
        return bool(self._of("needs_reason"))

    @property
    def needs_ticket(self) -> bool:
        """Whether a request must have a ticket."""
        return bool(self._of("needs_ticket"))

    @property
    def approval(self) -> tuple[OfferedStep, ...]:
        """The steps of the approval."""
        return tuple(OfferedStep(each) for each in self._of("approval"))

    @property
    def approved_by_rule(self) -> str | None:
        """The rule that would approve such a request now."""
        return self._of("approved_by_rule")

    @property
    def risk_level(self) -> Literal["low", "medium", "high", "critical"]:
        """The risk of such a request."""
        return self._of("risk_level")


@final
class Remedies(Answered):
    """The requests that would lift a denial."""

    __slots__ = ()
    _shown = ("action", "resource", "detail",)

    @property
    def action(self) -> str:
        """The action that is denied."""
        return self._of("action")

    @property
    def resource(self) -> str:
        """The resource, or `*` for everything."""
        return self._of("resource")

    @property
    def detail(self) -> str:
        """What to do, in sentences for people and for models."""
        return self._of("detail")

    @property
    def expires_at(self) -> datetime:
        """Until when this answer may be used; then ask again."""
        return datetime.fromisoformat(self._of("expires_at"))

    @property
    def options(self) -> tuple[Remedy, ...]:
        """The requests that would be accepted now, the one with the least access first. Empty when no request helps."""
        return tuple(Remedy(each) for each in self._of("options"))
