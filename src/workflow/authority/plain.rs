//! Who may do what, where there is no Cedar to ask.
//!
//! The same answers as those of `policies/workflow.cedar`, line by line; `tests/workflow_policy.rs` holds them to it.

use super::{About, Act, PolicyFailure, Question, Ruling, WorkflowPolicy, reviewing_now};
use crate::model::RoleName;

/// The library's policy, in plain Rust.
///
/// ```
/// use jit_access::workflow::{PlainPolicy, WorkflowPolicy};
///
/// assert!(!PlainPolicy.is_operators());
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainPolicy;

impl WorkflowPolicy for PlainPolicy {
    fn ruling(&self, question: &Question<'_>) -> Result<Ruling, PolicyFailure> {
        Ok(if permits(question) { Ruling::Permitted } else { Ruling::NotPermitted })
    }

    fn is_operators(&self) -> bool {
        false
    }
}

fn permits(question: &Question<'_>) -> bool {
    let Question { caller, lent, rules, now, .. } = *question;
    let approves_in_general = caller.has_any(&rules.approver_roles);
    let sees_everything = approves_in_general || caller.has_any(&rules.auditor_roles);
    let is_lent_one_of = |roles: &[RoleName]| lent.iter().any(|role| roles.contains(role));
    match (question.act, question.about) {
        (Act::Request | Act::BreakGlass | Act::Hold, About::Entitlement(wanted)) => wanted.is_for(caller),
        (Act::Extend | Act::Release, About::Grant(grant)) => caller.principal == grant.holder,
        (Act::Answer | Act::Withdraw, About::Request(request)) => caller.principal == request.requester,
        (Act::Approve | Act::Deny | Act::Ask, About::Request(request)) => {
            reviewing_now(request, now).any(|role| caller.roles.contains(role) || lent.contains(role))
        }
        (Act::Revoke | Act::Suspend | Act::Resume, About::Grant(grant)) => caller.has_any(&grant.approver_roles),
        (Act::RevokeMany, About::Selection(_)) | (Act::ReportStanding, About::Standing(_)) => approves_in_general,
        (Act::AcceptStore, About::Workflow) => approves_in_general,
        (Act::Review | Act::WaiveReview, About::Grant(grant)) => {
            grant.break_glass.as_ref().is_some_and(|owed| caller.has_any(&owed.reviewer_roles))
        }
        (Act::Delegate, About::Delegation(delegation)) => caller.has_any(&delegation.roles),
        (Act::Undelegate, About::Delegation(delegation)) => {
            delegation.concerns(&caller.principal) || approves_in_general
        }
        (Act::See, About::Request(request)) => {
            sees_everything
                || caller.identities().any(|who| request.identities().any(|asking| asking == who))
                || caller.has_any(&request.approver_roles)
                || is_lent_one_of(&request.approver_roles)
        }
        (Act::See, About::Grant(grant)) => {
            sees_everything || caller.principal == grant.holder || caller.has_any(&grant.approver_roles)
        }
        (Act::See, About::Delegation(delegation)) => sees_everything || delegation.concerns(&caller.principal),
        (Act::SeeAll | Act::Audit, About::Workflow) => sees_everything,
        _ => false,
    }
}
