//! Copying a whole store into another one.

use super::verification::tell;
use super::{Batch, RecordQuery, Store, StoreError, Verifying, seal};
use crate::journal::Hash;
use crate::model::{Revision, Timestamp};

/// The result of a copy.
///
/// See [`copy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The last record, in both stores.
    pub revision: Revision,
    /// Its hash, in both stores.
    pub hash: Hash,
    /// How many signed checkpoints were copied.
    pub checkpoints: usize,
    /// How many waiting notices were moved.
    pub notices: usize,
}

const DOING: &str = "copying the store";
/// How many records are copied at a time.
const CHUNK: usize = 1_000;
/// How long a notice that is being moved is leased.
const LEASE_MILLIS: u64 = 60_000;

/// Copies a store into another one that is empty or contains an interrupted copy: the records, each with the same text
/// and hash, the rows that follow from them, the signed checkpoints, the secrets, and the waiting notices. Notices are
/// moved, so that only one of the two stores sends them. At the end the whole copy is verified.
///
/// Nothing else may use either store meanwhile. Idempotency keys, refused attempts and the results of earlier
/// deliveries are not copied. The copy has its own lineage, so a position in one store is not valid in the other.
///
/// ```
/// use jit_access::model::Timestamp;
/// use jit_access::store::{MemoryStore, copy};
///
/// let (from, to) = (MemoryStore::new(), MemoryStore::new());
/// let copied = copy(&from, &to, Timestamp::EPOCH, &mut ())?;
/// assert_eq!(copied.revision.0, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StoreError::Unavailable`] when the other store contains something else, when records were removed from this one,
/// when messages wait to be sent, when a record has a form that this version does not write, and when one of the stores
/// is written meanwhile; the errors of reading, writing and verifying. What was copied stays, and another call
/// continues from there.
pub fn copy(from: &dyn Store, to: &dyn Store, now: Timestamp, watch: &mut dyn Verifying) -> Result<Copied, StoreError> {
    let source = from.head()?;
    if source.removed.is_some() {
        return refused("old records were removed from it, and their contents cannot be restored".into());
    }
    let waiting: u64 = from.channel_counts()?.iter().map(|channel| channel.waiting).sum();
    if waiting > 0 {
        return refused(format!("{waiting} messages wait to be sent; send them or drop them first"));
    }
    let mut head = to.head()?;
    let known = from.records(&RecordQuery { before: Some(head.revision.next()), newest_first: true, ..one() })?.1;
    let is_part = match known.first() {
        Some(last) => (last.revision, last.hash) == (head.revision, head.hash),
        None => head.revision == Revision::ZERO,
    };
    if !is_part {
        return refused("the other store contains another journal; choose an empty store".into());
    }
    loop {
        let (_, records) = from.records(&RecordQuery::after(head.revision, CHUNK))?;
        let events: Vec<_> = records.iter().map(|record| record.event.clone()).collect();
        let mut after = head;
        for (record, event) in records.iter().zip(&events) {
            if seal(event, &mut after)?.hash != record.hash {
                return refused(format!("record {} has a form that this version does not write", record.revision));
            }
        }
        to.commit(&Batch { events, ..Batch::default() })?;
        head = to.head()?;
        if (head.revision, head.hash) != (after.revision, after.hash) {
            return refused("something else writes to the other store".into());
        }
        tell(watch, head.revision, source.revision)?;
        if records.len() < CHUNK {
            break;
        }
    }
    for (name, kept) in from.secrets()? {
        to.secret(&name, &kept)?;
    }
    let checkpoints = checkpoints(from, to)?;
    let notices = notices(from, to, now)?;
    let verified = to.verify_with(&super::Verification::default(), watch)?.head;
    let there = from.head()?;
    if (there.revision, there.hash) != (verified.revision, verified.hash) {
        return refused("something wrote to it meanwhile; copy again".into());
    }
    Ok(Copied { revision: there.revision, hash: there.hash, checkpoints, notices })
}

fn one() -> RecordQuery {
    RecordQuery::after(Revision::ZERO, 1)
}

fn refused<T>(why: String) -> Result<T, StoreError> {
    Err(StoreError::Unavailable { doing: DOING, source: why.into() })
}

fn checkpoints(from: &dyn Store, to: &dyn Store) -> Result<usize, StoreError> {
    const TILE: u64 = 256;
    let (mut count, mut next, mut first) = (0, Revision(1), 0);
    while let Some(kept) = from.checkpoint_covering(next)? {
        let end = kept.size.0 / TILE;
        let tiles: Vec<_> = (first..end).zip(from.tiles(first, end)?).collect();
        to.keep_checkpoint(&kept, &tiles)?;
        (count, next, first) = (count + 1, kept.size.next(), end);
    }
    Ok(count)
}

/// Moves the notices that are not planned, also those that are due later. If this is interrupted, a notice can be moved
/// twice and is then sent twice.
fn notices(from: &dyn Store, to: &dyn Store, now: Timestamp) -> Result<usize, StoreError> {
    let until = Timestamp::at_most(now.millis().unsigned_abs().saturating_add(LEASE_MILLIS));
    let mut count = 0;
    loop {
        let leased = from.lease_notices(Timestamp::MAX, until, CHUNK)?;
        if leased.is_empty() {
            return Ok(count);
        }
        count += leased.len();
        let outbox = leased.iter().map(|one| one.message.clone()).collect();
        to.commit(&Batch { outbox, ..Batch::default() })?;
        for one in leased {
            from.plan_notice(one.id, &one.message.body, &[], now)?;
        }
    }
}
