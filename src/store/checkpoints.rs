//! Stored signed checkpoints, and the stored parts of the tree over all records.

use crate::journal::Hash;
use crate::model::{Revision, Timestamp};

/// A stored signed checkpoint.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::{MemoryStore, Store};
///
/// assert!(MemoryStore::new().last_checkpoint()?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// The last record that it covers: the size of the tree.
    pub size: Revision,
    /// The hash of that record.
    pub head: Hash,
    /// The root of the tree over the texts of these records.
    pub root: Hash,
    /// When it was made.
    pub at: Timestamp,
    /// The signed text.
    pub note: String,
}
