"""What OpenAPI says of the answers of the routes. Generated from `src/wire`, by `tests/generated`.

What the routes accept is in `bodies`.
"""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Shown(BaseModel):
    """What the engine writes. Open: a later version adds fields, and a client must not mind."""

    model_config = ConfigDict(extra="allow")


class ConditionsModel(_Shown):
    """Conditions checked at every use; `null` = no constraint."""

    mfa_within_minutes: int | None = Field(description="A sign-in with a second factor no longer ago than this")
    networks: list[str] | None = Field(description="From one of these networks")
    session: str | None = Field(description="Only in this session or task")
    max_uses: int | None = Field(description="No more uses than this")
    call: dict[str, Any] | None = Field(description="Only this exact call of a tool: an object with its `name` and its `arguments`")
    call_digest: str | None = Field(description="`sha256:` and the SHA-256 of the canonical JSON (RFC 8785) of `call`, in hexadecimal")


class LimitModel(_Shown):
    """The most that a reviewer approves. A field that is `null` is not limited."""

    permissions: list[str] | None = Field(description="No more than these permissions")
    excluded_permissions: list[str] | None = Field(description="Exceptions from the wildcards of `permissions`")
    resource: str | None = Field(description="No more than this resource")
    duration_hours: float | None = Field(description="No longer than this")
    conditions: ConditionsModel | None = Field(description="These conditions hold, too")


class ApprovalStepModel(_Shown):
    """A step of the approval: a number of different people who each hold one of its roles."""

    roles: list[str] = Field(description="The host roles; a reviewer needs one of them")
    count: int = Field(description="How many different people must approve")
    escalates_at: datetime | None = Field(description="From when on the roles of `escalate_to` may approve, too")
    escalate_to: list[str] = Field(description="The roles that may approve, too, from then on")


class WaitingForModel(_Shown):
    """A step of the approval that is not complete, and how many reviewers it needs."""

    roles: list[str] = Field(description="The roles; a reviewer needs one of them now")
    missing: int = Field(description="How many more different people must approve")


class ReviewModel(_Shown):
    """A review: approval, denial, or a question."""

    by: str = Field(description="Who gave the review")
    at: datetime = Field(description="When the review was given")
    verdict: Literal["approve", "deny", "ask"] = Field(description="What the reviewer decided; `ask` is a question to the requester")
    comment: str | None = Field(description="The reason, or the question")
    version: int = Field(description="The version of the request that was reviewed")
    roles: list[str] = Field(description="The roles with which it was given")
    acts_for: str | None = Field(description="The person that a reviewing agent acts for")
    on_behalf_of: str | None = Field(description="Who delegated these roles")
    lapsed_at: datetime | None = Field(description="Since when the review no longer counts, because the reviewer lost such a role")
    limit: LimitModel | None = Field(description="The most that the reviewer approves; `null` for all that was requested")


class AnswerModel(_Shown):
    """An answer of the requester to a question."""

    at: datetime = Field(description="When it was given")
    text: str = Field(description="The text of the answer")
    version: int = Field(description="The version of the request after the answer")


class RiskReasonModel(_Shown):
    """A reason for the level of risk."""

    factor: str = Field(description="The stable name of the reason, for programs")
    detail: str = Field(description="The reason, for people")


class HistoryModel(_Shown):
    """On how much history an answer rests."""

    from_: datetime = Field(alias="from", description="The first instant that was looked at: of the period, of the journal, or of the oldest use that was read")
    until: datetime = Field(description="The first instant that was not")
    days: int = Field(description="How many days that is")
    uses: int = Field(description="How many uses")
    refused: int = Field(description="How many refused calls")
    complete: bool = Field(description="Whether these are all of the period. Of very many the newest are read")
    text: str = Field(description="The same for people: `from 312 uses over 21 days`")


class CalledModel(_Shown):
    """Calls of one permission on one resource."""

    permission: str = Field(description="The permission")
    resource: str = Field(description="The resource; `*` when the check named none")
    parent: str | None = Field(description="What the resource is in")
    code: str | None = Field(description="Why they were refused: the reason of the check; `null` for calls that passed")
    count: int = Field(description="How often")
    first_at: datetime = Field(description="When first")
    last_at: datetime = Field(description="When the last one was")


class PastModel(_Shown):
    """What the past says about a request: which of its parts the requester used before, and their recorded calls under it."""

    history: HistoryModel = Field(description="On how much history it rests")
    sentences: list[str] = Field(description="The same for people, a sentence each")
    never_used: list[str] = Field(description="The permissions of the request that were never used under earlier grants of the role; empty when none was used")
    smaller_role: str | None = Field(description="A smaller role of the catalogue that would have been enough for the uses; `null` for none")
    would_pass: list[CalledModel] = Field(description="Refused calls of the last 30 days that it would have allowed, the most frequent first")
    would_pass_total: int = Field(description="How many those are in all")
    would_be_refused: list[CalledModel] = Field(description="Calls that passed and that it would have refused, the most frequent first")
    would_be_refused_total: int = Field(description="How many those are in all")


