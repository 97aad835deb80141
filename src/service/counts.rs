//! What is counted for the figures, in the order in which it is kept.

/// The bounds of the time of a check, in nanoseconds.
pub(super) const PROBE_BOUNDS: [u64; 10] = [10, 25, 50, 100, 250, 500, 1_000, 10_000, 100_000, 1_000_000];

const BEFORE_PROBES: usize = 11;

/// What is counted, in the order in which it is kept: what comes later is added at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) uses: u64,
    pub(super) denied: u64,
    pub(super) refused_calls: u64,
    pub(super) stale: u64,
    pub(super) unrecordable: u64,
    pub(super) done: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    pub(super) rounds_failed: u64,
    pub(super) probes: u64,
    pub(super) probe_nanos: u64,
    pub(super) probe_buckets: [u64; PROBE_BOUNDS.len()],
}

/// The counts in their order.
pub(super) type Row = [u64; BEFORE_PROBES + PROBE_BOUNDS.len()];

/// What of it was told to the other processes, and when.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) own: Counts,
    /// What all had counted by then.
    pub(super) all: Counts,
    pub(super) at: Option<i64>,
}

impl Counts {
    pub(super) fn row(&self) -> Row {
        let mut row = Row::default();
        let before = [
            self.uses,
            self.denied,
            self.refused_calls,
            self.stale,
            self.unrecordable,
            self.done,
            self.refused,
            self.failed,
            self.rounds_failed,
            self.probes,
            self.probe_nanos,
        ];
        row.iter_mut().zip(before.iter().chain(&self.probe_buckets)).for_each(|(place, count)| *place = *count);
        row
    }

    pub(super) fn of(row: &[u64]) -> Self {
        let at = |place: usize| row.get(place).copied().unwrap_or_default();
        Self {
            uses: at(0),
            denied: at(1),
            refused_calls: at(2),
            stale: at(3),
            unrecordable: at(4),
            done: at(5),
            refused: at(6),
            failed: at(7),
            rounds_failed: at(8),
            probes: at(9),
            probe_nanos: at(10),
            probe_buckets: std::array::from_fn(|bucket| at(BEFORE_PROBES + bucket)),
        }
    }
}
