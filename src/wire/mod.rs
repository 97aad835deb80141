//! The JSON of every face: what requests, grants, records and errors look like outside.
//!
//! Grants use the field names of the published grant schema, with additions beside them. Errors are RFC 9457 problems.
//! Bindings render what is here and add nothing, so that a document is the same whichever language made it.
//!
//! | file | question |
//! |---|---|
//! | `caller` | who gives a command, as a document says it |
//! | `command` | how a JSON command is run |

mod caller;
pub mod command;

use std::num::NonZeroU32;

use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::journal::Record;
use crate::model::{
    AccessRequest, ApprovalStep, Assessment, BreakGlass, Conditions, Cut, Decision, Delegation, DelegationStatus,
    Emergency, EndKind, Grant, GrantStatus, Invalid, PermissionSet, RequestStatus, Review, Revision, Timestamp, Ttl,
};
use crate::service::{Listing, Receipt};
use crate::workflow::{Missing, waiting_for};

/// An access request.
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
/// use jit_access::model::*;
/// use jit_access::wire;
///
/// let receipt = engine.desk().request(&dev, request)?;
/// let document = wire::request_of(&receipt, "/jit").ok_or("no request")?;
/// assert!(wire::to_json(&document)?.contains(r#""status":"pending""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct RequestDocument {
    id: String,
    status: &'static str,
    requester_email: String,
    requester_acts_for: Option<String>,
    requester_normal_roles: Vec<String>,
    requester_normal_permissions: Option<Vec<String>>,
    role: String,
    permissions: Vec<String>,
    excluded_permissions: Vec<String>,
    resource: String,
    duration_hours: f64,
    requested_duration_hours: f64,
    duration_cut_by: Option<String>,
    conditions: Option<ConditionsDocument>,
    starts_at: Option<String>,
    justification: Option<String>,
    ticket_url: Option<String>,
    approver_roles: Vec<String>,
    approval: Vec<StepDocument>,
    waiting_for: Vec<MissingDocument>,
    created_at: String,
    times_out_at: String,
    break_glass: Option<EmergencyDocument>,
    version: u32,
    assessment: AssessmentDocument,
    reviews: Vec<ReviewDocument>,
    answers: Vec<AnswerDocument>,
    grant_id: Option<String>,
    extends: Option<String>,
    /// That a submission made no request, because the grant that this one led to gives what was asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    already: bool,
    links: RequestLinks,
}

/// One step of the approval.
#[derive(Debug, Serialize)]
struct StepDocument {
    roles: Vec<String>,
    count: u32,
    escalates_at: Option<String>,
    escalate_to: Vec<String>,
}

impl From<&ApprovalStep> for StepDocument {
    fn from(step: &ApprovalStep) -> Self {
        let escalation = step.escalation.as_ref();
        Self {
            roles: texts(&step.roles),
            count: step.count,
            escalates_at: escalation.map(|escalation| escalation.at.to_string()),
            escalate_to: escalation.map(|escalation| texts(&escalation.to)).unwrap_or_default(),
        }
    }
}

/// How access was taken without approval.
#[derive(Debug, Serialize)]
struct EmergencyDocument {
    drill: bool,
    skipped_approvers: Vec<String>,
    sign_in: Option<SignInDocument>,
}

#[derive(Debug, Serialize)]
struct SignInDocument {
    amr: Vec<String>,
    acr: Option<String>,
    auth_time: Option<String>,
    mfa: bool,
}

impl From<&Emergency> for EmergencyDocument {
    fn from(emergency: &Emergency) -> Self {
        Self {
            drill: emergency.drill,
            skipped_approvers: texts(&emergency.skipped),
            sign_in: emergency.sign_in.as_ref().map(|sign_in| SignInDocument {
                amr: sign_in.methods().map(ToOwned::to_owned).collect(),
                acr: sign_in.context().map(ToOwned::to_owned),
                auth_time: sign_in.at().map(|at| at.to_string()),
                mfa: sign_in.claims_mfa(),
            }),
        }
    }
}

/// Whose approval is still missing.
#[derive(Debug, Serialize)]
struct MissingDocument {
    roles: Vec<String>,
    missing: u32,
}

impl From<&Missing> for MissingDocument {
    fn from(missing: &Missing) -> Self {
        Self { roles: texts(&missing.roles), missing: missing.count }
    }
}

