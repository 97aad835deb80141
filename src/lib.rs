//! Just-in-time access inside the policy decision point.

pub mod journal;
pub mod model;
pub mod workflow;
