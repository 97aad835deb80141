//! What do those who look on see, and what do they cost?

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jit_access::command::ListEvents;
use jit_access::model::*;
use jit_access::store::MemoryStore;

use crate::slow::Slow;
use crate::world::{MINUTE, SECOND, World, person};

#[test]
fn a_hundred_who_look_on_cost_the_store_nothing() {
    let clock = World::morning();
    let store = Slow::over(Arc::new(MemoryStore::new()), &clock);
    let mut world = World::over(store.clone(), clock, 11, "");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    let id = world.granted(&dev, "operator", 4.0, &lead);
    let context = Context::default().details(Some(Arc::new(UseDetails::default().by_standing(Some(false)))));
    let workflow = world.engine.workflow();
    let grant = workflow.grant(&lead, id).unwrap().grant.unwrap();
    workflow.counts([&grant]).unwrap();
    for _ in 0..30 {
        world.uses(&dev, "tools.run", "tool:t1");
    }
    (0..4).for_each(|_| world.refused(&dev, "secrets.read", &context));
    world.pass(SECOND);
    let used_at = world.engine.now().millis() - SECOND;

    let counts = workflow.counts([&grant]).unwrap()[0].unwrap();
    assert_eq!((counts.last_use.unwrap().millis(), counts.rate, counts.refusals), (used_at, 3.0, 4));
    let asked = store.asked.load(Ordering::Relaxed);
    for _ in 0..100 {
        assert_eq!(workflow.counts([&grant]).unwrap()[0], Some(counts));
        let events = workflow.events(&lead, &ListEvents::default().after(Revision(1))).unwrap().events;
        assert_eq!(events.last().map(|(_, kind)| *kind), Some("grant_used"));
    }
    assert_eq!(store.asked.load(Ordering::Relaxed), asked, "one reading is for all");
    // A second later there is one reading again, whoever asks.
    world.clock.advance(SECOND);
    (0..100).for_each(|_| drop(workflow.counts([&grant]).unwrap()));
    let again = store.asked.load(Ordering::Relaxed) - asked;
    assert!(again <= 3, "{again}");
    // The rate is that of the last ten minutes.
    world.pass(11 * MINUTE);
    let later = workflow.counts([&grant]).unwrap()[0].unwrap();
    assert_eq!((later.last_use, later.rate, later.refusals), (counts.last_use, 0.0, 4));
}
