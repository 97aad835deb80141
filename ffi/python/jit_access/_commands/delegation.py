"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from collections.abc import Sequence
from datetime import datetime

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.answers import Page
from jit_access.values.delegation import Delegation


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
    - `until`: When it ends, with its time zone. It does not hold at that instant.
    - `reason`: Why, for the journal.
    - `roles`: Which of your roles to delegate. The default is all roles with which you review.
    - `start`: When it begins, with its time zone: at most a minute ago. The default is now.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("delegate", caller, {"to": to, "until": until, "reason": reason, "roles": roles, "from": start, "idempotency_key": idempotency_key})


@method
def undelegate(self: Engine, caller: Caller, delegation_id: str, *, idempotency_key: str | None = None) -> Delegation:
    """End a delegation before its time.

    Either of the two people may end it, and holders of the general `approver_roles`. Ending one that has ended
    is not an error.

    - `delegation_id`: The delegation to end.
    - `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and
      the same arguments does nothing. It answers with the current state of what the first call did, marked
      `replayed`.
    """
    return self._run("undelegate", caller, {"delegation": delegation_id, "idempotency_key": idempotency_key})


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
