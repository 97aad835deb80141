//! Ending a grant, and suspending it.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Case, each};
use super::grant::{find_grant, with_later};
use crate::authz::{AuthzAction, AuthzResource};
use crate::command::{Release, Resume, Revoke, RevokeMany, Suspend};
use crate::model::{
    AccessRequest, Actor, Caller, Event, Fact, Grant, GrantId, Invalid, Justification, PrincipalKind, Selector,
    Timestamp,
};
use crate::workflow::access::{check_revoker, not_an_approver, serves_another};
use crate::workflow::{Refusal, RefusalCode, View};

/// Revoking an ended grant makes no new fact: revocation is idempotent and final.
pub(super) fn revoke(case: &Case<'_>, revoke: &Revoke) -> Result<Vec<Event>, Refusal> {
    let grant = find_grant(case, case.view.grant.as_ref(), revoke.grant)?;
    check_revoker(case.caller, AuthzAction::Revoke, grant, case.rules, case.now)?;
    let end = |grant: &Grant| Fact::GrantRevoked { grant: grant.id, reason: revoke.reason.clone() };
    Ok(ended(case, &case.by(), with_later(case.view, grant, case.now), end))
}

/// The selected live grants end together, with all that extends them. The caller's own are released.
pub(super) fn revoke_many(case: &Case<'_>, many: &RevokeMany) -> Result<Vec<Event>, Refusal> {
    let revoke = case.may(AuthzAction::RevokeMany, AuthzResource::Selection(&many.select));
    revoke.check(|| not_an_approver(case.caller, &case.rules.approver_roles))?;
    let live = &case.view.history.live;
    // While the store is away, who is known to it is not known here.
    if !case.view.away && !live.iter().any(|grant| many.select.selects(grant)) {
        check_known(case, &many.select)?;
    }
    // For each chain, the number of the first grant that ends.
    let mut ends: BTreeMap<GrantId, u32> = BTreeMap::new();
    for grant in live.iter().filter(|grant| many.select.selects(grant)) {
        let number = ends.entry(grant.first()).or_insert(u32::MAX);
        *number = grant.number().min(*number);
    }
    let extends_one = |grant: &Grant| ends.get(&grant.first()).is_some_and(|number| grant.number() > *number);
    let selected = live.iter().filter(|grant| many.select.selects(grant) || extends_one(grant));
    let end = |grant: &Grant| {
        if grant.holder == case.caller.principal {
            Fact::GrantReleased { grant: grant.id }
        } else {
            Fact::GrantRevoked { grant: grant.id, reason: many.reason.clone() }
        }
    };
    Ok(ended(case, &case.by(), selected.filter(|grant| grant.status(case.now).is_live()), end))
}

/// That what is selected by name is there, or was: who misspells a name must not believe that an access has ended.
fn check_known(case: &Case<'_>, select: &Selector) -> Result<(), Refusal> {
    let (code, what) = match select {
        Selector::Request(id) if case.view.request.is_none() => {
            (RefusalCode::UnknownRequest, format!("there is no access request {id}"))
        }
        Selector::Role(role) if !case.rules.catalogue.contains_key(role) => (
            RefusalCode::UnknownRole,
            format!("there is no role {}, and no live grant of one", Invalid::quote(role.as_str())),
        ),
        // What an agent has asked for is kept under its person.
        Selector::Holder(person)
            if person.kind() == PrincipalKind::User
                && case.view.history.requests.is_empty()
                && !case.view.standing.contains_key(person) =>
        {
            (RefusalCode::UnknownPrincipal, format!("{person} has never asked for anything here; is the name right?"))
        }
        _ => return Ok(()),
    };
    Err(Refusal::new(code, what))
}

