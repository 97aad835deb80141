"""Methods of `Engine`. Generated from `src/command`, by `tests/generated`."""

from jit_access._methods import method
from jit_access._native import Caller, Engine
from jit_access.values.events import Events


@method
def events(self: Engine, caller: Caller, *, after: int | None = None, wait_seconds: int | None = None) -> Events:
    """Get what happened after a record: the numbers and the kinds of the records that the caller may know of.

    The caller then reads the changes with their own rights. For uses, only the last one is returned. Over HTTP
    this is a stream of server-sent events. It is at most a second old, and the store is read at most once a
    second, for any number of callers.

    - `after`: The `revision` of the answer before. Without it, only the current revision is returned.
    - `wait_seconds`: How many seconds to wait for something to happen, 0 to 60. A closed engine ends the wait.
    """
    return self._run("events", caller, {"after": after, "wait_seconds": wait_seconds})
