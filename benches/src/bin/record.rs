//! What a use and a grant cost to write down: `record [uses] [grants] [seconds of checks]`, in lines for `run.py`.
//!
//! It makes SQLite stores and says how many uses a second are written, from batches and from checks that go on meanwhile, how many checks
//! waited, what a check takes more with enhanced audit, and how many bytes of the file a use and a grant over its life take. Needs the feature `faces`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jit_access::check::Check;
use jit_access::clock::{Clock, SystemClock};
use jit_access::model::*;
use jit_access::service::{Builder, Engine, Settings};
use jit_access::store::conformance::week::Week;
use jit_access::store::{Batch, SqliteOptions, SqliteStore, Store};
use jit_access::workflow::Rules;
use jit_access_benches::report::{Bar, row, say, times};

/// How many uses the check is asked for a second.
const PACE: u64 = 200_000;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let uses = arguments.next().unwrap_or(400_000);
    let grants = arguments.next().unwrap_or(1_000);
    let seconds = arguments.next().unwrap_or(5);
    for told in [false, true] {
        written(uses, told);
        if seconds > 0 {
            checked(seconds, told);
        }
    }
    more();
    lives(grants);
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).expect("a store")
}

/// The bytes of the file, with everything that was committed.
fn size(path: &Path) -> u64 {
    let raw = rusqlite::Connection::open(path).expect("the file");
    raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("a checkpoint");
    std::fs::metadata(path).expect("the file").len()
}

fn named(enhanced: bool) -> &'static str {
    if enhanced { "with enhanced audit" } else { "plain" }
}

/// What a host tells of a call; the two ids are of the call alone.
fn details(nth: u64) -> UseDetails {
    let mixed = |seed: u64| u128::from(nth.wrapping_mul(seed)) << 64 | u128::from(nth.wrapping_mul(seed ^ 0x9e37_79b9));
    let trace = format!("00-{:032x}-00f067aa0ba902b7-01", mixed(0x9e37_79b9_7f4a_7c15) | 1);
    UseDetails::default()
        .address("10.20.30.40".parse().ok())
        .session(format!("session-{}", nth % 50).parse().ok())
        .user_agent(Some(DetailText::new("mcp-client/1.4.2 (linux; x86_64)")))
        .token_id(Some(DetailText::new(&format!("token-{}", nth % 50))))
        .correlation_id(Some(DetailText::new(&format!("{:032x}", mixed(0xd134_2543_de82_ef95)))))
        .trace_of(Some(&trace))
        .by_standing(Some(false))
}

/// Uses as the engine hands them over, in batches of ten thousand.
fn written(count: u64, enhanced: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jit.db");
    let store = open(&path);
    Week { uses: 0, ..Week::whole() }.record(&store);
    let events: Vec<Event> = Week { uses: 1_000, ..Week::whole() }
        .batches()
        .flat_map(|batch| batch.events)
        .filter(|event| matches!(event.fact, Fact::GrantUsed { .. }))
        .collect();
    let begin = store.head().expect("the head").at.millis();
    let before = size(&path);
    let (mut spent, mut ran) = (Duration::ZERO, Duration::ZERO);
    for from in (0..count).step_by(10_000) {
        let one = |nth: u64| {
            let mut event = events[(nth % events.len() as u64) as usize].clone();
            event.at = Timestamp::from_millis(begin + (nth / 5) as i64).expect("an instant");
            if let Fact::GrantUsed { details: told, .. } = &mut event.fact {
                *told = enhanced.then(|| Arc::new(details(nth)));
            }
            event
        };
        let batch = Batch { events: (from..(from + 10_000).min(count)).map(one).collect(), ..Batch::default() };
        let (started, [before, _]) = (now(), times());
        store.commit(&batch).expect("a commit");
        spent += started.elapsed();
        ran += times()[0].saturating_sub(before);
    }
    let each = (size(&path) - before) as f64 / count as f64;
    let own = count as f64 / ran.as_secs_f64();
    let detail = format!("{count} uses in batches of 10,000, SQLite, fsync; {own:.0} a second of its own time");
    let rate = count as f64 / spent.as_secs_f64();
    row(&format!("uses written, {}", named(enhanced)), rate, "a second", Bar::Least(200_000.0), &detail);
    row(&format!("a use on disk, {}", named(enhanced)), each, "bytes", Bar::Most(150.0), "");
}

/// An engine over a new store with one grant, which covers everything that is asked here.
fn engine(path: &Path, enhanced: bool) -> Engine {
    let at = SystemClock::default().wall();
    let store = open(path);
    let grant = Grant::new(
        GrantId::from_u128(1),
        RequestId::from_u128(1),
        Principal::user("dev@example.com").expect("a name"),
        RoleName::new("operator").expect("a name"),
        PermissionSet::new([Permission::new("tools.*").expect("a permission")]).expect("permissions"),
        Window::new(
            Timestamp::from_millis(at - 1_000).expect("an instant"),
            Timestamp::from_millis(at + 3_600_000).expect("an instant"),
        )
        .expect("a window"),
        Actor::Rule("bench".into()),
    );
    let event = Event {
        at: Timestamp::from_millis(at).expect("an instant"),
        by: Actor::Rule("bench".into()),
        fact: Fact::GrantCreated(Box::new(grant)),
    };
    store.commit(&Batch { events: vec![event], ..Batch::default() }).expect("a commit");
    let settings = Settings::default().enhanced_audit(enhanced);
    Builder::new(store, Rules::default()).settings(settings).open().expect("an engine")
}

