//! Do the text, the rules and the dashboard keep the rules of Prometheus, as promtool and as we have them?
//!
//! Where promtool is not here, its part of each test says `SKIPPED` and why; our own rules are held all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use jit_access::service::{Family, FigureKind};

use crate::{file, world};

/// What promtool says to this; nothing where it is satisfied, and `None` where it is not here.
fn promtool(arguments: &[&str], input: &str) -> Option<String> {
    let mut program = Command::new("promtool");
    program.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    let child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("SKIPPED: promtool on metrics and rules, because it is not here");
            return None;
        }
        Err(error) => panic!("{error}"),
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if done.status.success() { Some(said(&done.stderr)) } else { Some(said(&done.stdout) + &said(&done.stderr)) }
}

#[track_caller]
fn satisfies_promtool(arguments: &[&str], input: &str) {
    if let Some(said) = promtool(arguments, input) {
        assert_eq!(said, "", "promtool {}", arguments.join(" "));
    }
}

#[test]
fn promtool_has_nothing_to_say_to_the_text() {
    let (engine, _clock) = world();
    let text = engine.metrics().unwrap().to_prometheus();
    satisfies_promtool(&["check", "metrics"], &text);
    // It does say something where there is something to say.
    if let Some(said) = promtool(&["check", "metrics"], "# TYPE jit_uses counter\njit_uses 1\n") {
        assert!(said.contains("_total"), "{said}");
    }
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

/// A rule of the shipped file.
struct Rule {
    name: String,
    expression: String,
    lines: Vec<String>,
}

/// The rules of the shipped file. Each key stands in a line of its own.
fn rules() -> Option<Vec<Rule>> {
    let mut rules: Vec<Rule> = Vec::new();
    for line in file(RULES)?.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("- alert: ") {
            rules.push(Rule { name: name.to_owned(), expression: String::new(), lines: Vec::new() });
        } else if let Some(rule) = rules.last_mut() {
            rule.lines.push(line.to_owned());
            if let Some(expression) = line.strip_prefix("expr: ") {
                rule.expression = expression.to_owned();
            }
        }
    }
    Some(rules)
}

const RULES: &str = "examples/monitoring/rules.yaml";

/// The figures in an expression, each with the word before its brackets: `increase` for `increase(jit_uses_total[5m])`.
fn figures(expression: &str) -> Vec<(&'static Family, String)> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in expression.match_indices("jit_").filter(|(at, _)| !expression[..*at].ends_with(is_word)) {
        let name: String = expression[at..].chars().take_while(|c| is_word(*c)).collect();
        let base = name.trim_end_matches("_bucket");
        let family = Family::ALL.iter().find(|family| family.name == base);
        let before = expression[..at].trim_end_matches('(');
        let function = before.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
        found.push((family.unwrap_or_else(|| panic!("{name} is no figure")), function.to_owned()));
    }
    found
}

/// What every expression has to keep, in a rule or on the dashboard.
fn check_expression(expression: &str, is_rule: bool) {
    let count = |c: char| expression.matches(c).count();
    for (open, close) in [('(', ')'), ('[', ']'), ('{', '}')] {
        assert_eq!(count(open), count(close), "{expression}");
    }
    let figures = figures(expression);
    assert!(!figures.is_empty(), "{expression} looks at nothing");
    for (family, function) in figures {
        let is_rate = ["rate", "increase"].contains(&function.as_str());
        // What is counted of the journal is the same after a restart; what a process counts begins at zero again.
        let is_of_process = family.kind == FigureKind::Counter && family.name != "jit_alerts_total";
        assert!(is_rate || !is_of_process || !is_rule, "{expression}: {} is a counter of a process", family.name);
        assert!(!is_rate || family.kind != FigureKind::Gauge, "{expression}: {} rises and falls", family.name);
    }
}

#[test]
fn the_rules_keep_the_rules_of_prometheus() {
    let Some(rules) = rules() else { return };
    assert!(rules.len() >= 9);
    let names: BTreeSet<_> = rules.iter().map(|rule| &rule.name).collect();
    assert_eq!(names.len(), rules.len(), "each name stands once");
    for Rule { name, expression, lines } in &rules {
        assert!(name.starts_with("Jit") && name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
        check_expression(expression, true);
        let value = |key: &str| lines.iter().find_map(|line| line.strip_prefix(key));
        let severity = value("labels: {severity: ").and_then(|rest| rest.strip_suffix('}'));
        assert!(severity.is_some_and(|one| ["critical", "warning", "info"].contains(&one)), "{name}: {severity:?}");
        assert!(value("summary: ").is_some_and(|text| text.len() > 12), "{name} says what is so");
        if let Some(lasts) = value("for: ") {
            let number = lasts.trim_end_matches(['s', 'm', 'h']);
            assert!(lasts.len() == number.len() + 1 && number.parse::<u32>().is_ok(), "{name}: for {lasts}");
        }
        let known: Vec<_> = figures(expression).into_iter().map(|(family, _)| family.label).collect();
        for line in lines {
            assert_eq!(line.matches("{{").count(), line.matches("}}").count(), "{name}: {line}");
            for label in line.split("$labels.").skip(1) {
                let label: String = label.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
                assert!(known.contains(&label.as_str()), "{name}: its figures have no label {label}");
            }
        }
    }
    satisfies_promtool(&["check", "rules", "--lint=all", "--lint-fatal", RULES], "");
}

/// Each rule fires when it should, and not otherwise.
#[test]
fn each_rule_fires_when_it_should() {
    let Some(rules) = rules() else { return };
    let Some(told) = file("tests/metrics/rules_test.yaml") else { return };
    for rule in &rules {
        let tried = told.split(&format!("alertname: {}\n", rule.name)).count() - 1;
        assert!(tried >= 2, "{}: one case in which it fires and one in which it does not", rule.name);
    }
    satisfies_promtool(&["test", "rules", "tests/metrics/rules_test.yaml"], "");
}

#[test]
fn every_expression_of_the_dashboard_can_be_asked() {
    let Some(text) = file("examples/monitoring/dashboard.json") else { return };
    let board: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = board["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "each id stands once");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let expressions: Vec<_> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    expressions.iter().for_each(|expression| check_expression(expression, false));
    // A rule for each of them, so that promtool reads it.
    let rule = |(at, expression): (usize, &&str)| format!("  - {{record: 'panel:{at}', expr: '{expression}'}}\n");
    let rules: String = expressions.iter().enumerate().map(rule).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("panels.yaml");
    std::fs::write(&path, format!("groups:\n- name: panels\n  rules:\n{rules}")).unwrap();
    satisfies_promtool(&["check", "rules", path.to_str().unwrap()], "");
}
