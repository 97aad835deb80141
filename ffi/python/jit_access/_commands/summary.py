"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.values.summary import Summary


@method
def summary(self: Engine, caller: Caller, grant_id: str) -> Summary:
    """Get a summary of what was done under a grant; for a live one, until now.

    It follows from the journal alone. Visible to everyone who may see the grant.

    - `grant_id`: The grant.
    """
    return self._run("summary", caller, {"grant": grant_id})
