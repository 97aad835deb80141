//! A check allocates nothing, whether it finds a grant or not.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::internal::index::GrantIndex;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::{Batch, MemoryStore, Store};
use jit_access::workflow::Rules;

/// The system's allocator, counting what this thread asks of it.
struct Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator as it came; counting touches no memory that it manages.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.set(ASKED.get() + 1);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ASKED.set(ASKED.get() + 1);
        // SAFETY: as the caller promised.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations<R>(of: impl FnOnce() -> R) -> usize {
    let before = ASKED.get();
    std::hint::black_box(of());
    ASKED.get() - before
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn grant(n: u128, holder: &str) -> Grant {
    Grant::new(
        GrantId::from_u128(n),
        RequestId::from_u128(n),
        Principal::user(holder).unwrap(),
        RoleName::new("incident-responder").unwrap(),
        PermissionSet::with_exceptions(
            ["tools.*", "logs:read"].map(|text| Permission::new(text).unwrap()),
            [Permission::new("tools.delete").unwrap()],
        )
        .unwrap(),
        Window::new(at(1_000), at(1_000_000)).unwrap(),
        Actor::Rule("test".into()),
    )
    .scope(Scope::one("server", "the-server-of-the-payments-team").unwrap())
}

/// (principal, action, parent, whether it is given)
const QUESTIONS: [(&str, &str, &str, Outcome); 4] = [
    ("nobody@example.com", "tools.execute", "server:the-server-of-the-payments-team", Outcome::NotApplicable),
    ("dev@example.com", "tools.execute", "server:the-server-of-the-payments-team", Outcome::Allow),
    ("dev@example.com", "tools.delete", "server:the-server-of-the-payments-team", Outcome::NotApplicable),
    ("dev@example.com", "tools.execute", "server:another", Outcome::NotApplicable),
];

#[test]
fn the_index_allocates_nothing() {
    let index = GrantIndex::new();
    let mut grants: Vec<_> = (1..500).map(|n| grant(n, &format!("p{n}@example.com"))).collect();
    grants.extend((500..600).map(|n| grant(n, "dev@example.com")));
    index.replace(Revision(1), &grants);
    for (who, action, parent, outcome) in QUESTIONS {
        let (principal, action) = (Principal::user(who).unwrap(), Action::new(action).unwrap());
        let resource = Resource::new("tool", "deploy").unwrap().with_parent(parent.parse().unwrap()).unwrap();
        let query = Query { principal: &principal, action: &action, resource: &resource };
        assert_eq!(index.decide(&query, at(5_000)).outcome, outcome);
        assert_eq!(allocations(|| index.decide(&query, at(5_000))), 0, "{who} {action} {parent}");
    }
}

fn engine() -> Engine {
    let store = MemoryStore::new();
    let event = Event {
        at: at(1_000),
        by: Actor::Rule("test".into()),
        fact: Fact::GrantCreated(Box::new(grant(1, "dev@example.com"))),
    };
    store.commit(&Batch { events: vec![event], ..Batch::default() }).unwrap();
    Builder::new(store, Rules::default()).clock(Arc::new(ManualClock::at(at(5_000)))).open().unwrap()
}

#[test]
fn a_check_that_records_its_use_allocates_nothing() {
    let engine = engine();
    let decider = engine.decider();
    for (who, action, parent, outcome) in QUESTIONS {
        let check = || {
            let check = Check::text((PrincipalKind::User, who), action, Some("tool:deploy"), Some(parent));
            decider.check(&check).unwrap()
        };
        assert_eq!(check().outcome, outcome);
        assert_eq!(allocations(check), 0, "{who} {action} {parent}");
    }
    engine.reconciler().flush().unwrap();
    assert_eq!(allocations(|| ()), 0);
}
