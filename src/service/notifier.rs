//! Wakes the threads that wait for a change.

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
    /// Wakes all waiting threads. Call it after the revision has risen.
    pub(super) fn notify(&self) {
        drop(self.ended.lock());
        self.changed.notify_all();
    }

    /// Waits while `unchanged` is true, until [`Notifier::notify`], `timeout` or [`Notifier::end`].
    pub(super) fn wait(&self, unchanged: impl FnOnce() -> bool, timeout: Duration) {
        let ended = self.ended.lock();
        // Checked under the lock that `notify` takes after the change, so no change is missed.
        if !*ended && unchanged() {
            drop(self.changed.wait_for(ended, timeout));
        }
    }

    /// Waits until [`Notifier::end`] or about that time; returns false after [`Notifier::end`].
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
