"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from collections.abc import Sequence
from datetime import datetime

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.principals import Principal
from jit_access.values.sizing import Replay, RightSize


@method
def right_size(
    self: Engine,
    caller: Caller,
    *,
    role: str | None = None,
    person: str | None = None,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
) -> RightSize:
    """List which parts of roles were granted and never used, and which role of the catalogue would be enough.

    Answered from recorded uses, the newest 50,000 of the period; `history` has their number and over how many
    days. The proposed role covers what was used and is within what was granted. Needs a role in
    `approver_roles` or `auditor_roles`.

    - `role`: Only this role.
    - `person`: Only grants of this person and of agents that act for them.
    - `start`: The first instant of the period. The default is 30 days before its end.
    - `until`: The first instant after it. The default is now.
    """
    return self._run("right_size", caller, {"role": role, "person": person, "from": start, "until": until})


@method
def replay(
    self: Engine,
    caller: Caller,
    principal: Principal | str,
    *,
    role: str,
    agent: bool = False,
    permissions: Sequence[str] | None = None,
    resource: str | None = None,
    instead_of: str | None = None,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
) -> Replay:
    """Replay the recorded calls of a principal under another grant.

    `would_pass` are refused calls that this grant would have allowed; `would_be_refused` are allowed calls that
    it would have refused. Calls are decided like a check, by the permissions and the resource. What a guardrail
    refused stays refused; guardrails are not evaluated for calls that no grant covered. The refused calls are
    those that `refusals` lists: those that a grant covers and that were denied, and those for which `remedies`
    was called. Needs a role in `approver_roles` or `auditor_roles`.

    - `principal`: The person or agent that it is about.
    - `role`: The role that would have been granted.
    - `permissions`: Fewer permissions than the role gives. The default is all of the role's.
    - `resource`: The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`.
      The default is `*`.
    - `instead_of`: Among the allowed calls, only those under grants of this role, which the other grant would
      have replaced.
    - `start`: The first instant of the period. The default is 30 days before its end.
    - `until`: The first instant after it. The default is now.
    """
    return self._run("replay", caller, {"principal": principal, "agent": agent, "role": role, "permissions": permissions, "resource": resource, "instead_of": instead_of, "from": start, "until": until})
