//! Is every notice given out until it is planned, and every delivery until it is settled.

use std::sync::Arc;

use super::Fixture;
use super::world::{at, cast, submit};
use crate::model::{ChannelCount, DeliveryId, DeliveryState, Principal, Recipient, Revision, Secret, Timestamp};
use crate::store::{
    Batch, DeliveryPage, Gathers, KEY_DAYS, Leased, LeasedDelivery, Message, NOTICE_DAYS, NewDelivery, Settled, Store,
    UNSENT_DAYS,
};

const DAY: i64 = 24 * 3_600_000;

/// Oldest first; not again before the lease is over; again after it, and counted; never again once planned.
pub fn notices_are_given_out_in_order_and_until_planned(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    queue(&store, &["a", "b"]);
    queue(&store, &["c"]);
    assert_eq!(store.waiting_notices(at(0)).unwrap(), 3);

    let first = store.lease_notices(at(0), at(10), 2).unwrap();
    assert_eq!(texts(&first), ["a", "b"]);
    assert!(first.iter().all(|leased| leased.attempt == 1));
    let rest = other.lease_notices(at(0), at(20), 9).unwrap();
    assert_eq!(texts(&rest), ["c"], "what is leased is nobody else's");
    assert_eq!(texts(&other.lease_notices(at(9), at(20), 9).unwrap()), [""; 0]);
    assert_eq!(store.waiting_notices(at(0)).unwrap(), 3, "leased is not planned");

    assert!(store.plan_notice(first[0].id, "a", &[], at(1)).unwrap());
    assert!(!other.plan_notice(first[0].id, "a", &[new(1, "mail")], at(1)).unwrap(), "planned once");
    let again = other.lease_notices(at(10), at(30), 9).unwrap();
    assert_eq!((texts(&again), again[0].attempt, again[0].id), (vec!["b"], 2, first[1].id));
    let late = store.lease_notices(at(20), at(40), 9).unwrap();
    assert_eq!((texts(&late), late[0].attempt), (vec!["c"], 2), "its taker said nothing");

    queue(&store, &["d"]);
    let newest = store.lease_notices(at(20), at(40), 9).unwrap();
    assert_eq!(texts(&newest), ["d"]);
    assert!(newest[0].id > first[1].id, "later ones have higher numbers");
    assert_eq!(store.lease_notices(at(50), at(60), 0).unwrap(), vec![]);
    assert_eq!(store.deliveries(&all()).unwrap(), vec![], "none was planned for anybody");
    for nobody in [0, 999, u64::MAX] {
        assert!(!store.plan_notice(nobody, "", &[new(1, "mail")], at(0)).unwrap());
    }
}

/// Whoever comes first makes it; everybody after has the same, and each name has its own.
pub fn a_secret_is_made_once_for_all(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    let secret = |text: &str| Secret::new(text);
    assert_eq!(store.secret("links", &secret("first")).unwrap(), secret("first"));
    assert_eq!(other.secret("links", &secret("second")).unwrap(), secret("first"));
    assert_eq!(store.secret("links", &secret("third")).unwrap(), secret("first"));
    assert_eq!(other.secret("others", &secret("second")).unwrap(), secret("second"));
    let mut all = store.secrets().unwrap();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(all, [("links".to_owned(), secret("first")), ("others".to_owned(), secret("second"))]);
}

/// A notice that is due later is not given out before.
pub fn notices_wait_until_they_are_due(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let later = Message { due: Some(at(100)), ..Message::new("soon", "later") };
    store.commit(&Batch { outbox: vec![later, Message::new("k", "now")], ..Batch::default() }).unwrap();
    assert_eq!(texts(&store.lease_notices(at(99), at(200), 9).unwrap()), ["now"]);
    assert_eq!(store.waiting_notices(at(99)).unwrap(), 1);
    let due = store.lease_notices(at(100), at(200), 9).unwrap();
    assert_eq!((texts(&due), due[0].due), (vec!["later"], at(100)));
}

