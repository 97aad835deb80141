//! The check: may this principal do this to that?
//!
//! It reads memory and takes no part in the workflow. [`crate::service::Engine`] keeps the memory current and makes the
//! [`Decider`], the handle that hosts call.
//!
//! | file | question |
//! |---|---|
//! | `query` | what is checked, and how |
//! | `decider` | may this principal do this to that: the steps of a check |
//! | `attempt` | what the steps share: the query, the instant, the grants that cannot decide any more |
//! | `state` | what checks are answered from, and whether it is current |
//! | `conditions` | which grants have conditions, and are they met |
//! | `alarm` | when a failure at every check is worth a line in the log |
//! | `guardrail` | what may forbid what a grant allows |
//! | `durable` | which grants' uses must be on disk before the answer is given |
//! | `offline` | which grants does this machine alone know of |
//! | `refused` | which denied checks and refused commands are not written yet |
//! | `record` | which uses are not written yet |
//! | `why` | why a grant gives what is checked, or does not |

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
pub use why::{Asked, Why, why};
