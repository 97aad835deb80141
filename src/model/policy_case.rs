//! A test of the policies: what an operator expects to be allowed, and what not.

use super::{Action, Outcome, PermissionSet, Principal, Resource, Scope};

/// One test: principal, action and resource, the grants that the principal holds, and the expected decision.
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
    /// The name of the test, for people.
    pub name: String,
    /// The principal.
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

/// A grant that the principal holds in the test.
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
    /// The permissions.
    pub permissions: PermissionSet,
    /// Where.
    pub scope: Scope,
    /// Whether it is a break-glass grant.
    pub emergency: bool,
}

impl PolicyCase {
    /// A test with a principal who holds no grant.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        (principal, action, resource): (Principal, Action, Resource),
        expect: Outcome,
    ) -> Self {
        Self { name: name.into(), principal, action, resource, holds: Vec::new(), expect }
    }

    /// The same with a principal who holds these grants.
    #[must_use]
    pub fn holding(self, holds: Vec<SupposedGrant>) -> Self {
        Self { holds, ..self }
    }
}
