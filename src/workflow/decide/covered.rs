//! Whether a live grant already gives what is requested.

use super::terms::{limited, role_of, terms_of};
use crate::command::Command;
use crate::model::{Caller, Grant, GrantStatus, Terms, Timestamp};
use crate::workflow::{Call, History, Rules, View};

/// The grant for whose sake a submission made no request: it gives the caller all that was requested, for the whole time.
#[must_use]
pub fn already_covered<'a>(view: &'a View, call: &Call<'_>, rules: &Rules, now: Timestamp) -> Option<&'a Grant> {
    let (Command::Submit(submit), Some(caller)) = (call.command, call.caller) else { return None };
    let role = role_of(&submit.role, rules).ok()?;
    let (duration, _) = limited(submit.duration, role, rules);
    let terms = terms_of(role, &submit.resource, duration, &submit.conditions, rules.reserved(false)).ok()?;
    covering(&view.history, caller, &terms, submit.starts_at.unwrap_or(now), now)
}

/// Of the caller's grants that give these terms from `start` on, the one that ends last. A break-glass grant does not count:
/// its holder may request an approved one.
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
