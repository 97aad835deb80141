//! Who may do what in the workflow: the port in Cedar's words, and its two implementations.
//!
//! The rules send an [`AuthzRequest`] (principal, action, resource, context) before every command and every read, and
//! refuse what is not allowed. Some rules are not part of the policy, so no policy can change them: requesters cannot
//! review their own request, an approval must fill a step, what has ended stays ended, and a cut only narrows.
//!
//! | file | question |
//! |---|---|
//! | `action` | the actions |
//! | `request` | the request: principal, action, resource, context |
//! | `policy` | the port, and its answers |
//! | `handle` | the policy in use |
//! | `plain` | the shipped policy in Rust, without Cedar |
//! | `cedar` | the shipped policy, or an operator's, in Cedar |

mod action;
#[cfg(feature = "cedar")]
mod cedar;
mod handle;
mod plain;
mod policy;
mod request;

pub use action::{ActionGroup, AuthzAction};
#[cfg(feature = "cedar")]
pub use cedar::CedarPolicy;
pub use handle::PolicyHandle;
pub use plain::PlainPolicy;
pub use policy::{AuthzDecision, AuthzError, WorkflowPolicy};
pub use request::{AuthzContext, AuthzRequest, AuthzResource, Eligibility, Entitlement};
