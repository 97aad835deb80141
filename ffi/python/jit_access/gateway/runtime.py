"""What lives as long as the gateway's process: the engine, the mounted routes and the task that keeps up.

The gateway builds a new plugin object every thirty seconds and one for each context besides. Whatever must survive
that is here and not on the plugin. Nothing starts at import: the gateway may be imported before it forks its workers.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import dataclass, field
from typing import Final

from jit_access import Caller, Decision, Engine
from jit_access.gateway import changes, host
from jit_access.gateway.mirror import Mirror
from jit_access.gateway.settings import PluginConfigError, Settings
from jit_access.gateway.standing import Standings
from jit_access.router import create_router

_log: Final = logging.getLogger(__name__)
_NOTHING: Final = "no_grant"
"""Why there is no answer when somebody holds nothing that covers the question, whatever its conditions."""


@dataclass
class Runtime:
    """One engine in this process, and what keeps the gateway equal to it. The engine keeps itself current."""

    settings: Settings
    engine: Engine
    mirror: Mirror | None
    standings: Standings = field(init=False, repr=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self.standings = Standings(self.engine)

    def holds_nothing(self, email: str, permission: str) -> bool:
        """Whether no grant of this person gives it now, whatever its conditions: the answer to nearly every request."""
        return self.engine.peek_current(email, permission).reason == _NOTHING

    async def decide(
        self, email: str, permission: str, resource: str | None = None, *, server: str | None = None
    ) -> Decision:
        """The engine's answer to the request under way, its use recorded, after a look at whether the holder of the
        grant that gives it still may hold it."""
        context = await asyncio.to_thread(host.known, email)
        given = self.engine.peek_current(email, permission, resource, server=server, context=context)
        if given.grant_id is None:
            return given
        await asyncio.to_thread(self._vet, Caller(email).principal, given.grant_id)
        return self.engine.check_current(email, permission, resource, server=server, context=context)

    def _vet(self, holder: str, grant: str) -> None:
        """Make sure that the holder of a live grant may still hold it; blocks on the disk when not."""
        if self.standings.look(holder, grant) and self.mirror is not None:
            self.mirror.follow_now()

    def people_changed(self) -> None:
        """End the grants that their holders may not hold any more, and the roles that mirror them; blocks on the disk.
        Whoever changed a mirrored role may still have it in hand, so that is for the next round to undo."""
        ended = self.standings.follow()
        if self.mirror is not None:
            self.mirror.follow_now() if ended else self.mirror.doubt()

    def keep_up(self) -> None:
        """See to it that grants follow their holders, and the mirror other processes, from the loop that runs now."""
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._task = asyncio.get_running_loop().create_task(self._follow(), name="jit-access-keeper")

    async def _follow(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(self.settings.poll_seconds)
            try:
                await asyncio.to_thread(self._round)
            except Exception:
                # Said once when it begins and once when it ends, not every second in between.
                if not failing:
                    _log.exception("grants or the gateway's roles could not be brought up to date; trying again")
                failing = True
            else:
                if failing:
                    _log.info("grants and the gateway's roles are up to date again")
                failing = False

    def _round(self) -> None:
        try:
            self.standings.follow()
        finally:
            if self.mirror is not None:
                self.mirror.follow()


_runtime: Runtime | None = None
_starting: Final = threading.Lock()


def start(settings: Settings) -> Runtime:
    """The runtime of this process, made at the first call. Blocks on the disk then.

    When it returns for the first time, grants that their holders may not hold any more are over, and roles of grants
    that ended while the gateway was down are gone; the gateway serves no request before.
    """
    global _runtime
    with _starting:
        if _runtime is None:
            _runtime = _open(settings)
        elif _runtime.settings != settings:
            raise PluginConfigError(
                "this process already runs jit-access with another configuration: one plugin entry is expected"
            )
        return _runtime


def _open(settings: Settings) -> Runtime:
    engine = settings.open_engine(host.directory)
    opened = Runtime(settings, engine, Mirror(engine) if settings.mirror else None)
    opened.standings.follow()
    follow = opened.mirror.follow_now if opened.mirror is not None else None
    if follow is not None:
        follow()
    if settings.wrap_permission_service:
        from jit_access.gateway import wrap

        wrap.install(opened)
    changes.listen(opened.people_changed)
    host.mount(create_router(engine, caller=host.caller, on_change=follow))
    return opened
