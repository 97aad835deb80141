//! The values for a template: the notice with every value as a reader may see it.
//!
//! Text from people and agents is made visible here, once, before any template: one line, without invisible or
//! reordering characters. The mark-up of a channel is escaped where the channel is: by the engine in HTML and JSON, and
//! by [`slack`] for Slack.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use minijinja::value::Value;
use serde_json::{Map, Value as Json};

use super::example;
use crate::model::{TicketUrl, Timestamp, shown};
use crate::notify::Notice;

/// The text with the characters of Slack's mark-up escaped.
pub(super) fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One notice with the address that it leads to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Card<'a> {
    pub(super) notice: &'a Notice,
    pub(super) link: Option<&'a str>,
    /// The time zone of the reader, if known.
    pub(super) zone: Option<Tz>,
}

/// The time zone with this IANA name. An unknown name is ignored: then only UTC is shown.
pub(super) fn zone(name: Option<&str>) -> Option<Tz> {
    name?.parse().ok().filter(|zone| *zone != Tz::UTC)
}

/// The names that a template may use, each with its value or `none`.
pub(super) fn of(card: &Card<'_>, escape: fn(&str) -> String) -> Value {
    let notice = card.notice;
    let mut words = names();
    if let Ok(Json::Object(fields)) = serde_json::to_value(notice) {
        words.extend(fields);
    }
    words.remove("audience");
    for (name, value) in &mut words {
        make_visible(name, value, card.zone, escape);
    }
    words.insert(
        "ticket".to_owned(),
        notice.ticket_url.as_deref().map_or(Json::Null, |ticket| of_ticket(ticket, escape)),
    );
    words.insert("risk".to_owned(), of_risk(notice, escape));
    words.insert("duration".to_owned(), notice.duration_hours.map_or(Json::Null, |hours| length(hours * 60.0).into()));
    words.insert("left".to_owned(), left(notice).map_or(Json::Null, Json::from));
    let leads_to = words.get("link").and_then(|link| link.get("to")).cloned();
    words.insert("leads_to".to_owned(), leads_to.unwrap_or_default());
    words.insert("link".to_owned(), card.link.map_or(Json::Null, Json::from));
    words.remove("ticket_url");
    words.remove("duration_hours");
    value(&Json::Object(words))
}

/// Every name that a notice can have, with nothing under it: those of a notice that has them all.
fn names() -> Map<String, Json> {
    let Ok(Json::Object(full)) = serde_json::to_value(example::full()) else { return Map::new() };
    let nothing = |value: &Json| if value.is_array() { Json::Array(Vec::new()) } else { Json::Null };
    // "Nothing new" is distinct from "not known".
    let none = |name: &str, value| if name == "newly_permitted" { Json::Null } else { value };
    full.iter().map(|(name, value)| (name.clone(), none(name, nothing(value)))).collect()
}

fn make_visible(name: &str, value: &mut Json, zone: Option<Tz>, escape: fn(&str) -> String) {
    match value {
        Json::String(text) => {
            let at = matches!(name, "at" | "starts_at" | "expires_at" | "deadline" | "first" | "last");
            *text = match text.parse::<Timestamp>() {
                Ok(instant) if at => minute(instant, zone),
                _ => escape(&shown(text)),
            };
        }
        Json::Array(list) => list.iter_mut().for_each(|one| make_visible("", one, zone, escape)),
        Json::Object(map) => map.iter_mut().for_each(|(name, one)| make_visible(name, one, zone, escape)),
        _ => {}
    }
}

/// A ticket is a link only when it is an address of the web without a user name; otherwise it is text.
fn of_ticket(ticket: &str, escape: fn(&str) -> String) -> Json {
    let url = TicketUrl::new(ticket).ok();
    let text = match &url {
        Some(url) => url.as_str(),
        // It may be a password.
        None if ticket.contains('@') => "(not shown: it may hold a password)",
        None => ticket,
    };
    serde_json::json!({"text": escape(&shown(text)), "url": url.as_ref().map(TicketUrl::as_str)})
}

fn of_risk(notice: &Notice, escape: fn(&str) -> String) -> Json {
    let Some(risk) = &notice.risk else { return Json::Null };
    let reason = |factor: &str, detail: &str| {
        let factor = factor.replace('_', " ");
        if detail.is_empty() { factor } else { format!("{factor} ({detail})") }
    };
    let reasons: Vec<_> = risk.reasons.iter().map(|one| reason(&one.factor, &one.detail)).collect();
    let text = if reasons.is_empty() { risk.level.clone() } else { format!("{}: {}", risk.level, reasons.join("; ")) };
    let visible: Vec<_> = reasons.iter().map(|one| escape(&shown(one))).collect();
    serde_json::json!({"level": escape(&shown(&risk.level)), "reasons": visible, "text": escape(&shown(&text))})
}

