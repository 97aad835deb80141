"""How the library stands, and what it was set to: what the pages about both show."""

from __future__ import annotations

import json
import time
from typing import Any, Final, NamedTuple

from jit_access import Caller, Health, JitAccessError
from jit_access.pages.site import Site
from jit_access.pages.verifying import Verification

_KNOWN: Final = frozenset({"at", "store", "journal", "clock", "channels", "links"})
"""Parts of the engine's answer that have a place of their own."""


class Sign(NamedTuple):
    """One thing of the health page: its name, whether it is well, and what is known of it."""

    name: str
    state: str
    """`well`, `ill`, or `unknown` where nobody has looked."""
    places: dict[str, object]
    facts: tuple[tuple[str, object], ...] = ()
    """What else the engine says, by its own names."""


class Setting(NamedTuple):
    """A key of the configuration: its value as it is read, and where that comes from."""

    path: str
    value: str
    origin: str
    is_hidden: bool


def setting(path: str, value: str, origin: str) -> Setting:
    """A key as the engine says it."""
    said = json.loads(value)
    text = said if isinstance(said, str) else "" if said is None else value
    return Setting(path, text, origin, text == "(hidden)")


def look(site: Site, who: Caller) -> list[Sign]:
    """What can be seen from here; for those who see everything, with what the engine says of itself."""
    engine = site.engine
    signs = []
    began = time.perf_counter()
    try:
        revision = engine.sync()
        took = (time.perf_counter() - began) * 1000
        signs.append(Sign("store", "well", {"revision": revision, "ms": f"{took:.1f}"}))
        signs.append(Sign("feed", "well", {"revision": engine.revision}))
    except JitAccessError as error:
        signs += [Sign(name, "ill", {"error": str(error)}) for name in ("store", "feed")]
    try:
        unreviewed = engine.unreviewed(who).items
        overdue = sum(1 for one in unreviewed if one.break_glass and one.break_glass.review_status == "overdue")
        signs.append(Sign("reviews", "well" if overdue == 0 else "ill", {"count": overdue}))
    except JitAccessError as error:
        signs.append(Sign("reviews", "ill", {"error": str(error)}))
    if site.watch.oversees(who):
        signs += _of_engine(engine.health(who), site.verifier.last)
    return signs


def _of_engine(found: Health, last: Verification) -> list[Sign]:
    """What the engine says of itself: its record, its clock, its channels, and whatever a later version adds."""
    signs = [_of_journal(found, last)]
    doubted = found.clock.doubted
    signs.append(Sign("clock_doubted" if doubted else "clock", "ill" if doubted else "well", {}))
    if found.store.replaced:
        signs.append(Sign("store_replaced", "ill", {}))
    for channel in found.channels:
        places: dict[str, object] = {"waiting": channel.waiting, "count": channel.failed}
        facts: list[tuple[str, object]] = [("channel", channel.channel)]
        if channel.last_success:
            facts.append(("last_success", channel.last_success))
        signs.append(Sign("channel", "ill" if channel.failed else "well", places, tuple(facts)))
    if not found.channels:
        signs.append(Sign("no_channel", "unknown", {}))
    for name, part in json.loads(found.to_json()).items():
        if name not in _KNOWN and part is not None:
            signs.append(Sign("engine", _state_of(part), {"name": name.replace("_", " ")}, tuple(_facts(part))))
    return signs


def _of_journal(found: Health, last: Verification) -> Sign:
    """What was found out last of the record, by this process in the background or at the press of a button."""
    problem = found.journal.problem or (last.error if last.state in ("broken", "failed") else "")
    if problem:
        return Sign("journal", "ill", {"error": problem})
    known = [
        (at, number)
        for at, number in ((found.journal.verified_at, found.journal.verified), (last.ended_at, last.records))
        if at is not None
    ]
    if not known:
        return Sign("journal", "unknown", {"revision": 0})
    at, number = max(known)
    return Sign("journal", "well", {"revision": number}, (("at", at),))


def _state_of(part: Any) -> str:
    """Whether a part that the engine tells of says that something is wrong."""
    if isinstance(part, dict):
        if "problem" in part:
            return "ill" if part["problem"] else "well"
        for name in ("ok", "well", "healthy"):
            if name in part:
                return "well" if part[name] else "ill"
    return "unknown" if not isinstance(part, bool) else "well" if part else "ill"


def _facts(part: Any) -> list[tuple[str, object]]:
    if isinstance(part, dict):
        return [
            (name.replace("_", " "), value if isinstance(value, str) else json.dumps(value))
            for name, value in part.items()
            if value is not None
        ]
    return [("", part if isinstance(part, str) else json.dumps(part))]
