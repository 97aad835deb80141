"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from collections.abc import Sequence
from datetime import datetime

from jit_access._methods import method
from jit_access._native import Caller, Conditions, Engine
from jit_access.answers import Page
from jit_access.values.request import AccessRequest


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

    The duration counts from `starts_at` or from the approval, whichever is later. A length above a limit is
    cut, and `duration_cut_by` of the answer names the limit. When a rule approves at once, the answer is
    approved and its grant is in force. When a grant of the caller already gives all of it, or an identical
    request of the caller is pending, no request is made, and the answer is that request with `already`; another
    reason or ticket is added to its `asked_again`. Once the call has returned, it is on disk.

    - `role`: The role to request.
    - `reason`: Why. Approvers see it.
    - `ticket_url`: The ticket that the work is tracked in, as an `https` or `http` address.
    - `origin`: Where the request comes from, such as the denial that it answers. The decision point of AuthZEN
      writes and seals it.
    - `duration_hours`: The length in hours. Limits may cut it. The default is the role's.
    - `resource`: The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`.
      The default is `*`.
    - `starts_at`: When the grant begins, with its time zone: at most a minute ago. The default is at the
      approval.
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

    The same approvers decide, or the rule `auto_extend` does. The extension is a separate grant. It begins at
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
    """Take a role at once without approval, in an emergency. Another person must review it afterwards.

    Once the call has returned, every later check of this process sees the grant. Without a length it lasts as
    long as the limits allow. A reason is always needed.

    - `role`: The role to take.
    - `reason`: Why. Approvers see it.
    - `ticket_url`: The ticket that the work is tracked in, as an `https` or `http` address.
    - `origin`: Where the request comes from, such as the denial that it answers. The decision point of AuthZEN
      writes and seals it.
    - `duration_hours`: The length in hours. Limits may cut it. The default is the longest that they allow.
    - `resource`: The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`.
      The default is `*`.
    - `drill`: Whether this is an exercise. Everything about it is marked so.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("break_glass", caller, {"role": role, "reason": reason, "ticket_url": ticket_url, "origin": origin, "duration_hours": duration_hours, "resource": resource, "drill": drill, "idempotency_key": idempotency_key})


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
    """Withdraw your request. Withdrawing it again is not an error.

    - `request_id`: The request to withdraw.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("withdraw", caller, {"request": request_id, "idempotency_key": idempotency_key})


@method
def request(self: Engine, caller: Caller, request_id: str) -> AccessRequest:
    """Get a request.

    Visible to its requester, its approvers and those who see everything. Uses of its grant that are not written
    yet are not counted.

    - `request_id`: The request.
    """
    return self._run("request", caller, {"id": request_id})


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
      ignoring case.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("requests", caller, {"status": status, "role": role, "person": person, "reviewable": reviewable, "ending_before": ending_before, "text": text, "limit": limit, "cursor": cursor})
