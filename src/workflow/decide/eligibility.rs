//! Who may hold a role, and who may act at all.

use crate::authz::{AuthzAction, AuthzResource, Eligibility, Entitlement};
use crate::model::{AccessRequest, Caller, Principal, Role};
use crate::workflow::authorize::Authorization;
use crate::workflow::{Refusal, RefusalCode, Rules, View};

use super::case::Case;

/// Who may request the role, as the catalogue says.
pub(super) fn eligible(role: Option<&Role>) -> Eligibility<'_> {
    match role.and_then(|role| role.requestable_by.as_ref()) {
        Some(roles) => Eligibility::Listed { roles, principals: &[] },
        None => Eligibility::Everyone,
    }
}

/// Who may take a role without approval, as the settings say.
pub(super) fn eligible_in_emergencies(rules: &Rules) -> Eligibility<'_> {
    let settings = &rules.break_glass;
    Eligibility::Listed { roles: &settings.eligible_roles, principals: &settings.eligible_principals }
}

/// Whether the caller may request the role, or hold it.
pub(super) fn check_eligible(case: &Case<'_>, action: AuthzAction, wanted: &Entitlement<'_>) -> Result<(), Refusal> {
    case.may(action, AuthzResource::Entitlement(wanted)).check(|| {
        let message =
            || format!("the role `{}` is for {}, and you hold none of them", wanted.role, names(wanted.eligibility));
        (!wanted.eligibility.includes(case.caller)).then(|| Refusal::new(RefusalCode::NotEligible, message()))
    })
}

/// Whether the requester may still hold the role when it is approved: as the host last reported, or else as it was at the
/// request.
pub(super) fn check_still_eligible(case: &Case<'_>, request: &AccessRequest) -> Result<(), Refusal> {
    let Case { view, rules, now, .. } = *case;
    request.identities().try_for_each(|who| check_enabled(who, view))?;
    let wanted = Entitlement {
        role: &request.role,
        permissions: &request.permissions,
        scope: &request.scope,
        duration: request.duration,
        emergency: request.emergency.is_some(),
        eligibility: eligible(rules.catalogue.get(&request.role)),
    };
    let roles = match view.standing.get(&request.requester) {
        Some(standing) => &standing.roles,
        None => &request.requester_normal_roles,
    };
    let acts_for = request.requester_acts_for.clone();
    let requester = Caller { acts_for, ..Caller::new(request.requester.clone(), roles.clone()) };
    Authorization::new(&requester, AuthzAction::Hold, AuthzResource::Entitlement(&wanted), rules, now).check(|| {
        let (role, open_to) = (&request.role, names(wanted.eligibility));
        let message = || format!("the role `{role}` is for {open_to}, and {} holds none of them", request.requester);
        (!wanted.eligibility.includes(&requester)).then(|| Refusal::new(RefusalCode::NotEligible, message()))
    })
}

/// That the caller's account is enabled, and that of the person they act for. Checked before anything else: a disabled
/// caller does nothing, and learns nothing.
pub fn check_not_disabled(caller: &Caller, view: &View) -> Result<(), Refusal> {
    caller.identities().try_for_each(|who| check_enabled(who, view))
}

/// That the account is enabled, as far as the host has reported.
fn check_enabled(principal: &Principal, view: &View) -> Result<(), Refusal> {
    match view.standing.get(principal) {
        Some(standing) if !standing.enabled => {
            let message = format!("the host says that {principal} is disabled");
            Err(Refusal::new(RefusalCode::NotEligible, message))
        }
        _ => Ok(()),
    }
}

/// These roles, as a message names them.
pub(super) fn names(eligibility: Eligibility<'_>) -> String {
    let names: Vec<_> = match eligibility {
        Eligibility::Everyone => vec!["everybody".to_owned()],
        Eligibility::Listed { roles, .. } => roles.iter().map(|role| format!("`{role}`")).collect(),
    };
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
