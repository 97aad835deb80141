//! What may forbid what a grant allows.
//!
//! This is the only place of a check where an allow may become [`crate::model::Outcome::Deny`]: after the conditions of the
//! grant are met and before its use is recorded, so that what is denied is never counted as used. A guardrail here would get
//! the [`super::attempt::Attempt`], which has the query, its context and the instant. No guardrail exists yet: every allow
//! passes, and no check answers `Deny`.

use crate::model::Decision;

/// The decision after all guardrails.
#[inline]
pub(super) const fn apply(decision: Decision) -> Decision {
    decision
}
