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
//! | `honoured` | which grants are honoured now |
//! | `directory` | what the host says of people |
//! | `desk` | ask, approve, end, look up |
//! | `fingerprint` | by what an idempotency key knows a command again |
//! | `reconciler` | what time has made true, and what is waiting to be written |
//! | `policies` | the grants as Cedar policies |
//! | `keeper` | a thread for hosts that have none to spare |
//! | `watch` | waiting for the next change |

mod desk;
mod directory;
mod engine;
mod fingerprint;
mod honoured;
mod keeper;
#[cfg(feature = "cedar")]
mod policies;
mod reconciler;
mod watch;

pub use desk::{Desk, IdempotencyKey, Listing, Receipt};
pub use directory::{Directory, DirectoryError, Known};
pub use engine::{Builder, Engine, Settings};
pub use honoured::Honoured;
pub use keeper::Keeper;
pub use reconciler::{Reconciler, Tick};
pub use watch::Watch;
