//! What is normal, and how improbable a count is.

use std::collections::VecDeque;

use crate::model::Timestamp;

pub(super) const SECOND: i64 = 1_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;
/// The length of the steps in which the last hour is counted.
const STEP: i64 = 10 * SECOND;
/// The most hours that are kept of one history.
const HOURS: usize = 1_024;

/// How often something happened in the last `MINUTES` minutes, in steps of ten seconds. Small, because each person and
/// each grant has some.
#[derive(Debug, Clone, Default)]
pub(super) struct Recent<const MINUTES: u32> {
    steps: VecDeque<(u32, u32)>,
    total: u64,
}

impl<const MINUTES: u32> Recent<MINUTES> {
    pub(super) fn add(&mut self, at: Timestamp) {
        self.add_all(at, 1);
    }

    /// It happened so often at this instant.
    pub(super) fn add_all(&mut self, at: Timestamp, times: u64) {
        let step = small(at.millis().div_euclid(STEP));
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        match self.steps.back_mut() {
            // A use that waited to be written may be a little older than the last one.
            Some((last, count)) if *last >= step => *count = count.saturating_add(times),
            _ => self.steps.push_back((step, times)),
        }
        self.total += u64::from(times);
        let kept = MINUTES * small(MINUTE / STEP);
        while let Some((first, count)) = self.steps.front().copied()
            && first.saturating_add(kept) <= step
        {
            self.total = self.total.saturating_sub(count.into());
            self.steps.pop_front();
        }
    }

    /// In all of the minutes before the last time.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// In this number of milliseconds before the last time.
    pub(super) fn within(&self, millis: i64) -> u64 {
        self.steps.back().map_or(0, |(last, _)| self.after(last.saturating_sub(small(millis / STEP))))
    }

    /// In the minutes before `now`.
    pub(super) fn until(&self, now: Timestamp) -> u64 {
        let step = small(now.millis().div_euclid(STEP));
        self.after(step.saturating_sub(MINUTES * small(MINUTE / STEP)))
    }

    fn after(&self, from: u32) -> u64 {
        self.steps.iter().rev().take_while(|(step, _)| *step > from).map(|(_, count)| u64::from(*count)).sum()
    }
}

/// The number of a step, an hour or a day since 1970.
pub(super) fn small(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// The count of each hour with at least one event.
#[derive(Debug, Clone, Default)]
pub(super) struct Hours {
    closed: VecDeque<(u32, u32)>,
    open: Option<(u32, u32)>,
    /// The count that nineteen of twenty closed hours do not exceed. Cached, because each use needs it.
    usual: u64,
}

impl Hours {
    /// Counts once more; answers the hour that this closes.
    pub(super) fn add(&mut self, at: Timestamp) -> Option<(u32, u32)> {
        let hour = small(at.millis().div_euclid(HOUR));
        match &mut self.open {
            Some((open, count)) if *open >= hour => {
                *count = count.saturating_add(1);
                None
            }
            open => {
                let closed = open.replace((hour, 1));
                if let Some(closed) = closed {
                    self.push(closed);
                }
                closed
            }
        }
    }

    pub(super) fn push(&mut self, hour: (u32, u32)) {
        if self.closed.len() >= HOURS {
            self.closed.pop_front();
        }
        self.closed.push_back(hour);
        self.measure();
    }

    pub(super) fn forget_before(&mut self, at: i64) {
        let hour = small(at.div_euclid(HOUR));
        let before = self.closed.len();
        while self.closed.front().is_some_and(|(first, _)| *first < hour) {
            self.closed.pop_front();
        }
        if self.closed.len() != before {
            self.measure();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.closed.len()
    }

    /// The count that nineteen of twenty hours do not exceed; with few hours, none of them does.
    pub(super) const fn usual(&self) -> u64 {
        self.usual
    }

    fn measure(&mut self) {
        let mut counts: Vec<u32> = self.closed.iter().map(|(_, count)| *count).collect();
        counts.sort_unstable();
        let rank = (counts.len() * 95).div_ceil(100);
        self.usual = rank.checked_sub(1).and_then(|at| counts.get(at)).copied().unwrap_or(0).into();
    }

    /// Whether anything happened in this hour of the day.
    pub(super) fn knows_hour_of_day(&self, at: Timestamp) -> bool {
        let wanted = small(at.millis().div_euclid(HOUR)) % 24;
        self.closed.iter().any(|(hour, _)| hour % 24 == wanted)
    }
}

/// How probable `count` or more events are when `mean` are usual (Poisson).
pub(super) fn chance(count: u64, mean: f64) -> f64 {
    let mean = mean.max(0.5);
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let (first, count_f) = (count, count as f64);
    if count_f <= mean {
        return 1.0;
    }
    // The first term in logarithms, and the others as parts of it: each is smaller by mean / k.
    let log_factorial: f64 = (1..=first)
        .map(|k| {
            #[expect(clippy::cast_precision_loss, reason = "as above")]
            let k = k as f64;
            k.ln()
        })
        .sum();
    let log_term = count_f.mul_add(mean.ln(), -mean) - log_factorial;
    let (mut sum, mut term, mut k) = (1.0, 1.0, count_f);
    while term > 1e-12 {
        k += 1.0;
        term *= mean / k;
        sum += term;
    }
    (log_term + f64::ln(sum)).exp()
}

/// Text for alerts: `2 minutes`, `1 hour`.
pub(crate) fn span(millis: i64) -> String {
    let (count, unit) = match millis {
        ..MINUTE => (millis / SECOND, "second"),
        MINUTE..HOUR => (millis / MINUTE, "minute"),
        HOUR..DAY => (millis / HOUR, "hour"),
        _ => (millis / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis).unwrap()
    }

    #[test]
    fn the_tail_is_that_of_the_tables() {
        // P(X >= 9 | 2.5) = 0.00114, P(X >= 5 | 1) = 0.00366, P(X >= 31 | 4) = 3e-18.
        assert!((chance(9, 2.5) - 0.001_140).abs() < 1e-5, "{}", chance(9, 2.5));
        assert!((chance(5, 1.0) - 0.003_660).abs() < 1e-5, "{}", chance(5, 1.0));
        assert!(chance(31, 4.0) < 1e-16 && chance(31, 4.0) > 1e-20, "{}", chance(31, 4.0));
        assert!((chance(3, 4.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_last_hour_is_counted_in_steps() {
        let mut recent = Recent::<60>::default();
        (0..60).for_each(|minute| recent.add(at(minute * MINUTE)));
        assert_eq!((recent.total(), recent.within(2 * MINUTE)), (60, 2));
        recent.add(at(90 * MINUTE));
        assert_eq!((recent.total(), recent.within(2 * MINUTE)), (30, 1));
        assert_eq!((recent.until(at(90 * MINUTE)), recent.until(at(110 * MINUTE)), recent.until(at(DAY))), (30, 10, 0));
    }

    #[test]
    fn the_usual_leaves_one_hour_of_twenty_out() {
        let mut hours = Hours::default();
        for hour in 0..40 {
            let count = if hour == 7 { 500 } else { 4 };
            (0..count).for_each(|_| {
                hours.add(at(hour * HOUR));
            });
        }
        assert_eq!((hours.len(), hours.usual()), (39, 4));
        hours.forget_before(30 * HOUR);
        assert_eq!(hours.len(), 9);
        assert!(hours.knows_hour_of_day(at(8 * HOUR)) && !hours.knows_hour_of_day(at(22 * HOUR)));
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        assert_eq!([2 * MINUTE, HOUR, 30 * DAY, SECOND].map(span), ["2 minutes", "1 hour", "30 days", "1 second"]);
    }
}
