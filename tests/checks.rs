//! A check along the path of a host: text, a decider, state loaded from the store or followed change by change, grants with
//! and without conditions side by side. Outcome, reason, grant and `valid_until` are compared with a plain scan.

use std::net::IpAddr;
use std::sync::Arc;

use jit_access::check::{Check, Decider};
use jit_access::clock::ManualClock;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::{Batch, MemoryStore, Store};
use jit_access::workflow::Rules;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1_000).unwrap()
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) as usize) % below
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

const PEOPLE: [&str; 3] = ["dev@example.com", "ops@example.com", "a-person-with-a-name-longer-than-a-line@example.com"];
/// As they are written in checks: one name in its canonical form, others not, and one who never has a grant.
const WRITTEN: [&str; 5] = [
    "dev@example.com",
    "Dev@EXAMPLE.com",
    " ops@example.com ",
    "a-person-with-a-name-longer-than-a-line@example.com",
    "nobody@example.com",
];
const SCOPES: [&str; 6] = ["*", "tool", "tool:deploy", "server:s1", "tool@server:s1", "prompt:deploy"];
const RESOURCES: [(&str, Option<&str>); 5] = [
    ("tool:deploy", None),
    ("tool:deploy", Some("server:s1")),
    ("tool:build", Some("server:s2")),
    ("prompt:deploy", Some("server:s1")),
    ("server:s1", None),
];
const ADDRESSES: [&str; 2] = ["10.1.2.3", "192.0.2.1"];

fn action(n: usize) -> String {
    format!("area{}.section.verb{n}", n % 3)
}

fn permissions(dice: &mut Dice) -> PermissionSet {
    let some = [1, 3, 8, 9, 20][dice.below(5)];
    let mut all: Vec<_> = (0..some).map(|_| action(dice.below(24))).collect();
    match dice.below(6) {
        0 => all.push("area1.*".to_owned()),
        1 => all.push("area2.section.*".to_owned()),
        2 if some == 1 => all.push("*".to_owned()),
        _ => {}
    }
    let all = all.iter().map(|text| Permission::new(text).unwrap());
    let excepted = (dice.below(4) == 0).then(|| Permission::new(&action(dice.below(24))).unwrap());
    PermissionSet::with_exceptions(all, excepted)
        .unwrap_or_else(|_| PermissionSet::new([Permission::new("area0.section.verb0").unwrap()]).unwrap())
}

fn grant(n: u128, dice: &mut Dice) -> Grant {
    let start = dice.below(60) as i64;
    let conditions = match dice.below(3) {
        0 => Conditions::default().networks(Some(Networks::new(["10.0.0.0/8"]).unwrap())),
        _ => Conditions::default(),
    };
    Grant::new(
        GrantId::from_u128(n),
        RequestId::from_u128(n),
        Principal::user(dice.of(&PEOPLE)).unwrap(),
        RoleName::new("role").unwrap(),
        permissions(dice),
        Window::new(at(start), at(start + 1 + dice.below(60) as i64)).unwrap(),
        Actor::Rule("test".into()),
    )
    .scope(dice.of(&SCOPES).parse().unwrap())
    .approved_at(at(0))
    .conditions(conditions)
}

/// The grants as a plain list, and whether each is in force but for its window.
#[derive(Default)]
struct Naive(Vec<(Grant, bool)>);

impl Naive {
    fn decide(
        &self,
        query: &Query<'_>,
        address: &str,
        now: Timestamp,
    ) -> (Outcome, Reason, Option<GrantId>, Option<Timestamp>) {
        let address: IpAddr = address.parse().unwrap();
        let covering = self.0.iter().filter(|(grant, in_force)| {
            *in_force
                && grant.holder == *query.principal
                && grant.permissions.covers(query.action)
                && grant.scope.covers(query.resource)
        });
        let covering: Vec<_> = covering.map(|(grant, _)| grant).collect();
        let now_covering = || covering.iter().filter(|grant| grant.window.contains(now));
        let longest = |plain: bool| {
            let some = now_covering().filter(|grant| grant.conditions.is_none() == plain);
            let meets = some.filter(|grant| grant.conditions.networks.as_ref().is_none_or(|n| n.hold(address)));
            meets.min_by_key(|grant| (std::cmp::Reverse(grant.window.end()), grant.id))
        };
        if let Some(grant) = longest(true).or_else(|| longest(false)) {
            return (Outcome::Allow, Reason::Granted, Some(grant.id), Some(grant.window.end()));
        }
        if now_covering().next().is_some() {
            return (Outcome::NotApplicable, Reason::OutsideNetworks, None, Some(now));
        }
        let begins = covering.iter().map(|grant| grant.window.start()).filter(|start| *start > now).min();
        (Outcome::NotApplicable, Reason::NoGrant, None, begins)
    }
}

