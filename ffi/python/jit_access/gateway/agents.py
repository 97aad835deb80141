"""Which accounts of the gateway are agents, and whom each acts for.

The gateway knows accounts and no agents. An operator says in `gateway.agents` which accounts agents sign in with;
such an
account is the agent of its name (`agent:deployer@example.com`) and acts for that person, wherever the engine is asked.
The register lives as long as the process, as the gateway's functions that ask it do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_persons: Final[dict[str, str]] = {}


def register(agents: Mapping[str, str]) -> None:
    """Say which accounts are agents, and of whom. Replaces what was said before."""
    _persons.clear()
    _persons.update({agent.lower(): person.lower() for agent, person in agents.items()})


def person_of(email: str) -> str | None:
    """Whom the agent with this account acts for; `None` for a person's account."""
    return _persons.get(email.lower())


def is_agent(email: str) -> bool:
    """Whether an agent signs in with this account."""
    return email.lower() in _persons
