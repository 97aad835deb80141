//! Are old records removed whole, with what stands for them, and nothing that is needed.

use super::Fixture;
use super::world::{at, cast, changes, granted, journal, position, standing_of, used};
use crate::journal::{Hash, Tree};
use crate::model::{
    Actor, Event, EventKind, Fact, Grant, Justification, RecordFilter, Removal, Revision, Standing, Subject, Timestamp,
};
use crate::store::{Batch, Position, RecordQuery, Removable, RemovalLimits, Store, StoreError, Verification};

const HOUR: i64 = 3_600_000;
/// The records of one block.
const BLOCK: u64 = 4_096;

fn event(millis: i64, fact: Fact) -> Event {
    Event { at: at(millis), by: Actor::Rule("retention".into()), fact }
}

fn revoked(grant: &Grant, millis: i64) -> Event {
    let reason = Justification::new("over").unwrap();
    event(millis, Fact::GrantRevoked { grant: grant.id, reason })
}

fn write(store: &dyn Store, events: Vec<Event>) -> Result<(), StoreError> {
    let changes = events.iter().any(|event| event.fact.changes_state());
    let decided_from = changes.then(|| store.head().unwrap().revision);
    store.commit(&Batch { decided_from, events, ..Batch::default() }).map(drop)
}

fn use_it(store: &dyn Store, grant: &Grant, times: usize, millis: i64) {
    for _ in 0..times.div_ceil(1_000) {
        write(store, vec![used(grant.id, at(millis)); times.min(1_000)]).unwrap();
    }
}

fn everything(store: &dyn Store, now: i64) -> RemovalLimits {
    let covered = store.head().unwrap().revision;
    RemovalLimits { before: at(now), floor: at(now), now: at(now), covered, ..RemovalLimits::default() }
}

/// The root over the texts of the removed records, which were read before.
fn root(store: &dyn Store, last: Revision) -> Hash {
    let mut tree = Tree::default();
    for record in journal(store, Revision::ZERO, usize::try_from(last.0).unwrap()).1 {
        tree.push(&record.body);
    }
    tree.root()
}

fn removal(found: &Removable, root: Hash) -> Removal {
    let removal =
        Removal::new(found.last, &found.hash.to_string(), &root.to_string(), "journal.keep_days: 92").unwrap();
    removal.of_times(found.until, found.complete_from)
}

fn remove(store: &dyn Store, found: &Removable, root: Hash, millis: i64) -> Result<(), StoreError> {
    let again = found.standing.iter().cloned();
    let again = again.map(|(principal, standing)| Fact::StandingReported { principal, standing });
    let facts = again.chain([Fact::RecordsRemoved(Box::new(removal(found, root)))]);
    write(store, facts.map(|fact| event(millis, fact)).collect())
}

