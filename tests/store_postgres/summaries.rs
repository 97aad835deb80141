//! Is the summary of a session the same, byte for byte, whichever replica of the journal it is made from?
//!
//! One journal is written through an engine over SQLite. It is copied record by record into memory and into PostgreSQL, and
//! every grant of it is summarised from all of them, and by two engines beside each other.

use std::sync::Arc;

use jit_access::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{AcknowledgeAlert, Approve, BreakGlass, Extend, ListAlerts, ListRemedies, Release, Submit};
use jit_access::config::Config;
use jit_access::internal::wire::{SummaryDocument, to_json};
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::conformance::Fixture;
use jit_access::store::conformance::week::{self, Week};
use jit_access::store::{Batch, MemoryStore, RecordQuery, SqliteOptions, SqliteStore, Store};
use jit_access::workflow::Rules;

use super::Postgres;

const CONFIG: &str = "
jit_access:
  approver_roles: [lead, team-lead, security]
  break_glass: {enabled: true, eligible_roles: [dev], require_mfa: false}
  monitor: {enabled: true, off: []}
  roles:
    operator: {permissions: ['tools.*', logs.read]}
    runner: {permissions: [tools.run, tools.delete]}
    reader: {permissions: [logs.read]}";

fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), roles)
}

fn why(text: &str) -> Justification {
    Justification::new(text).unwrap()
}

fn auditor() -> Caller {
    caller("auditor", &["lead", "team-lead", "security"])
}

/// Sessions with all that a summary can tell: cuts, an extension, refused attempts, alerts, an acknowledgement, access without
/// approval, uses that are many, and a grant that is still in force.
fn told(store: &Arc<dyn Store>, clock: &Arc<ManualClock>, config: &Config) {
    let builder = Builder::shared(store.clone(), config.rules.clone()).settings(config.settings.clone());
    let engine = builder.clock(clock.clone()).open().unwrap();
    let (workflow, reconciler) = (engine.workflow(), engine.reconciler());
    let (dev, lead) = (caller("dev", &["dev"]), caller("lead", &["lead"]));
    let run = |caller: &Caller, command: jit_access::command::Command| {
        let receipt = workflow.execute(caller, command, None).unwrap();
        reconciler.tick().unwrap();
        receipt
    };
    let uses = |caller: &Caller, action: &str, resource: &str| {
        clock.advance(700);
        let (action, resource): (Action, Resource) = (action.parse().unwrap(), resource.parse().unwrap());
        let query = Query { principal: &caller.principal, action: &action, resource: &resource };
        assert_eq!(engine.decider().check(&Check::new(query)).unwrap().outcome, Outcome::Allow);
    };
    let operator = || Submit::new(RoleName::new("operator").unwrap()).duration(Ttl::from_hours(4.0).unwrap());
    let request = run(&dev, operator().reason(why("INC-7: \"shop\" <is> slow | now")).into()).request.unwrap().id;
    clock.advance(90_000);
    let cut = Approve::new(request).duration(Ttl::from_hours(1.0).unwrap()).comment(why("an hour is enough"));
    let grant = run(&lead, cut.into()).grant.unwrap().id;
    (0..60).for_each(|nth| uses(&dev, "tools.run", &format!("tool:t{}", nth % 7)));
    uses(&dev, "tools.delete", "tool:t1");
    reconciler.tick().unwrap();
    let alerts = workflow.alerts(&auditor(), &ListAlerts::default()).unwrap().items;
    let destructive = alerts.iter().find(|one| one.alert.kind == AlertKind::FirstDestructive).expect("an alert");
    run(&lead, AcknowledgeAlert::new(destructive.alert.id, why("a planned clean-up")).into());
    let denied = ListRemedies::new(Action::new("net.scan").unwrap()).resource("tool:shop".parse::<Resource>().unwrap());
    (0..3).for_each(|_| drop(workflow.remedies(&dev, &denied).unwrap()));
    let longer = Extend::new(grant).duration(Ttl::from_hours(1.0).unwrap()).reason(why("not done yet"));
    let longer = run(&dev, longer.into()).request.unwrap().id;
    let later = run(&lead, Approve::new(longer).into()).grant.unwrap().id;
    clock.advance(30 * 60_000);
    run(&dev, Release::new(grant).into());
    let _ = later;
    clock.advance(2_000);
    reconciler.tick().unwrap();
    // Access without approval, never used, and over by itself.
    let other = caller("other", &["dev"]);
    run(&other, BreakGlass::new(RoleName::new("runner").unwrap()).reason(why("down")).into());
    clock.advance(3 * 3_600_000);
    reconciler.tick().unwrap();
    clock.advance(2_000);
    reconciler.tick().unwrap();
    // One that is still in force.
    let request = run(&other, operator().reason(why("INC-8")).into()).request.unwrap().id;
    run(&lead, Approve::new(request).into());
    uses(&other, "logs.read", "tool:t1");
    reconciler.tick().unwrap();
}

