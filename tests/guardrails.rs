//! Guardrails over their life: what is wrong in a file, what follows when it changes, and what is on record.

use std::fs;
use std::path::Path;
use std::time::Duration;

use jit_access::check::Check;
use jit_access::command::{Approve, Submit};
use jit_access::config::{Config, PolicyCases};
use jit_access::model::{
    Caller, Event, Fact, Justification, Outcome, PolicyFile, Principal, PrincipalKind, RecordFilter, Revision, RoleName,
};
use jit_access::policy::{Guardrails, PolicyError, Schema};
use jit_access::service::{Builder, Engine};
use jit_access::store::{MemoryStore, Reads, RecordQuery};

fn refusal(text: &str) -> (Option<usize>, Option<usize>, String) {
    match Guardrails::parse(&[PolicyFile::new("own.cedar", text)], &Schema::contextforge().unwrap()) {
        Err(PolicyError::File { line, column, reason, .. }) => (line, column, reason),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn what_is_wrong_is_told_with_line_and_column() {
    let nested =
        format!("forbid (principal, action, resource) when {{ {}true{} }};", "(".repeat(5_000), ")".repeat(5_000));
    let long = format!("// {}\n", "x".repeat(70_000));
    for (text, line, column, part) in [
        ("forbid (principal, action, resource)", 1, 37, "unexpected end of input"),
        ("forbid (principal, action, resource)\n  when { resource.colour == 1 };", 2, 10, "colour"),
        ("\nforbid (principal, action == Action::\"tools.exec\", resource);", 2, 30, "did you mean"),
        (
            "@id(\"a\") forbid (principal, action, resource is Tool);\n  @id(\"a\") forbid (principal, action, resource is Tool);",
            2,
            3,
            "`a`",
        ),
        ("permit (principal, action, resource is Tool);", 1, 1, "gives nothing"),
        ("@notify(\"me\") permit (principal, action, resource is Tool);", 1, 1, "`@notify` has a value"),
        ("@record(\"all\") permit (principal, action, resource is Tool);", 1, 1, "expected \"arguments\""),
        (
            "@obligation(\"dance\") forbid (principal, action, resource is Tool);",
            1,
            1,
            "step_up, notify, record_arguments",
        ),
        ("@hold forbid (principal, action, resource is Tool);", 1, 1, "`@hold` is no annotation"),
        ("@notify @break_glass(\"holds\") permit (principal, action, resource is Tool);", 1, 1, "stands on a forbid"),
        (&nested, 1, 68, "brackets nest deeper than 24"),
    ] {
        let (at, from, reason) = refusal(text);
        assert!(reason.contains(part), "{text}: {reason}");
        assert_eq!((at, from), (Some(line), Some(column)), "{}: {reason}", text.get(..80).unwrap_or(text));
    }
    assert!(refusal(&long).2.contains("65536 is the most"));
}

fn open(path: &Path, store: std::sync::Arc<MemoryStore>) -> Result<Engine, jit_access::Error> {
    let text = format!(
        "jit_access: {{approver_roles: [lead], schema: {{shipped: contextforge}}, guardrails: {{path: '{}'}},
          roles: {{operator: {{permissions: [tools.execute]}}}}}}",
        path.display()
    );
    let config = Config::parse(&text, []).unwrap();
    Builder::shared(store, config.rules).settings(config.settings).open()
}

fn give(engine: &Engine) {
    let caller = |name: &str, roles: &[&str]| {
        let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
        Caller::new(Principal::user(name).unwrap(), roles)
    };
    let submit = Submit::new(RoleName::new("operator").unwrap()).reason("INC-1".parse::<Justification>().unwrap());
    let asked = engine.workflow().execute(&caller("dev", &[]), submit, None).unwrap();
    engine.workflow().execute(&caller("boss", &["lead"]), Approve::new(asked.request.unwrap().id), None).unwrap();
}

fn outcome(engine: &Engine) -> Outcome {
    let check = Check::text((PrincipalKind::User, "dev"), "tools.execute", Some("tool:deploy"), None);
    engine.decider().check(&check).unwrap().outcome
}

fn on_record(store: &MemoryStore) -> Vec<(String, u32)> {
    let filter = RecordFilter { event: Some("guardrails_changed".parse().unwrap()), ..RecordFilter::default() };
    let query = RecordQuery { filter, ..RecordQuery::after(Revision::ZERO, 100) };
    let records = store.records(&query).unwrap().1;
    let of = |event: &Event| match &event.fact {
        Fact::GuardrailsChanged { digest, count, .. } => (digest.to_string(), *count),
        other => panic!("{other:?}"),
    };
    records.iter().map(|record| of(&record.event)).collect()
}

