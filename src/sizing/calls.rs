//! Allowed and refused calls.

use std::collections::BTreeMap;

use crate::model::{Action, Refused, Resource, Timestamp};

/// Calls that are alike: one permission on one resource, with one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// The action.
    pub action: Action,
    /// On what.
    pub resource: Resource,
    /// Why it was refused: the reason of the check. `None` for allowed calls.
    pub code: Option<String>,
    /// How often.
    pub count: u64,
    /// When first.
    pub first: Timestamp,
    /// The instant of the last one.
    pub last: Timestamp,
}

type Key = (Action, Resource, Option<String>);

/// Calls, those that are alike as one.
///
/// ```
/// use jit_access::internal::sizing::Calls;
///
/// let mut calls = Calls::default();
/// let at = "2026-12-01T09:00:00Z".parse()?;
/// calls.passed(&"tools.run".parse()?, &"tool:deploy".parse()?, at);
/// calls.passed(&"tools.run".parse()?, &"tool:deploy".parse()?, at);
/// assert_eq!((calls.all().count(), calls.total(), calls.unlisted()), (1, 2, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Calls {
    kinds: BTreeMap<Key, Called>,
    total: u64,
    unlisted: u64,
}

impl Calls {
    /// How many different calls are listed one by one.
    pub const KINDS: usize = 2_000;

    /// A call that passed.
    pub fn passed(&mut self, action: &Action, resource: &Resource, at: Timestamp) {
        let (action, resource) = (action.clone(), resource.clone());
        self.add(Called { action, resource, code: None, count: 1, first: at, last: at });
    }

    /// Adds refused calls. Attempts at a command are not calls.
    pub fn refused(&mut self, refused: &Refused) {
        let Refused { call, count, first_at, last_at, .. } = refused;
        match call.clone() {
            Some((action, resource)) => {
                let (code, count) = (Some(refused.code.clone()), *count);
                self.add(Called { action, resource, code, count, first: *first_at, last: *last_at });
            }
            // There were so many different ones that these were only counted.
            None => {
                self.total += count;
                self.unlisted += count;
            }
        }
    }

    fn add(&mut self, one: Called) {
        self.total += one.count;
        let key = (one.action.clone(), one.resource.clone(), one.code.clone());
        if let Some(known) = self.kinds.get_mut(&key) {
            known.count += one.count;
            known.first = known.first.min(one.first);
            known.last = known.last.max(one.last);
        } else if self.kinds.len() < Self::KINDS {
            self.kinds.insert(key, one);
        } else {
            self.unlisted += one.count;
        }
    }

    /// The listed calls, by permission and resource.
    pub fn all(&self) -> impl Iterator<Item = &Called> {
        self.kinds.values()
    }

    /// How many there were.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// How many calls are counted and not listed, because there were too many different ones.
    #[must_use]
    pub const fn unlisted(&self) -> u64 {
        self.unlisted
    }
}
