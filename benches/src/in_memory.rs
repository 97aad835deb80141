//! An engine over a store in memory, and a check from text.

use jit_access::check::{Check, Decider};
use jit_access::clock::{Clock, SystemClock};
use jit_access::model::{Actor, Event, Fact, Grant, Outcome, PrincipalKind, Timestamp};
use jit_access::service::{Builder, Engine, Settings};
use jit_access::store::{Batch, MemoryStore, Store};
use jit_access::workflow::{HostSchema, Rules};

use crate::workload::{Question, schema};

/// An engine that holds these grants.
pub fn open(grants: &[Grant]) -> Engine {
    open_with(grants, Settings::default())
}

/// The same with these settings.
pub fn open_with(grants: &[Grant], settings: Settings) -> Engine {
    let store = MemoryStore::new();
    // An engine does not believe a journal that is far from the system's clock.
    let at = Timestamp::from_millis(SystemClock::default().wall()).expect("a time");
    for some in grants.chunks(10_000) {
        let created = |grant: &Grant| Event {
            at,
            by: Actor::Rule("bench".into()),
            fact: Fact::GrantCreated(Box::new(grant.clone())),
        };
        let events = some.iter().map(created).collect();
        store.commit(&Batch { events, ..Batch::default() }).expect("a store in memory takes all");
    }
    // For policies that name its kinds and actions.
    let schema = HostSchema::new(&schema(), ["server", "tool"].map(|kind| kind.parse().expect("a kind")));
    let rules = Rules::default().schema(Some(schema));
    Builder::new(store, rules).settings(settings).open().expect("an engine")
}

/// Whether a grant allows it, checked from text as hosts do, without recording a use.
#[inline]
pub fn allows(decider: &Decider, question: &Question) -> bool {
    let principal = (PrincipalKind::User, question.principal.id());
    let (action, parent) = (question.action.name(), question.parent.as_deref());
    let check = Check::text(principal, action, Some(&question.thing), parent).peek();
    decider.check(&check).expect("text that can be read").outcome == Outcome::Allow
}
