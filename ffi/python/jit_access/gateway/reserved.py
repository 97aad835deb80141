"""What each permission of the gateway could leave behind, and so which of them just-in-time access never gives.

A grant ends, and what it was used for may stay. So every permission is in one of these classes. A test walks the
permissions and the routes of each supported version of the gateway, and fails on what nobody has put into one.
Permissions that a later version brings are given by no grant until somebody has. Operators reserve more in
`reserved_permissions` of the configuration.
"""

from __future__ import annotations

from typing import Final

READS: Final = frozenset(
    {
        "a2a.invoke",
        "a2a.read",
        "admin.compliance",
        "admin.dashboard",
        "admin.events",
        "admin.export",
        "admin.oauth_clients:read",
        "admin.overview",
        "admin.security_audit",
        "audit:read",
        "gateways.read",
        "llm.invoke",
        "llm.read",
        "logs:read",
        "metrics:read",
        "plugins.read",
        "prompts.execute",
        "prompts.read",
        "resources.read",
        "security:read",
        "servers.read",
        "servers.use",
        "tags.read",
        "teams.read",
        "tokens.read",
        "tools.execute",
        "tools.preview",
        "tools.read",
        "users.read",
    }
)
"""Uses and looks. In the gateway itself nothing stays of them."""

CONTENT: Final = frozenset(
    {
        "a2a.create",
        "a2a.delete",
        "a2a.update",
        "admin.grpc",
        "admin.metrics",
        "admin.oauth_clients:delete",
        "gateways.create",
        "gateways.delete",
        "gateways.update",
        "prompts.create",
        "prompts.delete",
        "prompts.update",
        "resources.create",
        "resources.delete",
        "resources.update",
        "servers.create",
        "servers.delete",
        "servers.update",
        "tags.create",
        "tags.delete",
        "tags.update",
        "tokens.revoke",
        "tools.create",
        "tools.delete",
        "tools.update",
    }
)
"""Makes, changes and deletes things that the gateway serves, or ends a token. The things stay; no right to anything
stays with the holder of the grant."""

RIGHTS: Final = frozenset(
    {
        "admin.import",
        "admin.plugins",
        "admin.sso_providers:create",
        "admin.sso_providers:delete",
        "admin.sso_providers:read",
        "admin.sso_providers:update",
        "admin.system_config",
        "admin.user_management",
        "resources.share",
        "servers.manage",
        "teams.create",
        "teams.delete",
        "teams.join",
        "teams.manage_members",
        "teams.update",
        "tokens.create",
        "tokens.update",
        "tools.manage_plugins",
        "users.create",
        "users.delete",
        "users.invite",
        "users.update",
    }
)
"""Could leave a right that outlives the grant (an account, a role, a token, a place in a team, a sign-in), or change
what the gateway enforces and records (plugins, their bindings, its configuration). No grant gives these."""

PLATFORM_ADMIN: Final = "platform_admin"
"""The gateway's name for the role of its administrators, held through a flag of the account."""

RESERVED: Final = (*sorted(RIGHTS), "admin.sso_providers:*")
"""What the engine is opened with, so that every grant leaves it out."""

_NOT_IN_A_ROLE: Final = frozenset({"admin.security_audit"})
"""A role with one of these opens the routes that rewrite roles, so only the hook gives them."""


def is_grantable(permission: str) -> bool:
    """Whether a grant may give this permission in the gateway. What is in no class is given by none."""
    return permission in READS or permission in CONTENT


def may_mirror(permission: str) -> bool:
    """Whether a grant may put this permission into a role of the gateway."""
    return is_grantable(permission) and permission not in _NOT_IN_A_ROLE