/// VerifiedRecord blocks go with what has no other records, the rest is as it was and verifies, and the head says what is gone.
pub fn old_records_are_removed_and_the_rest_is_whole(fixture: &dyn Fixture) {
    let (place, other_place) = (fixture.fresh(), fixture.fresh());
    let (store, handle) = (place.open(), place.open());
    let store = &*store;
    let bob = cast()[1].clone();
    let standing = Standing { enabled: true, roles: bob.roles.clone() };
    write(
        store,
        vec![event(0, Fact::StandingReported { principal: bob.principal.clone(), standing: standing.clone() })],
    )
    .unwrap();
    let gone = granted(store, 1, at(1));
    use_it(store, &gone, 100, 2);
    write(store, vec![revoked(&gone, 3)]).unwrap();
    let spanning = granted(store, 2, at(4));
    use_it(store, &spanning, 5_000, 5);
    let limits = everything(store, 100 * HOUR);
    assert_eq!(store.removable(&limits).unwrap(), None, "what is in force was made by an early record");
    write(store, vec![revoked(&spanning, HOUR)]).unwrap();
    let limits = everything(store, 100 * HOUR);
    for none in [
        RemovalLimits { before: Timestamp::EPOCH, ..limits },
        RemovalLimits { floor: at(1), ..limits },
        RemovalLimits { covered: Revision(BLOCK - 1), ..limits },
    ] {
        assert_eq!(store.removable(&none).unwrap(), None, "{none:?}");
    }
    let by_number = RemovalLimits { before: Timestamp::EPOCH, keep: 900, ..limits };
    let found = store.removable(&by_number).unwrap().unwrap();
    assert_eq!(Some(&found), store.removable(&limits).unwrap().as_ref());
    let (head, record) = (store.head().unwrap(), journal(store, Revision(BLOCK - 1), 1).1.remove(0));
    assert_eq!((found.last, found.hash, found.until), (Revision(BLOCK), record.hash, record.event.at));
    assert_eq!((found.complete_from, &*found.standing), (at(HOUR), &[(bob.principal.clone(), standing.clone())][..]));

    let root = root(store, found.last);
    let (early, last, after) =
        (position(store, Revision(7)), position(store, found.last), position(store, head.revision));
    let forged = Removable { hash: Hash::GENESIS, ..found.clone() };
    assert!(matches!(remove(store, &forged, root, HOUR), Err(StoreError::Corrupt(_))));
    for last in [Revision(BLOCK + 1), Revision(2 * BLOCK)] {
        assert!(remove(store, &Removable { last, ..found.clone() }, root, HOUR).is_err(), "{last}");
    }
    assert_eq!(store.head().unwrap(), head, "nothing was written");
    remove(store, &found, root, HOUR).unwrap();

    let removed = store.head().unwrap().removed.unwrap();
    assert_eq!((removed.last, removed.hash, removed.root), (found.last, found.hash, root));
    assert_eq!((removed.until, removed.complete_from), (found.until, found.complete_from));
    assert_eq!(removed.recorded, Revision(head.revision.0 + 2));
    for store in [store, &*handle] {
        let (_, records) = journal(store, Revision::ZERO, usize::MAX);
        assert_eq!(records.first().map(|first| first.revision), Some(Revision(BLOCK + 1)));
        assert_eq!(records.len() as u64, head.revision.0 + 2 - BLOCK);
        let verified = store.verify_with(&Verification::default(), &mut ()).unwrap();
        assert_eq!((verified.records, verified.head), (records.len() as u64, store.head().unwrap()));
    }
    assert!(store.grant(gone.id).unwrap().grant.is_none() && store.request(gone.request).unwrap().request.is_none());
    assert!(
        store.grant(spanning.id).unwrap().grant.is_some() && store.request(spanning.request).unwrap().request.is_some()
    );
    assert_eq!(standing_of(store, &bob.principal), Some(standing));
    let about = |grant: &Grant| store.records(&RecordQuery::about(Subject::Grant(grant.id), usize::MAX)).unwrap().1;
    assert!(about(&gone).is_empty() && about(&spanning).iter().all(|record| record.revision.0 > BLOCK));
    let filter = RecordFilter {
        event: Some(EventKind::of(&Fact::RecordsRemoved(Box::new(removal(&found, root))))),
        ..RecordFilter::default()
    };
    let told = RecordQuery { filter, ..RecordQuery::after(Revision::ZERO, 9) };
    assert_eq!(store.records(&told).unwrap().1.len(), 1);
    let early_times = RecordFilter { until: Some(at(3)), ..RecordFilter::default() };
    let none = RecordQuery { filter: early_times, ..RecordQuery::after(Revision::ZERO, 9) };
    assert!(store.records(&none).unwrap().1.is_empty());
    assert_eq!(changes(store, Revision::ZERO, 9).1.len(), 3);

    for known in [early, last, after] {
        assert!(store.has_grown(&known).unwrap(), "{known:?}");
    }
    let other = other_place.open();
    let elsewhere = Position { lineage: other.head().unwrap().lineage, ..early };
    for known in [elsewhere, Position { hash: Hash::GENESIS, ..last }, Position { hash: Hash::GENESIS, ..after }] {
        assert!(matches!(store.has_grown(&known), Err(StoreError::Replaced(_))), "{known:?}");
    }
    assert_eq!(store.removable(&everything(store, 100 * HOUR)).unwrap(), None);

    // What goes next goes after it, and with it what was told of the grant that had begun before.
    let live = granted(store, 3, at(2 * HOUR));
    use_it(store, &live, 4_000, 2 * HOUR);
    assert!(live.window.end() > at(2 * HOUR));
    assert_eq!(
        store.removable(&everything(store, 200 * HOUR)).unwrap(),
        None,
        "it is in force until a record says else"
    );
    write(store, vec![revoked(&live, 3 * HOUR)]).unwrap();
    let found = store.removable(&everything(store, 200 * HOUR)).unwrap().unwrap();
    assert_eq!((found.last, found.standing.len()), (Revision(2 * BLOCK), 1));
    remove(store, &found, root, 4 * HOUR).unwrap();
    assert!(store.grant(spanning.id).unwrap().grant.is_none() && store.grant(live.id).unwrap().grant.is_some());
    assert_eq!(store.verify().unwrap(), store.head().unwrap().revision.0 - 2 * BLOCK);
}
