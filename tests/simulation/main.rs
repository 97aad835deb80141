//! Several replicas of the real engine on one store, through a network and clocks that fail, without a single thread.
//!
//! A seed is a story: every choice comes from it, and time passes only where the story says so. Replicas share a journal;
//! between each of them and the journal questions are refused, or carried out while the answer is lost, and the disk is full for
//! a while. A command is sent twice, or comes a second time much later and to another replica. Clocks drift and jump, a replica
//! stands still for a while, or dies and begins anew, also between sending a notice and noting that. After every step:
//!
//! - no grant is honoured later than the bound after its revocation was acknowledged, by no replica;
//! - no grant is honoured outside of its window, by more than the clocks may differ;
//! - a grant of so many uses is used so many times at most, by all replicas together;
//! - nothing is honoured that has no record: such uses are in the journal before the answer;
//! - the chain is whole up to the last record.
//!
//! And at the end of a story, when everything is mended: the journal and the rows beside it are whole, everything that was
//! acknowledged is in it once, nothing that was sent twice happened twice, who had to be told was told of every end and every
//! emergency, and every break-glass grant waits for its review until somebody else has reviewed it, once.
//!
//! | file | question |
//! |---|---|
//! | `line` | what lies between a replica and the journal, and how does it fail |
//! | `check` | what has to hold |
//!
//! | variable | meaning |
//! |---|---|
//! | `SIMULATION_SEEDS` | how many stories; 40 when not set |
//! | `SIMULATION_STEPS` | how many steps each has; 400 when not set |
//! | `SIMULATION_SEED` | the first seed; 1 when not set |

mod check;
mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use jit_access::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, BreakGlass, CompleteReview, Revoke, Submit};
use jit_access::config::Config;
use jit_access::internal::journal::Verifier;
use jit_access::model::*;
use jit_access::notify::{Notice, Reach};
use jit_access::service::{Builder, Engine, IdempotencyKey};
use jit_access::store::*;
use line::{Line, Network};

const START: i64 = 1_790_000_000_000;
/// How old a proof may be.
const BOUND: i64 = 2_000;
/// How far a clock may be off, and how long it takes to notice.
const SKEW: i64 = 10_000 + 1_500;
const USES: u32 = 3;

/// What is wrong on purpose, so that it is seen to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// A replica takes silence for an answer, as one without a heartbeat does.
    NoHeartbeat,
    /// Commands have no key by which a second one is known.
    NoKeys,
    /// A notice is noted as sent before it is.
    SettledUnsent,
}

struct Replica {
    engine: Option<Engine>,
    line: Arc<Line>,
    clock: Arc<ManualClock>,
    /// Of a million: how much faster its clock goes.
    drift: i64,
    /// Until when it stands still.
    paused: i64,
}

/// A grant, as the world knows it.
struct Known {
    name: String,
    grant: GrantId,
    end: i64,
    revoked: Option<i64>,
    is_numbered: bool,
    allowed: u32,
}

/// A submission that comes a second time, later.
struct Late {
    name: String,
    key: IdempotencyKey,
    submit: Submit,
}

/// One story. Answers how often a grant was honoured, or what went wrong.
struct World {
    fault: Fault,
    dice: Rng,
    now: Arc<AtomicI64>,
    journal: Arc<MemoryStore>,
    config: Config,
    replicas: Vec<Replica>,
    known: Vec<Known>,
    /// How many were asked for. Of one whose answer was lost nobody knows what became of it, so its name is not used again.
    named: u64,
    late: Vec<Late>,
    /// The notices that have arrived: of which kind, and about which grant.
    arrived: BTreeSet<(String, String)>,
    verifier: Verifier,
    honoured: u64,
    stale: u64,
}

fn caller(name: &str, roles: &[&str]) -> Caller {
    Caller::new(Principal::user(name).unwrap(), roles.iter().map(|role| RoleName::new(role).unwrap()).collect())
}

