//! Who uses which connection, and when a connection must be closed.
//!
//! One connection writes, behind a mutex: SQLite has one writer anyway, and a thread that waits for a mutex is woken,
//! while one that waits for SQLite polls. A few more connections read, because a listing or a verification that takes
//! seconds must not delay a revocation. One more only detects whether the file has changed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::error::{Fault, unavailable};
use super::file::{self, Purpose};
use super::forked;
use super::identity::Identity;
use super::options::SqliteOptions;
use super::wal_index::{self, Header};
use super::{journal, read};
use crate::file::beside;
use crate::lock::Mutex;
use crate::model::Revision;
use crate::store::gate::{Gate, Inside};
use crate::store::{Head, Position, StoreError, spans};

/// More readers than these are opened when needed, and closed afterwards.
const IDLE_READERS: usize = 4;
/// Its name in spans, as OpenTelemetry has it.
const SYSTEM: &str = "sqlite";

/// Every connection of one store.
#[derive(Debug)]
pub(super) struct Connections {
    path: PathBuf,
    options: SqliteOptions,
    process: u32,
    /// Increased when the caches of the connections are no longer reliable; older connections are then closed, not
    /// used.
    generation: AtomicU64,
    gate: Gate,
    writer: Mutex<Option<Link>>,
    readers: Mutex<Vec<Link>>,
    watcher: Mutex<Option<Watcher>>,
}

/// One connection.
#[derive(Debug)]
struct Link {
    connection: Connection,
    generation: u64,
    file: Identity,
    /// The log of the file. It exists as long as any connection is open, unless another program removes it.
    log: Option<Identity>,
    open: forked::Open,
}

/// The connection that only detects changes, and what it saw last.
#[derive(Debug)]
struct Watcher {
    link: Link,
    /// When the database was last written, before the connection's cache was filled. A checkpoint changes it, and so
    /// does another file that is copied over this one, which the cache would hide.
    written: Option<SystemTime>,
    seen: Option<Seen>,
    /// The position that was last found to be in the journal, and the head it was found under.
    known: Option<(Position, Head)>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    data_version: i64,
    head: Head,
    /// The header of the log's index, read before the query of SQLite.
    header: Option<Header>,
}

impl Connections {
    pub(super) fn open(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        let path = file::prepare(path, &options)?;
        let connections = Self {
            path,
            options,
            process: std::process::id(),
            generation: AtomicU64::new(0),
            gate: Gate::default(),
            writer: Mutex::new(None),
            readers: Mutex::new(Vec::new()),
            watcher: Mutex::new(None),
        };
        let writer = connections.connect(Purpose::Write)?;
        *connections.writer.lock() = Some(writer);
        Ok(connections)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in a transaction that holds the write lock from its start, and commits it when `work` succeeds.
    pub(super) fn write<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        spans::within(SYSTEM, doing, || self.written(doing, work))
    }

