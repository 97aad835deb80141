//! An access request, and what changes in one.

use serde::{Deserialize, Serialize};

use super::approval::StoredStep;
use super::assessment::StoredAssessment;
use super::break_glass::StoredEmergency;
use super::conditions::StoredConditions;
use super::details::StoredDetails;
use super::parts::{StoredExtension, StoredPermissions, StoredPrincipal, parse_roles, role_texts, unknown};
use super::proof::StoredProof;
use super::review::{StoredAnswer, StoredReview};
use crate::model::{AccessRequest, Amendment, DurationCut, Invalid, Permission, Repeat, RequestState, Ttl};

/// A duration that a limit of the operator cut.
#[derive(Debug, Serialize, Deserialize)]
struct StoredDurationCut {
    asked_ms: i64,
    limit: String,
}

impl From<&DurationCut> for StoredDurationCut {
    fn from(cut: &DurationCut) -> Self {
        Self { asked_ms: cut.asked.millis(), limit: cut.limit.to_string() }
    }
}

impl TryFrom<StoredDurationCut> for DurationCut {
    type Error = Invalid;

    fn try_from(stored: StoredDurationCut) -> Result<Self, Invalid> {
        Ok(Self { asked: Ttl::from_millis(stored.asked_ms)?, limit: stored.limit.into() })
    }
}

/// An access request as it is written down, version 1.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::requested()?;
/// use jit_access::internal::journal::stored::StoredRequest;
/// use jit_access::model::*;
///
/// let request = engine.workflow().request(&dev, request)?.request.ok_or("no request")?;
/// let text = serde_json::to_string(&StoredRequest::from(&request))?;
/// assert_eq!(AccessRequest::try_from(serde_json::from_str::<StoredRequest>(&text)?)?, request);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredRequest {
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extends: Option<StoredExtension>,
    requester: StoredPrincipal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requester_acts_for: Option<StoredPrincipal>,
    requester_normal_roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requester_normal_permissions: Option<Vec<String>>,
    role: String,
    permissions: StoredPermissions,
    scope: String,
    duration_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_cut: Option<StoredDurationCut>,
    #[serde(default, skip_serializing_if = "StoredConditions::is_none")]
    conditions: StoredConditions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(flatten)]
    details: StoredDetails,
    approver_roles: Vec<String>,
    approval: Vec<StoredStep>,
    created_at: String,
    times_out_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    emergency: Option<StoredEmergency>,
    assessment: StoredAssessment,
    state: String,
    version: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reviews: Vec<StoredReview>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answers: Vec<StoredAnswer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    repeats: Vec<StoredRepeat>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<StoredProof>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredRepeat {
    at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket_url: Option<String>,
}

impl From<&Repeat> for StoredRepeat {
    fn from(repeat: &Repeat) -> Self {
        Self {
            at: repeat.at.to_string(),
            justification: repeat.justification.as_ref().map(ToString::to_string),
            ticket_url: repeat.ticket.as_ref().map(ToString::to_string),
        }
    }
}

impl TryFrom<StoredRepeat> for Repeat {
    type Error = Invalid;

    fn try_from(stored: StoredRepeat) -> Result<Self, Invalid> {
        Ok(Self {
            at: stored.at.parse()?,
            justification: stored.justification.map(|text| text.parse()).transpose()?,
            ticket: stored.ticket_url.map(|text| text.parse()).transpose()?,
        })
    }
}

