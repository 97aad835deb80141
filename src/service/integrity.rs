//! What was found out last of the store: whether it is whole, and up to which record.

use super::engine::Engine;
use super::shared::Shared;
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
    /// The last record up to which the journal was found to be whole.
    pub verified: Revision,
    /// When it was found. `None` when this process has not verified anything yet.
    pub at: Option<Timestamp>,
    /// When all of it was verified last, from the first record on, by this process.
    pub all_at: Option<Timestamp>,
    /// What is wrong, if something is.
    pub problem: Option<String>,
    /// Whether no grant is honoured for that reason.
    pub elevation_stopped: bool,
}

impl Engine {
    /// What the verification of the store has found last, in this process.
    #[must_use]
    pub fn integrity(&self) -> Integrity {
        self.shared().integrity.lock().clone()
    }
}

impl Shared {
    /// The store was found to be whole up to this record.
    pub(super) fn found_whole(&self, verified: Revision, is_all: bool) {
        let now = self.time.now();
        let mut integrity = self.integrity.lock();
        if let Some(problem) = &integrity.problem {
            tracing::warn!(%problem, "the store is found to be whole again; grants are honoured");
        }
        let all_at = if is_all { Some(now) } else { integrity.all_at };
        *integrity = Integrity { verified, at: Some(now), all_at, problem: None, elevation_stopped: false };
        self.checks.trust(true);
    }

    /// The store was found not to be what was written. Standing rights go on in any case.
    pub(super) fn found_broken(&self, problem: String) {
        let stops = self.settings.journal.stop_on_failure;
        tracing::error!(%problem, stops, "the store is not what was written to it; call a person");
        let now = self.time.now();
        let mut integrity = self.integrity.lock();
        integrity.at = Some(now);
        integrity.problem = Some(problem);
        integrity.elevation_stopped = stops;
        self.checks.trust(!stops);
        drop(integrity);
        // Hosts that keep answers drop them when the revision rises.
        self.announce();
    }
}
