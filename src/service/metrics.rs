//! The metrics of an engine, and their Prometheus format.
//!
//! A check without a grant counts nothing here: such a check takes a nanosecond, and counting would double that. Only
//! slow paths are counted: uses are written, refusals of elevation are logged. The background work measures the speed
//! of checks from time to time, on its own checks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::counts::{Counts, PROBE_BOUNDS};

/// The type of a metric. Complete on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// It only rises while the process lives.
    Counter,
    /// It rises and falls.
    Gauge,
    /// How many observations were at most so large.
    Histogram,
}

impl FigureKind {
    /// The name in the text that Prometheus reads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The description of a metric: its name, type, label and help text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// The name, with its unit.
    pub name: &'static str,
    /// The kind.
    pub kind: FigureKind,
    /// The label of its samples; empty for none.
    pub label: &'static str,
    /// The help text.
    pub help: &'static str,
}

macro_rules! families {
    ($($constant:ident = $name:literal, $kind:ident, $label:literal, $help:literal;)+) => {
        $(pub(super) const $constant: Family = Family { name: $name, kind: FigureKind::$kind, label: $label, help: $help };)+

        impl Family {
            /// Every figure, in the order of the text.
            pub const ALL: &'static [Self] = &[$($constant),+];
        }
    };
}

families! {
    USES = "jit_uses_total", Counter, "", "Uses of grants that were written: checks that a grant allowed.";
    DECISIONS = "jit_decisions_total", Counter, "outcome", "Decisions that leave a trace: uses that a grant allowed, calls that a guardrail denied, and calls that were refused otherwise (not_applicable).";
    NOT_HONOURED = "jit_not_honoured_total", Counter, "reason", "Checks under a grant that were not honoured: the state was stale, or the use could not be recorded.";
    COMMANDS = "jit_commands_total", Counter, "outcome", "Commands of callers by outcome: done, refused or failed.";
    PROBE = "jit_check_probe_seconds", Histogram, "", "How long a check took that the background work makes once a second, about a principal without a grant.";
    OFFLINE = "jit_offline_taken_total", Counter, "", "Break-glass grants that were taken while the store was unavailable.";
    OFFLINE_ENTRIES = "jit_offline_entries", Gauge, "", "Entries that wait on this machine to be merged into the journal.";
    OFFLINE_GRANTS = "jit_offline_grants", Gauge, "", "Break-glass grants in force that only this machine knows of.";
    OFFLINE_PROBLEM = "jit_offline_problem", Gauge, "", "1 while what waits on this machine cannot be merged and a person has to look.";
    ROUNDS = "jit_background_failures_total", Counter, "", "Rounds of the background work that failed, mostly because the store could not be read or written.";
    STALENESS = "jit_staleness_seconds", Gauge, "", "How old the last proof is that the state is current.";
    DOUBTED = "jit_clock_doubted", Gauge, "", "1 while the clock is doubted and no grant is honoured.";
    SOURCE = "jit_clock_source", Gauge, "source", "1 for the clock that is believed: that of the host or of the database.";
    SKEW = "jit_clock_skew_seconds", Gauge, "", "How far the clock of this host is ahead of that of the store's server; 0 where the store has none.";
    UP = "jit_store_up", Gauge, "", "1 when the store could be read for these figures. At 0 those below are missing.";
    ANSWER = "jit_store_answer_seconds", Gauge, "", "How long the store took just now to say what its last record is.";
    GRANTS = "jit_live_grants", Gauge, "", "Live grants of everybody; a grant and its extensions count once.";
    PENDING = "jit_pending_requests", Gauge, "", "Requests that wait for an answer, at most 10000.";
    OLDEST = "jit_oldest_pending_request_seconds", Gauge, "", "How long the oldest of them has waited.";
    APPROVAL = "jit_time_to_approve_seconds", Histogram, "", "How long approved requests waited, of the journal as far as it was read.";
    RECORDS = "jit_journal_records", Gauge, "", "Records in the journal.";
    WAITING = "jit_notices_waiting", Gauge, "", "Notices that are due and not planned.";
    DELIVERIES = "jit_deliveries_waiting", Gauge, "channel", "Messages of a channel that wait.";
    FAILED = "jit_deliveries_failed", Gauge, "channel", "Messages of a channel that were given up and wait for a person.";
    ALERTS = "jit_alerts_total", Counter, "kind", "Alerts in the journal, as far as it was read.";
    OPEN = "jit_alerts_open", Gauge, "", "Alerts that are neither acknowledged nor silenced.";
}

/// One figure with its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The description.
    pub family: Family,
    /// The values, by the value of the label; of one without a label under the empty text.
    pub values: BTreeMap<String, f64>,
    /// The observations of a histogram.
    pub histogram: Option<Histogram>,
}

/// Observations, counted by the smallest bound that they do not exceed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// Each bound in seconds, and how many observations were at most that.
    pub buckets: Vec<(f64, u64)>,
    /// How many observations there were.
    pub count: u64,
    /// Their sum in seconds.
    pub sum: f64,
}

/// The figures of an engine at one instant.
///
/// ```
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
/// use jit_access::workflow::Rules;
///
/// let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
/// let metrics = engine.metrics()?;
/// assert_eq!(metrics.value("jit_live_grants"), Some(0.0));
/// assert!(metrics.to_prometheus().contains("# TYPE jit_uses_total counter\njit_uses_total 0\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    /// Every figure, in the order of [`Family::ALL`].
    pub figures: Vec<Figure>,
}

