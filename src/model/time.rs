//! Instants, durations and windows, all in UTC milliseconds.
//!
//! A window is half-open, `[start, end)`: it includes `start` and excludes `end`, so adjacent windows share no instant.
//! There is no local time and no calendar arithmetic here: a day is 24 hours.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Timelike, Utc};

use super::Invalid;

/// An instant in UTC, in whole milliseconds since 1970, no later than the end of the year 9999.
///
/// The bounds are those of what every party can write down: RFC 3339, Cedar's `datetime`, and Python's `datetime`.
///
/// ```
/// use jit_access::model::{Timestamp, Ttl};
///
/// let at: Timestamp = "2026-12-01T09:00:00+01:00".parse()?;
/// assert_eq!(at.to_string(), "2026-12-01T08:00:00.000Z");
/// assert_eq!(at.saturating_add(Ttl::from_hours(1.0)?).millis() - at.millis(), 3_600_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const LAST_MILLI: i64 = 253_402_300_799_999;

impl Timestamp {
    /// The first instant of 1970.
    pub const EPOCH: Self = Self(0);
    /// The last millisecond of the year 9999.
    pub const MAX: Self = Self(LAST_MILLI);

    /// The instant `millis` milliseconds after the start of 1970.
    ///
    /// # Errors
    /// When it lies before 1970 or after 9999.
    pub fn from_millis(millis: i64) -> Result<Self, Invalid> {
        if (0..=LAST_MILLI).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err(Invalid::new("timestamp", format!("is {millis} ms, outside the years 1970 to 9999"), EXPECTED))
        }
    }

    /// The instant this number of milliseconds after the start of 1970, or [`Self::MAX`].
    pub(crate) const fn at_most(millis: u64) -> Self {
        #[expect(clippy::cast_possible_wrap, reason = "the last instant is far from the bounds of either type")]
        if millis < LAST_MILLI as u64 { Self(millis as i64) } else { Self::MAX }
    }

    /// Milliseconds since the start of 1970.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This instant plus `ttl`, no later than [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, ttl: Ttl) -> Self {
        Self(self.0.saturating_add(ttl.0).min(LAST_MILLI))
    }

    fn utc(self) -> DateTime<Utc> {
        // INVARIANT: 0..=LAST_MILLI lies far inside chrono's range, so the fallback is never taken.
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

const EXPECTED: &str = "an RFC 3339 instant with its zone, such as 2026-12-01T09:30:00Z";

impl Timestamp {
    /// The instant as people read it, to the second: `2026-12-01 09:00:12 UTC`.
    ///
    /// ```
    /// use jit_access::model::Timestamp;
    ///
    /// let at: Timestamp = "2026-12-01T09:00:12.345Z".parse()?;
    /// assert_eq!(at.for_people(), "2026-12-01 09:00:12 UTC");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn for_people(self) -> String {
        let text = self.to_string();
        // INVARIANT: an instant is written as `2026-12-01T09:00:00.000Z`.
        let (day, time) = (text.get(..10).unwrap_or_default(), text.get(11..19).unwrap_or_default());
        format!("{day} {time} UTC")
    }
}

/// Writes the two digits of a number below a hundred.
fn digits(text: &mut [u8], place: usize, number: u32) {
    if let Some([tens, ones]) = text.get_mut(place..place + 2) {
        (*tens, *ones) = (b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8);
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every record of a use has one, so it is not left to a general writer.
        let utc = self.utc();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        // INVARIANT: an instant lies in the years 1970 to 9999.
        let year = utc.year().unsigned_abs();
        let parts = [year / 100, year % 100, utc.month(), utc.day(), utc.hour(), utc.minute(), utc.second()];
        for (place, part) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(parts) {
            digits(&mut text, place, part);
        }
        let millis = utc.timestamp_subsec_millis();
        digits(&mut text, 20, millis / 10);
        if let Some(last) = text.get_mut(22) {
            *last = b'0' + (millis % 10) as u8;
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let parsed = DateTime::parse_from_rfc3339(text)
            .map_err(|_| Invalid::new("timestamp", format!("is {}", Invalid::quote(text)), EXPECTED))?;
        Self::from_millis(parsed.timestamp_millis())
    }
}

/// The duration of a right: at least one second, at most ten years.
///
/// ```
/// use jit_access::model::Ttl;
///
/// assert_eq!(Ttl::from_hours(1.5)?.millis(), 5_400_000);
/// assert!(Ttl::from_hours(0.0).is_err() && Ttl::from_hours(f64::NAN).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(i64);

const HOUR: i64 = 3_600_000;
const TTL_EXPECTED: &str = "between 1 second and 87660 hours (ten years)";

impl Ttl {
    /// The longest length there is: ten years.
    pub const MAX: Self = Self(87_660 * HOUR);

    /// A length of `millis` milliseconds.
    ///
    /// # Errors
    /// When it is under one second or over ten years.
    pub fn from_millis(millis: i64) -> Result<Self, Invalid> {
        if (1_000..=Self::MAX.0).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err(Invalid::new("duration", format!("is {millis} ms"), TTL_EXPECTED))
        }
    }

    /// A length in hours; fractions are rounded to the millisecond.
    ///
    /// # Errors
    /// When it is not a finite number, under one second, or over ten years.
    pub fn from_hours(hours: f64) -> Result<Self, Invalid> {
        let millis = hours * 3_600_000.0;
        if millis.is_finite() && (1_000.0..=87_660.0 * 3_600_000.0).contains(&millis) {
            #[expect(clippy::cast_possible_truncation, reason = "the range was checked on the line above")]
            Self::from_millis(millis.round() as i64)
        } else {
            // Hundreds of digits of a number that is out of range help nobody.
            let shown = if hours.abs() < 1e9 { format!("{hours}") } else { format!("{hours:e}") };
            Err(Invalid::new("duration", format!("is {shown} hours"), TTL_EXPECTED))
        }
    }

    /// This length in milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This length in hours.
    #[must_use]
    pub fn hours(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "ten years of milliseconds fit a double exactly")]
        let millis = self.0 as f64;
        millis / 3_600_000.0
    }
}

