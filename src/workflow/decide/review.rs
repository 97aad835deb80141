//! Answering a request, asking back, and taking it back.

use super::break_glass::owed;
use super::submit::amended;
use super::{check_enabled, each};
use crate::model::{
    AccessRequest, Actor, Caller, Capacity, Cut, Event, Fact, Grant, GrantId, Justification, Networks, Noted,
    NothingLeft, Principal, RequestId, RequestStatus, Review, Scope, Terms, Timestamp, Ttl, Window,
};
use crate::workflow::access::{asking, may_see_request, reviewer};
use crate::workflow::authority::{About, Act, check};
use crate::workflow::quorum::waiting_for;
use crate::workflow::{Refusal, RefusalCode, Rules, View, evolve};

/// The request, and the capacity in which the caller may review it now.
pub(super) fn reviewable<'a>(
    view: &'a View,
    (id, act): (RequestId, Act),
    version: Option<u32>,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<(&'a AccessRequest, Capacity), Refusal> {
    let request = open(view, id, caller, rules, now)?;
    let capacity = reviewer(caller, request, view, act, rules, now)?;
    match version {
        Some(seen) if seen != request.version => Err(Refusal::new(
            RefusalCode::RequestChanged,
            format!("you looked at version {seen} of this request, and it is at version {} now", request.version),
        )),
        _ => Ok((request, capacity)),
    }
}

/// A person's yes. Earlier ones count only if their reviewers are still what they reviewed as; those that are not lapse now.
pub(super) fn approve(
    view: &View,
    request: &AccessRequest,
    (caller, capacity): (&Caller, Capacity),
    (cut, comment): (&Cut, Option<&Justification>),
    grant: GrantId,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let by = Actor::Principal(caller.principal.clone());
    let lapsed = lapsed(view, request, &by, now);
    let request = after(request, &lapsed);
    check_first_review(&request, &caller.principal, &capacity)?;
    let terms = request
        .approvals()
        .map(|review| &review.cut)
        .chain([cut])
        .try_fold(request.terms(), |terms, cut| terms.cut(cut).map_err(|nothing| nothing_left(&terms, nothing)))?;
    let (id, cut, comment) = (request.id, cut.clone(), comment.cloned());
    let (reviewed, approved) = (capacity.clone(), capacity);
    let review = Event {
        at: now,
        by: by.clone(),
        fact: Fact::RequestReviewed { request: id, capacity: reviewed, cut: cut.clone(), comment: comment.clone() },
    };
    let review = if waiting_for(&after(&request, std::slice::from_ref(&review)), now).is_empty() {
        let approved = Fact::RequestApproved { request: id, capacity: approved, cut, comment };
        each(now, &by, std::iter::once(approved).chain(granted(&request, terms, &by, grant, now)?))
    } else {
        vec![review]
    };
    Ok(lapsed.into_iter().chain(review).collect())
}

/// The earlier approvals that count no more, as the facts that say so.
fn lapsed(view: &View, request: &AccessRequest, by: &Actor, now: Timestamp) -> Vec<Event> {
    let stands = |review: &Review, reviewer: &Principal| {
        let enabled = |who: &Principal| view.standing.get(who).is_none_or(|known| known.enabled);
        let authority = view.standing.get(review.capacity.authority(reviewer));
        let holds = authority.is_none_or(|known| known.holds_all(&review.capacity.roles));
        let lent = review.capacity.on_behalf_of.as_ref().is_none_or(|delegator| {
            view.delegations.iter().any(|one| one.lends(delegator, reviewer, &review.capacity.roles, now))
        });
        enabled(reviewer) && enabled(review.capacity.person(reviewer)) && holds && lent
    };
    let gone = request.approvals().filter_map(|review| match &review.by {
        Actor::Principal(reviewer) if !stands(review, reviewer) => Some(reviewer.clone()),
        _ => None,
    });
    each(now, by, gone.map(|reviewer| Fact::ReviewLapsed { request: request.id, reviewer }))
}

fn after(request: &AccessRequest, events: &[Event]) -> AccessRequest {
    let view = View { request: Some(request.clone()), ..View::default() };
    events.iter().fold(view, evolve).request.unwrap_or_else(|| request.clone())
}

/// One person, and one authority, approves a version once.
fn check_first_review(request: &AccessRequest, caller: &Principal, capacity: &Capacity) -> Result<(), Refusal> {
    for review in request.approvals() {
        let Actor::Principal(reviewer) = &review.by else { continue };
        let same_person = review.capacity.person(reviewer) == capacity.person(caller);
        let authority = capacity.authority(caller);
        if same_person || review.capacity.authority(reviewer) == authority {
            let whose = if same_person { String::new() } else { format!(" with the right of {authority}") };
            return Err(Refusal::new(
                RefusalCode::AlreadyReviewed,
                format!(
                    "{reviewer} has approved version {} of this request already{whose}; someone else has to fill what is missing",
                    request.version
                ),
            ));
        }
    }
    Ok(())
}

