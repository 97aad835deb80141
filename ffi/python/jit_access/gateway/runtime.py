"""What lives as long as the gateway's process: the engine, the mounted routes and the task that keeps up.

The gateway builds a new plugin object every thirty seconds and one for each context besides. Whatever must survive
that is here and not on the plugin. Nothing starts at import: the gateway may be imported before it forks its workers.

Nothing here blocks the event loop. What memory alone can tell is answered at once. Everything else is done in threads
of our own, and a decision that takes longer than `decision_seconds` is not waited for: then no grant is honoured.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

from jit_access import Corrupt, Decision, Engine, Grant, Principal
from jit_access.gateway import agents, changes, denial, host, kinds, teams, tools
from jit_access.gateway.mirror import Mirror, clear, gives
from jit_access.gateway.settings import PluginConfigError, Settings
from jit_access.gateway.standing import Standings
from jit_access.gateway.trail import Trail
from jit_access.router import create_router

_log: Final = logging.getLogger(__name__)
_NOTHING: Final = "no_grant"
"""Why there is no answer when somebody holds nothing that covers the question, whatever its conditions."""
_THREADS: Final = 16
"""How many decisions may wait for a disk at once. More wait for these, and for no longer."""

P = ParamSpec("P")
R = TypeVar("R")


class _Held(NamedTuple):
    """What everybody holds, as of one revision."""

    revision: int
    valid_until: datetime | None
    by_holder: Mapping[str, Sequence[Grant]]


@dataclass
class Runtime:
    """One engine in this process, and what keeps the gateway equal to it. The engine keeps itself current."""

    settings: Settings
    engine: Engine
    name: str = "JitAccess"
    """What the gateway's plugin file calls the plugin."""
    is_on: bool = True
    """Whether the gateway has the plugin switched on, as of the last round."""
    mirror: Mirror = field(init=False, repr=False)
    standings: Standings = field(init=False, repr=False)
    trail: Trail = field(default_factory=Trail, init=False, repr=False)
    _held: _Held | None = field(default=None, init=False, repr=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False, repr=False)
    _decisions: ThreadPoolExecutor = field(init=False, repr=False)
    _keeper: ThreadPoolExecutor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Without the mirror it is there all the same, and removes what earlier settings left.
        self.mirror = Mirror(self.engine, enabled=self.settings.mirror, lease_seconds=self.settings.lease_seconds)
        self.standings = Standings(self.engine)
        self._decisions = ThreadPoolExecutor(_THREADS, "jit-access-decision")
        self._keeper = ThreadPoolExecutor(1, "jit-access-keeper")

    async def holds_nothing(self, email: str, permission: str) -> bool:
        """Whether no grant of this person gives it now, whatever its conditions: the answer to nearly every request."""
        agent = agents.is_agent(email)
        known = self.engine.peek_in_memory(email, permission, kinds.GATEWAY, agent=agent)
        if known is None:
            known = await self.beside(
                self.engine.check, email, permission, kinds.GATEWAY, current=True, record=False, agent=agent
            )
        return known.reason == _NOTHING

    async def decide(
        self,
        email: str,
        permission: str,
        resource: str | None = kinds.GATEWAY,
        *,
        parent: str | None = None,
        call: Mapping[str, Any] | None = None,
    ) -> Decision:
        """The engine's answer to the request under way, its use recorded, after a look at whether the holder of the
        grant that gives it still may hold it. Raises `TimeoutError` when that takes too long."""
        return await self.beside(self._decide, email, permission, resource, parent, call)

    async def denied(self, email: str, tool: str, server: str | None, reason: str | None) -> Any:
        """What a call of this tool answers that no grant covers: how it may be asked for."""
        return await self.beside(denial.result, self.engine, email, tool, server, reason)

    async def answer(self, email: str, tool: str, asked: Mapping[str, Any]) -> Any:
        """What a call of one of our own tools answers; `asked` is what the tool service was called with."""
        url = self.settings.public_url
        pages = f"{url}{host.PAGES}" if url is not None else None
        return await tools.answer(self.engine, email, tool, asked, self.beside, self.mirror.follow_now, pages)

    async def may_hold_some(self, email: str, permission: str) -> bool:
        """Whether this person holds a grant that gives it somewhere; where, the call itself has to show."""
        return await self.beside(self._may_hold_some, email, permission)

    async def beside(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Do work that may wait for a disk in a thread, and wait for it no longer than a decision may take."""
        within = contextvars.copy_context()
        done = asyncio.get_running_loop().run_in_executor(self._decisions, lambda: within.run(work, *args, **kwargs))
        return await asyncio.wait_for(done, self.settings.decision_seconds)

    def _decide(
        self, email: str, permission: str, resource: str | None, parent: str | None, call: Mapping[str, Any] | None
    ) -> Decision:
        context, agent = host.known(email, call=call), agents.is_agent(email)
        given = self.engine.check(
            email, permission, resource, parent=parent, context=context, current=True, record=False, agent=agent
        )
        if given.grant_id is None:
            if given.reason != _NOTHING:
                # A grant covers it and a condition denies it: that leaves a trace, which a look does not.
                self.engine.check(
                    email, permission, resource, parent=parent, context=context, current=True, agent=agent
                )
            return given
        # An agent has no more than its person, so both are looked at.
        for account in filter(None, (email, agents.person_of(email))):
            self._vet(Principal(account, agent=agents.is_agent(account)), given.grant_id)
        if self.engine.enhanced_audit:
            context = host.known(email, host.Told(permission, self.settings.audit_arguments), call)
        used = self.engine.check(email, permission, resource, parent=parent, context=context, current=True, agent=agent)
        if used.allowed and used.grant_id is not None:
            loop = self._task.get_loop() if self._task is not None else None
            said = host.told_of_call() | {"grant": used.grant_id, "permission": permission, "server": parent}
            self.trail.note(loop, email, resource or kinds.GATEWAY, person=agents.person_of(email), **said)
        return used

    def _may_hold_some(self, email: str, permission: str) -> bool:
        holder, revision, known = str(_principal(email)), self.engine.sync(), self._held
        is_over = known is not None and known.valid_until is not None and known.valid_until <= datetime.now(UTC)
        if known is None or is_over or known.revision != revision:
            # All of them are read once for each change, however many calls are denied.
            honoured = self.engine.honoured()
            by_holder: dict[str, list[Grant]] = defaultdict(list)
            for grant in honoured.grants:
                by_holder[str(grant.holder)].append(grant)
            known = self._held = _Held(honoured.revision, honoured.valid_until, by_holder)
        return any(gives(grant, permission) for grant in known.by_holder.get(holder, ()))

    def _vet(self, holder: Principal, grant: str) -> None:
        """Make sure that the holder of a live grant may still hold it."""
        if self.standings.look(holder, grant):
            self.mirror.follow_now()

    def people_changed(self) -> None:
        """End the grants that their holders may not hold any more, and the roles that mirror them. An administrator who
        changed a mirrored role may still be at it, so that is left to the next round."""
        if self.standings.follow():
            self.mirror.follow_now()
        else:
            self.mirror.doubt()

    def give_channels(self) -> None:
        """Let the engine send notices by what the settings name of the gateway."""
        if host.SIEM in self.settings.channels:
            self.engine.add_channel(host.SIEM, self._to_siem)
        if host.STRUCTURED_LOG in self.settings.channels:
            self.engine.add_channel(host.STRUCTURED_LOG, host.to_structured_log)

    def _to_siem(self, message: dict[str, Any]) -> None:
        if self._task is None:
            raise RuntimeError("the gateway serves nothing yet")
        host.to_siem(message, self._task.get_loop())

    def keep_up(self) -> None:
        """See to it that grants follow their holders, and the mirror other processes, from the loop that runs now."""
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._task = asyncio.get_running_loop().create_task(self._follow(), name="jit-access-keeper")

    async def _follow(self) -> None:
        failing = False
        while True:
            await asyncio.sleep(self.settings.poll_seconds)
            try:
                self.is_on = self.mirror.is_on = await host.is_switched_on(self.name)
                await asyncio.get_running_loop().run_in_executor(self._keeper, self._round)
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
        followed = False
        try:
            self.standings.follow()
            followed = True
        finally:
            # Who cannot be judged gets no longer leases.
            self.mirror.follow(renew=followed)


def _principal(email: str) -> Principal:
    """Who signs in with this account, for the engine."""
    return Principal(email, agent=agents.is_agent(email))


_runtime: Runtime | None = None
_starting: Final = threading.Lock()


def running() -> Runtime | None:
    """The runtime of this process, if it is started."""
    return _runtime


def start(settings: Settings, name: str) -> Runtime:
    """The runtime of this process, made at the first call. Blocks on the disk then.

    When it returns for the first time, grants that their holders may not hold any more are over, and no role is left
    that mirrors what is not honoured now, whatever the settings were before. The gateway serves no request before.
    """
    global _runtime
    with _starting:
        if _runtime is None:
            _runtime = _open(settings, name)
        elif _runtime.settings != settings:
            raise PluginConfigError(
                "this process already runs jit-access with another configuration: one plugin entry is expected"
            )
        return _runtime


def _open(settings: Settings, name: str) -> Runtime:
    agents.register(dict(settings.agents))
    teams.register(dict(settings.teams))
    try:
        engine = settings.open_engine(host.Accounts())
    except Exception:
        # The gateway may be set to serve without us. What an earlier start left must not be honoured then.
        clear()
        raise
    opened = Runtime(settings, engine, name)
    for role, team in teams.missing():
        _log.warning("gateway.teams.%s: there is no active team with the id %s, so nobody holds this role", role, team)
    opened.give_channels()
    try:
        opened.standings.follow()
        opened.mirror.follow_now()
    except Corrupt as error:
        # An older copy, or another store: nothing is honoured until an operator accepts it, over a gateway that serves.
        clear()
        _log.error("the gateway serves without any grant until its store is accepted: %s", error)
    from jit_access.gateway import admin, authzen, checks

    checks.install(opened)
    changes.listen(opened.people_changed)
    routers = [
        create_router(engine, caller=host.caller, on_change=opened.mirror.follow_now),
        admin.pages(engine, opened.mirror.follow_now),
    ]
    discovery = None
    if settings.authzen is not None:
        point, discovery = authzen.routers(engine, settings.authzen)
        routers.append(point)
        if (whole := authzen.whole_decision(engine, settings.authzen)) is not None:
            routers.append(whole)
    host.mount(*routers, first=discovery)
    return opened
