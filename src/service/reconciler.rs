//! The background work: what time has made true, and what waits to be written.

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

/// Does the background work. A program calls it from its own scheduler, or has `host::Background` call it. Without it,
/// facts of time are recorded late, and no answer changes.
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

/// What a tick did, and when the next one has work.
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
    /// The next instant at which time makes something true, as far as known.
    pub next: Option<Timestamp>,
}

/// How many views are recorded in one transaction: few, because no other process can write meanwhile.
const CHUNK: usize = 100;
/// The most such transactions in a tick. A million grants that end together take many ticks.
const CHUNKS: usize = 10;

impl Reconciler {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Writes the waiting commands and uses, catches up with other processes, and records what time made true: once, by
    /// the first process that gets there, also while other processes write much.
    ///
    /// # Errors
    /// When the store cannot be read or written. What waited keeps waiting.
    pub fn tick(&self) -> Result<Tick, Error> {
        let span = tracing::debug_span!("jit.tick", otel.name = "jit tick", otel.kind = "internal");
        let done = span.in_scope(|| self.round());
        if done.is_err() {
            Counters::add(&self.shared.counters.rounds_failed, 1);
            self.shared.note_staleness();
        }
        done
    }

    /// Waits at most `limit` for another process to signal a commit, and takes in its records. Returns `false` at once
    /// for a store without signals. A tick finds the same records without a signal, later.
    #[cfg_attr(not(feature = "host"), allow(dead_code, reason = "the host's thread calls it"))]
    pub(crate) fn wait_for_commit(&self, limit: Duration) -> Result<bool, Error> {
        let heard = self.shared.store.hear(limit)?;
        if heard == Some(true) {
            self.shared.sync()?;
        }
        Ok(heard.is_some())
    }

    /// Whether [`Self::poll`] is nearly free: the store can report without a query that nothing was committed since.
    #[cfg_attr(not(feature = "host"), allow(dead_code, reason = "the host's thread calls it"))]
    pub(crate) fn can_poll(&self) -> bool {
        self.shared.checks.is_still_current()
    }

    /// Takes in new commits. The next tick reports errors.
    #[cfg_attr(not(feature = "host"), allow(dead_code, reason = "the host's thread calls it"))]
    pub(crate) fn poll(&self) {
        if !self.can_poll() {
            let _ = self.shared.sync();
        }
    }

    fn round(&self) -> Result<Tick, Error> {
        let shared = &*self.shared;
        shared.time.refresh();
        // Done before the store is read, which may not answer for a while.
        shared.refresh_from_spool();
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
        shared.publish_counts();
        shared.apply_configuration()?;
        shared.note_start()?;
        let (mut noted, mut next) = (0, None);
        for _ in 0..CHUNKS {
            let now = shared.time.now();
            // A recorded fact stays, and it may be wrong while the clock is: leave it to the next tick.
            if shared.time.trouble().is_some() {
                break;
            }
            shared.checks.forget(now);
            // Checked first, so that a tick without work never blocks other writers.
            let due = shared.store.next_due()?;
            if due.is_none_or(|due| due > now) {
                next = Some(due);
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
        Ok(Tick { noted, next: next.map_or_else(|| shared.store.next_due(), Ok)? })
    }

    /// Records some of the due facts, and returns their number.
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

    /// Records that the process has ended, if its start is recorded (`enhanced_audit`). Flush before. A `host::Host`
    /// calls it when it is closed.
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
    /// When the store cannot be written. What waited keeps waiting.
    pub fn flush(&self) -> Result<(), Error> {
        self.shared.remember();
        self.shared.write_pending()?;
        self.shared.flush_uses()?;
        Ok(self.shared.flush_refusals()?)
    }
}
