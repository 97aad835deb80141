"""The values that an engine answers with. Generated from `src/wire`, by `tests/generated.rs`.

Each has every field of its JSON document, with the instants as `datetime` in UTC and the lists as tuples. What a method
answers is how things stood when it returned; nothing changes it later.
"""

# ruff: noqa: E501
# fmt: off
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, final

from jit_access._native import Conditions
from jit_access.answers import Answered, GrantAnswer, Value
from jit_access.principals import Principal

__all__ = [
    "AccessRequest",
    "Alert",
    "Analysis",
    "Answer",
    "ApprovalStep",
    "Assessment",
    "BreakGlass",
    "BrokenRule",
    "Called",
    "Case",
    "ChannelHealth",
    "ClockHealth",
    "Considered",
    "Delegation",
    "Delivery",
    "Emergency",
    "Events",
    "Explanation",
    "Grant",
    "Happened",
    "Health",
    "Held",
    "History",
    "JournalHealth",
    "Limit",
    "Offer",
    "OfferedStep",
    "Past",
    "PermissionUse",
    "Proposal",
    "Record",
    "RefusedAttempt",
    "Remedies",
    "Remedy",
    "Repeat",
    "Replay",
    "Review",
    "RightSize",
    "RiskReason",
    "RoleUse",
    "SignIn",
    "StoreHealth",
    "Summary",
    "SummaryApproval",
    "SummaryCut",
    "SummaryHeld",
    "SummaryMoment",
    "SummaryRefused",
    "SummaryRole",
    "SummaryUse",
    "WaitingFor",
]


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
        """What a wildcard of `permissions` leaves out."""
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
        """The host's roles of which a reviewer must hold one."""
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
        """The roles of which a reviewer needs one now."""
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
        """When last."""
        return datetime.fromisoformat(self._of("last_at"))


@final
class Past(Value):
    """What the past says of a request: what of it the requester used before, and what would have come of their recorded calls."""

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
        """What of the request was never used under earlier grants of the role; empty when none was used."""
        return tuple(self._of("never_used"))

    @property
    def smaller_role(self) -> str | None:
        """A smaller role of the catalogue that would have been enough for what was used; `None` for none."""
        return self._of("smaller_role")

    @property
    def would_pass(self) -> tuple[Called, ...]:
        """Refused calls of the last 30 days that it would have let pass, the most frequent first."""
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
class Case(Value):
    """Something that the requester could newly do."""

    __slots__ = ()
    _shown = ("permission", "resource", "parent",)

    @property
    def permission(self) -> str:
        """The permission."""
        return self._of("permission")

    @property
    def resource(self) -> str:
        """The resource; `*` for everything at once."""
        return self._of("resource")

    @property
    def parent(self) -> str | None:
        """What the resource is in."""
        return self._of("parent")


@final
class BrokenRule(Value):
    """A rule that a grant would break."""

    __slots__ = ()
    _shown = ("rule", "permission", "resource", "parent", "entities", "failed",)

    @property
    def rule(self) -> str:
        """The `@id` of the rule, or else its file and line."""
        return self._of("rule")

    @property
    def permission(self) -> str:
        """The permission."""
        return self._of("permission")

    @property
    def resource(self) -> str:
        """The resource."""
        return self._of("resource")

    @property
    def parent(self) -> str | None:
        """What the resource is in."""
        return self._of("parent")

    @property
    def entities(self) -> tuple[str, ...]:
        """What has to be so of people and things for that, and nothing more: entities as Cedar writes them."""
        return tuple(self._of("entities"))

    @property
    def failed(self) -> bool:
        """Whether the rule could not be evaluated, which counts as broken."""
        return bool(self._of("failed"))


