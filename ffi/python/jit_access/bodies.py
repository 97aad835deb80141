"""The routes and the bodies that they accept. Generated from `src/command`, by `tests/generated`."""

# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from inspect import Parameter
from typing import Annotated, Final

from fastapi import Query
from pydantic import Field

from jit_access.schemas import (
    AccessRequestModel,
    AlertModel,
    AlertPageModel,
    AuditPageModel,
    DelegationModel,
    DelegationPageModel,
    DeliveryModel,
    DeliveryPageModel,
    EventsModel,
    ExplanationModel,
    GrantModel,
    GrantPageModel,
    HealthModel,
    OfferPageModel,
    RefusedPageModel,
    RemediesModel,
    ReplayModel,
    RequestPageModel,
    RightSizeModel,
    SummaryModel,
)
from jit_access.shapes import Body, ConditionsBody, EmptyBody, Instant, Route, example


class SubmitBody(Body):
    """Request a role for a limited time."""

    model_config = example(role="auditor", duration_hours=2, reason="find out who changed the deploy tool", ticket_url="https://example.com/INC-42")

    role: str = Field(description="The role to request")
    reason: str | None = Field(default=None, description="Why. Approvers see it")
    ticket_url: str | None = Field(default=None, description="The ticket that the work is tracked in, as an `https` or `http` address")
    origin: str | None = Field(default=None, description="Where the request comes from, such as the denial that it answers. The decision point of AuthZEN writes and seals it")
    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(default=None, description="The length in hours. Limits may cut it. The default is the role's")
    resource: str | None = Field(default=None, description="Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is `*`")
    starts_at: Instant | None = Field(default=None, description="When the grant begins, with its time zone: not before the current second. The default is at the approval")
    conditions: ConditionsBody | None = Field(default=None, description="Conditions checked at every use, besides those of the role")
    permissions: list[str] | None = Field(default=None, description="Fewer permissions than the role gives. The request is for what both have in common. The default is all of the role's")


class ExtendBody(Body):
    """Request an extension of your grant."""

    model_config = example(duration_hours=1, reason="INC-42 goes on")

    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(default=None, description="The length in hours. Limits may cut it. The default is the role's")
    reason: str | None = Field(default=None, description="Why. The default is the reason of the grant")


class BreakGlassBody(Body):
    """Take a role at once without approval, in an emergency. Somebody else must review it afterwards."""

    model_config = example(role="responder", reason="INC-42: the shop is down", duration_hours=1)

    role: str = Field(description="The role to take")
    reason: str | None = Field(default=None, description="Why. Approvers see it")
    ticket_url: str | None = Field(default=None, description="The ticket that the work is tracked in, as an `https` or `http` address")
    origin: str | None = Field(default=None, description="Where the request comes from, such as the denial that it answers. The decision point of AuthZEN writes and seals it")
    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(default=None, description="The length in hours. Limits may cut it. The default is the longest that they allow")
    resource: str | None = Field(default=None, description="Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is `*`")
    drill: bool = Field(default=False, description="Whether this is an exercise. Everything about it is marked so")


class CompleteReviewBody(Body):
    """Complete the review of a break-glass grant, once the grant has ended."""

    model_config = example(justified=True, finding="INC-42 was real, and the access fitted it")

    justified: bool = Field(description="Whether there was an emergency, and the access fitted it")
    finding: str = Field(description="What the review found")


class WaiveReviewBody(Body):
    """Waive the review of a break-glass grant. The journal keeps who did so, and why."""

    model_config = example(reason="the same incident as grant 01, reviewed there")

    reason: str = Field(description="Why")


class ApproveBody(Body):
    """Approve a request, wholly or in part."""

    model_config = example(version=1, permissions=["audit:read"], duration_hours=1, comment="an hour is enough")

    version: Annotated[int, Field(ge=1, le=2**32 - 1)] | None = Field(default=None, description="The version that the approver saw. Another version by now is a conflict. The default is the current one")
    permissions: list[str] | None = Field(default=None, description="No more permissions than these. The default is all that are requested")
    resource: str | None = Field(default=None, description="No more resources than this. The default is all that is requested")
    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(default=None, description="No longer than this, in hours. The default is the requested length")
    conditions: ConditionsBody | None = Field(default=None, description="More conditions, besides those of the request")
    comment: str | None = Field(default=None, description="A comment, which the requester sees")


class DenyBody(Body):
    """Deny a request."""

    model_config = example(reason="the report of last week has it")

    reason: str = Field(description="Why. The requester sees it")


class AskBody(Body):
    """Ask the requester for more information."""

    model_config = example(question="which of the servers?")

    question: str = Field(description="What the reviewer wants to know")


class AnswerBody(Body):
    """Answer a reviewer's question about your request."""

    model_config = example(answer="the shop alone", resource="server:shop")

    answer: str = Field(description="The answer")
    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(default=None, description="Another length in hours")
    resource: str | None = Field(default=None, description="Another resource")


class RevokeBody(Body):
    """Revoke a grant and all its extensions."""

    model_config = example(reason="INC-42 is closed")

    reason: str = Field(description="Why. The holder sees it")