/// The first is due at once; while it waits it stands for all; the next one is due a while after it, and gathers what came
/// after the first was given out.
pub fn a_notice_can_gather_until_it_is_given_out(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    let used = |number: u128, key: &str, now: i64| {
        let gathers = Some(Gathers { key: key.to_owned(), apart_millis: 60 });
        let message = Message { gathers, ..Message::new("used", key) };
        let events = submit(&cast()[0], number, at(now));
        store.commit(&Batch { events, outbox: vec![message], ..Batch::default() }).unwrap();
        store.head().unwrap().revision
    };
    used(1, "g", 0);
    let second = used(2, "g", 5);
    let first = other.lease_notices(at(5), at(100), 9).unwrap();
    assert_eq!(texts(&first), ["g"], "one for both");
    assert_eq!((first[0].due, first[0].after, first[0].until), (at(0), Revision::ZERO, second));

    let third = used(3, "g", 10);
    used(4, "other", 10);
    let other_sort = store.lease_notices(at(59), at(100), 9).unwrap();
    assert_eq!(texts(&other_sort), ["other"], "another key is another sort");
    assert!(store.plan_notice(other_sort[0].id, "", &[], at(59)).unwrap());
    let last = used(5, "g", 59);
    assert!(store.plan_notice(first[0].id, "g", &[], at(59)).unwrap());
    let next = store.lease_notices(at(60), at(70), 9).unwrap();
    assert_eq!((texts(&next), next[0].due), (vec!["g"], at(60)));
    assert!((next[0].after, next[0].until) == (second, last) && second < third);
    used(6, "g", 65);
    let again = other.lease_notices(at(70), at(80), 9).unwrap();
    assert_eq!((again[0].until, again.len()), (last, 1), "what it gathers was settled when it was first given out");
    assert!(store.plan_notice(next[0].id, "g", &[], at(75)).unwrap());
    assert_eq!(texts(&store.lease_notices(at(119), at(200), 9).unwrap()), [""; 0]);
    assert_eq!(texts(&store.lease_notices(at(120), at(200), 9).unwrap()), ["g"]);
}

/// By channel; oldest first; not again before the lease is over; never again once sent. The id stays.
pub fn deliveries_are_given_out_until_settled(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    planned(
        &store,
        "body",
        &[new(1, "mail"), new(2, "mail"), NewDelivery { next_at: at(5), ..new(3, "mail") }, new(4, "chat")],
    );

    assert_eq!(ids(&store.lease_deliveries("nothing", at(9), at(10), 9).unwrap()), [0; 0]);
    let first = store.lease_deliveries("mail", at(0), at(10), 1).unwrap();
    assert_eq!(ids(&first), [1]);
    assert_eq!((first[0].body.as_str(), first[0].delivery.attempts, first[0].delivery.kind.as_str()), ("body", 1, "k"));
    assert_eq!(ids(&other.lease_deliveries("mail", at(4), at(10), 9).unwrap()), [2], "3 is not due yet");
    assert_eq!(ids(&other.lease_deliveries("mail", at(5), at(10), 9).unwrap()), [3]);
    assert_eq!(ids(&other.lease_deliveries("chat", at(5), at(10), 9).unwrap()), [4], "a channel delays only itself");

    store.settle_delivery(id(1), &Settled::Sent { reference: None }, at(6)).unwrap();
    let error = "connection refused".to_owned();
    store.settle_delivery(id(2), &Settled::RetryAt { at: at(15), error: error.clone() }, at(6)).unwrap();
    let late = other.lease_deliveries("mail", at(14), at(30), 9).unwrap();
    assert_eq!((ids(&late), late[0].delivery.attempts), (vec![3], 2), "its taker said nothing");
    let again = other.lease_deliveries("mail", at(15), at(30), 9).unwrap();
    assert_eq!((ids(&again), again[0].delivery.attempts), (vec![2], 2));
    assert_eq!(again[0].delivery.last_error.as_deref(), Some("connection refused"));

    store.settle_delivery(id(2), &Settled::Failed { error }, at(16)).unwrap();
    // A late worker's word, and a word about no delivery.
    for settled in
        [Settled::RetryAt { at: at(0), error: "late".to_owned() }, Settled::Failed { error: "late".to_owned() }]
    {
        for number in [1, 2, 99] {
            store.settle_delivery(id(number), &settled, at(17)).unwrap();
        }
    }
    let states = |number: u128| {
        let (delivery, body) = other.delivery(id(number)).unwrap().unwrap();
        assert_eq!(body, "body");
        (delivery.state, delivery.next_at, delivery.settled_at, delivery.last_error)
    };
    assert_eq!(states(1), (DeliveryState::Sent, None, Some(at(6)), None));
    assert_eq!(states(2), (DeliveryState::Failed, None, Some(at(16)), Some("connection refused".to_owned())));
    assert_eq!(ids(&store.lease_deliveries("mail", at(29), at(99), 9).unwrap()), [0; 0]);
    assert_eq!(store.delivery(id(99)).unwrap(), None);
}

