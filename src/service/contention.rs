//! Whether other processes change the journal at the same time.

use std::sync::atomic::{AtomicU32, Ordering};

/// How many commands and uses are decided inside the store's write transaction after a conflict.
const EXCLUSIVE: u32 = 32;

/// For how many more commands and uses conflicts are expected.
#[derive(Debug, Default)]
pub(super) struct Contention(AtomicU32);

impl Contention {
    /// Notes a conflict.
    pub(super) fn note_conflict(&self) {
        self.0.store(EXCLUSIVE, Ordering::Relaxed);
    }

    /// Whether another conflict is expected. Each call counts as one command or use.
    pub(super) fn is_expected(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}
