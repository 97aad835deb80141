//! The shell: the only part that knows the time, and the only one that sees a store, an index and a clock together.
//!
//! An [`Engine`] is one host's view of one store. It hands out three handles, because there are three kinds of caller
//! with three kinds of cost: the [`Decider`] answers checks from memory, the [`Desk`] runs the workflow and writes, and
//! the [`Reconciler`] does what nobody is waiting for. Nothing here needs a thread for a right answer; a host without a
//! scheduler of its own lets a [`Keeper`] call the reconciler.
//!
//! | file | question |
//! |---|---|
//! | `engine` | what the handles share, and how the index keeps up with the store |
//! | `decider` | may this principal do this to that |
//! | `desk` | ask, approve, end, look up |
//! | `recorder` | which uses are not written down yet |
//! | `reconciler` | what time has made true, and what is waiting to be written |
//! | `keeper` | a thread for hosts that have none to spare |

mod decider;
mod desk;
mod engine;
mod keeper;
mod reconciler;
mod recorder;

pub use decider::Decider;
pub use desk::{Desk, IdempotencyKey, Listing, Receipt};
pub use engine::{Builder, Engine, Settings};
pub use keeper::Keeper;
pub use reconciler::{Reconciler, Tick};

/// The last look before facts are committed: every new grant must be expressible as a Cedar policy that validates
/// strictly. The model only makes grants that are, so a refusal here is a bug, found before it is in force.
#[cfg(not(feature = "cedar"))]
#[expect(clippy::unnecessary_wraps, reason = "with Cedar compiled in it can fail")]
fn guard(_events: &[crate::model::Event]) -> Result<(), crate::error::Error> {
    Ok(())
}
