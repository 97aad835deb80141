//! What somebody who looks on is told, and how long an answer waits for something to happen.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, ListEvents, ListRecords, ListRequests, Submit, WhoCould};
use jit_access::config::Config;
use jit_access::model::{
    Action, Caller, Grant, Justification, Outcome, Principal, PrincipalKind, RecordFilter, RecordOrder, RequestId,
    Revision, RoleName, SearchText,
};
use jit_access::service::{Builder, Engine, Watch};
use jit_access::store::MemoryStore;
use jit_access::workflow::Rules;

fn rules() -> Rules {
    let text = "jit_access: {approver_roles: [lead], auditor_roles: [auditor], require_justification: false,
        limits: {open_requests_per_person: 1000, requests_per_hour: 1000},
        roles: {deployer: {permissions: [tools.execute]}}}";
    Config::parse(text, []).unwrap().rules
}

fn builder() -> Builder {
    Builder::new(MemoryStore::new(), rules())
}

fn engine() -> Engine {
    builder().open().unwrap()
}

fn still() -> (Engine, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
    (builder().clock(Arc::clone(&clock) as _).open().unwrap(), clock)
}

fn ask(engine: &Engine, who: &str, why: &str) -> RequestId {
    let submit = Submit::new(RoleName::new("deployer").unwrap()).reason(Justification::new(why).unwrap());
    engine.workflow().execute(&caller(who, &[]), submit, None).unwrap().request.unwrap().id
}

fn give(engine: &Engine, who: &str) -> Grant {
    let approve = Approve::new(ask(engine, who, "work"));
    engine.workflow().execute(&caller("boss", &["lead"]), approve, None).unwrap().grant.unwrap()
}

fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(name).unwrap(), roles)
}

#[test]
fn only_who_reads_the_record_and_sees_all_rows_oversees() {
    let workflow = engine().workflow();
    assert!(workflow.oversees(&caller("boss", &["lead"])) && workflow.oversees(&caller("eve", &["auditor"])));
    assert!(!workflow.oversees(&caller("dev", &[])));
}

#[test]
fn an_answer_waits_until_something_happens_and_no_longer_than_was_said() {
    let engine = engine();
    let workflow = engine.workflow();
    let list = |after: u64, wait: u64| ListEvents::default().after(Revision(after)).wait_seconds(wait);
    let kinds = |list: &ListEvents| {
        let found = workflow.events(&caller("boss", &["lead"]), list).unwrap();
        found.events.into_iter().map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&list(0, 1)), [""; 0]);
    let asks = engine.workflow();
    let asking = thread::spawn(move || {
        let submit = Submit::new(RoleName::new("deployer").unwrap());
        asks.execute(&caller("dev", &[]), submit, None).unwrap();
    });
    assert_eq!(kinds(&list(0, 30)), ["request_submitted"]);
    asking.join().unwrap();
    assert!(workflow.events(&caller("dev", &[]), &list(5, 30)).unwrap().missed, "of another store");
}

#[test]
fn a_wait_of_a_closed_engine_is_over_at_once() {
    let engine = engine();
    let watch = Watch::of(&engine);
    ask(&engine, "dev", "work");
    assert_eq!(watch.wait(Revision(0), Duration::from_secs(3_600)), Revision(1), "something has happened already");
    watch.end();
    assert_eq!(watch.wait(Revision(9), Duration::from_secs(3_600)), Revision(1));
    let list = ListEvents::default().after(Revision(1)).wait_seconds(60);
    assert!(engine.workflow().events(&caller("boss", &["lead"]), &list).unwrap().events.is_empty());
}

