//! Whether others change the journal too.

use std::sync::atomic::{AtomicU32, Ordering};

/// How many commands and uses are decided while nobody else can write, after a decision for which others were in the way.
const WARY: u32 = 32;

/// For how many commands and uses more others are expected to be in the way.
#[derive(Debug, Default)]
pub(super) struct Crowd(AtomicU32);

impl Crowd {
    /// Others were in the way.
    pub(super) fn was_met(&self) {
        self.0.store(WARY, Ordering::Relaxed);
    }

    /// Whether they are expected to be again.
    pub(super) fn is_expected(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}
