//! The atomics that the index is made of: the machine's, or those of the model checker.
//!
//! `cargo test --release -p jit-access-loom` compiles the index with loom's and runs the real reader beside the real
//! writer in every order that the memory model allows.

#[cfg(loom)]
pub(super) use loom::sync::atomic::{AtomicU64, fence};
#[cfg(not(loom))]
pub(super) use std::sync::atomic::{AtomicU64, fence};

pub(super) use std::sync::atomic::Ordering;