#[derive(Debug, Serialize)]
struct ReviewDocument {
    by: String,
    at: String,
    verdict: &'static str,
    comment: Option<String>,
    version: u32,
    roles: Vec<String>,
    acts_for: Option<String>,
    on_behalf_of: Option<String>,
    /// Since when it counts no more.
    lapsed_at: Option<String>,
    /// The most that the approver gives; what is `null` is left as it was asked for.
    limit: Option<LimitDocument>,
}

#[derive(Debug, Serialize)]
struct LimitDocument {
    permissions: Option<Vec<String>>,
    excluded_permissions: Option<Vec<String>>,
    resource: Option<String>,
    duration_hours: Option<f64>,
    conditions: Option<ConditionsDocument>,
}

/// What must be so at each use; what is `null` may be as it likes.
#[derive(Debug, Serialize)]
struct ConditionsDocument {
    mfa_within_minutes: Option<i64>,
    networks: Option<Vec<String>>,
    session: Option<String>,
    max_uses: Option<u32>,
}

impl ConditionsDocument {
    fn new(conditions: &Conditions) -> Option<Self> {
        (!conditions.is_none()).then(|| Self {
            mfa_within_minutes: conditions.mfa_within.map(|ttl| ttl.millis() / 60_000),
            networks: conditions.networks.as_ref().map(|networks| networks.texts().collect()),
            session: conditions.session.as_ref().map(ToString::to_string),
            max_uses: conditions.max_uses.map(NonZeroU32::get),
        })
    }
}

impl LimitDocument {
    fn new(cut: &Cut) -> Option<Self> {
        (!cut.is_none()).then(|| Self {
            permissions: cut.permissions.as_ref().map(|set| texts(set.allowed())),
            excluded_permissions: cut.permissions.as_ref().map(|set| texts(set.excepted())),
            resource: cut.scope.as_ref().map(ToString::to_string),
            duration_hours: cut.duration.map(Ttl::hours),
            conditions: ConditionsDocument::new(&cut.conditions),
        })
    }
}

impl From<&Review> for ReviewDocument {
    fn from(review: &Review) -> Self {
        Self {
            by: review.by.to_string(),
            at: review.at.to_string(),
            verdict: review.verdict.name(),
            comment: review.comment.as_ref().map(ToString::to_string),
            version: review.version,
            roles: texts(&review.capacity.roles),
            acts_for: review.capacity.acts_for.as_ref().map(ToString::to_string),
            on_behalf_of: review.capacity.on_behalf_of.as_ref().map(ToString::to_string),
            lapsed_at: review.lapsed.map(|at| at.to_string()),
            limit: LimitDocument::new(&review.cut),
        }
    }
}

/// What the requester answered.
#[derive(Debug, Serialize)]
struct AnswerDocument {
    at: String,
    text: String,
    version: u32,
}

