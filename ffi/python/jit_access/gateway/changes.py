"""Which of the gateway's transactions change what people are: accounts, roles, teams, and who holds which.

The gateway tells nobody when an administrator changes somebody's account or roles. Its database session does: every
such change goes through one, in the worker that serves the administrator. So we listen there, and have done what
follows before the administrator is answered. What goes past the session (another program, statements as bare text) is
found by looking.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Final

from mcpgateway.db import EmailTeam, EmailTeamMember, EmailUser, Role, SessionLocal, UserRole
from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from jit_access.gateway import host

_log: Final = logging.getLogger(__name__)
_CHANGED: Final = "jit_access_people_changed"
_OURS: Final = "jit_access_own_write"
_WATCHED: Final = {model.__tablename__ for model in (EmailUser, Role, UserRole, EmailTeam, EmailTeamMember)}
_PATIENCE_SECONDS: Final = 2.0
_OF_ACCOUNT: Final = ("email", "is_active", "is_admin")
"""What of an account says what somebody is. The rest changes whenever they sign in."""


def ours(session: Session) -> None:
    """Say of a session that it writes what we already know."""
    session.info[_OURS] = True


def listen(follow: Callable[[], None]) -> Callable[[], None]:
    """Have `follow` called after every transaction of this process that changes what people are, before the commit
    returns; what is answered ends that.

    Many of these commits are made on the loop that serves everybody. Nothing may wait there, so the work is done in a
    thread of its own, and the request that made the change is answered after that. In other threads the commit itself
    waits. After a while nobody waits any more.
    """
    beside = ThreadPoolExecutor(1, "jit-access-people")

    def flushed(session: Session, _: UOWTransaction) -> None:
        if any(map(_says_something, [*session.new, *session.dirty, *session.deleted])):
            session.info[_CHANGED] = True

    def executed(state: ORMExecuteState) -> None:
        table = getattr(state.statement, "table", None)
        if not state.is_select and getattr(table, "name", None) in _WATCHED:
            state.session.info[_CHANGED] = True

    def committed(session: Session) -> None:
        if not session.info.pop(_CHANGED, False) or session.info.get(_OURS, False):
            return
        done = beside.submit(guarded)
        if _is_on_a_loop():
            host.before_the_answer(done)
        else:
            wait([done], _PATIENCE_SECONDS)

    def guarded() -> None:
        try:
            follow()
        except Exception:
            # The change stands, and the next round of the keeper looks again.
            _log.exception("grants could not follow a change of accounts or roles yet")

    def rolled_back(session: Session) -> None:
        session.info.pop(_CHANGED, None)

    listeners: dict[str, Callable[..., None]] = {
        "after_flush": flushed,
        "do_orm_execute": executed,
        "after_commit": committed,
        "after_rollback": rolled_back,
    }
    for name, listener in listeners.items():
        event.listen(SessionLocal, name, listener)

    def end() -> None:
        for name, listener in listeners.items():
            event.remove(SessionLocal, name, listener)
        beside.shutdown()

    return end


def _is_on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _says_something(row: Any) -> bool:
    """Whether a row that is written may change what somebody is."""
    if not isinstance(row, EmailUser):
        return isinstance(row, (Role, UserRole, EmailTeam, EmailTeamMember))
    state = inspect(row)
    return state.deleted or any(state.attrs[name].history.has_changes() for name in _OF_ACCOUNT)
