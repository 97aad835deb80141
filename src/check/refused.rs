//! Refused attempts that are not written yet.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::lock::Mutex;
use crate::model::{Action, Principal, RawQuery, Reason, Refused, Resource, Timestamp};

/// How many different ones wait at most. Further ones are only counted.
const MOST: usize = 1_000;
/// How many different calls of one principal have their own row in an hour. Further calls are counted in one row.
const CALLS: usize = 32;

/// The name of a check in `Refused::attempt`.
pub(crate) const CHECK: &str = "check";

type Call = (Action, Resource);
/// The calls of each principal in an hour.
type Listed = (Option<Timestamp>, BTreeMap<Principal, BTreeSet<Call>>);
type Key = (Principal, Option<Principal>, String, String, Timestamp, Option<Call>);

/// Refused attempts that are not written yet. Similar attempts are one entry.
#[derive(Debug, Default)]
pub(crate) struct RefusedAttempts {
    waiting: Mutex<BTreeMap<Key, Refused>>,
    /// The calls of this hour that have their own row.
    listed: Mutex<Listed>,
    unlisted: AtomicU64,
    /// How many calls a guardrail denied, and how many were refused otherwise, since the start.
    denied: AtomicU64,
    refused: AtomicU64,
}

fn key(one: &Refused) -> Key {
    let call = one.call.clone();
    (one.principal.clone(), one.acts_for.clone(), one.attempt.clone(), one.code.clone(), one.hour(), call)
}

impl RefusedAttempts {
    /// Keeps an attempt until it is written.
    pub(crate) fn add(&self, mut one: Refused) {
        if !self.lists(&one) {
            one.call = None;
        }
        let mut waiting = self.waiting.lock();
        let is_full = waiting.len() >= MOST;
        match waiting.entry(key(&one)) {
            Entry::Occupied(mut like) => like.get_mut().add(&one),
            Entry::Vacant(_) if is_full => drop(self.unlisted.fetch_add(one.count, Ordering::Relaxed)),
            Entry::Vacant(place) => drop(place.insert(one)),
        }
    }

    /// Whether this call gets its own row: of the different calls of a principal, only the first ones of each hour do.
    fn lists(&self, one: &Refused) -> bool {
        let Some(call) = &one.call else { return true };
        let mut listed = self.listed.lock();
        if listed.0 != Some(one.hour()) {
            *listed = (Some(one.hour()), BTreeMap::new());
        }
        let is_full = listed.1.len() >= MOST;
        match listed.1.get_mut(&one.principal) {
            Some(calls) => calls.contains(call) || (calls.len() < CALLS && calls.insert(call.clone())),
            None if is_full => false,
            None => listed.1.insert(one.principal.clone(), BTreeSet::from([call.clone()])).is_none(),
        }
    }

    /// A check that a grant covers but does not allow. A failure of the library itself is not an attempt.
    #[cold]
    pub(super) fn add_check(&self, query: &RawQuery<'_>, reason: Reason, at: Timestamp) {
        if matches!(reason, Reason::Stale | Reason::StoreReplaced | Reason::StoreBroken | Reason::Unrecordable) {
            return;
        }
        let (principal, action, resource) = query.to_values();
        self.add_call(Refused::new((principal, None), CHECK, reason.name(), at).call(action, resource));
    }

    /// A call that was refused.
    pub(crate) fn add_call(&self, one: Refused) {
        let is_denied = [Reason::Guardrail.name(), Reason::GuardrailError.name()].contains(&one.code.as_str());
        let counter = if is_denied { &self.denied } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
        self.add(one);
    }

    /// How many calls a guardrail denied, and how many were refused otherwise, since the start.
    pub(crate) fn calls(&self) -> (u64, u64) {
        (self.denied.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }

    /// Calls `write` with the waiting attempts; after an error they still wait. Returns how many attempts are in none
    /// of them, because too many different ones waited.
    pub(crate) fn flush<E>(&self, write: impl FnOnce(&[Refused]) -> Result<(), E>) -> Result<u64, E> {
        let taken: Vec<Refused> = std::mem::take(&mut *self.waiting.lock()).into_values().collect();
        if !taken.is_empty()
            && let Err(error) = write(&taken)
        {
            taken.into_iter().for_each(|one| self.add(one));
            return Err(error);
        }
        Ok(self.unlisted.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, code: &str, millis: i64) -> Refused {
        let who = Principal::user(name).unwrap();
        Refused::new((who, None), "approve", code, Timestamp::from_millis(millis).unwrap()).about("request", code)
    }

    #[test]
    fn those_that_are_alike_wait_as_one_and_are_not_lost_when_they_cannot_be_written() {
        let attempts = RefusedAttempts::default();
        [
            ("dev", "a", 1),
            ("dev", "a", 3),
            ("dev", "a", 2),
            ("dev", "b", 3_599_999),
            ("dev", "a", 3_600_000),
            ("eve", "a", 1),
        ]
        .into_iter()
        .for_each(|(name, code, at)| attempts.add(refused(name, code, at)));
        assert_eq!(attempts.flush(|_| Err("the disk is full")), Err("the disk is full"));
        attempts.add(refused("dev", "a", 4));
        let mut written = Vec::new();
        let listed = attempts.flush(|all| {
            written = all.to_vec();
            Ok::<_, ()>(())
        });
        assert_eq!(listed, Ok(0));
        let found: Vec<_> = written
            .iter()
            .map(|one| (one.principal.id(), one.code.as_str(), one.count, one.first_at.millis(), one.last_at.millis()))
            .collect();
        assert_eq!(
            found,
            [
                ("dev", "a", 4, 1, 4),
                ("dev", "a", 1, 3_600_000, 3_600_000),
                ("dev", "b", 1, 3_599_999, 3_599_999),
                ("eve", "a", 1, 1, 1),
            ]
        );
        assert_eq!(attempts.flush(|_| Err("nothing waits, so nothing is written")), Ok(0));
    }

    #[test]
    fn very_many_different_ones_take_no_more_room_and_are_counted() {
        let attempts = RefusedAttempts::default();
        (0..MOST + 10).for_each(|nth| attempts.add(refused(&format!("dev{nth}"), "a", 1)));
        attempts.add(refused("dev0", "a", 2));
        let mut written = 0;
        let unlisted = attempts.flush(|all| {
            written = all.len();
            Ok::<_, ()>(())
        });
        assert_eq!((written, unlisted), (MOST, Ok(10)));
    }
}
