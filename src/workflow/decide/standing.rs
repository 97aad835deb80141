//! Who may ask for a role, and what follows when the host says that it is not so any more.
//!
//! A grant whose holder loses what the role asks for ends: it is revoked by the rule `eligibility` together with the report,
//! so that no check after it honours the grant, and it does not come back when the holder does. Who gets it back asks anew.

use super::break_glass;
use crate::model::{
    AccessRequest, Actor, Caller, Event, Fact, Grant, Justification, Principal, Role, Standing, Timestamp,
};
use crate::workflow::access::{asking, not_an_approver};
use crate::workflow::authority::{About, Act, Entitlement, For, allowed, check};
use crate::workflow::{Refusal, RefusalCode, Rules, View};

/// The facts that follow when the host says what `principal` is by standing right: that, and the end of the live grants
/// that they may not hold any more. None when it is known already. Without a caller the host itself speaks.
///
/// # Errors
/// [`RefusalCode::NotAnApprover`] for callers without one of the general `approver_roles`; [`RefusalCode::OwnStanding`].
pub fn report_standing(
    view: &View,
    caller: Option<&Caller>,
    (principal, standing): (&Principal, &Standing),
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if let Some(caller) = caller {
        check_not_disabled(caller, view)?;
        let question = asking(caller, Act::ReportStanding, About::Standing(principal), rules, now);
        check(&question, || not_an_approver(caller, &rules.approver_roles))?;
        if caller.identities().any(|who| who == principal) {
            let message = "nobody says of themselves what they are: another approver has to";
            return Err(Refusal::new(RefusalCode::OwnStanding, message));
        }
    }
    let mut events = Vec::new();
    if view.standing.get(principal) != Some(standing) {
        let by = caller.map_or(Actor::Host, |caller| Actor::Principal(caller.principal.clone()));
        let fact = Fact::StandingReported { principal: principal.clone(), standing: standing.clone() };
        events.push(Event { at: now, by, fact });
    }
    let theirs = view.history.live.iter().filter(|grant| grant.is_of(principal) && grant.status(now).is_live());
    for grant in theirs {
        if let Some(why) = lost(grant, (principal, standing), rules, now)
            && let Ok(reason) = Justification::new(&why)
        {
            let by = Actor::Rule("eligibility".into());
            events.push(Event { at: now, by, fact: Fact::GrantRevoked { grant: grant.id, reason } });
        }
    }
    Ok(events)
}

/// Why somebody of this standing may not hold the grant, if so. What the catalogue has no more asks for nothing. Where the
/// policy has no answer the grant ends: access given for a while is taken away in doubt.
fn lost(
    grant: &Grant,
    (principal, standing): (&Principal, &Standing),
    rules: &Rules,
    now: Timestamp,
) -> Option<String> {
    if !standing.enabled {
        return Some(format!("{principal} is disabled"));
    }
    // Which roles a person holds says nothing of their agents'.
    if grant.holder != *principal {
        return None;
    }
    let emergency = grant.break_glass.is_some();
    let held = Entitlement {
        role: &grant.role,
        permissions: &grant.permissions,
        scope: &grant.scope,
        duration: grant.window.length(),
        emergency,
        open_to: if emergency { break_glass::eligible(rules) } else { eligible(rules.catalogue.get(&grant.role)) },
    };
    let acts_for = grant.holder_acts_for.clone();
    let holder = Caller { acts_for, ..Caller::new(grant.holder.clone(), standing.roles.clone()) };
    match allowed(&asking(&holder, Act::Hold, About::Entitlement(&held), rules, now)) {
        Ok(true) => None,
        Ok(false) if held.is_for(&holder) || rules.policy.is_operators() => {
            Some(format!("the workflow policy does not let {} hold the role `{}`", grant.holder, grant.role))
        }
        Ok(false) => Some(format!("{} holds none of the roles {}", grant.holder, names(held.open_to))),
        Err(refusal) => Some(refusal.message().to_owned()),
    }
}

/// Whom the catalogue lets ask for the role.
pub(super) fn eligible(role: Option<&Role>) -> For<'_> {
    match role.and_then(|role| role.requestable_by.as_ref()) {
        Some(roles) => For::Some { roles, principals: &[] },
        None => For::Everybody,
    }
}

/// Whether this caller may ask for the role, or hold it.
pub(super) fn check_eligible(
    caller: &Caller,
    (act, wanted): (Act, &Entitlement<'_>),
    rules: &Rules,
    now: Timestamp,
) -> Result<(), Refusal> {
    check(&asking(caller, act, About::Entitlement(wanted), rules, now), || {
        let message =
            || format!("the role `{}` is for {}, and you hold none of them", wanted.role, names(wanted.open_to));
        (!wanted.is_for(caller)).then(|| Refusal::new(RefusalCode::NotEligible, message()))
    })
}

/// Whether the requester may hold the role still, for someone who says yes: as the host said last, or else when it was
/// asked for.
pub(super) fn check_still_eligible(
    request: &AccessRequest,
    view: &View,
    rules: &Rules,
    now: Timestamp,
) -> Result<(), Refusal> {
    request.identities().try_for_each(|who| check_let_in(who, view))?;
    let wanted = Entitlement {
        role: &request.role,
        permissions: &request.permissions,
        scope: &request.scope,
        duration: request.duration,
        emergency: request.emergency.is_some(),
        open_to: eligible(rules.catalogue.get(&request.role)),
    };
    let roles = match view.standing.get(&request.requester) {
        Some(standing) => &standing.roles,
        None => &request.requester_normal_roles,
    };
    let acts_for = request.requester_acts_for.clone();
    let requester = Caller { acts_for, ..Caller::new(request.requester.clone(), roles.clone()) };
    check(&asking(&requester, Act::Hold, About::Entitlement(&wanted), rules, now), || {
        let (role, open_to) = (&request.role, names(wanted.open_to));
        let message = || format!("the role `{role}` is for {open_to}, and {} holds none of them", request.requester);
        (!wanted.is_for(&requester)).then(|| Refusal::new(RefusalCode::NotEligible, message()))
    })
}

/// That the caller has an account to act with, and so has the person they act for. Asked before anything else: who is
/// disabled does nothing, and learns nothing of what there is.
pub(super) fn check_not_disabled(caller: &Caller, view: &View) -> Result<(), Refusal> {
    caller.identities().try_for_each(|who| check_let_in(who, view))
}

/// Whether the host lets them in at all, as far as it has said.
fn check_let_in(principal: &Principal, view: &View) -> Result<(), Refusal> {
    match view.standing.get(principal) {
        Some(standing) if !standing.enabled => {
            let message = format!("the host says that {principal} is disabled");
            Err(Refusal::new(RefusalCode::NotEligible, message))
        }
        _ => Ok(()),
    }
}

fn names(open_to: For<'_>) -> String {
    let names: Vec<_> = match open_to {
        For::Everybody => vec!["everybody".to_owned()],
        For::Some { roles, .. } => roles.iter().map(|role| format!("`{role}`")).collect(),
    };
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