impl World {
    fn new(seed: u64, fault: Fault) -> Self {
        let mut dice = Rng::with_seed(seed);
        let text = "jit_access: {approver_roles: [lead], limits: {grants_total: 100000}, \
                    break_glass: {enabled: true, eligible_roles: [sre], require_mfa: false, max_duration_hours: 1, \
                    review_within_hours: 1, reviewer_roles: [guard]}, \
                    roles: {deployer: {permissions: [tools.execute]}}}";
        let (journal, now) = (Arc::new(MemoryStore::new()), Arc::new(AtomicI64::new(START)));
        let replicas = (0..dice.usize(3..=5)).map(|_| {
            let network = Network { takes_silence_for_an_answer: fault == Fault::NoHeartbeat, ..Network::default() };
            let line = Line {
                journal: Arc::clone(&journal),
                network: Mutex::new(network),
                dice: Mutex::new(dice.fork()),
                now: Arc::clone(&now),
            };
            Replica {
                engine: None,
                line: Arc::new(line),
                clock: Arc::new(ManualClock::at(Timestamp::from_millis(START).unwrap())),
                drift: dice.i64(-2_000..=2_000),
                paused: 0,
            }
        });
        let replicas = replicas.collect();
        let config = Config::parse(text, []).unwrap();
        Self {
            fault,
            dice,
            now,
            journal,
            config,
            replicas,
            known: Vec::new(),
            named: 0,
            late: Vec::new(),
            arrived: BTreeSet::new(),
            verifier: Verifier::default(),
            honoured: 0,
            stale: 0,
        }
    }

    fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    fn pass(&mut self, millis: i64) {
        self.now.fetch_add(millis, Ordering::Relaxed);
        for replica in &self.replicas {
            replica.clock.advance(millis + millis * replica.drift / 1_000_000);
        }
    }

    /// The engine of a replica that runs, begun anew where it has died.
    fn engine(&mut self, which: usize) -> Option<Engine> {
        let now = self.now();
        let replica = &mut self.replicas[which];
        if replica.paused > now {
            return None;
        }
        if replica.engine.is_none() {
            let store = Arc::clone(&replica.line) as Arc<dyn Store>;
            let builder = Builder::shared(store, self.config.rules.clone()).settings(self.config.settings.clone());
            replica.engine = builder.clock(replica.clock.clone()).open().ok();
        }
        replica.engine.clone()
    }

    fn step(&mut self) -> Result<(), String> {
        let which = self.dice.usize(..self.replicas.len());
        match self.dice.u32(..100) {
            0..30 => {
                let millis = if self.dice.u32(..20) == 0 { 3_000 } else { 120 };
                let millis = self.dice.i64(1..=millis);
                self.pass(millis);
            }
            30..46 => {
                if let Some(engine) = self.engine(which) {
                    let _ = engine.reconciler().tick();
                }
            }
            46..50 => self.send(which, true),
            50..55 => self.grant(which),
            55 => self.take(which),
            56..61 => self.revoke(which),
            61 => self.review(which),
            62..91 => self.check(which)?,
            91 => self.repeat(which),
            92..95 => {
                let (refused, lost) = (self.dice.u32(..40), self.dice.u32(..40));
                let is_cut = self.dice.bool();
                let mut network = self.replicas[which].line.network.lock().unwrap();
                network.is_cut = is_cut && !network.is_cut;
                network.is_full = !network.is_full && refused > 30;
                (network.refused, network.lost) = if self.dice.bool() { (refused, lost) } else { (0, 0) };
            }
            95..97 => self.replicas[which].paused = self.now() + self.dice.i64(1..8_000),
            97 => self.replicas[which].engine = None,
            98 => {
                let to = self.now() + self.dice.i64(-7_200_000..7_200_000);
                self.replicas[which].clock.set_wall(Timestamp::from_millis(to).unwrap());
            }
            _ => {
                let to = Timestamp::from_millis(self.now()).unwrap();
                self.replicas[which].clock.set_wall(to);
            }
        }
        self.whole()
    }

