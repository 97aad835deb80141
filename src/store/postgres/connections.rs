//! Who holds which connection, and what a transaction begins with.
//!
//! One connection writes the journal, behind a mutex: its head row lets one in at a time anyway, and a thread that waits for
//! a mutex costs the server nothing. A few others read, and give out notices, beside it. One more only asks whether the
//! journal has grown; it has a limit of its own, because a proof that comes too late is none. Where the server can be reached
//! directly, one hears when others have committed: a hint, which saves waiting for the next question and proves nothing.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_postgres::Row;

use super::error::{Fault, OPENING, UnusableDatabase};
use super::journal;
use super::link::{Asked, Link, Made};
use super::options::PostgresOptions;
use super::schema;
use super::session::Session;
use super::url::PostgresUrl;
use crate::journal::Hash;
use crate::lock::{Condvar, Mutex};
use crate::model::Revision;
use crate::store::columns::int;
use crate::store::gate::{Gate, Inside};
use crate::store::{Head, Position, StoreError, spans};

/// How many connections read, and change what is not the journal, at the same time. Whoever comes then waits.
const READERS: usize = 4;
/// Its name in spans, as OpenTelemetry has it.
const SYSTEM: &str = "postgresql";

/// Every connection of one store.
#[derive(Debug)]
pub(super) struct Connections {
    url: PostgresUrl,
    options: PostgresOptions,
    process: u32,
    /// Raised when the connections have to be made anew; those from before are closed, not used.
    generation: AtomicU64,
    gate: Gate,
    writer: Mutex<Option<Made>>,
    readers: Mutex<Readers>,
    free: Condvar,
    watcher: Mutex<Watcher>,
    /// How many of its questions were left without an answer.
    unanswered: AtomicU64,
    ear: Mutex<Option<Ear>>,
    begin: Begin,
}

/// The connection that hears when others have committed, and for how long nothing has come over it.
#[derive(Debug)]
struct Ear {
    link: Link,
    silence: Duration,
}

/// How often a connection that hears nothing is asked whether it is still there: a network that swallows packets tells nobody.
const BEAT: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
struct Readers {
    idle: Vec<Made>,
    busy: usize,
}

/// The connection that only asks whether the journal has grown.
#[derive(Debug, Default)]
struct Watcher {
    made: Option<Made>,
    /// The position that was last found to be in the journal, and the head it was found under.
    known: Option<(Position, Head)>,
}

/// What transactions of each sort begin with.
#[derive(Debug)]
struct Begin {
    read: String,
    change: String,
    commit: String,
    /// Asks for the head outside of any transaction.
    watch: String,
    /// What a transaction ends with of which others want to hear.
    told: String,
    /// From here on it is heard.
    hear: String,
}

/// What a transaction may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Change,
    Commit,
}

impl Connections {
    pub(super) fn open(url: PostgresUrl, options: PostgresOptions) -> Result<Self, StoreError> {
        let begin = Begin::new(&options);
        let connections = Self {
            url,
            options,
            process: std::process::id(),
            generation: AtomicU64::new(0),
            gate: Gate::default(),
            writer: Mutex::new(None),
            readers: Mutex::new(Readers::default()),
            free: Condvar::default(),
            watcher: Mutex::new(Watcher::default()),
            unanswered: AtomicU64::new(0),
            ear: Mutex::new(None),
            begin,
        };
        let made = connections.connect(connections.options.statement_timeout).map_err(|fault| fault.told(OPENING))?;
        schema::prepare(&made.link, &connections.options).map_err(|fault| fault.told(OPENING))?;
        *connections.writer.lock() = Some(made);
        Ok(connections)
    }

    pub(super) const fn options(&self) -> &PostgresOptions {
        &self.options
    }

    pub(super) const fn url(&self) -> &PostgresUrl {
        &self.url
    }

