//! The results of commands, for people.

use serde_json::Value;

use super::field::{self, distance_of, instant, length, list, text, words};
use super::paint::{Look, harmless};
use super::plain;
use super::screen::{Format, Screen};
use super::table::{Column, card, column, table};
use super::zone::{distance, span};
use crate::command::{AnswerKind, CommandSpec};
use crate::model::Timestamp;

/// Shows the answer of a command.
pub(super) fn answer(screen: &Screen, spec: &CommandSpec, document: &Value) {
    if screen.format != Format::Text {
        return screen.json(document);
    }
    if document.get("durable") == Some(&Value::Bool(false)) {
        screen
            .note(&Look::Warn.on("in force in this process, and not on disk yet: do it again in a moment to be sure"));
    }
    if spec.name == "break_glass" && is_only_here(document) {
        screen.note(&Look::Warn.on(
            "the store is away: this is recorded on the machine that answered, and will be merged into the journal when the \
             store is back",
        ));
    }
    match spec.answer {
        AnswerKind::Request => screen.print(&request(screen, document)),
        AnswerKind::Grant => screen.print(&grant(screen, document)),
        AnswerKind::Delegation => screen.print(&delegation(screen, document)),
        AnswerKind::Ended => ended(screen, spec.name, document),
        AnswerKind::Requests => page(screen, document, requests, "no request that you can see"),
        AnswerKind::Grants | AnswerKind::GrantList => page(screen, document, grants, "no grant that you can see"),
        AnswerKind::Delegations => page(screen, document, delegations, "no delegation that you can see"),
        AnswerKind::Records => page(screen, document, records, "no record that fits"),
        #[allow(unreachable_patterns, reason = "whatever else a command answers has its own shape")]
        AnswerKind::Text | AnswerKind::Number | _ => plain::anything(screen, document),
    }
}

/// Whether a request was taken while the store was unavailable.
fn is_only_here(request: &Value) -> bool {
    request.pointer("/break_glass/offline") == Some(&Value::Bool(true))
}

fn page(screen: &Screen, document: &Value, show: fn(&Screen, &[Value]) -> String, empty: &str) {
    let items = items_of(document);
    if items.is_empty() {
        return screen.note(&Look::Dim.on(empty));
    }
    screen.print(&show(screen, items));
    more_of(screen, document);
}

/// The items of a page, or of a list.
pub(super) fn items_of(document: &Value) -> &[Value] {
    let items = document.as_array().or_else(|| document.get("items").and_then(Value::as_array));
    items.map(Vec::as_slice).unwrap_or_default()
}

/// Notes that a page is not the last.
pub(super) fn more_of(screen: &Screen, document: &Value) {
    if let Some(cursor) = document.get("next_cursor").and_then(Value::as_str) {
        screen.note(&Look::Dim.on(&format!("there are more: --cursor {}, or a larger --limit", harmless(cursor))));
    }
}

// --- parts of documents ---

/// `14:00 (in 3h 59m)`.
fn when(screen: &Screen, millis: i64) -> String {
    format!("{} ({})", screen.zone.clock(millis, screen.now()), distance(millis, screen.now()))
}

pub(super) fn when_of(screen: &Screen, document: &Value, name: &str) -> String {
    instant(document, name).map(|at| when(screen, at)).unwrap_or_default()
}

/// A prefix of an id; ids that were made in another millisecond have another prefix.
pub(super) fn short(id: &str) -> String {
    harmless(id.get(..13).unwrap_or(id))
}

/// The ids of these, each so long that no two are the same.
pub(super) fn short_ids(items: &[Value]) -> Vec<String> {
    let whole: Vec<String> = items.iter().map(|item| text(item, "id")).collect();
    let is_unique = |length: usize| {
        let mut cut: Vec<&str> = whole.iter().map(|id| id.get(..length).unwrap_or(id)).collect();
        cut.sort_unstable();
        cut.windows(2).all(|pair| pair.first() != pair.last())
    };
    let length = [13, 18, 23].into_iter().find(|length| is_unique(*length)).unwrap_or(36);
    whole.iter().map(|id| id.get(..length).unwrap_or(id).to_owned()).collect()
}

pub(super) fn status(word: &str) -> String {
    let look = match word {
        "approved" | "active" | "acknowledged" => Look::Good,
        "pending" | "needs_info" | "scheduled" | "suspended" | "open" => Look::Warn,
        "denied" | "revoked" => Look::Bad,
        _ => Look::Dim,
    };
    look.on(&word.replace('_', " "))
}

pub(super) fn risk(level: &str) -> String {
    match level {
        "high" | "critical" => Look::Bad.on(level),
        "medium" => Look::Warn.on(level),
        other => harmless(other),
    }
}

