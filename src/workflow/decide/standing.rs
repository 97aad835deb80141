//! A report of a principal's standing rights.
//!
//! When the holder of a grant loses what the role requires, the grant ends: the rule `eligibility` revokes it together
//! with the report, so no later check honours it. It stays ended when the holder regains the right; they request it
//! again.

use std::collections::BTreeSet;

use super::eligibility::{eligible, eligible_in_emergencies, names};
use super::ending::no_longer_extending;
use crate::authz::{AuthzAction, AuthzResource, Entitlement};
use crate::command::ReportStanding;
use crate::model::{Actor, Caller, Event, Fact, Grant, Justification, Principal, Standing, Timestamp};
use crate::workflow::access::not_an_approver;
use crate::workflow::authorize::Authorization;
use crate::workflow::{Refusal, RefusalCode, Rules, View};

/// The report, and the end of the live grants that the principal may not hold any more. No report when it is known already.
/// Without a caller the host itself reports.
pub(super) fn report(
    view: &View,
    caller: Option<&Caller>,
    report: &ReportStanding,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let (principal, standing) = (&report.principal, &report.standing());
    if let Some(caller) = caller {
        let report =
            Authorization::new(caller, AuthzAction::ReportStanding, AuthzResource::Principal(principal), rules, now);
        report.check(|| not_an_approver(caller, &rules.approver_roles))?;
        if caller.identities().any(|who| who == principal) {
            let message = "you cannot report your own status; another approver must";
            return Err(Refusal::new(RefusalCode::OwnStanding, message));
        }
    }
    let (mut events, mut ended) = (Vec::new(), BTreeSet::new());
    if view.standing.get(principal) != Some(standing) {
        let by = caller.map_or(Actor::Host, |caller| Actor::Principal(caller.principal.clone()));
        let fact = Fact::StandingReported { principal: principal.clone(), standing: standing.clone() };
        events.push(Event { at: now, by, fact });
    }
    let theirs = view.history.live.iter().filter(|grant| grant.is_of(principal) && grant.status(now).is_live());
    for grant in theirs {
        if let Some(why) = why_ineligible(grant, (principal, standing), rules, now) {
            let reason = Justification::fitting(&why);
            let by = Actor::Rule("eligibility".into());
            events.push(Event { at: now, by, fact: Fact::GrantRevoked { grant: grant.id, reason } });
            ended.insert(grant.id);
        }
    }
    events.extend(no_longer_extending(view, &ended, now));
    Ok(events)
}

/// Whether the principal may still hold the grant, by the current report of the host.
#[must_use]
pub fn may_still_hold(
    grant: &Grant,
    principal: &Principal,
    standing: &Standing,
    rules: &Rules,
    now: Timestamp,
) -> bool {
    why_ineligible(grant, (principal, standing), rules, now).is_none()
}

/// Why a principal with this standing may no longer hold the grant. A role that is not in the catalogue any more
/// requires nothing. When the policy has no answer the grant ends: in doubt, elevated access ends.
pub(super) fn why_ineligible(
    grant: &Grant,
    (principal, standing): (&Principal, &Standing),
    rules: &Rules,
    now: Timestamp,
) -> Option<String> {
    if !standing.enabled {
        return Some(format!("{principal} is disabled"));
    }
    let emergency = grant.break_glass.is_some();
    let held = Entitlement {
        role: &grant.role,
        permissions: &grant.permissions,
        scope: &grant.scope,
        duration: grant.window.length(),
        emergency,
        eligibility: if emergency {
            eligible_in_emergencies(rules)
        } else {
            eligible(rules.catalogue.get(&grant.role))
        },
    };
    // The holder of an agent's grant also depends on the person: an agent never has more than its person.
    let acts_for = grant.holder_acts_for.clone().filter(|_| grant.holder == *principal);
    let holder = Caller { acts_for, ..Caller::new(principal.clone(), standing.roles.clone()) };
    match Authorization::new(&holder, AuthzAction::Hold, AuthzResource::Entitlement(&held), rules, now).is_allowed() {
        Ok(true) => None,
        Ok(false) if held.eligibility.includes(&holder) || rules.policy.is_custom() => {
            Some(format!("the workflow policy does not let {principal} hold the role `{}`", grant.role))
        }
        Ok(false) => Some(format!("{principal} holds none of the roles {}", names(held.eligibility))),
        Err(refusal) => Some(refusal.message().to_owned()),
    }
}
