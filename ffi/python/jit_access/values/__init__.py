"""The values that an engine answers with. Generated from `src/wire`, by `tests/generated`.

Each has every field of its JSON document, with the instants as `datetime` in UTC and the lists as tuples. What a method
answers is how things stood when it returned; nothing changes it later.
"""

from jit_access.values.alert import Alert
from jit_access.values.analysis import Analysis, BrokenRule, Case, RequestProof
from jit_access.values.assessment import Assessment, RiskReason
from jit_access.values.delegation import Delegation
from jit_access.values.delivery import Delivery
from jit_access.values.events import Event, Events
from jit_access.values.explanation import Considered, Explanation
from jit_access.values.grant import BreakGlass, Grant
from jit_access.values.health import ChannelHealth, ClockHealth, Health, JournalHealth, OfflineHealth, StoreHealth
from jit_access.values.offer import Held, Offer, OfferedStep
from jit_access.values.record import Record
from jit_access.values.refused import RefusedAttempt
from jit_access.values.remedy import Remedies, Remedy
from jit_access.values.request import AccessRequest, Emergency, Repeat, SignIn
from jit_access.values.review import Answer, ApprovalStep, Limit, Review, WaitingFor
from jit_access.values.sizing import Called, History, Past, PermissionUse, Proposal, Replay, RightSize, RoleUse
from jit_access.values.summary import (
    Summary,
    SummaryApproval,
    SummaryCut,
    SummaryHeld,
    SummaryMoment,
    SummaryRefused,
    SummaryRole,
    SummaryUse,
)

__all__ = [
    "AccessRequest",
    "Alert",
    "Analysis",
    "Answer",
    "ApprovalStep",
    "Assessment",
    "BreakGlass",
    "BrokenRule",
    "Called",
    "Case",
    "ChannelHealth",
    "ClockHealth",
    "Considered",
    "Delegation",
    "Delivery",
    "Emergency",
    "Event",
    "Events",
    "Explanation",
    "Grant",
    "Health",
    "Held",
    "History",
    "JournalHealth",
    "Limit",
    "Offer",
    "OfferedStep",
    "OfflineHealth",
    "Past",
    "PermissionUse",
    "Proposal",
    "Record",
    "RefusedAttempt",
    "Remedies",
    "Remedy",
    "Repeat",
    "Replay",
    "RequestProof",
    "Review",
    "RightSize",
    "RiskReason",
    "RoleUse",
    "SignIn",
    "StoreHealth",
    "Summary",
    "SummaryApproval",
    "SummaryCut",
    "SummaryHeld",
    "SummaryMoment",
    "SummaryRefused",
    "SummaryRole",
    "SummaryUse",
    "WaitingFor",
]
