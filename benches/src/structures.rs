//! The structures that the index was chosen among, each as cheap as it can be: the same compiled entry, a reader each.

use std::collections::HashSet;
use std::sync::Arc;

use arc_swap::ArcSwap;
use dashmap::DashMap;
use foldhash::fast::RandomState;
use jit_access::model::{Grant, GrantId, PermissionSet, Query, Scope, Timestamp, Window};
use parking_lot::RwLock;

/// What each of them keeps of a grant.
#[derive(Debug, Clone)]
pub struct Entry {
    id: GrantId,
    window: Window,
    permissions: PermissionSet,
    scope: Scope,
}

/// A map from the name of a principal.
pub type Map<V> = hashbrown::HashMap<Box<str>, V, RandomState>;

fn compiled(grants: &[Grant]) -> Map<Box<[Entry]>> {
    let mut lists: Map<Vec<Entry>> = Map::default();
    for grant in grants {
        let Grant { id, window, permissions, scope, .. } = grant.clone();
        lists.entry(grant.holder.id().into()).or_default().push(Entry { id, window, permissions, scope });
    }
    lists.into_iter().map(|(name, list)| (name, list.into())).collect()
}

fn decide(entries: &[Entry], query: &Query<'_>, now: Timestamp) -> Option<GrantId> {
    let covers = |entry: &&Entry| {
        entry.window.contains(now) && entry.scope.covers(query.resource) && entry.permissions.covers(query.action)
    };
    entries.iter().filter(covers).max_by_key(|entry| entry.window.end()).map(|entry| entry.id)
}

/// The floor: one look into a map, which answers nothing.
#[derive(Debug)]
pub struct Floor(Map<u64>);

impl Floor {
    /// A map with a number for each holder.
    pub fn new(grants: &[Grant]) -> Self {
        Self((0..).zip(grants).map(|(n, grant)| (grant.holder.id().into(), n)).collect())
    }

    /// One look.
    #[inline]
    pub fn get(&self, query: &Query<'_>) -> Option<u64> {
        self.0.get(query.principal.id()).copied()
    }
}

/// The simple lock.
#[derive(Debug)]
pub struct Locked(RwLock<Map<Box<[Entry]>>>);

impl Locked {
    /// The grants behind a lock.
    pub fn new(grants: &[Grant]) -> Self {
        Self(RwLock::new(compiled(grants)))
    }

    /// Which grant gives it.
    #[inline]
    pub fn decide(&self, query: &Query<'_>, now: Timestamp) -> Option<GrantId> {
        self.0.read().get(query.principal.id()).and_then(|entries| decide(entries, query, now))
    }

    /// Removes a principal and puts it back.
    pub fn change(&self, name: &str) {
        let mut map = self.0.write();
        if let Some(list) = map.remove(name) {
            map.insert(name.into(), list);
        }
    }
}

/// An immutable snapshot, swapped whole.
#[derive(Debug)]
pub struct Swapped(ArcSwap<Map<Box<[Entry]>>>);

impl Swapped {
    /// The grants in a snapshot.
    pub fn new(grants: &[Grant]) -> Self {
        Self(ArcSwap::from_pointee(compiled(grants)))
    }

    /// Which grant gives it.
    #[inline]
    pub fn decide(&self, query: &Query<'_>, now: Timestamp) -> Option<GrantId> {
        self.0.load().get(query.principal.id()).and_then(|entries| decide(entries, query, now))
    }

    /// Publishes a copy without this principal: what every change costs.
    pub fn change(&self, name: &str) {
        let mut map = (**self.0.load()).clone();
        map.remove(name);
        self.0.store(Arc::new(map));
    }
}

/// A concurrent map of locked shards.
#[derive(Debug)]
pub struct Sharded(DashMap<Box<str>, Box<[Entry]>, RandomState>);

impl Sharded {
    /// The grants in shards.
    pub fn new(grants: &[Grant]) -> Self {
        Self(compiled(grants).into_iter().collect())
    }

    /// Which grant gives it.
    #[inline]
    pub fn decide(&self, query: &Query<'_>, now: Timestamp) -> Option<GrantId> {
        self.0.get(query.principal.id()).and_then(|entries| decide(&entries, query, now))
    }

    /// Removes a principal and puts it back.
    pub fn change(&self, name: &str) {
        if let Some((name, list)) = self.0.remove(name) {
            self.0.insert(name, list);
        }
    }
}

/// How many principals hold something.
pub fn holders(grants: &[Grant]) -> usize {
    grants.iter().map(|grant| grant.holder.id()).collect::<HashSet<_>>().len()
}
