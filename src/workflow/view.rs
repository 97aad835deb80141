//! The state that commands are decided from, and how a fact changes it.

use std::collections::BTreeMap;

use crate::model::{
    AccessRequest, Actor, AlertState, Amendment, Answer, BreakGlass, Capacity, ClosedReview, Cut, Delegation,
    DelegationEnd, End, EndKind, Event, Fact, Grant, GrantId, Justification, Principal, Repeat, RequestId,
    RequestState, Review, ReviewOutcome, Revision, Standing, Suspension, Timestamp, Verdict,
};

/// The part of the state that a command is decided from, as of one revision.
///
/// ```
/// use jit_access::model::{Actor, Event, Fact, Revision};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let view = jit_access::workflow::evolve(jit_access::workflow::View::default(), &event);
/// assert!(view.grant.is_none(), "nothing is known of this grant");
/// # let _ = Revision(0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The journal position of this view; a commit of a decision made from it is conditional on this position.
    pub revision: Revision,
    /// The request that the command is about, if there is one.
    pub request: Option<AccessRequest>,
    /// The grant that the command is about, or that the request led to.
    pub grant: Option<Grant>,
    /// The grant that is to be extended, for commands about an extension.
    pub extended: Option<Grant>,
    /// Every extension in the chain of the grant that the command is about, in order.
    pub extensions: Vec<Grant>,
    /// How much the principal has that would hold the grant, for commands that the operator limits.
    pub tally: Tally,
    /// The delegation that the command is about, if there is one.
    pub delegation: Option<Delegation>,
    /// The alert that the command is about, if there is one. The monitor knows it, and not the store.
    pub alert: Option<AlertState>,
    /// The delegations in force that concern the caller or an earlier reviewer.
    pub delegations: Vec<Delegation>,
    /// The caller's other requests and grants, for commands that need them.
    pub history: History,
    /// The current standing of the principals whose rights the command depends on, as the host reports it. A principal
    /// that is missing here keeps the rights from the call.
    pub standing: BTreeMap<Principal, Standing>,
    /// Whether the store was unavailable: then this is the last known state of one process, with what was recorded on
    /// its machine since.
    pub away: bool,
}

/// The recent requests of a principal, newest first, and its current and future grants.
///
/// ```
/// use jit_access::workflow::History;
///
/// assert!(History::default().live.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// Requests.
    pub requests: Vec<AccessRequest>,
    /// Requests to extend a grant that a command ends, while they wait for an answer.
    pub extending: Vec<AccessRequest>,
    /// Break-glass grants of the caller that a review found unjustified, without a waiver.
    pub unjustified: Vec<Grant>,
    /// Live grants: the caller's, or those that a command ends.
    pub live: Vec<Grant>,
    /// Break-glass grants of the caller that are not reviewed yet.
    pub unreviewed: Vec<Grant>,
}

/// How many grants, requests and delegations a principal has at an instant, counted by the store.
///
/// ```
/// use jit_access::workflow::Tally;
///
/// assert_eq!(Tally::default().grants, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Their live grants, a grant and its extensions counted once.
    pub grants: u64,
    /// The grants of all principals together.
    pub grants_of_all: u64,
    /// Their requests that wait for an answer.
    pub open_requests: u64,
    /// Their delegations to others, current and future.
    pub open_delegations: u64,
    /// When they made the `nth` newest of their requests; `None` when they have made fewer.
    pub nth_newest: Option<Timestamp>,
}

