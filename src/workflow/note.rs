//! What time has made true and is not recorded yet.
//!
//! No answer depends on a note: every answer compares the instants itself. A note only completes the record.

use super::View;
use super::quorum::is_filled_by_its_own;
use crate::model::{AccessRequest, Actor, Escalation, Event, Fact, Grant, Timestamp};

/// The facts that have become true by `now` and are not in `view`: a request timed out, others may fill a step of it, a
/// window began, a window ended, a review was not done in time.
/// Folding them into the view makes a second call answer nothing.
#[must_use]
pub fn note(view: &View, now: Timestamp) -> Vec<Event> {
    let mut facts = Vec::new();
    if let Some(request) = &view.request
        && request.state.is_open()
    {
        if now >= request.times_out_at {
            facts.push(Fact::RequestTimedOut { request: request.id });
        } else {
            let due = escalations(request).filter(|(_, escalation)| now >= escalation.at);
            facts.extend(due.map(|(step, _)| Fact::RequestEscalated { request: request.id, step }));
        }
    }
    if let Some(grant) = &view.grant
        && grant.ended.is_none()
    {
        if !grant.noted.activation && now >= grant.window.start() {
            facts.push(Fact::GrantActivated { grant: grant.id });
        }
        if !grant.noted.expiry && now >= grant.window.end() {
            facts.push(Fact::GrantExpired { grant: grant.id });
        }
    }
    if let Some(grant) = &view.grant
        && overdue_at(grant).is_some_and(|due| now >= due)
    {
        facts.push(Fact::BreakGlassReviewOverdue { grant: grant.id });
    }
    facts.into_iter().map(|fact| Event { at: now, by: Actor::Clock, fact }).collect()
}

/// The next instant at which [`note`] will return something for this view, if there is one.
#[must_use]
pub fn next_note(view: &View) -> Option<Timestamp> {
    let request = view
        .request
        .as_ref()
        .filter(|r| r.state.is_open())
        .and_then(|r| escalations(r).map(|(_, escalation)| escalation.at).chain([r.times_out_at]).min());
    let grant = view
        .grant
        .as_ref()
        .filter(|g| g.ended.is_none() && !g.noted.expiry)
        .map(|g| if g.noted.activation { g.window.end() } else { g.window.start() });
    let review = view.grant.as_ref().and_then(overdue_at);
    request.into_iter().chain(grant).chain(review).min()
}

/// When the review of the grant will be overdue, unless it is closed or the journal has that already.
fn overdue_at(grant: &Grant) -> Option<Timestamp> {
    let owed = grant.break_glass.as_ref()?;
    (owed.closed.is_none() && !owed.overdue_noted).then_some(owed.review_due)
}

/// The escalations that are not in the journal yet, of steps that are not filled.
fn escalations(request: &AccessRequest) -> impl Iterator<Item = (u32, &Escalation)> {
    (0..).zip(&request.approval).filter_map(|(index, step)| {
        let escalation = step.escalation.as_ref().filter(|escalation| !escalation.noted)?;
        (!is_filled_by_its_own(request, step)).then_some((index, escalation))
    })
}
