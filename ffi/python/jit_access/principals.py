"""Who can hold a grant, and what a host tells about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, NoReturn, Protocol, Self, TypedDict, final, runtime_checkable

from jit_access._native import _parse_principal, _principal

__all__ = ["Contact", "Directory", "PeopleDirectory", "Principal", "Standing", "UseDetails"]

_AGENT: Final = "agent:"


class UseDetails(TypedDict, total=False):
    """What a host tells of a call, for the record of the use: it decides nothing. Text is cut to 256 characters, and a
    character that cannot be seen becomes U+FFFD."""

    user_agent: str | None
    """The program that made the call, as it calls itself."""
    token_id: str | None
    """The id of the token that it came with, never the token."""
    correlation_id: str | None
    """The host's own id of the call."""
    traceparent: str | None
    """The header of W3C Trace Context; its trace id is recorded."""
    by_standing: bool | None
    """Whether what the principal holds without any grant would have allowed it."""
    arguments_digest: str | None
    """A digest of the arguments of the call."""
    arguments: dict[str, str]
    """The arguments that the operator wants on record, at most 32."""


@final
class Principal(str):
    """A person, or an agent: a program that acts in its own name.

    It is text as well: `str()` gives the name of a person, and `agent:` with the name of an agent. The name is in its
    one spelling, so two principals are equal when they are the same person or the same agent. Wherever a call takes a
    name and `agent`, it takes a `Principal` alone.
    """

    __slots__ = ()
    __module__ = "jit_access"

    def __new__(cls, name: str, *, agent: bool = False) -> Self:
        """A person, or with `agent` an agent.

        Raises `InvalidInput` for a name that is empty, longer than 320 bytes, or holds spaces, controls or invisible
        characters.
        """
        return str.__new__(cls, _principal(name, agent))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The principal of a text that `str()` of one gave: `dev@example.com`, `agent:deploy-bot`."""
        return str.__new__(cls, _parse_principal(text))

    @classmethod
    def _of(cls, text: str) -> Self:
        """The same for what an engine answered."""
        return str.__new__(cls, text)

    @property
    def kind(self) -> Literal["user", "agent"]:
        """What it is: `user` or `agent`."""
        return "agent" if self.agent else "user"

    @property
    def agent(self) -> bool:
        """Whether it is an agent."""
        return self.startswith(_AGENT)

    @property
    def name(self) -> str:
        """The name alone."""
        return str(self).removeprefix(_AGENT)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Principal is final")

    def __repr__(self) -> str:
        return f"Principal({self.name!r}, agent=True)" if self.agent else f"Principal({self.name!r})"

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (self.name,), {"agent": self.agent}


@final
@dataclass(frozen=True, slots=True)
class Standing:
    """What a principal is by standing right, as the host knows it."""

    enabled: bool
    """Whether the account is enabled. Somebody whose account is disabled does nothing and holds nothing."""
    roles: Sequence[str] = ()
    """The standing roles, never those that come from a grant."""
    since: datetime | str | None = None
    """When the account was made, where the host can tell. What is older was done by somebody else of that name."""


Standing.__module__ = "jit_access"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How somebody is reached by the channels of `notifications`."""

    email: str | None = None
    """The e-mail address."""
    slack: str | None = None
    """The Slack member id."""
    zone: str | None = None
    """The zone of their clock, an IANA name such as `Europe/Berlin`."""
    digest: bool = False
    """Whether they want what is not urgent gathered into one message."""


Contact.__module__ = "jit_access"


@runtime_checkable
class Directory(Protocol):
    """Where a host keeps its accounts. `Engine.open` takes one. It is asked, at the instant of a command, for those who
    want something done and for those whom it concerns.
    """

    def standing(self, principal: Principal, /) -> Standing | Literal["gone"] | None:
        """What this principal is now.

        `"gone"` when there is no such account, which is as a disabled one; `None` when the host does not judge this
        principal. It may wait, and it is called without any lock held. What it raises stops the command with
        `Unavailable`, except for a command that only takes access away.
        """
        ...


Directory.__module__ = "jit_access"


@runtime_checkable
class PeopleDirectory(Directory, Protocol):
    """A directory that also says who is told, and where. The engine asks for each of these methods if it is there. They
    are called by the work that sends notices alone, in a thread of the engine: no command and no check waits for them.
    When one raises, it is asked again later, and what is to be told waits.
    """

    def people_of(self, role: str, /) -> Iterable[Principal | str]:
        """Who holds this role of the host by standing right: those who are told of what waits for it."""
        ...

    def contact(self, principal: Principal, /) -> Contact | None:
        """How this principal is reached; `None` when they are not."""
        ...


PeopleDirectory.__module__ = "jit_access"