fn compare(decider: &Decider, naive: &Naive, now: Timestamp, dice: &mut Dice) {
    for _ in 0..60 {
        let (who, what, (resource, parent)) = (dice.of(&WRITTEN), action(dice.below(24)), dice.of(&RESOURCES));
        let address = dice.of(&ADDRESSES);
        let context = Context::new(None, Some(address), None).unwrap();
        let check = Check::text((PrincipalKind::User, who), &what, Some(resource), parent).context(&context);
        let decision = decider.check(&check.peek()).unwrap();
        let (principal, action) = (Principal::user(who).unwrap(), Action::new(&what).unwrap());
        let thing: Resource = resource.parse().unwrap();
        let thing = match parent {
            Some(parent) => thing.with_parent(parent.parse().unwrap()).unwrap(),
            None => thing,
        };
        let query = Query { principal: &principal, action: &action, resource: &thing };
        let found = (decision.outcome, decision.basis.reason, decision.basis.grant, decision.valid_until);
        assert_eq!(found, naive.decide(&query, address, now), "{check:?}");
        assert_eq!(decider.check(&Check::new(query).context(&context).current().peek()).unwrap(), decision);
        assert_eq!(decider.check_many([check.peek()]).unwrap(), [decision]);
    }
}

fn open(store: &Arc<dyn Store>, clock: &Arc<ManualClock>) -> Engine {
    let clock = Arc::clone(clock) as Arc<dyn jit_access::clock::Clock>;
    Builder::shared(Arc::clone(store), Rules::default()).clock(clock).open().unwrap()
}

fn story(store: Arc<dyn Store>, seed: u64, most: u128) {
    let mut dice = Dice(seed);
    let clock = Arc::new(ManualClock::at(at(0)));
    let (engine, mut naive) = (open(&store, &clock), Naive::default());
    let decider = engine.decider();
    let why = || Justification::new("test").unwrap();
    for n in 1..=most {
        let made = grant(n, &mut dice);
        let mut facts = vec![Fact::GrantCreated(Box::new(made.clone()))];
        naive.0.push((made, true));
        let other = dice.below(naive.0.len());
        let (one, in_force) = &mut naive.0[other];
        let (id, is_over) = (one.id, one.window.end() <= engine.now());
        match dice.below(5) {
            0 if *in_force && !is_over => {
                *in_force = false;
                facts.push(Fact::GrantSuspended { grant: id, reason: why() });
                if dice.below(2) == 0 {
                    *in_force = true;
                    facts.push(Fact::GrantResumed { grant: id });
                }
            }
            1 if *in_force && !is_over => {
                facts.push(Fact::GrantRevoked { grant: id, reason: why() });
                naive.0.remove(other);
            }
            _ => {}
        }
        let now = engine.now();
        let events = facts.into_iter().map(|fact| Event { at: now, by: Actor::Rule("test".into()), fact }).collect();
        store.commit(&Batch { events, ..Batch::default() }).unwrap();
        engine.sync().unwrap();
        if n % 4 == 0 {
            compare(&decider, &naive, engine.now(), &mut dice);
        }
        if n % 16 == 0 {
            clock.advance(3_000);
            engine.sync().unwrap();
            // The state as it is loaded, beside the one that followed each change.
            let reopened = open(&store, &clock);
            compare(&reopened.decider(), &naive, reopened.now(), &mut dice);
            compare(&decider, &naive, engine.now(), &mut dice);
        }
    }
}

