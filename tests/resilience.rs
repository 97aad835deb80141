//! What holds when the store is replaced, locked or busy.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jit_access::check::Check;
use jit_access::clock::{Clock, ManualClock};
use jit_access::command::{
    About, AcceptClock, AcceptStore, Approve, BreakGlass, Explain, ReportStanding, Revoke, RevokeMany, Submit, Withdraw,
};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine, IdempotencyKey, Settings};
use jit_access::store::conformance::world::{at, cast, role, submit};
use jit_access::store::{Batch, MemoryStore, Reads, RecordQuery, SqliteOptions, SqliteStore, Store, Subject};
use tempfile::TempDir;

const CONFIG: &str = "jit_access: {approver_roles: [lead], require_justification: false, \
    roles: {deployer: {permissions: [tools.execute]}, reader: {permissions: [logs.read]}}}";
const STALENESS: Duration = Duration::from_millis(100);
const LOCKED: &str = "JIT_RESILIENCE_LOCK";

/// Lets the last proof of being current grow too old.
#[expect(clippy::disallowed_methods, reason = "the age of a proof is counted on the system's clock")]
fn outlast_the_last_proof() {
    thread::sleep(STALENESS * 2);
}

#[expect(clippy::disallowed_methods, reason = "a wait for a lock is counted on the system's clock")]
fn now() -> Instant {
    Instant::now()
}

fn open_with(path: &Path, config: &str, busy: Duration) -> Engine {
    let config = Config::parse(config, []).unwrap();
    let store = SqliteStore::open(path, SqliteOptions::default().busy_timeout(busy)).unwrap();
    let settings = config.settings.max_staleness(STALENESS);
    Builder::new(store, config.rules).settings(settings).open().unwrap()
}

fn open(path: &Path) -> Engine {
    open_with(path, CONFIG, Duration::from_secs(60))
}

fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), roles)
}

fn lead() -> Caller {
    caller("lead", &["lead"])
}

fn words() -> Justification {
    Justification::new("because").unwrap()
}

fn grant(engine: &Engine, name: &str) -> GrantId {
    let workflow = engine.workflow();
    let submit = Submit::new(RoleName::new("deployer").unwrap());
    let request = workflow.execute(&caller(name, &[]), submit, None).unwrap().request.unwrap();
    workflow.execute(&lead(), Approve::new(request.id), None).unwrap().grant.unwrap().id
}

fn check(engine: &Engine, name: &str) -> Decision {
    let principal = caller(name, &[]).principal;
    let check = Check::text((PrincipalKind::User, principal.id()), "tools.execute", None, None);
    engine.decider().check(&check.peek()).unwrap()
}

fn is_allowed(engine: &Engine, name: &str) -> bool {
    check(engine, name).outcome == Outcome::Allow
}

/// Puts the file in the place of the store's, as an operator does who restores a backup.
fn replace(store: &Path, by: &Path) {
    for side in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{side}", store.display()));
    }
    std::fs::rename(by, store).unwrap();
}

/// A store with one grant of Ann's; an engine on it that has granted Ben something since and revoked what Ann had; and the
/// copy that was made before.
fn copied() -> (TempDir, Engine) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jit.db");
    let first = open(&path);
    let ann = grant(&first, "ann");
    drop(first);
    std::fs::copy(&path, folder.path().join("copy.db")).unwrap();
    let engine = open(&path);
    grant(&engine, "ben");
    engine.workflow().execute(&lead(), Revoke::new(ann, words()), None).unwrap();
    engine.reconciler().tick().unwrap();
    assert!(!is_allowed(&engine, "ann") && is_allowed(&engine, "ben"));
    (folder, engine)
}

