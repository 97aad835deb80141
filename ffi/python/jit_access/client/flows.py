"""Which calls and pauses an operation is made of.

An operation is a generator: it yields a `Call` and is sent the `Answer`, or yields a `Pause`. Whoever drives it
does the
input and output, in a thread or in an event loop; what is asked, how often, and when again, is said once.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from jit_access.client.errors import ClientError, NotApproved, Problem, StillWaiting, Unreachable

_TRIES: Final = 5
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 20.0
"""What would take longer is told to the caller instead of being waited for."""
_PASSING: Final = frozenset({429, 502, 503, 504})
_FIRST_POLL: Final = 1.0
_LONGEST_POLL: Final = 15.0
OPEN: Final = ("pending", "needs_info")
"""A request of such a status waits for somebody."""

T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """One HTTP call, below the address of the routes."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pause:
    """A time to wait, in seconds."""

    seconds: float


@dataclass(frozen=True)
class Answer:
    """What came back; a status of 0 when nothing did."""

    status: int
    body: Any = None
    retry_after: float | None = None
    error: str = ""


Flow = Generator[Call | Pause, Answer, T]


def run(call: Call) -> Flow[Any]:
    """The answer to a call, which is made again when it failed on its way."""
    pause = _FIRST_PAUSE
    for left in reversed(range(_TRIES)):
        answer = yield call
        passing = answer.status == 0 or answer.status in _PASSING
        if not passing and answer.status < 400:
            return answer.body
        wait = answer.retry_after if answer.retry_after is not None else pause
        if not passing or left == 0 or wait > _LONGEST_PAUSE:
            raise _failed(answer)
        # Not all at the same instant.
        yield Pause(wait + random.uniform(0, pause))
        pause = min(pause * 2, _LONGEST_PAUSE)
    raise AssertionError("the last try has an answer")


def _failed(answer: Answer) -> ClientError:
    if answer.status == 0:
        return Unreachable(answer.error or "the service does not answer")
    said = answer.body if isinstance(answer.body, dict) else {}
    return Problem(answer.status, str(said.get("code", "")), str(said.get("detail", "")), answer.retry_after)


def _write(path: str, body: Mapping[str, Any] | None = None, key: str | None = None) -> Call:
    given = {name: value for name, value in (body or {}).items() if value is not None}
    return Call("POST", path, body=given, headers={"Idempotency-Key": key or uuid.uuid4().hex})


def _one(place: str, id: str, then: str = "") -> str:
    """The path of one thing. An id is a UUID, and nothing else becomes part of a path."""
    return f"/{place}/{uuid.UUID(id)}{then}"


def roles() -> Flow[list[dict[str, Any]]]:
    """What may be asked for."""
    page = yield from run(Call("GET", "/roles"))
    return list(page["items"])


def remedies(action: str, resource: str | None = None, parent: str | None = None) -> Flow[dict[str, Any]]:
    """What may be asked for so that this becomes permitted, what gives the least first."""
    query = {"action": action, "resource": resource, "parent": parent}
    found: dict[str, Any] = yield from run(
        Call("GET", "/remedies", query={name: value for name, value in query.items() if value is not None})
    )
    return found


def submit(fields: Mapping[str, Any], key: str | None = None) -> Flow[dict[str, Any]]:
    """A request for access; the fields are those of `POST /request`."""
    made: dict[str, Any] = yield from run(_write("/request", fields, key))
    return made


def ask(
    action: str,
    resource: str | None,
    reason: str,
    *,
    parent: str | None = None,
    duration_hours: float | None = None,
    ticket_url: str | None = None,
    conditions: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> Flow[dict[str, Any]]:
    """A request for the least that would lift this denial. One that waits already is answered instead of a second
    one."""
    found = yield from remedies(action, resource, parent)
    if not found["options"]:
        raise Problem(403, "not_requestable", str(found["detail"]))
    least = found["options"][0]
    waiting = yield from requests("pending")
    for request in [*waiting, *(yield from requests("needs_info"))]:
        same = request["role"] == least["role"] and request["resource"] == least["resource"]
        if same and request["permissions"] == least["permissions"] and _same(request["conditions"], conditions):
            return request
    fields = {
        "role": least["role"],
        "resource": least["resource"],
        "permissions": None if least["whole_role"] else least["permissions"],
        "reason": reason,
        "duration_hours": duration_hours,
        "ticket_url": ticket_url,
        "conditions": conditions,
    }
    made = yield from submit(fields, key)
    return made


def _same(shown: Mapping[str, Any] | None, asked: Mapping[str, Any] | None) -> bool:
    """Whether the conditions of a request are those that are asked for."""
    said = {name: value for name, value in (shown or {}).items() if value is not None and name != "call_digest"}
    return said == {name: value for name, value in (asked or {}).items() if value is not None}


def request(id: str) -> Flow[dict[str, Any]]:
    """A request as it stands."""
    found: dict[str, Any] = yield from run(Call("GET", _one("requests", id)))
    return found


def requests(status: str | None = None) -> Flow[list[dict[str, Any]]]:
    """The requests that the caller can see, newest first; the first page."""
    page = yield from run(Call("GET", "/requests", query={"status": status} if status else {}))
    return list(page["items"])


def grants(status: str | None = "active") -> Flow[list[dict[str, Any]]]:
    """The grants that the caller can see, newest first; the first page."""
    page = yield from run(Call("GET", "/grants", query={"status": status} if status else {}))
    return list(page["items"])


def grant(id: str) -> Flow[dict[str, Any]]:
    """A grant as it stands."""
    found: dict[str, Any] = yield from run(Call("GET", _one("grants", id)))
    return found


def release(id: str, key: str | None = None) -> Flow[dict[str, Any]]:
    """Give a grant back."""
    found: dict[str, Any] = yield from run(_write(_one("grants", id, "/release"), key=key))
    return found


def withdraw(id: str, key: str | None = None) -> Flow[dict[str, Any]]:
    """Take a request back."""
    found: dict[str, Any] = yield from run(_write(_one("requests", id, "/withdraw"), key=key))
    return found


def answer(id: str, text: str, key: str | None = None) -> Flow[dict[str, Any]]:
    """Answer a reviewer's question."""
    found: dict[str, Any] = yield from run(_write(_one("requests", id, "/answer"), {"answer": text}, key))
    return found


def wait(
    id: str, seconds: float, tell: Callable[[Mapping[str, Any], float], None] | None = None
) -> Flow[dict[str, Any]]:
    """The request once it is answered, or as it stands after so many seconds."""
    began, poll = time.monotonic(), _FIRST_POLL
    while True:
        found = yield from request(id)
        waited = time.monotonic() - began
        if tell is not None:
            tell(found, waited)
        if found["status"] not in OPEN or found["status"] == "needs_info" or waited >= seconds:
            return found
        yield Pause(min(poll, max(seconds - waited, 0.05)))
        poll = min(poll * 1.5, _LONGEST_POLL)


def obtain(
    action: str, resource: str | None, reason: str, *, patience: float = 3600.0, **more: Any
) -> Flow[dict[str, Any]]:
    """Ask, and wait for a yes; the request that was approved."""
    asked = yield from ask(action, resource, reason, **more)
    found = yield from wait(asked["id"], patience)
    if found["status"] == "approved":
        return found
    raise StillWaiting(found) if found["status"] in OPEN else NotApproved(found)
