//! Is every kind of alert raised within a second of what was planted?

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jit_access::clock::ManualClock;
use jit_access::command::{Approve, BreakGlass, CompleteReview, Release, Revoke};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::notify::{AddressKind, Reach};
use jit_access::service::Builder;
use jit_access::store::{SqliteOptions, SqliteStore, Store};
use jit_access::{Check, Error};

use crate::slow::Slow;
use crate::world::{CONFIG, DAY, HOUR, MINUTE, SECOND, World, bot, person, told, why};

/// What the operator of this world has set besides.
const MORE: &str = ", off: [], store_slow_ms: 100";

/// A month of ordinary sessions, and then one misuse after the other. Of no kind of alert it is left out that it comes.
#[test]
fn every_planted_misuse_is_told_within_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let clock = World::morning();
    let inner: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    let slow = Slow::over(inner, &clock);
    let mut world = World::over(slow.clone(), clock, 9, MORE);
    world.days(21, 5);
    uses(&mut world);
    emergencies(&mut world);
    reviews(&mut world);
    engine(&mut world, &slow, &path);
    let told = world.told.borrow();
    let not: Vec<_> = AlertKind::ALL.iter().filter(|kind| !told.contains(kind)).collect();
    assert!(not.is_empty(), "nothing was planted of {not:?}");
}

/// What holders of grants do.
fn uses(world: &mut World) {
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
    world.run(&dev, Release::new(grant));

    // The first use, and the next after a pause.
    let lead = world.lead();
    let long = world.granted(&dev, "operator", 4.0, &lead);
    world.uses(&dev, "tools.run", "tool:t1");
    let first = world.expect(AlertKind::FirstUse, &["operator was used for the first time: tools.run on tool:t1"]);
    world.pass(2 * HOUR);
    world.uses(&dev, "tools.read", "tool:t1");
    let again =
        world.expect(AlertKind::UseAfterPause, &["operator was used again after 2 hours: tools.read on tool:t1"]);
    assert_eq!((first.alert.grant, again.alert.grant), (Some(long), Some(long)));
    world.run(&dev, Release::new(long));

    // From elsewhere, by another program, with another token, and what the request does not name.
    let lead = world.lead();
    let named = world.granted_for(&dev, ("operator", 1.0), &lead, "INC-8: restart tool:t2");
    let usual = ("10.1.1.7", "client1/1.3", "token-of-1");
    let by = |world: &mut World, (address, agent, token): (&str, &str, &str), tool: &str| {
        world.pass(2 * SECOND);
        world.uses_told(&dev, "tools.run", tool, &told(address, agent, token));
    };
    by(world, usual, "tool:t2");
    by(world, ("203.0.113.9", usual.1, usual.2), "tool:t2");
    world.expect(AlertKind::NewNetwork, &["the first use from 203.0.113.0/24 in 30 days"]);
    by(world, (usual.0, "sqlmap/1.8", usual.2), "tool:t2");
    world.expect(AlertKind::NewClient, &["the first use by sqlmap/1.8 in 30 days"]);
    by(world, (usual.0, usual.1, "another"), "tool:t2");
    world.expect(AlertKind::NewToken, &["the first use with the token another in 30 days"]);
    by(world, usual, "tool:t4");
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
    world.expect(
        AlertKind::OutsideHours,
        &[
            "logs.read on tool:t1 at 2026-",
            "outside of the working hours 06:00-22:00; never at this hour of the day in ",
        ],
    );
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
    world.expect(AlertKind::NeverUsed, &["operator was granted and never used in 30 minutes"]);
}

/// What is done without approval.
fn emergencies(world: &mut World) {
    // Access without approval, twice; its review overdue; a drill that touches production.
    let taker = person("dev4", &["dev"]);
    let take = |drill: bool| BreakGlass::new(RoleName::new("operator").unwrap()).reason(why("down")).drill(drill);
    let first = world.run(&taker, take(false)).grant.unwrap().id;
    world.run(&taker, Release::new(first));
    // The background work goes on meanwhile. An hour at most of access, and four for the review.
    world.pass(2 * HOUR);
    world.pass(3 * HOUR);
    let overdue = world.expect(
        AlertKind::ReviewOverdue,
        &["nobody reviewed operator of dev4@example.com, taken without approval, in time: by 2026-"],
    );
    assert_eq!((overdue.alert.grant, overdue.alert.who), (Some(first), Some(taker.principal.clone())));
    let lead = world.lead();
    let done = CompleteReview::new(first, true, why("it was down"));
    world.run(&lead, done);
    world.run(&taker, take(false));
    world.expect(AlertKind::BreakGlassAgain, &["taken 2 times in 7 days"]);
    let other = person("dev5x", &["dev"]);
    world.run(&other, take(true));
    world.uses(&other, "tools.read", "server:prod");
    world.expect(AlertKind::DrillInProduction, &["a drill used tools.read on server:prod"]);
}

