//! Metrics: the text keeps the rules of Prometheus, says what is so, and the manual, the dashboard and the rules know every name.
//! Spans: each command is one, within that of the host.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jit_access::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, Submit};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine, Family, FigureKind};
use jit_access::store::MemoryStore;

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

/// The rules of the exposition format and of good names, as `promtool check metrics` has them.
#[test]
fn the_text_keeps_the_rules_of_prometheus() {
    let (engine, _clock) = world();
    let text = engine.metrics().unwrap().to_prometheus();
    assert!(text.ends_with('\n') && text.is_ascii());
    let (mut kinds, mut helped, mut seen) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(helped.insert(name.to_owned()) && !help.trim().is_empty(), "{line}");
            current = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, current, "TYPE follows the HELP of its name");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(
                kind == "counter",
                name.ends_with("_total"),
                "{name}: counters end in _total, and nothing else does"
            );
            assert!(!["_count", "_sum", "_bucket", "_info"].iter().any(|end| name.ends_with(end)), "{name}");
            assert!(!["milliseconds", "minutes", "_ms"].iter().any(|unit| name.contains(unit)), "{name}: base units");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none());
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(seen.insert(series.to_owned()), "{series} stands twice");
            assert!(value.parse::<f64>().unwrap() >= 0.0, "{line}");
            let name = series.split('{').next().unwrap();
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end))
                .filter(|base| kinds.get(*base).is_some_and(|kind| kind == "histogram"));
            assert_eq!(base.unwrap_or(name), current, "the samples of a name stand together");
            assert!(name.starts_with("jit_") && name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
            if let Some(labels) = series.strip_prefix(name).filter(|labels| !labels.is_empty()) {
                let inside = labels.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
                let (label, of) = inside.split_once('=').unwrap();
                assert!(
                    label.chars().all(|c| c.is_ascii_lowercase()) && of.starts_with('"') && of.ends_with('"'),
                    "{line}"
                );
            }
        }
    }
    assert_eq!(kinds.keys().collect::<BTreeSet<_>>(), helped.iter().collect());
    for figure in engine.metrics().unwrap().figures.iter().filter(|figure| figure.family.kind == FigureKind::Histogram)
    {
        let histogram = figure.histogram.as_ref().unwrap();
        assert!(histogram.buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1));
        assert!(histogram.buckets.last().unwrap().1 <= histogram.count);
    }
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

/// A subscriber that keeps what it is told of spans.
#[derive(Default)]
struct Kept(Mutex<Spans>);

#[derive(Default)]
struct Spans {
    /// Each with its parent and its fields.
    all: Vec<(String, Option<u64>, BTreeMap<String, String>)>,
    entered: Vec<u64>,
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl tracing::field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

impl tracing::Subscriber for Kept {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_span()
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let mut spans = self.0.lock().unwrap();
        let mut fields = BTreeMap::new();
        span.record(&mut Fields(&mut fields));
        let parent = spans.entered.last().copied();
        spans.all.push((span.metadata().name().to_owned(), parent, fields));
        tracing::span::Id::from_u64(spans.all.len() as u64)
    }

    fn record(&self, span: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        let mut spans = self.0.lock().unwrap();
        values.record(&mut Fields(&mut spans.all[span.into_u64() as usize - 1].2));
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, span: &tracing::span::Id) {
        self.0.lock().unwrap().entered.push(span.into_u64());
    }

    fn exit(&self, _: &tracing::span::Id) {
        self.0.lock().unwrap().entered.pop();
    }
}

#[test]
fn each_command_is_a_span_within_that_of_the_host() {
    let (engine, _clock) = world();
    let kept = Arc::new(Kept::default());
    tracing::subscriber::with_default(kept.clone(), || {
        let request = tracing::info_span!("POST /jit/requests");
        let _entered = request.enter();
        let submit = Submit::new(RoleName::new("operator").unwrap()).reason(Justification::new("x").unwrap());
        let done = engine.workflow().execute(&caller("new@example.com", &[]), submit, None).unwrap();
        let approve = Approve::new(done.request.unwrap().id);
        engine.workflow().execute(&caller("new@example.com", &[]), approve, None).unwrap_err();
    });
    let spans = kept.0.lock().unwrap();
    let told: Vec<_> = spans
        .all
        .iter()
        .filter(|(name, ..)| name == "jit.command")
        .map(|(_, parent, fields)| {
            let said = |name: &str| fields.get(name).map(String::as_str);
            (*parent, said("otel.name"), said("jit.command"), said("error.type"), said("otel.status_code"))
        })
        .collect();
    let host = Some(1);
    assert_eq!(
        told,
        [
            (host, Some("jit submit"), Some("submit"), None, None),
            // A refusal is an answer, and no error of the span.
            (host, Some("jit approve"), Some("approve"), Some("self_approval"), None),
        ]
    );
    assert!(!format!("{:?}", spans.all).contains("example.com"), "traces do not say who");
}
