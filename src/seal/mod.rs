//! Signing the state of the journal, and the keys.
//!
//! A checkpoint contains the number of records and the root of the tree over them, in the form of C2SP's
//! `tlog-checkpoint`, and is a signed note. It proves nothing to a reader who trusts the store's file, and everything
//! to one who kept a checkpoint or a public key elsewhere.
//!
//! | file | question |
//! |---|---|
//! | `note` | the contents of a checkpoint, and the form of a signed one |
//! | `keys` | the signing key and the known keys, and where they are stored |

mod keys;
mod note;

pub use keys::Keys;
pub use note::{Checkpoint, SignedNote};