fn stops_until_accepted(path: &Path, engine: &Engine) {
    outlast_the_last_proof();
    let decision = check(engine, "ben");
    assert_eq!((decision.outcome, decision.basis.reason), (Outcome::NotApplicable, Reason::StoreReplaced));
    assert!(!is_allowed(engine, "ann"), "it was revoked");
    assert!(engine.sync().is_err() && engine.honoured().is_err());
    // What the machine remembers is of the store that it followed.
    let _ = engine.reconciler().flush();

    let started = open(path);
    assert!(!is_allowed(&started, "ann") && !is_allowed(&started, "ben"), "a start knows it too");

    let refused = started.workflow().execute(&caller("ann", &[]), AcceptStore::new(words()), None).unwrap_err();
    assert_eq!(refused.code(), "not_an_approver");
    started.workflow().execute(&lead(), AcceptStore::new(words()), None).unwrap();
    for engine in [&started, engine] {
        outlast_the_last_proof();
        engine.sync().unwrap();
    }
    let records = SqliteStore::open(path, SqliteOptions::default()).unwrap();
    let records = records.records(&RecordQuery::about(Subject::Store, 10)).unwrap().1;
    assert_eq!(records.len(), 1, "the acceptance is on record");
    started.workflow().verify().unwrap();
}

#[test]
fn an_older_copy_under_a_running_engine_stops_elevation_until_it_is_accepted() {
    let (folder, engine) = copied();
    let path = folder.path().join("jit.db");
    replace(&path, &folder.path().join("copy.db"));
    stops_until_accepted(&path, &engine);
    // What the accepted store says is true now: of Ben it knows nothing, and of Ann's revocation neither.
    assert!(is_allowed(&engine, "ann") && !is_allowed(&engine, "ben"));
    let before = engine.revision();
    let cat = grant(&engine, "cat");
    assert!(is_allowed(&engine, "cat") && engine.revision() > before, "the revision goes on rising");
    engine.workflow().execute(&lead(), Revoke::new(cat, words()), None).unwrap();
    assert!(!is_allowed(&engine, "cat"));
}

#[test]
fn an_older_copy_that_has_grown_past_the_known_revision_is_noticed() {
    let (folder, engine) = copied();
    let (path, copy) = (folder.path().join("jit.db"), folder.path().join("copy.db"));
    let grown = open(&copy);
    for number in 0..5 {
        grant(&grown, &format!("user{number}"));
    }
    assert!(grown.revision() > engine.revision());
    drop(grown);
    let _ = std::fs::remove_file(folder.path().join("copy.db-seen"));
    replace(&path, &copy);
    stops_until_accepted(&path, &engine);
}

#[test]
fn another_store_of_equal_or_higher_revision_is_noticed() {
    for more in [0, 3] {
        let (folder, engine) = copied();
        let (path, other) = (folder.path().join("jit.db"), folder.path().join("other.db"));
        let foreign = open(&other);
        let ann = grant(&foreign, "ann");
        grant(&foreign, "ben");
        foreign.workflow().execute(&lead(), Revoke::new(ann, words()), None).unwrap();
        for number in 0..more {
            grant(&foreign, &format!("user{number}"));
        }
        assert_eq!(foreign.revision() == engine.revision(), more == 0);
        drop(foreign);
        replace(&path, &other);
        stops_until_accepted(&path, &engine);
    }
}

/// Not a test of its own: what a started process runs. Without its variable it returns at once.
#[test]
fn holder() {
    let Ok(path) = std::env::var(LOCKED) else { return };
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    println!("locked");
    std::io::stdout().flush().unwrap();
    // Until the other side closes its end.
    let _ = std::io::stdin().lines().count();
}

/// Another process that holds the store's write lock until it is dropped.
struct Locked(Child);

impl Locked {
    fn by_another_process(path: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["holder", "--exact", "--nocapture"])
            .env(LOCKED, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.ends_with("locked")));
        Self(child)
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

