//! Who may ask for a role, and what follows when the host says that it is not so any more.
//!
//! A grant whose holder loses what the role asks for ends: it is revoked by the rule `eligibility` together with the report,
//! so that no check after it honours the grant, and it does not come back when the holder does. Who gets it back asks anew.

use crate::model::{
    AccessRequest, Actor, Caller, Event, Fact, Grant, Justification, Principal, Role, RoleName, Standing, Timestamp,
};
use crate::workflow::access::check_approver;
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
        check_approver(caller, &rules.approver_roles)?;
        if caller.principal == *principal {
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
    let theirs = view.history.live.iter().filter(|grant| grant.holder == *principal && grant.status(now).is_live());
    for grant in theirs {
        if let Some(why) = lost(grant, standing, rules)
            && let Ok(reason) = Justification::new(&why)
        {
            let by = Actor::Rule("eligibility".into());
            events.push(Event { at: now, by, fact: Fact::GrantRevoked { grant: grant.id, reason } });
        }
    }
    Ok(events)
}

/// Why somebody of this standing may not hold the grant, if so. What the catalogue has no more asks for nothing.
fn lost(grant: &Grant, standing: &Standing, rules: &Rules) -> Option<String> {
    if !standing.enabled {
        return Some(format!("{} is disabled", grant.holder));
    }
    let wanted = if grant.break_glass.is_some() {
        if rules.break_glass.eligible_principals.contains(&grant.holder) {
            return None;
        }
        &rules.break_glass.eligible_roles
    } else {
        rules.catalogue.get(&grant.role)?.requestable_by.as_ref()?
    };
    (!standing.holds_any(wanted)).then(|| format!("{} holds none of the roles {}", grant.holder, names(wanted)))
}

/// Whether this caller may ask for the role.
pub(super) fn check_eligible(caller: &Caller, role: &Role, view: &View) -> Result<(), Refusal> {
    caller.identities().try_for_each(|who| check_not_disabled(who, view))?;
    match &role.requestable_by {
        Some(wanted) if !caller.has_any(wanted) => {
            let message = format!("the role `{}` is for {}, and you hold none of them", role.name, names(wanted));
            Err(Refusal::new(RefusalCode::NotEligible, message))
        }
        _ => Ok(()),
    }
}

/// Whether the requester may hold the role still, for someone who says yes: as the host said last, or else when it was
/// asked for.
pub(super) fn check_still_eligible(request: &AccessRequest, view: &View, rules: &Rules) -> Result<(), Refusal> {
    std::iter::once(&request.requester)
        .chain(&request.requester_acts_for)
        .try_for_each(|who| check_not_disabled(who, view))?;
    let Some(wanted) = rules.catalogue.get(&request.role).and_then(|role| role.requestable_by.as_ref()) else {
        return Ok(());
    };
    let eligible = match view.standing.get(&request.requester) {
        Some(standing) => standing.holds_any(wanted),
        None => request.requester_normal_roles.iter().any(|role| wanted.contains(role)),
    };
    if eligible {
        return Ok(());
    }
    let message =
        format!("the role `{}` is for {}, and {} holds none of them", request.role, names(wanted), request.requester);
    Err(Refusal::new(RefusalCode::NotEligible, message))
}

/// Whether the host lets them in at all, as far as it has said.
pub(super) fn check_not_disabled(principal: &Principal, view: &View) -> Result<(), Refusal> {
    match view.standing.get(principal) {
        Some(standing) if !standing.enabled => {
            let message = format!("the host says that {principal} is disabled");
            Err(Refusal::new(RefusalCode::NotEligible, message))
        }
        _ => Ok(()),
    }
}

fn names(roles: &[RoleName]) -> String {
    let names: Vec<_> = roles.iter().map(|role| format!("`{role}`")).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
