//! How commands and their fields are called on the command line, where a person gains by another name.

use crate::command::{CommandSpec, FieldKind, FieldSpec};

/// Commands of the catalogue that are part of a command with another name, and have no own one.
pub(super) const COVERED: &[(&str, &str)] =
    &[("request", "status"), ("grant", "status"), ("unreviewed", "review"), ("revoke_many", "revoke")];

const COMMANDS: &[(&str, &str)] = &[("submit", "request"), ("complete_review", "review")];

const FIELDS: &[(&str, &str)] = &[
    ("duration_hours", "for"),
    ("resource", "on"),
    ("ticket_url", "ticket"),
    ("permissions", "only"),
    ("starts_at", "from"),
];

/// Fields that are arguments without a flag, besides the first one that is required.
const PLACED: &[(&str, &str)] = &[("ask", "question"), ("answer", "answer")];

/// What the command is called.
pub(super) fn command_name(spec: &CommandSpec) -> String {
    let own = COMMANDS.iter().find(|(name, _)| *name == spec.name);
    own.map_or_else(|| spec.name.replace('_', "-"), |(_, name)| (*name).to_owned())
}

/// The flag of a field.
pub(super) fn flag_name(spec: &CommandSpec, field: &FieldSpec) -> String {
    let is_taken = |name: &str| spec.all_fields().any(|other| other.name == name);
    let own = FIELDS.iter().find(|(name, flag)| *name == field.name && !is_taken(flag));
    own.map_or_else(|| field.name.replace('_', "-"), |(_, flag)| (*flag).to_owned())
}

/// Whether the field is an argument without a flag.
pub(super) fn is_placed(spec: &CommandSpec, field: &FieldSpec) -> bool {
    let is_first = spec.all_fields().find(|first| first.required).is_some_and(|first| first.name == field.name);
    let names_something = matches!(
        field.kind,
        FieldKind::Id
            | FieldKind::Role
            | FieldKind::Person
            | FieldKind::Principal
            | FieldKind::Number
            | FieldKind::Resource
    );
    (is_first && field.required && names_something) || PLACED.contains(&(spec.name, field.name))
}

/// The value name in the help.
pub(super) fn value_name(field: &FieldSpec) -> &'static str {
    match field.kind {
        FieldKind::Id => match field.name {
            "request" => "REQUEST",
            "grant" => "GRANT",
            _ => "ID",
        },
        FieldKind::Role => "ROLE",
        FieldKind::Roles => "ROLE,…",
        FieldKind::Permissions => "PERMISSION,…",
        FieldKind::Hours => "LENGTH",
        FieldKind::Number | FieldKind::Limit => "NUMBER",
        FieldKind::Instant => "TIME",
        FieldKind::Url => "URL",
        FieldKind::Resource => "RESOURCE",
        FieldKind::Person | FieldKind::Principal => "PERSON",
        FieldKind::RequestStatus | FieldKind::GrantStatus | FieldKind::DelegationStatus => "STATUS",
        FieldKind::Cursor => "CURSOR",
        FieldKind::Flag | FieldKind::AgentFlag => "yes|no",
        _ => "TEXT",
    }
}
