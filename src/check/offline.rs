//! The grants that were created on this machine while the store was unavailable, and that the store does not have yet.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::lock::Mutex;
use crate::model::{Grant, GrantId, GrantStatus, Principal, RawQuery, Timestamp};

/// There are few of them, and they are read only while the store is unavailable.
#[derive(Debug, Default)]
pub(crate) struct OfflineGrants {
    count: AtomicUsize,
    known: Mutex<Vec<Grant>>,
}

impl OfflineGrants {
    /// Replaces all grants by these.
    pub(crate) fn set(&self, grants: Vec<Grant>) {
        let mut known = self.known.lock();
        self.count.store(grants.len(), Ordering::Release);
        *known = grants;
    }

    /// Whether this grant is one of them.
    pub(crate) fn has(&self, grant: GrantId) -> bool {
        self.count.load(Ordering::Acquire) > 0 && self.known.lock().iter().any(|known| known.id == grant)
    }

    /// The grant that covers this query now. With a person, only a grant that is held for this person.
    pub(super) fn covering(&self, query: &RawQuery<'_>, person: Option<&Principal>, now: Timestamp) -> Option<GrantId> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let (holder, action, resource) = query.to_values();
        let is_it = |grant: &&Grant| {
            grant.holder == holder
                && person.is_none_or(|person| grant.holder_acts_for.as_ref() == Some(person))
                && grant.status(now) == GrantStatus::Active
                && grant.covers(&action, &resource)
        };
        self.known.lock().iter().find(is_it).map(|grant| grant.id)
    }
}
