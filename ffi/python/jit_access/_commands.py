"""The commands and reads, as methods of `Engine`. Generated from `src/command`, by `tests/generated.rs`."""

# ruff: noqa: E501
# fmt: off
# mypy: disable-error-code="no-any-return"

from collections.abc import Sequence
from datetime import datetime

from jit_access._methods import method
from jit_access._native import Caller, Conditions, Engine
from jit_access.answers import Page
from jit_access.principals import Principal
from jit_access.values import (
    AccessRequest,
    Alert,
    Delegation,
    Delivery,
    Events,
    Explanation,
    Grant,
    Health,
    Offer,
    Record,
    RefusedAttempt,
    Remedies,
    Replay,
    RightSize,
    Summary,
)


@method
def submit(
    self: Engine,
    caller: Caller,
    *,
    role: str,
    reason: str | None = None,
    ticket_url: str | None = None,
    origin: str | None = None,
    duration_hours: float | None = None,
    resource: str | None = None,
    starts_at: datetime | str | None = None,
    conditions: Conditions | None = None,
    permissions: Sequence[str] | None = None,
    dry_run: bool = False,
    idempotency_key: str | None = None,
) -> AccessRequest:
    """Request a role for a limited time.

    The time counts from `starts_at` or from the approval, whichever is later. A length above a limit is cut,
    and `duration_cut_by` of the answer names the limit. Where a rule approves at once, the answer is approved
    and its grant is in force. When a grant of the caller already gives all of it, or a request of the caller
    for just this waits, no request is made, and the answer is that request with `already`; another reason or
    ticket is added to its `asked_again`. Once the call has returned, it is on disk.

    - `role`: The role to request.
    - `reason`: Why. Approvers see it.
    - `ticket_url`: The ticket that the work is tracked in, as an `https` or `http` address.
    - `origin`: Where the request comes from, such as the denial that it answers. The decision point of AuthZEN
      writes and seals it.
    - `duration_hours`: The length in hours. Limits may cut it. The default is the role's.
    - `resource`: Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The
      default is `*`.
    - `starts_at`: When the grant begins, with its time zone: not before the current second. The default is at
      the approval.
    - `conditions`: Conditions checked at every use, besides those of the role.
    - `permissions`: Fewer permissions than the role gives. The request is for what both have in common. The
      default is all of the role's.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("submit", caller, {"role": role, "reason": reason, "ticket_url": ticket_url, "origin": origin, "duration_hours": duration_hours, "resource": resource, "starts_at": starts_at, "conditions": conditions, "permissions": permissions, "dry_run": dry_run, "idempotency_key": idempotency_key})


@method
def extend(
    self: Engine,
    caller: Caller,
    grant_id: str,
    *,
    duration_hours: float | None = None,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> AccessRequest:
    """Request an extension of your grant.

    The same approvers decide, or the rule `auto_extend` does. The extension is a grant of its own. It begins at
    the instant at which the old one ends, and gives the same or less.

    - `grant_id`: The grant to extend.
    - `duration_hours`: The length in hours. Limits may cut it. The default is the role's.
    - `reason`: Why. The default is the reason of the grant.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("extend", caller, {"grant": grant_id, "duration_hours": duration_hours, "reason": reason, "idempotency_key": idempotency_key})


@method
def break_glass(
    self: Engine,
    caller: Caller,
    *,
    role: str,
    reason: str | None = None,
    ticket_url: str | None = None,
    origin: str | None = None,
    duration_hours: float | None = None,
    resource: str | None = None,
    drill: bool = False,
    idempotency_key: str | None = None,
) -> AccessRequest:
    """Take a role at once without approval, in an emergency. Somebody else must review it afterwards.

    Once the call has returned, every later check of this process sees the grant. Without a length it lasts as
    long as the limits allow. A reason is always needed.

    - `role`: The role to take.
    - `reason`: Why. Approvers see it.
    - `ticket_url`: The ticket that the work is tracked in, as an `https` or `http` address.
    - `origin`: Where the request comes from, such as the denial that it answers. The decision point of AuthZEN
      writes and seals it.
    - `duration_hours`: The length in hours. Limits may cut it. The default is the longest that they allow.
    - `resource`: Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The
      default is `*`.
    - `drill`: Whether this is an exercise. Everything about it is marked so.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("break_glass", caller, {"role": role, "reason": reason, "ticket_url": ticket_url, "origin": origin, "duration_hours": duration_hours, "resource": resource, "drill": drill, "idempotency_key": idempotency_key})


@method
def complete_review(
    self: Engine, caller: Caller, grant_id: str, *, justified: bool, finding: str, idempotency_key: str | None = None
) -> Grant:
    """Complete the review of a break-glass grant, once the grant has ended.

    The reviewer needs one of the reviewer roles of the grant, and is not its holder.

    - `grant_id`: The grant that was reviewed.
    - `justified`: Whether there was an emergency, and the access fitted it.
    - `finding`: What the review found.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("complete_review", caller, {"grant": grant_id, "justified": justified, "finding": finding, "idempotency_key": idempotency_key})


