"""Answers that the whole record is read for. They are made beside the requests: a page waits a moment, and comes back
for what takes longer, with or without JavaScript.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final

_WAIT_SECONDS: Final = 0.2
"""So long a page waits for an answer."""
_KEPT_SECONDS: Final = 60.0
"""So long an answer that nobody came back for is kept."""
_AT_ONCE: Final = 4


@dataclass
class _Read:
    done: threading.Event = field(default_factory=threading.Event)
    answer: Any = None
    error: Exception | None = None
    ended: float = 0.0


class Reader:
    """What one process reads for its pages now."""

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._known: Final[dict[Hashable, _Read]] = {}

    def ask(self, question: Hashable, read: Callable[[], Any]) -> Any:
        """What `read` answers or raises; nothing while it is being read. Asked again with the same question it goes on,
        and what was answered is not kept. The question has in it who asks."""
        with self._lock:
            now = time.monotonic()
            for old in [one for one, kept in self._known.items() if 0 < kept.ended < now - _KEPT_SECONDS]:
                del self._known[old]
            kept = self._known.get(question)
            if kept is None:
                if sum(1 for one in self._known.values() if not one.done.is_set()) >= _AT_ONCE:
                    return None
                kept = self._known[question] = _Read()
                threading.Thread(target=_run, args=(kept, read), name="jit-access-reading", daemon=True).start()
        if not kept.done.wait(_WAIT_SECONDS):
            return None
        with self._lock:
            if self._known.get(question) is kept:
                del self._known[question]
        if kept.error is not None:
            raise kept.error
        return kept.answer


def _run(kept: _Read, read: Callable[[], Any]) -> None:
    try:
        kept.answer = read()
    except Exception as error:
        kept.error = error
    finally:
        kept.ended = time.monotonic()
        kept.done.set()
