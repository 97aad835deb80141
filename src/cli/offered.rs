//! The roles that may be requested, and the requests that would lift a denial, for people.

use serde_json::Value;

use super::field::{instant, list, text};
use super::paint::{Look, harmless};
use super::screen::Screen;
use super::show::{items_of, place, risk};
use super::table::{Column, column, table};

const ROLES: [Column<'static>; 7] = [
    column("ROLE", 9),
    column("NEW FOR YOU", 8).long(),
    column("AT MOST", 6),
    column("RISK", 7),
    column("APPROVED BY", 5).long(),
    column("YOU HAVE IT", 4),
    column("WHAT FOR", 2).long(),
];

/// The roles of the catalogue that the caller may request, the one that adds the least access first.
pub(super) fn roles(screen: &Screen, document: &Value) {
    let items = items_of(document);
    if items.is_empty() {
        return screen.note(&Look::Dim.on("no role that you may ask for"));
    }
    let rows: Vec<_> = items.iter().map(|item| row(screen, item)).collect();
    screen.print(&table(&ROLES, &rows, screen.width));
    screen.note(&Look::Dim.on("jit request ROLE --reason … asks for one"));
}

fn row(screen: &Screen, item: &Value) -> Vec<String> {
    let new = match (list(item, "not_held"), list(item, "not_held_except")) {
        (new, _) if new.is_empty() => Look::Dim.on("nothing"),
        (new, except) if except.is_empty() => new,
        (new, except) => format!("{new} except {except}"),
    };
    let approved = match item.get("may_request") {
        Some(Value::Bool(false)) => Look::Warn.on("break-glass alone"),
        _ => approved_by(item),
    };
    let until = instant(item, "covered_until").map(|at| format!("until {}", screen.zone.clock(at, screen.now())));
    vec![
        text(item, "role"),
        new,
        super::field::length(item, "max_duration_hours"),
        risk(&text(item, "risk_level")),
        approved,
        until.map(|until| Look::Good.on(&until)).unwrap_or_default(),
        text(item, "description"),
    ]
}

const REMEDIES: [Column<'static>; 8] = [
    column("ROLE", 9),
    column("GIVES", 8).long(),
    column("ON", 5).long(),
    column("AT MOST", 6),
    column("RISK", 7),
    column("APPROVED BY", 5).long(),
    column("NEEDS", 4),
    column("WHAT FOR", 2).long(),
];

/// The requests by which the caller could get an action, and the command for the first one.
pub(super) fn remedies(screen: &Screen, document: &Value) {
    screen.print(&harmless(&text(document, "detail")));
    let options = document.get("options").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let Some(first) = options.first() else { return };
    let rows: Vec<_> = options.iter().map(remedy).collect();
    screen.print(&format!("\n{}", table(&REMEDIES, &rows, screen.width)));
    let mut words = vec!["jit request".to_owned(), text(first, "role")];
    if first.get("whole_role") == Some(&Value::Bool(false)) {
        words.push(format!("--only {}", list(first, "permissions").replace(", ", ",")));
    }
    if text(first, "resource") != "*" {
        words.push(format!("--on {}", text(first, "resource")));
    }
    words.extend(needs(first).map(|name| format!("--{name} …")));
    words.push("--wait".to_owned());
    screen.note(&Look::Dim.on(&format!("{} asks for the least", words.join(" "))));
}

/// What else a request needs, by the names of the options.
fn needs(item: &Value) -> impl Iterator<Item = &'static str> {
    let all = [("needs_reason", "reason"), ("needs_ticket", "ticket")];
    all.into_iter().filter(|(name, _)| item.get(*name) == Some(&Value::Bool(true))).map(|(_, what)| what)
}

fn remedy(item: &Value) -> Vec<String> {
    let gives = match list(item, "excluded_permissions") {
        except if except.is_empty() => list(item, "permissions"),
        except => format!("{} except {except}", list(item, "permissions")),
    };
    vec![
        text(item, "role"),
        gives,
        place(item),
        super::field::length(item, "max_duration_hours"),
        risk(&text(item, "risk_level")),
        approved_by(item),
        needs(item).collect::<Vec<_>>().join(", "),
        text(item, "description"),
    ]
}

fn approved_by(item: &Value) -> String {
    match text(item, "approved_by_rule") {
        rule if rule.is_empty() => list(item, "approval"),
        rule => format!("by itself ({rule})"),
    }
}
