//! The facts that are journalled. Everything else in the library is a fold over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::refused::RefusedKind;
use super::{
    AccessRequest, Action, Actor, Alert, AlertId, Amendment, Assessment, Capacity, Cut, Delegation, DelegationId,
    Grant, GrantId, Justification, PermissionSet, Principal, Removal, RequestId, RequestProof, Resource, RoleName,
    Standing, TicketUrl, Timestamp, UseDetails,
};

/// One fact, when it became true, and by whom.
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
    /// By whom.
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
    /// A reviewer said yes, and others still have to.
    RequestReviewed {
        /// Which request.
        request: RequestId,
        /// In which capacity.
        capacity: Capacity,
        /// What the approver took off.
        cut: Cut,
        /// The approver's words.
        comment: Option<Justification>,
    },
    /// An earlier approval counts no more: its reviewer lost what made them one before the last approval came.
    ReviewLapsed {
        /// Which request.
        request: RequestId,
        /// Whose approval.
        reviewer: Principal,
    },
    /// Nobody has filled a step for a while: others may from now on. Noted after the fact.
    RequestEscalated {
        /// Which request.
        request: RequestId,
        /// Which of its steps, counted from zero.
        step: u32,
    },
    /// It was approved: this was the last approval that it needed.
    RequestApproved {
        /// Which request.
        request: RequestId,
        /// In which capacity.
        capacity: Capacity,
        /// What the approver took off.
        cut: Cut,
        /// The approver's words.
        comment: Option<Justification>,
    },
    /// A reviewer wants to know more before saying yes or no.
    InformationRequested {
        /// Which request.
        request: RequestId,
        /// In which capacity.
        capacity: Capacity,
        /// What they want to know.
        question: Justification,
    },
    /// Its requester answered.
    RequestAnswered {
        /// Which request.
        request: RequestId,
        /// In which words.
        answer: Justification,
        /// What changed with it. Then this is a new version, and what reviewers said of the old one counts no more.
        amendment: Option<Box<Amendment>>,
    },
    /// It was denied.
    RequestDenied {
        /// Which request.
        request: RequestId,
        /// In which capacity.
        capacity: Capacity,
        /// The reviewer's reason, which the requester sees.
        reason: Justification,
    },
    /// Its requester asked for the same again, for another reason or ticket. It gives nothing more.
    RequestRepeated {
        /// Which request.
        request: RequestId,
        /// Why this time.
        justification: Option<Justification>,
        /// Where that work is tracked.
        ticket: Option<TicketUrl>,
    },
    /// Its start had passed before it was approved, and the risk of a later start is another one.
    RequestReassessed {
        /// Which request.
        request: RequestId,
        /// The risk, judged for a start at the approval.
        assessment: Box<Assessment>,
    },
    /// A solver was asked whether it gives no more than it says.
    RequestProven {
        /// Which request.
        request: RequestId,
        /// What it said.
        proof: Box<RequestProof>,
    },
    /// Its requester took it back, or the grant that it would extend ended.
    RequestWithdrawn {
        /// Which request.
        request: RequestId,
    },
    /// Nobody answered in time. Noted after the fact: the request could not be approved from its deadline on.
    RequestTimedOut {
        /// Which request.
        request: RequestId,
    },
    /// Somebody lends their right to review for a while; the value is the delegation as it was made.
    RolesDelegated(Box<Delegation>),
    /// A delegation ended before its time.
    DelegationEnded {
        /// Which delegation.
        delegation: DelegationId,
    },
    /// A grant came to be; the value is the grant as it was made.
    GrantCreated(Box<Grant>),
    /// A grant's window began. Noted after the fact.
    GrantActivated {
        /// Which grant.
        grant: GrantId,
    },
    /// A grant's window is over. Noted after the fact: it gave nothing from its end on.
    GrantExpired {
        /// Which grant.
        grant: GrantId,
    },
    /// A grant was taken away.
    GrantRevoked {
        /// Which grant.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
    /// A grant is held back from now on.
    GrantSuspended {
        /// Which grant.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
    /// A grant is not held back any more.
    GrantResumed {
        /// Which grant.
        grant: GrantId,
    },
    /// A grant was given back by its holder.
    GrantReleased {
        /// Which grant.
        grant: GrantId,
    },
    /// The host said what somebody is by standing right.
    StandingReported {
        /// Who.
        principal: Principal,
        /// What they are.
        standing: Standing,
    },
    /// An operator accepted the store as it is, after it was replaced by an older copy or another one.
    StoreAccepted {
        /// Why.
        reason: Justification,
    },
    /// An operator said that the clock is right, after it and the journal had disagreed. The only record that may be older than
    /// the one before it: time goes on from its instant.
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
        /// The account of the system under which the process ran that put them in force.
        account: Option<Arc<str>>,
    },
    /// An engine was opened with another configuration than the one before it.
    ConfigurationChanged {
        /// The SHA-256 of its values, in hexadecimal. Secrets are not among them.
        digest: String,
        /// That of the roles that can be asked for alone.
        catalogue: Option<String>,
        /// What each of these roles gives; nothing in records of earlier versions.
        roles: Option<Arc<BTreeMap<RoleName, PermissionSet>>>,
        /// That of the texts of the policies that it names, besides guardrails; nothing where it names none.
        policies: Option<String>,
        /// The account of the system under which the process started.
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
    /// It ended by itself. One that is killed has no such record.
    ProcessEnded {
        /// Its id among all processes.
        process: Arc<str>,
        /// Its number in the system.
        id: u32,
    },
    /// Old records were removed from the beginning of the journal.
    RecordsRemoved(Box<Removal>),
    /// Somebody reviewed the use of a grant that nobody had approved.
    BreakGlassReviewed {
        /// Which grant.
        grant: GrantId,
        /// Whether there was an emergency that the access fitted.
        justified: bool,
        /// What they found.
        finding: Justification,
    },
    /// Nobody has to review it any more.
    BreakGlassReviewWaived {
        /// Which grant.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
    /// Nobody reviewed it in time. Noted after the fact: the review was overdue from its deadline on.
    BreakGlassReviewOverdue {
        /// Which grant.
        grant: GrantId,
    },
    /// A grant decided an allow.
    GrantUsed {
        /// Which grant.
        grant: GrantId,
        /// What was allowed.
        action: Action,
        /// On what.
        resource: Resource,
        /// Whether the grant was taken for an exercise.
        drill: bool,
        /// How many more there may be, if they are numbered.
        left: Option<u32>,
        /// When, where the use waited to be written and other records came before it; else it is the instant of the record.
        used_at: Option<Timestamp>,
        /// What the host told of the call, where that is recorded.
        details: Option<Arc<UseDetails>>,
    },
    /// A grant has been used as often as it may be.
    GrantExhausted {
        /// Which grant.
        grant: GrantId,
    },
    /// What was refused to the holder while the grant was in force, noted once after its end where there was any.
    SessionRefused {
        /// Which grant.
        grant: GrantId,
        /// The attempts, those that are alike as one, the most frequent first.
        refused: Vec<RefusedKind>,
        /// How many attempts stand in none of them.
        others: u64,
    },
    /// The monitor found something; the value is the alert as it was raised.
    AlertRaised(Box<Alert>),
    /// Somebody has seen an alert.
    AlertAcknowledged {
        /// Which alert.
        alert: AlertId,
        /// The grant that it is about.
        grant: Option<GrantId>,
        /// What they found.
        reason: Justification,
    },
    /// Somebody does not want to hear of the like for a while.
    AlertSilenced {
        /// Which alert.
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
    /// What the host says of somebody.
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
