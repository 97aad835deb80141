//! The store of one host: a SQLite file that several processes share.
//!
//! Only this library uses the file. It is written in WAL mode with full synchronisation, so a commit that has returned
//! survives a power cut. Every write takes the write lock at its start, so what it has read is still valid when it
//! commits. Keep the file on a local disk: SQLite's locks do not work on network file systems.
//!
//! | file | question |
//! |---|---|
//! | `options` | what an operator can set |
//! | `file` | which file can be a store, and how it is opened |
//! | `identity` | which file it is, independent of its path |
//! | `schema` | the version of the file, and its migrations |
//! | `migrations/` | the tables of the file |
//! | `private` | whether other users of the machine can use the file |
//! | `connections` | who uses which connection, and when a connection must be closed |
//! | `forked` | how a fork affects open connections |
//! | `wal_index` | whether anything was committed, without a query |
//! | `rows` | conversion between values and columns |
//! | `commit` | how a batch is written |
//! | `read` | how single rows, and what is live, are read |
//! | `snapshot` | how a view is built, and what is due |
//! | `journal` | how records are read |
//! | `kept` | where a record is stored, alone or in a pack |
//! | `pack` | how several records are stored in one row |
//! | `gather` | which records are stored in one row, and when |
//! | `compress` | compression of stored requests, grants and notices |
//! | `about` | the topics by which each record can be found |
//! | `checkpoints` | signed checkpoints, and the roots from which proofs are made |
//! | `list` | which rows a page shows |
//! | `standings` | what hosts have reported of principals |
//! | `tally` | the numbers of grants and requests |
//! | `outbox` | which notices are leased to be planned, and how long rows are kept |
//! | `deliveries` | who sends which delivery until when, and the result |
//! | `refusals` | refused attempts |
//! | `retention` | which old records may be removed, and their removal |
//! | `secrets` | the secrets that all processes of the file share |
//! | `verify` | whether the file contains what was written to it |
//! | `error` | what an error of SQLite means to the caller |

mod about;
mod checkpoints;
mod commit;
mod compress;
mod connections;
mod deliveries;
mod error;
mod file;
mod forked;
mod gather;
mod identity;
mod journal;
mod kept;
mod list;
mod options;
mod outbox;
mod pack;
mod private;
mod read;
mod refusals;
mod retention;
mod rows;
mod schema;
mod secrets;
mod snapshot;
mod standings;
mod tally;
mod verify;
mod wal_index;

use std::path::{Path, PathBuf};

use connections::Connections;
pub use error::UnusableFile;
pub use options::SqliteOptions;
#[cfg(feature = "config")]
pub(crate) use private::check_private;

use snapshot::Exclusive;

use super::counted;
use super::position_file;
use super::{
    Batch, DecideBatch, DeliveryPage, Done, Head, KeptCheckpoint, Leased, LeasedDelivery, Live, NewDelivery,
    NumberedDelivery, NumberedRefusal, Page, Position, Reads, RecordQuery, RefusalPage, Removable, RemovalLimits, Seen,
    Settled, Store, StoreError, Verification, Verified, Verifying,
};
use crate::file::beside;
use crate::journal::{Hash, Record};
use crate::model::{
    ChannelCount, Delegation, DelegationStatus, Delivery, DeliveryId, Grant, GrantStatus, Principal, Refused,
    RequestStatus, Revision, Secret, Timestamp,
};
use crate::store::ListedRequest;
use crate::workflow::{Needs, View};

/// A store in one SQLite file, for any number of threads and of processes of one host.
///
/// After a failed write or `fsync` the store closes its connections, and the next operation opens new ones. The result
/// of the failed commit is unknown until then: it may be in the file if the machine stops before the next commit.
///
/// # Forking
///
/// A process that forks must have no connection open then: call [`Store::before_fork`] before the fork and
/// [`Store::after_fork_in_parent`] after it in the parent, and open another store in the child. A store that is used in
/// a child returns [`StoreError::Unavailable`], and dropping it there changes nothing. If the parent did not call it,
/// the child cannot open the file, because its locks would not work.
///
/// ```
/// use jit_access::store::{SqliteOptions, SqliteStore, Store};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("jit.db");
/// let store = SqliteStore::open(path, SqliteOptions::default())?;
/// assert_eq!(store.verify()?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    connections: Connections,
}

