//! The only place that asks the system what time it is.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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

    /// Milliseconds since an instant that does not change while the process lives. Never goes back.
    fn monotonic(&self) -> i64;

    /// Whether a read of the time of day may be used for a whole millisecond of the monotonic clock, because reading is
    /// slow. Not for a clock that is set by hand.
    fn is_slow(&self) -> bool {
        false
    }

    /// The source of the time of day.
    fn source(&self) -> TimeSource {
        TimeSource::Host
    }

    /// Reads the time of day again, if reading is slow. Called by the background work, and never by a check.
    fn refresh(&self) {}
}

/// Which clock gives the time of day.
///
/// ```
/// use jit_access::clock::{Clock, SystemClock, TimeSource};
///
/// assert_eq!((SystemClock::default().source(), TimeSource::Database.name()), (TimeSource::Host, "database"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeSource {
    /// The clock of the machine on which the process runs. Several machines must agree.
    #[default]
    Host,
    /// That of the server of the store, for every process of it.
    Database,
}

impl TimeSource {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Host, Self::Database];

    /// Its name in settings and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Database => "database",
        }
    }
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

    fn is_slow(&self) -> bool {
        true
    }
}

/// An instant of the operating system's monotonic clock, from which pauses of this process count.
#[cfg(any(feature = "host", feature = "smtp", feature = "webhooks"))]
pub(crate) fn instant() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    Instant::now()
}

/// How many nanoseconds this takes.
pub(crate) fn nanos_of(work: impl FnOnce()) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    let started = Instant::now();
    work();
    u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Time that never goes back, and that exceeds the known time by a limited step at most.
///
/// The instant is the latest of the wall clock, the monotonic clock and everything seen so far. So setting the wall
/// clock back cannot make an expired grant valid again.
///
/// A wall clock that is ahead by more than the limit is not followed: one record that is a year ahead would end every
/// grant finally. A journal that is more than five minutes ahead of the wall clock was written with such a clock. In
/// both cases the time is uncertain, and [`SteadyTime::trouble`] returns that until the clocks agree again.
///
/// ```
/// use jit_access::clock::{ClockTrouble, ManualClock, SteadyTime};
///
/// let (start, earlier) = ("2026-12-01T09:00:00Z".parse()?, "2026-12-01T08:59:00Z".parse()?);
/// let clock = std::sync::Arc::new(ManualClock::at(start));
/// let time = SteadyTime::new(clock.clone(), start);
/// clock.set_wall(earlier);
/// assert!(time.now() >= start, "time does not go back");
/// clock.set_wall("2027-12-01T09:00:00Z".parse()?);
/// assert_eq!((time.now(), time.trouble()), (start, Some(ClockTrouble::Ahead)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SteadyTime {
    clock: Arc<dyn Clock>,
    /// What to add to the monotonic clock. It only rises, and only when the wall clock runs ahead.
    offset: AtomicI64,
    /// How far the wall clock may jump ahead, in milliseconds.
    max_step: i64,
    /// How far it may be ahead of an instant that an operator has confirmed, in milliseconds.
    max_downtime: i64,
    /// Whether the wall clock is looked at once a millisecond, and not each time.
    is_slow: bool,
    /// The millisecond of the monotonic clock in which the wall clock was last read.
    looked: AtomicI64,
    /// A [`ClockTrouble`] as a number, and one relative to a reference clock; 0 for none.
    trouble: AtomicU8,
    /// How far the wall clock was ahead of the reference clock at the last comparison; [`NEVER`] without one.
    skew: AtomicI64,
    /// How far the wall clock was ahead of the monotonic clock then; [`NEVER`] without a comparison.
    compared: AtomicI64,
}

/// Why the time is uncertain.
///
/// ```
/// use jit_access::clock::ClockTrouble;
///
/// assert_ne!(ClockTrouble::Ahead, ClockTrouble::Behind);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockTrouble {
    /// The wall clock is further ahead of everything known, or of the clock that all processes share, than it may be.
    Ahead,
    /// The wall clock is too far behind the journal, or behind the clock that all processes share.
    Behind,
}

