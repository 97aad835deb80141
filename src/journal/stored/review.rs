//! Reviews with their cuts, and answers of requesters.

use serde::{Deserialize, Serialize};

use super::approval::StoredCapacity;
use super::conditions::StoredConditions;
use super::parts::{StoredActor, StoredPermissions, unknown};
use crate::model::{Answer, Cut, Invalid, Review, Ttl, Verdict};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredReview {
    by: StoredActor,
    at: String,
    verdict: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(default, skip_serializing_if = "StoredCut::is_none")]
    cut: StoredCut,
    version: u32,
    #[serde(default, skip_serializing_if = "StoredCapacity::is_none")]
    capacity: StoredCapacity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lapsed: Option<String>,
}

impl From<&Review> for StoredReview {
    fn from(review: &Review) -> Self {
        Self {
            by: (&review.by).into(),
            at: review.at.to_string(),
            verdict: review.verdict.name().to_owned(),
            comment: review.comment.as_ref().map(ToString::to_string),
            cut: (&review.cut).into(),
            version: review.version,
            capacity: (&review.capacity).into(),
            lapsed: review.lapsed.map(|at| at.to_string()),
        }
    }
}

impl TryFrom<StoredReview> for Review {
    type Error = Invalid;

    fn try_from(stored: StoredReview) -> Result<Self, Invalid> {
        Ok(Self {
            by: stored.by.try_into()?,
            at: stored.at.parse()?,
            verdict: match stored.verdict.as_str() {
                "approve" => Verdict::Approve,
                "deny" => Verdict::Deny,
                "ask" => Verdict::Ask,
                other => return Err(unknown("verdict", other)),
            },
            comment: stored.comment.map(|text| text.parse()).transpose()?,
            cut: stored.cut.try_into()?,
            version: stored.version,
            capacity: stored.capacity.try_into()?,
            lapsed: stored.lapsed.map(|at| at.parse()).transpose()?,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredAnswer {
    at: String,
    text: String,
    version: u32,
}

impl From<&Answer> for StoredAnswer {
    fn from(answer: &Answer) -> Self {
        Self { at: answer.at.to_string(), text: answer.text.to_string(), version: answer.version }
    }
}

impl TryFrom<StoredAnswer> for Answer {
    type Error = Invalid;

    fn try_from(stored: StoredAnswer) -> Result<Self, Invalid> {
        Ok(Self { at: stored.at.parse()?, text: stored.text.parse()?, version: stored.version })
    }
}

/// What an approver took off.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredCut {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    permissions: Option<StoredPermissions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "StoredConditions::is_none")]
    conditions: StoredConditions,
}

impl StoredCut {
    pub(super) const fn is_none(&self) -> bool {
        self.permissions.is_none() && self.scope.is_none() && self.duration_ms.is_none() && self.conditions.is_none()
    }
}

impl From<&Cut> for StoredCut {
    fn from(cut: &Cut) -> Self {
        Self {
            permissions: cut.permissions.as_ref().map(Into::into),
            scope: cut.scope.as_ref().map(ToString::to_string),
            duration_ms: cut.duration.map(Ttl::millis),
            conditions: (&cut.conditions).into(),
        }
    }
}

impl TryFrom<StoredCut> for Cut {
    type Error = Invalid;

    fn try_from(stored: StoredCut) -> Result<Self, Invalid> {
        Ok(Self {
            permissions: stored.permissions.map(TryInto::try_into).transpose()?,
            scope: stored.scope.map(|text| text.parse()).transpose()?,
            duration: stored.duration_ms.map(Ttl::from_millis).transpose()?,
            conditions: stored.conditions.try_into()?,
        })
    }
}