impl SqliteStore {
    /// Opens the store in the file at `path`. A missing file is created, readable by its owner only; a missing directory
    /// is not. A file from an earlier version of this library is migrated.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], with an [`UnusableFile`] as its source if the file at `path` cannot be a store of
    /// this version; it does not change then; [`StoreError::Corrupt`].
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        Ok(Self { connections: Connections::open(path.as_ref(), options)? })
    }

    /// The file, with links resolved.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.connections.path()
    }

    /// The file next to it with the last position that was seen.
    fn seen(&self) -> PathBuf {
        beside(self.path(), "-seen")
    }
}

impl Reads for SqliteStore {
    fn view(&self, needs: &Needs, now: Timestamp) -> Result<View, StoreError> {
        self.connections.read("reading what a command is decided from", |c| snapshot::view(c, needs, now))
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError> {
        self.connections.read("reading what is due", |c| snapshot::due(c, now, limit))
    }

    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError> {
        self.connections.read("reading an idempotency key", |c| read::done_under(c, caller, key))
    }

    fn records(&self, query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError> {
        self.connections.read("reading the journal", |c| journal::records(c, query))
    }
}

impl Store for SqliteStore {
    fn head(&self) -> Result<Head, StoreError> {
        self.connections.read("reading the journal's head", |c| read::head(c))
    }

    fn has_grown(&self, since: &Position) -> Result<bool, StoreError> {
        self.connections.has_grown(since)
    }

    fn is_still(&self, revision: Revision) -> bool {
        self.connections.is_still(revision)
    }

    fn commit(&self, batch: &Batch) -> Result<Vec<Record>, StoreError> {
        self.connections.write("committing", |c| commit::commit(c, batch))
    }

    fn commit_exclusively(&self, decide: &mut DecideBatch<'_>) -> Result<Vec<Record>, StoreError> {
        self.connections.write("committing", |c| match decide(&Exclusive(c))? {
            Some(batch) => commit::commit(c, &batch),
            None => Ok(Vec::new()),
        })
    }

    fn requests(&self, page: &Page<RequestStatus>) -> Result<Vec<(Revision, ListedRequest)>, StoreError> {
        self.connections.read("listing requests", |c| list::requests(c, page))
    }

    fn grants(&self, page: &Page<GrantStatus>) -> Result<Vec<(Revision, Grant)>, StoreError> {
        self.connections.read("listing grants", |c| list::grants(c, page))
    }

    fn delegations(&self, page: &Page<DelegationStatus>) -> Result<Vec<(Revision, Delegation)>, StoreError> {
        self.connections.read("listing delegations", |c| list::delegations(c, page))
    }

    fn live(&self, now: Timestamp) -> Result<Live, StoreError> {
        self.connections.read("reading the live grants", |c| read::live(c, now))
    }

    fn verify_with(&self, wanted: &Verification, watch: &mut dyn Verifying) -> Result<Verified, StoreError> {
        verify::verify(&self.connections, wanted, watch)
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.connections.read("reading what is due", |c| read::next_due(c))
    }

    fn lease_notices(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError> {
        const DOING: &str = "leasing notices";
        if !self.connections.read(DOING, |c| outbox::has_due(c, now))? {
            return Ok(Vec::new());
        }
        self.connections.write(DOING, |c| outbox::lease(c, now, until, limit))
    }

    fn plan_notice(&self, id: u64, body: &str, new: &[NewDelivery], now: Timestamp) -> Result<bool, StoreError> {
        self.connections.write("planning a notice", |c| outbox::plan(c, id, body, new, now))
    }

    fn lease_deliveries(
        &self,
        channel: &str,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LeasedDelivery>, StoreError> {
        const DOING: &str = "leasing deliveries";
        if !self.connections.read(DOING, |c| deliveries::has_due(c, channel, now))? {
            return Ok(Vec::new());
        }
        self.connections.write(DOING, |c| deliveries::lease(c, channel, (now, until), limit))
    }

    fn settle_delivery(&self, id: DeliveryId, settled: &Settled, now: Timestamp) -> Result<(), StoreError> {
        self.connections.write("settling a delivery", |c| deliveries::settle(c, id, settled, now))
    }

    fn delivery(&self, id: DeliveryId) -> Result<Option<(Delivery, String)>, StoreError> {
        self.connections.read("reading a delivery", |c| deliveries::one(c, id))
    }

    fn deliveries(&self, page: &DeliveryPage) -> Result<Vec<NumberedDelivery>, StoreError> {
        self.connections.read("listing deliveries", |c| deliveries::page(c, page))
    }

    fn resend_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError> {
        self.connections.write("resending a delivery", |c| deliveries::resend(c, id, now))
    }

    fn drop_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError> {
        self.connections.write("dropping a delivery", |c| deliveries::drop_one(c, id, now))
    }

    fn channel_counts(&self) -> Result<Vec<ChannelCount>, StoreError> {
        self.connections.read("counting deliveries", |c| deliveries::counts(c))
    }

    fn secret(&self, name: &str, fresh: &Secret) -> Result<Secret, StoreError> {
        match self.connections.read("reading a secret", |c| secrets::one(c, name))? {
            Some(kept) => Ok(kept),
            None => self.connections.write("keeping a secret", |c| secrets::kept(c, name, fresh)),
        }
    }

    fn secrets(&self) -> Result<Vec<(String, Secret)>, StoreError> {
        self.connections.read("reading the secrets", |c| secrets::all(c))
    }

    fn add_refusals(&self, refused: &[Refused]) -> Result<(), StoreError> {
        self.connections.write("writing refused attempts", |c| refusals::add(c, refused))
    }

    fn refusals(&self, page: &RefusalPage) -> Result<Vec<NumberedRefusal>, StoreError> {
        self.connections.read("listing refused attempts", |c| refusals::page(c, page))
    }

    fn news(
        &self,
        query: &RecordQuery,
        page: &RefusalPage,
    ) -> Result<(Head, Vec<Record>, Vec<NumberedRefusal>), StoreError> {
        self.connections.read("reading what is new", |c| {
            let (head, records) = journal::records(c, query)?;
            Ok((head, records, refusals::page(c, page)?))
        })
    }

    fn waiting_notices(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.connections.read("counting notices", |c| outbox::waiting(c, now))
    }

    fn forget_old(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.connections.write("removing expired rows", |c| outbox::forget_old(c, now))
    }

    fn add_counts(&self, counts: &[u64]) -> Result<Option<Vec<u64>>, StoreError> {
        counted::add(&beside(self.path(), "-figures"), counts).map(Some)
    }

    fn remembered(&self) -> Result<Option<Seen>, StoreError> {
        position_file::read(&self.seen())
    }

    fn remember(&self, seen: &Seen) -> Result<(), StoreError> {
        const DOING: &str = "keeping what was seen";
        /// A commit waits for the disk, and notifies every process.
        const EVERY_MS: i64 = 10_000;
        position_file::write(&self.seen(), seen)?;
        let head = self.head()?;
        if seen.clock != head.clock || seen.at.millis() - head.seen.millis() < EVERY_MS {
            return Ok(());
        }
        self.connections.write(DOING, |c| schema::write_seen(c, seen))
    }

    fn last_checkpoint_up_to(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.connections.read("reading a checkpoint", |c| checkpoints::last(c, record))
    }

    fn checkpoint_covering(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.connections.read("reading a checkpoint", |c| checkpoints::covering(c, record))
    }

    fn keep_checkpoint(&self, new: &KeptCheckpoint, tiles: &[(u64, Hash)]) -> Result<(), StoreError> {
        self.connections.write("keeping a checkpoint", |c| checkpoints::keep(c, new, tiles))
    }

    fn tiles(&self, first: u64, end: u64) -> Result<Vec<Hash>, StoreError> {
        self.connections.read("reading a checkpoint", |c| checkpoints::tiles(c, first, end))
    }

    fn removable(&self, limits: &RemovalLimits) -> Result<Option<Removable>, StoreError> {
        self.connections.read("looking for old records", |c| retention::removable(c, limits))
    }

    fn bodies(&self, after: Revision, last: Revision) -> Result<Vec<String>, StoreError> {
        self.connections.read("reading the journal", |c| checkpoints::bodies(c, after, last))
    }

    fn before_fork(&self) {
        self.connections.pause();
    }

    fn after_fork_in_parent(&self) {
        self.connections.resume();
    }
}
