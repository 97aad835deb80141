//! Counts the running operations of a store, and blocks new ones while the process forks.

use crate::lock::{Condvar, Mutex};

/// Counts the running operations, and can block new ones.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct GateState {
    closed: bool,
    inside: usize,
}

impl Gate {
    pub(super) fn enter(&self) -> Inside<'_> {
        let mut state = self.changed.wait_while(self.state.lock(), |state| state.closed);
        state.inside += 1;
        Inside(self)
    }

    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        drop(self.changed.wait_while(state, |state| state.inside > 0));
    }

    pub(super) fn open(&self) {
        self.state.lock().closed = false;
        self.changed.notify_all();
    }
}

#[derive(Debug)]
pub(super) struct Inside<'a>(&'a Gate);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.inside = state.inside.saturating_sub(1);
        if state.closed {
            self.0.changed.notify_all();
        }
    }
}
