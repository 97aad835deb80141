//! A thread for hosts that have none to spare.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::{Engine, Reconciler};
use crate::error::Error;
use crate::lock::{Condvar, Mutex};

/// Calls the reconciler at the engine's interval until it is dropped. It does not survive `fork`: a child starts its own.
///
/// ```
/// use jit_access::config::Config;
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
///
/// let config = Config::parse("jit_access: {roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// let engine = Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open()?;
/// let keeper = jit_access::service::Keeper::start(&engine)?;
/// drop(keeper); // ends its thread
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Keeper {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
    reconciler: Reconciler,
    process: u32,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(engine: &Engine) -> Result<Self, Error> {
        let interval = engine.settings().interval;
        let reconciler = engine.reconciler();
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let thread = std::thread::Builder::new()
            .name("jit-access-keeper".to_owned())
            .spawn({
                let (stop, reconciler) = (Arc::clone(&stop), reconciler.clone());
                move || {
                    let (stopped, wake) = &*stop;
                    let mut failing = false;
                    loop {
                        let result = reconciler.tick();
                        // Said once when it begins and once when it ends, not twenty times a second.
                        match &result {
                            Err(error) if !failing => tracing::warn!(%error, "the store cannot be kept up with"),
                            Ok(_) if failing => tracing::info!("the store can be kept up with again"),
                            _ => {}
                        }
                        failing = result.is_err();
                        let mut stopped = stopped.lock();
                        if !*stopped {
                            stopped = wake.wait_for(stopped, interval);
                        }
                        if *stopped {
                            return;
                        }
                    }
                }
            })
            .map_err(|error| Error::Internal(format!("no thread for the keeper: {error}")))?;
        Ok(Self { stop, thread: Some(thread), reconciler, process: std::process::id() })
    }
}

impl Drop for Keeper {
    /// Stops the thread and writes what waits. In a forked child there is no thread to wait for, a lock may be held by it
    /// for ever, and what waits is the parent's to write.
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(self.thread.take());
            return;
        }
        *self.stop.0.lock() = true;
        self.stop.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has been reported by the panic hook already.
            let _ = thread.join();
        }
        if let Err(error) = self.reconciler.flush() {
            tracing::error!(%error, "uses are lost that could not be written before the end");
        }
    }
}
