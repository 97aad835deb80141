//! Does a live grant give already what is asked for?

use super::submit::{limited, role_of, terms_of};
use crate::model::{Caller, Grant, GrantStatus, Terms, Timestamp};
use crate::workflow::{Command, History, Intent, Rules, View};

/// The grant for whose sake a submission made no request: it gives the caller all that was asked for, for the whole time.
#[must_use]
pub fn already_covered<'a>(view: &'a View, command: &Command, rules: &Rules, now: Timestamp) -> Option<&'a Grant> {
    let Intent::Submit { role, duration, scope, starts_at, conditions, .. } = &command.intent else { return None };
    let role = role_of(role, rules).ok()?;
    let terms = terms_of(role, scope, limited(*duration, role, rules).0, conditions, rules.reserved(false)).ok()?;
    covering(&view.history, &command.caller, &terms, starts_at.unwrap_or(now), now)
}

/// Of the caller's grants that give these terms from `start` on, the one that ends last. One that nobody approved keeps its
/// holder from asking for approval of nothing.
pub(super) fn covering<'a>(
    history: &'a History,
    caller: &Caller,
    terms: &Terms,
    start: Timestamp,
    now: Timestamp,
) -> Option<&'a Grant> {
    let end = start.saturating_add(terms.duration);
    let gives = |grant: &&Grant| {
        grant.holder == caller.principal
            && grant.break_glass.is_none()
            && matches!(grant.status(now), GrantStatus::Active | GrantStatus::Scheduled)
            && grant.window.start() <= start
            && end <= grant.window.end()
            // Its uses may be gone before the time is.
            && grant.conditions.max_uses.is_none()
            && terms.conditions.is_within(&grant.conditions)
            && terms.scope.is_within(&grant.scope)
            && terms.permissions.is_within(&grant.permissions)
    };
    history.live.iter().filter(gives).max_by_key(|grant| (grant.window.end(), grant.id))
}
