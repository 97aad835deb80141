//! What a request would newly permit, and its risk.

use serde::{Deserialize, Serialize};

use super::parts::{StoredPermissions, unknown};
use crate::model::{Assessment, Invalid, RiskFactor, RiskLevel, RiskReason};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredAssessment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newly_permitted: Option<StoredPermissions>,
    level: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<StoredReason>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredReason {
    factor: String,
    detail: String,
}

impl From<&Assessment> for StoredAssessment {
    fn from(assessment: &Assessment) -> Self {
        Self {
            newly_permitted: assessment.newly_permitted.as_ref().map(Into::into),
            level: assessment.level.name().to_owned(),
            reasons: assessment
                .reasons
                .iter()
                .map(|reason| StoredReason { factor: reason.factor.name().to_owned(), detail: reason.detail.clone() })
                .collect(),
        }
    }
}

impl TryFrom<StoredAssessment> for Assessment {
    type Error = Invalid;

    fn try_from(stored: StoredAssessment) -> Result<Self, Invalid> {
        let level = RiskLevel::ALL.into_iter().find(|level| level.name() == stored.level);
        let reason = |reason: StoredReason| {
            let factor = RiskFactor::ALL.iter().find(|factor| factor.name() == reason.factor);
            let factor = *factor.ok_or_else(|| unknown("factor", &reason.factor))?;
            Ok(RiskReason { factor, detail: reason.detail })
        };
        Ok(Self {
            newly_permitted: stored.newly_permitted.map(TryInto::try_into).transpose()?,
            level: level.ok_or_else(|| unknown("level", &stored.level))?,
            reasons: stored.reasons.into_iter().map(reason).collect::<Result<_, Invalid>>()?,
        })
    }
}