/// A rule's yes, in the place of all reviewers.
pub(super) fn approve_by_rule(
    request: &AccessRequest,
    rule: &Actor,
    cut: Cut,
    grant: GrantId,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let terms = request.terms().cut(&cut).map_err(|nothing| nothing_left(&request.terms(), nothing))?;
    let approved = Fact::RequestApproved { request: request.id, capacity: Capacity::default(), cut, comment: None };
    Ok(each(now, rule, std::iter::once(approved).chain(granted(request, terms, rule, grant, now)?)))
}

/// The grant that an approved request leads to.
fn granted(
    request: &AccessRequest,
    terms: Terms,
    by: &Actor,
    id: GrantId,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let start = request.starts_at.filter(|start| *start > now).unwrap_or(now);
    let window = Window::starting(start, terms.duration)
        .map_err(|_| Refusal::new(RefusalCode::StartsTooLate, "the grant would start at the end of time"))?;
    let grant = Grant {
        id,
        request: request.id,
        extends: request.extends,
        holder: request.requester.clone(),
        holder_acts_for: request.requester_acts_for.clone(),
        holder_normal_roles: request.requester_normal_roles.clone(),
        role: request.role.clone(),
        permissions: terms.permissions,
        scope: terms.scope,
        window,
        conditions: terms.conditions,
        justification: request.justification.clone(),
        ticket: request.ticket.clone(),
        approver_roles: request.approver_roles.clone(),
        approved_by: by.clone(),
        approved_at: now,
        break_glass: request.emergency.as_ref().map(|emergency| owed(emergency, window.end())),
        suspended: None,
        ended: None,
        noted: Noted::default(),
        uses: 0,
    };
    let mut facts = vec![Fact::GrantCreated(Box::new(grant))];
    if start <= now {
        facts.push(Fact::GrantActivated { grant: id });
    }
    Ok(facts)
}

/// `terms` are what was asked for, less what others have taken off already.
pub(super) fn nothing_left(terms: &Terms, nothing: NothingLeft) -> Refusal {
    let message = match nothing {
        NothingLeft::Permissions => {
            let asked: Vec<_> = terms.permissions.allowed().iter().map(ToString::to_string).collect();
            format!("nothing would be left of the permissions: asked for is {}", asked.join(", "))
        }
        NothingLeft::Scope => format!("nothing would be left of the resource: asked for is {}", terms.scope),
        NothingLeft::Networks => {
            let networks: Vec<_> = terms.conditions.networks.iter().flat_map(Networks::texts).collect();
            format!("nothing would be left of the networks: it is for {} already", networks.join(", "))
        }
        NothingLeft::Session => {
            let session = terms.conditions.session.as_ref().map_or_else(String::new, ToString::to_string);
            format!("it is for the session `{session}` alone, and cannot be for another one")
        }
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
    let request = own(view, (id, Act::Answer), caller, rules, now)?;
    if request.status(now) != RequestStatus::NeedsInfo {
        open(view, id, caller, rules, now)?;
        return Err(Refusal::new(RefusalCode::NothingAsked, "nobody has asked for more information on this request"));
    }
    check_enabled(rules)?;
    // What a change newly permits is told of who asks, and so is theirs to make.
    if changes != (None, None) && caller.principal != request.requester {
        let message = format!("only {} can change what is asked for", request.requester);
        return Err(Refusal::new(RefusalCode::NotTheRequester, message));
    }
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
    let request = own(view, (id, Act::Withdraw), caller, rules, now)?;
    match request.status(now) {
        RequestStatus::Pending | RequestStatus::NeedsInfo => Ok(vec![Fact::RequestWithdrawn { request: id }]),
        RequestStatus::Withdrawn => Ok(Vec::new()),
        other => Err(not_pending(other)),
    }
}

/// The request, for its requester.
fn own<'a>(
    view: &'a View,
    (id, act): (RequestId, Act),
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<&'a AccessRequest, Refusal> {
    let request = known(view, id, caller, rules, now)?;
    check(&asking(caller, act, About::Request(request), rules, now), || {
        let message = || format!("only {} can do this with the request", request.requester);
        (caller.principal != request.requester).then(|| Refusal::new(RefusalCode::NotTheRequester, message()))
    })?;
    Ok(request)
}

fn known<'a>(
    view: &'a View,
    id: RequestId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<&'a AccessRequest, Refusal> {
    match view.request.as_ref().filter(|request| request.id == id) {
        Some(request) if may_see_request(caller, request, &view.delegations, rules, now)? => Ok(request),
        _ => Err(Refusal::new(RefusalCode::UnknownRequest, format!("there is no access request {id}"))),
    }
}

/// The request, while it can still be answered.
fn open<'a>(
    view: &'a View,
    id: RequestId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<&'a AccessRequest, Refusal> {
    let request = known(view, id, caller, rules, now)?;
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
