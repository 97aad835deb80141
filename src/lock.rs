//! Fork-safe wrappers around `std::sync` locks.
//!
//! The standard library's locks park a thread in the kernel. Locks with a process-wide table of waiters are unsafe for
//! hosts that fork: the child inherits the table, with entries that point into memory of threads that it does not have
//! and that is soon reused.
//!
//! A panic under a lock poisons nothing here: the protected data is changed in one step, or in an order that is right
//! at every step.

use std::sync::{Condvar as StdCondvar, Mutex as StdMutex, PoisonError};
use std::time::Duration;

pub(crate) use std::sync::MutexGuard;

/// Gives one thread at a time access to its data.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(StdMutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(StdMutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same for a lock that may be held for long, or for ever by a thread that a fork left behind. `None` when it
    /// is still held after about that time.
    pub(crate) fn try_lock_for(&self, patience: Duration) -> Option<MutexGuard<'_, T>> {
        use std::sync::TryLockError;

        const PAUSE: Duration = Duration::from_millis(1);
        let mut left = patience;
        loop {
            match self.0.try_lock() {
                Ok(guard) => return Some(guard),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if left.is_zero() => return None,
                Err(TryLockError::WouldBlock) => {
                    #[expect(clippy::disallowed_methods, reason = "the waiting thread may never be woken")]
                    std::thread::sleep(PAUSE);
                    left = left.saturating_sub(PAUSE);
                }
            }
        }
    }

    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A condition variable for the data of a [`Mutex`].
#[derive(Debug, Default)]
pub(crate) struct Condvar(StdCondvar);

impl Condvar {
    #[cfg(feature = "host")]
    pub(crate) const fn new() -> Self {
        Self(StdCondvar::new())
    }

    /// Waits for a notification or the timeout; may also return without a reason.
    pub(crate) fn wait_for<'a, T>(&self, guard: MutexGuard<'a, T>, timeout: Duration) -> MutexGuard<'a, T> {
        self.0.wait_timeout(guard, timeout).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits as long as the condition holds.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn wait_while<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        self.0.wait_while(guard, condition).unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_under_a_lock_leaves_it_usable() {
        let mutex = Mutex::new(1);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _guard = mutex.lock();
            panic!("under the lock");
        }));
        assert!(panicked.is_err());
        assert_eq!(*mutex.lock(), 1);
        assert_eq!(mutex.try_lock_for(Duration::ZERO).as_deref(), Some(&1));
    }

    #[test]
    fn who_may_wait_for_ever_gives_up() {
        let mutex = Mutex::new(());
        let _held = mutex.lock();
        assert!(mutex.try_lock_for(Duration::from_millis(5)).is_none());
    }
}