#[test]
fn a_revocation_takes_effect_while_another_process_holds_the_write_lock() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jit.db");
    let busy = Duration::from_millis(400);
    let (engine, other) = (open_with(&path, CONFIG, busy), open_with(&path, CONFIG, busy));
    let (ann, ben) = (grant(&engine, "ann"), grant(&engine, "ben"));
    other.sync().unwrap();
    let locked = Locked::by_another_process(&path);
    let revision = engine.revision();
    let receipt = thread::scope(|scope| {
        let revoking = scope.spawn(|| engine.workflow().execute(&lead(), Revoke::new(ann, words()), None).unwrap());
        let started = now();
        while is_allowed(&engine, "ann") {
            assert!(started.elapsed() < busy / 2, "it does not wait for the lock");
            thread::yield_now();
        }
        assert!(!revoking.is_finished(), "and it is not written yet");
        revoking.join().unwrap()
    });
    assert!(!receipt.durable, "the caller is told so");
    assert_eq!(receipt.ended.iter().map(|grant| grant.id).collect::<Vec<_>>(), [ann]);
    assert!(engine.revision() > revision, "hosts drop what they keep");
    assert!(is_allowed(&engine, "ben") && is_allowed(&other, "ann"), "others do not know yet");
    assert!(engine.reconciler().tick().is_err(), "it cannot be written yet");
    assert!(engine.honoured().unwrap().grants.iter().all(|grant| grant.id != ann));
    // Who asks why is told.
    let explain = Explain::new(About::Caller, Action::new("tools.execute").unwrap());
    let told = engine.workflow().explain(&caller("ann", &[]), &explain).unwrap();
    assert_eq!(told.grants.iter().map(|one| one.why.code).collect::<Vec<_>>(), ["ended"]);
    // A second revocation of the same, also by another, and one of all.
    assert!(!engine.workflow().execute(&caller("second", &["lead"]), Revoke::new(ann, words()), None).unwrap().durable);
    assert!(!engine.workflow().execute(&lead(), Revoke::new(ann, words()), None).unwrap().durable);
    assert!(!engine.workflow().execute(&lead(), RevokeMany::new(Selector::All, words()), None).unwrap().durable);
    assert!(!is_allowed(&engine, "ann") && !is_allowed(&engine, "ben"));
    drop(locked);
    engine.reconciler().tick().unwrap();
    other.sync().unwrap();
    assert!(!is_allowed(&other, "ann") && !is_allowed(&other, "ben"));
    let grants = [ann, ben].map(|id| engine.workflow().grant(&lead(), id).unwrap().grant.unwrap());
    assert!(grants.iter().all(|grant| matches!(grant.status(engine.now()), GrantStatus::Revoked)));
    assert!(engine.workflow().execute(&lead(), Revoke::new(ann, words()), None).unwrap().durable);
    engine.workflow().verify().unwrap();
}

/// A text that the library makes itself may be longer than one may be; what is done for that reason is done.
#[test]
fn access_ends_however_long_its_reason_would_be() {
    let named: Vec<_> = (0..400).map(|number| format!("engineers-team-{number:03}")).collect();
    let config = format!(
        "jit_access: {{approver_roles: [lead], require_justification: false, \
         roles: {{deployer: {{permissions: [tools.execute], requestable_by: [{}]}}}}}}",
        named.join(", ")
    );
    let clock = Arc::new(ManualClock::at(at(0)));
    let rules = Config::parse(&config, []).unwrap().rules;
    let engine = Builder::new(MemoryStore::new(), rules).clock(clock).open().unwrap();
    let ann = caller("ann", &["engineers-team-399"]);
    let asked = engine.workflow().execute(&ann, Submit::new(role("deployer")), None).unwrap().request.unwrap();
    engine.workflow().execute(&lead(), Approve::new(asked.id), None).unwrap();
    assert!(is_allowed(&engine, "ann"));
    let report = ReportStanding::new(ann.principal, true).roles(vec![role("employee")]);
    let ended = engine.workflow().execute(&lead(), report, None).unwrap().ended;
    assert_eq!(ended.len(), 1);
    assert!(!is_allowed(&engine, "ann"));
    let Some(End { kind: EndKind::Revoked(reason), .. }) = &ended[0].ended else { panic!("{ended:?}") };
    assert!(reason.to_string().len() <= 4_096 && reason.to_string().ends_with('…'), "{reason}");
}

