//! Is a batch written whole, or not at all.

use super::Fixture;
use super::world::{
    at, cast, changes, everything, granted, has_grown, journal, live_grants, minutes, role, rules, submit, used,
};
use crate::command::{Revoke, Submit};
use crate::journal::Hash;
use crate::model::{
    Actor, Delegation, DelegationId, Event, Fact, GrantId, Justification, Principal, RequestId, RequestState, Revision,
    Scope, Timestamp, Window,
};
use crate::store::{Batch, Done, Head, Message, Store, StoreError};
use crate::workflow::{Call, Ids, View, decide};

/// A store that nothing was written to is empty, and whole.
pub fn a_new_store_is_empty(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let empty = Head::new(store.head().unwrap().lineage);
    assert_eq!(store.head().unwrap(), empty);
    assert!(!has_grown(&*store, Revision::ZERO));
    assert_eq!(journal(&*store, Revision::ZERO, 10), (Revision::ZERO, vec![]));
    assert_eq!(changes(&*store, Revision::ZERO, 10), (Revision::ZERO, vec![]));
    assert_eq!(live_grants(&*store, at(0)), (Revision::ZERO, vec![]));
    assert_eq!(store.request(RequestId::from_u128(1)).unwrap(), View::default());
    assert_eq!(store.grant(GrantId::from_u128(1)).unwrap(), View::default());
    assert_eq!(store.due(Timestamp::MAX, 10).unwrap(), vec![]);
    assert_eq!(store.next_due().unwrap(), None);
    assert_eq!(store.lease_notices(at(0), at(1), 10).unwrap(), vec![]);
    assert_eq!(everything(&*store, at(0)), (vec![], vec![]));
    assert_eq!(store.verify().unwrap(), 0);
    assert_eq!(store.commit(&Batch::default()).unwrap(), vec![]);
    assert_eq!(store.head().unwrap(), empty);
}

/// Events, rows, messages and key are all there once the commit has returned, and every handle sees them.
pub fn a_batch_is_written_whole(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    let batch = full_batch(&*store, 1, "k");
    let records = store.commit(&batch).unwrap();
    let last = records.last().unwrap();
    for store in [&store, &other] {
        let head = store.head().unwrap();
        assert_eq!((head.revision, head.hash, head.at), (last.revision, last.hash, at(5)));
        assert_eq!(head.changed, last.revision);
        assert_eq!(journal(&**store, Revision::ZERO, 100), (head.revision, records.clone()));
        let view = store.request(RequestId::from_u128(1)).unwrap();
        assert_eq!(view.revision, head.revision);
        assert_eq!(view.request.as_ref().unwrap().state, RequestState::Approved);
        assert_eq!(store.grant(GrantId::from_u128(1)).unwrap(), view);
        assert!(store.done_under(&cast()[1].principal, "k").unwrap().is_some());
        assert_eq!(store.verify().unwrap(), head.revision.0);
    }
    assert_eq!(other.lease_notices(at(6), at(7), 10).unwrap().len(), 2);
}

/// Whatever the reason of the refusal, nothing of the batch is there: no event, row, message or key.
pub fn a_refused_batch_leaves_nothing(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    store.commit(&full_batch(&*store, 1, "taken")).unwrap();
    while let Some(leased) = store.lease_notices(at(9), at(9), 1).unwrap().first() {
        store.plan_notice(leased.id, "", &[], at(9)).unwrap();
    }
    let before = (store.head().unwrap(), everything(&*store, at(9)));

    let conflicting = Batch { decided_from: Some(Revision::ZERO), ..full_batch(&*store, 2, "free") };
    assert!(matches!(store.commit(&conflicting), Err(StoreError::Conflict)));
    let again = full_batch(&*store, 2, "taken");
    assert!(matches!(store.commit(&again), Err(StoreError::KeyTaken)));

    assert_eq!((store.head().unwrap(), everything(&*store, at(9))), before);
    assert_eq!(store.request(RequestId::from_u128(2)).unwrap().request, None);
    assert_eq!(store.done_under(&cast()[1].principal, "free").unwrap(), None);
    assert_eq!(store.lease_notices(at(9), at(10), 10).unwrap(), vec![]);
    assert!(!has_grown(&*store, before.0.revision));
    assert_eq!(store.verify().unwrap(), before.0.revision.0);
}

