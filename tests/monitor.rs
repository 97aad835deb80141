//! Alerts: every planted misuse is found within a second, and what is usual is left alone.
//!
//! A seeded month of ordinary sessions is told through the real engine, hour by hour, with a round of the background work after
//! each step. The seeds that count false alerts were not looked at when the thresholds were chosen.

use std::sync::Arc;

use jit_access::clock::ManualClock;
use jit_access::command::{
    AcknowledgeAlert, Approve, BreakGlass, Command, ListAlerts, Release, Revoke, SilenceAlert, Submit,
};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::monitor::{Monitor, MonitorSettings};
use jit_access::notify::{AddressKind, Notice, NoticeKind, Reach};
use jit_access::service::{Builder, Engine};
use jit_access::store::conformance::week::{self, Week};
use jit_access::store::{MemoryStore, RecordQuery, SqliteOptions, SqliteStore, Store};
use jit_access::{Check, Error};

const CONFIG: &str = "
jit_access:
  approver_roles: [lead]
  max_duration_hours: 8
  enhanced_audit: true
  risk: {production: ['server:prod'], working_hours: '06:00-22:00'}
  break_glass: {enabled: true, eligible_roles: [dev], require_mfa: false, review_within_hours: 4}
  roles:
    operator: {permissions: ['tools.*']}
    reader: {permissions: [tools.read, logs.read]}
  monitor: {enabled: true";
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

struct World {
    engine: Engine,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    seed: u64,
    grants: u64,
}

fn person(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), roles)
}

fn bot() -> Caller {
    let owner = person("owner", &[]).principal;
    Caller::new(Principal::agent("deploy-bot").unwrap(), vec![RoleName::new("dev").unwrap()]).acts_for(Some(owner))
}

fn why(text: &str) -> Justification {
    Justification::new(text).unwrap()
}

