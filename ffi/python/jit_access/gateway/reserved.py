"""The gateway's permissions that just-in-time access never gives, whatever a role of the catalogue says.

Who could hold these for an hour could make themselves an approver for ever, or switch the enforcement off: a grant
must not be able to produce what outlives it. Operators reserve more in `reserved_permissions` of the configuration.
"""

from __future__ import annotations

from typing import Final

_NEVER: Final = frozenset({"*", "admin.user_management", "admin.plugins"})
"""Assigning roles (and with them the right to approve), and switching plugins on and off."""

_NEVER_PREFIXES: Final = ("jit.", "admin.sso_providers:")
"""This library's own, and the identity providers that say who is an administrator."""

_NEVER_AS_ROLE: Final = frozenset({"admin.system_config", "admin.security_audit"})
"""In a role each of these opens the routes that rewrite roles; through the hook they open only what they name."""


def may_lift(permission: str) -> bool:
    """Whether a grant may answer a single check of this permission."""
    return permission not in _NEVER and not permission.startswith(_NEVER_PREFIXES)


def may_mirror(permission: str) -> bool:
    """Whether a grant may put this permission into a role of the gateway."""
    return may_lift(permission) and permission not in _NEVER_AS_ROLE
