"""Values of `jit_access.values`. Generated from `src/wire/sizing.rs`, by `tests/generated`."""

from __future__ import annotations

from datetime import datetime
from typing import final

from jit_access.answers import Answered, Value
from jit_access.values.summary import SummaryHeld, SummaryRole


@final
class History(Value):
    """On how much history an answer rests."""

    __slots__ = ()
    _shown = ("start", "until", "days", "uses", "refused", "complete", "text",)

    @property
    def start(self) -> datetime:
        """The first instant that was looked at: of the period, of the journal, or of the oldest use that was read."""
        return datetime.fromisoformat(self._of("from"))

    @property
    def until(self) -> datetime:
        """The first instant that was not."""
        return datetime.fromisoformat(self._of("until"))

    @property
    def days(self) -> int:
        """How many days that is."""
        return self._of("days")

    @property
    def uses(self) -> int:
        """How many uses."""
        return self._of("uses")

    @property
    def refused(self) -> int:
        """How many refused calls."""
        return self._of("refused")

    @property
    def complete(self) -> bool:
        """Whether these are all of the period. Of very many the newest are read."""
        return bool(self._of("complete"))

    @property
    def text(self) -> str:
        """The same for people: `from 312 uses over 21 days`."""
        return self._of("text")


@final
class Called(Value):
    """Calls of one permission on one resource."""

    __slots__ = ()
    _shown = ("permission", "resource", "parent", "code", "count", "first_at", "last_at",)

    @property
    def permission(self) -> str:
        """The permission."""
        return self._of("permission")

    @property
    def resource(self) -> str:
        """The resource; `*` when the check named none."""
        return self._of("resource")

    @property
    def parent(self) -> str | None:
        """What the resource is in."""
        return self._of("parent")

    @property
    def code(self) -> str | None:
        """Why they were refused: the reason of the check; `None` for calls that passed."""
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
class Past(Value):
    """What the past says about a request: which of its parts the requester used before, and their recorded calls under it."""

    __slots__ = ()
    _shown = ("history", "sentences", "never_used", "smaller_role", "would_pass", "would_pass_total", "would_be_refused", "would_be_refused_total",)

    @property
    def history(self) -> History:
        """On how much history it rests."""
        return History(self._of("history"))

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same for people, a sentence each."""
        return tuple(self._of("sentences"))

    @property
    def never_used(self) -> tuple[str, ...]:
        """The permissions of the request that were never used under earlier grants of the role; empty when none was used."""
        return tuple(self._of("never_used"))

    @property
    def smaller_role(self) -> str | None:
        """A smaller role of the catalogue that would have been enough for the uses; `None` for none."""
        return self._of("smaller_role")

    @property
    def would_pass(self) -> tuple[Called, ...]:
        """Refused calls of the last 30 days that it would have allowed, the most frequent first."""
        return tuple(Called(each) for each in self._of("would_pass"))

    @property
    def would_pass_total(self) -> int:
        """How many those are in all."""
        return self._of("would_pass_total")

    @property
    def would_be_refused(self) -> tuple[Called, ...]:
        """Calls that passed and that it would have refused, the most frequent first."""
        return tuple(Called(each) for each in self._of("would_be_refused"))

    @property
    def would_be_refused_total(self) -> int:
        """How many those are in all."""
        return self._of("would_be_refused_total")


@final
class PermissionUse(Value):
    """How often a permission was used."""

    __slots__ = ()
    _shown = ("permission", "count", "holders", "resources", "last_at",)

    @property
    def permission(self) -> str:
        """The permission."""
        return self._of("permission")

    @property
    def count(self) -> int:
        """How often."""
        return self._of("count")

    @property
    def holders(self) -> int:
        """By how many principals."""
        return self._of("holders")

    @property
    def resources(self) -> int:
        """On how many different resources; at most 1,000 are counted."""
        return self._of("resources")

    @property
    def last_at(self) -> datetime:
        """When the last one was."""
        return datetime.fromisoformat(self._of("last_at"))


@final
class Proposal(Value):
    """An entry of the catalogue that would be enough."""

    __slots__ = ()
    _shown = ("permissions", "excluded_permissions", "inside", "entry",)

    @property
    def permissions(self) -> tuple[str, ...]:
        """Its permissions."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `permissions`."""
        return tuple(self._of("excluded_permissions"))

    @property
    def inside(self) -> tuple[SummaryHeld, ...]:
        """Each of its permissions, with the granted one that includes it."""
        return tuple(SummaryHeld(each) for each in self._of("inside"))

    @property
    def entry(self) -> str:
        """The entry as the configuration has it below `roles`, on one line of YAML."""
        return self._of("entry")


