//! Answering a request, asking back, and taking it back.

use super::submit::amended;
use super::{check_enabled, each};
use crate::model::{
    AccessRequest, Actor, Caller, Cut, Event, Fact, Grant, GrantId, Justification, Noted, NothingLeft, RequestId,
    RequestStatus, Scope, Timestamp, Ttl, Window,
};
use crate::workflow::access::{check_reviewer, may_see_request};
use crate::workflow::{Refusal, RefusalCode, Rules, View};

/// The request, for someone who may review it now.
pub(super) fn reviewable<'a>(
    view: &'a View,
    id: RequestId,
    version: Option<u32>,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<&'a AccessRequest, Refusal> {
    let request = open(view, id, caller, rules, now)?;
    check_reviewer(caller, request)?;
    match version {
        Some(seen) if seen != request.version => Err(Refusal::new(
            RefusalCode::RequestChanged,
            format!("you looked at version {seen} of this request, and it is at version {} now", request.version),
        )),
        _ => Ok(request),
    }
}

pub(super) fn approve(
    request: &AccessRequest,
    id: GrantId,
    by: &Actor,
    cut: Cut,
    comment: Option<Justification>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let terms = request.terms().cut(&cut).map_err(|nothing| nothing_left(request, nothing))?;
    let start = request.starts_at.filter(|start| *start > now).unwrap_or(now);
    let window = Window::starting(start, terms.duration)
        .map_err(|_| Refusal::new(RefusalCode::StartsTooLate, "the grant would start at the end of time"))?;
    let grant = Grant {
        id,
        request: request.id,
        holder: request.requester.clone(),
        holder_normal_roles: request.requester_normal_roles.clone(),
        role: request.role.clone(),
        permissions: terms.permissions,
        scope: terms.scope,
        window,
        justification: request.justification.clone(),
        ticket: request.ticket.clone(),
        approver_roles: request.approver_roles.clone(),
        approved_by: by.clone(),
        approved_at: now,
        suspended: None,
        ended: None,
        noted: Noted::default(),
        uses: 0,
    };
    let approved = Fact::RequestApproved { request: request.id, cut, comment };
    let mut facts = vec![approved, Fact::GrantCreated(Box::new(grant))];
    if start <= now {
        facts.push(Fact::GrantActivated { grant: id });
    }
    Ok(each(now, by, facts))
}

fn nothing_left(request: &AccessRequest, nothing: NothingLeft) -> Refusal {
    let message = match nothing {
        NothingLeft::Permissions => {
            let asked: Vec<_> = request.permissions.allowed().iter().map(ToString::to_string).collect();
            format!("nothing would be left of the permissions: asked for is {}", asked.join(", "))
        }
        NothingLeft::Scope => format!("nothing would be left of the resource: asked for is {}", request.scope),
    };
    Refusal::new(RefusalCode::NothingLeft, message)
}

/// What the requester says to a question, and what they change.
pub(super) fn answer(
    view: &View,
    (id, answer): (RequestId, &Justification),
    changes: (Option<Ttl>, Option<&Scope>),
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let request = own(view, id, caller, rules)?;
    if request.status(now) != RequestStatus::NeedsInfo {
        open(view, id, caller, rules, now)?;
        return Err(Refusal::new(RefusalCode::NothingAsked, "nobody has asked for more information on this request"));
    }
    check_enabled(rules)?;
    let amendment = amended(caller, request, changes, &view.history, rules, now)?.map(Box::new);
    Ok(vec![Fact::RequestAnswered { request: id, answer: answer.clone(), amendment }])
}

pub(super) fn withdraw(
    view: &View,
    id: RequestId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let request = own(view, id, caller, rules)?;
    match request.status(now) {
        RequestStatus::Pending | RequestStatus::NeedsInfo => Ok(vec![Fact::RequestWithdrawn { request: id }]),
        RequestStatus::Withdrawn => Ok(Vec::new()),
        other => Err(not_pending(other)),
    }
}

/// The request, for its requester.
fn own<'a>(view: &'a View, id: RequestId, caller: &Caller, rules: &Rules) -> Result<&'a AccessRequest, Refusal> {
    let request = known(view, id, caller, rules)?;
    if caller.principal == request.requester {
        return Ok(request);
    }
    Err(Refusal::new(RefusalCode::NotTheRequester, format!("only {} can do this with the request", request.requester)))
}

fn known<'a>(view: &'a View, id: RequestId, caller: &Caller, rules: &Rules) -> Result<&'a AccessRequest, Refusal> {
    view.request
        .as_ref()
        .filter(|request| request.id == id && may_see_request(caller, request, rules))
        .ok_or_else(|| Refusal::new(RefusalCode::UnknownRequest, format!("there is no access request {id}")))
}

/// The request, while it can still be answered.
fn open<'a>(
    view: &'a View,
    id: RequestId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<&'a AccessRequest, Refusal> {
    let request = known(view, id, caller, rules)?;
    match request.status(now) {
        RequestStatus::Pending | RequestStatus::NeedsInfo => Ok(request),
        RequestStatus::TimedOut => Err(Refusal::new(
            RefusalCode::RequestTimedOut,
            format!("this request could be answered until {}; ask again", request.times_out_at),
        )),
        other => Err(not_pending(other)),
    }
}

fn not_pending(status: RequestStatus) -> Refusal {
    Refusal::new(RefusalCode::RequestNotPending, format!("this request is already {}", status.name().replace('_', " ")))
}
