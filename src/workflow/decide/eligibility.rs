//! Who may hold a role, and who may act at all.

use crate::model::{AccessRequest, Caller, Principal, Role};
use crate::workflow::access::asking;
use crate::workflow::authority::{About, Act, Entitlement, For, check};
use crate::workflow::{Refusal, RefusalCode, Rules, View};

use super::case::Case;

/// Who may request the role, as the catalogue says.
pub(super) fn eligible(role: Option<&Role>) -> For<'_> {
    match role.and_then(|role| role.requestable_by.as_ref()) {
        Some(roles) => For::Some { roles, principals: &[] },
        None => For::Everybody,
    }
}

/// Who may take a role without approval, as the settings say.
pub(super) fn eligible_in_emergencies(rules: &Rules) -> For<'_> {
    let settings = &rules.break_glass;
    For::Some { roles: &settings.eligible_roles, principals: &settings.eligible_principals }
}

/// Whether the caller may request the role, or hold it.
pub(super) fn check_eligible(case: &Case<'_>, act: Act, wanted: &Entitlement<'_>) -> Result<(), Refusal> {
    check(&case.question(act, About::Entitlement(wanted)), || {
        let message =
            || format!("the role `{}` is for {}, and you hold none of them", wanted.role, names(wanted.open_to));
        (!wanted.is_for(case.caller)).then(|| Refusal::new(RefusalCode::NotEligible, message()))
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
pub(super) fn names(open_to: For<'_>) -> String {
    let names: Vec<_> = match open_to {
        For::Everybody => vec!["everybody".to_owned()],
        For::Some { roles, .. } => roles.iter().map(|role| format!("`{role}`")).collect(),
    };
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}
