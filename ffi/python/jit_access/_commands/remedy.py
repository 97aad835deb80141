"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.values.remedy import Remedies


@method
def remedies(
    self: Engine, caller: Caller, *, action: str, resource: str | None = None, parent: str | None = None
) -> Remedies:
    """List the requests that would lift a denial.

    Each option is a request that would be accepted now: its role, permissions and resource are fields of
    `submit`. The one with the least access comes first: the action alone, before a role with more. Without an
    option, no request helps. It is a dry run; nothing is recorded, but a call that no grant covers is counted
    among the refused attempts.

    - `action`: The denied action, such as `tools.execute`.
    - `resource`: The resource, such as `tool:deploy`. The default is everything.
    - `parent`: The parent of the resource, such as `server:s1`.
    """
    return self._run("remedies", caller, {"action": action, "resource": resource, "parent": parent})
