//! The facts that are journalled. Everything else in the library is a fold over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::refused::RefusedKind;
use super::{
    AccessRequest, Action, Actor, Alert, AlertId, Amendment, Assessment, Capacity, Cut, Delegation, DelegationId,
    Grant, GrantId, Justification, PermissionSet, Principal, Removal, RequestId, RequestProof, Resource, RoleName,
    Standing, TicketUrl, Timestamp, UseDetails,
};

/// One fact, its instant, and its actor.
///
/// ```
/// use jit_access::model::{Actor, Event, Fact};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// assert_eq!(event.fact.name(), "grant_expired");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The actor.
    pub by: Actor,
    /// What.
    pub fact: Fact,
}

/// What became true.
///
/// ```
/// use jit_access::model::Fact;
///
/// let fact = Fact::GrantReleased { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// assert!(fact.name() == "grant_released" && fact.changes_state());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fact {
    /// A request was made; the value is the request as it was made.
    RequestSubmitted(Box<AccessRequest>),
    /// A reviewer approved, and more approvals are needed.
    RequestReviewed {
        /// The request.
        request: RequestId,
        /// The capacity of the reviewer.
        capacity: Capacity,
        /// What the approver took off.
        cut: Cut,
        /// The approver's words.
        comment: Option<Justification>,
    },
    /// An earlier approval no longer counts: its reviewer lost the reviewing role before the last approval.
    ReviewLapsed {
        /// The request.
        request: RequestId,
        /// The reviewer of that approval.
        reviewer: Principal,
    },
    /// A step was not filled for a while: more roles may fill it from now on. Recorded afterwards.
    RequestEscalated {
        /// The request.
        request: RequestId,
        /// The step, counted from zero.
        step: u32,
    },
    /// It was approved: this was the last approval that it needed.
    RequestApproved {
        /// The request.
        request: RequestId,
        /// The capacity of the reviewer.
        capacity: Capacity,
        /// What the approver took off.
        cut: Cut,
        /// The approver's words.
        comment: Option<Justification>,
    },
    /// A reviewer asked a question before deciding.
    InformationRequested {
        /// The request.
        request: RequestId,
        /// The capacity of the reviewer.
        capacity: Capacity,
        /// The question.
        question: Justification,
    },
    /// Its requester answered.
    RequestAnswered {
        /// The request.
        request: RequestId,
        /// The answer.
        answer: Justification,
        /// What changed with it. Then this is a new version, and earlier reviews no longer count.
        amendment: Option<Box<Amendment>>,
    },
    /// It was denied.
    RequestDenied {
        /// The capacity of the reviewer.
        request: RequestId,
        /// In which capacity.
        capacity: Capacity,
        /// The reviewer's reason, which the requester sees.
        reason: Justification,
    },
    /// Its requester requested the same again, for another reason or ticket. It adds no access.
    RequestRepeated {
        /// The request.
        request: RequestId,
        /// Why this time.
        justification: Option<Justification>,
        /// Where that work is tracked.
        ticket: Option<TicketUrl>,
    },
    /// Its start had passed before it was approved, and the risk of a later start is another one.
    RequestReassessed {
        /// The request.
        request: RequestId,
        /// The risk, judged for a start at the approval.
        assessment: Box<Assessment>,
    },
    /// A solver was asked whether it gives no more than its envelope.
    RequestProven {
        /// The request.
        request: RequestId,
        /// The verdict.
        proof: Box<RequestProof>,
    },
    /// Its requester took it back, or the grant that it would extend ended.
    RequestWithdrawn {
        /// The request.
        request: RequestId,
    },
    /// It was not answered in time. Recorded afterwards: the request could not be approved from its deadline on.
    RequestTimedOut {
        /// The request.
        request: RequestId,
    },
    /// A person delegates the right to review for a limited time; the value is the delegation.
    RolesDelegated(Box<Delegation>),
    /// A delegation ended before its time.
    DelegationEnded {
        /// The delegation.
        delegation: DelegationId,
    },
    /// A grant was created; the value is the grant.
    GrantCreated(Box<Grant>),
    /// A grant's window began. Noted after the fact.
    GrantActivated {
        /// The grant.
        grant: GrantId,
    },
    /// A grant's window has ended. Recorded afterwards: it gave nothing from its end on.
    GrantExpired {
        /// The grant.
        grant: GrantId,
    },
    /// A grant was revoked.
    GrantRevoked {
        /// The grant.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
    /// A grant is suspended from now on.
    GrantSuspended {
        /// The grant.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
    /// A grant was resumed.
    GrantResumed {
        /// The grant.
        grant: GrantId,
    },
    /// A grant was released by its holder.
    GrantReleased {
        /// The grant.
        grant: GrantId,
    },
    /// The host reported the standing rights of a principal.
    StandingReported {
        /// The principal.
        principal: Principal,
        /// The standing rights.
        standing: Standing,
    },
    /// An operator accepted the store as it is, after it was replaced by an older copy or another one.
    StoreAccepted {
        /// Why.
        reason: Justification,
    },
    /// An operator confirmed the clock, after it and the journal had disagreed. The only record that may be older than
    /// the one before it: time continues from its instant.
    ClockAccepted {
        /// Why.
        reason: Justification,
    },
    /// Other guardrails are in force than before.
    GuardrailsChanged {
        /// The SHA-256 of the names and texts of their files, in hexadecimal.
        digest: Arc<str>,
        /// How many policies they are.
        count: u32,
        /// The system account of the process that put them in force.
        account: Option<Arc<str>>,
    },
    /// An engine was opened with another configuration than the one before it.
    ConfigurationChanged {
        /// The SHA-256 of its values, in hexadecimal. Secrets are not among them.
        digest: String,
        /// The digest of the roles that can be requested, alone.
        catalogue: Option<String>,
        /// The permissions of each of these roles; nothing in records of earlier versions.
        roles: Option<Arc<BTreeMap<RoleName, PermissionSet>>>,
        /// The digest of the policy files that it names, besides guardrails; nothing when it names none.
        policies: Option<String>,
        /// The system account of the process.
        account: Option<Arc<str>>,
        /// How many live grants it touches.
        grants: u32,
        /// How many requests that wait for an answer it touches.
        requests: u32,
    },
    /// A process began to work with the store (`enhanced_audit`).
    ProcessStarted {
        /// Its id among all processes.
        process: Arc<str>,
        /// Its number in the system.
        id: u32,
        /// The version of the library.
        version: Arc<str>,
        /// The account of the system that it runs under.
        account: Option<Arc<str>>,
    },
    /// It ended normally. A killed process has no such record.
    ProcessEnded {
        /// Its id among all processes.
        process: Arc<str>,
        /// Its number in the system.
        id: u32,
    },
    /// Old records were removed from the beginning of the journal.
    RecordsRemoved(Box<Removal>),
    /// A reviewer reviewed the use of a break-glass grant.
    BreakGlassReviewed {
        /// The grant.
        grant: GrantId,
        /// Whether there was an emergency that the access fitted.
        justified: bool,
        /// The finding.
        finding: Justification,
    },
    /// Its review is no longer required.
    BreakGlassReviewWaived {
        /// The grant.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
    /// It was not reviewed in time. Recorded afterwards: the review was overdue from its deadline on.
    BreakGlassReviewOverdue {
        /// The grant.
        grant: GrantId,
    },
    /// A grant decided an allow.
    GrantUsed {
        /// The grant.
        grant: GrantId,
        /// The action that was allowed.
        action: Action,
        /// On what.
        resource: Resource,
        /// Whether the grant was a drill.
        drill: bool,
        /// How many more there may be, if they are numbered.
        left: Option<u32>,
        /// The instant of the use, when it waited to be written and other records came before it; otherwise it is the
        /// instant of the record.
        used_at: Option<Timestamp>,
        /// What the host reported of the call, if that is recorded.
        details: Option<Arc<UseDetails>>,
    },
    /// A grant has been used as often as it may be.
    GrantExhausted {
        /// The grant.
        grant: GrantId,
    },
    /// What was refused to the holder while the grant was in force, recorded once after its end if there was any.
    SessionRefused {
        /// The grant.
        grant: GrantId,
        /// The attempts, those that are alike as one, the most frequent first.
        refused: Vec<RefusedKind>,
        /// How many attempts are not listed.
        others: u64,
    },
    /// The monitor found something; the value is the alert as it was raised.
    AlertRaised(Box<Alert>),
    /// An alert was acknowledged.
    AlertAcknowledged {
        /// The alert.
        alert: AlertId,
        /// The grant that it is about.
        grant: Option<GrantId>,
        /// The finding.
        reason: Justification,
    },
    /// Alerts like this one were silenced for a while.
    AlertSilenced {
        /// The alert.
        alert: AlertId,
        /// The grant that it is about.
        grant: Option<GrantId>,
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: Justification,
    },
}

impl Fact {
    /// Every name of a fact.
    pub const NAMES: [&'static str; 39] = [
        "request_submitted",
        "request_reviewed",
        "review_lapsed",
        "request_escalated",
        "request_approved",
        "request_denied",
        "information_requested",
        "request_answered",
        "request_repeated",
        "request_reassessed",
        "request_proven",
        "request_withdrawn",
        "request_timed_out",
        "roles_delegated",
        "delegation_ended",
        "grant_created",
        "grant_activated",
        "grant_expired",
        "grant_revoked",
        "grant_suspended",
        "grant_resumed",
        "grant_released",
        "standing_reported",
        "store_accepted",
        "clock_accepted",
        "guardrails_changed",
        "configuration_changed",
        "process_started",
        "process_ended",
        "records_removed",
        "break_glass_reviewed",
        "break_glass_review_waived",
        "break_glass_review_overdue",
        "grant_used",
        "grant_exhausted",
        "session_refused",
        "alert_raised",
        "alert_acknowledged",
        "alert_silenced",
    ];

    /// The name on the wire and in the journal.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RequestSubmitted(_) => "request_submitted",
            Self::RequestReviewed { .. } => "request_reviewed",
            Self::ReviewLapsed { .. } => "review_lapsed",
            Self::RequestEscalated { .. } => "request_escalated",
            Self::RequestApproved { .. } => "request_approved",
            Self::RequestDenied { .. } => "request_denied",
            Self::InformationRequested { .. } => "information_requested",
            Self::RequestAnswered { .. } => "request_answered",
            Self::RequestRepeated { .. } => "request_repeated",
            Self::RequestReassessed { .. } => "request_reassessed",
            Self::RequestProven { .. } => "request_proven",
            Self::RequestWithdrawn { .. } => "request_withdrawn",
            Self::RequestTimedOut { .. } => "request_timed_out",
            Self::RolesDelegated(_) => "roles_delegated",
            Self::DelegationEnded { .. } => "delegation_ended",
            Self::GrantCreated(_) => "grant_created",
            Self::GrantActivated { .. } => "grant_activated",
            Self::GrantExpired { .. } => "grant_expired",
            Self::GrantRevoked { .. } => "grant_revoked",
            Self::GrantSuspended { .. } => "grant_suspended",
            Self::GrantResumed { .. } => "grant_resumed",
            Self::GrantReleased { .. } => "grant_released",
            Self::StandingReported { .. } => "standing_reported",
            Self::StoreAccepted { .. } => "store_accepted",
            Self::ClockAccepted { .. } => "clock_accepted",
            Self::GuardrailsChanged { .. } => "guardrails_changed",
            Self::ConfigurationChanged { .. } => "configuration_changed",
            Self::ProcessStarted { .. } => "process_started",
            Self::ProcessEnded { .. } => "process_ended",
            Self::RecordsRemoved(_) => "records_removed",
            Self::BreakGlassReviewed { .. } => "break_glass_reviewed",
            Self::BreakGlassReviewWaived { .. } => "break_glass_review_waived",
            Self::BreakGlassReviewOverdue { .. } => "break_glass_review_overdue",
            Self::GrantUsed { .. } => "grant_used",
            Self::GrantExhausted { .. } => "grant_exhausted",
            Self::SessionRefused { .. } => "session_refused",
            Self::AlertRaised(_) => "alert_raised",
            Self::AlertAcknowledged { .. } => "alert_acknowledged",
            Self::AlertSilenced { .. } => "alert_silenced",
        }
    }

    /// Whether this fact can change an answer or a command's outcome. A use cannot, unless uses are numbered: then how many
    /// are left depends on each.
    #[must_use]
    pub const fn changes_state(&self) -> bool {
        !matches!(self, Self::GrantUsed { left: None, .. })
    }
}