/// What the request would newly permit, and how much could go wrong with it.
#[derive(Debug, Serialize)]
struct AssessmentDocument {
    risk_level: &'static str,
    reasons: Vec<ReasonDocument>,
    newly_permitted: Vec<String>,
    newly_permitted_except: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ReasonDocument {
    factor: &'static str,
    detail: String,
}

impl From<&Assessment> for AssessmentDocument {
    fn from(assessment: &Assessment) -> Self {
        let new = assessment.newly_permitted.as_ref();
        let reason = |reason: &crate::model::RiskReason| ReasonDocument {
            factor: reason.factor.name(),
            detail: reason.detail.clone(),
        };
        Self {
            risk_level: assessment.level.name(),
            reasons: assessment.reasons.iter().map(reason).collect(),
            newly_permitted: new.map(PermissionSet::allowed).map(texts).unwrap_or_default(),
            newly_permitted_except: new.map(PermissionSet::excepted).map(texts).unwrap_or_default(),
        }
    }
}

#[derive(Debug, Serialize)]
struct RequestLinks {
    #[serde(rename = "self")]
    this: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    approve: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deny: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdraw: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
}

impl RequestDocument {
    /// The request as it stands at `now`, with the grant it led to. Links start with `base`: `/jit`.
    #[must_use]
    pub fn new(request: &AccessRequest, grant: Option<&Grant>, now: Timestamp, base: &str) -> Self {
        let status = request.status(now);
        let waiting = if status.is_open() { waiting_for(request, now) } else { Vec::new() };
        let this = format!("{base}/requests/{}", request.id);
        let while_open = |verb: &str| status.is_open().then(|| format!("{this}/{verb}"));
        Self {
            id: request.id.to_string(),
            status: status.name(),
            requester_email: request.requester.to_string(),
            requester_acts_for: request.requester_acts_for.as_ref().map(ToString::to_string),
            requester_normal_roles: texts(&request.requester_normal_roles),
            requester_normal_permissions: request.requester_normal_permissions.as_deref().map(texts),
            role: request.role.to_string(),
            permissions: texts(request.permissions.allowed()),
            excluded_permissions: texts(request.permissions.excepted()),
            resource: request.scope.to_string(),
            duration_hours: request.duration.hours(),
            requested_duration_hours: request.duration_cut.as_ref().map_or(request.duration, |cut| cut.asked).hours(),
            duration_cut_by: request.duration_cut.as_ref().map(|cut| cut.limit.to_string()),
            conditions: ConditionsDocument::new(&request.conditions),
            starts_at: request.starts_at.map(|at| at.to_string()),
            justification: request.justification.as_ref().map(ToString::to_string),
            ticket_url: request.ticket.as_ref().map(ToString::to_string),
            approver_roles: texts(&request.approver_roles),
            approval: request.approval.iter().map(Into::into).collect(),
            waiting_for: waiting.iter().map(Into::into).collect(),
            created_at: request.created_at.to_string(),
            times_out_at: request.times_out_at.to_string(),
            break_glass: request.emergency.as_ref().map(Into::into),
            version: request.version,
            assessment: (&request.assessment).into(),
            reviews: request.reviews.iter().map(Into::into).collect(),
            answers: request
                .answers
                .iter()
                .map(|answer| AnswerDocument {
                    at: answer.at.to_string(),
                    text: answer.text.to_string(),
                    version: answer.version,
                })
                .collect(),
            grant_id: grant.map(|grant| grant.id.to_string()),
            extends: request.extends.map(|extension| extension.of.to_string()),
            already: false,
            links: RequestLinks {
                approve: while_open("approve"),
                deny: while_open("deny"),
                ask: while_open("ask"),
                answer: (status == RequestStatus::NeedsInfo).then(|| format!("{this}/answer")),
                withdraw: while_open("withdraw"),
                grant: grant.map(|grant| format!("{base}/grants/{}", grant.id)),
                this,
            },
        }
    }
}

/// A grant, under the names of the published schema.
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
/// use jit_access::model::*;
/// use jit_access::wire::{self, GrantDocument};
///
/// let receipt = engine.desk().request(&dev, request)?;
/// let document = GrantDocument::new(receipt.grant.as_ref().ok_or("no grant")?, receipt.now, "/jit");
/// assert!(wire::to_json(&document)?.contains(r#""status":"active""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct GrantDocument {
    id: String,
    requester_email: String,
    requester_acts_for: Option<String>,
    requester_normal_roles: Vec<String>,
    granted_role: String,
    granted_permissions: Vec<String>,
    justification: Option<String>,
    ticket_url: Option<String>,
    approved_by: String,
    approved_at: String,
    starts_at: String,
    expires_at: String,
    status: &'static str,
    actions_taken: u64,
    revoked_by: Option<String>,
    revoke_reason: Option<String>,
    break_glass: Option<BreakGlassDocument>,
    suspended_at: Option<String>,
    suspended_by: Option<String>,
    suspend_reason: Option<String>,
    request_id: String,
    excluded_permissions: Vec<String>,
    resource: String,
    conditions: Option<ConditionsDocument>,
    uses_left: Option<u64>,
    ended_at: Option<String>,
    extends: Option<String>,
    extension_number: u32,
    links: GrantLinks,
}

/// The review that a grant without approval owes.
#[derive(Debug, Serialize)]
struct BreakGlassDocument {
    drill: bool,
    review_status: &'static str,
    review_due_at: String,
    reviewer_roles: Vec<String>,
    reviewed_by: Option<String>,
    reviewed_at: Option<String>,
    /// `justified`, `unjustified` or `waived`.
    outcome: Option<&'static str>,
    finding: Option<String>,
}

