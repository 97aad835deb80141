//! How fast a journal is verified, beside reading its records and hashing them plainly: `verify [records] [uses of a grant]`.
//!
//! It makes a SQLite store with so many records (300,000 unless said), of which nearly all are uses, times both, and says how
//! much memory the process has taken. Needs the feature `faces`.

use std::time::Instant;

use jit_access::journal::Hash;
use jit_access::model::{Event, GrantId, Revision};
use jit_access::store::conformance::world::{at, granted, used};
use jit_access::store::{Batch, SqliteOptions, SqliteStore, Store, Verification};

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>().expect("a number"));
    let records = arguments.next().unwrap_or(300_000);
    let uses_of_each = arguments.next().unwrap_or(500);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jit.db");
    fill(&path, records, uses_of_each);
    let before = memory();

    let (plain, count) = timed(|| read_plainly(&path));
    println!("read and hashed plainly: {count} records, {:.0} a second", count as f64 / plain);
    let store = SqliteStore::open(&path, SqliteOptions::default()).expect("the store");
    let (verified, found) =
        timed(|| store.verify_with(&Verification::default(), &mut ()).expect("a journal that is whole"));
    assert_eq!(found.head.revision, Revision(count));
    println!("verified: {count} records, {:.0} a second", count as f64 / verified);
    println!("ratio: {:.2} of the plain speed", plain / verified);
    println!("memory at most: {} MiB before, {} MiB after", before / 1024, memory() / 1024);
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

/// Every record read and hashed, and nothing else.
fn read_plainly(path: &std::path::Path) -> u64 {
    let raw = rusqlite::Connection::open(path).expect("the file");
    let mut statement = raw.prepare("SELECT hash, body FROM journal ORDER BY revision").expect("the journal");
    let mut rows = statement.query([]).expect("the journal");
    let mut count = 0;
    while let Some(row) = rows.next().expect("a record") {
        let hash: Hash = row.get_ref(0).expect("a hash").as_str().expect("text").parse().expect("a hash");
        assert_eq!(Hash::of(row.get_ref(1).expect("a body").as_str().expect("text")), hash);
        count += 1;
    }
    count
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed().as_secs_f64(), done)
}

/// The most memory that this process has had, in KiB; 0 where the system does not say.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
