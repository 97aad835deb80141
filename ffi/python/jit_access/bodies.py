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
    resource: str | None = Field(default=None, description="The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is `*`")
    starts_at: Instant | None = Field(default=None, description="When the grant begins, with its time zone: at most a minute ago. The default is at the approval")
    conditions: ConditionsBody | None = Field(default=None, description="Conditions checked at every use, besides those of the role")
    permissions: list[str] | None = Field(default=None, description="Fewer permissions than the role gives. The request is for what both have in common. The default is all of the role's")


class ExtendBody(Body):
    """Request an extension of your grant."""

    model_config = example(duration_hours=1, reason="INC-42 goes on")

    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(default=None, description="The length in hours. Limits may cut it. The default is the role's")
    reason: str | None = Field(default=None, description="Why. The default is the reason of the grant")


class BreakGlassBody(Body):
    """Take a role at once without approval, in an emergency. Another person must review it afterwards."""

    model_config = example(role="responder", reason="INC-42: the shop is down", duration_hours=1)

    role: str = Field(description="The role to take")
    reason: str | None = Field(default=None, description="Why. Approvers see it")
    ticket_url: str | None = Field(default=None, description="The ticket that the work is tracked in, as an `https` or `http` address")
    origin: str | None = Field(default=None, description="Where the request comes from, such as the denial that it answers. The decision point of AuthZEN writes and seals it")
    duration_hours: Annotated[float, Field(allow_inf_nan=False)] | None = Field(default=None, description="The length in hours. Limits may cut it. The default is the longest that they allow")
    resource: str | None = Field(default=None, description="The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is `*`")
    drill: bool = Field(default=False, description="Whether this is an exercise. Everything about it is marked so")


class CompleteReviewBody(Body):
    """Complete the review of a break-glass grant, once the grant has ended."""

    model_config = example(justified=True, finding="INC-42 was real, and the access fitted it")

    justified: bool = Field(description="Whether there was an emergency, and the access fitted it")
    finding: str = Field(description="What the review found")


class WaiveReviewBody(Body):
    """Waive the review of a break-glass grant. The journal records by whom, and why."""

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
    holder: str | None = Field(default=None, description="The grants that this person or agent holds; a person's with those of agents that act for them")
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
    until: Instant = Field(description="When it ends, with its time zone. It does not hold at that instant")
    reason: str = Field(description="Why, for the journal")
    roles: list[str] | None = Field(default=None, description="Which of your roles to delegate. The default is all roles with which you review")
    start: Instant | None = Field(default=None, alias="from", description="When it begins, with its time zone: at most a minute ago. The default is now")


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
    """Confirm the clock, after it and the journal have disagreed so much that the time is uncertain."""

    model_config = example(reason="one server was a year ahead; compared with two others")

    reason: str = Field(description="How it was found that the clock is right")