class CaseModel(_Shown):
    """Something that the requester could newly do."""

    permission: str = Field(description="The permission")
    resource: str = Field(description="The resource; `*` for everything at once")
    parent: str | None = Field(description="What the resource is in")


class RequestProofModel(_Shown):
    """The verdict of a solver: whether, for all people and things, the grant would add nothing outside of its envelope, and every forbid holds."""

    outcome: Literal["proven", "refuted", "enumerated"] = Field(description="The verdict: `enumerated` when the solver found no answer, so that only the evaluated cases are known")
    detail: str = Field(description="The solver, the counterexample, or why there is no verdict")


class BrokenRuleModel(_Shown):
    """A rule that a grant would break."""

    rule: str = Field(description="The `@id` of the rule, or else its file and line")
    permission: str = Field(description="The permission")
    resource: str = Field(description="The resource")
    parent: str | None = Field(description="What the resource is in")
    entities: list[str] = Field(description="The entities that are needed for it, and no more, in Cedar's format")
    failed: bool = Field(description="Whether the rule could not be evaluated, which counts as broken")


class AnalysisModel(_Shown):
    """What a request would change for its requester: evaluated with the standing policies, the guardrails and the live grants, over the entities of the host."""

    method: Literal["enumerated"] = Field(description="How the difference was found: `enumerated` covers only the evaluated cases")
    proof: RequestProofModel | None = Field(description="The verdict of a solver about this version with the policies in force; `null` without one")
    sentences: list[str] = Field(description="The same for people, a sentence each")
    newly: list[CaseModel] = Field(description="What would newly be possible; at most 50 rows")
    newly_total: int = Field(description="How many those are in all")
    already_total: int = Field(description="How much of what the grant covers is possible already")
    forbidden_total: int = Field(description="How much of what the grant covers stays forbidden")
    redundant: bool = Field(description="Whether the grant would change nothing that is known")
    broken_rules: list[BrokenRuleModel] = Field(description="The rules of the operator (`invariants`) that it would break, each with the smallest case")
    conflicts: list[str] = Field(description="Roles that are kept apart from this one, and that the requester holds")
    things: int = Field(description="How many things were looked at")
    complete: bool = Field(description="Whether every known entity was evaluated. When there are very many, only the first ones are")


class AssessmentModel(_Shown):
    """What the request would newly permit, and the risk of that."""

    risk_level: Literal["low", "medium", "high", "critical"] = Field(description="The level of risk")
    reasons: list[RiskReasonModel] = Field(description="The reasons for this level")
    newly_permitted: list[str] = Field(description="Permissions that are requested and that the requester does not hold by standing right")
    newly_permitted_except: list[str] = Field(description="Exceptions from the wildcards of `newly_permitted`")
    past: PastModel | None = Field(description="What the past says about it. Only for a single pending request; `null` in lists and afterwards")
    analysis: AnalysisModel | None = Field(description="What it would change, evaluated with the policies. Only for a single pending request, and not for its requester; otherwise `null`")


class RepeatModel(_Shown):
    """Another reason of the requester for the same request. It adds no access."""

    at: datetime = Field(description="When it was requested again")
    justification: str | None = Field(description="The reason that the requester gave")
    ticket_url: str | None = Field(description="The ticket of that work")


class SignInModel(_Shown):
    """The sign-in of a principal: the claims of their token."""

    amr: list[str] = Field(description="The methods of authentication (RFC 8176)")
    acr: str | None = Field(description="The context of authentication")
    auth_time: datetime | None = Field(description="When the sign-in happened")
    mfa: bool = Field(description="Whether the host claimed a second factor without its method")


class EmergencyModel(_Shown):
    """How break-glass access was taken."""

    drill: bool = Field(description="Whether it was a drill")
    offline: bool = Field(description="Whether it was taken while the store was unavailable")
    skipped_approvers: list[str] = Field(description="The roles that would have had to approve")
    sign_in: SignInModel | None = Field(description="How the requester had signed in")


