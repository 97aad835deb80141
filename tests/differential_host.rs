//! The way that a host takes must give the answers of a plain reading of the grants.
//!
//! Each round makes an engine over a store in which there are grants already, which it reads from columns; then grants come, are
//! suspended, resumed, revoked and used up, one change at a time and written by another handle; and after each change many checks
//! are asked as hosts ask them: as text, with and without context, looking or using. What `tests/differential.rs` never makes is
//! here: plain grants beside conditional and numbered ones, break-glass, extensions, agents that act for somebody, large sets of
//! permissions, names in any script, windows from the epoch to the year 9999, reserved permissions, and how long an answer holds.
//!
//! | variable | meaning |
//! |---|---|
//! | `JIT_DIFFERENTIAL_CASES` | how many checks; 20000 when not set |
//! | `JIT_DIFFERENTIAL_SEED` | the seed, in decimal; a fresh one when not set. It is printed, and a run with it repeats the story |

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at the first surprise, and says what it was made of"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::{Batch, MemoryStore, SqliteOptions, SqliteStore, Store};
use jit_access::workflow::{Limits, Rules};

const DEFAULT_CASES: usize = 20_000;
const DAY: i64 = 86_400_000;

/// A grant as the plain reading keeps it.
#[derive(Debug, Clone)]
struct Held {
    grant: Grant,
    used: u32,
    gone: bool,
    suspended: bool,
}

struct World {
    engine: Engine,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    held: BTreeMap<GrantId, Held>,
    reserved: Vec<Permission>,
    people: Vec<Principal>,
    names: Vec<String>,
    next: u128,
    _folder: Option<tempfile::TempDir>,
}

#[derive(Debug)]
struct Question {
    who: Principal,
    action: String,
    resource: Resource,
    context: Context,
}

