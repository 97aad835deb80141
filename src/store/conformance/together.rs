//! What holds when many write at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::world::{at, cast, changes, granted, has_grown, journal, live_grants, rules, submit, used};
use super::{Fixture, Place};
use crate::command::{Approve, Revoke};
use crate::journal::Record;
use crate::model::{DeliveryId, Fact, GrantId, Justification, Recipient, RequestId, Revision};
use crate::store::{Batch, Done, Message, NewDelivery, Settled, Store, StoreError};
use crate::workflow::{Call, Ids, decide};

const WRITERS: u64 = 8;
const EACH: u64 = 20;

/// Writers with several handles leave one gapless journal; whoever follows a feed meanwhile sees every record once and
/// in order; and a commit that has returned is seen by every handle at once.
pub fn revisions_are_gapless_and_feeds_complete(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let handles: Vec<_> = (0..4).map(|_| place.open()).collect();
    let over = AtomicBool::new(false);
    let told = thread::scope(|scope| {
        let followers: Vec<_> = handles
            .iter()
            .take(2)
            .map(|store| scope.spawn(|| (follow(store, &over, journal), follow(store, &over, changes))))
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let handles = &handles;
                scope.spawn(move || write(handles, writer))
            })
            .collect();
        let mut told: Vec<Record> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        over.store(true, Ordering::SeqCst);
        told.sort_by_key(|record| record.revision);
        for follower in followers {
            let (journal, changes) = follower.join().unwrap();
            assert_eq!(journal, told);
            let expected: Vec<_> = told.iter().filter(|record| record.event.fact.changes_state()).cloned().collect();
            assert_eq!(changes, expected);
        }
        told
    });
    let revisions: Vec<_> = told.iter().map(|record| record.revision.0).collect();
    assert_eq!(revisions, (1..=told.len() as u64).collect::<Vec<_>>());
    assert!(told.windows(2).all(|pair| pair[0].hash == pair[1].previous));
    assert_eq!(handles[3].verify().unwrap(), told.len() as u64);
}

fn write(handles: &[Arc<dyn Store>], writer: u64) -> Vec<Record> {
    let store = &handles[usize::try_from(writer).unwrap() % handles.len()];
    let mut written = Vec::new();
    let mut own = None;
    for number in 0..EACH {
        let id = u128::from(writer * 1_000 + number + 1);
        let batch = |from| match own.filter(|_| number % 3 == 0) {
            Some(grant) => Batch { events: vec![used(grant, at(1))], ..Batch::default() },
            None => Batch { decided_from: Some(from), events: submit(&cast()[1], id, at(1)), ..Batch::default() },
        };
        let records = commit(store, batch);
        let last = records.last().unwrap().revision;
        for other in handles {
            assert!(!other.is_still(Revision(last.0 - 1)), "whoever looks no further sees it too");
            assert!(has_grown(&**other, Revision(last.0 - 1)), "a commit that has returned is seen");
            assert!(other.head().unwrap().revision >= last);
        }
        own = own.or_else(|| store.grant(GrantId::from_u128(id)).unwrap().grant.map(|grant| grant.id));
        written.extend(records);
    }
    written
}

/// Commits what `batch` makes of the latest revision, again and again while others are faster.
fn commit(store: &Arc<dyn Store>, batch: impl Fn(Revision) -> Batch) -> Vec<Record> {
    loop {
        match store.commit(&batch(store.head().unwrap().revision)) {
            Ok(records) => return records,
            Err(StoreError::Conflict) => {}
            Err(error) => panic!("{error}: {error:?}"),
        }
    }
}

type Feed = fn(&dyn Store, Revision, usize) -> (Revision, Vec<Record>);

fn follow(store: &Arc<dyn Store>, over: &AtomicBool, feed: Feed) -> Vec<Record> {
    let (mut seen, mut position): (Vec<Record>, _) = (Vec::new(), Revision::ZERO);
    loop {
        // Read before the look, so that the last look comes after the last commit.
        let last_look = over.load(Ordering::SeqCst);
        if !store.is_still(position) && has_grown(&**store, position) {
            let (head, records) = feed(&**store, position, 7);
            assert!(head >= position, "the journal never goes back");
            position = if records.len() < 7 { head } else { records[6].revision };
            seen.extend(records);
        } else if last_look {
            return seen;
        }
        thread::yield_now();
    }
}