@final
class Analysis(Value):
    """What a request would change of what its requester may do: asked of the standing policies, the guardrails and the live grants, over the people and things that the host has told of."""

    __slots__ = ()
    _shown = ("method", "sentences", "newly", "newly_total", "already_total", "forbidden_total", "redundant", "broken_rules", "conflicts", "things", "complete",)

    @property
    def method(self) -> Literal["enumerated"]:
        """How it was found out: `enumerated` is what was asked about and no more."""
        return self._of("method")

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same for people, a sentence each."""
        return tuple(self._of("sentences"))

    @property
    def newly(self) -> tuple[Case, ...]:
        """What would newly be possible; at most 50 rows."""
        return tuple(Case(each) for each in self._of("newly"))

    @property
    def newly_total(self) -> int:
        """How many those are in all."""
        return self._of("newly_total")

    @property
    def already_total(self) -> int:
        """How much of what the grant covers is possible already."""
        return self._of("already_total")

    @property
    def forbidden_total(self) -> int:
        """How much of what the grant covers stays forbidden."""
        return self._of("forbidden_total")

    @property
    def redundant(self) -> bool:
        """Whether the grant would change nothing that is known."""
        return bool(self._of("redundant"))

    @property
    def broken_rules(self) -> tuple[BrokenRule, ...]:
        """The rules of the operator (`invariants`) that it would break, each with the smallest case."""
        return tuple(BrokenRule(each) for each in self._of("broken_rules"))

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Roles that are kept apart from this one, and that the requester holds."""
        return tuple(self._of("conflicts"))

    @property
    def things(self) -> int:
        """How many things were looked at."""
        return self._of("things")

    @property
    def complete(self) -> bool:
        """Whether the grant was asked about every known thing. Of very many the first are."""
        return bool(self._of("complete"))


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
        """What a wildcard of `newly_permitted` leaves out."""
        return tuple(self._of("newly_permitted_except"))

    @property
    def past(self) -> Past | None:
        """What the past says of it. Only of one request that waits: in lists, and afterwards, it is `None`."""
        return None if (found := self._of("past")) is None else Past(found)

    @property
    def analysis(self) -> Analysis | None:
        """What it would change, asked of the policies. Only of one request that waits, and for others than its requester; otherwise it is `None`."""
        return None if (found := self._of("analysis")) is None else Analysis(found)


@final
class Repeat(Value):
    """Another reason for which the requester asked for the same. It gives nothing more."""

    __slots__ = ()
    _shown = ("at", "justification", "ticket_url",)

    @property
    def at(self) -> datetime:
        """When it was asked for again."""
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
    """How somebody signed in: the claims of their token."""

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
        """Whether the host claimed a second factor without saying which."""
        return bool(self._of("mfa"))


@final
class Emergency(Value):
    """How access was taken without approval."""

    __slots__ = ()
    _shown = ("drill", "skipped_approvers", "sign_in",)

    @property
    def drill(self) -> bool:
        """Whether it was a drill."""
        return bool(self._of("drill"))

    @property
    def skipped_approvers(self) -> tuple[str, ...]:
        """The roles of which one would have had to approve."""
        return tuple(self._of("skipped_approvers"))

    @property
    def sign_in(self) -> SignIn | None:
        """How the requester had signed in."""
        return None if (found := self._of("sign_in")) is None else SignIn(found)


