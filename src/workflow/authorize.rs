//! Evaluates the workflow policy, and turns a "no" into a refusal.

use super::{Refusal, RefusalCode, Rules};
use crate::authz::{AuthzAction, AuthzContext, AuthzDecision, AuthzError, AuthzRequest, AuthzResource};
use crate::model::{Caller, RoleName, Timestamp};

/// An authorization request, and the rules whose policy decides it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authorization<'a> {
    request: AuthzRequest<'a>,
    rules: &'a Rules,
}

impl<'a> Authorization<'a> {
    /// May the caller do this, by these rules at this instant?
    pub(super) const fn new(
        caller: &'a Caller,
        action: AuthzAction,
        resource: AuthzResource<'a>,
        rules: &'a Rules,
        now: Timestamp,
    ) -> Self {
        let context = AuthzContext {
            now,
            approver_roles: rules.approver_roles.as_slice(),
            auditor_roles: rules.auditor_roles.as_slice(),
        };
        Self { request: AuthzRequest::new(caller, action, resource, context), rules }
    }

    /// The same, with these roles delegated to the caller.
    pub(super) const fn with_lent(self, lent: &'a [RoleName]) -> Self {
        Self { request: self.request.with_lent(lent), ..self }
    }

    /// Whether the policy allows it.
    pub(super) fn is_allowed(&self) -> Result<bool, Refusal> {
        Ok(self.decide()? == AuthzDecision::Allow)
    }

    /// Refuses what the policy does not permit. `why_not` explains a refusal of the shipped policy. A custom policy may
    /// have other reasons, so its refusal only says that the action is not permitted, or which policy forbids it.
    pub(super) fn check(&self, why_not: impl FnOnce() -> Option<Refusal>) -> Result<(), Refusal> {
        let (who, what) = (&self.request.principal.principal, self.request.action.phrase());
        match self.decide()? {
            AuthzDecision::Allow => Ok(()),
            AuthzDecision::Forbidden(policies) => {
                let policies: Vec<_> = policies.iter().map(|id| format!("`{id}`")).collect();
                let message = format!("the workflow policy {} forbids {who} to {what}", policies.join(", "));
                Err(Refusal::new(RefusalCode::ForbiddenByPolicy, message))
            }
            AuthzDecision::NotPermitted => Err(match why_not() {
                Some(reason) if !self.rules.policy.is_custom() => reason,
                reason => {
                    let code = reason.map_or(RefusalCode::ForbiddenByPolicy, |reason| reason.code());
                    Refusal::new(code, format!("no policy of the operator's `workflow_policy` lets {who} {what}"))
                }
            }),
        }
    }

    fn decide(&self) -> Result<AuthzDecision, Refusal> {
        let failed = |error: AuthzError| {
            let message = format!("{error}; nobody may {} until the policy is fixed", self.request.action.phrase());
            Refusal::new(RefusalCode::PolicyFailed, message)
        };
        self.rules.policy.decide(&self.request).map_err(failed)
    }
}