/// Six hours: how far the wall clock may jump ahead while a process runs before it is not believed. A machine that slept
/// jumps, too.
pub const MAX_STEP: Duration = Duration::from_secs(6 * 60 * 60);
/// Five minutes: how far the wall clock may be behind the journal.
const MAX_BEHIND_MS: i64 = 5 * 60 * 1_000;
/// 31 days: how long everything may have been switched off before the wall clock is not believed at a start.
pub const MAX_DOWNTIME: Duration = Duration::from_secs(31 * 24 * 60 * 60);

impl SteadyTime {
    /// Time that continues from `floor`, the newest instant in the journal, or from [`Timestamp::EPOCH`] without one;
    /// with the limits [`MAX_STEP`] and [`MAX_DOWNTIME`].
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, floor: Timestamp) -> Self {
        Self::with_bounds(clock, floor, MAX_STEP, MAX_DOWNTIME)
    }

    /// The same with bounds of the caller's.
    #[must_use]
    pub fn with_bounds(clock: Arc<dyn Clock>, floor: Timestamp, max_step: Duration, max_downtime: Duration) -> Self {
        let millis = |bound: Duration| i64::try_from(bound.as_millis()).unwrap_or(i64::MAX);
        let (wall, monotonic) = (clock.wall(), clock.monotonic());
        let ahead = wall.saturating_sub(floor.millis());
        let is_first = floor == Timestamp::EPOCH;
        let follows = is_first || ahead <= millis(max_downtime);
        let start = if follows { wall.max(floor.millis()) } else { floor.millis() };
        let time = Self {
            offset: AtomicI64::new(start.saturating_sub(monotonic)),
            max_step: millis(max_step),
            max_downtime: millis(max_downtime),
            is_slow: clock.is_slow(),
            looked: AtomicI64::new(i64::MIN),
            trouble: AtomicU8::new(NONE),
            skew: AtomicI64::new(NEVER),
            compared: AtomicI64::new(NEVER),
            clock,
        };
        if !follows {
            time.becomes(AHEAD, ahead);
        } else if -ahead > MAX_BEHIND_MS {
            time.becomes(BEHIND, ahead);
        }
        time
    }

    /// The current instant, as far as known.
    #[inline]
    pub fn now(&self) -> Timestamp {
        let monotonic = self.clock.monotonic();
        if self.is_slow && self.looked.load(Ordering::Acquire) == monotonic {
            return at(monotonic.saturating_add(self.offset.load(Ordering::Relaxed)));
        }
        self.look(monotonic)
    }

    /// The same with a look at the wall clock.
    #[inline(never)]
    fn look(&self, monotonic: i64) -> Timestamp {
        let wall = self.clock.wall().saturating_sub(monotonic);
        let known = self.offset.load(Ordering::Relaxed);
        let step = wall.saturating_sub(known);
        let trouble = self.trouble.load(Ordering::Relaxed);
        let offset = if step <= self.max_step && trouble & SKEWED == 0 { self.raise(wall) } else { known };
        // Both are rare, and the clocks were read already.
        if step > self.max_step {
            self.becomes(AHEAD, step);
        } else if trouble & ALONE != NONE && step >= -MAX_BEHIND_MS {
            self.becomes(NONE, step);
        }
        // After the offset: a thread that sees this millisecond also sees the offset.
        self.looked.store(monotonic, Ordering::Release);
        at(monotonic.saturating_add(offset))
    }

    /// From now on time is not before `floor`: it is in the journal.
    pub fn not_before(&self, floor: Timestamp) {
        let offset = floor.millis().saturating_sub(self.clock.monotonic());
        if offset <= self.offset.load(Ordering::Relaxed) {
            return;
        }
        self.raise(offset);
        let ahead = floor.millis().saturating_sub(self.clock.wall());
        if ahead > MAX_BEHIND_MS {
            self.becomes(BEHIND, -ahead);
        }
    }

    /// What the wall clock shows, believed or not.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.wall().max(0)).unwrap_or(Timestamp::MAX)
    }

    /// The source of the time of day.
    #[must_use]
    pub fn source(&self) -> TimeSource {
        self.clock.source()
    }

    /// Reads the time of day again, if reading is slow.
    pub fn refresh(&self) {
        self.clock.refresh();
    }

    /// Milliseconds of the monotonic clock, for measuring durations.
    #[must_use]
    pub fn monotonic(&self) -> i64 {
        self.clock.monotonic()
    }

    /// How far the wall clock is ahead of the current instant, in milliseconds; negative when it is behind.
    #[must_use]
    pub fn wall_ahead(&self) -> i64 {
        self.clock.wall().saturating_sub(self.now().millis())
    }

    /// Sets the time to `at`, or to the later wall clock within the limit of a start, whatever was known before: an
    /// operator has confirmed the clock at that instant. This is the only step back.
    ///
    /// ```
    /// use jit_access::clock::{ClockTrouble, ManualClock, SteadyTime};
    ///
    /// let (now, wrong) = ("2026-12-01T09:00:00Z".parse()?, "2027-12-01T09:00:00Z".parse()?);
    /// let time = SteadyTime::new(std::sync::Arc::new(ManualClock::at(now)), wrong);
    /// assert_eq!((time.now(), time.trouble()), (wrong, Some(ClockTrouble::Behind)));
    /// time.accept(now);
    /// assert_eq!((time.now(), time.trouble()), (now, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accept(&self, at: Timestamp) {
        let (wall, monotonic) = (self.believed().millis(), self.clock.monotonic());
        let since = wall.saturating_sub(at.millis());
        let now = if (0..=self.max_downtime).contains(&since) { wall } else { at.millis() };
        self.offset.store(now.saturating_sub(monotonic), Ordering::Relaxed);
        self.looked.store(i64::MIN, Ordering::Release);
        self.becomes(if since < -MAX_BEHIND_MS { BEHIND } else { NONE }, since);
    }

    /// Why the time is uncertain; `None` when the clocks agree. As of the last call of [`SteadyTime::now`].
    #[must_use]
    pub fn trouble(&self) -> Option<ClockTrouble> {
        match self.trouble.load(Ordering::Relaxed) {
            NONE => None,
            some if some & (AHEAD | SKEWED_AHEAD) != 0 => Some(ClockTrouble::Ahead),
            _ => Some(ClockTrouble::Behind),
        }
    }

    /// Compares the wall clock with a clock that all processes share, which showed `reference` when the monotonic clock
    /// showed `monotonic`. When they differ by more than `bound`, [`SteadyTime::trouble`] returns that and the time
    /// follows the reference, until they agree. Returns whether the time went back: then proofs of later instants no
    /// longer hold.
    ///
    /// ```
    /// use jit_access::clock::{Clock, ClockTrouble, ManualClock, SteadyTime};
    /// use std::time::Duration;
    ///
    /// let (right, wrong) = ("2026-12-01T09:00:00Z".parse()?, "2026-12-01T09:02:00Z".parse()?);
    /// let clock = std::sync::Arc::new(ManualClock::at(wrong));
    /// let time = SteadyTime::new(clock.clone(), right);
    /// assert!(time.compare(right, clock.monotonic(), Duration::from_secs(10)));
    /// assert_eq!((time.now(), time.trouble(), time.skew()), (right, Some(ClockTrouble::Ahead), Some(120_000)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compare(&self, reference: Timestamp, monotonic: i64, bound: Duration) -> bool {
        let shared = reference.millis().saturating_sub(monotonic);
        let wall = self.clock.wall().saturating_sub(self.clock.monotonic());
        let skew = wall.saturating_sub(shared);
        let bound = i64::try_from(bound.as_millis()).unwrap_or(i64::MAX);
        let found = match skew {
            _ if skew > bound => SKEWED_AHEAD,
            _ if skew < -bound => SKEWED_BEHIND,
            _ => NONE,
        };
        self.skew.store(skew, Ordering::Relaxed);
        self.compared.store(wall, Ordering::Relaxed);
        // First sets the new problems, then clears the solved ones: a check in between may be refused, never wrongly
        // honoured.
        let before = self.trouble.fetch_or(found, Ordering::Relaxed);
        self.trouble.fetch_and(ALONE | found, Ordering::Relaxed);
        let is_new = before & SKEWED != found;
        if is_new && found != NONE {
            tracing::error!(
                skew_ms = skew,
                "the clock of this host is not that of the store's server; no grant is honoured here until one of them is set right"
            );
        } else if is_new {
            tracing::info!(skew_ms = skew, "the clock of this host agrees with that of the store's server again");
        }
        let goes_back = is_new && found == SKEWED_AHEAD;
        if goes_back {
            self.offset.store(shared, Ordering::Relaxed);
            self.looked.store(i64::MIN, Ordering::Release);
        } else if found != NONE {
            self.raise(shared);
        }
        goes_back
    }

    /// How far the wall clock was ahead of the clock that all processes share at the last comparison, in milliseconds;
    /// negative when it was behind. `None` without such a clock.
    #[must_use]
    pub fn skew(&self) -> Option<i64> {
        Some(self.skew.load(Ordering::Relaxed)).filter(|skew| *skew != NEVER)
    }

    /// Whether the wall clock was set since the last comparison.
    pub(crate) fn was_set(&self) -> bool {
        const UNNOTICED: i64 = 1_000;
        let compared = self.compared.load(Ordering::Relaxed);
        let wall = self.clock.wall().saturating_sub(self.clock.monotonic());
        compared != NEVER && wall.saturating_sub(compared).saturating_abs() > UNNOTICED
    }

    /// Whether the wall clock is too far from the clock that all processes share.
    #[must_use]
    pub fn is_skewed(&self) -> bool {
        self.trouble.load(Ordering::Relaxed) & SKEWED != 0
    }

    /// What the wall clock shows, or the clock that all processes share where the two are too far apart.
    #[must_use]
    pub fn believed(&self) -> Timestamp {
        if self.is_skewed() { self.now() } else { self.wall() }
    }

    #[cold]
    fn becomes(&self, trouble: u8, wall_ahead_ms: i64) {
        let before = self.trouble.fetch_or(trouble, Ordering::Relaxed);
        self.trouble.fetch_and(SKEWED | trouble, Ordering::Relaxed);
        if before & ALONE == trouble {
            return;
        }
        match trouble {
            AHEAD => tracing::error!(
                wall_ahead_ms,
                "the clock is too far ahead of all known times and is not used; no grant is honoured until the clock is corrected, or an operator confirms it (`accept_clock`)"
            ),
            BEHIND => tracing::error!(
                wall_ahead_ms,
                "the journal is too far ahead of the clock; no grant is honoured until they agree: correct the clock or, if the journal is wrong, confirm the clock (`accept_clock`)"
            ),
            _ => tracing::info!("the clock agrees with the journal again"),
        }
    }

    fn raise(&self, candidate: i64) -> i64 {
        let known = self.offset.load(Ordering::Relaxed);
        // Written only when it rises, so that checks on several threads can share the cache line.
        if candidate > known { self.offset.fetch_max(candidate, Ordering::Relaxed).max(candidate) } else { known }
    }
}

