//! Which old records may be removed, and what has to be told again then.
//!
//! Records are removed from the beginning of the journal only, some tens of thousands at a time, by a commit of the fact
//! that they are: the store removes them in the same transaction. They end with a block of records, so that every set of
//! topics and every kept root is of records that are all there, or of records that are all gone. Nothing is removed that a
//! live or pending thing was told by. What the host says of people is in force until it says something else: where the
//! record of that goes, it is told again first.

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
    /// The journal may have so many records; more are too many.
    pub keep: u64,
    /// No record from this instant on is removed.
    pub floor: Timestamp,
    /// No record after this one is removed: what a signed checkpoint covers.
    pub covered: Revision,
    /// The instant that it is judged at.
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

/// What may be removed now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removable {
    /// The revision at which it was judged.
    pub decided_from: Revision,
    /// The last record that may be removed.
    pub last: Revision,
    /// Its hash.
    pub hash: Hash,
    /// Its instant.
    pub until: Timestamp,
    /// See [`Removal::complete_from`].
    pub complete_from: Timestamp,
    /// What is in force of people and was said by a record that goes.
    pub standing: Vec<(Principal, Standing)>,
}

/// The removal that this batch brings.
pub(super) fn removal_in(events: &[Event]) -> Option<&Removal> {
    events.iter().find_map(|event| match &event.fact {
        Fact::RecordsRemoved(removal) => Some(&**removal),
        _ => None,
    })
}

/// Checks that a removal is of what is there, in a journal with this head before it.
///
/// # Errors
/// [`StoreError::Conflict`] when something was removed meanwhile, or is needed; [`StoreError::Corrupt`] when its hash is another one.
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
