"""What tells open pages that something changed: one question to the store a second in each process, however many look,
which gives changes, uses, refused calls and alerts. What the background work of the engine has seen meanwhile, such as
an alert that it raised or the commit of another process, is told at once.

A page holds one stream of events. An event has the revision and nothing else; what changed a page then asks for with
the rights of its viewer. While nobody looks, nothing runs.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from typing import Final

from jit_access import Engine, JitAccessError
from jit_access.events import is_ending

_log: Final = logging.getLogger(__name__)
EVERY_SECONDS: Final = 1.0
_LOOKS: Final = 10
"""How often in that time the process looks at what it knows itself, which costs nothing."""
_AT_ONCE: Final = 3
"""So many changes are told at once after a quiet time; of a steady flow one a second is."""
_LONGEST_SECONDS: Final = 30.0
"""A stream ends by itself, so that the host is asked again who its viewer is."""


class Live:
    """The watcher of one process."""

    def __init__(self, engine: Engine) -> None:
        self._engine: Final = engine
        self._viewers = 0
        self._task: asyncio.Task[None] | None = None
        self._changed: asyncio.Condition | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.looks = 0
        """How often the store was asked, for tests and for the page about health."""
        self.revision = 0
        self.refused = 0
        """How many refused calls of holders were counted, which are no records."""
        self.failed = False
        self._lock: Final = threading.Lock()

    @property
    def mark(self) -> str:
        """Up to where a page that is made now has seen everything."""
        return f"{self._engine.revision}.{self.refused}"

    async def follow(self, known: str | None) -> AsyncIterator[str]:
        """The events for one viewer who has seen everything up to this mark, as text of `text/event-stream`."""
        changed = self._join()
        try:
            seen = known if known is not None else self.mark
            yield "retry: 1000\n\n"
            ends = asyncio.get_running_loop().time() + _LONGEST_SECONDS
            while not is_ending() and asyncio.get_running_loop().time() < ends:
                now = f"{max(self.revision, self._engine.revision)}.{self.refused}"
                if now != seen:
                    seen = now
                    yield f"id: {seen}\nevent: changed\ndata: {seen}\n\n"
                    continue
                try:
                    async with changed:
                        await asyncio.wait_for(changed.wait(), EVERY_SECONDS * 2)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            self._viewers -= 1

    def _join(self) -> asyncio.Condition:
        loop = asyncio.get_running_loop()
        if self._changed is None or self._loop is not loop:
            self._loop, self._changed, self._task, self._viewers = loop, asyncio.Condition(), None, 0
        self._viewers += 1
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._watch(self._changed), name="jit-access-pages")
        return self._changed

    async def _watch(self, changed: asyncio.Condition) -> None:
        told, credit = (self.revision, self.refused), float(_AT_ONCE)
        while self._viewers > 0 and not is_ending():
            try:
                self.looks += 1
                now, self.refused = await asyncio.to_thread(self._look)
                self.failed = False
            except JitAccessError:
                now, self.failed = self.revision, True
            except Exception:
                _log.exception("the pages cannot see whether something changed")
                now, self.failed = self.revision, True
            self.revision = max(now, self.revision)
            for look in range(_LOOKS):
                now = max(self.revision, self._engine.revision)
                is_news = (now, self.refused) > told and credit >= 1
                if is_news:
                    told, self.revision, credit = (now, self.refused), now, credit - 1
                # Once a second without news, so that a stream notices its end.
                if is_news or look == 0:
                    async with changed:
                        changed.notify_all()
                await asyncio.sleep(EVERY_SECONDS / _LOOKS)
                credit = min(float(_AT_ONCE), credit + 1 / _LOOKS)

    def _look(self) -> tuple[int, int]:
        refused = self._engine.activity([])[0]
        return self._engine.revision, refused
