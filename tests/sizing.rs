//! Right-sizing and replay: a recorded call is answered as the engine answered it, and a grant that was not there as the engine
//! would have answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use jit_access::clock::ManualClock;
use jit_access::command::{Approve, AskReplay, GetRightSize, ListRefusals, ListRemedies, Release, Submit};
use jit_access::config::Config;
use jit_access::internal::sizing::{Called, Candidate, Replayed};
use jit_access::model::*;
use jit_access::notify::{Notice, NoticeKind, Reach};
use jit_access::service::{Builder, Engine};
use jit_access::store::conformance::week::{self, Week};
use jit_access::store::{MemoryStore, RecordQuery, SqliteOptions, SqliteStore, Store};
use jit_access::{Check, Command};

const CONFIG: &str = "
jit_access:
  approver_roles: [lead]
  reserved_permissions: [tools.wipe]
  roles:
    operator: {permissions: ['tools.*']}
    reader: {permissions: [tools.read, logs.read]}
    logs: {permissions: ['logs.*']}
    mixed: {permissions: [tools.run, logs.search, db.read]}
    all: {permissions: ['*']}";
const ROLES: [&str; 5] = ["operator", "reader", "logs", "mixed", "all"];
const ACTIONS: [&str; 8] =
    ["tools.read", "tools.run", "tools.wipe", "logs.read", "logs.search", "db.read", "db.write", "net.scan"];
const SCOPES: [&str; 5] = ["*", "tool", "tool:t1", "server:s1", "db:orders"];
const START: &str = "2026-03-02T09:00:00Z";

fn person(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), roles)
}

fn open(store: Arc<dyn Store>, at: Timestamp) -> (Engine, Arc<ManualClock>) {
    let config = Config::parse(CONFIG, []).unwrap();
    let clock = Arc::new(ManualClock::at(at));
    let engine = Builder::shared(store, config.rules).settings(config.settings).clock(clock.clone()).open().unwrap();
    (engine, clock)
}

fn run(engine: &Engine, caller: &Caller, command: impl Into<Command>) -> jit_access::Receipt {
    engine.workflow().execute(caller, command, None).unwrap()
}

/// A grant of this role on this, approved at once.
fn granted(engine: &Engine, role: &str, scope: &str, hours: f64) -> Grant {
    let submit = Submit::new(RoleName::new(role).unwrap())
        .resource(scope.parse::<Scope>().unwrap())
        .duration(Ttl::from_hours(hours).unwrap())
        .reason(Justification::new("x").unwrap());
    let receipt = run(engine, &person("dev", &[]), submit);
    if let Some(grant) = receipt.grant {
        return grant;
    }
    run(engine, &person("lead", &["lead"]), Approve::new(receipt.request.unwrap().id)).grant.unwrap()
}

fn thing(dice: &mut fastrand::Rng) -> Resource {
    match dice.usize(..5) {
        0 => Resource::everything(),
        1 => "db:orders".parse().unwrap(),
        _ => {
            let tool: Resource = format!("tool:t{}", dice.usize(..3)).parse().unwrap();
            match dice.usize(..3) {
                0 => tool,
                server => tool.with_parent(format!("server:s{server}").parse().unwrap()).unwrap(),
            }
        }
    }
}

/// One call, as a host makes it: of what no grant covers it says what may be asked for.
fn call(engine: &Engine, action: &Action, resource: &Resource) -> bool {
    let dev = person("dev", &[]);
    let query = Query { principal: &dev.principal, action, resource };
    if engine.decider().check(&Check::new(query)).unwrap().outcome == Outcome::Allow {
        return true;
    }
    let thing = Some(resource.clone()).filter(|one| !one.is_everything());
    let bare = thing.as_ref().map(|one| Resource::new(one.kind().name(), one.id()).unwrap());
    let denied = ListRemedies::new(action.clone()).resource(bare).parent(resource.parent().cloned());
    engine.workflow().remedies(&dev, &denied).unwrap();
    false
}

