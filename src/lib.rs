//! Just-in-time access inside the policy decision point.

pub mod clock;
#[cfg(feature = "config")]
pub mod config;
mod error;
pub mod index;
pub mod journal;
pub mod model;
#[cfg(feature = "cedar")]
pub mod policy;
pub mod service;
pub mod store;
pub mod wire;
pub mod workflow;

pub use error::{Error, ErrorKind};