impl BreakGlassDocument {
    fn new(owed: &BreakGlass, now: Timestamp) -> Self {
        let closed = owed.closed.as_ref();
        Self {
            drill: owed.drill,
            review_status: owed.review(now).name(),
            review_due_at: owed.review_due.to_string(),
            reviewer_roles: texts(&owed.reviewer_roles),
            reviewed_by: closed.map(|closed| closed.by.to_string()),
            reviewed_at: closed.map(|closed| closed.at.to_string()),
            outcome: closed.map(|closed| closed.outcome.name()),
            finding: closed.map(|closed| closed.outcome.text().to_string()),
        }
    }
}

#[derive(Debug, Serialize)]
struct GrantLinks {
    #[serde(rename = "self")]
    this: String,
    request: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoke: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspend: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resume: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waive_review: Option<String>,
}

impl GrantDocument {
    /// The grant as it stands at `now`. Links start with `base`: `/jit`.
    #[must_use]
    pub fn new(grant: &Grant, now: Timestamp, base: &str) -> Self {
        let status = grant.status(now);
        let this = format!("{base}/grants/{}", grant.id);
        let while_live = |verb: &str| status.is_live().then(|| format!("{this}/{verb}"));
        let revoked = grant.ended.as_ref().and_then(|end| match &end.kind {
            EndKind::Revoked(reason) => Some((end.by.to_string(), reason.to_string())),
            EndKind::Released | EndKind::Exhausted => None,
        });
        let ended_at = match (&grant.ended, status) {
            (Some(end), _) => Some(end.at),
            (None, GrantStatus::Expired) => Some(grant.window.end()),
            (None, _) => None,
        };
        Self {
            id: grant.id.to_string(),
            requester_email: grant.holder.to_string(),
            requester_acts_for: grant.holder_acts_for.as_ref().map(ToString::to_string),
            requester_normal_roles: texts(&grant.holder_normal_roles),
            granted_role: grant.role.to_string(),
            granted_permissions: texts(grant.permissions.allowed()),
            justification: grant.justification.as_ref().map(ToString::to_string),
            ticket_url: grant.ticket.as_ref().map(ToString::to_string),
            approved_by: grant.approved_by.to_string(),
            approved_at: grant.approved_at.to_string(),
            starts_at: grant.window.start().to_string(),
            expires_at: grant.window.end().to_string(),
            status: status.name(),
            actions_taken: grant.uses,
            revoked_by: revoked.as_ref().map(|(by, _)| by.clone()),
            revoke_reason: revoked.map(|(_, reason)| reason),
            break_glass: grant.break_glass.as_ref().map(|owed| BreakGlassDocument::new(owed, now)),
            suspended_at: grant.suspended.as_ref().map(|one| one.at.to_string()),
            suspended_by: grant.suspended.as_ref().map(|one| one.by.to_string()),
            suspend_reason: grant.suspended.as_ref().map(|one| one.reason.to_string()),
            request_id: grant.request.to_string(),
            excluded_permissions: texts(grant.permissions.excepted()),
            resource: grant.scope.to_string(),
            conditions: ConditionsDocument::new(&grant.conditions),
            uses_left: grant.conditions.max_uses.map(|max| u64::from(max.get()).saturating_sub(grant.uses)),
            ended_at: ended_at.map(|at| at.to_string()),
            extends: grant.extends.map(|extension| extension.of.to_string()),
            extension_number: grant.number(),
            links: GrantLinks {
                request: format!("{base}/requests/{}", grant.request),
                revoke: while_live("revoke"),
                extend: while_live("extend").filter(|_| status != GrantStatus::Suspended),
                release: while_live("release"),
                suspend: while_live("suspend").filter(|_| status != GrantStatus::Suspended),
                resume: while_live("resume").filter(|_| status == GrantStatus::Suspended),
                review: (grant.is_unreviewed() && !status.is_live()).then(|| format!("{this}/review")),
                waive_review: grant.is_unreviewed().then(|| format!("{this}/waive-review")),
                this,
            },
        }
    }
}

