//! A principal as two fields: its name, and whether it is an agent.

use serde_json::{Map, Value};

use super::field::{put, text};
use super::fields::Fields;
use crate::model::{Invalid, Principal, PrincipalKind};

/// The principal under this name, with the flag `agent` beside it.
pub(super) fn read(fields: &mut Fields, name: &'static str) -> Result<Option<Principal>, Invalid> {
    let agent = fields.optional::<bool>("agent")?;
    let Some(value) = fields.take(name) else {
        let is_alone = || Invalid::new("agent", format!("is given without `{name}`"), format!("an agent in `{name}`"));
        return if agent { Err(is_alone()) } else { Ok(None) };
    };
    let id = text(value, name)?;
    let principal = if agent { Principal::agent(&id) } else { Principal::user(&id) };
    principal.map(Some).map_err(|error| error.for_field(name))
}

/// Writes both fields. A person has no flag.
pub(super) fn write(principal: &Principal, name: &str, into: &mut Map<String, Value>) {
    put(into, name, principal);
    if principal.kind() == PrincipalKind::Agent {
        put(into, "agent", &true);
    }
}
