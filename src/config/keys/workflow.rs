//! Keys of requests and of their approval.

use super::Kind::{FileOnly, List, Plain, Text};
use super::{Table, key};

pub(super) const TABLES: &[Table] = &[
    (
        "workflow",
        &[
            key("enabled", Plain, "true", "`false`: no request can be made, and no grant is honoured."),
            key("max_duration_hours", Plain, "8", "The longest grant of any role."),
            key("default_duration_hours", Plain, "1", "The length of a grant when the request names none."),
            key("require_justification", Plain, "true", "A request must have a `reason`."),
            key("require_ticket_url", Plain, "false", "A request must have a `ticket_url`."),
            key("approval_timeout_hours", Plain, "24", "How long a request waits for an answer before it expires."),
            key(
                "host_roles",
                List,
                "",
                "Roles of the host that no other key names. `conflicts_with` may name only roles that are known.",
            ),
            key("auditor_roles", List, "", "Roles of the host that may see everything and change nothing."),
            key(
                "reserved_permissions",
                List,
                "",
                "Permissions that no grant gives, even if a wildcard in it covers them.",
            ),
            key(
                "on_role_change",
                Text,
                "`keep`",
                "What happens to live grants that permit more than their role does now, because it was removed or narrowed: `keep` keeps them until their end, `revoke` revokes them at the next start. Break-glass grants remain.",
            ),
        ],
    ),
    (
        "approval",
        &[
            key(
                "require_approval",
                Plain,
                "true",
                "`false`: every request is approved by this rule, and this is recorded.",
            ),
            key("approver_roles", List, "", "Roles of the host that may approve and revoke, and that see everything."),
            key(
                "approval",
                FileOnly,
                "one approval by one of `approver_roles`",
                "The steps of an approval, for roles without steps of their own: a list.",
            ),
            key("approval.roles", FileOnly, "", "For a step: the roles; an approver needs one of them."),
            key("approval.count", FileOnly, "1", "For a step: how many different people must approve."),
            key(
                "approval.escalate_after_hours",
                FileOnly,
                "",
                "For a step: when `escalate_to` may approve too, counted from the request.",
            ),
            key("approval.escalate_to", FileOnly, "", "For a step: the roles that may approve too from then on."),
            key("auto_approve_for_roles", List, "", "Roles of the host whose holders are approved by this rule."),
            key(
                "auto_approve_max_hours",
                Plain,
                "the default length",
                "The longest grant that `auto_approve_for_roles` gives.",
            ),
            key(
                "never_auto_approve.roles",
                List,
                "",
                "Roles of the catalogue that no rule approves, whatever else is set.",
            ),
            key("never_auto_approve.resources", List, "", "Resources, such as `server:shop`, that no rule approves."),
            key(
                "never_auto_approve.risk_level",
                Text,
                "",
                "`low`, `medium`, `high` or `critical`: no rule approves a request with this risk or a higher one.",
            ),
        ],
    ),
];