@final
class BreakGlass(Value):
    """The review that a grant without approval needs afterwards."""

    __slots__ = ()
    _shown = ("drill", "review_status", "review_due_at", "reviewer_roles", "reviewed_by", "reviewed_at", "outcome", "finding", "lifted_by", "lifted_at", "lift_reason",)

    @property
    def drill(self) -> bool:
        """Whether it was a drill."""
        return bool(self._of("drill"))

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
        """The host's roles of which a reviewer must hold one."""
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
        """Who lifted what follows from an unjustified use."""
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
        """The standing permissions of the requester at the time of the request; `None` when the host did not say."""
        return None if (found := self._of("requester_normal_permissions")) is None else tuple(found)

    @property
    def role(self) -> str:
        """The role of the catalogue."""
        return self._of("role")

    @property
    def permissions(self) -> tuple[str, ...]:
        """What is requested: what the role permits, or the part of it that the requester named."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """What a wildcard of `permissions` leaves out."""
        return tuple(self._of("excluded_permissions"))

    @property
    def resource(self) -> str:
        """The resource it is for; `*` for all."""
        return self._of("resource")

    @property
    def duration_hours(self) -> float:
        """How long the grant lasts, after every limit."""
        return self._of("duration_hours")

    @property
    def requested_duration_hours(self) -> float:
        """The length that was requested."""
        return self._of("requested_duration_hours")

    @property
    def duration_cut_by(self) -> str | None:
        """The configuration key of the limit that made it shorter; `None` when none did."""
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
        """How the access was taken, when it needed no approval."""
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
        """What else the requester asked the same for, while it waited or its grant gave it, oldest first."""
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
        """True when no request was made, because this one waits for the same, or its grant gives it."""
        return bool(self._of("already"))

    @property
    def links(self) -> Mapping[str, str]:
        """Paths to the request and to what can be done with it now."""
        return MappingProxyType(self._of("links"))


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
        """Who holds it; `agent:name` for an agent."""
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
        """Who approved it last; `rule:` and a configuration key where a rule did."""
        return self._of("approved_by")

    @property
    def approvers(self) -> tuple[str, ...]:
        """Everybody whose approval counted, in order; the last is `approved_by`."""
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
        """When it was used last, where a grant is looked up or listed; at most a second old. `None` when it was not, and of one that is over long since."""
        return None if (found := self._of("last_used_at")) is None else datetime.fromisoformat(found)

    @property
    def uses_per_minute(self) -> float | None:
        """Its uses a minute, over the last ten minutes, where it is looked up or listed."""
        return self._of("uses_per_minute")

    @property
    def refusals(self) -> int | None:
        """How many calls of its holder were refused since it began, where it is looked up or listed."""
        return self._of("refusals")

    @property
    def revoked_by(self) -> str | None:
        """Who revoked it; `rule:` and the name of a rule where one did."""
        return self._of("revoked_by")

    @property
    def revoke_reason(self) -> str | None:
        """Why it was revoked."""
        return self._of("revoke_reason")

    @property
    def break_glass(self) -> BreakGlass | None:
        """The review that it needs afterwards, when nobody approved it."""
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
        """What a wildcard of `granted_permissions` leaves out."""
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
        """Paths to the grant and to what can be done with it now."""
        return MappingProxyType(self._of("links"))


@final
class Delegation(Answered):
    """A delegation: the right to review, for a limited time. It cannot be delegated again, and it never covers requests of the delegator."""

    __slots__ = ()
    _shown = ("id", "status", "delegator", "delegate",)

    @property
    def id(self) -> str:
        """The id, a UUID."""
        return self._of("id")

    @property
    def status(self) -> Literal["scheduled", "active", "expired", "ended"]:
        """The status at the instant of the answer."""
        return self._of("status")

    @property
    def delegator(self) -> Principal:
        """Whose right to review it is."""
        return Principal._of(self._of("delegator"))

    @property
    def delegate(self) -> Principal:
        """Who may review in their place."""
        return Principal._of(self._of("delegate"))

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that are delegated."""
        return tuple(self._of("roles"))

    @property
    def from_(self) -> datetime:
        """The first instant at which it holds."""
        return datetime.fromisoformat(self._of("from"))

    @property
    def until(self) -> datetime:
        """The first instant at which it no longer holds."""
        return datetime.fromisoformat(self._of("until"))

    @property
    def reason(self) -> str:
        """The reason for it."""
        return self._of("reason")

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self._of("created_at"))

    @property
    def ended_at(self) -> datetime | None:
        """When somebody ended it before its time."""
        return None if (found := self._of("ended_at")) is None else datetime.fromisoformat(found)

    @property
    def ended_by(self) -> str | None:
        """Who ended it."""
        return self._of("ended_by")

    @property
    def links(self) -> Mapping[str, str]:
        """Paths to the delegation."""
        return MappingProxyType(self._of("links"))


@final
class Record(Answered):
    """A record of the journal."""

    __slots__ = ()
    _shown = ("revision", "event", "by",)

    @property
    def revision(self) -> int:
        """Its position; gapless, from 1."""
        return self._of("revision")

    @property
    def at(self) -> datetime:
        """When it happened."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def by(self) -> str:
        """Who did it: a person, `agent:name`, or `rule:` and the name of a rule."""
        return self._of("by")

    @property
    def accountable(self) -> str | None:
        """The person who answers for it: who did it, or the person that the agent who did it acted for; `None` for a rule."""
        return self._of("accountable")

    @property
    def event(self) -> str:
        """What happened: `grant_revoked`."""
        return self._of("event")

    @property
    def result(self) -> str | None:
        """What came of it: `allowed`, `denied`, `expired`, if something did."""
        return self._of("result")

    @property
    def grant_id(self) -> str | None:
        """The grant that it is about."""
        return self._of("grant")

    @property
    def request_id(self) -> str | None:
        """The request that it is about; of a grant, the one it answers."""
        return self._of("request")

    @property
    def approvers(self) -> tuple[str, ...]:
        """Of a record about a grant: who approved it."""
        return tuple(self._of("approvers"))

    @property
    def ticket_url(self) -> str | None:
        """Of a record about a grant: the ticket of the work."""
        return self._of("ticket_url")

    @property
    def data(self) -> Mapping[str, Any]:
        """What else it says, in the form in which it is stored. The fields depend on `event`."""
        return MappingProxyType(self._of("data"))

    @property
    def previous(self) -> str:
        """The hash of the record before it."""
        return self._of("previous")

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of the whole record, in hexadecimal."""
        return self._of("hash")

    @property
    def body(self) -> str | None:
        """That canonical JSON (RFC 8785), where it was asked for."""
        return self._of("body")


