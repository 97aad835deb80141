"""Values of `jit_access.values`. Generated from `src/wire/summary.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, final

from jit_access.answers import Answered, Value
from jit_access.principals import Principal
from jit_access.values.alert import Alert


@final
class SummaryApproval(Value):
    """An approval."""

    __slots__ = ()
    _shown = ("by", "on_behalf_of", "at", "comment",)

    @property
    def by(self) -> str:
        """The approver."""
        return self._of("by")

    @property
    def on_behalf_of(self) -> Principal | None:
        """The person in whose place they approved."""
        return None if (found := self._of("on_behalf_of")) is None else Principal._of(found)

    @property
    def at(self) -> datetime:
        """When it was given."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def comment(self) -> str | None:
        """The words of the approver."""
        return self._of("comment")


@final
class SummaryCut(Value):
    """Something that was made less than requested."""

    __slots__ = ()
    _shown = ("what", "asked", "given", "by",)

    @property
    def what(self) -> Literal["permissions", "resource", "duration", "conditions"]:
        """The part that was reduced."""
        return self._of("what")

    @property
    def asked(self) -> str | None:
        """The requested value; `None` for conditions."""
        return self._of("asked")

    @property
    def given(self) -> str:
        """The given value."""
        return self._of("given")

    @property
    def by(self) -> str:
        """Who reduced it."""
        return self._of("by")


@final
class SummaryUse(Value):
    """The uses of one permission on one resource."""

    __slots__ = ()
    _shown = ("permission", "resource", "count", "first_at", "last_at",)

    @property
    def permission(self) -> str:
        """The permission."""
        return self._of("permission")

    @property
    def resource(self) -> str:
        """The resource; `*` when the check named none."""
        return self._of("resource")

    @property
    def count(self) -> int:
        """How often."""
        return self._of("count")

    @property
    def first_at(self) -> datetime:
        """When first."""
        return datetime.fromisoformat(self._of("first_at"))

    @property
    def last_at(self) -> datetime:
        """When the last one was."""
        return datetime.fromisoformat(self._of("last_at"))


@final
class SummaryHeld(Value):
    """A permission and the wider one that it lies in."""

    __slots__ = ()
    _shown = ("permission", "within",)

    @property
    def permission(self) -> str:
        """The permission of the smaller role."""
        return self._of("permission")

    @property
    def within(self) -> str:
        """The permission of the grant."""
        return self._of("within")


@final
class SummaryRole(Value):
    """A role of the catalogue that would have been enough."""

    __slots__ = ()
    _shown = ("role", "inside",)

    @property
    def role(self) -> str:
        """The role."""
        return self._of("role")

    @property
    def inside(self) -> tuple[SummaryHeld, ...]:
        """Each of its permissions, with the permission of the grant that it lies in."""
        return tuple(SummaryHeld(each) for each in self._of("inside"))


@final
class SummaryRefused(Value):
    """Refused attempts that are alike."""

    __slots__ = ()
    _shown = ("attempt", "about", "code", "count", "first_at", "last_at",)

    @property
    def attempt(self) -> str:
        """The attempt: the name of a command or a read, or `check`."""
        return self._of("attempt")

    @property
    def about(self) -> str:
        """The subject of the last one; empty without one."""
        return self._of("about")

    @property
    def code(self) -> str:
        """Why it was refused."""
        return self._of("code")

    @property
    def count(self) -> int:
        """How often."""
        return self._of("count")

    @property
    def first_at(self) -> datetime:
        """When first."""
        return datetime.fromisoformat(self._of("first_at"))

    @property
    def last_at(self) -> datetime:
        """When the last one was."""
        return datetime.fromisoformat(self._of("last_at"))


