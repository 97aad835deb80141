//! Combines standing policies, guardrails and grants into one decision.

use crate::model::{Obligations, Outcome};
use crate::policy::{Beside, Guardrails, Judged, PolicyError, Seen, StandingPolicies};

/// The combined decision, before it is checked whether a grant is honoured.
#[derive(Debug)]
pub(super) struct Combined {
    pub(super) outcome: Outcome,
    /// The policies that decided, in order.
    pub(super) policies: Vec<String>,
    /// The policies that could not be evaluated, in order, each with its error.
    pub(super) errors: Vec<(String, String)>,
    pub(super) obligations: Obligations,
    pub(super) reason: &'static str,
    /// Whether an allow depends on grants alone.
    pub(super) by_grants: bool,
    /// Whether a break-glass grant among the allowing ones lifts the forbids of guardrails.
    pub(super) lifts: bool,
    /// How many guardrails were evaluated.
    pub(super) guarded: usize,
}

/// Evaluates all policies. `beside` are the grants; `is_emergency` returns whether an id is that of a break-glass
/// grant.
pub(super) fn combine(
    standing: &StandingPolicies,
    guardrails: &Guardrails,
    seen: &Seen,
    beside: &[Beside],
    is_emergency: impl Fn(&str) -> bool,
) -> Result<Combined, PolicyError> {
    let answer = standing.scoped().ask_beside(&seen.request, &seen.entities, beside)?;
    // All forbidding policies are reported, so guardrails are always evaluated.
    let is_forbidden = !answer.allows && !answer.reasons.is_empty();
    let lifts = answer.allows && answer.reasons.iter().any(|id| is_emergency(id));
    let Judged { forbidding, errors: failed, obligations, evaluated } = guardrails.judge(seen, lifts)?;
    let by_grants =
        answer.allows && answer.reasons.iter().all(|id| beside.iter().any(|one| one.policy.id().to_string() == *id));
    let passes = forbidding.is_empty() && failed.is_empty();
    let mut errors = answer.errors;
    errors.extend(failed);
    errors.sort_unstable();
    let (outcome, reason) = match (is_forbidden, passes, answer.allows) {
        (true, ..) => (Outcome::Deny, "standing"),
        (false, false, _) if forbidding.is_empty() => (Outcome::Deny, "guardrail_error"),
        (false, false, _) => (Outcome::Deny, "guardrail"),
        (false, true, true) => (Outcome::Allow, if by_grants { "granted" } else { "standing" }),
        (false, true, false) => (Outcome::NotApplicable, "no_grant"),
    };
    let mut policies = match outcome {
        Outcome::Deny if is_forbidden => [forbidding, answer.reasons].concat(),
        Outcome::Deny => forbidding,
        _ => answer.reasons,
    };
    policies.sort_unstable();
    let obligations = if outcome == Outcome::NotApplicable { Obligations::NONE } else { obligations };
    Ok(Combined { outcome, policies, errors, obligations, reason, by_grants, lifts, guarded: evaluated })
}
