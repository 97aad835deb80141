//! The shipped policy in plain Rust, for builds without Cedar.
//!
//! It gives the same answers as `policies/workflow.cedar`; `tests/workflow_policy.rs` compares them.

use super::{
    AuthzAction as Action, AuthzDecision, AuthzError, AuthzRequest, AuthzResource as Resource, WorkflowPolicy,
};
use crate::model::RoleName;

/// The shipped policy, in plain Rust.
///
/// ```
/// use jit_access::authz::{PlainPolicy, WorkflowPolicy};
///
/// assert!(!PlainPolicy.is_custom());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainPolicy;

impl WorkflowPolicy for PlainPolicy {
    fn decide(&self, request: &AuthzRequest<'_>) -> Result<AuthzDecision, AuthzError> {
        Ok(if permits(request) { AuthzDecision::Allow } else { AuthzDecision::NotPermitted })
    }

    fn is_custom(&self) -> bool {
        false
    }
}

fn permits(request: &AuthzRequest<'_>) -> bool {
    let AuthzRequest { principal: caller, lent, context, .. } = *request;
    let approves_in_general = caller.has_any(context.approver_roles);
    let sees_everything = approves_in_general || caller.has_any(context.auditor_roles);
    let is_lent_one_of = |roles: &[RoleName]| lent.iter().any(|role| roles.contains(role));
    match (request.action, request.resource) {
        (Action::Request | Action::BreakGlass | Action::Hold, Resource::Entitlement(wanted)) => {
            wanted.eligibility.includes(caller)
        }
        (Action::Extend | Action::Release, Resource::Grant(grant)) => caller.principal == grant.holder,
        (Action::Answer | Action::Withdraw, Resource::Request(request)) => caller.principal == request.requester,
        (Action::Approve | Action::Deny | Action::Ask, Resource::Request(request)) => {
            request.open_to(context.now).any(|role| caller.roles.contains(role) || lent.contains(role))
        }
        (Action::Revoke | Action::Suspend | Action::Resume, Resource::Grant(grant)) => {
            caller.has_any(&grant.approver_roles)
        }
        (Action::RevokeMany, Resource::Selection(_))
        | (Action::ReportStanding, Resource::Principal(_))
        | (
            Action::AcceptStore | Action::AcceptClock | Action::HandleAlert | Action::ManageDeliveries,
            Resource::Workflow,
        ) => approves_in_general,
        (Action::Review | Action::WaiveReview, Resource::Grant(grant)) => {
            grant.break_glass.as_ref().is_some_and(|owed| caller.has_any(&owed.reviewer_roles))
        }
        (Action::Delegate, Resource::Delegation(delegation)) => caller.has_any(&delegation.roles),
        (Action::Undelegate, Resource::Delegation(delegation)) => {
            delegation.concerns(&caller.principal) || approves_in_general
        }
        (Action::See, Resource::Request(request)) => {
            sees_everything
                || caller.identities().all(|who| request.identities().any(|asking| asking == who))
                || caller.has_any(&request.approver_roles)
                || is_lent_one_of(&request.approver_roles)
        }
        (Action::See, Resource::Grant(grant)) => {
            sees_everything || caller.principal == grant.holder || caller.has_any(&grant.approver_roles)
        }
        (Action::See, Resource::Delegation(delegation)) => sees_everything || delegation.concerns(&caller.principal),
        (Action::SeeAll | Action::Audit, Resource::Workflow) => sees_everything,
        _ => false,
    }
}
