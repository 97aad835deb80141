//! What must be known to decide, and how a fact changes it.

use crate::model::{
    AccessRequest, Actor, End, EndKind, Event, Fact, Grant, GrantId, RequestState, Review, Revision, Verdict,
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
    /// The journal position this view includes; a commit of what is decided from it is conditional on it.
    pub revision: Revision,
    /// The request that the command is about, if there is one.
    pub request: Option<AccessRequest>,
    /// The grant that the command is about, or that the request led to.
    pub grant: Option<Grant>,
}

/// The view after one more fact. Total: a fact about something that the view does not hold changes nothing.
#[must_use]
pub fn evolve(mut view: View, event: &Event) -> View {
    match &event.fact {
        Fact::RequestSubmitted(request) => view.request = Some((**request).clone()),
        Fact::RequestApproved { request, comment } => {
            if let Some(known) = view.request.as_mut().filter(|known| known.id == *request) {
                known.state = RequestState::Approved;
                known.reviews.push(review(event, Verdict::Approve, comment.clone()));
            }
        }
        Fact::RequestDenied { request, reason } => {
            if let Some(known) = view.request.as_mut().filter(|known| known.id == *request) {
                known.state = RequestState::Denied;
                known.reviews.push(review(event, Verdict::Deny, Some(reason.clone())));
            }
        }
        Fact::RequestWithdrawn { request } => set_state(&mut view, *request, RequestState::Withdrawn),
        Fact::RequestTimedOut { request } => set_state(&mut view, *request, RequestState::TimedOut),
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
        Fact::GrantRevoked { grant, reason } => end(&mut view, *grant, event, EndKind::Revoked(reason.clone())),
        Fact::GrantReleased { grant } => end(&mut view, *grant, event, EndKind::Released),
        Fact::GrantUsed { grant, .. } => {
            if let Some(known) = grant_of(&mut view, *grant) {
                known.uses = known.uses.saturating_add(1);
            }
        }
    }
    view
}

fn review(event: &Event, verdict: Verdict, comment: Option<crate::model::Justification>) -> Review {
    Review { by: event.by.clone(), at: event.at, verdict, comment }
}

fn set_state(view: &mut View, id: crate::model::RequestId, state: RequestState) {
    if let Some(known) = view.request.as_mut().filter(|known| known.id == id) {
        known.state = state;
    }
}

fn grant_of(view: &mut View, id: GrantId) -> Option<&mut Grant> {
    view.grant.as_mut().filter(|known| known.id == id)
}

fn end(view: &mut View, id: GrantId, event: &Event, kind: EndKind) {
    if let Some(known) = grant_of(view, id) {
        known.ended = Some(End { at: event.at, by: Actor::clone(&event.by), kind });
    }
}
