//! Is no record older than the one before it, and is the time that was seen kept.

use super::Fixture;
use super::world::{at, cast, granted, journal, submit, used};
use crate::model::{Actor, Event, Fact, GrantId, Justification, Revision};
use crate::store::{Batch, Seen, Store, StoreError};

const SECOND: i64 = 1_000;
const YEAR: i64 = 365 * 24 * 3_600 * SECOND;

fn accepted(store: &dyn Store, millis: i64) {
    let fact = Fact::ClockAccepted { reason: Justification::new("compared").unwrap() };
    let events = vec![Event { at: at(millis), by: Actor::Host, fact }];
    store.commit(&Batch { events, ..Batch::default() }).unwrap();
}

/// What is decided for an instant before the last record is refused with that instant, whichever handle wrote it, and
/// nothing of it is there.
pub fn no_record_is_older_than_the_one_before(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (ahead, behind) = (place.open(), place.open());
    granted(&*ahead, 1, at(20 * SECOND));
    let head = behind.head().unwrap();
    let events = submit(&cast()[0], 2, at(0));
    let early = Batch { decided_from: Some(head.revision), events, ..Batch::default() };
    let refused = behind.commit(&early);
    assert!(matches!(refused, Err(StoreError::Early { newest }) if newest == at(20 * SECOND)), "{refused:?}");
    let refused = behind.commit_exclusively(&mut |_| Ok(Some(early.clone())));
    assert!(matches!(refused, Err(StoreError::Early { .. })), "{refused:?}");
    assert_eq!(behind.head().unwrap(), head);
    let events = submit(&cast()[0], 2, at(20 * SECOND));
    behind.commit(&Batch { events, ..early }).unwrap();
    let (_, records) = journal(&*ahead, Revision::ZERO, usize::MAX);
    assert!(records.is_sorted_by_key(|record| record.event.at));
    ahead.verify().unwrap();
}

/// A use that waited to be written stands where it was written, and says when it was.
pub fn a_use_that_waited_says_when_it_was(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let grant = granted(&*store, 1, at(SECOND));
    let events = vec![used(grant.id, at(0)), used(grant.id, at(SECOND)), used(grant.id, at(2 * SECOND))];
    let records = store.commit(&Batch { events, ..Batch::default() }).unwrap();
    let told: Vec<_> = records
        .iter()
        .map(|record| match record.event.fact {
            Fact::GrantUsed { used_at, .. } => (record.event.at, used_at),
            _ => panic!("{record:?}"),
        })
        .collect();
    assert_eq!(told, [(at(SECOND), Some(at(0))), (at(SECOND), None), (at(2 * SECOND), None)]);
    assert_eq!(store.grant(grant.id).unwrap().grant.unwrap().uses, 3);
    store.verify().unwrap();
}

/// After somebody has said that the clock is right, and only then, time goes on from an earlier instant.
pub fn time_goes_back_only_where_somebody_says_so(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    granted(&*store, 1, at(YEAR));
    accepted(&*store, SECOND);
    let head = place.open().head().unwrap();
    assert_eq!((head.at, head.seen, head.clock), (at(SECOND), at(SECOND), Some(head.revision)));
    granted(&*store, 2, at(2 * SECOND));
    let early = Batch { events: submit(&cast()[0], 3, at(0)), ..Batch::default() };
    assert!(matches!(store.commit(&early), Err(StoreError::Early { newest }) if newest == at(2 * SECOND)));
    assert!(store.grant(GrantId::from_u128(2)).unwrap().grant.is_some());
    store.verify().unwrap();
}

/// The latest instant that was seen is kept though nothing is written, until somebody says that the clock is right.
pub fn the_latest_instant_that_was_seen_is_kept(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    granted(&*store, 1, at(0));
    let head = store.head().unwrap();
    assert_eq!(head.seen, at(0));
    let seen = |millis| Seen { position: head.position(), at: at(millis), clock: head.clock };
    store.remember(&seen(3_600 * SECOND)).unwrap();
    store.remember(&seen(60 * SECOND)).unwrap();
    let after = other.head().unwrap();
    assert_eq!((after.at, after.seen), (at(0), at(3_600 * SECOND)));
    assert_eq!(after.position(), head.position(), "and no record is written for it");
    granted(&*store, 2, at(SECOND));
    assert_eq!(other.head().unwrap().seen, at(3_600 * SECOND), "a record does not take it back");
    accepted(&*store, 2 * SECOND);
    other.remember(&seen(7_200 * SECOND)).unwrap();
    let head = store.head().unwrap();
    assert_eq!(head.seen, at(2 * SECOND), "what was seen under a wrong clock counts no more");
    let seen = Seen { position: head.position(), at: at(YEAR), clock: head.clock };
    other.remember(&seen).unwrap();
    assert_eq!(store.head().unwrap().seen, at(YEAR));
    store.verify().unwrap();
}
