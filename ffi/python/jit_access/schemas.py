"""What OpenAPI says of the answers of the routes. What is accepted is in `bodies`.

What is accepted is checked for its shape alone: known fields of the right type. Whether a duration is too long or a
reason too short is a rule, and rules are the engine's. What comes back is written by the engine itself; its models here
document it, and the tests hold them to what the engine writes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Shown(BaseModel):
    """What the engine writes. Open: a later version adds fields, and a client must not mind."""

    model_config = ConfigDict(extra="allow")


class ConditionsModel(_Shown):
    """What must be so at each use; what is `null` may be as it likes."""

    mfa_within_minutes: int | None = Field(description="A sign-in with a second factor no longer ago than this")
    networks: list[str] | None = Field(description="From one of these networks")
    session: str | None = Field(description="In this session or task alone")
    max_uses: int | None = Field(description="No more uses than this")


class LimitModel(_Shown):
    """The most that an approver gives; what is `null` is left as it was asked for."""

    permissions: list[str] | None = Field(description="No more than these")
    excluded_permissions: list[str] | None = Field(description="What a wildcard of `permissions` leaves out")
    resource: str | None = Field(description="No further than this")
    duration_hours: float | None = Field(description="No longer than this")
    conditions: ConditionsModel | None = Field(description="Only while this is so, too")


class ApprovalStepModel(_Shown):
    """One step of the approval: so many different people who hold one of its roles."""

    roles: list[str] = Field(description="The host's roles of which a reviewer must hold one")
    count: int = Field(description="How many different people it takes")
    escalates_at: datetime | None = Field(description="From when on `escalate_to` may fill it too")
    escalate_to: list[str] = Field(description="The roles that may fill it too from then on")


class MissingModel(_Shown):
    """Whose approval is still missing."""

    roles: list[str] = Field(description="The roles that may fill the step now")
    missing: int = Field(description="How many different people it still takes")


class ReviewModel(_Shown):
    """What a reviewer said."""

    by: str = Field(description="Who said it")
    at: datetime = Field(description="When")
    verdict: Literal["approve", "deny", "ask"] = Field(description="What they said")
    comment: str | None = Field(description="Why, or what they asked")
    version: int = Field(description="The version of the request it is about")
    roles: list[str] = Field(description="The roles with which it was given")
    acts_for: str | None = Field(description="The person that a reviewing agent acts for")
    on_behalf_of: str | None = Field(description="Who delegated these roles")
    lapsed_at: datetime | None = Field(description="Since when it counts no more: the reviewer lost such a role")
    limit: LimitModel | None = Field(description="The most that they give; `null` when it is all that was asked for")


class AnswerModel(_Shown):
    """What the requester answered."""

    at: datetime = Field(description="When")
    text: str = Field(description="What was said")
    version: int = Field(description="The version of the request that came of it")


class RiskReasonModel(_Shown):
    """One thing that makes the request more risky."""

    factor: str = Field(description="What it is, for a program; stable")
    detail: str = Field(description="What it is, for a person")


class AssessmentModel(_Shown):
    """What the request would newly permit, and how much could go wrong with it."""

    risk_level: Literal["low", "medium", "high", "critical"] = Field(description="How much could go wrong")
    reasons: list[RiskReasonModel] = Field(description="Why it is that much")
    newly_permitted: list[str] = Field(description="Asked for, and not held by standing right")
    newly_permitted_except: list[str] = Field(description="What a wildcard of `newly_permitted` does not newly permit")


class SignInModel(_Shown):
    """How somebody signed in: the claims of their token."""

    amr: list[str] = Field(description="The methods of authentication (RFC 8176)")
    acr: str | None = Field(description="The context of authentication")
    auth_time: datetime | None = Field(description="When it was")
    mfa: bool = Field(description="Whether the host claimed a second factor without saying which")


class EmergencyModel(_Shown):
    """How access was taken without approval."""

    drill: bool = Field(description="Whether it was an exercise")
    skipped_approvers: list[str] = Field(description="The roles of which one would have had to approve")
    sign_in: SignInModel | None = Field(description="How its taker had signed in")


class BreakGlassModel(_Shown):
    """The review that a grant without approval owes."""

    drill: bool = Field(description="Whether it was an exercise")
    review_status: Literal["required", "overdue", "done", "waived"] = Field(description="What has become of the review")
    review_due_at: datetime = Field(description="From when on it is overdue")
    reviewer_roles: list[str] = Field(description="The host's roles of which a reviewer must hold one")
    reviewed_by: str | None = Field(description="Who reviewed or waived it")
    reviewed_at: datetime | None = Field(description="When")
    outcome: Literal["justified", "unjustified", "waived"] | None = Field(description="What the review found")
    finding: str | None = Field(description="The words of the reviewer")


class AccessRequestModel(_Shown):
    """A request for access."""

    id: str = Field(description="Its name, a UUID")
    status: Literal["pending", "needs_info", "approved", "denied", "withdrawn", "timed_out"] = Field(
        description="What it is now"
    )
    requester_email: str = Field(description="Who asks; `agent:name` for an agent")
    requester_acts_for: str | None = Field(description="The person that a requesting agent acts for")
    requester_normal_roles: list[str] = Field(description="The standing roles of the requester when asking")
    requester_normal_permissions: list[str] | None = Field(
        description="What the requester could do by standing right when asking; `null` when the host did not say"
    )
    role: str = Field(description="The role of the catalogue")
    permissions: list[str] = Field(description="What the role gives")
    excluded_permissions: list[str] = Field(description="What a wildcard of `permissions` leaves out")
    resource: str = Field(description="What it reaches: `*` for everything")
    duration_hours: float = Field(description="How long the grant would last, after every limit")
    requested_duration_hours: float = Field(description="How long it was asked for")
    duration_cut_by: str | None = Field(description="The limit that made it shorter than requested")
    conditions: ConditionsModel | None = Field(description="What must be so at each use; `null` for nothing")
    starts_at: datetime | None = Field(description="When the grant should begin; `null` for at the approval")
    justification: str | None = Field(description="Why, in the words of the requester")
    ticket_url: str | None = Field(description="Where the work is tracked")
    approver_roles: list[str] = Field(description="Every role that may ever review it")
    approval: list[ApprovalStepModel] = Field(description="The steps of the approval")
    waiting_for: list[MissingModel] = Field(description="What is still missing; empty once it is answered")
    created_at: datetime = Field(description="When it was asked")
    times_out_at: datetime = Field(description="From when on it cannot be answered any more")
    break_glass: EmergencyModel | None = Field(description="How it was taken, when nobody had to approve it")
    version: int = Field(description="Counts up when the length or the resource changes")
    assessment: AssessmentModel = Field(description="What it would newly permit, and how risky that is")
    reviews: list[ReviewModel] = Field(description="What reviewers have said, in their order")
    answers: list[AnswerModel] = Field(description="What the requester has answered, in their order")
    grant_id: str | None = Field(description="The grant it led to")
    extends: str | None = Field(description="The grant that it asks to extend")
    already: bool = Field(
        False, description="Nothing was asked for: the grant of this request gives what was wanted already"
    )
    links: dict[str, str] = Field(description="Where to follow the request, and what can be done with it now")


class GrantModel(_Shown):
    """Access that somebody holds for a while."""

    id: str = Field(description="Its name, a UUID")
    requester_email: str = Field(description="Who holds it; `agent:name` for an agent")
    requester_acts_for: str | None = Field(description="The person that a holding agent acts for")
    requester_normal_roles: list[str] = Field(description="The standing roles of the holder when asking")
    granted_role: str = Field(description="The role of the catalogue")
    granted_permissions: list[str] = Field(description="What it gives")
    justification: str | None = Field(description="Why, in the words of the requester")
    ticket_url: str | None = Field(description="Where the work is tracked")
    approved_by: str = Field(description="Who approved it; `rule:` and a configuration key where a rule did")
    approved_at: datetime = Field(description="When")
    starts_at: datetime = Field(description="The first instant at which it gives something")
    expires_at: datetime = Field(description="The first instant at which it no longer does")
    status: Literal["scheduled", "active", "suspended", "expired", "revoked", "released", "exhausted"] = Field(
        description="What it is now"
    )
    actions_taken: int = Field(description="How many requests this grant let through")
    revoked_by: str | None = Field(description="Who ended it; `rule:` and the name of a rule where one did")
    revoke_reason: str | None = Field(description="Why")
    break_glass: BreakGlassModel | None = Field(description="The review it owes, when nobody approved it")
    suspended_at: datetime | None = Field(description="Since when it is held back")
    suspended_by: str | None = Field(description="Who holds it back")
    suspend_reason: str | None = Field(description="Why")
    request_id: str = Field(description="The request it answers")
    excluded_permissions: list[str] = Field(description="What a wildcard of `granted_permissions` leaves out")
    resource: str = Field(description="What it reaches: `*` for everything")
    conditions: ConditionsModel | None = Field(description="What must be so at each use; `null` for nothing")
    uses_left: int | None = Field(description="How many more uses there may be; `null` when they are not numbered")
    ended_at: datetime | None = Field(description="When it was over")
    extends: str | None = Field(description="The grant that it goes on from")
    extension_number: int = Field(description="0 for what extends nothing, 1 for the first extension")
    links: dict[str, str] = Field(description="What can be done with it")


class DelegationModel(_Shown):
    """A right to review, lent for a while. It is not lent on, and approves nothing that the delegator asks for."""

    id: str = Field(description="Its name, a UUID")
    status: Literal["scheduled", "active", "expired", "ended"] = Field(description="What it is now")
    delegator: str = Field(description="Whose right it is")
    delegate: str = Field(description="Who reviews in their place")
    roles: list[str] = Field(description="The roles that are lent")
    from_: datetime = Field(alias="from", description="The first instant at which it lends something")
    until: datetime = Field(description="The first instant at which it lends nothing")
    reason: str = Field(description="Why")
    created_at: datetime = Field(description="When it was made")
    ended_at: datetime | None = Field(description="When somebody ended it")
    ended_by: str | None = Field(description="Who")
    links: dict[str, str] = Field(description="What can be done with it")


class AuditRecordModel(_Shown):
    """One fact of the journal. `body` is the very text that `hash` is the SHA-256 of."""

    revision: int = Field(description="Its position; gapless, from 1")
    at: datetime = Field(description="When it became true")
    by: str = Field(description="Who made it true: a person, `agent:name`, or `rule:` and the name of a rule")
    event: str = Field(description="What became true")
    previous: str = Field(description="The hash of the record before it")
    hash: str = Field(description="SHA-256 of `body`, in hexadecimal")
    body: str = Field(description="The whole record as canonical JSON (RFC 8785)")


class RequestPageModel(_Shown):
    """Some requests, newest first."""

    items: list[AccessRequestModel] = Field(description="What is on this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")


class GrantPageModel(_Shown):
    """Some grants, newest first."""

    items: list[GrantModel] = Field(description="What is on this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")


class DelegationPageModel(_Shown):
    """Some delegations, newest first."""

    items: list[DelegationModel] = Field(description="What is on this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")


class AuditPageModel(_Shown):
    """Some records of the journal."""

    items: list[AuditRecordModel] = Field(description="What is on this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")
