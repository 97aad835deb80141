"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.answers import Page
from jit_access.values.offer import Offer


@method
def roles(self: Engine, caller: Caller) -> Page[Offer]:
    """List the roles that the caller may request, the one that adds the least access first.

    Each has its permissions, those of them that the caller does not have yet, its limits, the required
    approvals, whether a rule would approve now, and the caller's grants of it with their end. Roles that the
    caller may not request are left out. It is evaluated for the whole role, everywhere, for the default length.
    """
    return self._run("roles", caller, {})
