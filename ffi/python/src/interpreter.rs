//! Leaving and entering the interpreter, also while it ends.
//!
//! CPython waits for no daemon thread: when such a thread asks for the interpreter lock after that, it is ended by
//! `pthread_exit`, which unwinds the frames of this library and runs their destructors without the lock. That crashes the
//! process. So once the interpreter ends, no other thread asks for the lock any more.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use pyo3::prelude::*;

/// The thread that ends the interpreter, once it does.
static ENDING: OnceLock<ThreadId> = OnceLock::new();
/// How many threads ask for the lock, or have it in a call of ours. No lock guards it: a fork may come at any time.
static ENTERING: AtomicUsize = AtomicUsize::new(0);
/// How many milliseconds the end waits for them.
const PATIENCE: u32 = 1_000;

/// Counts a thread among those that enter.
struct Entering;

impl Entering {
    /// Nothing when the interpreter ends in another thread.
    fn begin() -> Option<Self> {
        // It counts first and looks then; `end` notes the end first and looks at the count then.
        ENTERING.fetch_add(1, Ordering::SeqCst);
        let entering = Self;
        let is_open = ENDING.get().is_none_or(|ending| *ending == thread::current().id());
        is_open.then_some(entering)
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        ENTERING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Calls `act` without the interpreter lock. A thread that comes back while the interpreter ends waits until the process is
/// gone.
pub fn detached<R: Send>(py: Python<'_>, act: impl FnOnce() -> R + Send) -> R {
    let (done, _entering) = py.detach(|| {
        let done = act();
        loop {
            if let Some(entering) = Entering::begin() {
                return (done, entering);
            }
            thread::park();
        }
    });
    done
}

/// Calls `act` with the interpreter lock; nothing when the interpreter ends.
pub fn attached<R>(act: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    let _entering = Entering::begin()?;
    Python::try_attach(act)
}

/// The same for what may raise. The exception becomes its text at once, because to read it needs the lock, too.
pub fn asked<R>(ask: impl FnOnce(Python<'_>) -> PyResult<R>) -> Result<R, String> {
    attached(|py| ask(py).map_err(|raised| raised.to_string()))
        .unwrap_or_else(|| Err("the interpreter ends".to_owned()))
}

/// Notes that the interpreter ends in this thread, and waits for those that are about to enter it. Without the lock.
pub fn end() {
    ENDING.get_or_init(|| thread::current().id());
    for _ in 0..PATIENCE {
        if ENTERING.load(Ordering::SeqCst) == 0 {
            return;
        }
        thread::park_timeout(Duration::from_millis(1));
    }
}
