//! Alerts, deliveries, summaries and roles, for people.

use serde_json::Value;

use super::field::{instant, list, text};
use super::offered;
use super::paint::{Look, harmless};
use super::screen::{Format, Screen};
use super::show::{items_of, more_of, place, short_ids, status, when_of};
use super::table::{Column, card, column, table};
use super::zone::span;
use crate::command::{AnswerKind, CommandSpec};

/// Shows the answer of a command, if it is one of these.
pub(super) fn answer(screen: &Screen, spec: &CommandSpec, document: &Value) -> bool {
    if screen.format != Format::Text {
        return false;
    }
    match spec.answer {
        AnswerKind::Alerts => page(screen, document, alerts, "no alert"),
        AnswerKind::Alert => screen.print(&alert(screen, document)),
        AnswerKind::Deliveries => page(screen, document, deliveries, "no delivery"),
        AnswerKind::Delivery => screen.print(&delivery(screen, document)),
        AnswerKind::Offers => offered::roles(screen, document),
        AnswerKind::Summary => screen.print(&summary(screen, document)),
        AnswerKind::Remedies => offered::remedies(screen, document),
        _ => return false,
    }
    true
}

fn page(screen: &Screen, document: &Value, show: fn(&Screen, &[Value]) -> String, empty: &str) {
    match items_of(document) {
        [] => screen.note(&Look::Dim.on(empty)),
        items => {
            screen.print(&show(screen, items));
            more_of(screen, document);
        }
    }
}

fn words(document: &Value, name: &str) -> String {
    text(document, name).replace('_', " ")
}

fn clock(screen: &Screen, document: &Value, name: &str) -> String {
    instant(document, name).map(|at| screen.zone.clock(at, screen.now())).unwrap_or_default()
}

// --- alerts ---

fn severity(document: &Value) -> String {
    match text(document, "severity").as_str() {
        "trouble" => Look::Bad.on("trouble"),
        "unusual" => Look::Warn.on("unusual"),
        other => Look::Dim.on(other),
    }
}

const ALERTS: [Column<'static>; 7] = [
    column("ALERT", 9),
    column("STATUS", 6),
    column("HOW", 8),
    column("WHAT", 9),
    column("WHO", 7).long(),
    column("WHEN", 5),
    column("FOUND", 8).long(),
];

fn alerts(screen: &Screen, items: &[Value]) -> String {
    let row = |(item, id): (&Value, String)| {
        vec![
            id,
            status(&text(item, "status")),
            severity(item),
            words(item, "kind"),
            text(item, "principal"),
            clock(screen, item, "raised_at"),
            text(item, "text"),
        ]
    };
    let rows: Vec<_> = items.iter().zip(short_ids(items)).map(row).collect();
    table(&ALERTS, &rows, screen.width)
}

fn alert(screen: &Screen, document: &Value) -> String {
    let event = |by: &str, at: &str, why: &str| match text(document, by) {
        name if name.is_empty() => String::new(),
        name => format!("by {name}, {}: {}", when_of(screen, document, at), text(document, why)),
    };
    let facts = [
        ("alert", text(document, "id")),
        ("found", text(document, "text")),
        ("who", text(document, "principal")),
        ("grant", text(document, "grant_id")),
        ("raised", when_of(screen, document, "raised_at")),
        ("record", text(document, "revision")),
        ("seen", event("acknowledged_by", "acknowledged_at", "finding")),
        ("silenced", event("silenced_by", "silenced_until", "silence_reason")),
    ];
    let title = format!(
        "{} · {} · {}",
        Look::Bold.on(&words(document, "kind")),
        severity(document),
        status(&text(document, "status"))
    );
    format!("{title}\n{}", card(&facts, screen.width))
}

// --- deliveries ---

const DELIVERIES: [Column<'static>; 8] = [
    column("DELIVERY", 9),
    column("STATE", 9),
    column("WHAT", 8),
    column("CHANNEL", 7),
    column("TO", 6).long(),
    column("TRIED", 4).number(),
    column("WHEN", 5),
    column("LAST ERROR", 8).long(),
];

