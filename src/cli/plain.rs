//! Any other result of a command, in words: no JSON, no `true`, no milliseconds.

use serde_json::Value;

use super::field::{LENGTHS, distance_of, list, title, words};
use super::paint::{Look, harmless, harmless_lines};
use super::screen::Screen;
use super::table::{card, titled};
use super::zone::span;
use crate::model::Timestamp;

/// Shows a document: text as it is, an object as a card, a list as a table.
pub(super) fn anything(screen: &Screen, document: &Value) {
    match document {
        Value::String(text) => screen.print(&harmless_lines(text)),
        Value::Array(items) => screen.print(&listed(screen, items)),
        Value::Object(page) => match page.get("items").and_then(Value::as_array) {
            Some(items) if items.is_empty() => screen.note(&Look::Dim.on("nothing")),
            Some(items) => screen.print(&listed(screen, items)),
            None => screen.print(&object(screen, document, "")),
        },
        other => screen.print(&words(other)),
    }
}

/// A value under a name: an instant in the reader's zone, a length with its units.
pub(super) fn value(screen: &Screen, name: &str, value: &Value) -> String {
    match value {
        Value::String(text) => match text.parse::<Timestamp>() {
            Ok(at) => format!("{} ({})", screen.zone.clock(at.millis(), screen.now()), distance(screen, name, value)),
            Err(_) if text == "*" && ["resource", "scope"].contains(&name) => "everything".to_owned(),
            Err(_) => harmless(text),
        },
        Value::Array(_) => list(&serde_json::json!({name: value}), name),
        Value::Number(number) => match LENGTHS.iter().find(|(end, _)| name.ends_with(end)) {
            #[expect(clippy::cast_possible_truncation, reason = "lengths that the engine knows are small")]
            Some((_, unit)) => span((number.as_f64().unwrap_or_default() * unit).round() as i64),
            None => words(value),
        },
        other => words(other),
    }
}

fn distance(screen: &Screen, name: &str, value: &Value) -> String {
    distance_of(screen, &serde_json::json!({name: value}), name)
}

/// An object as a card; objects in it below, and lists of objects as tables.
pub(super) fn object(screen: &Screen, document: &Value, heading: &str) -> String {
    let mut parts = Vec::new();
    let (mut names, mut facts) = (Vec::new(), Vec::new());
    let is_objects = |value: &Value| value.as_array().is_some_and(|all| all.first().is_some_and(Value::is_object));
    for (name, field) in document.as_object().into_iter().flatten().filter(|(name, _)| *name != "links") {
        if field.is_object() {
            parts.push(object(screen, field, &title(name)));
        } else if is_objects(field) {
            let items = field.as_array().map(Vec::as_slice).unwrap_or_default();
            parts.push(format!("{}\n{}", Look::Bold.on(&title(name)), listed(screen, items)));
        } else {
            names.push(title(name));
            facts.push(value(screen, name, field));
        }
    }
    let facts: Vec<_> = names.iter().map(String::as_str).zip(facts).collect();
    let first = card(&facts, screen.width);
    let head = match (heading, first.as_str()) {
        ("", _) | (_, "") => first,
        _ => format!("{}\n{first}", Look::Bold.on(heading)),
    };
    parts.insert(0, head);
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// Objects as a table of their common fields. Columns that do not fit are left out from the right, and so is a column
/// with `no` in every row.
pub(super) fn listed(screen: &Screen, items: &[Value]) -> String {
    if items.iter().any(|item| !item.is_object()) {
        return items.iter().map(|item| value(screen, "", item)).collect::<Vec<_>>().join("\n");
    }
    let mut names: Vec<&String> = Vec::new();
    for name in items.iter().filter_map(Value::as_object).flat_map(|fields| fields.keys()) {
        let says = |item: &Value| item.get(name).is_some_and(|said| !matches!(said, Value::Bool(false) | Value::Null));
        if !names.contains(&name) && *name != "links" && items.iter().any(says) {
            names.push(name);
        }
    }
    let titles: Vec<String> = names.iter().map(|name| title(name).to_uppercase()).collect();
    let row = |item: &Value| {
        names.iter().map(|name| value(screen, name, item.get(name.as_str()).unwrap_or(&Value::Null))).collect()
    };
    let rows: Vec<Vec<String>> = items.iter().map(row).collect();
    titled(&titles, &rows, screen.width)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::screen::Format;

    #[test]
    fn nothing_is_shown_as_json() {
        let screen = Screen::new(Format::Text);
        let document = json!({
            "outcome": "allow", "is_current": true, "default_duration_hours": 1.5, "waited_ms": 90_000, "count": 3, "rate": 0.123_4,
            "resource": "*", "store": {"kind": "sqlite", "whole": false}, "none": null,
            "options": [
                {"role": "operator", "needs_ticket": false, "approval": [{"count": 2, "roles": ["a", "b"]}], "max_duration_hours": 4},
                {"role": "root", "needs_ticket": false, "limits": {"uses": 3, "sure": true}},
            ],
        });
        let text = object(&screen, &document, "");
        for said in ["yes", "1h 30m", "1m 30s", "0.12", "everything", "no", "2 of a or b", "4h", "uses 3, sure yes"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        for raw in ["true", "false", "{", "\"", "HOURS", "NEEDS TICKET", "null", " ms"] {
            assert!(!text.contains(raw), "{raw}: {text}");
        }
    }
}
