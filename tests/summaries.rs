//! Session summaries: the same bytes on every replica, with every use, and nothing that others wrote can act.

use std::sync::Arc;

use jit_access::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, ListRemedies, Release, Submit};
use jit_access::config::Config;
use jit_access::internal::journal::Record;
use jit_access::internal::summary::Fold;
use jit_access::internal::wire::{SummaryDocument, to_json};
use jit_access::model::{
    Action, Caller, GrantId, Justification, Principal, Resource, Revision, RoleName, SummaryForm, Timestamp, Ttl,
};
use jit_access::model::{Outcome, Query};
use jit_access::notify::NoticeKind;
use jit_access::service::{Builder, Engine};
use jit_access::store::{Batch, MemoryStore, RecordQuery, SqliteOptions, SqliteStore, Store};

const CONFIG: &str = "jit_access: {approver_roles: [lead], session_summary: true, \
     roles: {operator: {permissions: ['tools.*']}, runner: {permissions: [tools.run]}}}";
const START: &str = "2026-03-02T09:00:00Z";

fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(name).unwrap(), roles)
}

/// An engine over this store in which a grant was used so often on so many resources and given back.
fn session(store: Arc<dyn Store>, uses: usize, resources: usize, reason: &str) -> (Engine, GrantId, Arc<ManualClock>) {
    let config = Config::parse(CONFIG, []).unwrap();
    let clock = Arc::new(ManualClock::at(START.parse().unwrap()));
    let engine = Builder::shared(store, config.rules).settings(config.settings).clock(clock.clone()).open().unwrap();
    let (dev, lead) = (caller("dev@example.com", &[]), caller("lead@example.com", &["lead"]));
    let workflow = engine.workflow();
    let submit = Submit::new(RoleName::new("operator").unwrap());
    let submit = submit.reason(Justification::new(reason).unwrap()).duration(Ttl::from_hours(2.0).unwrap());
    let request = workflow.execute(&dev, submit, None).unwrap().request.unwrap().id;
    let grant = workflow.execute(&lead, Approve::new(request), None).unwrap().grant.unwrap().id;
    let action = Action::new("tools.run").unwrap();
    for at in 0..uses {
        clock.advance(10);
        let resource: Resource = format!("tool:t{}", at % resources).parse().unwrap();
        let query = Query { principal: &dev.principal, action: &action, resource: &resource };
        assert_eq!(engine.decider().check(&Check::new(query)).unwrap().outcome, Outcome::Allow);
    }
    // What was refused meanwhile: the fact about it is written after the end.
    let denied = ListRemedies::new(Action::new("net.scan").unwrap()).resource("tool:shop".parse::<Resource>().unwrap());
    workflow.remedies(&dev, &denied).unwrap();
    workflow.execute(&dev, Release::new(grant), None).unwrap();
    clock.advance(1_000);
    engine.reconciler().tick().unwrap();
    (engine, grant, clock)
}

fn every_form(engine: &Engine, grant: GrantId) -> Vec<String> {
    let lead = caller("lead@example.com", &["lead"]);
    let found = engine.workflow().summary(&lead, grant).unwrap();
    let json = to_json(&SummaryDocument::from(&found)).unwrap();
    SummaryForm::ALL.into_iter().map(|form| found.write(form)).chain([json]).collect()
}

fn all(store: &dyn Store) -> Vec<Record> {
    store.records(&RecordQuery::after(Revision::ZERO, 100_000)).unwrap().1
}

#[test]
fn the_bytes_follow_from_the_journal_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let open = || Arc::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    let (engine, grant, _) = session(open(), 2_500, 3, "INC-7");
    let first = every_form(&engine, grant);
    assert!(first[0].contains("2500 uses in all."), "{}", first[0]);
    assert!(first[0].contains("The role runner of the catalogue covers every use"), "{}", first[0]);
    assert!(first[0].contains("check  |  net.scan on tool:shop  |  no_grant  |  1"), "{}", first[0]);
    assert!(first.iter().take(3).all(|form| !form.contains(".000Z")), "people read no raw instants: {}", first[0]);
    drop(engine);

    // Another process, a day later.
    let config = Config::parse(CONFIG, []).unwrap();
    let later = Arc::new(ManualClock::at("2026-03-03T09:00:00Z".parse().unwrap()));
    let store = open();
    let again = Builder::shared(store.clone(), config.rules.clone()).clock(later).open().unwrap();
    assert_eq!(every_form(&again, grant), first);

    // The fold over the records alone, with none of the rows.
    let mut fold = Fold::default();
    all(&*store).iter().for_each(|record| fold.add(record));
    let now: Timestamp = "2026-03-09T09:00:00Z".parse().unwrap();
    let alone = fold.finish(&config.rules.catalogue, now).unwrap();
    assert_eq!(to_json(&SummaryDocument::from(&alone)).unwrap(), first[3]);
    // A copy of the journal, record by record, in another store.
    let copy = MemoryStore::new();
    for record in all(&*store) {
        copy.commit(&Batch { events: vec![record.event], ..Batch::default() }).unwrap();
    }
    let replica = Builder::new(copy, config.rules).clock(Arc::new(ManualClock::at(now))).open().unwrap();
    assert_eq!(every_form(&replica, grant), first, "from a replica of the journal");
    let runs = alone.timeline.iter().filter(|moment| moment.event == "grant_used").count();
    assert_eq!(runs, 1, "uses that follow each other are one entry");
}

