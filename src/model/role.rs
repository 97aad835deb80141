//! A role that can be requested.

use super::{ApprovalRule, Conditions, PermissionSet, RoleName, Ttl};
use derive_setters::Setters;

/// A role that can be requested: permissions, and limits of requests. An entry of the operator's catalogue.
///
/// ```
/// use jit_access::config::Config;
/// use jit_access::model::RoleName;
///
/// let config = Config::parse("jit_access: {roles: {dba: {permissions: [db.read], max_duration_hours: 2}}}", [])?;
/// let role = config.rules.catalogue.get(&RoleName::new("dba")?).ok_or("no such role")?;
/// assert_eq!(role.max_duration.map(|ttl| ttl.hours()), Some(2.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct Role {
    /// What requesters call it.
    pub name: RoleName,
    /// A description in one sentence; empty when the operator gave none.
    pub description: String,
    /// The permissions.
    pub permissions: PermissionSet,
    /// The longest grant of this role, when it is tighter than the general limit.
    pub max_duration: Option<Ttl>,
    /// The length of a grant when the requester names none.
    pub default_duration: Option<Ttl>,
    /// The host roles that may approve this one; `None` for the general list.
    pub approver_roles: Option<Vec<RoleName>>,
    /// The steps of this role's approval; when empty, one approval by one of its approver roles.
    pub approval: Vec<ApprovalRule>,
    /// The host roles that may request it; a requester needs one of them. `None` for everyone.
    pub requestable_by: Option<Vec<RoleName>>,
    /// Conditions of every grant of it, checked at every use.
    pub conditions: Conditions,
    /// The roles, of this catalogue or of the host, that should not be held together with this one.
    pub conflicts_with: Vec<RoleName>,
}

impl Role {
    /// A role with these permissions, under the general rules.
    #[must_use]
    pub fn new(name: RoleName, permissions: PermissionSet) -> Self {
        Self {
            name,
            description: String::new(),
            permissions,
            max_duration: None,
            default_duration: None,
            approver_roles: None,
            approval: Vec::new(),
            requestable_by: None,
            conditions: Conditions::default(),
            conflicts_with: Vec::new(),
        }
    }
}