    /// Runs `work` while nobody else moves the journal, and commits it when `work` succeeds. `last` is the record that shows
    /// whether it was committed, should the connection be lost over that.
    pub(super) fn commit<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Session<'_>) -> Result<T, Fault>,
        last: impl Fn(&T) -> Option<(Revision, Hash)>,
    ) -> Result<T, StoreError> {
        spans::within(SYSTEM, doing, || self.committed(doing, work, last))
    }

    fn committed<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Session<'_>) -> Result<T, Fault>,
        last: impl Fn(&T) -> Option<(Revision, Hash)>,
    ) -> Result<T, StoreError> {
        let _inside = self.enter(doing)?;
        let mut slot = self.writer.lock();
        // Taken out of its slot, so that a panic in `work` closes it.
        let session = self.session(slot.take(), Kind::Commit);
        let done = work(&session);
        let (ended, end) = (session.ended.take(), session.end());
        let Some(made) = session.into_made() else { return done.map_err(|fault| fault.told(doing)) };
        let done = done.map(|value| match ended {
            Some(ended) => (value, ended),
            None => {
                let ended = made.link.simple(end, self.options.statement_timeout).map(drop);
                (value, ended)
            }
        });
        let done = match done {
            Ok((value, Ok(()))) => {
                *slot = Some(made);
                Ok(value)
            }
            Ok((value, Err(fault))) if fault.poisons() => {
                drop(made);
                match last(&value).map(|record| self.has_landed(record)).transpose() {
                    Ok(Some(true)) => Ok(value),
                    Ok(_) => Err(fault),
                    Err(unknown) => Err(unknown),
                }
            }
            Ok((_, Err(fault))) | Err(fault) => {
                *slot = self.rolled_back(made, &fault);
                Err(fault)
            }
        };
        done.map_err(|fault| fault.told(doing))
    }

    /// Runs `work` over one revision.
    pub(super) fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Session<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        spans::within(SYSTEM, doing, || self.beside(doing, Kind::Read, work))
    }

    /// Runs `work`, which does not touch the journal, and commits it when it succeeds.
    pub(super) fn change<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Session<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        spans::within(SYSTEM, doing, || self.beside(doing, Kind::Change, work))
    }

    fn beside<T>(
        &self,
        doing: &'static str,
        kind: Kind,
        work: impl FnOnce(&Session<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let _inside = self.enter(doing)?;
        let mut place = self.take_place();
        let session = self.session(place.made.take(), kind);
        let done = work(&session);
        let Some(made) = session.into_made() else { return done.map_err(|fault| fault.told(doing)) };
        let done = match done {
            // Nothing depends on how it ends.
            Ok(value) if kind == Kind::Read => {
                place.made = made.link.tell("COMMIT").is_ok().then_some(made);
                Ok(value)
            }
            Ok(value) => made.link.simple("COMMIT", self.options.statement_timeout).map(|_| {
                place.made = Some(made);
                value
            }),
            Err(fault) => {
                place.made = self.rolled_back(made, &fault);
                Err(fault)
            }
        };
        done.map_err(|fault| fault.told(doing))
    }

    /// Whether the journal has grown since a known position, which has to be in it.
    pub(super) fn has_grown(&self, since: &Position) -> Result<bool, StoreError> {
        const DOING: &str = "watching the journal";
        let _inside = self.enter(DOING)?;
        let unanswered = self.unanswered.load(Ordering::Acquire);
        let mut watcher = self.watcher.lock();
        // Whoever waited for one that got no answer has waited long enough: their questions would wait in a row.
        if self.unanswered.load(Ordering::Acquire) != unanswered {
            return Err(Fault::Silent(self.options.proof_timeout).told(DOING));
        }
        let grown = self.look(&mut watcher, since);
        if matches!(grown, Err(Fault::Silent(_) | Fault::Unreachable(_))) {
            self.unanswered.fetch_add(1, Ordering::Release);
        }
        grown.map_err(|fault| fault.told(DOING))
    }

    fn look(&self, watcher: &mut Watcher, since: &Position) -> Result<bool, Fault> {
        let limit = self.options.proof_timeout;
        let (made, head) = self.retried(watcher.made.take(), limit, |link| {
            let rows = link.simple(&self.begin.watch, limit)?;
            schema::watched(&rows)
        })?;
        if watcher.known != Some((*since, head)) {
            let session = Session::over(made, head, limit);
            journal::check_known(&session, &self.options.schema, since)?;
            watcher.known = Some((*since, head));
            watcher.made = session.into_made();
        } else {
            watcher.made = Some(made);
        }
        Ok(head.revision > since.revision)
    }

    /// Waits at most `limit` until others have committed, and says whether they have; `None` where nobody could say so.
    pub(super) fn hear(&self, limit: Duration) -> Result<Option<bool>, StoreError> {
        const DOING: &str = "listening for changes";
        let Some(url) = &self.options.listen_url else { return Ok(None) };
        let _inside = self.enter(DOING)?;
        let mut slot = self.ear.lock();
        // What fails leaves no connection, and the next call makes one.
        let heard = match slot.take() {
            None => self.listen(url).map(|ear| (ear, true)),
            Some(mut ear) => ear.hear(limit, self.options.proof_timeout).map(|heard| (ear, heard)),
        };
        let (ear, heard) = heard.map_err(|fault| fault.told(DOING))?;
        *slot = Some(ear);
        Ok(Some(heard))
    }

    /// A connection that hears from now on. What was said before is not heard, so whoever makes one looks once.
    fn listen(&self, url: &PostgresUrl) -> Result<Ear, Fault> {
        let limit = self.options.proof_timeout;
        let link = Link::open(url, limit)?;
        link.simple(&self.begin.hear, limit)?;
        let there = schema::watched(&link.simple(&self.begin.watch, limit)?)?;
        let mut place = self.take_place();
        let session = self.session(place.made.take(), Kind::Read);
        let here = session.head()?;
        place.made = session.into_made().filter(|made| made.link.tell("COMMIT").is_ok());
        if there.lineage != here.lineage {
            return Err(UnusableDatabase::fault(format!("{url}, where changes are heard, has another journal")));
        }
        Ok(Ear { link, silence: Duration::ZERO })
    }

    /// Waits for what is running, closes every connection, and keeps everybody out until [`Connections::resume`].
    pub(super) fn pause(&self) {
        if self.process == std::process::id() {
            self.gate.close();
            drop(self.writer.lock().take());
            drop(std::mem::take(&mut *self.watcher.lock()));
            drop(std::mem::take(&mut *self.readers.lock()));
            drop(self.ear.lock().take());
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
            return Err(StoreError::Unavailable { doing, source: FORKED.into() });
        }
        Ok(self.gate.enter())
    }

    /// A transaction over this connection, or a new one.
    fn session(&self, made: Option<Made>, kind: Kind) -> Session<'_> {
        let made = Cell::new(made);
        Session::new(
            self.options.statement_timeout,
            &self.begin.told,
            Box::new(move |asked| self.begin(made.take(), kind, asked)),
        )
    }

    /// A transaction that has begun, the head it sees, and the rows of what was asked. A connection that turns out to be gone is
    /// made anew, once.
    fn begin(&self, made: Option<Made>, kind: Kind, asked: &[Asked]) -> Result<(Made, Head, Vec<Vec<Row>>), Fault> {
        let (sql, limit) = match kind {
            Kind::Read => (&self.begin.read, self.options.statement_timeout),
            Kind::Change => (&self.begin.change, self.options.statement_timeout),
            Kind::Commit => (&self.begin.commit, self.options.busy_timeout + self.options.statement_timeout),
        };
        let (made, (head, rows)) = self.retried(made, limit, |link| {
            let begun = link
                .query_all(Some(sql), asked, limit)
                .and_then(|(told, rows)| Ok((schema::head_in(told.last())?, rows)));
            if begun.as_ref().is_err_and(|fault| !fault.poisons()) {
                link.simple("ROLLBACK", self.options.statement_timeout)?;
            }
            begun
        })?;
        Ok((made, head, rows))
    }

    /// Asks over this connection, and over a new one when this one is there no more.
    fn retried<T>(
        &self,
        made: Option<Made>,
        limit: Duration,
        ask: impl Fn(&Link) -> Result<T, Fault>,
    ) -> Result<(Made, T), Fault> {
        let generation = self.generation.load(Ordering::Acquire);
        if let Some(made) = made.filter(|made| made.generation == generation) {
            match ask(&made.link) {
                Ok(answer) => return Ok((made, answer)),
                Err(fault) if fault.is_lost_connection() => {}
                Err(fault) => return Err(fault),
            }
        }
        let made = self.connect(limit)?;
        let answer = ask(&made.link)?;
        Ok((made, answer))
    }

    /// The connection after its transaction was undone, if it can be used again.
    fn rolled_back(&self, made: Made, fault: &Fault) -> Option<Made> {
        let is_good = !fault.poisons() && made.link.simple("ROLLBACK", self.options.statement_timeout).is_ok();
        is_good.then_some(made)
    }

    /// Whether a commit whose answer was lost has happened: the head row is free only once the server is done with it.
    fn has_landed(&self, (revision, hash): (Revision, Hash)) -> Result<bool, Fault> {
        let session = self.session(None, Kind::Commit);
        let found = session.first("SELECT hash FROM journal WHERE revision = $1", &[&int(revision)])?;
        let kept: Option<String> = found.map(|row| row.try_get(0)).transpose()?;
        if let Some(made) = session.into_made() {
            made.link.simple("ROLLBACK", self.options.statement_timeout)?;
        }
        Ok(kept.is_some_and(|kept| kept == hash.to_string()))
    }

    fn connect(&self, limit: Duration) -> Result<Made, Fault> {
        let generation = self.generation.load(Ordering::Acquire);
        Ok(Made { link: Link::open(&self.url, limit)?, generation })
    }

    /// One of the places for whoever reads, once one is free.
    fn take_place(&self) -> Place<'_> {
        let mut readers = self.free.wait_while(self.readers.lock(), |readers| readers.busy >= READERS);
        readers.busy += 1;
        Place { made: readers.idle.pop(), connections: self }
    }
}

