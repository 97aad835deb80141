"""Values of `jit_access.values`. Generated from `src/wire/review.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, final

from jit_access._native import Conditions
from jit_access.answers import Value
from jit_access.principals import Principal


@final
class Limit(Value):
    """The most that a reviewer approves. A field that is `null` is not limited."""

    __slots__ = ()
    _shown = ("permissions", "excluded_permissions", "resource", "duration_hours", "conditions",)

    @property
    def permissions(self) -> tuple[str, ...] | None:
        """No more than these permissions."""
        return None if (found := self._of("permissions")) is None else tuple(found)

    @property
    def excluded_permissions(self) -> tuple[str, ...] | None:
        """Exceptions from the wildcards of `permissions`."""
        return None if (found := self._of("excluded_permissions")) is None else tuple(found)

    @property
    def resource(self) -> str | None:
        """No more than this resource."""
        return self._of("resource")

    @property
    def duration_hours(self) -> float | None:
        """No longer than this."""
        return self._of("duration_hours")

    @property
    def conditions(self) -> Conditions | None:
        """These conditions hold, too."""
        return None if (found := self._of("conditions")) is None else Conditions(**found)


@final
class ApprovalStep(Value):
    """A step of the approval: a number of different people who each hold one of its roles."""

    __slots__ = ()
    _shown = ("roles", "count", "escalates_at", "escalate_to",)

    @property
    def roles(self) -> tuple[str, ...]:
        """The host roles; a reviewer needs one of them."""
        return tuple(self._of("roles"))

    @property
    def count(self) -> int:
        """How many different people must approve."""
        return self._of("count")

    @property
    def escalates_at(self) -> datetime | None:
        """From when on the roles of `escalate_to` may approve, too."""
        return None if (found := self._of("escalates_at")) is None else datetime.fromisoformat(found)

    @property
    def escalate_to(self) -> tuple[str, ...]:
        """The roles that may approve, too, from then on."""
        return tuple(self._of("escalate_to"))


@final
class WaitingFor(Value):
    """A step of the approval that is not complete, and how many reviewers it needs."""

    __slots__ = ()
    _shown = ("roles", "missing",)

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles; a reviewer needs one of them now."""
        return tuple(self._of("roles"))

    @property
    def missing(self) -> int:
        """How many more different people must approve."""
        return self._of("missing")


@final
class Review(Value):
    """A review: approval, denial, or a question."""

    __slots__ = ()
    _shown = ("by", "at", "verdict", "comment", "version", "roles", "acts_for", "on_behalf_of", "lapsed_at", "limit",)

    @property
    def by(self) -> str:
        """Who gave the review."""
        return self._of("by")

    @property
    def at(self) -> datetime:
        """When the review was given."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def verdict(self) -> Literal["approve", "deny", "ask"]:
        """What the reviewer decided; `ask` is a question to the requester."""
        return self._of("verdict")

    @property
    def comment(self) -> str | None:
        """The reason, or the question."""
        return self._of("comment")

    @property
    def version(self) -> int:
        """The version of the request that was reviewed."""
        return self._of("version")

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles with which it was given."""
        return tuple(self._of("roles"))

    @property
    def acts_for(self) -> Principal | None:
        """The person that a reviewing agent acts for."""
        return None if (found := self._of("acts_for")) is None else Principal._of(found)

    @property
    def on_behalf_of(self) -> Principal | None:
        """Who delegated these roles."""
        return None if (found := self._of("on_behalf_of")) is None else Principal._of(found)

    @property
    def lapsed_at(self) -> datetime | None:
        """Since when the review no longer counts, because the reviewer lost such a role."""
        return None if (found := self._of("lapsed_at")) is None else datetime.fromisoformat(found)

    @property
    def limit(self) -> Limit | None:
        """The most that the reviewer approves; `None` for all that was requested."""
        return None if (found := self._of("limit")) is None else Limit(found)


@final
class Answer(Value):
    """An answer of the requester to a question."""

    __slots__ = ()
    _shown = ("at", "text", "version",)

    @property
    def at(self) -> datetime:
        """When it was given."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def text(self) -> str:
        """The text of the answer."""
        return self._of("text")

    @property
    def version(self) -> int:
        """The version of the request after the answer."""
        return self._of("version")
