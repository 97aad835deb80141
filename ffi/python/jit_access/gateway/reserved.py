"""The gateway's permissions that just-in-time access never gives, whatever a role of the catalogue says.

Who could hold these for an hour could make themselves an approver for ever, or switch the enforcement off: a grant
must not be able to produce what outlives it. Operators reserve more in `reserved_permissions` of the configuration.
"""

from __future__ import annotations

from typing import Final

RESERVED: Final = ("admin.user_management", "admin.plugins", "admin.sso_providers:*")
"""Assigning roles (and with them the right to approve), switching plugins, and saying who is an administrator. The
engine is opened with these, so that every grant leaves them out."""

_NOT_IN_A_ROLE: Final = frozenset({"*", "admin.system_config", "admin.security_audit"})
"""In a role each of these opens the routes that rewrite roles; through the hook they open only what they name."""


def may_mirror(permission: str) -> bool:
    """Whether a grant may put this permission into a role of the gateway."""
    return permission not in _NOT_IN_A_ROLE
