//! Several replicas of the real engine on one store, through a network and clocks that fail, without a single thread.
//!
//! A seed is a story: every choice comes from it, and time passes only where the story says so. Replicas share a journal;
//! between each of them and the journal questions are refused, or carried out while the answer is lost. Clocks drift and jump, a
//! replica stands still for a while, or dies and begins anew. After every step:
//!
//! - no grant is honoured later than the bound after its revocation was acknowledged, by no replica;
//! - no grant is honoured outside of its window, by more than the clocks may differ;
//! - a grant of so many uses is used so many times at most, by all replicas together;
//! - nothing is honoured that has no record: such uses are in the journal before the answer.
//!
//! And at the end of a story the journal is whole, and everything that was acknowledged is in it once.
//!
//! | variable | meaning |
//! |---|---|
//! | `SIMULATION_SEEDS` | how many stories; 40 when not set |
//! | `SIMULATION_STEPS` | how many steps each has; 400 when not set |
//! | `SIMULATION_SEED` | the first seed; 1 when not set |

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use jit_access::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, Revoke, Submit};
use jit_access::config::Config;
use jit_access::journal::Record;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::*;
use jit_access::workflow::{Needs, View};

const START: i64 = 1_790_000_000_000;
/// How old a proof may be.
const BOUND: i64 = 2_000;
/// How far a clock may be off, and how long it takes to notice.
const SKEW: i64 = 10_000 + 1_500;
const USES: u32 = 3;

/// What lies between a replica and the journal.
#[derive(Default)]
struct Network {
    is_cut: bool,
    /// Of a hundred questions, how many are refused, and of how many writes the answer is lost.
    refused: u32,
    lost: u32,
    /// The fault that is to be found: the replica takes silence for an answer.
    takes_silence_for_an_answer: bool,
}

struct Line {
    journal: Arc<MemoryStore>,
    network: Mutex<Network>,
    dice: Mutex<Rng>,
    now: Arc<AtomicI64>,
}

impl Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

fn silent<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable { doing: "asking over the network", source: "no answer".into() })
}

impl Line {
    fn reach(&self) -> Result<(), StoreError> {
        let network = self.network.lock().unwrap();
        if network.is_cut || self.dice.lock().unwrap().u32(..100) < network.refused { silent() } else { Ok(()) }
    }

    /// What was carried out, unless the answer is lost.
    fn answer<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        let lost = self.network.lock().unwrap().lost;
        if self.dice.lock().unwrap().u32(..100) < lost { silent() } else { done }
    }
}

macro_rules! carried {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self $(, $argument: $type)*) -> Result<$out, StoreError> {
            self.reach()?;
            self.journal.$name($($argument),*)
        })*
    };
}

macro_rules! written {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self $(, $argument: $type)*) -> Result<$out, StoreError> {
            self.reach()?;
            let done = self.journal.$name($($argument),*);
            self.answer(done)
        })*
    };
}

impl Reads for Line {
    carried! {
        fn view(needs: &Needs, now: Timestamp) -> View;
        fn due(now: Timestamp, limit: usize) -> Vec<View>;
        fn done_under(caller: &Principal, key: &str) -> Option<Done>;
    }
}

impl Store for Line {
    fn has_grown(&self, since: &Position) -> Result<bool, StoreError> {
        match self.reach() {
            Err(_) if self.network.lock().unwrap().takes_silence_for_an_answer => Ok(false),
            Err(error) => Err(error),
            Ok(()) => self.journal.has_grown(since),
        }
    }

    fn wall(&self) -> Result<Option<Timestamp>, StoreError> {
        self.reach()?;
        Ok(Timestamp::from_millis(self.now.load(Ordering::Relaxed)).ok())
    }