/// The instant this number of milliseconds after the start of 1970.
#[inline]
fn at(millis: i64) -> Timestamp {
    u64::try_from(millis).map_or(Timestamp::MAX, Timestamp::at_most)
}

const NONE: u8 = 0;
const AHEAD: u8 = 1;
const BEHIND: u8 = 2;
/// What the clock and the journal alone show.
const ALONE: u8 = AHEAD | BEHIND;
const SKEWED_AHEAD: u8 = 4;
const SKEWED_BEHIND: u8 = 8;
/// The result of a comparison with a clock that all processes share.
const SKEWED: u8 = SKEWED_AHEAD | SKEWED_BEHIND;
/// No comparison has been made.
const NEVER: i64 = i64::MIN;

/// A clock that only moves when it is set, for tests and simulations.
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

    /// Advances both clocks.
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

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms).unwrap()
    }

    const STEP: i64 = 6 * 3_600_000;
    const BEHIND: i64 = 300_000;
    const DAY: i64 = 86_400_000;
    const START: i64 = 1_000 * DAY;

    #[test]
    fn time_never_goes_back() {
        let clock = Arc::new(ManualClock::at(at(START)));
        let time = SteadyTime::new(clock.clone(), Timestamp::EPOCH);
        clock.advance(5);
        assert_eq!(time.now(), at(START + 5));
        clock.set_wall(at(10));
        assert_eq!(time.now(), at(START + 5), "the wall clock was set back");
        clock.advance(5);
        assert_eq!(time.now(), at(START + 10), "and time went on");
        clock.set_wall(at(START + STEP));
        assert_eq!(time.now(), at(START + STEP), "the wall clock was set forward, within the bound");
        clock.set_wall(at(START + 20));
        assert_eq!((time.now(), time.trouble()), (at(START + STEP), None), "and back: what has ended stays so");
        time.not_before(at(START + STEP + 1));
        assert_eq!(time.trouble(), Some(ClockTrouble::Behind), "a record of another process");
        assert_eq!(time.now(), at(START + STEP + 1));
        assert_eq!(SteadyTime::new(clock, at(START + 1_000)).now(), at(START + 1_000), "the journal has seen more");
    }

    /// A clock that counts how often the time of day is read.
    #[derive(Debug)]
    struct SlowClock {
        clock: ManualClock,
        looks: AtomicI64,
    }

    impl Clock for SlowClock {
        fn wall(&self) -> i64 {
            self.looks.fetch_add(1, Ordering::Relaxed);
            self.clock.wall()
        }

        fn monotonic(&self) -> i64 {
            self.clock.monotonic()
        }

        fn is_slow(&self) -> bool {
            true
        }
    }

    #[test]
    fn a_slow_clock_is_looked_at_once_a_millisecond() {
        let clock = Arc::new(SlowClock { clock: ManualClock::at(at(START)), looks: AtomicI64::new(0) });
        let time = SteadyTime::new(clock.clone(), Timestamp::EPOCH);
        let looks = || clock.looks.load(Ordering::Relaxed);
        let before = looks();
        assert_eq!([time.now(), time.now(), time.now()], [at(START); 3]);
        assert_eq!(looks(), before + 1);
        clock.clock.set_wall(at(START + 7));
        clock.clock.advance(1);
        assert_eq!([time.now(), time.now()], [at(START + 8); 2], "a step forward is seen in the next millisecond");
        assert_eq!(looks(), before + 2);
        time.not_before(at(START + 9));
        assert_eq!(time.now(), at(START + 9), "and a record at once");
        clock.clock.advance(1);
        clock.clock.set_wall(at(START + STEP * 2));
        assert_eq!((time.now(), time.trouble()), (at(START + 10), Some(ClockTrouble::Ahead)));
        assert_eq!((time.now(), time.trouble()), (at(START + 10), Some(ClockTrouble::Ahead)));
    }

    #[test]
    fn a_clock_that_jumps_far_ahead_is_not_followed() {
        let clock = Arc::new(ManualClock::at(at(START)));
        let time = SteadyTime::new(clock.clone(), at(START));
        clock.set_wall(at(START + STEP + 1));
        assert_eq!((time.now(), time.trouble()), (at(START), Some(ClockTrouble::Ahead)));
        clock.advance(1_000);
        assert_eq!((time.now(), time.trouble()), (at(START + 1_000), Some(ClockTrouble::Ahead)), "time goes on");
        clock.set_wall(at(START + 1_000));
        assert_eq!((time.now(), time.trouble()), (at(START + 1_000), None), "it was set right");
    }

    #[test]
    fn a_start_believes_a_clock_after_a_month_and_not_after_a_year() {
        let start = |ahead: i64| {
            let time = SteadyTime::new(Arc::new(ManualClock::at(at(START + ahead))), at(START));
            (time.now().millis() - START, time.trouble())
        };
        assert_eq!(start(31 * DAY), (31 * DAY, None));
        assert_eq!(start(365 * DAY), (0, Some(ClockTrouble::Ahead)));
        assert_eq!(start(-BEHIND), (0, None));
        assert_eq!(start(-BEHIND - 1), (0, Some(ClockTrouble::Behind)));
        let first = SteadyTime::new(Arc::new(ManualClock::at(at(START))), Timestamp::EPOCH);
        assert_eq!((first.now(), first.trouble()), (at(START), None), "an empty journal says nothing");
    }

    #[test]
    fn a_journal_that_is_ahead_of_the_clock_is_trouble_until_they_agree() {
        let clock = Arc::new(ManualClock::at(at(START)));
        let time = SteadyTime::new(clock.clone(), at(START));
        time.not_before(at(START + BEHIND));
        assert_eq!(time.trouble(), None, "another process may be ahead a little");
        time.not_before(at(START + DAY));
        assert_eq!((time.now(), time.trouble()), (at(START + DAY), Some(ClockTrouble::Behind)));
        clock.advance(1_000);
        assert_eq!(time.trouble(), Some(ClockTrouble::Behind));
        clock.set_wall(at(START + DAY));
        assert_eq!(time.now(), at(START + DAY + 1_000));
        assert_eq!(time.trouble(), None);
    }

    #[test]
    fn an_accepted_clock_takes_time_back_or_ahead_once() {
        let clock = Arc::new(ManualClock::at(at(START)));
        let time = SteadyTime::new(clock.clone(), at(START + 365 * DAY));
        assert_eq!((time.wall(), time.wall_ahead()), (at(START), -365 * DAY));
        time.accept(at(START));
        assert_eq!((time.now(), time.trouble(), time.wall_ahead()), (at(START), None, 0));
        clock.set_wall(at(START + 40 * DAY));
        assert_eq!((time.now(), time.trouble()), (at(START), Some(ClockTrouble::Ahead)), "it is not followed any more");
        time.accept(at(START + 40 * DAY));
        assert_eq!((time.now(), time.trouble()), (at(START + 40 * DAY), None));
        time.accept(at(START + 39 * DAY));
        assert_eq!(time.now(), at(START + 40 * DAY), "what was accepted a day ago");
        clock.set_wall(at(START));
        time.accept(at(START + 40 * DAY));
        assert_eq!(time.trouble(), Some(ClockTrouble::Behind), "accepted where another clock is right");
        time.accept(at(START + 10 * DAY));
        assert_eq!((time.now(), time.trouble()), (at(START + 10 * DAY), Some(ClockTrouble::Behind)));
    }

    #[test]
    fn a_clock_beside_a_reference_is_doubted_and_the_reference_goes_on() {
        let bound = Duration::from_secs(10);
        let clock = Arc::new(ManualClock::at(at(START + 3_600_000)));
        let time = SteadyTime::new(clock.clone(), at(START));
        assert_eq!((time.now(), time.skew(), time.trouble()), (at(START + 3_600_000), None, None));
        assert!(time.compare(at(START), 0, bound), "time went back to what is right");
        assert_eq!((time.now(), time.skew()), (at(START), Some(3_600_000)));
        assert_eq!((time.trouble(), time.is_skewed()), (Some(ClockTrouble::Ahead), true));
        clock.advance(1_000);
        assert_eq!((time.now(), time.believed()), (at(START + 1_000), at(START + 1_000)));
        assert!(!time.compare(at(START + 1_000), 1_000, bound), "once");
        clock.set_wall(at(START + 12_000));
        assert!(!time.compare(at(START + 2_000), 1_000, bound), "ten seconds are within the bound");
        assert_eq!((time.trouble(), time.skew(), time.believed()), (None, Some(10_000), at(START + 12_000)));
        assert_eq!(time.now(), at(START + 12_000), "and it is followed again");
        clock.set_wall(at(START));
        assert!(!time.compare(at(START + 30_000), 1_000, bound));
        assert_eq!((time.trouble(), time.skew()), (Some(ClockTrouble::Behind), Some(-30_000)));
        assert_eq!(time.now(), at(START + 30_000), "a grant ends when it ends for all the others");
        time.not_before(at(START + DAY));
        assert_eq!(time.trouble(), Some(ClockTrouble::Behind));
        clock.set_wall(at(START + 31_000));
        assert!(!time.compare(at(START + 31_000), 1_000, bound));
        assert_eq!(
            (time.trouble(), time.is_skewed()),
            (Some(ClockTrouble::Behind), false),
            "the journal is ahead still"
        );
        time.accept(at(START + 31_000));
        assert_eq!((time.now(), time.trouble()), (at(START + 31_000), None));
    }
}
