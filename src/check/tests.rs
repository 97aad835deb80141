//! What a check answers when the state cannot be shown to be current.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::clock::{ManualClock, SteadyTime};
use crate::model::*;
use crate::store::{Head, Lineage, Live, MemoryStore, StoreError};
use crate::workflow::{Rules, Use, View};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis).unwrap()
}

/// An engine whose store can be reached, or not.
#[derive(Debug)]
struct Upstream {
    state: Arc<CheckState>,
    clock: Arc<ManualClock>,
    is_reachable: AtomicBool,
    takes_uses: AtomicBool,
    syncs: AtomicUsize,
}

impl KeepsCurrent for Upstream {
    fn sync(&self) -> Result<Revision, StoreError> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        if !self.is_reachable.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable { doing: "reading", source: "unreachable".into() });
        }
        self.state.prove(self.state.time.now());
        Ok(self.state.index.revision())
    }

    fn held_for(&self, _: &Principal, _: &Principal, _: Timestamp) -> Result<View, StoreError> {
        self.sync().map(|_| View::default())
    }

    fn write_uses(&self, uses: &mut Vec<Event>) -> Result<(), StoreError> {
        if !self.takes_uses.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable { doing: "writing", source: "the disk is full".into() });
        }
        uses.clear();
        Ok(())
    }

    fn look_offline(&self) {}

    fn use_offline(&self, _: GrantId, _: Use, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn use_grant(&self, _: GrantId, _: Use, _: Timestamp) -> Result<bool, StoreError> {
        Ok(false)
    }
}

fn world(conditions: Conditions) -> (Decider, Arc<Upstream>) {
    let clock = Arc::new(ManualClock::at(at(0)));
    let time = Arc::new(SteadyTime::new(Arc::clone(&clock) as Arc<dyn crate::clock::Clock>, at(0)));
    let (store, rules) = (Arc::new(MemoryStore::new()), Arc::new(Rules::default()));
    let state = Arc::new(CheckState::new(store, rules, time, Duration::from_secs(2), 16, false));
    let grant = Grant {
        id: GrantId::from_u128(1),
        request: RequestId::from_u128(1),
        holder: Principal::user("dev").unwrap(),
        holder_normal_roles: Vec::new(),
        role: RoleName::new("role").unwrap(),
        permissions: PermissionSet::new([Permission::new("tools.read").unwrap()]).unwrap(),
        scope: Scope::ANY,
        window: Window::new(at(0), at(100_000)).unwrap(),
        details: crate::model::Details::default(),
        approver_roles: Vec::new(),
        approved_by: Actor::Clock,
        earlier_approvers: Vec::new(),
        approved_at: at(0),
        break_glass: None,
        holder_acts_for: None,
        conditions,
        suspended: None,
        ended: None,
        noted: Noted::default(),
        extends: None,
        uses: 0,
    };
    let head = Head { revision: Revision(1), ..Head::new(Lineage::random()) };
    let live = Live::of(head, vec![grant]);
    state.projections().into_iter().for_each(|one| one.load(&live, Revision(1)));
    state.prove(at(0));
    let upstream = Arc::new(Upstream {
        state: Arc::clone(&state),
        clock,
        is_reachable: AtomicBool::new(false),
        takes_uses: AtomicBool::new(true),
        syncs: AtomicUsize::new(0),
    });
    (Decider::new(state, Arc::clone(&upstream) as Arc<dyn KeepsCurrent>), upstream)
}