pub(super) fn release(case: &Case<'_>, release: &Release) -> Result<Vec<Event>, Refusal> {
    let grant = find_grant(case, case.view.grant.as_ref(), release.grant)?;
    case.may(AuthzAction::Release, AuthzResource::Grant(grant)).check(|| {
        let message = || format!("only {} can release this grant; revoke it instead", grant.holder);
        (case.caller.principal != grant.holder).then(|| Refusal::new(RefusalCode::NotTheHolder, message()))
    })?;
    check_serves(case.caller, grant)?;
    let end = |grant: &Grant| Fact::GrantReleased { grant: grant.id };
    Ok(ended(case, &case.by(), with_later(case.view, grant, case.now), end))
}

/// That an agent does nothing on behalf of one person with what it holds for another.
pub(super) fn check_serves(caller: &Caller, grant: &Grant) -> Result<(), Refusal> {
    let Some(person) = grant.holder_acts_for.as_ref().filter(|_| serves_another(caller, grant)) else { return Ok(()) };
    let message = format!("{} holds this grant on behalf of {person}, and acts for another person here", grant.holder);
    Err(Refusal::new(RefusalCode::NotTheHolder, message))
}

/// The end of every live grant of the holder's person, because a review found a use of theirs unjustified.
pub(super) fn revoke_for_unjustified(case: &Case<'_>, reviewed: &Grant) -> Vec<Event> {
    let reason = Justification::fitting(&format!("the use of grant {} was found unjustified", reviewed.id));
    let theirs = case.view.history.live.iter().filter(|grant| grant.status(case.now).is_live());
    let end = |grant: &Grant| Fact::GrantRevoked { grant: grant.id, reason: reason.clone() };
    ended(case, &Actor::Rule("unjustified_break_glass".into()), theirs, end)
}

/// The ends of these grants, and of the waiting requests that would extend them.
fn ended<'a>(
    case: &Case<'_>,
    by: &Actor,
    grants: impl Iterator<Item = &'a Grant>,
    end: impl Fn(&Grant) -> Fact,
) -> Vec<Event> {
    let grants: Vec<_> = grants.collect();
    let ids = grants.iter().map(|grant| grant.id).collect();
    let mut events = each(case.now, by, grants.into_iter().map(end));
    events.extend(no_longer_extending(case.view, &ids, case.now));
    events
}

/// What waits to extend one of these grants leaves the queue with them.
#[must_use]
pub fn no_longer_extending(view: &View, ended: &BTreeSet<GrantId>, now: Timestamp) -> Vec<Event> {
    let of_them = |request: &&AccessRequest| {
        request.status(now).is_open() && request.extends.is_some_and(|extension| ended.contains(&extension.of))
    };
    let facts = view.history.extending.iter().filter(of_them);
    each(now, &Actor::Rule("grant_ended".into()), facts.map(|request| Fact::RequestWithdrawn { request: request.id }))
}

/// Suspending a suspended grant makes no new fact.
pub(super) fn suspend(case: &Case<'_>, suspend: &Suspend) -> Result<Vec<Event>, Refusal> {
    let grant = live(case, suspend.grant, AuthzAction::Suspend)?;
    let active = with_later(case.view, grant, case.now).filter(|grant| grant.suspended.is_none());
    Ok(case.events(active.map(|grant| Fact::GrantSuspended { grant: grant.id, reason: suspend.reason.clone() })))
}

pub(super) fn resume(case: &Case<'_>, resume: &Resume) -> Result<Vec<Event>, Refusal> {
    let grant = live(case, resume.grant, AuthzAction::Resume)?;
    case.check_enabled()?;
    let suspended = with_later(case.view, grant, case.now).filter(|grant| grant.suspended.is_some());
    Ok(case.events(suspended.map(|grant| Fact::GrantResumed { grant: grant.id })))
}

/// A grant that has not ended, for a caller who may revoke it.
fn live<'a>(case: &Case<'a>, id: GrantId, action: AuthzAction) -> Result<&'a Grant, Refusal> {
    let grant = find_grant(case, case.view.grant.as_ref(), id)?;
    check_revoker(case.caller, action, grant, case.rules, case.now)?;
    let status = grant.status(case.now);
    if status.is_live() {
        return Ok(grant);
    }
    Err(Refusal::new(RefusalCode::GrantOver, format!("this grant is already {}", status.name())))
}
