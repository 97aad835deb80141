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
    """Tell what of roles was given and never used, and which entry of the catalogue would be enough.

    Answered from recorded uses, the newest 50,000 of the period; `history` says how many they are and over how
    many days. The proposed entry gives what was used and lies inside what was given. Needs a role in
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
    """Tell what would have come of the recorded calls of a principal, had it held another grant.

    `would_pass` are refused calls that this grant would have let pass; `would_be_refused` are calls that passed
    and that it would have refused. Calls are judged as a check judges them, by the permissions and the
    resource. What a guardrail refused stays refused; guardrails are not asked about calls that no grant
    covered. Refused are the calls that `refusals` lists: those that a grant covers and that were denied, and
    those for which somebody was told what to ask for. Needs a role in `approver_roles` or `auditor_roles`.

    - `principal`: The person or agent that it is about.
    - `role`: The role that would have been granted.
    - `permissions`: Fewer permissions than the role gives. The default is all of the role's.
    - `resource`: Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The
      default is `*`.
    - `instead_of`: Of the calls that passed only those under grants of this role, which the other one would
      have replaced.
    - `start`: The first instant of the period. The default is 30 days before its end.
    - `until`: The first instant after it. The default is now.
    """
    return self._run("replay", caller, {"principal": principal, "agent": agent, "role": role, "permissions": permissions, "resource": resource, "instead_of": instead_of, "from": start, "until": until})
