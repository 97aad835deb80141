//! Principals, actors, sets of permissions, names of roles: the parts of everything that is written down.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{
    Actor, Extension, Invalid, OnBehalf, Permission, PermissionSet, Principal, PrincipalKind, RoleName,
};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredPrincipal {
    User(String),
    Agent(String),
}

impl From<&Principal> for StoredPrincipal {
    fn from(principal: &Principal) -> Self {
        match principal.kind() {
            PrincipalKind::User => Self::User(principal.id().to_owned()),
            PrincipalKind::Agent => Self::Agent(principal.id().to_owned()),
        }
    }
}

impl TryFrom<StoredPrincipal> for Principal {
    type Error = Invalid;

    fn try_from(stored: StoredPrincipal) -> Result<Self, Invalid> {
        match stored {
            StoredPrincipal::User(id) => Self::user(&id),
            StoredPrincipal::Agent(id) => Self::agent(&id),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredExtension {
    of: String,
    first: String,
    since: String,
    number: u32,
}

impl From<&Extension> for StoredExtension {
    fn from(extension: &Extension) -> Self {
        let Extension { of, first, since, number } = extension;
        Self { of: of.to_string(), first: first.to_string(), since: since.to_string(), number: *number }
    }
}

impl TryFrom<StoredExtension> for Extension {
    type Error = Invalid;

    fn try_from(stored: StoredExtension) -> Result<Self, Invalid> {
        let (of, first) = (stored.of.parse()?, stored.first.parse()?);
        Ok(Self { of, first, since: stored.since.parse()?, number: stored.number })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StoredActor {
    User(String),
    Agent(String),
    AgentFor { agent: StoredPrincipal, person: StoredPrincipal },
    Rule(String),
    Clock,
    Host,
}

impl From<&Actor> for StoredActor {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Principal(principal) => match StoredPrincipal::from(principal) {
                StoredPrincipal::User(id) => Self::User(id),
                StoredPrincipal::Agent(id) => Self::Agent(id),
            },
            Actor::Agent(one) => Self::AgentFor { agent: (&one.agent).into(), person: (&one.person).into() },
            Actor::Rule(key) => Self::Rule(key.to_string()),
            Actor::Clock => Self::Clock,
            Actor::Host => Self::Host,
        }
    }
}

impl TryFrom<StoredActor> for Actor {
    type Error = Invalid;

    fn try_from(stored: StoredActor) -> Result<Self, Invalid> {
        Ok(match stored {
            StoredActor::User(id) => Self::Principal(Principal::user(&id)?),
            StoredActor::Agent(id) => Self::Principal(Principal::agent(&id)?),
            StoredActor::AgentFor { agent, person } => {
                let (agent, person) = (agent.try_into()?, person.try_into()?);
                Self::Agent(Arc::new(OnBehalf { agent, person }))
            }
            StoredActor::Rule(key) => Self::Rule(key.into()),
            StoredActor::Clock => Self::Clock,
            StoredActor::Host => Self::Host,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredPermissions {
    allowed: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    excepted: Vec<String>,
}

impl From<&PermissionSet> for StoredPermissions {
    fn from(set: &PermissionSet) -> Self {
        let texts = |all: &[Permission]| all.iter().map(|p| p.as_str().to_owned()).collect();
        Self { allowed: texts(set.allowed()), excepted: texts(set.excepted()) }
    }
}

impl TryFrom<StoredPermissions> for PermissionSet {
    type Error = Invalid;

    fn try_from(stored: StoredPermissions) -> Result<Self, Invalid> {
        let parse = |all: Vec<String>| all.iter().map(|p| Permission::new(p)).collect::<Result<Vec<_>, _>>();
        Self::with_exceptions(parse(stored.allowed)?, parse(stored.excepted)?)
    }
}

pub(super) fn role_texts(roles: &[RoleName]) -> Vec<String> {
    roles.iter().map(ToString::to_string).collect()
}

pub(super) fn parse_roles(texts: &[String]) -> Result<Vec<RoleName>, Invalid> {
    texts.iter().map(|text| RoleName::new(text)).collect()
}

pub(super) fn unknown(field: &'static str, value: &str) -> Invalid {
    Invalid::new(field, format!("is {}", Invalid::quote(value)), "a value that this version writes")
}
