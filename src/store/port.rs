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
    /// Everything that `needs` asks for, as it is at `now`, of one revision.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn view(&self, needs: &Needs, now: Timestamp) -> Result<View, StoreError>;

    /// Views about which time has made something true by `now` that the journal does not say, longest due first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError>;

    /// What was done under this idempotency key of this caller. Keys are kept for a day at least.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError>;

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

/// Decides what to write; called while nobody else can write. `None` writes nothing.
pub type DecideBatch<'a> = dyn FnMut(&dyn Reads) -> Result<Option<Batch>, StoreError> + 'a;

/// A place that keeps the journal, the state and the outbox.
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

    /// Whether the journal has grown since this position. Costs microseconds when it has not.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] when the position is not in this journal; [`StoreError::Unavailable`],
    /// [`StoreError::Corrupt`].
    fn has_grown(&self, since: &Position) -> Result<bool, StoreError>;

    /// Waits at most `limit` until another process says that it has committed, and answers whether one has. A hint that may be
    /// lost, and may come for nothing: what was committed, [`Store::has_grown`] says. `None`, at once, for a store in which
    /// nobody says so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; then nothing is heard until a call succeeds, which answers `true` first.
    fn hear(&self, limit: Duration) -> Result<Option<bool>, StoreError> {
        let _ = limit;
        Ok(None)
    }

    /// What the clock of the store's server shows; `None` for a store without a clock of its own.
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
    /// [`StoreError::Early`] when the last record is later than one of the batch, uses aside, which are written with the
    /// instant of that record and say when they were;
    /// [`StoreError::KeyTaken`] when the idempotency key has been used; [`StoreError::Unavailable`] when something new has
    /// an id that is taken, as [`super::Rows::check_ids`] says; and the errors of reading. Then nothing has been written.
    fn commit(&self, batch: &Batch) -> Result<Vec<Record>, StoreError>;

    /// Waits until nobody else can write, lets `decide` read and decide, and writes the batch. It cannot conflict, so a
    /// command that is decided here always ends. `decide` must not use the store in any other way.
    ///
    /// # Errors
    /// As for [`Store::commit`], and what `decide` answers. Then nothing has been written.
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

    /// What checks need of the grants that are scheduled, active or suspended at `now`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn live(&self, now: Timestamp) -> Result<Live, StoreError>;

    /// The records that the query selects, and the head they were read under. Fewer than the limit means that there are
    /// no more up to that head.
    ///
    /// # Errors
    /// [`StoreError::Replaced`] when the query continues from a position that is not in this journal;
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn records(&self, query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError>;

    /// Checks the whole journal and that everything else is its fold; answers how many records there are.
    ///
    /// # Errors
    /// [`StoreError::Broken`] with the first record that is broken; [`StoreError::Corrupt`] with the first row that is not
    /// what the journal says; the errors of reading.
    fn verify(&self) -> Result<u64, StoreError> {
        self.verify_with(&Verification::default(), &mut ()).map(|verified| verified.records)
    }

    /// The same, in many short reads between which others write, telling meanwhile how far it is, and from where it is asked
    /// to begin. Of what comes before that, the rows that are in force are checked all the same.
    ///
    /// # Errors
    /// As for [`Store::verify`]; [`StoreError::Unavailable`] when who follows it ended it.
    fn verify_with(&self, wanted: &Verification, watch: &mut dyn Verifying) -> Result<Verified, StoreError>;

    /// The next instant at which [`Reads::due`] will answer something, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Takes up to `limit` notices that are due at `now` and not planned, oldest first, so that nobody else gets them before
    /// `until`. A notice that is not planned by then is given out again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn lease_notices(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError>;

    /// Says to whom a notice goes; none at all when it is not true any more or concerns nobody. Answers whether this call
    /// planned it: of a notice that is planned or gone, nothing is changed. Once this has returned, its deliveries are
    /// given out, and the notice is not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn plan_notice(&self, id: u64, body: &str, deliveries: &[NewDelivery], now: Timestamp) -> Result<bool, StoreError>;

    /// Takes up to `limit` waiting deliveries of this channel that are due at `now`, oldest first, so that nobody else gets
    /// them before `until`. A delivery that is not settled by then is given out again: at least once.
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

    /// Says what became of an attempt. Only a waiting delivery is changed: calling it twice, or after the lease is over, does
    /// no harm.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn settle_delivery(&self, id: DeliveryId, settled: &Settled, now: Timestamp) -> Result<(), StoreError>;

    /// This delivery, and the body of its notice.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn delivery(&self, id: DeliveryId) -> Result<Option<(Delivery, String)>, StoreError>;

    /// Deliveries, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn deliveries(&self, page: &DeliveryPage) -> Result<Vec<NumberedDelivery>, StoreError>;

    /// Has a delivery sent again that has failed, was dropped, or was sent: it waits from `now` on, and its attempts are
    /// counted anew. A waiting one is tried at once. `None` when there is none of this id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn resend_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError>;

    /// Drops a delivery that waits or has failed; one that is being sent at this moment may still arrive. One that was sent
    /// stays sent. `None` when there is none of this id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn drop_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError>;

    /// How the deliveries of each channel stand that has any, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn channel_counts(&self) -> Result<Vec<ChannelCount>, StoreError>;

    /// How many notices wait to be planned, of those that are due at `now`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn waiting_notices(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Adds these attempts to those that are kept, each to the one that it is like ([`Refused::is_like`]) where there is one.
    /// A store that keeps none does nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn add_refusals(&self, refused: &[Refused]) -> Result<(), StoreError> {
        let _ = refused;
        Ok(())
    }

    /// Refused attempts, newest first: in the order in which each was first written.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn refusals(&self, page: &RefusalPage) -> Result<Vec<NumberedRefusal>, StoreError> {
        let _ = page;
        Ok(Vec::new())
    }

    /// What is new for those who look on, of one reading: [`Store::records`] and [`Store::refusals`] together.
    ///
    /// # Errors
    /// As for these two.
    fn news(
        &self,
        query: &RecordQuery,
        page: &RefusalPage,
    ) -> Result<(Head, Vec<Record>, Vec<NumberedRefusal>), StoreError> {
        let (head, records) = self.records(query)?;
        Ok((head, records, self.refusals(page)?))
    }

    /// Removes what is kept no longer: notices with their deliveries ([`super::NOTICE_DAYS`], [`super::UNSENT_DAYS`],
    /// [`super::MAX_NOTICES`]), refused attempts ([`super::REFUSAL_DAYS`]) and idempotency keys ([`super::KEY_DAYS`]). Removes some thousands at most, and answers how
    /// many rows that were; call it again while it is not zero. Commits do the same from time to time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn forget_old(&self, now: Timestamp) -> Result<usize, StoreError>;

    /// The secret of this name, which all who use the store have in common. Where there is none yet, `fresh` is kept and is
    /// the answer. Once this has returned, every later call answers the same.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn secret(&self, name: &str, fresh: &Secret) -> Result<Secret, StoreError>;

    /// Every secret that is kept, with its name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn secrets(&self) -> Result<Vec<(String, Secret)>, StoreError>;

    /// What a process on this machine has seen last, whatever the store says now: it is kept beside the store. `None` where
    /// nothing was kept, or nothing can be kept outside the store.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn remembered(&self) -> Result<Option<Seen>, StoreError> {
        Ok(None)
    }

    /// Keeps what a process has seen: for [`Store::remembered`], and its instant in the store itself as [`Head::seen`], so that
    /// a clock that is set back while nothing runs takes no time back. Called all the time: what is less than ten seconds
    /// later than what is kept may be left for the next call. Nothing is kept that is earlier than what is there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn remember(&self, seen: &Seen) -> Result<(), StoreError>;

    /// Adds these counts, each in its place, to what the processes of this machine have counted, and answers the sums. They are
    /// kept beside the store and for figures alone. `None` where nothing can be kept outside the store.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was added.
    fn add_counts(&self, counts: &[u64]) -> Result<Option<Vec<u64>>, StoreError> {
        let _ = counts;
        Ok(None)
    }

    /// The last signed checkpoint that is kept and covers nothing after this record. A store that keeps none answers none, and
    /// then nothing is proven by checkpoints; the same goes for the four calls below.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn last_checkpoint_up_to(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        let _ = record;
        Ok(None)
    }

    /// The last signed checkpoint that is kept.
    ///
    /// # Errors
    /// As for [`Store::last_checkpoint_up_to`].
    fn last_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.last_checkpoint_up_to(Revision(u64::MAX >> 1))
    }

    /// The first signed checkpoint that is kept and covers this record.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn checkpoint_covering(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        let _ = record;
        Ok(None)
    }

    /// Keeps a checkpoint, with the roots of the parts of 256 records that it adds, by their numbers counted from zero. Where
    /// one of this size is kept, it stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: also of a store that keeps none.
    fn keep_checkpoint(&self, new: &KeptCheckpoint, tiles: &[(u64, Hash)]) -> Result<(), StoreError> {
        let _ = (new, tiles);
        let source = "this store keeps no checkpoints".into();
        Err(StoreError::Unavailable { doing: "keeping a checkpoint", source })
    }

    /// The roots of the parts of 256 records from `first` to before `end`, as far as they are kept without a gap.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn tiles(&self, first: u64, end: u64) -> Result<Vec<Hash>, StoreError> {
        let _ = (first, end);
        Ok(Vec::new())
    }

    /// The texts of the records after `after` up to `last`, as they are kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn bodies(&self, after: Revision, last: Revision) -> Result<Vec<String>, StoreError> {
        let limit = usize::try_from(last.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
        let (_, records) = self.records(&RecordQuery::after(after, limit))?;
        Ok(records.into_iter().map(|record| record.body).collect())
    }

    /// Which records may be removed now, if any: whole blocks from the beginning of the journal, none that a live or pending
    /// thing was told by. They are removed by a commit of [`crate::model::Fact::RecordsRemoved`], in its transaction, with
    /// the rows of what has no other records. A store that removes none answers `None`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn removable(&self, limits: &RemovalLimits) -> Result<Option<Removable>, StoreError> {
        let _ = limits;
        Ok(None)
    }

    /// Waits for running operations and makes further ones wait. Call it in a process that is about to fork.
    fn before_fork(&self) {}

    /// Lets operations continue. Call it in the parent after the fork; in the child it does nothing.
    fn after_fork_in_parent(&self) {}
}
