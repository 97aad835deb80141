//! Uses wait in bounded queues: what is full is written by the check that brings the next one, and none is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::model::*;
use jit_access::service::{Builder, Engine, Settings};
use jit_access::store::{Batch, MemoryStore, Reads, SqliteOptions, SqliteStore, Store};
use jit_access::workflow::Rules;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn grant() -> Grant {
    Grant::new(
        GrantId::from_u128(1),
        RequestId::from_u128(1),
        Principal::user("dev@example.com").unwrap(),
        RoleName::new("operator").unwrap(),
        PermissionSet::new([Permission::new("tools.*").unwrap()]).unwrap(),
        Window::new(at(1_000), at(1_000_000)).unwrap(),
        Actor::Rule("test".into()),
    )
}

fn world(waiting_uses: usize) -> (Arc<MemoryStore>, Engine) {
    let event = Event { at: at(1_000), by: Actor::Rule("test".into()), fact: Fact::GrantCreated(Box::new(grant())) };
    let store = Arc::new(MemoryStore::new());
    store.commit(&Batch { events: vec![event], ..Batch::default() }).unwrap();
    let builder = Builder::shared(Arc::clone(&store) as Arc<dyn Store>, Rules::default());
    let settings = Settings::default().waiting_uses(waiting_uses);
    let engine = builder.clock(Arc::new(ManualClock::at(at(5_000)))).settings(settings).open().unwrap();
    (store, engine)
}

fn check(engine: &Engine) -> bool {
    let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.read", None, None);
    engine.decider().check(&check).unwrap().outcome == Outcome::Allow
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

/// Numbered uses over engines that share a store: each thread asks until it is told no, and together they had as many as
/// were given.
fn numbered_uses_are_exact(stores: &[Arc<dyn Store>]) {
    const MAX: u32 = 25;
    let clock = Arc::new(ManualClock::at(at(5_000)));
    let open = |store: &Arc<dyn Store>| {
        Builder::shared(Arc::clone(store), Rules::default()).clock(clock.clone()).open().unwrap()
    };
    let conditions = Conditions::default().max_uses(std::num::NonZeroU32::new(MAX));
    let created = Fact::GrantCreated(Box::new(grant().conditions(conditions)));
    let event = Event { at: at(1_000), by: Actor::Rule("test".into()), fact: created };
    stores[0].commit(&Batch { events: vec![event], ..Batch::default() }).unwrap();
    let engines: Vec<_> = stores.iter().map(open).collect();
    let allowed = AtomicU64::new(0);
    thread::scope(|scope| {
        for engine in engines.iter().cycle().take(4) {
            let allowed = &allowed;
            scope.spawn(move || {
                while check(engine) {
                    allowed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(allowed.into_inner(), u64::from(MAX));
    let kept = stores[0].grant(GrantId::from_u128(1)).unwrap().grant.unwrap();
    assert_eq!((kept.uses, kept.status(at(5_000))), (u64::from(MAX), GrantStatus::Exhausted));
    stores[0].verify().unwrap();
    assert!(engines.iter().all(|engine| !check(engine)));
}

#[test]
fn numbered_uses_are_exact_in_memory() {
    numbered_uses_are_exact(&[Arc::new(MemoryStore::new())]);
}

#[test]
fn numbered_uses_are_exact_over_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(folder.path().join("jit.db"), SqliteOptions::default()).unwrap();
    numbered_uses_are_exact(&[Arc::new(open()), Arc::new(open())]);
}
