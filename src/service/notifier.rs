//! What wakes those who wait for a change.

use std::time::Duration;

use crate::lock::{Condvar, Mutex};

/// Wakes threads that wait for the revision to rise.
#[derive(Debug, Default)]
pub(super) struct Notifier {
    ended: Mutex<bool>,
    changed: Condvar,
    ending: Condvar,
}

impl Notifier {
    /// Wakes everybody who waits. Call it after the revision has risen.
    pub(super) fn notify(&self) {
        drop(self.ended.lock());
        self.changed.notify_all();
    }

    /// Waits until [`Notifier::notify`], `timeout` or [`Notifier::end`], as long as `unchanged` says so.
    pub(super) fn wait(&self, unchanged: impl FnOnce() -> bool, timeout: Duration) {
        let ended = self.ended.lock();
        // Looked at under the lock that `notify` takes after the change, so no change is missed.
        if !*ended && unchanged() {
            drop(self.changed.wait_for(ended, timeout));
        }
    }

    /// Waits until [`Notifier::end`] or about that time; answers whether there is no end yet.
    pub(super) fn pause(&self, timeout: Duration) -> bool {
        let ended = self.ended.lock();
        let ended = if *ended { ended } else { self.ending.wait_for(ended, timeout) };
        !*ended
    }

    /// Makes every wait return, now and from now on.
    pub(super) fn end(&self) {
        *self.ended.lock() = true;
        self.changed.notify_all();
        self.ending.notify_all();
    }
}
