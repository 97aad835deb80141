//! What operators look at: `verify`, `check`, `config`, `doctor`.

use std::path::Path;

use clap::ArgMatches;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::local::{invalid, problem, shown as shown_store};
use super::paint::{Look, harmless};
use super::place::{Login, Place};
use super::problem::{Exit, Problem};
use super::progress::Progress;
use super::screen::{Format, Screen};
use super::table::{column, table};
use super::zone::span;
use crate::check::Check;
use crate::command::spec_of;
use crate::config::{Config, Key};
use crate::host::environment;
use crate::model::{Outcome, PrincipalKind};

/// `jit verify`.
pub(super) fn verify(client: &Client, screen: &Screen, fields: Map<String, Value>) -> Result<(), Problem> {
    let mut progress = Progress::of(screen, "verifying");
    let found = match (client, spec_of("verify")) {
        (Client::Local(local), Some(spec)) => local.watched(spec, fields, &mut progress),
        _ => client.run("verify", fields),
    };
    let took = progress.end();
    let found = found.map_err(|problem| match problem.exit {
        Exit::Failed => problem
            .exit(Exit::Found)
            .next("keep a copy of the store as it is, and inform the person responsible for it"),
        _ => problem,
    })?;
    if screen.format != Format::Text {
        screen.json(&json!({"records": found}));
        return Ok(());
    }
    let count = found.as_u64().unwrap_or(0);
    let rate =
        count.checked_mul(1_000).and_then(|all| all.checked_div(u64::try_from(took.max(1)).unwrap_or(1))).unwrap_or(0);
    screen.print(&format!("{} {count} records, each as it was written", Look::Good.on("✓")));
    screen.note(&Look::Dim.on(&format!("{} s, {rate} records a second", took as f64 / 1_000.0)));
    Ok(())
}

/// `jit check PERSON ACTION`.
pub(super) fn check(client: &Client, screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let text = |name: &str| matches.get_one::<String>(name).map(String::as_str);
    let principal = text("principal").unwrap_or_default();
    let Client::Local(local) = client else {
        return check_over_http(client, screen, principal, text("action").unwrap_or_default(), text("on"));
    };
    let principal = match principal.strip_prefix("agent:") {
        Some(name) => (PrincipalKind::Agent, name),
        None => (PrincipalKind::User, principal),
    };
    let (resource, parent) = text("on").map_or((None, None), |on| match on.split_once('@') {
        Some((resource, parent)) => (Some(resource), Some(parent)),
        None => (Some(on), None),
    });
    let check = Check::text(principal, text("action").unwrap_or_default(), resource, parent);
    let decision = local.host().decider().check(&check.current().peek()).map_err(|error| problem(&error.into()))?;
    let grant = decision.basis.grant.map(|grant| grant.to_string());
    let is_allowed = decision.outcome == Outcome::Allow;
    if screen.format == Format::Text {
        match &grant {
            Some(grant) if is_allowed => screen.print(&format!("{} yes, by the grant {grant}", Look::Good.on("✓"))),
            _ => screen.print("no grant allows it now; what the host itself allows is not known here"),
        }
    } else {
        screen.json(&json!({"outcome": decision.outcome.name(), "grant_id": grant}));
    }
    if is_allowed { Ok(()) } else { Err(Problem::silent(Exit::Found)) }
}

/// The same at a running host, which also gives the reason.
fn check_over_http(
    client: &Client,
    screen: &Screen,
    principal: &str,
    action: &str,
    on: Option<&str>,
) -> Result<(), Problem> {
    let mut fields = Map::from_iter([("action".to_owned(), json!(action))]);
    match principal.strip_prefix("agent:") {
        Some(name) => {
            fields.insert("principal".to_owned(), json!(name));
            fields.insert("agent".to_owned(), json!(true));
        }
        None => drop(fields.insert("principal".to_owned(), json!(principal))),
    }
    if let Some(on) = on {
        let (resource, parent) = on.split_once('@').map_or((on, None), |(on, parent)| (on, Some(parent)));
        fields.insert("resource".to_owned(), json!(resource));
        fields.extend(parent.map(|parent| ("parent".to_owned(), json!(parent))));
    }
    let found = client.run("explain", fields)?;
    let is_allowed = found.get("outcome").and_then(Value::as_str) == Some("allow");
    if screen.format == Format::Text {
        let said = harmless(found.get("detail").and_then(Value::as_str).unwrap_or_default());
        let grant = found.get("grant_id").and_then(Value::as_str);
        match grant {
            Some(grant) if is_allowed => {
                screen.print(&format!("{} yes, by the grant {}", Look::Good.on("✓"), harmless(grant)));
            }
            _ => screen.print("no grant allows it now; what the host itself allows is not known here"),
        }
        screen.note(&Look::Dim.on(&said));
    } else {
        screen.json(&json!({"outcome": found.get("outcome"), "grant_id": found.get("grant_id")}));
    }
    if is_allowed { Ok(()) } else { Err(Problem::silent(Exit::Found)) }
}