/// What is refused, and what approvers do.
fn reviews(world: &mut World) {
    // Somebody who reviews a request of their own, and tries what is refused.
    let both = person("both", &["dev", "lead"]);
    let own = world.submit(&both, "operator", 1.0);
    let refused = world.engine.workflow().execute(&both, Approve::new(own), None).unwrap_err();
    assert!(matches!(refused, Error::Refused(_)));
    world.tick();
    world.expect(AlertKind::SelfApproval, &["both@example.com tried to review a request of their own: request "]);
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
    world.expect(
        AlertKind::QuickApprover,
        &["the last 10 requests were all approved within 10 seconds each, half of them within 3 s"],
    );
    let (friend, pal) = (person("friend", &["lead"]), person("pal", &["dev"]));
    for _ in 0..8 {
        world.pass(40 * MINUTE);
        let request = world.submit(&pal, "reader", 0.1);
        world.pass(20 * MINUTE);
        world.run(&friend, Approve::new(request));
    }
    world.expect(
        AlertKind::SamePair,
        &["the last 8 requests of pal@example.com were all approved by friend@example.com, who approves "],
    );
    let tired = person("lead1", &["lead"]);
    for number in 0..45 {
        let request = world.submit(&person(&format!("t{number}"), &["dev"]), "reader", 0.1);
        world.pass(MINUTE);
        world.run(&tired, Approve::new(request));
        if world.alerts().iter().any(|state| state.alert.kind == AlertKind::ApproverFatigue) {
            break;
        }
    }
    world.expect(AlertKind::ApproverFatigue, &["reviews in 1 hour, usual at most", " an hour over 30 days"]);
}

/// What goes wrong in the engine and its store.
fn engine(world: &mut World, slow: &Slow, path: &Path) {
    // Messages that reach nobody.
    let mail = [("mail".to_owned(), Reach { people: Some(AddressKind::Email), target: false })].into();
    let nobody = Caller::new(Principal::user("nobody").unwrap(), vec![]);
    let lead = world.lead();
    world.granted(&nobody, "reader", 8.0, &lead);
    world.engine.outbox().plan(&mail).unwrap();
    world.pass(SECOND);
    world.expect(AlertKind::DeliveryFailing, &[" of mail failed, ", " wait; none was ever sent"]);

    // A store that answers slowly, three times in a row.
    slow.millis.store(150, Ordering::Relaxed);
    (0..3).for_each(|_| world.pass(SECOND));
    slow.millis.store(0, Ordering::Relaxed);
    world.expect(AlertKind::StoreSlow, &["the store took 150 ms to answer, 3 times in a row more than 100 ms"]);

    // A store that cannot be read for a while.
    let (action, resource): (Action, Resource) = ("logs.read".parse().unwrap(), "tool:t1".parse().unwrap());
    let query = Query { principal: &nobody.principal, action: &action, resource: &resource };
    let reason = |world: &World| world.engine.decider().check(&Check::new(query)).unwrap().basis.reason;
    assert_eq!(reason(world), Reason::Granted);
    world.tick();
    let moved = path.with_extension("moved");
    fs::rename(path, &moved).unwrap();
    world.clock.advance(42 * SECOND);
    world.engine.reconciler().tick().unwrap_err();
    assert_eq!((reason(world), reason(world)), (Reason::Stale, Reason::Stale));
    fs::rename(&moved, path).unwrap();
    world.pass(SECOND);
    world.expect(
        AlertKind::StaleReplica,
        &[
            "what a process knows of the grants was up to 42 s old, the limit is",
            ": 2 checks under a grant were not honoured",
        ],
    );
    assert_eq!(reason(world), Reason::Granted);

    // Somebody changes a row behind the journal: Cedar says no where the index says yes, and the journal does not verify.
    let config = Config::parse(&format!("{CONFIG}}}\n  service: {{cross_check_percent: 100}}"), []).unwrap();
    let asking =
        Builder::shared(world.store.clone(), config.rules).settings(config.settings).clock(world.clock.clone());
    let asking = asking.open().unwrap();
    asking.reconciler().tick().unwrap();
    let raw = rusqlite::Connection::open(path).unwrap();
    let changed = "UPDATE grants SET state = 'revoked' WHERE owner = 'nobody'";
    assert_eq!(raw.execute(changed, []).unwrap(), 1);
    let outcome = asking.decider().check(&Check::new(query)).unwrap().outcome;
    assert_eq!(outcome, Outcome::NotApplicable, "the stricter answer");
    world.clock.advance(SECOND);
    asking.reconciler().tick().unwrap();
    world.expect(AlertKind::EnginesDiffer, &["logs.read on tool:t1"]);
    world.pass(SECOND);
    assert_eq!(world.engine.workflow().verify().unwrap_err().code(), "corrupt");
    world.tick();
    world.expect(AlertKind::JournalBroken, &["the journal does not verify", "is not what the journal says"]);

    // The clock.
    let real = world.engine.now().millis();
    world.clock.set_wall(Timestamp::from_millis(real + 30 * DAY).unwrap());
    world.pass(2 * SECOND);
    world.expect(
        AlertKind::ClockDoubted,
        &["the clock is doubted: it shows 30 days ahead of the time that was seen, and no grant is honoured but"],
    );
}

#[test]
fn a_clock_that_is_set_back_is_told() {
    let mut world = World::new(4, "");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    world.granted(&dev, "reader", 4.0, &lead);
    // Another process starts on a machine whose clock is two hours behind.
    let back = world.engine.now().millis() - 2 * HOUR;
    let behind = Arc::new(ManualClock::at(Timestamp::from_millis(back).unwrap()));
    let mut other = World::over(world.store.clone(), behind, 4, "");
    other.tick();
    other.pass(SECOND);
    other.expect(AlertKind::ClockDoubted, &["the clock is doubted: it shows 2 hours behind the journal, and no grant"]);
}
