//! Which keys there are, and how the environment sets them.
//!
//! A variable is called `JIT_` and the key in capitals, with two underscores between the levels:
//! `JIT_MAX_DURATION_HOURS=12`, `JIT_STORE__PATH=/var/lib/jit/jit.db`, `JIT_APPROVER_ROLES=platform_admin,security`. Values
//! are read as YAML, and a list may also be written with commas. The catalogue of roles is too large for a variable and
//! stays in the file.

use serde_json::{Map, Value};

use super::reader::Reader;
use crate::model::Invalid;

/// How the text of a variable becomes a value.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A number or a flag.
    Plain,
    /// Text, whatever it looks like.
    Text,
    /// A list, in YAML or with commas.
    List,
    /// Only in the file.
    FileOnly,
}

const KEYS: &[(&str, Kind)] = &[
    ("enabled", Kind::Plain),
    ("max_duration_hours", Kind::Plain),
    ("default_duration_hours", Kind::Plain),
    ("require_justification", Kind::Plain),
    ("require_ticket_url", Kind::Plain),
    ("require_approval", Kind::Plain),
    ("approver_roles", Kind::List),
    ("approval", Kind::FileOnly),
    ("auto_approve_for_roles", Kind::List),
    ("auto_approve_max_hours", Kind::Plain),
    ("never_auto_approve.roles", Kind::List),
    ("never_auto_approve.resources", Kind::List),
    ("never_auto_approve.risk_level", Kind::Text),
    ("approval_timeout_hours", Kind::Plain),
    ("auditor_roles", Kind::List),
    ("reserved_permissions", Kind::List),
    ("limits.grants_per_person", Kind::Plain),
    ("limits.grants_total", Kind::Plain),
    ("limits.open_requests_per_person", Kind::Plain),
    ("limits.requests_per_hour", Kind::Plain),
    ("risk.production", Kind::List),
    ("risk.working_hours", Kind::Text),
    ("break_glass.enabled", Kind::Plain),
    ("break_glass.require_mfa", Kind::Plain),
    ("break_glass.notify_security_team", Kind::Plain),
    ("break_glass.max_duration_hours", Kind::Plain),
    ("break_glass.eligible_roles", Kind::List),
    ("break_glass.eligible_principals", Kind::List),
    ("break_glass.roles", Kind::List),
    ("break_glass.reserved_permissions", Kind::List),
    ("break_glass.mfa_within_minutes", Kind::Plain),
    ("break_glass.acr_values", Kind::List),
    ("break_glass.trust_mfa_flag", Kind::Plain),
    ("break_glass.reviewer_roles", Kind::List),
    ("break_glass.review_within_hours", Kind::Plain),
    ("expiration_warning_minutes", Kind::List),
    ("auto_extend", Kind::Plain),
    ("max_extensions", Kind::Plain),
    ("max_total_duration_hours", Kind::Plain),
    ("notifications.on_request", Kind::Plain),
    ("notifications.on_approval", Kind::Plain),
    ("notifications.on_activation", Kind::Plain),
    ("notifications.on_use", Kind::Plain),
    ("notifications.on_expiration", Kind::Plain),
    ("notifications.channels", Kind::List),
    ("enhanced_audit", Kind::Plain),
    ("session_summary", Kind::Plain),
    ("workflow_policy.path", Kind::Text),
    ("workflow_policy.text", Kind::FileOnly),
    ("workflow_policy.keep_shipped", Kind::Plain),
    ("roles", Kind::FileOnly),
    ("store.type", Kind::Text),
    ("store.path", Kind::Text),
    ("store.busy_timeout_ms", Kind::Plain),
    ("service.max_staleness_ms", Kind::Plain),
    ("service.interval_ms", Kind::Plain),
    ("service.waiting_uses", Kind::Plain),
];

const PREFIX: &str = "JIT_";

/// Refuses a key that the file should not have, with the one it was probably meant to be.
pub(super) fn refuse_unknown(reader: &Reader) -> Result<(), Invalid> {
    let known = |key: &str| KEYS.iter().any(|(path, _)| path.split('.').next() == Some(key));
    match reader.keys().find(|key| !known(key)) {
        None => Ok(()),
        Some(key) => {
            let tops = KEYS.iter().filter_map(|(path, _)| path.split('.').next());
            Err(Invalid::new(reader.key(key), "is not a known key", meant(key, tops)))
        }
    }
}

/// Sets in the document what the environment says.
pub(super) fn overlay(section: &mut Value, environ: impl IntoIterator<Item = (String, String)>) -> Result<(), Invalid> {
    let mut set: Vec<(String, String)> = environ.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    set.sort();
    for (name, text) in set {
        let path = name.trim_start_matches(PREFIX).to_ascii_lowercase().replace("__", ".");
        let Some((_, kind)) = KEYS.iter().find(|(key, kind)| *key == path && *kind != Kind::FileOnly) else {
            let variables: Vec<_> =
                KEYS.iter().filter(|(_, kind)| *kind != Kind::FileOnly).map(|(key, _)| variable(key)).collect();
            let expected = meant(&name, variables.iter().map(String::as_str));
            return Err(Invalid::new(name, "is not a known variable", expected));
        };
        let value = parse(&text, *kind);
        put(section, &path, value)
            .map_err(|()| Invalid::new(name, format!("sets {path}"), "a file in which that section is a mapping"))?;
    }
    Ok(())
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "__").to_ascii_uppercase())
}

fn parse(text: &str, kind: Kind) -> Value {
    let text = text.trim();
    match kind {
        Kind::Text => Value::String(text.to_owned()),
        Kind::List if !text.starts_with('[') => Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        ),
        Kind::Plain | Kind::List | Kind::FileOnly => {
            serde_saphyr::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
        }
    }
}

fn put(section: &mut Value, path: &str, value: Value) -> Result<(), ()> {
    let mut at = section;
    let mut steps: Vec<&str> = path.split('.').collect();
    let last = steps.pop().ok_or(())?;
    for step in steps {
        let map = at.as_object_mut().ok_or(())?;
        at = map.entry(step).or_insert_with(|| Value::Object(Map::new()));
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
    }
    at.as_object_mut().ok_or(())?.insert(last.to_owned(), value);
    Ok(())
}

/// What was probably meant, or everything there is.
fn meant<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<_> = known.collect();
    known.dedup();
    match known.iter().map(|name| (strsim::levenshtein(key, name), name)).min() {
        Some((distance, name)) if distance <= key.len() / 3 => format!("`{name}`, perhaps"),
        _ => format!("one of {}", known.join(", ")),
    }
}
