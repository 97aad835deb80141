//! When a failure that occurs at every check is logged: when it begins, and then at most once a minute.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::model::Timestamp;

const EVERY_MS: i64 = 60_000;
const FINE: i64 = i64::MIN;

/// Something that works or fails, and how many failures were not logged.
#[derive(Debug)]
pub(super) struct Alarm {
    /// When the failure was last logged; [`FINE`] while it works.
    logged: AtomicI64,
    unlogged: AtomicU64,
    /// How often it failed since the start.
    total: AtomicU64,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { logged: AtomicI64::new(FINE), unlogged: AtomicU64::new(0), total: AtomicU64::new(0) }
    }
}

impl Alarm {
    /// It failed at `now`. Returns the number of failures that one log record stands for, if one is due now.
    pub(super) fn failed(&self, now: Timestamp) -> Option<u64> {
        self.total.fetch_add(1, Ordering::Relaxed);
        let unlogged = self.unlogged.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let logged = self.logged.load(Ordering::Relaxed);
        let is_due = logged == FINE || !(0..EVERY_MS).contains(&now.millis().saturating_sub(logged));
        let is_ours =
            is_due && self.logged.compare_exchange(logged, now.millis(), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        is_ours.then(|| {
            self.unlogged.store(0, Ordering::Relaxed);
            unlogged
        })
    }

    /// How often it failed since the start.
    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// It works. Returns how many failures were not logged, if it failed before.
    #[inline]
    pub(super) fn works(&self) -> Option<u64> {
        if self.logged.load(Ordering::Relaxed) == FINE { None } else { self.works_again() }
    }

    #[cold]
    fn works_again(&self) -> Option<u64> {
        let failed = self.logged.swap(FINE, Ordering::Relaxed) != FINE;
        failed.then(|| self.unlogged.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_logged_when_it_begins_once_a_minute_and_when_it_is_over() {
        let alarm = Alarm::default();
        let at = |ms| Timestamp::from_millis(ms).unwrap();
        assert_eq!(alarm.works(), None);
        assert_eq!(alarm.failed(at(0)), Some(1));
        assert!((1..1_000).all(|ms| alarm.failed(at(ms)).is_none()));
        assert_eq!(alarm.failed(at(60_000)), Some(1_000));
        assert_eq!(alarm.failed(at(119_999)), None);
        assert_eq!(alarm.works(), Some(1));
        assert_eq!(alarm.works(), None);
        assert_eq!(alarm.failed(at(120_000)), Some(1), "it begins anew");
    }
}
