//! What was acknowledged survives, whenever the process dies.
//!
//! Workers are this test binary, started again. Each commits to one SQLite file as fast as it can and says on standard
//! output what has been acknowledged. They are killed with SIGKILL at random moments, alone or together, opening the
//! file included. After every kill everything that was acknowledged is there, `verify` passes, and nothing that was
//! revoked lives.
//!
//! Where `strace` works, workers are also killed at their n-th write or synchronisation, for every small n, and are given
//! writes and synchronisations that fail. Their writes are also written down, and the power is cut between any two of them: what
//! was synchronised is kept, and of the rest any part, torn at sectors.
//!
//! | variable | meaning |
//! |---|---|
//! | `JIT_CRASH_KILLS` | how many processes to kill; 120 when not set |
//! | `JIT_CRASH_POWER_CUTS` | how many power cuts to make; 20 when not set |
//! | `JIT_CRASH_SEED` | the seed of the moments, in decimal; printed, and a fresh one when not set |

#![cfg(unix)]

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use jit_access::command::Revoke;
use jit_access::model::{Fact, GrantId, Justification, Revision};
use jit_access::store::conformance::world::{Dice, at, cast, has_grown, journal, live_grants, rules, submit, used};
use jit_access::store::{Batch, Reads, SqliteOptions, SqliteStore, Store, StoreError};
use jit_access::workflow::{Call, Ids, decide};
use tempfile::TempDir;

const FILE: &str = "JIT_CRASH_FILE";
const WORKER: &str = "JIT_CRASH_WORKER";
const TRACED: &str = "JIT_CRASH_TRACED";

/// Not a test of its own: what the started workers run. Without its variables it returns at once.
#[test]
fn worker() {
    let (Ok(file), Ok(worker)) = (std::env::var(FILE), std::env::var(WORKER)) else { return };
    work(Path::new(&file), worker.parse().unwrap());
}

/// Grants, uses and revokes for ever. A failed commit is said, too; the next one has to work again, or fail again.
fn work(file: &Path, worker: u64) {
    let patient = SqliteOptions::default().busy_timeout(Duration::from_secs(60));
    // The harness has begun a line.
    say("");
    if std::env::var_os(TRACED).is_some() {
        say(&format!("traced {}", std::process::id()));
    }
    let store = loop {
        match SqliteStore::open(file, patient.clone()) {
            Ok(store) => break store,
            Err(error) => say(&format!("failed {error:?}")),
        }
    };
    let mut dice = Dice::new(worker);
    let mut own: Vec<GrantId> = Vec::new();
    loop {
        let result = match dice.below(4) {
            0 if own.len() > 2 => {
                let grant = own[dice.below(own.len())];
                revoke(&store, grant).map(|revision| {
                    own.retain(|known| *known != grant);
                    format!("revoked {revision} {grant}")
                })
            }
            1 if !own.is_empty() => {
                let grants: Vec<_> = (0..=dice.below(20)).map(|_| own[dice.below(own.len())]).collect();
                let events = grants.iter().map(|grant| used(*grant, at(0))).collect();
                store
                    .commit(&Batch { events, ..Batch::default() })
                    .map(|records| format!("used {} {}", records[0].revision, grants[0]))
            }
            _ => {
                let number = (u128::from(worker) << 64) | u128::from(dice.roll());
                let events = submit(&cast()[1], number, at(0));
                store.commit(&Batch { events, ..Batch::default() }).map(|records| {
                    let grant = GrantId::from_u128(number);
                    own.push(grant);
                    format!("granted {} {grant}", records[2].revision)
                })
            }
        };
        match result {
            Ok(told) => say(&told),
            Err(error) => say(&format!("failed {error:?}")),
        }
    }
}

