//! Who may see and do what, judged from the caller that the host authenticated.
//!
//! What a caller may not see, they are told does not exist.

use super::{Refusal, RefusalCode, Rules};
use crate::model::{AccessRequest, Caller, Grant};

/// Whether the caller may see every request, grant and record: approvers in general, and auditors.
#[must_use]
pub fn sees_everything(caller: &Caller, rules: &Rules) -> bool {
    caller.has_any(&rules.approver_roles) || caller.has_any(&rules.auditor_roles)
}

/// Whether the caller may see this request: its requester, its approvers, and who sees everything.
#[must_use]
pub fn may_see_request(caller: &Caller, request: &AccessRequest, rules: &Rules) -> bool {
    caller.principal == request.requester || caller.has_any(&request.approver_roles) || sees_everything(caller, rules)
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

/// Whether the caller may review this request: one of its approvers who is not its requester.
pub(super) fn check_reviewer(caller: &Caller, request: &AccessRequest) -> Result<(), Refusal> {
    if caller.principal == request.requester {
        return Err(Refusal::new(RefusalCode::SelfApproval, "you made this request, so someone else has to review it"));
    }
    check_approver(caller, &request.approver_roles)
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
pub(super) fn check_approver(caller: &Caller, approver_roles: &[crate::model::RoleName]) -> Result<(), Refusal> {
    if caller.has_any(approver_roles) {
        return Ok(());
    }
    let names: Vec<_> = approver_roles.iter().map(|role| format!("`{role}`")).collect();
    Err(Refusal::new(
        RefusalCode::NotAnApprover,
        format!("this takes one of the roles {}, and you hold none of them", names.join(", ")),
    ))
}
