//! Metrics and spans: what Prometheus, Grafana and OpenTelemetry are told.
//!
//! | file | question |
//! |---|---|
//! | `lint` | do the text, the rules and the dashboard keep the rules of Prometheus, as promtool and as we have them |
//! | `spans` | which spans do commands, the store and deliveries have, and in which trace |

mod lint;
mod spans;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use jit_access::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, Submit};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine, Family};
use jit_access::store::{MemoryStore, SqliteOptions, SqliteStore};

const CONFIG: &str =
    "jit_access: {approver_roles: [lead], monitor: {enabled: true}, roles: {operator: {permissions: ['tools.*']}}}";

fn caller(name: &str, roles: &[&str]) -> Caller {
    Caller::new(Principal::user(name).unwrap(), roles.iter().map(|role| RoleName::new(role).unwrap()).collect())
}

/// An engine with one used grant, one request that waits, one refused command and one alert.
fn world() -> (Engine, Arc<ManualClock>) {
    let config = Config::parse(CONFIG, []).unwrap();
    let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z".parse().unwrap()));
    let builder = Builder::new(MemoryStore::new(), config.rules).settings(config.settings).clock(clock.clone());
    let engine = builder.open().unwrap();
    let (dev, lead, workflow) =
        (caller("dev@example.com", &[]), caller("lead@example.com", &["lead"]), engine.workflow());
    let submit = || Submit::new(RoleName::new("operator").unwrap()).reason(Justification::new("x").unwrap());
    let request = workflow.execute(&dev, submit(), None).unwrap().request.unwrap().id;
    workflow.execute(&dev, Approve::new(request), None).unwrap_err();
    clock.advance(120_000);
    workflow.execute(&lead, Approve::new(request), None).unwrap();
    for action in ["tools.read", "tools.read", "tools.delete"] {
        let (action, resource): (Action, Resource) = (action.parse().unwrap(), Resource::everything());
        let query = Query { principal: &dev.principal, action: &action, resource: &resource };
        assert_eq!(engine.decider().check(&Check::new(query)).unwrap().outcome, Outcome::Allow);
    }
    // One that no grant of its holder covers, and no standing right.
    let (action, resource): (Action, Resource) = ("logs.read".parse().unwrap(), Resource::everything());
    let query = Query { principal: &dev.principal, action: &action, resource: &resource };
    let context = Context::default().details(Some(Arc::new(UseDetails::default().by_standing(Some(false)))));
    let refused = engine.decider().check(&Check::new(query).context(&context)).unwrap();
    assert_eq!(refused.outcome, Outcome::NotApplicable);
    workflow.execute(&caller("other@example.com", &[]), submit(), None).unwrap();
    engine.reconciler().tick().unwrap();
    clock.advance(30_000);
    engine.reconciler().tick().unwrap();
    (engine, clock)
}

/// The figures that are known without the store are told when it cannot be read: then they are wanted most.
#[test]
fn a_store_that_cannot_be_read_is_a_figure_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z".parse().unwrap()));
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let config = Config::parse(CONFIG, []).unwrap();
    let builder = Builder::new(store, config.rules).settings(config.settings).clock(clock.clone());
    let engine = builder.open().unwrap();
    engine.reconciler().tick().unwrap();
    let metrics = engine.metrics().unwrap();
    assert_eq!((metrics.value("jit_store_up"), metrics.value("jit_background_failures_total")), (Some(1.0), Some(0.0)));
    let answer = metrics.value("jit_store_answer_seconds").unwrap();
    assert!(answer > 0.0 && answer < 5.0, "{answer}");
    let moved = folder.path().join("moved.db");
    std::fs::rename(&path, &moved).unwrap();
    clock.advance(42_000);
    engine.reconciler().tick().unwrap_err();
    let metrics = engine.metrics().unwrap();
    assert_eq!((metrics.value("jit_store_up"), metrics.value("jit_background_failures_total")), (Some(0.0), Some(1.0)));
    assert_eq!((metrics.value("jit_staleness_seconds"), metrics.value("jit_live_grants")), (Some(42.0), None));
    assert!(metrics.to_prometheus().ends_with("\njit_store_up 0\n"), "nothing that is not known is told");
    std::fs::rename(&moved, &path).unwrap();
    engine.reconciler().tick().unwrap();
    assert_eq!(engine.metrics().unwrap().value("jit_store_up"), Some(1.0));
}

