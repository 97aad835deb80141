"""Signals from other systems that end or suspend what somebody holds, at once.

Security Event Tokens (RFC 8417) that are pushed (RFC 8935) by a transmitter of CAEP and RISC events, and what a
SCIM client says
of an account. Needs the extra `signals` for the tokens.

| module | question |
|---|---|
| `effects` | what follows from a signal |
| `tokens` | is this token genuine, meant for us, and of which signal |
| `receiver` | the route that takes pushed tokens |
"""

from __future__ import annotations

from jit_access.signals.effects import Signal, SignalKind, apply, of_scim
from jit_access.signals.receiver import create_receiver
from jit_access.signals.tokens import SetError, Transmitter, read

__all__ = ["SetError", "Signal", "SignalKind", "Transmitter", "apply", "create_receiver", "of_scim", "read"]
