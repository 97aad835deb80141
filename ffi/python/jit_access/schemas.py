"""The bodies of the routes: what is accepted, and what OpenAPI says of what comes back.

What is accepted is checked for its shape alone: known fields of the right type. Whether a duration is too long or a
reason too short is a rule, and rules are the engine's. What comes back is written by the engine itself; its models here
document it, and the tests hold them to what the engine writes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Body(BaseModel):
    """Strict, so that `true` is no duration, and closed, so that a misspelt field is an error and not a default."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class AccessRequestBody(_Body):
    """What is asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "role": "auditor",
                "duration_hours": 2,
                "reason": "find out who changed the deploy tool",
                "ticket_url": "https://example.com/INC-42",
            }
        }
    )

    role: str = Field(description="A role of the catalogue")
    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="How long, counted from activation"
    )
    reason: str | None = Field(None, description="Why, for the approver and the record")
    ticket_url: str | None = Field(None, description="Where the work is tracked")
    resource: str | None = Field(
        None, description="The part of the host it is for: `tool:deploy`, `server:<id>`; everything when left out"
    )
    starts_at: str | None = Field(
        None, description="When it should begin, as an RFC 3339 instant; at approval when left out"
    )


class BreakGlassBody(_Body):
    """What is taken without approval."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"role": "responder", "reason": "INC-42: the shop is down", "duration_hours": 1}}
    )

    role: str = Field(description="A role of the catalogue that can be taken without approval")
    reason: str | None = Field(None, description="What the emergency is; mandatory")
    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="How long; as long as the limits allow when left out"
    )
    ticket_url: str | None = Field(None, description="Where the work is tracked")
    resource: str | None = Field(
        None, description="The part of the host it is for: `tool:deploy`, `server:<id>`; everything when left out"
    )
    drill: bool = Field(False, description="An exercise: the access is real, and everything about it is marked")


class CompleteReviewBody(_Body):
    """What the review of a grant without approval found."""

    justified: bool = Field(description="Whether there was an emergency that the access fitted")
    finding: str = Field(description="For the holder and the record")


class WaiveReviewBody(_Body):
    """Why nobody has to review it."""

    reason: str = Field(description="For the record")


class ApproveBody(_Body):
    """What the approver adds, and the most that is given: the grant is what this and the request have in common."""

    version: int | None = Field(None, ge=1, le=2**32 - 1, description="The version of the request that was looked at")
    permissions: list[str] | None = Field(None, description="No more than these; all that was asked for when left out")
    resource: str | None = Field(None, description="No further than this; as asked for when left out")
    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="No longer than this; as asked for when left out"
    )
    comment: str | None = Field(None, description="For the requester and the record")


class DenyBody(_Body):
    """Why not."""

    reason: str = Field(description="For the requester and the record")


class AskBody(_Body):
    """What the reviewer wants to know."""

    question: str = Field(description="For the requester and the record")


class AnswerBody(_Body):
    """What the requester answers, and changes."""

    answer: str = Field(description="For the reviewers and the record")
    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="Another length; as it was when left out"
    )
    resource: str | None = Field(None, description="Another part of the host; as it was when left out")


class ExtendBody(_Body):
    """How much longer, and why."""

    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        None, description="Counted from the end of the grant; as long as the role lasts by default when left out"
    )
    reason: str | None = Field(None, description="Why, for the approver and the record")


class StandingBody(_Body):
    """What the host knows of somebody."""

    principal: str = Field(description="Who")
    agent: bool = Field(False, description="It is an agent, and no person")
    enabled: bool = Field(description="Whether the host lets them in")
    roles: list[str] = Field(default_factory=list, description="The host's roles that they hold by standing right")


class SuspendBody(_Body):
    """Why it is held back."""

    reason: str = Field(description="For the holder and the record")


class RevokeBody(_Body):
    """Why it ends."""

    reason: str = Field(description="For the holder and the record")


class DelegationBody(_Body):
    """Who reviews in the caller's place, with what, and for how long."""

    to: str = Field(description="Who reviews: a person")
    roles: list[str] | None = Field(
        None, description="Which of the caller's roles are lent; all with which the caller reviews when left out"
    )
    from_: str | None = Field(None, alias="from", description="From when, as an RFC 3339 instant; now when left out")
    until: str = Field(description="Until when, as an RFC 3339 instant; at that instant it is over")
    reason: str = Field(description="For the record")


class RevokeManyBody(_Body):
    """Which grants end, selected in exactly one way, and why."""

    reason: str = Field(description="For the holders and the record")
    request_id: str | None = Field(None, description="Those that this request led to")
    holder: str | None = Field(None, description="Those that this person holds")
    agent: bool = Field(False, description="The holder is an agent, and no person")
    role: str | None = Field(None, description="Those of this role")
    resource: str | None = Field(None, description="Those that reach any of this, wider ones too")
    everything: bool = Field(False, description="All there are")


class EmptyBody(_Body):
    """Nothing more needs to be said."""


class _Shown(BaseModel):
    """What the engine writes. Open: a later version adds fields, and a client must not mind."""

    model_config = ConfigDict(extra="allow")


class LimitModel(_Shown):
    """The most that an approver gives; what is `null` is left as it was asked for."""

    permissions: list[str] | None
    excluded_permissions: list[str] | None
    resource: str | None
    duration_hours: float | None


class ApprovalStepModel(_Shown):
    """One step of the approval: so many different people who hold one of its roles."""

    roles: list[str]
    count: int
    escalates_at: datetime | None = Field(description="From when on `escalate_to` may fill it too")
    escalate_to: list[str]


class MissingModel(_Shown):
    """Whose approval is still missing."""

    roles: list[str] = Field(description="The roles that may fill the step now")
    missing: int = Field(description="How many different people it still takes")


