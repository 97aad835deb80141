//! Where the journal ends.

use crate::journal::Hash;
use crate::model::{Revision, Timestamp};

/// The end of the journal.
///
/// ```
/// use jit_access::store::{Head, MemoryStore, Store};
///
/// assert_eq!(MemoryStore::new().head()?, Head::EMPTY);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last record's position.
    pub revision: Revision,
    /// The last record that changed state.
    pub changed: Revision,
    /// The last record's hash.
    pub hash: Hash,
    /// The latest instant in the journal. Time never goes back behind it.
    pub at: Timestamp,
}

impl Head {
    /// Before the first record.
    pub const EMPTY: Self =
        Self { revision: Revision::ZERO, changed: Revision::ZERO, hash: Hash::GENESIS, at: Timestamp::EPOCH };
}
