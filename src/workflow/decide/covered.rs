//! Whether a request is unnecessary: a live grant gives it, or the same request is pending.

use super::case::Case;
use super::terms::{limited, part_of, role_of};
use crate::command::{Command, Submit};
use crate::model::{AccessRequest, Caller, DurationCut, Event, Fact, Grant, GrantStatus, RequestId, Terms, Timestamp};
use crate::workflow::{Call, History, Refusal, RefusalCode, Rules, View};

/// How many other reasons a repeated request can add.
const MAX_REPEATS: usize = 20;

/// Within this time after a request, an identical one counts as a form that was sent twice.
const TWIN_MILLIS: i64 = 60_000;

/// The request that answers a submission, when these facts follow from it and none of them is a new request.
#[must_use]
pub fn answered_with(
    view: &View,
    call: &Call<'_>,
    events: &[Event],
    rules: &Rules,
    now: Timestamp,
) -> Option<RequestId> {
    let (Command::Submit(submit), Some(caller)) = (call.command, call.caller) else { return None };
    match events {
        [] => {}
        [Event { fact: Fact::RequestRepeated { request, .. }, .. }] => return Some(*request),
        _ => return None,
    }
    let role = role_of(&submit.role, rules).ok()?;
    let (duration, cut) = limited(submit.duration, role, rules);
    let (permissions, reserved) = (submit.permissions.as_ref(), rules.reserved(false));
    let terms = part_of(role, permissions, &submit.resource, duration, &submit.conditions, reserved).ok()?;
    let grant = covering(&view.history, caller, &terms, submit.starts_at.unwrap_or(now), now);
    let case = Case { view, caller, ids: call.ids, rules, now, dry_run: false, keyed: call.keyed };
    grant.map(|grant| grant.request).or_else(|| twin(&case, submit, &terms, cut.as_ref()).map(|request| request.id))
}

/// The other reason and ticket, on the record of the request that led to the grant; nothing when they are on it.
pub(super) fn repeated(case: &Case<'_>, grant: &Grant, submit: &Submit) -> Result<Vec<Event>, Refusal> {
    let id = grant.request;
    // For a requester with more requests than are read, the older ones keep their reason.
    let Some(request) = case.view.history.requests.iter().find(|request| request.id == id) else {
        return Ok(Vec::new());
    };
    let (justification, ticket) = (&submit.details.justification, &submit.details.ticket_url);
    let first = (&request.details.justification, &request.details.ticket_url);
    let later = request.repeats.iter().map(|one| (&one.justification, &one.ticket));
    let says_nothing = justification.is_none() && ticket.is_none();
    if says_nothing || std::iter::once(first).chain(later).any(|said| said == (justification, ticket)) {
        return Ok(Vec::new());
    }
    if request.repeats.len() >= MAX_REPEATS {
        let message = format!("this was asked for again for {MAX_REPEATS} other reasons already; see request {id}");
        return Err(Refusal::new(RefusalCode::TooManyRequests, message).until(grant.window.end()));
    }
    let (justification, ticket) = (justification.clone(), ticket.clone());
    Ok(case.events([Fact::RequestRepeated { request: id, justification, ticket }]))
}

/// Of the caller's grants that give these terms from `start` on, the one that ends last. A break-glass grant does not
/// count: its holder may request an approved one.
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
            // Another person's task is another grant.
            && grant.holder_acts_for == caller.acts_for
            && grant.break_glass.is_none()
            && matches!(grant.status(now), GrantStatus::Active | GrantStatus::Scheduled)
            && grant.window.start() <= start
            && end <= grant.window.end()
            // Its uses may be used up before it ends.
            && grant.conditions.max_uses.is_none()
            && terms.conditions.is_within(&grant.conditions)
            && terms.scope.is_within(&grant.scope)
            && terms.permissions.is_within(&grant.permissions)
    };
    history.live.iter().filter(gives).max_by_key(|grant| (grant.window.end(), grant.id))
}

/// The caller's pending request that is identical to this submission and was made just now.
pub(super) fn twin<'a>(
    case: &Case<'a>,
    submit: &Submit,
    terms: &Terms,
    cut: Option<&DurationCut>,
) -> Option<&'a AccessRequest> {
    let Case { view, caller, now, .. } = *case;
    if case.dry_run || case.keyed {
        return None;
    }
    let is_same = |request: &&AccessRequest| {
        request.status(now).is_open()
            && now.millis().saturating_sub(request.created_at.millis()) < TWIN_MILLIS
            && request.requester == caller.principal
            && request.requester_acts_for == caller.acts_for
            && request.extends.is_none()
            && request.emergency.is_none()
            && request.version == 1
            && request.role == submit.role
            && request.terms() == *terms
            && request.duration_cut.as_ref() == cut
            && request.starts_at == submit.starts_at
            && request.details == submit.details
    };
    view.history.requests.iter().find(is_same)
}