@final
class SummaryMoment(Value):
    """An entry of the timeline."""

    __slots__ = ()
    _shown = ("at", "until", "by", "event", "count", "text",)

    @property
    def at(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def until(self) -> datetime:
        """When the last of several uses was."""
        return datetime.fromisoformat(self._of("until"))

    @property
    def by(self) -> str:
        """The actor: a person, `agent:name`, or `rule:` and the name of a rule."""
        return self._of("by")

    @property
    def event(self) -> str:
        """What happened: `grant_used`."""
        return self._of("event")

    @property
    def count(self) -> int:
        """How often."""
        return self._of("count")

    @property
    def text(self) -> str:
        """The same in words, with what was written."""
        return self._of("text")


@final
class Summary(Answered):
    """What was done under a grant, from the journal alone. For a live grant, until now."""

    __slots__ = ()
    _shown = ("grant_id", "status", "holder", "role",)

    @property
    def grant_id(self) -> str:
        """The grant."""
        return self._of("grant_id")

    @property
    def request_id(self) -> str:
        """The request that it answers."""
        return self._of("request_id")

    @property
    def status(self) -> Literal["scheduled", "active", "suspended", "expired", "revoked", "released", "exhausted"]:
        """The state of the grant."""
        return self._of("status")

    @property
    def holder(self) -> Principal:
        """The holder."""
        return Principal._of(self._of("holder"))

    @property
    def acts_for(self) -> Principal | None:
        """The person that a holding agent acts for."""
        return None if (found := self._of("acts_for")) is None else Principal._of(found)

    @property
    def role(self) -> str:
        """The role."""
        return self._of("role")

    @property
    def permissions(self) -> tuple[str, ...]:
        """Its permissions."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `permissions`."""
        return tuple(self._of("excluded_permissions"))

    @property
    def resource(self) -> str:
        """Where it held."""
        return self._of("resource")

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
    def requested_at(self) -> datetime:
        """When it was requested."""
        return datetime.fromisoformat(self._of("requested_at"))

    @property
    def starts_at(self) -> datetime:
        """When it began."""
        return datetime.fromisoformat(self._of("starts_at"))

    @property
    def expires_at(self) -> datetime:
        """The end of its window."""
        return datetime.fromisoformat(self._of("expires_at"))

    @property
    def until(self) -> datetime:
        """The end of the grant, or the instant at which a live one was summarized."""
        return datetime.fromisoformat(self._of("until"))

    @property
    def ended_by(self) -> str | None:
        """Who ended it early."""
        return self._of("ended_by")

    @property
    def end_reason(self) -> str | None:
        """Why it was revoked."""
        return self._of("end_reason")

    @property
    def break_glass(self) -> bool:
        """Whether it was break-glass access."""
        return bool(self._of("break_glass"))

    @property
    def approved_by(self) -> str:
        """Who gave the last approval: a person, or `rule:` and the name of a rule."""
        return self._of("approved_by")

    @property
    def approvals(self) -> tuple[SummaryApproval, ...]:
        """The approvals that count."""
        return tuple(SummaryApproval(each) for each in self._of("approvals"))

    @property
    def cuts(self) -> tuple[SummaryCut, ...]:
        """What was reduced from the request, and by whom."""
        return tuple(SummaryCut(each) for each in self._of("cuts"))

    @property
    def uses_total(self) -> int:
        """How often it was used."""
        return self._of("uses_total")

    @property
    def first_used_at(self) -> datetime | None:
        """When it was used first."""
        return None if (found := self._of("first_used_at")) is None else datetime.fromisoformat(found)

    @property
    def last_used_at(self) -> datetime | None:
        """When it was last used."""
        return None if (found := self._of("last_used_at")) is None else datetime.fromisoformat(found)

    @property
    def uses(self) -> tuple[SummaryUse, ...]:
        """The uses by permission and resource, the most frequent first; at most 500 rows."""
        return tuple(SummaryUse(each) for each in self._of("uses"))

    @property
    def other_uses(self) -> int:
        """How many uses are not listed in `uses`."""
        return self._of("other_uses")

    @property
    def never_used(self) -> tuple[str, ...]:
        """The permissions that were granted and never used."""
        return tuple(self._of("never_used"))

    @property
    def smaller_role(self) -> SummaryRole | None:
        """The smallest role of the catalogue that covers every use and is within the grant; `None` for none."""
        return None if (found := self._of("smaller_role")) is None else SummaryRole(found)

    @property
    def refused(self) -> tuple[SummaryRefused, ...]:
        """What was refused to the holder meanwhile, the most frequent first; at most 50 rows."""
        return tuple(SummaryRefused(each) for each in self._of("refused"))

    @property
    def other_refused(self) -> int:
        """How many refused attempts are not listed in `refused`."""
        return self._of("other_refused")

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """The alerts about it, oldest first."""
        return tuple(Alert(each) for each in self._of("alerts"))

    @property
    def timeline(self) -> tuple[SummaryMoment, ...]:
        """What happened, in order. Uses that follow each other are one entry."""
        return tuple(SummaryMoment(each) for each in self._of("timeline"))

    @property
    def through_revision(self) -> int:
        """The last record of the journal that the summary uses."""
        return self._of("through_revision")
