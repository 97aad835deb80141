//! Delegating the right to review for a limited time, and ending that.

use super::case::Case;
use super::limits;
use super::terms::is_past;
use crate::authz::{AuthzAction, AuthzResource};
use crate::command::{Delegate, Undelegate};
use crate::model::{Delegation, DelegationStatus, Event, Fact, PrincipalKind, RoleName, Window};
use crate::workflow::access::{may_see_delegation, not_an_approver};
use crate::workflow::{Refusal, RefusalCode};

/// The longest delegation, and the furthest ahead that one may end.
const MAX_AHEAD_MILLIS: i64 = 366 * 24 * 3_600_000;

pub(super) fn delegate(case: &Case<'_>, wanted: &Delegate) -> Result<Vec<Event>, Refusal> {
    let Case { view, caller, rules, now, .. } = *case;
    case.check_enabled()?;
    if caller.acts_for.is_some() || caller.principal.kind() == PrincipalKind::Agent {
        return Err(cannot("agents cannot delegate"));
    }
    if wanted.to.kind() == PrincipalKind::Agent {
        return Err(cannot("a delegate is a person, not an agent"));
    }
    if wanted.to == caller.principal {
        return Err(cannot("you cannot delegate to yourself"));
    }
    let roles = roles(case, wanted.roles.as_deref())?;
    let start = match wanted.starts_at {
        Some(from) if is_past(from, now) => {
            return Err(Refusal::new(RefusalCode::StartsInThePast, format!("`from` is {from}, and it is {now} now")));
        }
        from => from.unwrap_or(now).max(now),
    };
    let window = Window::new(start, wanted.until)
        .map_err(|_| cannot(format!("`until` is {}, which is not after the beginning, {start}", wanted.until)))?;
    if window.end().millis() - now.millis() > MAX_AHEAD_MILLIS {
        return Err(cannot(format!("`until` is {}, more than a year away", wanted.until)));
    }
    limits::check_delegation(&caller.principal, &view.tally, &rules.limits)?;
    let delegation = Delegation {
        id: case.ids.delegation,
        delegator: caller.principal.clone(),
        delegate: wanted.to.clone(),
        roles,
        window,
        reason: wanted.reason.clone(),
        created_at: now,
        ended: None,
    };
    case.may(AuthzAction::Delegate, AuthzResource::Delegation(&delegation)).check(|| None)?;
    Ok(case.events([Fact::RolesDelegated(Box::new(delegation))]))
}

/// The roles to delegate: the named ones, or all reviewer roles of the caller. Only roles that the caller holds by
/// standing right: a delegated role cannot be delegated further.
fn roles(case: &Case<'_>, named: Option<&[RoleName]>) -> Result<Vec<RoleName>, Refusal> {
    let Case { view, caller, rules, now, .. } = *case;
    let mine = rules.reviewing_roles();
    let Some(named) = named else {
        let all: Vec<_> = mine.into_iter().filter(|role| caller.roles.contains(role)).collect();
        return if all.is_empty() { Err(cannot("you hold no role that reviews anything")) } else { Ok(all) };
    };
    if named.is_empty() {
        return Err(cannot("name at least one role, or leave `roles` out for all with which you review"));
    }
    let mut roles: Vec<RoleName> = Vec::new();
    for role in named {
        if !caller.roles.contains(role) {
            let lender = view.delegations.iter().find(|delegation| {
                delegation.lends(&delegation.delegator, &caller.principal, std::slice::from_ref(role), now)
            });
            return Err(cannot(match lender {
                Some(lent) => format!("`{role}` is lent to you by {}, and what is lent is not lent on", lent.delegator),
                None => format!("you do not hold `{role}`"),
            }));
        }
        if !mine.contains(role) {
            return Err(cannot(format!("`{role}` reviews nothing")));
        }
        if !roles.contains(role) {
            roles.push(role.clone());
        }
    }
    Ok(roles)
}

/// The delegator, the delegate and general approvers may end it. Ending an ended delegation makes no new fact.
pub(super) fn undelegate(case: &Case<'_>, wanted: &Undelegate) -> Result<Vec<Event>, Refusal> {
    let Case { view, caller, rules, now, .. } = *case;
    let id = wanted.delegation;
    let known = match view.delegation.as_ref().filter(|known| known.id == id) {
        Some(known) if may_see_delegation(caller, known, rules, now)? => known,
        _ => return Err(Refusal::new(RefusalCode::UnknownDelegation, format!("there is no delegation {id}"))),
    };
    case.may(AuthzAction::Undelegate, AuthzResource::Delegation(known))
        .check(|| not_an_approver(caller, &rules.approver_roles).filter(|_| !known.concerns(&caller.principal)))?;
    Ok(match known.status(now) {
        DelegationStatus::Scheduled | DelegationStatus::Active => {
            case.events([Fact::DelegationEnded { delegation: id }])
        }
        DelegationStatus::Expired | DelegationStatus::Ended => Vec::new(),
    })
}

fn cannot(why: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::CannotDelegate, why)
}
