//! What is on record, and how often, where others write beside the background work?

use std::time::{Duration, SystemTime};

use jit_access::check::Check;
use jit_access::command::{AcceptStore, AcknowledgeAlert, ListAlerts, ListEvents, ListRemedies, Release};
use jit_access::model::*;
use jit_access::service::Engine;
use jit_access::store::RecordQuery;

use super::{World, ask, give, others_write, person, words};

const CONFIG: &str = "jit_access: {approver_roles: [lead], require_justification: false,
    limits: {open_requests_per_person: 1000}, roles: {operator: {permissions: ['tools.*']}}, monitor: {enabled: true}}";

fn check(engine: &Engine, action: &str) -> Outcome {
    let check = Check::text((PrincipalKind::User, "dev@example.com"), action, Some("tool:t1"), None);
    engine.decider().check(&check).unwrap().outcome
}

/// Others write before each of the next tries of this process: three times while others may, and once before the try that keeps
/// them from writing.
fn disturb(world: &World, other: &Engine) {
    let write = others_write(other);
    for _ in 0..3 {
        world.between.before("commit", write());
    }
    world.between.before("commit_exclusively", write());
}

/// Two processes, of which the first has recorded a use that an alert is due for.
fn with_a_destructive_use() -> (World, Engine, Engine) {
    let world = World::new(CONFIG);
    let (engine, other) = (world.engine(), world.other());
    give(&other, "dev");
    engine.reconciler().tick().unwrap();
    assert_eq!(check(&engine, "tools.delete"), Outcome::Allow);
    engine.reconciler().flush().unwrap();
    world.clock.advance(1_000);
    (world, engine, other)
}

#[test]
fn guardrails_are_on_record_once_although_another_process_has_them_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.cedar");
    let write = |tool: &str, second: u64| {
        std::fs::write(&path, format!("forbid (principal, action, resource == Tool::\"{tool}\");")).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + second);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    };
    write("other", 0);
    let more = format!(", guardrails: {{path: '{}'}}, schema: {{shipped: contextforge}}}}", path.display());
    let world = World::new(&CONFIG.replace(", monitor: {enabled: true}}", &more));
    let (engine, other) = (world.engine(), world.other());
    give(&other, "dev");
    engine.reconciler().tick().unwrap();
    assert_eq!((check(&engine, "tools.execute"), world.count("guardrails_changed")), (Outcome::Allow, 1));
    engine.reconciler().flush().unwrap();

    // Both have read the journal when the other one writes.
    write("t1", 1);
    world.between.before("commit_exclusively", move || other.reload_guardrails().unwrap());
    engine.reload_guardrails().unwrap();
    assert!(world.between.is_done());
    assert_eq!((check(&engine, "tools.execute"), world.count("guardrails_changed")), (Outcome::Deny, 2));
    world.clock.advance(1_000);
    engine.reconciler().tick().unwrap();
    assert_eq!((check(&engine, "tools.execute"), world.count("guardrails_changed")), (Outcome::Deny, 2));
}

#[test]
fn an_alert_is_written_once_however_much_others_write() {
    let (world, engine, other) = with_a_destructive_use();
    disturb(&world, &other);
    engine.reconciler().tick().unwrap();
    assert!(world.between.is_done());
    assert_eq!(world.count("alert_raised"), 1);
    world.clock.advance(1_000);
    engine.reconciler().tick().unwrap();
    other.reconciler().tick().unwrap();
    assert_eq!(world.count("alert_raised"), 1);
    let alerts = engine.workflow().alerts(&person("lead", &["lead"]), &ListAlerts::default()).unwrap().items;
    let kinds: Vec<_> = alerts.iter().map(|state| state.alert.kind.name()).collect();
    assert_eq!(kinds, ["first_destructive"]);
}

