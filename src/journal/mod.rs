//! The journal: every fact, in order, each bound to the one before it.
//!
//! A [`Record`] is one event with its position and its place in the hash chain. Its body is the canonical JSON (RFC 8785)
//! of the stored form, and its hash is the SHA-256 of that body, which itself names the hash before it. Whoever holds
//! the last hash can tell whether anything before it was changed, removed, inserted or reordered, with no tool of ours.
//!
//! | file | question |
//! |---|---|
//! | `stored` | how facts, requests and grants are written down, apart from the domain types |
//! | `record` | how a fact becomes a record, and back |
//! | `parse` | how many records are read back |
//! | `tree` | how one hash stands for all records, and what proves that a record is among them |
//! | `verify` | whether a chain is whole, and which record breaks it |

mod parse;
mod record;
pub mod stored;
mod tree;
mod verify;

pub use parse::Parser;
#[cfg(feature = "sqlite")]
pub(crate) use record::Frame;
pub use record::{Hash, Record, canonical, digest, digest_of};
pub use tree::{Part, TILE, TILE_LEVEL, Tree, consistency, inclusion, is_consistent, is_included, leaf, node};
pub use verify::{Broken, Verifier, Whole};
