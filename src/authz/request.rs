//! The request to a workflow policy: may this principal do this action on this resource?

use super::AuthzAction;
use crate::model::{
    AccessRequest, Caller, Delegation, Grant, PermissionSet, Principal, RoleName, Scope, Selector, Timestamp, Ttl,
};

/// An authorization request: may this principal do this action on this resource, in this context?
///
/// ```
/// use jit_access::authz::*;
/// use jit_access::model::{Caller, Principal, RoleName};
///
/// let auditors = [RoleName::new("auditor")?];
/// let ann = Caller::new(Principal::user("ann@example.com")?, auditors.to_vec());
/// let context = AuthzContext { auditor_roles: &auditors, ..AuthzContext::at("2026-12-01T09:00:00Z".parse()?) };
/// let request = AuthzRequest::new(&ann, AuthzAction::Audit, AuthzResource::Workflow, context);
/// assert_eq!(PlainPolicy.decide(&request), Ok(AuthzDecision::Allow));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct AuthzRequest<'a> {
    /// The caller, as authenticated by the host.
    pub principal: &'a Caller,
    /// The roles that others have delegated to the principal, for reviews.
    pub lent: &'a [RoleName],
    /// The action.
    pub action: AuthzAction,
    /// The resource.
    pub resource: AuthzResource<'a>,
    /// The instant, and the operator's general roles.
    pub context: AuthzContext<'a>,
}

impl<'a> AuthzRequest<'a> {
    /// A request of a principal without delegated roles.
    #[must_use]
    pub const fn new(
        principal: &'a Caller,
        action: AuthzAction,
        resource: AuthzResource<'a>,
        context: AuthzContext<'a>,
    ) -> Self {
        Self { principal, lent: &[], action, resource, context }
    }

    /// The same request, with these delegated roles.
    #[must_use]
    pub const fn with_lent(self, lent: &'a [RoleName]) -> Self {
        Self { lent, ..self }
    }
}

/// The context of an authorization request.
#[derive(Debug, Clone, Copy)]
pub struct AuthzContext<'a> {
    /// The instant of the request.
    pub now: Timestamp,
    /// `approver_roles` of the configuration.
    pub approver_roles: &'a [RoleName],
    /// `auditor_roles` of the configuration.
    pub auditor_roles: &'a [RoleName],
}

impl AuthzContext<'_> {
    /// This instant, with no general roles.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self { now, approver_roles: &[], auditor_roles: &[] }
    }
}

/// The resource of an authorization request. The names are those of the entity types in the schema of the policy.
#[derive(Debug, Clone, Copy)]
pub enum AuthzResource<'a> {
    /// A role of the catalogue, as it is requested or held.
    Entitlement(&'a Entitlement<'a>),
    /// An access request.
    Request(&'a AccessRequest),
    /// A grant.
    Grant(&'a Grant),
    /// A delegation, or one that is about to be made.
    Delegation(&'a Delegation),
    /// A principal whose status is reported.
    Principal(&'a Principal),
    /// The grants that a selector selects.
    Selection(&'a Selector),
    /// The workflow with all its records.
    Workflow,
}

/// A role of the catalogue, as it is requested or held.
///
/// ```
/// use jit_access::authz::{Eligibility, Entitlement};
/// use jit_access::model::{Caller, Permission, PermissionSet, Principal, RoleName, Scope, Ttl};
///
/// let (role, permissions) = (RoleName::new("dba")?, PermissionSet::new([Permission::new("db.*")?])?);
/// let engineers = [RoleName::new("engineer")?];
/// let dba = Entitlement {
///     role: &role, permissions: &permissions, scope: &Scope::ANY, duration: Ttl::from_hours(1.0)?, emergency: false,
///     eligibility: Eligibility::Listed { roles: &engineers, principals: &[] },
/// };
/// assert!(dba.eligibility.includes(&Caller::new(Principal::user("ann@example.com")?, engineers.to_vec())));
/// assert!(!dba.eligibility.includes(&Caller::new(Principal::user("ben@example.com")?, vec![])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Entitlement<'a> {
    /// The name of the role.
    pub role: &'a RoleName,
    /// Its permissions.
    pub permissions: &'a PermissionSet,
    /// The resources that they apply to.
    pub scope: &'a Scope,
    /// The length of the grant.
    pub duration: Ttl,
    /// Whether it is break-glass access.
    pub emergency: bool,
    /// Who is eligible for it by the operator's configuration.
    pub eligibility: Eligibility<'a>,
}

/// Who is eligible for a role by the operator's configuration: `requestable_by`, or `break_glass.eligible_roles` and
/// `break_glass.eligible_principals`.
#[derive(Debug, Clone, Copy)]
pub enum Eligibility<'a> {
    /// Every principal.
    Everyone,
    /// Principals with one of these roles, and these principals.
    Listed {
        /// Roles of the host.
        roles: &'a [RoleName],
        /// Principals that need no such role.
        principals: &'a [Principal],
    },
}

impl Eligibility<'_> {
    /// Whether the caller is eligible.
    #[must_use]
    pub fn includes(&self, caller: &Caller) -> bool {
        match self {
            Self::Everyone => true,
            Self::Listed { roles, principals } => caller.has_any(roles) || principals.contains(&caller.principal),
        }
    }
}
