//! The only place that asks the system what time it is.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// A source of time.
///
/// ```
/// use jit_access::clock::{Clock, SystemClock};
///
/// let clock = SystemClock::default();
/// assert!(clock.monotonic() <= clock.monotonic());
/// assert!(clock.wall() > 0, "milliseconds since 1970");
/// ```
pub trait Clock: Debug + Send + Sync {
    /// The time of day in UTC, in milliseconds since 1970. May jump either way.
    fn wall(&self) -> i64;

    /// Milliseconds since some instant that does not change while the process lives. Never goes back.
    fn monotonic(&self) -> i64;
}

/// The clocks of the operating system.
///
/// ```
/// use jit_access::clock::{Clock, SystemClock};
///
/// assert!(SystemClock::default().wall() > 0);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the place")]
        Self { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "this is the place")]
        let now = SystemTime::now();
        now.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// Time that never goes back.
///
/// The wall clock says what an instant means, the monotonic clock and everything seen so far say how early it can be:
/// the instant is the latest of the three. So a wall clock set back revives nothing, and one set forward ends things
/// early rather than late.
///
/// ```
/// use jit_access::clock::{ManualClock, SteadyTime};
///
/// let (start, earlier) = ("2026-12-01T09:00:00Z".parse()?, "2026-12-01T08:00:00Z".parse()?);
/// let clock = std::sync::Arc::new(ManualClock::at(start));
/// let time = SteadyTime::new(clock.clone(), start);
/// clock.set_wall(earlier);
/// assert!(time.now() >= start, "time does not go back");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SteadyTime {
    clock: Arc<dyn Clock>,
    /// What to add to the monotonic clock. It only rises, and only when the wall clock runs ahead.
    offset: AtomicI64,
}

impl SteadyTime {
    /// Time that starts at the wall clock, or at `floor` when that is later.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, floor: Timestamp) -> Self {
        let (wall, monotonic) = (clock.wall(), clock.monotonic());
        if wall < floor.millis() {
            tracing::warn!(
                behind_ms = floor.millis() - wall,
                "the clock is behind the journal; time goes on from there"
            );
        }
        Self { offset: AtomicI64::new(wall.max(floor.millis()) - monotonic), clock }
    }

    /// The instant it is now.
    pub fn now(&self) -> Timestamp {
        let monotonic = self.clock.monotonic();
        let offset = self.raise(self.clock.wall().saturating_sub(monotonic));
        Timestamp::from_millis(monotonic.saturating_add(offset)).unwrap_or(Timestamp::MAX)
    }

    /// From now on time is not before `floor`: somebody else has seen it.
    pub fn not_before(&self, floor: Timestamp) {
        self.raise(floor.millis().saturating_sub(self.clock.monotonic()));
    }

    fn raise(&self, candidate: i64) -> i64 {
        let known = self.offset.load(Ordering::Relaxed);
        // Written only when it rises, so that checks on several threads share the line instead of fighting for it.
        if candidate > known { self.offset.fetch_max(candidate, Ordering::Relaxed).max(candidate) } else { known }
    }
}

/// A clock that stands still until it is told, for tests and simulations.
///
/// ```
/// use jit_access::clock::{Clock, ManualClock};
///
/// let clock = ManualClock::at("2026-12-01T09:00:00Z".parse()?);
/// clock.advance(1_000);
/// assert_eq!(clock.wall(), "2026-12-01T09:00:01Z".parse::<jit_access::model::Timestamp>()?.millis());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ManualClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { wall: AtomicI64::new(now.millis()), monotonic: AtomicI64::new(0) }
    }

    /// Lets time pass on both clocks.
    pub fn advance(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::Relaxed);
        self.monotonic.fetch_add(millis, Ordering::Relaxed);
    }

    /// Sets the wall clock, as an operator or an attacker would.
    pub fn set_wall(&self, now: Timestamp) {
        self.wall.store(now.millis(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> i64 {
        self.wall.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> i64 {
        self.monotonic.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_goes_back() {
        let at = |ms| Timestamp::from_millis(ms).unwrap();
        let clock = Arc::new(ManualClock::at(at(1_000_000)));
        let time = SteadyTime::new(clock.clone(), at(0));
        clock.advance(5);
        assert_eq!(time.now(), at(1_000_005));
        clock.set_wall(at(10));
        assert_eq!(time.now(), at(1_000_005), "the wall clock was set back");
        clock.advance(5);
        assert_eq!(time.now(), at(1_000_010), "and time went on");
        clock.set_wall(at(2_000_000));
        assert_eq!(time.now(), at(2_000_000), "the wall clock was set forward");
        clock.set_wall(at(1_000_020));
        assert_eq!(time.now(), at(2_000_000), "and back: what has ended stays so");
        time.not_before(at(3_000_000));
        assert_eq!(time.now(), at(3_000_000));
        assert_eq!(SteadyTime::new(clock, at(4_000_000)).now(), at(4_000_000), "the journal has seen more");
    }
}
