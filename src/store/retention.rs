//! Which old records may be removed, and which facts must be recorded again first.
//!
//! Records are removed only from the beginning of the journal, some tens of thousands at a time. The removal is itself
//! a fact, and the store removes the records in the transaction that commits it. Only whole blocks are removed, so
//! every set of topics and every stored root is about records that are all present, or all removed. Records about
//! anything live or pending stay. A reported standing is in force until the next report: before its record is removed,
//! it is recorded again.

use super::topics::BLOCK;
use super::{Head, StoreError};
use crate::journal::Hash;
use crate::model::{Event, Fact, Principal, Removal, Revision, Standing, Timestamp};

/// How many records are removed at most in one transaction.
const STEP: u64 = 8 * BLOCK;

/// Which records may be removed at most.
///
/// ```
/// use jit_access::store::{MemoryStore, RemovalLimits, Store};
///
/// assert!(MemoryStore::new().removable(&RemovalLimits::default())?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovalLimits {
    /// Records before this instant are too old.
    pub before: Timestamp,
    /// The greatest number of records in the journal.
    pub keep: u64,
    /// Records from this instant on stay.
    pub floor: Timestamp,
    /// Records after this one stay: it is the last one that a signed checkpoint covers.
    pub covered: Revision,
    /// The current instant.
    pub now: Timestamp,
}

impl Default for RemovalLimits {
    fn default() -> Self {
        let epoch = Timestamp::EPOCH;
        Self { before: epoch, keep: u64::MAX, floor: epoch, covered: Revision::ZERO, now: epoch }
    }
}

impl RemovalLimits {
    /// The last record that may be removed now. `old` and `floor` are the last records before these instants, `needed` is the
    /// first record that is needed.
    pub(super) fn last(
        &self,
        head: &Head,
        old: Revision,
        floor: Revision,
        needed: Option<Revision>,
    ) -> Option<Revision> {
        let too_many = head.revision.0.saturating_sub(self.keep);
        let most = old.0.max(too_many).min(floor.0).min(self.covered.0).min(head.revision.0.saturating_sub(1));
        let most = needed.map_or(most, |needed| most.min(needed.0.saturating_sub(1)));
        let removed = head.removed_up_to().0;
        let last = most.min(removed + STEP) / BLOCK * BLOCK;
        (last > removed).then_some(Revision(last))
    }
}

/// The records that may be removed now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removable {
    /// The revision at which this was determined.
    pub decided_from: Revision,
    /// The last record that may be removed.
    pub last: Revision,
    /// Its hash.
    pub hash: Hash,
    /// Its instant.
    pub until: Timestamp,
    /// See [`Removal::complete_from`].
    pub complete_from: Timestamp,
    /// The standings in force whose record is removed.
    pub standing: Vec<(Principal, Standing)>,
}

/// The removal in this batch.
pub(super) fn removal_in(events: &[Event]) -> Option<&Removal> {
    events.iter().find_map(|event| match &event.fact {
        Fact::RecordsRemoved(removal) => Some(&**removal),
        _ => None,
    })
}

/// Checks a removal against the journal with this head before it.
///
/// # Errors
/// [`StoreError::Conflict`] when records were removed meanwhile, or are needed; [`StoreError::Corrupt`] when its hash
/// differs.
pub(super) fn check_removal(
    removal: &Removal,
    before: &Head,
    needed: Option<Revision>,
    hash: Option<Hash>,
) -> Result<(), StoreError> {
    let is_next = removal.last > before.removed_up_to() && removal.last.0.is_multiple_of(BLOCK);
    if !is_next || removal.last >= before.revision || needed.is_some_and(|needed| needed <= removal.last) {
        return Err(StoreError::Conflict);
    }
    if hash.is_none_or(|hash| !hash.is(&removal.hash)) {
        let last = removal.last;
        return Err(StoreError::Corrupt(format!("record {last} has not the hash with which it is to be removed")));
    }
    Ok(())
}
