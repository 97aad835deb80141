//! A rule that forbids must never forbid nothing because of a misspelling or of an empty variable.

use serde_json::{Map, Value, json};

use super::super::{environment, keys};
use super::*;
use crate::config::reader::Findings;

/// The document with one key set.
fn with(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, step| Value::Object(Map::from_iter([(step.to_owned(), inner)])))
}

/// Every key: an empty variable counts as not set, and is logged.
#[test]
fn an_empty_variable_changes_no_key() {
    let mut seen = 0;
    for key in keys::all() {
        let Some(variable) = key.variable() else { continue };
        for empty in ["", " ", "\t\n"] {
            let before = with(key.path, json!("what the file says"));
            let (mut section, findings) = (before.clone(), Findings::default());
            environment::overlay(&mut section, [(variable.clone(), empty.to_owned())], &findings);
            assert_eq!(section, before, "{variable}={empty:?}");
            let (errors, warnings) = findings.into_parts();
            assert!(errors.is_empty() && warnings.len() == 1 && warnings[0].contains(&variable), "{variable}");
        }
        seen += 1;
    }
    assert!(seen > 60, "{seen}");
}

/// How a mistaken value of a key is treated.
enum Taken {
    /// This value, put there, is refused by the name of the key.
    Refused(&'static str, Value),
    /// It forbids nothing, or a misspelling forbids more.
    Harmless,
}

/// A catalogue, and what else the names in it lead to.
fn around() -> Value {
    json!({
        "approver_roles": ["lead"], "host_roles": ["developer"],
        "reserved_permissions": ["logs.delete"],
        "schema": {"shipped": "contextforge"},
        "roles": {"operator": {"permissions": ["tools.execute", "logs.*"]}, "auditor": {"permissions": ["audit.read"]}},
    })
}

/// Which mistaken value is tried for each key that forbids by a name; a wrong number or flag is refused by its type.
fn taken(key: &keys::Key) -> Taken {
    let refused = |value| Taken::Refused(key.path, value);
    match key.path {
        "reserved_permissions" => refused(json!(["tools.exceute"])),
        "never_auto_approve.roles" => refused(json!(["operatr"])),
        "never_auto_approve.resources" | "risk.production" => refused(json!(["sever:shop"])),
        "never_auto_approve.risk_level" => refused(json!("hihg")),
        "on_role_change" => refused(json!("revokes")),
        "break_glass.roles" => refused(json!(["auditer"])),
        "break_glass.reserved_permissions" => refused(json!(["logs.delet"])),
        "break_glass.after_unjustified" => refused(json!("blok")),
        "monitor.suspend_on" => refused(json!(["brust"])),
        "journal.on_failure" => refused(json!("stop_elevatoin")),
        "risk.working_hours" => refused(json!("08:00-25:00")),
        "roles.except_permissions" => Taken::Refused("roles.operator.except_permissions", json!(["logs:delete"])),
        "roles.conflicts_with" => Taken::Refused("roles.operator.conflicts_with", json!(["auditr"])),
        "roles.conditions.networks" => Taken::Refused("roles.operator.conditions.networks", json!(["10.0.0.0/33"])),
        "roles.conditions" => Taken::Refused("roles.operator.conditions", json!({"max_use": 3})),
        "workflow_policy.text" => refused(json!("forbid (principal, action == Action::\"jit.aprove\", resource);")),
        // The named role gets something; a misspelt name gets nothing.
        "host_roles"
        | "auditor_roles"
        | "approver_roles"
        | "approval"
        | "approval.roles"
        | "approval.escalate_to"
        | "auto_approve_for_roles"
        | "roles"
        | "roles.permissions"
        | "roles.description"
        | "roles.approver_roles"
        | "roles.approval"
        | "roles.requestable_by"
        | "break_glass.eligible_roles"
        | "break_glass.eligible_principals"
        | "break_glass.reviewer_roles"
        | "break_glass.acr_values" => Taken::Harmless,
        // An alert that is not switched off by mistake is still raised; what is destructive is the operator's own word.
        "monitor.off" | "monitor.destructive" => Taken::Harmless,
        // Files, places and messages; policies are validated when the engine is opened, and with a mistake it is not.
        path if [
            "workflow_policy.",
            "guardrails.",
            "standing_policies.",
            "invariants.",
            "schema.",
            "store.",
            "journal.",
            "notifications.",
        ]
        .iter()
        .any(|part| path.starts_with(part)) =>
        {
            Taken::Harmless
        }
        // A folder: nothing starts with one that cannot be used.
        "break_glass.offline_folder" => Taken::Harmless,
        "expiration_warning_minutes" => Taken::Harmless,
        path => {
            let is_flag = ["true", "false"].contains(&key.default);
            let value = if is_flag { json!("ture") } else { json!("8 or so") };
            match path.strip_prefix("roles.") {
                Some(rest) => {
                    let path: &'static str = format!("roles.operator.{rest}").leak();
                    Taken::Refused(path, value)
                }
                None if path.starts_with("approval.") => Taken::Harmless,
                None => refused(value),
            }
        }
    }
}

fn put(document: &mut Value, path: &str, value: Value) {
    let mut at = document;
    for step in path.split('.') {
        if !at.is_object() {
            *at = json!({});
        }
        at = at.as_object_mut().unwrap().entry(step).or_insert(Value::Null);
    }
    *at = value;
}

/// Every existing key: a new one must define what a misspelling in it does.
#[test]
fn a_misspelling_in_a_rule_that_forbids_is_refused() {
    let parse = |section: &Value| Config::parse(&json!({"jit_access": section}).to_string(), []);
    parse(&around()).unwrap();
    let mut seen = 0;
    for key in keys::all() {
        let Taken::Refused(path, value) = taken(key) else { continue };
        let mut section = around();
        put(&mut section, path, value.clone());
        let error = parse(&section).expect_err(&format!("{path}: {value}"));
        assert!(error.field().starts_with(&format!("jit_access.{path}")), "{path}: {error}");
        assert!(!error.expected().is_empty(), "{error}");
        seen += 1;
        // A key that is itself misspelt forbids nothing either.
        let mut section = around();
        put(&mut section, &format!("{path}x"), json!(1));
        let found = Config::check(None, &json!({"jit_access": section}).to_string(), []);
        let unknown = |error: &Invalid| error.problem().contains("not a known key");
        assert!(found.errors.iter().any(unknown), "{path}x: {:?}", found.errors);
    }
    assert!(seen > 45, "{seen}");
}
