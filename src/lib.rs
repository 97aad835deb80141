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
pub mod cli;
pub mod clock;
pub mod command;
#[cfg(feature = "config")]
pub mod config;
#[cfg(any(feature = "smtp", feature = "webhooks"))]
pub mod deliver;
mod error;
pub mod evidence;
mod file;
#[cfg(any(feature = "authzen", feature = "webhooks"))]
mod handles;
#[cfg(feature = "host")]
pub mod host;
pub mod index;
pub mod journal;
mod lock;
pub mod model;
pub mod monitor;
pub mod notify;
#[cfg(feature = "cedar")]
pub mod policy;
mod projection;
#[cfg(feature = "proof")]
pub mod proof;
#[cfg(feature = "sign")]
pub mod seal;
pub mod service;
pub mod sizing;
mod spool;
pub mod store;
pub mod summary;
pub mod wire;
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
