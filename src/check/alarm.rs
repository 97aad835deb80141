//! When something that fails at every check is worth a line in the log: when it begins, and then at most once a minute.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::model::Timestamp;

const EVERY_MS: i64 = 60_000;
const FINE: i64 = i64::MIN;

/// Something that works or fails, and how often the failure was not told.
#[derive(Debug)]
pub(super) struct Alarm {
    /// When the failure was told last; [`FINE`] while it works.
    told: AtomicI64,
    untold: AtomicU64,
    /// How often it failed since the start.
    total: AtomicU64,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { told: AtomicI64::new(FINE), untold: AtomicU64::new(0), total: AtomicU64::new(0) }
    }
}

impl Alarm {
    /// It failed at `now`. How many failures a line about it stands for, if there is to be one now.
    pub(super) fn failed(&self, now: Timestamp) -> Option<u64> {
        self.total.fetch_add(1, Ordering::Relaxed);
        let untold = self.untold.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let told = self.told.load(Ordering::Relaxed);
        let is_due = told == FINE || !(0..EVERY_MS).contains(&now.millis().saturating_sub(told));
        let is_ours =
            is_due && self.told.compare_exchange(told, now.millis(), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        is_ours.then(|| {
            self.untold.store(0, Ordering::Relaxed);
            untold
        })
    }

    /// How often it failed since the start.
    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// It works. How many failures were not told, if it failed before.
    #[inline]
    pub(super) fn works(&self) -> Option<u64> {
        if self.told.load(Ordering::Relaxed) == FINE { None } else { self.works_again() }
    }

    #[cold]
    fn works_again(&self) -> Option<u64> {
        let failed = self.told.swap(FINE, Ordering::Relaxed) != FINE;
        failed.then(|| self.untold.swap(0, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_when_it_begins_once_a_minute_and_when_it_is_over() {
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
