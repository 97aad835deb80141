//! Where the journal and the state are kept: the port, and its adapters.
//!
//! A store keeps three things that change together or not at all: the journal, the state rows that are its fold, and the
//! outbox. It folds by calling [`crate::workflow::evolve`] itself, so that a row can never say anything the journal does
//! not.
//!
//! | file | question |
//! |---|---|
//! | `mod` | what every store promises |
//! | `fold` | how a batch of events changes the rows |
//! | `memory` | the store of tests and trials |
//! | `sqlite` | the store of one host: a file that several processes share |
//! | `conformance` | the suite that a store must pass to be one |

mod fold;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "test-util")]
pub mod conformance;

use std::collections::BTreeMap;
use std::fmt::Debug;

pub use fold::{Rows, Subject, fold};
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore, UnusableFile};

use crate::journal::{Broken, Hash, Record};
use crate::model::{
    AccessRequest, Delegation, DelegationId, DelegationStatus, Event, Grant, GrantId, GrantStatus, Holding, Principal,
    RequestId, RequestStatus, Revision, RoleName, Standing, Timestamp,
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

/// The end of the journal.
///
/// ```
/// use jit_access::store::{Head, MemoryStore, Store};
///
/// assert_eq!(MemoryStore::new().head()?, Head::EMPTY);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last record's position.
    pub revision: Revision,
    /// The last record that changed state.
    pub changed: Revision,
    /// The last record's hash.
    pub hash: Hash,
    /// The latest instant in the journal. Time never goes back behind it.
    pub at: Timestamp,
}

impl Head {
    /// Before the first record.
    pub const EMPTY: Self =
        Self { revision: Revision::ZERO, changed: Revision::ZERO, hash: Hash::GENESIS, at: Timestamp::EPOCH };
}

/// The grants that are live at an instant, as checks need them.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::{Live, MemoryStore, Store};
///
/// let live = MemoryStore::new().live("2026-12-01T09:00:00Z".parse()?)?;
/// assert_eq!(live, Live::of(Revision::ZERO, vec![]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// What it is true of.
    pub revision: Revision,
    /// The plain grants, without those that are held back: of these a check needs to know when they are resumed.
    pub plain: Vec<Holding>,
    /// All others.
    pub others: Vec<Grant>,
}

impl Live {
    /// These grants.
    #[must_use]
    pub fn of(revision: Revision, grants: Vec<Grant>) -> Self {
        let (plain, others): (Vec<_>, Vec<_>) = grants.into_iter().partition(Grant::is_plain);
        let plain = plain.into_iter().filter(Grant::is_effective).map(Holding::from).collect();
        Self { revision, plain, others }
    }
}

/// What is written together.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::Batch;
///
/// let batch = Batch { decided_from: Some(Revision(7)), ..Batch::default() };
/// assert!(batch.events.is_empty() && batch.outbox.is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The revision that the events were decided from. The commit conflicts when a record after it has changed state.
    /// `None` for uses, which depend on nothing and change nothing.
    pub decided_from: Option<Revision>,
    /// The facts, in order.
    pub events: Vec<Event>,
    /// Messages to deliver.
    pub outbox: Vec<Message>,
    /// The idempotency key this was done under.
    pub done: Option<(Principal, String, Done)>,
}

/// What a command did, kept under the idempotency key that came with it.
///
/// ```
/// use jit_access::journal::digest;
/// use jit_access::store::Done;
///
/// let done = Done { fingerprint: digest("approve it"), request: None, grant: None, delegation: None };
/// assert_eq!(done.fingerprint.len(), 64);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// A digest of the command: the same key with another command is an error of the caller.
    pub fingerprint: String,
    /// The request it was about, if it was about one.
    pub request: Option<RequestId>,
    /// The grant it was about, if it was about one.
    pub grant: Option<GrantId>,
    /// The delegation it was about, if it was about one.
    pub delegation: Option<DelegationId>,
}

/// A message to deliver.
///
/// ```
/// use jit_access::store::Message;
///
/// let message = Message { topic: "mail".to_owned(), body: "a request waits".to_owned() };
/// assert_eq!(message.topic, "mail");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who delivers it.
    pub topic: String,
    /// What to deliver, in the form that the topic says.
    pub body: String,
}

/// A message that is ours to deliver for a while.
///
/// ```
/// use jit_access::store::{Leased, Message};
///
/// let message = Message { topic: "mail".to_owned(), body: "a request waits".to_owned() };
/// assert_eq!(Leased { id: 7, message, attempt: 1 }.attempt, 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Which message; receivers use it to recognise a second delivery.
    pub id: u64,
    /// The message.
    pub message: Message,
    /// How often it has been given out, this time included.
    pub attempt: u32,
}

/// What became of a message.
///
/// ```
/// use jit_access::store::Delivery;
///
/// let later = Delivery::RetryAt("2026-12-01T09:00:00Z".parse()?);
/// assert_ne!(later, Delivery::Delivered);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It arrived.
    Delivered,
    /// It did not; try again at this instant.
    RetryAt(Timestamp),
    /// It never will; it stays visible for a person.
    Undeliverable,
}

