//! Break-glass access, and the review that it needs.

use serde::{Deserialize, Serialize};

use super::parts::{StoredActor, parse_roles, role_texts};
use crate::model::{BreakGlass, ClosedReview, Emergency, Invalid, Offline, ReviewOutcome, SignIn, Ttl};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredSignIn {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_time: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    claims_mfa: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredEmergency {
    #[serde(default, skip_serializing_if = "is_false")]
    drill: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign_in: Option<StoredSignIn>,
    skipped: Vec<String>,
    reviewer_roles: Vec<String>,
    review_within_ms: i64,
    #[serde(default, skip_serializing_if = "is_false")]
    offline: bool,
}

impl From<&Emergency> for StoredEmergency {
    fn from(emergency: &Emergency) -> Self {
        Self {
            drill: emergency.drill,
            sign_in: emergency.sign_in.as_ref().map(|sign_in| StoredSignIn {
                amr: sign_in.methods().map(ToOwned::to_owned).collect(),
                acr: sign_in.context().map(ToOwned::to_owned),
                auth_time: sign_in.at().map(|at| at.to_string()),
                claims_mfa: sign_in.claims_mfa(),
            }),
            skipped: role_texts(&emergency.skipped),
            reviewer_roles: role_texts(&emergency.reviewer_roles),
            review_within_ms: emergency.review_within.millis(),
            offline: emergency.offline,
        }
    }
}

impl TryFrom<StoredEmergency> for Emergency {
    type Error = Invalid;

    fn try_from(stored: StoredEmergency) -> Result<Self, Invalid> {
        let sign_in = |stored: StoredSignIn| {
            let at = stored.auth_time.map(|text| text.parse()).transpose()?;
            let sign_in = SignIn::new(stored.amr.iter().map(String::as_str), stored.acr.as_deref(), at)?;
            Ok::<_, Invalid>(sign_in.claiming_mfa(stored.claims_mfa))
        };
        Ok(Self {
            drill: stored.drill,
            sign_in: stored.sign_in.map(sign_in).transpose()?,
            skipped: parse_roles(&stored.skipped)?,
            reviewer_roles: parse_roles(&stored.reviewer_roles)?,
            review_within: Ttl::from_millis(stored.review_within_ms)?,
            offline: stored.offline,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredClosedReview {
    at: String,
    by: StoredActor,
    outcome: StoredOutcome,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredOutcome {
    Justified(String),
    Unjustified(String),
    Waived(String),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredBreakGlass {
    #[serde(default, skip_serializing_if = "is_false")]
    drill: bool,
    reviewer_roles: Vec<String>,
    review_due: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed: Option<StoredClosedReview>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifted: Option<StoredClosedReview>,
    #[serde(default, skip_serializing_if = "is_false")]
    overdue_noted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offline: Option<StoredOffline>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredOffline {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merged_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
}

impl From<&BreakGlass> for StoredBreakGlass {
    fn from(owed: &BreakGlass) -> Self {
        let stored = |closed: &ClosedReview| StoredClosedReview {
            at: closed.at.to_string(),
            by: (&closed.by).into(),
            outcome: match &closed.outcome {
                ReviewOutcome::Justified(text) => StoredOutcome::Justified(text.to_string()),
                ReviewOutcome::Unjustified(text) => StoredOutcome::Unjustified(text.to_string()),
                ReviewOutcome::Waived(text) => StoredOutcome::Waived(text.to_string()),
            },
        };
        Self {
            drill: owed.drill,
            reviewer_roles: role_texts(&owed.reviewer_roles),
            review_due: owed.review_due.to_string(),
            closed: owed.closed.as_ref().map(stored),
            lifted: owed.lifted.as_ref().map(stored),
            overdue_noted: owed.overdue_noted,
            offline: owed.offline.map(|offline| StoredOffline {
                merged_at: offline.merged_at.map(|at| at.to_string()),
                ended_at: offline.ended_at.map(|at| at.to_string()),
            }),
        }
    }
}

impl TryFrom<StoredBreakGlass> for BreakGlass {
    type Error = Invalid;

    fn try_from(stored: StoredBreakGlass) -> Result<Self, Invalid> {
        let closed = |stored: StoredClosedReview| {
            Ok::<_, Invalid>(ClosedReview {
                at: stored.at.parse()?,
                by: stored.by.try_into()?,
                outcome: match stored.outcome {
                    StoredOutcome::Justified(text) => ReviewOutcome::Justified(text.parse()?),
                    StoredOutcome::Unjustified(text) => ReviewOutcome::Unjustified(text.parse()?),
                    StoredOutcome::Waived(text) => ReviewOutcome::Waived(text.parse()?),
                },
            })
        };
        let offline = |stored: StoredOffline| {
            let instant = |text: Option<String>| text.map(|text| text.parse()).transpose();
            Ok::<_, Invalid>(Offline { merged_at: instant(stored.merged_at)?, ended_at: instant(stored.ended_at)? })
        };
        Ok(Self {
            drill: stored.drill,
            reviewer_roles: parse_roles(&stored.reviewer_roles)?,
            review_due: stored.review_due.parse()?,
            closed: stored.closed.map(closed).transpose()?,
            lifted: stored.lifted.map(closed).transpose()?,
            overdue_noted: stored.overdue_noted,
            offline: stored.offline.map(offline).transpose()?,
        })
    }
}
