//! Approval steps, and the capacity of a reviewer.

use serde::{Deserialize, Serialize};

use super::parts::{StoredPrincipal, parse_roles, role_texts};
use crate::model::{ApprovalStep, Capacity, Escalation, Invalid};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredStep {
    roles: Vec<String>,
    count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    escalation: Option<StoredEscalation>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredEscalation {
    at: String,
    to: Vec<String>,
    #[serde(default)]
    noted: bool,
}

impl From<&ApprovalStep> for StoredStep {
    fn from(step: &ApprovalStep) -> Self {
        Self {
            roles: role_texts(&step.roles),
            count: step.count,
            escalation: step.escalation.as_ref().map(|escalation| StoredEscalation {
                at: escalation.at.to_string(),
                to: role_texts(&escalation.to),
                noted: escalation.noted,
            }),
        }
    }
}

impl TryFrom<StoredStep> for ApprovalStep {
    type Error = Invalid;

    fn try_from(stored: StoredStep) -> Result<Self, Invalid> {
        let escalation = |stored: StoredEscalation| {
            Ok(Escalation { at: stored.at.parse()?, to: parse_roles(&stored.to)?, noted: stored.noted })
        };
        Ok(Self {
            roles: parse_roles(&stored.roles)?,
            count: stored.count,
            escalation: stored.escalation.map(escalation).transpose()?,
        })
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredCapacity {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acts_for: Option<StoredPrincipal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<StoredPrincipal>,
}

impl StoredCapacity {
    pub(super) const fn is_none(&self) -> bool {
        self.roles.is_empty() && self.acts_for.is_none() && self.on_behalf_of.is_none()
    }
}

impl From<&Capacity> for StoredCapacity {
    fn from(capacity: &Capacity) -> Self {
        Self {
            roles: role_texts(&capacity.roles),
            acts_for: capacity.acts_for.as_ref().map(Into::into),
            on_behalf_of: capacity.on_behalf_of.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<StoredCapacity> for Capacity {
    type Error = Invalid;

    fn try_from(stored: StoredCapacity) -> Result<Self, Invalid> {
        Ok(Self {
            roles: parse_roles(&stored.roles)?,
            acts_for: stored.acts_for.map(TryInto::try_into).transpose()?,
            on_behalf_of: stored.on_behalf_of.map(TryInto::try_into).transpose()?,
        })
    }
}
