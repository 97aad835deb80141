//! Who may see and do what, for the caller that the host authenticated: the questions to the policy, how a refusal is
//! explained, and what no policy can change.
//!
//! What a caller may not see does not exist for them.

use super::agents::{check_is_no_agent, check_may_review};
use super::authorize::Authorization;
use super::{Refusal, RefusalCode, Rules, View};
use crate::authz::{AuthzAction, AuthzResource};
use crate::model::{AccessRequest, Caller, Capacity, Delegation, Grant, Principal, RoleName, Timestamp};

/// Whether the caller may see every request, grant and record.
///
/// # Errors
/// [`RefusalCode::PolicyFailed`].
pub fn sees_everything(caller: &Caller, rules: &Rules, now: Timestamp) -> Result<bool, Refusal> {
    Authorization::new(caller, AuthzAction::SeeAll, AuthzResource::Workflow, rules, now).is_allowed()
}

/// The roles that the caller may review with at `now` through these delegations.
pub fn lent_roles<'a>(
    caller: &Caller,
    delegations: &'a [Delegation],
    now: Timestamp,
) -> impl Iterator<Item = &'a RoleName> {
    let lent = delegations.iter().filter(move |one| one.lends(&one.delegator, &caller.principal, &[], now));
    lent.flat_map(|one| &one.roles)
}

/// Whether the caller may see this delegation.
///
/// # Errors
/// [`RefusalCode::PolicyFailed`].
pub fn may_see_delegation(
    caller: &Caller,
    delegation: &Delegation,
    rules: &Rules,
    now: Timestamp,
) -> Result<bool, Refusal> {
    Authorization::new(caller, AuthzAction::See, AuthzResource::Delegation(delegation), rules, now).is_allowed()
}

/// Whether the caller may see this request at `now`, with these delegations.
///
/// # Errors
/// [`RefusalCode::PolicyFailed`].
pub fn may_see_request(
    caller: &Caller,
    request: &AccessRequest,
    delegations: &[Delegation],
    rules: &Rules,
    now: Timestamp,
) -> Result<bool, Refusal> {
    let lent: Vec<_> = lent_roles(caller, delegations, now).cloned().collect();
    Authorization::new(caller, AuthzAction::See, AuthzResource::Request(request), rules, now)
        .with_lent(&lent)
        .is_allowed()
}

/// Whether the caller may see this grant.
///
/// # Errors
/// [`RefusalCode::PolicyFailed`].
pub fn may_see_grant(caller: &Caller, grant: &Grant, rules: &Rules, now: Timestamp) -> Result<bool, Refusal> {
    let sees_others = [&rules.approver_roles, &rules.auditor_roles, &grant.approver_roles];
    if serves_another(caller, grant) && !sees_others.into_iter().any(|roles| caller.has_any(roles)) {
        return Ok(false);
    }
    Authorization::new(caller, AuthzAction::See, AuthzResource::Grant(grant), rules, now).is_allowed()
}

/// Whether the caller may read the journal and the policy export.
///
/// # Errors
/// A refusal that names the roles that may; [`RefusalCode::PolicyFailed`].
pub fn may_audit(caller: &Caller, rules: &Rules, now: Timestamp) -> Result<(), Refusal> {
    Authorization::new(caller, AuthzAction::Audit, AuthzResource::Workflow, rules, now).check(|| {
        Some(Refusal::new(
            RefusalCode::NotAnAuditor,
            "the record is open to the roles in `approver_roles` and `auditor_roles`, and you hold none of them",
        ))
    })
}

/// Whether the caller may send notices again and drop them.
///
/// # Errors
/// A refusal that names the roles that may; [`RefusalCode::PolicyFailed`].
pub fn may_manage_deliveries(caller: &Caller, rules: &Rules, now: Timestamp) -> Result<(), Refusal> {
    check_is_no_agent(caller, "send notices again or drop them")?;
    Authorization::new(caller, AuthzAction::ManageDeliveries, AuthzResource::Workflow, rules, now)
        .check(|| not_an_approver(caller, &rules.approver_roles))
}

/// In which capacity the caller may review this request at `now`: the policy permits it, and they did not request it
/// themselves or through an agent.
pub(super) fn reviewer(
    caller: &Caller,
    request: &AccessRequest,
    view: &View,
    action: AuthzAction,
    rules: &Rules,
    now: Timestamp,
) -> Result<Capacity, Refusal> {
    if caller.identities().any(|who| request.identities().any(|asking| asking == who)) {
        let message = if caller.principal == request.requester {
            "you made this request, so someone else has to review it".to_owned()
        } else {
            format!("this request and you stand for one person, {}, so someone else has to review it", {
                caller.acts_for.as_ref().unwrap_or(&caller.principal)
            })
        };
        return Err(Refusal::new(RefusalCode::SelfApproval, message));
    }
    check_may_review(caller, rules)?;
    let held = |roles: &[RoleName]| -> Vec<RoleName> {
        request.approver_roles.iter().filter(|role| roles.contains(role)).cloned().collect()
    };
    let fits = |roles: &[RoleName]| request.open_to(now).any(|role| roles.contains(role));
    let roles = held(&caller.roles);
    let own = || Capacity { roles: roles.clone(), acts_for: caller.acts_for.clone(), on_behalf_of: None };
    let capacity = if fits(&roles) { Some(own()) } else { stand_in(caller, request, view, &fits, now)? };
    let lent: Vec<_> = lent_for(caller, request, view, now).flat_map(|(_, roles)| roles).collect();
    let authorization =
        Authorization::new(caller, action, AuthzResource::Request(request), rules, now).with_lent(&lent);
    authorization.check(|| capacity.is_none().then(|| fills_no_step(caller, request, &roles)))?;
    match capacity {
        Some(capacity) => Ok(capacity),
        // The policy permits an approval, but it fills no step, so it would not count.
        None if action == AuthzAction::Approve => Err(fills_no_step(caller, request, &roles)),
        None => Ok(own()),
    }
}

