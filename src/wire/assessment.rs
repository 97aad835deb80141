//! What a request would newly permit, as JSON.

use super::analysis::AnalysisDocument;
use super::sizing::PastDocument;
use super::texts;
use crate::model::{Assessment, PermissionSet, RiskReason};

document! {
    /// What the request would newly permit, and the risk of that.
    pub(super) struct AssessmentDocument as "Assessment" {
        /// The level of risk.
        risk_level: &'static str = ["low", "medium", "high", "critical"],
        /// The reasons for this level.
        reasons: Vec<ReasonDocument>,
        /// Permissions that are requested and that the requester does not hold by standing right.
        newly_permitted: Vec<String>,
        /// Exceptions from the wildcards of `newly_permitted`.
        newly_permitted_except: Vec<String>,
        /// What the past says about it. Only for a single pending request; `null` in lists and afterwards.
        past: Option<PastDocument>,
        /// What it would change, evaluated with the policies. Only for a single pending request, and not for its
        /// requester; otherwise `null`.
        analysis: Option<AnalysisDocument>,
    }
}

document! {
    /// A reason for the level of risk.
    pub(super) struct ReasonDocument as "RiskReason" {
        /// The stable name of the reason, for programs.
        factor: &'static str,
        /// The reason, for people.
        detail: String,
    }
}

impl From<&Assessment> for AssessmentDocument {
    fn from(assessment: &Assessment) -> Self {
        let new = assessment.newly_permitted.as_ref();
        let reason =
            |reason: &RiskReason| ReasonDocument { factor: reason.factor.name(), detail: reason.detail.clone() };
        Self {
            risk_level: assessment.level.name(),
            reasons: assessment.reasons.iter().map(reason).collect(),
            newly_permitted: new.map(PermissionSet::allowed).map(texts).unwrap_or_default(),
            newly_permitted_except: new.map(PermissionSet::excepted).map(texts).unwrap_or_default(),
            past: None,
            analysis: None,
        }
    }
}

impl AssessmentDocument {
    /// The same, with what the past says.
    pub(super) fn with_past(self, past: PastDocument) -> Self {
        Self { past: Some(past), ..self }
    }

    /// The same, with what it would change.
    pub(super) fn with_analysis(self, analysis: AnalysisDocument) -> Self {
        Self { analysis: Some(analysis), ..self }
    }
}