#[test]
fn an_alert_that_another_process_wrote_first_is_not_written_again() {
    let world = World::new(CONFIG);
    let (engine, other) = (world.engine(), world.other());
    give(&other, "dev");
    engine.reconciler().tick().unwrap();
    other.reconciler().tick().unwrap();
    assert_eq!(check(&engine, "tools.delete"), Outcome::Allow);
    engine.reconciler().flush().unwrap();
    world.clock.advance(1_000);
    let faster = other.clone();
    world.between.before("commit", move || {
        faster.reconciler().tick().unwrap();
    });
    engine.reconciler().tick().unwrap();
    assert!(world.between.is_done());
    assert_eq!(world.count("alert_raised"), 1);
}

#[test]
fn what_was_refused_in_a_session_is_on_record_once_however_much_others_write() {
    let world = World::new(&CONFIG.replace("enabled: true", "enabled: false"));
    let (engine, other) = (world.engine(), world.other());
    let grant = give(&other, "dev").id;
    engine.reconciler().tick().unwrap();
    let (dev, bot) = (person("dev", &[]), Caller::new(Principal::agent("bot").unwrap(), vec![]));
    let denied = |who: &Caller, action: &str| {
        let action = ListRemedies::new(Action::new(action).unwrap());
        engine.workflow().remedies(who, &action).unwrap();
    };
    denied(&dev, "logs.read");
    denied(&bot.acts_for(Some(dev.principal.clone())), "logs.read");
    engine.workflow().execute(&dev, Release::new(grant), None).unwrap();
    // Of what is refused afterwards, and to others, the session is free.
    world.clock.advance(1);
    denied(&dev, "logs.write");
    engine.reconciler().tick().unwrap();
    assert_eq!(world.count("session_refused"), 0);
    world.clock.advance(1_000);
    disturb(&world, &other);
    engine.reconciler().tick().unwrap();
    assert!(world.between.is_done());
    assert_eq!(world.count("session_refused"), 1);
    let records = world.journal.records(&RecordQuery::after(Revision::ZERO, 1_000)).unwrap().1;
    let told = records.iter().find_map(|record| match &record.event.fact {
        Fact::SessionRefused { refused, .. } => Some(refused.clone()),
        _ => None,
    });
    let told: Vec<_> = told.unwrap().into_iter().map(|kind| (kind.about, kind.count)).collect();
    assert_eq!(told, [("logs.read on *".to_owned(), 1)]);
    other.reconciler().tick().unwrap();
    world.clock.advance(2_000);
    other.reconciler().tick().unwrap();
    assert_eq!(world.count("session_refused"), 1);
}

#[test]
fn an_alert_is_acknowledged_however_much_others_write() {
    let (world, engine, other) = with_a_destructive_use();
    engine.reconciler().tick().unwrap();
    let lead = person("lead", &["lead"]);
    let alert = engine.workflow().alerts(&lead, &ListAlerts::default()).unwrap().items.remove(0).alert.id;
    let write = others_write(&other);
    (0..3).for_each(|_| world.between.before("commit", write()));
    let done = engine.workflow().execute(&lead, AcknowledgeAlert::new(alert, words("planned")), None).unwrap();
    assert!(world.between.is_done());
    assert_eq!(done.alert.unwrap().status(done.now), AlertStatus::Acknowledged);
    assert_eq!(world.count("alert_acknowledged"), 1);
}

#[test]
fn a_long_record_is_read_before_anything_in_it_is_unusual() {
    let world = World::new(CONFIG);
    let other = world.other();
    give(&other, "dev");
    let use_much = || {
        for _ in 0..4_500 {
            assert_eq!(check(&other, "tools.read"), Outcome::Allow);
        }
        other.reconciler().flush().unwrap();
    };
    use_much();
    assert_eq!(check(&other, "tools.delete"), Outcome::Allow);
    other.reconciler().flush().unwrap();
    let engine = world.engine();
    world.clock.advance(1_000);
    engine.reconciler().tick().unwrap();
    assert_eq!(world.count("alert_raised"), 0, "it still reads");
    world.clock.advance(1_000);
    engine.reconciler().tick().unwrap();
    let raised = world.count("alert_raised");
    assert!(raised > 0);
    // Those who look on meanwhile, and who count, read it in parts too.
    let since = ListEvents::default().after(Revision(1));
    engine.workflow().events(&person("lead", &["lead"]), &since).unwrap();
    use_much();
    world.clock.advance(1_000);
    let figures = engine.metrics().unwrap();
    assert_eq!(figures.value("jit_alerts_open"), Some(raised as f64));
    let found = engine.workflow().events(&person("lead", &["lead"]), &since).unwrap();
    assert_eq!(found.revision, world.journal.head().unwrap().revision);
}