impl World {
    fn new(seed: u64, more: &str) -> Self {
        let config = Config::parse(&format!("{CONFIG}{more}}}"), []).unwrap();
        // A Monday.
        let clock = Arc::new(ManualClock::at("2026-03-02T08:00:00Z".parse().unwrap()));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let engine = Builder::shared(store.clone(), config.rules).settings(config.settings).clock(clock.clone());
        Self { engine: engine.open().unwrap(), store, clock, seed, grants: 0 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % bound
    }

    fn pass(&mut self, millis: i64) {
        self.clock.advance(millis);
        self.tick();
    }

    fn tick(&self) {
        self.engine.reconciler().tick().unwrap();
    }

    fn run(&self, caller: &Caller, command: impl Into<Command>) -> jit_access::Receipt {
        let receipt = self.engine.workflow().execute(caller, command, None).unwrap();
        self.tick();
        receipt
    }

    fn submit(&self, caller: &Caller, role: &str, hours: f64) -> RequestId {
        self.submit_for(caller, (role, hours), "INC-7")
    }

    fn submit_for(&self, caller: &Caller, (role, hours): (&str, f64), reason: &str) -> RequestId {
        let submit =
            Submit::new(RoleName::new(role).unwrap()).reason(why(reason)).duration(Ttl::from_hours(hours).unwrap());
        self.run(caller, submit).request.unwrap().id
    }

    /// A grant of this role, approved some minutes later by this reviewer.
    fn granted(&mut self, caller: &Caller, role: &str, hours: f64, reviewer: &Caller) -> GrantId {
        self.granted_for(caller, (role, hours), reviewer, "INC-7")
    }

    fn granted_for(&mut self, caller: &Caller, asked: (&str, f64), reviewer: &Caller, reason: &str) -> GrantId {
        let request = self.submit_for(caller, asked, reason);
        let wait = 2 * MINUTE + self.below(15) as i64 * MINUTE;
        self.pass(wait);
        self.grants += 1;
        self.run(reviewer, Approve::new(request)).grant.unwrap().id
    }

    fn uses(&self, caller: &Caller, action: &str, resource: &str) {
        let (action, resource): (Action, Resource) = (action.parse().unwrap(), resource.parse().unwrap());
        let query = Query { principal: &caller.principal, action: &action, resource: &resource };
        assert_eq!(self.engine.decider().check(&Check::new(query)).unwrap().outcome, Outcome::Allow);
        self.tick();
    }

    fn uses_told(&self, caller: &Caller, action: &str, resource: &str, context: &Context) {
        let (action, resource): (Action, Resource) = (action.parse().unwrap(), resource.parse().unwrap());
        let query = Query { principal: &caller.principal, action: &action, resource: &resource };
        let decision = self.engine.decider().check(&Check::new(query).context(context)).unwrap();
        assert_eq!(decision.outcome, Outcome::Allow);
        self.tick();
    }

    fn refused(&self, caller: &Caller, action: &str, context: &Context) {
        let (action, resource): (Action, Resource) = (action.parse().unwrap(), "tool:t1".parse().unwrap());
        let query = Query { principal: &caller.principal, action: &action, resource: &resource };
        let decision = self.engine.decider().check(&Check::new(query).context(context)).unwrap();
        assert_eq!(decision.outcome, Outcome::NotApplicable);
    }

    fn lead(&mut self) -> Caller {
        let number = self.below(4);
        person(&format!("lead{number}"), &["lead"])
    }

    /// One ordinary session: two to nine calls, minutes apart, from where and by what this person always works. In one of four
    /// the request names a tool, and only that one is used; now and then a call is refused.
    fn ordinary(&mut self, number: u64) {
        let named = (self.below(4) == 0).then(|| self.below(5));
        let from = told(
            &format!("10.1.{number}.{}", 1 + self.below(200)),
            &format!("client{number}/1.{}", self.below(30)),
            &format!("token-of-{number}"),
        );
        let caller = if number == 5 { bot() } else { person(&format!("dev{number}"), &["dev"]) };
        let (role, actions): (_, &[&str]) = match self.below(2) {
            0 => ("operator", &["tools.read", "tools.run", "tools.restart"]),
            _ => ("reader", &["tools.read", "logs.read"]),
        };
        let lead = self.lead();
        let reason = named.map_or_else(|| "INC-7".to_owned(), |tool| format!("INC-7: look at tool:t{tool}"));
        let grant = self.granted_for(&caller, (role, 1.0), &lead, &reason);
        for _ in 0..2 + self.below(8) {
            let wait = 20 * SECOND + self.below(150) as i64 * SECOND;
            self.pass(wait);
            let action = actions[self.below(actions.len() as u64) as usize];
            let other = self.below(5);
            self.uses_told(&caller, action, &format!("tool:t{}", named.unwrap_or(other)), &from);
            if self.below(8) == 0 {
                let details = UseDetails::default().by_standing(Some(false));
                self.refused(&caller, "secrets.read", &Context::default().details(Some(Arc::new(details))));
            }
        }
        match self.below(3) {
            0 => drop(self.run(&caller, Release::new(grant))),
            1 => drop(self.run(&lead, Revoke::new(grant, why("done")))),
            _ => self.pass(HOUR),
        }
        self.pass(SECOND);
    }

    /// So many working days of ordinary sessions.
    fn days(&mut self, days: usize, sessions: u64) {
        for _ in 0..days {
            for _ in 0..sessions {
                let number = self.below(6);
                self.ordinary(number);
            }
            let now = self.engine.now().millis();
            // Eight o'clock on the next day.
            self.pass((now / DAY + 1) * DAY + 8 * HOUR - now);
        }
    }

    fn alerts(&self) -> Vec<AlertState> {
        let listing = self.engine.workflow().alerts(&person("lead0", &["lead"]), &ListAlerts::default().limit(500));
        listing.unwrap().items
    }

    fn unusual(&self) -> Vec<String> {
        let unusual = |state: &AlertState| state.alert.kind.class() != AlertClass::Routine;
        self.alerts()
            .iter()
            .filter(|state| unusual(state))
            .map(|state| format!("{}: {}", state.alert.kind, state.alert.text))
            .collect()
    }

    /// That this kind was raised within a second before now, with these words.
    #[track_caller]
    fn expect(&self, kind: AlertKind, words: &[&str]) -> AlertState {
        let all = self.alerts();
        let now = self.engine.now().millis();
        let found = all.iter().find(|state| state.alert.kind == kind && now - state.raised_at.millis() <= SECOND);
        let found = found.unwrap_or_else(|| panic!("no {kind} within a second; {:?}", self.unusual()));
        assert!(found.raised_at.millis() - found.alert.since.millis() <= SECOND, "{found:?}");
        for word in words {
            assert!(found.alert.text.as_str().contains(word), "{}", found.alert.text);
        }
        found.clone()
    }
}

#[test]
fn a_quiet_month_raises_nothing_unusual() {
    let mut world = World::new(1, "");
    world.days(21, 5);
    assert!(world.grants >= 100, "{}", world.grants);
    assert_eq!(world.unusual(), Vec::<String>::new());
}

#[test]
fn seeds_that_nobody_tuned_for_raise_at_most_one_false_alert_in_a_hundred_grants() {
    for seed in [20_261_128, 777_001, 31_337] {
        let mut world = World::new(seed, "");
        world.days(14, 8);
        let found = world.unusual();
        assert!(found.len() as u64 * 100 <= world.grants, "seed {seed}, {} grants: {found:?}", world.grants);
    }
}

/// A week with a hundred thousand uses and no history before it: read by the fold alone.
#[test]
fn a_recorded_week_without_history_raises_at_most_one_false_alert_in_a_hundred_grants() {
    for seed in [4_242, 90_001, 1_618] {
        let week = Week { seed, uses: 20_000, ..Week::whole() };
        let store = MemoryStore::new();
        week.record(&store);
        let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, 1_000_000)).unwrap();
        let settings = MonitorSettings { enabled: true, ..MonitorSettings::default() };
        let mut monitor = Monitor::new(settings, &week::rules());
        let mut found = std::collections::BTreeMap::new();
        let mut told = 0;
        for record in &records {
            monitor.add(record);
            monitor.pass(record.event.at);
            // What the journal itself tells to be wrong is no false alert.
            told += usize::from(matches!(record.event.fact, Fact::BreakGlassReviewOverdue { .. }));
            for alert in monitor.due(record.event.at) {
                found.insert(alert.id, format!("{}: {}", alert.kind, alert.text));
            }
        }
        let is_true = ["review_overdue", "break_glass_again", "never_used"];
        let wrong: Vec<_> = found.values().filter(|text| !is_true.iter().any(|kind| text.starts_with(kind))).collect();
        assert!(wrong.len() * 100 <= week.grants, "seed {seed} ({told} overdue): {wrong:?}");
    }
}