pub(super) fn place(document: &Value) -> String {
    let resource = text(document, "resource");
    if resource == "*" { "everything".to_owned() } else { resource }
}

fn emergency(document: &Value) -> &'static str {
    match document.get("break_glass") {
        None | Some(Value::Null) => "",
        Some(taken) if taken.get("drill") == Some(&Value::Bool(true)) => "drill",
        Some(taken) if taken.get("offline") == Some(&Value::Bool(true)) => {
            "break-glass, while the store was unavailable"
        }
        Some(_) => "break-glass",
    }
}

fn conditions(document: &Value) -> String {
    let Some(all) = document.get("conditions").filter(|all| all.is_object()) else { return String::new() };
    let mut said = Vec::new();
    let number = |name: &str| all.get(name).and_then(Value::as_u64);
    if let Some(uses) = number("max_uses") {
        said.push(format!("at most {uses} uses"));
    }
    if let Some(minutes) = number("mfa_within_minutes") {
        said.push(format!("second factor within {minutes}m"));
    }
    if all.get("networks").is_some_and(Value::is_array) {
        said.push(format!("from {}", list(all, "networks")));
    }
    if all.get("session").is_some_and(Value::is_string) {
        said.push(format!("in session {}", text(all, "session")));
    }
    if let Some(call) = all.get("call").filter(|call| call.is_object()) {
        said.push(format!("exactly the call {}", words(call)));
    }
    said.join("; ")
}

/// `platform_admin (1 more person), then …`.
pub(super) fn waits_for(document: &Value) -> String {
    let steps = document.get("waiting_for").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let step = |step: &Value| {
        let missing = step.get("missing").and_then(Value::as_u64).unwrap_or(1);
        let roles = list(step, "roles").replace(", ", " or ");
        if missing == 1 { format!("1 person with {roles}") } else { format!("{missing} people with {roles}") }
    };
    steps.iter().map(step).collect::<Vec<_>>().join(" and ")
}

// --- a request ---

/// `deployer on tool:deploy · pending · high risk`.
fn title(document: &Value, role: &str) -> String {
    let mut parts = vec![Look::Bold.on(&format!("{} on {}", text(document, role), place(document)))];
    parts.push(status(&text(document, "status")));
    if !emergency(document).is_empty() {
        parts.push(Look::Bad.on(emergency(document)));
    }
    parts.join(" · ")
}

pub(super) fn request(screen: &Screen, document: &Value) -> String {
    let id = text(document, "id");
    let is_open = matches!(text(document, "status").as_str(), "pending" | "needs_info");
    let requester = match text(document, "requester_acts_for") {
        person if person.is_empty() => text(document, "requester_email"),
        person => format!("{} for {person}", text(document, "requester_email")),
    };
    let mut long = length(document, "duration_hours");
    if document.get("duration_cut_by").is_some_and(Value::is_string) {
        let asked = length(document, "requested_duration_hours");
        long = format!(
            "{long} {}",
            Look::Warn.on(&format!("({asked} requested, cut by {})", text(document, "duration_cut_by")))
        );
    }
    let assessment = document.get("assessment").cloned().unwrap_or_default();
    let reasons = assessment.get("reasons").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut level = risk(&text(&assessment, "risk_level"));
    for reason in reasons {
        level.push_str(&format!("\n· {}", text(reason, "detail")));
    }
    let new = match (list(&assessment, "newly_permitted"), list(&assessment, "newly_permitted_except")) {
        (new, _) if new.is_empty() => "nothing".to_owned(),
        (new, except) if except.is_empty() => new,
        (new, except) => format!("{new}, without {except}"),
    };
    let sentences = |of: &str| {
        let lines = assessment.pointer(of).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
    };
    let waits = if is_open { waits_for(document) } else { String::new() };
    let deadline = if is_open { when_of(screen, document, "times_out_at") } else { String::new() };
    let facts = [
        ("request", id.clone()),
        ("who", requester),
        ("how long", long),
        ("begins", instant(document, "starts_at").map(|at| when(screen, at)).unwrap_or_default()),
        ("reason", text(document, "justification")),
        ("ticket", Look::Name.on(&text(document, "ticket_url"))),
        ("newly gives", new),
        ("conditions", conditions(document)),
        ("risk", level),
        ("would change", sentences("/analysis/sentences")),
        ("before", sentences("/past/sentences")),
        ("requested", when_of(screen, document, "created_at")),
        ("waits for", waits),
        ("answer by", deadline),
        ("reviews", reviews(screen, document)),
        ("grant", text(document, "grant_id")),
    ];
    let facts: Vec<_> = facts.into_iter().filter(|(_, said)| !said.is_empty() && said != &Look::Name.on("")).collect();
    format!("{}\n{}", title(document, "role"), card(&facts, screen.width))
}

