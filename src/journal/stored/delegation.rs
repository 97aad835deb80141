//! A delegation.

use serde::{Deserialize, Serialize};

use super::parts::{StoredActor, StoredPrincipal, parse_roles, role_texts};
use crate::model::{Delegation, DelegationEnd, Invalid, Window};

#[derive(Debug, Serialize, Deserialize)]
struct StoredEnd {
    at: String,
    by: StoredActor,
}

/// A delegation as it is written down, version 1.
///
/// ```
/// use jit_access::internal::journal::stored::StoredDelegation;
/// use jit_access::model::*;
///
/// let from = "2026-12-01T09:00:00Z".parse()?;
/// let (ann, ben) = (Principal::user("ann@example.com")?, Principal::user("ben@example.com")?);
/// let (roles, reason) = (vec![RoleName::new("tool-owner")?], Justification::new("two days off")?);
/// let window = Window::starting(from, Ttl::from_hours(48.0)?)?;
/// let holiday = Delegation::new(DelegationId::from_u128(7), ann, ben, roles, window, reason, from);
/// let text = serde_json::to_string(&StoredDelegation::from(&holiday))?;
/// assert_eq!(Delegation::try_from(serde_json::from_str::<StoredDelegation>(&text)?)?, holiday);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredDelegation {
    id: String,
    delegator: StoredPrincipal,
    delegate: StoredPrincipal,
    roles: Vec<String>,
    starts_at: String,
    ends_at: String,
    reason: String,
    created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<StoredEnd>,
}

impl From<&Delegation> for StoredDelegation {
    fn from(delegation: &Delegation) -> Self {
        Self {
            id: delegation.id.to_string(),
            delegator: (&delegation.delegator).into(),
            delegate: (&delegation.delegate).into(),
            roles: role_texts(&delegation.roles),
            starts_at: delegation.window.start().to_string(),
            ends_at: delegation.window.end().to_string(),
            reason: delegation.reason.to_string(),
            created_at: delegation.created_at.to_string(),
            ended: delegation.ended.as_ref().map(|end| StoredEnd { at: end.at.to_string(), by: (&end.by).into() }),
        }
    }
}

impl TryFrom<StoredDelegation> for Delegation {
    type Error = Invalid;

    fn try_from(stored: StoredDelegation) -> Result<Self, Invalid> {
        let ended = |end: StoredEnd| Ok(DelegationEnd { at: end.at.parse()?, by: end.by.try_into()? });
        Ok(Self {
            id: stored.id.parse()?,
            delegator: stored.delegator.try_into()?,
            delegate: stored.delegate.try_into()?,
            roles: parse_roles(&stored.roles)?,
            window: Window::new(stored.starts_at.parse()?, stored.ends_at.parse()?)?,
            reason: stored.reason.parse()?,
            created_at: stored.created_at.parse()?,
            ended: stored.ended.map(ended).transpose()?,
        })
    }
}
