//! The check: may this principal do this to that?
//!
//! It reads memory and takes no part in the workflow. [`crate::service::Engine`] keeps the memory current and makes the
//! [`Decider`], the handle that hosts call.
//!
//! | file | question |
//! |---|---|
//! | `decider` | may this principal do this to that |
//! | `state` | what checks are answered from, and whether it is current |
//! | `conditions` | which grants have conditions, and are they met |
//! | `durable` | which grants' uses must be on disk before the answer is given |
//! | `record` | which uses are not written yet |

mod conditions;
mod decider;
mod durable;
mod record;
mod state;

pub use decider::Decider;
pub(crate) use state::{CheckState, KeepsCurrent};
