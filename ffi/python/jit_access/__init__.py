"""Just-in-time access inside the policy decision point."""

from __future__ import annotations

import atexit

from jit_access import _log, _native
from jit_access._native import (
    Caller,
    Conditions,
    Context,
    Decision,
    Engine,
    Honoured,
    SignedLink,
    __version__,
)
from jit_access.answers import Page
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
from jit_access.principals import Contact, Directory, PeopleDirectory, Principal, Standing
from jit_access.values import (
    AccessRequest,
    Alert,
    Answer,
    ApprovalStep,
    Assessment,
    BreakGlass,
    ChannelHealth,
    Considered,
    Delegation,
    Delivery,
    Emergency,
    Explanation,
    Grant,
    Health,
    Held,
    Limit,
    Offer,
    OfferedStep,
    Record,
    Remedies,
    Remedy,
    Review,
    RiskReason,
    SignIn,
    Summary,
    SummaryApproval,
    SummaryCut,
    SummaryHeld,
    SummaryMoment,
    SummaryRole,
    SummaryUse,
    WaitingFor,
)

__all__ = [
    "AccessRequest",
    "Alert",
    "Answer",
    "ApprovalStep",
    "Assessment",
    "BreakGlass",
    "Caller",
    "ChannelHealth",
    "Conditions",
    "Conflict",
    "Considered",
    "Contact",
    "Context",
    "Corrupt",
    "Decision",
    "Delegation",
    "Delivery",
    "Directory",
    "Emergency",
    "Engine",
    "Explanation",
    "Grant",
    "Health",
    "Held",
    "Honoured",
    "InternalError",
    "InvalidInput",
    "JitAccessError",
    "Limit",
    "NotFound",
    "Offer",
    "OfferedStep",
    "Page",
    "PeopleDirectory",
    "Principal",
    "RateLimited",
    "Record",
    "Remedies",
    "Remedy",
    "Refused",
    "Review",
    "RiskReason",
    "SignIn",
    "SignedLink",
    "Standing",
    "Summary",
    "SummaryApproval",
    "SummaryCut",
    "SummaryHeld",
    "SummaryMoment",
    "SummaryRole",
    "SummaryUse",
    "Unavailable",
    "WaitingFor",
    "__version__",
]

# The methods of `Engine`.
from jit_access import _commands  # noqa: F401

# Before our own end is registered, so that `logging` ends after it.
_native._log_to(_log.emit)
# A thread that never ends may keep an engine from being dropped, and its uses from being written.
atexit.register(_native._at_exit)
