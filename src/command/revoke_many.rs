//! Revoke many grants at once.

use serde_json::{Map, Value};

use super::define::{Group, command};
use super::field::{Field, put};
use super::fields::Fields;
use super::principal;
use super::spec::{FieldKind, FieldSpec};
use crate::model::{Invalid, Justification, RequestId, RoleName, Scope, Selector};

command! {
    /// Revoke all live grants of a request, a holder, a role or a resource, or all there are.
    ///
    /// All end in one step, and the answer is a page with all of them. Your own are released. Once the call has
    /// returned, it is on disk, and no later check of this process honours any of them.
    RevokeMany = "revoke_many",
    answers: Ended,
    action: RevokeMany,
    http: POST "/grants/revoke" 200,
    effect: Ends,
    takes_away: true,
    example: r#"{"role": "auditor", "reason": "the role was too wide"}"#,
    group:
        /// Which grants end.
        select: Selector,
    fields: {
        /// Why. The holders see it.
        reason: Justification,
    },
}

const ONE_WAY: &str = "exactly one of request, holder, role, resource, everything";

impl Group for Selector {
    const FIELDS: &'static [FieldSpec] = &[
        FieldSpec::new("request", "The grants that this request led to.", RequestId::KIND, false),
        FieldSpec::new(
            "holder",
            "The grants that this person or agent holds; a person's with those of agents that act for them.",
            FieldKind::Principal,
            false,
        ),
        FieldSpec::new("agent", "Whether the holder is an agent.", FieldKind::AgentFlag, false),
        FieldSpec::new("role", "The grants of this role.", RoleName::KIND, false),
        FieldSpec::new("resource", "The grants that reach any of this resource, wider ones too.", Scope::KIND, false),
        FieldSpec::new("everything", "All grants.", bool::KIND, false),
    ];

    fn read(fields: &mut Fields) -> Result<Self, Invalid> {
        let request = fields.optional::<Option<_>>("request")?.map(|id| ("request", Self::Request(id)));
        let holder = principal::read(fields, "holder")?.map(|who| ("holder", Self::Holder(who)));
        let role = fields.optional::<Option<_>>("role")?.map(|role| ("role", Self::Role(role)));
        let scope = fields.optional::<Option<_>>("resource")?.map(|scope| ("resource", Self::Scope(scope)));
        let all = fields.optional::<bool>("everything")?.then_some(("everything", Self::All));
        let mut given = [request, holder, role, scope, all].into_iter().flatten();
        match (given.next(), given.next()) {
            (Some((_, selector)), None) => Ok(selector),
            (Some((first, _)), Some((second, _))) => {
                Err(Invalid::new(second, format!("is given besides `{first}`"), ONE_WAY))
            }
            (None, _) => Err(Invalid::new("request", "is missing, and so is every other selection", ONE_WAY)),
        }
    }

    fn write(&self, into: &mut Map<String, Value>) {
        match self {
            Self::Request(id) => put(into, "request", id),
            Self::Holder(holder) => principal::write(holder, "holder", into),
            Self::Role(role) => put(into, "role", role),
            Self::Scope(scope) => put(into, "resource", scope),
            Self::All => put(into, "everything", &true),
        }
    }
}
