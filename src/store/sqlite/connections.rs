//! Who holds which connection, and when one must not be used any more.
//!
//! One connection writes, behind a mutex: SQLite has one writer anyway, and a thread that waits for a mutex is woken,
//! while one that waits for SQLite polls. A few connections read beside it, because a listing or a verification that
//! takes seconds must not hold up a revocation. One more only watches whether the file has changed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::SqliteOptions;
use super::error::Fault;
use super::file::{self, Identity, Purpose};
use super::forked;
use crate::lock::{Condvar, Mutex};
use crate::store::StoreError;

/// More readers than these are opened when needed, and closed afterwards.
const IDLE_READERS: usize = 4;

/// Every connection of one store.
#[derive(Debug)]
pub(super) struct Connections {
    path: PathBuf,
    options: SqliteOptions,
    process: u32,
    /// Raised when what the connections believe can no longer be trusted; those from before are closed, not used.
    generation: AtomicU64,
    gate: Gate,
    writer: Mutex<Option<Link>>,
    readers: Mutex<Vec<Link>>,
    watcher: Mutex<Option<(Link, Seen)>>,
}

/// One connection.
#[derive(Debug)]
struct Link {
    connection: Connection,
    generation: u64,
    file: Identity,
    _open: forked::Open,
}

/// What the watcher saw last.
#[derive(Debug, Clone, Copy)]
struct Seen {
    data_version: i64,
    revision: i64,
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
        let _inside = self.enter(doing)?;
        let mut slot = self.writer.lock();
        // Taken out of its slot, so that a panic in `work` closes it.
        let link = self.current(slot.take(), Purpose::Write)?;
        let done = Transaction::new_unchecked(&link.connection, TransactionBehavior::Immediate)
            .map_err(Fault::from)
            .and_then(|transaction| {
                let value = work(&transaction)?;
                transaction.commit()?;
                Ok(value)
            });
        if self.still_good(&link, &done) {
            *slot = Some(link);
        }
        done.map_err(|fault| fault.told(doing))
    }

    /// Runs `work` over one revision.
    pub(super) fn read<T>(
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
        done.map_err(|fault| fault.told(doing))
    }

    /// The revision of the journal's head, read again only when some other connection has committed since. The watching
    /// connection never commits, so every commit of this process and of every other one is by some other connection.
    pub(super) fn watch(&self) -> Result<i64, StoreError> {
        const DOING: &str = "watching the journal";
        let _inside = self.enter(DOING)?;
        let mut slot = self.watcher.lock();
        let (link, seen) = match slot.take() {
            Some((link, seen)) if self.is_current(&link) => (link, Some(seen)),
            _ => (self.connect(Purpose::Read)?, None),
        };
        let seen = look(&link.connection, seen).map_err(|e| Fault::from(e).told(DOING))?;
        *slot = Some((link, seen));
        Ok(seen.revision)
    }

    /// Waits for what is running, closes every connection, and keeps everybody out until [`Connections::resume`].
    pub(super) fn pause(&self) {
        if self.process == std::process::id() {
            self.gate.close();
            *self.writer.lock() = None;
            *self.watcher.lock() = None;
            self.readers.lock().clear();
        }
    }

    /// Lets everybody in again.
    pub(super) fn resume(&self) {
        if self.process == std::process::id() {
            self.gate.open();
        }
    }

    fn enter(&self, doing: &'static str) -> Result<Inside<'_>, StoreError> {
        // Before any lock: after a fork one may be held for ever by a thread that this process does not have.
        if self.process != std::process::id() {
            return Err(forked::refused(doing));
        }
        Ok(self.gate.enter())
    }

    /// The connection, if it can still be trusted, or a new one.
    fn current(&self, link: Option<Link>, purpose: Purpose) -> Result<Link, StoreError> {
        match link {
            Some(link) if self.is_current(&link) => Ok(link),
            _ => self.connect(purpose),
        }
    }

    /// Whether the connection is as trusted as a new one, and its file is still the one at the path: SQLite would go on
    /// writing to a file that was moved away, where nobody would find it after a restart.
    fn is_current(&self, link: &Link) -> bool {
        link.generation == self.generation.load(Ordering::Acquire)
            && Identity::of(&self.path).is_ok_and(|file| file == link.file)
    }

    fn connect(&self, purpose: Purpose) -> Result<Link, StoreError> {
        let generation = self.generation.load(Ordering::Acquire);
        let file = Identity::of(&self.path).map_err(|e| file::unavailable("finding the store's file", e))?;
        let open = forked::Open::register(file)?;
        let connection = file::connect(&self.path, &self.options, purpose)?;
        Ok(Link { connection, generation, file, _open: open })
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
    /// In a child of the process that opened them, connections are leaked: closing them there would drop locks and
    /// checkpoint a log that the parent is using.
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(self.writer.get_mut().take());
            std::mem::forget(self.watcher.get_mut().take());
            std::mem::forget(std::mem::take(self.readers.get_mut()));
        }
    }
}

/// The data version first: should a commit come between the two reads, the revision is the newer of the two, and the
/// next look reads it once more for nothing.
fn look(connection: &Connection, seen: Option<Seen>) -> Result<Seen, rusqlite::Error> {
    let data_version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
    match seen {
        Some(seen) if seen.data_version == data_version => Ok(seen),
        _ => {
            let revision = connection.prepare_cached("SELECT revision FROM head")?.query_row([], |row| row.get(0))?;
            Ok(Seen { data_version, revision })
        }
    }
}

/// Counts who is inside, and can keep everybody out.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    closed: bool,
    inside: usize,
}

impl Gate {
    fn enter(&self) -> Inside<'_> {
        let mut state = self.changed.wait_while(self.state.lock(), |state| state.closed);
        state.inside += 1;
        Inside(self)
    }

    fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        drop(self.changed.wait_while(state, |state| state.inside > 0));
    }

    fn open(&self) {
        self.state.lock().closed = false;
        self.changed.notify_all();
    }
}

#[derive(Debug)]
struct Inside<'a>(&'a Gate);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.inside = state.inside.saturating_sub(1);
        if state.closed {
            self.0.changed.notify_all();
        }
    }
}
