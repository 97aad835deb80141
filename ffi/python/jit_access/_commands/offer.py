"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.answers import Page
from jit_access.values.offer import Offer


@method
def roles(self: Engine, caller: Caller) -> Page[Offer]:
    """List the roles that the caller may ask for, those that newly give the least first.

    Each says what it gives, what of that the caller does not have yet, its limits, who has to approve, whether
    a rule would approve now, and what the caller holds of it and until when. Roles that the caller may not ask
    for are left out. It is judged for all of the role, everywhere, for the usual length.
    """
    return self._run("roles", caller, {})
