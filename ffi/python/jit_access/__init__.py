"""Just-in-time access inside the policy decision point."""

from __future__ import annotations

import atexit

from jit_access import _log, _native
from jit_access._native import (
    AccessRequest,
    Caller,
    Conditions,
    Context,
    Decision,
    Delegation,
    Engine,
    Grant,
    Honoured,
    Page,
    Record,
    __version__,
)
from jit_access.errors import (
    Conflict,
    Corrupt,
    InternalError,
    InvalidInput,
    JitAccessError,
    NotFound,
    RateLimited,
    Refused,
    Unavailable,
)

__all__ = [
    "AccessRequest",
    "Caller",
    "Conditions",
    "Conflict",
    "Context",
    "Corrupt",
    "Decision",
    "Delegation",
    "Engine",
    "Grant",
    "Honoured",
    "InternalError",
    "InvalidInput",
    "JitAccessError",
    "NotFound",
    "Page",
    "RateLimited",
    "Record",
    "Refused",
    "Unavailable",
    "__version__",
]

# Before our own end is registered, so that `logging` ends after it.
_native._log_to(_log.emit)
# A thread that never ends may keep an engine from being dropped, and its uses from being written.
atexit.register(_native._at_exit)
