//! The Cedar names of the model: entity types, and the entities of values.
//!
//! A resource kind is the entity type of the same name with a capital first letter; a hyphen, which no Cedar name may
//! contain, becomes two underscores, which no kind contains: `invoice` is `Invoice`, `purchase-order` is
//! `Purchase__order`. A name that Cedar or the library's own schema uses for something else gets an underscore at its
//! end, where no kind has one: `action` is `Action_`. So two kinds are never one type, and the kind of a type can be
//! read back.

use std::collections::BTreeMap;
use std::str::FromStr;

use cedar_policy::{EntityId, EntityTypeName, EntityUid};

use super::PolicyError;
use super::error::reason;
use crate::lock::Mutex;
use crate::model::{Action, Permission, Principal, PrincipalKind, Resource, ResourceId, ResourceKind};

/// The type of every action.
pub(super) const ACTION: &str = "Action";
/// The context attribute with the instant. The library fills it; a caller cannot.
pub(super) const NOW: &str = "now";
/// When the principal signed in with a second factor.
pub(super) const MFA_AT: &str = "mfa_at";
/// The address of the caller.
pub(super) const ADDRESS: &str = "address";
/// The session or task that the question belongs to.
pub(super) const SESSION: &str = "session";
/// The exact call of a tool, as canonical JSON.
pub(super) const CALL: &str = "call";
/// The ids of the grants with a limit of uses that have none left.
pub(super) const USED_UP: &str = "used_up";
/// The type of the context of every action, in the schema.
pub(super) const CONTEXT: &str = "Context";
/// Every kind of principal.
pub(super) const PRINCIPALS: [PrincipalKind; 2] = [PrincipalKind::User, PrincipalKind::Agent];

/// The entity type of a principal.
pub(super) const fn principal_type(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "User",
        PrincipalKind::Agent => "Agent",
    }
}

/// The entity type of [`Resource::everything`].
pub(super) const EVERYTHING: &str = "Everything";

/// Types that are not resource kinds: those with another meaning in Cedar, and those of the library's own schema.
const TAKEN: [&str; 6] = [ACTION, CONTEXT, EVERYTHING, "Bool", "Long", "String"];

/// The entity type of a kind of resource. A principal that is a resource too is of one type, and one entity if the names
/// agree.
pub(super) fn resource_type(kind: &ResourceKind) -> String {
    let mut name = kind.name().replace('-', "__");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if TAKEN.contains(&name.as_str()) {
        name.push('_');
    }
    name
}

/// The resource kind of this entity type.
pub(super) fn kind_of(entity_type: &str) -> Option<ResourceKind> {
    let mut name = entity_type.strip_suffix('_').unwrap_or(entity_type).replace("__", "-");
    name.get_mut(..1)?.make_ascii_lowercase();
    ResourceKind::new(&name).ok().filter(|kind| resource_type(kind) == entity_type)
}

/// The entity of this type and id. The id is data: nothing in it is read as syntax.
pub(super) fn uid(entity_type: &str, id: &str) -> Result<EntityUid, PolicyError> {
    Ok(EntityUid::from_type_name_and_id(type_named(entity_type)?, EntityId::new(id)))
}

/// A cache of parsed type names: parsing one takes longer than evaluating a policy. Callers can invent kinds, so its
/// size is limited.
static TYPES: Mutex<BTreeMap<String, EntityTypeName>> = Mutex::new(BTreeMap::new());
const MOST_TYPES: usize = 256;

fn type_named(name: &str) -> Result<EntityTypeName, PolicyError> {
    if let Some(known) = TYPES.lock().get(name) {
        return Ok(known.clone());
    }
    let read = EntityTypeName::from_str(name).map_err(|error| PolicyError::Schema { reason: reason(&error) })?;
    let mut types = TYPES.lock();
    if types.len() < MOST_TYPES {
        types.insert(name.to_owned(), read.clone());
    }
    Ok(read)
}

pub(super) fn principal(principal: &Principal) -> Result<EntityUid, PolicyError> {
    uid(principal_type(principal.kind()), principal.id())
}

pub(super) fn resource(resource: &Resource) -> Result<EntityUid, PolicyError> {
    if resource.is_everything() { uid(EVERYTHING, resource.id()) } else { thing(resource.thing()) }
}

pub(super) fn thing(thing: &ResourceId) -> Result<EntityUid, PolicyError> {
    uid(&resource_type(thing.kind()), thing.id())
}

pub(super) fn action(action: &Action) -> Result<EntityUid, PolicyError> {
    uid(ACTION, action.name())
}

/// A permission as an action or a group of actions: `tools.execute`, `tools.*`.
pub(super) fn permission(permission: &Permission) -> Result<EntityUid, PolicyError> {
    uid(ACTION, permission.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn types_are_kinds_with_a_capital() {
        for (kind, entity_type) in [
            ("invoice", "Invoice"),
            ("purchase-order", "Purchase__order"),
            ("mcp_server", "Mcp_server"),
            ("mcpServer", "McpServer"),
            ("action", "Action_"),
            ("context", "Context_"),
            ("everything", "Everything_"),
        ] {
            let kind = ResourceKind::new(kind).unwrap();
            assert_eq!((resource_type(&kind).as_str(), kind_of(entity_type)), (entity_type, Some(kind)));
        }
        for no_kind in ["Action", "Context", "Everything", "Invoice_", "invoice", "A___b", "Ns::Invoice", "", "_"] {
            assert_eq!(kind_of(no_kind), None, "{no_kind}");
        }
    }

    proptest! {
        #[test]
        fn two_kinds_are_two_types(names in prop::collection::vec("[a-b]([A-B1]|_[a-b]|-[a-b]){0,3}", 0..40)) {
            let mut types = BTreeMap::new();
            for kind in names.iter().map(|name| ResourceKind::new(name).unwrap()) {
                let entity_type = resource_type(&kind);
                prop_assert_eq!(kind_of(&entity_type), Some(kind));
                prop_assert_eq!(*types.entry(entity_type).or_insert(kind), kind);
            }
        }
    }
}
