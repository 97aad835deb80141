//! Keys of break-glass.

use super::Kind::{List, Plain, Text};
use super::{Table, key};

pub(super) const TABLES: &[Table] = &[(
    "break_glass",
    &[
        key("break_glass.enabled", Plain, "false", "Whether break-glass access is possible."),
        key(
            "break_glass.eligible_roles",
            List,
            "",
            "Roles of the host whose holders may take it. This key or the next one must be set.",
        ),
        key("break_glass.eligible_principals", List, "", "People who may take it."),
        key(
            "break_glass.even_never_auto_approve",
            Plain,
            "false",
            "`true`: break-glass may take what `never_auto_approve` names.",
        ),
        key("break_glass.roles", List, "all roles", "Which roles of the catalogue can be taken."),
        key("break_glass.max_duration_hours", Plain, "1", "The longest grant. The limits of the role apply as well."),
        key(
            "break_glass.offline",
            Plain,
            "false",
            "`true`: a role can be taken by break-glass while the store is unavailable: once by each person, for a short time, and recorded on this machine until it is merged.",
        ),
        key(
            "break_glass.offline_folder",
            Text,
            "",
            "The folder for that record, on a disk of this machine; only its account may use it. It is created when it is missing. Keep the key set until the contents are merged.",
        ),
        key(
            "break_glass.offline_max_minutes",
            Plain,
            "30",
            "The longest grant of this kind. At most `max_duration_hours`.",
        ),
        key(
            "break_glass.require_mfa",
            Plain,
            "true",
            "A second factor must be proven: by `amr` (RFC 8176: `mfa`, or methods of two kinds) or `acr`, and by `auth_time`.",
        ),
        key("break_glass.mfa_within_minutes", Plain, "15", "How long ago that sign-in may be."),
        key("break_glass.acr_values", List, "", "Authentication contexts (`acr`) that count as a second factor."),
        key(
            "break_glass.trust_mfa_flag",
            Plain,
            "false",
            "The host's flag `mfa` is enough, without `amr`, `acr` and `auth_time`.",
        ),
        key(
            "break_glass.reserved_permissions",
            List,
            "the general ones",
            "Which of the general `reserved_permissions` stay reserved in break-glass.",
        ),
        key(
            "break_glass.notify_security_team",
            Plain,
            "true",
            "A notice for the security team is written with the grant, and when a review is overdue.",
        ),
        key(
            "break_glass.reviewer_roles",
            List,
            "`approver_roles`",
            "Roles of the host, one of which must review the use afterwards.",
        ),
        key(
            "break_glass.review_within_hours",
            Plain,
            "24",
            "When the review is overdue, counted from the end of the grant.",
        ),
        key(
            "break_glass.after_unjustified",
            Text,
            "none",
            "What happens when the review finds the use unjustified: `none`; `block`: no break-glass until a reviewer waives that review; `revoke_and_block`: the person's live grants end, too.",
        ),
    ],
)];