/// What the operator forbids by now holds also while nothing can be written.
#[test]
#[cfg(feature = "cedar")]
fn a_tick_that_cannot_write_takes_up_what_forbids() {
    let folder = TempDir::new().unwrap();
    let (path, own) = (folder.path().join("jit.db"), folder.path().join("own.cedar"));
    std::fs::write(&own, "forbid (principal, action, resource == Tool::\"other\");").unwrap();
    let config = format!(
        "jit_access: {{approver_roles: [lead], require_justification: false, schema: {{shipped: contextforge}}, \
         guardrails: {{path: '{}'}}, roles: {{deployer: {{permissions: [tools.execute]}}}}}}",
        own.display()
    );
    let engine = open_with(&path, &config, Duration::from_millis(100));
    let ann = grant(&engine, "ann");
    grant(&engine, "ben");
    let locked = Locked::by_another_process(&path);
    assert!(!engine.workflow().execute(&lead(), Revoke::new(ann, words()), None).unwrap().durable);
    let deploys = || {
        let check = Check::text((PrincipalKind::User, "ben@example.com"), "tools.execute", Some("tool:deploy"), None);
        engine.decider().check(&check.peek()).unwrap().outcome
    };
    assert_eq!(deploys(), Outcome::Allow);
    std::fs::write(&own, "forbid (principal, action, resource);").unwrap();
    assert!(engine.reconciler().tick().is_err(), "the revocation cannot be written");
    assert_eq!(deploys(), Outcome::Deny);
    drop(locked);
    engine.reconciler().tick().unwrap();
    engine.workflow().verify().unwrap();
}

#[test]
fn what_is_due_is_noted_under_steady_traffic() {
    const DUE: usize = 250;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jit.db");
    let clock = Arc::new(ManualClock::at(at(0)));
    let rules = Config::parse(CONFIG, []).unwrap().rules;
    let store = SqliteStore::open(&path, SqliteOptions::default().busy_timeout(Duration::from_secs(60))).unwrap();
    let engine = Builder::new(store, rules).clock(Arc::clone(&clock) as _).open().unwrap();
    (0..DUE).for_each(|number| {
        grant(&engine, &format!("user{number}"));
    });
    engine.reconciler().tick().unwrap();
    clock.advance(10 * 3_600_000);
    let over = AtomicBool::new(false);
    let written = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let other =
                SqliteStore::open(&path, SqliteOptions::default().busy_timeout(Duration::from_secs(60))).unwrap();
            while !over.load(Ordering::SeqCst) {
                let number = u128::from(written.fetch_add(1, Ordering::SeqCst)) + 1_000_000;
                other
                    .commit(&Batch { events: submit(&cast()[0], number, at(10 * 3_600_000)), ..Batch::default() })
                    .unwrap();
            }
        });
        while written.load(Ordering::SeqCst) < 3 {
            thread::yield_now();
        }
        let mut noted = 0;
        for _ in 0..20 {
            noted += engine.reconciler().tick().unwrap().noted;
            if noted >= DUE {
                break;
            }
        }
        over.store(true, Ordering::SeqCst);
        assert!(noted >= DUE, "only {noted} of {DUE} ends were noted beside {written:?} other commits");
    });
    engine.workflow().verify().unwrap();
}

#[test]
fn every_command_ends_however_many_others_write() {
    const THREADS: usize = 6;
    const EACH: usize = 20;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jit.db");
    let engines: Vec<_> = (0..THREADS).map(|_| open(&path)).collect();
    thread::scope(|scope| {
        for (thread, engine) in engines.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..EACH {
                    grant(engine, &format!("user{thread}-{number}"));
                }
            });
        }
    });
    engines[0].workflow().verify().unwrap();
    engines[0].sync().unwrap();
    assert_eq!(engines[0].honoured().unwrap().grants.len(), THREADS * EACH);
}

