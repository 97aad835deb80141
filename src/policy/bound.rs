//! The envelope of a grant: the most that it may permit.
//!
//! The envelope is made from the approved grant, in another way than [`super::translate`]: nothing of it is in the head
//! of a policy, and permissions are expanded by the model's own rules for each action, not by groups. So comparing the
//! two finds a fault in either.

use cedar_policy::{Policy, PolicyId};
use serde_json::{Value, json};

use super::error::reason;
use super::vocabulary::{self, ADDRESS, CALL, MFA_AT, NOW, SESSION, USED_UP};
use super::{PolicyError, Schema};
use crate::model::{Action, Conditions, Grant, Permission, PermissionSet, SIGN_IN_SKEW_MILLIS};

/// The policy that permits what this grant may permit and nothing else.
///
/// # Errors
/// When Cedar refuses a part of it.
pub(crate) fn bound(grant: &Grant, schema: &Schema) -> Result<Policy, PolicyError> {
    let covered: Vec<Value> = schema
        .names()
        .filter(|name| gives(&grant.permissions, name))
        .map(|name| Ok(entity(&vocabulary::uid(vocabulary::ACTION, name)?)))
        .collect::<Result<_, PolicyError>>()?;
    let mut all = vec![
        equal(variable("principal"), entity(&vocabulary::principal(&grant.holder)?)),
        json!({ "contains": { "left": { "Set": covered }, "right": variable("action") } }),
        not(json!({ "<": { "left": given(NOW), "right": instant(&grant.window.start().to_string()) } })),
        json!({ "<": { "left": given(NOW), "right": instant(&grant.window.end().to_string()) } }),
    ];
    if let Some(kind) = grant.scope.kind() {
        let entity_type = vocabulary::resource_type(kind);
        all.push(json!({ "is": { "left": variable("resource"), "entity_type": entity_type } }));
    }
    if let Some((own, _)) = grant.scope.part() {
        all.push(equal(variable("resource"), entity(&vocabulary::thing(own)?)));
    }
    for thing in grant.scope.things() {
        all.push(json!({ "in": { "left": variable("resource"), "right": entity(&vocabulary::thing(thing)?) } }));
    }
    all.extend(conditions(grant));
    let clauses: Vec<Value> = all.into_iter().map(|body| json!({ "kind": "when", "body": body })).collect();
    let head = json!({ "op": "All" });
    let policy =
        json!({ "effect": "permit", "principal": head, "action": head, "resource": head, "conditions": clauses });
    let untranslatable =
        |error: &dyn std::error::Error| PolicyError::Untranslatable { grant: grant.id, reason: reason(error) };
    Policy::from_json(Some(PolicyId::new("envelope")), policy).map_err(|error| untranslatable(&error))
}

/// Whether the set covers this action; for a group, which is never an action of a check, whether it covers any member.
fn gives(permissions: &PermissionSet, name: &str) -> bool {
    match (Action::new(name), Permission::new(name)) {
        (Ok(action), _) => permissions.covers(&action),
        (Err(_), Ok(group)) => {
            let includes = |all: &[Permission]| all.iter().any(|one| one.includes(&group));
            includes(permissions.allowed()) && !includes(permissions.excepted())
        }
        _ => false,
    }
}

/// The forbid as a permit, to test whether anything that it forbids is allowed.
pub(crate) fn turned(forbid: &Policy) -> Result<Policy, PolicyError> {
    let wrong = |error: &dyn std::error::Error| PolicyError::Unanswerable { reason: reason(error) };
    let mut policy = forbid.to_json().map_err(|error| wrong(&error))?;
    if let Some(object) = policy.as_object_mut() {
        object.insert("effect".to_owned(), "permit".into());
    }
    Policy::from_json(Some(PolicyId::new("forbidden")), policy).map_err(|error| wrong(&error))
}

fn conditions(grant: &Grant) -> Vec<Value> {
    let Conditions { mfa_within, networks, session, max_uses, call } = &grant.conditions;
    let mut all = Vec::new();
    if let Some(within) = mfa_within {
        all.push(has(MFA_AT));
        all.push(json!({ "<": { "left": given(NOW), "right": later(&given(MFA_AT), within.millis()) } }));
        all.push(not(json!({ "<": { "left": later(&given(NOW), SIGN_IN_SKEW_MILLIS), "right": given(MFA_AT) } })));
    }
    if let Some(networks) = networks {
        all.push(has(ADDRESS));
        let any =
            networks.texts().map(|network| json!({ "isInRange": [given(ADDRESS), { "ip": [{ "Value": network }] }] }));
        all.extend(any.reduce(|one, two| json!({ "||": { "left": one, "right": two } })));
    }
    for (name, value) in
        [(SESSION, session.as_ref().map(ToString::to_string)), (CALL, call.as_ref().map(ToString::to_string))]
    {
        if let Some(value) = value {
            all.push(has(name));
            all.push(equal(given(name), json!({ "Value": value })));
        }
    }
    if max_uses.is_some() {
        all.push(has(USED_UP));
        let id = json!({ "Value": grant.id.to_string() });
        all.push(not(json!({ "contains": { "left": given(USED_UP), "right": id } })));
    }
    all
}

fn variable(name: &str) -> Value {
    json!({ "Var": name })
}

fn given(name: &str) -> Value {
    json!({ ".": { "left": variable("context"), "attr": name } })
}

fn has(name: &str) -> Value {
    json!({ "has": { "left": variable("context"), "attr": name } })
}

fn equal(left: Value, right: Value) -> Value {
    json!({ "==": { "left": left, "right": right } })
}

fn not(arg: Value) -> Value {
    json!({ "!": { "arg": arg } })
}

fn instant(text: &str) -> Value {
    json!({ "datetime": [{ "Value": text }] })
}

fn later(instant: &Value, millis: i64) -> Value {
    json!({ "offset": [instant, { "duration": [{ "Value": format!("{millis}ms") }] }] })
}

fn entity(uid: &cedar_policy::EntityUid) -> Value {
    let id: &str = uid.id().as_ref();
    json!({ "Value": { "__entity": { "type": uid.type_name().to_string(), "id": id } } })
}