/// The view after one more fact. Total: a fact about something that the view does not hold changes nothing.
#[must_use]
pub fn evolve(mut view: View, event: &Event) -> View {
    match &event.fact {
        Fact::RequestSubmitted(request) => view.request = Some((**request).clone()),
        Fact::RequestReviewed { request, capacity, cut, comment } => {
            reviewed(&mut view, *request, event, (Verdict::Approve, cut, comment.as_ref()), capacity);
        }
        Fact::RequestApproved { request, capacity, cut, comment } => {
            reviewed(&mut view, *request, event, (Verdict::Approve, cut, comment.as_ref()), capacity);
            set_state(&mut view, *request, RequestState::Approved);
        }
        Fact::RequestDenied { request, capacity, reason } => {
            reviewed(&mut view, *request, event, (Verdict::Deny, &Cut::default(), Some(reason)), capacity);
            set_state(&mut view, *request, RequestState::Denied);
        }
        Fact::InformationRequested { request, capacity, question } => {
            reviewed(&mut view, *request, event, (Verdict::Ask, &Cut::default(), Some(question)), capacity);
            set_state(&mut view, *request, RequestState::NeedsInfo);
        }
        Fact::ReviewLapsed { request, reviewer } => {
            if let Some(known) = request_of(&mut view, *request) {
                lapse(known, reviewer, event);
            }
        }
        Fact::RequestEscalated { request, step } => {
            let known = request_of(&mut view, *request).and_then(|known| known.approval.get_mut(*step as usize));
            if let Some(escalation) = known.and_then(|step| step.escalation.as_mut()) {
                escalation.noted = true;
            }
        }
        Fact::RequestAnswered { request, answer, amendment } => {
            if let Some(known) = request_of(&mut view, *request) {
                answered(known, event, answer, amendment.as_deref());
            }
        }
        Fact::RequestRepeated { request, justification, ticket } => {
            if let Some(known) = request_of(&mut view, *request) {
                let (justification, ticket) = (justification.clone(), ticket.clone());
                known.repeats.push(Repeat { at: event.at, justification, ticket });
            }
        }
        Fact::RequestReassessed { request, assessment } => {
            if let Some(known) = request_of(&mut view, *request) {
                known.assessment.clone_from(assessment);
            }
        }
        Fact::RequestProven { request, proof } => {
            if let Some(known) = request_of(&mut view, *request) {
                known.proof = Some((**proof).clone());
            }
        }
        Fact::RequestWithdrawn { request } => set_state(&mut view, *request, RequestState::Withdrawn),
        Fact::RequestTimedOut { request } => set_state(&mut view, *request, RequestState::TimedOut),
        Fact::RolesDelegated(delegation) => view.delegation = Some((**delegation).clone()),
        Fact::DelegationEnded { delegation } => {
            if let Some(known) = view.delegation.as_mut().filter(|known| known.id == *delegation) {
                known.ended = Some(DelegationEnd { at: event.at, by: event.by.clone() });
            }
        }
        Fact::GrantCreated(grant) => view.grant = Some((**grant).clone()),
        Fact::GrantActivated { grant } => {
            if let Some(known) = grant_of(&mut view, *grant) {
                known.noted.activation = true;
            }
        }
        Fact::GrantExpired { grant } => {
            if let Some(known) = grant_of(&mut view, *grant) {
                known.noted.expiry = true;
            }
        }
        Fact::GrantSuspended { grant, reason } => {
            if let Some(known) = grant_of(&mut view, *grant) {
                known.suspended =
                    Some(Suspension { at: event.at, by: Actor::clone(&event.by), reason: reason.clone() });
            }
        }
        Fact::GrantResumed { grant } => {
            if let Some(known) = grant_of(&mut view, *grant) {
                known.suspended = None;
            }
        }
        Fact::GrantRevoked { grant, reason } => end(&mut view, *grant, event, EndKind::Revoked(reason.clone())),
        Fact::GrantExhausted { grant } => end(&mut view, *grant, event, EndKind::Exhausted),
        Fact::GrantReleased { grant } => end(&mut view, *grant, event, EndKind::Released),
        Fact::StandingReported { principal, standing } => {
            view.standing.insert(principal.clone(), standing.clone());
        }
        // Accepted stores, clocks, guardrails, configurations, processes and removed records are not part of any view.
        Fact::StoreAccepted { .. }
        | Fact::ClockAccepted { .. }
        | Fact::GuardrailsChanged { .. }
        | Fact::ConfigurationChanged { .. }
        | Fact::ProcessStarted { .. }
        | Fact::ProcessEnded { .. }
        | Fact::RecordsRemoved(_) => {}
        Fact::BreakGlassReviewed { grant, justified, finding } => {
            let outcome = if *justified { ReviewOutcome::Justified } else { ReviewOutcome::Unjustified };
            close_review(&mut view, *grant, event, outcome(finding.clone()));
        }
        Fact::BreakGlassReviewWaived { grant, reason } => {
            close_review(&mut view, *grant, event, ReviewOutcome::Waived(reason.clone()));
        }
        Fact::BreakGlassReviewOverdue { grant } => {
            if let Some(owed) = owed_by(&mut view, *grant) {
                owed.overdue_noted = true;
            }
        }
        // The monitor keeps alerts; refused calls of a session are kept in the journal only.
        Fact::AlertRaised(_) | Fact::SessionRefused { .. } => {}
        Fact::AlertAcknowledged { .. } | Fact::AlertSilenced { .. } => {
            if let Some(known) = view.alert.as_mut() {
                known.apply(event);
            }
        }
        Fact::GrantUsed { grant, .. } => {
            if let Some(known) = grant_of(&mut view, *grant) {
                known.uses = known.uses.saturating_add(1);
            }
        }
    }
    view
}