/// Everything of a delivery comes back as it was planned, hostile text too.
pub fn a_delivery_comes_back_as_it_was_planned(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let text = "'\"; DROP TABLE deliveries --\n\0\u{202e}<!channel>";
    let recipient = Recipient {
        person: Some(Principal::agent("bot").unwrap()),
        address: Some(text.to_owned()),
        zone: Some("Europe/Berlin".to_owned()),
    };
    let one = NewDelivery { recipient, digest: true, thread: Some(text.to_owned()), ..new(7, text) };
    planned(&store, text, std::slice::from_ref(&one));
    let leased = store.lease_deliveries(text, at(1), at(9), 9).unwrap().remove(0);
    let delivery = &leased.delivery;
    assert_eq!((leased.body.as_str(), delivery.channel.as_str(), delivery.id), (text, text, one.id));
    assert_eq!((&delivery.recipient, delivery.digest, &delivery.thread), (&one.recipient, true, &one.thread));
    assert_eq!((delivery.made_at, delivery.next_at), (at(0), Some(at(9))));
    store.settle_delivery(one.id, &Settled::Failed { error: text.to_owned() }, at(2)).unwrap();
    assert_eq!(store.deliveries(&all()).unwrap()[0].1.last_error.as_deref(), Some(text));
    assert_eq!(store.channel_counts().unwrap()[0].channel, text);
}

/// What the channel answered to the first message of a thread comes with the later ones to the same recipient.
pub fn a_thread_remembers_its_first_answer(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let in_thread = |number: u128, thread: &str, person: Option<&str>| {
        let person = person.map(|name| Principal::user(name).unwrap());
        let recipient = Recipient { person, ..Recipient::default() };
        NewDelivery { recipient, thread: Some(thread.to_owned()), ..new(number, "chat") }
    };
    let sent = |delivery: NewDelivery, reference: Option<&str>| {
        let (id, channel) = (delivery.id, delivery.channel.clone());
        planned(&store, "b", &[delivery]);
        let leased = store.lease_deliveries(&channel, at(0), at(1), 9).unwrap().remove(0);
        let reference = reference.map(ToOwned::to_owned);
        store.settle_delivery(id, &Settled::Sent { reference }, at(0)).unwrap();
        leased.reference
    };
    assert_eq!(sent(in_thread(1, "t", None), Some("one")), None);
    assert_eq!(sent(in_thread(2, "t", None), Some("two")).as_deref(), Some("one"));
    assert_eq!(sent(in_thread(3, "t", None), None).as_deref(), Some("one"));
    assert_eq!(sent(in_thread(4, "u", None), None), None, "another thread");
    assert_eq!(sent(in_thread(5, "t", Some("ann")), None), None, "another recipient");
    let elsewhere = NewDelivery { channel: "mail".to_owned(), ..in_thread(6, "t", None) };
    assert_eq!(sent(elsewhere, None), None, "another channel");
    assert_eq!(sent(new(7, "chat"), None), None, "no thread");
}

