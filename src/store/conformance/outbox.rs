//! Is every message given out until it is settled.

use std::sync::Arc;

use super::Fixture;
use super::world::at;
use crate::store::{Batch, Delivery, Leased, Message, Store};

/// Oldest first; not again before the lease is over; again after it, and counted; never again once delivered.
pub fn messages_are_given_out_in_order_and_until_settled(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    queue(&store, &["a", "b"]);
    queue(&store, &["c"]);

    let first = store.lease_outbox(at(0), at(10), 2).unwrap();
    assert_eq!(texts(&first), ["a", "b"]);
    assert!(first.iter().all(|leased| leased.attempt == 1));
    let rest = other.lease_outbox(at(0), at(20), 9).unwrap();
    assert_eq!(texts(&rest), ["c"], "what is leased is nobody else's");
    assert_eq!(texts(&other.lease_outbox(at(9), at(20), 9).unwrap()), [""; 0]);

    store.settle_outbox(first[0].id, Delivery::Delivered).unwrap();
    store.settle_outbox(first[1].id, Delivery::RetryAt(at(15))).unwrap();
    assert_eq!(texts(&other.lease_outbox(at(14), at(30), 9).unwrap()), [""; 0]);
    let again = other.lease_outbox(at(15), at(30), 9).unwrap();
    assert_eq!((texts(&again), again[0].attempt, again[0].id), (vec!["b"], 2, first[1].id));
    let late = store.lease_outbox(at(20), at(40), 9).unwrap();
    assert_eq!((texts(&late), late[0].attempt), (vec!["c"], 2), "its taker said nothing");

    queue(&store, &["d"]);
    let new = store.lease_outbox(at(20), at(40), 9).unwrap();
    assert_eq!(texts(&new), ["d"]);
    assert!(new[0].id != first[0].id, "the id of a delivered message names no other one");
    assert_eq!(store.lease_outbox(at(50), at(60), 0).unwrap(), vec![]);
}

/// A message that is given up is not given out again.
pub fn what_cannot_be_delivered_is_not_given_out_again(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    queue(&store, &["a", "b"]);
    let leased = store.lease_outbox(at(0), at(1), 9).unwrap();
    store.settle_outbox(leased[0].id, Delivery::Undeliverable).unwrap();
    assert_eq!(texts(&store.lease_outbox(at(100), at(101), 9).unwrap()), ["b"]);
    store.settle_outbox(leased[0].id, Delivery::RetryAt(at(0))).unwrap();
    assert_eq!(texts(&store.lease_outbox(at(200), at(201), 9).unwrap()), ["b"], "given up stays given up");
}

/// A late worker's second word, and a word about no message, change nothing.
pub fn settling_twice_does_no_harm(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    queue(&store, &["a", "b"]);
    let leased = store.lease_outbox(at(0), at(1), 9).unwrap();
    for delivery in [Delivery::Delivered, Delivery::Delivered, Delivery::RetryAt(at(0)), Delivery::Undeliverable] {
        store.settle_outbox(leased[0].id, delivery).unwrap();
    }
    for nobody in [0, 999, u64::MAX] {
        store.settle_outbox(nobody, Delivery::Delivered).unwrap();
    }
    assert_eq!(texts(&store.lease_outbox(at(100), at(101), 9).unwrap()), ["b"]);
}

fn queue(store: &Arc<dyn Store>, bodies: &[&str]) {
    let message = |body: &&str| Message { topic: "t".to_owned(), body: (*body).to_owned() };
    store.commit(&Batch { outbox: bodies.iter().map(message).collect(), ..Batch::default() }).unwrap();
}

fn texts(leased: &[Leased]) -> Vec<&str> {
    leased.iter().map(|leased| leased.message.body.as_str()).collect()
}
