//! The thread that does the engine's background work.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::log;
use crate::error::Error;
use crate::lock::{Condvar, Mutex};
use crate::service::{Engine, Reconciler};

/// Calls [`Reconciler::tick`] at the engine's interval until it is dropped. It does not survive `fork`: a child starts its
/// own.
///
/// A round that fails is logged once as a warning, and once more when the rounds succeed again.
///
/// ```
/// use jit_access::host::Background;
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
/// use jit_access::workflow::Rules;
///
/// let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
/// let background = Background::start(&engine)?;
/// drop(background); // ends the thread
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Background {
    _rounds: Rounds,
}

/// A thread that does something again and again until it is dropped.
#[derive(Debug)]
pub(super) struct Rounds {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
    process: u32,
}

/// At most 15 bytes, so that the system shows all of it.
const NAME: &str = "jit-access";

/// How often in an interval commits of other processes are polled, if a poll is one read of a file.
const LOOKS: u32 = 4;

impl Background {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system cannot start a thread.
    pub fn start(engine: &Engine) -> Result<Self, Error> {
        let interval = engine.settings().interval;
        let reconciler = engine.reconciler();
        let (mut failing, mut left, mut looks) = (false, Duration::ZERO, false);
        let rounds = Rounds::start(NAME, move || {
            if left.is_zero() {
                failing = round(&reconciler, failing);
                log::deliver();
                left = interval;
                // A store that could answer without a query once can do so again: now another process may have
                // committed.
                looks |= reconciler.can_poll();
            } else {
                reconciler.poll();
            }
            let pause = if looks { left.min(interval / LOOKS) } else { left };
            left = left.saturating_sub(pause);
            pause
        })?;
        Ok(Self { _rounds: rounds })
    }

    /// Checks that the operating system can start a thread now. None is left running.
    pub(super) fn can_start() -> Result<(), Error> {
        // It does nothing that could panic.
        let _ = spawn(NAME, || ())?.join();
        Ok(())
    }
}

/// Returns whether it failed.
fn round(reconciler: &Reconciler, failed_before: bool) -> bool {
    match reconciler.tick() {
        Err(error) => {
            // Logged when it begins and when it ends, not twenty times a second.
            if !failed_before {
                tracing::warn!(%error, "background work failed; trying again");
            }
            true
        }
        Ok(_) => {
            if failed_before {
                tracing::info!("background work succeeds again");
            }
            false
        }
    }
}

impl Rounds {
    /// Starts the thread; each round returns how long to wait for the next.
    pub(super) fn start(
        name: &'static str,
        mut round: impl FnMut() -> Duration + Send + 'static,
    ) -> Result<Self, Error> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let inner = Arc::clone(&stop);
        let work = move || {
            let (stopped, wake) = &*inner;
            loop {
                let pause = round();
                let mut stopped = stopped.lock();
                if !*stopped && pause > Duration::ZERO {
                    stopped = wake.wait_for(stopped, pause);
                }
                if *stopped {
                    return;
                }
            }
        };
        let thread = spawn(name, work)?;
        Ok(Self { stop, thread: Some(thread), process: std::process::id() })
    }
}

fn spawn(name: &'static str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|source| Error::System { doing: "starting the thread of the background work", source })
}

impl Drop for Rounds {
    /// Stops the thread. In a forked child there is no thread to wait for, and it may have held a lock at the fork.
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(self.thread.take());
            return;
        }
        *self.stop.0.lock() = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was reported by the panic hook.
            let _ = thread.join();
        }
    }
}
