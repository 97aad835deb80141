"""How does what another engine holds follow the grants?"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final, Protocol

from jit_access import Caller, Engine, Grant, JitAccessError
from jit_access.outside.http import OutsideError

_log: Final = logging.getLogger(__name__)


class Target(Protocol):
    """Another engine that decides by grants. Each call has happened there when it returns, or raises `OutsideError`."""

    def held(self) -> set[str]:
        """The ids of the grants that it has."""

    def takes(self, grant: Grant) -> bool:
        """Whether it can decide by this grant as this library does."""

    def put(self, engine: Engine, caller: Caller, grant: Grant) -> None:
        """Have it decide by this grant. The same twice is the same once."""

    def delete(self, grant_id: str) -> None:
        """Have it decide by this grant no more. One that is not there is no error."""


class Registrar:
    """Keeps what a target holds equal to the grants that are in force.

    `caller` reads the policies of grants: it needs a role in `approver_roles` or `auditor_roles`. `full_check_seconds`
    is how often everything that the target holds is looked at, also when no grant has changed: so long can an engine be
    without its grants that has lost them.
    """

    def __init__(
        self, engine: Engine, target: Target, *, caller: Caller, interval: float = 1.0, full_check_seconds: float = 15.0
    ) -> None:
        self._engine, self._target, self._caller = engine, target, caller
        self._interval, self._full = interval, full_check_seconds
        self._guard = threading.Lock()
        self._held: set[str] | None = None
        """What the target is known to hold; `None` when it has to be asked."""
        self._revision: int | None = None
        self._until: datetime | None = None
        self._checked = float("-inf")
        self._failing = False

    def follow(self) -> None:
        """Bring the target up to the grants that are in force now. Raises `OutsideError` when it cannot be reached, and
        the errors of the engine when it cannot say what is in force; the next call then looks at everything."""
        with self._guard:
            try:
                self._follow()
            except BaseException:
                self._held = None
                raise

    def _follow(self) -> None:
        revision = self._engine.sync()
        is_late = time.monotonic() - self._checked > self._full
        is_over = self._until is not None and self._until <= datetime.now(self._until.tzinfo)
        if self._held is not None and not is_late and not is_over and revision == self._revision:
            return
        # What another process has put there may be of another configuration, so it is put there anew.
        known = self._held is not None
        if self._held is None or is_late:
            self._held = self._target.held()
            self._checked = time.monotonic()
        honoured = self._engine.honoured()
        wanted = {grant.id: grant for grant in honoured.grants if self._target.takes(grant)}
        # What has ended goes first: it is what must not stay.
        for gone in sorted(self._held - wanted.keys()):
            self._target.delete(gone)
            self._held.discard(gone)
        for new in sorted(wanted.keys() - (self._held if known else set())):
            self._target.put(self._engine, self._caller, wanted[new])
            self._held.add(new)
        self._revision, self._until = honoured.revision, honoured.valid_until

    @contextmanager
    def running(self) -> Iterator[Registrar]:
        """Follow in a thread of its own as long as the block runs. What fails is logged once and tried again."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,), name="jit-outside", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.follow()
            except (OutsideError, JitAccessError) as error:
                if not self._failing:
                    _log.warning("another engine does not follow the grants: %s", error)
                self._failing = True
            else:
                if self._failing:
                    _log.info("another engine follows the grants again")
                self._failing = False
            stop.wait(self._interval)
