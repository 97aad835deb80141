//! Merges what was recorded while the store was unavailable into the journal.
//!
//! It happened, so it is recorded under any rules; the access ends at once when the current rules do not allow it.

use super::standing::why_ineligible;
use crate::model::{Actor, Event, Fact, Grant, Justification, Standing, Timestamp};
use crate::workflow::{AfterUnjustified, Rules, View};

/// The facts of a grant that was taken while the store was unavailable, recorded at `now`. The values in them have the
/// original instants; `ended_at` is when the grant ended meanwhile, if it did.
#[must_use]
pub fn merge_taken(recorded: &[Event], ended_at: Option<Timestamp>, now: Timestamp) -> Vec<Event> {
    let at_now = |event: &Event| {
        let mut event = Event { at: now, ..event.clone() };
        if let Fact::GrantCreated(grant) = &mut event.fact
            && let Some(offline) = grant.break_glass.as_mut().and_then(|owed| owed.offline.as_mut())
        {
            (offline.merged_at, offline.ended_at) = (Some(now), ended_at);
        }
        event
    };
    recorded.iter().map(at_now).collect()
}

/// The same of what ended it.
#[must_use]
pub fn merge_ends(recorded: &[Event], now: Timestamp) -> Vec<Event> {
    recorded.iter().map(|event| Event { at: now, ..event.clone() }).collect()
}

/// The end of a grant that was taken while the store was unavailable and may not continue. `view` is the state of its
/// person in the store; `revoked` is whether a grant of that person was revoked or suspended meanwhile.
#[must_use]
pub fn why_it_ends(view: &View, grant: &Grant, revoked: bool, rules: &Rules, now: Timestamp) -> Option<Event> {
    if !grant.status(now).is_live() {
        return None;
    }
    let why = lost_meanwhile(view, grant, revoked, rules, now)?;
    let reason = Justification::fitting(&format!("taken while the store was away, and now that it is back: {why}"));
    Some(Event { at: now, by: Actor::Rule("offline".into()), fact: Fact::GrantRevoked { grant: grant.id, reason } })
}

fn lost_meanwhile(view: &View, grant: &Grant, revoked: bool, rules: &Rules, now: Timestamp) -> Option<String> {
    if !rules.break_glass.enabled {
        return Some("access without approval is switched off".to_owned());
    }
    if !rules.catalogue.contains_key(&grant.role) {
        return Some(format!("there is no role `{}` any more", grant.role));
    }
    for who in grant.identities() {
        let known = view.standing.get(who).cloned();
        // Without a report of the host, the roles at the time of the grant count. For an agent's person only reports
        // count.
        let came_with = || {
            let roles = grant.holder_normal_roles.clone();
            (*who == grant.holder).then_some(Standing { enabled: true, roles })
        };
        if let Some(standing) = known.or_else(came_with)
            && let Some(why) = why_ineligible(grant, (who, &standing), rules, now)
        {
            return Some(why);
        }
    }
    if revoked {
        return Some("a grant of the same person was revoked or suspended meanwhile".to_owned());
    }
    let is_another = |other: &&Grant| {
        other.id != grant.id && other.break_glass.as_ref().is_some_and(|owed| !owed.drill && owed.closed.is_none())
    };
    if let Some(other) = view.history.live.iter().chain(&view.history.unreviewed).find(is_another) {
        return Some(format!("the same person has access without approval ({}) that nobody has reviewed", other.id));
    }
    let blocks = rules.break_glass.after_unjustified != AfterUnjustified::Nothing;
    let held_against = view.history.unjustified.first().filter(|_| blocks)?;
    Some(format!("a review found access of the same person ({}) unjustified", held_against.id))
}