#[test]
fn a_file_is_read_again_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.cedar");
    let forbid = |tool: &str| format!("forbid (principal, action, resource == Tool::\"{tool}\");");
    // A file system keeps times more roughly than a test writes.
    let write = |text: &str, second: u64| {
        fs::write(&path, text).unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + second);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    };
    let store = std::sync::Arc::new(MemoryStore::new());
    write("forbid (principal, action, resource", 0);
    let error = open(&path, std::sync::Arc::clone(&store)).unwrap_err().to_string();
    assert!(error.contains("own.cedar:1:"), "{error}");

    write(&forbid("other"), 1);
    let engine = open(&path, std::sync::Arc::clone(&store)).unwrap();
    give(&engine);
    engine.reconciler().tick().unwrap();
    assert_eq!(outcome(&engine), Outcome::Allow);
    assert_eq!(on_record(&store).len(), 1, "what is in force at a start is on record");

    write(&forbid("deploy"), 2);
    let before = engine.revision();
    engine.reload_guardrails().unwrap();
    assert_eq!(outcome(&engine), Outcome::Deny);
    let decisions = engine.metrics().unwrap();
    let decisions = decisions.figures.iter().find(|figure| figure.family.name == "jit_decisions_total").unwrap();
    assert!(decisions.values["deny"] >= 1.0, "{:?}", decisions.values);
    assert!(engine.revision() > before, "who keeps answers drops them");
    assert_eq!(on_record(&store).len(), 2);

    write("forbid (principal, action, resource) when { nonsense };", 3);
    let error = engine.reload_guardrails().unwrap_err().to_string();
    assert!(error.contains("own.cedar:1:"), "{error}");
    assert_eq!(outcome(&engine), Outcome::Deny, "the old ones hold");
    engine.reconciler().tick().unwrap();
    assert_eq!(on_record(&store).len(), 2);

    // Another process has the same ones: nothing new is on record.
    write(&forbid("deploy"), 4);
    let second = open(&path, std::sync::Arc::clone(&store)).unwrap();
    second.reconciler().tick().unwrap();
    engine.reload_guardrails().unwrap();
    assert_eq!(on_record(&store).len(), 2);
    // A file that is being written is empty for a moment.
    write("", 5);
    assert!(engine.reload_guardrails().unwrap_err().to_string().contains("has no policy"));
    assert_eq!(outcome(&engine), Outcome::Deny);
    write(&forbid("other"), 6);
    engine.reload_guardrails().unwrap();
    let all = on_record(&store);
    assert_eq!((outcome(&engine), all.len(), all[2].1), (Outcome::Allow, 3, 1));
    assert!(all.iter().all(|(digest, _)| digest.len() == 64) && all[0].0 != all[1].0);
}

#[test]
fn the_background_work_reads_a_changed_file_and_keeps_what_is_in_force_while_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.cedar");
    let write = |text: &str, second: u64| {
        fs::write(&path, text).unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + second);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    };
    write("forbid (principal, action, resource == Tool::\"deploy\");", 0);
    let text = format!(
        "jit_access: {{approver_roles: [lead], schema: {{shipped: contextforge}}, guardrails: {{path: '{}'}},
          roles: {{operator: {{permissions: [tools.execute]}}}}}}",
        path.display()
    );
    let config = Config::parse(&text, []).unwrap();
    let store = std::sync::Arc::new(MemoryStore::new());
    let clock = std::sync::Arc::new(jit_access::clock::ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
    let builder = Builder::shared(std::sync::Arc::clone(&store) as _, config.rules).settings(config.settings);
    let engine = builder.clock(std::sync::Arc::clone(&clock) as _).open().unwrap();
    give(&engine);
    let tick = || {
        clock.advance(1_000);
        engine.reconciler().tick().unwrap();
        (outcome(&engine), on_record(&store).len())
    };
    assert_eq!(tick(), (Outcome::Deny, 1));
    write("forbid (principal, action, resource", 1);
    assert_eq!((tick(), tick()), ((Outcome::Deny, 1), (Outcome::Deny, 1)));
    write("forbid (principal, action, resource == Tool::\"other\");", 2);
    assert_eq!((tick(), tick()), ((Outcome::Allow, 2), (Outcome::Allow, 2)));
}

