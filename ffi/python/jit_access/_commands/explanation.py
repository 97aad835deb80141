"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.principals import Principal
from jit_access.values.explanation import Explanation


@method
def explain(
    self: Engine,
    caller: Caller,
    *,
    action: str,
    principal: Principal | str | None = None,
    agent: bool = False,
    resource: str | None = None,
    parent: str | None = None,
    address: str | None = None,
    session: str | None = None,
) -> Explanation:
    """Explain why a check is answered as it is.

    The answer has the decision of the check, the reason for each grant that permits the action at any place or
    time, and what would lift it. Everyone may ask about themself; about others needs a role in `approver_roles`
    or `auditor_roles`. Nothing is recorded. It reads the store, so do not use it in a request path.

    - `principal`: About whom. The default is the caller.
    - `action`: The action, such as `tools.execute`.
    - `resource`: The resource, such as `tool:deploy`. The default is everything.
    - `parent`: The parent of the resource, such as `server:s1`.
    - `address`: The address of the caller of the check, for grants with networks.
    - `session`: The session or task that the check would belong to, for grants with one.
    """
    return self._run("explain", caller, {"principal": principal, "agent": agent, "action": action, "resource": resource, "parent": parent, "address": address, "session": session})