#[test]
fn a_host_gets_the_answers_of_a_plain_reading() {
    let cases = setting("JIT_DIFFERENTIAL_CASES").map_or(DEFAULT_CASES, |n| usize::try_from(n).unwrap());
    let seed = setting("JIT_DIFFERENTIAL_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("JIT_DIFFERENTIAL_SEED={seed}");
    let (mut asked, mut round, mut seen) = (0, 0_u64, BTreeMap::<&str, usize>::new());
    while asked < cases {
        let mut dice = fastrand::Rng::with_seed(seed ^ round.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        let mut world = World::new(&mut dice);
        for step in 0..dice.usize(4..24) {
            world.change(&mut dice);
            for number in 0..12 {
                let question = world.question(&mut dice);
                let peek = dice.bool();
                let told =
                    format!("seed {seed}, round {round}, step {step}, check {number}, peek {peek}: {question:?}");
                *seen.entry(world.ask(&question, peek, &told)).or_default() += 1;
                asked += 1;
            }
        }
        round += 1;
    }
    println!("{asked} checks in {round} rounds: {seen:?}");
    if cases >= 10_000 {
        for kind in ["plain", "conditional", "numbered", "no_grant", "unmet", "reserved"] {
            assert!(seen.get(kind).is_some_and(|count| count * 1_000 > asked), "too few of `{kind}`: {seen:?}");
        }
    }
}

impl World {
    fn new(dice: &mut fastrand::Rng) -> Self {
        // Near the beginning of time, now, and near its end.
        let base = *pick(dice, &[2 * DAY, 1_796_119_200_000, 1_796_119_200_000, Timestamp::MAX.millis() - 400 * DAY]);
        let clock = Arc::new(ManualClock::at(at(base)));
        let folder = dice.u8(..10).eq(&0).then(|| tempfile::tempdir().unwrap());
        let open =
            || SqliteStore::open(folder.as_ref().unwrap().path().join("jit.db"), SqliteOptions::default()).unwrap();
        let (store, own): (Arc<dyn Store>, Arc<dyn Store>) = match folder {
            Some(_) => (Arc::new(open()), Arc::new(open())),
            None => {
                let shared: Arc<dyn Store> = Arc::new(MemoryStore::new());
                (Arc::clone(&shared), shared)
            }
        };
        let names: Vec<String> = (0..dice.usize(2..60)).map(|n| format!("area{}.do-{n}", n % 5)).collect();
        let reserved = if dice.u8(..4) == 0 { vec![Permission::new(&names[0]).unwrap()] } else { Vec::new() };
        let people = (0..dice.usize(2..8)).map(|_| principal(dice)).collect::<BTreeSet<_>>();
        let people: Vec<Principal> = people.into_iter().collect();
        let mut rules = Rules::default().limits(Limits::default());
        rules.reserved_permissions.clone_from(&reserved);
        // Some are there before the engine is opened.
        let (mut held, mut next) = (BTreeMap::new(), 1);
        let mut batch = Batch::default();
        for _ in 0..dice.usize(0..30) {
            let grant = grant(dice, next, &people, &names, base);
            next += 1;
            batch.events.push(event(base, Fact::GrantCreated(Box::new(grant.clone()))));
            held.insert(grant.id, Held { grant, used: 0, gone: false, suspended: false });
        }
        store.commit(&batch).unwrap();
        let engine = Builder::shared(own, rules).clock(clock.clone()).open().unwrap();
        Self { engine, store, clock, held, reserved, people, names, next, _folder: folder }
    }

    fn now(&self) -> i64 {
        self.engine.now().millis()
    }

    /// One thing happens, written by another handle; now and then some time passes.
    fn change(&mut self, dice: &mut fastrand::Rng) {
        if dice.u8(..3) == 0 {
            let bounds = self.held.values().flat_map(|held| [held.grant.window.start(), held.grant.window.end()]);
            let later: Vec<i64> = bounds.map(Timestamp::millis).filter(|bound| *bound > self.now()).collect();
            let to = if later.is_empty() { self.now() + 1 } else { *pick(dice, &later) - dice.i64(0..2) };
            // A step of hours ahead would be doubted.
            self.clock.advance((to - self.now()).clamp(0, 5 * 3_600_000));
        }
        let now = self.now();
        let ids: Vec<GrantId> = self.held.keys().copied().collect();
        let reason = || Justification::new("because").unwrap();
        let fact = match dice.u8(..6) {
            0 | 1 => {
                let grant = grant(dice, self.next, &self.people, &self.names, now);
                self.next += 1;
                self.held.insert(grant.id, Held { grant: grant.clone(), used: 0, gone: false, suspended: false });
                Fact::GrantCreated(Box::new(grant))
            }
            _ if ids.is_empty() => return,
            kind => {
                let held = self.held.get_mut(pick(dice, &ids)).unwrap();
                if held.gone || held.grant.window.end().millis() <= now {
                    return;
                }
                let grant = held.grant.id;
                match (kind, held.suspended) {
                    (2, _) => {
                        held.gone = true;
                        Fact::GrantRevoked { grant, reason: reason() }
                    }
                    (3, _) => {
                        held.gone = true;
                        Fact::GrantReleased { grant }
                    }
                    (_, true) => {
                        held.suspended = false;
                        Fact::GrantResumed { grant }
                    }
                    (_, false) => {
                        held.suspended = true;
                        Fact::GrantSuspended { grant, reason: reason() }
                    }
                }
            }
        };
        self.store.commit(&Batch { events: vec![event(now, fact)], ..Batch::default() }).unwrap();
        self.engine.sync().unwrap();
        if dice.u8(..4) == 0 {
            self.engine.reconciler().tick().unwrap();
        }
    }

    fn question(&self, dice: &mut fastrand::Rng) -> Question {
        let all: Vec<&Held> = self.held.values().collect();
        let about = if all.is_empty() { None } else { Some(*pick(dice, &all)) };
        let who = match about {
            Some(held) if dice.u8(..5) > 0 => held.grant.holder.clone(),
            _ => pick(dice, &self.people).clone(),
        };
        let action = match about.and_then(|held| held.grant.permissions.allowed().first()) {
            Some(given) if dice.bool() => match given.wildcard_prefix() {
                Some(prefix) => format!("{prefix}x"),
                None => given.to_string(),
            },
            _ => pick(dice, &self.names).clone(),
        };
        let thing = |dice: &mut fastrand::Rng| Resource::new(word(dice, &["tool", "db"]), word(dice, &IDS)).unwrap();
        let resource = if dice.u8(..4) == 0 { Resource::everything() } else { thing(dice) };
        let sign_in = match dice.u8(..3) {
            0 => None,
            fresh => {
                let age = if fresh == 1 { 0 } else { 20 * 60_000 };
                Some(SignIn::new(["mfa"], None, Some(at((self.now() - age).max(0)))).unwrap())
            }
        };
        let context = Context::default()
            .sign_in(sign_in)
            .address(dice.bool().then(|| word(dice, &["10.1.2.3", "192.0.2.1", "2001:db8::1"]).parse().unwrap()))
            .session(dice.bool().then(|| SessionId::new(word(dice, &["s", "t"])).unwrap()));
        Question { who, action, resource, context }
    }

    /// Asks, compares, and takes in what the check has used. Answers what kind of case it was.
    fn ask(&mut self, question: &Question, peek: bool, told: &str) -> &'static str {
        let (now, one) = (self.now(), &question.resource);
        let able = |at: i64| -> Vec<&Held> {
            self.held.values().filter(|held| covers(held, question, at) && met(held, question, at)).collect()
        };
        let covering: Vec<&Held> = self.held.values().filter(|held| covers(held, question, now)).collect();
        let is_reserved = self.reserved.iter().any(|permission| permission.as_str() == question.action);
        let (resource, parent) = (one.to_string(), one.parent().map(ToString::to_string));
        let name = (question.who.kind(), question.who.id());
        let named = (!one.is_everything()).then_some(resource.as_str());
        let check = Check::text(name, &question.action, named, parent.as_deref()).context(&question.context);
        let decider = self.engine.decider();
        let decision = decider.check(&if peek { check.peek() } else { check }).unwrap();
        let found = able(now);
        let told = || format!("{told}\n{decision:?}\nable: {found:?}\ncovering: {covering:?}");
        let reason = decision.basis.reason;
        let kind = match decision.basis.grant {
            _ if is_reserved => {
                assert_eq!(decision.outcome, Outcome::NotApplicable, "{}", told());
                "reserved"
            }
            Some(grant) => {
                let by = found.iter().find(|held| held.grant.id == grant);
                let by = by.unwrap_or_else(|| panic!("a grant that does not give it: {}", told()));
                assert_eq!((decision.outcome, reason), (Outcome::Allow, Reason::Granted), "{}", told());
                let rank = found.iter().map(rank).min();
                assert_eq!(Some(rank_of(by)), rank, "a grant that asks for less gives it too: {}", told());
                let until = decision.valid_until.unwrap().millis();
                assert!(until > now || rank_of(by) == 2 && until == now, "{}", told());
                assert!(until == now || !able(until - 1).is_empty(), "it does not hold so long: {}", told());
                ["plain", "conditional", "numbered"][rank_of(by)]
            }
            None => {
                assert!(found.is_empty() && decision.outcome == Outcome::NotApplicable, "{}", told());
                if let Some(until) = decision.valid_until.map(Timestamp::millis).filter(|until| *until > now) {
                    assert!(able(until - 1).is_empty(), "it begins sooner: {}", told());
                }
                if decision.valid_until.is_none() {
                    let starts = self.held.values().map(|held| held.grant.window.start().millis());
                    assert!(starts.filter(|start| *start > now).all(|start| able(start).is_empty()), "{}", told());
                }
                match covering.is_empty() {
                    true => {
                        assert_eq!(reason, Reason::NoGrant, "{}", told());
                        "no_grant"
                    }
                    false => {
                        let unmet = [Reason::MfaRequired, Reason::OutsideNetworks, Reason::OtherSession];
                        assert!(unmet.contains(&reason), "{}", told());
                        "unmet"
                    }
                }
            }
        };
        if let (Some(grant), false) = (decision.basis.grant, peek) {
            self.held.get_mut(&grant).unwrap().used += 1;
        }
        kind
    }
}

// ── A plain reading ─────────────────────────────────────────────────────────────────────────────────────────────────

/// Whether the grant is live and gives it, conditions aside.
fn covers(held: &Held, question: &Question, now: i64) -> bool {
    let grant = &held.grant;
    let given = |permission: &Permission| match permission.as_str().strip_suffix('*') {
        Some(prefix) => question.action.starts_with(prefix),
        None => permission.as_str() == question.action,
    };
    let spent = grant.conditions.max_uses.is_some_and(|max| held.used >= max.get());
    !held.gone
        && !held.suspended
        && !spent
        && grant.holder == question.who
        && grant.window.start().millis() <= now
        && now < grant.window.end().millis()
        && grant.permissions.allowed().iter().any(given)
        && !grant.permissions.excepted().iter().any(given)
        && (grant.scope == Scope::ANY || grant.scope.to_string() == question.resource.to_string())
}

fn met(held: &Held, question: &Question, now: i64) -> bool {
    let (conditions, context) = (&held.grant.conditions, &question.context);
    let session = conditions.session.as_ref().is_none_or(|wanted| context.session.as_ref() == Some(wanted));
    let inside = |address: IpAddr| address.to_string().starts_with("10.");
    let networks = conditions.networks.is_none() || context.address.is_some_and(inside);
    let fresh = |sign_in: &SignIn| now - sign_in.at().unwrap().millis() < 10 * 60_000;
    let mfa = conditions.mfa_within.is_none() || context.sign_in.as_ref().is_some_and(fresh);
    session && networks && mfa
}

/// Grants that ask for nothing decide first, and numbered ones last.
fn rank_of(held: &Held) -> usize {
    match (&held.grant.conditions, held.grant.conditions.max_uses) {
        (_, Some(_)) => 2,
        (conditions, None) if conditions.is_none() => 0,
        _ => 1,
    }
}

fn rank(held: &&Held) -> usize {
    rank_of(held)
}

// ── Chance ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const IDS: [&str; 5] = ["a", "A", "naïve \u{1f980}", "x\" || true || \"", "a.b"];

fn grant(dice: &mut fastrand::Rng, number: u128, people: &[Principal], names: &[String], now: i64) -> Grant {
    let start = (now + *pick(dice, &[-3_600_000, -1, 0, 0, 0, 1, 60_000, DAY])).max(0);
    let length = *pick(dice, &[1, 1_000, 3_600_000, 8 * 3_600_000, 30 * DAY, 300 * DAY]);
    let window = Window::new(at(start), at((start + length).min(Timestamp::MAX.millis()))).unwrap();
    let some = names.iter().filter(|_| dice.u8(..3) == 0).map(|name| Permission::new(name).unwrap());
    let mut allowed: Vec<Permission> = some.collect();
    allowed.push(Permission::new(word(dice, &["area1.*", "area2.*", "other.thing"])).unwrap());
    let excepted =
        if dice.u8(..4) == 0 { vec![Permission::new(pick::<String>(dice, names)).unwrap()] } else { Vec::new() };
    let permissions = PermissionSet::with_exceptions(allowed.clone(), excepted)
        .unwrap_or_else(|_| PermissionSet::new(allowed).unwrap());
    let scope = match dice.u8(..3) {
        0 => Scope::one("tool", word(dice, &IDS)).unwrap(),
        _ => Scope::ANY,
    };
    let mut conditions = Conditions::default();
    if dice.u8(..2) == 0 {
        conditions = conditions
            .session((dice.u8(..3) == 0).then(|| SessionId::new(word(dice, &["s", "t"])).unwrap()))
            .networks((dice.u8(..3) == 0).then(|| Networks::new(["10.0.0.0/8"]).unwrap()))
            .mfa_within((dice.u8(..3) == 0).then(|| Ttl::from_millis(10 * 60_000).unwrap()))
            .max_uses((dice.u8(..3) == 0).then(|| dice.u32(1..4).try_into().unwrap()));
    }
    let holder = pick(dice, people).clone();
    let id = |number: u128| GrantId::from_u128(number);
    let extends = (dice.u8(..6) == 0).then(|| Extension {
        of: id(number + 9_000),
        first: id(number + 9_000),
        since: at(0),
        number: 1,
    });
    let emergency = dice.u8(..8) == 0 && conditions.is_none();
    let acts_for = (holder.kind() == PrincipalKind::Agent && dice.bool()).then(|| Principal::user("boss").unwrap());
    let role = RoleName::new("role").unwrap();
    let grant = Grant::new(id(number), RequestId::from_u128(number), holder, role, permissions, window, Actor::Clock)
        .scope(scope)
        .conditions(conditions)
        .extends(extends)
        .holder_acts_for(acts_for);
    let owed = BreakGlass {
        drill: false,
        reviewer_roles: Vec::new(),
        review_due: window.end(),
        closed: None,
        lifted: None,
        overdue_noted: false,
        offline: None,
    };
    if emergency { grant.break_glass(Some(owed)) } else { grant }
}

fn principal(dice: &mut fastrand::Rng) -> Principal {
    const SCRIPTS: [&str; 6] =
        ["dev", "жора", "山田", "ñandú", "ελένη", "a-very-long-name-of-an-account-that-goes-on-and-on"];
    let name = format!("{}{}@example.com", word(dice, &SCRIPTS), dice.u8(..9));
    if dice.u8(..3) == 0 { Principal::agent(&name).unwrap() } else { Principal::user(&name).unwrap() }
}

fn event(now: i64, fact: Fact) -> Event {
    Event { at: at(now), by: Actor::Clock, fact }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn pick<'a, T>(dice: &mut fastrand::Rng, from: &'a [T]) -> &'a T {
    &from[dice.usize(..from.len())]
}

fn word<'a>(dice: &mut fastrand::Rng, from: &[&'a str]) -> &'a str {
    from[dice.usize(..from.len())]
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`; expected a number")))
}
