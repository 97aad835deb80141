//! The result of the last verification of the store: whether it is intact, and up to which record.

use crate::model::{Revision, Timestamp};

/// What the verification of the store has found.
///
/// ```
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
/// use jit_access::workflow::Rules;
///
/// let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
/// assert!(engine.integrity().at.is_none(), "nothing was verified yet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Integrity {
    /// The last record up to which the journal was found intact.
    pub verified: Revision,
    /// When that was found. `None` when this process has not verified anything yet.
    pub at: Option<Timestamp>,
    /// When this process last verified the whole journal, from the first record on.
    pub all_at: Option<Timestamp>,
    /// What is wrong, if anything is.
    pub problem: Option<String>,
    /// Whether no grant is honoured for that reason.
    pub elevation_stopped: bool,
}