#[test]
fn every_planted_misuse_is_told_within_a_second() {
    let mut world = World::new(9, "");
    world.days(21, 5);
    let before = world.unusual();
    let dev = person("dev1", &["dev"]);

    // A burst: 31 calls in less than two minutes.
    let lead = world.lead();
    let grant = world.granted(&dev, "operator", 1.0, &lead);
    let mut calls = 0;
    while world.unusual().len() == before.len() && calls < 200 {
        world.pass(2 * SECOND);
        world.uses(&dev, "tools.run", "tool:t1");
        calls += 1;
    }
    let burst = world.expect(AlertKind::Burst, &["calls in 2 minutes, usual", "an hour over 30 days"]);
    assert_eq!((burst.alert.grant, burst.alert.who.clone()), (Some(grant), Some(dev.principal.clone())));
    assert!(calls < 60, "{calls}");

    // A destructive permission that this person never used.
    world.pass(SECOND);
    world.uses(&dev, "tools.delete", "tool:t1");
    world.expect(AlertKind::FirstDestructive, &["the first tools.delete in 30 days, on tool:t1"]);

    // From elsewhere, by another program, with another token, and what the request does not name.
    let lead = world.lead();
    let named = world.granted_for(&dev, ("operator", 1.0), &lead, "INC-8: restart tool:t2");
    let usual = ("10.1.1.7", "client1/1.3", "token-of-1");
    let uses = |world: &mut World, (address, agent, token): (&str, &str, &str), tool: &str| {
        world.pass(2 * SECOND);
        world.uses_told(&dev, "tools.run", tool, &told(address, agent, token));
    };
    uses(&mut world, usual, "tool:t2");
    uses(&mut world, ("203.0.113.9", usual.1, usual.2), "tool:t2");
    world.expect(AlertKind::NewNetwork, &["the first use from 203.0.113.0/24 in 30 days"]);
    uses(&mut world, (usual.0, "sqlmap/1.8", usual.2), "tool:t2");
    world.expect(AlertKind::NewClient, &["the first use by sqlmap/1.8 in 30 days"]);
    uses(&mut world, (usual.0, usual.1, "another"), "tool:t2");
    world.expect(AlertKind::NewToken, &["the first use with the token another in 30 days"]);
    uses(&mut world, usual, "tool:t4");
    let outside = world.expect(AlertKind::OutsideTicket, &["tools.run on tool:t4, and the request names only tool:t2"]);
    assert_eq!(outside.alert.grant, Some(named));

    // Many refused calls under it.
    let details = UseDetails::default().by_standing(Some(false));
    let context = Context::default().details(Some(Arc::new(details)));
    (0..30).for_each(|nth| world.refused(&dev, &format!("secrets.x{nth}"), &context));
    world.tick();
    world.pass(SECOND / 2);
    world.expect(AlertKind::Probing, &["30 refused calls in 10 minutes under operator"]);
    world.run(&dev, Release::new(named));

    // At night.
    let now = world.engine.now().millis();
    world.pass((now / DAY + 1) * DAY + 3 * HOUR - now);
    let night = person("dev2", &["dev"]);
    let lead = world.lead();
    world.granted(&night, "reader", 1.0, &lead);
    world.uses(&night, "logs.read", "tool:t1");
    world.expect(AlertKind::OutsideHours, &["outside of the stated working hours"]);
    world.pass(5 * HOUR);

    // An agent in a loop.
    let lead = world.lead();
    world.granted(&bot(), "operator", 1.0, &lead);
    for _ in 0..70 {
        world.pass(400);
        world.uses(&bot(), "tools.run", "tool:t3");
        if world.alerts().iter().any(|state| state.alert.kind == AlertKind::AgentLoop) {
            break;
        }
    }
    world.expect(AlertKind::AgentLoop, &["the same call 60 times in 1 minute", "tools.run on tool:t3"]);

    // Never used.
    let lead = world.lead();
    world.granted(&person("dev3", &["dev"]), "operator", 0.5, &lead);
    world.pass(30 * MINUTE);
    world.pass(SECOND / 2);
    world.expect(AlertKind::NeverUsed, &["operator was granted and never used"]);

    // Access without approval, twice; its review overdue; a drill that touches production.
    let taker = person("dev4", &["dev"]);
    let take = |drill: bool| BreakGlass::new(RoleName::new("operator").unwrap()).reason(why("down")).drill(drill);
    let first = world.run(&taker, take(false)).grant.unwrap().id;
    world.run(&taker, Release::new(first));
    // An hour at most of access, and four for the review.
    world.pass(5 * HOUR);
    world.expect(AlertKind::ReviewOverdue, &["nobody reviewed operator of dev4@example.com in time"]);
    let lead = world.lead();
    let done = jit_access::command::CompleteReview::new(first, true, why("it was down"));
    world.run(&lead, done);
    world.run(&taker, take(false));
    world.expect(AlertKind::BreakGlassAgain, &["taken 2 times in 7 days"]);
    let other = person("dev5x", &["dev"]);
    world.run(&other, take(true));
    world.uses(&other, "tools.read", "server:prod");
    world.expect(AlertKind::DrillInProduction, &["a drill used tools.read on server:prod"]);

    // Somebody who reviews a request of their own, and tries what is refused.
    let both = person("both", &["dev", "lead"]);
    let own = world.submit(&both, "operator", 1.0);
    let refused = world.engine.workflow().execute(&both, Approve::new(own), None).unwrap_err();
    assert!(matches!(refused, Error::Refused(_)));
    world.tick();
    world.expect(AlertKind::SelfApproval, &["both@example.com tried to review"]);
    let probe = person("probe", &[]);
    for number in 0..10 {
        let _ = world.engine.workflow().execute(&probe, Revoke::new(GrantId::from_u128(number), why("x")), None);
    }
    world.tick();
    world.expect(AlertKind::Probing, &["10 refused commands in 10 minutes"]);

    // Approvers: too quick, always the same, too many.
    let quick = person("quick", &["lead"]);
    for number in 0..10 {
        let request = world.submit(&person(&format!("q{number}"), &["dev"]), "reader", 0.5);
        world.pass(3 * SECOND);
        world.run(&quick, Approve::new(request));
    }
    world.expect(AlertKind::QuickApprover, &["the last 10 requests were all approved within 10 seconds"]);
    let (friend, pal) = (person("friend", &["lead"]), person("pal", &["dev"]));
    for _ in 0..8 {
        let request = world.submit(&pal, "reader", 0.1);
        world.pass(20 * MINUTE);
        world.run(&friend, Approve::new(request));
        world.pass(40 * MINUTE);
    }
    world.pass(0);
    let pair = world.alerts().into_iter().find(|state| state.alert.kind == AlertKind::SamePair).expect("a pair");
    assert!(
        pair.alert
            .text
            .as_str()
            .contains("the last 8 requests of pal@example.com were all approved by friend@example.com"),
        "{}",
        pair.alert.text
    );
    assert!(pair.raised_at.millis() - pair.alert.since.millis() <= SECOND);
    let tired = person("lead1", &["lead"]);
    for number in 0..45 {
        let request = world.submit(&person(&format!("t{number}"), &["dev"]), "reader", 0.1);
        world.pass(MINUTE);
        world.run(&tired, Approve::new(request));
        if world.alerts().iter().any(|state| state.alert.kind == AlertKind::ApproverFatigue) {
            break;
        }
    }
    world.expect(AlertKind::ApproverFatigue, &["reviews in 1 hour, usual at most"]);

    // Messages that reach nobody.
    let mail = [("mail".to_owned(), Reach { people: Some(AddressKind::Email), target: false })].into();
    let nobody = Caller::new(Principal::user("nobody").unwrap(), vec![]);
    let lead = world.lead();
    world.granted(&nobody, "reader", 1.0, &lead);
    world.engine.outbox().plan(&mail).unwrap();
    world.pass(SECOND);
    world.expect(AlertKind::DeliveryFailing, &["messages of mail failed"]);

    // The clock.
    let real = world.engine.now().millis();
    world.clock.set_wall(Timestamp::from_millis(real + 30 * DAY).unwrap());
    world.pass(2 * SECOND);
    world.expect(AlertKind::ClockDoubted, &["the clock is doubted (Ahead)"]);
}