fn reviewed(
    view: &mut View,
    id: RequestId,
    event: &Event,
    (verdict, cut, comment): (Verdict, &Cut, Option<&Justification>),
    capacity: &Capacity,
) {
    if let Some(known) = request_of(view, id) {
        known.reviews.push(Review {
            by: event.by.clone(),
            at: event.at,
            verdict,
            comment: comment.cloned(),
            cut: cut.clone(),
            version: known.version,
            capacity: capacity.clone(),
            lapsed: None,
        });
    }
}

/// Every approval of theirs so far that still counts.
fn lapse(known: &mut AccessRequest, reviewer: &Principal, event: &Event) {
    let theirs = |review: &&mut Review| matches!(&review.by, Actor::Principal(by) if by == reviewer);
    let counting = |review: &&mut Review| review.verdict == Verdict::Approve && review.lapsed.is_none();
    for review in known.reviews.iter_mut().filter(theirs).filter(counting) {
        review.lapsed = Some(event.at);
    }
}

fn answered(known: &mut AccessRequest, event: &Event, text: &Justification, amendment: Option<&Amendment>) {
    known.state = RequestState::Pending;
    if let Some(amendment) = amendment {
        known.duration = amendment.duration;
        known.duration_cut.clone_from(&amendment.duration_cut);
        known.scope = amendment.scope.clone();
        known.assessment = amendment.assessment.clone();
        known.version = known.version.saturating_add(1);
    }
    known.answers.push(Answer { at: event.at, text: text.clone(), version: known.version });
}

fn set_state(view: &mut View, id: RequestId, state: RequestState) {
    if let Some(known) = request_of(view, id) {
        known.state = state;
    }
}

fn request_of(view: &mut View, id: RequestId) -> Option<&mut AccessRequest> {
    view.request.as_mut().filter(|known| known.id == id)
}

fn grant_of(view: &mut View, id: GrantId) -> Option<&mut Grant> {
    view.grant.as_mut().filter(|known| known.id == id)
}

fn owed_by(view: &mut View, id: GrantId) -> Option<&mut BreakGlass> {
    grant_of(view, id)?.break_glass.as_mut()
}

fn close_review(view: &mut View, id: GrantId, event: &Event, outcome: ReviewOutcome) {
    if let Some(owed) = owed_by(view, id) {
        let closed = ClosedReview { at: event.at, by: Actor::clone(&event.by), outcome };
        // A waiver of a closed review lifts its consequences; the finding stays.
        if owed.closed.is_some() { owed.lifted = Some(closed) } else { owed.closed = Some(closed) }
    }
}

fn end(view: &mut View, id: GrantId, event: &Event, kind: EndKind) {
    if let Some(known) = grant_of(view, id) {
        // A grant that ended while the store was unavailable ended at that time.
        let was = known.break_glass.as_ref().and_then(|owed| owed.offline).and_then(|offline| offline.ended_at);
        known.ended = Some(End { at: was.unwrap_or(event.at), by: Actor::clone(&event.by), kind });
    }
}
