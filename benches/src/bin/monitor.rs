//! What the monitor takes: `monitor`, in lines for `run.py`.
//!
//! One process writes 5,000 uses a second of 10,000 live grants into SQLite, another one follows it, without the monitor and with
//! it. Said is what the monitor adds in time of one core and in memory. Needs the feature `faces`.

use std::process::Command;
use std::sync::Arc;

use jit_access::clock::ManualClock;
use jit_access::internal::monitor::MonitorSettings;
use jit_access::model::*;
use jit_access::service::{Builder, Settings};
use jit_access::store::{Batch, SqliteOptions, SqliteStore, Store};
use jit_access::workflow::Rules;
use jit_access_benches::report::{Bar, row, say};

const GRANTS: u64 = 10_000;
const USES: u64 = 5_000;
const SECONDS: u64 = 10;
/// How many rounds of the background work a second has.
const ROUNDS: u64 = 20;
const MIB: f64 = 1_048_576.0;

fn main() {
    if let Some(mode) = std::env::args().nth(1) {
        let (nanos, bytes) = followed(mode == "with");
        println!("{nanos} {bytes}");
        return;
    }
    let [without, with] = ["without", "with"].map(child);
    let core = (with.0 - without.0) / (SECONDS as f64 * 1e9) * 100.0;
    let whole = with.0 / (SECONDS as f64 * 1e9) * 100.0;
    let detail = format!("{GRANTS} live grants, {USES} uses a second; all that follows the store takes {whole:.1} %");
    row("the monitor", core, "% of a core", Bar::Most(10.0), &detail);
    let detail = format!("the process with it {:.1} MiB, without it {:.1} MiB", with.1 / MIB, without.1 / MIB);
    row("the memory of the monitor", (with.1 - without.1) / MIB, "MiB", Bar::Most(100.0), &detail);
}

/// What a process of its own has found: nanoseconds and bytes.
fn child(mode: &str) -> (f64, f64) {
    let me = std::env::current_exe().expect("this program");
    let output = Command::new(me).arg(mode).output().expect("a child");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (nanos, bytes) = text.trim().split_once(' ').expect("two numbers");
    say(&format!("{mode}: {text}"));
    (nanos.parse().expect("a number"), bytes.parse().expect("a number"))
}

fn instant(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).expect("an instant")
}

fn holder(nth: u64) -> Principal {
    Principal::user(&format!("dev{nth}@example.com")).expect("a name")
}

fn granted(nth: u64, at: i64) -> Event {
    let permissions = PermissionSet::new([Permission::new("tools.*").expect("a permission")]).expect("permissions");
    let window = Window::new(instant(at), instant(at + 8 * 3_600_000)).expect("a window");
    let (id, role) = (u128::from(nth) + 1, RoleName::new("operator").expect("a name"));
    let (by, holder) = (Actor::Rule("bench".into()), holder(nth));
    let grant =
        Grant::new(GrantId::from_u128(id), RequestId::from_u128(id), holder, role, permissions, window, by.clone());
    Event { at: instant(at), by, fact: Fact::GrantCreated(Box::new(grant)) }
}

fn used(nth: u64, at: i64) -> Event {
    let fact = Fact::GrantUsed {
        grant: GrantId::from_u128(u128::from(nth) + 1),
        action: "tools.run".parse().expect("an action"),
        resource: format!("tool:t{}", nth % 50).parse().expect("a resource"),
        used_at: None,
        details: None,
        drill: false,
        left: None,
    };
    Event { at: instant(at), by: Actor::Principal(holder(nth)), fact }
}

/// The time on the processor and the memory of a process that follows the uses, once it has read the grants and a use of each.
fn followed(is_watched: bool) -> (u64, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jit.db");
    let open = || SqliteStore::open(&path, SqliteOptions::default()).expect("a store");
    let (begin, other) = (1_790_000_000_000, open());
    let write = |events: Vec<Event>| drop(other.commit(&Batch { events, ..Batch::default() }).expect("a commit"));
    write((0..GRANTS).map(|nth| granted(nth, begin)).collect());
    let monitor = MonitorSettings { enabled: is_watched, ..MonitorSettings::default() };
    let clock = Arc::new(ManualClock::at(instant(begin)));
    let settings = Settings::default().monitor(monitor);
    let engine =
        Builder::new(open(), Rules::default()).settings(settings).clock(clock.clone()).open().expect("an engine");
    write((0..GRANTS).map(|nth| used(nth, begin)).collect());
    // The first use of each grant is told of.
    for _ in 0..20 {
        clock.advance(100);
        engine.reconciler().tick().expect("a tick");
    }
    let (mut nanos, mut nth) = (0, 0);
    for round in 1..=SECONDS * ROUNDS {
        clock.advance(1_000 / ROUNDS as i64);
        let at = engine.now().millis();
        let count = USES / ROUNDS;
        write((nth..nth + count).map(|nth| used(nth % GRANTS, at)).collect());
        nth += count;
        let started = processor();
        engine.reconciler().tick().expect("a tick");
        nanos += processor() - started;
        if round % (ROUNDS * 2) == 0 {
            say(&format!("{} s", round / ROUNDS));
        }
    }
    (nanos, memory())
}

/// How long this thread was on a processor, in nanoseconds.
fn processor() -> u64 {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").expect("a system that tells");
    said.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("a number")
}

/// How much memory this process has, in bytes.
fn memory() -> u64 {
    let said = std::fs::read_to_string("/proc/self/statm").expect("a system that tells");
    said.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).expect("a number") * 4_096
}
