//! How a check reaches the engine without counting who is inside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use jit_access::check::Decider;
use jit_access::host::fork;

/// A check's way to the decider of an open engine. Counting the threads that are inside would take as long as the check.
///
/// INVARIANT: a check holds the interpreter lock from its beginning to its end. Whoever closes the engine holds the lock
/// when they call [`Shortcut::close`], so no check is running then. Where there is no such lock, no shortcut ever opens.
pub struct Shortcut {
    decider: Decider,
    /// The process in which it is open, as [`fork::generation`] counts them, or one of the two below.
    open_in: AtomicU64,
    /// The shortcut of a child process.
    child: OnceLock<Arc<Self>>,
}

const NOT_OPEN_YET: u64 = u64::MAX - 1;
const CLOSED: u64 = u64::MAX;

impl Shortcut {
    pub fn to(decider: Decider) -> Self {
        let open_in = AtomicU64::new(if cfg!(Py_GIL_DISABLED) { CLOSED } else { NOT_OPEN_YET });
        Self { decider, open_in, child: OnceLock::new() }
    }

    /// The decider of this process's engine, if the shortcut is open.
    #[inline]
    pub fn decider(&self) -> Option<&Decider> {
        let (process, mut shortcut) = (fork::generation(), self);
        while shortcut.open_in.load(Ordering::Acquire) != process {
            shortcut = shortcut.child.get()?;
        }
        Some(&shortcut.decider)
    }

    /// Leads to this one in the child process that opened it.
    pub fn lead_to(&self, child: &Arc<Self>) {
        let mut last = self;
        while let Some(next) = last.child.get() {
            last = next;
        }
        let _ = last.child.set(Arc::clone(child));
    }

    /// Opens it in this process, unless it is open or closed.
    #[inline]
    pub fn open(&self) {
        if self.open_in.load(Ordering::Relaxed) == NOT_OPEN_YET {
            let _ =
                self.open_in.compare_exchange(NOT_OPEN_YET, fork::generation(), Ordering::Release, Ordering::Relaxed);
        }
    }

    /// Closes it for good.
    pub fn close(&self) {
        self.open_in.store(CLOSED, Ordering::Release);
    }
}
