//! The store of many hosts: a PostgreSQL database.
//!
//! Everything is in a schema of its own, so the database can be one that others use. Every commit locks the one row of the
//! head first: so revisions are gapless and in the order of the commits, and what a commit has read is still so when it is
//! written. Proofs and reads come from the primary only; a standby is behind by as much as nobody knows.
//!
//! | file | question |
//! |---|---|
//! | `url` | which database, and how it is reached |
//! | `options` | what an operator may tune |
//! | `tls` | how a server proves who it is |
//! | `link` | how something is asked over one connection |
//! | `connections` | who holds which connection, and what a transaction begins with |
//! | `session` | what can be asked in one transaction |
//! | `schema` | which version the schema has, and how it is brought to this one |
//! | `migrations/` | what is in the schema |
//! | `checkpoints` | which signed checkpoints are kept |
//! | `commit` | how a batch is written |
//! | `read` | how single rows, and what is live, are read |
//! | `snapshot` | how a view is put together, and what is due |
//! | `journal` | how records are read |
//! | `about` | what each record is about |
//! | `list` | which rows a page shows |
//! | `tally` | how many grants and requests there are |
//! | `outbox` | which notices are given out to be planned, and what is kept for how long |
//! | `deliveries` | who sends which delivery until when, and what became of it |
//! | `refusals` | refused attempts |
//! | `retention` | which old records may be removed, and how they are |
//! | `secrets` | what all who use the schema have in common and nobody else knows |
//! | `text` | how text is kept that may hold any character |
//! | `verify` | whether the database still says what was written to it |
//! | `error` | what a failure of PostgreSQL means to the caller |

mod about;
mod checkpoints;
mod commit;
mod connections;
mod deliveries;
mod error;
mod journal;
mod link;
mod list;
mod options;
mod outbox;
mod read;
mod refusals;
mod retention;
mod schema;
mod secrets;
mod session;
mod snapshot;
mod tally;
mod text;
mod tls;
mod url;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use connections::Connections;
pub use error::UnusableDatabase;
pub use options::PostgresOptions;
use snapshot::Exclusive;
pub use url::PostgresUrl;

use super::counted;
use super::position_file;
use super::verification::tell;
use super::{
    Batch, DecideBatch, DeliveryPage, Done, Head, Leased, LeasedDelivery, ListedRequest, Live, NewDelivery,
    NumberedDelivery, NumberedRefusal, Page, Position, Reads, RecordQuery, RefusalPage, Removable, RemovalLimits, Seen,
    Settled, Store, StoreError,
};
use super::{KeptCheckpoint, Verification, Verified, Verifying};
use crate::journal::{Hash, Record};
use crate::model::{
    ChannelCount, Delegation, DelegationStatus, Delivery, DeliveryId, Grant, GrantStatus, Principal, Refused,
    RequestStatus, Revision, Secret, Timestamp,
};
use crate::workflow::{Needs, View};

/// A store in a PostgreSQL database, for any number of processes on any number of hosts.
///
/// A connection that is lost, to a restart or a failover, is made anew by the next operation. Should it be lost over a commit,
/// the store looks afterwards whether the commit has happened. Works behind PgBouncer in transaction mode.
///
/// # Forking
///
/// As for [`super::Store`]: call [`Store::before_fork`] and [`Store::after_fork_in_parent`], and open another store in the
/// child. A store that is used in a child answers [`StoreError::Unavailable`], and dropping it there touches nothing.
///
/// ```no_run
/// use jit_access::store::{PostgresOptions, PostgresStore, Store};
///
/// let url = "postgresql://jit:secret@db.example.com/gateway".parse()?;
/// let store = PostgresStore::open(url, PostgresOptions::default())?;
/// assert_eq!(store.verify()?, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PostgresStore {
    connections: Connections,
}

impl PostgresStore {
    /// Opens the store in this database. A missing schema is made; one of an earlier version of this library is brought to
    /// this one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], with an [`UnusableDatabase`] for its source when the schema cannot be a store of this
    /// version, which is then as it was; [`StoreError::Corrupt`].
    pub fn open(url: PostgresUrl, options: PostgresOptions) -> Result<Self, StoreError> {
        Ok(Self { connections: Connections::open(url, options)? })
    }

    /// The file that keeps the last position that was seen, if there is a folder for it.
    fn seen(&self) -> Option<PathBuf> {
        self.beside("seen")
    }

