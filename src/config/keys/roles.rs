//! Keys of the roles that can be requested, and of their conditions.

use super::Kind::FileOnly;
use super::{Table, key};

pub(super) const TABLES: &[Table] = &[
    (
        "roles",
        &[
            key("roles", FileOnly, "", "What can be requested: a mapping from the name of a role to the keys below."),
            key(
                "roles.permissions",
                FileOnly,
                "",
                "What the role gives. Wildcards end in `.*` or `:*`; `*` is everything.",
            ),
            key(
                "roles.except_permissions",
                FileOnly,
                "",
                "What the role does not give, even if a wildcard in it covers it.",
            ),
            key("roles.description", FileOnly, "", "A text for people who read the file."),
            key(
                "roles.max_duration_hours",
                FileOnly,
                "the general one",
                "The longest grant of this role. The general `max_duration_hours` applies as well.",
            ),
            key(
                "roles.default_duration_hours",
                FileOnly,
                "the general one",
                "The length of a grant of this role when the request names none.",
            ),
            key("roles.approver_roles", FileOnly, "the general ones", "Roles of the host that may approve this role."),
            key("roles.approval", FileOnly, "the general one", "The steps of an approval for this role."),
            key(
                "roles.requestable_by",
                FileOnly,
                "anyone",
                "Roles of the host; the requester must hold one of them, also as long as the grant is live.",
            ),
            key(
                "roles.conflicts_with",
                FileOnly,
                "",
                "Roles that should not be held together with this one. Approvers are warned.",
            ),
            key("roles.conditions", FileOnly, "", "Conditions of every grant of this role, checked at every use."),
        ],
    ),
    (
        "conditions",
        &[
            key(
                "roles.conditions.mfa_within_minutes",
                FileOnly,
                "",
                "1 to 1440: the principal signed in with a second factor at most this long ago (the claims `amr`, `acr` and `auth_time`, read as for break-glass).",
            ),
            key(
                "roles.conditions.networks",
                FileOnly,
                "",
                "The address of the caller is in one of these networks, such as `10.0.0.0/8`.",
            ),
            key(
                "roles.conditions.max_uses",
                FileOnly,
                "",
                "The most uses, counted exactly over all threads and processes. With the last one the grant is `exhausted`.",
            ),
        ],
    ),
];