/// What an event is about.
///
/// ```
/// use jit_access::model::{Actor, Event, Fact, Subject};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// assert!(matches!(Subject::of(&event), Subject::Grant(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A request.
    Request(RequestId),
    /// A grant.
    Grant(GrantId),
    /// A delegation.
    Delegation(DelegationId),
    /// The standing rights of a principal.
    Principal(Principal),
    /// The store itself.
    Store,
}

impl Subject {
    /// What this event is about.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        match &event.fact {
            Fact::RequestSubmitted(request) => Self::Request(request.id),
            Fact::RequestReviewed { request, .. }
            | Fact::ReviewLapsed { request, .. }
            | Fact::RequestEscalated { request, .. }
            | Fact::RequestApproved { request, .. }
            | Fact::RequestDenied { request, .. }
            | Fact::InformationRequested { request, .. }
            | Fact::RequestAnswered { request, .. }
            | Fact::RequestRepeated { request, .. }
            | Fact::RequestReassessed { request, .. }
            | Fact::RequestProven { request, .. }
            | Fact::RequestWithdrawn { request }
            | Fact::RequestTimedOut { request } => Self::Request(*request),
            Fact::RolesDelegated(delegation) => Self::Delegation(delegation.id),
            Fact::DelegationEnded { delegation } => Self::Delegation(*delegation),
            Fact::StoreAccepted { .. }
            | Fact::ClockAccepted { .. }
            | Fact::GuardrailsChanged { .. }
            | Fact::ConfigurationChanged { .. }
            | Fact::ProcessStarted { .. }
            | Fact::ProcessEnded { .. }
            | Fact::RecordsRemoved(_) => Self::Store,
            Fact::AlertRaised(alert) => match (alert.grant, &alert.who) {
                (Some(grant), _) => Self::Grant(grant),
                (None, Some(who)) => Self::Principal(who.clone()),
                (None, None) => Self::Store,
            },
            Fact::AlertAcknowledged { grant, .. } | Fact::AlertSilenced { grant, .. } => {
                grant.map_or(Self::Store, Self::Grant)
            }
            Fact::StandingReported { principal, .. } => Self::Principal(principal.clone()),
            Fact::GrantCreated(grant) => Self::Grant(grant.id),
            Fact::GrantActivated { grant }
            | Fact::GrantExpired { grant }
            | Fact::GrantRevoked { grant, .. }
            | Fact::GrantSuspended { grant, .. }
            | Fact::GrantResumed { grant }
            | Fact::GrantReleased { grant }
            | Fact::BreakGlassReviewed { grant, .. }
            | Fact::BreakGlassReviewWaived { grant, .. }
            | Fact::BreakGlassReviewOverdue { grant }
            | Fact::GrantExhausted { grant }
            | Fact::SessionRefused { grant, .. }
            | Fact::GrantUsed { grant, .. } => Self::Grant(*grant),
        }
    }
}