#[test]
fn a_command_that_changes_nothing_leaves_no_row() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jit.db");
    let engine = open(&path);
    grant(&engine, "ann");
    let head = engine.revision();
    let ann = caller("ann", &[]);
    for number in 0..5 {
        let key = IdempotencyKey::new(&format!("key-{number}")).unwrap();
        let submit = Submit::new(RoleName::new("deployer").unwrap()).duration(Ttl::from_hours(0.1).ok());
        let receipt = engine.workflow().execute(&ann, submit, Some(&key)).unwrap();
        assert!(receipt.already && !receipt.replayed && receipt.durable);
    }
    engine.sync().unwrap();
    assert_eq!(engine.revision(), head);
    drop(engine);
    let raw = rusqlite::Connection::open(&path).unwrap();
    let rows: i64 = raw.query_row("SELECT count(*) FROM idempotency", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn a_replay_is_judged_like_any_look() {
    let config = Config::parse(CONFIG, []).unwrap();
    let engine = Builder::new(MemoryStore::new(), config.rules).open().unwrap();
    let (ann, key) = (caller("ann", &[]), IdempotencyKey::new("k").unwrap());
    let submit = || Submit::new(RoleName::new("deployer").unwrap());
    let made = engine.workflow().execute(&ann, submit(), Some(&key)).unwrap().request.unwrap();
    let again = engine.workflow().execute(&ann, submit(), Some(&key)).unwrap();
    assert!(again.replayed && again.request.unwrap().id == made.id);
    let reused = engine.workflow().execute(&ann, Withdraw::new(made.id), Some(&key)).unwrap_err();
    assert_eq!(reused.code(), "idempotency_key_reused");
    let disabled = jit_access::command::ReportStanding::new(ann.principal.clone(), false);
    engine.workflow().execute_for_host(disabled).unwrap();
    let refused = engine.workflow().execute(&ann, submit(), Some(&key)).unwrap_err();
    assert_eq!(refused.code(), "not_eligible", "who is disabled learns nothing by an old key");

    let bot = |person: &str| {
        let acts_for = Some(caller(person, &[]).principal);
        Caller::new(Principal::agent("bot").unwrap(), vec![]).acts_for(acts_for)
    };
    engine.workflow().execute(&bot("cat"), submit(), Some(&key)).unwrap();
    let other = engine.workflow().execute(&bot("dan"), submit(), Some(&key)).unwrap_err();
    assert_eq!(other.code(), "idempotency_key_reused", "a key belongs to the person, too");
}

#[test]
fn one_person_has_one_emergency_whatever_agents_they_use() {
    let config = "jit_access: {approver_roles: [lead], break_glass: {enabled: true, eligible_roles: [sre], require_mfa: false}, \
        limits: {grants_per_person: 1}, auto_approve_for_roles: [sre], require_justification: false, \
        roles: {deployer: {permissions: [tools.execute]}, reader: {permissions: [logs.read]}}}";
    let config = Config::parse(config, []).unwrap();
    let engine = Builder::new(MemoryStore::new(), config.rules).open().unwrap();
    let ann = caller("ann", &["sre"]);
    let bot = |name: &str| {
        Caller::new(Principal::agent(name).unwrap(), ann.roles.clone()).acts_for(Some(ann.principal.clone()))
    };
    let take = || BreakGlass::new(RoleName::new("deployer").unwrap()).reason(words());
    engine.workflow().execute(&bot("one"), take(), None).unwrap();
    for caller in [&ann, &bot("one"), &bot("two")] {
        assert_eq!(engine.workflow().execute(caller, take(), None).unwrap_err().code(), "break_glass_active");
    }
    let submit = || Submit::new(RoleName::new("reader").unwrap());
    for caller in [&ann, &bot("two")] {
        assert_eq!(engine.workflow().execute(caller, submit(), None).unwrap_err().code(), "too_many_grants");
    }
    engine.workflow().execute(&caller("ben", &["sre"]), submit(), None).unwrap();
}

#[test]
fn a_last_page_that_is_full_gives_no_cursor() {
    let config = Config::parse(CONFIG, []).unwrap();
    let engine = Builder::new(MemoryStore::new(), config.rules).open().unwrap();
    for number in 0..4 {
        grant(&engine, &format!("user{number}"));
    }
    let workflow = engine.workflow();
    for (limit, more) in [(1, true), (3, true), (4, false), (5, false)] {
        let grants = workflow.grants(&lead(), &jit_access::command::ListGrants::default().limit(limit)).unwrap();
        assert_eq!((grants.items.len(), grants.next.is_some()), (limit.min(4), more), "{limit}");
        let requests = workflow.requests(&lead(), &jit_access::command::ListRequests::default().limit(limit)).unwrap();
        assert_eq!((requests.items.len(), requests.next.is_some()), (limit.min(4), more), "{limit}");
    }
    let all = workflow.journal(&lead(), &jit_access::command::ListRecords::default().limit(500)).unwrap();
    let exactly =
        workflow.journal(&lead(), &jit_access::command::ListRecords::default().limit(all.items.len())).unwrap();
    assert_eq!((exactly.items.len(), exactly.next), (all.items.len(), None));
}

#[test]
fn of_two_processes_with_different_clocks_the_later_one_is_right() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jit.db");
    let open = |clock: &Arc<ManualClock>| {
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let rules = Config::parse(CONFIG, []).unwrap().rules;
        Builder::new(store, rules).clock(Arc::clone(clock) as _).open().unwrap()
    };
    let (behind, ahead) = (Arc::new(ManualClock::at(at(0))), Arc::new(ManualClock::at(at(20_000))));
    let (one, two) = (open(&behind), open(&ahead));
    let submit = Submit::new(RoleName::new("deployer").unwrap());
    let request = two.workflow().execute(&caller("ann", &[]), submit, None).unwrap().request.unwrap();
    assert_eq!(request.created_at, at(20_000));
    let approved = one.workflow().execute(&lead(), Approve::new(request.id), None).unwrap();
    assert_eq!(approved.grant.unwrap().window.start(), at(20_000), "not before it was asked for");
    assert!(one.now() >= at(20_000));
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let records = store.records(&RecordQuery::after(Revision::ZERO, 100)).unwrap().1;
    assert!(records.is_sorted_by_key(|record| record.event.at));
    one.workflow().verify().unwrap();
}