#[test]
fn what_it_keeps_is_bounded_and_nothing_is_left_out_of_the_count() {
    let (engine, grant, _) = session(Arc::new(MemoryStore::new()), 1_700, 800, "many");
    let found = engine.workflow().summary(&caller("dev@example.com", &[]), grant).unwrap();
    let listed: u64 = found.uses.kinds.iter().map(|used| used.count).sum();
    assert_eq!((found.uses.kinds.len(), listed + found.uses.others, found.uses.total), (500, 1_700, 1_700));
    assert!(
        found.write(SummaryForm::Text).contains(&format!("{} uses of other kinds are not listed", found.uses.others))
    );
}

#[test]
fn nothing_that_others_wrote_can_act() {
    let hostile = include_str!("deliver/hostile.txt");
    let lines = hostile.lines().map(|line| line.trim()).filter(|line| !line.is_empty());
    let mut seen = 0;
    for line in lines {
        let Ok(reason) = Justification::new(line) else { continue };
        let (engine, grant, _) = session(Arc::new(MemoryStore::new()), 1, 1, reason.as_str());
        let [text, markdown, html, _] = &every_form(&engine, grant)[..] else { panic!() };
        let (plain, grant, _) = {
            let (engine, grant, clock) = session(Arc::new(MemoryStore::new()), 1, 1, "x");
            (every_form(&engine, grant), grant, clock)
        };
        let _ = grant;
        assert_eq!(text.lines().count(), plain[0].lines().count(), "{line}");
        assert_eq!(markdown.lines().count(), plain[1].lines().count(), "{line}");
        assert_eq!(html.lines().count(), plain[2].lines().count(), "{line}");
        assert_eq!(html.matches('<').count(), plain[2].matches('<').count(), "{line}");
        let open = |text: &str| text.replace("\\|", "").matches('|').count();
        assert_eq!(open(markdown), open(&plain[1]), "{line}");
        seen += 1;
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn a_notice_of_the_end_tells_what_was_done() {
    let (engine, grant, clock) = session(Arc::new(MemoryStore::new()), 7, 2, "INC-7");
    clock.advance(500);
    let channels = [("hook".to_owned(), jit_access::notify::Reach::TARGET)].into();
    let outbox = engine.outbox();
    outbox.plan(&channels).unwrap();
    let until = "2026-03-02T12:00:00Z".parse().unwrap();
    let sent = outbox.lease("hook", until, 100).unwrap();
    let notices: Vec<_> = sent.iter().map(|one| jit_access::notify::Notice::parse(&one.body).unwrap()).collect();
    let [told] = &notices.iter().filter(|one| one.kind == NoticeKind::SessionSummary).collect::<Vec<_>>()[..] else {
        panic!("{notices:?}")
    };
    let uses = told.uses.as_ref().unwrap();
    assert_eq!((uses.count, told.smaller_role.as_deref()), (7, Some("runner")));
    assert_eq!(
        (told.grant_id.clone(), uses.resources.clone()),
        (Some(grant.to_string()), vec!["tool:t0".to_owned(), "tool:t1".to_owned()])
    );
    let names: Vec<_> = told.audience.iter().map(|one| one.name()).collect();
    assert_eq!(names, ["holder", "approver", "security"]);
}

#[test]
fn a_smaller_role_is_of_the_catalogue_of_the_time() {
    let opened = |store: &Arc<dyn Store>, at: &str, text: &str| {
        let config = Config::parse(&CONFIG.replace("runner", text), []).unwrap();
        let clock = Arc::new(ManualClock::at(at.parse().unwrap()));
        let engine = Builder::shared(store.clone(), config.rules).settings(config.settings).clock(clock);
        let engine = engine.configuration(text).open().unwrap();
        engine.reconciler().tick().unwrap();
        engine
    };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    drop(opened(&store, "2026-03-02T08:00:00Z", "runner"));
    let (engine, grant, _) = session(store.clone(), 3, 1, "INC-9");
    let first = every_form(&engine, grant);
    assert!(first[0].contains("The role runner of the catalogue covers every use"), "{}", first[0]);
    drop(engine);

    // The role has another name from the next day on: what is over stays as it was, and what comes follows the new one.
    let later = opened(&store, "2026-03-03T09:00:00Z", "sprinter");
    assert_eq!(every_form(&later, grant), first);
    let changed = all(&*store).into_iter().filter(|record| record.event.fact.name() == "configuration_changed");
    let changed: Vec<_> = changed.collect();
    assert!(changed[0].body.contains(r#""runner":{"allowed":["tools.run"]}"#), "{}", changed[0].body);
    assert_eq!(changed.len(), 2);

    // A journal whose first such record is younger than the grant.
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let (_, grant, _) = session(store.clone(), 3, 1, "INC-9");
    let of_the_first = every_form(&opened(&store, "2026-03-03T09:00:00Z", "walker"), grant);
    assert!(of_the_first[0].contains("The role walker of the catalogue"), "{}", of_the_first[0]);
    assert_eq!(every_form(&opened(&store, "2026-03-04T09:00:00Z", "runner"), grant), of_the_first);
}