@final
class Alert(Answered):
    """Something that the monitor found, and what somebody did about it."""

    __slots__ = ()
    _shown = ("id", "kind", "status", "text",)

    @property
    def id(self) -> str:
        """The alert."""
        return self._of("id")

    @property
    def kind(self) -> str:
        """What it tells of: `burst`."""
        return self._of("kind")

    @property
    def severity(self) -> Literal["routine", "unusual", "trouble"]:
        """How it is meant: `trouble` is about the engine itself."""
        return self._of("severity")

    @property
    def status(self) -> Literal["open", "acknowledged", "silenced"]:
        """The state of the alert."""
        return self._of("status")

    @property
    def text(self) -> str:
        """What was found, with its numbers."""
        return self._of("text")

    @property
    def grant_id(self) -> str | None:
        """The grant that it is about."""
        return self._of("grant_id")

    @property
    def principal(self) -> Principal | None:
        """Whom it is about."""
        return None if (found := self._of("principal")) is None else Principal._of(found)

    @property
    def since(self) -> datetime:
        """The instant of what was found."""
        return datetime.fromisoformat(self._of("since"))

    @property
    def raised_at(self) -> datetime:
        """When it was raised."""
        return datetime.fromisoformat(self._of("raised_at"))

    @property
    def acknowledged_by(self) -> str | None:
        """Who acknowledged it."""
        return self._of("acknowledged_by")

    @property
    def acknowledged_at(self) -> datetime | None:
        """When that was."""
        return None if (found := self._of("acknowledged_at")) is None else datetime.fromisoformat(found)

    @property
    def finding(self) -> str | None:
        """What they found."""
        return self._of("finding")

    @property
    def silenced_by(self) -> str | None:
        """Who silenced it."""
        return self._of("silenced_by")

    @property
    def silenced_until(self) -> datetime | None:
        """Until when nothing like it is raised."""
        return None if (found := self._of("silenced_until")) is None else datetime.fromisoformat(found)

    @property
    def silence_reason(self) -> str | None:
        """Why it was silenced."""
        return self._of("silence_reason")

    @property
    def revision(self) -> int:
        """The record of the journal that raised it."""
        return self._of("revision")


@final
class Happened(Value):
    """A record that tells of a change, or of the last use."""

    __slots__ = ()
    _shown = ("revision", "kind",)

    @property
    def revision(self) -> int:
        """The number of the record."""
        return self._of("revision")

    @property
    def kind(self) -> str:
        """The kind of what it tells of: `grant_created`."""
        return self._of("kind")


@final
class Events(Answered):
    """What happened after a record that the caller may know of."""

    __slots__ = ()
    _shown = ("revision", "missed",)

    @property
    def revision(self) -> int:
        """Give it as `after` to go on from here."""
        return self._of("revision")

    @property
    def missed(self) -> bool:
        """Whether more has happened than is kept, so that everything has to be read anew."""
        return bool(self._of("missed"))

    @property
    def events(self) -> tuple[Happened, ...]:
        """What happened, oldest first."""
        return tuple(Happened(each) for each in self._of("events"))


