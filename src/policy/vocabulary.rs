//! What the model's nouns are called in Cedar: entity types, and the entities that stand for values.

use std::str::FromStr;

use cedar_policy::{EntityId, EntityTypeName, EntityUid};

use super::PolicyError;
use super::error::reason;
use crate::model::{Action, Permission, Principal, PrincipalKind, Resource, ResourceKind};

/// The type of every action.
pub(super) const ACTION: &str = "Action";
/// The attribute of the context that says when. The library fills it; a caller cannot.
pub(super) const NOW: &str = "now";
/// When the principal signed in with a second factor.
pub(super) const MFA_AT: &str = "mfa_at";
/// Where the question comes from.
pub(super) const ADDRESS: &str = "address";
/// The session or task that the question belongs to.
pub(super) const SESSION: &str = "session";
/// The ids of the grants with numbered uses that have none left.
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

/// The entity type of a resource. An agent that is asked for and one that asks are of one type, and one entity if their
/// names agree.
pub(super) const fn resource_type(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Gateway => "Gateway",
        ResourceKind::Server => "Server",
        ResourceKind::Tool => "Tool",
        ResourceKind::Resource => "Resource",
        ResourceKind::Prompt => "Prompt",
        ResourceKind::Agent => "Agent",
        ResourceKind::Team => "Team",
    }
}

/// The entity of this type and id. The id is data: nothing in it is read as syntax.
pub(super) fn uid(entity_type: &str, id: &str) -> Result<EntityUid, PolicyError> {
    let type_name =
        EntityTypeName::from_str(entity_type).map_err(|error| PolicyError::Schema { reason: reason(&error) })?;
    Ok(EntityUid::from_type_name_and_id(type_name, EntityId::new(id)))
}

pub(super) fn principal(principal: &Principal) -> Result<EntityUid, PolicyError> {
    uid(principal_type(principal.kind()), principal.id())
}

pub(super) fn resource(resource: &Resource) -> Result<EntityUid, PolicyError> {
    uid(resource_type(resource.kind()), resource.id())
}

pub(super) fn server(id: &str) -> Result<EntityUid, PolicyError> {
    uid(resource_type(ResourceKind::Server), id)
}

pub(super) fn action(action: &Action) -> Result<EntityUid, PolicyError> {
    uid(ACTION, action.name())
}

/// A permission as an action or a group of actions: `tools.execute`, `tools.*`.
pub(super) fn permission(permission: &Permission) -> Result<EntityUid, PolicyError> {
    uid(ACTION, permission.as_str())
}