type Key = (String, String, Option<String>);

fn key(action: &Action, resource: &Resource) -> Key {
    (action.to_string(), resource.to_string(), resource.parent().map(ToString::to_string))
}

/// What happened: each call with whether it passed, and the grants in force then.
struct Told {
    calls: Vec<(Action, Resource, bool, Vec<Grant>)>,
}

/// A day of calls under changing grants.
fn tell(engine: &Engine, clock: &ManualClock, dice: &mut fastrand::Rng) -> Told {
    let dev = person("dev", &[]);
    let mut held: Vec<Grant> = Vec::new();
    let mut calls = Vec::new();
    for _ in 0..60 {
        match dice.usize(..10) {
            0 if held.len() < 3 => {
                let role = ROLES[dice.usize(..4)];
                if held.iter().all(|grant| grant.role.as_str() != role) {
                    let grant = granted(engine, role, SCOPES[dice.usize(..SCOPES.len())], 8.0);
                    // Another grant may give all of it already.
                    if held.iter().all(|one| one.id != grant.id) {
                        held.push(grant);
                    }
                }
            }
            1 if !held.is_empty() => {
                let grant = held.swap_remove(dice.usize(..held.len()));
                run(engine, &dev, Release::new(grant.id));
            }
            _ => {
                let (action, resource) = (ACTIONS[dice.usize(..ACTIONS.len())].parse::<Action>().unwrap(), thing(dice));
                for _ in 0..=dice.usize(..2) {
                    let passed = call(engine, &action, &resource);
                    calls.push((action.clone(), resource.clone(), passed, held.clone()));
                }
            }
        }
        clock.advance(dice.i64(1_000..600_000).min(5 * 60_000));
        held.retain(|grant| grant.status(engine.now()).is_live());
        engine.reconciler().tick().unwrap();
    }
    Told { calls }
}

fn rows(calls: &[Called]) -> BTreeMap<Key, u64> {
    let mut all = BTreeMap::new();
    for one in calls {
        *all.entry(key(&one.action, &one.resource)).or_default() += one.count;
    }
    all
}

#[test]
fn every_recorded_answer_is_reproduced_and_a_grant_that_was_not_there_is_judged_as_the_engine_would() {
    let lead = person("lead", &["lead"]);
    let (mut passing, mut refused) = (0, 0);
    for seed in 0..40 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let (engine, clock) = open(Arc::new(MemoryStore::new()), START.parse().unwrap());
        let told = tell(&engine, &clock, &mut dice);

        // Under the grants that were there, each call gets the answer that it got.
        for (action, resource, passed, held) in &told.calls {
            let code = (!passed).then_some("no_grant");
            let answers = held.iter().map(|grant| Candidate::of_grant(grant).answer(action, resource, code));
            let again = answers.min() == Some(Replayed::Passes);
            assert_eq!(again, *passed, "seed {seed}: {action} on {resource}, {held:?}");
        }

        // Under one that was not there: as an engine answers in which it is.
        for _ in 0..4 {
            let (role, scope) = (ROLES[dice.usize(..5)], SCOPES[dice.usize(..SCOPES.len())]);
            let dev = person("dev", &[]).principal;
            let ask = AskReplay::new(dev, RoleName::new(role).unwrap()).resource(scope.parse::<Scope>().unwrap());
            let replay = engine.workflow().replay(&lead, &ask).unwrap();
            let (other, _) = open(Arc::new(MemoryStore::new()), START.parse().unwrap());
            granted(&other, role, scope, 8.0);
            let (mut would_pass, mut would_be_refused) = (BTreeMap::new(), BTreeMap::new());
            let (mut still_passing, mut still_refused) = (0, 0);
            for (action, resource, passed, _) in &told.calls {
                match (passed, call(&other, action, resource)) {
                    (false, true) => *would_pass.entry(key(action, resource)).or_insert(0) += 1,
                    (true, false) => *would_be_refused.entry(key(action, resource)).or_insert(0) += 1,
                    (true, true) => still_passing += 1,
                    (false, false) => still_refused += 1,
                }
            }
            assert_eq!(rows(&replay.would_pass), would_pass, "seed {seed}: {role} on {scope}");
            assert_eq!(rows(&replay.would_be_refused), would_be_refused, "seed {seed}: {role} on {scope}");
            let sum = |all: &BTreeMap<Key, u64>| all.values().sum::<u64>();
            assert_eq!(
                (replay.would_pass_total, replay.would_be_refused_total, replay.unknown_total, replay.if_met_total),
                (sum(&would_pass), sum(&would_be_refused), 0, 0)
            );
            assert_eq!((replay.still_passing_total, replay.still_refused_total), (still_passing, still_refused));
            let all = told.calls.len() as u64;
            assert_eq!(replay.rests_on.uses + replay.rests_on.refused, all, "every call is in it");
            passing += sum(&would_pass);
            refused += sum(&would_be_refused);
        }
    }
    assert!(passing > 500 && refused > 200, "the seeds must have some of each: {passing}, {refused}");
}

