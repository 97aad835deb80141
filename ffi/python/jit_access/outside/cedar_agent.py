"""How is a grant put into cedar-agent: as the Cedar policy that it is, under an id of its own.

The policy compares the window of the grant with `context.now`, a `datetime`, which whoever asks the agent has to fill
in. So the agent has to speak Cedar 4.4 or later.
"""

from __future__ import annotations

from typing import Final

from jit_access import Caller, Engine, Grant
from jit_access.outside.http import Caller as Http
from jit_access.outside.http import OutsideError

_PREFIX: Final = "jit-"
"""What the ids of our policies begin with. Others are left alone."""


class CedarAgent:
    """A cedar-agent at this address, such as `http://127.0.0.1:8180`."""

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 5.0) -> None:
        self._call = Http(f"{url.rstrip('/')}/v1", token=token, timeout=timeout)

    def held(self) -> set[str]:
        """The ids of the grants that it has."""
        found = self._call("GET", "policies")
        if not isinstance(found, list):
            raise OutsideError("cedar-agent answered what is no list of policies")
        ids = [str(one.get("id")) for one in found if isinstance(one, dict)]
        return {id.removeprefix(_PREFIX) for id in ids if id.startswith(_PREFIX)}

    def takes(self, grant: Grant) -> bool:
        """Whether the grant can be there: a policy can say every grant."""
        del grant
        return True

    def put(self, engine: Engine, caller: Caller, grant: Grant) -> None:
        """Have it decide by this grant."""
        text = engine.policies(caller, grant_id=grant.id)
        self._call("PUT", "policies", f"{_PREFIX}{grant.id}", body={"content": text})

    def delete(self, grant_id: str) -> None:
        """Have it decide by this grant no more. One that is not there is no error."""
        try:
            self._call("DELETE", "policies", f"{_PREFIX}{grant_id}")
        except OutsideError as error:
            if error.status != 404:
                raise