@method
def waive_review(
    self: Engine, caller: Caller, grant_id: str, *, reason: str, idempotency_key: str | None = None
) -> Grant:
    """Waive the review of a break-glass grant. The journal keeps who did so, and why.

    Needs what completing the review needs, and is possible at any time. Of a review that found the use
    unjustified, it lifts what `break_glass.after_unjustified` makes follow; what was found stays on record.

    - `grant_id`: The grant whose review is waived.
    - `reason`: Why.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("waive_review", caller, {"grant": grant_id, "reason": reason, "idempotency_key": idempotency_key})


@method
def approve(
    self: Engine,
    caller: Caller,
    request_id: str,
    *,
    version: int | None = None,
    permissions: Sequence[str] | None = None,
    resource: str | None = None,
    duration_hours: float | None = None,
    conditions: Conditions | None = None,
    comment: str | None = None,
    idempotency_key: str | None = None,
) -> AccessRequest:
    """Approve a request, wholly or in part.

    Once the call has returned, the grant is on disk, and every later check of this process sees it.
    `permissions`, `resource`, `duration_hours` and `conditions` are the most that this approver gives: the
    grant is what they and the request have in common, so nothing can be widened.

    - `request_id`: The request to approve.
    - `version`: The version that the approver saw. Another version by now is a conflict. The default is the
      current one.
    - `permissions`: No more permissions than these. The default is all that are requested.
    - `resource`: No more resources than this. The default is all that is requested.
    - `duration_hours`: No longer than this, in hours. The default is the requested length.
    - `conditions`: More conditions, besides those of the request.
    - `comment`: A comment, which the requester sees.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("approve", caller, {"request": request_id, "version": version, "permissions": permissions, "resource": resource, "duration_hours": duration_hours, "conditions": conditions, "comment": comment, "idempotency_key": idempotency_key})


@method
def deny(
    self: Engine, caller: Caller, request_id: str, *, reason: str, idempotency_key: str | None = None
) -> AccessRequest:
    """Deny a request.

    - `request_id`: The request to deny.
    - `reason`: Why. The requester sees it.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("deny", caller, {"request": request_id, "reason": reason, "idempotency_key": idempotency_key})


@method
def ask(
    self: Engine, caller: Caller, request_id: str, *, question: str, idempotency_key: str | None = None
) -> AccessRequest:
    """Ask the requester for more information.

    The request waits for an answer. It can still be approved or denied.

    - `request_id`: The request.
    - `question`: What the reviewer wants to know.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("ask", caller, {"request": request_id, "question": question, "idempotency_key": idempotency_key})


@method
def answer(
    self: Engine,
    caller: Caller,
    request_id: str,
    *,
    answer: str,
    duration_hours: float | None = None,
    resource: str | None = None,
    idempotency_key: str | None = None,
) -> AccessRequest:
    """Answer a reviewer's question about your request.

    Another length or another resource makes a new version of the request. Reviews of the old version do not
    count for it.

    - `request_id`: The request.
    - `answer`: The answer.
    - `duration_hours`: Another length in hours.
    - `resource`: Another resource.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("answer", caller, {"request": request_id, "answer": answer, "duration_hours": duration_hours, "resource": resource, "idempotency_key": idempotency_key})


@method
def withdraw(self: Engine, caller: Caller, request_id: str, *, idempotency_key: str | None = None) -> AccessRequest:
    """Withdraw your request. Withdrawing it again is no error.

    - `request_id`: The request to withdraw.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("withdraw", caller, {"request": request_id, "idempotency_key": idempotency_key})


