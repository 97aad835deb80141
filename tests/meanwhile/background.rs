//! What is on record, and how often, where others write beside the background work?

use std::time::{Duration, SystemTime};

use jit_access::check::Check;
use jit_access::command::{ListAlerts, ListRemedies, Release};
use jit_access::model::*;
use jit_access::service::Engine;
use jit_access::store::RecordQuery;

use super::{World, give, others_write, person};

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

#[test]
fn guardrails_that_are_in_force_get_on_record_however_much_others_write() {
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

    write("t1", 1);
    let other_writes = others_write(&other);
    (0..3).for_each(|_| world.between.before("commit", other_writes()));
    engine.reload_guardrails().unwrap();
    assert!(world.between.is_done());
    // They are in force at once, and on record with the next round.
    assert_eq!((check(&engine, "tools.execute"), world.count("guardrails_changed")), (Outcome::Deny, 1));
    world.clock.advance(1_000);
    engine.reconciler().tick().unwrap();
    assert_eq!((check(&engine, "tools.execute"), world.count("guardrails_changed")), (Outcome::Deny, 2));
}

#[test]
fn an_alert_is_written_once_however_much_others_write() {
    let world = World::new(CONFIG);
    let (engine, other) = (world.engine(), world.other());
    give(&other, "dev");
    engine.reconciler().tick().unwrap();
    assert_eq!(check(&engine, "tools.delete"), Outcome::Allow);
    engine.reconciler().flush().unwrap();
    world.clock.advance(1_000);
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
    world.between.before("commit", move || drop(faster.reconciler().tick().unwrap()));
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
