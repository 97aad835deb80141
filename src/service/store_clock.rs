//! The clock of the store's server, for every process of it.
//!
//! It is read when an engine is opened and in every round of the background work, and extrapolated by the monotonic
//! clock in between, so no check waits for it. While it cannot be read it is extrapolated further; then the store
//! cannot give proofs either.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::{Clock, TimeSource};
use crate::error::Error;
use crate::model::Invalid;
use crate::store::{Store, StoreError};

#[derive(Debug)]
pub(super) struct StoreClock {
    store: Arc<dyn Store>,
    /// For what passes between two readings. Its time of day is not looked at.
    host: Arc<dyn Clock>,
    /// What to add to the monotonic clock.
    offset: AtomicI64,
}

impl StoreClock {
    /// The clock of this store's server.
    pub(super) fn open(store: Arc<dyn Store>, host: Arc<dyn Clock>) -> Result<Self, Error> {
        let clock = Self { store, host, offset: AtomicI64::new(0) };
        match clock.read()? {
            Some(offset) => clock.offset.store(offset, Ordering::Relaxed),
            None => {
                let problem = "is `database`, and this store has no clock of its own";
                return Err(Invalid::new("service.time_source", problem, "`host`, or a store in PostgreSQL").into());
            }
        }
        Ok(clock)
    }

    /// How far the server's time of day is ahead of the monotonic clock. The answer belongs to an instant between the question
    /// and its arrival.
    fn read(&self) -> Result<Option<i64>, StoreError> {
        let asked = self.host.monotonic();
        let shown = self.store.wall()?;
        let between = asked.midpoint(self.host.monotonic());
        Ok(shown.map(|shown| shown.millis().saturating_sub(between)))
    }
}

impl Clock for StoreClock {
    fn wall(&self) -> i64 {
        self.host.monotonic().saturating_add(self.offset.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> i64 {
        self.host.monotonic()
    }

    fn source(&self) -> TimeSource {
        TimeSource::Database
    }

    fn refresh(&self) {
        // A failed read changes nothing: the calling round reports that the store does not answer.
        if let Ok(Some(offset)) = self.read() {
            self.offset.store(offset, Ordering::Relaxed);
        }
    }
}
