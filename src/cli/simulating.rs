//! `simulate-config OLD NEW`: what a new configuration would change for live grants and pending requests.
//!
//! Both configurations are evaluated over the same store, one after the other: which grants are honoured, and what each
//! request would result in if it were made now. Every difference is a change. Nothing is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use super::field::text;
use super::local::{Local, invalid};
use super::paint::{Look, harmless};
use super::place::StorePlace;
use super::problem::{Exit, Problem};
use super::screen::{Format, Screen};
use super::show::short;
use super::table::{column, table};
use crate::config::{Config, Effective};
use crate::host::environment;
use crate::model::Grant;

/// The results of one configuration.
struct Said {
    settings: Vec<Effective>,
    /// The permissions of each honoured grant, by its id.
    honoured: BTreeMap<String, Vec<String>>,
    /// Live grants and open requests, with the result of the same request now.
    things: Vec<Thing>,
}

struct Thing {
    kind: &'static str,
    id: String,
    who: String,
    role: String,
    trial: Trial,
}

/// The result of a request.
#[derive(PartialEq)]
enum Trial {
    Refused(String),
    Made { permissions: Vec<String>, hours: String, approval: String, risk: String, status: String },
}

/// Something that is otherwise.
struct Change<'a> {
    thing: &'a Thing,
    /// Whether it applies as soon as the configuration does, and not only to new requests.
    is_at_once: bool,
    said: String,
}

pub(super) fn simulate(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let path = |name: &str| PathBuf::from(matches.get_one::<String>(name).cloned().unwrap_or_default());
    let (old, new) = (path("old"), path("new"));
    refuse_mistakes(&new)?;
    let store = matches.get_one::<String>("store").filter(|store| !store.is_empty()).cloned();
    let place = StorePlace { store, config: Some(old), user: None, roles: Vec::new() };
    screen.status("asking the configuration in force …");
    let opened = Local::open(&place)?;
    let store = opened.host().config().store.clone();
    let before = ask(&opened)?;
    drop(opened);
    screen.status("asking the new configuration …");
    let mut config = Config::from_file(&new, environment()).map_err(|error| invalid(&error))?;
    config.store = store;
    let after = ask(&Local::of(config, &place)?)?;
    screen.clear();
    let (keys, changes) = (changed_keys(&before, &after), changes(&before, &after));
    show(screen, &keys, &changes, before.things.len());
    if changes.iter().any(|change| change.is_at_once) { Err(Problem::silent(Exit::Found)) } else { Ok(()) }
}

fn refuse_mistakes(path: &Path) -> Result<(), Problem> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::new(Exit::Invalid, format!("{shown} cannot be read: {error}")))?;
    let found = Config::check(path.parent(), &text, environment());
    match found.errors.first() {
        None => Ok(()),
        Some(first) => Err(Problem::new(Exit::Found, format!("nothing would start with {shown}: {first}"))
            .next(format!("jit config check {shown}"))),
    }
}

fn ask(local: &Local) -> Result<Said, Problem> {
    let honoured = local.host().engine().honoured().map(|found| found.grants).unwrap_or_default();
    let mut things = Vec::new();
    let live = local.run("live_grants", Map::new())?;
    for grant in live.as_array().into_iter().flatten() {
        things.push(thing(local, "grant", "granted_role", grant));
    }
    for status in ["pending", "needs_info"] {
        let mut cursor = Value::Null;
        loop {
            let mut list = Map::from_iter([("status".to_owned(), json!(status)), ("limit".to_owned(), json!(200))]);
            if cursor.is_string() {
                list.insert("cursor".to_owned(), cursor);
            }
            let page = local.run("requests", list)?;
            for request in page.get("items").and_then(Value::as_array).into_iter().flatten() {
                things.push(thing(local, "request", "role", request));
            }
            cursor = page.get("next_cursor").cloned().unwrap_or_default();
            if !cursor.is_string() {
                break;
            }
        }
    }
    Ok(Said {
        settings: local.host().config().values.clone(),
        honoured: honoured.iter().map(|grant| (grant.id.to_string(), gives(grant))).collect(),
        things,
    })
}