/// The same journal in another store.
fn copied(from: &dyn Store, to: Arc<dyn Store>) -> Arc<dyn Store> {
    let records = from.records(&RecordQuery::after(Revision::ZERO, 100_000)).unwrap().1;
    for record in &records {
        to.commit(&Batch { events: vec![record.event.clone()], ..Batch::default() }).unwrap();
    }
    let again = to.records(&RecordQuery::after(Revision::ZERO, 100_000)).unwrap().1;
    assert!(records.iter().zip(&again).all(|(a, b)| a.body == b.body && a.hash == b.hash), "record by record");
    assert_eq!(records.len(), again.len());
    to
}

fn engine(store: &Arc<dyn Store>, rules: &Rules, now: Timestamp) -> Engine {
    // The story has a time of its own, and the server's clock is not part of it.
    let years = std::time::Duration::from_secs(100 * 366 * 86_400);
    let settings = jit_access::service::Settings::default().max_clock_skew(years);
    let clock = Arc::new(ManualClock::at(now));
    Builder::shared(store.clone(), rules.clone()).settings(settings).clock(clock).open().unwrap()
}

/// Every summary of this journal in every form.
fn every_summary(engine: &Engine, store: &dyn Store) -> Vec<String> {
    let records = store.records(&RecordQuery::after(Revision::ZERO, 100_000)).unwrap().1;
    let grants = records.iter().filter_map(|record| match &record.event.fact {
        Fact::GrantCreated(grant) => Some(grant.id),
        _ => None,
    });
    let mut all = Vec::new();
    for grant in grants {
        let found = engine.workflow().summary(&auditor(), grant).unwrap();
        all.push(to_json(&SummaryDocument::from(&found)).unwrap());
        all.extend(SummaryForm::ALL.into_iter().map(|form| found.write(form)));
    }
    all
}

/// The summaries from SQLite, from a second engine over the same file, from memory, and from PostgreSQL by two engines.
fn compared(source: &Arc<dyn Store>, second: &Arc<dyn Store>, rules: &Rules, now: Timestamp) -> Vec<String> {
    let expected = every_summary(&engine(source, rules, now), &**source);
    let same = |store: &Arc<dyn Store>, which: &str| {
        let found = every_summary(&engine(store, rules, now), &**store);
        assert_eq!(found.len(), expected.len(), "{which}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.as_bytes(), expected.as_bytes(), "{which}");
        }
    };
    same(second, "a second engine over the same file");
    let memory = copied(&**source, Arc::new(MemoryStore::new()));
    same(&memory, "in memory");
    let place = Postgres.fresh();
    let first = copied(&**source, place.open());
    same(&first, "in PostgreSQL");
    same(&place.open(), "a second engine over the same database");
    // And back: the copy of a copy.
    same(&copied(&*first, Arc::new(MemoryStore::new())), "in memory, from PostgreSQL");
    expected
}

#[test]
fn every_replica_of_a_journal_gives_the_same_bytes() {
    if !Postgres.is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(folder.path().join(name), SqliteOptions::default()).unwrap())
    };
    let config = Config::parse(CONFIG, []).unwrap();
    let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z".parse().unwrap()));
    let source = open("told.db");
    told(&source, &clock, &config);
    let now = source.head().unwrap().at.saturating_add(Ttl::from_hours(0.5).unwrap());
    let summaries = compared(&source, &open("told.db"), &config.rules, now);
    assert_eq!(summaries.len(), 4 * 4, "four grants in four forms");
    // All that a summary can tell stands in them, so that nothing is equal because it is not there.
    let text = &summaries[..4].join("\n");
    for part in [
        "61 uses in all",
        "The role runner of the catalogue covers every use",
        "net.scan on tool:shop",
        "the first tools.delete in 30 days",
        "a planned clean-up by lead@example.com",
        "duration: 4h",
        "an hour is enough",
        "INC-7",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(summaries.iter().any(|text| text.contains("It was never used.")));
    assert!(summaries.iter().any(|text| text.contains("\"status\":\"active\"")), "one is in force");

    // A recorded week.
    let week = Week::small();
    let source = open("week.db");
    week.record(&*source);
    assert_eq!(compared(&source, &open("week.db"), &week::rules(), week.ends()).len(), week.grants * 4);
}
