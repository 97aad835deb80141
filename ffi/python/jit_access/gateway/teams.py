"""Which roles the gateway's teams give.

The members of a team hold a role only where an operator says so in `gateway.teams`: `{payments: <team id>}` gives every
active member the role `payments`, `<team id>/owner` gives it to the team's owners alone. A team is named by its id,
because anybody may make a team of a name that is free. A role of the gateway with the same name does not count.
The register lives as long as the process, as the gateway's functions that ask it do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mcpgateway.db import EmailTeam, EmailTeamMember, EmailUser, SessionLocal
from sqlalchemy import ColumnElement, Select, and_, func, select

_OWNER: Final = "/owner"
_roles: Final[dict[str, tuple[str, bool]]] = {}
"""By role, the team and whether its owners alone are meant."""


def register(teams: Mapping[str, str]) -> None:
    """Say which roles are those of a team, and of which. Replaces what was said before."""
    _roles.clear()
    _roles.update({role: (team.removesuffix(_OWNER), team.endswith(_OWNER)) for role, team in teams.items()})


def is_role(name: str) -> bool:
    """Whether this role is a team's."""
    return name in _roles


def missing() -> list[tuple[str, str]]:
    """The roles whose team is not there, each with the team's id."""
    with SessionLocal() as session:
        there = set(session.scalars(select(EmailTeam.id).where(EmailTeam.is_active.is_(True))))
    return [(role, team) for role, (team, _) in _roles.items() if team not in there]


def roles_of(names: Iterable[str], *, of: Iterable[str] | None = None) -> dict[str, set[str]]:
    """By account, in lower case, the roles that it holds as a member of a team. `of` leaves out the teams that a token
    does not name. One query, and none where no team gives a role."""
    held: dict[str, set[str]] = {}
    wanted = {team for team, _ in _roles.values()}
    if of is not None:
        wanted &= set(of)
    if not wanted:
        return held
    account = func.lower(EmailTeamMember.user_email)
    members = (
        select(account, EmailTeam.id, EmailTeamMember.role)
        .join(EmailTeam, EmailTeam.id == EmailTeamMember.team_id)
        .where(_is_member(), EmailTeam.id.in_(wanted), account.in_([name.lower() for name in names]))
    )
    with SessionLocal() as session:
        for name, team, place in session.execute(members):
            held.setdefault(name, set()).update(
                role
                for role, meant in _roles.items()
                if meant == (team, False) or (meant == (team, True) and place == "owner")
            )
    return held


def people_of(role: str) -> Select[tuple[str]]:
    """The accounts that hold the role of a team."""
    team, owners = _roles[role]
    members = (
        select(EmailUser.email)
        .join(EmailTeamMember, func.lower(EmailTeamMember.user_email) == func.lower(EmailUser.email))
        .join(EmailTeam, EmailTeam.id == EmailTeamMember.team_id)
        .where(_is_member(), EmailTeam.id == team, EmailUser.is_active.is_(True))
    )
    return members.where(EmailTeamMember.role == "owner") if owners else members


def _is_member() -> ColumnElement[bool]:
    """That a membership and its team are in force."""
    return and_(EmailTeamMember.is_active.is_(True), EmailTeam.is_active.is_(True))
