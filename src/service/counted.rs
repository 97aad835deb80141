//! What the processes of this machine have counted together.
//!
//! Whoever reads the figures of a host with several processes is answered by one of them, so it says what all have counted.

use super::counts::Counts;
use super::metrics::{Counters, value};
use super::shared::Shared;

/// How often a process tells what it has counted.
const TELL_MILLIS: i64 = 1_000;

/// Each count of these in its place.
fn each(one: &[u64], other: &[u64], with: impl Fn(u64, u64) -> u64) -> Vec<u64> {
    one.iter().zip(other).map(|(one, other)| with(*one, *other)).collect()
}

impl Shared {
    /// What all processes of this machine have counted, as far as they have told; of this one all. Where there is no place for
    /// it beside the store, of this one alone.
    pub(super) fn counted(&self) -> Counts {
        let own = self.own_counts();
        let mut told = self.told.lock();
        let new = each(&own.row(), &told.own.row(), u64::saturating_sub);
        match self.store.add_counts(&new) {
            Ok(Some(all)) => {
                (told.own, told.all) = (own, Counts::of(&all));
                told.all
            }
            Ok(None) => own,
            // Of the others what they had told before.
            Err(_) => Counts::of(&each(&told.all.row(), &Counts::of(&new).row(), u64::saturating_add)),
        }
    }

    /// Tells the other processes what this one has counted. What cannot be told now is told later.
    pub(super) fn tell_counts(&self) {
        let now = self.time.monotonic();
        {
            let mut told = self.told.lock();
            if told.at.is_some_and(|at| now.saturating_sub(at) < TELL_MILLIS) || told.own == self.own_counts() {
                return;
            }
            told.at = Some(now);
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