#[test]
fn a_clock_that_is_set_back_while_nothing_runs_takes_no_time_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jit.db");
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let stores: [&dyn Fn() -> Arc<dyn Store>; 2] =
        [&|| Arc::clone(&memory), &|| Arc::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap())];
    for open_store in stores {
        let clock = Arc::new(ManualClock::at(at(0)));
        let open = || {
            let rules = Config::parse(CONFIG, []).unwrap().rules;
            Builder::shared(open_store(), rules).clock(Arc::clone(&clock) as _).open().unwrap()
        };
        let engine = open();
        grant(&engine, "ann");
        engine.reconciler().tick().unwrap();
        let head = engine.sync().unwrap();
        clock.advance(59 * 60_000);
        engine.reconciler().tick().unwrap();
        assert_eq!(engine.sync().unwrap(), head, "nothing is written for it");
        drop(engine);
        clock.set_wall(at(60_000));
        // Not even where what lies beside the store is lost.
        let _ = std::fs::remove_file(folder.path().join("jit.db-seen"));
        let engine = open();
        assert_eq!(engine.now(), at(59 * 60_000));
        assert!(!is_allowed(&engine, "ann"), "the clock and what was seen disagree");
        clock.set_wall(at(59 * 60_000));
        assert!(is_allowed(&engine, "ann"));
        clock.advance(60_000);
        assert!(!is_allowed(&engine, "ann"), "it ends when it would have ended");
    }
}

#[test]
fn every_process_goes_by_the_clock_that_was_accepted() {
    const YEAR: i64 = 365 * 24 * 3_600_000;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jit.db");
    let open = |millis: i64, step: u64| {
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let rules = Config::parse(CONFIG, []).unwrap().rules;
        let clock = Arc::new(ManualClock::at(at(millis)));
        let max_clock_step = Duration::from_secs(step * 24 * 3_600);
        let settings = Settings::default().max_staleness(STALENESS).max_clock_step(max_clock_step);
        (Builder::new(store, rules).settings(settings).clock(Arc::clone(&clock) as _).open().unwrap(), clock)
    };
    let (right, clock) = open(0, 1);
    let (other, _) = open(0, 1);
    grant(&right, "ann");
    right.reconciler().tick().unwrap();
    let (wrong, far) = open(0, 400);
    far.set_wall(at(YEAR));
    grant(&wrong, "eve");
    for engine in [&right, &other] {
        engine.sync().unwrap();
        engine.reconciler().tick().unwrap();
        assert_eq!(check(engine, "ann").basis.reason, Reason::NoGrant, "by the journal, it is over");
        assert_eq!(check(engine, "eve").basis.reason, Reason::Stale, "nobody knows what time it is");
        assert!(engine.now() >= at(YEAR));
    }
    clock.advance(60_000);
    let accept = AcceptClock::new(words());
    let ended = right.workflow().execute(&lead(), accept, None).unwrap().ended;
    assert_eq!(ended.len(), 1, "what was made in the year to come");
    assert!(is_allowed(&right, "ann") && !is_allowed(&right, "eve"));
    assert_eq!(right.now(), at(60_000));
    other.sync().unwrap();
    assert!(is_allowed(&other, "ann") && !is_allowed(&other, "eve"), "and so it is in every process");
    wrong.sync().unwrap();
    assert!(!is_allowed(&wrong, "ann"), "the one with the wrong clock honours nothing");
    clock.advance(3_600_000);
    right.sync().unwrap();
    assert!(!is_allowed(&right, "ann"), "it ends on time");
    right.workflow().verify().unwrap();
    drop((right, other, wrong));
    let (again, _) = open(120_000, 1);
    assert!(again.now() < at(YEAR) && !is_allowed(&again, "eve"));
}