/// What a host tells of a call.
fn told(address: &str, agent: &str, token: &str) -> Context {
    let details = UseDetails::default().user_agent(Some(DetailText::new(agent))).token_id(Some(DetailText::new(token)));
    Context::new(None, Some(address), None).unwrap().details(Some(Arc::new(details)))
}

#[test]
fn a_new_network_client_or_token_is_told_of_whom_it_is_new() {
    let mut world = World::new(5, "");
    let dev = person("dev1", &["dev"]);
    for day in 0..12 {
        let lead = world.lead();
        world.granted(&dev, "reader", 1.0, &lead);
        // Versions change, and so does the end of the address.
        world.uses_told(
            &dev,
            "logs.read",
            "tool:t1",
            &told(&format!("10.1.2.{day}"), &format!("curl/8.{day}"), "ci-token"),
        );
        let now = world.engine.now().millis();
        world.pass((now / DAY + 1) * DAY + 8 * HOUR - now);
    }
    assert_eq!(world.unusual(), Vec::<String>::new());
    let lead = world.lead();
    let grant = world.granted(&dev, "reader", 1.0, &lead);
    world.uses_told(&dev, "logs.read", "tool:t1", &told("203.0.113.9", "curl/8.9", "ci-token"));
    let network = world.expect(
        AlertKind::NewNetwork,
        &["the first use from 203.0.113.0/24 in 30 days; 1 network on 12 days with uses before"],
    );
    assert_eq!((network.alert.grant, network.alert.kind.class()), (Some(grant), AlertClass::Unusual));
    world.pass(SECOND);
    world.uses_told(&dev, "logs.read", "tool:t1", &told("10.1.2.3", "sqlmap/1.8", "ci-token"));
    world.expect(AlertKind::NewClient, &["the first use by sqlmap/1.8 in 30 days; 1 client on 12 days"]);
    world.pass(SECOND);
    world.uses_told(&dev, "logs.read", "tool:t1", &told("10.1.2.3", "curl/8.9", "another"));
    world.expect(AlertKind::NewToken, &["the first use with the token another in 30 days; 1 token on 12 days"]);
    assert_eq!(world.unusual().len(), 3);
}