impl From<&AccessRequest> for StoredRequest {
    fn from(request: &AccessRequest) -> Self {
        Self {
            id: request.id.to_string(),
            extends: request.extends.as_ref().map(Into::into),
            requester: (&request.requester).into(),
            requester_acts_for: request.requester_acts_for.as_ref().map(Into::into),
            requester_normal_roles: role_texts(&request.requester_normal_roles),
            requester_normal_permissions: request
                .requester_normal_permissions
                .as_ref()
                .map(|all| all.iter().map(ToString::to_string).collect()),
            role: request.role.to_string(),
            permissions: (&request.permissions).into(),
            scope: request.scope.to_string(),
            duration_ms: request.duration.millis(),
            duration_cut: request.duration_cut.as_ref().map(Into::into),
            conditions: (&request.conditions).into(),
            starts_at: request.starts_at.map(|at| at.to_string()),
            details: (&request.details).into(),
            approver_roles: role_texts(&request.approver_roles),
            approval: request.approval.iter().map(Into::into).collect(),
            created_at: request.created_at.to_string(),
            times_out_at: request.times_out_at.to_string(),
            emergency: request.emergency.as_ref().map(Into::into),
            assessment: (&request.assessment).into(),
            state: state_name(request.state).to_owned(),
            version: request.version,
            reviews: request.reviews.iter().map(Into::into).collect(),
            answers: request.answers.iter().map(Into::into).collect(),
            repeats: request.repeats.iter().map(Into::into).collect(),
            proof: request.proof.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<StoredRequest> for AccessRequest {
    type Error = Invalid;

    fn try_from(stored: StoredRequest) -> Result<Self, Invalid> {
        Ok(Self {
            id: stored.id.parse()?,
            extends: stored.extends.map(TryInto::try_into).transpose()?,
            requester: stored.requester.try_into()?,
            requester_acts_for: stored.requester_acts_for.map(TryInto::try_into).transpose()?,
            requester_normal_roles: parse_roles(&stored.requester_normal_roles)?,
            requester_normal_permissions: stored
                .requester_normal_permissions
                .map(|all| all.iter().map(|text| Permission::new(text)).collect())
                .transpose()?,
            role: stored.role.parse()?,
            permissions: stored.permissions.try_into()?,
            scope: stored.scope.parse()?,
            duration: Ttl::from_millis(stored.duration_ms)?,
            duration_cut: stored.duration_cut.map(TryInto::try_into).transpose()?,
            conditions: stored.conditions.try_into()?,
            starts_at: stored.starts_at.map(|at| at.parse()).transpose()?,
            details: stored.details.try_into()?,
            approver_roles: parse_roles(&stored.approver_roles)?,
            approval: stored.approval.into_iter().map(TryInto::try_into).collect::<Result<_, Invalid>>()?,
            created_at: stored.created_at.parse()?,
            times_out_at: stored.times_out_at.parse()?,
            emergency: stored.emergency.map(TryInto::try_into).transpose()?,
            assessment: stored.assessment.try_into()?,
            state: parse_state(&stored.state)?,
            version: stored.version,
            reviews: stored.reviews.into_iter().map(TryInto::try_into).collect::<Result<_, Invalid>>()?,
            answers: stored.answers.into_iter().map(TryInto::try_into).collect::<Result<_, Invalid>>()?,
            repeats: stored.repeats.into_iter().map(TryInto::try_into).collect::<Result<_, Invalid>>()?,
            proof: stored.proof.map(TryInto::try_into).transpose()?,
        })
    }
}

/// The name that the state of a request is kept under, in the journal and beside it.
pub(crate) const fn state_name(state: RequestState) -> &'static str {
    match state {
        RequestState::Pending => "pending",
        RequestState::NeedsInfo => "needs_info",
        RequestState::Approved => "approved",
        RequestState::Denied => "denied",
        RequestState::Withdrawn => "withdrawn",
        RequestState::TimedOut => "timed_out",
    }
}

fn parse_state(name: &str) -> Result<RequestState, Invalid> {
    Ok(match name {
        "pending" => RequestState::Pending,
        "needs_info" => RequestState::NeedsInfo,
        "approved" => RequestState::Approved,
        "denied" => RequestState::Denied,
        "withdrawn" => RequestState::Withdrawn,
        "timed_out" => RequestState::TimedOut,
        other => return Err(unknown("state", other)),
    })
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredAmendment {
    duration_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_cut: Option<StoredDurationCut>,
    scope: String,
    assessment: StoredAssessment,
}

impl From<&Amendment> for StoredAmendment {
    fn from(amendment: &Amendment) -> Self {
        Self {
            duration_ms: amendment.duration.millis(),
            duration_cut: amendment.duration_cut.as_ref().map(Into::into),
            scope: amendment.scope.to_string(),
            assessment: (&amendment.assessment).into(),
        }
    }
}

impl TryFrom<StoredAmendment> for Amendment {
    type Error = Invalid;

    fn try_from(stored: StoredAmendment) -> Result<Self, Invalid> {
        Ok(Self {
            duration: Ttl::from_millis(stored.duration_ms)?,
            duration_cut: stored.duration_cut.map(TryInto::try_into).transpose()?,
            scope: stored.scope.parse()?,
            assessment: stored.assessment.try_into()?,
        })
    }
}
