#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// A library inside a decision point does not panic, and does not print.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

pub mod authz;
#[cfg(feature = "authzen")]
pub mod authzen;
pub mod check;
#[cfg(feature = "cli")]
mod cli;
pub mod clock;
pub mod command;
#[cfg(feature = "config")]
pub mod config;
#[cfg(any(feature = "smtp", feature = "webhooks"))]
mod deliver;
mod error;
mod evidence;
mod file;
#[cfg(any(feature = "authzen", feature = "webhooks"))]
mod handles;
#[cfg(feature = "host")]
pub mod host;
mod index;
mod journal;
mod lock;
pub mod model;
mod monitor;
pub mod notify;
#[cfg(feature = "cedar")]
pub mod policy;
mod projection;
#[cfg(feature = "proof")]
pub mod proof;
#[cfg(feature = "sign")]
mod seal;
pub mod service;
mod sizing;
mod spool;
pub mod store;
mod summary;
mod wire;
pub mod workflow;

// The types that an embedding program uses. Everything else is in the module of its part.
pub use check::{Check, Decider};
pub use command::Command;
#[cfg(feature = "config")]
pub use config::Config;
pub use error::{Error, ErrorKind};
#[cfg(feature = "host")]
pub use host::Host;
pub use model::{
    AccessRequest, Action, Caller, Decision, Delegation, Grant, GrantId, Outcome, Permission, Principal, RequestId,
    Resource, RoleName, Scope, Timestamp, Ttl,
};
pub use service::{Builder, Engine, IdempotencyKey, Listing, Receipt, Workflow};

/// What the bindings, the command line and the tests of this repository use. It may change in any version; what other
/// programs need of it is also in `service`, `store` and `host`.
#[doc(hidden)]
pub mod internal {
    #[cfg(feature = "cli")]
    pub mod cli {
        pub use crate::cli::*;
    }
    #[cfg(any(feature = "smtp", feature = "webhooks"))]
    pub mod deliver {
        pub use crate::deliver::*;
    }
    pub mod evidence {
        pub use crate::evidence::*;
    }
    pub mod index {
        pub use crate::index::*;
    }
    pub mod journal {
        pub use crate::journal::*;
    }
    pub mod monitor {
        pub use crate::monitor::*;
    }
    #[cfg(feature = "sign")]
    pub mod seal {
        pub use crate::seal::*;
    }
    pub mod sizing {
        pub use crate::sizing::*;
    }
    pub mod summary {
        pub use crate::summary::*;
    }
    pub mod wire {
        pub use crate::wire::*;
    }
}