fn reason(decider: &Decider, who: &str, how: impl Fn(Check<'static>) -> Check<'static>) -> Reason {
    let who: &'static str = if who == "dev" { "dev" } else { "nobody" };
    let decision = decider.check(&how(Check::text((PrincipalKind::User, who), "tools.read", None, None))).unwrap();
    assert_eq!(decision.outcome == Outcome::Allow, decision.basis.reason == Reason::Granted);
    decision.basis.reason
}

#[test]
fn old_state_allows_nothing_until_the_store_answers() {
    let (decider, upstream) = world(Conditions::default());
    let check = |who| reason(&decider, who, |check| check);
    assert_eq!(check("dev"), Reason::Granted);
    assert_eq!(upstream.syncs.load(Ordering::Relaxed), 0, "the proof is young");
    upstream.clock.advance(2_001);
    assert_eq!((check("dev"), check("nobody")), (Reason::Stale, Reason::NoGrant));
    upstream.is_reachable.store(true, Ordering::Relaxed);
    assert_eq!(check("dev"), Reason::Granted);
    // A failed catch-up after a commit of this process takes the proof away.
    upstream.state.doubt();
    upstream.is_reachable.store(false, Ordering::Relaxed);
    assert_eq!(check("dev"), Reason::Stale);
}

#[test]
fn a_current_check_needs_the_store() {
    let (decider, upstream) = world(Conditions::default());
    for who in ["dev", "nobody"] {
        assert_eq!(reason(&decider, who, Check::current), Reason::Stale);
        assert_eq!(reason(&decider, who, |check| check.current().peek()), Reason::Stale);
    }
    let check = Check::text((PrincipalKind::User, "dev"), "tools.read", None, None).current();
    let all = decider.check_many([check, check]).unwrap();
    assert!(all.len() == 2 && all.iter().all(|decision| decision.basis.reason == Reason::Stale));
    assert_eq!(decider.peek_in_memory(&check).unwrap(), None);
    upstream.is_reachable.store(true, Ordering::Relaxed);
    assert_eq!(reason(&decider, "dev", Check::current), Reason::Granted);
}

#[test]
fn conditions_are_judged_on_current_state_only() {
    let (decider, upstream) =
        world(Conditions { session: Some(SessionId::new("s").unwrap()), ..Conditions::default() });
    assert_eq!(reason(&decider, "dev", |check| check), Reason::OtherSession);
    upstream.clock.advance(2_001);
    assert_eq!(reason(&decider, "dev", |check| check), Reason::Stale);
    upstream.is_reachable.store(true, Ordering::Relaxed);
    assert_eq!(reason(&decider, "dev", |check| check), Reason::OtherSession);
}

#[test]
fn a_grant_that_the_store_does_not_know_is_not_used() {
    // Numbered uses are committed first, and the store of this world has no such grant.
    let conditions = Conditions { max_uses: std::num::NonZeroU32::new(1), ..Conditions::default() };
    let (decider, upstream) = world(conditions);
    assert_eq!(reason(&decider, "dev", Check::peek), Reason::Granted);
    assert_eq!(reason(&decider, "dev", |check| check), Reason::Stale, "the refresh after it fails");
    upstream.is_reachable.store(true, Ordering::Relaxed);
    assert_eq!(reason(&decider, "dev", |check| check), Reason::NoGrant);
}

/// The queue of this world takes sixteen uses; the one after them has to write first.
#[test]
fn a_use_that_cannot_be_recorded_is_not_allowed() {
    let (decider, upstream) = world(Conditions::default());
    upstream.takes_uses.store(false, Ordering::Relaxed);
    let check = || reason(&decider, "dev", |check| check);
    let answers: Vec<Reason> = (0..40).map(|_| check()).collect();
    let allowed = answers.iter().filter(|reason| **reason == Reason::Granted).count();
    assert!((1..40).contains(&allowed), "the queue is bounded: {allowed}");
    assert!(answers[allowed..].iter().all(|reason| *reason == Reason::Unrecordable), "{answers:?}");
    assert_eq!(reason(&decider, "dev", Check::peek), Reason::Granted, "a look needs no record");
    assert_eq!(reason(&decider, "nobody", |check| check), Reason::NoGrant);
    assert_eq!(upstream.state.not_honoured(), (0, 40 - allowed as u64), "it is counted");
    upstream.takes_uses.store(true, Ordering::Relaxed);
    assert_eq!(check(), Reason::Granted, "as soon as it can be");
}

#[test]
fn a_check_that_a_condition_denies_leaves_a_trace_and_a_look_leaves_none() {
    let session = Conditions { session: Some(SessionId::new("s").unwrap()), ..Conditions::default() };
    let (decider, upstream) = world(session);
    assert_eq!(reason(&decider, "dev", Check::peek), Reason::OtherSession);
    assert_eq!(reason(&decider, "nobody", |check| check), Reason::NoGrant);
    let left = || {
        let mut left = Vec::new();
        let flushed = upstream.state.refused.flush(|all| {
            left = all.to_vec();
            Ok::<_, ()>(())
        });
        assert_eq!(flushed, Ok(0));
        left
    };
    assert_eq!(left(), vec![]);
    for _ in 0..3 {
        assert_eq!(reason(&decider, "dev", |check| check), Reason::OtherSession);
    }
    let [one] = &left()[..] else { panic!("one row") };
    assert_eq!((one.attempt.as_str(), one.code.as_str(), one.count), ("check", "other_session", 3));
    assert_eq!(one.about, "tools.read on *");
}
