//! A cache of principals' live grants, each with its policy.
//!
//! Few principals hold a grant, so a principal's grants are read at the first question about them and again after a
//! change. The grant index decides whether a grant is honoured; this cache may be one change older than the index.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::policy_errors::internal;
use crate::error::Error;
use crate::index::Change;
use crate::lock::Mutex;
use crate::model::{Grant, GrantId, Principal, Revision, Timestamp};
use crate::policy::{self, BESIDE, Beside};
use crate::projection::{News, Projection};
use crate::store::{Live, Store};
use crate::workflow::{Needs, Whose};

/// How many principals are cached. When there are more, the cache is cleared.
const KEPT: usize = 65_536;

/// A live grant and its policy.
#[derive(Debug, Clone)]
pub(super) struct CachedGrant {
    pub(super) grant: Grant,
    pub(super) policy: Beside,
}

/// The grants of the principals with recent questions.
#[derive(Debug)]
pub(super) struct GrantCache {
    store: Arc<dyn Store>,
    kept: Mutex<Kept>,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Kept {
    by_holder: HashMap<Principal, Arc<[CachedGrant]>>,
    holders: HashMap<GrantId, Principal>,
    /// Rises with every change: a result that was read before a change is not cached.
    changes: u64,
}

impl GrantCache {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, kept: Mutex::default(), next: AtomicU64::new(BESIDE) }
    }

    /// A number that no other policy has.
    pub(super) fn next_number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Removes the grants of this principal from the cache.
    pub(super) fn forget(&self, principal: &Principal) {
        self.kept.lock().forget_holder(principal);
    }

    /// The live grants of this principal.
    pub(super) fn of(&self, principal: &Principal, now: Timestamp) -> Result<Arc<[CachedGrant]>, Error> {
        let changes = {
            let kept = self.kept.lock();
            if let Some(held) = kept.by_holder.get(principal) {
                return Ok(Arc::clone(held));
            }
            kept.changes
        };
        let needs = Needs { live: Some(Whose::Of(principal.clone())), ..Needs::default() };
        let live = self.store.view(&needs, now)?.history.live;
        let mut held = Vec::new();
        for grant in live.into_iter().filter(|grant| grant.holder == *principal) {
            let Some(policy) = policy::translate(&grant).map_err(|error| internal(&error))? else { continue };
            let number = self.next_number();
            held.push(CachedGrant { grant, policy: Beside { number, policy } });
        }
        let held: Arc<[CachedGrant]> = held.into();
        let mut kept = self.kept.lock();
        if kept.changes == changes {
            if kept.by_holder.len() >= KEPT {
                kept.forget_all();
            }
            kept.holders.extend(held.iter().map(|one| (one.grant.id, principal.clone())));
            kept.by_holder.insert(principal.clone(), Arc::clone(&held));
        }
        Ok(held)
    }
}

impl Kept {
    fn forget_holder(&mut self, principal: &Principal) {
        self.changes += 1;
        self.by_holder.remove(principal);
    }

    fn forget_all(&mut self) {
        self.by_holder.clear();
        self.holders.clear();
    }

    fn forget(&mut self, grant: GrantId) {
        if let Some(holder) = self.holders.remove(&grant) {
            self.by_holder.remove(&holder);
        }
    }
}

impl Projection for GrantCache {
    fn load(&self, _: &Live, _: Revision) {
        let mut kept = self.kept.lock();
        kept.changes += 1;
        kept.forget_all();
    }

    fn apply(&self, news: &News<'_>) {
        let mut kept = self.kept.lock();
        for change in news.changes() {
            kept.changes += 1;
            match change {
                Change::Add(grant) => drop(kept.by_holder.remove(&grant.holder)),
                Change::Remove(grant) => kept.forget(grant),
            }
        }
    }

    fn withhold(&self, grants: &[GrantId]) {
        let mut kept = self.kept.lock();
        kept.changes += 1;
        grants.iter().for_each(|grant| kept.forget(*grant));
    }
}
