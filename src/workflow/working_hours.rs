//! Working hours.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;

use crate::model::{Invalid, Timestamp};

/// A half-open part of some days of the week. It may extend past midnight, and belongs to the day on which it begins.
///
/// ```
/// use jit_access::workflow::WorkingHours;
///
/// let night: WorkingHours = "22:00-06:00".parse()?;
/// assert!(night.include("2026-12-01T05:59:59.999Z".parse()?) && !night.include("2026-12-01T06:00:00Z".parse()?));
/// // Ten to eight in summer time, on a Friday and on the Saturday after it.
/// let office: WorkingHours = "Mon-Fri 07:30-18:00 Europe/Berlin".parse()?;
/// assert!(office.include("2026-07-03T05:50:00Z".parse()?) && !office.include("2026-07-04T05:50:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkingHours {
    /// Whether it begins on each day, from Monday.
    days: [bool; 7],
    from: NaiveTime,
    to: NaiveTime,
    zone: Tz,
}

const TIME: &str = "%H:%M";
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

impl WorkingHours {
    /// Whether this instant is in them.
    #[must_use]
    pub fn include(&self, at: Timestamp) -> bool {
        let Some(utc) = DateTime::from_timestamp_millis(at.millis()) else { return false };
        let local = utc.with_timezone(&self.zone);
        let (time, day) = (local.time(), local.weekday());
        let on = |day: Weekday| self.days.get(day.num_days_from_monday() as usize).copied().unwrap_or_default();
        if self.from < self.to {
            on(day) && self.from <= time && time < self.to
        } else {
            (on(day) && self.from <= time) || (on(day.pred()) && time < self.to)
        }
    }
}

impl WorkingHours {
    /// The first instant after `at` at which these hours end.
    #[must_use]
    pub fn end_after(&self, at: Timestamp) -> Timestamp {
        let Some(utc) = DateTime::from_timestamp_millis(at.millis()) else { return Timestamp::MAX };
        let today = utc.with_timezone(&self.zone).date_naive();
        // From the night that began yesterday to the same day of the next week.
        let days = (-1..=8).filter_map(|offset| today.checked_add_signed(TimeDelta::days(offset)));
        let begins = days.filter(|day| self.days.get(day.weekday().num_days_from_monday() as usize) == Some(&true));
        let ends = begins.filter_map(|day| {
            let day = if self.from < self.to { day } else { day.succ_opt()? };
            let local = day.and_time(self.to);
            // A time that the clocks pass over is an hour later.
            let found = self.zone.from_local_datetime(&local).latest();
            let later = || self.zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest();
            Timestamp::from_millis(found.or_else(later)?.timestamp_millis()).ok()
        });
        ends.filter(|end| *end > at).min().unwrap_or(Timestamp::MAX)
    }
}

impl fmt::Display for WorkingHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != [true; 7] {
            let named: Vec<_> = DAYS.iter().zip(self.days).filter(|(_, on)| *on).map(|(name, _)| *name).collect();
            write!(f, "{} ", named.join(","))?;
        }
        write!(f, "{}-{}", self.from.format(TIME), self.to.format(TIME))?;
        if self.zone == Tz::UTC { Ok(()) } else { write!(f, " {}", self.zone.name()) }
    }
}

impl FromStr for WorkingHours {
    type Err = Invalid;

    /// Reads `08:00-18:00`, with days of the week before it and an IANA time zone after it, as far as they matter:
    /// `Mon-Fri 08:00-18:00 Europe/Berlin`, `Mon,Wed 08:00-18:00`. Without days it is every day, without a zone UTC.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let expected = "two times of day, with days before them and a time zone after them if you like, such as 08:00-18:00 or Mon-Fri 08:00-18:00 Europe/Berlin";
        let wrong = |what: &str| Invalid::new("working_hours", format!("is {}{what}", Invalid::quote(text)), expected);
        let mut words: Vec<&str> = text.split(' ').collect();
        let begins_with_day = words.first().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
        let days = if begins_with_day {
            days(words.remove(0)).ok_or_else(|| wrong(", whose days are not known"))?
        } else {
            [true; 7]
        };
        // Chrono also reads `8:00`; here one time has one spelling.
        let time = |text: &str| NaiveTime::parse_from_str(text, TIME).ok().filter(|_| text.len() == 5);
        let (hours, zone) = match words[..] {
            [hours] => (hours, Tz::UTC),
            [hours, zone] => (hours, zone.parse().map_err(|_| wrong(", whose time zone is not known"))?),
            _ => return Err(wrong("")),
        };
        let (from, to) =
            hours.split_once('-').and_then(|(from, to)| time(from).zip(time(to))).ok_or_else(|| wrong(""))?;
        if from == to {
            return Err(wrong(""));
        }
        Ok(Self { days, from, to, zone })
    }
}