@final
class RoleUse(Value):
    """Which parts of a role were used."""

    __slots__ = ()
    _shown = ("role", "grants", "unused_grants", "holders", "uses", "permissions", "excluded_permissions", "used", "never_used", "proposal", "smaller_role",)

    @property
    def role(self) -> str:
        """The role."""
        return self._of("role")

    @property
    def grants(self) -> int:
        """How many grants of it were made in the period, or used in it."""
        return self._of("grants")

    @property
    def unused_grants(self) -> int:
        """How many of these were never used."""
        return self._of("unused_grants")

    @property
    def holders(self) -> int:
        """How many principals held them."""
        return self._of("holders")

    @property
    def uses(self) -> int:
        """How often it was used."""
        return self._of("uses")

    @property
    def permissions(self) -> tuple[str, ...]:
        """Its permissions."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `permissions`."""
        return tuple(self._of("excluded_permissions"))

    @property
    def used(self) -> tuple[PermissionUse, ...]:
        """The permissions that were used, the most frequent first."""
        return tuple(PermissionUse(each) for each in self._of("used"))

    @property
    def never_used(self) -> tuple[str, ...]:
        """The permissions that were granted and never used."""
        return tuple(self._of("never_used"))

    @property
    def proposal(self) -> Proposal | None:
        """The entry of the catalogue that would be enough; `None` when everything was used, or nothing."""
        return None if (found := self._of("proposal")) is None else Proposal(found)

    @property
    def smaller_role(self) -> SummaryRole | None:
        """The smallest role of the catalogue that covers every use and is within this one; `None` for none."""
        return None if (found := self._of("smaller_role")) is None else SummaryRole(found)


@final
class RightSize(Answered):
    """Which parts of roles were used in a period."""

    __slots__ = ()
    _shown = ("roles",)

    @property
    def history(self) -> History:
        """On how much history it rests."""
        return History(self._of("history"))

    @property
    def roles(self) -> tuple[RoleUse, ...]:
        """By role."""
        return tuple(RoleUse(each) for each in self._of("roles"))


@final
class Replay(Answered):
    """Recorded calls under another grant."""

    __slots__ = ()
    _shown = ("would_pass_total", "would_be_refused_total",)

    @property
    def history(self) -> History:
        """On how much history it rests."""
        return History(self._of("history"))

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions of that grant."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `permissions`."""
        return tuple(self._of("excluded_permissions"))

    @property
    def resource(self) -> str:
        """Where."""
        return self._of("resource")

    @property
    def would_pass(self) -> tuple[Called, ...]:
        """Refused calls that would have passed, the most frequent first; at most 200 rows."""
        return tuple(Called(each) for each in self._of("would_pass"))

    @property
    def would_pass_total(self) -> int:
        """How many those are in all."""
        return self._of("would_pass_total")

    @property
    def if_met_total(self) -> int:
        """How many refused calls would have been allowed if the conditions of the grant were met, which the record does not contain."""
        return self._of("if_met_total")

    @property
    def still_refused_total(self) -> int:
        """How many refused calls would have been refused all the same."""
        return self._of("still_refused_total")

    @property
    def would_be_refused(self) -> tuple[Called, ...]:
        """Calls that passed and would have been refused, the most frequent first; at most 200 rows."""
        return tuple(Called(each) for each in self._of("would_be_refused"))

    @property
    def would_be_refused_total(self) -> int:
        """How many those are in all."""
        return self._of("would_be_refused_total")

    @property
    def still_passing_total(self) -> int:
        """How many calls would have passed as they did, where its conditions are met."""
        return self._of("still_passing_total")

    @property
    def unknown_total(self) -> int:
        """How many calls are counted and not judged, because there were too many different ones."""
        return self._of("unknown_total")
