"""What the gateway's administrators change about people, reported to the engine: accounts that are disabled or gone,
roles that are taken away. The engine ends the grants that somebody may not hold any more.

The gateway reports no such changes, so we look: when one of its transactions has changed accounts or roles (`changes`)
and in every round of the keeper, with one query, at all who hold a live grant; and before a grant answers a permission
check, at its holder. The engine hears of it when somebody is not what they were for one of their grants.

An account that was made after a grant was asked for is another person's, whatever its name. It inherits nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from jit_access import Engine, Grant, JitAccessError, Principal, Standing
from jit_access.gateway import agents, host

_log: Final = logging.getLogger(__name__)
_SLACK: Final = timedelta(seconds=2)
"""How far the clocks of the gateway and of the engine may be apart."""


class Standings:
    """Tells the engine when a holder of grants is not what they were."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = threading.Lock()
        self._told: dict[tuple[Principal, str], Standing] = {}
        """By holder, or the person behind it, and live grant: what they were when the engine was told last."""
        self._asked: dict[str, datetime] = {}
        """By live grant: when it was asked for."""

    def follow(self) -> bool:
        """Look at all who hold a live grant; whether something ended by it."""
        grants: dict[Principal, list[str]] = defaultdict(list)
        asked = {}
        for grant in self._engine.live_grants():
            # Agents without an account here are not the gateway's to judge; the host that gives them grants reports
            # them.
            # Of an agent its person is looked at as well: it has no more than that person.
            for who in filter(None, (grant.holder, grant.requester_acts_for)):
                if who.agent == agents.is_agent(who.name):
                    grants[who].append(grant.id)
                    asked[grant.id] = _asked_at(grant)
        with self._guard:
            self._asked = asked
        found = host.accounts(holder.name for holder in grants)
        ended, failed = False, None
        for holder, theirs in grants.items():
            try:
                ended |= self._tell(holder, theirs, found.get(holder.name))
            except JitAccessError as error:
                # The others are told of all the same; the next round looks at this one again.
                failed = failed or error
        with self._guard:
            self._told = {key: told for key, told in self._told.items() if key[1] in asked}
        if failed is not None:
            raise failed
        return ended

    def look(self, holder: Principal, grant: str) -> bool:
        """Look at the holder of this live grant; whether something ended by it."""
        if grant not in self._asked:
            return self.follow()
        return self._tell(holder, [grant], host.accounts([holder.name]).get(holder.name))

    def _tell(self, holder: Principal, grants: list[str], account: host.Account | None) -> bool:
        now = host.GONE if account is None else account.standing
        ended = 0
        if account is not None and self._is_inherited(grants, account):
            _log.warning("the account of %s is younger than what is granted under that name: all of it ends", holder)
            ended += self._report(holder, host.GONE)
        elif all(self._told.get((holder, grant)) == now for grant in grants):
            return False
        ended += self._report(holder, now)
        with self._guard:
            self._told.update({(holder, grant): now for grant in grants})
        if ended:
            _log.info("%d grants of %s ended: what they take is not there any more", ended, holder)
        return ended > 0

    def _is_inherited(self, grants: Iterable[str], account: host.Account) -> bool:
        asked = (self._asked.get(grant) for grant in grants)
        return any(instant is not None and instant + _SLACK < account.made_at for instant in asked)

    def _report(self, holder: Principal, now: Standing) -> int:
        told = self._engine.standing(holder.name, agent=holder.agent, enabled=now.enabled, roles=now.roles)
        return len(told.items)


def _asked_at(grant: Grant) -> datetime:
    """When a grant was asked for: the ids of requests begin with the time."""
    return datetime.fromtimestamp((UUID(grant.request_id).int >> 80) / 1000, UTC)