fn revoke(store: &SqliteStore, grant: GrantId) -> Result<Revision, StoreError> {
    let reason = Justification::new("over").unwrap();
    let (lead, command) = (&cast()[2], Revoke::new(grant, reason).into());
    let call = Call::new(lead, &command, Ids::from_u128(1));
    loop {
        let view = store.grant(grant)?;
        let events = decide(&view, &call, &rules(), at(0)).unwrap();
        match store.commit(&Batch { decided_from: Some(view.revision), events, ..Batch::default() }) {
            // A commit in doubt may have happened: then revoking again is no new fact, and this is the record of it.
            Ok(records) => return Ok(records.first().map_or(view.revision, |record| record.revision)),
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
}

/// One whole line in one write: what a killed process has said is never half a word. A worker that nobody hears any more
/// ends.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

/// A started worker, and what it says.
struct Started {
    child: Child,
    said: Receiver<String>,
}

impl Started {
    fn new(file: &Path, worker: u64, through: &[String]) -> Self {
        let binary = std::env::current_exe().unwrap();
        let mut command = match through {
            [] => Command::new(&binary),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(&binary);
                command
            }
        };
        if !through.is_empty() {
            command.env(TRACED, "1");
        }
        let mut child = command
            .args(["--exact", "worker", "--nocapture", "--test-threads=1"])
            .env(FILE, file)
            .env(WORKER, worker.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, said) = channel();
        thread::spawn(move || {
            for line in out.lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, said }
    }

    /// Kills it, and adds the rest of what it said.
    fn kill(mut self, told: &mut Acknowledged) {
        // Killing a tracer would only set the worker free.
        match told.traced.take() {
            // The tracer ends with it, and then its process id may be somebody else's.
            Some(worker) if self.child.try_wait().unwrap().is_none() => {
                drop(Command::new("kill").args(["-9", &worker]).stderr(Stdio::null()).status());
            }
            _ => drop(self.child.kill()),
        }
        self.child.wait().unwrap();
        told.hear(self.said.iter());
    }
}

/// What has been acknowledged in one file.
#[derive(Default)]
struct Acknowledged {
    by_revision: BTreeMap<u64, (&'static str, GrantId)>,
    revoked: Vec<GrantId>,
    failed: Vec<String>,
    /// The process id of a worker that runs under another program.
    traced: Option<String>,
}

impl Acknowledged {
    fn hear(&mut self, lines: impl Iterator<Item = String>) {
        for line in lines {
            if let Some(problem) = line.strip_prefix("failed ") {
                self.failed.push(problem.to_owned());
                continue;
            }
            if let Some(worker) = line.strip_prefix("traced ") {
                self.traced = Some(worker.to_owned());
                continue;
            }
            let words: Vec<_> = line.split(' ').collect();
            let [kind, revision, grant] = words[..] else { continue };
            let Some(kind) = ["granted", "used", "revoked"].into_iter().find(|known| *known == kind) else { continue };
            let grant: GrantId = grant.parse().unwrap();
            if kind == "revoked" {
                self.revoked.push(grant);
            }
            let other = self.by_revision.insert(revision.parse().unwrap(), (kind, grant));
            assert!(other.is_none_or(|other| other == (kind, grant)), "two acknowledgements of {revision}");
        }
    }

    /// Everything that was acknowledged is there, the file is whole, and nothing that was revoked lives.
    fn check(&self, file: &Path) {
        if !file.exists() {
            assert!(self.by_revision.is_empty());
            return;
        }
        let store = SqliteStore::open(file, SqliteOptions::default()).unwrap();
        let count = store.verify().unwrap_or_else(|error| panic!("{error}: {error:?}"));
        let (head, records) = journal(&store, Revision::ZERO, usize::MAX);
        assert_eq!((head.0, records.len() as u64), (count, count));
        for (revision, (kind, grant)) in &self.by_revision {
            let record = records.get(usize::try_from(*revision).unwrap() - 1);
            let kept = record.map(|record| match &record.event.fact {
                Fact::GrantCreated(grant) => ("granted", grant.id),
                Fact::GrantUsed { grant, .. } => ("used", *grant),
                Fact::GrantRevoked { grant, .. } => ("revoked", *grant),
                other => (other.name(), GrantId::from_u128(0)),
            });
            // A revocation that was in doubt is acknowledged with a revision that includes it.
            if *kind == "revoked" && kept != Some((*kind, *grant)) {
                assert!(store.grant(*grant).unwrap().grant.unwrap().ended.is_some());
                continue;
            }
            assert_eq!(kept, Some((*kind, *grant)), "acknowledged as record {revision} of {count}");
        }
        let live = live_grants(&store, at(0)).1;
        for grant in &self.revoked {
            assert!(live.iter().all(|live| live.id != *grant), "{grant} was revoked and lives");
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn what_was_acknowledged_survives_kills_at_random_moments() {
    let kills = setting("JIT_CRASH_KILLS").unwrap_or(120);
    let seed = setting("JIT_CRASH_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let (mut killed, mut acknowledged, mut survivors, mut worker) = (0, 0, 0, 0);
    while killed < kills {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("jit.db");
        let mut told = Acknowledged::default();
        // Several lives on one file: what one leaves behind is what the next one finds.
        for _ in 0..6 {
            let mut workers: Vec<_> = (0..=dice.below(3))
                .map(|_| {
                    worker += 1;
                    Started::new(&file, worker, &[])
                })
                .collect();
            pause(Duration::from_micros(dice.roll() % 90_000));
            workers.remove(dice.below(workers.len())).kill(&mut told);
            killed += 1;
            for survivor in workers {
                // The death of one must not stop another.
                let mut heard = None;
                while heard.is_none() {
                    match survivor.said.recv_timeout(Duration::from_secs(60)) {
                        Ok(line) if line.split(' ').count() == 3 => heard = Some(line),
                        Ok(line) => assert!(!line.starts_with("failed"), "{line}"),
                        Err(error) => panic!("a survivor says nothing more: {error}"),
                    }
                }
                survivors += 1;
                told.hear(heard.into_iter());
                survivor.kill(&mut told);
                killed += 1;
            }
            assert!(told.failed.is_empty(), "{:?}", told.failed);
            told.check(&file);
        }
        acknowledged += told.by_revision.len();
    }
    println!("{killed} killed, {acknowledged} commits acknowledged, {survivors} survivors went on");
    assert!(acknowledged > 0);
}

/// Whoever sees at a glance that nothing is new has seen all that was acknowledged, whenever the writer dies.
#[test]
fn nothing_acknowledged_is_overlooked_at_a_glance() {
    let seed = setting("JIT_CRASH_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("seed {seed}");
    let mut dice = Dice::new(seed);
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("jit.db");
    let store = SqliteStore::open(&file, SqliteOptions::default().busy_timeout(Duration::from_secs(60))).unwrap();
    let mut told = Acknowledged::default();
    let mut position = Revision::ZERO;
    for worker in 1..=20 {
        let writer = Started::new(&file, worker, &[]);
        for _ in 0..=dice.below(40) {
            wait_for(&writer.said, &mut told, 1);
            let acknowledged = told.by_revision.last_key_value().map_or(0, |(revision, _)| *revision);
            if store.is_still(position) {
                assert!(
                    position.0 >= acknowledged,
                    "{acknowledged} is acknowledged, and {position} is said to be the last"
                );
            } else if has_grown(&store, position) {
                position = store.head().unwrap().revision;
            }
        }
        writer.kill(&mut told);
        // Nobody writes any more. The first look may have to mend what the dead left behind.
        for _ in 0..3 {
            has_grown(&store, position);
            position = store.head().unwrap().revision;
        }
        assert_eq!(store.is_still(position), cfg!(target_os = "linux"));
        assert!(told.by_revision.last_key_value().is_none_or(|(revision, _)| *revision <= position.0));
    }
    assert!(told.failed.is_empty(), "{:?}", told.failed);
    told.check(&file);
}

/// `strace` with this injection into the worker's calls; `None`, said loudly, where it does not work.
fn strace(injection: &str) -> Option<Vec<String>> {
    let traced = |inject: &str| ["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject].map(str::to_owned).to_vec();
    let probe = traced("trace=none");
    let works = Command::new(&probe[0])
        .args(&probe[1..])
        .arg("true")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !works {
        println!("LEFT OUT: strace is not there or may not trace here, so no death at a chosen system call was tried");
        return None;
    }
    Some(traced(&format!("inject={injection}")))
}

#[test]
fn what_was_acknowledged_survives_a_death_at_each_of_the_first_writes() {
    let mut tried = 0;
    for call in ["pwrite64", "fdatasync,fsync", "ftruncate,unlink"] {
        for n in (1..=12).chain([17, 23, 40]) {
            let Some(through) = strace(&format!("{call}:signal=SIGKILL:when={n}")) else { return };
            let directory = TempDir::new().unwrap();
            let file = directory.path().join("jit.db");
            let mut told = Acknowledged::default();
            let dying = Started::new(&file, n, &through);
            // It dies by itself, unless it never makes so many of these calls.
            wait_for(&dying.said, &mut told, 40);
            dying.kill(&mut told);
            told.check(&file);
            // Whoever comes next can work.
            let next = Started::new(&file, 1_000 + n, &[]);
            wait_for(&next.said, &mut told, 2);
            next.kill(&mut told);
            assert!(!told.by_revision.is_empty() && told.failed.is_empty(), "{:?}", told.failed);
            told.check(&file);
            tried += 1;
        }
    }
    println!("{tried} deaths");
}

#[test]
fn failed_writes_are_said_and_overcome() {
    for injection in [
        "fdatasync,fsync:error=EIO:when=9+7",
        "pwrite64:error=EIO:when=40+101",
        "pwrite64:error=ENOSPC:when=40+101",
        "fdatasync,fsync:error=EIO:when=9+5",
    ] {
        let Some(through) = strace(injection) else { return };
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("jit.db");
        let mut told = Acknowledged::default();
        let troubled = Started::new(&file, 1, &through);
        while told.failed.len() < 5 {
            let line = troubled.said.recv_timeout(Duration::from_secs(60)).unwrap();
            told.hear(std::iter::once(line));
        }
        let before = told.by_revision.len();
        while told.failed.len() < 200 && told.by_revision.len() < before + 3 {
            let line = troubled.said.recv_timeout(Duration::from_secs(60)).unwrap();
            told.hear(std::iter::once(line));
        }
        troubled.kill(&mut told);
        assert!(told.by_revision.len() >= before + 3, "{injection}: nothing is committed any more");
        for problem in &told.failed {
            assert!(problem.starts_with("Unavailable"), "{injection}: {problem}");
        }
        println!("{injection}: {} acknowledged, {} failed", told.by_revision.len(), told.failed.len());
        told.check(&file);
    }
}

/// Listens until so many commits are acknowledged, or the worker is gone.
fn wait_for(said: &Receiver<String>, told: &mut Acknowledged, commits: usize) {
    let enough = told.by_revision.len() + commits;
    while told.by_revision.len() < enough {
        match said.recv_timeout(Duration::from_secs(60)) {
            Ok(line) => told.hear(std::iter::once(line)),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => panic!("the worker says nothing more"),
        }
    }
}

#[test]
fn processes_that_start_at_once_share_one_new_file() {
    for round in 0..5 {
        let directory = TempDir::new().unwrap();
        let file: PathBuf = directory.path().join("jit.db");
        let mut told = Acknowledged::default();
        let workers: Vec<_> = (1..=5).map(|worker| Started::new(&file, round * 10 + worker, &[])).collect();
        for worker in &workers {
            wait_for(&worker.said, &mut told, 5);
        }
        for worker in workers {
            worker.kill(&mut told);
        }
        assert!(told.failed.is_empty(), "{:?}", told.failed);
        told.check(&file);
    }
}

#[expect(clippy::disallowed_methods, reason = "a random moment is what this test waits for")]
fn pause(time: Duration) {
    thread::sleep(time);
}

// ── Power cuts ──────────────────────────────────────────────────────────────────────────────────────────────────────

/// The files of a store that a power cut can tear. What else lies beside them is made anew.
const KEPT: [&str; 3] = ["jit.db", "jit.db-wal", "jit.db-journal"];

/// What a worker did to its files, in order, and what it said.
enum Deed {
    Wrote(&'static str, usize, Vec<u8>),
    Cut(&'static str, usize),
    Removed(&'static str),
    Synchronised(&'static str),
    /// The folder itself, in which names are.
    SynchronisedNames,
    Said(String),
}

impl Deed {
    fn file(&self) -> Option<&'static str> {
        match self {
            Self::Wrote(file, ..) | Self::Cut(file, _) | Self::Removed(file) | Self::Synchronised(file) => Some(file),
            Self::SynchronisedNames | Self::Said(_) => None,
        }
    }
}

/// The deeds of a worker that made at least so many commits.
fn deeds(commits: usize, seed: u64) -> Option<Vec<Deed>> {
    strace("close:delay_enter=1:when=100000")?;
    let directory = TempDir::new().unwrap();
    let (file, trace) = (directory.path().join("jit.db"), directory.path().join("trace"));
    let calls = "trace=openat,pwrite64,write,fdatasync,fsync,ftruncate,unlink,close";
    let through = ["strace", "-f", "-qq", "-xx", "-s", "10000000", "-e", calls, "-o", trace.to_str().unwrap()];
    let mut told = Acknowledged::default();
    let worker = Started::new(&file, seed, &through.map(str::to_owned));
    wait_for(&worker.said, &mut told, commits);
    worker.kill(&mut told);
    assert!(told.failed.is_empty(), "{:?}", told.failed);
    Some(read_trace(&std::fs::read_to_string(trace).unwrap(), directory.path()))
}

/// Reads lines such as `12 pwrite64(5, "\x53", 1, 0) = 1`.
fn read_trace(trace: &str, folder: &Path) -> Vec<Deed> {
    let mut unfinished: BTreeMap<&str, String> = BTreeMap::new();
    // By file descriptor; `None` for the folder.
    let mut names: BTreeMap<String, Option<&'static str>> = BTreeMap::new();
    let mut deeds = Vec::new();
    for line in trace.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let mut call = rest.trim().to_owned();
        if let Some((begun, _)) = call.split_once(" <unfinished") {
            unfinished.insert(process, begun.to_owned());
            continue;
        }
        if let Some((_, end)) = call.split_once("resumed>") {
            call = unfinished.remove(process).unwrap_or_default() + end;
        }
        let Some((call, result)) = call.rsplit_once(" = ") else { continue };
        let Some((name, arguments)) = call.trim_end().split_once('(') else { continue };
        if result.starts_with('-') {
            continue;
        }
        let quoted = arguments.split('"').nth(1).unwrap_or_default();
        let bytes = || -> Vec<u8> {
            quoted.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte.get(..2).unwrap(), 16).unwrap()).collect()
        };
        let text = || String::from_utf8_lossy(&bytes()).into_owned();
        let after: Vec<&str> = arguments.trim_end_matches(')').split(", ").map(str::trim).collect();
        let number = |text: &str| text.trim_end_matches(')').parse::<usize>().unwrap();
        let kept = |path: &str| KEPT.into_iter().find(|kept| Path::new(path) == folder.join(kept));
        match name {
            "openat" => {
                names.remove(result);
                let is_folder = Path::new(&text()) == folder;
                let of = kept(&text()).map(Some).or(is_folder.then_some(None));
                names.extend(of.map(|of| (result.to_owned(), of)));
            }
            "close" => drop(names.remove(after[0])),
            "unlink" => deeds.extend(kept(&text()).map(Deed::Removed)),
            "write" if after[0] == "1" => deeds.extend(text().lines().map(|line| Deed::Said(line.to_owned()))),
            "pwrite64" | "ftruncate" | "fsync" | "fdatasync" => {
                let Some(file) = names.get(after[0]) else { continue };
                deeds.push(match (name, file) {
                    ("pwrite64", Some(file)) => Deed::Wrote(file, number(after[after.len() - 1]), bytes()),
                    ("ftruncate", Some(file)) => Deed::Cut(file, number(after[1])),
                    (_, Some(file)) => Deed::Synchronised(file),
                    (_, None) => Deed::SynchronisedNames,
                });
            }
            _ => {}
        }
    }
    deeds
}

fn write_at(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    content.resize(content.len().max(at + bytes.len()), 0);
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The power is cut after these deeds; what is there afterwards is checked against what was said. `honest`: whether the disk
/// keeps what it was told to synchronise.
fn cut(deeds: &[Deed], dice: &mut Dice, honest: bool) {
    const SECTOR: usize = 512;
    let (mut durable, mut waiting): (BTreeMap<&str, Vec<u8>>, Vec<&Deed>) = (BTreeMap::new(), Vec::new());
    let mut told = Acknowledged::default();
    let apply = |durable: &mut BTreeMap<&str, Vec<u8>>, deed: &Deed, torn: Option<usize>| match deed {
        Deed::Wrote(file, at, bytes) => {
            let length = torn.map_or(bytes.len(), |torn| (torn * SECTOR).min(bytes.len()));
            write_at(durable.entry(file).or_default(), *at, &bytes[..length]);
        }
        Deed::Cut(file, length) => durable.entry(file).or_default().resize(*length, 0),
        Deed::Removed(file) => drop(durable.remove(file)),
        Deed::Synchronised(_) | Deed::SynchronisedNames | Deed::Said(_) => {}
    };
    for deed in deeds {
        match deed {
            Deed::Said(line) => told.hear(std::iter::once(line.clone())),
            Deed::Synchronised(_) | Deed::SynchronisedNames if !honest => {}
            Deed::Synchronised(file) => {
                // A name that was taken away comes back until the folder is synchronised, and has nothing to do with what
                // is written under a new file of that name.
                let is_kept = |waits: &&Deed| waits.file() == Some(file) && !matches!(waits, Deed::Removed(_));
                let (kept, others): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_kept);
                kept.into_iter().for_each(|deed| apply(&mut durable, deed, None));
                waiting = others;
            }
            Deed::SynchronisedNames => {
                let (gone, others): (Vec<_>, Vec<_>) =
                    waiting.into_iter().partition(|waits| matches!(waits, Deed::Removed(_)));
                gone.into_iter().for_each(|deed| apply(&mut durable, deed, None));
                waiting = others;
            }
            other => {
                // Whoever makes a file of this name again has found none: the one before is gone.
                if let Some(at) =
                    waiting.iter().position(|waits| matches!(waits, Deed::Removed(file) if other.file() == Some(file)))
                {
                    let file = other.file();
                    apply(&mut durable, waiting[at], None);
                    let mut place = 0;
                    waiting.retain(|waits| {
                        place += 1;
                        waits.file() != file || place > at + 1
                    });
                }
                waiting.push(other);
            }
        }
    }
    // Of what was not synchronised any part may have arrived, and of a write any number of sectors.
    for deed in waiting {
        match dice.below(4) {
            0 => {}
            1 => apply(&mut durable, deed, Some(dice.below(9))),
            _ => apply(&mut durable, deed, None),
        }
    }
    let directory = TempDir::new().unwrap();
    for (file, content) in &durable {
        std::fs::write(directory.path().join(file), content).unwrap();
        // A store with wide permissions is refused.
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(directory.path().join(file), private).unwrap();
    }
    told.check(&directory.path().join("jit.db"));
}

#[test]
fn what_was_acknowledged_survives_a_power_cut_and_a_disk_that_lies_is_found() {
    let cuts = usize::try_from(setting("JIT_CRASH_POWER_CUTS").unwrap_or(20)).unwrap();
    let seed = setting("JIT_CRASH_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("JIT_CRASH_SEED={seed}");
    let mut dice = Dice::new(seed);
    let mut made = 0;
    while made < cuts {
        let Some(deeds) = deeds(60, dice.roll()) else { return };
        let synchronised = deeds.iter().filter(|deed| matches!(deed, Deed::Synchronised(_))).count();
        assert!(synchronised > 30, "{synchronised} of {} deeds synchronise", deeds.len());
        // Making the file goes by a rollback journal; from the first word on it is a write-ahead log. Each half of the cuts is
        // in one of them.
        let said = |deed: &Deed| matches!(deed, Deed::Said(line) if line.starts_with("granted "));
        let first = deeds.iter().position(said).unwrap();
        for _ in 0..20.min(cuts - made) {
            let last = if made % 2 == 0 { dice.below(first) } else { first + dice.below(deeds.len() - first) };
            println!("cut after {last} of {} deeds, {first} before the first word", deeds.len());
            cut(&deeds[..=last], &mut dice, true);
            made += 1;
        }
        // A comparison that cannot fail proves nothing.
        let mut lost = 0;
        for _ in 0..10 {
            let some = &deeds[..=deeds.len() / 2 + dice.below(deeds.len() / 2)];
            let mut dice = Dice::new(dice.roll());
            lost += usize::from(std::panic::catch_unwind(move || cut(some, &mut dice, false)).is_err());
        }
        assert!(lost > 0, "a disk that keeps nothing of what it was told to synchronise would not be noticed");
    }
    println!("{made} power cuts");
}