/// How long the access still lasts when the notice is sent.
fn left(notice: &Notice) -> Option<String> {
    let (at, end): (Timestamp, Timestamp) = (notice.at.parse().ok()?, notice.expires_at.as_deref()?.parse().ok()?);
    #[expect(clippy::cast_precision_loss, reason = "minutes are exact enough")]
    let minutes = (end.millis() - at.millis()) as f64 / 60_000.0;
    (minutes > 0.0).then(|| length(minutes))
}

/// `2026-12-01 09:00 UTC`, the form of all instants in messages, and by the reader's own clock where their zone is known:
/// `2026-12-01 09:00 UTC, 10:00 Europe/Berlin`.
fn minute(at: Timestamp, zone: Option<Tz>) -> String {
    let text = at.to_string();
    // INVARIANT: an instant is written as `2026-12-01T09:00:00.000Z`.
    let (day, utc) = (text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default());
    let local = zone.zip(chrono::DateTime::from_timestamp_millis(at.millis())).map(|(zone, instant)| {
        let own = instant.with_timezone(&zone);
        let form = if own.format("%Y-%m-%d").to_string() == day { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        format!(", {} {zone}", own.format(form))
    });
    format!("{day} {utc} UTC{}", local.unwrap_or_default())
}

/// `4 h`, `1 h 30 min`, `2 d`, `45 s`, `1 min 4 s`.
fn length(minutes: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded below, and cut above")]
    let seconds = (minutes.max(0.0) * 60.0).round() as u64;
    if seconds < 60 {
        return format!("{seconds} s");
    }
    // From one hour on, seconds are not shown.
    let (minutes, rest) = if seconds < 3_600 { (seconds / 60, seconds % 60) } else { (seconds.div_ceil(60), 0) };
    let parts = [(minutes / 1_440, "d"), (minutes % 1_440 / 60, "h"), (minutes % 60, "min"), (rest, "s")];
    parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The same value for the template engine.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(flag) => Value::from(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::from(number),
            None => Value::from(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(list) => list.iter().map(value).collect(),
        Json::Object(map) => {
            let map: BTreeMap<_, _> = map.iter().map(|(name, one)| (name.clone(), value(one))).collect();
            map.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_at_a_glance() {
        for (minutes, text) in [
            (0.5, "30 s"),
            (1.0, "1 min"),
            (1.1, "1 min 6 s"),
            (45.0, "45 min"),
            (60.0, "1 h"),
            (90.0, "1 h 30 min"),
            (2_880.0, "2 d"),
            (1_501.0, "1 d 1 h 1 min"),
        ] {
            assert_eq!(length(minutes), text);
        }
    }

    #[test]
    fn an_instant_is_told_in_utc_and_by_the_clock_of_the_reader() {
        let local_time = |at: &str, name| minute(at.parse().unwrap(), zone(name));
        let (morning, evening) = ("2026-12-01T09:00:00Z", "2026-12-01T20:30:00Z");
        assert_eq!(local_time(morning, None), "2026-12-01 09:00 UTC");
        assert_eq!(local_time(morning, Some("Europe/Berlin")), "2026-12-01 09:00 UTC, 10:00 Europe/Berlin");
        assert_eq!(
            local_time("2026-07-01T09:00:00Z", Some("Europe/Berlin")),
            "2026-07-01 09:00 UTC, 11:00 Europe/Berlin"
        );
        assert_eq!(local_time(evening, Some("Asia/Tokyo")), "2026-12-01 20:30 UTC, 2026-12-02 05:30 Asia/Tokyo");
        for none in ["UTC", "Europe/Nowhere", "<script>", ""] {
            assert_eq!(local_time(morning, Some(none)), "2026-12-01 09:00 UTC", "{none}");
        }
    }

    #[test]
    fn a_ticket_with_a_password_is_neither_a_link_nor_shown() {
        let shown = |ticket: &str| of_ticket(ticket, str::to_owned);
        assert_eq!(shown("https://me:hunter2@a.example/")["url"], Json::Null);
        assert!(!shown("https://me:hunter2@a.example/").to_string().contains("hunter2"));
        assert_eq!(shown("javascript:alert(1)")["url"], Json::Null);
        assert_eq!(shown("https://a.example/<x>")["url"], "https://a.example/%3Cx%3E");
    }
}
