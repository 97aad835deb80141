//! A whole store, copied into another one.

use super::verification::tell;
use super::{Batch, RecordQuery, Store, StoreError, Verifying, seal};
use crate::journal::Hash;
use crate::model::{Revision, Timestamp};

/// What a copy holds.
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
    /// How many notices that wait to be told were moved.
    pub notices: usize,
}

const DOING: &str = "copying the store";
/// How many records are copied at a time.
const CHUNK: usize = 1_000;
/// How long a notice that is being moved is given to nobody else.
const LEASE_MILLIS: u64 = 60_000;

/// Copies everything of one store into another one, which is empty or holds a copy that was interrupted: the journal record by
/// record, each with the same text and hash, the rows that follow from it, the signed checkpoints, the secrets, and the notices
/// that wait to be told. Notices are moved, so that only one of the two stores tells them. In the end the copy is verified whole.
///
/// Nobody may use either store meanwhile. Idempotency keys, refused attempts and what became of earlier messages are not copied;
/// the copy has a lineage of its own, so what was seen of one store is not taken for the other.
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
/// [`StoreError::Unavailable`] when the other store holds something else, when records were removed from this one, when messages
/// wait to be sent, when a record was written in a form that this version does not write, and when one of the stores moves
/// meanwhile; the errors of reading, writing and verifying. What was copied by then stays, and another call goes on from it.
pub fn copy(from: &dyn Store, to: &dyn Store, now: Timestamp, watch: &mut dyn Verifying) -> Result<Copied, StoreError> {
    let source = from.head()?;
    if source.removed.is_some() {
        return refused("old records were removed from it, and what they told cannot be told again".into());
    }
    let waiting: u64 = from.channel_counts()?.iter().map(|channel| channel.waiting).sum();
    if waiting > 0 {
        return refused(format!("{waiting} messages wait to be sent; let them be sent, or drop them"));
    }
    let mut head = to.head()?;
    let known = from.records(&RecordQuery { before: Some(head.revision.next()), newest_first: true, ..one() })?.1;
    let is_part = match known.first() {
        Some(last) => (last.revision, last.hash) == (head.revision, head.hash),
        None => head.revision == Revision::ZERO,
    };
    if !is_part {
        return refused("the other store holds another journal; name one that is empty".into());
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
            return refused("somebody else writes the other store".into());
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
        return refused("somebody wrote to it meanwhile; copy again".into());
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

/// Moves the notices that nobody has planned, also those that are due later. One that is moved twice, because this was
/// interrupted, is told twice.
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
