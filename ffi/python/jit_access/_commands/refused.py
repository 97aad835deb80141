"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.answers import Page
from jit_access.values.refused import RefusedAttempt


@method
def refusals(
    self: Engine,
    caller: Caller,
    *,
    person: str | None = None,
    code: str | None = None,
    attempt: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[RefusedAttempt]:
    """List refused attempts, newest first.

    Refused commands, refused reads of the journal, and denied checks that a grant covers (denied by a
    condition, or because the permission is reserved); also checks of grant holders that nothing allows, if the
    host reports that. Those of one principal for one reason within an hour are one row. They are not part of
    the journal: the newest 100,000 rows of 90 days are kept. Needs a role in `approver_roles` or
    `auditor_roles`.

    - `person`: Only attempts of this person and of agents that act for them.
    - `code`: Only attempts that were refused for this reason, such as `self_approval`.
    - `attempt`: Only attempts at this command, or `check`.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("refusals", caller, {"person": person, "code": code, "attempt": attempt, "limit": limit, "cursor": cursor})