    carried! {
        fn head() -> Head;
        fn requests(page: &Page<RequestStatus>) -> Vec<(Revision, ListedRequest)>;
        fn grants(page: &Page<GrantStatus>) -> Vec<(Revision, Grant)>;
        fn delegations(page: &Page<DelegationStatus>) -> Vec<(Revision, Delegation)>;
        fn live(now: Timestamp) -> Live;
        fn records(query: &RecordQuery) -> (Head, Vec<Record>);
        fn verify_with(wanted: &Verification, watch: &mut dyn Verifying) -> Verified;
        fn next_due() -> Option<Timestamp>;
        fn delivery(id: DeliveryId) -> Option<(Delivery, String)>;
        fn deliveries(page: &DeliveryPage) -> Vec<NumberedDelivery>;
        fn channel_counts() -> Vec<ChannelCount>;
        fn waiting_notices(now: Timestamp) -> u64;
        fn secrets() -> Vec<(String, Secret)>;
    }
    written! {
        fn commit(batch: &Batch) -> Vec<Record>;
        fn commit_exclusively(decide: &mut DecideBatch<'_>) -> Vec<Record>;
        fn lease_notices(now: Timestamp, until: Timestamp, limit: usize) -> Vec<Leased>;
        fn plan_notice(id: u64, body: &str, deliveries: &[NewDelivery], now: Timestamp) -> bool;
        fn lease_deliveries(channel: &str, now: Timestamp, until: Timestamp, limit: usize) -> Vec<LeasedDelivery>;
        fn settle_delivery(id: DeliveryId, settled: &Settled, now: Timestamp) -> ();
        fn resend_delivery(id: DeliveryId, now: Timestamp) -> Option<Delivery>;
        fn drop_delivery(id: DeliveryId, now: Timestamp) -> Option<Delivery>;
        fn forget_old(now: Timestamp) -> usize;
        fn secret(name: &str, fresh: &Secret) -> Secret;
        fn remember(seen: &Seen) -> ();
    }
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

/// One story. Answers how often a grant was honoured, or what went wrong.
struct World {
    dice: Rng,
    now: Arc<AtomicI64>,
    journal: Arc<MemoryStore>,
    config: Config,
    replicas: Vec<Replica>,
    known: Vec<Known>,
    /// How many were asked for. Of one whose answer was lost nobody knows what became of it, so its name is not used again.
    named: u64,
    honoured: u64,
    stale: u64,
}

fn caller(name: &str, roles: &[&str]) -> Caller {
    Caller::new(Principal::user(name).unwrap(), roles.iter().map(|role| RoleName::new(role).unwrap()).collect())
}

impl World {
    fn new(seed: u64, is_faulty: bool) -> Self {
        let mut dice = Rng::with_seed(seed);
        let text = "jit_access: {approver_roles: [lead], limits: {grants_total: 100000}, \
                    roles: {deployer: {permissions: [tools.execute]}}}";
        let (journal, now) = (Arc::new(MemoryStore::new()), Arc::new(AtomicI64::new(START)));
        let replicas = (0..dice.usize(3..=5)).map(|_| {
            let network = Network { takes_silence_for_an_answer: is_faulty, ..Network::default() };
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
        Self { dice, now, journal, config, replicas, known: Vec::new(), named: 0, honoured: 0, stale: 0 }
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
            30..50 => {
                if let Some(engine) = self.engine(which) {
                    let _ = engine.reconciler().tick();
                }
            }
            50..56 => self.grant(which),
            56..62 => self.revoke(which),
            62..92 => self.check(which)?,
            92..95 => {
                let (refused, lost) = (self.dice.u32(..40), self.dice.u32(..40));
                let is_cut = self.dice.bool();
                let mut network = self.replicas[which].line.network.lock().unwrap();
                network.is_cut = is_cut && !network.is_cut;
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
        Ok(())
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
        let Ok(made) = workflow.execute(&caller(&name, &[]), submit, None) else { return };
        let Some(request) = made.request else { return };
        let Ok(given) = workflow.execute(&caller("lead@example.com", &["lead"]), Approve::new(request.id), None) else {
            return;
        };
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

    fn end(&mut self) -> Result<(), String> {
        let count = self.journal.verify().map_err(|error| error.to_string())?;
        let (_, records) = self.journal.records(&RecordQuery::after(Revision::ZERO, 1_000_000)).unwrap();
        if records.len() as u64 != count {
            return Err(format!("{} records of {count}", records.len()));
        }
        let (mut made, mut ended) = (BTreeMap::<GrantId, u32>::new(), BTreeMap::<GrantId, u32>::new());
        for record in &records {
            match &record.event.fact {
                Fact::GrantCreated(grant) => *made.entry(grant.id).or_default() += 1,
                Fact::GrantRevoked { grant, .. } => *ended.entry(*grant).or_default() += 1,
                _ => {}
            }
        }
        for known in &self.known {
            let is_over = self.journal.grant(known.grant).unwrap().grant.is_some_and(|grant| grant.ended.is_some());
            let revoked = ended.get(&known.grant).copied().unwrap_or_default();
            if made.get(&known.grant) != Some(&1)
                || revoked > 1
                || (known.revoked.is_some() && revoked == 0 && !is_over)
            {
                return Err(format!("{} is on record {made:?} {revoked} times", known.name));
            }
        }
        Ok(())
    }
}

fn story(seed: u64, steps: u64, is_faulty: bool) -> Result<(u64, u64), String> {
    let mut world = World::new(seed, is_faulty);
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
        let (more, old) = story(seed, steps, false).unwrap_or_else(|problem| panic!("{problem}"));
        honoured += more;
        stale += old;
    }
    println!("SIMULATION: {} steps over {seeds} seeds, {honoured} allows, {stale} stale, no violation", seeds * steps);
    assert!(honoured > seeds && stale > 0, "the stories have something to tell: {honoured}, {stale}");
}

#[test]
fn one_seed_tells_one_story() {
    for seed in 1..4 {
        assert_eq!(story(seed, 300, false), story(seed, 300, false));
    }
}

#[test]
fn a_replica_that_takes_silence_for_an_answer_is_found() {
    let found = (1..200).find_map(|seed| story(seed, 400, true).err());
    println!("SIMULATION: {found:?}");
    assert!(found.is_some_and(|problem| problem.contains("after its revocation")));
    assert_eq!(Duration::from_millis(BOUND.unsigned_abs()), jit_access::service::Settings::default().max_staleness);
}
