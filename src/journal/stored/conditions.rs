//! Conditions checked at every use of a grant.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::model::{Conditions, Invalid, Networks, ToolCall, Ttl};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredConditions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mfa_within_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    networks: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_uses: Option<NonZeroU32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<String>,
}

impl StoredConditions {
    pub(super) const fn is_none(&self) -> bool {
        self.mfa_within_ms.is_none()
            && self.networks.is_none()
            && self.session.is_none()
            && self.max_uses.is_none()
            && self.call.is_none()
    }
}

impl From<&Conditions> for StoredConditions {
    fn from(conditions: &Conditions) -> Self {
        Self {
            mfa_within_ms: conditions.mfa_within.map(Ttl::millis),
            networks: conditions.networks.as_ref().map(|networks| networks.texts().collect()),
            session: conditions.session.as_ref().map(ToString::to_string),
            max_uses: conditions.max_uses,
            call: conditions.call.as_ref().map(ToString::to_string),
        }
    }
}

impl TryFrom<StoredConditions> for Conditions {
    type Error = Invalid;

    fn try_from(stored: StoredConditions) -> Result<Self, Invalid> {
        Ok(Self {
            mfa_within: stored.mfa_within_ms.map(Ttl::from_millis).transpose()?,
            networks: stored.networks.map(|all| Networks::new(all.iter().map(String::as_str))).transpose()?,
            session: stored.session.map(|id| id.parse()).transpose()?,
            max_uses: stored.max_uses,
            call: stored.call.map(|text| ToolCall::from_canonical(&text)).transpose()?,
        })
    }
}
