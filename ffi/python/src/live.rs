//! Which engine serves this process, before and after a fork, and what is called around forks and at the end.

use std::panic::catch_unwind;
use std::sync::{Arc, OnceLock};

use jit_access::Error;
use jit_access::host::{Host, HostBuilder, fork, log};

use crate::interpreter::{attached, detached};
use crate::shortcut::Shortcut;

/// An open engine of this process.
pub struct Live {
    pub host: Host,
    pub shortcut: Arc<Shortcut>,
}

impl Live {
    pub fn open(builder: HostBuilder) -> Result<Self, Error> {
        Ok(Self::of(builder.open()?))
    }

    /// Opens the same again in a child of the process that opened this one.
    pub fn reopen(&self) -> Result<Self, Error> {
        Ok(Self::of(self.host.reopen()?))
    }

    fn of(host: Host) -> Self {
        Self { shortcut: Arc::new(Shortcut::to(host.decider().clone())), host }
    }

    /// Starts the background work if this is the first call.
    #[inline]
    pub fn ensure_background(&self) -> Result<(), Error> {
        self.host.ensure_background()?;
        self.shortcut.open();
        Ok(())
    }
}

impl Drop for Live {
    /// Waits for the background work, which may be waiting for the interpreter lock to deliver a log record.
    fn drop(&mut self) {
        let finish = || drop(self.host.finish());
        if attached(|py| detached(py, finish)).is_none() {
            // The interpreter ends, and no record is delivered any more.
            finish();
        }
    }
}

/// Has forks watched from now on. The system calls us, and not `os.register_at_fork`: between such hooks and the fork other
/// hooks run and other threads get the interpreter lock, with which they would wait for a store that is closed meanwhile.
#[expect(unsafe_code, reason = "the system is given fork handlers")]
pub fn watch_forks() -> Result<(), Error> {
    static FAILED: OnceLock<i32> = OnceLock::new();
    let watch = || {
        // SAFETY: the three are functions of this module, which Python never unloads, and they do not unwind.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork_in_parent), Some(after_fork_in_child)) }
    };
    match *FAILED.get_or_init(watch) {
        0 => Ok(()),
        code => {
            let source = std::io::Error::from_raw_os_error(code);
            Err(Error::System { doing: "registering the fork handlers", source })
        }
    }
}

extern "C" fn before_fork() {
    let _ = catch_unwind(fork::before);
}

extern "C" fn after_fork_in_parent() {
    let _ = catch_unwind(fork::after_in_parent);
}

extern "C" fn after_fork_in_child() {
    let _ = catch_unwind(fork::after_in_child);
}

/// Writes what waits in every engine of this process, delivers the last log records, and delivers none afterwards: the
/// interpreter ends. Without the interpreter lock.
pub fn at_exit() -> Result<(), Error> {
    let flushed = fork::flush_all();
    log::deliver();
    log::set_sink(None);
    flushed
}
