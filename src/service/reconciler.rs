//! What time has made true, and what is waiting to be written.

use std::sync::Arc;

use super::engine::Shared;
use crate::error::Error;
use crate::model::Timestamp;
use crate::store::{Batch, StoreError};
use crate::workflow::note;

/// Does what nobody is waiting for. A host calls it from its own scheduler, or lets a [`super::Keeper`] do it; if nobody
/// calls it, the record says things late, and no answer changes.
#[derive(Debug, Clone)]
pub struct Reconciler {
    shared: Arc<Shared>,
}

/// What a tick did, and when the next one has something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// How many facts were noted in the journal.
    pub noted: usize,
    /// The next instant at which time makes something true, as far as is known now.
    pub next: Option<Timestamp>,
}

/// How many views are looked at in a tick: a million grants that end together are noted over many ticks.
const CHUNK: usize = 200;

impl Reconciler {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Writes waiting uses, catches up with other processes, and notes what time made true: once, whichever process
    /// gets there first.
    ///
    /// # Errors
    /// When the store cannot be read or written. What was waiting goes on waiting.
    pub fn tick(&self) -> Result<Tick, Error> {
        let shared = &*self.shared;
        shared.flush_uses()?;
        shared.sync()?;
        let now = shared.time.now();
        let views = shared.store.due(now, CHUNK)?;
        let events: Vec<_> = views.iter().flat_map(|view| note(view, now)).collect();
        let mut noted = events.len();
        if let Some(decided_from) = views.iter().map(|view| view.revision).min() {
            match shared.store.commit(&Batch { decided_from: Some(decided_from), events, ..Batch::default() }) {
                Ok(records) => shared.publish(&records),
                // Somebody else was first, with this or with something else: the next tick looks again.
                Err(StoreError::Conflict) => noted = 0,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Tick { noted, next: shared.store.next_due()? })
    }

    /// Writes the uses that wait. Once this has returned, every use that a check of this process answered before the
    /// call is on disk.
    ///
    /// # Errors
    /// When the store cannot be written. What was waiting goes on waiting.
    pub fn flush(&self) -> Result<(), Error> {
        Ok(self.shared.flush_uses()?)
    }
}

impl Shared {
    pub(super) fn flush_uses(&self) -> Result<(), StoreError> {
        self.uses.flush(&*self.store)
    }
}