@final
class SummaryApproval(Value):
    """An approval."""

    __slots__ = ()
    _shown = ("by", "on_behalf_of", "at", "comment",)

    @property
    def by(self) -> str:
        """Who approved."""
        return self._of("by")

    @property
    def on_behalf_of(self) -> Principal | None:
        """In whose place."""
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
        """Which part."""
        return self._of("what")

    @property
    def asked(self) -> str | None:
        """What was requested; `None` for conditions."""
        return self._of("asked")

    @property
    def given(self) -> str:
        """What was given."""
        return self._of("given")

    @property
    def by(self) -> str:
        """Who or what made it less."""
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
        """When last."""
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
        """What was attempted: the name of a command or a read, or `check`."""
        return self._of("attempt")

    @property
    def about(self) -> str:
        """What the last one was about; empty where nothing is named."""
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
        """When last."""
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
        """Who did it: a person, `agent:name`, or `rule:` and the name of a rule."""
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
        """The same in words, with what was said."""
        return self._of("text")


@final
class Summary(Answered):
    """What was done under a grant, from the journal alone. For a live grant: what happened so far."""

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
        """Who holds it."""
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
        """What it gave."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """What it did not give, even if a wildcard in it covers it."""
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
        """When its time is over."""
        return datetime.fromisoformat(self._of("expires_at"))

    @property
    def until(self) -> datetime:
        """The end of the grant, or the instant at which a live one was summarised."""
        return datetime.fromisoformat(self._of("until"))

    @property
    def ended_by(self) -> str | None:
        """Who ended it before its time."""
        return self._of("ended_by")

    @property
    def end_reason(self) -> str | None:
        """Why it was revoked."""
        return self._of("end_reason")

    @property
    def break_glass(self) -> bool:
        """Whether it was taken without approval."""
        return bool(self._of("break_glass"))

    @property
    def approved_by(self) -> str:
        """Who approved it last: a person, or `rule:` and the name of a rule."""
        return self._of("approved_by")

    @property
    def approvals(self) -> tuple[SummaryApproval, ...]:
        """The approvals that count."""
        return tuple(SummaryApproval(each) for each in self._of("approvals"))

    @property
    def cuts(self) -> tuple[SummaryCut, ...]:
        """What was made less than requested, and by whom."""
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
        """When it was used last."""
        return None if (found := self._of("last_used_at")) is None else datetime.fromisoformat(found)

    @property
    def uses(self) -> tuple[SummaryUse, ...]:
        """The uses by permission and resource, the most frequent first; at most 500 rows."""
        return tuple(SummaryUse(each) for each in self._of("uses"))

    @property
    def other_uses(self) -> int:
        """How many uses stand in no row of `uses`."""
        return self._of("other_uses")

    @property
    def never_used(self) -> tuple[str, ...]:
        """The permissions that were granted and never used."""
        return tuple(self._of("never_used"))

    @property
    def smaller_role(self) -> SummaryRole | None:
        """The smallest role of the catalogue that covers every use and lies inside the grant; `None` for none."""
        return None if (found := self._of("smaller_role")) is None else SummaryRole(found)

    @property
    def refused(self) -> tuple[SummaryRefused, ...]:
        """What was refused to the holder meanwhile, the most frequent first; at most 50 rows."""
        return tuple(SummaryRefused(each) for each in self._of("refused"))

    @property
    def other_refused(self) -> int:
        """How many refused attempts stand in no row of `refused`."""
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
        """The last record of the journal that the summary rests on."""
        return self._of("through_revision")


@final
class Delivery(Answered):
    """The delivery of one notice to one recipient by one channel. Its id stays the same however often it is tried."""

    __slots__ = ()
    _shown = ("id", "state", "kind", "channel",)

    @property
    def id(self) -> str:
        """The id, a UUID. Receivers see it too."""
        return self._of("id")

    @property
    def kind(self) -> str:
        """What the notice tells of: `grant_revoked`."""
        return self._of("kind")

    @property
    def channel(self) -> str:
        """The channel, by its name in the configuration."""
        return self._of("channel")

    @property
    def state(self) -> Literal["waiting", "sent", "failed", "dropped"]:
        """What has become of it."""
        return self._of("state")

    @property
    def recipient(self) -> str | None:
        """Who it goes to; `None` for the channel's own target."""
        return self._of("recipient")

    @property
    def address(self) -> str | None:
        """The address it goes to; `None` for the channel's own target."""
        return self._of("address")

    @property
    def digest(self) -> bool:
        """Whether it waits for others, to be sent with them as one message."""
        return bool(self._of("digest"))

    @property
    def attempts(self) -> int:
        """How often it was tried."""
        return self._of("attempts")

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self._of("created_at"))

    @property
    def next_at(self) -> datetime | None:
        """When it is tried next, while it waits."""
        return None if (found := self._of("next_at")) is None else datetime.fromisoformat(found)

    @property
    def settled_at(self) -> datetime | None:
        """When it was sent, given up or dropped."""
        return None if (found := self._of("settled_at")) is None else datetime.fromisoformat(found)

    @property
    def last_error(self) -> str | None:
        """Why the last attempt failed."""
        return self._of("last_error")

    @property
    def subject(self) -> str | None:
        """The id of the request that the notice belongs to, or of a grant or a delegation where there is none."""
        return self._of("subject")


