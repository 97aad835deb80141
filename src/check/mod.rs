//! The check: is this principal allowed to do this action to this resource?
//!
//! It reads memory and is no part of the workflow. [`crate::service::Engine`] keeps the state current and makes the
//! [`Decider`], which hosts call.
//!
//! | file | question |
//! |---|---|
//! | `query` | what is checked, and how |
//! | `decider` | the steps of a check |
//! | `attempt` | what the steps share: the query, the instant, the grants that can no longer decide |
//! | `state` | the state that answers checks, and whether it is current |
//! | `conditions` | which grants have conditions, and whether these are met |
//! | `alarm` | when a failure that occurs at every check is logged |
//! | `guardrail` | the guardrails, which can forbid what a grant allows |
//! | `durable` | the grants whose uses must be on disk before the answer |
//! | `offline` | the grants that only this machine has |
//! | `refused` | the refused attempts that are not written yet |
//! | `record` | the uses that are not written yet |
//! | `why` | why a grant allows a check or does not |

mod alarm;
mod attempt;
mod conditions;
mod decider;
mod durable;
mod guardrail;
mod offline;
mod query;
mod record;
mod refused;
mod state;
#[cfg(test)]
mod tests;
mod why;

pub use decider::Decider;
#[cfg(feature = "cedar")]
pub(crate) use guardrail::{Forbids, Verdict};
pub use query::Check;
pub(crate) use refused::CHECK;
pub(crate) use state::{CheckState, KeepsCurrent};
pub use why::{GrantCheck, Why, why};
