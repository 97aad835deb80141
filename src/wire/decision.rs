//! The answer of a check as JSON.

use serde::Serialize;

use crate::model::Decision;

/// The answer of a check.
///
/// ```
/// use jit_access::model::{Decision, Reason, Revision};
/// use jit_access::internal::wire::{self, DecisionDocument};
///
/// let decision = Decision::not_applicable(Reason::NoGrant, None, Revision(7));
/// assert!(wire::to_json(&DecisionDocument::from(&decision))?.contains(r#""outcome":"not_applicable""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct DecisionDocument {
    outcome: &'static str,
    reason: &'static str,
    grant_id: Option<String>,
    valid_until: Option<String>,
    revision: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    obligations: Vec<&'static str>,
}

impl From<&Decision> for DecisionDocument {
    fn from(decision: &Decision) -> Self {
        Self {
            outcome: decision.outcome.name(),
            reason: decision.basis.reason.name(),
            grant_id: decision.basis.grant.map(|id| id.to_string()),
            valid_until: decision.valid_until.map(|at| at.to_string()),
            revision: decision.revision.0,
            obligations: decision.obligations.names().collect(),
        }
    }
}
