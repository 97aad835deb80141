//! Which uses are not written down yet.

use parking_lot::Mutex;

use crate::model::Event;
use crate::store::{Batch, Store, StoreError};

/// The uses that wait to be written. Bounded: when it is full, whoever brings the next one writes first, and if that
/// fails the use is not accepted. Nothing is ever dropped.
#[derive(Debug)]
pub(super) struct Recorder {
    waiting: Mutex<Vec<Event>>,
    /// Held while a batch is written, so that uses stay in order and a reader who flushes sees them all.
    writing: Mutex<()>,
    capacity: usize,
}

impl Recorder {
    pub(super) fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self { waiting: Mutex::new(Vec::with_capacity(capacity)), writing: Mutex::new(()), capacity }
    }

    /// Takes a use; false when there was no room and `flush` could not make any.
    pub(super) fn push(&self, event: Event, flush: impl Fn() -> Result<(), StoreError>) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= self.capacity {
            drop(waiting);
            if let Err(error) = flush() {
                tracing::warn!(%error, "uses cannot be recorded; no grant is honoured");
                return false;
            }
            waiting = self.waiting.lock();
        }
        waiting.push(event);
        true
    }

    /// Writes all that waits. On an error all of it goes on waiting.
    pub(super) fn flush(&self, store: &dyn Store) -> Result<(), StoreError> {
        let _one = self.writing.lock();
        let events = {
            let mut waiting = self.waiting.lock();
            if waiting.is_empty() {
                return Ok(());
            }
            std::mem::replace(&mut *waiting, Vec::with_capacity(self.capacity))
        };
        let batch = Batch { events, ..Batch::default() };
        store.commit(&batch).map(drop).inspect_err(|_| {
            let mut waiting = self.waiting.lock();
            let later = std::mem::replace(&mut *waiting, batch.events);
            waiting.extend(later);
        })
    }
}
