//! The confirmation that the clock is right.

use super::case::each;
use super::ending::no_longer_extending;
use crate::authz::{AuthzAction, AuthzResource};
use crate::command::AcceptClock;
use crate::model::{Actor, Caller, Event, Fact, Justification, SIGN_IN_SKEW_MILLIS, Timestamp};
use crate::workflow::access::not_an_approver;
use crate::workflow::authorize::Authorization;
use crate::workflow::{Refusal, Rules, View};

/// Confirms the clock on record, and ends the grants that were made at instants that are now in the future: otherwise
/// they would begin then. `now` is the current clock. Without a caller the host itself confirms.
pub(super) fn accept(
    view: &View,
    caller: Option<&Caller>,
    accept: &AcceptClock,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if let Some(caller) = caller {
        let accept = Authorization::new(caller, AuthzAction::AcceptClock, AuthzResource::Workflow, rules, now);
        accept.check(|| not_an_approver(caller, &rules.approver_roles))?;
    }
    let by = caller.map_or(Actor::Host, |caller| Actor::Principal(caller.principal.clone()));
    let mut events = each(now, &by, [Fact::ClockAccepted { reason: accept.reason.clone() }]);
    let is_to_come = |at: Timestamp| at.millis().saturating_sub(now.millis()) > SIGN_IN_SKEW_MILLIS;
    let wrong = view.history.live.iter().filter(|grant| grant.ended.is_none() && is_to_come(grant.approved_at));
    let wrong: Vec<_> = wrong.collect();
    for grant in &wrong {
        let reason = Justification::fitting(&format!("made by a clock that was wrong: at {}", grant.approved_at));
        let by = Actor::Rule("accept_clock".into());
        events.push(Event { at: now, by, fact: Fact::GrantRevoked { grant: grant.id, reason } });
    }
    events.extend(no_longer_extending(view, &wrong.iter().map(|grant| grant.id).collect(), now));
    Ok(events)
}