class BreakGlassModel(_Shown):
    """The review that a grant without approval needs afterwards."""

    drill: bool = Field(description="Whether it was a drill")
    offline: bool = Field(description="Whether it was taken while the store was unavailable")
    merged_at: datetime | None = Field(description="When a grant that was taken while the store was unavailable was merged into the journal; `null` before")
    review_status: Literal["required", "overdue", "done", "waived"] = Field(description="The state of the review")
    review_due_at: datetime = Field(description="From when on the review is overdue")
    reviewer_roles: list[str] = Field(description="The host roles; a reviewer needs one of them")
    reviewed_by: str | None = Field(description="Who reviewed the use, or waived the review")
    reviewed_at: datetime | None = Field(description="When it was reviewed or waived")
    outcome: Literal["justified", "unjustified", "waived"] | None = Field(description="The result of the review")
    finding: str | None = Field(description="The text of the reviewer")
    lifted_by: str | None = Field(description="Who waived the finding of unjustified use")
    lifted_at: datetime | None = Field(description="When that was")
    lift_reason: str | None = Field(description="Why it was lifted")


class AccessRequestModel(_Shown):
    """A request for access."""

    id: str = Field(description="The id, a UUID")
    status: Literal["pending", "needs_info", "approved", "denied", "withdrawn", "timed_out"] = Field(description="The status at the instant of the answer")
    requester_email: str = Field(description="Who requests access; `agent:name` for an agent")
    requester_acts_for: str | None = Field(description="The person that a requesting agent acts for")
    requester_normal_roles: list[str] = Field(description="The standing roles of the requester at the time of the request")
    requester_normal_permissions: list[str] | None = Field(description="The requester's standing permissions at the request; `null` when the host did not report them")
    role: str = Field(description="The role of the catalogue")
    permissions: list[str] = Field(description="The requested permissions: those of the role, or the part of it that the requester named")
    excluded_permissions: list[str] = Field(description="Exceptions from the wildcards of `permissions`")
    resource: str = Field(description="The resource it is for; `*` for all")
    duration_hours: float = Field(description="The duration of the grant in hours, after every limit")
    requested_duration_hours: float = Field(description="The length that was requested")
    duration_cut_by: str | None = Field(description="The configuration key of the limit that shortened it; `null` when none did")
    conditions: ConditionsModel | None = Field(description="The conditions at every use; `null` for none")
    starts_at: datetime | None = Field(description="When the grant is to start; `null` for at the approval")
    justification: str | None = Field(description="The reason that the requester gave")
    ticket_url: str | None = Field(description="The ticket of the work")
    origin: str | None = Field(description="Where the request comes from")
    approver_roles: list[str] = Field(description="Every role that may review the request at some time")
    approval: list[ApprovalStepModel] = Field(description="The steps of the approval")
    waiting_for: list[WaitingForModel] = Field(description="The steps that are not complete; empty once the request is closed")
    created_at: datetime = Field(description="When the request was made")
    times_out_at: datetime = Field(description="From when on the request can no longer be reviewed")
    break_glass: EmergencyModel | None = Field(description="Break-glass access: how it was taken")
    version: int = Field(description="The version. It rises when the length or the resource changes; a review is of one version")
    assessment: AssessmentModel = Field(description="What the request would newly permit, and the risk of that")
    reviews: list[ReviewModel] = Field(description="The reviews, oldest first")
    answers: list[AnswerModel] = Field(description="The answers of the requester, oldest first")
    asked_again: list[RepeatModel] = Field(description="Other reasons of the requester for the same request, while it was pending or its grant was live, oldest first")
    grant_id: str | None = Field(description="The id of the grant it led to")
    extends: str | None = Field(description="The id of the grant to extend")
    already: bool = Field(default=False, description="True when no new request was made, because this one is pending for the same, or its grant gives it")
    dry_run: bool = Field(default=False, description="True when nothing was made: the answer of a dry run. Such a request has no links")
    links: dict[str, str] = Field(description="Paths to the request and to what the caller can do with it now")


