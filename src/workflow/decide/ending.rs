//! Ending a grant, and holding it back for a while.

use crate::model::{Caller, Fact, Grant, GrantId, GrantStatus, Justification, Selector, Timestamp};
use crate::workflow::access::{check_approver, check_revoker, may_see_grant};
use crate::workflow::{Refusal, RefusalCode, Rules, View};

/// Ending a grant that is already over, however it ended, is no new fact: revocation is idempotent and final.
pub(super) fn revoke(
    view: &View,
    (id, reason): (GrantId, &Justification),
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let grant = known(view, id, caller, rules)?;
    check_revoker(caller, grant)?;
    Ok(if_live(grant, now, Fact::GrantRevoked { grant: id, reason: reason.clone() }))
}

/// The live grants that are selected end together, whoever could approve each of them.
pub(super) fn revoke_many(
    view: &View,
    (select, reason): (&Selector, &Justification),
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    check_approver(caller, &rules.approver_roles)?;
    let selected = view.history.live.iter().filter(|grant| select.selects(grant));
    let end = |grant: &Grant| {
        if grant.holder == caller.principal {
            Fact::GrantReleased { grant: grant.id }
        } else {
            Fact::GrantRevoked { grant: grant.id, reason: reason.clone() }
        }
    };
    Ok(selected.flat_map(|grant| if_live(grant, now, end(grant))).collect())
}

pub(super) fn release(
    view: &View,
    id: GrantId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let grant = known(view, id, caller, rules)?;
    if caller.principal != grant.holder {
        return Err(Refusal::new(
            RefusalCode::NotTheHolder,
            format!("only {} can release this grant; revoke it instead", grant.holder),
        ));
    }
    Ok(if_live(grant, now, Fact::GrantReleased { grant: id }))
}

/// Holding back what is already held back is no new fact.
pub(super) fn suspend(
    view: &View,
    (id, reason): (GrantId, &Justification),
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let grant = live(view, id, caller, rules, now)?;
    Ok(match grant.suspended {
        Some(_) => Vec::new(),
        None => vec![Fact::GrantSuspended { grant: id, reason: reason.clone() }],
    })
}

pub(super) fn resume(
    view: &View,
    id: GrantId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let grant = live(view, id, caller, rules, now)?;
    super::check_enabled(rules)?;
    Ok(match grant.suspended {
        Some(_) => vec![Fact::GrantResumed { grant: id }],
        None => Vec::new(),
    })
}

/// A grant that is not over, for someone who may take it away.
fn live<'a>(view: &'a View, id: GrantId, caller: &Caller, rules: &Rules, now: Timestamp) -> Result<&'a Grant, Refusal> {
    let grant = known(view, id, caller, rules)?;
    check_revoker(caller, grant)?;
    let status = grant.status(now);
    if status.is_live() {
        return Ok(grant);
    }
    Err(Refusal::new(RefusalCode::GrantOver, format!("this grant is already {}", status.name())))
}

fn known<'a>(view: &'a View, id: GrantId, caller: &Caller, rules: &Rules) -> Result<&'a Grant, Refusal> {
    view.grant
        .as_ref()
        .filter(|grant| grant.id == id && may_see_grant(caller, grant, rules))
        .ok_or_else(|| Refusal::new(RefusalCode::UnknownGrant, format!("there is no grant {id}")))
}

fn if_live(grant: &Grant, now: Timestamp, fact: Fact) -> Vec<Fact> {
    match grant.status(now) {
        GrantStatus::Scheduled | GrantStatus::Active | GrantStatus::Suspended => vec![fact],
        GrantStatus::Expired | GrantStatus::Revoked | GrantStatus::Released => Vec::new(),
    }
}
