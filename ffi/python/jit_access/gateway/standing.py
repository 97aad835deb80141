"""What the gateway's administrators change about people, told to the engine: accounts that are disabled or gone, roles
that are taken away. The engine ends the grants that somebody may not hold any more.

The gateway tells nobody of such changes, so we look: when one of its transactions has changed accounts or roles
(`changes`) and in every round of the keeper, with one query, at all who hold a live grant; and before a grant answers a
permission check, at its holder. The engine hears of it when somebody is not what they were for one of their grants, and
not of anybody else.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from typing import Final

from jit_access import Engine
from jit_access.gateway import host

_log: Final = logging.getLogger(__name__)


class Standings:
    """Tells the engine when a holder of grants is not what they were."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = threading.Lock()
        self._told: dict[str, host.Standing] = {}
        """By live grant: what its holder was when the engine was told last."""

    def follow(self) -> bool:
        """Look at all who hold a live grant; whether something ended by it."""
        grants: dict[str, list[str]] = defaultdict(list)
        for grant in self._engine.live_grants():
            # The gateway knows no agents; the host that gives them grants reports them.
            if not grant.holder.startswith(host.AGENT_PREFIX):
                grants[grant.holder].append(grant.id)
        found = host.standings(grants)
        ended = [self._tell(holder, theirs, found.get(holder, host.GONE)) for holder, theirs in grants.items()]
        with self._guard:
            live = {grant for theirs in grants.values() for grant in theirs}
            self._told = {grant: told for grant, told in self._told.items() if grant in live}
        return any(ended)

    def look(self, holder: str, grant: str) -> bool:
        """Look at the holder of this live grant; whether something ended by it."""
        return self._tell(holder, [grant], host.standings([holder]).get(holder, host.GONE))

    def _tell(self, holder: str, grants: list[str], now: host.Standing) -> bool:
        if all(self._told.get(grant) == now for grant in grants):
            return False
        ended = self._engine.standing(holder, enabled=now.enabled, roles=now.roles).items
        with self._guard:
            self._told.update(dict.fromkeys(grants, now))
        if ended:
            _log.info("%d grants of %s ended: what they take is not there any more", len(ended), holder)
        return bool(ended)
