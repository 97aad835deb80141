//! Is a command done once under one idempotency key.

use super::Fixture;
use super::world::{at, cast, submit};
use crate::model::{DelegationId, GrantId, Principal, RequestId, Timestamp};
use crate::store::{Batch, Done, StoreError};

/// The second command under a key is refused, and what the first one did can be looked up; also when it did nothing.
pub fn a_command_is_done_once_under_one_key(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let caller = cast()[0].principal.clone();
    let first = Done {
        fingerprint: "one".to_owned(),
        request: Some(RequestId::from_u128(1)),
        grant: Some(GrantId::from_u128(u128::MAX)),
        delegation: Some(DelegationId::from_u128(2)),
        ended: vec![GrantId::from_u128(3), GrantId::from_u128(4)],
    };
    store.commit(&batch(&caller, "k", &first, 1, at(0))).unwrap();
    let second = Done { fingerprint: "two".to_owned(), request: None, grant: None, delegation: None, ended: vec![] };
    assert!(matches!(store.commit(&batch(&caller, "k", &second, 2, at(1))), Err(StoreError::KeyTaken)));
    assert_eq!(store.done_under(&caller, "k").unwrap(), Some(first));

    let nothing = Batch { done: Some((caller.clone(), "n".to_owned(), second.clone())), ..Batch::default() };
    store.commit(&nothing).unwrap();
    assert_eq!(store.done_under(&caller, "n").unwrap(), Some(second));
    assert!(matches!(store.commit(&nothing), Err(StoreError::KeyTaken)));
}

/// The same key of another caller is another key; an agent of a person's name is another caller.
pub fn keys_belong_to_their_caller(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let people = [Principal::user("ann").unwrap(), Principal::agent("ann").unwrap(), Principal::user("anna").unwrap()];
    for (number, caller) in (1..).zip(&people) {
        let done =
            Done { fingerprint: number.to_string(), request: None, grant: None, delegation: None, ended: vec![] };
        store.commit(&batch(caller, "k", &done, number, at(0))).unwrap();
        store.commit(&batch(caller, "", &done, number + 100, at(0))).unwrap();
    }
    for (number, caller) in (1..).zip(&people) {
        let number: u32 = number;
        assert_eq!(store.done_under(caller, "k").unwrap().unwrap().fingerprint, number.to_string());
        assert_eq!(store.done_under(caller, "").unwrap().unwrap().fingerprint, number.to_string());
        assert_eq!(store.done_under(caller, "K").unwrap(), None);
    }
}

/// A key is still known a day later, however many others came after it.
pub fn keys_are_kept_for_a_day(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let caller = cast()[0].principal.clone();
    let done = Done { fingerprint: "f".to_owned(), request: None, grant: None, delegation: None, ended: vec![] };
    for hour in 0..=24 {
        let now = at(hour * 3_600_000);
        store.commit(&batch(&caller, &format!("k{hour}"), &done, u128::try_from(hour).unwrap() + 1, now)).unwrap();
    }
    for hour in 0..=24 {
        assert!(store.done_under(&caller, &format!("k{hour}")).unwrap().is_some(), "the key of hour {hour}");
    }
}

fn batch(caller: &Principal, key: &str, done: &Done, number: u128, now: Timestamp) -> Batch {
    Batch {
        events: submit(&cast()[0], number, now),
        done: Some((caller.clone(), key.to_owned(), done.clone())),
        ..Batch::default()
    }
}
