//! Reads and validates the policies in a text.

use std::sync::OnceLock;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{ActionConstraint, Effect, EntityUid, Policy, PolicySet, SchemaFragment, ValidationMode, Validator};

use super::SCHEMA;
use crate::policy::text::{self, TextError};
use crate::policy::{PolicyError, reason};

/// The policies, each named by its `@id`, or otherwise by its line; `must_permit` when there are no others beside them.
pub(super) fn read(text: &str, must_permit: bool) -> Result<Vec<Policy>, PolicyError> {
    let policies = text::policies(text, text::BY_HAND)
        .map_err(|TextError { place, reason }| unfit(place.map(|at| at.line), reason))?;
    let policies: Vec<Policy> = policies.into_iter().map(|(_, policy)| policy).collect();
    if must_permit && !policies.iter().any(|policy| policy.effect() == Effect::Permit) {
        return Err(unfit(None, "nothing is permitted"));
    }
    validate(text, &policies)?;
    Ok(policies)
}

/// Whether the policy can apply to this action, which is in this group.
pub(super) fn applies_to(policy: &Policy, action: &EntityUid, group: Option<&EntityUid>) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(one) => one == *action,
        ActionConstraint::In(several) => several.contains(action) || group.is_some_and(|group| several.contains(group)),
    }
}

/// Strict, and a warning is an error: Cedar warns of mistakes, such as a policy that never applies.
fn validate(text: &str, policies: &[Policy]) -> Result<(), PolicyError> {
    let set = PolicySet::from_policies(policies.iter().cloned()).map_err(|error| unfit(None, reason(&error)))?;
    let result = validator()?.validate(&set, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().next() {
        return Err(said(text, &DetailedError::from(error), error));
    }
    if let Some(warning) = result.validation_warnings().next() {
        return Err(said(text, &DetailedError::from(warning), warning));
    }
    Ok(())
}

fn validator() -> Result<&'static Validator, PolicyError> {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    if let Some(validator) = VALIDATOR.get() {
        return Ok(validator);
    }
    let unfit = |error: &dyn std::error::Error| PolicyError::Schema { reason: reason(error) };
    let (fragment, _) = SchemaFragment::from_cedarschema_str(SCHEMA).map_err(|error| unfit(&error))?;
    let schema = cedar_policy::Schema::from_schema_fragments([fragment]).map_err(|error| unfit(&error))?;
    Ok(VALIDATOR.get_or_init(|| Validator::new(schema)))
}

/// Cedar's error, with the line that it points to.
fn said(whole: &str, detailed: &DetailedError, error: &dyn std::error::Error) -> PolicyError {
    let TextError { place, reason } = text::said(whole, detailed, error);
    unfit(place.map(|at| at.line), reason)
}

fn unfit(line: Option<usize>, reason: impl Into<String>) -> PolicyError {
    PolicyError::Workflow { line, reason: reason.into() }
}

#[cfg(test)]
mod tests;