#[test]
fn what_is_proposed_covers_every_use_and_lies_inside_what_was_given() {
    let lead = person("lead", &["lead"]);
    let mut proposed = 0;
    for seed in 100..130 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let (engine, clock) = open(Arc::new(MemoryStore::new()), START.parse().unwrap());
        tell(&engine, &clock, &mut dice);
        for role in ROLES {
            let get = GetRightSize::default().role(RoleName::new(role).unwrap());
            let found = engine.workflow().right_size(&lead, &get).unwrap();
            let [used] = &found.roles[..] else { panic!("{found:?}") };
            let given = used.given.clone().unwrap();
            for one in &used.never_used {
                assert!(used.used.iter().all(|used| !one.covers(&used.action)), "{one}");
            }
            let Some(proposal) = &used.proposal else { continue };
            proposed += 1;
            assert!(proposal.permissions.is_within(&given) && !given.is_within(&proposal.permissions));
            assert!(used.used.iter().all(|one| proposal.permissions.covers(&one.action)), "{proposal:?}");
            for held in &proposal.inside {
                assert!(held.within.includes(&held.permission), "{held:?}");
            }
            // The entry is one that the configuration takes.
            let text = format!("jit_access: {{roles: {{{}}}}}", proposal.entry);
            let config = Config::parse(&text, []).unwrap();
            let entry = &config.rules.catalogue[&RoleName::new(role).unwrap()];
            assert_eq!(entry.permissions, proposal.permissions);
        }
    }
    assert!(proposed > 20, "{proposed}");
}

