//! `libjit_access`: the C interface. Every export checks, converts, makes one call, and converts back; the rules are in the
//! library. The manual of the conventions is `ffi/c/README.md`.
//!
//! | file | question |
//! |---|---|
//! | `types` | what C sees |
//! | `handle` | how C's pointers are followed, and what C gets instead of ours |
//! | `guard` | how nothing unwinds into C |
//! | `live` | which engines are open, before and after a fork |
//! | `log` | how log records reach the program's callback |
//! | `progress` | how a program is told how far a call has come |
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![deny(unsafe_code)]

mod exports;
mod guard;
mod handle;
mod live;
mod log;
mod progress;
mod types;
mod whole;

pub use exports::*;
pub use types::*;

/// The texts that C has not freed yet.
static TEXTS: handle::Names<Text> = handle::Names::of("text");

/// A text with a NUL after its end.
struct Text(Box<str>);
