//! The same answers from a plain scan behind a simple lock: what the index is compared with, in tests and in benches.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::Change;
use crate::model::{
    Decision, Grant, GrantId, PermissionSet, Principal, Query, Reason, Revision, Scope, Timestamp, Window,
};

/// The live grants of every principal, as of one revision.
///
/// ```
/// use jit_access::internal::index::naive::NaiveIndex;
///
/// assert!(NaiveIndex::new().is_empty());
/// ```
#[derive(Debug, Default)]
pub struct NaiveIndex {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    revision: Revision,
    holders: HashMap<Principal, Vec<Entry>>,
    held_by: HashMap<GrantId, Principal>,
}

/// What a check needs of a grant.
#[derive(Debug, Clone)]
struct Entry {
    id: GrantId,
    window: Window,
    permissions: PermissionSet,
    scope: Scope,
}

impl Entry {
    fn of(grant: &Grant) -> Self {
        Self { id: grant.id, window: grant.window, permissions: grant.permissions.clone(), scope: grant.scope.clone() }
    }
}

impl NaiveIndex {
    /// An index that knows of nothing, as of revision zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The revision that every answer is now made from, at least.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.read().revision
    }

    /// How many grants are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().held_by.len()
    }

    /// Whether no grant is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts these grants in the place of all that were held. Once this has returned, every answer is made from them.
    pub fn replace<'a>(&self, revision: Revision, grants: impl IntoIterator<Item = &'a Grant>) {
        let mut next = Inner { revision, ..Inner::default() };
        for grant in grants {
            next.add(grant);
        }
        *self.write() = next;
    }

    /// Brings the index from the revision it has to `revision`, all changes at once. Once this has returned, no check
    /// that starts is answered from before.
    pub fn publish<'a>(&self, revision: Revision, changes: impl IntoIterator<Item = Change<'a>>) {
        let mut inner = self.write();
        for change in changes {
            match change {
                Change::Add(grant) => inner.add(grant),
                Change::Remove(id) => inner.remove(id),
            }
        }
        inner.revision = inner.revision.max(revision);
    }

    /// Answers the question at `now`. When several grants give the same, the one that lasts longest decides.
    pub fn decide(&self, query: &Query<'_>, now: Timestamp) -> Decision {
        let inner = self.read();
        let Some(entries) = inner.holders.get(query.principal) else {
            return Decision::not_applicable(Reason::NoGrant, None, inner.revision);
        };
        let mut deciding: Option<&Entry> = None;
        let mut next_start: Option<Timestamp> = None;
        for entry in entries {
            if now >= entry.window.end()
                || !entry.permissions.covers(query.action)
                || !entry.scope.covers(query.resource)
            {
                continue;
            }
            if now < entry.window.start() {
                next_start = Some(next_start.map_or(entry.window.start(), |start| start.min(entry.window.start())));
            } else if deciding.is_none_or(|best| (entry.window.end(), best.id) > (best.window.end(), entry.id)) {
                deciding = Some(entry);
            }
        }
        match deciding {
            Some(entry) => Decision::allow(entry.id, entry.window.end(), inner.revision),
            None => Decision::not_applicable(Reason::NoGrant, next_start, inner.revision),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn add(&mut self, grant: &Grant) {
        if grant.ended.is_some() || grant.suspended.is_some() || grant.noted.expiry {
            return;
        }
        self.remove(grant.id);
        self.holders.entry(grant.holder.clone()).or_default().push(Entry::of(grant));
        self.held_by.insert(grant.id, grant.holder.clone());
    }

    fn remove(&mut self, id: GrantId) {
        let Some(holder) = self.held_by.remove(&id) else { return };
        if let Some(entries) = self.holders.get_mut(&holder) {
            entries.retain(|entry| entry.id != id);
            if entries.is_empty() {
                self.holders.remove(&holder);
            }
        }
    }
}