/// Lists are newest first, select by state and channel, and join without gap or overlap; counts say the same.
pub fn deliveries_are_listed_and_counted(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let failed = |number| NewDelivery { failed: Some("no address".to_owned()), ..new(number, "mail") };
    planned(&store, "b", &[new(1, "mail"), failed(2), new(3, "chat"), new(4, "mail")]);
    store.settle_delivery(id(4), &Settled::Sent { reference: None }, at(7)).unwrap();
    planned(&store, "b", &[new(5, "mail")]);
    let listed = |page: DeliveryPage| -> Vec<u128> {
        store.deliveries(&page).unwrap().iter().map(|(_, one)| one.id.as_u128()).collect()
    };
    assert_eq!(listed(all()), [5, 4, 3, 2, 1]);
    let mail = Some("mail".to_owned());
    assert_eq!(listed(DeliveryPage { channel: mail.clone(), ..all() }), [5, 4, 2, 1]);
    assert_eq!(listed(DeliveryPage { state: Some(DeliveryState::Waiting), ..all() }), [5, 3, 1]);
    assert_eq!(listed(DeliveryPage { state: Some(DeliveryState::Failed), channel: mail, ..all() }), [2]);
    assert_eq!(listed(DeliveryPage { channel: Some("nothing".to_owned()), ..all() }), [0; 0]);
    let (mut joined, mut before) = (Vec::new(), None);
    loop {
        let page = store.deliveries(&DeliveryPage { before, limit: 2, ..DeliveryPage::default() }).unwrap();
        let Some((number, _)) = page.last() else { break };
        before = Some(*number);
        joined.extend(page.iter().map(|(_, one)| one.id.as_u128()));
    }
    assert_eq!(joined, [5, 4, 3, 2, 1]);
    let count = |channel: &str, waiting, failed, last_success| ChannelCount {
        channel: channel.to_owned(),
        waiting,
        failed,
        last_success,
    };
    assert_eq!(store.channel_counts().unwrap(), [count("chat", 1, 0, None), count("mail", 2, 1, Some(at(7)))]);
}

/// A person has a failed delivery sent again under its id, or drops it.
pub fn what_failed_is_sent_again_or_dropped(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    planned(&store, "b", &[new(1, "mail"), new(2, "mail"), new(3, "mail")]);
    for leased in store.lease_deliveries("mail", at(0), at(9), 9).unwrap() {
        store.settle_delivery(leased.delivery.id, &Settled::Failed { error: "550".to_owned() }, at(1)).unwrap();
    }
    let again = other.resend_delivery(id(1), at(20)).unwrap().unwrap();
    assert_eq!((again.state, again.attempts, again.next_at), (DeliveryState::Waiting, 0, Some(at(20))));
    assert_eq!(again.settled_at, None);
    let leased = store.lease_deliveries("mail", at(20), at(30), 9).unwrap();
    assert_eq!((ids(&leased), leased[0].delivery.attempts), (vec![1], 1));
    store.settle_delivery(id(1), &Settled::Sent { reference: None }, at(21)).unwrap();

    let dropped = other.drop_delivery(id(2), at(22)).unwrap().unwrap();
    assert_eq!((dropped.state, dropped.settled_at), (DeliveryState::Dropped, Some(at(22))));
    assert_eq!(dropped.last_error.as_deref(), Some("550"), "why it failed stays to be seen");
    assert_eq!(other.drop_delivery(id(1), at(23)).unwrap().unwrap().state, DeliveryState::Sent, "sent stays sent");
    assert_eq!(ids(&store.lease_deliveries("mail", at(99), at(100), 9).unwrap()), [0; 0]);
    assert_eq!(other.resend_delivery(id(2), at(24)).unwrap().unwrap().state, DeliveryState::Waiting);
    assert_eq!(store.resend_delivery(id(99), at(24)).unwrap(), None);
    assert_eq!(store.drop_delivery(id(99), at(24)).unwrap(), None);
}

