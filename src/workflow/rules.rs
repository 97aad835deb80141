//! What the operator has set, as plain values. The configuration file is read elsewhere.

use std::collections::BTreeMap;

use crate::model::{Permission, Role, RoleName, Ttl};

/// The operator's rules for the workflow. Every field is what the published configuration key of that name says.
///
/// ```
/// use jit_access::model::{RoleName, Ttl};
/// use jit_access::workflow::Rules;
///
/// let rules = Rules { max_duration: Ttl::from_hours(2.0)?, approver_roles: vec![RoleName::new("lead")?], ..Rules::default() };
/// assert!(rules.enabled && rules.require_approval);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// `enabled`: whether anything new can be asked for, approved or used. What is in force ends all the same.
    pub enabled: bool,
    /// `max_duration_hours`: the longest grant of any role.
    pub max_duration: Ttl,
    /// `default_duration_hours`: how long a grant lasts when nobody says.
    pub default_duration: Ttl,
    /// `require_justification`.
    pub require_justification: bool,
    /// `require_ticket_url`.
    pub require_ticket_url: bool,
    /// `require_approval`: whether a person must approve.
    pub require_approval: bool,
    /// `approver_roles`: the host's roles that may approve, revoke, and see everything.
    pub approver_roles: Vec<RoleName>,
    /// `auto_approve_for_roles`: requesters who hold one of these host roles need no person's approval.
    pub auto_approve_for_roles: Vec<RoleName>,
    /// `approval_timeout_hours`: how long a request waits for an answer.
    pub approval_timeout: Ttl,
    /// `auditor_roles`: the host's roles that may see everything and change nothing.
    pub auditor_roles: Vec<RoleName>,
    /// `reserved_permissions`: what no grant gives, whatever wildcard it holds.
    pub reserved_permissions: Vec<Permission>,
    /// `roles`: what can be asked for.
    pub catalogue: BTreeMap<RoleName, Role>,
}

impl Default for Rules {
    /// The published defaults, with an empty catalogue and nobody to approve: safe, and good for nothing until set.
    fn default() -> Self {
        let hours = |h: i64| Ttl::from_millis(h * 3_600_000).unwrap_or(Ttl::MAX);
        Self {
            enabled: true,
            max_duration: hours(8),
            default_duration: hours(1),
            require_justification: true,
            require_ticket_url: false,
            require_approval: true,
            approver_roles: Vec::new(),
            auto_approve_for_roles: Vec::new(),
            approval_timeout: hours(24),
            auditor_roles: Vec::new(),
            reserved_permissions: Vec::new(),
            catalogue: BTreeMap::new(),
        }
    }
}

impl Rules {
    /// The host's roles of which an approver of `role` must hold one.
    #[must_use]
    pub fn approvers_of<'a>(&'a self, role: &'a Role) -> &'a [RoleName] {
        role.approver_roles.as_deref().unwrap_or(&self.approver_roles)
    }
}