@final
class StoreHealth(Value):
    """How the store stands, as this process sees it."""

    __slots__ = ()
    _shown = ("revision", "current_at", "replaced", "notices_waiting",)

    @property
    def revision(self) -> int:
        """The last record."""
        return self._of("revision")

    @property
    def current_at(self) -> datetime | None:
        """When the grants that this process knows were last proven to be current."""
        return None if (found := self._of("current_at")) is None else datetime.fromisoformat(found)

    @property
    def replaced(self) -> bool:
        """Whether it was replaced and nobody has accepted that. Then no grant is honoured."""
        return bool(self._of("replaced"))

    @property
    def notices_waiting(self) -> int:
        """Notices that are due and of which nobody has found out yet who is told."""
        return self._of("notices_waiting")


@final
class JournalHealth(Value):
    """What the verification of the journal has found last, in this process."""

    __slots__ = ()
    _shown = ("verified", "verified_at", "all_verified_at", "problem", "elevation_stopped",)

    @property
    def verified(self) -> int:
        """The last record up to which the journal was found to be whole."""
        return self._of("verified")

    @property
    def verified_at(self) -> datetime | None:
        """When it was found; `None` when this process has verified nothing yet."""
        return None if (found := self._of("verified_at")) is None else datetime.fromisoformat(found)

    @property
    def all_verified_at(self) -> datetime | None:
        """When all of it was verified last, from the first record on."""
        return None if (found := self._of("all_verified_at")) is None else datetime.fromisoformat(found)

    @property
    def problem(self) -> str | None:
        """What is wrong, if something is."""
        return self._of("problem")

    @property
    def elevation_stopped(self) -> bool:
        """Whether no grant is honoured for that reason."""
        return bool(self._of("elevation_stopped"))


@final
class ClockHealth(Value):
    """How the clock stands."""

    __slots__ = ()
    _shown = ("source", "wall", "doubted", "skew_ms",)

    @property
    def source(self) -> Literal["host", "database"]:
        """Whose time of day is believed: that of the `host` or of the `database`."""
        return self._of("source")

    @property
    def wall(self) -> datetime:
        """What the wall clock shows."""
        return datetime.fromisoformat(self._of("wall"))

    @property
    def doubted(self) -> Literal["ahead", "behind"] | None:
        """Which way it is wrong, if nobody knows what time it is: `ahead` or `behind`. Then only break-glass grants are honoured."""
        return self._of("doubted")

    @property
    def skew_ms(self) -> int | None:
        """How far the host's clock is ahead of that of the store's server, in milliseconds; `None` where there is none to compare with."""
        return self._of("skew_ms")


@final
class RefusedAttempt(Answered):
    """Attempts of one principal that were refused for one reason, within one hour."""

    __slots__ = ()
    _shown = ("principal", "attempt", "code", "count",)

    @property
    def principal(self) -> str:
        """Whose attempts: a person, or `agent:name`."""
        return self._of("principal")

    @property
    def acts_for(self) -> str | None:
        """The person that an agent acts for, where it was told."""
        return self._of("acts_for")

    @property
    def attempt(self) -> str:
        """What was attempted: the name of a command or a read, or `check`."""
        return self._of("attempt")

    @property
    def code(self) -> str:
        """Why it was refused: the code of the refusal, or the reason of the check."""
        return self._of("code")

    @property
    def about(self) -> str:
        """What the last one was about, such as `request` and its id; empty where nothing is named."""
        return self._of("about")

    @property
    def message(self) -> str:
        """The sentence of the last refusal; empty for a check."""
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
        """When the last was."""
        return datetime.fromisoformat(self._of("last_at"))