#[test]
fn a_use_of_what_the_request_does_not_name_is_told() {
    let mut world = World::new(6, ", suspend_on: [outside_ticket]");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    let submit =
        Submit::new(RoleName::new("operator").unwrap()).reason(why("INC-7: restart tool:shop, then look at the rest"));
    let request = world.run(&dev, submit).request.unwrap().id;
    world.pass(MINUTE);
    let grant = world.run(&lead, Approve::new(request)).grant.unwrap().id;
    world.uses(&dev, "tools.run", "tool:shop");
    assert_eq!(world.unusual(), Vec::<String>::new());
    world.uses(&dev, "tools.run", "tool:payroll");
    world.expect(AlertKind::OutsideTicket, &["tools.run on tool:payroll, and the request names only tool:shop"]);
    assert!(world.engine.workflow().grant(&lead, grant).unwrap().grant.unwrap().suspended.is_some());
}

#[test]
fn many_refused_calls_under_a_live_grant_are_probing() {
    let mut world = World::new(7, ", suspend_on: [probing]");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    let grant = world.granted(&dev, "reader", 4.0, &lead);
    let details = UseDetails::default().by_standing(Some(false));
    let context = Context::default().details(Some(Arc::new(details)));
    // Whoever holds no grant leaves no trace, and a few refusals are nothing.
    (0..200).for_each(|nth| world.refused(&person("nobody", &[]), &format!("tools.x{nth}"), &context));
    (0..29).for_each(|nth| world.refused(&dev, &format!("tools.x{nth}"), &context));
    world.pass(SECOND / 2);
    world.pass(SECOND / 2);
    assert_eq!(world.unusual(), Vec::<String>::new());
    world.refused(&dev, "secrets.read", &context);
    world.tick();
    world.pass(SECOND / 2);
    let found = world.expect(
        AlertKind::Probing,
        &["30 refused calls in 10 minutes under reader, the last with no_grant: secrets.read on tool:t1"],
    );
    assert_eq!((found.alert.grant, found.alert.who), (Some(grant), Some(dev.principal.clone())));
    let shown = world.engine.workflow().grant(&lead, grant).unwrap().grant.unwrap();
    assert!(shown.suspended.is_some());
    world.pass(SECOND);
    assert_eq!(world.engine.workflow().counts([&shown]).unwrap()[0].unwrap().refusals, 30);
}