class GrantModel(_Shown):
    """A grant: access for a limited time."""

    id: str = Field(description="The id, a UUID")
    requester_email: str = Field(description="The holder; `agent:name` for an agent")
    requester_acts_for: str | None = Field(description="The person that a holding agent acts for")
    requester_normal_roles: list[str] = Field(description="The standing roles of the holder at the time of the request")
    granted_role: str = Field(description="The role of the catalogue")
    granted_permissions: list[str] = Field(description="What it permits")
    justification: str | None = Field(description="The reason that the requester gave")
    ticket_url: str | None = Field(description="The ticket of the work")
    origin: str | None = Field(description="Where the request comes from")
    approved_by: str = Field(description="Who gave the last approval; `rule:` and a configuration key for a rule")
    approvers: list[str] = Field(description="Everyone whose approval counted, in order; the last is `approved_by`")
    approved_at: datetime = Field(description="When it was approved")
    starts_at: datetime = Field(description="The first instant at which it permits something")
    expires_at: datetime = Field(description="The first instant at which it no longer permits anything")
    status: Literal["scheduled", "active", "suspended", "expired", "revoked", "released", "exhausted"] = Field(description="The status at the instant of the answer")
    actions_taken: int = Field(description="How many uses are recorded")
    last_used_at: datetime | None = Field(description="When it was last used, for a grant that is looked up or listed; at most a second old. `null` when it was not used, and for a grant that ended long ago")
    uses_per_minute: float | None = Field(description="Its uses a minute, over the last ten minutes, when it is looked up or listed")
    refusals: int | None = Field(description="How many calls of its holder were refused since it began, where it is looked up or listed")
    revoked_by: str | None = Field(description="Who revoked it; `rule:` and the name of a rule for a rule")
    revoke_reason: str | None = Field(description="Why it was revoked")
    break_glass: BreakGlassModel | None = Field(description="The review that a break-glass grant needs afterwards")
    suspended_at: datetime | None = Field(description="Since when it is suspended")
    suspended_by: str | None = Field(description="Who suspended it")
    suspend_reason: str | None = Field(description="Why it is suspended")
    request_id: str = Field(description="The id of the request it answers")
    excluded_permissions: list[str] = Field(description="Exceptions from the wildcards of `granted_permissions`")
    resource: str = Field(description="The resource it is for; `*` for all")
    conditions: ConditionsModel | None = Field(description="The conditions at every use; `null` for none")
    uses_left: int | None = Field(description="How many uses are left; `null` when the number is not limited")
    ended_at: datetime | None = Field(description="When it ended; `null` while it has not")
    extends: str | None = Field(description="The id of the grant that it extends")
    extension_number: int = Field(description="0 when it extends nothing, 1 for the first extension")
    links: dict[str, str] = Field(description="Paths to the grant and to what the caller can do with it now")


class DelegationModel(_Shown):
    """A delegation: the right to review, for a limited time. It cannot be delegated again, and it never covers requests of the delegator."""

    id: str = Field(description="The id, a UUID")
    status: Literal["scheduled", "active", "expired", "ended"] = Field(description="The status at the instant of the answer")
    delegator: str = Field(description="The person whose right to review it is")
    delegate: str = Field(description="The person who may review in their place")
    roles: list[str] = Field(description="The roles that are delegated")
    from_: datetime = Field(alias="from", description="The first instant at which it holds")
    until: datetime = Field(description="The first instant at which it no longer holds")
    reason: str = Field(description="The reason for it")
    created_at: datetime = Field(description="When it was made")
    ended_at: datetime | None = Field(description="When it was ended early")
    ended_by: str | None = Field(description="Who ended it early")
    links: dict[str, str] = Field(description="Paths to the delegation")


class AuditRecordModel(_Shown):
    """A record of the journal."""

    revision: int = Field(description="Its position; gapless, from 1")
    at: datetime = Field(description="When it happened")
    by: str = Field(description="The actor: a person, `agent:name`, or `rule:` and the name of a rule")
    accountable: str | None = Field(description="The accountable person: the actor, or the person that the acting agent acted for; `null` for a rule")
    event: str = Field(description="What happened: `grant_revoked`")
    result: str | None = Field(description="The result, if there is one: `allowed`, `denied`, `expired`")
    grant: str | None = Field(description="The grant that it is about")
    request: str | None = Field(description="The request that it is about; of a grant, the one it answers")
    approvers: list[str] = Field(description="For a record about a grant: who approved it")
    ticket_url: str | None = Field(description="Of a record about a grant: the ticket of the work")
    data: dict[str, Any] = Field(description="Its other data, in the form in which it is stored. The fields depend on `event`")
    previous: str = Field(description="The hash of the record before it")
    hash: str = Field(description="SHA-256 of the canonical JSON of the whole record, in hexadecimal")
    body: str | None = Field(default=None, description="That canonical JSON (RFC 8785), if requested")


class AlertModel(_Shown):
    """An alert of the monitor, and how it was handled."""

    id: str = Field(description="The alert")
    kind: str = Field(description="The kind: `burst`")
    severity: Literal["routine", "unusual", "trouble"] = Field(description="How it is meant: `trouble` is about the engine itself")
    status: Literal["open", "acknowledged", "silenced"] = Field(description="The state of the alert")
    text: str = Field(description="The finding, with its numbers")
    grant_id: str | None = Field(description="The grant that it is about")
    principal: str | None = Field(description="The principal that it is about")
    since: datetime = Field(description="The instant of the finding")
    raised_at: datetime = Field(description="When it was raised")
    acknowledged_by: str | None = Field(description="Who acknowledged it")
    acknowledged_at: datetime | None = Field(description="When that was")
    finding: str | None = Field(description="The finding of the person who acknowledged it")
    silenced_by: str | None = Field(description="Who silenced it")
    silenced_until: datetime | None = Field(description="Until when no similar alert is raised")
    silence_reason: str | None = Field(description="Why it was silenced")
    revision: int = Field(description="The record of the journal that raised it")