/// `jit config check|show|schema`.
pub(super) fn config(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    match matches.subcommand() {
        Some(("check", matches)) => config_check(screen, matches),
        Some(("show", matches)) => config_show(screen, matches),
        _ => {
            screen.print(&serde_json::to_string_pretty(&schema()).unwrap_or_default());
            Ok(())
        }
    }
}

fn file(matches: &ArgMatches) -> Result<(String, String), Problem> {
    let path = matches.get_one::<String>("file").cloned().unwrap_or_default();
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Problem::new(Exit::Invalid, format!("{path} cannot be read: {error}")))?;
    Ok((path, text))
}

fn config_check(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let (path, text) = file(matches)?;
    let found = Config::check(Path::new(&path).parent(), &text, environment());
    if screen.format != Format::Text {
        screen.json(&serde_json::from_str(&found.to_json()).unwrap_or_default());
    } else {
        for error in &found.errors {
            screen.print(&format!("{} {}", Look::Bad.on("✗"), harmless(&error.to_string())));
        }
        for warning in &found.warnings {
            screen.print(&format!("{} {}", Look::Warn.on("!"), harmless(warning)));
        }
        if found.errors.is_empty() {
            screen.print(&format!("{} {path} can be started with", Look::Good.on("✓")));
        }
    }
    match found.errors.len() {
        0 => Ok(()),
        1 => Err(Problem::new(Exit::Found, "1 mistake: nothing would start with this")),
        many => Err(Problem::new(Exit::Found, format!("{many} mistakes: nothing would start with this"))),
    }
}

fn config_show(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let (path, text) = file(matches)?;
    let found = Config::effective(Path::new(&path).parent(), &text, environment()).map_err(|error| invalid(&error))?;
    if screen.format != Format::Text {
        let all = found.iter().map(|one| json!({"key": one.path, "value": one.value, "from": one.origin}));
        screen.json(&all.collect());
        return Ok(());
    }
    let row = |one: &crate::config::Effective| {
        let value = one.value.as_str().map_or_else(|| one.value.to_string(), ToOwned::to_owned);
        let from = match one.origin.as_str() {
            "default" => Look::Dim.on("default"),
            other => Look::Name.on(&harmless(other)),
        };
        vec![one.path.clone(), if one.value.is_null() { String::new() } else { harmless(&value) }, from]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    screen.print(&table(&[column("KEY", 9), column("VALUE", 8).long(), column("FROM", 9)], &rows, screen.width));
    Ok(())
}

/// A JSON Schema of the configuration, from the one place where its keys are described.
pub(super) fn schema() -> Value {
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jit-access",
        "type": "object",
        "properties": {"jit_access": {"type": ["object", "null"], "additionalProperties": false, "properties": {}}},
        "additionalProperties": false,
    });
    for key in Config::keys() {
        put_key(root.pointer_mut("/properties/jit_access").unwrap_or(&mut Value::Null), key);
    }
    root
}

fn put_key(root: &mut Value, key: &Key) {
    let mut at = root;
    let steps: Vec<&str> = key.path.split('.').collect();
    let mut path = String::new();
    for step in &steps {
        // Below a mapping of names is each of them, and below a list each item.
        let inner = match path.as_str() {
            "roles" => "/additionalProperties",
            "approval" | "roles.approval" => "/items",
            _ => "",
        };
        path = if path.is_empty() { (*step).to_owned() } else { format!("{path}.{step}") };
        if !inner.is_empty() {
            let Some(map) = at.as_object_mut() else { return };
            map.entry(inner.trim_start_matches('/')).or_insert_with(|| json!({"type": "object", "properties": {}}));
            let Some(next) = at.pointer_mut(inner) else { return };
            at = next;
        }
        let Some(map) = at.as_object_mut() else { return };
        let properties = map.entry("properties").or_insert_with(|| json!({}));
        let Some(properties) = properties.as_object_mut() else { return };
        at = properties.entry(*step).or_insert_with(|| json!({}));
    }
    if let Some(map) = at.as_object_mut() {
        map.insert("description".to_owned(), json!(key.meaning.replace('`', "")));
        match key.default {
            "true" | "false" => drop(map.insert("type".to_owned(), json!("boolean"))),
            number if number.parse::<f64>().is_ok() => drop(map.insert("type".to_owned(), json!("number"))),
            _ => {}
        }
        if let Ok(default) = serde_json::from_str::<Value>(key.default) {
            map.insert("default".to_owned(), default);
        }
    }
}

/// One thing that the doctor looked at.
struct Finding {
    what: &'static str,
    /// `None` when all is well.
    wrong: Option<String>,
    said: String,
}

