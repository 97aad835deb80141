//! The reader's time zone, and the text of instants and lengths.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use crate::model::Timestamp;

/// A time zone of the machine that the command runs on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zone(Tz);

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Zone {
    /// The time zone of the variable `TZ`, or otherwise of `/etc/localtime`; UTC when neither names one.
    pub(super) fn local() -> Self {
        let set = std::env::var("TZ").ok().and_then(|name| name.trim_start_matches(':').parse().ok());
        let of_machine = || {
            let link = std::fs::read_link("/etc/localtime").ok()?;
            link.to_str()?.split_once("zoneinfo/")?.1.parse().ok()
        };
        Self(set.or_else(of_machine).unwrap_or(Tz::UTC))
    }

    fn at(self, millis: i64) -> DateTime<Tz> {
        DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default().with_timezone(&self.0)
    }

    /// `14:05`, with the day when it is another one, and the zone: `Tue 1 Dec 14:05 CET`.
    pub(super) fn clock(self, millis: i64, now: i64) -> String {
        let (at, now) = (self.at(millis), self.at(now));
        let days = (at.date_naive() - now.date_naive()).num_days();
        let day = match days {
            0 => "%H:%M",
            -6..=6 => "%a %H:%M",
            _ if at.year() == now.year() => "%-d %b %H:%M",
            _ => "%-d %b %Y %H:%M",
        };
        at.format(day).to_string()
    }

    /// The instant to the second, without the year of now: `28 Nov 14:05:09`.
    pub(super) fn second(self, millis: i64, now: i64) -> String {
        let (at, now) = (self.at(millis), self.at(now));
        let form = if at.year() == now.year() { "%e %b %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
        at.format(form).to_string()
    }

    /// The whole instant: `2026-12-01 14:05:09 CET`.
    pub(super) fn full(self, millis: i64) -> String {
        self.at(millis).format("%Y-%m-%d %H:%M:%S %Z").to_string()
    }

    /// An instant as people write it: RFC 3339, `now`, `2h`, `in 2h`, `2h ago`, `18:00`, `tomorrow 09:00`, `2026-12-01`,
    /// `2026-12-01 09:30`. A bare length or time of day means the past when `past`, and the future otherwise.
    pub(super) fn instant(self, text: &str, now: i64, past: bool) -> Result<Timestamp, String> {
        let said = text.trim();
        if let Ok(instant) = said.parse() {
            return Ok(instant);
        }
        let millis = self.millis(said, now, past).ok_or_else(|| {
            let example =
                if past { "2h (ago), 09:30, yesterday 18:00" } else { "2h (from now), 18:00, tomorrow 09:00" };
            format!("is no time: write {example}, 2026-12-01 09:30 or 2026-12-01T09:30:00Z")
        })?;
        Timestamp::from_millis(millis).map_err(|error| error.to_string())
    }

    fn millis(self, said: &str, now: i64, past: bool) -> Option<i64> {
        if said == "now" {
            return Some(now);
        }
        if let Some(length) = said.strip_prefix("in ").or_else(|| said.strip_prefix('+')) {
            return length_of(length).map(|length| now.saturating_add(length));
        }
        if let Some(length) = said.strip_suffix(" ago").or_else(|| said.strip_prefix('-')) {
            return length_of(length).map(|length| now.saturating_sub(length));
        }
        if let Some(length) = length_of(said) {
            return Some(if past { now.saturating_sub(length) } else { now.saturating_add(length) });
        }
        let today = self.at(now).date_naive();
        let (day, time) = said.split_once(' ').map_or((said, None), |(day, time)| (day, Some(time)));
        let date = match day {
            "today" => Some(today),
            "tomorrow" => today.checked_add_days(Days::new(1)),
            "yesterday" => today.checked_sub_days(Days::new(1)),
            _ => NaiveDate::parse_from_str(day, "%Y-%m-%d").ok(),
        };
        match (date, time) {
            (Some(date), time) => self.of(date.and_time(time.map_or(Some(NaiveTime::MIN), time_of)?)),
            // A time of day alone is the nearest one on the side that is meant.
            (None, None) => {
                let time = time_of(day)?;
                let at = self.of(today.and_time(time))?;
                match past {
                    true if at > now => self.of(today.checked_sub_days(Days::new(1))?.and_time(time)),
                    false if at <= now => self.of(today.checked_add_days(Days::new(1))?.and_time(time)),
                    _ => Some(at),
                }
            }
            (None, Some(_)) => None,
        }
    }

    fn of(self, local: NaiveDateTime) -> Option<i64> {
        self.0.from_local_datetime(&local).earliest().map(|at| at.timestamp_millis())
    }
}

fn time_of(text: &str) -> Option<NaiveTime> {
    ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(text, form).ok())
}