@method
def revoke(self: Engine, caller: Caller, grant_id: str, *, reason: str, idempotency_key: str | None = None) -> Grant:
    """Revoke a grant and all its extensions.

    Once the call has returned, it is on disk, and no later check of this process honours the grant. Revoking a
    grant that is over is no error and changes nothing. Holders release their own grants instead.

    - `grant_id`: The grant to revoke.
    - `reason`: Why. The holder sees it.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("revoke", caller, {"grant": grant_id, "reason": reason, "idempotency_key": idempotency_key})


@method
def revoke_many(
    self: Engine,
    caller: Caller,
    *,
    reason: str,
    request_id: str | None = None,
    holder: Principal | str | None = None,
    agent: bool = False,
    role: str | None = None,
    resource: str | None = None,
    everything: bool = False,
    idempotency_key: str | None = None,
) -> Page[Grant]:
    """Revoke all live grants of a request, a holder, a role or a resource, or all there are.

    All end in one step, and the answer is a page with all of them. Your own are released. Once the call has
    returned, it is on disk, and no later check of this process honours any of them.

    - `request_id`: The grants that this request led to.
    - `holder`: The grants that this person or agent holds.
    - `role`: The grants of this role.
    - `resource`: The grants that reach any of this resource, wider ones too.
    - `everything`: All grants.
    - `reason`: Why. The holders see it.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("revoke_many", caller, {"request": request_id, "holder": holder, "agent": agent, "role": role, "resource": resource, "everything": everything, "reason": reason, "idempotency_key": idempotency_key})


@method
def release(self: Engine, caller: Caller, grant_id: str, *, idempotency_key: str | None = None) -> Grant:
    """Release your grant and all its extensions, before they expire. Releasing it again is no error.

    - `grant_id`: The grant to release.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("release", caller, {"grant": grant_id, "idempotency_key": idempotency_key})


@method
def suspend(self: Engine, caller: Caller, grant_id: str, *, reason: str, idempotency_key: str | None = None) -> Grant:
    """Suspend a grant. Its expiry does not change.

    No later check of this process honours the grant until it is resumed.

    - `grant_id`: The grant to suspend.
    - `reason`: Why. The holder sees it.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("suspend", caller, {"grant": grant_id, "reason": reason, "idempotency_key": idempotency_key})


@method
def resume(self: Engine, caller: Caller, grant_id: str, *, idempotency_key: str | None = None) -> Grant:
    """Resume a suspended grant.

    - `grant_id`: The grant to resume.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("resume", caller, {"grant": grant_id, "idempotency_key": idempotency_key})


@method
def delegate(
    self: Engine,
    caller: Caller,
    *,
    to: str,
    until: datetime | str,
    reason: str,
    roles: Sequence[str] | None = None,
    start: datetime | str | None = None,
    idempotency_key: str | None = None,
) -> Delegation:
    """Delegate your right to review to another person for a limited time.

    The delegate cannot delegate it further, and cannot approve what the delegator requested.

    - `to`: The person who reviews in your place.
    - `until`: When it ends, with its time zone. At that instant it is over.
    - `reason`: Why, for the journal.
    - `roles`: Which of your roles to delegate. The default is all roles with which you review.
    - `start`: When it begins, with its time zone: not before the current second. The default is now.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("delegate", caller, {"to": to, "until": until, "reason": reason, "roles": roles, "from": start, "idempotency_key": idempotency_key})


@method
def undelegate(self: Engine, caller: Caller, delegation_id: str, *, idempotency_key: str | None = None) -> Delegation:
    """End a delegation before its time.

    Either of the two people may do so, and holders of the general `approver_roles`. Ending one that is over is
    no error.

    - `delegation_id`: The delegation to end.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("undelegate", caller, {"delegation": delegation_id, "idempotency_key": idempotency_key})


@method
def standing(
    self: Engine,
    principal: Principal | str,
    *,
    enabled: bool,
    agent: bool = False,
    roles: Sequence[str] | None = None,
    caller: Caller | None = None,
    idempotency_key: str | None = None,
) -> Page[Grant]:
    """Report a principal's status and roles. Revokes grants that they are no longer eligible for.

    All grants end when the principal is disabled, and otherwise those of roles whose `requestable_by` names
    none of their roles. The answer is a page with all grants that ended. Without a caller the host itself
    reports.

    - `principal`: The person or agent that it is about.
    - `enabled`: Whether the principal's account is enabled.
    - `roles`: The principal's standing roles. The default is none.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("standing", caller, {"principal": principal, "agent": agent, "enabled": enabled, "roles": roles, "idempotency_key": idempotency_key})


@method
def accept_store(
    self: Engine, *, reason: str, caller: Caller | None = None, idempotency_key: str | None = None
) -> Page[Grant]:
    """Accept the store as it is, after it was replaced by an older copy or another one.

    Until then no process honours a grant. Everything that was written to the old store after the copy was made
    is gone: requests, approvals, and revocations too, so compare the two before. The page that is answered is
    empty. Without a caller the host itself accepts it.

    - `reason`: Why this store is the true one.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("accept_store", caller, {"reason": reason, "idempotency_key": idempotency_key})


@method
def accept_clock(
    self: Engine, *, reason: str, caller: Caller | None = None, idempotency_key: str | None = None
) -> Page[Grant]:
    """Say that the clock is right, after it and the journal have disagreed too much to know what time it is.

    From the record of it on, every process goes by the clock, even where the journal has later records: what
    those ended too early is in force again, and time goes on from there. Until then no process honours a grant,
    except for break-glass access. Compare the clock with another one first: one that is behind revives what has
    ended since. The answer is a page with the grants that end by it: those that were made at instants still to
    come. Without a caller the host itself says so.

    - `reason`: How it was found that the clock is right.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("accept_clock", caller, {"reason": reason, "idempotency_key": idempotency_key})


