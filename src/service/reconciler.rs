//! What time has made true, and what is waiting to be written.

use std::sync::Arc;
use std::time::Duration;

use super::commit::Decision;
use super::metrics::Counters;
use super::shared::Shared;
use crate::check::Decider;
use crate::error::Error;
use crate::model::Timestamp;
use crate::store::{Reads, StoreError};
use crate::workflow::note;

/// Does the background work. A program calls it from its own scheduler, or has `host::Background` call it; if nobody
/// calls it, the record says things late, and no answer changes.
///
/// ```
/// use jit_access::config::Config;
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
///
/// let config = Config::parse("jit_access: {roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// let engine = Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open()?;
/// let tick = engine.reconciler().tick()?; // what the background work does all the time
/// assert_eq!((tick.noted, tick.next), (0, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reconciler {
    shared: Arc<Shared>,
}

/// What a tick did, and when the next one has something to do.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, .. } = world::granted()?;
/// use jit_access::model::*;
/// use jit_access::service::Tick;
///
/// let Tick { next, .. } = engine.reconciler().tick()?;
/// assert!(next.is_some(), "the grant will end");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tick {
    /// How many facts were noted in the journal.
    pub noted: usize,
    /// The next instant at which time makes something true, as far as is known now.
    pub next: Option<Timestamp>,
}

/// How many views are noted in one transaction: few, because nobody else can write meanwhile.
const CHUNK: usize = 100;
/// How many such transactions a tick makes at most. A million grants that end together are noted over many ticks.
const CHUNKS: usize = 10;

impl Reconciler {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Writes the commands and uses that wait, catches up with other processes, and notes what time made true: once,
    /// whichever process gets there first, and however much others write meanwhile.
    ///
    /// # Errors
    /// When the store cannot be read or written. What was waiting goes on waiting.
    pub fn tick(&self) -> Result<Tick, Error> {
        let span = tracing::debug_span!("jit.tick", otel.name = "jit tick", otel.kind = "internal");
        let done = span.in_scope(|| self.round());
        if done.is_err() {
            Counters::add(&self.shared.counters.rounds_failed, 1);
            self.shared.note_staleness();
        }
        done
    }

    /// Waits at most `limit` until another process says that it has committed, and takes in what it has. `false`, at once, for a
    /// store in which nobody says so. A tick finds the same without it, later.
    #[cfg_attr(not(feature = "host"), allow(dead_code, reason = "the host's thread calls it"))]
    pub(crate) fn hear(&self, limit: Duration) -> Result<bool, Error> {
        let heard = self.shared.store.hear(limit)?;
        if heard == Some(true) {
            self.shared.sync()?;
        }
        Ok(heard.is_some())
    }

    /// Whether a look costs next to nothing: the store can say without being asked that nothing was committed since.
    #[cfg_attr(not(feature = "host"), allow(dead_code, reason = "the host's thread calls it"))]
    pub(crate) fn can_look(&self) -> bool {
        self.shared.checks.is_still_current()
    }

    /// Looks whether anything was committed, and takes it in. What cannot be read the next tick says.
    #[cfg_attr(not(feature = "host"), allow(dead_code, reason = "the host's thread calls it"))]
    pub(crate) fn look(&self) {
        if !self.can_look() {
            let _ = self.shared.sync();
        }
    }

    fn round(&self) -> Result<Tick, Error> {
        let shared = &*self.shared;
        shared.time.refresh();
        // Before the store is asked, which may not answer for a while.
        shared.look_at_spool();
        let compared = shared.compare_clocks();
        // What others have ended, and what the operator forbids by now, holds also when nothing can be written.
        let written = shared.write_pending().and_then(|()| Ok(shared.flush_uses()?));
        let synced = shared.sync();
        #[cfg(feature = "cedar")]
        let guarded = shared.watch_guardrails();
        written?;
        synced?;
        compared?;
        if shared.offline.as_ref().is_some_and(|offline| !offline.was_tried(shared.time.now())) {
            shared.merge_spool()?;
        }
        shared.forget_gone()?;
        #[cfg(feature = "cedar")]
        guarded?;
        shared.remember();
        shared.tell_counts();
        shared.apply_configuration()?;
        shared.note_start()?;
        let mut noted = 0;
        for _ in 0..CHUNKS {
            let now = shared.time.now();
            // What is noted stays so, and perhaps it is not true: the next tick can tell.
            if shared.time.trouble().is_some() {
                break;
            }
            shared.checks.forget(now);
            // Asked first, so that a tick with nothing to do never keeps others from writing.
            if shared.store.next_due()?.is_none_or(|due| due > now) {
                break;
            }
            noted += self.note(now)?;
            shared.flush_uses()?;
        }
        shared.flush_refusals()?;
        shared.close_sessions()?;
        shared.watch()?;
        if shared.counters.is_due(shared.time.monotonic()) {
            Shared::probe(&shared.counters, &Decider::new(Arc::clone(&shared.checks), self.shared.clone()));
        }
        Ok(Tick { noted, next: shared.store.next_due()? })
    }

    /// Notes some of what is due, and answers how many facts that were.
    fn note(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.shared.commit_exclusively(|reads: &dyn Reads| {
            // Another process may have a clock that is ahead of ours.
            let now = now.max(self.shared.time.now());
            if self.shared.time.trouble().is_some() {
                return Ok((Decision::default(), 0));
            }
            let views = reads.due(now, CHUNK)?;
            let mut facts = Vec::with_capacity(views.len());
            for view in views {
                let noted = note(&view, now);
                facts.push((view, noted));
            }
            let count = facts.iter().map(|(_, noted)| noted.len()).sum();
            Ok((Decision { facts, ..Decision::default() }, count))
        })
    }

    /// Says on record that the process has ended, where its start is on record (`enhanced_audit`). Flush before. A `host::Host`
    /// does it when it is closed.
    ///
    /// ```
    /// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
    /// # let engine = world::engine()?;
    /// engine.reconciler().end()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn end(&self) -> Result<(), Error> {
        Ok(self.shared.note_end()?)
    }

    /// Writes the commands, the uses and the refused attempts that wait. Once this has returned, every use that a check of this process answered
    /// before the call is on disk.
    ///
    /// # Errors
    /// When the store cannot be written. What was waiting goes on waiting.
    pub fn flush(&self) -> Result<(), Error> {
        self.shared.remember();
        self.shared.write_pending()?;
        self.shared.flush_uses()?;
        Ok(self.shared.flush_refusals()?)
    }
}