/// The days in `Mon-Fri`, `Fri-Mon` or `Mon,Wed,Fri`.
fn days(text: &str) -> Option<[bool; 7]> {
    let number = |name: &str| DAYS.iter().position(|day| *day == name);
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = number(first).zip(number(last))?;
        let many = (last + 7 - first) % 7;
        for day in (0..7).cycle().skip(first).take(many + 1) {
            *days.get_mut(day)? = true;
        }
    }
    Some(days)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 24 * 60;

    proptest! {
        /// Minute by minute, against every interval from the day before to two weeks later.
        #[test]
        fn the_hours_are_those_that_are_written(
            days in prop::collection::btree_set(0..7_i64, 1..7),
            (from, to) in (0..DAY, 0..DAY).prop_filter("no time is no hours", |(from, to)| from != to),
            now in 0..7 * DAY,
        ) {
            let names: Vec<_> = days.iter().map(|day| DAYS[usize::try_from(*day).unwrap()]).collect();
            let time = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
            let hours = hours(&format!("{} {}-{}", names.join(","), time(from), time(to)));
            // 2026-03-02 is a Monday.
            let monday = at("2026-03-02T00:00:00Z").millis();
            let instant = |minute: i64| Timestamp::from_millis(monday + minute * 60_000).unwrap();
            let begins = (-1..14_i64).filter(|day| days.contains(&day.rem_euclid(7)));
            let all: Vec<_> =
                begins.map(|day| (day * DAY + from, day * DAY + to + if to < from { DAY } else { 0 })).collect();
            prop_assert_eq!(hours.include(instant(now)), all.iter().any(|(begin, end)| (*begin..*end).contains(&now)));
            let next = all.iter().map(|(_, end)| *end).filter(|end| *end > now).min().unwrap();
            prop_assert_eq!(hours.end_after(instant(now)), instant(next));
        }
    }

    fn hours(text: &str) -> WorkingHours {
        text.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        // 2026-12-04 is a Friday.
        let night = hours("Mon-Fri 22:00-06:00");
        assert!(night.include(at("2026-12-05T05:59:59.999Z")) && !night.include(at("2026-12-05T22:00:00Z")));
        assert!(!night.include(at("2026-12-07T05:00:00Z")) && night.include(at("2026-12-07T22:00:00Z")));
    }

    #[test]
    fn a_zone_has_summer_time() {
        let office = hours("Mon-Fri 08:00-18:00 Europe/Berlin");
        // Monday after and Friday before the clocks go forward, on 29 March 2026.
        assert!(!office.include(at("2026-03-27T06:30:00Z")) && office.include(at("2026-03-30T06:30:00Z")));
        assert!(office.include(at("2026-03-27T16:30:00Z")) && !office.include(at("2026-03-30T16:30:00Z")));
    }

    #[test]
    fn the_end_is_that_of_the_next_hours() {
        let office = hours("Mon-Fri 08:00-18:00 Europe/Berlin");
        // Friday noon, and Friday at six: the next end is on Monday.
        assert_eq!(office.end_after(at("2026-12-04T11:00:00Z")), at("2026-12-04T17:00:00Z"));
        assert_eq!(office.end_after(at("2026-12-04T17:00:00Z")), at("2026-12-07T17:00:00Z"));
        assert_eq!(hours("22:00-06:00").end_after(at("2026-12-04T23:00:00Z")), at("2026-12-05T06:00:00Z"));
        // Half past two does not exist on the night of the change.
        let night = hours("Sun 01:00-02:30 Europe/Berlin");
        assert_eq!(night.end_after(at("2026-03-29T00:00:00Z")), at("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn days_may_be_listed_and_go_round_the_week() {
        assert_eq!(days("Sat-Mon,Wed"), Some([true, false, true, false, false, true, true]));
        assert_eq!(days("Mon-Sun"), Some([true; 7]));
        for wrong in ["", "mon", "Mon-", "Mon-Fr", "Mon,,Tue", "Mon--Fri"] {
            assert_eq!(days(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["08:00-18:00", "Mon,Wed 22:00-06:00", "Sat,Sun 10:00-12:30 America/New_York"] {
            assert_eq!(hours(text).to_string(), text);
        }
        assert_eq!(hours("Mon-Fri 08:00-18:00 UTC").to_string(), "Mon,Tue,Wed,Thu,Fri 08:00-18:00");
        for wrong in [
            "",
            "8:00-18:00",
            "08:00-08:00",
            "08:00-18:00 Mars/Base",
            "Funday 08:00-18:00",
            "08:00-18:00  UTC",
            "Mon-Fri",
        ] {
            assert!(wrong.parse::<WorkingHours>().is_err(), "{wrong}");
        }
    }
}
