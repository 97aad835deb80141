//! How the journal's state is signed, and by which keys.
//!
//! A checkpoint says how many records there are and the root of the tree over them, in the form of C2SP's `tlog-checkpoint`,
//! and is a signed note. It proves nothing to who trusts the store's file, and everything to who kept a checkpoint or a public
//! key elsewhere.
//!
//! | file | question |
//! |---|---|
//! | `note` | what a checkpoint says, and how a signed one is written |
//! | `keys` | which key signs, which ones are known, and where they are kept |

mod keys;
mod note;

pub use keys::Keys;
pub use note::{Checkpoint, SignedNote};
