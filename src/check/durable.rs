//! The grants whose uses must be on disk before the answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::lock::Mutex;
use crate::model::{Fact, Grant, GrantId, Revision, Timestamp};
use crate::projection::{News, Projection};
use crate::store::Live;

/// The break-glass grants. There are few of them, and they are looked up only after a grant has allowed a check. While
/// there is none, this costs one load.
#[derive(Debug, Default)]
pub(super) struct DurableUses {
    count: AtomicUsize,
    /// With the end of each.
    known: Mutex<HashMap<GrantId, Timestamp>>,
}

/// How long a grant is kept after its window: longer than any check that began inside the window can take.
const AFTERWARDS_MILLIS: i64 = 60_000;

impl DurableUses {
    /// Whether uses of this grant are recorded before they are answered.
    #[inline]
    pub(super) fn has(&self, grant: GrantId) -> bool {
        // A grant is added here before it is in the index, so a check that finds it there sees the count.
        self.count.load(Ordering::Acquire) > 0 && self.known.lock().contains_key(&grant)
    }

    /// Adds a grant before it is in the index. A grant that ends early is kept until the end of its window, because a
    /// check may have been decided by it just before.
    pub(super) fn add(&self, grant: &Grant) {
        if grant.break_glass.is_some() {
            let mut known = self.known.lock();
            known.insert(grant.id, grant.window.end());
            self.count.store(known.len(), Ordering::Release);
        }
    }

    /// Removes the grants that can no longer decide a check.
    pub(super) fn forget(&self, now: Timestamp) {
        if self.count.load(Ordering::Acquire) > 0 {
            let mut known = self.known.lock();
            known.retain(|_, end| now.millis().saturating_sub(end.millis()) < AFTERWARDS_MILLIS);
            self.count.store(known.len(), Ordering::Release);
        }
    }
}

impl Projection for DurableUses {
    fn load(&self, live: &Live, _: Revision) {
        live.others.iter().for_each(|grant| self.add(grant));
    }

    fn apply(&self, news: &News<'_>) {
        for record in news.records {
            if let Fact::GrantCreated(grant) = &record.event.fact {
                self.add(grant);
            }
        }
    }
}
