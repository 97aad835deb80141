"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.values.remedy import Remedies


@method
def remedies(
    self: Engine, caller: Caller, *, action: str, resource: str | None = None, parent: str | None = None
) -> Remedies:
    """Tell what the caller may ask for, so that an action that is denied becomes permitted.

    Each option is a request that would be accepted now: its role, permissions and resource are fields of
    `submit`. What gives the least comes first: the action alone, before a role that gives more. Without an
    option, asking does not help. It is a dry run; nothing is recorded, but a call that no grant covers is
    counted among the refused attempts.

    - `action`: The action that is denied, such as `tools.execute`.
    - `resource`: The resource, such as `tool:deploy`. The default is everything at once.
    - `parent`: What the resource is in, such as `server:s1`.
    """
    return self._run("remedies", caller, {"action": action, "resource": resource, "parent": parent})