fn state(word: &str) -> String {
    match word {
        "sent" => Look::Good.on(word),
        "failed" => Look::Bad.on(word),
        "waiting" => Look::Warn.on(word),
        other => Look::Dim.on(other),
    }
}

fn to(document: &Value) -> String {
    let recipient = text(document, "recipient");
    if recipient.is_empty() { text(document, "address") } else { recipient }
}

fn deliveries(screen: &Screen, items: &[Value]) -> String {
    // A delivery is named whole, because its list is not searched for the beginning of an id.
    let row = |item: &Value| {
        vec![
            text(item, "id"),
            state(&text(item, "state")),
            words(item, "kind"),
            text(item, "channel"),
            to(item),
            text(item, "attempts"),
            clock(screen, item, "created_at"),
            text(item, "last_error"),
        ]
    };
    let rows: Vec<_> = items.iter().map(row).collect();
    table(&DELIVERIES, &rows, screen.width)
}

fn delivery(screen: &Screen, document: &Value) -> String {
    let facts = [
        ("delivery", text(document, "id")),
        ("channel", text(document, "channel")),
        ("to", to(document)),
        ("tried", text(document, "attempts")),
        ("made", when_of(screen, document, "created_at")),
        ("next", when_of(screen, document, "next_at")),
        ("settled", when_of(screen, document, "settled_at")),
        ("last error", text(document, "last_error")),
        ("about", text(document, "subject")),
    ];
    let title = format!("{} · {}", Look::Bold.on(&words(document, "kind")), state(&text(document, "state")));
    format!("{title}\n{}", card(&facts, screen.width))
}

// --- a summary ---

const USES: [Column<'static>; 4] =
    [column("USES", 9).number(), column("PERMISSION", 9), column("ON", 8).long(), column("LAST", 6)];

fn summary(screen: &Screen, document: &Value) -> String {
    let holder = match text(document, "acts_for") {
        person if person.is_empty() => text(document, "holder"),
        person => format!("{} for {person}", text(document, "holder")),
    };
    let held = match (instant(document, "starts_at"), instant(document, "until")) {
        (Some(from), Some(until)) => span((until - from).max(0)),
        _ => String::new(),
    };
    let ended = match text(document, "ended_by") {
        by if by.is_empty() => String::new(),
        by => [format!("by {by}"), text(document, "end_reason")]
            .into_iter()
            .filter(|said| !said.is_empty())
            .collect::<Vec<_>>()
            .join(": "),
    };
    let smaller = document.pointer("/smaller_role/role").and_then(Value::as_str).map(harmless).unwrap_or_default();
    let part = |name: &str| document.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let found = part("alerts").iter().map(|alert| text(alert, "text")).collect::<Vec<_>>().join("\n");
    let facts = [
        ("grant", text(document, "grant_id")),
        ("who", holder),
        ("from", when_of(screen, document, "starts_at")),
        ("held", held),
        ("reason", text(document, "justification")),
        ("approved by", text(document, "approved_by")),
        ("uses", text(document, "uses_total")),
        ("never used", list(document, "never_used")),
        ("ended", ended),
        ("alerts", if found.is_empty() { found } else { Look::Warn.on(&found) }),
        ("enough was", smaller),
    ];
    let title = format!(
        "{} · {}",
        Look::Bold.on(&format!("{} on {}", text(document, "role"), place(document))),
        status(&text(document, "status"))
    );
    let mut all = format!("{title}\n{}", card(&facts, screen.width));
    let uses: Vec<Vec<String>> = part("uses")
        .iter()
        .map(|used| vec![text(used, "count"), text(used, "permission"), place(used), clock(screen, used, "last_at")])
        .collect();
    if !uses.is_empty() {
        all.push_str(&format!("\n\n{}", table(&USES, &uses, screen.width)));
    }
    let moments: Vec<Vec<String>> = part("timeline")
        .iter()
        .map(|one| {
            let at = instant(one, "at").map(|at| screen.zone.second(at, screen.now())).unwrap_or_default();
            vec![at, text(one, "by"), text(one, "text")]
        })
        .collect();
    let columns = [column("WHEN", 9), column("WHO", 7).long(), column("WHAT HAPPENED", 9).long()];
    all.push_str(&format!("\n\n{}", table(&columns, &moments, screen.width)));
    all
}