impl Metrics {
    /// The value of a figure without a label.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.family.name == name)?.values.get("").copied()
    }

    /// The text that Prometheus reads, version 0.0.4.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut out = String::new();
        for Figure { family, values, histogram } in &self.figures {
            let Family { name, kind, label, help } = family;
            // Writing to a text cannot fail.
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {}", kind.name());
            for (of, value) in values {
                let _ = match *label {
                    "" => writeln!(out, "{name} {value}"),
                    label => writeln!(out, "{name}{{{label}=\"{}\"}} {value}", escaped(of)),
                };
            }
            if let Some(Histogram { buckets, count, sum }) = histogram {
                for (bound, below) in buckets {
                    let _ = writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {below}");
                }
                let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}");
            }
        }
        out
    }

    pub(super) fn put(&mut self, family: Family, value: f64) {
        self.put_all(family, [(String::new(), value)]);
    }

    pub(super) fn put_all(&mut self, family: Family, values: impl IntoIterator<Item = (String, f64)>) {
        self.figures.push(Figure { family, values: values.into_iter().collect(), histogram: None });
    }

    pub(super) fn put_histogram(&mut self, family: Family, histogram: Histogram) {
        self.figures.push(Figure { family, values: BTreeMap::new(), histogram: Some(histogram) });
    }
}

/// The value of a label: a backslash, a quote and a line break have a meaning there.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl Histogram {
    /// These observations in seconds, by these bounds.
    pub(super) fn of(bounds: &[f64], seconds: impl IntoIterator<Item = f64>) -> Self {
        let mut all = Self { buckets: bounds.iter().map(|bound| (*bound, 0)).collect(), count: 0, sum: 0.0 };
        for value in seconds {
            all.count += 1;
            all.sum += value;
            all.buckets.iter_mut().filter(|(bound, _)| value <= *bound).for_each(|(_, below)| *below += 1);
        }
        all
    }
}

/// The counters of a running engine.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) uses: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) rounds_failed: AtomicU64,
    pub(super) offline: AtomicU64,
    probes: [AtomicU64; PROBE_BOUNDS.len()],
    probe_count: AtomicU64,
    probe_nanos: AtomicU64,
    /// When the clocks are compared next, by the monotonic clock.
    next_comparison: AtomicI64,
    /// When the next probe is due, by the monotonic clock.
    next_probe: AtomicI64,
}

impl Counters {
    pub(super) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// Whether a second has passed since the last probe.
    pub(super) fn is_due(&self, monotonic: i64) -> bool {
        let is_due = self.next_probe.load(Ordering::Relaxed) <= monotonic;
        if is_due {
            self.next_probe.store(monotonic.saturating_add(1_000), Ordering::Relaxed);
        }
        is_due
    }

    /// Whether a second has passed since the clocks were compared.
    pub(super) fn is_compared(&self, monotonic: i64) -> bool {
        let is_due = self.next_comparison.load(Ordering::Relaxed) <= monotonic;
        if is_due {
            self.next_comparison.store(monotonic.saturating_add(1_000), Ordering::Relaxed);
        }
        is_due
    }

    /// A check took so long.
    pub(super) fn probed(&self, nanos: u64) {
        let at_least = PROBE_BOUNDS.iter().zip(&self.probes).filter(|(bound, _)| nanos <= **bound);
        at_least.for_each(|(_, bucket)| Self::add(bucket, 1));
        Self::add(&self.probe_count, 1);
        self.probe_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// How many checks were measured, how long they took together, and how many took at most each bound.
    pub(super) fn probes(&self) -> (u64, u64, [u64; PROBE_BOUNDS.len()]) {
        (value(&self.probe_count), value(&self.probe_nanos), self.probes.each_ref().map(value))
    }
}

/// The histogram of the checks that were measured.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
pub(super) fn probes(counted: &Counts) -> Histogram {
    let bound = |nanos: &u64| *nanos as f64 / 1e9;
    let buckets = PROBE_BOUNDS.iter().map(bound).zip(counted.probe_buckets).collect();
    Histogram { buckets, count: counted.probes, sum: counted.probe_nanos as f64 / 1e9 }
}

pub(super) fn value(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_label_is_escaped() {
        let mut metrics = Metrics::default();
        metrics.put_all(FAILED, [("a\"b\\c\nd".to_owned(), 1.0)]);
        assert!(metrics.to_prometheus().ends_with("jit_deliveries_failed{channel=\"a\\\"b\\\\c\\nd\"} 1\n"));
    }

    #[test]
    fn buckets_are_cumulative() {
        let counters = Counters::default();
        [5, 30, 30, 2_000_000].iter().for_each(|nanos| counters.probed(*nanos));
        let (count, probe_nanos, probe_buckets) = counters.probes();
        assert_eq!(probe_buckets, [1, 1, 3, 3, 3, 3, 3, 3, 3, 3]);
        let found = probes(&Counts { probes: count, probe_nanos, probe_buckets, ..Counts::default() });
        assert_eq!((found.count, found.buckets[0]), (4, (1e-8, 1)));
        let hours = Histogram::of(&[60.0, 600.0], [30.0, 60.0, 61.0, 9_000.0]);
        assert_eq!((hours.buckets, hours.count, hours.sum), (vec![(60.0, 2), (600.0, 3)], 4, 9_151.0));
    }
}