/// The milliseconds of `4h`, `30m`, `2h30m`, `1.5h`, `2d`, `1w`.
pub(super) fn length_of(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let unit = match unit {
            "s" | "sec" | "seconds" => SECOND,
            "m" | "min" | "minutes" | "minute" => MINUTE,
            "h" | "hours" | "hour" => HOUR,
            "d" | "days" | "day" => DAY,
            "w" | "weeks" | "week" => 7 * DAY,
            _ => return None,
        };
        #[expect(clippy::cast_precision_loss, reason = "a week of milliseconds is exact")]
        let unit = unit as f64;
        sum += number.parse::<f64>().ok()? * unit;
        rest = after.trim_start();
    }
    #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked beside it")]
    (sum > 0.0 && sum < 1e15).then_some(sum.round() as i64)
}

/// A length for people, in at most two units: `3h 59m`, `42s`, `2d 1h`.
pub(super) fn span(millis: i64) -> String {
    let seconds = millis.max(0) / SECOND;
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let Some(first) = units.iter().position(|(_, size)| seconds >= *size) else { return "0s".to_owned() };
    let mut left = seconds;
    let mut parts = Vec::new();
    for (name, size) in units.iter().skip(first).take(2) {
        if left / size > 0 {
            parts.push(format!("{}{name}", left / size));
        }
        left %= size;
    }
    parts.join(" ")
}

/// The distance to an instant: `in 3h 59m`, `2m ago`.
pub(super) fn distance(millis: i64, now: i64) -> String {
    match millis - now {
        0.. => format!("in {}", span(millis - now)),
        _ => format!("{} ago", span(now - millis)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_said() {
        for (text, millis) in [
            ("4h", 4 * HOUR),
            ("30m", 30 * MINUTE),
            ("2h30m", 150 * MINUTE),
            ("1.5h", 90 * MINUTE),
            ("2h 30m", 150 * MINUTE),
            ("1w", 7 * DAY),
            ("90s", 90 * SECOND),
        ] {
            assert_eq!(length_of(text), Some(millis), "{text}");
        }
        for text in ["", "4", "h", "4x", "-4h", "4h3", "1e9h", "0h", "..h"] {
            assert_eq!(length_of(text), None, "{text}");
        }
        assert_eq!(
            [span(0), span(42_500), span(3 * HOUR + 59 * MINUTE + 9_000), span(2 * DAY)],
            ["0s", "42s", "3h 59m", "2d"]
        );
        assert_eq!([distance(HOUR, 0), distance(0, 90_000)], ["in 1h", "1m 30s ago"]);
    }

    #[test]
    fn instants_are_read_as_people_write_them() {
        let zone = Zone(Tz::Europe__Berlin);
        // A Tuesday, 10:00 in Berlin.
        let now = "2026-12-01T09:00:00Z".parse::<Timestamp>().unwrap().millis();
        let read = |text: &str, past| zone.instant(text, now, past).map(|at| at.to_string());
        for (text, past, wanted) in [
            ("2h", false, "2026-12-01T11:00:00.000Z"),
            ("2h", true, "2026-12-01T07:00:00.000Z"),
            ("2h ago", false, "2026-12-01T07:00:00.000Z"),
            ("in 30m", true, "2026-12-01T09:30:00.000Z"),
            ("18:00", false, "2026-12-01T17:00:00.000Z"),
            ("09:00", false, "2026-12-02T08:00:00.000Z"),
            ("18:00", true, "2026-11-30T17:00:00.000Z"),
            ("tomorrow 09:00", false, "2026-12-02T08:00:00.000Z"),
            ("2026-12-24", false, "2026-12-23T23:00:00.000Z"),
            ("2026-12-24 18:30", true, "2026-12-24T17:30:00.000Z"),
            ("2026-12-24T18:30:00+00:00", true, "2026-12-24T18:30:00.000Z"),
        ] {
            assert_eq!(read(text, past).as_deref(), Ok(wanted), "{text}");
        }
        for text in ["", "soon", "25:00", "2026-13-01", "tomorrow noon", "18:00 CET"] {
            assert!(read(text, false).unwrap_err().contains("write"), "{text}");
        }
        assert_eq!(zone.clock(now, now), "10:00");
        assert_eq!(zone.clock(now + DAY, now), "Wed 10:00");
        assert_eq!(zone.full(now), "2026-12-01 10:00:00 CET");
    }
}
