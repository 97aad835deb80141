//! Which grants' uses must be on disk before they are answered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::lock::Mutex;
use crate::model::{Grant, GrantId, Timestamp};

/// The grants that nobody approved. They are few, and looked for only once a grant has decided an allow: while there is
/// none, a check pays for one load.
#[derive(Debug, Default)]
pub(super) struct DurableUses {
    count: AtomicUsize,
    known: Mutex<HashMap<GrantId, Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    end: Timestamp,
    drill: bool,
}

/// How long after its window a grant is still known: longer than any check that began inside the window goes on.
const AFTERWARDS_MILLIS: i64 = 60_000;

impl DurableUses {
    /// Whether uses of this grant are recorded before they are answered, and then whether it is for an exercise.
    #[inline]
    pub(super) fn drill_of(&self, grant: GrantId) -> Option<bool> {
        // A grant is added before the index tells of it, so whoever was told of it sees the count.
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.known.lock().get(&grant).map(|known| known.drill)
    }

    /// Takes note of a grant before the index tells of it. One that is taken away stays known until its window is over: a
    /// check may have been decided by it just before.
    pub(super) fn add(&self, grant: &Grant) {
        if let Some(owed) = &grant.break_glass {
            let mut known = self.known.lock();
            known.insert(grant.id, Known { end: grant.window.end(), drill: owed.drill });
            self.count.store(known.len(), Ordering::Release);
        }
    }

    /// Forgets the grants that no check can be decided by any more.
    pub(super) fn forget(&self, now: Timestamp) {
        if self.count.load(Ordering::Acquire) > 0 {
            let mut known = self.known.lock();
            known.retain(|_, known| now.millis().saturating_sub(known.end.millis()) < AFTERWARDS_MILLIS);
            self.count.store(known.len(), Ordering::Release);
        }
    }
}
