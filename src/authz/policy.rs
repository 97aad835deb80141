//! The port: what answers an authorization request, and its answers.

use std::fmt;

use super::AuthzRequest;

/// The answer to an authorization request. Complete on purpose: a caller must handle every one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a decision that is not enforced protects nothing"]
pub enum AuthzDecision {
    /// A policy permits it, and none forbids it.
    Allow,
    /// No policy permits it.
    NotPermitted,
    /// These policies forbid it.
    Forbidden(Vec<String>),
}

/// A policy could not be evaluated. The action is refused then.
///
/// ```
/// use jit_access::authz::AuthzError;
///
/// let error = AuthzError { policy: "no-weekends".into(), reason: "integer overflow".into() };
/// assert_eq!(error.to_string(), "the workflow policy `no-weekends` could not be evaluated: integer overflow");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the workflow policy `{policy}` could not be evaluated: {reason}")]
pub struct AuthzError {
    /// The policy.
    pub policy: String,
    /// What happened.
    pub reason: String,
}

/// Decides who may do what in the workflow. A decision depends on the request alone.
///
/// ```
/// use jit_access::authz::{AuthzDecision, AuthzError, AuthzRequest, WorkflowPolicy};
///
/// #[derive(Debug)]
/// struct Closed;
///
/// impl WorkflowPolicy for Closed {
///     fn decide(&self, _: &AuthzRequest<'_>) -> Result<AuthzDecision, AuthzError> {
///         Ok(AuthzDecision::NotPermitted)
///     }
/// }
///
/// let rules = jit_access::workflow::Rules::default().policy(Closed.into());
/// assert!(rules.policy.is_custom());
/// ```
pub trait WorkflowPolicy: fmt::Debug + Send + Sync {
    /// Decides one request.
    ///
    /// # Errors
    /// When a policy cannot be evaluated. The action is refused then.
    fn decide(&self, request: &AuthzRequest<'_>) -> Result<AuthzDecision, AuthzError>;

    /// Whether it is another policy than the shipped one. A refusal explains the shipped policy's rules only when it is not.
    fn is_custom(&self) -> bool {
        true
    }

    /// Its text, if it differs from the shipped policy and has one: its digest is recorded, so the record shows a
    /// change.
    fn text(&self) -> Option<&str> {
        None
    }
}
