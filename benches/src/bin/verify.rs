//! How fast a journal is verified, beside reading its records and hashing them plainly: `verify [records] [uses of a grant]`, in
//! lines for `run.py`.
//!
//! It makes a SQLite store with so many records (300,000 unless said), of which nearly all are uses, times both, and says how
//! much memory the process has taken. Needs the feature `faces`.

use std::time::Instant;

use jit_access::internal::journal::Hash;
use jit_access::model::{Event, GrantId, Revision};
use jit_access::store::conformance::world::{at, granted, used};
use jit_access::store::{Batch, SqliteOptions, SqliteStore, Store, Verification};
use jit_access_benches::report::{Bar, row, times};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let records = arguments.next().unwrap_or(300_000);
    let uses_of_each = arguments.next().unwrap_or(500);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jit.db");
    fill(&path, records, uses_of_each);
    let before = memory();

    let store = SqliteStore::open(&path, SqliteOptions::default()).expect("the store");
    let (plain, own_plain, count) = timed(|| read_plainly(&store));
    let (verified, own_verified, found) =
        timed(|| store.verify_with(&Verification::default(), &mut ()).expect("a journal that is whole"));
    assert_eq!(found.head.revision, Revision(count));
    row("verified", count as f64 / verified, "records a second", Bar::Least(100_000.0), &format!("{count} records"));
    row(
        "of reading and hashing plainly",
        plain / verified,
        "",
        Bar::Least(0.5),
        &format!("{:.0} a second; {:.2} of their own time", count as f64 / plain, own_plain / own_verified),
    );
    let before = before / 1_024;
    row("memory to verify", memory() as f64 / 1_024.0, "MiB", Bar::Most(256.0), &format!("{before} MiB before"));
}

fn fill(path: &std::path::Path, records: u64, uses_of_each: u64) {
    let store = SqliteStore::open(path, SqliteOptions::default()).expect("a new store");
    let (mut number, mut written, mut now) = (1_u128, 0, 0);
    while written < records {
        granted(&store, number, at(now));
        let grant = GrantId::from_u128(number);
        let uses = |from: i64| (0..uses_of_each as i64).map(move |nth| used(grant, at(from + nth * 7)));
        let events: Vec<Event> = uses(now).collect();
        store.commit(&Batch { events, ..Batch::default() }).expect("a commit");
        written = store.head().expect("the head").revision.0;
        number += 1;
        now += uses_of_each as i64 * 7;
    }
}

/// Every record's text read and hashed, and nothing else.
fn read_plainly(store: &SqliteStore) -> u64 {
    let (mut after, mut bits) = (Revision::ZERO, 0_u8);
    loop {
        let bodies = store.bodies(after, Revision(after.0 + 1_000)).expect("the journal");
        bodies.iter().for_each(|body| bits |= Hash::of(body).bytes()[0]);
        after = Revision(after.0 + bodies.len() as u64);
        if bodies.len() < 1_000 {
            assert_ne!(bits, 0, "they were hashed");
            return after.0;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (f64, f64, T) {
    let (start, [before, _]) = (Instant::now(), times());
    let done = work();
    (start.elapsed().as_secs_f64(), times()[0].saturating_sub(before).as_secs_f64(), done)
}

/// The most memory that this process has had, in KiB; 0 where the system does not say.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
