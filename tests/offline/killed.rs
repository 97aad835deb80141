//! Does a process that is killed at any moment leave nothing out and nothing twice?

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::{Reads, RecordQuery, SqliteOptions, SqliteStore, Store};
use tempfile::TempDir;

use super::line::Line;
use super::{config, sre, take, used};

const FOLDER: &str = "OFFLINE_FOLDER";
const ROUND: &str = "OFFLINE_ROUND";

fn open(folder: &Path) -> (Arc<Line>, Engine) {
    let store = SqliteStore::open(folder.join("jit.db"), SqliteOptions::default()).unwrap();
    let line = Arc::new(Line::to(Arc::new(store) as _));
    let config = config(folder);
    let engine = Builder::shared(Arc::clone(&line) as _, config.rules).settings(config.settings).open().unwrap();
    (line, engine)
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").unwrap();
    out.flush().unwrap();
}

/// Not a test of its own: what the started process runs until it is killed. Without its variables it returns at once.
#[test]
fn process() {
    let (Ok(folder), Ok(round)) = (std::env::var(FOLDER), std::env::var(ROUND)) else { return };
    let (line, engine) = open(Path::new(&folder));
    say("");
    for episode in 0.. {
        line.cut(true);
        let name = format!("p{round}-{episode}");
        let grant = engine.workflow().execute(&sre(&name), take(), None).unwrap().grant.unwrap();
        say(&format!("taken {}", grant.id));
        for count in 0..8 {
            let resource = format!("tool:{round}-{episode}-{count}");
            assert_eq!(used(&engine, &name, &resource).outcome, Outcome::Allow);
            say(&format!("used {resource}"));
        }
        line.cut(false);
        engine.reconciler().tick().unwrap();
        say("merged");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a process is killed after some time of the system")]
fn whatever_a_killed_process_answered_for_is_in_the_journal_once() {
    let kills: u64 = std::env::var("OFFLINE_KILLS").map_or(12, |text| text.parse().unwrap());
    let folder = TempDir::new().unwrap();
    drop(open(folder.path()));
    let mut dice = fastrand::Rng::new();
    let (mut taken, mut uses, mut merged) = (Vec::new(), Vec::new(), 0);
    for round in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::process", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let reader = thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).collect::<Vec<_>>());
        thread::sleep(Duration::from_millis(dice.u64(150..700)));
        child.kill().unwrap();
        child.wait().unwrap();
        for said in reader.join().unwrap() {
            match said.split_once(' ') {
                Some(("taken", id)) => taken.push(id.parse::<GrantId>().unwrap()),
                Some(("used", resource)) => uses.push(resource.to_owned()),
                _ => merged += u64::from(said == "merged"),
            }
        }
        // What the next start finds, it merges.
        let (_, engine) = open(folder.path());
        engine.reconciler().tick().unwrap();
        assert!(!folder.path().join("spool/spool").exists());
    }
    let store = SqliteStore::open(folder.path().join("jit.db"), SqliteOptions::default()).unwrap();
    let (mut created, mut used) = (BTreeMap::new(), BTreeMap::new());
    let mut query = RecordQuery::after(Revision::ZERO, 1_000);
    loop {
        let records = store.records(&query).unwrap().1;
        for record in &records {
            match &record.event.fact {
                Fact::GrantCreated(grant) => *created.entry(grant.id).or_insert(0) += 1,
                Fact::GrantUsed { resource, .. } => *used.entry(resource.to_string()).or_insert(0) += 1,
                _ => {}
            }
        }
        match records.last() {
            Some(last) => query.after = last.revision,
            None => break,
        }
    }
    assert!(taken.iter().all(|id| created.get(id) == Some(&1)), "{taken:?} {created:?}");
    assert!(uses.iter().all(|resource| used.get(resource) == Some(&1)), "{uses:?} {used:?}");
    assert!(created.values().chain(used.values()).all(|count| *count == 1));
    println!("{kills} processes killed: {} grants, {} uses, {merged} merges by themselves", taken.len(), uses.len());
    assert!(!taken.is_empty() && !uses.is_empty());
    store.verify().unwrap();
}