    fn written<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let _inside = self.enter(doing)?;
        let mut slot = self.writer.lock();
        // Removed from its slot, so that a panic in `work` closes it.
        let link = self.current(slot.take(), Purpose::Write)?;
        let done =
            begin_to_write(&link.connection, self.options.busy_timeout).map_err(Fault::from).and_then(|transaction| {
                let value = work(&transaction)?;
                transaction.commit()?;
                Ok(value)
            });
        if self.still_good(&link, &done) {
            *slot = Some(link);
        }
        done.map_err(|fault| fault.into_error(doing))
    }

    /// Runs `work` at one revision.
    pub(super) fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        spans::within(SYSTEM, doing, || self.seen(doing, work))
    }

    fn seen<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let _inside = self.enter(doing)?;
        let idle = self.readers.lock().pop();
        let link = self.current(idle, Purpose::Read)?;
        let done = Transaction::new_unchecked(&link.connection, TransactionBehavior::Deferred)
            .map_err(Fault::from)
            .and_then(|transaction| work(&transaction));
        if self.still_good(&link, &done) {
            let mut readers = self.readers.lock();
            if readers.len() < IDLE_READERS {
                readers.push(link);
            }
        }
        done.map_err(|fault| fault.into_error(doing))
    }

    /// Whether the journal has grown since a known position, which has to be in it. The head is read again only when some
    /// other connection has committed since, or the file was written to. The watching connection never commits, so every
    /// commit of this process and of every other one is by some other connection.
    pub(super) fn has_grown(&self, since: &Position) -> Result<bool, StoreError> {
        const DOING: &str = "watching the journal";
        let _inside = self.enter(DOING)?;
        let mut slot = self.watcher.lock();
        let written = file::written(&self.path);
        let mut watcher = match slot.take() {
            Some(watcher) if self.is_current(&watcher.link) => watcher,
            old => {
                self.close(old.map(|watcher| watcher.link));
                Watcher::new(self.connect(Purpose::Read)?, &self.path)
            }
        };
        let grown = watcher.refresh(written).and_then(|()| watcher.has_grown(since));
        if !matches!(&grown, Err(fault) if fault.poisons()) {
            *slot = Some(watcher);
        }
        grown.map_err(|fault| fault.into_error(DOING))
    }

    /// Whether the journal's head is at this revision for certain; `false` is inconclusive.
    pub(super) fn is_still(&self, revision: Revision) -> bool {
        // As in `enter`.
        if self.process != std::process::id() {
            return false;
        }
        let generation = self.generation.load(Ordering::Acquire);
        let watcher = self.watcher.lock();
        watcher.as_ref().is_some_and(|watcher| watcher.link.generation == generation && watcher.is_still(revision))
    }

    /// Waits for the running operations, closes every connection, and blocks new operations until
    /// [`Connections::resume`].
    pub(super) fn pause(&self) {
        if self.process == std::process::id() {
            self.gate.close();
            self.close_all();
        }
    }

    /// Allows operations again.
    pub(super) fn resume(&self) {
        if self.process == std::process::id() {
            self.gate.open();
        }
    }

    fn close_all(&self) {
        self.close(self.writer.lock().take());
        self.close(self.watcher.lock().take().map(|watcher| watcher.link));
        self.close(std::mem::take(&mut *self.readers.lock()));
    }

    fn enter(&self, doing: &'static str) -> Result<Inside<'_>, StoreError> {
        // Before any lock: after a fork a lock may be held for ever by a thread that this process does not have.
        if self.process != std::process::id() {
            return Err(forked::refused(doing));
        }
        Ok(self.gate.enter())
    }

    /// The connection if it is still reliable, or a new one.
    fn current(&self, link: Option<Link>, purpose: Purpose) -> Result<Link, StoreError> {
        match link {
            Some(link) if self.is_current(&link) => Ok(link),
            old => {
                self.close(old);
                self.connect(purpose)
            }
        }
    }

    /// Closes connections. The last one would copy its log into the database and remove the log. If another file has
    /// replaced theirs, database and log belong to that file.
    fn close(&self, links: impl IntoIterator<Item = Link>) {
        for link in links {
            if !self.is_in_place(&link) {
                // A connection that refuses is closed anyway.
                let _ = file::set_checkpoint_on_close(&link.connection, false);
            }
        }
    }

    /// Whether the connection is as reliable as a new one, and its file and its log are still those at the path. SQLite
    /// would continue to write to a file that was moved, and a restart would not find it.
    fn is_current(&self, link: &Link) -> bool {
        link.generation == self.generation.load(Ordering::Acquire) && self.is_in_place(link)
    }

    fn is_in_place(&self, link: &Link) -> bool {
        Identity::of(&self.path).is_ok_and(|file| file == link.file)
            && Identity::of(&beside(&self.path, "-wal")).ok() == link.log
    }

    fn connect(&self, purpose: Purpose) -> Result<Link, StoreError> {
        let generation = self.generation.load(Ordering::Acquire);
        let file = Identity::of(&self.path).map_err(|e| unavailable("finding the store's file", e))?;
        let open = forked::Open::register(file)?;
        let connection = file::connect(&self.path, &self.options, purpose)?;
        if purpose == Purpose::Write {
            // `begin_to_write` waits by itself.
            connection
                .busy_timeout(Duration::ZERO)
                .map_err(|error| Fault::from(error).into_error(super::error::OPENING))?;
        }
        let log = Identity::of(&beside(&self.path, "-wal")).ok();
        Ok(Link { connection, generation, file, log, open })
    }

    /// Whether the connection can be used again after this.
    fn still_good<T>(&self, link: &Link, done: &Result<T, Fault>) -> bool {
        match done {
            Err(fault) if fault.poisons() => {
                // A write or an `fsync` that failed may have left the caches of every connection ahead of the disk.
                self.generation.fetch_add(1, Ordering::AcqRel);
                false
            }
            _ => link.connection.is_autocommit(),
        }
    }
}

