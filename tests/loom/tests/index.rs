//! What must hold in every order.

use std::sync::Arc;

use jit_access_loom::index::{Change, GrantIndex};
use jit_access_loom::model::*;
use loom::model::Builder;
use loom::thread::{self, JoinHandle};

fn in_every_order(story: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    let preemptions = std::env::var("JIT_MODEL_PREEMPTIONS").map_or(2, |text| text.parse().expect("a number"));
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 100_000;
    let story = Arc::new(story);
    builder.check(move || {
        let story = Arc::clone(&story);
        spawn(move || story()).join().unwrap();
    });
}

/// A thread with room for what is inlined into one frame.
fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::Builder::new().stack_size(STACK_WORDS).spawn(work).unwrap()
}

const STACK_WORDS: usize = 1 << 17;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn grant(id: u128, holder: &str) -> Grant {
    Grant::new(
        GrantId::from_u128(id),
        RequestId::from_u128(id),
        Principal::user(holder).unwrap(),
        RoleName::new("role").unwrap(),
        PermissionSet::new([Permission::new("a").unwrap()]).unwrap(),
        Window::new(at(1), at(9)).unwrap(),
        Actor::Clock,
    )
}

/// Which grant gives it, and from which revision on that is known.
fn ask(index: &GrantIndex, who: &str) -> (Option<u128>, u64) {
    let (principal, action, resource) =
        (Principal::user(who).unwrap(), Action::new("a").unwrap(), Resource::everything());
    let decision = index.decide(&Query { principal: &principal, action: &action, resource: &resource }, at(5));
    (decision.basis.grant.map(|id| id.as_u128()), decision.revision.0)
}

const fn remove<'a>(id: u128) -> Change<'a> {
    Change::Remove(GrantId::from_u128(id))
}

/// Lets this writer run beside a reader.
fn beside(index: &Arc<GrantIndex>, write: impl FnOnce(&GrantIndex) + Send + 'static, read: impl FnOnce(&GrantIndex)) {
    let writer = spawn({
        let index = Arc::clone(index);
        move || write(&index)
    });
    read(index);
    writer.join().unwrap();
}

#[test]
fn changes_of_one_principal_appear_at_once() {
    in_every_order(|| {
        let index = Arc::new(GrantIndex::new());
        index.replace(Revision(1), &[grant(1, "p")]);
        beside(
            &index,
            |index| index.publish(Revision(2), [remove(1), Change::Add(&grant(2, "p"))]),
            |index| {
                let (given, revision) = ask(index, "p");
                assert!(given == Some(1) && revision == 1 || given == Some(2), "{given:?} at {revision}");
            },
        );
        assert_eq!(ask(&index, "p"), (Some(2), 2));
    });
}

#[test]
fn nobody_is_given_what_another_holds() {
    in_every_order(|| {
        let index = Arc::new(GrantIndex::new());
        index.replace(Revision(1), &[grant(1, "p")]);
        beside(
            &index,
            |index| {
                // The second and third change take the memory that the ones before have left.
                index.publish(Revision(2), [remove(1)]);
                index.publish(Revision(3), [Change::Add(&grant(2, "q"))]);
                index.publish(Revision(4), [Change::Add(&grant(3, "r"))]);
            },
            |index| {
                let (given, revision) = ask(index, "p");
                assert!(given.is_none() || given == Some(1) && revision == 1, "{given:?} at {revision}");
            },
        );
        assert_eq!((ask(&index, "p").0, ask(&index, "q").0, ask(&index, "r").0), (None, Some(2), Some(3)));
    });
}

#[test]
fn a_table_that_grows_loses_nobody() {
    in_every_order(|| {
        let index = Arc::new(GrantIndex::new());
        let all: Vec<_> = (0..10).map(|n| grant(n, &format!("p{n}"))).collect();
        index.replace(Revision(1), &all);
        beside(
            &index,
            |index| {
                let more: Vec<_> = (10..24).map(|n| grant(n, &format!("p{n}"))).collect();
                index.publish(Revision(2), more.iter().map(Change::Add));
            },
            |index| assert_eq!(ask(index, "p3").0, Some(3)),
        );
        assert_eq!(ask(&index, "p20"), (Some(20), 2));
    });
}

#[test]
fn all_is_replaced_at_once() {
    in_every_order(|| {
        let index = Arc::new(GrantIndex::new());
        index.replace(Revision(1), &[grant(1, "p")]);
        beside(
            &index,
            |index| {
                index.replace(Revision(2), &[grant(2, "p")]);
                index.replace(Revision(3), &[grant(3, "p")]);
            },
            |index| {
                let (given, revision) = ask(index, "p");
                assert!(given.is_some_and(|id| u64::try_from(id).unwrap() >= revision), "{given:?} at {revision}");
            },
        );
    });
}

#[test]
fn an_answer_is_no_older_than_a_revision_seen_before() {
    in_every_order(|| {
        let index = Arc::new(GrantIndex::new());
        index.replace(Revision(1), &[grant(1, "p")]);
        beside(
            &index,
            |index| index.publish(Revision(2), [remove(1)]),
            |index| {
                let seen = index.revision();
                let (given, revision) = ask(index, "p");
                assert!(revision >= seen.0);
                assert!(seen < Revision(2) || given.is_none(), "revoked, and given");
            },
        );
    });
}