#[test]
fn a_stale_replica_is_told_once_the_store_can_be_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("jit.db"), folder.path().join("moved.db"));
    let clock = Arc::new(ManualClock::at("2026-03-02T08:00:00Z".parse().unwrap()));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    let config = Config::parse(&format!("{CONFIG}}}"), []).unwrap();
    let builder = Builder::shared(store.clone(), config.rules).settings(config.settings).clock(clock.clone());
    let mut world = World { engine: builder.open().unwrap(), store, clock, seed: 8, grants: 0 };
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    world.granted(&dev, "reader", 4.0, &lead);
    world.tick();
    let (action, resource): (Action, Resource) = ("logs.read".parse().unwrap(), "tool:t1".parse().unwrap());
    let query = Query { principal: &dev.principal, action: &action, resource: &resource };
    let reason = |world: &World| world.engine.decider().check(&Check::new(query)).unwrap().basis.reason;
    assert_eq!(reason(&world), Reason::Granted);
    std::fs::rename(&path, &moved).unwrap();
    world.clock.advance(42 * SECOND);
    world.engine.reconciler().tick().unwrap_err();
    assert_eq!((reason(&world), reason(&world)), (Reason::Stale, Reason::Stale));
    std::fs::rename(&moved, &path).unwrap();
    world.pass(SECOND);
    world.expect(
        AlertKind::StaleReplica,
        &[
            "what a process knows of the grants was up to 42 s old, the limit is",
            ": 2 checks under a grant were not honoured",
        ],
    );
    assert_eq!(reason(&world), Reason::Granted);
}