class RevokeManyBody(Body):
    """Revoke all live grants of a request, a holder, a role or a resource, or all there are."""

    model_config = example(role="auditor", reason="the role was too wide")

    reason: str = Field(description="Why. The holders see it")
    request_id: str | None = Field(default=None, description="The grants that this request led to")
    holder: str | None = Field(default=None, description="The grants that this person or agent holds")
    agent: bool = Field(default=False, description="Whether the holder is an agent")
    role: str | None = Field(default=None, description="The grants of this role")
    resource: str | None = Field(default=None, description="The grants that reach any of this resource, wider ones too")
    everything: bool = Field(default=False, description="All grants")


class SuspendBody(Body):
    """Suspend a grant. Its expiry does not change."""

    model_config = example(reason="odd calls at night")

    reason: str = Field(description="Why. The holder sees it")


class DelegateBody(Body):
    """Delegate your right to review to another person for a limited time."""

    model_config = example(to="ben@example.com", until="2026-03-09T18:00:00Z", reason="away for a week")

    to: str = Field(description="The person who reviews in your place")
    until: Instant = Field(description="When it ends, with its time zone. At that instant it is over")
    reason: str = Field(description="Why, for the journal")
    roles: list[str] | None = Field(default=None, description="Which of your roles to delegate. The default is all roles with which you review")
    start: Instant | None = Field(default=None, alias="from", description="When it begins, with its time zone: not before the current second. The default is now")


class StandingBody(Body):
    """Report a principal's status and roles. Revokes grants that they are no longer eligible for."""

    model_config = example(principal="dev@example.com", enabled=True, roles=["developer"])

    principal: str = Field(description="The person or agent that it is about")
    enabled: bool = Field(description="Whether the principal's account is enabled")
    agent: bool = Field(default=False, description="Whether the principal is an agent")
    roles: list[str] | None = Field(default=None, description="The principal's standing roles. The default is none")


class AcceptStoreBody(Body):
    """Accept the store as it is, after it was replaced by an older copy or another one."""

    model_config = example(reason="restored from the backup of 9 o'clock")

    reason: str = Field(description="Why this store is the true one")


class AcceptClockBody(Body):
    """Say that the clock is right, after it and the journal have disagreed too much to know what time it is."""

    model_config = example(reason="one server was a year ahead; compared with two others")

    reason: str = Field(description="How it was found that the clock is right")


class AcknowledgeAlertBody(Body):
    """Acknowledge an alert: say on record that you have seen it, and what you found."""

    model_config = example(reason="asked her; a migration script")

    reason: str = Field(description="What you found")


class SilenceAlertBody(Body):
    """Silence an alert: nothing of its kind is raised about the same principal or grant for some time."""

    model_config = example(duration_hours=8, reason="load test until the evening")

    duration_hours: Annotated[float, Field(allow_inf_nan=False)] = Field(description="For how many hours")
    reason: str = Field(description="Why")


