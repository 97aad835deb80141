//! Why a check is decided as it is, as JSON.

use super::texts;
use crate::service::{Considered, Explanation};

document! {
    /// Why a check is answered as it is.
    pub struct ExplanationDocument as "Explanation" {
        /// What the check answers now.
        outcome: &'static str = ["allow", "deny", "not_applicable"],
        /// The reason of the decision.
        reason: &'static str,
        /// The answer in a sentence, for people.
        detail: String,
        /// The grant that allows it.
        grant_id: Option<String>,
        /// The grants that permit the action somewhere or sometime, newest first.
        grants: Vec<ConsideredDocument>,
        /// The roles that the caller may request and that include the action, when they ask about themself and no grant
        /// allows it.
        ask_for: Vec<String>,
    }
}

document! {
    /// A grant, and why it allows the action or does not.
    pub(super) struct ConsideredDocument as "Considered" {
        /// The id of the grant.
        grant_id: String,
        /// The role of the catalogue.
        role: String,
        /// The reason, for programs.
        why: &'static str = [
            "granted", "disabled", "scheduled", "suspended", "ended", "used_up", "reserved", "time_unknown", "out_of_scope",
            "mfa_required", "outside_networks", "other_session", "other_call", "condition_not_met"
        ],
        /// The reason, for people.
        detail: String,
        /// What would lift it, for people; empty when the grant allows.
        remedy: String,
    }
}

impl From<&Explanation> for ExplanationDocument {
    fn from(explanation: &Explanation) -> Self {
        let basis = explanation.decision.basis;
        Self {
            outcome: explanation.decision.outcome.name(),
            reason: basis.reason.name(),
            detail: explanation.detail(),
            grant_id: basis.grant.map(|id| id.to_string()),
            grants: explanation.grants.iter().map(ConsideredDocument::from).collect(),
            ask_for: texts(&explanation.ask_for),
        }
    }
}

impl From<&Considered> for ConsideredDocument {
    fn from(one: &Considered) -> Self {
        Self {
            grant_id: one.grant.to_string(),
            role: one.role.to_string(),
            why: one.why.code,
            detail: one.why.detail.clone(),
            remedy: one.why.remedy.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ConsideredDocument;
    use crate::check::Why;

    #[test]
    fn the_document_names_every_code() {
        let field = ConsideredDocument::SPEC.all_fields().find(|field| field.name == "why").unwrap();
        assert_eq!(field.names, Why::ALL);
    }
}
