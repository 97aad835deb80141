"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.answers import Page
from jit_access.values.delivery import Delivery


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

    It waits from now on, whatever its state was before. Needs a role in `approver_roles`.

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