@final
class ChannelHealth(Value):
    """How the deliveries of one channel stand."""

    __slots__ = ()
    _shown = ("channel", "last_success", "waiting", "failed",)

    @property
    def channel(self) -> str:
        """The channel, by its name in the configuration."""
        return self._of("channel")

    @property
    def last_success(self) -> datetime | None:
        """When a delivery last succeeded."""
        return None if (found := self._of("last_success")) is None else datetime.fromisoformat(found)

    @property
    def waiting(self) -> int:
        """How many deliveries wait."""
        return self._of("waiting")

    @property
    def failed(self) -> int:
        """How many were given up and wait for a person."""
        return self._of("failed")


@final
class Health(Answered):
    """How the library stands. Later versions add fields."""

    __slots__ = ()
    _shown = ("channels",)

    @property
    def at(self) -> datetime:
        """When it was looked at."""
        return datetime.fromisoformat(self._of("at"))

    @property
    def store(self) -> StoreHealth:
        """How the store stands. That it could be read is said by there being an answer."""
        return StoreHealth(self._of("store"))

    @property
    def journal(self) -> JournalHealth:
        """What the verification of the journal has found last, in this process."""
        return JournalHealth(self._of("journal"))

    @property
    def clock(self) -> ClockHealth:
        """How the clock stands."""
        return ClockHealth(self._of("clock"))

    @property
    def channels(self) -> tuple[ChannelHealth, ...]:
        """Each channel, by name: those that are configured, and those that deliveries are left of."""
        return tuple(ChannelHealth(each) for each in self._of("channels"))


@final
class OfferedStep(Value):
    """A step of an approval: so many different people who each hold one of its roles."""

    __slots__ = ()
    _shown = ("roles", "count",)

    @property
    def roles(self) -> tuple[str, ...]:
        """The host's roles of which a reviewer must hold one."""
        return tuple(self._of("roles"))

    @property
    def count(self) -> int:
        """How many different people must approve."""
        return self._of("count")


