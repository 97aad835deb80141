//! The sum of what the processes of this machine have counted.
//!
//! A scrape reaches one of the processes of a host, so the metrics are the sum over all of them.

use super::counts::Counts;
use super::metrics::{Counters, value};
use super::shared::Shared;

/// How often a process publishes its counts.
const PUBLISH_MILLIS: i64 = 1_000;

/// Each count of these in its place.
fn each(one: &[u64], other: &[u64], with: impl Fn(u64, u64) -> u64) -> Vec<u64> {
    one.iter().zip(other).map(|(one, other)| with(*one, *other)).collect()
}

impl Shared {
    /// The sum of the counts that the processes of this machine have published, with the current counts of this
    /// process. Without a place for it beside the store, the counts of this process alone.
    pub(super) fn counted(&self) -> Counts {
        let own = self.own_counts();
        let mut published = self.published.lock();
        let new = each(&own.row(), &published.own.row(), u64::saturating_sub);
        match self.store.add_counts(&new) {
            Ok(Some(all)) => {
                (published.own, published.all) = (own, Counts::of(&all));
                published.all
            }
            Ok(None) => own,
            // For the other processes, the counts that were published before.
            Err(_) => Counts::of(&each(&published.all.row(), &Counts::of(&new).row(), u64::saturating_add)),
        }
    }

    /// Publishes the counts of this process to the others. Counts that cannot be published now are published later.
    pub(super) fn publish_counts(&self) {
        let now = self.time.monotonic();
        {
            let mut published = self.published.lock();
            if published.at.is_some_and(|at| now.saturating_sub(at) < PUBLISH_MILLIS)
                || published.own == self.own_counts()
            {
                return;
            }
            published.at = Some(now);
        }
        self.counted();
    }

    fn own_counts(&self) -> Counts {
        let Counters { uses, done, refused, failed, rounds_failed, offline, .. } = &self.counters;
        let (stale, unrecordable) = self.checks.not_honoured();
        let (denied, refused_calls) = self.checks.refused.calls();
        let (probes, probe_nanos, probe_buckets) = self.counters.probes();
        Counts {
            uses: value(uses),
            denied,
            refused_calls,
            stale,
            unrecordable,
            done: value(done),
            refused: value(refused),
            failed: value(failed),
            rounds_failed: value(rounds_failed),
            offline: value(offline),
            probes,
            probe_nanos,
            probe_buckets,
        }
    }
}