/// A place among those who read. Given back with its connection, if that can be used again.
struct Place<'a> {
    made: Option<Made>,
    connections: &'a Connections,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut readers = self.connections.readers.lock();
        readers.busy = readers.busy.saturating_sub(1);
        readers.idle.extend(self.made.take());
        drop(readers);
        self.connections.free.notify_all();
    }
}

impl Ear {
    fn hear(&mut self, limit: Duration, patience: Duration) -> Result<bool, Fault> {
        if self.silence >= BEAT {
            self.link.simple("SELECT 1", patience)?;
            self.silence = Duration::ZERO;
        }
        let heard = self.link.hear(limit)?;
        self.silence = if heard { Duration::ZERO } else { self.silence + limit };
        Ok(heard)
    }
}

impl Begin {
    fn new(options: &PostgresOptions) -> Self {
        let schema = schema::quoted(&options.schema);
        let (busy, statement) = (options.busy_timeout.as_millis(), options.statement_timeout.as_millis());
        // A process that is stopped in the middle of a transaction must not hold up all the others.
        let limits = format!(
            "SET LOCAL search_path TO {schema}; SET LOCAL statement_timeout = {}; \
             SET LOCAL lock_timeout = {busy}; SET LOCAL idle_in_transaction_session_timeout = {statement}",
            busy + statement
        );
        let columns = schema::HEAD;
        Self {
            read: format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {limits}; SELECT {columns} FROM head"),
            change: format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {limits}; SET LOCAL synchronous_commit = on; \
                 SELECT {columns} FROM head"
            ),
            commit: format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {limits}; SET LOCAL synchronous_commit = on; \
                 SELECT {columns} FROM head FOR UPDATE"
            ),
            watch: format!("SELECT {columns}, pg_is_in_recovery() FROM {schema}.head"),
            // The name of the schema is that of the channel; both are of a database.
            told: if options.listen_url.is_some() { format!("NOTIFY {schema}; COMMIT") } else { "COMMIT".to_owned() },
            hear: format!("LISTEN {schema}"),
        }
    }
}

const FORKED: &str = "the process was forked while the store was open; pause the store before forking, and open another one \
                      in the child";
