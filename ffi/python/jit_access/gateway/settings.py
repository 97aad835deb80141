"""The plugin's own configuration: what stands under `config:` of its entry in the gateway's plugin file."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jit_access import Caller, Engine, InvalidInput, PeopleDirectory
from jit_access._native import Pep
from jit_access.gateway.reserved import PLATFORM_ADMIN, RESERVED

_KEYS = frozenset({"config_file", "jit_access", "gateway"})
_GATEWAY_KEYS = frozenset(
    {
        "mirror",
        "wrap_permission_service",
        "poll_seconds",
        "lease_seconds",
        "decision_seconds",
        "channels",
        "audit_arguments",
        "agents",
        "teams",
        "authzen",
        "public_url",
    }
)
_TEAM = re.compile(r"[0-9a-fA-F-]{1,36}(/owner)?")
_LEAST_TOKEN = 32
_AUTHORIZE = "authorize"
"""What a program may that asks for the whole decision."""
_CHANNELS = ("siem", "structured_log")


class PluginConfigError(ValueError):
    """A configuration that cannot be meant, said with the key, the value and what would be right."""


@dataclass(frozen=True)
class Client:
    """A program that asks the gateway's decision point."""

    name: str
    token: str = field(repr=False)
    speaks_for: tuple[str, ...] | None
    """The subjects that it may ask about, each `type:id` or a type alone; everybody where this is missing."""
    may: tuple[str, ...] | None
    """Of `evaluate`, `search` and `request`; all three where this is missing."""
    authorize: bool = False
    """Whether it may ask for the whole decision. What it says of its users is believed, so it must be named."""


@dataclass(frozen=True)
class AuthZen:
    """The decision point that the gateway offers to other programs by AuthZEN."""

    public_url: str
    """Where those programs reach the gateway."""
    clients: tuple[Client, ...]


@dataclass(frozen=True)
class Settings:
    """One plugin configuration, checked."""

    config_file: Path | None
    inline: str | None
    mirror: bool
    """Whether plain grants become roles of the gateway."""
    wrap_permission_service: bool
    poll_seconds: float
    """How often each process looks for changes."""
    lease_seconds: float
    """How long a mirrored role lives without a renewal."""
    decision_seconds: float
    """How long a decision may wait for a disk; then the grant is not honoured."""
    channels: tuple[str, ...] = ()
    """What of the gateway notices are sent by: `siem`, `structured_log`. Each is a channel of that name."""
    agents: tuple[tuple[str, str], ...] = ()
    """The accounts that agents sign in with, each with the account of the person that the agent acts for."""
    teams: tuple[tuple[str, str], ...] = ()
    """The roles that members of a team hold, each with the team's id, or the id and `/owner` for its owners alone."""

    authzen: AuthZen | None = None
    """Where other programs ask by AuthZEN, if they may."""

    public_url: str | None = None
    """Where people reach the gateway: an agent's client that can opens the page of a request there for its person."""

    audit_arguments: tuple[str, ...] = ()
    """Which arguments of a call are on record with their values, where `enhanced_audit` is on."""

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> Settings:
        """Check `config`; the engine's part is checked by the engine when it opens."""
        _known("", config, _KEYS)
        file, inline = config.get("config_file"), config.get("jit_access")
        if (file is None) == (inline is None):
            raise PluginConfigError(
                "exactly one of `config_file` (a path) and `jit_access` (the same content in place) must be set"
            )
        if file is not None and (not isinstance(file, str) or not file):
            raise PluginConfigError(f"`config_file` is {file!r}: a path is expected")
        gateway = config.get("gateway", {})
        if not isinstance(gateway, Mapping):
            raise PluginConfigError(f"`gateway` is {gateway!r}: a mapping is expected")
        _known("gateway.", gateway, _GATEWAY_KEYS)
        wrap = _flag(gateway, "wrap_permission_service", default=False)
        return cls(
            config_file=Path(file) if file is not None else None,
            inline=json.dumps({"jit_access": inline}) if inline is not None else None,
            mirror=_flag(gateway, "mirror", default=not wrap),
            wrap_permission_service=wrap,
            poll_seconds=_seconds(gateway, "poll_seconds", 1.0, 0.1, 60),
            lease_seconds=_seconds(gateway, "lease_seconds", 30.0, 5, 300),
            decision_seconds=_seconds(gateway, "decision_seconds", 1.0, 0.1, 30),
            channels=_names(gateway, "channels", _CHANNELS),
            audit_arguments=_texts(gateway, "audit_arguments"),
            agents=_accounts(gateway, "agents"),
            teams=_teams(gateway, "teams"),
            authzen=_authzen(gateway.get("authzen")),
            public_url=_public_url("gateway", gateway) if "public_url" in gateway else None,
        )

    def open_engine(self, directory: PeopleDirectory) -> Engine:
        """The engine this configuration describes, which asks the gateway what people are."""
        if self.config_file is not None:
            return Engine.open(self.config_file, reserved_permissions=RESERVED, directory=directory)
        assert self.inline is not None
        return Engine.from_yaml(self.inline, reserved_permissions=RESERVED, directory=directory)


def _known(where: str, config: Mapping[str, Any], keys: frozenset[str]) -> None:
    for key in config:
        if key not in keys:
            raise PluginConfigError(f"unknown key `{where}{key}`; known are {', '.join(sorted(keys))}")


def _flag(config: Mapping[str, Any], key: str, *, default: bool) -> bool:
    value = config.get(key, default)
    if not isinstance(value, bool):
        raise PluginConfigError(f"`gateway.{key}` is {value!r}: true or false is expected")
    return value


