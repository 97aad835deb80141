//! One fact, its instant, and its actor.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alert::StoredAlert;
use super::approval::StoredCapacity;
use super::assessment::StoredAssessment;
use super::delegation::StoredDelegation;
use super::grant::StoredGrant;
use super::parts::{StoredActor, StoredPermissions, StoredPrincipal};
use super::proof::StoredProof;
use super::refused::StoredRefused;
use super::request::{StoredAmendment, StoredRequest};
use super::review::StoredCut;
use super::standing::StoredStanding;
use super::used::StoredUse;
use crate::model::{Event, Fact, Invalid, Justification, PermissionSet, Removal, Revision, RoleName, Timestamp};

/// An event as it is written down, version 1.
///
/// ```
/// use jit_access::internal::journal::stored::StoredEvent;
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
    RequestReviewed {
        request: String,
        #[serde(default, skip_serializing_if = "StoredCapacity::is_none")]
        capacity: StoredCapacity,
        #[serde(default, skip_serializing_if = "StoredCut::is_none")]
        cut: StoredCut,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    ReviewLapsed {
        request: String,
        reviewer: StoredPrincipal,
    },
    RequestEscalated {
        request: String,
        step: u32,
    },
    RequestApproved {
        request: String,
        #[serde(default, skip_serializing_if = "StoredCapacity::is_none")]
        capacity: StoredCapacity,
        #[serde(default, skip_serializing_if = "StoredCut::is_none")]
        cut: StoredCut,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    RequestDenied {
        request: String,
        #[serde(default, skip_serializing_if = "StoredCapacity::is_none")]
        capacity: StoredCapacity,
        reason: String,
    },
    InformationRequested {
        request: String,
        #[serde(default, skip_serializing_if = "StoredCapacity::is_none")]
        capacity: StoredCapacity,
        question: String,
    },
    RequestAnswered {
        request: String,
        answer: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amendment: Option<Box<StoredAmendment>>,
    },
    RequestRepeated {
        request: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        justification: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket_url: Option<String>,
    },
    RequestReassessed {
        request: String,
        assessment: Box<StoredAssessment>,
    },
    RequestProven {
        request: String,
        proof: StoredProof,
    },
    RequestWithdrawn {
        request: String,
    },
    RequestTimedOut {
        request: String,
    },
    RolesDelegated(Box<StoredDelegation>),
    DelegationEnded {
        delegation: String,
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
    StandingReported {
        principal: StoredPrincipal,
        standing: StoredStanding,
    },
    StoreAccepted {
        reason: String,
    },
    ClockAccepted {
        reason: String,
    },
    GuardrailsChanged {
        digest: String,
        count: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
    },
    ConfigurationChanged {
        digest: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        catalogue: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        roles: Option<BTreeMap<String, StoredPermissions>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policies: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        grants: u32,
        requests: u32,
    },
    ProcessStarted {
        process: String,
        id: u32,
        version: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<String>,
    },
    ProcessEnded {
        process: String,
        id: u32,
    },
    RecordsRemoved {
        last: u64,
        hash: String,
        root: String,
        parts: Vec<String>,
        until: String,
        complete_from: String,
        rule: String,
    },
    BreakGlassReviewed {
        grant: String,
        justified: bool,
        finding: String,
    },
    BreakGlassReviewWaived {
        grant: String,
        reason: String,
    },
    BreakGlassReviewOverdue {
        grant: String,
    },
    GrantUsed(Box<StoredUse>),
    GrantExhausted {
        grant: String,
    },
    SessionRefused {
        grant: String,
        refused: Vec<StoredRefused>,
        #[serde(default)]
        others: u64,
    },
    AlertRaised(Box<StoredAlert>),
    AlertAcknowledged {
        alert: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<String>,
        reason: String,
    },
    AlertSilenced {
        alert: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<String>,
        until: String,
        reason: String,
    },
}

impl From<&Event> for StoredEvent {
    fn from(event: &Event) -> Self {
        let fact = match &event.fact {
            Fact::RequestSubmitted(request) => StoredFact::RequestSubmitted(Box::new((&**request).into())),
            Fact::RequestReviewed { request, capacity, cut, comment } => StoredFact::RequestReviewed {
                request: request.to_string(),
                capacity: capacity.into(),
                cut: cut.into(),
                comment: comment.as_ref().map(ToString::to_string),
            },
            Fact::ReviewLapsed { request, reviewer } => {
                StoredFact::ReviewLapsed { request: request.to_string(), reviewer: reviewer.into() }
            }
            Fact::RequestEscalated { request, step } => {
                StoredFact::RequestEscalated { request: request.to_string(), step: *step }
            }
            Fact::RequestApproved { request, capacity, cut, comment } => StoredFact::RequestApproved {
                request: request.to_string(),
                capacity: capacity.into(),
                cut: cut.into(),
                comment: comment.as_ref().map(ToString::to_string),
            },
            Fact::RequestDenied { request, capacity, reason } => StoredFact::RequestDenied {
                request: request.to_string(),
                capacity: capacity.into(),
                reason: reason.to_string(),
            },
            Fact::InformationRequested { request, capacity, question } => StoredFact::InformationRequested {
                request: request.to_string(),
                capacity: capacity.into(),
                question: question.to_string(),
            },
            Fact::RequestAnswered { request, answer, amendment } => StoredFact::RequestAnswered {
                request: request.to_string(),
                answer: answer.to_string(),
                amendment: amendment.as_deref().map(|amendment| Box::new(amendment.into())),
            },
            Fact::RequestRepeated { request, justification, ticket } => StoredFact::RequestRepeated {
                request: request.to_string(),
                justification: justification.as_ref().map(ToString::to_string),
                ticket_url: ticket.as_ref().map(ToString::to_string),
            },
            Fact::RequestReassessed { request, assessment } => StoredFact::RequestReassessed {
                request: request.to_string(),
                assessment: Box::new((&**assessment).into()),
            },
            Fact::RequestProven { request, proof } => {
                StoredFact::RequestProven { request: request.to_string(), proof: (&**proof).into() }
            }
            Fact::RequestWithdrawn { request } => StoredFact::RequestWithdrawn { request: request.to_string() },
            Fact::RequestTimedOut { request } => StoredFact::RequestTimedOut { request: request.to_string() },
            Fact::RolesDelegated(delegation) => StoredFact::RolesDelegated(Box::new((&**delegation).into())),
            Fact::DelegationEnded { delegation } => StoredFact::DelegationEnded { delegation: delegation.to_string() },
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
            Fact::StandingReported { principal, standing } => {
                StoredFact::StandingReported { principal: principal.into(), standing: standing.into() }
            }
            Fact::ConfigurationChanged { digest, catalogue, roles, policies, account, grants, requests } => {
                let stored = |(name, set): (&RoleName, &PermissionSet)| (name.to_string(), set.into());
                StoredFact::ConfigurationChanged {
                    digest: digest.clone(),
                    catalogue: catalogue.clone(),
                    roles: roles.as_ref().map(|roles| roles.iter().map(stored).collect()),
                    policies: policies.clone(),
                    account: account.as_deref().map(str::to_owned),
                    grants: *grants,
                    requests: *requests,
                }
            }
            Fact::ProcessStarted { process, id, version, account } => StoredFact::ProcessStarted {
                process: process.to_string(),
                id: *id,
                version: version.to_string(),
                account: account.as_deref().map(str::to_owned),
            },
            Fact::ProcessEnded { process, id } => StoredFact::ProcessEnded { process: process.to_string(), id: *id },
            Fact::RecordsRemoved(removal) => StoredFact::RecordsRemoved {
                last: removal.last.0,
                hash: removal.hash.clone(),
                root: removal.root.clone(),
                parts: removal.parts.clone(),
                until: removal.until.to_string(),
                complete_from: removal.complete_from.to_string(),
                rule: removal.rule.clone(),
            },
            Fact::StoreAccepted { reason } => StoredFact::StoreAccepted { reason: reason.to_string() },
            Fact::ClockAccepted { reason } => StoredFact::ClockAccepted { reason: reason.to_string() },
            Fact::GuardrailsChanged { digest, count, account } => StoredFact::GuardrailsChanged {
                digest: digest.to_string(),
                count: *count,
                account: account.as_deref().map(str::to_owned),
            },
            Fact::BreakGlassReviewed { grant, justified, finding } => StoredFact::BreakGlassReviewed {
                grant: grant.to_string(),
                justified: *justified,
                finding: finding.to_string(),
            },
            Fact::BreakGlassReviewWaived { grant, reason } => {
                StoredFact::BreakGlassReviewWaived { grant: grant.to_string(), reason: reason.to_string() }
            }
            Fact::BreakGlassReviewOverdue { grant } => StoredFact::BreakGlassReviewOverdue { grant: grant.to_string() },
            Fact::SessionRefused { grant, refused, others } => StoredFact::SessionRefused {
                grant: grant.to_string(),
                refused: refused.iter().map(Into::into).collect(),
                others: *others,
            },
            Fact::AlertRaised(alert) => StoredFact::AlertRaised(Box::new((&**alert).into())),
            Fact::AlertAcknowledged { alert, grant, reason } => StoredFact::AlertAcknowledged {
                alert: alert.to_string(),
                grant: grant.map(|grant| grant.to_string()),
                reason: reason.to_string(),
            },
            Fact::AlertSilenced { alert, grant, until, reason } => StoredFact::AlertSilenced {
                alert: alert.to_string(),
                grant: grant.map(|grant| grant.to_string()),
                until: until.to_string(),
                reason: reason.to_string(),
            },
            Fact::GrantExhausted { grant } => StoredFact::GrantExhausted { grant: grant.to_string() },
            Fact::GrantUsed { grant, action, resource, drill, left, used_at, details } => {
                let details = details.as_deref();
                let used = StoredUse::new(*grant, action, resource, *drill, *left, *used_at, details);
                StoredFact::GrantUsed(Box::new(used))
            }
        };
        Self { at: event.at.to_string(), by: (&event.by).into(), fact }
    }
}

impl TryFrom<StoredEvent> for Event {
    type Error = Invalid;

    fn try_from(stored: StoredEvent) -> Result<Self, Invalid> {
        let fact = match stored.fact {
            StoredFact::RequestSubmitted(request) => Fact::RequestSubmitted(Box::new((*request).try_into()?)),
            StoredFact::RequestReviewed { request, capacity, cut, comment } => Fact::RequestReviewed {
                request: request.parse()?,
                capacity: capacity.try_into()?,
                cut: cut.try_into()?,
                comment: comment.map(|text| Justification::new(&text)).transpose()?,
            },
            StoredFact::ReviewLapsed { request, reviewer } => {
                Fact::ReviewLapsed { request: request.parse()?, reviewer: reviewer.try_into()? }
            }
            StoredFact::RequestEscalated { request, step } => {
                Fact::RequestEscalated { request: request.parse()?, step }
            }
            StoredFact::RequestApproved { request, capacity, cut, comment } => Fact::RequestApproved {
                request: request.parse()?,
                capacity: capacity.try_into()?,
                cut: cut.try_into()?,
                comment: comment.map(|text| Justification::new(&text)).transpose()?,
            },
            StoredFact::RequestDenied { request, capacity, reason } => Fact::RequestDenied {
                request: request.parse()?,
                capacity: capacity.try_into()?,
                reason: reason.parse()?,
            },
            StoredFact::InformationRequested { request, capacity, question } => Fact::InformationRequested {
                request: request.parse()?,
                capacity: capacity.try_into()?,
                question: question.parse()?,
            },
            StoredFact::RequestAnswered { request, answer, amendment } => Fact::RequestAnswered {
                request: request.parse()?,
                answer: answer.parse()?,
                amendment: amendment.map(|stored| (*stored).try_into().map(Box::new)).transpose()?,
            },
            StoredFact::RequestRepeated { request, justification, ticket_url } => Fact::RequestRepeated {
                request: request.parse()?,
                justification: justification.map(|text| text.parse()).transpose()?,
                ticket: ticket_url.map(|text| text.parse()).transpose()?,
            },
            StoredFact::RequestReassessed { request, assessment } => {
                Fact::RequestReassessed { request: request.parse()?, assessment: Box::new((*assessment).try_into()?) }
            }
            StoredFact::RequestProven { request, proof } => {
                Fact::RequestProven { request: request.parse()?, proof: Box::new(proof.try_into()?) }
            }
            StoredFact::RequestWithdrawn { request } => Fact::RequestWithdrawn { request: request.parse()? },
            StoredFact::RequestTimedOut { request } => Fact::RequestTimedOut { request: request.parse()? },
            StoredFact::RolesDelegated(delegation) => Fact::RolesDelegated(Box::new((*delegation).try_into()?)),
            StoredFact::DelegationEnded { delegation } => Fact::DelegationEnded { delegation: delegation.parse()? },
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
            StoredFact::StandingReported { principal, standing } => {
                Fact::StandingReported { principal: principal.try_into()?, standing: standing.try_into()? }
            }
            StoredFact::ConfigurationChanged { digest, catalogue, roles, policies, account, grants, requests } => {
                let account = account.map(Into::into);
                let role = |(name, set): (String, StoredPermissions)| Ok((name.parse()?, set.try_into()?));
                let roles = roles.map(|roles| roles.into_iter().map(role).collect::<Result<_, Invalid>>());
                let roles = roles.transpose()?.map(Arc::new);
                Fact::ConfigurationChanged { digest, catalogue, roles, policies, account, grants, requests }
            }
            StoredFact::ProcessStarted { process, id, version, account } => Fact::ProcessStarted {
                process: process.into(),
                id,
                version: version.into(),
                account: account.map(Into::into),
            },
            StoredFact::ProcessEnded { process, id } => Fact::ProcessEnded { process: process.into(), id },
            StoredFact::RecordsRemoved { last, hash, root, parts, until, complete_from, rule } => {
                let removal = Removal::new(Revision(last), &hash, &root, &rule)?.of_parts(parts)?;
                Fact::RecordsRemoved(Box::new(removal.of_times(until.parse()?, complete_from.parse()?)))
            }
            StoredFact::StoreAccepted { reason } => Fact::StoreAccepted { reason: reason.parse()? },
            StoredFact::ClockAccepted { reason } => Fact::ClockAccepted { reason: reason.parse()? },
            StoredFact::GuardrailsChanged { digest, count, account } => {
                Fact::GuardrailsChanged { digest: digest.into(), count, account: account.map(Into::into) }
            }
            StoredFact::BreakGlassReviewed { grant, justified, finding } => {
                Fact::BreakGlassReviewed { grant: grant.parse()?, justified, finding: finding.parse()? }
            }
            StoredFact::BreakGlassReviewWaived { grant, reason } => {
                Fact::BreakGlassReviewWaived { grant: grant.parse()?, reason: reason.parse()? }
            }
            StoredFact::BreakGlassReviewOverdue { grant } => Fact::BreakGlassReviewOverdue { grant: grant.parse()? },
            StoredFact::SessionRefused { grant, refused, others } => Fact::SessionRefused {
                grant: grant.parse()?,
                refused: refused.into_iter().map(TryInto::try_into).collect::<Result<_, Invalid>>()?,
                others,
            },
            StoredFact::AlertRaised(alert) => Fact::AlertRaised(Box::new((*alert).try_into()?)),
            StoredFact::AlertAcknowledged { alert, grant, reason } => Fact::AlertAcknowledged {
                alert: alert.parse()?,
                grant: grant.map(|grant| grant.parse()).transpose()?,
                reason: reason.parse()?,
            },
            StoredFact::AlertSilenced { alert, grant, until, reason } => Fact::AlertSilenced {
                alert: alert.parse()?,
                grant: grant.map(|grant| grant.parse()).transpose()?,
                until: until.parse()?,
                reason: reason.parse()?,
            },
            StoredFact::GrantExhausted { grant } => Fact::GrantExhausted { grant: grant.parse()? },
            StoredFact::GrantUsed(used) => (*used).try_into()?,
        };
        Ok(Self { at: stored.at.parse::<Timestamp>()?, by: stored.by.try_into()?, fact })
    }
}