/// What is old goes: notices with their deliveries, later those too that were not sent, and idempotency keys.
pub fn what_is_old_is_removed(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let store = place.open();
    let caller = cast()[0].principal.clone();
    let done =
        crate::store::Done { fingerprint: "f".into(), request: None, grant: None, delegation: None, ended: vec![] };
    let done = Some((caller.clone(), "k".to_owned(), done));
    store.commit(&Batch { events: submit(&cast()[0], 1, at(0)), done, ..Batch::default() }).unwrap();
    planned(&store, "sent", &[new(1, "mail")]);
    store.settle_delivery(id(1), &Settled::Sent { reference: None }, at(0)).unwrap();
    planned(&store, "failed", &[NewDelivery { failed: Some("no address".to_owned()), ..new(2, "mail") }]);
    let soon = Message { due: Some(at(UNSENT_DAYS * DAY)), ..Message::new("soon", "soon") };
    store.commit(&Batch { outbox: vec![soon], ..Batch::default() }).unwrap();
    let forget = |days: i64, more: i64| {
        while store.forget_old(at(days * DAY + more)).unwrap() > 0 {}
        let kept = store.deliveries(&all()).unwrap().iter().map(|(_, one)| one.id.as_u128()).collect::<Vec<_>>();
        (store.done_under(&caller, "k").unwrap().is_some(), kept)
    };
    assert_eq!(forget(KEY_DAYS, 0), (true, vec![2, 1]));
    assert_eq!(forget(KEY_DAYS, 1), (false, vec![2, 1]));
    assert_eq!(forget(NOTICE_DAYS, 0), (false, vec![2, 1]));
    assert_eq!(forget(NOTICE_DAYS, 1), (false, vec![2]), "what was not sent stays to be seen");
    assert_eq!(forget(UNSENT_DAYS, 0), (false, vec![2]));
    assert_eq!(forget(UNSENT_DAYS, 1), (false, vec![]));
    // Verification takes the time from the journal.
    store.commit(&Batch { events: submit(&cast()[0], 2, at(UNSENT_DAYS * DAY + 1)), ..Batch::default() }).unwrap();
    store.verify().unwrap();
    let due = store.lease_notices(at(UNSENT_DAYS * DAY), Timestamp::MAX, 9).unwrap();
    assert_eq!(texts(&due), ["soon"], "age counts from when it was due");
}

fn id(number: u128) -> DeliveryId {
    DeliveryId::from_u128(number)
}

fn new(number: u128, channel: &str) -> NewDelivery {
    NewDelivery {
        id: id(number),
        channel: channel.to_owned(),
        recipient: Recipient::default(),
        digest: false,
        thread: None,
        next_at: at(0),
        failed: None,
    }
}

fn all() -> DeliveryPage {
    DeliveryPage { limit: 99, ..DeliveryPage::default() }
}

/// Writes a notice and plans it so.
fn planned(store: &Arc<dyn Store>, body: &str, new: &[NewDelivery]) {
    if store.head().unwrap().revision == Revision::ZERO {
        store.commit(&Batch { events: submit(&cast()[0], 1, at(0)), ..Batch::default() }).unwrap();
    }
    store.commit(&Batch { outbox: vec![Message::new("k", "raw")], ..Batch::default() }).unwrap();
    let leased = store.lease_notices(at(0), at(1), 1).unwrap();
    assert!(store.plan_notice(leased[0].id, body, new, at(0)).unwrap());
}

fn queue(store: &Arc<dyn Store>, bodies: &[&str]) {
    let outbox = bodies.iter().map(|body| Message::new("k", *body)).collect();
    store.commit(&Batch { outbox, ..Batch::default() }).unwrap();
}

fn texts(leased: &[Leased]) -> Vec<&str> {
    leased.iter().map(|leased| leased.message.body.as_str()).collect()
}

fn ids(leased: &[LeasedDelivery]) -> Vec<u128> {
    leased.iter().map(|leased| leased.delivery.id.as_u128()).collect()
}
