//! The index under loom, which runs it in every order that the memory model allows, with every stale value that a load
//! may see: the real reader and the real writer, compiled from the library's own files.
//!
//! Memory is reused after every single change here and tables are tiny (see `cfg!(loom)` in the sources), because what
//! could go wrong is a reader that comes too late.
//!
//! `JIT_MODEL_PREEMPTIONS` says how often a thread may be interrupted at most; 2 when not set, which takes seconds. 3
//! takes minutes.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "only what the index needs of these is used here")]

#[path = "../../../src/index/mod.rs"]
pub mod index;
#[path = "../../../src/lock.rs"]
mod lock;
#[path = "../../../src/model/mod.rs"]
pub mod model;
