//! The journal: every fact, in order, each bound to the one before it.
//!
//! A [`Record`] is one event with its position and its place in the hash chain. Its body is the canonical JSON of
//! the stored form (RFC 8785), and its hash is the SHA-256 of that body, which itself contains the hash before it. Anyone
//! with the last hash can find out whether any earlier record was changed, removed, inserted or reordered, without our
//! tools.
//!
//! | file | question |
//! |---|---|
//! | `stored` | how facts, requests and grants are written down, apart from the domain types |
//! | `record` | how a fact becomes a record, and back |
//! | `parse` | parsing many records |
//! | `tree` | one hash for all records, and proofs that a record is among them |
//! | `verify` | whether a chain is intact, and which record breaks it |

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
pub use verify::{Broken, VerifiedRecord, Verifier};
