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
    /// The answer says what the check answers, what is so with each grant that permits the action somewhere or sometime, and
    /// what would lift it. Everybody may ask about themself; about others takes a role in `approver_roles` or
    /// `auditor_roles`. Nothing is recorded. The store is asked, so this is no check for a request path.
    Explain = "explain",
    answers: Explanation,
    action: See,
    http: GET "/explain" 200,
    writes: false,
    group:
        /// About whom.
        about: About,
    fields: {
        /// The action, such as `tools.execute`.
        action: Action,
    },
    optional: {
        /// The resource, such as `tool:deploy`. The default is everything at once.
        resource: Option<Resource>,
        /// What the resource is in, such as `server:s1`.
        parent: Option<ResourceId>,
        /// The address that the check would come from, for grants with networks.
        address: Option<IpAddr>,
        /// The session or task that the check would belong to, for grants with one.
        session: Option<SessionId>,
    },
}

/// About whom a question is.
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
