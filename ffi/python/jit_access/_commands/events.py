"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.values.events import Events


@method
def events(self: Engine, caller: Caller, *, after: int | None = None, wait_seconds: int | None = None) -> Events:
    """Get what happened after a record: the numbers and the kinds of the records that the caller may know of.

    What changed, the caller then reads with the rights that they have. Of uses only the last is told. Over HTTP
    this is a stream of server-sent events. It is at most a second old, and the store is asked at most once a
    second, however many ask.

    - `after`: The `revision` of the answer before. Without it nothing is told but the revision, to begin with.
    - `wait_seconds`: How many seconds to wait for something to happen, 0 to 60. A closed engine ends the wait.
    """
    return self._run("events", caller, {"after": after, "wait_seconds": wait_seconds})
