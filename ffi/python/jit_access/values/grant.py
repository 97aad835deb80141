"""Values of `jit_access.values`. Generated from `src/wire/grant.rs`, by `tests/generated`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal, final

from jit_access._native import Conditions
from jit_access.answers import GrantAnswer, Value
from jit_access.principals import Principal


@final
class BreakGlass(Value):
    """The review that a grant without approval needs afterwards."""

    __slots__ = ()
    _shown = ("drill", "offline", "merged_at", "review_status", "review_due_at", "reviewer_roles", "reviewed_by", "reviewed_at", "outcome", "finding", "lifted_by", "lifted_at", "lift_reason",)

    @property
    def drill(self) -> bool:
        """Whether it was a drill."""
        return bool(self._of("drill"))

    @property
    def offline(self) -> bool:
        """Whether it was taken while the store was unavailable."""
        return bool(self._of("offline"))

    @property
    def merged_at(self) -> datetime | None:
        """When a grant that was taken while the store was unavailable was merged into the journal; `None` before."""
        return None if (found := self._of("merged_at")) is None else datetime.fromisoformat(found)

    @property
    def review_status(self) -> Literal["required", "overdue", "done", "waived"]:
        """The state of the review."""
        return self._of("review_status")

    @property
    def review_due_at(self) -> datetime:
        """From when on the review is overdue."""
        return datetime.fromisoformat(self._of("review_due_at"))

    @property
    def reviewer_roles(self) -> tuple[str, ...]:
        """The host roles; a reviewer needs one of them."""
        return tuple(self._of("reviewer_roles"))

    @property
    def reviewed_by(self) -> str | None:
        """Who reviewed the use, or waived the review."""
        return self._of("reviewed_by")

    @property
    def reviewed_at(self) -> datetime | None:
        """When it was reviewed or waived."""
        return None if (found := self._of("reviewed_at")) is None else datetime.fromisoformat(found)

    @property
    def outcome(self) -> Literal["justified", "unjustified", "waived"] | None:
        """The result of the review."""
        return self._of("outcome")

    @property
    def finding(self) -> str | None:
        """The text of the reviewer."""
        return self._of("finding")

    @property
    def lifted_by(self) -> str | None:
        """Who waived the finding of unjustified use."""
        return self._of("lifted_by")

    @property
    def lifted_at(self) -> datetime | None:
        """When that was."""
        return None if (found := self._of("lifted_at")) is None else datetime.fromisoformat(found)

    @property
    def lift_reason(self) -> str | None:
        """Why it was lifted."""
        return self._of("lift_reason")


@final
class Grant(GrantAnswer):
    """A grant: access for a limited time."""

    __slots__ = ()
    _shown = ("id", "status", "holder", "role",)

    @property
    def id(self) -> str:
        """The id, a UUID."""
        return self._of("id")

    @property
    def holder(self) -> Principal:
        """The holder; `agent:name` for an agent."""
        return Principal._of(self._of("requester_email"))

    @property
    def requester_acts_for(self) -> Principal | None:
        """The person that a holding agent acts for."""
        return None if (found := self._of("requester_acts_for")) is None else Principal._of(found)

    @property
    def requester_normal_roles(self) -> tuple[str, ...]:
        """The standing roles of the holder at the time of the request."""
        return tuple(self._of("requester_normal_roles"))

    @property
    def role(self) -> str:
        """The role of the catalogue."""
        return self._of("granted_role")

    @property
    def permissions(self) -> tuple[str, ...]:
        """What it permits."""
        return tuple(self._of("granted_permissions"))

    @property
    def justification(self) -> str | None:
        """The reason that the requester gave."""
        return self._of("justification")

    @property
    def ticket_url(self) -> str | None:
        """The ticket of the work."""
        return self._of("ticket_url")

    @property
    def origin(self) -> str | None:
        """Where the request comes from."""
        return self._of("origin")

    @property
    def approved_by(self) -> str:
        """Who gave the last approval; `rule:` and a configuration key for a rule."""
        return self._of("approved_by")

    @property
    def approvers(self) -> tuple[str, ...]:
        """Everyone whose approval counted, in order; the last is `approved_by`."""
        return tuple(self._of("approvers"))

    @property
    def approved_at(self) -> datetime:
        """When it was approved."""
        return datetime.fromisoformat(self._of("approved_at"))

    @property
    def starts_at(self) -> datetime:
        """The first instant at which it permits something."""
        return datetime.fromisoformat(self._of("starts_at"))

    @property
    def expires_at(self) -> datetime:
        """The first instant at which it no longer permits anything."""
        return datetime.fromisoformat(self._of("expires_at"))

    @property
    def status(self) -> Literal["scheduled", "active", "suspended", "expired", "revoked", "released", "exhausted"]:
        """The status at the instant of the answer."""
        return self._of("status")

    @property
    def actions_taken(self) -> int:
        """How many uses are recorded."""
        return self._of("actions_taken")

    @property
    def last_used_at(self) -> datetime | None:
        """When it was last used, for a grant that is looked up or listed; at most a second old. `None` when it was not used, and for a grant that ended long ago."""
        return None if (found := self._of("last_used_at")) is None else datetime.fromisoformat(found)

    @property
    def uses_per_minute(self) -> float | None:
        """Its uses a minute, over the last ten minutes, when it is looked up or listed."""
        return self._of("uses_per_minute")

    @property
    def refusals(self) -> int | None:
        """How many calls of its holder were refused since it began, where it is looked up or listed."""
        return self._of("refusals")

    @property
    def revoked_by(self) -> str | None:
        """Who revoked it; `rule:` and the name of a rule for a rule."""
        return self._of("revoked_by")

    @property
    def revoke_reason(self) -> str | None:
        """Why it was revoked."""
        return self._of("revoke_reason")

    @property
    def break_glass(self) -> BreakGlass | None:
        """The review that a break-glass grant needs afterwards."""
        return None if (found := self._of("break_glass")) is None else BreakGlass(found)

    @property
    def suspended_at(self) -> datetime | None:
        """Since when it is suspended."""
        return None if (found := self._of("suspended_at")) is None else datetime.fromisoformat(found)

    @property
    def suspended_by(self) -> str | None:
        """Who suspended it."""
        return self._of("suspended_by")

    @property
    def suspend_reason(self) -> str | None:
        """Why it is suspended."""
        return self._of("suspend_reason")

    @property
    def request_id(self) -> str:
        """The id of the request it answers."""
        return self._of("request_id")

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `granted_permissions`."""
        return tuple(self._of("excluded_permissions"))

    @property
    def resource(self) -> str:
        """The resource it is for; `*` for all."""
        return self._of("resource")

    @property
    def conditions(self) -> Conditions | None:
        """The conditions at every use; `None` for none."""
        return None if (found := self._of("conditions")) is None else Conditions(**found)

    @property
    def uses_left(self) -> int | None:
        """How many uses are left; `None` when the number is not limited."""
        return self._of("uses_left")

    @property
    def ended_at(self) -> datetime | None:
        """When it ended; `None` while it has not."""
        return None if (found := self._of("ended_at")) is None else datetime.fromisoformat(found)

    @property
    def extends(self) -> str | None:
        """The id of the grant that it extends."""
        return self._of("extends")

    @property
    def extension_number(self) -> int:
        """0 when it extends nothing, 1 for the first extension."""
        return self._of("extension_number")

    @property
    def links(self) -> Mapping[str, str]:
        """Paths to the grant and to what the caller can do with it now."""
        return MappingProxyType(self._of("links"))