#[test]
fn a_list_does_not_wait_for_the_first_reading_of_a_long_record() {
    let (engine, clock) = still();
    let grant = give(&engine, "dev");
    let check = Check::text((PrincipalKind::User, "dev"), "tools.execute", Some("tool:deploy"), None);
    for _ in 0..5_001 {
        assert_eq!(engine.decider().check(&check).unwrap().outcome, Outcome::Allow);
    }
    engine.reconciler().flush().unwrap();
    let rates = || {
        let counts = engine.workflow().counts([&grant]).unwrap();
        counts[0].map(|counts| (counts.rate, counts.refusals))
    };
    assert_eq!(rates(), None, "nobody looks on, and a list is not late for it");
    clock.advance(1_999);
    assert_eq!(rates(), None);
    clock.advance(1);
    assert_eq!(rates(), Some((500.1, 0)), "the next list reads it");
    clock.advance(1_000);
    assert_eq!(rates(), Some((500.1, 0)));
    // What is read of it is read in parts.
    let (boss, eve) = (caller("boss", &["lead"]), caller("eve", &["auditor"]));
    let summary = engine.workflow().summary(&boss, grant.id).unwrap();
    assert_eq!(summary.uses.total, 5_001);
    let text = Some("no such word".parse().unwrap());
    let filter = RecordFilter { text, ..RecordFilter::default() };
    let list = ListRecords::new(filter).order(RecordOrder::Oldest);
    assert!(engine.workflow().journal(&eve, &list).unwrap().items.is_empty());
}

#[test]
fn another_process_catches_up_with_very_many_changes() {
    let store = Arc::new(MemoryStore::new());
    let open = || Builder::shared(Arc::clone(&store) as _, rules()).open().unwrap();
    let (one, other) = (open(), open());
    let request = |number: i32| ask(&one, &format!("dev{}", number % 50), &format!("reason {number}"));
    let last = (0..1_101).fold(None, |_, number| Some(request(number)));
    assert_eq!(other.sync().unwrap(), Revision(1_101));
    other.workflow().execute(&caller("boss", &["lead"]), Approve::new(last.unwrap()), None).unwrap();
    one.sync().unwrap();
    let check = Check::text((PrincipalKind::User, "dev0"), "tools.execute", Some("tool:deploy"), None);
    assert_eq!(one.decider().check(&check).unwrap().outcome, Outcome::Allow);
}

#[test]
fn a_filter_finds_what_is_far_back() {
    let (engine, _) = still();
    let oldest = ask(&engine, "dev", "the needle");
    for number in 0..450 {
        ask(&engine, &format!("dev{}", number % 10), &format!("straw {number}"));
    }
    let found = |list: &ListRequests| {
        let page = engine.workflow().requests(&caller("boss", &["lead"]), list).unwrap();
        (page.items.into_iter().map(|one| one.request.id).collect::<Vec<_>>(), page.next.is_some())
    };
    assert_eq!(found(&ListRequests::default().text("needle".parse::<SearchText>().unwrap())), (vec![oldest], false));
}

#[test]
fn who_could_of_many_counts_the_uses_of_each() {
    let (engine, clock) = still();
    let all: Vec<Grant> = (0..25).map(|number| give(&engine, &format!("dev{number}"))).collect();
    let use_it = |who: &str| {
        let check = Check::text((PrincipalKind::User, who), "tools.execute", Some("tool:deploy"), None);
        assert_eq!(engine.decider().check(&check).unwrap().outcome, Outcome::Allow);
        engine.reconciler().flush().unwrap();
    };
    clock.advance(1_000);
    use_it("dev3");
    clock.advance(1_000);
    let at = engine.now();
    clock.advance(1_000);
    use_it("dev3");
    use_it("dev4");
    let asked = WhoCould::new(Action::new("tools.execute").unwrap(), at);
    let listed = engine.workflow().who_could(&caller("eve", &["auditor"]), &asked).unwrap().items;
    assert_eq!(listed.len(), all.len());
    let uses = |number: usize| listed.iter().find(|one| one.id == all[number].id).unwrap().uses;
    assert_eq!((uses(3), uses(4), uses(5)), (1, 0, 0));
}