#[test]
fn the_figures_say_what_is_so() {
    let (engine, _clock) = world();
    let metrics = engine.metrics().unwrap();
    let named = |name: &str| metrics.figures.iter().find(|figure| figure.family.name == name).unwrap();
    assert_eq!(metrics.value("jit_uses_total"), Some(3.0));
    assert_eq!(metrics.value("jit_live_grants"), Some(1.0));
    assert_eq!(metrics.value("jit_pending_requests"), Some(1.0));
    assert_eq!(metrics.value("jit_oldest_pending_request_seconds"), Some(30.0));
    assert_eq!(
        named("jit_decisions_total").values,
        BTreeMap::from([("allow".to_owned(), 3.0), ("deny".to_owned(), 0.0), ("not_applicable".to_owned(), 1.0)])
    );
    assert_eq!(
        named("jit_commands_total").values,
        BTreeMap::from([("done".to_owned(), 3.0), ("failed".to_owned(), 0.0), ("refused".to_owned(), 1.0)])
    );
    let approvals = named("jit_time_to_approve_seconds").histogram.clone().unwrap();
    assert_eq!(
        (approvals.count, approvals.sum, approvals.buckets[0], approvals.buckets[1]),
        (1, 120.0, (60.0, 0), (300.0, 1))
    );
    let alerts = &named("jit_alerts_total").values;
    assert_eq!(
        (alerts["first_destructive"], alerts["self_approval"], metrics.value("jit_alerts_open")),
        (1.0, 1.0, Some(2.0))
    );
    assert!(named("jit_check_probe_seconds").histogram.as_ref().unwrap().count >= 1);
    let refused = engine.workflow().metrics(&caller("dev@example.com", &[])).unwrap_err();
    assert_eq!(refused.code(), "not_an_auditor");
    let names: Vec<_> = metrics.figures.iter().map(|figure| figure.family.name).collect();
    assert_eq!(names, Family::ALL.iter().map(|family| family.name).collect::<Vec<_>>());
}

fn file(name: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).ok()
}

/// `BLESS=1` writes the table.
#[test]
fn the_manual_lists_every_figure() {
    let Some(written) = file("docs/metrics.md") else { return };
    let row = |family: &Family| {
        let label = if family.label.is_empty() { String::new() } else { format!("`{}`", family.label) };
        format!("| `{}` | {} | {label} | {} |\n", family.name, family.kind.name(), family.help)
    };
    let rows: String = Family::ALL.iter().map(row).collect();
    let head = "| name | kind | label | what it says |\n|---|---|---|---|\n";
    let (before, rest) = written.split_once("<!-- figures -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let wanted = format!("{before}<!-- figures -->\n{head}{rows}<!-- end -->{after}");
    if std::env::var_os("BLESS").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md"), &wanted).unwrap();
    } else {
        assert_eq!(written, wanted, "docs/metrics.md; BLESS=1 writes it");
    }
}

#[test]
fn the_dashboard_and_the_rules_use_figures_that_are_there() {
    let known: BTreeSet<_> = Family::ALL.iter().map(|family| family.name).collect();
    for name in ["examples/monitoring/dashboard.json", "examples/monitoring/rules.yaml"] {
        let Some(text) = file(name) else { return };
        let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).filter(|word| word.starts_with("jit_"));
        let mut used = BTreeSet::new();
        for word in words {
            let base = word.trim_end_matches("_bucket");
            assert!(known.contains(base), "{name} uses {word}, which is no figure");
            used.insert(base.to_owned());
        }
        assert!(used.len() >= 8, "{name}: {used:?}");
        if name.ends_with(".json") {
            let board: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(used.len(), known.len(), "the dashboard shows every figure");
            assert!(board["panels"].as_array().unwrap().iter().all(|panel| panel["title"].is_string()));
        }
    }
}

#[test]
fn the_counters_of_all_processes_of_a_machine_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z".parse().unwrap()));
    let open = || {
        let config = Config::parse(CONFIG, []).unwrap();
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        Builder::new(store, config.rules).settings(config.settings).clock(clock.clone()).open().unwrap()
    };
    let commands = |engine: &Engine, outcome: &str| {
        let metrics = engine.metrics().unwrap();
        let found = metrics.figures.iter().find(|figure| figure.family.name == "jit_commands_total").unwrap();
        found.values[outcome]
    };
    let refused = |engine: &Engine| {
        let approve = Approve::new(RequestId::from_u128(7));
        engine.workflow().execute(&caller("dev@example.com", &[]), approve, None).unwrap_err();
    };
    let (one, other) = (open(), open());
    (0..3).for_each(|_| refused(&one));
    refused(&other);
    assert_eq!(commands(&other, "refused"), 1.0, "the first has not told anybody yet");
    one.reconciler().tick().unwrap();
    assert_eq!((commands(&one, "refused"), commands(&other, "refused")), (4.0, 4.0));
    // What was told is not told again, and it outlives its process.
    clock.advance(2_000);
    one.reconciler().tick().unwrap();
    assert_eq!(commands(&other, "refused"), 4.0);
    drop(one);
    refused(&other);
    let next = open();
    assert_eq!(commands(&next, "refused"), 4.0);
    assert_eq!((commands(&other, "refused"), commands(&next, "refused")), (5.0, 5.0));
    // Where the file cannot be written, no counter falls.
    std::fs::remove_file(folder.path().join("jit.db-figures")).unwrap();
    std::fs::create_dir(folder.path().join("jit.db-figures")).unwrap();
    refused(&next);
    assert_eq!(commands(&next, "refused"), 6.0);
}
