//! What is read while others write, and of very many rows?

use std::ops::ControlFlow;
use std::sync::Arc;

use jit_access::check::Check;
use jit_access::command::{
    About, Approve, AskReplay, Explain, Limit, ListEvents, ListRecords, ListRefusals, ListRemedies, ListRequests,
    Revoke, Submit, WhoCould,
};
use jit_access::model::*;
use jit_access::notify::Reach;
use jit_access::service::{AuthorizeRequest, Engine};
use jit_access::store::{MemoryStore, REFUSAL_DAYS, RefusalPage, StoreError, Verification, VerifyProgress, Verifying};

use super::{World, ask, give, person, words};

const CONFIG: &str = "jit_access: {approver_roles: [lead], schema: {shipped: contextforge},
    limits: {open_requests_per_person: 1000}, roles: {operator: {permissions: ['tools.*']}, reader: {permissions: [logs.read]}}}";

fn action() -> Action {
    Action::new("tools.execute").unwrap()
}

fn check(engine: &Engine, who: &str) -> Outcome {
    let name = format!("{who}@example.com");
    let check = Check::text((PrincipalKind::User, &name), "tools.execute", Some("tool:t1"), None);
    engine.decider().check(&check).unwrap().outcome
}

#[test]
fn what_was_read_before_a_change_is_not_kept_for_later_answers() {
    let world = World::new(CONFIG);
    let (engine, other) = (world.engine(), world.other());
    let (dev, lead) = (person("dev", &[]), person("lead", &["lead"]));
    let submit = Submit::new(RoleName::new("reader").unwrap()).reason(words("INC-7"));
    let request = engine.workflow().execute(&dev, submit, None).unwrap().request.unwrap().id;
    engine.workflow().execute(&lead, Approve::new(request), None).unwrap();
    let asked = AuthorizeRequest::new(dev.principal, action(), "tool:t1".parse().unwrap());
    let changed = engine.clone();
    world.between.after("view", move || {
        give(&other, "dev");
        changed.sync().unwrap();
    });
    assert_eq!(engine.authorize(&asked).unwrap().outcome, Outcome::NotApplicable);
    assert!(world.between.is_done());
    assert_eq!(engine.authorize(&asked).unwrap().outcome, Outcome::Allow);
}

#[test]
fn a_grant_whose_end_waits_to_be_written_is_explained_as_ended() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    let grant = give(&engine, "dev").id;
    let (dev, lead) = (person("dev", &[]), person("lead", &["lead"]));
    let explained = || {
        let explained = engine.workflow().explain(&dev, &Explain::new(About::Caller, action())).unwrap();
        let grants: Vec<_> = explained.grants.iter().map(|one| (one.grant, one.why.code)).collect();
        (explained.decision.outcome, grants, explained.detail())
    };
    assert_eq!(explained(), (Outcome::Allow, vec![(grant, "granted")], "a grant gives it".to_owned()));
    world.between.fail("commit");
    let done = engine.workflow().execute(&lead, Revoke::new(grant, words("stop")), None).unwrap();
    assert!(!done.durable && world.between.is_done());
    let (outcome, grants, detail) = explained();
    assert_eq!((outcome, grants), (Outcome::NotApplicable, vec![(grant, "ended")]));
    assert_eq!(detail, "a command ended it, and that command is not recorded yet");
    engine.reconciler().tick().unwrap();
    let (outcome, grants, detail) = explained();
    assert_eq!((outcome, grants), (Outcome::NotApplicable, vec![(grant, "ended")]));
    assert!(!detail.contains("not recorded"), "{detail}");
    assert_eq!(world.count("grant_revoked"), 1);
}

#[test]
fn what_the_past_says_is_kept_for_few_requests_and_half_a_minute() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    let past = |id: RequestId| {
        let request = engine.workflow().request(&person("lead", &["lead"]), id).unwrap().request.unwrap();
        engine.workflow().past_of(&request).unwrap().replay.rests_on.refused
    };
    let refused = || {
        engine.workflow().remedies(&person("dev", &[]), &ListRemedies::new(action())).unwrap();
        engine.reconciler().flush().unwrap();
    };
    let first = ask(&engine, "dev");
    refused();
    assert_eq!(past(first), 1);
    refused();
    assert_eq!(past(first), 1, "kept");
    let others: Vec<_> = (0..64).map(|number| ask(&engine, &format!("dev{number}"))).collect();
    assert!(others.iter().all(|other| past(*other) == 0));
    assert_eq!(past(first), 2, "the oldest one made room");
    refused();
    world.clock.advance(29_999);
    assert_eq!(past(first), 2);
    world.clock.advance(1);
    assert_eq!(past(first), 3);
}