/// Reviews and answers, in order of time.
fn reviews(screen: &Screen, document: &Value) -> String {
    let part = |name: &str| document.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut said: Vec<(i64, String)> = Vec::new();
    for review in part("reviews") {
        let at = instant(&review, "at").unwrap_or_default();
        let verdict = match text(&review, "verdict").as_str() {
            "approve" => Look::Good.on("approved"),
            "deny" => Look::Bad.on("denied"),
            _ => Look::Warn.on("asks"),
        };
        let mut line = format!("{} {verdict} {}", text(&review, "by"), distance(at, screen.now()));
        if let Some(limit) = review.get("limit").filter(|limit| limit.is_object()) {
            let parts = [
                length(limit, "duration_hours"),
                list(limit, "permissions"),
                text(limit, "resource"),
                conditions(limit),
            ];
            let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            line.push_str(&format!(", at most {}", parts.join(", ")));
        }
        if !text(&review, "comment").is_empty() {
            line.push_str(&format!(": {}", text(&review, "comment")));
        }
        if review.get("lapsed_at").is_some_and(Value::is_string) {
            line.push_str(" (counts no more)");
        }
        said.push((at, line));
    }
    for one in part("answers") {
        let at = instant(&one, "at").unwrap_or_default();
        said.push((at, format!("answer {}: {}", distance(at, screen.now()), text(&one, "text"))));
    }
    said.sort_by_key(|(at, _)| *at);
    said.into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

const REQUESTS: [Column<'static>; 9] = [
    column("REQUEST", 9),
    column("STATUS", 7),
    column("WHO", 8).long(),
    column("ROLE", 9),
    column("ON", 7).long(),
    column("FOR", 5),
    column("RISK", 6),
    column("AGE", 3),
    column("REASON", 2).long(),
];

pub(super) fn requests(screen: &Screen, items: &[Value]) -> String {
    let rows = request_rows(screen, items);
    table(&REQUESTS, &rows, screen.width)
}

/// The same, where all of them are pending.
pub(super) fn queue(screen: &Screen, items: &[Value]) -> String {
    let without = |mut row: Vec<String>| {
        row.remove(1);
        row
    };
    let columns: Vec<_> = REQUESTS.into_iter().filter(|column| column.title != "STATUS").collect();
    let rows: Vec<_> = request_rows(screen, items).into_iter().map(without).collect();
    table(&columns, &rows, screen.width)
}

fn request_rows(screen: &Screen, items: &[Value]) -> Vec<Vec<String>> {
    let ids = short_ids(items);
    let row = |(item, id): (&Value, String)| {
        let assessment = item.get("assessment").cloned().unwrap_or_default();
        let age = instant(item, "created_at").map(|at| span(screen.now() - at)).unwrap_or_default();
        vec![
            id,
            status(&text(item, "status")),
            text(item, "requester_email"),
            text(item, "role"),
            place(item),
            length(item, "duration_hours"),
            risk(&text(&assessment, "risk_level")),
            age,
            text(item, "justification"),
        ]
    };
    items.iter().zip(ids).map(row).collect()
}

// --- a grant ---

pub(super) fn grant(screen: &Screen, document: &Value) -> String {
    let is_live = matches!(text(document, "status").as_str(), "active" | "scheduled" | "suspended");
    let holder = match text(document, "requester_acts_for") {
        person if person.is_empty() => text(document, "requester_email"),
        person => format!("{} for {person}", text(document, "requester_email")),
    };
    let gives = match list(document, "excluded_permissions") {
        except if except.is_empty() => list(document, "granted_permissions"),
        except => format!("{}, without {except}", list(document, "granted_permissions")),
    };
    let uses = match document.get("uses_left").and_then(Value::as_u64) {
        Some(left) => format!("{}, {left} left", text(document, "actions_taken")),
        None => text(document, "actions_taken"),
    };
    let event = |by: &str, why: &str| match text(document, by) {
        name if name.is_empty() => String::new(),
        name => format!("by {name}: {}", text(document, why)),
    };
    let facts = [
        ("grant", text(document, "id")),
        ("who", holder),
        ("gives", gives),
        ("conditions", conditions(document)),
        ("from", when_of(screen, document, "starts_at")),
        ("until", if is_live { when_of(screen, document, "expires_at") } else { String::new() }),
        ("ended", if is_live { String::new() } else { when_of(screen, document, "ended_at") }),
        ("uses", uses),
        ("last use", when_of(screen, document, "last_used_at")),
        ("rate", if is_live { rate(document) } else { String::new() }),
        ("refused", refused(document)),
        ("reason", text(document, "justification")),
        ("ticket", text(document, "ticket_url")),
        ("approved by", list(document, "approvers")),
        ("suspended", event("suspended_by", "suspend_reason")),
        ("revoked", event("revoked_by", "revoke_reason")),
        ("review", review(screen, document)),
        ("request", text(document, "request_id")),
    ];
    format!("{}\n{}", title(document, "granted_role"), card(&facts, screen.width))
}

/// `2.4 a minute`, over the last ten minutes; nothing without uses.
fn rate(document: &Value) -> String {
    let uses = document.get("uses_per_minute").and_then(Value::as_f64).filter(|uses| *uses > 0.0);
    uses.map(|uses| format!("{} a minute", (uses * 10.0).round() / 10.0)).unwrap_or_default()
}

fn refused(document: &Value) -> String {
    let count = document.get("refusals").and_then(Value::as_u64).filter(|count| *count > 0);
    count.map(|count| Look::Warn.on(&count.to_string())).unwrap_or_default()
}

/// How far the review of an emergency is.
fn review(screen: &Screen, document: &Value) -> String {
    let Some(owed) = document.get("break_glass").filter(|owed| owed.is_object()) else { return String::new() };
    match text(owed, "review_status").as_str() {
        "required" => format!("due {} by {}", when_of(screen, owed, "review_due_at"), list(owed, "reviewer_roles")),
        "overdue" => Look::Bad.on(&format!("overdue since {}", when_of(screen, owed, "review_due_at"))),
        _ => format!("{} by {}: {}", text(owed, "outcome"), text(owed, "reviewed_by"), text(owed, "finding")),
    }
}

const GRANTS: [Column<'static>; 12] = [
    column("GRANT", 9),
    column("STATUS", 8),
    column("WHO", 7).long(),
    column("ROLE", 9),
    column("ON", 5).long(),
    column("UNTIL", 4),
    column("LEFT", 6),
    column("USES", 3).number(),
    column("REFUSED", 3).number(),
    column("LAST USE", 2),
    column("RATE", 1),
    column("REASON", 2).long(),
];

pub(super) fn grants(screen: &Screen, items: &[Value]) -> String {
    let ids = short_ids(items);
    let row = |(item, id): (&Value, String)| {
        let is_live = matches!(text(item, "status").as_str(), "active" | "scheduled" | "suspended");
        let until = instant(item, if is_live { "expires_at" } else { "ended_at" });
        let left = until.filter(|_| is_live).map(|at| span(at - screen.now())).unwrap_or_default();
        let emergency = emergency(item);
        let mut role = text(item, "granted_role");
        if !emergency.is_empty() {
            role = format!("{role} {}", Look::Bad.on(if emergency == "drill" { "(drill)" } else { "(!)" }));
        }
        vec![
            id,
            status(&text(item, "status")),
            text(item, "requester_email"),
            role,
            place(item),
            until.map(|at| screen.zone.clock(at, screen.now())).unwrap_or_default(),
            left,
            text(item, "actions_taken"),
            refused(item),
            distance_of(screen, item, "last_used_at"),
            if is_live { rate(item) } else { String::new() },
            text(item, "justification"),
        ]
    };
    let rows: Vec<_> = items.iter().zip(ids).map(row).collect();
    table(&GRANTS, &rows, screen.width)
}

/// The grants that a command has ended.
fn ended(screen: &Screen, command: &str, document: &Value) {
    let items = document.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match items.len() {
        0 => screen.print(match command {
            "accept_store" => "the store is accepted as it is",
            "accept_clock" => "the clock is taken to be right; no grant ended by it",
            _ => "nothing was live there, so nothing ended",
        }),
        1 => screen.print(&format!("{}\n{}", Look::Good.on("1 grant ended"), grants(screen, items))),
        many => screen.print(&format!("{}\n{}", Look::Good.on(&format!("{many} grants ended")), grants(screen, items))),
    }
}

// --- a delegation ---

fn delegation(screen: &Screen, document: &Value) -> String {
    let facts = [
        ("delegation", text(document, "id")),
        ("roles", list(document, "roles")),
        ("from", when_of(screen, document, "from")),
        ("until", when_of(screen, document, "until")),
        ("reason", text(document, "reason")),
        ("ended by", text(document, "ended_by")),
    ];
    let (whose, to) = (text(document, "delegator"), text(document, "delegate"));
    let title = format!("{} reviews in the place of {}", Look::Bold.on(&to), Look::Bold.on(&whose));
    format!("{title} · {}\n{}", status(&text(document, "status")), card(&facts, screen.width))
}

const DELEGATIONS: [Column<'static>; 7] = [
    column("DELEGATION", 9),
    column("STATUS", 8),
    column("WHOSE", 7).long(),
    column("TO", 9).long(),
    column("ROLES", 5).long(),
    column("UNTIL", 6),
    column("REASON", 2).long(),
];

fn delegations(screen: &Screen, items: &[Value]) -> String {
    let ids = short_ids(items);
    let row = |(item, id): (&Value, String)| {
        let until = instant(item, "until").map(|at| screen.zone.clock(at, screen.now())).unwrap_or_default();
        let all = [text(item, "delegator"), text(item, "delegate"), list(item, "roles"), until, text(item, "reason")];
        [id, status(&text(item, "status"))].into_iter().chain(all).collect()
    };
    let rows: Vec<Vec<_>> = items.iter().zip(ids).map(row).collect();
    table(&DELEGATIONS, &rows, screen.width)
}

// --- records ---

const RECORDS: [Column<'static>; 5] =
    [column("NO", 9).number(), column("WHEN", 8), column("WHO", 7).long(), column("WHAT", 9), column("MORE", 6).long()];

pub(super) fn records(screen: &Screen, items: &[Value]) -> String {
    table(&RECORDS, &record_rows(screen, items), screen.width)
}

fn record_rows(screen: &Screen, items: &[Value]) -> Vec<Vec<String>> {
    let row = |item: &Value| {
        let at = instant(item, "at").map(|at| screen.zone.second(at, screen.now())).unwrap_or_default();
        vec![text(item, "revision"), at, text(item, "by"), text(item, "event").replace('_', " "), more(screen, item)]
    };
    items.iter().map(row).collect()
}

/// One record on one line, for a list that continues.
pub(super) fn record_line(screen: &Screen, item: &Value) -> String {
    let at = instant(item, "at").map(|at| screen.zone.full(at)).unwrap_or_default();
    let (who, what) = (text(item, "by"), text(item, "event").replace('_', " "));
    format!("{} {at} {who} {} {}", Look::Dim.on(&text(item, "revision")), Look::Bold.on(&what), more(screen, item))
}

/// The rest of a record besides instant, actor and fact: first its subject, then the reason.
fn more(screen: &Screen, item: &Value) -> String {
    const FIRST: [&str; 10] =
        ["request", "grant", "role", "holder", "requester", "resource", "scope", "reason", "justification", "comment"];
    let about = |name: &str| (name.to_owned(), item.get(name).and_then(Value::as_str).map(short).unwrap_or_default());
    let mut said: Vec<_> = ["request", "grant"].map(about).into_iter().filter(|(_, id)| !id.is_empty()).collect();
    details(screen, item.get("data").unwrap_or(&Value::Null), &text(item, "by"), &mut said);
    said.sort_by_key(|(name, _)| FIRST.iter().position(|first| first == name).unwrap_or(FIRST.len()));
    said.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

/// The single values of a record, each under its last name. Values with their own column are left out, and so are lists
/// of parts, which `--json` has.
fn details(screen: &Screen, value: &Value, by: &str, said: &mut Vec<(String, String)>) {
    const SAID_ALREADY: [&str; 9] = ["at", "by", "event", "kind", "previous", "revision", "v", "version", "fact"];
    for (name, value) in value.as_object().into_iter().flatten() {
        let text = match value {
            Value::Object(_) => {
                details(screen, value, by, said);
                continue;
            }
            Value::Array(all) if all.iter().all(Value::is_string) && !all.is_empty() => {
                list(&serde_json::json!({"all": all}), "all").replace(", ", ",")
            }
            Value::String(text) if text.len() == 36 && text.matches('-').count() == 4 => short(text),
            Value::String(text) if text != by => match text.parse::<Timestamp>() {
                Ok(at) => screen.zone.clock(at.millis(), screen.now()),
                Err(_) if text == "*" => "everything".to_owned(),
                Err(_) => harmless(text),
            },
            Value::Number(_) => plain::value(screen, name, value),
            Value::Bool(true) => "yes".to_owned(),
            _ => continue,
        };
        let name = field::title(name);
        let is_said = |(other, value): &(String, String)| *other == name || *value == text;
        let is_aside = SAID_ALREADY.contains(&name.as_str()) || name.contains(" normal ");
        if !is_aside && !text.is_empty() && !said.iter().any(is_said) {
            said.push((name, text));
        }
    }
}