/// Many approve the same request, all from the same view; one grant comes of it.
pub fn one_of_many_answers_to_a_request_wins(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let handles: Vec<_> = (0..4).map(|_| place.open()).collect();
    let id = RequestId::from_u128(1);
    handles[0].commit(&Batch { events: submit(&cast()[0], 1, at(0)), ..Batch::default() }).unwrap();
    let view = handles[0].request(id).unwrap();
    let won: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, view) = (&handles[usize::try_from(writer).unwrap() % handles.len()], &view);
                scope.spawn(move || {
                    let approve = Approve::new(id).into();
                    let lead = &cast()[2];
                    let call = Call::new(lead, &approve, Ids::from_u128(u128::from(100 + writer)));
                    let events = decide(view, &call, &rules(), at(1)).unwrap();
                    match store.commit(&Batch { decided_from: Some(view.revision), events, ..Batch::default() }) {
                        Ok(_) => 1,
                        Err(StoreError::Conflict) => 0,
                        Err(error) => panic!("{error}: {error:?}"),
                    }
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(won, 1);
    assert_eq!(live_grants(&*handles[0], at(2)).1.len(), 1);
    handles[0].verify().unwrap();
}

/// Many do different things under the same key of the same caller; one is done.
pub fn one_of_many_commands_under_one_key_wins(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let handles: Vec<_> = (0..4).map(|_| place.open()).collect();
    let caller = cast()[1].principal.clone();
    let won: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (store, caller) = (&handles[usize::try_from(writer).unwrap() % handles.len()], &caller);
                scope.spawn(move || {
                    let done = Done {
                        fingerprint: writer.to_string(),
                        request: None,
                        grant: None,
                        delegation: None,
                        ended: vec![],
                    };
                    let batch = Batch {
                        events: submit(&cast()[1], u128::from(writer), at(0)),
                        done: Some((caller.clone(), "k".to_owned(), done)),
                        ..Batch::default()
                    };
                    match store.commit(&batch) {
                        Ok(_) => Some(writer),
                        Err(StoreError::KeyTaken) => None,
                        Err(error) => panic!("{error}: {error:?}"),
                    }
                })
            })
            .collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(won.len(), 1);
    assert_eq!(handles[0].done_under(&caller, "k").unwrap().unwrap().fingerprint, won[0].to_string());
    assert_eq!(live_grants(&*handles[0], at(1)).1.len(), 1);
}

/// No use is lost or counted twice while the same grants are revoked and noted.
pub fn uses_are_counted_exactly(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let handles: Vec<_> = (0..4).map(|_| place.open()).collect();
    let grants: Vec<_> = (1..=5).map(|number| granted(&*handles[0], number, at(0)).id).collect();
    thread::scope(|scope| {
        for writer in 0..6 {
            let (store, grants) = (&handles[writer % handles.len()], &grants);
            scope.spawn(move || {
                for round in 0..15 {
                    let events = (0..=round).map(|number| used(grants[(number + writer) % grants.len()], at(1)));
                    store.commit(&Batch { events: events.collect(), ..Batch::default() }).unwrap();
                }
            });
        }
        scope.spawn(|| {
            for grant in &grants {
                let reason = Justification::new("over").unwrap();
                let (lead, revoke) = (&cast()[2], Revoke::new(*grant, reason).into());
                let revoke = Call::new(lead, &revoke, Ids::from_u128(9));
                commit(&handles[1], |_| {
                    let view = handles[1].grant(*grant).unwrap();
                    // A use of the same grant in the same batch goes through the fold, not past it.
                    let mut events = decide(&view, &revoke, &rules(), at(2)).unwrap();
                    events.push(used(*grant, at(2)));
                    Batch { decided_from: Some(view.revision), events, ..Batch::default() }
                });
            }
        });
    });
    let mut counted: BTreeMap<GrantId, u64> = BTreeMap::new();
    for record in journal(&*handles[0], Revision::ZERO, usize::MAX).1 {
        if let Fact::GrantUsed { grant, .. } = record.event.fact {
            *counted.entry(grant).or_default() += 1;
        }
    }
    assert_eq!(counted.values().sum::<u64>(), 6 * (1..=15).sum::<u64>() + 5);
    for grant in grants {
        let kept = handles[2].grant(grant).unwrap().grant.unwrap();
        assert_eq!((kept.uses, kept.ended.is_some()), (counted[&grant], true));
    }
    handles[3].verify().unwrap();
}