#[test]
fn a_journal_that_does_not_verify_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let clock = Arc::new(ManualClock::at("2026-03-02T08:00:00Z".parse().unwrap()));
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    let config = Config::parse(&format!("{CONFIG}}}"), []).unwrap();
    let builder = Builder::shared(store.clone(), config.rules).settings(config.settings).clock(clock.clone());
    let mut world = World { engine: builder.open().unwrap(), store, clock, seed: 8, grants: 0 };
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    world.granted(&dev, "reader", 4.0, &lead);
    world.engine.workflow().verify().unwrap();
    world.tick();
    assert_eq!(world.unusual(), Vec::<String>::new());
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE grants SET ends_at = ends_at + 3600000").unwrap();
    let broken = world.engine.workflow().verify().unwrap_err();
    assert_eq!(broken.code(), "corrupt", "{broken}");
    world.tick();
    world.expect(AlertKind::JournalBroken, &["the journal does not verify", "is not what the journal says"]);
}

#[test]
fn an_alert_is_handled_on_record_and_the_like_is_silenced() {
    let mut world = World::new(3, "");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    world.granted(&dev, "operator", 4.0, &lead);
    world.uses(&dev, "tools.delete", "tool:t1");
    let found = world.expect(AlertKind::FirstDestructive, &[]);
    let id = found.alert.id;
    let refused = world.engine.workflow().execute(&dev, AcknowledgeAlert::new(id, why("me")), None).unwrap_err();
    assert_eq!(refused.code(), "not_an_approver");
    let unknown = AcknowledgeAlert::new(AlertId::from_u128(7), why("me"));
    assert_eq!(world.engine.workflow().execute(&lead, unknown, None).unwrap_err().code(), "unknown_alert");
    let seen = world.run(&lead, AcknowledgeAlert::new(id, why("a planned clean-up"))).alert.unwrap();
    assert_eq!(seen.status(world.engine.now()), AlertStatus::Acknowledged);
    let count = world.store.head().unwrap().revision;
    world.run(&lead, AcknowledgeAlert::new(id, why("again")));
    assert_eq!(world.store.head().unwrap().revision, count, "it is acknowledged already");

    let silenced =
        world.run(&lead, SilenceAlert::new(id, Ttl::from_hours(2.0).unwrap(), why("all day"))).alert.unwrap();
    assert_eq!(silenced.status(world.engine.now()), AlertStatus::Silenced);
    world.uses(&dev, "tools.drop", "tool:t1");
    assert_eq!(world.alerts().len(), 1, "the like of it is silenced");
    world.pass(2 * HOUR);
    world.uses(&dev, "tools.purge", "tool:t1");
    assert_eq!(world.alerts().len(), 2, "not for ever");

    // It stands in the summary of its grant, and security is told.
    let summary = world.engine.workflow().summary(&lead, found.alert.grant.unwrap()).unwrap();
    assert_eq!(summary.alerts.len(), 2);
    assert!(summary.write(SummaryForm::Text).contains("a planned clean-up by lead0@example.com"));
    let outbox = world.engine.outbox();
    outbox.plan(&[("hook".to_owned(), Reach::TARGET)].into()).unwrap();
    let until = world.engine.now().saturating_add(Ttl::from_hours(1.0).unwrap());
    let notices = outbox.lease("hook", until, 100).unwrap();
    let notices: Vec<_> = notices.iter().map(|one| Notice::parse(&one.body).unwrap()).collect();
    let told: Vec<_> = notices.iter().filter(|one| one.kind == NoticeKind::Alert).collect();
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].alert.as_deref(), told[0].urgent), (Some("first_destructive"), true));
    assert!(told[0].comment.as_deref().unwrap().contains("the first tools.delete in 30 days"));
}