/// Why the caller, who holds these of the request's roles, can fill none of its steps now.
fn fills_no_step(caller: &Caller, request: &AccessRequest, roles: &[RoleName]) -> Refusal {
    if let Some(refusal) = not_an_approver(caller, &request.approver_roles) {
        return refusal;
    }
    let later = request.approval.iter().filter_map(|step| step.escalation.as_ref());
    let later = later.filter(|escalation| roles.iter().any(|role| escalation.to.contains(role)));
    let from = later.map(|escalation| escalation.at).min().unwrap_or(request.times_out_at);
    Refusal::new(
        RefusalCode::NotAnApprover,
        format!("your roles may review this request from {from} on, when it is passed on to them"),
    )
}

/// The delegations to the caller, each with the roles of the request that it gives and the delegator still holds; in
/// the order in which they were made. Requesters do not review their own request through a delegation.
fn lent_for<'a>(
    caller: &'a Caller,
    request: &'a AccessRequest,
    view: &'a View,
    now: Timestamp,
) -> impl Iterator<Item = (&'a Delegation, Vec<RoleName>)> {
    lent_by_anybody(caller, request, view, now)
        .filter(|(delegation, _)| request.identities().all(|asking| *asking != delegation.delegator))
}

fn lent_by_anybody<'a>(
    caller: &'a Caller,
    request: &'a AccessRequest,
    view: &'a View,
    now: Timestamp,
) -> impl Iterator<Item = (&'a Delegation, Vec<RoleName>)> {
    let mut lent: Vec<_> =
        view.delegations.iter().filter(|one| one.lends(&one.delegator, &caller.principal, &[], now)).collect();
    lent.sort_by_key(|one| one.id);
    lent.into_iter().map(move |delegation| {
        let known = view.standing.get(&delegation.delegator);
        let still = |role: &&RoleName| known.is_none_or(|known| known.holds_all(std::slice::from_ref(*role)));
        let roles = delegation.roles.iter().filter(|role| request.approver_roles.contains(role)).filter(still);
        (delegation, roles.cloned().collect())
    })
}

/// The first delegation with which the caller may review, in the order in which they were made. Own roles take
/// precedence: the reviewing role must not depend on who reviewed before.
fn stand_in(
    caller: &Caller,
    request: &AccessRequest,
    view: &View,
    fits: &impl Fn(&[RoleName]) -> bool,
    now: Timestamp,
) -> Result<Option<Capacity>, Refusal> {
    let mut own = None;
    for (delegation, roles) in lent_by_anybody(caller, request, view, now) {
        if !fits(&roles) {
            continue;
        }
        if request.identities().any(|asking| *asking == delegation.delegator) {
            own = Some(&delegation.delegator);
            continue;
        }
        let on_behalf_of = Some(delegation.delegator.clone());
        return Ok(Some(Capacity { roles, acts_for: caller.acts_for.clone(), on_behalf_of }));
    }
    match own {
        None => Ok(None),
        Some(delegator) => Err(Refusal::new(
            RefusalCode::SelfApproval,
            format!("you stand in for {delegator}, who asked for this, so someone else has to review it"),
        )),
    }
}

/// Whether an agent that acts for one person looks at what it holds for another. What was granted on behalf of one person
/// serves that one only, so it is none of the agent's then.
pub(super) fn serves_another(caller: &Caller, grant: &Grant) -> bool {
    let differ = |person: &Principal| caller.acts_for.as_ref().is_some_and(|mine| mine != person);
    caller.principal == grant.holder && grant.holder_acts_for.as_ref().is_some_and(differ)
}

/// Checks that the caller may revoke or suspend this grant. Its holder may not; they release it.
pub(super) fn check_revoker(
    caller: &Caller,
    action: AuthzAction,
    grant: &Grant,
    rules: &Rules,
    now: Timestamp,
) -> Result<(), Refusal> {
    if caller.principal == grant.holder {
        return Err(Refusal::new(
            RefusalCode::RevokeOwnGrant,
            "this grant is yours: release it instead of revoking it",
        ));
    }
    Authorization::new(caller, action, AuthzResource::Grant(grant), rules, now)
        .check(|| not_an_approver(caller, &grant.approver_roles))
}

/// The refusal when the caller holds none of these roles.
pub(super) fn not_an_approver(caller: &Caller, approver_roles: &[RoleName]) -> Option<Refusal> {
    if caller.has_any(approver_roles) {
        return None;
    }
    let names: Vec<_> = approver_roles.iter().map(|role| format!("`{role}`")).collect();
    let message = format!("this takes one of the roles {}, and you hold none of them", names.join(", "));
    Some(Refusal::new(RefusalCode::NotAnApprover, message))
}
