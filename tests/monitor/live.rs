//! What do those who look on see, and what do they cost?

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jit_access::command::{AcknowledgeAlert, ListAlerts, ListEvents, SilenceAlert};
use jit_access::model::*;
use jit_access::store::MemoryStore;

use crate::slow::Slow;
use crate::world::{MINUTE, SECOND, World, person, why};

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
    // A second later there is one reading again, whoever asks, and it tells of everything: changes, uses and refused calls.
    let refused = Refused::new((dev.principal.clone(), None), "check", "no_grant", world.engine.now());
    store.inner.add_refusals(&[refused.call("db.drop".parse().unwrap(), Resource::everything())]).unwrap();
    for second in 1..=5 {
        world.clock.advance(SECOND);
        for _ in 0..100 {
            let (refusals, counts) = workflow.activity([id]).unwrap();
            assert_eq!((refusals, counts[0].unwrap().refusals), (5, 5));
            workflow.events(&lead, &ListEvents::default().after(Revision(1))).unwrap();
        }
        let again = store.asked.load(Ordering::Relaxed) - asked;
        assert_eq!(again, second, "one question a second for a hundred who look on");
    }
    // The rate is that of the last ten minutes.
    world.pass(11 * MINUTE);
    let later = workflow.counts([&grant]).unwrap()[0].unwrap();
    assert_eq!((later.last_use, later.rate, later.refusals), (counts.last_use, 0.0, 5));
}

#[test]
fn alerts_are_listed_before_the_history_is_read() {
    let mut world = World::new(3, "");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    world.granted(&dev, "operator", 4.0, &lead);
    world.uses(&dev, "tools.delete", "tool:t1");
    let seen = world.expect(AlertKind::FirstDestructive, &[]).alert.id;
    world.run(&lead, AcknowledgeAlert::new(seen, why("planned")));
    for _ in 0..30 {
        (0..100).for_each(|_| world.uses(&dev, "tools.read", "tool:t1"));
        world.pass(SECOND);
    }
    let known = world.alerts();
    assert_eq!(
        known.iter().find(|one| one.alert.id == seen).unwrap().acknowledged.as_ref().unwrap().reason,
        why("planned")
    );

    // A process that has just started, with more to read than it reads at once.
    let store = Slow::over(world.store.clone(), &world.clock);
    let other = World::over(store.clone(), world.clock.clone(), 3, "");
    let asked = store.asked.load(Ordering::Relaxed);
    assert_eq!(other.alerts(), known);
    assert!(store.asked.load(Ordering::Relaxed) - asked < 10, "not the whole history");
    for grant in known.iter().filter_map(|one| one.alert.grant) {
        let of_grant = other.engine.workflow().alerts(&lead, &ListAlerts::default().grant(grant)).unwrap().items;
        assert!(of_grant.iter().eq(known.iter().filter(|one| one.alert.grant == Some(grant))));
    }
    let silence = SilenceAlert::new(seen, Ttl::from_hours(1.0).unwrap(), why("all day"));
    let silenced = other.engine.workflow().execute(&lead, silence, None).unwrap().alert.unwrap();
    assert!(silenced.silenced.is_some() && silenced.acknowledged.is_some());
    let shorter = SilenceAlert::new(seen, Ttl::from_hours(0.5).unwrap(), why("half of it"));
    assert_eq!(other.engine.workflow().execute(&lead, shorter, None).unwrap().alert, Some(silenced.clone()));
    // Once everything is read, it is the same, and nothing is raised again.
    (0..20).for_each(|_| other.tick());
    let read = other.alerts();
    assert_eq!(read.len(), known.len());
    assert_eq!(read.iter().find(|one| one.alert.id == seen), Some(&silenced));
}
