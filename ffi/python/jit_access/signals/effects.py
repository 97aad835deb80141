"""What follows from a signal about a person.

What the person holds and what their agents hold for them ends, or is suspended until a reviewer resumes it. A
signal has an
id, and is carried out once under it, however often it comes and whichever process gets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from jit_access import Caller, Engine, JitAccessError, NotFound

SignalKind = Literal["session_revoked", "credential_change", "account_disabled", "device_out_of_compliance"]


@dataclass(frozen=True)
class Signal:
    """What another system says of a person."""

    kind: SignalKind
    subject: str
    """The person, by the name that the host knows."""
    id: str
    """Names the signal for ever; a repeat does nothing."""
    reason: str = ""
    """Why, in words for people; it goes on record."""
    at: datetime | None = None
    """When it was said. What was given later is another matter: an old signal that comes again does not touch it."""


_WORDS: dict[SignalKind, str] = {
    "session_revoked": "their session was revoked",
    "credential_change": "their credentials have changed",
    "account_disabled": "their account was disabled",
    "device_out_of_compliance": "their device is out of compliance",
}


def apply(engine: Engine, caller: Caller, signal: Signal) -> int:
    """Carry out a signal on behalf of `caller`, a person or service account with a role in `approver_roles`; how
    many grants ended
    or are suspended by it.

    A revoked session and changed credentials end every grant; so does a disabled account, which is also reported,
    so that
    nothing new begins. A device out of compliance suspends them. The request of a person who signs in again is a
    new one.
    """
    said, words = f"signal: {_WORDS[signal.kind]}", _shown(signal.reason)
    reason = f"{said} ({words})" if words else said
    if signal.kind == "account_disabled":
        ended = engine.standing(signal.subject, enabled=False, roles=[], caller=caller, idempotency_key=f"{signal.id}")
        return len(ended.items)
    done, failed = 0, None
    for grant in _live(engine, caller, signal):
        # One key for each grant: what was done already is not done again, and what was not yet is.
        key = f"{signal.id[:200]}:{grant}"
        try:
            if signal.kind == "device_out_of_compliance":
                engine.suspend(caller, grant, reason=reason, idempotency_key=key)
            else:
                engine.revoke(caller, grant, reason=reason, idempotency_key=key)
            done += 1
        except NotFound:
            continue
        except JitAccessError as error:
            # The others end all the same; whoever sent the signal is told, and sends it again.
            if error.code not in ("grant_over",):
                failed = failed or error
    if failed is not None:
        raise failed
    return done


def _shown(reason: str) -> str:
    """Words of another system as they may go on record: what nobody could read is written by its number, and all of
    it is cut. A signal is not lost with its reason."""
    return "".join(c if c.isprintable() else f"[U+{ord(c):04X}]" for c in reason[:_MOST_WORDS])[:_MOST_WORDS].strip()


_MOST_WORDS: Final = 500
"""Characters of a reason, at most 2,000 bytes."""

_SKEW: Final = timedelta(seconds=60)
"""How far the clocks of a transmitter and of this host may be apart."""


def _live(engine: Engine, caller: Caller, signal: Signal) -> list[str]:
    """The live grants of a person and of agents that act for them, as far as they were there when the signal was
    given."""
    found: list[str] = []
    person, last = signal.subject, None if signal.at is None else signal.at + _SKEW
    for status in ("active", "scheduled", "suspended"):
        cursor: str | None = None
        while True:
            page = engine.grants(caller, status=status, person=person, limit=500, cursor=cursor)
            found += [grant.id for grant in page.items if last is None or grant.approved_at <= last]
            cursor = page.next_cursor
            if cursor is None:
                break
    return found


def of_scim(user_name: str, body: Mapping[str, Any], id: str) -> Signal | None:
    """The signal in what a SCIM client sends of an account (RFC 7644: a PATCH with `active: false`, a PUT with it,
    or `{}` of a
    DELETE with `deleted: true`); `None` when the account stays active."""
    operations = body.get("Operations", [])
    off = body.get("active") is False or body.get("deleted") is True
    for operation in operations if isinstance(operations, list) else []:
        if not isinstance(operation, Mapping):
            continue
        value = operation.get("value")
        path = str(operation.get("path", "")).lower()
        named = value.get("active") if isinstance(value, Mapping) and not path else value if path == "active" else None
        # Some clients write the flag as text.
        off = off or named is False or str(named).lower() == "false"
    return Signal("account_disabled", user_name, id, "deactivated over SCIM") if off else None
