//! What standing policies, guardrails and grants come to together.

use crate::model::{Obligations, Outcome};
use crate::policy::{Beside, Guardrails, Judged, PolicyError, Seen, StandingPolicies};

/// The sum of all policies, before it is asked whether a grant is honoured.
#[derive(Debug)]
pub(super) struct Weighed {
    pub(super) outcome: Outcome,
    /// Those that decided, in order.
    pub(super) policies: Vec<String>,
    /// Those that could not be evaluated, in order, each with what happened.
    pub(super) errors: Vec<(String, String)>,
    pub(super) obligations: Obligations,
    pub(super) reason: &'static str,
    /// Whether an allow rests on nothing but policies beside the standing ones: on grants.
    pub(super) by_grants: bool,
    /// Whether a break-glass grant among those that allow it has forbids give way.
    pub(super) lifts: bool,
    /// How many guardrails could apply.
    pub(super) guarded: usize,
}

/// Weighs them. `beside` are the grants; `is_emergency` says of an id whether it is that of a break-glass grant.
pub(super) fn weigh(
    standing: &StandingPolicies,
    guardrails: &Guardrails,
    seen: &Seen,
    beside: &[Beside],
    is_emergency: impl Fn(&str) -> bool,
) -> Result<Weighed, PolicyError> {
    let answer = standing.scoped().ask_beside(&seen.request, &seen.entities, beside)?;
    // What forbids is told whole, so guardrails are asked in any case.
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
    Ok(Weighed { outcome, policies, errors, obligations, reason, by_grants, lifts, guarded: evaluated })
}