/// A second request, grant or delegation under an id that is taken is refused, and changes nothing of the first.
pub fn an_id_is_given_once(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let first = Batch { events: submit(&cast()[1], 1, at(0)), ..Batch::default() };
    store.commit(&first).unwrap();
    let lent = Delegation {
        id: DelegationId::from_u128(1),
        delegator: cast()[2].principal.clone(),
        delegate: cast()[1].principal.clone(),
        roles: vec![role("lead")],
        window: Window::new(at(0), at(9)).unwrap(),
        reason: Justification::new("away").unwrap(),
        created_at: at(0),
        ended: None,
    };
    let delegation =
        Event { at: at(0), by: Actor::Principal(lent.delegator.clone()), fact: Fact::RolesDelegated(Box::new(lent)) };
    store.commit(&Batch { events: vec![delegation.clone()], ..Batch::default() }).unwrap();
    let before = (store.head().unwrap(), everything(&*store, at(1)));

    let theirs = submit(&cast()[1], 1, at(1));
    let of_kind = |name: &str| theirs.iter().find(|event| event.fact.name() == name).unwrap().clone();
    let other = submit(&cast()[1], 2, at(1));
    let in_one_batch = other.iter().chain(&other).cloned().collect();
    for events in [
        vec![of_kind("request_submitted")],
        vec![of_kind("grant_created")],
        vec![delegation],
        theirs.clone(),
        in_one_batch,
    ] {
        let refused = store.commit(&Batch { events, ..Batch::default() });
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        assert_eq!((store.head().unwrap(), everything(&*store, at(1))), before);
    }
    store.verify().unwrap();
    store.commit(&Batch { events: other, ..Batch::default() }).unwrap();
}

/// Every record follows the one before it, whichever handle wrote that.
pub fn records_continue_the_chain(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let stores = [place.open(), place.open(), place.open()];
    let mut last = (Revision::ZERO, Hash::GENESIS);
    for number in 1..=12 {
        let store = &stores[usize::try_from(number).unwrap() % stores.len()];
        let events = submit(&cast()[usize::try_from(number).unwrap() % 2], number, at(5));
        let from = store.head().unwrap().revision;
        for record in store.commit(&Batch { decided_from: Some(from), events, ..Batch::default() }).unwrap() {
            assert_eq!((record.revision, record.previous), (last.0.next(), last.1));
            last = (record.revision, record.hash);
        }
        for store in &stores {
            assert!(has_grown(&**store, from));
            assert!(!has_grown(&**store, last.0));
        }
    }
    assert_eq!(stores[0].verify().unwrap(), last.0.0);
}

/// A commit whose decision may rest on what is no longer so is refused; any later decision is not.
pub fn what_was_decided_from_old_state_conflicts(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (one, two) = (place.open(), place.open());
    let old = one.head().unwrap().revision;
    granted(&*one, 1, at(0));
    let head = two.head().unwrap();
    for from in old.0..head.changed.0 {
        let events = submit(&cast()[0], 2, at(1));
        let batch = Batch { decided_from: Some(Revision(from)), events, ..Batch::default() };
        assert!(matches!(two.commit(&batch), Err(StoreError::Conflict)), "decided from {from}");
    }
    let events = submit(&cast()[0], 2, at(1));
    two.commit(&Batch { decided_from: Some(head.changed), events, ..Batch::default() }).unwrap();
}

