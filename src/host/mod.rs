//! One way to open: from a configuration to a running engine, the same for Rust, C and Python.
//!
//! A [`Host`] is an open engine with everything that runs beside it: its store, its background work, and the flush at its
//! end. A program that forks and goes on in the child (starting other programs is no such fork) needs [`fork`] too.
//!
//! | file | question |
//! |---|---|
//! | `open` | how a configuration becomes an open engine |
//! | `background` | the thread that does the engine's background work |
//! | `listening` | the thread that hears at once when another process has committed |
//! | `keeper` | the thread that verifies and signs the journal |
//! | `delivery` | how the notices of an engine are sent |
//! | `telling` | what an open host does with channels and links besides |
//! | `proving` | how a solver is asked about the requests that wait |
//! | `fork` | what a fork must find, and which process an engine belongs to |
//! | `log` | how the library's log records reach a host that is not written in Rust |

mod background;
mod delivery;
pub mod fork;
mod keeper;
mod listening;
pub mod log;
mod open;
#[cfg(feature = "proof")]
mod proving;
#[cfg(any(feature = "smtp", feature = "webhooks"))]
mod telling;

pub use background::Background;
pub use keeper::Keeper;
#[cfg(feature = "cli")]
pub(crate) use open::open_store;
pub use open::{BackgroundWork, Host, HostBuilder, environment};