/// A host's clock that panics once, at the call that it is armed for. It is asked under nearly every lock there is.
#[derive(Debug)]
struct Panicking(ManualClock, AtomicU64);

impl Panicking {
    fn count(&self) {
        let before = self.1.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert_ne!(before, Ok(1), "the host's clock has failed");
    }
}

impl Clock for Panicking {
    fn wall(&self) -> i64 {
        self.count();
        self.0.wall()
    }

    fn monotonic(&self) -> i64 {
        self.count();
        self.0.monotonic()
    }
}

/// Whether the clock was asked so many times that it has panicked.
fn goes_on_after_a_panic(store: Arc<dyn Store>, nth: u64) -> bool {
    let clock = Arc::new(Panicking(ManualClock::at(at(0)), AtomicU64::new(0)));
    let rules = Config::parse(CONFIG, []).unwrap().rules;
    let engine = Builder::shared(store, rules).clock(clock.clone()).open().unwrap();
    let ann = grant(&engine, "ann");
    let ben = grant(&engine, "ben");
    let revoke = |id| engine.workflow().execute(&lead(), Revoke::new(id, words()), None).map(drop);
    clock.1.store(nth, Ordering::SeqCst);
    let steps: [&dyn Fn(); 7] = [
        &|| drop(engine.sync()),
        &|| assert!(grant(&engine, "cid") != ann),
        &|| {
            drop(engine.decider().check(&Check::text(
                (PrincipalKind::User, "ann@example.com"),
                "tools.execute",
                None,
                None,
            )))
        },
        &|| assert!(is_allowed(&engine, "ben")),
        &|| drop(revoke(ann)),
        &|| drop(engine.reconciler().tick()),
        &|| drop(engine.workflow().execute(&lead(), RevokeMany::new(Selector::Role(role("reader")), words()), None)),
    ];
    let fails = |step: &&dyn Fn()| std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).is_err();
    let panicked = steps.iter().filter(|step| fails(step)).count() > 0;
    clock.1.store(0, Ordering::SeqCst);
    // Nothing is stuck, and what is asked for now happens.
    engine.reconciler().tick().unwrap();
    assert!(is_allowed(&engine, "ben"), "panic {nth}: what nobody has ended goes on");
    for id in [ann, ben] {
        revoke(id).unwrap();
    }
    assert!(!is_allowed(&engine, "ann") && !is_allowed(&engine, "ben"), "panic {nth}");
    let dan = grant(&engine, "dan");
    assert!(is_allowed(&engine, "dan"), "panic {nth}");
    revoke(dan).unwrap();
    engine.workflow().verify().unwrap();
    panicked
}

#[test]
fn an_engine_goes_on_after_a_panic_of_the_host_under_any_lock() {
    let in_memory = (1..).take_while(|nth| goes_on_after_a_panic(Arc::new(MemoryStore::new()), *nth)).count();
    let folder = TempDir::new().unwrap();
    let in_a_file = |nth: &u64| {
        let path = folder.path().join(format!("{nth}.db"));
        goes_on_after_a_panic(Arc::new(SqliteStore::open(path, SqliteOptions::default()).unwrap()), *nth)
    };
    let in_files = (1..).take_while(in_a_file).count();
    println!("{in_memory} panics in memory, {in_files} over files");
    assert!(in_memory > 20 && in_files > 20, "{in_memory} {in_files}");
}
