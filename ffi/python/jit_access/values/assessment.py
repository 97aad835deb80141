"""Values of `jit_access.values`. Generated from `src/wire/assessment.rs`, by `tests/generated`."""

from __future__ import annotations

from typing import Literal, final

from jit_access.answers import Value
from jit_access.values.analysis import Analysis
from jit_access.values.sizing import Past


@final
class RiskReason(Value):
    """A reason for the level of risk."""

    __slots__ = ()
    _shown = ("factor", "detail",)

    @property
    def factor(self) -> str:
        """The stable name of the reason, for programs."""
        return self._of("factor")

    @property
    def detail(self) -> str:
        """The reason, for people."""
        return self._of("detail")


@final
class Assessment(Value):
    """What the request would newly permit, and the risk of that."""

    __slots__ = ()
    _shown = ("risk_level", "reasons", "newly_permitted", "newly_permitted_except", "past", "analysis",)

    @property
    def risk_level(self) -> Literal["low", "medium", "high", "critical"]:
        """The level of risk."""
        return self._of("risk_level")

    @property
    def reasons(self) -> tuple[RiskReason, ...]:
        """The reasons for this level."""
        return tuple(RiskReason(each) for each in self._of("reasons"))

    @property
    def newly_permitted(self) -> tuple[str, ...]:
        """Permissions that are requested and that the requester does not hold by standing right."""
        return tuple(self._of("newly_permitted"))

    @property
    def newly_permitted_except(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `newly_permitted`."""
        return tuple(self._of("newly_permitted_except"))

    @property
    def past(self) -> Past | None:
        """What the past says about it. Only for a single pending request; `None` in lists and afterwards."""
        return None if (found := self._of("past")) is None else Past(found)

    @property
    def analysis(self) -> Analysis | None:
        """What it would change, evaluated with the policies. Only for a single pending request, and not for its requester; otherwise `None`."""
        return None if (found := self._of("analysis")) is None else Analysis(found)