fn gives(grant: &Grant) -> Vec<String> {
    let allowed = grant.permissions.allowed().iter().map(ToString::to_string);
    allowed.chain(grant.permissions.excepted().iter().map(|one| format!("without {one}"))).collect()
}

fn thing(local: &Local, kind: &'static str, role: &str, document: &Value) -> Thing {
    let who = text(document, "requester_email");
    let role = text(document, role);
    let trial = trial(local, &who, &role, document);
    Thing { kind, id: text(document, "id"), who, role, trial }
}

/// The result of the same request now, with the person's rights at the request.
fn trial(local: &Local, who: &str, role: &str, document: &Value) -> Trial {
    let of = |name: &str| document.get(name).cloned().unwrap_or_default();
    let mut caller = json!({"principal": who, "roles": of("requester_normal_roles")});
    if let Some(name) = who.strip_prefix("agent:") {
        caller = json!({"principal": name, "agent": true, "acts_for": of("requester_acts_for"), "roles": []});
    }
    if let (Some(caller), permissions @ Value::Array(_)) = (caller.as_object_mut(), of("requester_normal_permissions"))
    {
        caller.insert("permissions".to_owned(), permissions);
    }
    let mut wanted = json!({
        "command": "submit", "dry_run": true, "caller": caller, "role": role, "resource": of("resource"),
        "reason": document.get("justification").filter(|said| said.is_string()).cloned().unwrap_or(json!("simulated")),
    });
    if let Some(wanted) = wanted.as_object_mut() {
        for (name, from) in [("duration_hours", "requested_duration_hours"), ("ticket_url", "ticket_url")] {
            let value = of(from);
            if !value.is_null() {
                wanted.insert(name.to_owned(), value);
            }
        }
    }
    match local.document(&wanted) {
        Err(problem) => Trial::Refused(problem.message),
        Ok(made) => Trial::Made {
            permissions: listed(&made, "permissions"),
            hours: text(&made, "duration_hours"),
            approval: steps(&made),
            risk: made.pointer("/assessment/risk_level").and_then(Value::as_str).unwrap_or_default().to_owned(),
            status: text(&made, "status"),
        },
    }
}

fn listed(document: &Value, name: &str) -> Vec<String> {
    let all = document.get(name).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(Value::as_str).map(harmless).collect()
}

/// `1 of lead, then 2 of security or admin`.
fn steps(document: &Value) -> String {
    let all = document.get("approval").and_then(Value::as_array).into_iter().flatten();
    let step = |step: &Value| format!("{} of {}", text(step, "count"), listed(step, "roles").join(" or "));
    all.map(step).collect::<Vec<_>>().join(", then ")
}

fn changed_keys(before: &Said, after: &Said) -> Vec<(String, String, String)> {
    let of = |said: &Said| -> BTreeMap<String, String> {
        said.settings.iter().map(|one| (one.path.clone(), one.value.to_string())).collect()
    };
    let (old, new) = (of(before), of(after));
    let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let value = |all: &BTreeMap<String, String>, key: &String| all.get(key).cloned().unwrap_or_default();
    keys.into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| (key.clone(), value(&old, key), value(&new, key)))
        .collect()
}