impl fmt::Display for Ttl {
    /// Short form for people: `4h`, `1h 30m`, `7.2s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, millis) = (self.0 / HOUR, self.0 % HOUR / 60_000, self.0 % 60_000);
        let mut parts = Vec::new();
        if hours > 0 {
            parts.push(format!("{hours}h"));
        }
        if minutes > 0 {
            parts.push(format!("{minutes}m"));
        }
        if millis > 0 || parts.is_empty() {
            let seconds = format!("{}.{:03}", millis / 1_000, millis % 1_000);
            parts.push(format!("{}s", seconds.trim_end_matches('0').trim_end_matches('.')));
        }
        f.write_str(&parts.join(" "))
    }
}

/// A half-open span of time, `[start, end)`, never empty.
///
/// ```
/// use jit_access::model::{Ttl, Window};
///
/// let window = Window::starting("2026-12-01T09:00:00Z".parse()?, Ttl::from_hours(4.0)?)?;
/// assert!(window.contains(window.start()) && !window.contains(window.end()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    start: Timestamp,
    end: Timestamp,
}

impl Window {
    /// The window that starts at `start` and ends just before `end`.
    ///
    /// # Errors
    /// When it would hold no instant.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, Invalid> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(Invalid::new("window", format!("starts at {start} and ends at {end}"), "a start before its end"))
        }
    }

    /// The window of length `ttl` from `start`.
    ///
    /// # Errors
    /// When `start` is the last possible instant.
    pub fn starting(start: Timestamp, ttl: Ttl) -> Result<Self, Invalid> {
        Self::new(start, start.saturating_add(ttl))
    }

    /// The first instant inside.
    #[must_use]
    pub const fn start(self) -> Timestamp {
        self.start
    }

    /// The first instant after it.
    #[must_use]
    pub const fn end(self) -> Timestamp {
        self.end
    }

    /// Its length, limited to the longest [`Ttl`].
    #[must_use]
    pub const fn length(self) -> Ttl {
        match self.end.millis().saturating_sub(self.start.millis()) {
            short if short < 1_000 => Ttl(1_000),
            long if long > Ttl::MAX.0 => Ttl::MAX,
            millis => Ttl(millis),
        }
    }

    /// Whether `instant` lies inside: `start <= instant < end`.
    #[must_use]
    pub fn contains(self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_half_open() {
        let at = |ms| Timestamp::from_millis(ms).unwrap();
        let window = Window::new(at(1_000), at(2_000)).unwrap();
        assert!(!window.contains(at(999)));
        assert!(window.contains(at(1_000)));
        assert!(window.contains(at(1_999)));
        assert!(!window.contains(at(2_000)));
        assert!(Window::new(at(1_000), at(1_000)).is_err());
    }

    #[test]
    fn instants_need_a_zone_and_a_year_that_can_be_written() {
        assert_eq!("2026-12-01T09:30:00+02:00".parse::<Timestamp>().unwrap().to_string(), "2026-12-01T07:30:00.000Z");
        for text in ["2026-12-01T09:30:00", "2026-12-01", "", "tomorrow", "1969-12-31T23:59:59Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
        assert!(Timestamp::from_millis(LAST_MILLI + 1).is_err());
        assert!(Timestamp::from_millis(i64::MIN).is_err());
    }

    #[test]
    fn lengths_are_bounded_and_readable() {
        for hours in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 0.000_2, 87_661.0] {
            assert!(Ttl::from_hours(hours).is_err(), "{hours}");
        }
        assert_eq!(Ttl::from_hours(4.0).unwrap().to_string(), "4h");
        assert_eq!(Ttl::from_hours(1.5).unwrap().to_string(), "1h 30m");
        assert_eq!(Ttl::from_hours(0.002).unwrap().to_string(), "7.2s");
    }
}
