//! What an operator says must be allowed, and what never.

use super::{Action, Outcome, PermissionSet, Principal, Resource, Scope};

/// One sentence about the policies: who wants to do what, holding which grants, and what the answer must be.
///
/// ```
/// use jit_access::model::{Action, Outcome, PolicyCase, Principal};
///
/// let case = PolicyCase::new(
///     "nobody opens the vault",
///     (Principal::user("dev")?, Action::new("tools.execute")?, "server:vault".parse()?),
///     Outcome::Deny,
/// );
/// assert!(case.holds.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyCase {
    /// What it says, for people.
    pub name: String,
    /// Who.
    pub principal: Principal,
    /// What.
    pub action: Action,
    /// To what.
    pub resource: Resource,
    /// The grants that the principal holds.
    pub holds: Vec<SupposedGrant>,
    /// What the answer must be. Not applicable: nothing allows it.
    pub expect: Outcome,
}

/// A grant that somebody is supposed to hold.
///
/// ```
/// use jit_access::model::{Permission, PermissionSet, Scope, SupposedGrant};
///
/// let permissions = PermissionSet::new([Permission::new("tools.*")?])?;
/// let grant = SupposedGrant { permissions, scope: Scope::ANY, emergency: false };
/// assert!(!grant.emergency);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupposedGrant {
    /// What it gives.
    pub permissions: PermissionSet,
    /// Where.
    pub scope: Scope,
    /// Whether it is a break-glass grant.
    pub emergency: bool,
}

impl PolicyCase {
    /// A sentence about somebody who holds no grant.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        (principal, action, resource): (Principal, Action, Resource),
        expect: Outcome,
    ) -> Self {
        Self { name: name.into(), principal, action, resource, holds: Vec::new(), expect }
    }

    /// The same about somebody who holds these grants.
    #[must_use]
    pub fn holding(self, holds: Vec<SupposedGrant>) -> Self {
        Self { holds, ..self }
    }
}
