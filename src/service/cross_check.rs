//! Selects the checks that are also evaluated by Cedar, and collects the differences that are not reported yet.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::lock::Mutex;
use crate::model::{Action, Context, GrantId, Principal, Resource};

/// Counts the answered checks by kind, and collects the results of those that were evaluated twice.
#[derive(Debug, Default)]
pub(super) struct CrossCheck {
    percent: u64,
    allows: AtomicU64,
    misses: AtomicU64,
    /// Differences that are not reported yet.
    differences: Mutex<Vec<String>>,
    /// Misses that Cedar would allow, until they are looked at again.
    missed: Mutex<Vec<Missed>>,
}

/// A check that the index answered with no grant, and Cedar with this one.
#[derive(Debug)]
pub(super) struct Missed {
    pub(super) principal: Principal,
    pub(super) action: Action,
    pub(super) resource: Resource,
    pub(super) context: Context,
    pub(super) grant: GrantId,
}

/// How many differences are kept for a report at most.
const DIFFERENCES: usize = 16;

impl CrossCheck {
    pub(super) fn of(percent: u32) -> Self {
        Self { percent: u64::from(percent), ..Self::default() }
    }

    /// Whether this allow is to be evaluated by Cedar too.
    pub(super) fn asks_of_allow(&self) -> bool {
        self.asks(&self.allows)
    }

    /// Whether this miss is.
    pub(super) fn asks_of_miss(&self) -> bool {
        self.asks(&self.misses)
    }

    fn asks(&self, counted: &AtomicU64) -> bool {
        self.percent > 0 && (counted.fetch_add(1, Ordering::Relaxed) * self.percent) % 100 < self.percent
    }

    /// The differences since the last call.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.differences.lock())
    }

    /// The misses since the last call that Cedar would allow.
    pub(super) fn take_missed(&self) -> Vec<Missed> {
        std::mem::take(&mut self.missed.lock())
    }

    /// Keeps in mind that Cedar would allow a miss.
    pub(super) fn miss(&self, one: Missed) {
        let mut missed = self.missed.lock();
        if missed.len() < DIFFERENCES {
            missed.push(one);
        }
    }

    /// The two differ.
    pub(super) fn differ(&self, text: String) {
        tracing::error!(%text, "the index and Cedar differ; the stricter answer is given");
        let mut waiting = self.differences.lock();
        if waiting.len() < DIFFERENCES {
            waiting.push(text);
        }
    }
}