#[test]
fn a_reader_of_events_ends_where_the_store_is_replaced_while_it_reads() {
    let world = World::new(CONFIG);
    let (engine, other) = (world.engine(), world.other());
    give(&other, "dev");
    let lead = person("lead", &["lead"]);
    let events = || engine.workflow().events(&lead, &ListEvents::default().after(Revision(0))).unwrap();
    assert_eq!(events().revision, Revision(4));
    for _ in 0..1_500 {
        assert_eq!(check(&other, "dev"), Outcome::Allow);
    }
    other.reconciler().flush().unwrap();
    world.clock.advance(1_000);
    let between = Arc::clone(&world.between);
    world.between.before("records", move || between.replace(Arc::new(MemoryStore::new())));
    assert_eq!(events().revision, Revision(1_004), "as much as was read");
    assert!(world.between.is_done());
    world.clock.advance(1_000);
    let found = events();
    assert_eq!((found.revision, found.events.len()), (Revision::ZERO, 0));
}

#[test]
fn every_request_that_waits_is_told_what_other_rules_would_change() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    for number in 0..501 {
        ask(&engine, &format!("dev{number}"));
    }
    let mut rules = world.config.rules.clone();
    assert_eq!(engine.rules_impact(&rules).unwrap().len(), 0);
    rules.catalogue.remove(&RoleName::new("operator").unwrap());
    assert_eq!(engine.rules_impact(&rules).unwrap().len(), 501);
}

#[test]
fn a_replay_of_very_many_refused_calls_says_that_it_is_not_all() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    let dev = person("dev", &[]).principal;
    let refused = |number: usize| {
        let called: Action = format!("tools.t{number}").parse().unwrap();
        Refused::new((dev.clone(), None), "check", "no_grant", engine.now()).call(called, Resource::everything())
    };
    let replay = || {
        let asked = AskReplay::new(dev.clone(), RoleName::new("operator").unwrap());
        let rests_on = engine.workflow().replay(&person("lead", &["lead"]), &asked).unwrap().rests_on;
        (rests_on.refused, rests_on.is_all)
    };
    world.journal.add_refusals(&(0..1_999).map(refused).collect::<Vec<_>>()).unwrap();
    assert_eq!(replay(), (1_999, true));
    let bot = Refused::new((Principal::agent("bot").unwrap(), Some(dev.clone())), "check", "no_grant", engine.now());
    world.journal.add_refusals(&[bot.call(action(), Resource::everything())]).unwrap();
    assert_eq!(replay(), (1_999, false), "there may be more than was read");
    world.journal.add_refusals(&[refused(1_999), refused(2_000)]).unwrap();
    assert_eq!(replay(), (1_999, false));
    // Those of an earlier period are not looked for.
    world.clock.advance(31 * 24 * 3_600_000);
    engine.reconciler().tick().unwrap();
    assert_eq!(replay(), (0, true));
}

#[test]
fn of_very_many_different_refused_attempts_at_once_a_thousand_are_written() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    for number in 0..1_002 {
        let other = person(&format!("other{number}"), &[]);
        assert_eq!(engine.workflow().refusals(&other, &ListRefusals::default()).unwrap_err().code(), "not_an_auditor");
    }
    engine.reconciler().flush().unwrap();
    let written = |engine: &Engine| {
        engine.reconciler().flush().unwrap();
        world.journal.refusals(&RefusalPage { limit: 10_000, ..RefusalPage::default() }).unwrap().len()
    };
    assert_eq!(written(&engine), 1_000);
    let _ = engine.workflow().refusals(&person("late", &[]), &ListRefusals::default());
    assert_eq!(written(&engine), 1_001, "there is room again");
}

/// One who stops a verification at once.
struct Stops;

impl Verifying for Stops {
    fn progress(&mut self, _: VerifyProgress) -> ControlFlow<()> {
        ControlFlow::Break(())
    }
}

#[test]
fn a_verification_that_was_stopped_says_nothing_of_the_journal() {
    let world = World::new(&CONFIG.replace("schema:", "monitor: {enabled: true}, schema:"));
    let engine = world.engine();
    give(&engine, "dev");
    let stopped = engine.workflow().verify_with(&Verification::default(), &mut Stops).unwrap_err();
    assert!(matches!(stopped, jit_access::Error::Store(StoreError::Unavailable { .. })), "{stopped}");
    engine.reconciler().tick().unwrap();
    assert_eq!((world.count("alert_raised"), engine.workflow().verify().unwrap()), (0, 4));
}

