"""What happens, as a stream of server-sent events: revisions and kinds, as far as the caller may know of them.

The engine asks the store at most once a second, however many streams there are. A stream ends with the engine, and by
itself after a minute, so that the host is asked again who its caller is; a browser then goes on where it was.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from typing import Any, Final

from jit_access import Caller, Engine, Events, JitAccessError

HEADERS: Final = {"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
"""No proxy may keep what was sent."""
_EVERY_SECONDS: Final = 1.0
_HEARTBEAT_SECONDS: Final = 10.0
_LONGEST_SECONDS: Final = 60.0


def known(header: str | None, after: int | None) -> int | None:
    """From where a stream goes on: what a browser says that it saw last goes before the query."""
    if header is not None and header.isascii() and header.isdigit() and len(header) < 19:
        return int(header)
    return after


async def stream(engine: Engine, who: Caller, first: Events) -> AsyncIterator[str]:
    """The events after `first`, which was read before the answer began, as text of `text/event-stream`."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + _LONGEST_SECONDS
    found, told = first, loop.time()
    yield "retry: 1000\n\n"
    while True:
        if found.missed:
            yield _event(found.revision, "missed")
        for one in found.events:
            yield _event(one.revision, one.kind)
        if found.missed or found.events:
            told = loop.time()
        elif loop.time() - told >= _HEARTBEAT_SECONDS:
            # An event without data only says from where to go on.
            told = loop.time()
            yield f": still here\nid: {found.revision}\n\n"
        if loop.time() >= ends or is_ending():
            return
        await asyncio.sleep(_EVERY_SECONDS)
        try:
            found = await asyncio.to_thread(engine.events, who, after=found.revision)
        except JitAccessError:
            # It is closed, or its store cannot be read: whoever asks again is told which.
            return


def _event(revision: int, kind: str) -> str:
    data = json.dumps({"revision": revision, "kind": kind}, separators=(",", ":"))
    return f"id: {revision}\ndata: {data}\n\n"


def is_ending() -> bool:
    """Whether the server was told to end. Uvicorn waits for open streams, so they have to look for themselves."""
    handler: Any = signal.getsignal(signal.SIGTERM)
    return getattr(getattr(handler, "__self__", None), "should_exit", False) is True