    fn grant(&mut self, which: usize) {
        let Some(engine) = self.engine(which) else { return };
        self.named += 1;
        let (name, is_numbered) = (format!("dev-{}@example.com", self.named), self.dice.bool());
        let hours = [0.01, 0.05, 8.0][self.dice.usize(..3)];
        let conditions = Conditions::default().max_uses(NonZeroU32::new(USES).filter(|_| is_numbered));
        let submit = Submit::new(RoleName::new("deployer").unwrap())
            .reason(Justification::new("INC-1").unwrap())
            .duration(Ttl::from_hours(hours).ok())
            .conditions(conditions);
        let workflow = engine.workflow();
        let key = IdempotencyKey::new(&format!("key-{}", self.named)).unwrap();
        if self.dice.u32(..4) == 0 {
            self.late.push(Late { name: name.clone(), key: key.clone(), submit: submit.clone() });
        }
        let key = Some(&key).filter(|_| self.fault != Fault::NoKeys);
        let (who, lead) = (caller(&name, &[]), caller("lead@example.com", &["lead"]));
        if self.dice.u32(..4) == 0 {
            // It is sent again before anything is heard of the first one.
            let _ = workflow.execute(&who, submit.clone(), key);
        }
        let Ok(made) = workflow.execute(&who, submit, key) else { return };
        let Some(request) = made.request else { return };
        let Ok(given) = workflow.execute(&lead, Approve::new(request.id), None) else { return };
        let Some(grant) = given.grant else { return };
        let (end, grant) = (grant.window.end().millis(), grant.id);
        self.known.push(Known { name, grant, end, revoked: None, is_numbered, allowed: 0 });
    }

    fn revoke(&mut self, which: usize) {
        let Some(engine) = self.engine(which) else { return };
        if self.known.is_empty() {
            return;
        }
        let one = self.dice.usize(..self.known.len());
        let revoke = Revoke::new(self.known[one].grant, Justification::new("over").unwrap());
        let done = engine.workflow().execute(&caller("lead@example.com", &["lead"]), revoke, None);
        // One that was over by the replica's clock is no revocation, and the answer says so.
        let is_revoked = |grant: Grant| grant.ended.is_some();
        if done.is_ok_and(|receipt| receipt.durable && receipt.grant.is_some_and(is_revoked)) {
            let now = self.now();
            self.known[one].revoked.get_or_insert(now);
        }
    }

    fn check(&mut self, which: usize) -> Result<(), String> {
        let Some(engine) = self.engine(which) else { return Ok(()) };
        if self.known.is_empty() {
            return Ok(());
        }
        let (now, recent) = (self.now(), self.known.len().saturating_sub(12));
        let one = self.dice.usize(recent..self.known.len());
        let name = self.known[one].name.clone();
        let check = Check::text((PrincipalKind::User, &name), "tools.execute", Some("tool:deploy"), None);
        let check = if self.dice.u32(..4) == 0 { check.current() } else { check };
        let decision = engine.decider().check(&check).map_err(|error| error.to_string())?;
        self.stale += u64::from(decision.basis.reason == Reason::Stale);
        if decision.outcome != Outcome::Allow {
            return Ok(());
        }
        self.honoured += 1;
        let journal = Arc::clone(&self.journal);
        let known = &mut self.known[one];
        known.allowed += 1;
        // A clock that goes slower by two thousandths counts a bound that is longer by as much.
        if let Some(revoked) = known.revoked
            && now - revoked > BOUND + BOUND / 400
        {
            return Err(format!("replica {which} honours {name} {} ms after its revocation", now - revoked));
        }
        if now > known.end + SKEW {
            return Err(format!("replica {which} honours {name} {} ms after its end", now - known.end));
        }
        if known.is_numbered {
            let recorded = journal.grant(known.grant).unwrap().grant.unwrap().uses;
            if known.allowed > USES || recorded < u64::from(known.allowed) {
                return Err(format!("{name} was used {} times, {recorded} are on record", known.allowed));
            }
        }
        Ok(())
    }

    /// A submission comes a second time.
    fn repeat(&mut self, which: usize) {
        let Some(engine) = self.engine(which) else { return };
        if self.late.is_empty() {
            return;
        }
        let one = self.dice.usize(..self.late.len());
        let Late { name, key, submit } = self.late.swap_remove(one);
        let key = Some(&key).filter(|_| self.fault != Fault::NoKeys);
        let _ = engine.workflow().execute(&caller(&name, &[]), submit, key);
    }