/// `jit doctor`: all that is wrong, on one screen.
pub(super) fn doctor(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let mut found: Vec<Finding> = Vec::new();
    let well = |what, said: String| Finding { what, wrong: None, said };
    let wrong = |what, problem: Problem| Finding { what, wrong: problem.next, said: problem.message };
    found.push(well("version", format!("jit {}", env!("CARGO_PKG_VERSION"))));
    if let Some(path) = Login::is_open_to_others() {
        let said = format!("{} can be read by others", path.display());
        found.push(Finding { what: "login", wrong: Some(format!("chmod 600 {}", path.display())), said });
    }
    if let Some(path) = matches.get_one::<String>("config") {
        found.extend(doctor_config(path));
    }
    match Place::of(matches) {
        Err(problem) => found.push(wrong("host", problem)),
        Ok(place) => {
            let shown = match &place {
                Place::Host(host) => (("host", host.base.clone()), ("token", format!("from {}", host.token_from))),
                Place::Store(store) => {
                    let path =
                        store.store.as_deref().map_or_else(|| "as the configuration says".to_owned(), shown_store);
                    (("store", path), ("records", String::new()))
                }
            };
            doctor_place(screen, place, shown, &mut found);
        }
    }
    let bad = found.iter().filter(|one| one.wrong.is_some()).count();
    if screen.format == Format::Text {
        for one in &found {
            let mark = if one.wrong.is_some() { Look::Bad.on("✗") } else { Look::Good.on("✓") };
            screen.print(&format!("{mark} {:9} {}", one.what, harmless(&one.said)));
            if let Some(next) = one.wrong.as_ref().filter(|next| !next.is_empty()) {
                screen.print(&format!("            {} {next}", Look::Dim.on("→")));
            }
        }
    } else {
        let all = found
            .iter()
            .map(|one| json!({"what": one.what, "ok": one.wrong.is_none(), "said": one.said, "next": one.wrong}));
        screen.json(&all.collect());
    }
    if bad == 0 { Ok(()) } else { Err(Problem::silent(Exit::Found)) }
}

fn doctor_config(path: &str) -> Vec<Finding> {
    let what = "config";
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let said = format!("{path} cannot be read: {error}");
            return vec![Finding { what, wrong: Some("name the file with --config".to_owned()), said }];
        }
    };
    let checked = Config::check(Path::new(path).parent(), &text, environment());
    if checked.errors.is_empty() && checked.warnings.is_empty() {
        return vec![Finding { what, wrong: None, said: format!("{path} has no mistake") }];
    }
    let errors =
        checked.errors.iter().map(|error| Finding { what, wrong: Some(String::new()), said: error.to_string() });
    let warnings = checked.warnings.iter().map(|said| Finding { what, wrong: Some(String::new()), said: said.clone() });
    errors.chain(warnings).collect()
}

/// Whether the host or the store answers, and its health.
fn doctor_place(
    screen: &Screen,
    place: Place,
    ((what, said), (second, from)): ((&'static str, String), (&'static str, String)),
    found: &mut Vec<Finding>,
) {
    let began = screen.now();
    let client = match Client::of(place) {
        Ok(client) => client,
        Err(problem) => {
            let wrong = Some(problem.next.unwrap_or_default());
            return found.push(Finding { what, wrong, said: problem.message });
        }
    };
    let asked = match &client {
        Client::Remote(remote) => remote.status_of("/requests?limit=1").map(|_| ()),
        Client::Local(_) => Ok(()),
    };
    if let Err(problem) = asked {
        return found.push(Finding { what, wrong: Some(problem.next.unwrap_or_default()), said: problem.message });
    }
    found.push(Finding { what, wrong: None, said: format!("{said} answers in {} ms", screen.now() - began) });
    let counted = match &client {
        Client::Remote(_) => client
            .run("requests", Map::from_iter([("limit".to_owned(), json!(1))]))
            .map(|_| format!("accepted, {from}")),
        Client::Local(_) => client.run("verify", Map::new()).map(|count| format!("{count}, each as it was written")),
    };
    found.push(match counted {
        Ok(said) => Finding { what: second, wrong: None, said },
        Err(problem) => Finding { what: second, wrong: Some(problem.next.unwrap_or_default()), said: problem.message },
    });
    if let Ok(page) = client.run("unreviewed", Map::new()) {
        let items = page.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let overdue = items
            .iter()
            .filter(|item| item.pointer("/break_glass/review_status").and_then(Value::as_str) == Some("overdue"));
        let finding = match overdue.count() {
            0 => Finding { what: "reviews", wrong: None, said: format!("{} wait, none is overdue", items.len()) },
            count => Finding {
                what: "reviews",
                wrong: Some("jit review lists them".to_owned()),
                said: format!("{count} reviews of break-glass grants are overdue"),
            },
        };
        found.push(finding);
    }
    if let Client::Local(local) = &client {
        let ahead = local.host().engine().now().millis() - screen.now();
        let finding = if ahead.abs() > 60_000 {
            Finding {
                what: "clock",
                wrong: Some("set the machine's clock; jit accept-clock where it is right".to_owned()),
                said: format!("the journal is {} ahead of this machine's clock", said_of(ahead)),
            }
        } else {
            Finding { what: "clock", wrong: None, said: "agrees with the journal".to_owned() }
        };
        found.push(finding);
    }
}

fn said_of(millis: i64) -> String {
    span(millis.abs())
}