/// Somebody's right to review, lent to somebody else for a while.
///
/// ```
/// use jit_access::model::{Delegation, DelegationId, Justification, Principal, RoleName, Ttl, Window};
/// use jit_access::wire::{self, DelegationDocument};
///
/// let from = "2026-12-01T09:00:00Z".parse()?;
/// let holiday = Delegation {
///     id: DelegationId::from_u128(7),
///     delegator: Principal::user("ann@example.com")?,
///     delegate: Principal::user("ben@example.com")?,
///     roles: vec![RoleName::new("tool-owner")?],
///     window: Window::starting(from, Ttl::from_hours(48.0)?)?,
///     reason: Justification::new("two days off")?,
///     created_at: from,
///     ended: None,
/// };
/// let document = wire::to_json(&DelegationDocument::new(&holiday, from, "/jit"))?;
/// assert!(document.contains(r#""delegate":"ben@example.com""#) && document.contains(r#""status":"active""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct DelegationDocument {
    id: String,
    status: &'static str,
    delegator: String,
    delegate: String,
    roles: Vec<String>,
    from: String,
    until: String,
    reason: String,
    created_at: String,
    ended_at: Option<String>,
    ended_by: Option<String>,
    links: DelegationLinks,
}

#[derive(Debug, Serialize)]
struct DelegationLinks {
    #[serde(rename = "self")]
    this: String,
}

impl DelegationDocument {
    /// The delegation as it stands at `now`. Links start with `base`: `/jit`.
    #[must_use]
    pub fn new(delegation: &Delegation, now: Timestamp, base: &str) -> Self {
        let ended = delegation.ended.as_ref();
        Self {
            id: delegation.id.to_string(),
            status: delegation.status(now).name(),
            delegator: delegation.delegator.to_string(),
            delegate: delegation.delegate.to_string(),
            roles: texts(&delegation.roles),
            from: delegation.window.start().to_string(),
            until: delegation.window.end().to_string(),
            reason: delegation.reason.to_string(),
            created_at: delegation.created_at.to_string(),
            ended_at: ended.map(|end| end.at.to_string()),
            ended_by: ended.map(|end| end.by.to_string()),
            links: DelegationLinks { this: format!("{base}/delegations/{}", delegation.id) },
        }
    }
}

/// A record of the journal. `body` is the very text that `hash` is the SHA-256 of.
///
/// ```
/// use jit_access::journal::{Hash, Record};
/// use jit_access::model::{Actor, Event, Fact, Revision};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let record = Record::seal(event, Revision(0), Hash::GENESIS)?;
/// assert!(jit_access::wire::to_json(&jit_access::wire::RecordDocument::from(&record))?.contains("grant_expired"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct RecordDocument {
    revision: u64,
    at: String,
    by: String,
    event: &'static str,
    previous: String,
    hash: String,
    body: String,
}

impl From<&Record> for RecordDocument {
    fn from(record: &Record) -> Self {
        Self {
            revision: record.revision.0,
            at: record.event.at.to_string(),
            by: record.event.by.to_string(),
            event: record.event.fact.name(),
            previous: record.previous.to_string(),
            hash: record.hash.to_string(),
            body: record.body.clone(),
        }
    }
}

/// The answer of a check.
///
/// ```
/// use jit_access::model::{Decision, Reason, Revision};
/// use jit_access::wire::{self, DecisionDocument};
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
}

impl From<&Decision> for DecisionDocument {
    fn from(decision: &Decision) -> Self {
        Self {
            outcome: decision.outcome.name(),
            reason: decision.basis.reason.name(),
            grant_id: decision.basis.grant.map(|id| id.to_string()),
            valid_until: decision.valid_until.map(|at| at.to_string()),
            revision: decision.revision.0,
        }
    }
}

/// A page of documents.
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
/// use jit_access::model::*;
/// use jit_access::wire::{self, PageDocument, RequestDocument};
///
/// use jit_access::command::ListRequests;
///
/// let page = engine.desk().requests(&dev, &ListRequests::default())?;
/// let page = PageDocument::new(&page, |request| RequestDocument::new(request, None, engine.now(), "/jit"));
/// assert_eq!((page.items.len(), page.next_cursor), (1, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct PageDocument<T> {
    /// The documents.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> PageDocument<T> {
    /// A page of what `render` makes of each row.
    pub fn new<R>(listing: &Listing<R>, render: impl Fn(&R) -> T) -> Self {
        Self { items: listing.items.iter().map(render).collect(), next_cursor: listing.next.map(cursor) }
    }
}

/// An error as an RFC 9457 problem.
///
/// ```
/// use jit_access::Error;
/// use jit_access::model::Ttl;
/// use jit_access::wire::{self, ProblemDocument};
///
/// let error = Error::from(Ttl::from_hours(-1.0).unwrap_err());
/// let problem = wire::to_json(&ProblemDocument::from(&error))?;
/// assert!(problem.contains(r#""code":"invalid""#) && problem.contains(r#""status":400"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct ProblemDocument {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    code: &'static str,
    retryable: bool,
    /// From when on the same call may succeed, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    /// What to send as `WWW-Authenticate`, when a stronger sign-in would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<String>,
}