class EventModel(_Shown):
    """A record of a change, or of the last use."""

    revision: int = Field(description="The number of the record")
    kind: str = Field(description="The kind of the fact: `grant_created`")


class EventsModel(_Shown):
    """What happened after a record that the caller may know of."""

    revision: int = Field(description="Send it as `after` to continue from here")
    missed: bool = Field(description="Whether more has happened than is kept, so that everything must be read again")
    events: list[EventModel] = Field(description="What happened, oldest first")


class SummaryApprovalModel(_Shown):
    """An approval."""

    by: str = Field(description="The approver")
    on_behalf_of: str | None = Field(description="The person in whose place they approved")
    at: datetime = Field(description="When it was given")
    comment: str | None = Field(description="The words of the approver")


class SummaryCutModel(_Shown):
    """Something that was made less than requested."""

    what: Literal["permissions", "resource", "duration", "conditions"] = Field(description="The part that was reduced")
    asked: str | None = Field(description="The requested value; `null` for conditions")
    given: str = Field(description="The given value")
    by: str = Field(description="Who reduced it")


class SummaryUseModel(_Shown):
    """The uses of one permission on one resource."""

    permission: str = Field(description="The permission")
    resource: str = Field(description="The resource; `*` when the check named none")
    count: int = Field(description="How often")
    first_at: datetime = Field(description="When first")
    last_at: datetime = Field(description="When the last one was")


class SummaryHeldModel(_Shown):
    """A permission and the wider one that it lies in."""

    permission: str = Field(description="The permission of the smaller role")
    within: str = Field(description="The permission of the grant")


class SummaryRoleModel(_Shown):
    """A role of the catalogue that would have been enough."""

    role: str = Field(description="The role")
    inside: list[SummaryHeldModel] = Field(description="Each of its permissions, with the permission of the grant that it lies in")


class SummaryRefusedModel(_Shown):
    """Refused attempts that are alike."""

    attempt: str = Field(description="The attempt: the name of a command or a read, or `check`")
    about: str = Field(description="The subject of the last one; empty without one")
    code: str = Field(description="Why it was refused")
    count: int = Field(description="How often")
    first_at: datetime = Field(description="When first")
    last_at: datetime = Field(description="When the last one was")


class SummaryMomentModel(_Shown):
    """An entry of the timeline."""

    at: datetime = Field(description="When it happened")
    until: datetime = Field(description="When the last of several uses was")
    by: str = Field(description="The actor: a person, `agent:name`, or `rule:` and the name of a rule")
    event: str = Field(description="What happened: `grant_used`")
    count: int = Field(description="How often")
    text: str = Field(description="The same in words, with what was written")


class SummaryModel(_Shown):
    """What was done under a grant, from the journal alone. For a live grant, until now."""

    grant_id: str = Field(description="The grant")
    request_id: str = Field(description="The request that it answers")
    status: Literal["scheduled", "active", "suspended", "expired", "revoked", "released", "exhausted"] = Field(description="The state of the grant")
    holder: str = Field(description="The holder")
    acts_for: str | None = Field(description="The person that a holding agent acts for")
    role: str = Field(description="The role")
    permissions: list[str] = Field(description="Its permissions")
    excluded_permissions: list[str] = Field(description="Exceptions from the wildcards of `permissions`")
    resource: str = Field(description="Where it held")
    justification: str | None = Field(description="The reason that the requester gave")
    ticket_url: str | None = Field(description="The ticket of the work")
    origin: str | None = Field(description="Where the request comes from")
    requested_at: datetime = Field(description="When it was requested")
    starts_at: datetime = Field(description="When it began")
    expires_at: datetime = Field(description="The end of its window")
    until: datetime = Field(description="The end of the grant, or the instant at which a live one was summarized")
    ended_by: str | None = Field(description="Who ended it early")
    end_reason: str | None = Field(description="Why it was revoked")
    break_glass: bool = Field(description="Whether it was break-glass access")
    approved_by: str = Field(description="Who gave the last approval: a person, or `rule:` and the name of a rule")
    approvals: list[SummaryApprovalModel] = Field(description="The approvals that count")
    cuts: list[SummaryCutModel] = Field(description="What was reduced from the request, and by whom")
    uses_total: int = Field(description="How often it was used")
    first_used_at: datetime | None = Field(description="When it was used first")
    last_used_at: datetime | None = Field(description="When it was last used")
    uses: list[SummaryUseModel] = Field(description="The uses by permission and resource, the most frequent first; at most 500 rows")
    other_uses: int = Field(description="How many uses are not listed in `uses`")
    never_used: list[str] = Field(description="The permissions that were granted and never used")
    smaller_role: SummaryRoleModel | None = Field(description="The smallest role of the catalogue that covers every use and is within the grant; `null` for none")
    refused: list[SummaryRefusedModel] = Field(description="What was refused to the holder meanwhile, the most frequent first; at most 50 rows")
    other_refused: int = Field(description="How many refused attempts are not listed in `refused`")
    alerts: list[AlertModel] = Field(description="The alerts about it, oldest first")
    timeline: list[SummaryMomentModel] = Field(description="What happened, in order. Uses that follow each other are one entry")
    through_revision: int = Field(description="The last record of the journal that the summary uses")


