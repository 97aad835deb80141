//! A record as an event of the Open Cybersecurity Schema Framework 1.8.0.
//!
//! | record | class | activity |
//! |---|---|---|
//! | a use | API Activity 6003 | 99 Other |
//! | a grant begins or is resumed | User Access Management 3005 | 1 Assign Privileges |
//! | a grant ends or is suspended | User Access Management 3005 | 2 Revoke Privileges |
//! | everything else | Entity Management 3004 | 1 Create, 3 Update or 4 Delete |

use core::net::IpAddr;

use serde::Serialize;
use serde_json::{Value, json};

use super::record::with_data;
use crate::error::Error;
use crate::journal::Record;
use crate::model::{Actor, Event, Fact, Grant, GrantId, Principal, PrincipalKind, RecordResult, Scope, Subject};
use crate::service::Attribution;
use crate::store::Removed;

const VERSION: &str = "1.8.0";
/// User Access Management.
const GRANTS: u64 = 3_005;

/// The grant that is needed for the event of this record, if there is one.
pub(super) fn grant_of(record: &Record) -> Option<GrantId> {
    match Subject::of(&record.event) {
        Subject::Grant(id) if class_of(&record.event.fact).0 == GRANTS => Some(id),
        _ => None,
    }
}

/// The event of removed records, the first one of an export. `added` says which records were removed, and what covers
/// them. Its number is that of the last of them.
pub(super) fn removed(removed: &Removed, added: &Value) -> Value {
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
            "product": PRODUCT,
            "correlation_uid": "journal",
        },
        "actor": {"app_name": "rule:retention"},
        "entity": {"type": "records", "type_id": 99, "uid": format!("1-{}", removed.last)},
        "unmapped": {"removed": added},
    })
}

const PRODUCT: Product = Product { name: "jit-access", vendor_name: "jit-access", version: env!("CARGO_PKG_VERSION") };

/// The fields in the order of their names.
#[derive(Serialize)]
struct Shown<'a> {
    activity_id: u64,
    activity_name: &'static str,
    actor: Acting<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<Api<'a>>,
    category_uid: u64,
    class_uid: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<Entity<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_request: Option<HttpRequest<'a>>,
    metadata: Metadata<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    privileges: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resources: Option<[Thing<'a>; 1]>,
    severity_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_endpoint: Option<Endpoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_detail: Option<&'static str>,
    status_id: u64,
    time: i64,
    type_uid: u64,
    unmapped: Unmapped,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Named>,
}

#[derive(Serialize)]
struct Acting<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Person<'a>>,
}

#[derive(Serialize)]
struct Session<'a> {
    uid: &'a str,
}

#[derive(Serialize)]
struct Person<'a> {
    name: &'a str,
    type_id: u64,
}

#[derive(Serialize)]
struct Named {
    name: String,
}

#[derive(Serialize)]
struct Api<'a> {
    operation: &'a str,
}

#[derive(Serialize)]
struct Entity<'a> {
    r#type: &'static str,
    type_id: u64,
    uid: &'a str,
}

#[derive(Serialize)]
struct HttpRequest<'a> {
    user_agent: &'a str,
}

#[derive(Serialize)]
struct Thing<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'a str>,
    uid: String,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Endpoint {
    Ip(IpAddr),
    Name(&'static str),
}

#[derive(Serialize)]
struct Metadata<'a> {
    correlation_uid: &'a str,
    event_code: &'static str,
    log_name: &'static str,
    product: Product,
    sequence: u64,
    uid: String,
    version: &'static str,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Unmapped {
    #[serde(skip_serializing_if = "Option::is_none")]
    approvers: Option<Vec<String>>,
    /// Filled in as text.
    data: (),
    previous: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
}

/// The event of this record, which is about this grant, as text. Data without a place in the schema is in `unmapped`.
pub(super) fn event(record: &Record, grant: Option<&Grant>, added: &Attribution) -> Result<String, Error> {
    let event = &record.event;
    let (class, activity, name) = class_of(&event.fact);
    let result = event.fact.result();
    let failed = matches!(result, Some(RecordResult::Denied | RecordResult::TimedOut));
    let (kind, id) = subject(record);
    let mut shown = Shown {
        activity_id: activity,
        activity_name: name,
        actor: actor(event, added.person.as_ref()),
        api: None,
        category_uid: class / 1_000,
        class_uid: class,
        entity: None,
        http_request: None,
        metadata: Metadata {
            correlation_uid: &id,
            event_code: event.fact.name(),
            log_name: "journal",
            product: PRODUCT,
            sequence: record.revision.0,
            uid: record.hash.to_string(),
            version: VERSION,
        },
        privileges: None,
        resources: None,
        severity_id: 1,
        src_endpoint: None,
        status_detail: result.map(RecordResult::name),
        status_id: if failed { 2 } else { 1 },
        time: event.at.millis(),
        type_uid: class * 100 + activity,
        unmapped: unmapped(record, added),
        user: None,
    };
    match &event.fact {
        Fact::GrantUsed { action, resource, details, .. } => {
            let details = details.as_deref();
            shown.api = Some(Api { operation: action.name() });
            shown.resources = Some([Thing { r#type: Some(resource.kind().name()), uid: resource.to_string() }]);
            // The schema requires an endpoint, and the record may have no address.
            let address = details.and_then(|details| details.address);
            shown.src_endpoint = Some(address.map_or(Endpoint::Name("unknown"), Endpoint::Ip));
            let agent = details.and_then(|details| details.user_agent.as_ref());
            shown.http_request = agent.map(|agent| HttpRequest { user_agent: agent.as_str() });
        }
        _ if class == GRANTS => {
            let permissions = grant.map(|grant| grant.permissions.allowed()).unwrap_or_default();
            let holder = grant.map_or_else(|| "unknown".to_owned(), |grant| grant.holder.to_string());
            shown.user = Some(Named { name: holder });
            shown.privileges = Some(permissions.iter().map(ToString::to_string).collect());
            let scope = grant.map_or_else(|| Scope::ANY.to_string(), |grant| grant.scope.to_string());
            shown.resources = Some([Thing { r#type: None, uid: scope }]);
        }
        _ => shown.entity = Some(Entity { r#type: kind, type_id: 99, uid: &id }),
    }
    match record.data_text() {
        Some(data) => with_data(&shown, data),
        None => with_data(&shown, &record.data()?.to_string()),
    }
}

fn unmapped(record: &Record, added: &Attribution) -> Unmapped {
    let approval = added.approval.as_deref();
    Unmapped {
        approvers: approval.map(|approval| approval.by.iter().map(ToString::to_string).collect()),
        data: (),
        previous: record.previous.to_string(),
        request: approval.map(|approval| approval.request.to_string()),
        ticket: approval.and_then(|approval| approval.ticket.as_ref()).map(ToString::to_string),
    }
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

/// The actor: the program or the agent, and the accountable person.
fn actor<'a>(event: &'a Event, person: Option<&'a Principal>) -> Acting<'a> {
    let app_name = match &event.by {
        Actor::Principal(who) if who.kind() == PrincipalKind::User => None,
        other => Some(other.to_string()),
    };
    let session = match &event.fact {
        Fact::GrantUsed { details: Some(details), .. } => details.session.as_ref(),
        _ => None,
    };
    Acting {
        app_name,
        session: session.map(|session| Session { uid: session.as_str() }),
        user: person.map(|person| Person { name: person.id(), type_id: 1 }),
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
