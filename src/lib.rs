//! Just-in-time access inside the policy decision point.

pub mod index;
pub mod journal;
pub mod model;
#[cfg(feature = "cedar")]
pub mod policy;
pub mod store;
pub mod workflow;
