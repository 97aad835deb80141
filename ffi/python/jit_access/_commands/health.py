"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.values.health import Health


@method
def health(self: Engine, caller: Caller) -> Health:
    """Get the health of the library.

    For the store, its last record, and when the grants were last proven to be current; for the journal, up to
    which record it was verified, when, and what is wrong; whether the time is uncertain. For each channel, when
    a delivery last succeeded, how many wait, and how many have failed. It connects to no channel. Needs a role
    in `approver_roles` or `auditor_roles`.
    """
    return self._run("health", caller, {})
