"""How the library stands, and what it was set to: what the pages about both show."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from jit_access import Caller, JitAccessError
from jit_access.pages.site import Site

_CLOCK_SECONDS: Final = 60.0
"""By so much the engine's time may be ahead of this machine's clock."""
_KNOWN: Final = frozenset({"at", "channels", "links"})
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
    """What can be seen from here."""
    engine = site.engine
    signs = []
    began = time.perf_counter()
    try:
        revision = engine.sync()
        took = (time.perf_counter() - began) * 1000
        signs.append(Sign("store", "well", {"revision": revision, "ms": f"{took:.1f}"}))
    except JitAccessError as error:
        signs.append(Sign("store", "ill", {"error": str(error)}))
    try:
        honoured = engine.honoured()
        signs.append(Sign("feed", "well", {"revision": honoured.revision}))
        ahead = (honoured.now - datetime.now(UTC)).total_seconds()
        is_well = abs(ahead) <= _CLOCK_SECONDS
        signs.append(Sign("clock", "well" if is_well else "ill", {"seconds": f"{abs(ahead):.0f}"}))
    except JitAccessError as error:
        signs.append(Sign("feed", "ill", {"error": str(error)}))
    signs += _of_journal(site)
    try:
        unreviewed = engine.unreviewed(who).items
        overdue = sum(1 for one in unreviewed if one.break_glass and one.break_glass.review_status == "overdue")
        signs.append(Sign("reviews", "well" if overdue == 0 else "ill", {"count": overdue}))
    except JitAccessError as error:
        signs.append(Sign("reviews", "ill", {"error": str(error)}))
    if site.watch.oversees(who):
        signs += _of_engine(site, who)
    return signs


def _of_journal(site: Site) -> list[Sign]:
    last = site.verifier.last
    if last.state in ("broken", "failed"):
        return [Sign("journal", "ill", {"error": last.error})]
    if last.state == "whole":
        return [Sign("journal", "well", {"count": last.records, "at": last.ended_at})]
    return [Sign("journal_unread", "unknown", {})]


def _of_engine(site: Site, who: Caller) -> list[Sign]:
    """What the engine says of itself: its channels, and whatever a later version adds."""
    said = json.loads(site.engine.health(who).to_json())
    signs = []
    for channel in said["channels"]:
        last = channel["last_success"]
        places = {"waiting": channel["waiting"], "count": channel["failed"]}
        facts: list[tuple[str, object]] = [("channel", channel["channel"])]
        if last:
            facts.append(("last_success", datetime.fromisoformat(last)))
        signs.append(Sign("channel", "ill" if channel["failed"] else "well", places, tuple(facts)))
    if not said["channels"]:
        signs.append(Sign("no_channel", "unknown", {}))
    for name, part in said.items():
        if name not in _KNOWN:
            signs.append(Sign("engine", _state_of(part), {"name": name.replace("_", " ")}, tuple(_facts(part))))
    return signs


def _state_of(part: Any) -> str:
    """Whether a part that the engine tells of says that something is wrong."""
    if isinstance(part, dict):
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