#[test]
fn the_answers_are_the_same_after_a_restart_and_in_the_message_to_approvers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let store = || Arc::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    let lead = person("lead", &["lead"]);
    let ask = AskReplay::new(person("dev", &[]).principal, RoleName::new("operator").unwrap());
    let (engine, clock) = open(store(), START.parse().unwrap());
    let grant = granted(&engine, "mixed", "*", 2.0);
    let (run_it, tool): (Action, Resource) = ("tools.run".parse().unwrap(), "tool:t1".parse().unwrap());
    (0..3).for_each(|_| assert!(call(&engine, &run_it, &tool)));
    (0..2).for_each(|_| assert!(!call(&engine, &"tools.read".parse().unwrap(), &tool)));
    run(&engine, &person("dev", &[]), Release::new(grant.id));
    engine.reconciler().tick().unwrap();
    let before = engine.workflow().replay(&lead, &ask).unwrap();
    assert_eq!((before.would_pass_total, before.still_passing_total), (2, 3));
    let now = engine.now();
    drop(engine);
    let _ = clock;

    let (engine, _) = open(store(), now);
    assert_eq!(engine.workflow().replay(&lead, &ask).unwrap(), before);
    let listed = engine.workflow().refusals(&lead, &ListRefusals::default()).unwrap().items;
    let called: Vec<_> = listed.iter().filter_map(|one| one.call.clone()).collect();
    assert_eq!(called, [("tools.read".parse().unwrap(), tool.clone())]);

    let submit = Submit::new(RoleName::new("mixed").unwrap()).reason(Justification::new("again").unwrap());
    let request = run(&engine, &person("dev", &[]), submit).request.unwrap();
    let past = engine.workflow().past_of(&request).unwrap();
    assert_eq!(past.never_used.iter().map(ToString::to_string).collect::<Vec<_>>(), ["db.read", "logs.search"]);
    engine.outbox().plan(&[("hook".to_owned(), Reach::TARGET)].into()).unwrap();
    let sent = engine.outbox().lease("hook", "2026-03-03T09:00:00Z".parse().unwrap(), 100).unwrap();
    let notices: Vec<_> = sent.iter().map(|one| Notice::parse(&one.body).unwrap()).collect();
    let asked: Vec<_> = notices.iter().filter(|one| one.kind == NoticeKind::RequestSubmitted).collect();
    assert_eq!(asked.last().unwrap().past, past.sentences());
    let last = past.sentences().pop().unwrap();
    assert_eq!(last, "This is from 3 uses and 2 refused calls over 1 day.");
}

#[test]
fn the_past_of_more_requests_than_are_kept_is_told_all_the_same() {
    let (engine, _) = open(Arc::new(MemoryStore::new()), "2026-03-02T09:00:00Z".parse().unwrap());
    let ask = |number: usize| {
        let submit = Submit::new(RoleName::new("mixed").unwrap()).reason(Justification::new("again").unwrap());
        run(&engine, &person(&format!("dev{number}"), &[]), submit).request.unwrap()
    };
    let requests: Vec<_> = (0..70).map(ask).collect();
    for request in requests.iter().chain(&requests) {
        assert_eq!(engine.workflow().past_of(request).unwrap().sentences()[0], "The requester has not used this role.");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn of_a_long_record_a_bounded_part_is_read_and_the_answer_says_so() {
    let week = Week { uses: 30_000, principals: 5, grants: 20, ..Week::whole() };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    week.record(&*store);
    let clock = Arc::new(ManualClock::at(week.ends()));
    let engine = Builder::shared(store.clone(), week::rules()).clock(clock).open().unwrap();
    let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, 1_000_000)).unwrap();
    let mut uses: BTreeMap<(Principal, RoleName), u64> = BTreeMap::new();
    let mut grants = BTreeMap::new();
    for record in &records {
        match &record.event.fact {
            Fact::GrantCreated(grant) => drop(grants.insert(grant.id, (grant.holder.clone(), grant.role.clone()))),
            Fact::GrantUsed { grant, .. } => *uses.entry(grants[grant].clone()).or_default() += 1,
            _ => {}
        }
    }
    let ((holder, role), most) = uses.into_iter().max_by_key(|(_, count)| *count).unwrap();
    assert!(most > 5_000, "{most}");
    let of_role = records.iter().find_map(|record| match &record.event.fact {
        Fact::RequestSubmitted(request) if request.requester == holder && request.role == role => Some(request.clone()),
        _ => None,
    });
    let begun = std::time::Instant::now();
    let past = engine.workflow().past_of(&of_role.unwrap()).unwrap();
    let took = begun.elapsed();
    assert!(!past.replay.rests_on.is_all && past.replay.rests_on.uses <= 5_000, "{:?}", past.replay.rests_on);
    assert!(past.sentences().pop().unwrap().contains("from the last "), "{:?}", past.sentences());
    println!("what the past says of a request, over {} records: {took:?}", records.len());
    assert!(took.as_secs() < 5, "{took:?}");
}
