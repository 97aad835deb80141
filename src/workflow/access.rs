//! Who may see and do what, judged from the caller that the host authenticated.
//!
//! What a caller may not see, they are told does not exist.

use super::{Refusal, RefusalCode, Rules, View};
use crate::model::{AccessRequest, Caller, Capacity, Delegation, Grant, RoleName, Timestamp};

/// Whether the caller may see every request, grant and record: approvers in general, and auditors.
#[must_use]
pub fn sees_everything(caller: &Caller, rules: &Rules) -> bool {
    caller.has_any(&rules.approver_roles) || caller.has_any(&rules.auditor_roles)
}

/// The roles with which the caller may review at `now` because somebody lends them, among these delegations.
pub fn lent_roles<'a>(
    caller: &Caller,
    delegations: &'a [Delegation],
    now: Timestamp,
) -> impl Iterator<Item = &'a RoleName> {
    let lent = delegations.iter().filter(move |one| one.lends(&one.delegator, &caller.principal, &[], now));
    lent.flat_map(|one| &one.roles)
}

/// Whether the caller may see this delegation: one of the two whom it concerns, and who sees everything.
#[must_use]
pub fn may_see_delegation(caller: &Caller, delegation: &Delegation, rules: &Rules) -> bool {
    delegation.concerns(&caller.principal) || sees_everything(caller, rules)
}

/// Whether the caller may see this request at `now`: who asks, its approvers and those who stand in for them, and who sees
/// everything.
#[must_use]
pub fn may_see_request(
    caller: &Caller,
    request: &AccessRequest,
    delegations: &[Delegation],
    rules: &Rules,
    now: Timestamp,
) -> bool {
    caller.identities().any(|who| request.identities().any(|asking| asking == who))
        || caller.has_any(&request.approver_roles)
        || lent_roles(caller, delegations, now).any(|role| request.approver_roles.contains(role))
        || sees_everything(caller, rules)
}

/// Whether the caller may see this grant: its holder, those that could approve it, and who sees everything.
#[must_use]
pub fn may_see_grant(caller: &Caller, grant: &Grant, rules: &Rules) -> bool {
    caller.principal == grant.holder || caller.has_any(&grant.approver_roles) || sees_everything(caller, rules)
}

/// Whether the caller may read the journal and the policy export.
///
/// # Errors
/// A refusal that names the roles that may.
pub fn may_audit(caller: &Caller, rules: &Rules) -> Result<(), Refusal> {
    if sees_everything(caller, rules) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::NotAnAuditor,
        "the record is open to the roles in `approver_roles` and `auditor_roles`, and you hold none of them",
    ))
}

/// In which capacity the caller may review this request at `now`: one of its approvers who did not ask for it, neither in
/// person nor through an agent.
pub(super) fn reviewer(
    caller: &Caller,
    request: &AccessRequest,
    view: &View,
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
    if let Some(who) = caller.identities().find(|who| view.standing.get(*who).is_some_and(|known| !known.enabled)) {
        return Err(Refusal::new(RefusalCode::NotAnApprover, format!("the account of {who} is disabled")));
    }
    let held = |roles: &[RoleName]| -> Vec<RoleName> {
        request.approver_roles.iter().filter(|role| roles.contains(role)).cloned().collect()
    };
    let fits = |roles: &[RoleName]| request.approval.iter().any(|step| step.may_be_filled_by(roles, now));
    let roles = held(&caller.roles);
    if fits(&roles) {
        return Ok(Capacity { roles, acts_for: caller.acts_for.clone(), on_behalf_of: None });
    }
    if let Some(capacity) = stand_in(caller, request, view, &fits, now)? {
        return Ok(capacity);
    }
    check_approver(caller, &request.approver_roles)?;
    let later = request.approval.iter().filter_map(|step| step.escalation.as_ref());
    let later = later.filter(|escalation| roles.iter().any(|role| escalation.to.contains(role)));
    let from = later.map(|escalation| escalation.at).min().unwrap_or(request.times_out_at);
    Err(Refusal::new(
        RefusalCode::NotAnApprover,
        format!("your roles may review this request from {from} on, when it is passed on to them"),
    ))
}

/// The first delegation with which the caller may review, in the order in which they were made. Own roles go before it: what
/// somebody reviews as must not depend on who reviewed before.
fn stand_in(
    caller: &Caller,
    request: &AccessRequest,
    view: &View,
    fits: &impl Fn(&[RoleName]) -> bool,
    now: Timestamp,
) -> Result<Option<Capacity>, Refusal> {
    let mut own = None;
    let mut lent: Vec<_> =
        view.delegations.iter().filter(|one| one.lends(&one.delegator, &caller.principal, &[], now)).collect();
    lent.sort_by_key(|one| one.id);
    for delegation in lent {
        let held = |role: &&RoleName| delegation.roles.contains(role) && request.approver_roles.contains(role);
        let known = view.standing.get(&delegation.delegator);
        let still = |role: &&RoleName| known.is_none_or(|known| known.holds_all(std::slice::from_ref(*role)));
        let roles: Vec<_> = delegation.roles.iter().filter(held).filter(still).cloned().collect();
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

/// Whether the caller may take this grant away: one of those that could approve it, other than its holder.
pub(super) fn check_revoker(caller: &Caller, grant: &Grant) -> Result<(), Refusal> {
    if caller.principal == grant.holder {
        return Err(Refusal::new(
            RefusalCode::RevokeOwnGrant,
            "this grant is yours: release it instead of revoking it",
        ));
    }
    check_approver(caller, &grant.approver_roles)
}

/// Whether the caller holds one of these roles.
pub(super) fn check_approver(caller: &Caller, approver_roles: &[RoleName]) -> Result<(), Refusal> {
    if caller.has_any(approver_roles) {
        return Ok(());
    }
    let names: Vec<_> = approver_roles.iter().map(|role| format!("`{role}`")).collect();
    Err(Refusal::new(
        RefusalCode::NotAnApprover,
        format!("this takes one of the roles {}, and you hold none of them", names.join(", ")),
    ))
}
