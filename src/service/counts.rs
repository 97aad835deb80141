//! What is counted for the metrics, in the order in which it is stored.

/// The bounds of the time of a check, in nanoseconds.
pub(super) const PROBE_BOUNDS: [u64; 10] = [10, 25, 50, 100, 250, 500, 1_000, 10_000, 100_000, 1_000_000];

macro_rules! counts {
    ($($name:ident),+ $(,)?) => {
        /// The counts, in the order in which they are stored.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub(super) struct Counts {
            $(pub(super) $name: u64,)+
            pub(super) probe_buckets: [u64; PROBE_BOUNDS.len()],
        }

        impl Counts {
            /// The counts in their order.
            pub(super) fn row(&self) -> Vec<u64> {
                [$(self.$name),+].into_iter().chain(self.probe_buckets).collect()
            }

            /// The counts of a row; missing ones are zero.
            pub(super) fn of(row: &[u64]) -> Self {
                let mut row = row.iter().copied();
                let mut next = || row.next().unwrap_or_default();
                Self { $($name: next(),)+ probe_buckets: std::array::from_fn(|_| next()) }
            }
        }
    };
}

counts! {
    uses, denied, refused_calls, stale, unrecordable, done, refused, failed, rounds_failed, offline, probes, probe_nanos,
}

/// The counts that were published to the other processes, and when.
#[derive(Debug, Default)]
pub(super) struct Published {
    pub(super) own: Counts,
    /// What all had counted by then.
    pub(super) all: Counts,
    pub(super) at: Option<i64>,
}