/// Which rows, and how many.
///
/// ```
/// use jit_access::model::RequestStatus;
/// use jit_access::store::{MemoryStore, Page, Store, Visible};
///
/// let status = Some(RequestStatus::Pending);
/// let page = Page { visible: Visible::All, status, now: "2026-12-01T09:00:00Z".parse()?, before: None, limit: 50 };
/// assert!(MemoryStore::new().requests(&page)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Page<S> {
    /// Whose.
    pub visible: Visible,
    /// Only those with this status.
    pub status: Option<S>,
    /// The instant that statuses are judged at.
    pub now: Timestamp,
    /// Only those that came to be before this revision.
    pub before: Option<Revision>,
    /// How many at most.
    pub limit: usize,
}

/// Whose rows a caller may see.
///
/// ```
/// use jit_access::model::Principal;
/// use jit_access::store::Visible;
///
/// let (dev, other) = (Principal::user("dev@example.com")?, Principal::user("other@example.com")?);
/// let visible = Visible::To(dev.clone(), vec![]);
/// assert!(visible.includes(&dev, &[]) && !visible.includes(&other, &[]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub enum Visible {
    /// Everybody's.
    All,
    /// Those of this principal, and those that one of these roles may approve.
    To(Principal, Vec<RoleName>),
}

impl Visible {
    /// Whether a row of `owner` that `approver_roles` may approve can be seen.
    #[must_use]
    pub fn includes(&self, owner: &Principal, approver_roles: &[RoleName]) -> bool {
        match self {
            Self::All => true,
            Self::To(principal, roles) => principal == owner || roles.iter().any(|role| approver_roles.contains(role)),
        }
    }
}

/// Why a store could not do what was asked.
///
/// ```
/// use jit_access::store::StoreError;
/// use jit_access::{Error, ErrorKind};
///
/// assert_eq!(Error::from(StoreError::Conflict).kind(), ErrorKind::Conflict);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The state has changed since the batch was decided: load and decide again.
    #[error("the state changed while the command was decided")]
    Conflict,
    /// The idempotency key has just been used: look up what was done under it.
    #[error("the idempotency key has been used")]
    KeyTaken,
    /// The store cannot be reached or written now: try again later.
    #[error("{doing} failed")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The journal is broken: call a person.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// Something else that is kept cannot be what was written: call a person.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
}

/// Checks that what a batch was decided from is still so.
///
/// # Errors
/// [`StoreError::Conflict`] when state has changed since; [`StoreError::Corrupt`] when the revision is one that this
/// journal has never reached, so that it was read from another one: from the file before an old copy was put in its place.
pub fn check_basis(decided_from: Option<Revision>, head: &Head) -> Result<(), StoreError> {
    match decided_from {
        Some(from) if from > head.revision => Err(StoreError::Corrupt(format!(
            "the journal ends at record {}, though record {from} has been read from it",
            head.revision
        ))),
        Some(from) if from < head.changed => Err(StoreError::Conflict),
        _ => Ok(()),
    }
}

/// Seals `event` as the record after `head`, and moves the head to it. Every store appends through here, so that the
/// chain has one home.
///
/// # Errors
/// [`StoreError::Corrupt`] when the event cannot be written down.
pub fn seal(event: &Event, head: &mut Head) -> Result<Record, StoreError> {
    let record =
        Record::seal(event.clone(), head.revision, head.hash).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    head.revision = record.revision;
    head.hash = record.hash;
    head.at = head.at.max(event.at);
    if event.fact.changes_state() {
        head.changed = record.revision;
    }
    Ok(record)
}

/// Checks that the rows kept are the fold of the journal.
///
/// # Errors
/// [`StoreError::Corrupt`] naming the first row that is not.
pub fn compare<'a>(
    folded: &Rows,
    requests: impl Iterator<Item = &'a AccessRequest>,
    grants: impl Iterator<Item = &'a Grant>,
    delegations: impl Iterator<Item = &'a Delegation>,
    standings: &BTreeMap<Principal, Standing>,
) -> Result<(), StoreError> {
    let mut counted = (0, 0, 0);
    for request in requests {
        counted.0 += 1;
        if folded.requests.get(&request.id) != Some(request) {
            return Err(StoreError::Corrupt(format!("request {} is not what the journal says", request.id)));
        }
    }
    for grant in grants {
        counted.1 += 1;
        if folded.grants.get(&grant.id) != Some(grant) {
            return Err(StoreError::Corrupt(format!("grant {} is not what the journal says", grant.id)));
        }
    }
    if *standings != folded.standings {
        return Err(StoreError::Corrupt("what is kept of somebody's standing is not what the journal says".to_owned()));
    }
    for delegation in delegations {
        counted.2 += 1;
        if folded.delegations.get(&delegation.id) != Some(delegation) {
            return Err(StoreError::Corrupt(format!("delegation {} is not what the journal says", delegation.id)));
        }
    }
    if counted != (folded.requests.len(), folded.grants.len(), folded.delegations.len()) {
        return Err(StoreError::Corrupt("rows that the journal tells of are missing".to_owned()));
    }
    Ok(())
}
