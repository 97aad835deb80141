//! Reviewing a request: approving it, denying it, asking for more information.

use super::case::{Case, each};
use super::eligibility::check_still_eligible;
use super::extend::check_still_extendable;
use super::grant::granted;
use super::limits;
use super::request::open;
use super::terms::nothing_left;
use super::today::{both, naming, todays_cut};
use crate::authz::AuthzAction;
use crate::command::{Approve, Ask, Deny};
use crate::model::{
    AccessRequest, Actor, Caller, Capacity, Delegation, Event, Fact, Principal, RequestId, Review, Timestamp,
};
use crate::workflow::access::reviewer;
use crate::workflow::quorum::waiting_for;
use crate::workflow::{Ids, Refusal, RefusalCode, Rules, View, evolve, reassessed};

pub(super) fn approve(case: &Case<'_>, approve: &Approve) -> Result<Vec<Event>, Refusal> {
    let Case { view, caller, rules, now, .. } = *case;
    let (request, capacity) = reviewable(case, approve.request, AuthzAction::Approve)?;
    check_version(request, approve.version)?;
    case.check_enabled()?;
    check_still_eligible(case, request)?;
    match &request.extends {
        // It begins when the grant before it ends, and counts as one grant with it.
        Some(extension) => check_still_extendable(view, extension, rules, now)?,
        None => limits::check_grant(&request.requester, &view.tally, &rules.limits)?,
    }
    // Its start has passed, so it starts now, and the record has the risk.
    let reassessed = reassessed(request, rules, now);
    let fact = |assessment| Fact::RequestReassessed { request: request.id, assessment: Box::new(assessment) };
    let reassessed = case.events(reassessed.map(fact));
    // Earlier approvals count only while their reviewers still hold the reviewing role. The others lapse now.
    let lapsed = lapsed(case, request);
    let request = after(request, &lapsed);
    check_first_review(&request, &caller.principal, &capacity)?;
    let cut = approve.cut();
    let terms = request
        .approvals()
        .map(|review| &review.cut)
        .chain([&cut])
        .try_fold(request.terms(), |terms, cut| terms.cut(cut).map_err(|nothing| nothing_left(&terms, nothing)))?;
    let (today, limits) = todays_cut(&request, &terms, rules)?;
    let cut = if limits.is_empty() { cut } else { both(&request.terms(), &cut, &today)? };
    let terms = terms.cut(&today).map_err(|nothing| nothing_left(&terms, nothing))?;
    let (id, comment) = (request.id, naming(approve.comment.clone(), &limits));
    let reviewed =
        Fact::RequestReviewed { request: id, capacity: capacity.clone(), cut: cut.clone(), comment: comment.clone() };
    let review = case.events([reviewed]);
    let review = if waiting_for(&after(&request, &review), now).is_empty() {
        let approved = Fact::RequestApproved { request: id, capacity, cut, comment };
        case.events(std::iter::once(approved).chain(granted(case, &request, terms, &case.by())?))
    } else {
        review
    };
    Ok(reassessed.into_iter().chain(lapsed).chain(review).collect())
}

pub(super) fn deny(case: &Case<'_>, deny: &Deny) -> Result<Vec<Event>, Refusal> {
    let (request, capacity) = reviewable(case, deny.request, AuthzAction::Deny)?;
    Ok(case.events([Fact::RequestDenied { request: request.id, capacity, reason: deny.reason.clone() }]))
}

pub(super) fn ask(case: &Case<'_>, ask: &Ask) -> Result<Vec<Event>, Refusal> {
    let (request, capacity) = reviewable(case, ask.request, AuthzAction::Ask)?;
    Ok(case.events([Fact::InformationRequested { request: request.id, capacity, question: ask.question.clone() }]))
}

/// The request, and the capacity in which the caller may review it now.
fn reviewable<'a>(
    case: &Case<'a>,
    id: RequestId,
    action: AuthzAction,
) -> Result<(&'a AccessRequest, Capacity), Refusal> {
    let request = open(case, id)?;
    let capacity = reviewer(case.caller, request, case.view, action, case.rules, case.now)?;
    Ok((request, capacity))
}

/// Whether the caller could approve this request now, with these delegations: it is open, they fill a step, and they
/// have not approved this version.
#[must_use]
pub fn may_review(
    caller: &Caller,
    request: &AccessRequest,
    delegations: &[Delegation],
    rules: &Rules,
    now: Timestamp,
) -> bool {
    let view = View { request: Some(request.clone()), delegations: delegations.to_vec(), ..View::default() };
    let case = Case { view: &view, caller, ids: Ids::from_u128(0), rules, now, dry_run: true, keyed: false };
    reviewable(&case, request.id, AuthzAction::Approve)
        .is_ok_and(|(request, capacity)| check_first_review(request, &caller.principal, &capacity).is_ok())
}

/// That the reviewer saw the version that there is.
fn check_version(request: &AccessRequest, seen: Option<u32>) -> Result<(), Refusal> {
    match seen {
        Some(seen) if seen != request.version => Err(Refusal::new(
            RefusalCode::RequestChanged,
            format!("you looked at version {seen} of this request, and it is at version {} now", request.version),
        )),
        _ => Ok(()),
    }
}

/// The earlier approvals that no longer count, as facts.
fn lapsed(case: &Case<'_>, request: &AccessRequest) -> Vec<Event> {
    let Case { view, now, .. } = *case;
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
    each(now, &case.by(), gone.map(|reviewer| Fact::ReviewLapsed { request: request.id, reviewer }))
}

/// The request after these events.
fn after(request: &AccessRequest, events: &[Event]) -> AccessRequest {
    let view = View { request: Some(request.clone()), ..View::default() };
    events.iter().fold(view, evolve).request.unwrap_or_else(|| request.clone())
}

/// That each person, and each authority, approves a version once.
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
