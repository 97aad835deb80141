//! What shows that a journal was cut off, changed, replaced or made anew: verification, and signed checkpoints.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{
    AcceptStore, Approve, GetCheckpoint, GetEvidence, GetProof, Release, Revoke, Submit, WhatCould,
};
use jit_access::config::Config;
use jit_access::host::{BackgroundWork, Host};
use jit_access::internal::journal::{Hash, Record, is_consistent, is_included, leaf};
use jit_access::internal::seal::{Keys, SignedNote};
use jit_access::internal::wire::command;
use jit_access::model::*;
use jit_access::store::conformance::world::{Dice, Story};
use jit_access::store::{
    Reads, SqliteOptions, SqliteStore, Store, StoreError, Verification, VerifyProgress, Verifying,
};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

mod retention;
#[path = "../sqlite/alone.rs"]
mod rows;

use retention::shortened;
use rows::alone;

struct World {
    folder: TempDir,
    clock: Arc<ManualClock>,
}

impl World {
    fn new() -> Self {
        let world = Self {
            folder: TempDir::new().unwrap(),
            clock: Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap())),
        };
        std::fs::create_dir(world.copies()).unwrap();
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("jit.db")
    }

    fn copies(&self) -> PathBuf {
        self.folder.path().join("copies")
    }

    fn open(&self) -> Host {
        self.open_with("")
    }

    fn open_with(&self, journal: &str) -> Host {
        let (path, copies) = (self.path(), self.copies());
        let config = format!(
            "jit_access: {{store: {{path: {path:?}}}, approver_roles: [lead], require_justification: false, \
             journal: {{checkpoint_folder: {copies:?}{journal}}}, roles: {{deployer: {{permissions: [tools.execute]}}}}}}"
        );
        let config = Config::parse(&config, []).unwrap();
        let builder = Host::builder(config).clock(self.clock.clone()).background(BackgroundWork::Off);
        builder.open().unwrap()
    }
}

fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), roles)
}

fn lead() -> Caller {
    caller("lead", &["lead"])
}

fn grant(host: &Host, name: &str) -> GrantId {
    let submit = Submit::new(RoleName::new("deployer").unwrap());
    let request = host.workflow().execute(&caller(name, &[]), submit, None).unwrap().request.unwrap();
    host.workflow().execute(&lead(), Approve::new(request.id), None).unwrap().grant.unwrap().id
}

fn use_it(host: &Host, name: &str) -> Decision {
    let name = format!("{name}@example.com");
    let check = Check::text((PrincipalKind::User, &name), "tools.execute", Some("tool:deploy"), None);
    host.decider().check(&check).unwrap()
}

/// Grants, some hundred uses, and ends: `count` times.
fn live(host: &Host, count: usize) {
    for round in 0..count {
        let name = format!("dev{}-{round}", host.engine().revision());
        let id = grant(host, &name);
        for _ in 0..60 {
            assert_eq!(use_it(host, &name).outcome, Outcome::Allow);
        }
        if round % 2 == 0 {
            host.workflow().execute(&caller(&name, &[]), Release::new(id), None).unwrap();
        }
    }
    host.reconciler().tick().unwrap();
}

/// Makes every hash anew from a record on, after changing what it says, as somebody does who has the file and knows how.
fn rewrite(path: &Path, from: i64) {
    let raw = alone(path);
    let last: i64 = raw.query_row("SELECT revision FROM head", [], |row| row.get(0)).unwrap();
    let mut before = raw
        .query_row("SELECT hash FROM journal WHERE revision = ?", [from - 1], |row| row.get::<_, String>(0))
        .map_or(Hash::GENESIS, |hash| hash.parse().unwrap());
    for revision in from..=last {
        let body: String =
            raw.query_row("SELECT body FROM journal WHERE revision = ?", [revision], |row| row.get(0)).unwrap();
        let event = Record::parse(body.replace("tool:deploy", "tool:harmless")).unwrap().event;
        let record = Record::seal(event, Revision(revision as u64 - 1), before).unwrap();
        before = record.hash;
        raw.execute(
            "UPDATE journal SET hash = ?, body = ? WHERE revision = ?",
            (record.hash.to_string(), record.body, revision),
        )
        .unwrap();
    }
    raw.execute("UPDATE head SET hash = ?", [before.to_string()]).unwrap();
    raw.execute("UPDATE topics SET name = replace(name, 'tool:deploy', 'tool:harmless')", []).unwrap();
}

