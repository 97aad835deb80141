//! The standing rights of a principal, as reported by the host.

use super::RoleName;

/// Whether a principal may act at all, and the roles it holds by standing right, as last reported by the host.
///
/// ```
/// use jit_access::model::{RoleName, Standing};
///
/// let left = Standing { enabled: false, roles: vec![RoleName::new("lead")?] };
/// assert!(!left.holds_all(&[RoleName::new("lead")?]), "who is disabled holds nothing");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether the account is enabled.
    pub enabled: bool,
    /// The host's roles this principal holds by standing right.
    pub roles: Vec<RoleName>,
}

impl Standing {
    /// Whether the principal may act, with every one of these roles.
    #[must_use]
    pub fn holds_all(&self, roles: &[RoleName]) -> bool {
        self.enabled && roles.iter().all(|role| self.roles.contains(role))
    }

    /// Whether the principal may act, with one of these roles at least.
    #[must_use]
    pub fn holds_any(&self, roles: &[RoleName]) -> bool {
        self.enabled && roles.iter().any(|role| self.roles.contains(role))
    }
}