impl Drop for Connections {
    /// In a child of the process that opened them, connections are leaked: closing them there would release locks and
    /// checkpoint a log that the parent uses.
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(self.writer.get_mut().take());
            std::mem::forget(self.watcher.get_mut().take());
            std::mem::forget(std::mem::take(self.readers.get_mut()));
        } else {
            self.close_all();
        }
    }
}

/// A transaction that holds the write lock, as soon as the lock is free. SQLite itself waits longer and longer between
/// two attempts, up to a tenth of a second, so the lock would be free most of the time.
#[expect(clippy::disallowed_methods, reason = "no process wakes another one that waits for its lock")]
fn begin_to_write(connection: &Connection, patience: Duration) -> Result<Transaction<'_>, rusqlite::Error> {
    const SHORTEST: Duration = Duration::from_micros(100);
    const LONGEST: Duration = Duration::from_millis(1);
    let mut began = None;
    loop {
        let busy = match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => error,
            done => return done,
        };
        let waited = began.get_or_insert_with(Instant::now).elapsed();
        if waited >= patience {
            return Err(busy);
        }
        std::thread::sleep((waited / 8).clamp(SHORTEST, LONGEST).min(patience - waited));
    }
}

impl Watcher {
    fn new(mut link: Link, database: &Path) -> Self {
        // It stays the same file while this connection is open. Without such a file SQLite is always queried.
        let _ = link.open.read_log_index(&beside(database, "-shm"));
        Self { link, written: None, seen: None, known: None }
    }

    /// Forgets everything that was read before the database was last written. A new connection would cost ten times as
    /// much, and a checkpoint writes the database many times a second while much is written.
    fn refresh(&mut self, written: Option<SystemTime>) -> Result<(), Fault> {
        if self.written != written || written.is_none() {
            self.link.connection.release_memory()?;
            (self.written, self.seen, self.known) = (written, None, None);
        }
        Ok(())
    }

    fn has_grown(&mut self, since: &Position) -> Result<bool, Fault> {
        let head = self.look()?;
        if self.known != Some((*since, head)) {
            journal::check_known(&self.link.connection, since, &head)?;
            self.known = Some((*since, head));
        }
        Ok(head.revision > since.revision)
    }

    /// The journal's head. The data version is read first: if a commit comes between the two reads, the revision is
    /// newer than the version, and the next call only reads it again. The header is read before both, for the same
    /// reason.
    fn look(&mut self) -> Result<Head, Fault> {
        let header = self.header();
        let connection = &self.link.connection;
        let data_version =
            connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get::<_, i64>(0))?;
        if let Some(seen) = self.seen {
            if seen.data_version == data_version {
                self.seen = Some(Seen { header, ..seen });
                return Ok(seen.head);
            }
            if seen.header.is_some() && seen.header == self.header() {
                // SQLite sees a commit that the header does not show: on this system a file and its mapping can differ.
                self.link.open.forget_log_index();
            }
        }
        let head = read::head(&self.link.connection)?;
        self.seen = Some(Seen { data_version, head, header });
        Ok(head)
    }

    fn is_still(&self, revision: Revision) -> bool {
        let seen = |seen: Seen| seen.head.revision == revision && seen.header.is_some() && seen.header == self.header();
        self.seen.is_some_and(seen)
    }

    fn header(&self) -> Option<Header> {
        self.link.open.log_index().and_then(wal_index::header)
    }
}
