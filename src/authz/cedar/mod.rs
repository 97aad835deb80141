//! The workflow policy in Cedar: the shipped one, or an operator's.
//!
//! | file | question |
//! |---|---|
//! | `read` | reads and validates the policies in a text |
//! | `entities` | the entities and the context that policies see |

mod entities;
mod read;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cedar_policy::{AuthorizationError, Authorizer, Decision, Policy, PolicySet};

use self::entities::Names;
use super::{AuthzAction, AuthzDecision, AuthzError, AuthzRequest, WorkflowPolicy};
use crate::policy::{PolicyError, reason};

/// `policies/workflow.cedar`.
const SHIPPED: &str = include_str!("../../../policies/workflow.cedar");
/// `policies/workflow.cedarschema`.
const SCHEMA: &str = include_str!("../../../policies/workflow.cedarschema");

/// The policy of the workflow: the one that the library ships, or an operator's own. Cheap to clone.
///
/// ```
/// use jit_access::authz::{CedarPolicy, WorkflowPolicy};
/// use jit_access::workflow::Rules;
///
/// let generous = CedarPolicy::parse("permit (principal, action, resource);")?;
/// let rules = Rules::default().policy(generous.into());
/// assert!(rules.policy.is_custom() && !CedarPolicy::shipped()?.is_custom());
///
/// let mistake = CedarPolicy::parse("permit (principal, action, resource)\nwhen { resource.color == \"red\" };").unwrap_err();
/// assert!(mistake.to_string().contains("line 2"), "{mistake}");
/// # Ok::<(), jit_access::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct CedarPolicy(Arc<Read>);

#[derive(Debug)]
struct Read {
    /// The policies that can apply to each action: most apply to few, and Cedar evaluates every policy that it is
    /// given.
    by_action: BTreeMap<AuthzAction, PolicySet>,
    names: Names,
    /// The operator's text; `None` for the shipped policy.
    text: Option<String>,
}

impl CedarPolicy {
    /// The policy that the library ships.
    ///
    /// # Errors
    /// Never for the shipped file.
    pub fn shipped() -> Result<Self, PolicyError> {
        static READ: OnceLock<CedarPolicy> = OnceLock::new();
        if let Some(read) = READ.get() {
            return Ok(read.clone());
        }
        let read = Self::of(read::read(SHIPPED, true)?, None)?;
        Ok(READ.get_or_init(|| read).clone())
    }

    /// The text of the shipped policy, for an operator to start from.
    #[must_use]
    pub const fn shipped_text() -> &'static str {
        SHIPPED
    }

    /// The text of the schema that a policy has to fit.
    #[must_use]
    pub const fn schema_text() -> &'static str {
        SCHEMA
    }

    /// An operator's own policy, instead of the shipped one.
    ///
    /// # Errors
    /// [`PolicyError::Workflow`] with the line, when the text is not Cedar, is longer or nested deeper than a person
    /// would write, does not fit the schema strictly, or permits nothing.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Self::of(read::read(text, true)?, Some(text))
    }

    /// An operator's policies in addition to the shipped ones: both can permit, and a forbid of either forbids.
    ///
    /// # Errors
    /// As for [`CedarPolicy::parse`], except that it need not permit anything.
    pub fn parse_beside_shipped(text: &str) -> Result<Self, PolicyError> {
        let mut policies = read::read(SHIPPED, true)?;
        for own in read::read(text, false)? {
            if policies.iter().any(|shipped| shipped.id() == own.id()) {
                let reason = format!("there is a shipped policy with the `@id` `{}`", own.id());
                return Err(PolicyError::Workflow { line: None, reason });
            }
            policies.push(own);
        }
        Self::of(policies, Some(text))
    }

    fn of(policies: Vec<Policy>, text: Option<&str>) -> Result<Self, PolicyError> {
        let names = Names::new(&policies)?;
        let mut by_action = BTreeMap::new();
        for action in AuthzAction::ALL {
            let (uid, group) = (names.action(*action), names.group(*action));
            let applying = policies.iter().filter(|policy| read::applies_to(policy, &uid, group.as_ref())).cloned();
            let set = PolicySet::from_policies(applying)
                .map_err(|error| PolicyError::Workflow { line: None, reason: reason(&error) })?;
            by_action.insert(*action, set);
        }
        Ok(Self(Arc::new(Read { by_action, names, text: text.map(str::to_owned) })))
    }
}

impl WorkflowPolicy for CedarPolicy {
    fn decide(&self, asked: &AuthzRequest<'_>) -> Result<AuthzDecision, AuthzError> {
        let Some(policies) = self.0.by_action.get(&asked.action) else { return Ok(AuthzDecision::NotPermitted) };
        let (request, entities) = entities::seen(asked, &self.0.names)
            .map_err(|reason| AuthzError { policy: "workflow".to_owned(), reason })?;
        let response = Authorizer::new().is_authorized(&request, policies, &entities);
        // Cedar skips a policy that fails, and a skipped `forbid` forbids nothing.
        if let Some(AuthorizationError::PolicyEvaluationError(error)) = response.diagnostics().errors().next() {
            let reason = reason(error.inner());
            return Err(AuthzError { policy: error.policy_id().to_string(), reason });
        }
        let mut decided: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        Ok(match response.decision() {
            Decision::Allow => AuthzDecision::Allow,
            Decision::Deny if decided.is_empty() => AuthzDecision::NotPermitted,
            Decision::Deny => {
                decided.sort_unstable();
                AuthzDecision::Forbidden(decided)
            }
        })
    }

    fn is_custom(&self) -> bool {
        self.0.text.is_some()
    }

    fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }
}

#[cfg(test)]
mod tests;