    fn beside(&self, what: &str) -> Option<PathBuf> {
        let options = self.connections.options();
        let database = self.connections.url().database();
        let name = format!("{database}-{}-{what}", options.schema).replace(['/', '\\', '\0'], "_");
        options.state_folder.as_ref().map(|folder| folder.join(name))
    }

    fn schema(&self) -> &str {
        &self.connections.options().schema
    }
}

/// The record by which a commit is known.
fn last(records: &[Record]) -> Option<(Revision, Hash)> {
    records.last().map(|record| (record.revision, record.hash))
}

impl Reads for PostgresStore {
    fn view(&self, needs: &Needs, now: Timestamp) -> Result<View, StoreError> {
        self.connections.read("reading what a command is decided from", |s| snapshot::view(s, needs, now))
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError> {
        self.connections.read("reading what is due", |s| snapshot::due(s, now, limit))
    }

    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError> {
        self.connections.read("reading an idempotency key", |s| read::done_under(s, caller, key))
    }

    fn records(&self, query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError> {
        self.connections.read("reading the journal", |s| journal::records(s, self.schema(), query))
    }
}

impl Store for PostgresStore {
    fn head(&self) -> Result<Head, StoreError> {
        self.connections.read("reading the journal's head", |s| s.head())
    }

    fn has_grown(&self, since: &Position) -> Result<bool, StoreError> {
        self.connections.has_grown(since)
    }

    fn hear(&self, limit: Duration) -> Result<Option<bool>, StoreError> {
        self.connections.hear(limit)
    }

    fn wall(&self) -> Result<Option<Timestamp>, StoreError> {
        let millis = self.connections.read("reading the server's clock", |s| {
            s.number("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint", &[])
        })?;
        let shown = Timestamp::from_millis(millis);
        shown.map(Some).map_err(|error| StoreError::Corrupt(format!("the server's clock: {error}")))
    }

    fn commit(&self, batch: &Batch) -> Result<Vec<Record>, StoreError> {
        self.connections.commit("committing", |s| commit::commit(s, batch), |records| last(records))
    }

    fn commit_exclusively(&self, decide: &mut DecideBatch<'_>) -> Result<Vec<Record>, StoreError> {
        let work = |s: &session::Session<'_>| {
            // It is decided once nobody else can write.
            s.head()?;
            match decide(&Exclusive { session: s, schema: self.schema() })? {
                Some(batch) => commit::commit(s, &batch),
                None => Ok(Vec::new()),
            }
        };
        self.connections.commit("committing", work, |records| last(records))
    }

    fn requests(&self, page: &Page<RequestStatus>) -> Result<Vec<(Revision, ListedRequest)>, StoreError> {
        self.connections.read("listing requests", |s| list::requests(s, page))
    }

    fn grants(&self, page: &Page<GrantStatus>) -> Result<Vec<(Revision, Grant)>, StoreError> {
        self.connections.read("listing grants", |s| list::grants(s, page))
    }

    fn delegations(&self, page: &Page<DelegationStatus>) -> Result<Vec<(Revision, Delegation)>, StoreError> {
        self.connections.read("listing delegations", |s| list::delegations(s, page))
    }

    fn live(&self, now: Timestamp) -> Result<Live, StoreError> {
        self.connections.read("reading the live grants", |s| read::live(s, now))
    }

    fn verify_with(&self, wanted: &Verification, watch: &mut dyn Verifying) -> Result<Verified, StoreError> {
        let verified = self.connections.read("verifying", |s| verify::verify(s, wanted, watch, self.schema()))?;
        tell(watch, verified.head.revision, verified.head.revision)?;
        Ok(verified)
    }

    fn last_checkpoint_up_to(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.connections.read("reading a checkpoint", |s| checkpoints::last(s, record))
    }

    fn checkpoint_covering(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.connections.read("reading a checkpoint", |s| checkpoints::covering(s, record))
    }

    fn keep_checkpoint(&self, new: &KeptCheckpoint, tiles: &[(u64, Hash)]) -> Result<(), StoreError> {
        self.connections.change("keeping a checkpoint", |s| checkpoints::keep(s, new, tiles))
    }

    fn removable(&self, limits: &RemovalLimits) -> Result<Option<Removable>, StoreError> {
        self.connections.read("looking for old records", |s| retention::removable(s, self.schema(), limits))
    }

    fn tiles(&self, first: u64, end: u64) -> Result<Vec<Hash>, StoreError> {
        self.connections.read("reading the roots of checkpoints", |s| checkpoints::tiles(s, first, end))
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.connections.read("reading what is due", read::next_due)
    }

    fn lease_notices(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError> {
        const DOING: &str = "leasing notices";
        if !self.connections.read(DOING, |s| outbox::has_due(s, now))? {
            return Ok(Vec::new());
        }
        self.connections.change(DOING, |s| outbox::lease(s, now, until, limit))
    }

    fn plan_notice(&self, id: u64, body: &str, new: &[NewDelivery], now: Timestamp) -> Result<bool, StoreError> {
        self.connections.change("planning a notice", |s| outbox::plan(s, id, body, new, now))
    }

    fn lease_deliveries(
        &self,
        channel: &str,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LeasedDelivery>, StoreError> {
        const DOING: &str = "leasing deliveries";
        if !self.connections.read(DOING, |s| deliveries::has_due(s, channel, now))? {
            return Ok(Vec::new());
        }
        self.connections.change(DOING, |s| deliveries::lease(s, channel, (now, until), limit))
    }

    fn settle_delivery(&self, id: DeliveryId, settled: &Settled, now: Timestamp) -> Result<(), StoreError> {
        self.connections.change("settling a delivery", |s| deliveries::settle(s, id, settled, now))
    }

    fn delivery(&self, id: DeliveryId) -> Result<Option<(Delivery, String)>, StoreError> {
        self.connections.read("reading a delivery", |s| deliveries::one(s, id))
    }

    fn deliveries(&self, page: &DeliveryPage) -> Result<Vec<NumberedDelivery>, StoreError> {
        self.connections.read("listing deliveries", |s| deliveries::page(s, page))
    }

    fn resend_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError> {
        self.connections.change("resending a delivery", |s| deliveries::resend(s, id, now))
    }

    fn drop_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError> {
        self.connections.change("dropping a delivery", |s| deliveries::drop_one(s, id, now))
    }

    fn channel_counts(&self) -> Result<Vec<ChannelCount>, StoreError> {
        self.connections.read("counting deliveries", deliveries::counts)
    }

    fn secret(&self, name: &str, fresh: &Secret) -> Result<Secret, StoreError> {
        match self.connections.read("reading a secret", |s| secrets::one(s, name))? {
            Some(kept) => Ok(kept),
            None => self.connections.change("keeping a secret", |s| secrets::kept(s, name, fresh)),
        }
    }

    fn secrets(&self) -> Result<Vec<(String, Secret)>, StoreError> {
        self.connections.read("reading the secrets", secrets::all)
    }

    fn add_refusals(&self, refused: &[Refused]) -> Result<(), StoreError> {
        self.connections.change("writing refused attempts", |s| refusals::add(s, refused))
    }

    fn refusals(&self, page: &RefusalPage) -> Result<Vec<NumberedRefusal>, StoreError> {
        self.connections.read("listing refused attempts", |s| refusals::page(s, page))
    }

    fn news(
        &self,
        query: &RecordQuery,
        page: &RefusalPage,
    ) -> Result<(Head, Vec<Record>, Vec<NumberedRefusal>), StoreError> {
        self.connections.read("reading what is new", |s| {
            let (head, records) = journal::records(s, self.schema(), query)?;
            Ok((head, records, refusals::page(s, page)?))
        })
    }

    fn waiting_notices(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.connections.read("counting notices", |s| outbox::waiting(s, now))
    }

    fn forget_old(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.connections.change("removing what is kept no longer", |s| outbox::forget_old(s, now))
    }

    fn add_counts(&self, counts: &[u64]) -> Result<Option<Vec<u64>>, StoreError> {
        self.beside("figures").map(|path| counted::add(&path, counts)).transpose()
    }

    fn remembered(&self) -> Result<Option<Seen>, StoreError> {
        self.seen().map_or(Ok(None), |path| position_file::read(&path))
    }

    fn remember(&self, seen: &Seen) -> Result<(), StoreError> {
        /// A write waits for the disk, and every process comes by.
        const EVERY_MS: i64 = 10_000;
        if let Some(path) = self.seen() {
            position_file::write(&path, seen)?;
        }
        let head = self.head()?;
        if seen.clock != head.clock || seen.at.millis() - head.seen.millis() < EVERY_MS {
            return Ok(());
        }
        self.connections.commit("keeping what was seen", |s| schema::raise_seen(s, seen), |()| None)
    }

    fn before_fork(&self) {
        self.connections.pause();
    }

    fn after_fork_in_parent(&self) {
        self.connections.resume();
    }
}
