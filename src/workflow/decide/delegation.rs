//! Letting somebody review in one's place for a while, and ending that.

use crate::model::{
    Caller, Delegation, DelegationId, DelegationStatus, Fact, Justification, Principal, PrincipalKind, RoleName,
    Timestamp, Window,
};
use crate::workflow::access::{asking, may_see_delegation, not_an_approver};
use crate::workflow::authority::{About, Act, check};
use crate::workflow::{Refusal, RefusalCode, Rules, View};

/// The longest that a right is lent, and the furthest ahead that it may end.
const MAX_AHEAD_MILLIS: i64 = 366 * 24 * 3_600_000;

/// What a delegator wants, before any rule has looked at it.
pub(super) struct Wish<'a> {
    pub(super) id: DelegationId,
    pub(super) to: &'a Principal,
    pub(super) roles: Option<&'a [RoleName]>,
    pub(super) from: Option<Timestamp>,
    pub(super) until: Timestamp,
    pub(super) reason: &'a Justification,
}

pub(super) fn delegate(
    view: &View,
    wish: &Wish<'_>,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    super::check_enabled(rules)?;
    if caller.acts_for.is_some() || caller.principal.kind() == PrincipalKind::Agent {
        return Err(cannot("only people delegate, and an agent is none"));
    }
    if wish.to.kind() == PrincipalKind::Agent {
        return Err(cannot("a delegate is a person, and an agent is none"));
    }
    if *wish.to == caller.principal {
        return Err(cannot("you cannot delegate to yourself"));
    }
    let roles = roles(view, wish.roles, caller, rules, now)?;
    let start = match wish.from {
        Some(from) if from < now => {
            return Err(Refusal::new(RefusalCode::StartsInThePast, format!("`from` is {from}, and it is {now} now")));
        }
        from => from.unwrap_or(now),
    };
    let window = Window::new(start, wish.until)
        .map_err(|_| cannot(format!("`until` is {}, which is not after the beginning, {start}", wish.until)))?;
    if window.end().millis() - now.millis() > MAX_AHEAD_MILLIS {
        return Err(cannot(format!("`until` is {}, more than a year away", wish.until)));
    }
    let delegation = Delegation {
        id: wish.id,
        delegator: caller.principal.clone(),
        delegate: wish.to.clone(),
        roles,
        window,
        reason: wish.reason.clone(),
        created_at: now,
        ended: None,
    };
    check(&asking(caller, Act::Delegate, About::Delegation(&delegation), rules, now), || None)?;
    Ok(vec![Fact::RolesDelegated(Box::new(delegation))])
}

/// The roles to lend: those named, or all with which the caller reviews. Only what the caller holds by standing right: what
/// is lent to them is not theirs to lend.
fn roles(
    view: &View,
    named: Option<&[RoleName]>,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<RoleName>, Refusal> {
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

/// Either of the two may end it, and so may whoever approves in general. Ending what is over is no new fact.
pub(super) fn undelegate(
    view: &View,
    id: DelegationId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let known = match view.delegation.as_ref().filter(|known| known.id == id) {
        Some(known) if may_see_delegation(caller, known, rules, now)? => known,
        _ => return Err(Refusal::new(RefusalCode::UnknownDelegation, format!("there is no delegation {id}"))),
    };
    check(&asking(caller, Act::Undelegate, About::Delegation(known), rules, now), || {
        not_an_approver(caller, &rules.approver_roles).filter(|_| !known.concerns(&caller.principal))
    })?;
    Ok(match known.status(now) {
        DelegationStatus::Scheduled | DelegationStatus::Active => vec![Fact::DelegationEnded { delegation: id }],
        DelegationStatus::Expired | DelegationStatus::Ended => Vec::new(),
    })
}

fn cannot(why: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::CannotDelegate, why)
}
