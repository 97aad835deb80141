"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from datetime import datetime

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.answers import Page
from jit_access.values.record import Record


@method
def audit(
    self: Engine,
    caller: Caller,
    *,
    grant_id: str | None = None,
    request_id: str | None = None,
    person: str | None = None,
    agent: str | None = None,
    approver: str | None = None,
    role: str | None = None,
    permission: str | None = None,
    resource: str | None = None,
    result: str | None = None,
    event: str | None = None,
    start: datetime | str | None = None,
    until: datetime | str | None = None,
    text: str | None = None,
    after: int | None = None,
    order: str | None = None,
    canonical: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Record]:
    """List the records of the journal that are wanted.

    Every given part of the filter must match. A search for a text reads a thousand records for one page, so
    such a page can have fewer rows than `limit` and still a `next_cursor`. Needs a role in `approver_roles` or
    `auditor_roles`.

    - `grant_id`: Only records about this grant.
    - `request_id`: Only records about this request, and the one that made its grant.
    - `person`: Only records that concern this person: who did it, whose request or grant it is, or for whom an
      agent acts.
    - `agent`: Only records that concern this agent.
    - `approver`: Only answers of this person to requests, and records of grants that needed their approval.
    - `role`: Only records about a request or a grant of this role.
    - `permission`: Only uses of this permission, and requests and new grants that name it as it is written
      here.
    - `resource`: Only uses on this resource, of this kind or with this parent, and requests and new grants
      whose scope names it.
    - `result`: Only records with this result.
    - `event`: Only records of this kind.
    - `start`: Only records of this instant or later.
    - `until`: Only records before this instant.
    - `text`: Only records with this text in a reason, comment or similar field, ignoring case.
    - `after`: Only records after the one of this number.
    - `order`: The order: `oldest` first or `newest` first.
    - `canonical`: Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("audit", caller, {"grant": grant_id, "request": request_id, "person": person, "agent": agent, "approver": approver, "role": role, "permission": permission, "resource": resource, "result": result, "event": event, "from": start, "until": until, "text": text, "after": after, "order": order, "canonical": canonical, "limit": limit, "cursor": cursor})


@method
def story(
    self: Engine,
    caller: Caller,
    grant_id: str,
    *,
    order: str | None = None,
    canonical: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Record]:
    """List everything that is on record about a grant.

    The request, its reviews, the grant, its uses and its end, and the same for every other grant in its chain
    of extensions. Visible to its holder, those who could approve it and those who see everything.

    - `grant_id`: The grant.
    - `order`: The order: `oldest` first or `newest` first.
    - `canonical`: Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of.
    - `limit`: The most rows on the page, 1 to 500.
    - `cursor`: `next_cursor` of the page before.
    """
    return self._run("story", caller, {"grant": grant_id, "order": order, "canonical": canonical, "limit": limit, "cursor": cursor})