class DeliveryModel(_Shown):
    """The delivery of one notice to one recipient by one channel. Its id stays the same however often it is tried."""

    id: str = Field(description="The id, a UUID. Receivers see it too")
    kind: str = Field(description="The kind of the notice: `grant_revoked`")
    channel: str = Field(description="The channel, by its name in the configuration")
    state: Literal["waiting", "sent", "failed", "dropped"] = Field(description="The state")
    recipient: str | None = Field(description="The recipient; `null` for the channel's own target")
    address: str | None = Field(description="The address; `null` for the channel's own target")
    digest: bool = Field(description="Whether it waits for others, to be sent with them as one message")
    attempts: int = Field(description="How often it was tried")
    created_at: datetime = Field(description="When it was made")
    next_at: datetime | None = Field(description="When it is tried next, while it waits")
    settled_at: datetime | None = Field(description="When it was sent, failed finally or was dropped")
    last_error: str | None = Field(description="Why the last attempt failed")
    subject: str | None = Field(description="The id of the request of the notice, or of a grant or a delegation without one")


class StoreHealthModel(_Shown):
    """The state of the store, as this process sees it."""

    revision: int = Field(description="The revision of the last record")
    current_at: datetime | None = Field(description="When the grants in memory were last proven to be current")
    replaced: bool = Field(description="Whether it was replaced and no operator has accepted it. Then no grant is honoured")
    notices_waiting: int = Field(description="Notices that are due and whose recipients are not determined yet")


class JournalHealthModel(_Shown):
    """The result of the last verification of the journal by this process."""

    verified: int = Field(description="The last record up to which the journal was found intact")
    verified_at: datetime | None = Field(description="When it was found; `null` when this process has verified nothing yet")
    all_verified_at: datetime | None = Field(description="When the whole journal was last verified, from the first record on")
    problem: str | None = Field(description="What is wrong, if anything is")
    elevation_stopped: bool = Field(description="Whether no grant is honoured for that reason")


class OfflineHealthModel(_Shown):
    """What was recorded on this machine while the store was unavailable."""

    entries: int = Field(description="How many entries wait to be merged")
    grants: int = Field(description="How many grants in force only this machine knows of")
    problem: str | None = Field(description="Why they cannot be merged, if so: a person has to look")


class ClockHealthModel(_Shown):
    """The state of the clock."""

    source: Literal["host", "database"] = Field(description="Which clock gives the time: that of the `host` or of the `database`")
    wall: datetime = Field(description="What the wall clock shows")
    doubted: Literal["ahead", "behind"] | None = Field(description="The direction of the error when the time is uncertain: `ahead` or `behind`. Then only break-glass grants are honoured")
    skew_ms: int | None = Field(description="How far the host's clock is ahead of that of the store's server, in milliseconds; `null` when they cannot be compared")


class RefusedAttemptModel(_Shown):
    """Attempts of one principal that were refused for one reason, within one hour."""

    principal: str = Field(description="The principal: a person, or `agent:name`")
    acts_for: str | None = Field(description="The person that an agent acts for, if known")
    attempt: str = Field(description="The attempt: the name of a command or a read, or `check`")
    code: str = Field(description="Why it was refused: the code of the refusal, or the reason of the check")
    about: str = Field(description="The subject of the last one, such as `request` and its id; empty without one")
    message: str = Field(description="The message of the last refusal; empty for a check")
    count: int = Field(description="How many")
    first_at: datetime = Field(description="When the first was")
    last_at: datetime = Field(description="When the last one was made")


class ChannelHealthModel(_Shown):
    """The state of a channel's deliveries."""

    channel: str = Field(description="The channel, by its name in the configuration")
    last_success: datetime | None = Field(description="When a delivery last succeeded")
    waiting: int = Field(description="How many deliveries wait")
    failed: int = Field(description="How many failed finally and wait for an operator")


class HealthModel(_Shown):
    """The health of the library. Later versions add fields."""

    at: datetime = Field(description="When it was looked at")
    store: StoreHealthModel = Field(description="The state of the store. An answer means that it could be read")
    journal: JournalHealthModel = Field(description="The result of the last verification of the journal by this process")
    offline: OfflineHealthModel | None = Field(description="What was recorded on this machine while the store was unavailable and waits to be merged; `null` when that is not configured")
    clock: ClockHealthModel = Field(description="The state of the clock")
    channels: list[ChannelHealthModel] = Field(description="Each channel, by name: those that are configured, and those that deliveries are left of")


