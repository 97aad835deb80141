//! Which grants are honoured now: one answer for checks, copies and exports.

use std::sync::Arc;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::{Batch, MemoryStore, SqliteOptions, SqliteStore, Store};

const CONFIG: &str = "auditor_roles: [auditor], roles: {operator: {permissions: ['tools.*']}}";

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn grant(id: u128, window: (i64, i64)) -> Grant {
    Grant::new(
        GrantId::from_u128(id),
        RequestId::from_u128(id),
        Principal::user("dev@example.com").unwrap(),
        RoleName::new("operator").unwrap(),
        PermissionSet::new([Permission::new("tools.*").unwrap()]).unwrap(),
        Window::new(at(window.0), at(window.1)).unwrap(),
        Actor::Rule("test".into()),
    )
}

fn suspended() -> Grant {
    let by = Actor::Rule("test".into());
    let reason = Justification::new("odd calls").unwrap();
    grant(4, (1_000, 100_000)).suspended(Some(Suspension { at: at(1_000), by, reason }))
}

fn fill(store: &dyn Store) {
    let grants = [grant(1, (1_000, 50_000)), grant(2, (20_000, 100_000)), grant(3, (1_000, 2_000)), suspended()];
    let created =
        |grant| Event { at: at(1_000), by: Actor::Rule("test".into()), fact: Fact::GrantCreated(Box::new(grant)) };
    store.commit(&Batch { events: grants.into_iter().map(created).collect(), ..Batch::default() }).unwrap();
}

fn open(store: &Arc<dyn Store>, config: &str, clock: &Arc<ManualClock>) -> Engine {
    let config = Config::parse(&format!("jit_access: {{{config}}}"), []).unwrap();
    let clock = Arc::clone(clock) as Arc<dyn jit_access::clock::Clock>;
    Builder::shared(Arc::clone(store), config.rules).clock(clock).open().unwrap()
}

fn world(config: &str) -> (Engine, Arc<ManualClock>) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    fill(&*store);
    let clock = Arc::new(ManualClock::at(at(5_000)));
    (open(&store, config, &clock), clock)
}

fn honoured(engine: &Engine) -> Vec<GrantId> {
    engine.honoured().unwrap().grants.iter().map(|grant| grant.id).collect()
}

#[test]
fn what_is_in_its_window_and_neither_over_nor_suspended_is_honoured() {
    let (engine, clock) = world(CONFIG);
    assert_eq!(honoured(&engine), [GrantId::from_u128(1)]);
    assert_eq!(engine.honoured().unwrap().valid_until, Some(at(20_000)), "then the second begins");
    clock.advance(15_000);
    assert_eq!(honoured(&engine).len(), 2);
    assert_eq!(engine.honoured().unwrap().valid_until, Some(at(50_000)), "then the first ends");
    clock.advance(30_000);
    assert_eq!(honoured(&engine), [GrantId::from_u128(2)]);
    clock.advance(50_000);
    assert_eq!(engine.honoured().unwrap().valid_until, None);
    assert!(honoured(&engine).is_empty());
}

#[test]
fn an_engine_that_is_off_honours_nothing() {
    let (engine, _) = world(&format!("enabled: false, {CONFIG}"));
    assert!(honoured(&engine).is_empty());
}

#[test]
fn what_is_reserved_now_is_in_no_grant_however_old() {
    let (engine, _) = world(&format!("reserved_permissions: [tools.delete], {CONFIG}"));
    let grant = engine.honoured().unwrap().grants.remove(0);
    let covers = |action| grant.permissions.covers(&Action::new(action).unwrap());
    assert!(covers("tools.execute") && !covers("tools.delete"));
    let (engine, _) = world("reserved_permissions: ['tools.*'], roles: {reader: {permissions: [logs.read]}}");
    assert!(honoured(&engine).is_empty(), "nothing is left of it");
}

fn on_disk(folder: &tempfile::TempDir, config: &str) -> (Engine, Arc<ManualClock>) {
    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::open(folder.path().join("jit.db"), SqliteOptions::default()).unwrap());
    fill(&*store);
    let clock = Arc::new(ManualClock::at(at(5_000)));
    (open(&store, config, &clock), clock)
}

#[test]
fn without_proof_nothing_is_honoured() {
    let folder = tempfile::tempdir().unwrap();
    let (engine, _) = on_disk(&folder, CONFIG);
    assert_eq!(honoured(&engine).len(), 1);
    std::fs::remove_file(folder.path().join("jit.db")).unwrap();
    assert!(engine.honoured().is_err());
}

#[test]
fn memory_answers_what_it_knows_for_certain() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (engine, clock) = on_disk(&folder, CONFIG);
    let decider = engine.decider();
    let ask = |who| {
        let check = Check::text((PrincipalKind::User, who), "tools.read", None, None);
        decider.peek_in_memory(&check).unwrap().map(|decision| decision.outcome)
    };
    engine.sync().unwrap();
    assert_eq!(ask("nobody@example.com"), Some(Outcome::NotApplicable));
    assert_eq!(ask("dev@example.com"), Some(Outcome::Allow));
    clock.advance(3_000);
    assert_eq!(ask("dev@example.com"), None, "the proof is too old to allow by");
    assert_eq!(ask("nobody@example.com"), Some(Outcome::NotApplicable));
    let (off, _) = on_disk(&other, &format!("enabled: false, {CONFIG}"));
    off.sync().unwrap();
    let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.read", None, None);
    let decision = off.decider().peek_in_memory(&check).unwrap();
    assert_eq!(decision.map(|decision| decision.outcome), Some(Outcome::NotApplicable));
}

#[cfg(feature = "cedar")]
#[test]
fn an_export_tells_of_what_is_honoured_now_or_later() {
    let auditor = Caller::new(Principal::user("sam@example.com").unwrap(), vec![RoleName::new("auditor").unwrap()]);
    let (engine, _) = world(CONFIG);
    let text = engine.workflow().policies(&auditor).unwrap();
    assert!([1, 2].iter().all(|id| text.contains(&GrantId::from_u128(*id).to_string())), "{text}");
    assert!([3, 4].iter().all(|id| !text.contains(&GrantId::from_u128(*id).to_string())), "{text}");
    let (engine, _) = world(&format!("enabled: false, {CONFIG}"));
    assert!(!engine.workflow().policies(&auditor).unwrap().contains("permit"));
}