/// Checks of one thread at the wanted pace, while another one writes their uses down.
fn checked(seconds: u64, enhanced: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = Arc::new(engine(&folder.path().join("jit.db"), enhanced));
    let done = Arc::new(AtomicBool::new(false));
    let writer = {
        let (engine, done): (Arc<Engine>, _) = (Arc::clone(&engine), Arc::clone(&done));
        std::thread::spawn(move || {
            let reconciler = engine.reconciler();
            while !done.load(Ordering::Relaxed) {
                reconciler.tick().expect("a tick");
                std::thread::sleep(Duration::from_millis(5));
            }
        })
    };
    let contexts: Vec<Context> = (0..4_096).map(|nth| context(nth, enhanced)).collect();
    let (mut blocked, mut gave_up, kept_away) = (0_u64, gave_up(), times());
    let (started, mut slow, mut slowest) = (now(), 0_u64, Duration::ZERO);
    for nth in 0..PACE * seconds {
        let due = Duration::from_nanos(nth * 1_000_000_000 / PACE);
        while started.elapsed() < due {
            std::hint::spin_loop();
        }
        let context = &contexts[(nth % 4_096) as usize];
        let asked = now();
        let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.read", Some("tool:deploy"), None);
        let answer = engine.decider().check(&check.context(context)).expect("an answer");
        assert_eq!(answer.outcome, Outcome::Allow);
        let took = asked.elapsed();
        slowest = slowest.max(took);
        if took > Duration::from_millis(1) {
            slow += 1;
            let so_far = self::gave_up();
            blocked += u64::from(so_far != gave_up);
            gave_up = so_far;
        }
    }
    let took = started.elapsed().as_secs_f64();
    let kept_away = times()[1].saturating_sub(kept_away[1]);
    let last = now();
    engine.reconciler().flush().expect("the last uses");
    let left = last.elapsed();
    done.store(true, Ordering::Relaxed);
    writer.join().expect("the writer");
    let detail = format!("the slowest {slowest:.1?}; the last uses were written in {left:.1?}");
    let rate = (PACE * seconds) as f64 / took;
    row(
        &format!("checks under a grant, written down meanwhile, {}", named(enhanced)),
        rate,
        "a second",
        Bar::Least(199_000.0),
        &detail,
    );
    let detail = format!("{blocked} of them for a lock; others had the processor instead for {kept_away:.1?}");
    row(&format!("of them waited over 1 ms, {}", named(enhanced)), slow as f64, "checks", Bar::Most(0.0), &detail);
}

/// How often this thread gave up the processor by itself, as it does for a lock or a disk; 0 where the system does not say.
fn gave_up() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.and_then(|line| line.trim().parse().ok()).unwrap_or(0)
}

/// What a check takes more where enhanced audit is on: both engines are asked the same, in turns, and told the same of each call.
fn more() {
    let folder = tempfile::tempdir().expect("a folder");
    let engines = [false, true].map(|enhanced| engine(&folder.path().join(named(enhanced)), enhanced));
    let contexts: Vec<Context> = (0..4_096).map(|nth| context(nth, true)).collect();
    for (what, who, limit) in [("a hit", "dev@example.com", 100.0), ("a check without a grant", "eve@example.com", 5.0)]
    {
        let mut turns: Vec<[f64; 2]> = Vec::new();
        for _ in 0..300 {
            turns.push(std::array::from_fn(|nth| {
                let Some(engine) = engines.get(nth) else { return 0.0 };
                let started = now();
                for context in &contexts {
                    let check = Check::text((PrincipalKind::User, who), "tools.read", Some("tool:deploy"), None);
                    let _ = std::hint::black_box(engine.decider().check(&check.context(context)).expect("an answer"));
                }
                let took = started.elapsed().as_nanos() as f64 / contexts.len() as f64;
                engine.reconciler().flush().expect("the uses");
                took
            }));
        }
        let middle = |mut all: Vec<f64>| {
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        let [plain, audited] =
            [0, 1].map(|nth| middle(turns.iter().filter_map(|turn| turn.get(nth).copied()).collect()));
        let more = middle(turns.iter().map(|[plain, audited]| audited - plain).collect());
        row(
            &format!("{what} with enhanced audit"),
            more,
            "ns more",
            Bar::Most(limit),
            &format!("{plain:.0} and {audited:.0} ns"),
        );
    }
}

/// What is asked with; nothing where nothing of it is written down.
fn context(nth: u64, enhanced: bool) -> Context {
    let mut context = Context::default();
    if enhanced {
        let told = details(nth);
        (context.address, context.session) = (told.address, told.session.clone());
        context.details = Some(Arc::new(told));
    }
    context
}

/// The bytes of a grant over its life.
fn lives(grants: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jit.db");
    let store = open(&path);
    let before = size(&path);
    // Without what was refused meanwhile, which is no grant's.
    for mut batch in (Week { uses: 0, grants: usize::try_from(grants).expect("a count"), ..Week::whole() }).batches() {
        let changes = batch.events.iter().any(|event| event.fact.changes_state());
        batch.decided_from = changes.then(|| store.head().expect("the head").revision);
        store.commit(&batch).expect("a commit");
    }
    drop(store);
    let each = (size(&path) - before) as f64 / grants as f64;
    row("a grant over its life on disk", each, "bytes", Bar::Most(2_500.0), "with its request, notices aside");
    let raw = rusqlite::Connection::open(&path).expect("the file");
    let Ok(mut tables) = raw.prepare("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 24")
    else {
        return;
    };
    let rows = tables.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, f64>(1)?))).expect("sizes");
    for (name, bytes) in rows.flatten() {
        say(&format!("  {name}: {:.0} bytes a grant", bytes / grants as f64));
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}
