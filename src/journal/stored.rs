//! How facts, requests and grants are written down.
//!
//! These forms are what databases and auditors keep for years, so they are apart from the domain types: a field renamed
//! there breaks nobody's file. A form that has been released is never changed, only followed by a later version.
//! Reading parses through the model's constructors, so a row that was tampered with cannot become an impossible value.

use serde::{Deserialize, Serialize};

use crate::model::{
    AccessRequest, Action, Actor, Amendment, Answer, Assessment, Cut, DurationCut, End, EndKind, Event, Fact, Grant,
    Invalid, Justification, Noted, Permission, PermissionSet, Principal, PrincipalKind, RequestState, Resource, Review,
    RiskFactor, RiskLevel, RiskReason, RoleName, Suspension, Timestamp, Ttl, Verdict, Window,
};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredPrincipal {
    User(String),
    Agent(String),
}

impl From<&Principal> for StoredPrincipal {
    fn from(principal: &Principal) -> Self {
        match principal.kind() {
            PrincipalKind::User => Self::User(principal.id().to_owned()),
            PrincipalKind::Agent => Self::Agent(principal.id().to_owned()),
        }
    }
}

impl TryFrom<StoredPrincipal> for Principal {
    type Error = Invalid;

    fn try_from(stored: StoredPrincipal) -> Result<Self, Invalid> {
        match stored {
            StoredPrincipal::User(id) => Self::user(&id),
            StoredPrincipal::Agent(id) => Self::agent(&id),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredActor {
    User(String),
    Agent(String),
    Rule(String),
    Clock,
}

impl From<&Actor> for StoredActor {
    fn from(actor: &Actor) -> Self {
        match actor {
            Actor::Principal(principal) => match StoredPrincipal::from(principal) {
                StoredPrincipal::User(id) => Self::User(id),
                StoredPrincipal::Agent(id) => Self::Agent(id),
            },
            Actor::Rule(key) => Self::Rule(key.to_string()),
            Actor::Clock => Self::Clock,
        }
    }
}

impl TryFrom<StoredActor> for Actor {
    type Error = Invalid;

    fn try_from(stored: StoredActor) -> Result<Self, Invalid> {
        Ok(match stored {
            StoredActor::User(id) => Self::Principal(Principal::user(&id)?),
            StoredActor::Agent(id) => Self::Principal(Principal::agent(&id)?),
            StoredActor::Rule(key) => Self::Rule(key.into()),
            StoredActor::Clock => Self::Clock,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredPermissions {
    allowed: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    excepted: Vec<String>,
}

impl From<&PermissionSet> for StoredPermissions {
    fn from(set: &PermissionSet) -> Self {
        let texts = |all: &[Permission]| all.iter().map(|p| p.as_str().to_owned()).collect();
        Self { allowed: texts(set.allowed()), excepted: texts(set.excepted()) }
    }
}

impl TryFrom<StoredPermissions> for PermissionSet {
    type Error = Invalid;

    fn try_from(stored: StoredPermissions) -> Result<Self, Invalid> {
        let parse = |all: Vec<String>| all.iter().map(|p| Permission::new(p)).collect::<Result<Vec<_>, _>>();
        Self::with_exceptions(parse(stored.allowed)?, parse(stored.excepted)?)
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredReview {
    by: StoredActor,
    at: String,
    verdict: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(default, skip_serializing_if = "StoredCut::is_none")]
    cut: StoredCut,
    version: u32,
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
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredAnswer {
    at: String,
    text: String,
    version: u32,
}

/// What an approver took off.
#[derive(Debug, Default, Serialize, Deserialize)]
struct StoredCut {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    permissions: Option<StoredPermissions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_ms: Option<i64>,
}

impl StoredCut {
    const fn is_none(&self) -> bool {
        self.permissions.is_none() && self.scope.is_none() && self.duration_ms.is_none()
    }
}

impl From<&Cut> for StoredCut {
    fn from(cut: &Cut) -> Self {
        Self {
            permissions: cut.permissions.as_ref().map(Into::into),
            scope: cut.scope.as_ref().map(ToString::to_string),
            duration_ms: cut.duration.map(Ttl::millis),
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
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredAssessment {
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
/// # use jit_access::{config::Config, service::Builder, store::MemoryStore};
/// # let config = Config::parse("jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// # let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// # use jit_access::wire::command;
/// # let made = command::run(&engine.desk(), r#"{"command": "submit", "caller": {"principal": "dev@example.com"},
/// #     "role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// # let request: RequestId = made.get(7..43).unwrap_or_default().parse()?;
/// # let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
/// # let dev = Caller::new(dev, vec![]);
/// # let lead = Caller::new(lead, vec![RoleName::new("lead")?]);
/// use jit_access::journal::stored::StoredRequest;
/// use jit_access::model::*;
///
/// let request = engine.desk().request(&dev, request)?.request.ok_or("no request")?;
/// let text = serde_json::to_string(&StoredRequest::from(&request))?;
/// assert_eq!(AccessRequest::try_from(serde_json::from_str::<StoredRequest>(&text)?)?, request);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredRequest {
    id: String,
    requester: StoredPrincipal,
    requester_normal_roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requester_normal_permissions: Option<Vec<String>>,
    role: String,
    permissions: StoredPermissions,
    scope: String,
    duration_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_cut: Option<StoredDurationCut>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket_url: Option<String>,
    approver_roles: Vec<String>,
    created_at: String,
    times_out_at: String,
    assessment: StoredAssessment,
    state: String,
    version: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reviews: Vec<StoredReview>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answers: Vec<StoredAnswer>,
}

impl From<&AccessRequest> for StoredRequest {
    fn from(request: &AccessRequest) -> Self {
        Self {
            id: request.id.to_string(),
            requester: (&request.requester).into(),
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
            starts_at: request.starts_at.map(|at| at.to_string()),
            justification: request.justification.as_ref().map(ToString::to_string),
            ticket_url: request.ticket.as_ref().map(ToString::to_string),
            approver_roles: role_texts(&request.approver_roles),
            created_at: request.created_at.to_string(),
            times_out_at: request.times_out_at.to_string(),
            assessment: (&request.assessment).into(),
            state: state_name(request.state).to_owned(),
            version: request.version,
            reviews: request.reviews.iter().map(Into::into).collect(),
            answers: request
                .answers
                .iter()
                .map(|answer| StoredAnswer {
                    at: answer.at.to_string(),
                    text: answer.text.to_string(),
                    version: answer.version,
                })
                .collect(),
        }
    }
}

impl TryFrom<StoredRequest> for AccessRequest {
    type Error = Invalid;

    fn try_from(stored: StoredRequest) -> Result<Self, Invalid> {
        Ok(Self {
            id: stored.id.parse()?,
            requester: stored.requester.try_into()?,
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
            starts_at: stored.starts_at.map(|at| at.parse()).transpose()?,
            justification: stored.justification.map(|text| text.parse()).transpose()?,
            ticket: stored.ticket_url.map(|text| text.parse()).transpose()?,
            approver_roles: parse_roles(&stored.approver_roles)?,
            created_at: stored.created_at.parse()?,
            times_out_at: stored.times_out_at.parse()?,
            assessment: stored.assessment.try_into()?,
            state: parse_state(&stored.state)?,
            version: stored.version,
            reviews: stored.reviews.into_iter().map(TryInto::try_into).collect::<Result<_, Invalid>>()?,
            answers: stored
                .answers
                .into_iter()
                .map(|answer| {
                    Ok(Answer { at: answer.at.parse()?, text: answer.text.parse()?, version: answer.version })
                })
                .collect::<Result<_, Invalid>>()?,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredSuspension {
    at: String,
    by: StoredActor,
    reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredEnd {
    at: String,
    by: StoredActor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked_for: Option<String>,
}

/// A grant as it is written down, version 1. The count of uses is not part of it: the store counts them.
///
/// ```
/// # use jit_access::{config::Config, service::Builder, store::MemoryStore};
/// # let config = Config::parse("jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// # let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// # use jit_access::wire::command;
/// # let made = command::run(&engine.desk(), r#"{"command": "submit", "caller": {"principal": "dev@example.com"},
/// #     "role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// # let request: RequestId = made.get(7..43).unwrap_or_default().parse()?;
/// # let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
/// # let dev = Caller::new(dev, vec![]);
/// # let lead = Caller::new(lead, vec![RoleName::new("lead")?]);
/// # let approve = format!(r#"{{"command": "approve", "caller": {{"principal": "boss", "roles": ["lead"]}}, "request": "{request}"}}"#);
/// # command::run(&engine.desk(), &approve)?;
/// use jit_access::journal::stored::StoredGrant;
/// use jit_access::model::*;
///
/// let grant = engine.desk().request(&dev, request)?.grant.ok_or("no grant")?;
/// let text = serde_json::to_string(&StoredGrant::from(&grant))?;
/// assert_eq!(serde_json::from_str::<StoredGrant>(&text)?.into_grant(grant.uses)?, grant);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredGrant {
    id: String,
    request: String,
    holder: StoredPrincipal,
    holder_normal_roles: Vec<String>,
    role: String,
    permissions: StoredPermissions,
    scope: String,
    starts_at: String,
    ends_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    justification: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ticket_url: Option<String>,
    approver_roles: Vec<String>,
    approved_by: StoredActor,
    approved_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    suspended: Option<StoredSuspension>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<StoredEnd>,
    #[serde(default)]
    activation_noted: bool,
    #[serde(default)]
    expiry_noted: bool,
}

impl From<&Grant> for StoredGrant {
    fn from(grant: &Grant) -> Self {
        Self {
            id: grant.id.to_string(),
            request: grant.request.to_string(),
            holder: (&grant.holder).into(),
            holder_normal_roles: role_texts(&grant.holder_normal_roles),
            role: grant.role.to_string(),
            permissions: (&grant.permissions).into(),
            scope: grant.scope.to_string(),
            starts_at: grant.window.start().to_string(),
            ends_at: grant.window.end().to_string(),
            justification: grant.justification.as_ref().map(ToString::to_string),
            ticket_url: grant.ticket.as_ref().map(ToString::to_string),
            approver_roles: role_texts(&grant.approver_roles),
            approved_by: (&grant.approved_by).into(),
            approved_at: grant.approved_at.to_string(),
            suspended: grant.suspended.as_ref().map(|suspension| StoredSuspension {
                at: suspension.at.to_string(),
                by: (&suspension.by).into(),
                reason: suspension.reason.to_string(),
            }),
            ended: grant.ended.as_ref().map(|end| StoredEnd {
                at: end.at.to_string(),
                by: (&end.by).into(),
                revoked_for: match &end.kind {
                    EndKind::Revoked(reason) => Some(reason.to_string()),
                    EndKind::Released => None,
                },
            }),
            activation_noted: grant.noted.activation,
            expiry_noted: grant.noted.expiry,
        }
    }
}

impl StoredGrant {
    /// The grant, with the count of uses that the store has kept beside it.
    ///
    /// # Errors
    /// When a field holds what the model would refuse.
    pub fn into_grant(self, uses: u64) -> Result<Grant, Invalid> {
        Ok(Grant {
            id: self.id.parse()?,
            request: self.request.parse()?,
            holder: self.holder.try_into()?,
            holder_normal_roles: parse_roles(&self.holder_normal_roles)?,
            role: self.role.parse()?,
            permissions: self.permissions.try_into()?,
            scope: self.scope.parse()?,
            window: Window::new(self.starts_at.parse()?, self.ends_at.parse()?)?,
            justification: self.justification.map(|text| text.parse()).transpose()?,
            ticket: self.ticket_url.map(|text| text.parse()).transpose()?,
            approver_roles: parse_roles(&self.approver_roles)?,
            approved_by: self.approved_by.try_into()?,
            approved_at: self.approved_at.parse()?,
            suspended: self
                .suspended
                .map(|stored| {
                    Ok::<_, Invalid>(Suspension {
                        at: stored.at.parse()?,
                        by: stored.by.try_into()?,
                        reason: stored.reason.parse()?,
                    })
                })
                .transpose()?,
            ended: self
                .ended
                .map(|end| {
                    Ok::<_, Invalid>(End {
                        at: end.at.parse()?,
                        by: end.by.try_into()?,
                        kind: match end.revoked_for {
                            Some(reason) => EndKind::Revoked(reason.parse()?),
                            None => EndKind::Released,
                        },
                    })
                })
                .transpose()?,
            noted: Noted { activation: self.activation_noted, expiry: self.expiry_noted },
            uses,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredResource {
    kind: String,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredAmendment {
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

/// An event as it is written down, version 1.
///
/// ```
/// use jit_access::journal::stored::StoredEvent;
/// use jit_access::model::{Actor, Event, Fact};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let text = serde_json::to_string(&StoredEvent::from(&event))?;
/// assert_eq!(Event::try_from(serde_json::from_str::<StoredEvent>(&text)?)?, event);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredEvent {
    at: String,
    by: StoredActor,
    #[serde(flatten)]
    fact: StoredFact,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
enum StoredFact {
    RequestSubmitted(Box<StoredRequest>),
    RequestApproved {
        request: String,
        #[serde(default, skip_serializing_if = "StoredCut::is_none")]
        cut: StoredCut,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    RequestDenied {
        request: String,
        reason: String,
    },
    InformationRequested {
        request: String,
        question: String,
    },
    RequestAnswered {
        request: String,
        answer: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amendment: Option<Box<StoredAmendment>>,
    },
    RequestWithdrawn {
        request: String,
    },
    RequestTimedOut {
        request: String,
    },
    GrantCreated(Box<StoredGrant>),
    GrantActivated {
        grant: String,
    },
    GrantExpired {
        grant: String,
    },
    GrantRevoked {
        grant: String,
        reason: String,
    },
    GrantSuspended {
        grant: String,
        reason: String,
    },
    GrantResumed {
        grant: String,
    },
    GrantReleased {
        grant: String,
    },
    GrantUsed {
        grant: String,
        action: String,
        resource: StoredResource,
    },
}

impl From<&Event> for StoredEvent {
    fn from(event: &Event) -> Self {
        let fact = match &event.fact {
            Fact::RequestSubmitted(request) => StoredFact::RequestSubmitted(Box::new((&**request).into())),
            Fact::RequestApproved { request, cut, comment } => StoredFact::RequestApproved {
                request: request.to_string(),
                cut: cut.into(),
                comment: comment.as_ref().map(ToString::to_string),
            },
            Fact::RequestDenied { request, reason } => {
                StoredFact::RequestDenied { request: request.to_string(), reason: reason.to_string() }
            }
            Fact::InformationRequested { request, question } => {
                StoredFact::InformationRequested { request: request.to_string(), question: question.to_string() }
            }
            Fact::RequestAnswered { request, answer, amendment } => StoredFact::RequestAnswered {
                request: request.to_string(),
                answer: answer.to_string(),
                amendment: amendment.as_deref().map(|amendment| Box::new(amendment.into())),
            },
            Fact::RequestWithdrawn { request } => StoredFact::RequestWithdrawn { request: request.to_string() },
            Fact::RequestTimedOut { request } => StoredFact::RequestTimedOut { request: request.to_string() },
            Fact::GrantCreated(grant) => StoredFact::GrantCreated(Box::new((&**grant).into())),
            Fact::GrantActivated { grant } => StoredFact::GrantActivated { grant: grant.to_string() },
            Fact::GrantExpired { grant } => StoredFact::GrantExpired { grant: grant.to_string() },
            Fact::GrantRevoked { grant, reason } => {
                StoredFact::GrantRevoked { grant: grant.to_string(), reason: reason.to_string() }
            }
            Fact::GrantSuspended { grant, reason } => {
                StoredFact::GrantSuspended { grant: grant.to_string(), reason: reason.to_string() }
            }
            Fact::GrantResumed { grant } => StoredFact::GrantResumed { grant: grant.to_string() },
            Fact::GrantReleased { grant } => StoredFact::GrantReleased { grant: grant.to_string() },
            Fact::GrantUsed { grant, action, resource } => StoredFact::GrantUsed {
                grant: grant.to_string(),
                action: action.to_string(),
                resource: StoredResource {
                    kind: resource.kind().name().to_owned(),
                    id: resource.id().to_owned(),
                    server: resource.server().map(ToOwned::to_owned),
                },
            },
        };
        Self { at: event.at.to_string(), by: (&event.by).into(), fact }
    }
}

impl TryFrom<StoredEvent> for Event {
    type Error = Invalid;

    fn try_from(stored: StoredEvent) -> Result<Self, Invalid> {
        let fact = match stored.fact {
            StoredFact::RequestSubmitted(request) => Fact::RequestSubmitted(Box::new((*request).try_into()?)),
            StoredFact::RequestApproved { request, cut, comment } => Fact::RequestApproved {
                request: request.parse()?,
                cut: cut.try_into()?,
                comment: comment.map(|text| Justification::new(&text)).transpose()?,
            },
            StoredFact::RequestDenied { request, reason } => {
                Fact::RequestDenied { request: request.parse()?, reason: reason.parse()? }
            }
            StoredFact::InformationRequested { request, question } => {
                Fact::InformationRequested { request: request.parse()?, question: question.parse()? }
            }
            StoredFact::RequestAnswered { request, answer, amendment } => Fact::RequestAnswered {
                request: request.parse()?,
                answer: answer.parse()?,
                amendment: amendment.map(|stored| (*stored).try_into().map(Box::new)).transpose()?,
            },
            StoredFact::RequestWithdrawn { request } => Fact::RequestWithdrawn { request: request.parse()? },
            StoredFact::RequestTimedOut { request } => Fact::RequestTimedOut { request: request.parse()? },
            StoredFact::GrantCreated(grant) => Fact::GrantCreated(Box::new(grant.into_grant(0)?)),
            StoredFact::GrantActivated { grant } => Fact::GrantActivated { grant: grant.parse()? },
            StoredFact::GrantExpired { grant } => Fact::GrantExpired { grant: grant.parse()? },
            StoredFact::GrantRevoked { grant, reason } => {
                Fact::GrantRevoked { grant: grant.parse()?, reason: reason.parse()? }
            }
            StoredFact::GrantSuspended { grant, reason } => {
                Fact::GrantSuspended { grant: grant.parse()?, reason: reason.parse()? }
            }
            StoredFact::GrantResumed { grant } => Fact::GrantResumed { grant: grant.parse()? },
            StoredFact::GrantReleased { grant } => Fact::GrantReleased { grant: grant.parse()? },
            StoredFact::GrantUsed { grant, action, resource } => {
                let thing = Resource::new(resource.kind.parse()?, &resource.id)?;
                Fact::GrantUsed {
                    grant: grant.parse()?,
                    action: Action::new(&action)?,
                    resource: match resource.server {
                        Some(server) => thing.on_server(&server)?,
                        None => thing,
                    },
                }
            }
        };
        Ok(Self { at: stored.at.parse::<Timestamp>()?, by: stored.by.try_into()?, fact })
    }
}

fn role_texts(roles: &[RoleName]) -> Vec<String> {
    roles.iter().map(ToString::to_string).collect()
}

fn parse_roles(texts: &[String]) -> Result<Vec<RoleName>, Invalid> {
    texts.iter().map(|text| RoleName::new(text)).collect()
}

const fn state_name(state: RequestState) -> &'static str {
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

fn unknown(field: &'static str, value: &str) -> Invalid {
    Invalid::new(field, format!("is {}", Invalid::quote(value)), "a value that this version writes")
}