@method
def acknowledge_alert(
    self: Engine, caller: Caller, alert_id: str, *, reason: str, idempotency_key: str | None = None
) -> Alert:
    """Acknowledge an alert: say on record that you have seen it, and what you found.

    - `alert_id`: The alert.
    - `reason`: What you found.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("acknowledge_alert", caller, {"alert": alert_id, "reason": reason, "idempotency_key": idempotency_key})


@method
def silence_alert(
    self: Engine,
    caller: Caller,
    alert_id: str,
    *,
    duration_hours: float,
    reason: str,
    idempotency_key: str | None = None,
) -> Alert:
    """Silence an alert: nothing of its kind is raised about the same principal or grant for some time.

    What happens meanwhile stays in the journal.

    - `alert_id`: The alert.
    - `duration_hours`: For how many hours.
    - `reason`: Why.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("silence_alert", caller, {"alert": alert_id, "duration_hours": duration_hours, "reason": reason, "idempotency_key": idempotency_key})


@method
def request(self: Engine, caller: Caller, request_id: str) -> AccessRequest:
    """Get a request.

    Its requester, its approvers and those who see everything can see it. Uses of its grant that are not written
    down yet are not counted.

    - `request_id`: The request.
    """
    return self._run("request", caller, {"id": request_id})


@method
def grant(self: Engine, caller: Caller, grant_id: str) -> Grant:
    """Get a grant.

    Its holder, those who could approve it and those who see everything can see it. Every use that this process
    has answered is counted.

    - `grant_id`: The grant.
    """
    return self._run("grant", caller, {"id": grant_id})


@method
def summary(self: Engine, caller: Caller, grant_id: str) -> Summary:
    """Get a summary of what was done under a grant; of a live one, so far.

    It follows from the journal alone. Who may see the grant may see it.

    - `grant_id`: The grant.
    """
    return self._run("summary", caller, {"grant": grant_id})


@method
def summary_text(self: Engine, caller: Caller, grant_id: str, *, form: str | None = None) -> str:
    """Get the summary of a grant as text, Markdown or HTML.

    What people and agents wrote is escaped as the form needs it.

    - `grant_id`: The grant.
    - `form`: In which form: `text`, which is the default, `markdown` or `html`.
    """
    return self._run("summary_text", caller, {"grant": grant_id, "form": form})


