"""Values of `jit_access.values`. Generated from `src/wire/request.rs`, by `tests/generated`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal, final

from jit_access._native import Conditions
from jit_access.answers import Answered, Value
from jit_access.principals import Principal
from jit_access.values.assessment import Assessment
from jit_access.values.review import Answer, ApprovalStep, Review, WaitingFor


@final
class Repeat(Value):
    """Another reason of the requester for the same request. It adds no access."""

    __slots__ = ()
    _shown = ("at", "justification", "ticket_url",)

    @property
    def at(self) -> datetime:
        """When it was requested again."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def justification(self) -> str | None:
        """The reason that the requester gave."""
        return self._of("justification")

    @property
    def ticket_url(self) -> str | None:
        """The ticket of that work."""
        return self._of("ticket_url")


@final
class SignIn(Value):
    """The sign-in of a principal: the claims of their token."""

    __slots__ = ()
    _shown = ("amr", "acr", "auth_time", "mfa",)

    @property
    def amr(self) -> tuple[str, ...]:
        """The methods of authentication (RFC 8176)."""
        return tuple(self._of("amr"))

    @property
    def acr(self) -> str | None:
        """The context of authentication."""
        return self._of("acr")

    @property
    def auth_time(self) -> datetime | None:
        """When the sign-in happened."""
        return None if (found := self._of("auth_time")) is None else datetime.fromisoformat(found)

    @property
    def mfa(self) -> bool:
        """Whether the host claimed a second factor without its method."""
        return bool(self._of("mfa"))


@final
class Emergency(Value):
    """How break-glass access was taken."""

    __slots__ = ()
    _shown = ("drill", "offline", "skipped_approvers", "sign_in",)

    @property
    def drill(self) -> bool:
        """Whether it was a drill."""
        return bool(self._of("drill"))

    @property
    def offline(self) -> bool:
        """Whether it was taken while the store was unavailable."""
        return bool(self._of("offline"))

    @property
    def skipped_approvers(self) -> tuple[str, ...]:
        """The roles that would have had to approve."""
        return tuple(self._of("skipped_approvers"))

    @property
    def sign_in(self) -> SignIn | None:
        """How the requester had signed in."""
        return None if (found := self._of("sign_in")) is None else SignIn(found)


@final
class AccessRequest(Answered):
    """A request for access."""

    __slots__ = ()
    _shown = ("id", "status", "requester", "role",)

    @property
    def id(self) -> str:
        """The id, a UUID."""
        return self._of("id")

    @property
    def status(self) -> Literal["pending", "needs_info", "approved", "denied", "withdrawn", "timed_out"]:
        """The status at the instant of the answer."""
        return self._of("status")

    @property
    def requester(self) -> Principal:
        """Who requests access; `agent:name` for an agent."""
        return Principal._of(self._of("requester_email"))

    @property
    def requester_acts_for(self) -> Principal | None:
        """The person that a requesting agent acts for."""
        return None if (found := self._of("requester_acts_for")) is None else Principal._of(found)

    @property
    def requester_normal_roles(self) -> tuple[str, ...]:
        """The standing roles of the requester at the time of the request."""
        return tuple(self._of("requester_normal_roles"))

    @property
    def requester_normal_permissions(self) -> tuple[str, ...] | None:
        """The requester's standing permissions at the request; `None` when the host did not report them."""
        return None if (found := self._of("requester_normal_permissions")) is None else tuple(found)

    @property
    def role(self) -> str:
        """The role of the catalogue."""
        return self._of("role")

    @property
    def permissions(self) -> tuple[str, ...]:
        """The requested permissions: those of the role, or the part of it that the requester named."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """Exceptions from the wildcards of `permissions`."""
        return tuple(self._of("excluded_permissions"))

    @property
    def resource(self) -> str:
        """The resource it is for; `*` for all."""
        return self._of("resource")

    @property
    def duration_hours(self) -> float:
        """The duration of the grant in hours, after every limit."""
        return self._of("duration_hours")

    @property
    def requested_duration_hours(self) -> float:
        """The length that was requested."""
        return self._of("requested_duration_hours")

    @property
    def duration_cut_by(self) -> str | None:
        """The configuration key of the limit that shortened it; `None` when none did."""
        return self._of("duration_cut_by")

    @property
    def conditions(self) -> Conditions | None:
        """The conditions at every use; `None` for none."""
        return None if (found := self._of("conditions")) is None else Conditions(**found)

    @property
    def starts_at(self) -> datetime | None:
        """When the grant is to start; `None` for at the approval."""
        return None if (found := self._of("starts_at")) is None else datetime.fromisoformat(found)

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
    def approver_roles(self) -> tuple[str, ...]:
        """Every role that may review the request at some time."""
        return tuple(self._of("approver_roles"))

    @property
    def approval(self) -> tuple[ApprovalStep, ...]:
        """The steps of the approval."""
        return tuple(ApprovalStep(each) for each in self._of("approval"))

    @property
    def waiting_for(self) -> tuple[WaitingFor, ...]:
        """The steps that are not complete; empty once the request is closed."""
        return tuple(WaitingFor(each) for each in self._of("waiting_for"))

    @property
    def created_at(self) -> datetime:
        """When the request was made."""
        return datetime.fromisoformat(self._of("created_at"))

    @property
    def times_out_at(self) -> datetime:
        """From when on the request can no longer be reviewed."""
        return datetime.fromisoformat(self._of("times_out_at"))

    @property
    def break_glass(self) -> Emergency | None:
        """Break-glass access: how it was taken."""
        return None if (found := self._of("break_glass")) is None else Emergency(found)

    @property
    def version(self) -> int:
        """The version. It rises when the length or the resource changes; a review is of one version."""
        return self._of("version")

    @property
    def assessment(self) -> Assessment:
        """What the request would newly permit, and the risk of that."""
        return Assessment(self._of("assessment"))

    @property
    def reviews(self) -> tuple[Review, ...]:
        """The reviews, oldest first."""
        return tuple(Review(each) for each in self._of("reviews"))

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The answers of the requester, oldest first."""
        return tuple(Answer(each) for each in self._of("answers"))

    @property
    def asked_again(self) -> tuple[Repeat, ...]:
        """Other reasons of the requester for the same request, while it was pending or its grant was live, oldest first."""
        return tuple(Repeat(each) for each in self._of("asked_again"))

    @property
    def grant_id(self) -> str | None:
        """The id of the grant it led to."""
        return self._of("grant_id")

    @property
    def extends(self) -> str | None:
        """The id of the grant to extend."""
        return self._of("extends")

    @property
    def already(self) -> bool:
        """True when no new request was made, because this one is pending for the same, or its grant gives it."""
        return bool(self._of("already"))

    @property
    def dry_run(self) -> bool:
        """True when nothing was made: the answer of a dry run. Such a request has no links."""
        return bool(self._of("dry_run"))

    @property
    def links(self) -> Mapping[str, str]:
        """Paths to the request and to what the caller can do with it now."""
        return MappingProxyType(self._of("links"))