/// Uses change no state: they are written whatever was decided meanwhile, and nothing decided conflicts with them.
pub fn uses_neither_cause_nor_meet_conflicts(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let grant = granted(&*store, 1, at(0));
    let before = store.head().unwrap();
    let uses = Batch { events: vec![used(grant.id, at(1)), used(grant.id, at(2))], ..Batch::default() };
    store.commit(&uses).unwrap();
    let after = store.head().unwrap();
    assert_eq!((after.changed, after.revision.0), (before.changed, before.revision.0 + 2));
    assert_eq!(changes(&*store, before.revision, 10), (after.revision, vec![]));

    let view = View { revision: before.revision, ..store.grant(grant.id).unwrap() };
    let reason = Justification::new("over").unwrap();
    let revoke = Revoke::new(grant.id, reason).into();
    let events = decide(&view, &Call::new(&cast()[2], &revoke, Ids::from_u128(9)), &rules(), at(3)).unwrap();
    store.commit(&Batch { decided_from: Some(before.revision), events, ..Batch::default() }).unwrap();
    store.commit(&uses).unwrap();

    let ended = store.grant(grant.id).unwrap().grant.unwrap();
    assert_eq!((ended.uses, ended.ended.is_some()), (4, true));
    assert_eq!(store.head().unwrap().at, at(3), "the latest instant, not the last");
    store.verify().unwrap();
}

/// A revision that the journal has not reached can only have been read from another journal.
pub fn what_was_decided_from_a_revision_not_yet_written_is_refused(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let head = store.head().unwrap();
    let events = submit(&cast()[0], 1, at(0));
    let batch = Batch { decided_from: Some(head.revision.next()), events, ..Batch::default() };
    assert!(matches!(store.commit(&batch), Err(StoreError::Corrupt(_))));
    assert_eq!(store.head().unwrap(), head);
}

/// Quotes, look-alikes and long text are data.
pub fn hostile_text_comes_back_as_it_was_written(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let texts = ["'; DROP TABLE journal; --", "\"\\u0000\"", "🦀 \u{fe0f}x", "a\r\n\tb", &"x".repeat(4_000)];
    for (number, text) in (1..).zip(texts) {
        let caller = crate::model::Caller {
            principal: Principal::user(&format!("o'{number}\"%_\\@example.com")).unwrap(),
            roles: vec![role("on-call"), role("a'b\"c%_")],
            permissions: Some(vec![crate::model::Permission::new("logs:*").unwrap()]),
            acts_for: Some(Principal::user(&format!("o'{number}")).unwrap()),
            sign_in: None,
        };
        let command = Submit::new(role("deploy'er \""))
            .duration(minutes(5))
            .resource(Scope::one("tool", &text.replace(char::is_control, " ")[..text.len().min(2_000)]).unwrap())
            .reason(Justification::new(text).unwrap());
        let command = command.into();
        let call = Call::new(&caller, &command, Ids::from_u128(number));
        let events = decide(&View::default(), &call, &rules(), at(0)).unwrap();
        let key = format!("{text}\0key");
        let done = Done {
            fingerprint: text.to_owned(),
            request: Some(RequestId::from_u128(number)),
            grant: None,
            delegation: None,
            ended: vec![],
        };
        let outbox = vec![Message::new(text, text)];
        let done = Some((caller.principal.clone(), key.clone(), done));
        store.commit(&Batch { decided_from: None, events, outbox: outbox.clone(), done: done.clone() }).unwrap();
        let view = store.grant(GrantId::from_u128(number)).unwrap();
        assert_eq!(view.request.unwrap().requester, caller.principal);
        assert_eq!(view.grant.unwrap().details.justification, Some(Justification::new(text).unwrap()));
        assert_eq!(store.done_under(&caller.principal, &key).unwrap(), done.map(|(_, _, done)| done));
        assert_eq!(store.done_under(&caller.principal, &format!("{text}\0")).unwrap(), None);
        let leased = store.lease_notices(at(number.try_into().unwrap()), Timestamp::MAX, 1).unwrap().remove(0).message;
        assert_eq!((&leased.kind, &leased.body), (&outbox[0].kind, &outbox[0].body));
    }
    store.verify().unwrap();
}

/// A batch with something of everything, decided from the present.
fn full_batch(store: &dyn Store, number: u128, key: &str) -> Batch {
    let caller = &cast()[1];
    let message = |topic: &str| Message::new(topic, "{}");
    Batch {
        decided_from: Some(store.head().unwrap().revision),
        events: submit(caller, number, at(5)),
        outbox: vec![message("mail"), message("chat")],
        done: Some((
            caller.principal.clone(),
            key.to_owned(),
            Done {
                fingerprint: "f".to_owned(),
                request: Some(RequestId::from_u128(number)),
                grant: None,
                delegation: None,
                ended: vec![],
            },
        )),
    }
}
