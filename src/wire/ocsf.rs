//! A record as an event of the Open Cybersecurity Schema Framework 1.8.0.
//!
//! | record | class | activity |
//! |---|---|---|
//! | a use | API Activity 6003 | 99 Other |
//! | a grant begins to give or gives again | User Access Management 3005 | 1 Assign Privileges |
//! | a grant ends or is held back | User Access Management 3005 | 2 Revoke Privileges |
//! | everything else | Entity Management 3004 | 1 Create, 3 Update or 4 Delete |

use serde_json::{Value, json};

use crate::error::Error;
use crate::journal::Record;
use crate::model::{Actor, Fact, Grant, GrantId, PrincipalKind, RecordResult, Subject};

const VERSION: &str = "1.8.0";
/// User Access Management.
const GRANTS: u64 = 3_005;

/// The grant that the event of this record says more of than the record, if there is one.
pub(super) fn grant_of(record: &Record) -> Option<GrantId> {
    match Subject::of(&record.event) {
        Subject::Grant(id) if class_of(&record.event.fact).0 == GRANTS => Some(id),
        _ => None,
    }
}

/// The event of this record, which is about this grant. What has no place in the schema is in `unmapped`.
pub(super) fn event(record: &Record, grant: Option<&Grant>) -> Result<Value, Error> {
    let event = &record.event;
    let (class, activity, name) = class_of(&event.fact);
    let result = event.fact.result();
    let failed = matches!(result, Some(RecordResult::Denied | RecordResult::TimedOut));
    let mut shown = json!({
        "category_uid": class / 1_000,
        "class_uid": class,
        "activity_id": activity,
        "activity_name": name,
        "type_uid": class * 100 + activity,
        "time": event.at.millis(),
        "severity_id": 1,
        "status_id": if failed { 2 } else { 1 },
        "status_detail": result.map(RecordResult::name),
        "metadata": {
            "version": VERSION,
            "uid": record.hash.to_string(),
            "sequence": record.revision.0,
            "event_code": event.fact.name(),
            "log_name": "journal",
            "product": {"name": "jit-access", "vendor_name": "jit-access", "version": env!("CARGO_PKG_VERSION")},
        },
        "actor": actor(&event.by),
        "unmapped": {"previous": record.previous.to_string(), "data": record.data()?},
    });
    let subject = subject(record);
    let mut add = |name: &str, value: Value| {
        if let Value::Object(fields) = &mut shown {
            fields.insert(name.to_owned(), value);
        }
    };
    match &event.fact {
        Fact::GrantUsed { action, resource, details, .. } => {
            let details = details.as_deref();
            add("api", json!({"operation": action.name()}));
            add("resources", json!([{"uid": resource.to_string(), "type": resource.kind().to_string()}]));
            // The schema wants an endpoint, and the record may not say from where.
            add(
                "src_endpoint",
                match details.and_then(|details| details.address) {
                    Some(address) => json!({"ip": address.to_string()}),
                    None => json!({"name": "unknown"}),
                },
            );
            if let Some(agent) = details.and_then(|details| details.user_agent.as_ref()) {
                add("http_request", json!({"user_agent": agent.as_str()}));
            }
        }
        _ if class == GRANTS => {
            let permissions = grant.map(|grant| grant.permissions.allowed()).unwrap_or_default();
            add("user", json!({"name": grant.map(|grant| grant.holder.to_string())}));
            add("privileges", permissions.iter().map(ToString::to_string).collect());
            add("resource", json!({"name": subject.1, "uid": grant.map(|grant| grant.scope.to_string())}));
        }
        _ => add("entity", json!({"type": subject.0, "uid": subject.1})),
    }
    Ok(shown)
}

const fn class_of(fact: &Fact) -> (u64, u64, &'static str) {
    match fact {
        Fact::GrantUsed { .. } => (6_003, 99, "Use"),
        Fact::GrantCreated(_) | Fact::GrantActivated { .. } | Fact::GrantResumed { .. } => {
            (GRANTS, 1, "Assign Privileges")
        }
        Fact::GrantExpired { .. }
        | Fact::GrantRevoked { .. }
        | Fact::GrantReleased { .. }
        | Fact::GrantSuspended { .. }
        | Fact::GrantExhausted { .. } => (GRANTS, 2, "Revoke Privileges"),
        Fact::RequestSubmitted(_) | Fact::RolesDelegated(_) => (3_004, 1, "Create"),
        Fact::RequestWithdrawn { .. } | Fact::RequestTimedOut { .. } | Fact::DelegationEnded { .. } => {
            (3_004, 4, "Delete")
        }
        _ => (3_004, 3, "Update"),
    }
}

fn actor(by: &Actor) -> Value {
    match by {
        Actor::Principal(who) if who.kind() == PrincipalKind::User => json!({"user": {"name": who.id()}}),
        other => json!({"app_name": other.to_string()}),
    }
}

fn subject(record: &Record) -> (&'static str, String) {
    match Subject::of(&record.event) {
        Subject::Request(id) => ("request", id.to_string()),
        Subject::Grant(id) => ("grant", id.to_string()),
        Subject::Delegation(id) => ("delegation", id.to_string()),
        Subject::Principal(who) => ("principal", who.to_string()),
        Subject::Store => ("store", "journal".to_owned()),
    }
}