fn changes<'a>(before: &'a Said, after: &'a Said) -> Vec<Change<'a>> {
    let mut found = Vec::new();
    for (thing, new) in before.things.iter().zip(&after.things) {
        let mut add = |is_at_once: bool, said: String| found.push(Change { thing, is_at_once, said });
        match (before.honoured.get(&thing.id), after.honoured.get(&thing.id)) {
            (Some(_), None) => add(true, "is not honoured any more".to_owned()),
            (None, Some(_)) => add(true, "is honoured again".to_owned()),
            (Some(old), Some(new)) if old != new => {
                let without = |one: &[String], other: &[String]| -> Vec<String> {
                    one.iter().filter(|name| !other.contains(name)).cloned().collect()
                };
                let (lost, won) = (without(old, new), without(new, old));
                let lost = (!lost.is_empty()).then(|| format!("gives no more: {}", lost.join(", ")));
                let won = (!won.is_empty()).then(|| format!("gives now: {}", won.join(", ")));
                add(true, lost.into_iter().chain(won).collect::<Vec<_>>().join("; "));
            }
            _ => {}
        }
        let difference = difference(&thing.trial, &new.trial);
        if !difference.is_empty() {
            add(false, format!("requested again: {}", difference.join("; ")));
        }
    }
    found
}

fn difference(old: &Trial, new: &Trial) -> Vec<String> {
    match (old, new) {
        (old, new) if old == new => Vec::new(),
        (Trial::Refused(_), Trial::Refused(why)) => vec![format!("refused for another reason: {why}")],
        (Trial::Made { .. }, Trial::Refused(why)) => vec![format!("refused: {why}")],
        (Trial::Refused(_), Trial::Made { .. }) => vec!["not refused any more".to_owned()],
        (
            Trial::Made { permissions: p1, hours: h1, approval: a1, risk: r1, status: s1 },
            Trial::Made { permissions: p2, hours: h2, approval: a2, risk: r2, status: s2 },
        ) => {
            let of = |what: &str, old: &str, new: &str| (old != new).then(|| format!("{what} {new} instead of {old}"));
            let all = [
                of("gives", &p1.join(", "), &p2.join(", ")),
                of("hours:", h1, h2),
                of("needs", a1, a2),
                of("risk", r1, r2),
                of("is", s1, s2),
            ];
            all.into_iter().flatten().collect()
        }
    }
}

fn show(screen: &Screen, keys: &[(String, String, String)], changes: &[Change<'_>], looked_at: usize) {
    if screen.format != Format::Text {
        let keys: Vec<_> = keys.iter().map(|(key, old, new)| json!({"key": key, "old": old, "new": new})).collect();
        let change = |one: &Change<'_>| {
            let Thing { kind, id, who, role, .. } = one.thing;
            json!({"kind": kind, "id": id, "who": who, "role": role, "at_once": one.is_at_once, "change": one.said})
        };
        screen.json(&json!({"keys": keys, "changes": changes.iter().map(change).collect::<Vec<_>>()}));
        return;
    }
    if keys.is_empty() {
        screen.print("both configurations say the same");
    } else {
        let row = |(key, old, new): &(String, String, String)| vec![harmless(key), harmless(old), harmless(new)];
        let rows: Vec<_> = keys.iter().map(row).collect();
        screen.print(&table(
            &[column("KEY", 9), column("NOW", 8).long(), column("NEW", 9).long()],
            &rows,
            screen.width,
        ));
        screen.print("");
    }
    if changes.is_empty() {
        return screen.print(&format!("{} nothing changes for {looked_at} grants and requests", Look::Good.on("✓")));
    }
    let row = |one: &Change<'_>| {
        let look = if one.is_at_once { Look::Bad } else { Look::Warn };
        let when = if one.is_at_once { "at once" } else { "later" };
        let Thing { kind, id, who, role, .. } = one.thing;
        vec![look.on(when), format!("{kind} {}", short(id)), who.clone(), role.clone(), harmless(&one.said)]
    };
    let rows: Vec<_> = changes.iter().map(row).collect();
    let columns =
        [column("WHEN", 9), column("WHAT", 8), column("WHO", 9).long(), column("ROLE", 9), column("CHANGE", 9).long()];
    screen.print(&table(&columns, &rows, screen.width));
    screen.note(&Look::Dim.on(&format!(
        "{} of {looked_at} grants and requests; what the host itself reserves is not known here",
        changes.len()
    )));
}
