//! What the requester does with an open request: answer a question, change the request by it, withdraw the request.

use super::case::Case;
use super::request::{not_pending, open, own};
use super::terms::{limited, limited_in_all, role_of};
use crate::authz::AuthzAction;
use crate::command::{Answer, Withdraw};
use crate::model::{AccessRequest, Amendment, Event, Fact, RequestStatus, Terms};
use crate::workflow::assess::assess;
use crate::workflow::{Refusal, RefusalCode};

pub(super) fn answer(case: &Case<'_>, answer: &Answer) -> Result<Vec<Event>, Refusal> {
    let request = own(case, answer.request, AuthzAction::Answer)?;
    if request.status(case.now) != RequestStatus::NeedsInfo {
        open(case, answer.request)?;
        return Err(Refusal::new(
            RefusalCode::NothingAsked,
            "no reviewer has asked for more information on this request",
        ));
    }
    case.check_enabled()?;
    // What a change newly permits is computed from the caller's own rights, so only the requester can make it.
    let changes = answer.duration.is_some() || answer.resource.is_some();
    if changes && case.caller.principal != request.requester {
        let message = format!("only {} can change what is requested", request.requester);
        return Err(Refusal::new(RefusalCode::NotTheRequester, message));
    }
    let amendment = amended(case, request, answer)?.map(Box::new);
    Ok(case.events([Fact::RequestAnswered { request: request.id, answer: answer.answer.clone(), amendment }]))
}

/// What changes in a request when its requester requests another length or another resource.
fn amended(case: &Case<'_>, request: &AccessRequest, answer: &Answer) -> Result<Option<Amendment>, Refusal> {
    let Case { view, caller, rules, now, .. } = *case;
    let role = role_of(&request.role, rules)?;
    let (duration, duration_cut) = match answer.duration {
        None => (request.duration, request.duration_cut.clone()),
        asked => match &request.extends {
            Some(extension) => limited_in_all(asked, extension, request.starts_at.unwrap_or(now), role, rules)?,
            None => limited(asked, role, rules),
        },
    };
    let scope = answer.resource.as_ref().unwrap_or(&request.scope).clone();
    if request.extends.is_some() && !scope.is_within(&request.scope) {
        let message = format!("an extension reaches no further than the grant: {}", request.scope);
        return Err(Refusal::new(RefusalCode::ExtensionLimit, message));
    }
    if (duration, &scope) == (request.duration, &request.scope) {
        return Ok(None);
    }
    let terms = Terms { scope, duration, ..request.terms() };
    let begins = request.starts_at.unwrap_or(now).max(now);
    let assessment = assess(caller, role, &terms, &view.history, rules, now, begins);
    Ok(Some(Amendment { duration, duration_cut, scope: terms.scope, assessment }))
}

pub(super) fn withdraw(case: &Case<'_>, withdraw: &Withdraw) -> Result<Vec<Event>, Refusal> {
    let request = own(case, withdraw.request, AuthzAction::Withdraw)?;
    match request.status(case.now) {
        RequestStatus::Pending | RequestStatus::NeedsInfo => {
            Ok(case.events([Fact::RequestWithdrawn { request: request.id }]))
        }
        RequestStatus::Withdrawn => Ok(Vec::new()),
        other => Err(not_pending(other)),
    }
}
