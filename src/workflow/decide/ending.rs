//! Ending a grant, and holding it back for a while.

use std::collections::BTreeMap;

use crate::model::{Caller, Fact, Grant, GrantId, Justification, Selector, Timestamp};
use crate::workflow::access::{asking, check_revoker, may_see_grant, not_an_approver};
use crate::workflow::authority::{About, Act, check};
use crate::workflow::{Refusal, RefusalCode, Rules, View};

/// Ending a grant that is already over, however it ended, is no new fact: revocation is idempotent and final.
pub(super) fn revoke(
    view: &View,
    (id, reason): (GrantId, &Justification),
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let grant = known(view.grant.as_ref(), id, caller, rules, now)?;
    check_revoker(caller, Act::Revoke, grant, rules, now)?;
    let end = |grant: &Grant| Fact::GrantRevoked { grant: grant.id, reason: reason.clone() };
    Ok(with_later(view, grant, now).map(end).collect())
}

/// The live grants that are selected end together, whoever could approve each of them.
pub(super) fn revoke_many(
    view: &View,
    (select, reason): (&Selector, &Justification),
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let question = asking(caller, Act::RevokeMany, About::Selection(select), rules, now);
    check(&question, || not_an_approver(caller, &rules.approver_roles))?;
    // Whatever continues a grant that ends ends with it.
    let mut ends: BTreeMap<GrantId, u32> = BTreeMap::new();
    for grant in view.history.live.iter().filter(|grant| select.selects(grant)) {
        let number = ends.entry(grant.first()).or_insert(u32::MAX);
        *number = grant.number().min(*number);
    }
    let goes_on = |grant: &Grant| ends.get(&grant.first()).is_some_and(|number| grant.number() > *number);
    let selected = view.history.live.iter().filter(|grant| select.selects(grant) || goes_on(grant));
    let end = |grant: &Grant| {
        if grant.holder == caller.principal {
            Fact::GrantReleased { grant: grant.id }
        } else {
            Fact::GrantRevoked { grant: grant.id, reason: reason.clone() }
        }
    };
    Ok(selected.filter(|grant| grant.status(now).is_live()).map(end).collect())
}

pub(super) fn release(
    view: &View,
    id: GrantId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let grant = known(view.grant.as_ref(), id, caller, rules, now)?;
    check(&asking(caller, Act::Release, About::Grant(grant), rules, now), || {
        let message = || format!("only {} can release this grant; revoke it instead", grant.holder);
        (caller.principal != grant.holder).then(|| Refusal::new(RefusalCode::NotTheHolder, message()))
    })?;
    Ok(with_later(view, grant, now).map(|grant| Fact::GrantReleased { grant: grant.id }).collect())
}

/// Holding back what is already held back is no new fact.
pub(super) fn suspend(
    view: &View,
    (id, reason): (GrantId, &Justification),
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let grant = live(view, (id, Act::Suspend), caller, rules, now)?;
    let held = with_later(view, grant, now).filter(|grant| grant.suspended.is_none());
    Ok(held.map(|grant| Fact::GrantSuspended { grant: grant.id, reason: reason.clone() }).collect())
}

pub(super) fn resume(
    view: &View,
    id: GrantId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let grant = live(view, (id, Act::Resume), caller, rules, now)?;
    super::check_enabled(rules)?;
    let held = with_later(view, grant, now).filter(|grant| grant.suspended.is_some());
    Ok(held.map(|grant| Fact::GrantResumed { grant: grant.id }).collect())
}

/// A grant that is not over, for someone who may take it away.
fn live<'a>(
    view: &'a View,
    (id, act): (GrantId, Act),
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<&'a Grant, Refusal> {
    let grant = known(view.grant.as_ref(), id, caller, rules, now)?;
    check_revoker(caller, act, grant, rules, now)?;
    let status = grant.status(now);
    if status.is_live() {
        return Ok(grant);
    }
    Err(Refusal::new(RefusalCode::GrantOver, format!("this grant is already {}", status.name())))
}

/// The grant, for someone who may know of it.
pub(super) fn known<'a>(
    grant: Option<&'a Grant>,
    id: GrantId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<&'a Grant, Refusal> {
    match grant.filter(|grant| grant.id == id) {
        Some(grant) if may_see_grant(caller, grant, rules, now)? => Ok(grant),
        _ => Err(Refusal::new(RefusalCode::UnknownGrant, format!("there is no grant {id}"))),
    }
}

/// The grant and all that go on from it, as far as they are live; none when it is over itself.
fn with_later<'a>(view: &'a View, grant: &'a Grant, now: Timestamp) -> impl Iterator<Item = &'a Grant> {
    let live = grant.status(now).is_live();
    let later = view.extensions.iter().filter(move |later| {
        later.first() == grant.first() && later.number() > grant.number() && later.status(now).is_live()
    });
    std::iter::once(grant).chain(later).filter(move |_| live)
}
