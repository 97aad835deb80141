//! A grant, without the count of its uses: the store counts them.

use serde::{Deserialize, Serialize};

use super::break_glass::StoredBreakGlass;
use super::conditions::StoredConditions;
use super::details::StoredDetails;
use super::parts::{StoredActor, StoredExtension, StoredPermissions, StoredPrincipal, parse_roles, role_texts};
use crate::model::{End, EndKind, Grant, Invalid, Noted, Suspension, Window};

#[derive(Debug, Serialize, Deserialize)]
struct StoredSuspension {
    at: String,
    by: StoredActor,
    reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredEnd {
    at: String,
    by: StoredActor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_for: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    exhausted: bool,
}

/// A grant as it is written down, version 1. The count of uses is not part of it: the store counts them.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::granted()?;
/// use jit_access::internal::journal::stored::StoredGrant;
/// use jit_access::model::*;
///
/// let grant = engine.workflow().request(&dev, request)?.grant.ok_or("no grant")?;
/// let text = serde_json::to_string(&StoredGrant::from(&grant))?;
/// assert_eq!(serde_json::from_str::<StoredGrant>(&text)?.into_grant(grant.uses)?, grant);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredGrant {
    id: String,
    request: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extends: Option<StoredExtension>,
    holder: StoredPrincipal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holder_acts_for: Option<StoredPrincipal>,
    holder_normal_roles: Vec<String>,
    role: String,
    permissions: StoredPermissions,
    scope: String,
    starts_at: String,
    ends_at: String,
    #[serde(default, skip_serializing_if = "StoredConditions::is_none")]
    conditions: StoredConditions,
    #[serde(flatten)]
    details: StoredDetails,
    approver_roles: Vec<String>,
    approved_by: StoredActor,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier_approvers: Vec<StoredActor>,
    approved_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    break_glass: Option<StoredBreakGlass>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspended: Option<StoredSuspension>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<StoredEnd>,
    #[serde(default)]
    activation_noted: bool,
    #[serde(default)]
    expiry_noted: bool,
}

impl From<&Grant> for StoredGrant {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id.to_string(),
            request: grant.request.to_string(),
            extends: grant.extends.as_ref().map(Into::into),
            holder: (&grant.holder).into(),
            holder_acts_for: grant.holder_acts_for.as_ref().map(Into::into),
            holder_normal_roles: role_texts(&grant.holder_normal_roles),
            role: grant.role.to_string(),
            permissions: (&grant.permissions).into(),
            scope: grant.scope.to_string(),
            starts_at: grant.window.start().to_string(),
            ends_at: grant.window.end().to_string(),
            conditions: (&grant.conditions).into(),
            details: (&grant.details).into(),
            approver_roles: role_texts(&grant.approver_roles),
            approved_by: (&grant.approved_by).into(),
            earlier_approvers: grant.earlier_approvers.iter().map(Into::into).collect(),
            approved_at: grant.approved_at.to_string(),
            break_glass: grant.break_glass.as_ref().map(Into::into),
            suspended: grant.suspended.as_ref().map(|suspension| StoredSuspension {
                at: suspension.at.to_string(),
                by: (&suspension.by).into(),
                reason: suspension.reason.to_string(),
            }),
            ended: grant.ended.as_ref().map(|end| StoredEnd {
                at: end.at.to_string(),
                by: (&end.by).into(),
                revoked_for: match &end.kind {
                    EndKind::Revoked(reason) => Some(reason.to_string()),
                    EndKind::Released | EndKind::Exhausted => None,
                },
                exhausted: end.kind == EndKind::Exhausted,
            }),
            activation_noted: grant.noted.activation,
            expiry_noted: grant.noted.expiry,
        }
    }
}

impl StoredGrant {
    /// The grant, with the count of uses that the store has kept beside it.
    ///
    /// # Errors
    /// When a field holds what the model would refuse.
    pub fn into_grant(self, uses: u64) -> Result<Grant, Invalid> {
        Ok(Grant {
            id: self.id.parse()?,
            request: self.request.parse()?,
            extends: self.extends.map(TryInto::try_into).transpose()?,
            holder: self.holder.try_into()?,
            holder_acts_for: self.holder_acts_for.map(TryInto::try_into).transpose()?,
            holder_normal_roles: parse_roles(&self.holder_normal_roles)?,
            role: self.role.parse()?,
            permissions: self.permissions.try_into()?,
            scope: self.scope.parse()?,
            window: Window::new(self.starts_at.parse()?, self.ends_at.parse()?)?,
            conditions: self.conditions.try_into()?,
            details: self.details.try_into()?,
            approver_roles: parse_roles(&self.approver_roles)?,
            approved_by: self.approved_by.try_into()?,
            earlier_approvers: self
                .earlier_approvers
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, Invalid>>()?,
            approved_at: self.approved_at.parse()?,
            break_glass: self.break_glass.map(TryInto::try_into).transpose()?,
            suspended: self
                .suspended
                .map(|stored| {
                    Ok::<_, Invalid>(Suspension {
                        at: stored.at.parse()?,
                        by: stored.by.try_into()?,
                        reason: stored.reason.parse()?,
                    })
                })
                .transpose()?,
            ended: self
                .ended
                .map(|end| {
                    Ok::<_, Invalid>(End {
                        at: end.at.parse()?,
                        by: end.by.try_into()?,
                        kind: match end.revoked_for {
                            Some(reason) => EndKind::Revoked(reason.parse()?),
                            None if end.exhausted => EndKind::Exhausted,
                            None => EndKind::Released,
                        },
                    })
                })
                .transpose()?,
            noted: Noted { activation: self.activation_noted, expiry: self.expiry_noted },
            uses,
        })
    }
}
