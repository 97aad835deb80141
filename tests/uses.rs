//! Uses wait in bounded queues: what is full is written by the check that brings the next one, and none is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use jit_access::clock::ManualClock;
use jit_access::model::*;
use jit_access::service::{Builder, Engine, Settings};
use jit_access::store::{Batch, MemoryStore, Store};
use jit_access::workflow::Rules;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn world(waiting_uses: usize) -> (Arc<MemoryStore>, Engine) {
    let grant = Grant {
        id: GrantId::from_u128(1),
        request: RequestId::from_u128(1),
        holder: Principal::user("dev@example.com").unwrap(),
        holder_normal_roles: Vec::new(),
        role: RoleName::new("operator").unwrap(),
        permissions: PermissionSet::new([Permission::new("tools.*").unwrap()]).unwrap(),
        scope: Scope::ANY,
        window: Window::new(at(1_000), at(1_000_000)).unwrap(),
        justification: None,
        ticket: None,
        approver_roles: Vec::new(),
        approved_by: Actor::Rule("test".into()),
        approved_at: at(1_000),
        ended: None,
        break_glass: None,
        holder_acts_for: None,
        conditions: Conditions::default(),
        suspended: None,
        noted: Noted::default(),
        extends: None,
        uses: 0,
    };
    let event = Event { at: at(1_000), by: Actor::Rule("test".into()), fact: Fact::GrantCreated(Box::new(grant)) };
    let store = Arc::new(MemoryStore::new());
    store.commit(&Batch { events: vec![event], ..Batch::default() }).unwrap();
    let builder = Builder::shared(Arc::clone(&store) as Arc<dyn Store>, Rules::default());
    let settings = Settings { waiting_uses, ..Settings::default() };
    let engine = builder.clock(Arc::new(ManualClock::at(at(5_000)))).settings(settings).open().unwrap();
    (store, engine)
}

fn check(engine: &Engine) -> bool {
    let question = RawQuery::new((PrincipalKind::User, "dev@example.com"), "tools.read", None, None).unwrap();
    engine.decider().check_raw(&question).outcome == Outcome::Allow
}

fn written(store: &MemoryStore) -> u64 {
    store.grant(GrantId::from_u128(1)).unwrap().grant.unwrap().uses
}

#[test]
fn the_check_that_finds_the_queue_full_writes_it() {
    let (store, engine) = world(4);
    for _ in 0..4 {
        assert!(check(&engine));
    }
    assert_eq!(written(&store), 0, "nobody waited for the store");
    assert!(check(&engine));
    assert_eq!(written(&store), 4);
    engine.reconciler().flush().unwrap();
    assert_eq!(written(&store), 5);
}

#[test]
fn every_use_of_every_thread_is_counted() {
    let (store, engine) = world(2_048);
    let allowed = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..5_000).for_each(|_| _ = allowed.fetch_add(check(&engine).into(), Ordering::Relaxed)));
        }
    });
    engine.reconciler().flush().unwrap();
    assert_eq!((written(&store), allowed.into_inner()), (20_000, 20_000));
}