@method
def requests(
    self: Engine,
    caller: Caller,
    *,
    status: str | None = None,
    role: str | None = None,
    person: str | None = None,
    reviewable: bool = False,
    ending_before: datetime | str | None = None,
    text: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[AccessRequest]:
    """List the requests that the caller can see, newest first.

    - `status`: Only requests of this status.
    - `role`: Only requests of this role.
    - `person`: Only requests of this person and of agents that act for them.
    - `reviewable`: Only requests that the caller could approve now.
    - `ending_before`: Only requests that time out before this instant.
    - `text`: Only requests with this text in the reason, the ticket, the resource, the role or the name,
      whatever its case.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("requests", caller, {"status": status, "role": role, "person": person, "reviewable": reviewable, "ending_before": ending_before, "text": text, "limit": limit, "cursor": cursor})


@method
def grants(
    self: Engine,
    caller: Caller,
    *,
    status: str | None = None,
    role: str | None = None,
    person: str | None = None,
    reviewable: bool = False,
    ending_before: datetime | str | None = None,
    text: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Grant]:
    """List the grants that the caller can see, newest first.

    - `status`: Only grants of this status.
    - `role`: Only grants of this role.
    - `person`: Only grants of this person and of agents that act for them.
    - `reviewable`: Only break-glass grants whose review the caller could complete now.
    - `ending_before`: Only grants that end before this instant.
    - `text`: Only grants with this text in the reason, the ticket, the resource, the role or the name, whatever
      its case.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("grants", caller, {"status": status, "role": role, "person": person, "reviewable": reviewable, "ending_before": ending_before, "text": text, "limit": limit, "cursor": cursor})


@method
def unreviewed(self: Engine, caller: Caller) -> Page[Grant]:
    """List the break-glass grants that the caller can see and that wait for a review, newest first."""
    return self._run("unreviewed", caller, {})


@method
def delegations(
    self: Engine, caller: Caller, *, status: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[Delegation]:
    """List the delegations that the caller can see, newest first.

    - `status`: Only delegations of this status.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("delegations", caller, {"status": status, "limit": limit, "cursor": cursor})


@method
def alerts(
    self: Engine,
    caller: Caller,
    *,
    status: str | None = None,
    grant_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Alert]:
    """List the alerts that the monitor keeps, newest first.

    Needs a role in `approver_roles` or `auditor_roles`. The newest 10,000 of the last 30 days are kept.

    - `status`: Only alerts of this status.
    - `grant_id`: Only alerts about this grant.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("alerts", caller, {"status": status, "grant": grant_id, "limit": limit, "cursor": cursor})


@method
def events(self: Engine, caller: Caller, *, after: int | None = None, wait_seconds: int | None = None) -> Events:
    """Get what happened after a record: the numbers and the kinds of the records that the caller may know of.

    What changed, the caller then reads with the rights that they have. Of uses only the last is told. Over HTTP
    this is a stream of server-sent events. It is at most a second old, and the store is asked at most once a
    second, however many ask.

    - `after`: The `revision` of the answer before. Without it nothing is told but the revision, to begin with.
    - `wait_seconds`: How many seconds to wait for something to happen, 0 to 60. A closed engine ends the wait.
    """
    return self._run("events", caller, {"after": after, "wait_seconds": wait_seconds})


@method
def refusals(
    self: Engine,
    caller: Caller,
    *,
    person: str | None = None,
    code: str | None = None,
    attempt: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[RefusedAttempt]:
    """List refused attempts, newest first.

    Commands that the rules refused, reads of the record that were refused, and checks that a grant covers and
    that were denied all the same, by a condition or because the permission is reserved; checks of who holds a
    grant, where nothing allows them and the host says so. Those of one principal for one reason within an hour
    are one row. They are no part of the journal: the newest 100,000 rows of 90 days are kept. Needs a role in
    `approver_roles` or `auditor_roles`.

    - `person`: Only attempts of this person and of agents that act for them.
    - `code`: Only attempts that were refused for this reason, such as `self_approval`.
    - `attempt`: Only attempts at this command, or `check`.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("refusals", caller, {"person": person, "code": code, "attempt": attempt, "limit": limit, "cursor": cursor})


@method
def deliveries(
    self: Engine,
    caller: Caller,
    *,
    state: str | None = None,
    channel: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Delivery]:
    """List the deliveries of notices, newest first.

    Needs a role in `approver_roles` or `auditor_roles`.

    - `state`: Only deliveries in this state.
    - `channel`: Only deliveries by this channel.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("deliveries", caller, {"state": state, "channel": channel, "limit": limit, "cursor": cursor})


@method
def resend_delivery(self: Engine, caller: Caller, delivery_id: str) -> Delivery:
    """Send a delivery again, under the same id.

    It waits from now on, whatever has become of it before. Needs a role in `approver_roles`.

    - `delivery_id`: The delivery.
    """
    return self._run("resend_delivery", caller, {"id": delivery_id})


@method
def drop_delivery(self: Engine, caller: Caller, delivery_id: str) -> Delivery:
    """Drop a delivery that waits or has failed.

    One that is being sent at this moment may still arrive; one that was sent stays sent. Needs a role in
    `approver_roles`.

    - `delivery_id`: The delivery.
    """
    return self._run("drop_delivery", caller, {"id": delivery_id})


@method
def health(self: Engine, caller: Caller) -> Health:
    """Get how the library stands.

    Of the store its last record, and when the grants were last proven to be current; of the journal up to which
    record it was verified, when, and what is wrong; whether the clock is doubted. Of each channel: when a
    delivery last succeeded, how many wait, and how many have failed. Nothing is connected to. Needs a role in
    `approver_roles` or `auditor_roles`.
    """
    return self._run("health", caller, {})


@method
def audit(
    self: Engine,
    caller: Caller,
    *,
    grant_id: str | None = None,
    request_id: str | None = None,
    person: str | None = None,
    agent: str | None = None,
    approver: str | None = None,
    role: str | None = None,
    permission: str | None = None,
    resource: str | None = None,
    result: str | None = None,
    event: str | None = None,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
    text: str | None = None,
    after: int | None = None,
    order: str | None = None,
    canonical: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Record]:
    """List the records of the journal that are wanted.

    Every part of the filter that is given must be so. A search for a text looks at some thousands of records
    for one page, so such a page can have fewer rows than `limit` and a `next_cursor` all the same. Needs a role
    in `approver_roles` or `auditor_roles`.

    - `grant_id`: Only records about this grant.
    - `request_id`: Only records about this request, and the one that made its grant.
    - `person`: Only records that concern this person: who did it, whose request or grant it is, or for whom an
      agent acts.
    - `agent`: Only records that concern this agent.
    - `approver`: Only answers of this person to requests, and records of grants that needed their approval.
    - `role`: Only records about a request or a grant of this role.
    - `permission`: Only uses of this permission, and requests and new grants that name it as it is written
      here.
    - `resource`: Only uses on this resource, of this kind or with this parent, and requests and new grants
      whose scope names it.
    - `result`: Only records with this result.
    - `event`: Only records of this kind.
    - `start`: Only records of this instant or later.
    - `until`: Only records before this instant.
    - `text`: Only records in which somebody wrote this, in capitals or not.
    - `after`: Only records after the one of this number.
    - `order`: The order: `oldest` first or `newest` first.
    - `canonical`: Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("audit", caller, {"grant": grant_id, "request": request_id, "person": person, "agent": agent, "approver": approver, "role": role, "permission": permission, "resource": resource, "result": result, "event": event, "from": start, "until": until, "text": text, "after": after, "order": order, "canonical": canonical, "limit": limit, "cursor": cursor})


@method
def metrics(self: Engine, caller: Caller) -> str:
    """Get the figures of the engine, as Prometheus reads them.

    Needs a role in `approver_roles` or `auditor_roles`. docs/metrics.md has every name.
    """
    return self._run("metrics", caller, {})


@method
def export(
    self: Engine,
    caller: Caller,
    *,
    grant_id: str | None = None,
    request_id: str | None = None,
    person: str | None = None,
    agent: str | None = None,
    approver: str | None = None,
    role: str | None = None,
    permission: str | None = None,
    resource: str | None = None,
    result: str | None = None,
    event: str | None = None,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
    text: str | None = None,
    format: str | None = None,
    after: int | None = None,
) -> str:
    """Export records, oldest first: a thousand of those that are wanted, in one of three forms.

    To go on, give the number of the last record that came as `after`; when nothing is left the text is empty.
    So an export can stop at any record and go on later. Over HTTP all of them come as one answer. `jsonl` has a
    record a line, as `audit` shows it; `csv` has a line with the names of its columns before the first record;
    `ocsf` has an event of OCSF 1.8.0 a line. Needs a role in `approver_roles` or `auditor_roles`.

    - `grant_id`: Only records about this grant.
    - `request_id`: Only records about this request, and the one that made its grant.
    - `person`: Only records that concern this person: who did it, whose request or grant it is, or for whom an
      agent acts.
    - `agent`: Only records that concern this agent.
    - `approver`: Only answers of this person to requests, and records of grants that needed their approval.
    - `role`: Only records about a request or a grant of this role.
    - `permission`: Only uses of this permission, and requests and new grants that name it as it is written
      here.
    - `resource`: Only uses on this resource, of this kind or with this parent, and requests and new grants
      whose scope names it.
    - `result`: Only records with this result.
    - `event`: Only records of this kind.
    - `start`: Only records of this instant or later.
    - `until`: Only records before this instant.
    - `text`: Only records in which somebody wrote this, in capitals or not.
    - `format`: The form: `jsonl`, `csv` or `ocsf`.
    - `after`: Only records after the one of this number.
    """
    return self._run("export", caller, {"grant": grant_id, "request": request_id, "person": person, "agent": agent, "approver": approver, "role": role, "permission": permission, "resource": resource, "result": result, "event": event, "from": start, "until": until, "text": text, "format": format, "after": after})


@method
def story(
    self: Engine,
    caller: Caller,
    grant_id: str,
    *,
    order: str | None = None,
    canonical: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Record]:
    """List everything that is on record about a grant.

    The request, its reviews, the grant, its uses and its end, and the same of every other grant in its chain of
    extensions. Its holder, those who could approve it and those who see everything can see it.

    - `grant_id`: The grant.
    - `order`: The order: `oldest` first or `newest` first.
    - `canonical`: Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("story", caller, {"grant": grant_id, "order": order, "canonical": canonical, "limit": limit, "cursor": cursor})


@method
def who_could(
    self: Engine,
    caller: Caller,
    *,
    permission: str,
    at: datetime | str,
    resource: str | None = None,
    parent: str | None = None,
    person: str | None = None,
    most: int | None = None,
) -> Page[Grant]:
    """List the grants by which anybody could do something at an instant, as they stood then.

    Answered from the record alone: each grant says who held it, who approved it, why, and under which
    conditions. What the host gives by standing right is not on record. Needs a role in `approver_roles` or
    `auditor_roles`.

    - `permission`: What would be done, such as `tools.execute`.
    - `at`: When.
    - `resource`: On what, such as `tool:deploy`. The default is everything, which only a grant of everything
      reaches.
    - `parent`: The parent of that resource, such as `server:s1`.
    - `person`: Only grants of this person, or of an agent that acts for them.
    - `most`: At most so many grants, those that were made first. All of them unless it is given.
    """
    return self._run("who_could", caller, {"permission": permission, "at": at, "resource": resource, "parent": parent, "person": person, "most": most})


@method
def what_could(
    self: Engine, caller: Caller, principal: Principal | str, *, at: datetime | str, agent: bool = False
) -> Page[Grant]:
    """List the grants that a principal held in force at an instant, as they stood then.

    Answered from the record alone. Needs a role in `approver_roles` or `auditor_roles`.

    - `principal`: The person or agent that it is about.
    - `at`: When.
    """
    return self._run("what_could", caller, {"principal": principal, "agent": agent, "at": at})


@method
def what_changed(self: Engine, caller: Caller, *, start: datetime | str, until: datetime | str) -> Page[Grant]:
    """List the grants that were in force at one of two instants and not at the other, as they stood at the second.

    An `active` one began in between, and any other ended or was suspended. Answered from the record alone.
    Needs a role in `approver_roles` or `auditor_roles`.

    - `start`: The first instant.
    - `until`: The second instant, later than the first.
    """
    return self._run("what_changed", caller, {"from": start, "until": until})


@method
def roles(self: Engine, caller: Caller) -> Page[Offer]:
    """List the roles that the caller may ask for, those that newly give the least first.

    Each says what it gives, what of that the caller does not have yet, its limits, who has to approve, whether
    a rule would approve now, and what the caller holds of it and until when. Roles that the caller may not ask
    for are left out. It is judged for all of the role, everywhere, for the usual length.
    """
    return self._run("roles", caller, {})


@method
def explain(
    self: Engine,
    caller: Caller,
    *,
    action: str,
    principal: Principal | str | None = None,
    agent: bool = False,
    resource: str | None = None,
    parent: str | None = None,
    address: str | None = None,
    session: str | None = None,
) -> Explanation:
    """Explain why a check is answered as it is.

    The answer says what the check answers, what is so with each grant that permits the action somewhere or
    sometime, and what would lift it. Everybody may ask about themself; about others takes a role in
    `approver_roles` or `auditor_roles`. Nothing is recorded. The store is asked, so this is no check for a
    request path.

    - `principal`: About whom. The default is the caller.
    - `action`: The action, such as `tools.execute`.
    - `resource`: The resource, such as `tool:deploy`. The default is everything at once.
    - `parent`: What the resource is in, such as `server:s1`.
    - `address`: The address that the check would come from, for grants with networks.
    - `session`: The session or task that the check would belong to, for grants with one.
    """
    return self._run("explain", caller, {"principal": principal, "agent": agent, "action": action, "resource": resource, "parent": parent, "address": address, "session": session})


@method
def right_size(
    self: Engine,
    caller: Caller,
    *,
    role: str | None = None,
    person: str | None = None,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
) -> RightSize:
    """Tell what of roles was given and never used, and which entry of the catalogue would be enough.

    Answered from recorded uses, the newest 50,000 of the period; `history` says how many they are and over how
    many days. The proposed entry gives what was used and lies inside what was given. Needs a role in
    `approver_roles` or `auditor_roles`.

    - `role`: Only this role.
    - `person`: Only grants of this person and of agents that act for them.
    - `start`: The first instant of the period. The default is 30 days before its end.
    - `until`: The first instant after it. The default is now.
    """
    return self._run("right_size", caller, {"role": role, "person": person, "from": start, "until": until})


@method
def replay(
    self: Engine,
    caller: Caller,
    principal: Principal | str,
    *,
    role: str,
    agent: bool = False,
    permissions: Sequence[str] | None = None,
    resource: str | None = None,
    instead_of: str | None = None,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
) -> Replay:
    """Tell what would have come of the recorded calls of a principal, had it held another grant.

    `would_pass` are refused calls that this grant would have let pass; `would_be_refused` are calls that passed
    and that it would have refused. Calls are judged as a check judges them, by the permissions and the
    resource. What a guardrail refused stays refused; guardrails are not asked about calls that no grant
    covered. Refused are the calls that `refusals` lists: those that a grant covers and that were denied, and
    those for which somebody was told what to ask for. Needs a role in `approver_roles` or `auditor_roles`.

    - `principal`: The person or agent that it is about.
    - `role`: The role that would have been granted.
    - `permissions`: Fewer permissions than the role gives. The default is all of the role's.
    - `resource`: Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The
      default is `*`.
    - `instead_of`: Of the calls that passed only those under grants of this role, which the other one would
      have replaced.
    - `start`: The first instant of the period. The default is 30 days before its end.
    - `until`: The first instant after it. The default is now.
    """
    return self._run("replay", caller, {"principal": principal, "agent": agent, "role": role, "permissions": permissions, "resource": resource, "instead_of": instead_of, "from": start, "until": until})


@method
def remedies(
    self: Engine, caller: Caller, *, action: str, resource: str | None = None, parent: str | None = None
) -> Remedies:
    """Tell what the caller may ask for, so that an action that is denied becomes permitted.

    Each option is a request that would be accepted now: its role, permissions and resource are fields of
    `submit`. What gives the least comes first: the action alone, before a role that gives more. Without an
    option, asking does not help. It is a dry run; nothing is recorded, but a call that no grant covers is
    counted among the refused attempts.

    - `action`: The action that is denied, such as `tools.execute`.
    - `resource`: The resource, such as `tool:deploy`. The default is everything at once.
    - `parent`: What the resource is in, such as `server:s1`.
    """
    return self._run("remedies", caller, {"action": action, "resource": resource, "parent": parent})


@method
def policies(self: Engine, caller: Caller, *, grant_id: str | None = None) -> str:
    """Export all live grants as one Cedar policy set, or the policy of one grant.

    The same grants at the same instant give the same text. Needs a role in `approver_roles` or `auditor_roles`;
    whoever may see a grant may read its policy.

    - `grant_id`: Only the policy of this grant. Of one that is not in force the set is empty.
    """
    return self._run("policies", caller, {"grant": grant_id})


@method
def head(self: Engine, caller: Caller) -> str:
    """Get the head of the journal, to keep outside of the store.

    It is the number of the last record, a colon, and that record's hash. `verify` takes it later and finds
    whether anything up to that record was cut off, changed or made anew. Needs a role in `approver_roles` or
    `auditor_roles`.
    """
    return self._run("head", caller, {})


@method
def checkpoint(self: Engine, caller: Caller, *, record: int | None = None) -> str:
    """Get a signed checkpoint of the journal.

    It is a signed note (C2SP) with the number of records, the root of the tree over their texts (RFC 6962), and
    the hash of the last one. Keep it elsewhere: it shows later whether anything up to that record was cut off
    or made anew. Needs a role in `approver_roles` or `auditor_roles`.

    - `record`: A record: the first checkpoint that covers it. Without one, the last checkpoint.
    """
    return self._run("checkpoint", caller, {"record": record})


@method
def proof(
    self: Engine, caller: Caller, *, record: int | None = None, since: int | None = None, checkpoint: int | None = None
) -> str:
    """Prove that a record is in the journal, or that an earlier checkpoint is of the same one.

    The answer is JSON with the checkpoint and the hashes that lead to it. Give either `record` or `since`.
    Needs a role in `approver_roles` or `auditor_roles`.

    - `record`: The record that is in the journal.
    - `since`: The size of an earlier checkpoint, of whose journal this one is the continuation.
    - `checkpoint`: The size of the checkpoint to which the proof leads. Without one, the last checkpoint.
    """
    return self._run("proof", caller, {"record": record, "since": since, "checkpoint": checkpoint})


@method
def evidence(
    self: Engine,
    caller: Caller,
    *,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
    form: str | None = None,
) -> str:
    """Get what an assessor asks for of a period, from the record alone.

    Under NIST SP 800-53 AC-2(2), AC-2(4), AC-2(12), AC-6(5), AC-6(7), AC-6(9) and AC-6(10), and HIPAA
    164.312(a)(2)(ii): the facts of each control, its exceptions and its list, and whether the chain of records
    is whole. The period must be over: then the same call gives the same bytes. Needs a role in `approver_roles`
    or `auditor_roles`.

    - `start`: The first instant of the period.
    - `until`: The first instant after it.
    - `form`: In which form: `json`, which is the default, `csv` or `html`.
    """
    return self._run("evidence", caller, {"from": start, "until": until, "form": form})


@method
def live_grants(self: Engine) -> list[Grant]:
    """List all live grants, for the host itself. No caller is checked."""
    return self._run("live_grants", None, {})


@method
def verify(self: Engine, *, expected: str | None = None, after: str | None = None) -> int:
    """Check the whole journal, and that the stored state follows from it. The answer is the number of records.

    - `expected`: A head that `head` gave, kept outside of the store. The journal must have that record.
    - `after`: A head up to which everything was verified before. What comes after it is checked, and every row
      that is in force.
    """
    return self._run("verify", None, {"expected": expected, "after": after})
