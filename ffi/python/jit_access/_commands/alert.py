"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.answers import Page
from jit_access.values.alert import Alert


@method
def acknowledge_alert(
    self: Engine, caller: Caller, alert_id: str, *, reason: str, idempotency_key: str | None = None
) -> Alert:
    """Acknowledge an alert, with your finding on record.

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