/// Each batch makes a pair; nobody ever sees half of one, and what is read together is of one revision.
pub fn readers_see_one_revision(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (writer, reader) = (place.open(), place.open());
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for pair in 0..30 {
                let mut events = submit(&cast()[1], 2 * pair + 1, at(0));
                events.extend(submit(&cast()[1], 2 * pair + 2, at(0)));
                writer.commit(&Batch { events, ..Batch::default() }).unwrap();
            }
            over.store(true, Ordering::SeqCst);
        });
        let events_each = submit(&cast()[1], 1, at(0)).len() as u64;
        for store in [&writer, &reader] {
            let over = &over;
            scope.spawn(move || {
                loop {
                    let last_look = over.load(Ordering::SeqCst);
                    let (revision, live) = live_grants(&**store, at(1));
                    assert_eq!(live.len() as u64 * events_each, revision.0);
                    assert_eq!(live.len() % 2, 0);
                    let (head, records) = journal(&**store, Revision::ZERO, usize::MAX);
                    assert_eq!(records.len() as u64, head.0);
                    assert!(head >= revision);
                    assert_eq!(store.verify().unwrap() % (2 * events_each), 0);
                    if last_look {
                        break;
                    }
                }
            });
        }
    });
}

/// However many take notices at the same time, each is planned by one.
pub fn a_notice_is_leased_to_one_worker(fixture: &dyn Fixture) {
    let (_place, handles) = queued(fixture);
    let taken = taken_once(&handles, |store| {
        let leased = store.lease_notices(at(0), at(10), 3).unwrap();
        leased
            .into_iter()
            .map(|leased| {
                assert!(store.plan_notice(leased.id, "", &[], at(0)).unwrap());
                leased.message.body.parse().unwrap()
            })
            .collect()
    });
    assert_eq!(taken, (0..MESSAGES).collect::<Vec<_>>());
}

/// However many take deliveries of one channel at the same time, each is sent by one.
pub fn a_delivery_is_leased_to_one_worker(fixture: &dyn Fixture) {
    let (_place, handles) = queued(fixture);
    for leased in handles[0].lease_notices(at(0), at(10), 99).unwrap() {
        let number: u64 = leased.message.body.parse().unwrap();
        let delivery = NewDelivery {
            id: DeliveryId::from_u128(number.into()),
            channel: "mail".to_owned(),
            recipient: Recipient::default(),
            digest: false,
            thread: None,
            next_at: at(0),
            failed: None,
        };
        handles[0].plan_notice(leased.id, "", &[delivery], at(0)).unwrap();
    }
    let taken = taken_once(&handles, |store| {
        let leased = store.lease_deliveries("mail", at(0), at(10), 3).unwrap();
        leased
            .into_iter()
            .map(|leased| {
                store.settle_delivery(leased.delivery.id, &Settled::Sent { reference: None }, at(0)).unwrap();
                u64::try_from(leased.delivery.id.as_u128()).unwrap()
            })
            .collect()
    });
    assert_eq!(taken, (0..MESSAGES).collect::<Vec<_>>());
}

const MESSAGES: u64 = 40;

/// Several handles on a store in which so many notices wait, numbered in their bodies.
fn queued(fixture: &dyn Fixture) -> (Box<dyn Place>, Vec<Arc<dyn Store>>) {
    let place = fixture.fresh();
    let handles: Vec<_> = (0..3).map(|_| place.open()).collect();
    let outbox = (0..MESSAGES).map(|number| Message::new("t", number.to_string())).collect();
    handles[0].commit(&Batch { outbox, ..Batch::default() }).unwrap();
    (place, handles)
}

/// What workers took until all of it was taken, in order.
fn taken_once(handles: &[Arc<dyn Store>], take: impl Fn(&dyn Store) -> Vec<u64> + Sync) -> Vec<u64> {
    let count = AtomicU64::new(0);
    let mut taken: Vec<u64> = thread::scope(|scope| {
        let workers: Vec<_> = (0..6)
            .map(|worker| {
                let (store, count, take) = (&handles[worker % handles.len()], &count, &take);
                scope.spawn(move || {
                    let mut taken = Vec::new();
                    while count.load(Ordering::SeqCst) < MESSAGES {
                        let new = take(&**store);
                        count.fetch_add(new.len() as u64, Ordering::SeqCst);
                        taken.extend(new);
                        thread::yield_now();
                    }
                    taken
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    taken.sort_unstable();
    taken
}
