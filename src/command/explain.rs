//! Explain why a check is answered as it is.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::define::{Group, command};
use super::fields::Fields;
use super::principal;
use super::spec::{FieldKind, FieldSpec};
use crate::model::{Action, Invalid, Principal, Resource, ResourceId, SessionId};

command! {
    /// Explain why a check is answered as it is.
    ///
    /// The answer has the decision of the check, the reason for each grant that permits the action at any place or
    /// time, and what would lift it. Everyone may ask about themself; about others needs a role in `approver_roles` or
    /// `auditor_roles`. Nothing is recorded. It reads the store, so do not use it in a request path.
    Explain = "explain",
    answers: Explanation,
    action: See,
    http: GET "/explain" 200,
    writes: false,
    group:
        /// The principal in question.
        about: About,
    fields: {
        /// The action, such as `tools.execute`.
        action: Action,
    },
    optional: {
        /// The resource, such as `tool:deploy`. The default is everything.
        resource: Option<Resource>,
        /// The parent of the resource, such as `server:s1`.
        parent: Option<ResourceId>,
        /// The address of the caller of the check, for grants with networks.
        address: Option<IpAddr>,
        /// The session or task that the check would belong to, for grants with one.
        session: Option<SessionId>,
    },
}

/// The principal in question.
///
/// ```
/// use jit_access::command::About;
/// use jit_access::model::Principal;
///
/// assert_ne!(About::Caller, About::Other(Principal::user("dev@example.com")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The caller.
    Caller,
    /// This principal, which may be the caller.
    Other(Principal),
}

impl Group for About {
    const FIELDS: &'static [FieldSpec] = &[
        FieldSpec::new("principal", "About whom. The default is the caller.", FieldKind::Principal, false),
        FieldSpec::new("agent", "Whether the principal is an agent.", FieldKind::AgentFlag, false),
    ];

    fn read(fields: &mut Fields) -> Result<Self, Invalid> {
        Ok(principal::read(fields, "principal")?.map_or(Self::Caller, Self::Other))
    }

    fn write(&self, into: &mut Map<String, Value>) {
        if let Self::Other(principal) = self {
            principal::write(principal, "principal", into);
        }
    }
}
