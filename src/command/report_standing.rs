//! Report a principal's status and roles.

use serde_json::{Map, Value};

use super::define::{Group, command};
use super::fields::Fields;
use super::principal;
use super::spec::{FieldKind, FieldSpec};
use crate::model::{Invalid, Principal, RoleName, Standing};

command! {
    /// Report a principal's status and roles. Revokes grants that they are no longer eligible for.
    ///
    /// All grants end when the principal is disabled; otherwise those of roles whose `requestable_by` contains none of
    /// their roles. The answer is a page with all grants that ended. Without a caller the host itself reports.
    ReportStanding = "standing",
    answers: Ended,
    action: ReportStanding,
    http: POST "/standing" 200,
    caller: CallerOrHost,
    effect: Ends,
    example: r#"{"principal": "dev@example.com", "enabled": true, "roles": ["developer"]}"#,
    group:
        /// The principal that the report is about.
        principal: Principal,
    fields: {
        /// Whether the principal's account is enabled.
        enabled: bool,
    },
    optional: {
        /// The principal's standing roles. The default is none.
        roles: Vec<RoleName>,
    },
}

impl ReportStanding {
    /// The reported standing.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing { enabled: self.enabled, roles: self.roles.clone() }
    }
}

impl Group for Principal {
    const FIELDS: &'static [FieldSpec] = &[
        FieldSpec::new("principal", "The person or agent that it is about.", FieldKind::Principal, true),
        FieldSpec::new("agent", "Whether the principal is an agent.", FieldKind::AgentFlag, false),
    ];

    fn read(fields: &mut Fields) -> Result<Self, Invalid> {
        principal::read(fields, "principal")?.ok_or_else(|| Invalid::new("principal", "is missing", "text"))
    }

    fn write(&self, into: &mut Map<String, Value>) {
        principal::write(self, "principal", into);
    }
}