class OfferedStepModel(_Shown):
    """A step of an approval: a number of different people who each hold one of its roles."""

    roles: list[str] = Field(description="The host roles; a reviewer needs one of them")
    count: int = Field(description="How many different people must approve")


class HeldModel(_Shown):
    """A live grant with some permissions of a role."""

    grant_id: str = Field(description="The id of the grant")
    role: str = Field(description="The role of the grant")
    resource: str = Field(description="The scope: a resource, or `*`")
    starts_at: datetime = Field(description="When it begins or has begun")
    expires_at: datetime = Field(description="When it ends")
    suspended: bool = Field(description="Whether it is suspended")


class OfferModel(_Shown):
    """A role of the catalogue that the caller may request."""

    role: str = Field(description="Its name")
    description: str = Field(description="The description of the operator; may be empty")
    may_request: bool = Field(description="Whether the caller may request it")
    may_break_glass: bool = Field(description="Whether the caller may take it by break-glass, with a sign-in that is strong enough")
    permissions: list[str] = Field(description="What it permits, without reserved permissions")
    excluded_permissions: list[str] = Field(description="Exceptions from the wildcards of `permissions`")
    not_held: list[str] = Field(description="Those permissions that the caller has neither by standing right nor by a live grant on everything")
    not_held_except: list[str] = Field(description="Exceptions from the wildcards of `not_held`")
    risk_level: Literal["low", "medium", "high", "critical"] = Field(description="The risk of a request for all of it, everywhere, for the usual length")
    conditions: ConditionsModel | None = Field(description="The conditions at every use; `null` for none")
    default_duration_hours: float = Field(description="The length of a grant when the request names none")
    max_duration_hours: float = Field(description="The longest grant")
    needs_ticket: bool = Field(description="Whether a request must have a ticket")
    approval: list[OfferedStepModel] = Field(description="The steps of the approval; empty when nobody can approve")
    approved_by_rule: str | None = Field(description="The rule that would approve such a request now")
    refused: str | None = Field(description="The code of the refusal, if such a request would be refused now")
    refused_detail: str | None = Field(description="Why it would be refused")
    refused_until: datetime | None = Field(description="From when on it may be accepted, where time alone makes the difference")
    held: list[HeldModel] = Field(description="The live grants of the caller with any of these permissions, the one that ends last first")
    covered_until: datetime | None = Field(description="Until when a live grant of the caller has all these permissions, everywhere and without conditions")


class ConsideredModel(_Shown):
    """A grant, and why it allows the action or does not."""

    grant_id: str = Field(description="The id of the grant")
    role: str = Field(description="The role of the catalogue")
    why: Literal["granted", "disabled", "scheduled", "suspended", "ended", "used_up", "reserved", "time_unknown", "out_of_scope", "mfa_required", "outside_networks", "other_session", "other_call", "condition_not_met"] = Field(description="The reason, for programs")
    detail: str = Field(description="The reason, for people")
    remedy: str = Field(description="What would lift it, for people; empty when the grant allows")


class ExplanationModel(_Shown):
    """Why a check is answered as it is."""

    outcome: Literal["allow", "deny", "not_applicable"] = Field(description="What the check answers now")
    reason: str = Field(description="The reason of the decision")
    detail: str = Field(description="The answer in a sentence, for people")
    grant_id: str | None = Field(description="The grant that allows it")
    grants: list[ConsideredModel] = Field(description="The grants that permit the action somewhere or sometime, newest first")
    ask_for: list[str] = Field(description="The roles that the caller may request and that include the action, when they ask about themself and no grant allows it")


class RemedyModel(_Shown):
    """A request that would be accepted now. `role`, `permissions` and `resource` are fields of `submit`."""

    role: str = Field(description="The role to request")
    description: str = Field(description="What the role is for; empty when the operator wrote nothing")
    permissions: list[str] = Field(description="What the request would be for")
    excluded_permissions: list[str] = Field(description="Exceptions from the wildcards of `permissions`")
    whole_role: bool = Field(description="Whether that is the whole role: then a request names no permissions")
    resource: str = Field(description="Where, as a request names it")
    default_duration_hours: float = Field(description="The length of a grant when the request names none")
    max_duration_hours: float = Field(description="The longest grant")
    needs_reason: bool = Field(description="Whether a request must have a reason")
    needs_ticket: bool = Field(description="Whether a request must have a ticket")
    approval: list[OfferedStepModel] = Field(description="The steps of the approval")
    approved_by_rule: str | None = Field(description="The rule that would approve such a request now")
    risk_level: Literal["low", "medium", "high", "critical"] = Field(description="The risk of such a request")