@final
class Held(Value):
    """A live grant that gives some of a role."""

    __slots__ = ()
    _shown = ("grant_id", "role", "resource", "starts_at", "expires_at", "suspended",)

    @property
    def grant_id(self) -> str:
        """The id of the grant."""
        return self._of("grant_id")

    @property
    def role(self) -> str:
        """The role that it was given for."""
        return self._of("role")

    @property
    def resource(self) -> str:
        """What it is for: a resource, or `*`."""
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
    """A role of the catalogue that the caller may ask for."""

    __slots__ = ()
    _shown = ("role", "may_request", "not_held",)

    @property
    def role(self) -> str:
        """Its name."""
        return self._of("role")

    @property
    def description(self) -> str:
        """What it is for; empty when the operator wrote nothing."""
        return self._of("description")

    @property
    def may_request(self) -> bool:
        """Whether the caller may request it."""
        return bool(self._of("may_request"))

    @property
    def may_break_glass(self) -> bool:
        """Whether the caller may take it without approval in an emergency, with a sign-in that is strong enough."""
        return bool(self._of("may_break_glass"))

    @property
    def permissions(self) -> tuple[str, ...]:
        """What it permits, without what is reserved."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """What a wildcard of `permissions` leaves out."""
        return tuple(self._of("excluded_permissions"))

    @property
    def not_held(self) -> tuple[str, ...]:
        """What of it the caller has neither by standing right nor by a live grant of everything."""
        return tuple(self._of("not_held"))

    @property
    def not_held_except(self) -> tuple[str, ...]:
        """What a wildcard of `not_held` leaves out."""
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
        """The steps of the approval; empty when nobody could approve."""
        return tuple(OfferedStep(each) for each in self._of("approval"))

    @property
    def approved_by_rule(self) -> str | None:
        """The rule that would approve such a request now."""
        return self._of("approved_by_rule")

    @property
    def refused(self) -> str | None:
        """The code with which such a request would be refused now."""
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
        """The live grants of the caller that give any of it, the one that ends last first."""
        return tuple(Held(each) for each in self._of("held"))

    @property
    def covered_until(self) -> datetime | None:
        """Until when a live grant of the caller gives all of it, everywhere and without conditions."""
        return None if (found := self._of("covered_until")) is None else datetime.fromisoformat(found)


@final
class Considered(Value):
    """A grant, and why it gives what was asked or does not."""

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
        """What is so, for programs."""
        return self._of("why")

    @property
    def detail(self) -> str:
        """What is so, for people."""
        return self._of("detail")

    @property
    def remedy(self) -> str:
        """What would lift it, for people; empty when nothing stands in the way."""
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
        """The reason that the check gives."""
        return self._of("reason")

    @property
    def detail(self) -> str:
        """The answer in a sentence, for people."""
        return self._of("detail")

    @property
    def grant_id(self) -> str | None:
        """The grant that gives it."""
        return self._of("grant_id")

    @property
    def grants(self) -> tuple[Considered, ...]:
        """The grants that permit the action somewhere or sometime, newest first."""
        return tuple(Considered(each) for each in self._of("grants"))

    @property
    def ask_for(self) -> tuple[str, ...]:
        """The roles that the caller may request and that give the action, when they ask about themself and nothing gives it."""
        return tuple(self._of("ask_for"))


@final
class Remedy(Value):
    """A request that would be accepted now. `role`, `permissions` and `resource` are fields of `submit`."""

    __slots__ = ()
    _shown = ("role", "description", "permissions", "excluded_permissions", "whole_role", "resource", "default_duration_hours", "max_duration_hours", "needs_reason", "needs_ticket", "approval", "approved_by_rule", "risk_level",)

    @property
    def role(self) -> str:
        """The role to ask for."""
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
        """What a wildcard of `permissions` leaves out."""
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
    """What the caller may ask for to lift a denial."""

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
        """Until when this holds; then ask for it again."""
        return datetime.fromisoformat(self._of("expires_at"))

    @property
    def options(self) -> tuple[Remedy, ...]:
        """The requests that would be accepted now, what gives the least first. Without one, asking does not help."""
        return tuple(Remedy(each) for each in self._of("options"))


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
        """When last."""
        return datetime.fromisoformat(self._of("last_at"))


@final
class Proposal(Value):
    """An entry of the catalogue that would be enough."""

    __slots__ = ()
    _shown = ("permissions", "excluded_permissions", "inside", "entry",)

    @property
    def permissions(self) -> tuple[str, ...]:
        """What it gives."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """What a wildcard of `permissions` leaves out."""
        return tuple(self._of("excluded_permissions"))

    @property
    def inside(self) -> tuple[SummaryHeld, ...]:
        """Each of its permissions, with the given one that it lies in."""
        return tuple(SummaryHeld(each) for each in self._of("inside"))

    @property
    def entry(self) -> str:
        """The entry as the configuration has it below `roles`, on one line of YAML."""
        return self._of("entry")


@final
class RoleUse(Value):
    """What of a role was used."""

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
        """How many of these were never used in it."""
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
        """What it gives."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """What a wildcard of `permissions` leaves out."""
        return tuple(self._of("excluded_permissions"))

    @property
    def used(self) -> tuple[PermissionUse, ...]:
        """What was used, the most frequent first."""
        return tuple(PermissionUse(each) for each in self._of("used"))

    @property
    def never_used(self) -> tuple[str, ...]:
        """What was given and never used."""
        return tuple(self._of("never_used"))

    @property
    def proposal(self) -> Proposal | None:
        """The entry of the catalogue that would be enough; `None` when everything was used, or nothing."""
        return None if (found := self._of("proposal")) is None else Proposal(found)

    @property
    def smaller_role(self) -> SummaryRole | None:
        """The smallest role of the catalogue that covers every use and lies inside this one; `None` for none."""
        return None if (found := self._of("smaller_role")) is None else SummaryRole(found)


@final
class RightSize(Answered):
    """What of roles was used in a period."""

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
    """What would have come of recorded calls under another grant."""

    __slots__ = ()
    _shown = ("would_pass_total", "would_be_refused_total",)

    @property
    def history(self) -> History:
        """On how much history it rests."""
        return History(self._of("history"))

    @property
    def permissions(self) -> tuple[str, ...]:
        """What the grant would have given."""
        return tuple(self._of("permissions"))

    @property
    def excluded_permissions(self) -> tuple[str, ...]:
        """What a wildcard of `permissions` leaves out."""
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
        """How many refused calls would have passed where the conditions of the grant are met, which the record does not tell."""
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