#[test]
fn a_rule_suspends_the_grant_and_revokes_nothing() {
    let mut world = World::new(3, ", suspend_on: [first_destructive]");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    let grant = world.granted(&dev, "operator", 4.0, &lead);
    world.uses(&dev, "tools.delete", "tool:t1");
    let held = world.engine.workflow().grant(&lead, grant).unwrap().grant.unwrap();
    let suspended = held.suspended.clone().expect("suspended");
    assert_eq!((suspended.by.to_string(), held.ended.is_none()), ("rule:monitor.suspend_on".to_owned(), true));
    let (action, resource): (Action, Resource) = ("tools.read".parse().unwrap(), Resource::everything());
    let query = Query { principal: &dev.principal, action: &action, resource: &resource };
    assert_eq!(world.engine.decider().check(&Check::new(query)).unwrap().outcome, Outcome::NotApplicable);
}

#[test]
fn several_processes_write_an_alert_once_and_a_late_one_does_not_tell_old_news() {
    let mut world = World::new(3, "");
    let config = Config::parse(&format!("{CONFIG}}}"), []).unwrap();
    let (store, clock) = (world.store.clone(), world.clock.clone());
    let open = || {
        let builder = Builder::shared(store.clone(), config.rules.clone()).settings(config.settings.clone());
        builder.clock(clock.clone()).open().unwrap()
    };
    let others = [open(), open()];
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    let request =
        world.engine.workflow().execute(&dev, Submit::new(RoleName::new("operator").unwrap()).reason(why("x")), None);
    let request = request.unwrap().request.unwrap().id;
    world.engine.workflow().execute(&lead, Approve::new(request), None).unwrap();
    world.clock.advance(1);
    others.iter().for_each(|engine| assert!(engine.sync().unwrap() > Revision::ZERO));
    let (action, resource): (Action, Resource) = ("tools.delete".parse().unwrap(), Resource::everything());
    let query = Query { principal: &dev.principal, action: &action, resource: &resource };
    assert_eq!(others[0].decider().check(&Check::new(query)).unwrap().outcome, Outcome::Allow);
    others[0].reconciler().flush().unwrap();
    std::thread::scope(|scope| {
        for engine in others.iter().chain([&world.engine]) {
            scope.spawn(move || engine.reconciler().tick().unwrap());
        }
    });
    for engine in others.iter().chain([&world.engine]) {
        engine.reconciler().tick().unwrap();
    }
    assert_eq!(world.alerts().len(), 1, "{:?}", world.unusual());
    // A process that starts with another rule switched on does not tell what happened hours ago.
    world.pass(3 * HOUR);
    let late = open();
    late.reconciler().tick().unwrap();
    assert_eq!(world.alerts().iter().filter(|state| state.alert.kind == AlertKind::FirstDestructive).count(), 1);
}
