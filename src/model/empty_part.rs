//! Which part of the terms a cut leaves empty.

/// The part of the terms that a cut leaves empty. Complete on purpose.
///
/// ```
/// use jit_access::model::{Conditions, Cut, EmptyPart, Permission, PermissionSet, Scope, Terms, Ttl};
///
/// let only = |name| PermissionSet::new([Permission::new(name)?]);
/// let (permissions, duration, conditions) = (only("logs:read")?, Ttl::from_hours(1.0)?, Conditions::default());
/// let asked = Terms { permissions, scope: Scope::ANY, duration, conditions };
/// let cut = Cut::default().permissions(Some(only("tools.*")?));
/// assert_eq!(asked.cut(&cut), Err(EmptyPart::Permissions));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyPart {
    /// No permission is in both.
    Permissions,
    /// No thing is in both.
    Scope,
    /// No address is in both.
    Networks,
    /// No session is both.
    Session,
    /// No call of a tool is both.
    Call,
}