class RemediesModel(_Shown):
    """The requests that would lift a denial."""

    action: str = Field(description="The action that is denied")
    resource: str = Field(description="The resource, or `*` for everything")
    detail: str = Field(description="What to do, in sentences for people and for models")
    expires_at: datetime = Field(description="Until when this answer may be used; then ask again")
    options: list[RemedyModel] = Field(description="The requests that would be accepted now, the one with the least access first. Empty when no request helps")


class PermissionUseModel(_Shown):
    """How often a permission was used."""

    permission: str = Field(description="The permission")
    count: int = Field(description="How often")
    holders: int = Field(description="By how many principals")
    resources: int = Field(description="On how many different resources; at most 1,000 are counted")
    last_at: datetime = Field(description="When the last one was")


class ProposalModel(_Shown):
    """An entry of the catalogue that would be enough."""

    permissions: list[str] = Field(description="Its permissions")
    excluded_permissions: list[str] = Field(description="Exceptions from the wildcards of `permissions`")
    inside: list[SummaryHeldModel] = Field(description="Each of its permissions, with the granted one that includes it")
    entry: str = Field(description="The entry as the configuration has it below `roles`, on one line of YAML")


class RoleUseModel(_Shown):
    """Which parts of a role were used."""

    role: str = Field(description="The role")
    grants: int = Field(description="How many grants of it were made in the period, or used in it")
    unused_grants: int = Field(description="How many of these were never used")
    holders: int = Field(description="How many principals held them")
    uses: int = Field(description="How often it was used")
    permissions: list[str] = Field(description="Its permissions")
    excluded_permissions: list[str] = Field(description="Exceptions from the wildcards of `permissions`")
    used: list[PermissionUseModel] = Field(description="The permissions that were used, the most frequent first")
    never_used: list[str] = Field(description="The permissions that were granted and never used")
    proposal: ProposalModel | None = Field(description="The entry of the catalogue that would be enough; `null` when everything was used, or nothing")
    smaller_role: SummaryRoleModel | None = Field(description="The smallest role of the catalogue that covers every use and is within this one; `null` for none")


class RightSizeModel(_Shown):
    """Which parts of roles were used in a period."""

    history: HistoryModel = Field(description="On how much history it rests")
    roles: list[RoleUseModel] = Field(description="By role")


class ReplayModel(_Shown):
    """Recorded calls under another grant."""

    history: HistoryModel = Field(description="On how much history it rests")
    permissions: list[str] = Field(description="The permissions of that grant")
    excluded_permissions: list[str] = Field(description="Exceptions from the wildcards of `permissions`")
    resource: str = Field(description="Where")
    would_pass: list[CalledModel] = Field(description="Refused calls that would have passed, the most frequent first; at most 200 rows")
    would_pass_total: int = Field(description="How many those are in all")
    if_met_total: int = Field(description="How many refused calls would have been allowed if the conditions of the grant were met, which the record does not contain")
    still_refused_total: int = Field(description="How many refused calls would have been refused all the same")
    would_be_refused: list[CalledModel] = Field(description="Calls that passed and would have been refused, the most frequent first; at most 200 rows")
    would_be_refused_total: int = Field(description="How many those are in all")
    still_passing_total: int = Field(description="How many calls would have passed as they did, where its conditions are met")
    unknown_total: int = Field(description="How many calls are counted and not judged, because there were too many different ones")


class RequestPageModel(_Shown):
    """Access requests, newest first."""

    items: list[AccessRequestModel] = Field(description="The rows of this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")


class GrantPageModel(_Shown):
    """Grants, newest first."""

    items: list[GrantModel] = Field(description="The rows of this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")


class DelegationPageModel(_Shown):
    """Delegations, newest first."""

    items: list[DelegationModel] = Field(description="The rows of this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")


class AlertPageModel(_Shown):
    """Alerts, newest first."""

    items: list[AlertModel] = Field(description="The rows of this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")


class DeliveryPageModel(_Shown):
    """Deliveries of notices, newest first."""

    items: list[DeliveryModel] = Field(description="The rows of this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")


class RefusedPageModel(_Shown):
    """Refused attempts, newest first."""

    items: list[RefusedAttemptModel] = Field(description="The rows of this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")


class AuditPageModel(_Shown):
    """Records of the journal, oldest first."""

    items: list[AuditRecordModel] = Field(description="The rows of this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")
    removed_until: datetime | None = Field(
        default=None,
        description="Only there where records were removed because they are old: until when",
    )


class OfferPageModel(_Shown):
    """Roles that the caller may ask for, those that newly give the least first."""

    items: list[OfferModel] = Field(description="The rows of this page")
    next_cursor: str | None = Field(description="What to pass as `cursor` for the next page; `null` on the last one")
