//! The SQLite store keeps its promises while three more processes have the file open, read all that is new, and check it.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "real processes take their time, and are waited for")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_access::internal::journal::Verifier;
use jit_access::store::conformance::{Fixture, Place};
use jit_access::store::{Reads, RecordQuery, SqliteOptions, SqliteStore, Store};
use jit_access::store_conformance;

const ALONG: &str = "READS_ALONG";

/// Not a test of its own: what reads along. Without its variable it returns at once.
#[test]
fn along() {
    let Ok(path) = std::env::var(ALONG) else { return };
    let path = PathBuf::from(path);
    while !path.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
    // The folder may be gone before this process has begun.
    let Ok(store) = SqliteStore::open(&path, patient()) else { return };
    let mut verifier = Verifier::default();
    // Whoever started it ends it.
    loop {
        if let Some(removed) = store.head().unwrap().removed
            && removed.last > verifier.revision()
        {
            verifier = Verifier::after(removed.last, removed.hash, removed.until);
        }
        let (_, records) = store.records(&RecordQuery::after(verifier.revision(), 1_000)).unwrap();
        for record in records {
            let checked = verifier.check(record.revision, &record.hash.to_string(), &record.body);
            // Old records may have been removed meanwhile.
            let is_removed = || store.head().unwrap().removed.is_some_and(|removed| removed.last > verifier.revision());
            assert!(checked.is_ok() || is_removed(), "{checked:?}");
            if checked.is_err() {
                break;
            }
        }
        let head = store.head().unwrap();
        assert!(!store.has_grown(&head.position()).unwrap() || store.head().unwrap().revision > head.revision);
        store.live(head.at).unwrap();
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn patient() -> SqliteOptions {
    SqliteOptions::default().busy_timeout(Duration::from_secs(60))
}

/// One of four processes is this one; the others read along.
struct FourWorkers;

struct Watched(tempfile::TempDir, Mutex<Vec<Child>>);

impl Watched {
    fn path(&self) -> PathBuf {
        self.0.path().join("jit.db")
    }
}

impl Fixture for FourWorkers {
    fn fresh(&self) -> Box<dyn Place> {
        let folder = tempfile::tempdir().unwrap();
        let start = |path: &Path| {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "along", "--nocapture", "--test-threads=1"]).env(ALONG, path);
            command.stdout(std::process::Stdio::null()).spawn().unwrap()
        };
        let path = folder.path().join("jit.db");
        let others = (0..3).map(|_| start(&path)).collect();
        Box::new(Watched(folder, Mutex::new(others)))
    }
}

impl Place for Watched {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(self.path(), patient()).unwrap())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        for other in self.1.get_mut().unwrap() {
            let ended = other.try_wait().unwrap();
            let _ = other.kill();
            let _ = other.wait();
            let is_well = ended.is_none_or(|status| status.success());
            assert!(is_well || std::thread::panicking(), "one that reads along has found a fault: {ended:?}");
        }
    }
}

store_conformance!(FourWorkers);