class ReviewModel(_Shown):
    """What a reviewer said."""

    by: str
    at: datetime
    verdict: Literal["approve", "deny", "ask"]
    comment: str | None
    version: int = Field(description="The version of the request it is about")
    roles: list[str] = Field(description="The roles with which it was given")
    acts_for: str | None = Field(description="The person that a reviewing agent acts for")
    on_behalf_of: str | None = Field(description="Who delegated these roles")
    lapsed_at: datetime | None = Field(description="Since when it counts no more: the reviewer lost such a role")
    limit: LimitModel | None


class AnswerModel(_Shown):
    """What the requester answered."""

    at: datetime
    text: str
    version: int


class RiskReasonModel(_Shown):
    """One thing that makes the request more risky."""

    factor: str
    detail: str


class AssessmentModel(_Shown):
    """What the request would newly permit, and how much could go wrong with it."""

    risk_level: Literal["low", "medium", "high", "critical"]
    reasons: list[RiskReasonModel]
    newly_permitted: list[str] = Field(description="Asked for, and not held by standing right")
    newly_permitted_except: list[str] = Field(description="What a wildcard of `newly_permitted` does not newly permit")


class SignInModel(_Shown):
    """How somebody signed in: the claims of their token."""

    amr: list[str]
    acr: str | None
    auth_time: datetime | None
    mfa: bool = Field(description="Whether the host claimed a second factor without saying which")


class EmergencyModel(_Shown):
    """How access was taken without approval."""

    drill: bool
    skipped_approvers: list[str] = Field(description="The roles of which one would have had to approve")
    sign_in: SignInModel | None


class BreakGlassModel(_Shown):
    """The review that a grant without approval owes."""

    drill: bool
    review_status: Literal["required", "overdue", "done", "waived"]
    review_due_at: datetime
    reviewer_roles: list[str]
    reviewed_by: str | None
    reviewed_at: datetime | None
    outcome: Literal["justified", "unjustified", "waived"] | None
    finding: str | None


class AccessRequestModel(_Shown):
    """A request for access."""

    id: str
    status: Literal["pending", "needs_info", "approved", "denied", "withdrawn", "timed_out"]
    requester_email: str
    requester_acts_for: str | None = Field(description="The person that a requesting agent acts for")
    requester_normal_roles: list[str] = Field(description="The standing roles of the requester when asking")
    requester_normal_permissions: list[str] | None = Field(
        description="What the requester could do by standing right when asking; `null` when the host did not say"
    )
    role: str
    permissions: list[str]
    excluded_permissions: list[str]
    resource: str = Field(description="What it reaches: `*` for everything")
    duration_hours: float
    requested_duration_hours: float
    duration_cut_by: str | None = Field(description="The limit that made it shorter than requested")
    starts_at: datetime | None
    justification: str | None
    ticket_url: str | None
    approver_roles: list[str] = Field(description="Every role that may ever review it")
    approval: list[ApprovalStepModel]
    waiting_for: list[MissingModel] = Field(description="What is still missing; empty once it is answered")
    created_at: datetime
    times_out_at: datetime
    break_glass: EmergencyModel | None = Field(description="How it was taken, when nobody had to approve it")
    version: int = Field(description="Counts up when the length or the resource changes")
    assessment: AssessmentModel
    reviews: list[ReviewModel]
    answers: list[AnswerModel]
    grant_id: str | None
    extends: str | None = Field(description="The grant that it asks to extend")
    already: bool = Field(
        False, description="Nothing was asked for: the grant of this request gives what was wanted already"
    )
    links: dict[str, str] = Field(description="Where to follow the request, and what can be done with it now")


class GrantModel(_Shown):
    """Access that somebody holds for a while."""

    id: str
    requester_email: str
    requester_normal_roles: list[str]
    granted_role: str
    granted_permissions: list[str]
    justification: str | None
    ticket_url: str | None
    approved_by: str
    approved_at: datetime
    starts_at: datetime
    expires_at: datetime
    status: Literal["scheduled", "active", "suspended", "expired", "revoked", "released"]
    actions_taken: int = Field(description="How many requests this grant let through")
    revoked_by: str | None
    revoke_reason: str | None
    break_glass: BreakGlassModel | None = Field(description="The review it owes, when nobody approved it")
    suspended_at: datetime | None
    suspended_by: str | None
    suspend_reason: str | None
    request_id: str
    excluded_permissions: list[str]
    resource: str = Field(description="What it reaches: `*` for everything")
    ended_at: datetime | None
    extends: str | None = Field(description="The grant that it goes on from")
    extension_number: int = Field(description="0 for what extends nothing, 1 for the first extension")
    links: dict[str, str]


class DelegationModel(_Shown):
    """A right to review, lent for a while. It is not lent on, and approves nothing that the delegator asks for."""

    id: str
    status: Literal["scheduled", "active", "expired", "ended"]
    delegator: str
    delegate: str
    roles: list[str]
    from_: datetime = Field(alias="from")
    until: datetime
    reason: str
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    links: dict[str, str]


class AuditRecordModel(_Shown):
    """One fact of the journal. `body` is the very text that `hash` is the SHA-256 of."""

    revision: int
    at: datetime
    by: str
    event: str
    previous: str
    hash: str
    body: str


class RequestPageModel(_Shown):
    """Some requests, newest first."""

    items: list[AccessRequestModel]
    next_cursor: str | None


class GrantPageModel(_Shown):
    """Some grants, newest first."""

    items: list[GrantModel]
    next_cursor: str | None


class DelegationPageModel(_Shown):
    """Some delegations, newest first."""

    items: list[DelegationModel]
    next_cursor: str | None


class AuditPageModel(_Shown):
    """Some records of the journal."""

    items: list[AuditRecordModel]
    next_cursor: str | None
