//! The grant that an approved request leads to, and the grant that a command is about.

use super::case::{Case, each};
use super::terms::nothing_left;
use crate::model::{
    AccessRequest, Actor, BreakGlass, Capacity, Cut, Emergency, Event, Fact, Grant, GrantId, Noted, Offline, Terms,
    Timestamp, Window,
};
use crate::workflow::access::may_see_grant;
use crate::workflow::{Refusal, RefusalCode, View};

/// A rule's approval, in the place of all reviewers.
pub(super) fn approve_by_rule(
    case: &Case<'_>,
    request: &AccessRequest,
    rule: &Actor,
    cut: Cut,
) -> Result<Vec<Event>, Refusal> {
    let terms = request.terms().cut(&cut).map_err(|nothing| nothing_left(&request.terms(), nothing))?;
    let approved = Fact::RequestApproved { request: request.id, capacity: Capacity::default(), cut, comment: None };
    let facts = std::iter::once(approved).chain(granted(case, request, terms, rule)?);
    Ok(each(case.now, rule, facts))
}

/// The grant that an approved request leads to.
pub(super) fn granted(
    case: &Case<'_>,
    request: &AccessRequest,
    terms: Terms,
    by: &Actor,
) -> Result<Vec<Fact>, Refusal> {
    let (id, now) = (case.ids.grant, case.now);
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
        details: request.details.clone(),
        approver_roles: request.approver_roles.clone(),
        approved_by: by.clone(),
        earlier_approvers: request.approvals().map(|review| review.by.clone()).filter(|one| one != by).collect(),
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

/// The review that a break-glass grant owes from its beginning.
fn owed(emergency: &Emergency, end: Timestamp) -> BreakGlass {
    BreakGlass {
        drill: emergency.drill,
        reviewer_roles: emergency.reviewer_roles.clone(),
        review_due: end.saturating_add(emergency.review_within),
        closed: None,
        lifted: None,
        overdue_noted: false,
        offline: emergency.offline.then(Offline::default),
    }
}

/// The grant with this id, for a caller who may see it.
pub(super) fn find_grant<'a>(case: &Case<'a>, grant: Option<&'a Grant>, id: GrantId) -> Result<&'a Grant, Refusal> {
    match grant.filter(|grant| grant.id == id) {
        Some(grant) if may_see_grant(case.caller, grant, case.rules, case.now)? => Ok(grant),
        _ => Err(Refusal::new(RefusalCode::UnknownGrant, format!("there is no grant {id}"))),
    }
}

/// The grant and its later extensions that are live; none when the grant itself has ended.
pub(super) fn with_later<'a>(view: &'a View, grant: &'a Grant, now: Timestamp) -> impl Iterator<Item = &'a Grant> {
    let live = grant.status(now).is_live();
    let later = view.extensions.iter().filter(move |later| {
        later.first() == grant.first() && later.number() > grant.number() && later.status(now).is_live()
    });
    std::iter::once(grant).chain(later).filter(move |_| live)
}
