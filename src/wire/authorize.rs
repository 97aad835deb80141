//! The whole decision of a decision point, as JSON in and out.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{caller, to_json};
use crate::command::{Fields, shown};
use crate::error::Error;
use crate::model::{Context, Invalid, Resource};
use crate::service::{AuthorizeRequest, Authorized, Engine};

const FIELDS: &[&str] = &[
    "caller",
    "action",
    "resource",
    "parent",
    "context",
    "address",
    "session",
    "principal_properties",
    "resource_properties",
    "current",
    "peek",
];

/// Answers a question in JSON: see [`Engine::authorize`]. `caller` is the principal, as in a command; `action` the
/// action, `resource` the resource (everything when omitted) and `parent` its parent; `context`, `principal_properties`
/// and `resource_properties` are objects in Cedar's JSON format; `address` and `session` are for grants with
/// conditions; `current` and `peek` are as in a check.
///
/// ```
/// # use jit_access::{service::Builder, store::MemoryStore, workflow::Rules};
/// use jit_access::internal::wire;
///
/// let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
/// let answer = wire::authorize(&engine, r#"{"caller": {"principal": "ann"}, "action": "tools.read", "resource": "tool:a"}"#)?;
/// assert!(answer.starts_with(r#"{"outcome":"not_applicable","reason":"no_grant""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When a field is invalid; those of [`Engine::authorize`].
pub fn authorize(engine: &Engine, document: &str) -> Result<String, Error> {
    let answer = engine.authorize(&read(document)?)?;
    to_json(&AuthorizedDocument::from(&answer))
}

fn read(document: &str) -> Result<AuthorizeRequest, Invalid> {
    let wrong = |found: String| Invalid::new("document", found, "a JSON object");
    let value: Value = serde_json::from_str(document).map_err(|error| wrong(format!("is no JSON: {error}")))?;
    let Value::Object(map) = value else { return Err(wrong(format!("is {}", shown(&value)))) };
    let mut fields = Fields::of("authorize", FIELDS, map);
    fields.refuse_unknown()?;
    let who = caller::read(&mut fields)?.ok_or_else(caller::missing)?;
    let action = fields.required("action")?;
    let resource = fields.optional::<Option<Resource>>("resource")?.unwrap_or_else(Resource::everything);
    let resource = match fields.optional::<Option<crate::model::ResourceId>>("parent")? {
        Some(parent) => resource.with_parent(parent)?,
        None => resource,
    };
    let known = Context {
        sign_in: who.sign_in,
        address: fields.optional("address")?,
        session: fields.optional("session")?,
        acts_for: who.acts_for,
        ..Context::default()
    };
    Ok(AuthorizeRequest::new(who.principal, action, resource)
        .known(known)
        .context(object(&mut fields, "context")?)
        .principal_properties(object(&mut fields, "principal_properties")?)
        .resource_properties(object(&mut fields, "resource_properties")?)
        .current(fields.optional::<bool>("current")?)
        .peek(fields.optional::<bool>("peek")?))
}

fn object(fields: &mut Fields, name: &'static str) -> Result<Map<String, Value>, Invalid> {
    match fields.take(name) {
        None => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map),
        Some(other) => Err(Invalid::new(name, format!("is {}", shown(&other)), "an object of Cedar's JSON format")),
    }
}

#[derive(Debug, Serialize)]
struct AuthorizedDocument {
    outcome: &'static str,
    reason: &'static str,
    policies: Vec<String>,
    errors: Vec<ErrorDocument>,
    grant_id: Option<String>,
    obligations: Vec<&'static str>,
    valid_until: Option<String>,
    revision: u64,
}

#[derive(Debug, Serialize)]
struct ErrorDocument {
    policy: String,
    error: String,
}

impl From<&Authorized> for AuthorizedDocument {
    fn from(answer: &Authorized) -> Self {
        let error = |(policy, error): &(String, String)| ErrorDocument { policy: policy.clone(), error: error.clone() };
        Self {
            outcome: answer.outcome.name(),
            reason: answer.reason,
            policies: answer.policies.clone(),
            errors: answer.errors.iter().map(error).collect(),
            grant_id: answer.grant.map(|id| id.to_string()),
            obligations: answer.obligations.names().collect(),
            valid_until: answer.valid_until.map(|at| at.to_string()),
            revision: answer.revision.0,
        }
    }
}
