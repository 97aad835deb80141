//! Who may hold a role, and who may act at all.

use crate::authz::{AuthzAction, AuthzResource, Eligibility, Entitlement};
use crate::model::{AccessRequest, Caller, Invalid, Principal, Role, RoleName, Scope, Timestamp};
use crate::workflow::authorize::Authorization;
use crate::workflow::{Refusal, RefusalCode, Rules, View};

use super::case::Case;
use super::terms::limited;

/// Who may request the role, by the catalogue.
pub(super) fn eligible(role: Option<&Role>) -> Eligibility<'_> {
    match role.and_then(|role| role.requestable_by.as_ref()) {
        Some(roles) => Eligibility::Listed { roles, principals: &[] },
        None => Eligibility::Everyone,
    }
}

/// Who may take a role by break-glass, by the settings.
pub(super) fn eligible_in_emergencies(rules: &Rules) -> Eligibility<'_> {
    let settings = &rules.break_glass;
    Eligibility::Listed { roles: &settings.eligible_roles, principals: &settings.eligible_principals }
}

/// The role with this name in the catalogue, for a caller who requests it.
pub(super) fn requested<'a>(case: &Case<'a>, name: &RoleName) -> Result<&'a Role, Refusal> {
    case.rules.catalogue.get(name).ok_or_else(|| unknown_role(case, name))
}

/// Whether the caller may request this. A caller who is not eligible gets the same answer as for an unknown role, so
/// nobody finds out what others may request.
pub(super) fn check_may_request(case: &Case<'_>, wanted: &Entitlement<'_>) -> Result<(), Refusal> {
    check_eligible(case, AuthzAction::Request, wanted).map_err(|refusal| {
        if wanted.eligibility.includes(case.caller) { refusal } else { unknown_role(case, wanted.role) }
    })?;
    check_person(case.caller.acts_for.as_ref(), case.view, wanted, case.rules, case.now)
}

/// Whether the caller may request the role, or hold it.
pub(super) fn check_eligible(case: &Case<'_>, action: AuthzAction, wanted: &Entitlement<'_>) -> Result<(), Refusal> {
    case.may(action, AuthzResource::Entitlement(wanted)).check(|| {
        let message =
            || format!("the role `{}` is for {}, and you hold none of them", wanted.role, names(wanted.eligibility));
        (!wanted.eligibility.includes(case.caller)).then(|| Refusal::new(RefusalCode::NotEligible, message()))
    })
}

/// Whether the person that an agent acts for may hold this, as far as the host has reported on that person: an agent
/// never has more than its person has or could get.
pub(super) fn check_person(
    person: Option<&Principal>,
    view: &View,
    wanted: &Entitlement<'_>,
    rules: &Rules,
    now: Timestamp,
) -> Result<(), Refusal> {
    let Some((person, standing)) = person.and_then(|person| Some((person, view.standing.get(person)?))) else {
        return Ok(());
    };
    let holder = Caller::new(person.clone(), standing.roles.clone());
    Authorization::new(&holder, AuthzAction::Hold, AuthzResource::Entitlement(wanted), rules, now).check(|| {
        let message = || {
            let open_to = names(wanted.eligibility);
            format!(
                "the role `{}` is for {open_to}, and {person}, for whom the agent acts, holds none of them",
                wanted.role
            )
        };
        (!wanted.eligibility.includes(&holder)).then(|| Refusal::new(RefusalCode::NotEligible, message()))
    })
}

/// Whether the caller may request the whole role, everywhere, for the default length.
pub(super) fn may_request(case: &Case<'_>, role: &Role) -> bool {
    let Some(given) = role.permissions.difference(case.rules.reserved(false)) else { return false };
    let wanted = Entitlement {
        role: &role.name,
        permissions: &given,
        scope: &Scope::ANY,
        duration: limited(None, role, case.rules).0,
        emergency: false,
        eligibility: eligible(Some(role)),
    };
    check_eligible(case, AuthzAction::Request, &wanted).is_ok()
        && check_person(case.caller.acts_for.as_ref(), case.view, &wanted, case.rules, case.now).is_ok()
}

/// The most names in a message.
const MAX_NAMED: usize = 20;

/// The refusal of a role that is unknown, or that the caller may not request: both get the same answer, and it names
/// only roles that they may request.
pub(super) fn unknown_role(case: &Case<'_>, name: &RoleName) -> Refusal {
    let theirs = case.rules.catalogue.values().filter(|role| may_request(case, role));
    let mut names: Vec<_> = theirs.take(MAX_NAMED.saturating_add(1)).map(|role| format!("`{}`", role.name)).collect();
    if names.len() > MAX_NAMED {
        names.truncate(MAX_NAMED);
        names.push("and more".to_owned());
    }
    let known = match names.as_slice() {
        [] => "there is none that you may ask for".to_owned(),
        names => format!("you may ask for {}", names.join(", ")),
    };
    let message = format!("there is no role {} for you; {known}", Invalid::quote(name.as_str()));
    Refusal::new(RefusalCode::UnknownRole, message)
}

/// Whether the requester may still hold the role at the approval: by the last report of the host, otherwise as at the
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
    check_person(request.requester_acts_for.as_ref(), view, &wanted, rules, now)?;
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

/// Checks that the account is enabled, as far as the host has reported.
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