    /// Somebody takes a role without approval.
    fn take(&mut self, which: usize) {
        let Some(engine) = self.engine(which) else { return };
        self.named += 1;
        let name = format!("dev-{}@example.com", self.named);
        let take = BreakGlass::new(RoleName::new("deployer").unwrap())
            .reason(Justification::new("the shop is down").unwrap())
            .duration(Ttl::from_hours(0.02).ok());
        let Ok(taken) = engine.workflow().execute(&caller(&name, &["sre"]), take, None) else { return };
        let Some(grant) = taken.grant else { return };
        let (end, grant) = (grant.window.end().millis(), grant.id);
        self.known.push(Known { name, grant, end, revoked: None, is_numbered: false, allowed: 0 });
    }

    /// Somebody else reviews what was taken so and is over.
    fn review(&mut self, which: usize) {
        let Some(engine) = self.engine(which) else { return };
        for grant in self.unreviewed() {
            let finding = Justification::new("it fitted").unwrap();
            let _ = engine.workflow().execute(
                &caller("guard@example.com", &["guard"]),
                CompleteReview::new(grant, true, finding),
                None,
            );
        }
    }

    /// Sends what is to be told; whoever does may die at any moment.
    fn send(&mut self, which: usize, may_die: bool) {
        let Some(engine) = self.engine(which) else { return };
        let outbox = engine.outbox();
        let _ = outbox.plan(&BTreeMap::from([("pager".to_owned(), Reach::TARGET)]));
        let until = Timestamp::from_millis(outbox.now().millis() + 30_000).unwrap();
        for leased in outbox.lease("pager", until, 20).unwrap_or_default() {
            let dies = may_die && self.dice.u32(..10) == 0;
            if self.fault == Fault::SettledUnsent {
                let _ = outbox.settle(leased.delivery.id, &Settled::Sent { reference: None });
            }
            if dies && self.dice.bool() {
                self.replicas[which].engine = None;
                return;
            }
            let notice = Notice::parse(&leased.body).unwrap();
            self.arrived.insert((notice.kind.name().to_owned(), notice.grant_id.unwrap_or_default()));
            if dies {
                self.replicas[which].engine = None;
                return;
            }
            let _ = outbox.settle(leased.delivery.id, &Settled::Sent { reference: None });
        }
    }
}

fn story(seed: u64, steps: u64, fault: Fault) -> Result<(u64, u64), String> {
    let mut world = World::new(seed, fault);
    for step in 0..steps {
        world.step().map_err(|problem| format!("seed {seed}, step {step}: {problem}"))?;
    }
    world.end().map_err(|problem| format!("seed {seed}, at the end: {problem}"))?;
    Ok((world.honoured, world.stale))
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn no_story_of_any_seed_breaks_a_promise() {
    let (seeds, steps) = (setting("SIMULATION_SEEDS", 40), setting("SIMULATION_STEPS", 400));
    let first = setting("SIMULATION_SEED", 1);
    let (mut honoured, mut stale) = (0, 0);
    for seed in first..first + seeds {
        let (more, old) = story(seed, steps, Fault::None).unwrap_or_else(|problem| panic!("{problem}"));
        honoured += more;
        stale += old;
    }
    println!("SIMULATION: {} steps over {seeds} seeds, {honoured} allows, {stale} stale, no violation", seeds * steps);
    assert!(honoured > seeds && stale > 0, "the stories have something to tell: {honoured}, {stale}");
}

#[test]
fn one_seed_tells_one_story() {
    for seed in 1..4 {
        assert_eq!(story(seed, 300, Fault::None), story(seed, 300, Fault::None));
    }
}

/// What is wrong is found, each in its own words: a check that finds nothing shows nothing.
#[test]
fn a_fault_is_found() {
    let faults = [
        (Fault::NoHeartbeat, "after its revocation"),
        (Fault::NoKeys, "requests were made"),
        (Fault::SettledUnsent, "nobody was told"),
    ];
    for (fault, words) in faults {
        let found = (1..200).find_map(|seed| story(seed, 400, fault).err());
        println!("SIMULATION: {fault:?}: {found:?}");
        assert!(found.as_ref().is_some_and(|problem| problem.contains(words)), "{fault:?}: {found:?}");
    }
    assert_eq!(Duration::from_millis(BOUND.unsigned_abs()), jit_access::service::Settings::default().max_staleness);
}