#[test]
fn checks_are_answered_as_by_a_plain_scan() {
    for seed in 0..4 {
        // Past 32 grants, those of one holder are searched in another way.
        story(Arc::new(MemoryStore::new()), seed, 160);
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn and_over_a_file() {
    use jit_access::store::{SqliteOptions, SqliteStore};

    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("jit.db"), SqliteOptions::default()).unwrap();
    story(Arc::new(store), 7, 96);
}

#[test]
fn text_that_cannot_be_read_is_an_error_when_it_matters() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(at(0)));
    let engine = open(&store, &clock);
    let mut given = grant(1, &mut Dice(1));
    given.holder = Principal::user("dev@example.com").unwrap();
    let event = Event { at: at(0), by: Actor::Rule("test".into()), fact: Fact::GrantCreated(Box::new(given)) };
    store.commit(&Batch { events: vec![event], ..Batch::default() }).unwrap();
    engine.sync().unwrap();
    let check = |who, action, resource| {
        let check = Check::text((PrincipalKind::User, who), action, Some(resource), None);
        engine.decider().check(&check).map(|decision| decision.basis.reason)
    };
    for who in ["dev@example.com", "DEV@example.com"] {
        assert_eq!(check(who, "not an action", "tool:deploy").unwrap_err().field(), "action");
        assert_eq!(check(who, "tools.read", "deploy").unwrap_err().field(), "resource");
    }
    // Without a grant, what is not needed is not read.
    assert_eq!(check("nobody@example.com", "not an action", "deploy"), Ok(Reason::NoGrant));
    for who in ["", "a b@example.com", "@", "a@b..c"] {
        assert_eq!(check(who, "tools.read", "tool:deploy").unwrap_err().field(), "principal", "{who:?}");
    }
    let all = ["tool:deploy", "deploy"].map(|it| Check::text((PrincipalKind::User, "nobody"), "a.b", Some(it), None));
    assert!(engine.decider().check_many(all).is_err(), "several at once are read in full");
}

#[cfg(feature = "sqlite")]
#[test]
fn a_use_that_cannot_be_written_takes_the_allow_back() {
    use std::time::Duration;

    use jit_access::service::Settings;
    use jit_access::store::{SqliteOptions, SqliteStore};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let store = SqliteStore::open(&path, SqliteOptions::default().busy_timeout(Duration::from_millis(1))).unwrap();
    let everything = |n: u128, who: &str| {
        grant(n, &mut Dice(1))
            .holder(Principal::user(who).unwrap())
            .permissions(PermissionSet::new([Permission::new("tools.*").unwrap()]).unwrap())
            .scope(Scope::ANY)
            .window(Window::new(at(0), at(1_000)).unwrap())
            .conditions(Conditions::default())
    };
    let emergency = BreakGlass {
        drill: false,
        reviewer_roles: vec![RoleName::new("lead").unwrap()],
        review_due: at(10_000),
        closed: None,
        lifted: None,
        overdue_noted: false,
        offline: None,
    };
    let grants = [everything(1, "dev"), everything(2, "ops").break_glass(Some(emergency))];
    let created =
        |grant| Event { at: at(0), by: Actor::Rule("test".into()), fact: Fact::GrantCreated(Box::new(grant)) };
    store.commit(&Batch { events: grants.into_iter().map(created).collect(), ..Batch::default() }).unwrap();
    let settings = Settings::default().waiting_uses(1);
    let clock = Arc::new(ManualClock::at(at(1)));
    let engine = Builder::new(store, Rules::default()).settings(settings).clock(clock).open().unwrap();
    let decider = engine.decider();
    let reason = |who| {
        let check = Check::text((PrincipalKind::User, who), "tools.read", None, None);
        decider.check(&check).unwrap().basis.reason
    };
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(reason("dev"), Reason::Granted, "the queue has room for one");
    assert_eq!(reason("dev"), Reason::Unrecordable, "it is full and cannot be written");
    assert_eq!(reason("ops"), Reason::Unrecordable, "its use is committed first");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!((reason("dev"), reason("ops")), (Reason::Granted, Reason::Granted));
    engine.reconciler().flush().unwrap();
}
