//! What every store promises.

use std::fmt::Debug;
use std::time::Duration;

use super::{
    Batch, DeliveryPage, Done, Head, KeptCheckpoint, Leased, LeasedDelivery, ListedRequest, Live, NewDelivery,
    NumberedDelivery, NumberedRefusal, Page, Position, RecordQuery, RefusalPage, Removable, RemovalLimits, Seen,
    Settled, StoreError, Verification, Verified, Verifying,
};
use crate::journal::{Hash, Record};
use crate::model::{
    ChannelCount, Delegation, DelegationId, DelegationStatus, Delivery, DeliveryId, Grant, GrantId, GrantStatus,
    Principal, Refused, RequestId, RequestStatus, Revision, Secret, Timestamp,
};
use crate::workflow::{Needs, View};

/// The reads that a command is decided from. Each sees one revision: nothing of a commit, or all of it.
///
/// ```
/// use jit_access::store::{MemoryStore, Reads};
/// use jit_access::workflow::{Needs, View};
///
/// let now = "2026-12-01T09:00:00Z".parse()?;
/// assert_eq!(MemoryStore::new().view(&Needs::default(), now)?, View::default());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Reads {
    /// Everything that `needs` describes, at `now` and at one revision.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn view(&self, needs: &Needs, now: Timestamp) -> Result<View, StoreError>;

    /// Views with an effect of time that is due at `now` and not recorded yet, longest due first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError>;

    /// What was done under this idempotency key of this caller. Keys are kept for at least a day.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError>;

    /// The records that the query selects, and the head they were read under. Fewer than the limit means that there are
    /// no more up to that head.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] when the query continues from a position that is not in this journal;
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn records(&self, query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError>;

    /// Short for [`Reads::view`]: a request and the grant it led to.
    ///
    /// # Errors
    /// As for [`Reads::view`].
    fn request(&self, id: RequestId) -> Result<View, StoreError> {
        self.view(&Needs::request(id), Timestamp::EPOCH)
    }

    /// Short for [`Reads::view`]: a grant and the request it answers.
    ///
    /// # Errors
    /// As for [`Reads::view`].
    fn grant(&self, id: GrantId) -> Result<View, StoreError> {
        self.view(&Needs::grant(id), Timestamp::EPOCH)
    }

    /// Short for [`Reads::view`]: a delegation.
    ///
    /// # Errors
    /// As for [`Reads::view`].
    fn delegation(&self, id: DelegationId) -> Result<View, StoreError> {
        self.view(&Needs::delegation(id), Timestamp::EPOCH)
    }
}

/// Decides what to write; called while nothing else can write. `None` writes nothing.
pub type DecideBatch<'a> = dyn FnMut(&dyn Reads) -> Result<Option<Batch>, StoreError> + 'a;

