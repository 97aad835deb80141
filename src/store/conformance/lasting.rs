//! Is everything still there after reopening.

use super::world::{Dice, Story, at, cast, everything, has_grown, journal, submit};
use super::{Category, Fixture, promises};
use crate::model::{RequestId, Revision};
use crate::store::{Batch, Done, Message};

/// Everything that was committed is there after every handle has gone, and the story goes on from there.
pub fn what_was_committed_is_there_after_reopening(fixture: &dyn Fixture) {
    if !promises(fixture, Category::Lasting) {
        return;
    }
    let place = fixture.fresh();
    let mut dice = Dice::new(11);
    let mut story = Story::new();
    let caller = cast()[0].principal.clone();
    for round in 0..4_u128 {
        let store = place.open();
        for _ in 0..20 {
            story.tell(&*store, dice.roll());
        }
        let done = Done {
            fingerprint: round.to_string(),
            request: Some(RequestId::from_u128(1_000 + round)),
            grant: None,
            delegation: None,
            ended: vec![],
        };
        let batch = Batch {
            decided_from: None,
            events: submit(&cast()[0], 1_000 + round, story.now),
            outbox: vec![Message::new("t", round.to_string())],
            done: Some((caller.clone(), round.to_string(), done.clone())),
        };
        store.commit(&batch).unwrap();
        story.events.extend(batch.events);
        let before = (
            store.head().unwrap(),
            journal(&*store, Revision::ZERO, usize::MAX),
            everything(&*store, story.now),
            store.next_due().unwrap(),
        );
        drop(store);

        let store = place.open();
        assert!(!has_grown(&*store, before.0.revision));
        assert!(has_grown(&*store, Revision::ZERO));
        assert_eq!(store.done_under(&caller, &round.to_string()).unwrap(), Some(done));
        let leased = store.lease_notices(story.now, story.now.max(at(100)), 9).unwrap();
        assert_eq!(leased.last().map(|leased| leased.message.body.clone()), Some(round.to_string()));
        let after = (
            store.head().unwrap(),
            journal(&*store, Revision::ZERO, usize::MAX),
            everything(&*store, story.now),
            store.next_due().unwrap(),
        );
        assert_eq!(after, before);
        assert_eq!(store.verify().unwrap(), after.0.revision.0);
    }
    let told: Vec<_> = journal(&*place.open(), Revision::ZERO, usize::MAX).1.into_iter().map(|r| r.event).collect();
    assert_eq!(told, story.events);
}
