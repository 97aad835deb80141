"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from collections.abc import Sequence
from datetime import datetime

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.answers import Page
from jit_access.principals import Principal
from jit_access.values.grant import Grant


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
    """Waive the review of a break-glass grant. The journal records by whom, and why.

    Needs the same rights as completing the review, and is possible at any time. If a review found the use
    unjustified, it lifts the consequence of `break_glass.after_unjustified`; the finding stays on record.

    - `grant_id`: The grant whose review is waived.
    - `reason`: Why.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("waive_review", caller, {"grant": grant_id, "reason": reason, "idempotency_key": idempotency_key})


@method
def revoke(self: Engine, caller: Caller, grant_id: str, *, reason: str, idempotency_key: str | None = None) -> Grant:
    """Revoke a grant and all its extensions.

    Once the call has returned, it is on disk, and no later check of this process honours the grant. Revoking an
    ended grant is not an error and changes nothing. Holders release their own grants instead.

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
    - `holder`: The grants that this person or agent holds; a person's with those of agents that act for them.
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
    """Release your grant and all its extensions, before they expire. Releasing it again is not an error.

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

    All grants end when the principal is disabled; otherwise those of roles whose `requestable_by` contains none
    of their roles. The answer is a page with all grants that ended. Without a caller the host itself reports.

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
    is lost: requests, approvals, and revocations too, so compare the two before. The answer is an empty page.
    Without a caller the host itself accepts it.

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
    """Confirm the clock, after it and the journal have disagreed so much that the time is uncertain.

    From its record on, every process uses the clock, even when the journal has later records: grants that those
    ended too early are in force again, and time continues from there. Until then no process honours a grant,
    except for break-glass access. Compare the clock with another one first: with one that is behind, grants
    that have ended since are valid again. The answer is a page with the grants that this ends: those that were
    made at instants in the future. Without a caller the host itself confirms.

    - `reason`: How it was found that the clock is right.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("accept_clock", caller, {"reason": reason, "idempotency_key": idempotency_key})


@method
def grant(self: Engine, caller: Caller, grant_id: str) -> Grant:
    """Get a grant.

    Visible to its holder, those who could approve it and those who see everything. Every use that this process
    has answered is counted.

    - `grant_id`: The grant.
    """
    return self._run("grant", caller, {"id": grant_id})


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
    - `text`: Only grants with this text in the reason, the ticket, the resource, the role or the name, ignoring
      case.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("grants", caller, {"status": status, "role": role, "person": person, "reviewable": reviewable, "ending_before": ending_before, "text": text, "limit": limit, "cursor": cursor})


@method
def unreviewed(self: Engine, caller: Caller) -> Page[Grant]:
    """List the break-glass grants that the caller can see and that wait for a review, newest first."""
    return self._run("unreviewed", caller, {})


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
    """List the grants that permitted an action at an instant, in their state at that time.

    Answered from the journal alone: each grant has its holder, its approvers, its reason and its conditions.
    Standing rights of the host are not recorded. Needs a role in `approver_roles` or `auditor_roles`.

    - `permission`: The action, such as `tools.execute`.
    - `at`: When.
    - `resource`: The resource, such as `tool:deploy`. The default is everything, which only a grant on
      everything covers.
    - `parent`: The parent of that resource, such as `server:s1`.
    - `person`: Only grants of this person, or of an agent that acts for them.
    - `most`: The most grants to return, the oldest first. The default is all of them.
    """
    return self._run("who_could", caller, {"permission": permission, "at": at, "resource": resource, "parent": parent, "person": person, "most": most})


@method
def what_could(
    self: Engine, caller: Caller, principal: Principal | str, *, at: datetime | str, agent: bool = False
) -> Page[Grant]:
    """List the grants that a principal held in force at an instant, in their state at that time.

    Answered from the record alone. Needs a role in `approver_roles` or `auditor_roles`.

    - `principal`: The person or agent that it is about.
    - `at`: When.
    """
    return self._run("what_could", caller, {"principal": principal, "agent": agent, "at": at})


@method
def what_changed(self: Engine, caller: Caller, *, start: datetime | str, until: datetime | str) -> Page[Grant]:
    """List the grants that were in force at only one of two instants, in their state at the second.

    An `active` one began in between, and any other ended or was suspended. Answered from the record alone.
    Needs a role in `approver_roles` or `auditor_roles`.

    - `start`: The first instant.
    - `until`: The second instant, later than the first.
    """
    return self._run("what_changed", caller, {"from": start, "until": until})


@method
def live_grants(self: Engine) -> list[Grant]:
    """List all live grants, for the host itself. No caller is checked."""
    return self._run("live_grants", None, {})
