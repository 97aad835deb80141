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
use crate::model::{Actor, Event, Fact, Grant, GrantId, Principal, PrincipalKind, RecordResult, Scope, Subject};
use crate::service::Told;
use crate::store::Removed;

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

/// The event that stands for records that were removed, the first of an export. `told` says which they were, and what stands
/// for them. Its number is that of the last of them.
pub(super) fn removed(removed: &Removed, told: &Value) -> Value {
    json!({
        "category_uid": 3,
        "class_uid": 3_004,
        "activity_id": 4,
        "activity_name": "Delete",
        "type_uid": 300_404,
        "time": removed.until.millis(),
        "severity_id": 1,
        "status_id": 1,
        "metadata": {
            "version": VERSION,
            "uid": removed.hash.to_string(),
            "sequence": removed.last.0,
            "event_code": "removed",
            "log_name": "journal",
            "product": product(),
            "correlation_uid": "journal",
        },
        "actor": {"app_name": "rule:retention"},
        "entity": {"type": "records", "type_id": 99, "uid": format!("1-{}", removed.last)},
        "unmapped": {"removed": told},
    })
}

fn product() -> Value {
    json!({"name": "jit-access", "vendor_name": "jit-access", "version": env!("CARGO_PKG_VERSION")})
}

/// The event of this record, which is about this grant. What has no place in the schema is in `unmapped`.
pub(super) fn event(record: &Record, grant: Option<&Grant>, told: &Told) -> Result<Value, Error> {
    let event = &record.event;
    let (class, activity, name) = class_of(&event.fact);
    let result = event.fact.result();
    let failed = matches!(result, Some(RecordResult::Denied | RecordResult::TimedOut));
    let (kind, id) = subject(record);
    let mut shown = json!({
        "category_uid": class / 1_000,
        "class_uid": class,
        "activity_id": activity,
        "activity_name": name,
        "type_uid": class * 100 + activity,
        "time": event.at.millis(),
        "severity_id": 1,
        "status_id": if failed { 2 } else { 1 },
        "metadata": {
            "version": VERSION,
            "uid": record.hash.to_string(),
            "sequence": record.revision.0,
            "event_code": event.fact.name(),
            "log_name": "journal",
            "product": product(),
            "correlation_uid": id,
        },
        "actor": actor(event, told.person.as_ref()),
        "unmapped": unmapped(record, told)?,
    });
    let mut add = |name: &str, value: Value| {
        if let Value::Object(fields) = &mut shown {
            fields.insert(name.to_owned(), value);
        }
    };
    if let Some(result) = result {
        add("status_detail", json!(result.name()));
    }
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
            let holder = grant.map_or_else(|| "unknown".to_owned(), |grant| grant.holder.to_string());
            add("user", json!({"name": holder}));
            add("privileges", permissions.iter().map(ToString::to_string).collect());
            let scope = grant.map_or_else(|| Scope::ANY.to_string(), |grant| grant.scope.to_string());
            add("resources", json!([{"uid": scope}]));
        }
        _ => add("entity", json!({"type": kind, "type_id": 99, "uid": id})),
    }
    Ok(shown)
}

fn unmapped(record: &Record, told: &Told) -> Result<Value, Error> {
    let mut unmapped = json!({"previous": record.previous.to_string(), "data": record.data()?});
    if let (Some(approval), Value::Object(fields)) = (&told.approval, &mut unmapped) {
        fields.insert("request".to_owned(), json!(approval.request.to_string()));
        fields.insert("approvers".to_owned(), approval.by.iter().map(ToString::to_string).collect());
        fields.extend(approval.ticket.as_ref().map(|ticket| ("ticket".to_owned(), json!(ticket.to_string()))));
    }
    Ok(unmapped)
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

/// Who did it: the program or the agent, and the person who answers for it.
fn actor(event: &Event, person: Option<&Principal>) -> Value {
    let by = match &event.by {
        Actor::Principal(who) if who.kind() == PrincipalKind::User => None,
        other => Some(other.to_string()),
    };
    let mut actor = serde_json::Map::new();
    actor.extend(by.map(|by| ("app_name".to_owned(), json!(by))));
    actor.extend(person.map(|person| ("user".to_owned(), json!({"name": person.id(), "type_id": 1}))));
    if let Fact::GrantUsed { details: Some(details), .. } = &event.fact
        && let Some(session) = &details.session
    {
        actor.insert("session".to_owned(), json!({"uid": session.to_string()}));
    }
    Value::Object(actor)
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