#[test]
fn policies_are_held_to_what_their_operator_says() {
    let text = include_str!("../policies/guardrails/mac-strict.tests.yaml");
    let PolicyCases { cases, entities, .. } = PolicyCases::parse(text).unwrap();
    let open = |tests: &str| {
        let set = "schema: {shipped: contextforge}, guardrails: {ready: [mac-strict]}";
        let config = Config::parse(&format!("jit_access: {{{set}{tests}}}"), []).unwrap();
        Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open()
    };
    let engine = open("").unwrap();
    assert_eq!(engine.policy_failures(&cases, entities.as_deref()).unwrap(), []);
    // Without what the host tells, nobody is cleared.
    let failed = engine.policy_failures(&cases, None).unwrap();
    assert_eq!(
        failed[0].to_string(),
        "`everybody works at their own level` expects allow, and the policies answer deny by mac.no-read-up, mac.no-write-down"
    );

    // At a start, too.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tests.yaml");
    let set = format!(", policy_tests: {{path: '{}'}}", path.display());
    fs::write(&path, text).unwrap();
    open(&set).unwrap();
    fs::write(&path, text.replace("expect: not_applicable", "expect: allow")).unwrap();
    let error = open(&set).unwrap_err().to_string();
    assert!(error.contains("`who holds nothing gets nothing` expects allow"), "{error}");
    for (wrong, part) in
        [("tests: [{name: a}]", "tests[0].principal"), ("tests: [{nam: a}]", "tests[0].nam"), ("tests: 5", "`tests`")]
    {
        let error = PolicyCases::parse(wrong).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

/// A row of a grant is changed behind the library's back, so that the index and the store say different things.
#[test]
fn where_the_index_and_cedar_differ_the_answer_is_no_and_an_alert_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let open = |percent: u32| {
        let text = format!(
            "jit_access: {{approver_roles: [lead], roles: {{operator: {{permissions: [tools.execute]}}}},
              monitor: {{enabled: true}}, service: {{cross_check_percent: {percent}}}}}"
        );
        let config = Config::parse(&text, []).unwrap();
        let store = jit_access::store::SqliteStore::open(&path, jit_access::store::SqliteOptions::default()).unwrap();
        Builder::new(store, config.rules).settings(config.settings).open().unwrap()
    };
    let trusting = open(0);
    give(&trusting);
    let asking = open(100);
    let changed = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(changed.execute("UPDATE grants SET state = 'revoked'", []).unwrap(), 1);
    assert_eq!(outcome(&trusting), Outcome::Allow, "who does not ask twice does not notice");
    assert_eq!(outcome(&asking), Outcome::NotApplicable, "the stricter answer");
    asking.reconciler().tick().unwrap();
    let like = "SELECT count(*) FROM journal WHERE body LIKE '%engines_differ%' AND body LIKE '%tools.execute on tool:deploy%'";
    let told: i64 = changed.query_row(like, [], |row| row.get(0)).unwrap();
    assert_eq!(told, 1, "an alert with the whole question is on record");
    // The answer is no however many differ, and that is one alert.
    for number in 0..20 {
        let tool = format!("tool:t{number}");
        let check = Check::text((PrincipalKind::User, "dev"), "tools.execute", Some(&tool), None);
        assert_eq!(asking.decider().check(&check).unwrap().outcome, Outcome::NotApplicable);
    }
    asking.reconciler().tick().unwrap();
    let like = "SELECT count(*) FROM journal WHERE body LIKE '%engines_differ%'";
    let told: i64 = changed.query_row(like, [], |row| row.get(0)).unwrap();
    assert_eq!(told, 1);
}

/// A row of a grant is changed behind the library's back while an engine loads, so that its index knows nothing of it.
#[test]
fn where_cedar_allows_and_the_index_has_lost_the_grant_an_alert_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let open = || {
        let text = "jit_access: {approver_roles: [lead], reserved_permissions: [admin.users],
              roles: {operator: {permissions: [tools.execute]}}, monitor: {enabled: true}, service: {cross_check_percent: 100}}";
        let config = Config::parse(text, []).unwrap();
        let store = jit_access::store::SqliteStore::open(&path, jit_access::store::SqliteOptions::default()).unwrap();
        Builder::new(store, config.rules).settings(config.settings).open().unwrap()
    };
    let like = "SELECT count(*) FROM journal WHERE body LIKE '%engines_differ%' AND body LIKE '%Cedar allows tools.execute on tool:deploy%'";
    let told = |rows: &rusqlite::Connection| -> i64 { rows.query_row(like, [], |row| row.get(0)).unwrap() };
    let first = open();
    give(&first);
    assert_eq!(outcome(&first), Outcome::Allow);
    first.reconciler().tick().unwrap();
    drop(first);
    let rows = rusqlite::Connection::open(&path).unwrap();
    assert_eq!(told(&rows), 0, "both say yes");
    let was: String = rows.query_row("SELECT state FROM grants", [], |row| row.get(0)).unwrap();
    rows.execute("UPDATE grants SET state = 'revoked'", []).unwrap();
    let lost = open();
    rows.execute("UPDATE grants SET state = ?1", [was]).unwrap();
    for _ in 0..20 {
        assert_eq!(outcome(&lost), Outcome::NotApplicable, "the answer stays the stricter one");
    }
    lost.reconciler().tick().unwrap();
    assert_eq!(told(&rows), 1, "an alert with the whole question is on record");
    // What the lost grant does not cover, and what no index decides, differs in nothing.
    let check = |action| Check::text((PrincipalKind::User, "dev"), action, Some("tool:deploy"), None);
    let bot = jit_access::model::Context::default().acts_for(Some(Principal::user("dev").unwrap()));
    for check in [check("logs.read"), check("admin.users"), check("tools.execute").context(&bot)] {
        assert_eq!(lost.decider().check(&check).unwrap().outcome, Outcome::NotApplicable);
    }
    lost.reconciler().tick().unwrap();
    assert_eq!(told(&rows), 1);
    // Who holds nothing is asked about too, and nothing differs.
    let nobody = Check::text((PrincipalKind::User, "nobody"), "tools.execute", Some("tool:deploy"), None);
    assert_eq!(lost.decider().check(&nobody).unwrap().outcome, Outcome::NotApplicable);
}
