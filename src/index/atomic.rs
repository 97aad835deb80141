//! The atomics that the index is made of: the machine's, or those of the model checker.
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release --lib index::model_check` runs the real reader and the real writer under
//! loom, which tries every order that the memory model allows.

#[cfg(loom)]
pub(super) use loom::sync::atomic::{AtomicU64, fence};
#[cfg(not(loom))]
pub(super) use std::sync::atomic::{AtomicU64, fence};

pub(super) use std::sync::atomic::Ordering;
