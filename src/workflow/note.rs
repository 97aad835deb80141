//! What time has made true and the journal does not say yet.
//!
//! Nothing waits for a note: every answer compares the instant itself. A note only lets the record tell the whole story.

use super::View;
use crate::model::{Actor, Event, Fact, Timestamp};

/// The facts that have become true by `now` and are not in `view`: a request timed out, a window began, a window ended.
/// Folding them into the view makes a second call answer nothing.
#[must_use]
pub fn note(view: &View, now: Timestamp) -> Vec<Event> {
    let mut facts = Vec::new();
    if let Some(request) = &view.request
        && request.state.is_open()
        && now >= request.times_out_at
    {
        facts.push(Fact::RequestTimedOut { request: request.id });
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
    facts.into_iter().map(|fact| Event { at: now, by: Actor::Clock, fact }).collect()
}

/// The next instant at which [`note`] will have something new to say of this view, if there is one.
#[must_use]
pub fn next_note(view: &View) -> Option<Timestamp> {
    let request = view.request.as_ref().filter(|r| r.state.is_open()).map(|r| r.times_out_at);
    let grant = view
        .grant
        .as_ref()
        .filter(|g| g.ended.is_none() && !g.noted.expiry)
        .map(|g| if g.noted.activation { g.window.end() } else { g.window.start() });
    request.into_iter().chain(grant).min()
}