def _names(config: Mapping[str, Any], key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    value = config.get(key, [])
    if not isinstance(value, list) or not all(name in known for name in value):
        raise PluginConfigError(f"`gateway.{key}` is {value!r}: a list of {' and '.join(known)} is expected")
    return tuple(value)


def _texts(config: Mapping[str, Any], key: str, where: str = "gateway") -> tuple[str, ...]:
    value = config.get(key, [])
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise PluginConfigError(f"`{where}.{key}` is {value!r}: a list of names is expected")
    return tuple(value)


def _accounts(config: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    value = config.get(key, {})
    if not isinstance(value, Mapping) or not all(
        isinstance(one, str) and one for pair in value.items() for one in pair
    ):
        raise PluginConfigError(
            f"`gateway.{key}` is {value!r}: a mapping from the account of an agent to the account of its person is "
            f"expected"
        )
    lower = {agent.lower(): person.lower() for agent, person in value.items()}
    if both := sorted(lower.keys() & set(lower.values())):
        raise PluginConfigError(
            f"`gateway.{key}` names {both[0]!r} as an agent and as a person: an agent acts for a person"
        )
    return tuple(sorted(lower.items()))


def _teams(config: Mapping[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    value = config.get(key, {})
    if not isinstance(value, Mapping):
        raise PluginConfigError(
            f"`gateway.{key}` is {value!r}: a mapping from a role to the id of its team is expected"
        )
    for role, team in value.items():
        try:
            Caller("probe@example.com", roles=[role])
        except (InvalidInput, TypeError) as wrong:
            raise PluginConfigError(f"`gateway.{key}` names the role {role!r}: {wrong}") from None
        if role == PLATFORM_ADMIN:
            raise PluginConfigError(
                f"`gateway.{key}` names `{role}`: the gateway says who holds it; choose another name"
            )
        if not isinstance(team, str) or not _TEAM.fullmatch(team):
            raise PluginConfigError(
                f"`gateway.{key}.{role}` is {team!r}: the id of a team is expected (GET /teams/ says it), with "
                f"`/owner` behind it for its owners alone"
            )
    return tuple(sorted(value.items()))


def _authzen(value: object) -> AuthZen | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise PluginConfigError(
            f"`gateway.authzen` is {value!r}: a mapping with `public_url` and `clients` is expected"
        )
    _known("gateway.authzen.", value, frozenset({"public_url", "clients"}))
    url, clients = _public_url("gateway.authzen", value), value.get("clients")
    if not isinstance(clients, Mapping) or not clients:
        raise PluginConfigError(
            f"`gateway.authzen.clients` is {clients!r}: a mapping from a program to its settings is expected"
        )
    known = tuple(_client(str(name), client) for name, client in clients.items())
    if len({client.token for client in known}) != len(known):
        raise PluginConfigError("`gateway.authzen.clients` has one token twice: each program has a token of its own")
    return AuthZen(url, known)


def _public_url(where: str, value: Mapping[str, Any]) -> str:
    url = value.get("public_url")
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise PluginConfigError(
            f"`{where}.public_url` is {url!r}: the https address where others reach the gateway is expected, such as "
            f"https://gateway.example.com"
        )
    return parts.geturl().rstrip("/")


def _client(name: str, value: object) -> Client:
    where = f"gateway.authzen.clients.{name}"
    if not isinstance(value, Mapping):
        raise PluginConfigError(f"`{where}` is {value!r}: a mapping with `token_env` or `token_file` is expected")
    _known(f"{where}.", value, frozenset({"token_env", "token_file", "speaks_for", "may"}))
    lists = {key: _texts(value, key, where) if key in value else None for key in ("speaks_for", "may")}
    named = lists["may"]
    if named is not None:
        lists["may"] = tuple(one for one in named if one != _AUTHORIZE)
    authorizes = named is not None and _AUTHORIZE in named
    try:
        Pep(name, **lists)
    except (InvalidInput, ValueError) as wrong:
        more = f"; `may` takes {_AUTHORIZE} besides" if "may" in value else ""
        raise PluginConfigError(f"`{where}`: {wrong}{more}") from None
    return Client(name, _token(where, value), **lists, authorize=authorizes)


def _token(where: str, value: Mapping[str, Any]) -> str:
    """The token that a variable or a file holds. It stands in no configuration."""
    if ("token_env" in value) == ("token_file" in value):
        raise PluginConfigError(f"`{where}`: one of `token_env` (a variable) and `token_file` (a path) is expected")
    key = "token_env" if "token_env" in value else "token_file"
    source = value[key]
    if not isinstance(source, str) or not source:
        raise PluginConfigError(f"`{where}.{key}` is {source!r}: a name is expected")
    if key == "token_env":
        token = os.environ.get(source, "")
    else:
        try:
            token = Path(source).read_text().strip()
        except (OSError, UnicodeError) as wrong:
            raise PluginConfigError(f"`{where}.{key}`: {source} cannot be read: {wrong}") from None
    if len(token) < _LEAST_TOKEN:
        raise PluginConfigError(
            f"`{where}.{key}`: what {source} holds has {len(token)} characters: a token has at least {_LEAST_TOKEN}"
        )
    return token


def _seconds(config: Mapping[str, Any], key: str, default: float, least: float, most: float) -> float:
    value = config.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise PluginConfigError(f"`gateway.{key}` is {value!r}: a number from {least:g} to {most:g} is expected")
    return float(value)