#[test]
fn what_is_too_old_is_forgotten_although_nothing_is_written() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    engine.workflow().refusals(&person("dev", &[]), &ListRefusals::default()).unwrap_err();
    let listed =
        || engine.workflow().refusals(&person("lead", &["lead"]), &ListRefusals::default()).unwrap().items.len();
    assert_eq!(listed(), 1);
    world.clock.advance((REFUSAL_DAYS + 1) * 24 * 3_600_000);
    assert_eq!(listed(), 1);
    engine.outbox().plan(&[("hook".to_owned(), Reach::TARGET)].into()).unwrap();
    assert_eq!(listed(), 0);
}

#[test]
fn an_explanation_for_which_the_store_did_not_answer_is_an_error() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    give(&engine, "dev");
    let explain = || engine.workflow().explain(&person("dev", &[]), &Explain::new(About::Caller, action()));
    world.between.fail("grants");
    assert_eq!(explain().unwrap_err().code(), "unavailable");
    assert_eq!(explain().unwrap().decision.outcome, Outcome::Allow);
}

#[test]
fn a_use_that_is_written_while_the_past_is_read_is_counted_where_it_belongs() {
    let world = World::new(CONFIG);
    let (engine, other) = (world.engine(), world.other());
    give(&other, "dev");
    assert_eq!(check(&other, "dev"), Outcome::Allow);
    other.reconciler().flush().unwrap();
    let uses = || {
        let asked = WhoCould::new(action(), engine.now());
        engine.workflow().who_could(&person("lead", &["lead"]), &asked).unwrap().items[0].uses
    };
    assert_eq!(uses(), 1, "at this very instant");
    // Two reads look whether something has changed since; the third one is of later uses.
    world.between.before("records", || ());
    world.between.before("records", || ());
    let (clock, writes) = (Arc::clone(&world.clock), other.clone());
    world.between.before("records", move || {
        clock.advance(1);
        assert_eq!(check(&writes, "dev"), Outcome::Allow);
        writes.reconciler().flush().unwrap();
    });
    assert_eq!(uses(), 1);
    assert!(world.between.is_done());
    assert_eq!(uses(), 2);
}

#[test]
fn of_very_many_rows_some_thousands_are_looked_through_at_once() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    let (dev, lead) = (person("dev", &[]), person("lead", &["lead"]));
    let submit = Submit::new(RoleName::new("reader").unwrap()).reason(words("INC-8"));
    let oldest = engine.workflow().execute(&dev, submit, None).unwrap().request.unwrap().id;
    let given = give(&engine, "eve").id;
    let at = engine.now();
    world.clock.advance(1_000);
    for number in 0..5_000 {
        ask(&engine, &format!("dev{number}"));
    }
    let list = ListRequests::default().role(RoleName::new("reader").unwrap()).limit(Limit(1));
    let first = engine.workflow().requests(&lead, &list).unwrap();
    assert_eq!(first.items.len(), 0, "a page that is short and goes on");
    let second = engine.workflow().requests(&lead, &list.cursor(first.next.unwrap())).unwrap();
    assert_eq!(second.items.iter().map(|one| one.request.id).collect::<Vec<_>>(), [oldest]);
    // A search for words gives up after some hundreds, and says where it was.
    let filter = RecordFilter { text: Some("no such word".parse().unwrap()), ..RecordFilter::default() };
    let found = engine.workflow().journal(&lead, &ListRecords::new(filter)).unwrap();
    assert!(found.items.is_empty() && found.next.is_some());
    // The past is read to its end however much has happened.
    let asked = WhoCould::new(action(), at);
    let could = engine.workflow().who_could(&lead, &asked).unwrap().items;
    assert_eq!(could.iter().map(|grant| grant.id).collect::<Vec<_>>(), [given]);
    let asked = WhoCould::new(action(), engine.now());
    assert_eq!(engine.workflow().who_could(&lead, &asked).unwrap().items.len(), 1);
    world.clock.advance(3_600_000);
    engine.reconciler().tick().unwrap();
    world.clock.advance(10);
    ask(&engine, "late");
    let before = Timestamp::from_millis(engine.now().millis() - 1).unwrap();
    let asked = WhoCould::new(action(), before);
    assert_eq!(engine.workflow().who_could(&lead, &asked).unwrap().items.len(), 0, "its window is over");
}
