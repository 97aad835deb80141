//! The roles that may be asked for, for people.

use serde_json::Value;

use super::paint::Look;
use super::screen::Screen;
use super::show::{instant, items_of, list, risk, text};
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

/// The roles of the catalogue that the caller may ask for, those that newly give the least first.
pub(super) fn roles(screen: &Screen, document: &Value) {
    let items = items_of(document);
    if items.is_empty() {
        return screen.tell(&Look::Dim.on("no role that you may ask for"));
    }
    let rows: Vec<_> = items.iter().map(|item| row(screen, item)).collect();
    screen.print(&table(&ROLES, &rows, screen.width));
    screen.tell(&Look::Dim.on("jit request ROLE --reason … asks for one"));
}

fn row(screen: &Screen, item: &Value) -> Vec<String> {
    let new = match (list(item, "not_held"), list(item, "not_held_except")) {
        (new, _) if new.is_empty() => Look::Dim.on("nothing"),
        (new, except) if except.is_empty() => new,
        (new, except) => format!("{new} except {except}"),
    };
    let approved = match text(item, "approved_by_rule") {
        _ if item.get("may_request") == Some(&Value::Bool(false)) => Look::Warn.on("break-glass alone"),
        rule if rule.is_empty() => list(item, "approval"),
        rule => format!("by itself ({rule})"),
    };
    let until = instant(item, "covered_until").map(|at| format!("until {}", screen.zone.clock(at, screen.now())));
    vec![
        text(item, "role"),
        new,
        super::show::length(item, "max_duration_hours"),
        risk(&text(item, "risk_level")),
        approved,
        until.map(|until| Look::Good.on(&until)).unwrap_or_default(),
        text(item, "description"),
    ]
}
