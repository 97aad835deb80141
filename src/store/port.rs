//! What every store promises.

use std::fmt::Debug;

use super::{Batch, Delivery, Done, Head, Leased, Live, Page, StoreError};
use crate::journal::Record;
use crate::model::{
    AccessRequest, Delegation, DelegationId, DelegationStatus, Grant, GrantId, GrantStatus, Principal, RequestId,
    RequestStatus, Revision, Standing, Timestamp,
};
use crate::workflow::{Tally, View};

/// A place that keeps the journal, the state and the outbox.
///
/// Every read sees one revision: nothing of a commit, or all of it.
///
/// ```
/// use jit_access::model::{Actor, Event, Fact, GrantId, Revision};
/// use jit_access::store::{Batch, MemoryStore, Store};
///
/// let store = MemoryStore::new();
/// assert_eq!((store.head()?.revision, store.verify()?), (Revision(0), 0));
/// assert!(store.commit(&Batch::default())?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Store: Debug + Send + Sync {
    /// The end of the journal.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn head(&self) -> Result<Head, StoreError>;

    /// Whether the journal may have grown since the revision given. May say yes wrongly, never no. Costs microseconds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn may_have_grown(&self, since: Revision) -> Result<bool, StoreError>;

    /// Whether the journal ends at this revision still, as far as can be seen in less time than [`Store::may_have_grown`]
    /// takes. A yes speaks for every commit to the place that was asked last which has returned before the call; a no
    /// proves nothing.
    fn is_still(&self, revision: Revision) -> bool {
        let _ = revision;
        false
    }

    /// Writes the batch: events at the end of the journal, in order; the rows they change; outbox messages; the
    /// idempotency key. Once this has returned `Ok`, all of it survives a power cut and every later read sees it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the state has changed since the revision that the batch was decided from;
    /// [`StoreError::KeyTaken`] when the idempotency key has been used; and the errors of reading. Then nothing has been
    /// written.
    fn commit(&self, batch: &Batch) -> Result<Vec<Record>, StoreError>;

    /// The request and the grant it led to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn request(&self, id: RequestId) -> Result<View, StoreError>;

    /// The grant and the request it answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn grant(&self, id: GrantId) -> Result<View, StoreError>;

    /// Requests, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn requests(&self, page: &Page<RequestStatus>) -> Result<Vec<(Revision, AccessRequest)>, StoreError>;

    /// Grants, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn grants(&self, page: &Page<GrantStatus>) -> Result<Vec<(Revision, Grant)>, StoreError>;

    /// The delegation.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn delegation(&self, id: DelegationId) -> Result<View, StoreError>;

    /// Delegations, newest first. Whose they are is who lends and who reviews; roles show none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn delegations(&self, page: &Page<DelegationStatus>) -> Result<Vec<(Revision, Delegation)>, StoreError>;

    /// The grants that are scheduled, active or held back at `now`, and the revision this is true of.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn live_grants(&self, now: Timestamp) -> Result<(Revision, Vec<Grant>), StoreError>;

    /// What of these checks need: the plain ones that are not held back with no more than a [`Holding`], and the others
    /// whole.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn live(&self, now: Timestamp) -> Result<Live, StoreError> {
        let (revision, grants) = self.live_grants(now)?;
        Ok(Live::of(revision, grants))
    }

    /// The grants that are scheduled, active or held back at `now` and that this principal holds, or an agent for them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn live_of(&self, who: &Principal, now: Timestamp) -> Result<Vec<Grant>, StoreError>;

    /// What the host said last of this principal.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn standing(&self, who: &Principal) -> Result<Option<Standing>, StoreError>;

    /// Every extension there ever was of the chain that begins with this grant, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn extensions(&self, first: GrantId) -> Result<Vec<Grant>, StoreError>;

    /// How much this principal holds and asks for at `now`, and when they made the `nth` newest of their requests; nobody
    /// has made a 0th.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn tally(&self, who: &Principal, now: Timestamp, nth: u64) -> Result<Tally, StoreError>;

    /// The grants that nobody approved and nobody has reviewed yet, newest first. They are few: each keeps its holder from
    /// the next one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn unreviewed(&self) -> Result<Vec<Grant>, StoreError>;

    /// Records after a revision, oldest first, and the revision of the head they were read under.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn journal(&self, after: Revision, limit: usize) -> Result<(Revision, Vec<Record>), StoreError>;

    /// Only those records after a revision that change state (uses do not), oldest first, with the revision of the head
    /// they were read under. Fewer than `limit` means that there are no more up to that head.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn changes(&self, after: Revision, limit: usize) -> Result<(Revision, Vec<Record>), StoreError>;

    /// Checks the whole journal and that the state rows are its fold; answers how many records there are.
    ///
    /// # Errors
    /// [`StoreError::Broken`] with the first record that is broken; [`StoreError::Corrupt`] with the first row that is not
    /// what the journal says; the errors of reading.
    fn verify(&self) -> Result<u64, StoreError>;

    /// Views about which time has made something true by `now` that the journal does not say.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError>;

    /// The next instant at which [`Store::due`] will answer something, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// What was done under this idempotency key of this caller. Keys are kept for a day at least.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError>;

    /// Takes up to `limit` outbox messages that are due at `now`, oldest first, so that nobody else gets them before
    /// `until`. A message whose taker says nothing by then is given out again: delivery is at least once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn lease_outbox(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError>;

    /// Says what became of a leased message. Telling twice, or after the lease is over, does no harm.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    fn settle_outbox(&self, id: u64, delivery: Delivery) -> Result<(), StoreError>;
}
