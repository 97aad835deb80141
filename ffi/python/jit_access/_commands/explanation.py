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

    The answer says what the check answers, what is so with each grant that permits the action somewhere or
    sometime, and what would lift it. Everybody may ask about themself; about others takes a role in
    `approver_roles` or `auditor_roles`. Nothing is recorded. The store is asked, so this is no check for a
    request path.

    - `principal`: About whom. The default is the caller.
    - `action`: The action, such as `tools.execute`.
    - `resource`: The resource, such as `tool:deploy`. The default is everything at once.
    - `parent`: What the resource is in, such as `server:s1`.
    - `address`: The address that the check would come from, for grants with networks.
    - `session`: The session or task that the check would belong to, for grants with one.
    """
    return self._run("explain", caller, {"principal": principal, "agent": agent, "action": action, "resource": resource, "parent": parent, "address": address, "session": session})