class AcknowledgeAlertBody(Body):
    """Acknowledge an alert, with your finding on record."""

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
        description="The duration counts from `starts_at` or from the approval, whichever is later. A length above a limit is cut,\nand `duration_cut_by` of the answer names the limit. When a rule approves at once, the answer is approved and\nits grant is in force. When a grant of the caller already gives all of it, or an identical request of the caller\nis pending, no request is made, and the answer is that request with `already`; another reason or ticket is added\nto its `asked_again`. Once the call has returned, it is on disk.",
        body=SubmitBody, body_required=True, answer=AccessRequestModel, effect="begins", writes=True, dry_run=True, names_one=False, caller_first=True,
        query={},
    ),
    "extend": Route(
        method="POST", path="/grants/{id}/extend", status=201,
        summary="Request an extension of your grant",
        description="The same approvers decide, or the rule `auto_extend` does. The extension is a separate grant. It begins at the\ninstant at which the old one ends, and gives the same or less.",
        body=ExtendBody, body_required=False, answer=AccessRequestModel, effect="begins", writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "break_glass": Route(
        method="POST", path="/break-glass", status=201,
        summary="Take a role at once without approval, in an emergency. Another person must review it afterwards",
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
        summary="Waive the review of a break-glass grant. The journal records by whom, and why",
        description="Needs the same rights as completing the review, and is possible at any time. If a review found the use\nunjustified, it lifts the consequence of `break_glass.after_unjustified`; the finding stays on record.",
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
        summary="Withdraw your request. Withdrawing it again is not an error",
        description="",
        body=EmptyBody, body_required=False, answer=AccessRequestModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "revoke": Route(
        method="POST", path="/grants/{id}/revoke", status=200,
        summary="Revoke a grant and all its extensions",
        description="Once the call has returned, it is on disk, and no later check of this process honours the grant. Revoking an\nended grant is not an error and changes nothing. Holders release their own grants instead.",
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
        summary="Release your grant and all its extensions, before they expire. Releasing it again is not an error",
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
        description="Either of the two people may end it, and holders of the general `approver_roles`. Ending one that has ended is\nnot an error.",
        body=None, body_required=False, answer=DelegationModel, effect=None, writes=True, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "standing": Route(
        method="POST", path="/standing", status=200,
        summary="Report a principal's status and roles. Revokes grants that they are no longer eligible for",
        description="All grants end when the principal is disabled; otherwise those of roles whose `requestable_by` contains none of\ntheir roles. The answer is a page with all grants that ended. Without a caller the host itself reports.",
        body=StandingBody, body_required=True, answer=GrantPageModel, effect="ends", writes=True, dry_run=False, names_one=False, caller_first=False,
        query={},
    ),
    "accept_store": Route(
        method="POST", path="/store/accept", status=200,
        summary="Accept the store as it is, after it was replaced by an older copy or another one",
        description="Until then no process honours a grant. Everything that was written to the old store after the copy was made is\nlost: requests, approvals, and revocations too, so compare the two before. The answer is an empty page. Without\na caller the host itself accepts it.",
        body=AcceptStoreBody, body_required=True, answer=GrantPageModel, effect="begins", writes=True, dry_run=False, names_one=False, caller_first=False,
        query={},
    ),
    "accept_clock": Route(
        method="POST", path="/clock/accept", status=200,
        summary="Confirm the clock, after it and the journal have disagreed so much that the time is uncertain",
        description="From its record on, every process uses the clock, even when the journal has later records: grants that those\nended too early are in force again, and time continues from there. Until then no process honours a grant, except\nfor break-glass access. Compare the clock with another one first: with one that is behind, grants that have\nended since are valid again. The answer is a page with the grants that this ends: those that were made at\ninstants in the future. Without a caller the host itself confirms.",
        body=AcceptClockBody, body_required=True, answer=GrantPageModel, effect="begins", writes=True, dry_run=False, names_one=False, caller_first=False,
        query={},
    ),
    "acknowledge_alert": Route(
        method="POST", path="/alerts/{id}/acknowledge", status=200,
        summary="Acknowledge an alert, with your finding on record",
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
        description="Visible to its requester, its approvers and those who see everything. Uses of its grant that are not written yet\nare not counted.",
        body=None, body_required=False, answer=AccessRequestModel, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "grant": Route(
        method="GET", path="/grants/{id}", status=200,
        summary="Get a grant",
        description="Visible to its holder, those who could approve it and those who see everything. Every use that this process has\nanswered is counted.",
        body=None, body_required=False, answer=GrantModel, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "summary": Route(
        method="GET", path="/grants/{id}/summary", status=200,
        summary="Get a summary of what was done under a grant; for a live one, until now",
        description="It follows from the journal alone. Visible to everyone who may see the grant.",
        body=None, body_required=False, answer=SummaryModel, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={},
    ),
    "summary_text": Route(
        method="GET", path="/grants/{id}/summary/text", status=200,
        summary="Get the summary of a grant as text, Markdown or HTML",
        description="What people and agents wrote is escaped as the form needs it.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={
            "form": (Annotated[str | None, Query(max_length=64, description="The form: `text`, which is the default, `markdown` or `html`", json_schema_extra={"enum": ["text","markdown","html"]})], None),
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
            "text": (Annotated[str | None, Query(max_length=512, description="Only requests with this text in the reason, the ticket, the resource, the role or the name, ignoring case")], None),
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
            "text": (Annotated[str | None, Query(max_length=512, description="Only grants with this text in the reason, the ticket, the resource, the role or the name, ignoring case")], None),
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
        description="The caller then reads the changes with their own rights. For uses, only the last one is returned. Over HTTP this\nis a stream of server-sent events. It is at most a second old, and the store is read at most once a second, for\nany number of callers.",
        body=None, body_required=False, answer=EventsModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "after": (Annotated[int | None, Query(ge=0, le=2**53, description="The `revision` of the answer before. Without it, only the current revision is returned")], None),
            "wait_seconds": (Annotated[int | None, Query(ge=0, le=2**53, description="How many seconds to wait for something to happen, 0 to 60. A closed engine ends the wait")], None),
        },
    ),
    "refusals": Route(
        method="GET", path="/refusals", status=200,
        summary="List refused attempts, newest first",
        description="Refused commands, refused reads of the journal, and denied checks that a grant covers (denied by a condition, or\nbecause the permission is reserved); also checks of grant holders that nothing allows, if the host reports that.\nThose of one principal for one reason within an hour are one row. They are not part of the journal: the newest\n100,000 rows of 90 days are kept. Needs a role in `approver_roles` or `auditor_roles`.",
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
        description="It waits from now on, whatever its state was before. Needs a role in `approver_roles`.",
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
        summary="Get the health of the library",
        description="For the store, its last record, and when the grants were last proven to be current; for the journal, up to which\nrecord it was verified, when, and what is wrong; whether the time is uncertain. For each channel, when a\ndelivery last succeeded, how many wait, and how many have failed. It connects to no channel. Needs a role in\n`approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=HealthModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "audit": Route(
        method="GET", path="/audit", status=200,
        summary="List the records of the journal that are wanted",
        description="Every given part of the filter must match. A search for a text reads a thousand records for one page, so such a\npage can have fewer rows than `limit` and still a `next_cursor`. Needs a role in `approver_roles` or\n`auditor_roles`.",
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
            "text": (Annotated[str | None, Query(max_length=512, description="Only records with this text in a reason, comment or similar field, ignoring case")], None),
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
        description="To continue, send the number of the last record as `after`; when there are no more, the text is empty. So an\nexport can stop at any record and continue later. Over HTTP all of them are one response. `jsonl` has a record\non each line, as `audit` shows it; `csv` has a line with its column names before the first record; `ocsf` has an\nevent of OCSF 1.8.0 on each line. Needs a role in `approver_roles` or `auditor_roles`.",
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
            "text": (Annotated[str | None, Query(max_length=512, description="Only records with this text in a reason, comment or similar field, ignoring case")], None),
            "format": (Annotated[str | None, Query(max_length=64, description="The form: `jsonl`, `csv` or `ocsf`", json_schema_extra={"enum": ["jsonl","csv","ocsf"]})], None),
            "after": (Annotated[int | None, Query(ge=0, le=2**53, description="Only records after the one of this number")], None),
        },
    ),
    "story": Route(
        method="GET", path="/grants/{id}/story", status=200,
        summary="List everything that is on record about a grant",
        description="The request, its reviews, the grant, its uses and its end, and the same for every other grant in its chain of\nextensions. Visible to its holder, those who could approve it and those who see everything.",
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
        summary="List the grants that permitted an action at an instant, in their state at that time",
        description="Answered from the journal alone: each grant has its holder, its approvers, its reason and its conditions.\nStanding rights of the host are not recorded. Needs a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=True, answer=GrantPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "permission": (Annotated[str, Query(max_length=512, description="The action, such as `tools.execute`")], Parameter.empty),
            "at": (Annotated[str, Query(max_length=64, description="When", json_schema_extra={"format": "date-time"})], Parameter.empty),
            "resource": (Annotated[str | None, Query(max_length=512, description="The resource, such as `tool:deploy`. The default is everything, which only a grant on everything covers")], None),
            "parent": (Annotated[str | None, Query(max_length=512, description="The parent of that resource, such as `server:s1`")], None),
            "person": (Annotated[str | None, Query(max_length=512, description="Only grants of this person, or of an agent that acts for them")], None),
            "most": (Annotated[int | None, Query(ge=0, le=2**53, description="The most grants to return, the oldest first. The default is all of them")], None),
        },
    ),
    "what_could": Route(
        method="GET", path="/audit/what_could", status=200,
        summary="List the grants that a principal held in force at an instant, in their state at that time",
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
        summary="List the grants that were in force at only one of two instants, in their state at the second",
        description="An `active` one began in between, and any other ended or was suspended. Answered from the record alone. Needs a role in\n`approver_roles` or `auditor_roles`.",
        body=None, body_required=True, answer=GrantPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "start": (Annotated[str, Query(max_length=64, alias="from", description="The first instant", json_schema_extra={"format": "date-time"})], Parameter.empty),
            "until": (Annotated[str, Query(max_length=64, description="The second instant, later than the first", json_schema_extra={"format": "date-time"})], Parameter.empty),
        },
    ),
    "roles": Route(
        method="GET", path="/roles", status=200,
        summary="List the roles that the caller may request, the one that adds the least access first",
        description="Each has its permissions, those of them that the caller does not have yet, its limits, the required approvals,\nwhether a rule would approve now, and the caller's grants of it with their end. Roles that the caller may not\nrequest are left out. It is evaluated for the whole role, everywhere, for the default length.",
        body=None, body_required=False, answer=OfferPageModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "explain": Route(
        method="GET", path="/explain", status=200,
        summary="Explain why a check is answered as it is",
        description="The answer has the decision of the check, the reason for each grant that permits the action at any place or\ntime, and what would lift it. Everyone may ask about themself; about others needs a role in `approver_roles` or\n`auditor_roles`. Nothing is recorded. It reads the store, so do not use it in a request path.",
        body=None, body_required=True, answer=ExplanationModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "principal": (Annotated[str | None, Query(max_length=512, description="About whom. The default is the caller")], None),
            "agent": (Annotated[bool, Query(description="Whether the principal is an agent")], False),
            "action": (Annotated[str, Query(max_length=512, description="The action, such as `tools.execute`")], Parameter.empty),
            "resource": (Annotated[str | None, Query(max_length=512, description="The resource, such as `tool:deploy`. The default is everything")], None),
            "parent": (Annotated[str | None, Query(max_length=512, description="The parent of the resource, such as `server:s1`")], None),
            "address": (Annotated[str | None, Query(max_length=512, description="The address of the caller of the check, for grants with networks")], None),
            "session": (Annotated[str | None, Query(max_length=512, description="The session or task that the check would belong to, for grants with one")], None),
        },
    ),
    "right_size": Route(
        method="GET", path="/right_size", status=200,
        summary="List which parts of roles were granted and never used, and which role of the catalogue would be enough",
        description="Answered from recorded uses, the newest 50,000 of the period; `history` has their number and over how many days.\nThe proposed role covers what was used and is within what was granted. Needs a role in `approver_roles` or\n`auditor_roles`.",
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
        summary="Replay the recorded calls of a principal under another grant",
        description="`would_pass` are refused calls that this grant would have allowed; `would_be_refused` are allowed calls that it\nwould have refused. Calls are decided like a check, by the permissions and the resource. What a guardrail\nrefused stays refused; guardrails are not evaluated for calls that no grant covered. The refused calls are those\nthat `refusals` lists: those that a grant covers and that were denied, and those for which `remedies` was\ncalled. Needs a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=True, answer=ReplayModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "principal": (Annotated[str, Query(max_length=512, description="The person or agent that it is about")], Parameter.empty),
            "agent": (Annotated[bool, Query(description="Whether the principal is an agent")], False),
            "role": (Annotated[str, Query(max_length=512, description="The role that would have been granted")], Parameter.empty),
            "permissions": (Annotated[list[str] | None, Query(max_length=512, description="Fewer permissions than the role gives. The default is all of the role's")], None),
            "resource": (Annotated[str | None, Query(max_length=512, description="The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is `*`")], None),
            "instead_of": (Annotated[str | None, Query(max_length=512, description="Among the allowed calls, only those under grants of this role, which the other grant would have replaced")], None),
            "start": (Annotated[str | None, Query(max_length=64, alias="from", description="The first instant of the period. The default is 30 days before its end", json_schema_extra={"format": "date-time"})], None),
            "until": (Annotated[str | None, Query(max_length=64, description="The first instant after it. The default is now", json_schema_extra={"format": "date-time"})], None),
        },
    ),
    "remedies": Route(
        method="GET", path="/remedies", status=200,
        summary="List the requests that would lift a denial",
        description="Each option is a request that would be accepted now: its role, permissions and resource are fields of `submit`.\nThe one with the least access comes first: the action alone, before a role with more. Without an option, no\nrequest helps. It is a dry run; nothing is recorded, but a call that no grant covers is counted among the\nrefused attempts.",
        body=None, body_required=True, answer=RemediesModel, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "action": (Annotated[str, Query(max_length=512, description="The denied action, such as `tools.execute`")], Parameter.empty),
            "resource": (Annotated[str | None, Query(max_length=512, description="The resource, such as `tool:deploy`. The default is everything")], None),
            "parent": (Annotated[str | None, Query(max_length=512, description="The parent of the resource, such as `server:s1`")], None),
        },
    ),
    "policies": Route(
        method="GET", path="/policies", status=200,
        summary="Export all live grants as one Cedar policy set, or the policy of one grant",
        description="The same grants at the same instant give the same text. Needs a role in `approver_roles` or `auditor_roles`;\neveryone who may see a grant may read its policy.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=True, caller_first=True,
        query={
            "grant_id": (Annotated[str | None, Query(max_length=128, description="Only the policy of this grant. Of one that is not in force the set is empty", json_schema_extra={"format": "uuid"})], None),
        },
    ),
    "head": Route(
        method="GET", path="/head", status=200,
        summary="Get the head of the journal, to keep outside of the store",
        description="It is the number of the last record, a colon, and that record's hash. `verify` takes it later and finds whether\nany record up to that one was removed, changed or rewritten. Needs a role in `approver_roles` or\n`auditor_roles`.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={},
    ),
    "checkpoint": Route(
        method="GET", path="/audit/checkpoint", status=200,
        summary="Get a signed checkpoint of the journal",
        description="It is a signed note (C2SP) with the number of records, the root of the tree over their texts (RFC 6962), and the\nhash of the last one. Keep it elsewhere: it shows later whether any record up to that one was removed or\nrewritten. Needs a role in `approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "record": (Annotated[int | None, Query(ge=0, le=2**53, description="A record: returns the first checkpoint that covers it. The default is the last checkpoint")], None),
        },
    ),
    "proof": Route(
        method="GET", path="/audit/proof", status=200,
        summary="Prove that a record is in the journal, or that an earlier checkpoint is of the same one",
        description="The answer is JSON with the checkpoint and the hashes that lead to it. Give either `record` or `since`. Needs a\nrole in `approver_roles` or `auditor_roles`.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "record": (Annotated[int | None, Query(ge=0, le=2**53, description="The record that is in the journal")], None),
            "since": (Annotated[int | None, Query(ge=0, le=2**53, description="The size of an earlier checkpoint, whose journal this one continues")], None),
            "checkpoint": (Annotated[int | None, Query(ge=0, le=2**53, description="The size of the checkpoint that the proof leads to. The default is the last checkpoint")], None),
        },
    ),
    "evidence": Route(
        method="GET", path="/evidence", status=200,
        summary="Get evidence for an audit of a period, from the journal alone",
        description="Under NIST SP 800-53 AC-2(2), AC-2(4), AC-2(12), AC-6(5), AC-6(7), AC-6(9) and AC-6(10), and HIPAA\n164.312(a)(2)(ii): the facts of each control, its exceptions and its list, and whether the chain of records is\nintact. The period must have ended: then the same call gives the same bytes. Needs a role in `approver_roles` or\n`auditor_roles`.",
        body=None, body_required=False, answer=None, effect=None, writes=False, dry_run=False, names_one=False, caller_first=True,
        query={
            "start": (Annotated[str | None, Query(max_length=64, alias="from", description="The first instant of the period", json_schema_extra={"format": "date-time"})], None),
            "until": (Annotated[str | None, Query(max_length=64, description="The first instant after it", json_schema_extra={"format": "date-time"})], None),
            "form": (Annotated[str | None, Query(max_length=64, description="The form: `json`, which is the default, `csv` or `html`", json_schema_extra={"enum": ["json","csv","html"]})], None),
        },
    ),
}
"""By command, in the order of the catalogue."""