impl From<&Error> for ProblemDocument {
    fn from(error: &Error) -> Self {
        let invalid = match error {
            Error::Invalid(invalid) => Some(invalid),
            _ => None,
        };
        Self {
            kind: format!("urn:jit-access:error:{}", error.code()),
            title: title(error.kind()),
            status: http_status(error),
            detail: error.to_string(),
            code: error.code(),
            retryable: error.is_retryable(),
            retry_at: error.retry_at().map(|at| at.to_string()),
            field: invalid.map(|invalid| invalid.field().to_owned()),
            expected: invalid.map(|invalid| invalid.expected().to_owned()),
            challenge: challenge(error).map(ToOwned::to_owned),
        }
    }
}

fn challenge(error: &Error) -> Option<&str> {
    match error {
        Error::Refused(refusal) => refusal.challenge(),
        _ => None,
    }
}

/// The HTTP status (RFC 9110) that says what the caller can do. Where a stronger sign-in would help it is 401, as RFC 9470
/// has it.
#[must_use]
pub fn http_status(error: &Error) -> u16 {
    if challenge(error).is_some() {
        return 401;
    }
    match error.kind() {
        ErrorKind::Invalid => 400,
        ErrorKind::Refused => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::Conflict => 409,
        ErrorKind::RateLimited => 429,
        ErrorKind::Unavailable => 503,
        ErrorKind::Corrupt | ErrorKind::Internal => 500,
    }
}

const fn title(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "Invalid request",
        ErrorKind::Refused => "Forbidden",
        ErrorKind::NotFound => "Not found",
        ErrorKind::RateLimited => "Rate limit exceeded",
        ErrorKind::Conflict => "Conflict with the current state",
        ErrorKind::Unavailable => "Unavailable, try again later",
        ErrorKind::Corrupt => "Stored data is corrupt",
        ErrorKind::Internal => "Internal error",
    }
}

/// The request of a receipt, as a document.
#[must_use]
pub fn request_of(receipt: &Receipt, base: &str) -> Option<RequestDocument> {
    let request = receipt.request.as_ref()?;
    let document = RequestDocument::new(request, receipt.grant.as_ref(), receipt.now, base);
    Some(RequestDocument { already: receipt.already, ..document })
}

/// A document as JSON text.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written, which no document here causes.
pub fn to_json(document: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(document).map_err(|error| Error::Internal(format!("cannot write JSON: {error}")))
}

/// Where a page goes on, as text that callers pass back unread.
#[must_use]
pub fn cursor(revision: Revision) -> String {
    format!("r{revision}")
}

/// The place that a cursor names.
///
/// # Errors
/// When it is not one that a page gave.
pub fn parse_cursor(text: &str) -> Result<Revision, Invalid> {
    text.strip_prefix('r')
        .filter(|digits| digits.len() <= 19 && digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .map(Revision)
        .ok_or_else(|| Invalid::new("cursor", format!("is {}", Invalid::quote(text)), "a next_cursor that a page gave"))
}

/// The request status of this name.
///
/// # Errors
/// When there is none.
pub fn parse_request_status(name: &str) -> Result<RequestStatus, Invalid> {
    by_name(RequestStatus::ALL, RequestStatus::name, name)
}

/// The grant status of this name.
///
/// # Errors
/// When there is none.
pub fn parse_grant_status(name: &str) -> Result<GrantStatus, Invalid> {
    by_name(GrantStatus::ALL, GrantStatus::name, name)
}

/// The delegation status of this name.
///
/// # Errors
/// When there is none.
pub fn parse_delegation_status(name: &str) -> Result<DelegationStatus, Invalid> {
    by_name(DelegationStatus::ALL, DelegationStatus::name, name)
}

fn by_name<S: Copy, const N: usize>(all: [S; N], name_of: fn(S) -> &'static str, name: &str) -> Result<S, Invalid> {
    all.into_iter().find(|status| name_of(*status) == name).ok_or_else(|| {
        let names: Vec<_> = all.into_iter().map(name_of).collect();
        Invalid::new("status", format!("is {}", Invalid::quote(name)), format!("one of {}", names.join(", ")))
    })
}

fn texts<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}