/// A store of the journal, the state and the outbox.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::{Batch, MemoryStore, Store};
///
/// let store = MemoryStore::new();
/// assert_eq!((store.head()?.revision, store.verify()?), (Revision(0), 0));
/// assert!(store.commit(&Batch::default())?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Store: Reads + Debug + Send + Sync {
    /// The end of the journal.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn head(&self) -> Result<Head, StoreError>;

    /// Whether the journal has grown since this position. It takes microseconds if it has not.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] when the position is not in this journal; [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    fn has_grown(&self, since: &Position) -> Result<bool, StoreError>;

    /// Waits at most `limit` for the notification of a commit by another process, and returns whether there was one. It
    /// is only a hint, which may be lost or unnecessary: use [`Store::has_grown`] to find commits. `None`, at once, for
    /// a store without notifications.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; then there are no notifications until a call succeeds, whose first answer is
    /// `true`.
    fn hear(&self, limit: Duration) -> Result<Option<bool>, StoreError> {
        let _ = limit;
        Ok(None)
    }

    /// The time of the store's server; `None` for a store without a server.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn wall(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    /// `true` only if no commit that returned before this call moved the journal on from `revision`, as far as
    /// [`Store::has_grown`] has seen it; `false` is inconclusive. Faster than [`Store::has_grown`].
    fn is_still(&self, revision: Revision) -> bool {
        let _ = revision;
        false
    }

    /// Writes the batch: events at the end of the journal, in order; the rows they change; notices; the
    /// idempotency key. Once this has returned `Ok`, all of it survives a power cut and every later read sees it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the state has changed since the revision that the batch was decided from;
    /// [`StoreError::Early`] when the last record is later than one of the batch, uses aside, which are written with
    /// the instant of that record and contain their own time;
    /// [`StoreError::KeyTaken`] when the idempotency key has been used; [`StoreError::Unavailable`] when a new object
    /// has an id that is already used: see [`super::Rows::check_ids`]; and the errors of reading. Then nothing has been
    /// written.
    fn commit(&self, batch: &Batch) -> Result<Vec<Record>, StoreError>;

    /// Waits until nothing else can write, lets `decide` read and decide, and writes the batch. It cannot conflict, so
    /// a command that is decided here always ends. `decide` must not use the store in any other way.
    ///
    /// # Errors
    /// As for [`Store::commit`], and the errors of `decide`. Then nothing has been written.
    fn commit_exclusively(&self, decide: &mut DecideBatch<'_>) -> Result<Vec<Record>, StoreError>;

    /// Requests, newest first, each with its grant. All rows are of one revision.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn requests(&self, page: &Page<RequestStatus>) -> Result<Vec<(Revision, ListedRequest)>, StoreError>;

    /// Grants, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn grants(&self, page: &Page<GrantStatus>) -> Result<Vec<(Revision, Grant)>, StoreError>;

    /// Delegations, newest first. They belong to their delegator and their delegate.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn delegations(&self, page: &Page<DelegationStatus>) -> Result<Vec<(Revision, Delegation)>, StoreError>;

    /// The grants that are scheduled, active or suspended at `now`, with the data that checks need.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn live(&self, now: Timestamp) -> Result<Live, StoreError>;

    /// Checks the whole journal, and that everything else is its fold; returns the number of records.
    ///
    /// # Errors
    /// [`StoreError::Broken`] with the first record that is broken; [`StoreError::Corrupt`] with the first row that
    /// differs from the journal; the errors of reading.
    fn verify(&self) -> Result<u64, StoreError> {
        self.verify_with(&Verification::default(), &mut ()).map(|verified| verified.records)
    }

    /// The same, from the position in the argument on, in many short reads between which others can write, with reports
    /// of its progress. Rows in force are checked even if they come from earlier records.
    ///
    /// # Errors
    /// As for [`Store::verify`]; [`StoreError::Unavailable`] when the receiver of the progress ended it.
    fn verify_with(&self, wanted: &Verification, watch: &mut dyn Verifying) -> Result<Verified, StoreError>;

    /// The next instant at which [`Reads::due`] will return something, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Leases up to `limit` notices that are due at `now` and not planned, oldest first, until `until`. A notice that
    /// is not planned by then can be leased again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn lease_notices(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError>;

    /// Stores the deliveries of a notice; none if it is no longer true or has no recipients. Returns whether this call
    /// planned it: a notice that is already planned or removed does not change. Once this has returned, its deliveries
    /// can be leased, and the notice cannot.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn plan_notice(&self, id: u64, body: &str, deliveries: &[NewDelivery], now: Timestamp) -> Result<bool, StoreError>;

    /// Leases up to `limit` waiting deliveries of this channel that are due at `now`, oldest first, until `until`. A
    /// delivery that is not settled by then can be leased again, so each is sent at least once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn lease_deliveries(
        &self,
        channel: &str,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LeasedDelivery>, StoreError>;

    /// Stores the result of an attempt. Only a waiting delivery changes, so a second call, or one after the lease, has
    /// no effect.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn settle_delivery(&self, id: DeliveryId, settled: &Settled, now: Timestamp) -> Result<(), StoreError>;

    /// This delivery, with the body of its notice.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn delivery(&self, id: DeliveryId) -> Result<Option<(Delivery, String)>, StoreError>;

    /// Deliveries, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn deliveries(&self, page: &DeliveryPage) -> Result<Vec<NumberedDelivery>, StoreError>;

    /// Sends a delivery again that has failed, was dropped, or was sent: it waits from `now` on, and its attempts are
    /// counted from zero. A waiting one is tried at once. `None` if there is none with this id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn resend_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError>;

    /// Drops a delivery that waits or has failed; one that is being sent now may still arrive. A sent delivery does not
    /// change. `None` if there is none with this id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn drop_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError>;

    /// The numbers of deliveries of each channel that has any, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn channel_counts(&self) -> Result<Vec<ChannelCount>, StoreError>;

    /// How many notices are due at `now` and not planned.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn waiting_notices(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Adds these attempts to the stored ones; similar attempts ([`Refused::is_like`]) are counted in one row. A store
    /// without refused attempts does nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn add_refusals(&self, refused: &[Refused]) -> Result<(), StoreError> {
        let _ = refused;
        Ok(())
    }

    /// Refused attempts, newest first, in the order of their first writing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn refusals(&self, page: &RefusalPage) -> Result<Vec<NumberedRefusal>, StoreError> {
        let _ = page;
        Ok(Vec::new())
    }

    /// New records and refused attempts in one read: [`Reads::records`] and [`Store::refusals`] together.
    ///
    /// # Errors
    /// As for these two functions.
    fn news(
        &self,
        query: &RecordQuery,
        page: &RefusalPage,
    ) -> Result<(Head, Vec<Record>, Vec<NumberedRefusal>), StoreError> {
        let (head, records) = self.records(query)?;
        Ok((head, records, self.refusals(page)?))
    }

    /// Removes expired rows: notices with their deliveries ([`super::NOTICE_DAYS`], [`super::UNSENT_DAYS`],
    /// [`super::MAX_NOTICES`]), refused attempts ([`super::REFUSAL_DAYS`]) and idempotency keys ([`super::KEY_DAYS`]).
    /// Removes at most some thousands, and returns how many; call it again until it returns zero. Commits do the same
    /// from time to time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn forget_old(&self, now: Timestamp) -> Result<usize, StoreError>;

    /// The secret of this name, which all processes of the store share. If there is none yet, `fresh` is stored and
    /// returned. Once this has returned, every later call returns the same.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn secret(&self, name: &str, fresh: &Secret) -> Result<Secret, StoreError>;

    /// Every stored secret, with its name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn secrets(&self) -> Result<Vec<(String, Secret)>, StoreError>;

    /// The last state that a process on this machine has seen, from a file next to the store. `None` if nothing was
    /// stored there, or the store has no such file.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn remembered(&self) -> Result<Option<Seen>, StoreError> {
        Ok(None)
    }

    /// Stores what a process has seen: for [`Store::remembered`], and its instant in the store itself as
    /// [`Head::seen`], so that time does not go back if the clock is set back while no process runs. It is called
    /// often: an instant that is less than ten seconds later than the stored one can wait for the next call. An earlier
    /// state is never stored.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn remember(&self, seen: &Seen) -> Result<(), StoreError>;

    /// Adds these counts to the counts of all processes of this machine, and returns the sums. They are in a file next
    /// to the store and are only for metrics. `None` if the store has no such file.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was added.
    fn add_counts(&self, counts: &[u64]) -> Result<Option<Vec<u64>>, StoreError> {
        let _ = counts;
        Ok(None)
    }

    /// The last stored checkpoint that covers nothing after this record. A store without checkpoints returns none; this
    /// also applies to the four functions below.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn last_checkpoint_up_to(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        let _ = record;
        Ok(None)
    }

    /// The last stored checkpoint.
    ///
    /// # Errors
    /// As for [`Store::last_checkpoint_up_to`].
    fn last_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.last_checkpoint_up_to(Revision(u64::MAX >> 1))
    }

    /// The first stored checkpoint that covers this record.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn checkpoint_covering(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        let _ = record;
        Ok(None)
    }

    /// Stores a checkpoint, with the roots of the parts of 256 records that it adds, by their numbers, counted from
    /// zero. An existing checkpoint of this size does not change.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: also for a store without checkpoints.
    fn keep_checkpoint(&self, new: &KeptCheckpoint, tiles: &[(u64, Hash)]) -> Result<(), StoreError> {
        let _ = (new, tiles);
        let source = "this store has no checkpoints".into();
        Err(StoreError::Unavailable { doing: "keeping a checkpoint", source })
    }

    /// The roots of the parts of 256 records from `first` to before `end`, up to the first that is missing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn tiles(&self, first: u64, end: u64) -> Result<Vec<Hash>, StoreError> {
        let _ = (first, end);
        Ok(Vec::new())
    }

    /// The stored texts of the records after `after` up to `last`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn bodies(&self, after: Revision, last: Revision) -> Result<Vec<String>, StoreError> {
        let limit = usize::try_from(last.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
        let (_, records) = self.records(&RecordQuery::after(after, limit))?;
        Ok(records.into_iter().map(|record| record.body).collect())
    }

    /// Which records may be removed now, if any: whole blocks from the beginning of the journal, without records about
    /// anything live or pending. They are removed by a commit of [`crate::model::Fact::RecordsRemoved`], in its
    /// transaction, together with the rows that have no other records. A store that removes nothing returns `None`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn removable(&self, limits: &RemovalLimits) -> Result<Option<Removable>, StoreError> {
        let _ = limits;
        Ok(None)
    }

    /// Waits for running operations and blocks new ones. Call it before a fork.
    fn before_fork(&self) {}

    /// Lets operations continue. Call it in the parent after the fork; in the child it does nothing.
    fn after_fork_in_parent(&self) {}
}
