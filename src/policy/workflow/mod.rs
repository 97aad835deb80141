//! Who may do what, answered by Cedar.
//!
//! | file | question |
//! |---|---|
//! | `read` | which policies does this text hold, and do they fit |
//! | `world` | what does a policy see of a question |

mod read;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cedar_policy::{AuthorizationError, Authorizer, Decision, Policy, PolicySet};

use self::world::Names;
use super::PolicyError;
use super::error::reason;
use crate::workflow::{Act, PolicyFailure, Question, Ruling, WorkflowPolicy};

/// `policies/workflow.cedar`.
const SHIPPED: &str = include_str!("../../../policies/workflow.cedar");
/// `policies/workflow.cedarschema`.
const SCHEMA: &str = include_str!("../../../policies/workflow.cedarschema");

/// The policy of the workflow: the one that the library ships, or an operator's own. Cheap to clone.
///
/// ```
/// use jit_access::policy::CedarWorkflow;
/// use jit_access::workflow::{Rules, WorkflowPolicy};
///
/// let generous = CedarWorkflow::parse("permit (principal, action, resource);")?;
/// let rules = Rules { policy: generous.into(), ..Rules::default() };
/// assert!(rules.policy.is_operators() && !CedarWorkflow::shipped()?.is_operators());
///
/// let mistake = CedarWorkflow::parse("permit (principal, action, resource)\nwhen { resource.color == \"red\" };").unwrap_err();
/// assert!(mistake.to_string().contains("line 2"), "{mistake}");
/// # Ok::<(), jit_access::policy::PolicyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct CedarWorkflow(Arc<Read>);

#[derive(Debug)]
struct Read {
    /// The policies that can speak to each act: most speak to few, and Cedar evaluates all that it is given.
    by_act: BTreeMap<Act, PolicySet>,
    names: Names,
    is_operators: bool,
}

impl CedarWorkflow {
    /// The policy that the library ships.
    ///
    /// # Errors
    /// Never for the file as it is shipped.
    pub fn shipped() -> Result<Self, PolicyError> {
        static READ: OnceLock<CedarWorkflow> = OnceLock::new();
        if let Some(read) = READ.get() {
            return Ok(read.clone());
        }
        let read = Self::of(read::read(SHIPPED, true)?, false)?;
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

    /// An operator's own policy, which stands in the place of the shipped one.
    ///
    /// # Errors
    /// [`PolicyError::Workflow`] with the line, when the text is no Cedar, is longer or nested deeper than a person would
    /// write, does not fit the schema strictly, or permits nothing.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Self::of(read::read(text, true)?, true)
    }

    /// An operator's policies that stand beside the shipped ones: what these permit is permitted too, and what these forbid
    /// is forbidden.
    ///
    /// # Errors
    /// As for [`CedarWorkflow::parse`], except that it need not permit anything.
    pub fn parse_beside_shipped(text: &str) -> Result<Self, PolicyError> {
        let mut policies = read::read(SHIPPED, true)?;
        for own in read::read(text, false)? {
            if policies.iter().any(|shipped| shipped.id() == own.id()) {
                let reason = format!("there is a shipped policy with the `@id` `{}`", own.id());
                return Err(PolicyError::Workflow { line: None, reason });
            }
            policies.push(own);
        }
        Self::of(policies, true)
    }

    fn of(policies: Vec<Policy>, is_operators: bool) -> Result<Self, PolicyError> {
        let names = Names::new(&policies)?;
        let mut by_act = BTreeMap::new();
        for act in Act::ALL {
            let action = names.action(*act);
            let speaking = policies.iter().filter(|policy| read::speaks_to(policy, &action)).cloned();
            let set = PolicySet::from_policies(speaking)
                .map_err(|error| PolicyError::Workflow { line: None, reason: reason(&error) })?;
            by_act.insert(*act, set);
        }
        Ok(Self(Arc::new(Read { by_act, names, is_operators })))
    }
}

impl WorkflowPolicy for CedarWorkflow {
    fn ruling(&self, question: &Question<'_>) -> Result<Ruling, PolicyFailure> {
        let Some(policies) = self.0.by_act.get(&question.act) else { return Ok(Ruling::NotPermitted) };
        let (request, entities) = world::seen(question, &self.0.names)
            .map_err(|reason| PolicyFailure { policy: "workflow".to_owned(), reason })?;
        let response = Authorizer::new().is_authorized(&request, policies, &entities);
        // Cedar skips a policy that fails, and a skipped `forbid` forbids nothing.
        if let Some(AuthorizationError::PolicyEvaluationError(error)) = response.diagnostics().errors().next() {
            let reason = reason(error.inner());
            return Err(PolicyFailure { policy: error.policy_id().to_string(), reason });
        }
        let mut decided: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        Ok(match response.decision() {
            Decision::Allow => Ruling::Permitted,
            Decision::Deny if decided.is_empty() => Ruling::NotPermitted,
            Decision::Deny => {
                decided.sort_unstable();
                Ruling::Forbidden(decided)
            }
        })
    }

    fn is_operators(&self) -> bool {
        self.0.is_operators
    }
}

#[cfg(test)]
mod tests;
