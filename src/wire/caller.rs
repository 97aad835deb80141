//! The caller in a document.

use serde_json::{Map, Value};

use crate::command::{Field, Fields, shown, text, texts};
use crate::model::{Caller, Invalid, Permission, Principal, RoleName, SignIn, Timestamp};

const EXPECTED: &str = "who the host authenticated: principal, roles, agent";
const FIELDS: &[&str] = &["principal", "roles", "permissions", "agent", "acts_for", "amr", "acr", "auth_time", "mfa"];

/// The caller in the field `caller`, if it is there.
pub(super) fn read(fields: &mut Fields) -> Result<Option<Caller>, Invalid> {
    match fields.take("caller") {
        None => Ok(None),
        Some(Value::Object(map)) => caller(map).map(Some),
        Some(other) => Err(Invalid::new("caller", format!("is {}", shown(&other)), EXPECTED)),
    }
}

/// The error of a command without a caller.
pub(super) fn missing() -> Invalid {
    Invalid::new("caller", "is missing", EXPECTED)
}

fn caller(map: Map<String, Value>) -> Result<Caller, Invalid> {
    let mut fields = Fields::of("caller", FIELDS, map);
    fields.refuse_unknown()?;
    let name = fields.take("principal").ok_or_else(|| Invalid::new("principal", "is missing", "text"))?;
    let name = text(name, "principal")?;
    let principal = if fields.optional("agent")? { Principal::agent(&name) } else { Principal::user(&name) }?;
    let roles = fields.optional::<Vec<RoleName>>("roles")?;
    let permissions = match fields.take("permissions") {
        None => None,
        Some(Value::Array(all)) => Some(all.iter().filter_map(permission).collect()),
        Some(other) => return Err(Invalid::new("permissions", format!("is {}", shown(&other)), "a list of texts")),
    };
    let acts_for = fields.optional("acts_for")?;
    let sign_in = sign_in(&mut fields)?;
    Ok(Caller { principal, roles, permissions, acts_for, sign_in })
}

/// A permission of the host that this library cannot name is ignored: it reduces nothing that a grant newly permits.
fn permission(value: &Value) -> Option<Permission> {
    value.as_str().and_then(|text| Permission::new(text).ok())
}

/// The sign-in of the caller, as reported by the host.
fn sign_in(fields: &mut Fields) -> Result<Option<SignIn>, Invalid> {
    let methods = fields.take("amr").map(|value| texts(value, "amr")).transpose()?.unwrap_or_default();
    let at = match fields.take("auth_time") {
        None => None,
        Some(value) => Some(match value.as_i64() {
            Some(seconds) => SignIn::instant(seconds)?,
            None => Timestamp::read(value, "auth_time")?,
        }),
    };
    let context = fields.take("acr").map(|value| text(value, "acr")).transpose()?;
    let mfa = fields.optional::<Option<bool>>("mfa")?;
    SignIn::optional(methods.iter().map(String::as_str), context.as_deref(), at, mfa)
}
