//! When a channel is used: how long after a failure, how often at most, and not at all while it is down.

use std::time::{Duration, SystemTime};

use backon::BackoffBuilder;

/// How often and how long a delivery is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many attempts there are in all.
    pub attempts: u32,
    /// The pause after the first failure; each further one is twice as long, and all are stretched by a random part.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// The least time between two messages of the channel.
    pub gap: Duration,
    /// After how many failures in a row a channel counts as down.
    pub down_after: u32,
}

impl Default for RetryPolicy {
    /// Ten attempts over about two hours, no least time between two messages, and down after five failures.
    fn default() -> Self {
        Self {
            attempts: 10,
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(6 * 3_600),
            gap: Duration::ZERO,
            down_after: 5,
        }
    }
}

/// What a minute has, for a limit of messages a minute.
const MINUTE: Duration = Duration::from_secs(60);

/// No receiver may put a delivery off for longer.
const LONGEST_WISH: Duration = Duration::from_secs(24 * 3_600);

impl RetryPolicy {
    /// The default policy with these limits of attempts and of messages a minute.
    #[must_use]
    pub fn of(attempts: u32, per_minute: Option<u32>) -> Self {
        let gap = per_minute.filter(|count| *count > 0).map_or(Duration::ZERO, |count| MINUTE / count);
        Self { attempts: attempts.max(1), gap, ..Self::default() }
    }

    /// How long to wait after failed attempt number `attempt`, or `None` after the last one. The receiver's own value
    /// is a minimum.
    #[must_use]
    pub fn delay(&self, attempt: u32, wish: Option<Duration>) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let delays = backon::ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(self.longest_pause)
            .with_factor(2.0)
            .with_jitter()
            .without_max_times();
        let nth = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX).min(64);
        let pause = delays.build().nth(nth).unwrap_or(self.longest_pause);
        Some(pause.max(wish.unwrap_or_default().min(LONGEST_WISH)))
    }
}

/// The wait of a `Retry-After` header: seconds, or an HTTP date, relative to `now`.
#[must_use]
pub fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(header).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// Whether a channel is used now. After some failures in a row it is left alone for a growing time; then one message tries
/// whether it is back.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: u32,
    closed_until: Option<Duration>,
    next: Duration,
}

impl Circuit {
    /// How long to wait at `now` (any clock that only goes forward) before the next message.
    pub(super) fn wait(&self, now: Duration) -> Duration {
        let ready = self.closed_until.unwrap_or_default().max(self.next);
        ready.saturating_sub(now)
    }

    /// Whether the channel counts as down.
    pub(super) const fn is_down(&self) -> bool {
        self.closed_until.is_some()
    }

    pub(super) fn sends(&mut self, now: Duration, retry: &RetryPolicy) {
        self.next = now + retry.gap;
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.closed_until = None;
    }

    /// Notes a failure of the whole receiver. Returns whether the channel is down since then.
    pub(super) fn failed(&mut self, now: Duration, retry: &RetryPolicy, wish: Option<Duration>) -> bool {
        let was_down = self.is_down();
        self.failures = self.failures.saturating_add(1);
        let wish = wish.map(|wish| wish.min(LONGEST_WISH));
        if self.failures >= retry.down_after {
            let beyond = self.failures - retry.down_after;
            let pause = retry.first_pause.saturating_mul(1 << beyond.min(6)).min(LONGEST_CLOSED);
            self.closed_until = Some(now + pause.max(wish.unwrap_or_default()));
        } else if let Some(wish) = wish {
            self.next = self.next.max(now + wish);
        }
        self.is_down() && !was_down
    }
}

/// A receiver that is back is found within this time.
const LONGEST_CLOSED: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_their_bounds_and_end() {
        let retry = RetryPolicy::default();
        let mut least = retry.first_pause;
        for attempt in 1..retry.attempts {
            let pause = retry.delay(attempt, None).unwrap();
            assert!(pause >= least && pause <= least * 2, "{attempt}: {pause:?} after {least:?}");
            least = (least * 2).min(retry.longest_pause);
        }
        assert_eq!(retry.delay(retry.attempts, None), None);
        assert_eq!(retry.delay(u32::MAX, None), None);
        let different: std::collections::BTreeSet<_> = (0..20).filter_map(|_| retry.delay(3, None)).collect();
        assert!(different.len() > 1, "no two workers try at the same instants");
    }

    #[test]
    fn the_wish_of_the_receiver_is_a_least_time_and_bounded() {
        let retry = RetryPolicy::default();
        assert!(retry.delay(1, Some(Duration::from_secs(600))).unwrap() >= Duration::from_secs(600));
        assert!(retry.delay(1, Some(Duration::from_secs(u64::MAX))).unwrap() <= LONGEST_WISH);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), Some(Duration::from_secs(60)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        for text in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(retry_after(text, now), None, "{text}");
        }
    }

    #[test]
    fn a_channel_that_is_down_is_left_alone_and_tried_again() {
        let (retry, mut circuit) =
            (RetryPolicy { gap: Duration::from_millis(100), ..RetryPolicy::default() }, Circuit::default());
        let second = Duration::from_secs(1);
        for n in 1..retry.down_after {
            assert!(!circuit.failed(second, &retry, None), "{n}");
            assert_eq!(circuit.wait(second), Duration::ZERO);
        }
        assert!(circuit.failed(second, &retry, None));
        assert_eq!(circuit.wait(second), retry.first_pause);
        assert_eq!(circuit.wait(second + retry.first_pause), Duration::ZERO, "one message tries");
        assert!(!circuit.failed(second, &retry, None), "it was down before");
        assert_eq!(circuit.wait(second), retry.first_pause * 2);
        for _ in 0..1_000 {
            circuit.failed(second, &retry, None);
        }
        assert_eq!(circuit.wait(second), LONGEST_CLOSED);
        circuit.succeeded();
        assert!(!circuit.is_down() && circuit.wait(second).is_zero());
        circuit.sends(second, &retry);
        assert_eq!(circuit.wait(second), retry.gap);
        circuit.failed(second, &retry, Some(Duration::from_secs(30)));
        assert_eq!(circuit.wait(second), Duration::from_secs(30), "one wish is honoured without counting as down");
    }
}
