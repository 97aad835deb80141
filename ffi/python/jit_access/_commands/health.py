"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.values.health import Health


@method
def health(self: Engine, caller: Caller) -> Health:
    """Get how the library stands.

    Of the store its last record, and when the grants were last proven to be current; of the journal up to which
    record it was verified, when, and what is wrong; whether the clock is doubted. Of each channel: when a
    delivery last succeeded, how many wait, and how many have failed. Nothing is connected to. Needs a role in
    `approver_roles` or `auditor_roles`.
    """
    return self._run("health", caller, {})