#[test]
fn what_is_due_waits_while_the_time_is_not_known() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    let grant = give(&engine, "dev");
    engine.reconciler().tick().unwrap();
    world.clock.advance(grant.window.end().millis() - engine.now().millis());
    let clock = std::sync::Arc::clone(&world.clock);
    let right = engine.now();
    world.between.before("commit_exclusively", move || {
        clock.set_wall(Timestamp::from_millis(right.millis() + 400 * 24 * 3_600_000).unwrap());
    });
    assert_eq!(engine.reconciler().tick().unwrap().noted, 0);
    assert!(world.between.is_done());
    assert_eq!(world.count("grant_expired"), 0);
    world.clock.set_wall(right);
    assert_eq!(engine.reconciler().tick().unwrap().noted, 1);
    assert_eq!(world.count("grant_expired"), 1);
}

#[test]
fn after_another_store_was_accepted_its_sessions_and_alerts_are_followed() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    give(&engine, "dev");
    for number in 0..50 {
        ask(&engine, &format!("dev{number}"));
    }
    engine.reconciler().tick().unwrap();
    // Another journal, shorter than what was read of the one before.
    let second = World::new(CONFIG);
    second.clock.advance(10_000);
    world.clock.advance(10_000);
    let other = second.other();
    let grant = give(&other, "dev").id;
    world.between.replace(std::sync::Arc::clone(&second.journal));
    engine.reconciler().tick().unwrap_err();
    let (dev, lead) = (person("dev", &[]), person("lead", &["lead"]));
    other.workflow().execute(&lead, AcceptStore::new(words("restored")), None).unwrap();
    engine.reconciler().tick().unwrap();
    assert_eq!(check(&engine, "tools.delete"), Outcome::Allow);
    engine.workflow().remedies(&dev, &ListRemedies::new(Action::new("logs.read").unwrap())).unwrap();
    engine.workflow().execute(&dev, Release::new(grant), None).unwrap();
    for _ in 0..2 {
        world.clock.advance(1_000);
        engine.reconciler().tick().unwrap();
    }
    let records = second.journal.records(&RecordQuery::after(Revision::ZERO, 1_000)).unwrap().1;
    let of = |kind: &str| records.iter().filter(|record| record.body.contains(kind)).count();
    assert_eq!((of("session_refused"), of("first_destructive")), (1, 1));
}

#[test]
fn a_configuration_that_touches_very_much_is_on_record_with_how_much() {
    let changed = "on_role_change: revoke, roles: {reader: {permissions: [logs.read]}}";
    let first = World::new(&CONFIG.replace(" roles:", " on_role_change: revoke, roles:"));
    let open = |world: &World, text: &str| {
        let store = std::sync::Arc::clone(&first.journal);
        let engine = world.builder_over(store).configuration(text).open().unwrap();
        engine.reconciler().tick().unwrap();
        engine
    };
    let engine = open(&first, "one");
    assert_eq!((first.count("configuration_changed"), first.count("grant_revoked")), (1, 0));
    give(&engine, "dev");
    for number in 0..25 {
        ask(&engine, &format!("dev{number}"));
    }
    let second = World::new(&CONFIG.replace("roles: {operator: {permissions: ['tools.*']}}", changed));
    open(&second, "two");
    assert_eq!((first.count("configuration_changed"), first.count("grant_revoked")), (2, 1));
    let records = first.journal.records(&RecordQuery::after(Revision::ZERO, 1_000)).unwrap().1;
    let counts = records.iter().rev().find_map(|record| match &record.event.fact {
        Fact::ConfigurationChanged { grants, requests, .. } => Some((*grants, *requests)),
        _ => None,
    });
    assert_eq!(counts, Some((1, 25)));
}
