//! Is a journal known from any other, and does an exclusive decision always end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::Fixture;
use super::world::{at, cast, granted, has_grown, position, submit};
use crate::journal::Hash;
use crate::model::{Revision, Timestamp};
use crate::store::{Batch, Head, Position, RecordQuery, StoreError};
use crate::workflow::Needs;

/// Another store is another one, whatever its revision; and a position that this journal does not have is noticed.
pub fn a_position_is_in_one_journal_only(fixture: &dyn Fixture) {
    let (place, other_place) = (fixture.fresh(), fixture.fresh());
    let (store, handle, other) = (place.open(), place.open(), other_place.open());
    granted(&*store, 1, at(0));
    granted(&*other, 1, at(0));
    let (known, foreign) = (store.head().unwrap().position(), other.head().unwrap().position());
    assert_eq!((known.revision, known.hash), (foreign.revision, foreign.hash), "only the lineage tells them apart");
    assert_eq!(handle.head().unwrap().lineage, known.lineage);
    let elsewhere = [
        foreign,
        Position { revision: Revision::ZERO, hash: Hash::GENESIS, ..foreign },
        Position { revision: known.revision.next(), ..known },
        Position { hash: Hash::GENESIS, ..known },
        Position { hash: known.hash, ..position(&*store, Revision(1)) },
    ];
    for store in [&store, &handle] {
        for position in &elsewhere {
            assert!(matches!(store.has_grown(position), Err(StoreError::Replaced(_))), "{position:?}");
            let query = RecordQuery { continues: Some(*position), ..RecordQuery::after(Revision::ZERO, 1) };
            assert!(matches!(store.records(&query), Err(StoreError::Replaced(_))), "{position:?}");
        }
        for revision in 0..=known.revision.0 {
            assert_eq!(has_grown(&**store, Revision(revision)), revision < known.revision.0);
        }
    }
}

/// What is decided while nobody else can write never conflicts, and what it reads is the latest.
pub fn an_exclusive_decision_never_conflicts(fixture: &dyn Fixture) {
    const WRITERS: u64 = 4;
    const EACH: u64 = 10;
    let place = fixture.fresh();
    let handles: Vec<_> = (0..WRITERS).map(|_| place.open()).collect();
    let numbers = AtomicU64::new(1);
    thread::scope(|scope| {
        for store in &handles {
            let numbers = &numbers;
            scope.spawn(move || {
                for _ in 0..EACH {
                    let number = u128::from(numbers.fetch_add(1, Ordering::SeqCst));
                    let mut seen = None;
                    let records = store
                        .commit_exclusively(&mut |reads| {
                            let revision = reads.view(&Needs::default(), Timestamp::EPOCH)?.revision;
                            let newest = RecordQuery { newest_first: true, ..RecordQuery::after(Revision::ZERO, 1) };
                            let (head, records) = reads.records(&newest)?;
                            let newest = records.first().map_or(Revision::ZERO, |record| record.revision);
                            assert_eq!((head.revision, newest), (revision, revision));
                            seen = Some(revision);
                            let events = submit(&cast()[0], number, at(0));
                            Ok(Some(Batch { decided_from: Some(revision), events, ..Batch::default() }))
                        })
                        .unwrap();
                    assert_eq!(seen.map(Revision::next), records.first().map(|record| record.revision));
                }
            });
        }
    });
    assert_eq!(handles[0].verify().unwrap(), WRITERS * EACH);
}

/// A decision to write nothing, and one that fails, write nothing.
pub fn an_exclusive_decision_can_be_not_to_write(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let empty = Head::new(store.head().unwrap().lineage);
    assert_eq!(store.commit_exclusively(&mut |_| Ok(None)).unwrap(), vec![]);
    let failed = store.commit_exclusively(&mut |_| Err(StoreError::Conflict));
    assert!(matches!(failed, Err(StoreError::Conflict)));
    assert_eq!(store.head().unwrap(), empty);
    granted(&*store, 1, at(0));
}
