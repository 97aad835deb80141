//! Preparing for a fork, and which process an engine belongs to.
//!
//! SQLite keeps a file's locks per process in memory that a child inherits, while the kernel's locks stay with the parent.
//! So every store is closed before a fork and opened again after it in the parent. Opening an engine, closing one, and
//! forking exclude each other.
//!
//! This crate has no unsafe code, and registering fork handlers is unsafe: a program that forks passes the three
//! functions to `pthread_atfork`, as the C and Python bindings do, or calls them around its own `fork`.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use super::log;
use crate::error::Error;
use crate::lock::{Mutex, MutexGuard};
use crate::service::Reconciler;
use crate::store::Store;

/// How many forks lie between this process and the one that loaded the library.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// The open engines. Locked while an engine opens or closes, and over a fork. Its holder never waits for code of the
/// host.
static OPEN: Mutex<Open> = Mutex::new(Open { stores: Vec::new(), reconcilers: Vec::new() });

struct Open {
    /// What must be closed before a fork.
    stores: Vec<Weak<dyn Store>>,
    /// What must be flushed before the process ends: a thread that never ends can keep a host from being dropped.
    reconcilers: Vec<Weak<Reconciler>>,
}

/// The locks that the forking thread holds, so that they are free in the child.
struct Held {
    open: MutexGuard<'static, Open>,
    log: log::Held,
}

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

/// Called before a fork, on the thread that forks. Waits for the operations of every store that run, and closes its
/// connections. No engine can be opened or closed until one of the other two functions is called.
pub fn before() {
    let open = OPEN.lock();
    open.stores.iter().filter_map(Weak::upgrade).for_each(|store| store.before_fork());
    let held = Held { open, log: log::hold() };
    HELD.with_borrow_mut(|place| *place = Some(held));
}

/// Called after the fork in the parent, on the same thread: stores continue.
pub fn after_in_parent() {
    if let Some(Held { open, log }) = HELD.with_borrow_mut(Option::take) {
        drop(log);
        open.stores.iter().filter_map(Weak::upgrade).for_each(|store| store.after_fork_in_parent());
    }
}

/// Called after the fork in the child, on the same thread. Every host of the parent is now an inherited one: see
/// [`Host::is_of_this_process`](super::Host::is_of_this_process).
pub fn after_in_child() {
    GENERATION.fetch_add(1, Ordering::AcqRel);
    if let Some(Held { mut open, log }) = HELD.with_borrow_mut(Option::take) {
        // The parent writes what waits there, and delivers its logs.
        open.stores.clear();
        open.reconcilers.clear();
        log.forget();
    }
}

/// Writes the uses that wait in every engine of this process. A program calls it when it ends while hosts may still be
/// open.
///
/// # Errors
/// The first error, after all engines have been tried.
pub fn flush_all() -> Result<(), Error> {
    let open = OPEN.lock();
    let reconcilers: Vec<_> = open.reconcilers.iter().filter_map(Weak::upgrade).collect();
    let flushed: Vec<_> = reconcilers.iter().map(|reconciler| reconciler.flush()).collect();
    flushed.into_iter().collect()
}

/// How many forks lie between this process and the one that loaded the library.
#[inline]
#[must_use]
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// Proof that no other engine opens or closes meanwhile, and that no fork runs.
pub(super) struct Opening {
    open: MutexGuard<'static, Open>,
}

impl Opening {
    pub(super) fn begin() -> Self {
        Self { open: OPEN.lock() }
    }

    pub(super) fn register(&mut self, store: &Arc<dyn Store>, reconciler: &Arc<Reconciler>) {
        self.open.stores.retain(|store| store.strong_count() > 0);
        self.open.stores.push(Arc::downgrade(store));
        self.open.reconcilers.retain(|reconciler| reconciler.strong_count() > 0);
        self.open.reconcilers.push(Arc::downgrade(reconciler));
    }
}