/// Takes the last records away, and everything that would show it.
fn cut(path: &Path, last: i64) {
    let raw = alone(path);
    raw.execute("DELETE FROM journal WHERE revision > ?", [last]).unwrap();
    raw.execute("DELETE FROM checkpoints WHERE size > ?", [last]).unwrap();
    raw.execute_batch(
        "UPDATE head SET changed = 0;
         UPDATE head SET revision = (SELECT max(revision) FROM journal),
             hash = (SELECT hash FROM journal ORDER BY revision DESC LIMIT 1),
             at = (SELECT at FROM journal ORDER BY revision DESC LIMIT 1);
         UPDATE head SET changed = (SELECT max(revision) FROM journal WHERE changes = 1)",
    )
    .unwrap();
}

/// What the next start finds, without what this machine remembers of the store besides checkpoints.
fn found_at_start(world: &World) -> String {
    let _ = std::fs::remove_file(world.folder.path().join("jit.db-seen"));
    let host = world.open();
    let error = host.keeper().advance().unwrap_err().to_string();
    let integrity = host.engine().integrity();
    assert!(integrity.elevation_stopped && integrity.problem.is_some(), "{integrity:?}");
    error
}

#[test]
fn a_checkpoint_is_signed_kept_and_proves_each_record() {
    let world = World::new();
    let host = world.open();
    live(&host, 6);
    let first = host.keeper().advance().unwrap().unwrap();
    assert_eq!(host.keeper().advance().unwrap().unwrap(), first, "nothing is new");
    live(&host, 2);
    let second = host.keeper().verify_all().unwrap().unwrap();
    assert!(second.size > first.size && first.size.0 > 256);
    let newest = std::fs::read_to_string(world.copies().join("newest.checkpoint")).unwrap();
    assert_eq!(newest, second.note);
    assert_eq!(
        std::fs::read_to_string(world.copies().join("keys")).unwrap(),
        host.keeper().verifiers().join("\n") + "\n"
    );
    assert_eq!(host.engine().integrity().verified, second.size);

    let workflow = host.workflow();
    for record in [1, 2, 255, 256, 257, first.size.0, second.size.0] {
        let get = GetProof::default().record(record);
        let proof: Value = serde_json::from_str(&workflow.proof(&lead(), &get).unwrap()).unwrap();
        let body = proof["body"].as_str().unwrap();
        let path: Vec<Hash> =
            proof["inclusion"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(Record::parse(body.to_owned()).unwrap().revision, Revision(record));
        assert!(is_included(&leaf(body), record - 1, second.size.0, &path, &second.root), "{record}");
    }
    let get = GetProof::default().since(first.size.0);
    let proof: Value = serde_json::from_str(&workflow.proof(&lead(), &get).unwrap()).unwrap();
    let path: Vec<Hash> =
        proof["consistency"].as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().parse().unwrap()).collect();
    assert!(is_consistent((first.size.0, &first.root), (second.size.0, &second.root), &path));
    assert_eq!(proof["since_checkpoint"], json!(first.note));

    let covering = GetCheckpoint::default().record(3);
    assert_eq!(workflow.checkpoint(&lead(), &covering).unwrap(), first);
    assert!(first.note.parse::<SignedNote>().is_ok());
    for (get, field) in [
        (GetProof::default(), "record"),
        (GetProof::default().record(0), "record"),
        (GetProof::default().record(9_999), "record"),
        (GetProof::default().since(7), "since"),
        (GetProof::default().record(1).since(1), "record"),
        (GetProof::default().since(second.size.0).checkpoint(first.size.0), "since"),
        (GetProof::default().record(1).checkpoint(5), "checkpoint"),
    ] {
        let error = workflow.proof(&lead(), &get).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{field}`")), "{error}");
    }
    assert_eq!(workflow.proof(&caller("dev1", &[]), &covering_proof()).unwrap_err().code(), "not_an_auditor");
}

fn covering_proof() -> GetProof {
    GetProof::default().record(1)
}

#[test]
fn a_proof_over_roots_that_were_changed_or_lost_is_none() {
    let world = World::new();
    let host = world.open();
    live(&host, 6);
    let first = host.keeper().advance().unwrap().unwrap().size.0;
    live(&host, 2);
    host.keeper().advance().unwrap();
    let wrong = |get: GetProof| host.workflow().proof(&lead(), &get).unwrap_err().code().to_owned();
    for change in [format!("UPDATE tiles SET root = '{}'", "0".repeat(64)), "DELETE FROM tiles".to_owned()] {
        raw_again(&world.path()).execute_batch(&change).unwrap();
        assert_eq!(wrong(GetProof::default().record(300)), "corrupt", "{change}");
        assert_eq!(wrong(GetProof::default().since(first)), "corrupt", "{change}");
    }
}

#[test]
fn roots_that_are_not_those_of_the_records_are_found_with_the_whole_journal() {
    let world = World::new();
    let host = world.open();
    live(&host, 6);
    raw_again(&world.path()).execute_batch("DELETE FROM tiles").unwrap();
    host.keeper().advance().unwrap();
    raw_again(&world.path()).execute("UPDATE tiles SET root = ?1", ["0".repeat(64)]).unwrap();
    live(&host, 1);
    let error = host.keeper().verify_all().unwrap_err().to_string();
    assert!(error.contains("kept for proofs are not those of the records"), "{error}");
}

#[test]
fn what_is_kept_beside_a_checkpoint_is_what_it_says() {
    let world = World::new();
    let host = world.open();
    live(&host, 1);
    host.keeper().advance().unwrap();
    drop(host);
    raw_again(&world.path()).execute("UPDATE checkpoints SET root = ?1", ["0".repeat(64)]).unwrap();
    let error = found_at_start(&world);
    assert!(error.contains("what is kept beside its text is not what it says"), "{error}");
}

#[test]
fn nothing_is_removed_before_it_is_covered_or_while_the_time_or_the_store_is_in_doubt() {
    let world = World::new();
    let host = world.open_with(", keep_records: 1000000");
    grant(&host, "ann");
    assert_eq!(host.keeper().remove_old().unwrap(), None, "nothing is signed");
    host.keeper().advance().unwrap();
    assert_eq!(host.keeper().remove_old().unwrap(), None, "there are fewer");
    raw_again(&world.path()).execute("UPDATE grants SET owner = 'mallory@example.com'", []).unwrap();
    host.keeper().advance().unwrap_err();
    assert_eq!(host.keeper().remove_old().unwrap(), None, "the store is not what was written to it");
    let world = World::new();
    let host = world.open_with(", keep_days: 92");
    grant(&host, "ann");
    host.keeper().advance().unwrap();
    world.clock.set_wall("2027-12-01T09:00:00Z".parse().unwrap());
    let _ = host.reconciler().tick();
    assert_eq!(host.keeper().remove_old().unwrap(), None, "nobody knows what time it is");
}

#[test]
fn a_checkpoint_over_removed_records_alone_says_nothing_against_the_journal() {
    let world = World::new();
    let host = world.open();
    live(&host, 1);
    let early = host.keeper().advance().unwrap().unwrap();
    drop(host);
    let (host, _) = shortened(&world);
    assert!(early.size.0 < 256);
    let error = host.workflow().proof(&lead(), &GetProof::default().since(early.size.0)).unwrap_err().to_string();
    assert!(error.starts_with("`since`") && error.contains("older ones were removed"), "{error}");
    for path in [world.copies().join("newest.checkpoint"), world.folder.path().join("jit.db-checkpoint")] {
        std::fs::write(path, &early.note).unwrap();
    }
    host.keeper().advance().unwrap();
    host.keeper().verify_all().unwrap();
    assert!(host.engine().integrity().problem.is_none());
}

#[test]
fn a_tail_that_was_cut_off_is_named_at_the_next_start() {
    let world = World::new();
    let host = world.open();
    live(&host, 2);
    let size = host.keeper().advance().unwrap().unwrap().size;
    drop(host);
    cut(&world.path(), size.0 as i64 - 3);
    let error = found_at_start(&world);
    assert!(error.contains(&format!("ends at record {}", size.0 - 3)), "{error}");
    assert!(error.contains(&format!("over {size} records")), "{error}");
}

#[test]
fn an_older_copy_is_named_at_the_next_start() {
    let world = World::new();
    let host = world.open();
    live(&host, 1);
    host.keeper().advance().unwrap();
    drop(host);
    let copy = std::fs::read(world.path()).unwrap();
    let host = world.open();
    live(&host, 1);
    let size = host.keeper().advance().unwrap().unwrap().size;
    drop(host);
    std::fs::write(world.path(), copy).unwrap();
    let error = found_at_start(&world);
    assert!(error.contains("replaced") && error.contains(&format!("over {size} records")), "{error}");
    // Once an operator has accepted the copy, what was signed before does not count against it.
    let host = world.open();
    let accept = AcceptStore::new(Justification::new("restored").unwrap());
    host.workflow().execute(&lead(), accept, None).unwrap();
    host.keeper().advance().unwrap();
    assert!(host.engine().integrity().problem.is_none());
}

#[test]
fn a_journal_that_was_made_anew_whole_is_named_at_the_next_start() {
    for forgets_checkpoints in [false, true] {
        let world = World::new();
        let host = world.open();
        live(&host, 2);
        host.keeper().advance().unwrap();
        drop(host);
        rewrite(&world.path(), 1);
        let mut store = SqliteStore::open(world.path(), SqliteOptions::default()).unwrap();
        if forgets_checkpoints {
            raw_again(&world.path()).execute_batch("DELETE FROM checkpoints; DELETE FROM tiles").unwrap();
            store = SqliteStore::open(world.path(), SqliteOptions::default()).unwrap();
            // In itself it is whole; the rows of who used what are the same.
            store.verify().unwrap();
        }
        drop(store);
        let error = found_at_start(&world);
        assert!(error.contains("is not the one that was read"), "{error}");
    }
}

fn raw_again(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

#[test]
fn a_journal_made_anew_with_no_copy_elsewhere_is_named_by_the_checkpoints_in_it() {
    let world = World::new();
    let host = world.open();
    live(&host, 2);
    host.keeper().advance().unwrap();
    live(&host, 1);
    host.keeper().advance().unwrap();
    drop(host);
    rewrite(&world.path(), 5);
    for name in ["jit.db-checkpoint", "jit.db-seen"] {
        let _ = std::fs::remove_file(world.folder.path().join(name));
    }
    std::fs::remove_dir_all(world.copies()).unwrap();
    std::fs::create_dir(world.copies()).unwrap();
    let host = world.open();
    let error = host.keeper().verify_all().unwrap_err().to_string();
    assert!(error.contains("was signed over the root"), "{error}");
    assert!(host.keeper().advance().is_err());
}

#[test]
fn a_checkpoint_that_another_key_signed_is_none() {
    let world = World::new();
    let host = world.open();
    live(&host, 1);
    let kept = host.keeper().advance().unwrap().unwrap();
    let said = kept.note.parse::<SignedNote>().unwrap().text.parse().unwrap();
    let forged = Keys::generate().unwrap().sign(&said);
    drop(host);
    raw_again(&world.path()).execute("UPDATE checkpoints SET note = ?", [forged]).unwrap();
    let error = found_at_start(&world);
    assert!(error.contains("signed by no known key"), "{error}");
}

#[test]
fn elevation_stops_or_goes_on_as_the_operator_wants_it() {
    for (policy, goes_on) in [("", false), (", on_failure: alert", true)] {
        let world = World::new();
        let host = world.open_with(policy);
        grant(&host, "ann");
        host.keeper().advance().unwrap();
        assert_eq!(use_it(&host, "ann").outcome, Outcome::Allow);
        let original: String = {
            let raw = raw_again(&world.path());
            let owner = raw.query_row("SELECT owner FROM grants", [], |row| row.get(0)).unwrap();
            raw.execute("UPDATE grants SET owner = 'mallory@example.com'", []).unwrap();
            owner
        };
        let error = host.keeper().advance().unwrap_err().to_string();
        assert!(error.contains("is not what the journal says"), "{error}");
        let decision = use_it(&host, "ann");
        assert_eq!(decision.outcome == Outcome::Allow, goes_on);
        assert_eq!(host.engine().honoured().unwrap().grants.is_empty(), !goes_on);
        if !goes_on {
            assert_eq!(decision.basis.reason, Reason::StoreBroken);
            assert_eq!(use_it(&host, "nobody").basis.reason, Reason::NoGrant);
        }
        let problem = host.engine().integrity().problem.unwrap();
        assert!(error.contains(&problem) || problem.contains(&error), "{problem}");
        raw_again(&world.path()).execute("UPDATE grants SET owner = ?", [original]).unwrap();
        host.keeper().advance().unwrap();
        assert_eq!(use_it(&host, "ann").outcome, Outcome::Allow, "it is whole again");
    }
}

#[test]
fn the_thread_verifies_at_the_start_and_signs_when_a_grant_ends() {
    let world = World::new();
    let (path, copies) = (world.path(), world.copies());
    let config = format!(
        "jit_access: {{store: {{path: {path:?}}}, approver_roles: [lead], require_justification: false, \
         journal: {{checkpoint_folder: {copies:?}}}, roles: {{deployer: {{permissions: [tools.execute]}}}}}}"
    );
    let host = Config::parse(&config, []).unwrap().open().unwrap();
    until(|| host.engine().integrity().at.is_some());
    let id = grant(&host, "ann");
    let why = Justification::new("because").unwrap();
    host.workflow().execute(&lead(), Revoke::new(id, why), None).unwrap();
    let size = host.engine().revision();
    until(|| copies.join(format!("{:020}.checkpoint", size.0)).exists());
    assert_eq!(host.engine().integrity().verified, size);
}

#[expect(clippy::disallowed_methods, reason = "a thread is waited for")]
fn until(done: impl Fn() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it did not come");
}

#[test]
fn it_tells_how_far_it_is_ends_when_told_to_and_goes_on_from_where_it_was() {
    struct Watch(Vec<VerifyProgress>, usize);
    impl Verifying for Watch {
        fn progress(&mut self, progress: VerifyProgress) -> ControlFlow<()> {
            self.0.push(progress);
            if self.0.len() < self.1 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("jit.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let (mut story, mut dice) = (Story::new(), Dice::new(7));
    while story.events.len() < 2_300 {
        story.tell(&store, dice.roll());
    }
    let mut watch = Watch(Vec::new(), usize::MAX);
    let all = store.verify_with(&Verification::default(), &mut watch).unwrap();
    assert_eq!(all.records, store.head().unwrap().revision.0);
    let told: Vec<_> = watch.0.iter().map(|progress| progress.verified).collect();
    assert!(told.is_sorted() && told.contains(&Revision(1_000)) && told.contains(&Revision(2_000)), "{told:?}");
    let ended = store.verify_with(&Verification::default(), &mut Watch(Vec::new(), 2));
    assert!(matches!(ended, Err(StoreError::Unavailable { .. })));

    let after = |at: u64| {
        let (_, records) = store.records(&jit_access::store::RecordQuery::after(Revision(at - 1), 1)).unwrap();
        Checkpoint::new(records[0].revision, &records[0].hash.to_string()).unwrap()
    };
    for at in [1, 500, 2_000, all.records] {
        let verified = store.verify_with(&Verification { after: Some(after(at)) }, &mut ()).unwrap();
        assert_eq!((verified.head, verified.records), (all.head, all.records - at));
    }
    let wrong = Checkpoint::new(Revision(500), &"0".repeat(64)).unwrap();
    let Err(StoreError::Broken(broken)) = store.verify_with(&Verification { after: Some(wrong) }, &mut ()) else {
        panic!()
    };
    assert!(broken.revision == Revision(500) && broken.problem.contains(&"0".repeat(64)), "{broken}");
    assert!(broken.problem.contains(after(500).hash()), "{broken}");
}

#[test]
fn notices_and_keys_that_are_missing_or_made_up_are_named() {
    let world = World::new();
    let host = world.open();
    live(&host, 2);
    let key = r#"{"command": "submit", "caller": {"principal": "eve@example.com"}, "role": "deployer", "duration_hours": 1, "idempotency_key": "k"}"#;
    command::run(host.workflow(), key).unwrap();
    host.workflow().verify().unwrap();
    drop(host);
    let original = std::fs::read(world.path()).unwrap();
    for (sql, named) in [
        ("DELETE FROM notices WHERE id = 2", "notice 2 is missing"),
        ("DELETE FROM notices WHERE id = (SELECT max(id) FROM notices)", "is missing"),
        ("DELETE FROM notices", "notice 1 is missing"),
        ("UPDATE idempotency SET request = randomblob(16)", "an idempotency key of `eve@example.com`"),
        ("DELETE FROM idempotency", "there are 0 idempotency keys, and 1 were written and not removed since"),
        (
            "INSERT INTO idempotency SELECT caller_kind, caller, 'other', fingerprint, request, grant_id, delegation, ended, at FROM idempotency",
            "there are 2 idempotency keys, and 1 were written",
        ),
        ("DROP INDEX journal_by_time; CREATE INDEX journal_by_time ON journal (at) WHERE revision > 5", ""),
    ] {
        std::fs::write(world.path(), &original).unwrap();
        raw_again(&world.path()).execute_batch(sql).unwrap();
        let store = SqliteStore::open(world.path(), SqliteOptions::default()).unwrap();
        let error = store.verify().unwrap_err().to_string();
        assert!(error.contains(named), "{sql}: {error}");
    }
}

#[test]
fn any_flipped_bit_is_named_or_changes_no_word() {
    let world = World::new();
    let host = world.open();
    live(&host, 2);
    host.keeper().advance().unwrap();
    let whole = host.workflow().verify().unwrap();
    drop(host);
    let original = std::fs::read(world.path()).unwrap();
    let journal = |path: &Path| -> Vec<(i64, String, String)> {
        let raw = raw_again(path);
        let mut rows = raw.prepare(
            "SELECT revision, hash, body FROM journal UNION ALL SELECT first, last || began || ended, hex(uses) FROM packs ORDER BY 1",
        )
        .unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap().map(Result::unwrap).collect()
    };
    let said = journal(&world.path());
    let (mut dice, mut named) = (Dice::new(5), 0);
    for _ in 0..120 {
        let mut damaged = original.clone();
        // Most of a young file is empty, and empty space says nothing.
        let place = loop {
            let place = dice.below(damaged.len());
            if damaged[place] != 0 {
                break place;
            }
        };
        damaged[place] ^= 1 << dice.below(8);
        for side in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{side}", world.path().display()));
        }
        std::fs::write(world.path(), &damaged).unwrap();
        let opened = SqliteStore::open(world.path(), SqliteOptions::default());
        match opened.and_then(|store| store.verify()) {
            Ok(count) => {
                assert_eq!(count, whole);
                assert_eq!(journal(&world.path()), said, "bit in byte {place}");
            }
            Err(_) => named += 1,
        }
    }
    assert!(named > 30, "{named} of 120");
}

/// Every record, oldest first, with its canonical text.
fn exported(host: &Host) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut document = json!({
            "command": "audit", "caller": {"principal": "lead@example.com", "roles": ["lead"]},
            "limit": 100, "canonical": true, "order": "oldest",
        });
        if !cursor.is_null() {
            document["cursor"] = cursor;
        }
        let page: Value = serde_json::from_str(&command::run(host.workflow(), &document.to_string()).unwrap()).unwrap();
        lines.extend(page["items"].as_array().unwrap().iter().map(Value::to_string));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    lines
}

/// What the example says of these files, and whether it is content.
fn example(world: &World, records: &str, checkpoint: &Path, older: Option<&Path>) -> (bool, String) {
    let file = world.folder.path().join("records.jsonl");
    std::fs::write(&file, records).unwrap();
    let mut command = std::process::Command::new("python3");
    command.arg("-I").arg("examples/verify_journal.py").arg(file).arg(checkpoint).arg(world.copies().join("keys"));
    let done = command.args(older).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.success(), text(&done.stdout) + &text(&done.stderr))
}

#[test]
fn plain_python_verifies_what_was_exported() {
    let world = World::new();
    let host = world.open();
    live(&host, 2);
    let first = host.keeper().advance().unwrap().unwrap();
    live(&host, 1);
    let last = host.keeper().advance().unwrap().unwrap().size.0 as usize;
    let lines = exported(&host);
    let newest = world.copies().join("newest.checkpoint");
    let older = world.copies().join(format!("{:020}.checkpoint", first.size.0));
    let all = lines.join("\n") + "\n";
    let (content, said) = example(&world, &all, &newest, Some(&older));
    assert!(content && said.starts_with(&format!("{last} records")), "{said}");

    let without =
        |at: usize| lines.iter().enumerate().filter(move |(n, _)| *n != at).map(|(_, line)| line.clone() + "\n");
    for (records, named) in [
        (without(7).collect(), "record 8 does not follow".to_owned()),
        (lines[..last - 1].join("\n") + "\n", format!("ends before record {last}")),
    ] {
        let (content, said) = example(&world, &records, &newest, Some(&older));
        assert!(!content && said.contains(&named), "{said}");
    }
    // The text of a record changed, in the text that is hashed.
    let changed = all.replacen(&lines[0], &lines[0].replace("dev", "eve"), 1);
    let (content, said) = example(&world, &changed, &newest, None);
    assert!(!content && said.contains("does not follow"), "{said}");
    let forged = Keys::generate().unwrap().sign(&first.note.parse::<SignedNote>().unwrap().text.parse().unwrap());
    std::fs::write(&newest, forged).unwrap();
    let (content, said) = example(&world, &all, &newest, None);
    assert!(!content && said.contains("signed by none of the keys"), "{said}");
}

#[test]
fn evidence_of_a_period_is_the_same_bytes_each_time_and_names_what_is_not_as_it_should_be() {
    let world = World::new();
    let host = world.open();
    let from = host.engine().now();
    live(&host, 3);
    host.keeper().advance().unwrap();
    world.clock.advance(9 * 3_600_000);
    host.reconciler().tick().unwrap();
    let until = host.engine().now();
    world.clock.advance(60_000);
    let get = |form: EvidenceForm| GetEvidence::default().from(from).until(until).form(form);
    let show = |form| host.workflow().evidence(&lead(), &get(form)).unwrap();
    let first: Vec<_> = EvidenceForm::ALL.map(show).to_vec();
    world.clock.advance(3_600_000);
    live(&host, 2);
    host.keeper().advance().unwrap();
    assert_eq!(EvidenceForm::ALL.map(show).to_vec(), first, "what came later changes nothing");

    let document: Value = serde_json::from_str(&first[0]).unwrap();
    let control =
        |id: &str| document["controls"].as_array().unwrap().iter().find(|control| control["id"] == id).unwrap().clone();
    let fact = |id: &str, name: &str| {
        let control = control(id);
        let facts = control["facts"].as_array().unwrap();
        facts.iter().find(|fact| fact["name"] == name).map(|fact| fact["value"].clone())
    };
    assert_eq!(document["chain"]["whole"], true);
    assert!(document["chain"]["checkpoint"].as_str().unwrap().starts_with("jit-access/"));
    assert_eq!(control("AC-2(2)")["list"]["rows"].as_array().unwrap().len(), 3);
    assert_eq!(fact("AC-2(2)", "given back"), Some(json!("2")));
    assert_eq!(fact("AC-2(2)", "ended by time"), Some(json!("1")));
    assert_eq!(fact("AC-2(4)", "grant_used"), Some(json!("180")));
    assert_eq!(fact("AC-6(9)", "grants used"), Some(json!("3")));
    assert_eq!(control("AC-6(10)")["exceptions"], json!([]));
    assert_eq!(control("AC-6(7)")["list"]["rows"].as_array().unwrap().len(), 3);
    assert_eq!(fact("164.312(a)(2)(ii)", "reviews that are overdue"), Some(json!("0")));
    assert!(first[1].starts_with("control,kind,name,value\n") && first[1].contains("AC-6(5),fact,grants,3\n"));
    assert!(first[2].starts_with("<!doctype html>") && first[2].matches("<h2>").count() == 8);

    let refused = |get: GetEvidence| host.workflow().evidence(&lead(), &get).unwrap_err().to_string();
    assert!(refused(GetEvidence::default()).starts_with("`from` is missing"));
    assert!(refused(get(EvidenceForm::Json).until(from)).starts_with("`until` is"));
    let later = Timestamp::from_millis(until.millis() + 86_400_000).unwrap();
    assert!(refused(get(EvidenceForm::Json).until(later)).contains("an instant in the past"));
}
