"""How is a grant put into Open Policy Agent: as data below `data.jit_grants`, which `grants.rego` reads.

Data says whom, what, where and when, and nothing of a sign-in or of uses that are left. So grants with conditions, and
grants whose uses must be on record before the answer, are not put there: OPA allows less than this library then, and
never more.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from jit_access import Caller, Engine, Grant
from jit_access.outside.http import Caller as Http
from jit_access.outside.http import OutsideError

_ROOT: Final = "jit_grants"


class Opa:
    """An Open Policy Agent at this address, such as `http://127.0.0.1:8181`."""

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 5.0) -> None:
        self._call = Http(f"{url.rstrip('/')}/v1/data", token=token, timeout=timeout)

    @staticmethod
    def rule() -> str:
        """The Rego rule that goes with the data: `data.jit_access.allow`, for an input with `principal`, `action`,
        `resource` and `parent`."""
        return files("jit_access.outside").joinpath("grants.rego").read_text(encoding="utf-8")

    def held(self) -> set[str]:
        """The ids of the grants that it has."""
        found = (self._call("GET", _ROOT) or {}).get("result", {})
        if not isinstance(found, dict):
            raise OutsideError(f"OPA has something else below data.{_ROOT}")
        return set(found)

    def takes(self, grant: Grant) -> bool:
        """Whether the grant can be there."""
        return grant.is_plain

    def put(self, engine: Engine, caller: Caller, grant: Grant) -> None:
        """Have it decide by this grant."""
        del engine, caller
        self._call("PUT", _ROOT, grant.id, body=as_data(grant))

    def delete(self, grant_id: str) -> None:
        """Have it decide by this grant no more. One that is not there is no error."""
        try:
            self._call("DELETE", _ROOT, grant_id)
        except OutsideError as error:
            if error.status != 404:
                raise


def as_data(grant: Grant) -> dict[str, Any]:
    """The grant as the rule reads it."""
    kind, things = _scope(grant.resource)
    return {
        "principal": {"type": "agent" if grant.holder.agent else "user", "id": grant.holder.name},
        "allowed": list(grant.permissions),
        "excepted": list(grant.excluded_permissions),
        "kind": kind,
        "things": things,
        "from": grant.starts_at.isoformat(),
        "until": grant.expires_at.isoformat(),
    }


def _scope(text: str) -> tuple[str | None, list[str]]:
    """The kind that the resource has to be of, and the things of which each is the resource or its parent."""
    if text == "*":
        return None, []
    head, _, rest = text.partition(":")
    own, at, around = head.partition("@")
    if not at:
        return (None, [text]) if rest else (head, [])
    id, _, inside = rest.partition(":")
    outer = f"{around}:{id.replace('%3A', ':').replace('%25', '%')}"
    if own == "*":
        return None, [outer, inside]
    return own, [outer, f"{own}:{inside}"] if inside else [outer]
