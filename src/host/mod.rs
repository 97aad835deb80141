//! One way to open: from a configuration to a running engine, the same for Rust, C and Python.
//!
//! A [`Host`] is an open engine with everything that runs beside it: its store, its background work, and the flush at
//! its end. A program that forks and continues in the child (starting other programs is not such a fork) needs [`fork`]
//! too.
//!
//! | file | question |
//! |---|---|
//! | `open` | how a configuration becomes an open engine |
//! | `background` | the thread that does the engine's background work |
//! | `listening` | the thread that waits for signals of other processes' commits |
//! | `keeper` | the thread that verifies and signs the journal |
//! | `delivery` | how the notices of an engine are sent |
//! | `channels` | channels and links of an open host |
//! | `proving` | asking a solver about the pending requests |
//! | `fork` | preparing for a fork, and which process an engine belongs to |
//! | `log` | how the library's log records reach a host that is not written in Rust |

mod background;
#[cfg(any(feature = "smtp", feature = "webhooks"))]
mod channels;
mod delivery;
pub mod fork;
mod keeper;
mod listening;
pub mod log;
mod open;
#[cfg(feature = "proof")]
mod proving;

#[cfg(any(feature = "smtp", feature = "webhooks"))]
pub use crate::deliver::SignedLink;
pub use background::Background;
pub use keeper::Keeper;
#[cfg(feature = "cli")]
pub(crate) use open::open_store;
pub use open::{BackgroundWork, Host, HostBuilder, environment};
