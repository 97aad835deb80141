//! The policy in use: the shipped one, or another.

use std::sync::Arc;

use super::{AuthzDecision, AuthzError, AuthzRequest, PlainPolicy, WorkflowPolicy};

/// The policy that the rules use. Two are equal when they are the same policy, or both the shipped one.
///
/// ```
/// use jit_access::authz::PolicyHandle;
///
/// assert_eq!(PolicyHandle::default(), PolicyHandle::default());
/// assert!(!PolicyHandle::default().is_custom());
/// ```
#[derive(Debug, Clone, Default)]
pub struct PolicyHandle(Option<Arc<dyn WorkflowPolicy>>);

impl PolicyHandle {
    /// Whether no policy was chosen. Then it is the shipped one: in Cedar with the feature `cedar`, else [`PlainPolicy`].
    #[must_use]
    pub const fn is_default(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it is another policy than the shipped one.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.0.as_ref().is_some_and(|policy| policy.is_custom())
    }

    /// Its text, where it is another policy than the shipped one and has a text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.0.as_ref().and_then(|policy| policy.text())
    }

    /// Decides one request.
    ///
    /// # Errors
    /// As for [`WorkflowPolicy::decide`].
    pub fn decide(&self, request: &AuthzRequest<'_>) -> Result<AuthzDecision, AuthzError> {
        match &self.0 {
            Some(policy) => policy.decide(request),
            None => PlainPolicy.decide(request),
        }
    }
}

impl<P: WorkflowPolicy + 'static> From<P> for PolicyHandle {
    fn from(policy: P) -> Self {
        Self(Some(Arc::new(policy)))
    }
}

impl PartialEq for PolicyHandle {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || !one.is_custom() && !other.is_custom(),
            (Some(one), None) | (None, Some(one)) => !one.is_custom(),
            (None, None) => true,
        }
    }
}

impl Eq for PolicyHandle {}
