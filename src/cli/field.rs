//! The value of one field of a document, for people.

use serde_json::Value;

use super::paint::harmless;
use super::screen::Screen;
use super::zone::{distance, span};
use crate::model::Timestamp;

/// How the name of a length ends, and how many milliseconds one is.
pub(super) const LENGTHS: [(&str, f64); 5] =
    [("_ms", 1.0), ("_seconds", 1_000.0), ("_minutes", 60_000.0), ("_hours", 3_600_000.0), ("_days", 86_400_000.0)];

/// The name of a field for people: without the unit, which is shown with the value.
pub(super) fn title(name: &str) -> String {
    let short = LENGTHS.iter().find_map(|(end, _)| name.strip_suffix(end)).unwrap_or(name);
    harmless(&short.replace('_', " "))
}

/// A value on one line, without knowing its name: `yes`, `deployer`, `role operator, count 2`.
pub(super) fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => harmless(text),
        Value::Number(number) => number
            .as_f64()
            .filter(|_| number.is_f64())
            .map_or_else(|| number.to_string(), |number| ((number * 100.0).round() / 100.0).to_string()),
        Value::Array(items) => items.iter().map(words).filter(|item| !item.is_empty()).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let said = fields.iter().map(|(name, value)| (title(name), words(value)));
            let said = said.filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {value}"));
            said.collect::<Vec<_>>().join(", ")
        }
    }
}

/// The text under a name; nothing when it is left out.
pub(super) fn text(document: &Value, name: &str) -> String {
    match document.get(name) {
        Some(Value::String(text)) => harmless(text),
        None | Some(Value::Null) => String::new(),
        Some(other) => harmless(&other.to_string()),
    }
}

/// The texts of the list under a name.
pub(super) fn list(document: &Value, name: &str) -> String {
    let all = document.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<_> = all.iter().map(|one| one.as_str().map_or_else(|| step(one), harmless)).collect();
    texts.join(", ")
}

/// `1 of platform_admin`, of a step of an approval; anything else in words.
fn step(item: &Value) -> String {
    match item.get("count").filter(|_| item.get("roles").is_some_and(Value::is_array)) {
        Some(count) => format!("{count} of {}", list(item, "roles").replace(", ", " or ")),
        None => words(item),
    }
}

/// The instant under a name, in milliseconds.
pub(super) fn instant(document: &Value, name: &str) -> Option<i64> {
    document.get(name)?.as_str()?.parse::<Timestamp>().ok().map(Timestamp::millis)
}

/// The length under a name, which is in hours.
pub(super) fn length(document: &Value, name: &str) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "hours that the engine knows are small")]
    let millis = document.get(name).and_then(Value::as_f64).map(|hours| (hours * 3_600_000.0).round() as i64);
    millis.map(span).unwrap_or_default()
}

/// The distance to the instant under a name: `in 59m`.
pub(super) fn distance_of(screen: &Screen, document: &Value, name: &str) -> String {
    instant(document, name).map(|at| distance(at, screen.now())).unwrap_or_default()
}
