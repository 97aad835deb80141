//! Are refused attempts counted together, listed, and kept for a while.

use std::sync::Arc;

use super::Fixture;
use crate::model::{Principal, Refused, Timestamp};
use crate::store::{REFUSAL_DAYS, RefusalPage, Store};

const HOUR: i64 = 3_600_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn refused(name: &str, attempt: &str, code: &str, millis: i64) -> Refused {
    let about = format!("about {millis}");
    Refused::new((Principal::user(name).unwrap(), None), attempt, code, at(millis)).about(&about, "a \0 'sentence'")
}

fn all() -> RefusalPage {
    RefusalPage { limit: 99, ..RefusalPage::default() }
}

fn listed(store: &Arc<dyn Store>, page: &RefusalPage) -> Vec<(String, String, u64)> {
    let told = |one: Refused| (one.principal.to_string(), one.about, one.count);
    store.refusals(page).unwrap().into_iter().map(|(_, one)| told(one)).collect()
}

/// Those that are alike are one row, whichever handle adds them; they are listed newest first, and are no part of the journal.
pub fn what_was_refused_is_counted_listed_and_forgotten(fixture: &dyn Fixture) {
    let place = fixture.fresh();
    let (store, other) = (place.open(), place.open());
    assert_eq!(store.refusals(&all()).unwrap(), vec![]);
    store.add_refusals(&[]).unwrap();
    store.add_refusals(&[refused("dev", "approve", "a", 2), refused("eve", "approve", "a", 1)]).unwrap();
    other.add_refusals(&[refused("dev", "approve", "a", HOUR - 1), refused("dev", "deny", "a", 5)]).unwrap();
    store.add_refusals(&[refused("dev", "approve", "a", 1), refused("dev", "approve", "a", HOUR)]).unwrap();
    let row = |name: &str, about: &str, count| (name.to_owned(), about.to_owned(), count);
    let everything = [
        row("dev", &format!("about {HOUR}"), 1),
        row("dev", "about 5", 1),
        row("eve", "about 1", 1),
        row("dev", &format!("about {}", HOUR - 1), 3),
    ];
    for handle in [&store, &other] {
        assert_eq!(listed(handle, &all()), everything, "the last one says what it was about");
    }
    let first = store.refusals(&all()).unwrap().pop().unwrap().1;
    assert_eq!((first.first_at, first.last_at, first.message.as_str()), (at(1), at(HOUR - 1), "a \0 'sentence'"));
    assert_eq!((first.attempt.as_str(), first.code.as_str(), first.acts_for), ("approve", "a", None));

    let numbers: Vec<u64> = store.refusals(&all()).unwrap().into_iter().map(|(number, _)| number).collect();
    assert!(numbers.is_sorted_by(|one, next| one > next), "{numbers:?}");
    let page = RefusalPage { before: Some(numbers[1]), limit: 1, ..all() };
    assert_eq!(listed(&store, &page), everything[2..3]);
    assert_eq!(listed(&store, &RefusalPage { attempt: Some("deny".into()), ..all() }), everything[1..2]);
    assert_eq!(listed(&store, &RefusalPage { code: Some("none".into()), ..all() }), []);

    let dev = Principal::user("dev").unwrap();
    let bot = Refused::new((Principal::agent("dev").unwrap(), None), "approve", "a", at(1));
    let of_dev = Refused::new((Principal::agent("bot").unwrap(), Some(dev.clone())), "approve", "a", at(1));
    store.add_refusals(&[bot, of_dev]).unwrap();
    let of = |who: &Principal| {
        let page = RefusalPage { principal: Some(who.clone()), ..all() };
        listed(&store, &page).into_iter().map(|(name, ..)| name).collect::<Vec<_>>()
    };
    assert_eq!(
        of(&dev),
        ["agent:bot", "dev", "dev", "dev"],
        "with agents that act for them, and no agent of that name"
    );
    assert_eq!(of(&Principal::agent("dev").unwrap()), ["agent:dev"]);

    assert_eq!((store.head().unwrap().revision.0, store.verify().unwrap()), (0, 0), "no record");
    let day = 24 * HOUR;
    assert_eq!(store.forget_old(at(REFUSAL_DAYS * day)).unwrap(), 0);
    while store.forget_old(at(REFUSAL_DAYS * day + HOUR)).unwrap() > 0 {}
    assert_eq!(listed(&store, &all()), everything[..1]);
}