ROUTES: Final[dict[str, Route]] = {
    "submit": Route(
        method="POST", path="/request", status=201,
        summary="Request a role for a limited time",
        description="The time counts from `starts_at` or from the approval, whichever is later. A length above a limit is cut, and\n`duration_cut_by` of the answer names the limit. Where a rule approves at once, the answer is approved and its\ngrant is in force. When a grant of the caller already gives all of it, or a request of the caller for just this\nwaits, no request is made, and the answer is that request with `already`; another reason or ticket is added to\nits `asked_again`. Once the call has returned, it is on disk.",
        body=SubmitBody, body_required=True, answer=AccessRequestModel, effect="begins", writes=True, dry_run=True, names_one=False, caller_first=True,
        query={},
    ),
    "extend": Route(
        method="POST", path="/grants/{id}/extend", status=201,
        summary="Request an extension of your grant",
        description="The same approvers decide, or the rule `auto_extend` does. The extension is a grant of its own. It begins at the\ninstant at which the old one ends, and gives the same or less.",
        body=ExtendBody, body_required=False, answer=AccessRequestModel, effect="begins", writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "break_glass": Route(
        method="POST", path="/break-glass", status=201,
        summary="Take a role at once without approval, in an emergency. Somebody else must review it afterwards",
        description="Once the call has returned, every later check of this process sees the grant. Without a length it lasts as long\nas the limits allow. A reason is always needed.",
        body=BreakGlassBody, body_required=True, answer=AccessRequestModel, effect="begins", writes=True, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "complete_review": Route(
        method="POST", path="/grants/{id}/review", status=200,
        summary="Complete the review of a break-glass grant, once the grant has ended",
        description="The reviewer needs one of the reviewer roles of the grant, and is not its holder.",
        body=CompleteReviewBody, body_required=True, answer=GrantModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "waive_review": Route(
        method="POST", path="/grants/{id}/waive-review", status=200,
        summary="Waive the review of a break-glass grant. The journal keeps who did so, and why",
        description="Needs what completing the review needs, and is possible at any time. Of a review that found the use unjustified, it\nlifts what `break_glass.after_unjustified` makes follow; what was found stays on record.",
        body=WaiveReviewBody, body_required=True, answer=GrantModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "approve": Route(
        method="POST", path="/requests/{id}/approve", status=200,
        summary="Approve a request, wholly or in part",
        description="Once the call has returned, the grant is on disk, and every later check of this process sees it. `permissions`,\n`resource`, `duration_hours` and `conditions` are the most that this approver gives: the grant is what they and\nthe request have in common, so nothing can be widened.",
        body=ApproveBody, body_required=False, answer=AccessRequestModel, effect="begins", writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "deny": Route(
        method="POST", path="/requests/{id}/deny", status=200,
        summary="Deny a request",
        description="",
        body=DenyBody, body_required=True, answer=AccessRequestModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "ask": Route(
        method="POST", path="/requests/{id}/ask", status=200,
        summary="Ask the requester for more information",
        description="The request waits for an answer. It can still be approved or denied.",
        body=AskBody, body_required=True, answer=AccessRequestModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "answer": Route(
        method="POST", path="/requests/{id}/answer", status=200,
        summary="Answer a reviewer's question about your request",
        description="Another length or another resource makes a new version of the request. Reviews of the old version do not count\nfor it.",
        body=AnswerBody, body_required=True, answer=AccessRequestModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "withdraw": Route(
        method="POST", path="/requests/{id}/withdraw", status=200,
        summary="Withdraw your request. Withdrawing it again is no error",
        description="",
        body=EmptyBody, body_required=False, answer=AccessRequestModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "revoke": Route(
        method="POST", path="/grants/{id}/revoke", status=200,
        summary="Revoke a grant and all its extensions",
        description="Once the call has returned, it is on disk, and no later check of this process honours the grant. Revoking a grant\nthat is over is no error and changes nothing. Holders release their own grants instead.",
        body=RevokeBody, body_required=True, answer=GrantModel, effect="ends", writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "revoke_many": Route(
        method="POST", path="/grants/revoke", status=200,
        summary="Revoke all live grants of a request, a holder, a role or a resource, or all there are",
        description="All end in one step, and the answer is a page with all of them. Your own are released. Once the call has\nreturned, it is on disk, and no later check of this process honours any of them.",
        body=RevokeManyBody, body_required=True, answer=GrantPageModel, effect="ends", writes=True, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "release": Route(
        method="POST", path="/grants/{id}/release", status=200,
        summary="Release your grant and all its extensions, before they expire. Releasing it again is no error",
        description="",
        body=EmptyBody, body_required=False, answer=GrantModel, effect="ends", writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "suspend": Route(
        method="POST", path="/grants/{id}/suspend", status=200,
        summary="Suspend a grant. Its expiry does not change",
        description="No later check of this process honours the grant until it is resumed.",
        body=SuspendBody, body_required=True, answer=GrantModel, effect="ends", writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "resume": Route(
        method="POST", path="/grants/{id}/resume", status=200,
        summary="Resume a suspended grant",
        description="",
        body=EmptyBody, body_required=False, answer=GrantModel, effect="begins", writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "delegate": Route(
        method="POST", path="/delegations", status=201,
        summary="Delegate your right to review to another person for a limited time",
        description="The delegate cannot delegate it further, and cannot approve what the delegator requested.",
        body=DelegateBody, body_required=True, answer=DelegationModel, effect=None, writes=True, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "undelegate": Route(
        method="DELETE", path="/delegations/{id}", status=200,
        summary="End a delegation before its time",
        description="Either of the two people may do so, and holders of the general `approver_roles`. Ending one that is over is no\nerror.",
        body=None, body_required=False, answer=DelegationModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "standing": Route(
        method="POST", path="/standing", status=200,
        summary="Report a principal's status and roles. Revokes grants that they are no longer eligible for",
        description="All grants end when the principal is disabled, and otherwise those of roles whose `requestable_by` names none of\ntheir roles. The answer is a page with all grants that ended. Without a caller the host itself reports.",
        body=StandingBody, body_required=True, answer=GrantPageModel, effect="ends", writes=True, dry_run=False, names_one=False, caller_first=False,
        query={},
    ),
    "accept_store": Route(
        method="POST", path="/store/accept", status=200,
        summary="Accept the store as it is, after it was replaced by an older copy or another one",
        description="Until then no process honours a grant. Everything that was written to the old store after the copy was made is\ngone: requests, approvals, and revocations too, so compare the two before. The page that is answered is empty.\nWithout a caller the host itself accepts it.",
        body=AcceptStoreBody, body_required=True, answer=GrantPageModel, effect="begins", writes=True, dry_run=False, names_one=False, caller_first=False,
        query={},
    ),
    "accept_clock": Route(
        method="POST", path="/clock/accept", status=200,
        summary="Say that the clock is right, after it and the journal have disagreed too much to know what time it is",
        description="From the record of it on, every process goes by the clock, even where the journal has later records: what those ended\ntoo early is in force again, and time goes on from there. Until then no process honours a grant, except for\nbreak-glass access. Compare the clock with another one first: one that is behind revives what has ended since. The answer\nis a page with the grants that end by it: those that were made at instants still to come. Without a caller the host itself\nsays so.",
        body=AcceptClockBody, body_required=True, answer=GrantPageModel, effect="begins", writes=True, dry_run=False, names_one=False, caller_first=False,
        query={},
    ),
    "acknowledge_alert": Route(
        method="POST", path="/alerts/{id}/acknowledge", status=200,
        summary="Acknowledge an alert: say on record that you have seen it, and what you found",
        description="",
        body=AcknowledgeAlertBody, body_required=True, answer=AlertModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "silence_alert": Route(
        method="POST", path="/alerts/{id}/silence", status=200,
        summary="Silence an alert: nothing of its kind is raised about the same principal or grant for some time",
        description="What happens meanwhile stays in the journal.",
        body=SilenceAlertBody, body_required=True, answer=AlertModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "request": Route(
        method="GET", path="/requests/{id}", status=200,
        summary="Get a request",
        description="Its requester, its approvers and those who see everything can see it. Uses of its grant that are not written down\nyet are not counted.",
        body=None, body_required=False, answer=AccessRequestModel, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "grant": Route(
        method="GET", path="/grants/{id}", status=200,
        summary="Get a grant",
        description="Its holder, those who could approve it and those who see everything can see it. Every use that this process has\nanswered is counted.",
        body=None, body_required=False, answer=GrantModel, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "summary": Route(
        method="GET", path="/grants/{id}/summary", status=200,
        summary="Get a summary of what was done under a grant; of a live one, so far",
        description="It follows from the journal alone. Who may see the grant may see it.",
        body=None, body_required=False, answer=SummaryModel, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "summary_text": Route(
        method="GET", path="/grants/{id}/summary/text", status=200,
        summary="Get the summary of a grant as text, Markdown or HTML",
        description="What people and agents wrote is escaped as the form needs it.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={
            "form": (Annotated[str | None, Query(max_length=64, description="In which form: `text`, which is the default, `markdown` or `html`", json_schema_extra={"enum": ["text","markdown","html"]})], None),
        },
    ),
    "requests": Route(
        method="GET", path="/requests", status=200,
        summary="List the requests that the caller can see, newest first",
        description="",
        body=None, body_required=False, answer=RequestPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "status": (Annotated[str | None, Query(max_length=64, description="Only requests of this status", json_schema_extra={"enum": ["pending","needs_info","approved","denied","withdrawn","timed_out"]})], None),
            "role": (Annotated[str | None, Query(max_length=512, description="Only requests of this role")], None),
            "person": (Annotated[str | None, Query(max_length=512, description="Only requests of this person and of agents that act for them")], None),
            "reviewable": (Annotated[bool, Query(description="Only requests that the caller could approve now")], False),
            "ending_before": (Annotated[str | None, Query(max_length=64, description="Only requests that time out before this instant", json_schema_extra={"format": "date-time"})], None),
            "text": (Annotated[str | None, Query(max_length=512, description="Only requests with this text in the reason, the ticket, the resource, the role or the name, whatever its case")], None),
            "limit": (Annotated[int, Query(ge=1, le=200, description="The most rows on the page, 1 to 500")], 50),
            "cursor": (Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")], None),
        },
    ),
    "grants": Route(
        method="GET", path="/grants", status=200,
        summary="List the grants that the caller can see, newest first",
        description="",
        body=None, body_required=False, answer=GrantPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "status": (Annotated[str | None, Query(max_length=64, description="Only grants of this status", json_schema_extra={"enum": ["scheduled","active","suspended","expired","revoked","released","exhausted"]})], None),
            "role": (Annotated[str | None, Query(max_length=512, description="Only grants of this role")], None),
            "person": (Annotated[str | None, Query(max_length=512, description="Only grants of this person and of agents that act for them")], None),
            "reviewable": (Annotated[bool, Query(description="Only break-glass grants whose review the caller could complete now")], False),
            "ending_before": (Annotated[str | None, Query(max_length=64, description="Only grants that end before this instant", json_schema_extra={"format": "date-time"})], None),
            "text": (Annotated[str | None, Query(max_length=512, description="Only grants with this text in the reason, the ticket, the resource, the role or the name, whatever its case")], None),
            "limit": (Annotated[int, Query(ge=1, le=200, description="The most rows on the page, 1 to 500")], 50),
            "cursor": (Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")], None),
        },
    ),
    "unreviewed": Route(
        method="GET", path="/reviews", status=200,
        summary="List the break-glass grants that the caller can see and that wait for a review, newest first",
        description="",
        body=None, body_required=False, answer=GrantPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "delegations": Route(
        method="GET", path="/delegations", status=200,
        summary="List the delegations that the caller can see, newest first",
        description="",
        body=None, body_required=False, answer=DelegationPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "status": (Annotated[str | None, Query(max_length=64, description="Only delegations of this status", json_schema_extra={"enum": ["scheduled","active","expired","ended"]})], None),
            "limit": (Annotated[int, Query(ge=1, le=200, description="The most rows on the page, 1 to 500")], 50),
            "cursor": (Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")], None),
        },
    ),
    "alerts": Route(
        method="GET", path="/alerts", status=200,
        summary="List the alerts that the monitor keeps, newest first",
        description="Needs a role in `approver_roles` or `auditor_roles`. The newest 10,000 of the last 30 days are kept.",
        body=None, body_required=False, answer=AlertPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "status": (Annotated[str | None, Query(max_length=64, description="Only alerts of this status", json_schema_extra={"enum": ["open","acknowledged","silenced"]})], None),
            "grant_id": (Annotated[str | None, Query(max_length=128, description="Only alerts about this grant", json_schema_extra={"format": "uuid"})], None),
            "limit": (Annotated[int, Query(ge=1, le=200, description="The most rows on the page, 1 to 500")], 50),
            "cursor": (Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")], None),
        },
    ),
    "events": Route(
        method="GET", path="/events", status=200,
        summary="Get what happened after a record: the numbers and the kinds of the records that the caller may know of",
        description="What changed, the caller then reads with the rights that they have. Of uses only the last is told. Over HTTP this is a stream of\nserver-sent events. It is at most a second old, and the store is asked at most once a second, however many ask.",
        body=None, body_required=False, answer=EventsModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "after": (Annotated[int | None, Query(ge=0, le=2**53, description="The `revision` of the answer before. Without it nothing is told but the revision, to begin with")], None),
            "wait_seconds": (Annotated[int | None, Query(ge=0, le=2**53, description="How many seconds to wait for something to happen, 0 to 60. A closed engine ends the wait")], None),
        },
    ),
    "refusals": Route(
        method="GET", path="/refusals", status=200,
        summary="List refused attempts, newest first",
        description="Commands that the rules refused, reads of the record that were refused, and checks that a grant covers and that were denied\nall the same, by a condition or because the permission is reserved; checks of who holds a grant, where nothing allows them and\nthe host says so. Those of one principal for one reason within an hour\nare one row. They are no part of the journal: the newest 100,000 rows of 90 days are kept. Needs a role in\n`approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=RefusedPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "person": (Annotated[str | None, Query(max_length=512, description="Only attempts of this person and of agents that act for them")], None),
            "code": (Annotated[str | None, Query(max_length=512, description="Only attempts that were refused for this reason, such as `self_approval`")], None),
            "attempt": (Annotated[str | None, Query(max_length=512, description="Only attempts at this command, or `check`")], None),
            "limit": (Annotated[int, Query(ge=1, le=200, description="The most rows on the page, 1 to 500")], 50),
            "cursor": (Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")], None),
        },
    ),
    "deliveries": Route(
        method="GET", path="/deliveries", status=200,
        summary="List the deliveries of notices, newest first",
        description="Needs a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=DeliveryPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "state": (Annotated[str | None, Query(max_length=64, description="Only deliveries in this state", json_schema_extra={"enum": ["waiting","sent","failed","dropped"]})], None),
            "channel": (Annotated[str | None, Query(max_length=512, description="Only deliveries by this channel")], None),
            "limit": (Annotated[int, Query(ge=1, le=200, description="The most rows on the page, 1 to 500")], 50),
            "cursor": (Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")], None),
        },
    ),
    "resend_delivery": Route(
        method="POST", path="/deliveries/{id}/resend", status=200,
        summary="Send a delivery again, under the same id",
        description="It waits from now on, whatever has become of it before. Needs a role in `approver_roles`.",
        body=None, body_required=False, answer=DeliveryModel, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "drop_delivery": Route(
        method="POST", path="/deliveries/{id}/drop", status=200,
        summary="Drop a delivery that waits or has failed",
        description="One that is being sent at this moment may still arrive; one that was sent stays sent. Needs a role in\n`approver_roles`.",
        body=None, body_required=False, answer=DeliveryModel, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "health": Route(
        method="GET", path="/health", status=200,
        summary="Get how the library stands",
        description="Of the store its last record, and when the grants were last proven to be current; of the journal up to which record it\nwas verified, when, and what is wrong; whether the clock is doubted. Of each channel: when a delivery last\nsucceeded, how many wait, and how many have failed. Nothing is connected to. Needs a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=HealthModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "audit": Route(
        method="GET", path="/audit", status=200,
        summary="List the records of the journal that are wanted",
        description="Every part of the filter that is given must be so. A search for a text looks at a thousand records for one page, so\nsuch a page can have fewer rows than `limit` and a `next_cursor` all the same. Needs a role in `approver_roles` or\n`auditor_roles`.",
        body=None, body_required=False, answer=AuditPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "grant_id": (Annotated[str | None, Query(max_length=128, description="Only records about this grant", json_schema_extra={"format": "uuid"})], None),
            "request_id": (Annotated[str | None, Query(max_length=128, description="Only records about this request, and the one that made its grant", json_schema_extra={"format": "uuid"})], None),
            "person": (Annotated[str | None, Query(max_length=512, description="Only records that concern this person: who did it, whose request or grant it is, or for whom an agent acts")], None),
            "agent": (Annotated[str | None, Query(max_length=512, description="Only records that concern this agent")], None),
            "approver": (Annotated[str | None, Query(max_length=512, description="Only answers of this person to requests, and records of grants that needed their approval")], None),
            "role": (Annotated[str | None, Query(max_length=512, description="Only records about a request or a grant of this role")], None),
            "permission": (Annotated[str | None, Query(max_length=512, description="Only uses of this permission, and requests and new grants that name it as it is written here")], None),
            "resource": (Annotated[str | None, Query(max_length=512, description="Only uses on this resource, of this kind or with this parent, and requests and new grants whose scope names it")], None),
            "result": (Annotated[str | None, Query(max_length=64, description="Only records with this result", json_schema_extra={"enum": ["allowed","approved","denied","withdrawn","timed_out","expired","revoked","released","exhausted","justified","unjustified"]})], None),
            "event": (Annotated[str | None, Query(max_length=64, description="Only records of this kind", json_schema_extra={"enum": ["request_submitted","request_reviewed","review_lapsed","request_escalated","request_approved","request_denied","information_requested","request_answered","request_repeated","request_reassessed","request_proven","request_withdrawn","request_timed_out","roles_delegated","delegation_ended","grant_created","grant_activated","grant_expired","grant_revoked","grant_suspended","grant_resumed","grant_released","standing_reported","store_accepted","clock_accepted","guardrails_changed","configuration_changed","process_started","process_ended","records_removed","break_glass_reviewed","break_glass_review_waived","break_glass_review_overdue","grant_used","grant_exhausted","session_refused","alert_raised","alert_acknowledged","alert_silenced"]})], None),
            "start": (Annotated[str | None, Query(max_length=64, alias="from", description="Only records of this instant or later", json_schema_extra={"format": "date-time"})], None),
            "until": (Annotated[str | None, Query(max_length=64, description="Only records before this instant", json_schema_extra={"format": "date-time"})], None),
            "text": (Annotated[str | None, Query(max_length=512, description="Only records in which somebody wrote this, in capitals or not")], None),
            "after": (Annotated[int | None, Query(ge=0, le=2**53, description="Only records after the one of this number")], None),
            "order": (Annotated[str | None, Query(max_length=64, description="The order: `oldest` first or `newest` first", json_schema_extra={"enum": ["oldest","newest"]})], None),
            "canonical": (Annotated[bool, Query(description="Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of")], False),
            "limit": (Annotated[int, Query(ge=1, le=200, description="The most rows on the page, 1 to 500")], 50),
            "cursor": (Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")], None),
        },
    ),
    "metrics": Route(
        method="GET", path="/metrics", status=200,
        summary="Get the figures of the engine, as Prometheus reads them",
        description="Needs a role in `approver_roles` or `auditor_roles`. docs/metrics.md has every name.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "export": Route(
        method="GET", path="/audit/export", status=200,
        summary="Export records, oldest first: a thousand of those that are wanted, in one of three forms",
        description="To go on, give the number of the last record that came as `after`; when nothing is left the text is empty. So an export can\nstop at any record and go on later. Over HTTP all of them come as one answer. `jsonl` has a record a line, as `audit` shows\nit; `csv` has a line with the names of its columns before the first record; `ocsf` has an event of OCSF 1.8.0 a line.\nNeeds a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={
            "grant_id": (Annotated[str | None, Query(max_length=128, description="Only records about this grant", json_schema_extra={"format": "uuid"})], None),
            "request_id": (Annotated[str | None, Query(max_length=128, description="Only records about this request, and the one that made its grant", json_schema_extra={"format": "uuid"})], None),
            "person": (Annotated[str | None, Query(max_length=512, description="Only records that concern this person: who did it, whose request or grant it is, or for whom an agent acts")], None),
            "agent": (Annotated[str | None, Query(max_length=512, description="Only records that concern this agent")], None),
            "approver": (Annotated[str | None, Query(max_length=512, description="Only answers of this person to requests, and records of grants that needed their approval")], None),
            "role": (Annotated[str | None, Query(max_length=512, description="Only records about a request or a grant of this role")], None),
            "permission": (Annotated[str | None, Query(max_length=512, description="Only uses of this permission, and requests and new grants that name it as it is written here")], None),
            "resource": (Annotated[str | None, Query(max_length=512, description="Only uses on this resource, of this kind or with this parent, and requests and new grants whose scope names it")], None),
            "result": (Annotated[str | None, Query(max_length=64, description="Only records with this result", json_schema_extra={"enum": ["allowed","approved","denied","withdrawn","timed_out","expired","revoked","released","exhausted","justified","unjustified"]})], None),
            "event": (Annotated[str | None, Query(max_length=64, description="Only records of this kind", json_schema_extra={"enum": ["request_submitted","request_reviewed","review_lapsed","request_escalated","request_approved","request_denied","information_requested","request_answered","request_repeated","request_reassessed","request_proven","request_withdrawn","request_timed_out","roles_delegated","delegation_ended","grant_created","grant_activated","grant_expired","grant_revoked","grant_suspended","grant_resumed","grant_released","standing_reported","store_accepted","clock_accepted","guardrails_changed","configuration_changed","process_started","process_ended","records_removed","break_glass_reviewed","break_glass_review_waived","break_glass_review_overdue","grant_used","grant_exhausted","session_refused","alert_raised","alert_acknowledged","alert_silenced"]})], None),
            "start": (Annotated[str | None, Query(max_length=64, alias="from", description="Only records of this instant or later", json_schema_extra={"format": "date-time"})], None),
            "until": (Annotated[str | None, Query(max_length=64, description="Only records before this instant", json_schema_extra={"format": "date-time"})], None),
            "text": (Annotated[str | None, Query(max_length=512, description="Only records in which somebody wrote this, in capitals or not")], None),
            "format": (Annotated[str | None, Query(max_length=64, description="The form: `jsonl`, `csv` or `ocsf`", json_schema_extra={"enum": ["jsonl","csv","ocsf"]})], None),
            "after": (Annotated[int | None, Query(ge=0, le=2**53, description="Only records after the one of this number")], None),
        },
    ),
    "story": Route(
        method="GET", path="/grants/{id}/story", status=200,
        summary="List everything that is on record about a grant",
        description="The request, its reviews, the grant, its uses and its end, and the same of every other grant in its chain of extensions.\nIts holder, those who could approve it and those who see everything can see it.",
        body=None, body_required=False, answer=AuditPageModel, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={
            "order": (Annotated[str | None, Query(max_length=64, description="The order: `oldest` first or `newest` first", json_schema_extra={"enum": ["oldest","newest"]})], None),
            "canonical": (Annotated[bool, Query(description="Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of")], False),
            "limit": (Annotated[int, Query(ge=1, le=200, description="The most rows on the page, 1 to 500")], 50),
            "cursor": (Annotated[str | None, Query(max_length=512, description="`next_cursor` of the page before")], None),
        },
    ),
    "who_could": Route(
        method="GET", path="/audit/who_could", status=200,
        summary="List the grants by which anybody could do something at an instant, as they stood then",
        description="Answered from the record alone: each grant says who held it, who approved it, why, and under which conditions. What the\nhost gives by standing right is not on record. Needs a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=True, answer=GrantPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "permission": (Annotated[str, Query(max_length=512, description="What would be done, such as `tools.execute`")], Parameter.empty),
            "at": (Annotated[str, Query(max_length=64, description="When", json_schema_extra={"format": "date-time"})], Parameter.empty),
            "resource": (Annotated[str | None, Query(max_length=512, description="On what, such as `tool:deploy`. The default is everything, which only a grant of everything reaches")], None),
            "parent": (Annotated[str | None, Query(max_length=512, description="The parent of that resource, such as `server:s1`")], None),
            "person": (Annotated[str | None, Query(max_length=512, description="Only grants of this person, or of an agent that acts for them")], None),
            "most": (Annotated[int | None, Query(ge=0, le=2**53, description="At most so many grants, those that were made first. All of them unless it is given")], None),
        },
    ),
    "what_could": Route(
        method="GET", path="/audit/what_could", status=200,
        summary="List the grants that a principal held in force at an instant, as they stood then",
        description="Answered from the record alone. Needs a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=True, answer=GrantPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "principal": (Annotated[str, Query(max_length=512, description="The person or agent that it is about")], Parameter.empty),
            "agent": (Annotated[bool, Query(description="Whether the principal is an agent")], False),
            "at": (Annotated[str, Query(max_length=64, description="When", json_schema_extra={"format": "date-time"})], Parameter.empty),
        },
    ),
    "what_changed": Route(
        method="GET", path="/audit/what_changed", status=200,
        summary="List the grants that were in force at one of two instants and not at the other, as they stood at the second",
        description="An `active` one began in between, and any other ended or was suspended. Answered from the record alone. Needs a role in\n`approver_roles` or `auditor_roles`.",
        body=None, body_required=True, answer=GrantPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "start": (Annotated[str, Query(max_length=64, alias="from", description="The first instant", json_schema_extra={"format": "date-time"})], Parameter.empty),
            "until": (Annotated[str, Query(max_length=64, description="The second instant, later than the first", json_schema_extra={"format": "date-time"})], Parameter.empty),
        },
    ),
    "roles": Route(
        method="GET", path="/roles", status=200,
        summary="List the roles that the caller may ask for, those that newly give the least first",
        description="Each says what it gives, what of that the caller does not have yet, its limits, who has to approve, whether a rule would\napprove now, and what the caller holds of it and until when. Roles that the caller may not ask for are left out. It is\njudged for all of the role, everywhere, for the usual length.",
        body=None, body_required=False, answer=OfferPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "explain": Route(
        method="GET", path="/explain", status=200,
        summary="Explain why a check is answered as it is",
        description="The answer says what the check answers, what is so with each grant that permits the action somewhere or sometime, and\nwhat would lift it. Everybody may ask about themself; about others takes a role in `approver_roles` or\n`auditor_roles`. Nothing is recorded. The store is asked, so this is no check for a request path.",
        body=None, body_required=True, answer=ExplanationModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "principal": (Annotated[str | None, Query(max_length=512, description="About whom. The default is the caller")], None),
            "agent": (Annotated[bool, Query(description="Whether the principal is an agent")], False),
            "action": (Annotated[str, Query(max_length=512, description="The action, such as `tools.execute`")], Parameter.empty),
            "resource": (Annotated[str | None, Query(max_length=512, description="The resource, such as `tool:deploy`. The default is everything at once")], None),
            "parent": (Annotated[str | None, Query(max_length=512, description="What the resource is in, such as `server:s1`")], None),
            "address": (Annotated[str | None, Query(max_length=512, description="The address that the check would come from, for grants with networks")], None),
            "session": (Annotated[str | None, Query(max_length=512, description="The session or task that the check would belong to, for grants with one")], None),
        },
    ),
    "right_size": Route(
        method="GET", path="/right_size", status=200,
        summary="Tell what of roles was given and never used, and which entry of the catalogue would be enough",
        description="Answered from recorded uses, the newest 50,000 of the period; `history` says how many they are and over how many days. The\nproposed entry gives what was used and lies inside what was given. Needs a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=RightSizeModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "role": (Annotated[str | None, Query(max_length=512, description="Only this role")], None),
            "person": (Annotated[str | None, Query(max_length=512, description="Only grants of this person and of agents that act for them")], None),
            "start": (Annotated[str | None, Query(max_length=64, alias="from", description="The first instant of the period. The default is 30 days before its end", json_schema_extra={"format": "date-time"})], None),
            "until": (Annotated[str | None, Query(max_length=64, description="The first instant after it. The default is now", json_schema_extra={"format": "date-time"})], None),
        },
    ),
    "replay": Route(
        method="GET", path="/replay", status=200,
        summary="Tell what would have come of the recorded calls of a principal, had it held another grant",
        description="`would_pass` are refused calls that this grant would have let pass; `would_be_refused` are calls that passed and that it\nwould have refused. Calls are judged as a check judges them, by the permissions and the resource. What a\nguardrail refused stays refused; guardrails are not asked about calls that no grant covered. Refused are the calls that\n`refusals` lists: those that a grant covers and that were denied, and those for which somebody was told what to ask for. Needs a\nrole in `approver_roles` or `auditor_roles`.",
        body=None, body_required=True, answer=ReplayModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "principal": (Annotated[str, Query(max_length=512, description="The person or agent that it is about")], Parameter.empty),
            "agent": (Annotated[bool, Query(description="Whether the principal is an agent")], False),
            "role": (Annotated[str, Query(max_length=512, description="The role that would have been granted")], Parameter.empty),
            "permissions": (Annotated[list[str] | None, Query(max_length=512, description="Fewer permissions than the role gives. The default is all of the role's")], None),
            "resource": (Annotated[str | None, Query(max_length=512, description="Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is `*`")], None),
            "instead_of": (Annotated[str | None, Query(max_length=512, description="Of the calls that passed only those under grants of this role, which the other one would have replaced")], None),
            "start": (Annotated[str | None, Query(max_length=64, alias="from", description="The first instant of the period. The default is 30 days before its end", json_schema_extra={"format": "date-time"})], None),
            "until": (Annotated[str | None, Query(max_length=64, description="The first instant after it. The default is now", json_schema_extra={"format": "date-time"})], None),
        },
    ),
    "remedies": Route(
        method="GET", path="/remedies", status=200,
        summary="Tell what the caller may ask for, so that an action that is denied becomes permitted",
        description="Each option is a request that would be accepted now: its role, permissions and resource are fields of `submit`. What gives\nthe least comes first: the action alone, before a role that gives more. Without an option, asking does not help. It is a\ndry run; nothing is recorded, but a call that no grant covers is counted among the refused attempts.",
        body=None, body_required=True, answer=RemediesModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "action": (Annotated[str, Query(max_length=512, description="The action that is denied, such as `tools.execute`")], Parameter.empty),
            "resource": (Annotated[str | None, Query(max_length=512, description="The resource, such as `tool:deploy`. The default is everything at once")], None),
            "parent": (Annotated[str | None, Query(max_length=512, description="What the resource is in, such as `server:s1`")], None),
        },
    ),
    "policies": Route(
        method="GET", path="/policies", status=200,
        summary="Export all live grants as one Cedar policy set, or the policy of one grant",
        description="The same grants at the same instant give the same text. Needs a role in `approver_roles` or `auditor_roles`; whoever\nmay see a grant may read its policy.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={
            "grant_id": (Annotated[str | None, Query(max_length=128, description="Only the policy of this grant. Of one that is not in force the set is empty", json_schema_extra={"format": "uuid"})], None),
        },
    ),
    "head": Route(
        method="GET", path="/head", status=200,
        summary="Get the head of the journal, to keep outside of the store",
        description="It is the number of the last record, a colon, and that record's hash.\n`verify` takes it later and finds whether anything up to that record was cut off, changed or made anew. Needs a role in\n`approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "checkpoint": Route(
        method="GET", path="/audit/checkpoint", status=200,
        summary="Get a signed checkpoint of the journal",
        description="It is a signed note (C2SP) with the number of records, the root of the tree over their texts (RFC 6962), and the hash of\nthe last one. Keep it elsewhere: it shows later whether anything up to that record was cut off or made anew. Needs a role\nin `approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "record": (Annotated[int | None, Query(ge=0, le=2**53, description="A record: the first checkpoint that covers it. Without one, the last checkpoint")], None),
        },
    ),
    "proof": Route(
        method="GET", path="/audit/proof", status=200,
        summary="Prove that a record is in the journal, or that an earlier checkpoint is of the same one",
        description="The answer is JSON with the checkpoint and the hashes that lead to it. Give either `record` or `since`. Needs a role in\n`approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "record": (Annotated[int | None, Query(ge=0, le=2**53, description="The record that is in the journal")], None),
            "since": (Annotated[int | None, Query(ge=0, le=2**53, description="The size of an earlier checkpoint, of whose journal this one is the continuation")], None),
            "checkpoint": (Annotated[int | None, Query(ge=0, le=2**53, description="The size of the checkpoint to which the proof leads. Without one, the last checkpoint")], None),
        },
    ),
    "evidence": Route(
        method="GET", path="/evidence", status=200,
        summary="Get what an assessor asks for of a period, from the record alone",
        description="Under NIST SP 800-53 AC-2(2), AC-2(4), AC-2(12), AC-6(5), AC-6(7), AC-6(9) and AC-6(10), and HIPAA 164.312(a)(2)(ii): the facts\nof each control, its exceptions and its list, and whether the chain of records is whole. The period must be over: then the\nsame call gives the same bytes. Needs a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "start": (Annotated[str | None, Query(max_length=64, alias="from", description="The first instant of the period", json_schema_extra={"format": "date-time"})], None),
            "until": (Annotated[str | None, Query(max_length=64, description="The first instant after it", json_schema_extra={"format": "date-time"})], None),
            "form": (Annotated[str | None, Query(max_length=64, description="In which form: `json`, which is the default, `csv` or `html`", json_schema_extra={"enum": ["json","csv","html"]})], None),
        },
    ),
}
"""By command, in the order of the catalogue."""
