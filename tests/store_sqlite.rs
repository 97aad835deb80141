//! The SQLite store keeps the promises of a store, minds its own file, and tells when somebody else did not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jit_access::internal::journal::{Hash, Record};
use jit_access::model::{DetailText, Fact, GrantId, Revision, Timestamp, UseDetails};
use jit_access::store::conformance::world::{
    Dice, Story, at, cast, granted, has_grown, journal, live_grants, role, submit, used,
};
use jit_access::store::conformance::{Fixture, Place, stories};
use jit_access::store::{
    Batch, Done, Message, Page, Reads, RecordQuery, SqliteOptions, SqliteStore, Store, StoreError, UnusableFile,
    Visible,
};
use jit_access::store_conformance;
use jit_access::workflow::{Needs, Whose};
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

struct Sqlite;

struct Folder(TempDir);

impl Fixture for Sqlite {
    fn fresh(&self) -> Box<dyn Place> {
        Box::new(Folder(TempDir::new().unwrap()))
    }
}

impl Place for Folder {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(open(&self.0.path().join("jit.db")))
    }
}

/// Eight threads with four handles on a loaded machine may wait long for their turn.
fn patient() -> SqliteOptions {
    SqliteOptions::default().busy_timeout(std::time::Duration::from_secs(60))
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, patient()).unwrap()
}

store_conformance!(Sqlite);

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn every_story_is_told_back(steps in proptest::collection::vec(any::<u64>(), 0..40)) {
        stories::tell(&Sqlite, &steps);
    }
}

mod the_file {
    use super::*;

    /// What went wrong, with its source.
    fn refusal(path: impl AsRef<Path>) -> String {
        let error = SqliteStore::open(path, SqliteOptions::default()).unwrap_err();
        let StoreError::Unavailable { doing, source } = error else { panic!("{error:?}") };
        assert!(source.downcast_ref::<UnusableFile>().is_some(), "{source:?}");
        format!("{doing} failed: {source}")
    }

    /// Each file's name, and a digest of what is in it.
    fn everything_in(directory: &Path) -> Vec<(PathBuf, u64)> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let digest = |path: &Path| {
            let mut hasher = DefaultHasher::new();
            std::fs::read(path).unwrap().hash(&mut hasher);
            hasher.finish()
        };
        let mut all: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), digest(&path)))
            .collect();
        all.sort();
        all
    }

    #[test]
    fn of_something_else_is_refused_and_stays_as_it_was() {
        let foreign: [(&str, &str); 5] = [
            ("has tables", "CREATE TABLE `us'ers` (id); INSERT INTO `us'ers` VALUES (1);"),
            ("has a view", "CREATE VIEW v AS SELECT 1;"),
            ("has another application id", "PRAGMA application_id = 252006675; CREATE TABLE a (b);"),
            ("has nothing but its id", "PRAGMA application_id = 252006675;"),
            ("is a rehearsed one", "PRAGMA user_version = 7; CREATE TABLE journal (revision);"),
        ];
        for (name, sql) in foreign {
            for mode in ["DELETE", "WAL"] {
                let directory = TempDir::new().unwrap();
                let path = directory.path().join("other.db");
                let owner = Connection::open(&path).unwrap();
                owner.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(())).unwrap();
                owner.execute_batch(sql).unwrap();
                drop(owner);
                let before = everything_in(directory.path());
                let told = refusal(&path);
                assert!(told.contains("is the database of another program"), "{name}, {mode}: {told}");
                assert!(told.contains("other.db` "), "{told}");
                assert_eq!(everything_in(directory.path()), before, "{name}, {mode}");
            }
        }
    }

    #[test]
    fn of_something_else_is_not_checkpointed_either() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("other.db");
        let owner = Connection::open(&path).unwrap();
        owner.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())).unwrap();
        owner.execute_batch("CREATE TABLE a (b); INSERT INTO a VALUES (1);").unwrap();
        let before = (std::fs::read(&path).unwrap(), std::fs::read(directory.path().join("other.db-wal")).unwrap());
        refusal(&path);
        let after = (std::fs::read(&path).unwrap(), std::fs::read(directory.path().join("other.db-wal")).unwrap());
        assert_eq!(after, before);
        assert_eq!(owner.query_row("SELECT b FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }

    #[test]
    fn that_is_no_database_is_refused_and_stays_as_it_was() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("notes.txt");
        std::fs::write(&path, "remember the milk\n".repeat(100)).unwrap();
        assert!(refusal(&path).ends_with("notes.txt` is not a database of jit-access"));
        assert_eq!(std::fs::read(&path).unwrap(), "remember the milk\n".repeat(100).into_bytes());
        assert!(refusal(directory.path()).ends_with("is not a file"));
    }

    #[test]
    fn of_a_newer_version_is_refused() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        drop(open(&path));
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
        let told = refusal(&path);
        assert!(told.contains("newer jit-access (schema version 999"), "{told}");
    }

    #[test]
    fn that_a_newer_version_takes_over_is_not_written_any_more() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        let store = open(&path);
        granted(&store, 1, at(0));
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
        let error = store.commit(&Batch { events: submit(&cast()[0], 2, at(0)), ..Batch::default() }).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert_eq!(store.grant(GrantId::from_u128(1)).unwrap().revision, store.head().unwrap().revision);
    }

    #[test]
    fn has_to_have_a_directory_and_a_name() {
        let directory = TempDir::new().unwrap();
        let missing = directory.path().join("no/such/jit.db");
        assert!(refusal(&missing).contains("is in a directory that does not exist"), "{}", refusal(&missing));
        assert!(!directory.path().join("no").exists());
        for name in ["", ":memory:", "file::memory:?cache=shared", "file:jit.db"] {
            assert!(refusal(name).contains("use `MemoryStore`"), "{}", refusal(name));
        }
    }

    #[test]
    fn that_is_empty_becomes_a_store() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        std::fs::write(&path, "").unwrap();
        granted(&open(&path), 1, at(0));
        assert_eq!(open(&path).verify().unwrap(), 4);
    }

    #[cfg(unix)]
    #[test]
    fn is_readable_by_its_owner_only() {
        use std::os::unix::fs::MetadataExt;
        let directory = TempDir::new().unwrap();
        let store = open(&directory.path().join("jit.db"));
        granted(&store, 1, at(0));
        for (path, _) in everything_in(directory.path()) {
            assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600, "{path:?}");
        }
    }

    #[test]
    fn says_what_it_is_and_is_synchronous() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        drop(open(&path));
        let connection = Connection::open(&path).unwrap();
        let pragma =
            |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0));
        assert_eq!(pragma("application_id").unwrap(), 0x6a69_7461.into());
        assert_eq!(pragma("journal_mode").unwrap(), "wal".to_owned().into());
    }

    #[test]
    fn can_be_made_by_many_at_once() {
        for _ in 0..10 {
            let directory = TempDir::new().unwrap();
            let path = directory.path().join("jit.db");
            let barrier = std::sync::Barrier::new(8);
            thread::scope(|scope| {
                for number in 1..=8 {
                    let (path, barrier) = (&path, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        let store = open(path);
                        store.commit(&Batch { events: submit(&cast()[0], number, at(0)), ..Batch::default() }).unwrap();
                    });
                }
            });
            assert_eq!(open(&path).verify().unwrap(), 8);
        }
    }

    #[test]
    fn that_is_moved_away_is_not_written_any_more() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        let store = open(&path);
        granted(&store, 1, at(0));
        let first = store.head().unwrap().position();
        std::fs::rename(&path, directory.path().join("moved.db")).unwrap();
        let batch = Batch { events: submit(&cast()[0], 2, at(0)), ..Batch::default() };
        assert!(matches!(store.commit(&batch), Err(StoreError::Unavailable { .. })));
        assert!(matches!(store.has_grown(&first), Err(StoreError::Unavailable { .. })));
        assert!(!path.exists(), "a store that has gone does not come back empty");
        std::fs::rename(directory.path().join("moved.db"), &path).unwrap();
        store.commit(&batch).unwrap();
        store.verify().unwrap();
    }

    #[test]
    fn that_an_old_copy_replaces_is_noticed() {
        let directory = TempDir::new().unwrap();
        let (path, copy) = (directory.path().join("jit.db"), directory.path().join("old.db"));
        let store = open(&path);
        granted(&store, 1, at(0));
        drop(store);
        std::fs::copy(&path, &copy).unwrap();
        let store = open(&path);
        granted(&store, 2, at(0));
        let (view, known) = (store.grant(GrantId::from_u128(2)).unwrap(), store.head().unwrap().position());
        for side in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(directory.path().join(format!("jit.db{side}")));
        }
        std::fs::rename(&copy, &path).unwrap();
        assert!(matches!(store.has_grown(&known), Err(StoreError::Replaced(_))));
        let query = RecordQuery { continues: Some(known), ..RecordQuery::after(Revision::ZERO, 1) };
        assert!(matches!(store.records(&query), Err(StoreError::Replaced(_))));
        let batch =
            Batch { decided_from: Some(view.revision), events: submit(&cast()[0], 3, at(0)), ..Batch::default() };
        assert!(matches!(store.commit(&batch), Err(StoreError::Corrupt(_))));
    }

    #[test]
    fn is_closed_while_the_store_is_paused() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        let store = open(&path);
        granted(&store, 1, at(0));
        has_grown(&store, Revision::ZERO);
        store.before_fork();
        assert_eq!(everything_in(directory.path()).len(), 1, "the last connection has taken the log with it");
        let resumed = AtomicBool::new(false);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                granted(&store, 2, at(0));
                assert!(resumed.load(Ordering::SeqCst), "nothing happens while the store is paused");
            });
            thread::yield_now();
            resumed.store(true, Ordering::SeqCst);
            store.after_fork_in_parent();
            waiting.join().unwrap();
        });
        assert_eq!(store.verify().unwrap(), 8);
    }

    #[test]
    fn does_not_keep_notices_that_nobody_plans() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        let store = open(&path);
        for day in 0..60 {
            let now = at(day * 24 * 3_600_000);
            let batch = Batch {
                events: submit(&cast()[0], u128::try_from(day).unwrap() + 1, now),
                outbox: vec![Message::new("t", day.to_string())],
                ..Batch::default()
            };
            store.commit(&batch).unwrap();
        }
        let waiting = store.lease_notices(at(60 * 24 * 3_600_000), Timestamp::MAX, 100).unwrap();
        assert_eq!(waiting.len(), 31, "those of the last 30 days");
        assert_eq!(waiting.last().unwrap().message.body, "59");
    }

    #[test]
    fn lists_live_grants_when_very_many_have_just_ended() {
        let directory = TempDir::new().unwrap();
        let store = open(&directory.path().join("jit.db"));
        let mut events = Vec::new();
        for number in 1..=700 {
            events.extend(submit(&cast()[1], number, at(0)));
        }
        store.commit(&Batch { events, ..Batch::default() }).unwrap();
        let later = at(2 * 3_600_000);
        for number in 701..=703 {
            store.commit(&Batch { events: submit(&cast()[1], number, later), ..Batch::default() }).unwrap();
        }
        let approver = store.grant(GrantId::from_u128(701)).unwrap().grant.unwrap().approver_roles;
        let eyes = [
            Visible::All,
            Visible::To(cast()[0].principal.clone(), approver),
            Visible::To(cast()[1].principal.clone(), vec![]),
        ];
        for visible in eyes {
            for (limit, before) in [(10, None), (2, None), (10, Some(store.head().unwrap().revision))] {
                let status = Some(jit_access::model::GrantStatus::Active);
                let page = Page { visible: visible.clone(), status, now: later, before, limit };
                let ids: Vec<_> = store.grants(&page).unwrap().into_iter().map(|(_, grant)| grant.id).collect();
                let expected: Vec<_> = [703, 702, 701].into_iter().map(GrantId::from_u128).take(limit).collect();
                assert_eq!(ids, expected, "{page:?}");
            }
        }
    }

    #[test]
    fn does_not_grow_by_old_notices_and_keys() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        let store = open(&path);
        let caller = cast()[0].principal.clone();
        for day in 0..40 {
            let now = at(day * 24 * 3_600_000);
            let done = Done { fingerprint: String::new(), request: None, grant: None, delegation: None, ended: vec![] };
            let batch = Batch {
                events: submit(&cast()[0], u128::try_from(day).unwrap() + 1, now),
                outbox: vec![Message::new("t", "b")],
                done: Some((caller.clone(), day.to_string(), done)),
                ..Batch::default()
            };
            store.commit(&batch).unwrap();
            for leased in store.lease_notices(now, now, 9).unwrap() {
                store.plan_notice(leased.id, "", &[], now).unwrap();
            }
        }
        let raw = Connection::open(&path).unwrap();
        let count = |table: &str| {
            raw.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!((count("idempotency"), count("notices")), (8, 31));
        assert!(store.done_under(&caller, "39").unwrap().is_some());
        assert!(store.done_under(&caller, "0").unwrap().is_none());
    }
}

#[path = "sqlite/alone.rs"]
mod rows;
#[path = "sqlite/together.rs"]
mod together;

mod tampering {
    use super::rows::alone;
    use super::*;

    /// A closed file with a story in it, and how many records it has.
    fn told() -> (TempDir, PathBuf, u64) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        let store = open(&path);
        let (mut story, mut dice) = (Story::new(), Dice::new(5));
        while story.events.len() < 150 {
            story.tell(&store, dice.roll());
        }
        // Whatever the story has ended, something is live.
        granted(&store, 1 << 100, story.now);
        let count = store.verify().unwrap();
        drop(store);
        drop(alone(&path));
        (directory, path, count)
    }

    /// What `verify` says after this SQL.
    fn verdict(path: &Path, sql: &str) -> Result<u64, StoreError> {
        let raw = Connection::open(path).unwrap();
        raw.pragma_update(None, "foreign_keys", false).unwrap();
        raw.execute_batch(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
        drop(raw);
        open(path).verify()
    }

    fn broken_at(path: &Path, sql: &str) -> u64 {
        match verdict(path, sql) {
            Err(StoreError::Broken(broken)) => broken.revision.0,
            other => panic!("{sql}: {other:?}"),
        }
    }

    #[test]
    fn by_accident_is_stopped_by_the_file_itself() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        let store = open(&path);
        granted(&store, 1, at(0));
        let uses = |from| (from..from + 9).map(|ms| used(GrantId::from_u128(1), at(ms))).collect();
        store.commit(&Batch { events: uses(1), ..Batch::default() }).unwrap();
        let raw = Connection::open(&path).unwrap();
        for sql in [
            "UPDATE journal SET body = '{}' WHERE revision = 3",
            "DELETE FROM journal WHERE revision = 3",
            "UPDATE packs SET uses = x'00'",
            "UPDATE packs SET last = last - 1",
            "DELETE FROM packs",
        ] {
            assert!(raw.execute(sql, []).unwrap_err().to_string().contains("only appended to"), "{sql}");
        }
        for sql in
            ["UPDATE grants SET ends_at = 'never'", "UPDATE head SET changed = revision + 1", "DELETE FROM journal"]
        {
            assert!(raw.execute(sql, []).is_err(), "{sql}");
        }
    }

    #[test]
    fn of_the_journal_is_found_at_its_first_record() {
        type Damage = fn(u64, u64) -> (String, u64);
        let ways: [(&str, Damage); 9] = [
            ("a flipped letter", |at, _| {
                (format!("UPDATE journal SET body = replace(body, '\"type\"', '\"tyqe\"') WHERE revision = {at}"), at)
            }),
            ("an emptied body", |at, _| (format!("UPDATE journal SET body = '' WHERE revision = {at}"), at)),
            ("a forged hash", |at, _| {
                (
                    format!(
                        "UPDATE journal SET hash = replace(hash, substr(hash, 1, 4), 'ffff') WHERE revision = {at}"
                    ),
                    at,
                )
            }),
            ("a deleted record", |at, _| (format!("DELETE FROM journal WHERE revision = {at}"), at)),
            ("a deleted record, the rest moved up", |at, last| {
                let up = format!(
                    "DELETE FROM journal WHERE revision = {at};
                     UPDATE journal SET revision = revision + 1000 WHERE revision > {at};
                     UPDATE journal SET revision = revision - 1001 WHERE revision > 1000;
                     UPDATE head SET changed = 0; UPDATE head SET revision = {}",
                    last - 1
                );
                (up, at.min(last - 1))
            }),
            ("two records swapped", |at, last| {
                let other = if at == last { at - 1 } else { at + 1 };
                let swap = format!(
                    "UPDATE journal SET revision = 9999 WHERE revision = {at};
                     UPDATE journal SET revision = {at} WHERE revision = {other};
                     UPDATE journal SET revision = {other} WHERE revision = 9999"
                );
                (swap, at.min(other))
            }),
            ("an inserted record", |at, _| {
                let insert = format!(
                    "UPDATE journal SET revision = revision + 1000 WHERE revision > {at};
                     UPDATE journal SET revision = revision - 999 WHERE revision > 1000;
                     INSERT INTO journal SELECT revision + 1, changes, at, hash, body FROM journal WHERE revision = {at};
                     UPDATE head SET revision = revision + 1"
                );
                (insert, at + 1)
            }),
            ("a tail cut off", |at, _| (format!("DELETE FROM journal WHERE revision >= {at}"), at)),
            ("a wrong mark", |at, _| (format!("UPDATE journal SET changes = 1 - changes WHERE revision = {at}"), at)),
        ];
        let (_directory, path, last) = told();
        let original = std::fs::read(&path).unwrap();
        for (name, damage) in ways {
            for at in [1, 2, last / 2, last - 1, last] {
                std::fs::write(&path, &original).unwrap();
                let (sql, expected) = damage(at, last);
                assert_eq!(broken_at(&path, &sql), expected, "{name} at {at} of {last}");
            }
        }
        std::fs::write(&path, &original).unwrap();
        assert_eq!(open(&path).verify().unwrap(), last, "the file as it was is whole");
    }

    #[test]
    fn of_the_journal_with_all_hashes_made_anew_is_found_by_the_head() {
        let (_directory, path, last) = told();
        let raw = Connection::open(&path).unwrap();
        let mut after = (Revision::ZERO, Hash::GENESIS);
        for revision in 1..=last {
            let body: String = raw
                .query_row("SELECT body FROM journal WHERE revision = ?", [revision.cast_signed()], |row| row.get(0))
                .unwrap();
            let mut event = Record::parse(body).unwrap().event;
            event.at = Timestamp::from_millis(event.at.millis() + i64::from(revision >= 2)).unwrap();
            let record = Record::seal(event, after.0, after.1).unwrap();
            after = (record.revision, record.hash);
            raw.execute(
                "UPDATE journal SET hash = ?, body = ?, at = ? WHERE revision = ?",
                (record.hash.to_string(), record.body, record.event.at.millis(), revision.cast_signed()),
            )
            .unwrap();
        }
        drop(raw);
        let Err(StoreError::Broken(broken)) = open(&path).verify() else { panic!() };
        let kept = open(&path).head().unwrap().hash.to_string();
        let both = [after.1.to_string(), kept];
        assert_eq!(broken.revision.0, last);
        assert!(both.iter().all(|hash| broken.problem.contains(hash)), "{broken}: {both:?}");
    }

    /// Uses that are kept together, in several rows of which the last one grew, with other records between them.
    fn used_together() -> (TempDir, PathBuf, u64) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        let store = open(&path);
        granted(&store, 1, at(0));
        let mut now = 0;
        let mut write = |count: i64| {
            now += count;
            let uses = (now - count..now).map(|ms| used(GrantId::from_u128(1), at(ms))).collect();
            store.commit(&Batch { events: uses, ..Batch::default() }).unwrap();
        };
        [300, 1, 2, 40].into_iter().for_each(&mut write);
        granted(&store, 2, at(400));
        [5, 3].into_iter().for_each(write);
        let count = store.verify().unwrap();
        drop(store);
        let raw = Connection::open(&path).unwrap();
        let packs: i64 = raw.query_row("SELECT count(*) FROM packs", [], |row| row.get(0)).unwrap();
        assert_eq!(packs, 3, "they were put together");
        raw.execute_batch("DROP TRIGGER packs_only_grow; DROP TRIGGER packs_are_not_removed").unwrap();
        (directory, path, count)
    }

    #[test]
    fn of_uses_that_are_kept_together_is_found() {
        let (_directory, path, last) = used_together();
        let original = std::fs::read(&path).unwrap();
        let raw = Connection::open(&path).unwrap();
        let mut packs = raw.prepare("SELECT first, last FROM packs ORDER BY first").unwrap();
        let rows: Vec<(i64, i64)> =
            packs.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        drop(packs);
        drop(raw);
        for (first, end) in rows {
            for (sql, broken) in [
                (format!("DELETE FROM packs WHERE first = {first}"), first),
                (format!("UPDATE packs SET last = last + 1 WHERE first = {first}"), first),
                (format!("UPDATE packs SET first = first + 1, last = last + 1 WHERE first = {first}"), first),
                (format!("UPDATE packs SET first = first - 1, last = last - 1 WHERE first = {first}"), first),
                (format!("UPDATE packs SET first = first + 10000, last = last + 10000 WHERE first = {first}"), first),
                (format!("UPDATE packs SET began = began - 1 WHERE first = {first}"), first),
                (format!("UPDATE packs SET ended = ended + 1 WHERE first = {first}"), first),
                (format!("UPDATE packs SET uses = x'' WHERE first = {first}"), first),
                (format!("INSERT INTO journal SELECT {end}, 0, 1, (SELECT hash FROM head), '{{}}' FROM head"), end + 1),
            ] {
                std::fs::write(&path, &original).unwrap();
                assert_eq!(broken_at(&path, &sql), broken.cast_unsigned(), "{sql}");
            }
        }
        std::fs::write(&path, &original).unwrap();
        assert_eq!(open(&path).verify().unwrap(), last, "the file as it was is whole");
    }

    #[test]
    fn of_any_bit_of_uses_that_are_kept_together_is_found() {
        let (_directory, path, _) = used_together();
        let original = std::fs::read(&path).unwrap();
        let raw = Connection::open(&path).unwrap();
        let (first, uses): (i64, Vec<u8>) = raw
            .query_row("SELECT first, uses FROM packs ORDER BY first DESC LIMIT 1", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        drop(raw);
        for byte in (0..uses.len()).step_by(7) {
            let mut damaged = uses.clone();
            damaged[byte] ^= 1 << (byte % 8);
            std::fs::write(&path, &original).unwrap();
            let raw = Connection::open(&path).unwrap();
            raw.execute("UPDATE packs SET uses = ? WHERE first = ?", (damaged, first)).unwrap();
            drop(raw);
            let Err(StoreError::Broken(broken)) = open(&path).verify() else { panic!("byte {byte}") };
            assert_eq!(broken.revision.0, first.cast_unsigned(), "byte {byte}: {broken}");
        }
    }

    /// The row that was written last may be full, or end later than the next use.
    #[test]
    fn uses_go_on_after_a_row_that_takes_no_more() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("jit.db");
        let store = open(&path);
        granted(&store, 1, at(0));
        let write = |begin: i64, count: i64, words: usize| {
            let told = |ms: i64| {
                let mut event = used(GrantId::from_u128(1), at(begin + ms));
                if let Fact::GrantUsed { details, .. } = &mut event.fact {
                    let text = format!("{ms} {}", "word ".repeat(words));
                    *details = Some(Arc::new(UseDetails::default().user_agent(Some(DetailText::new(&text)))));
                }
                event
            };
            let events = (0..count).map(told).collect();
            store.commit(&Batch { events, ..Batch::default() }).unwrap();
        };
        for count in [255, 1, 1, 256, 512, 1, 255, 257] {
            write(1, count, 0);
        }
        for _ in 0..9 {
            write(2_000, 100, 40);
            write(1_000, 1, 40);
        }
        let last = store.verify().unwrap();
        let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, usize::MAX)).unwrap();
        assert_eq!(records.len() as u64, last);
    }

    /// A file as earlier versions wrote it goes on with uses that are kept together, and says the same.
    #[test]
    fn a_file_with_records_in_rows_of_their_own_goes_on() {
        let (_directory, path, last) = used_together();
        let read = |store: &SqliteStore| store.records(&RecordQuery::after(Revision::ZERO, usize::MAX)).unwrap().1;
        let together = read(&open(&path));
        drop(alone(&path));
        let store = open(&path);
        assert_eq!(read(&store), together);
        assert_eq!(store.verify().unwrap(), last);
        let uses = (1..9).map(|ms| used(GrantId::from_u128(1), at(1_000 + ms))).collect();
        store.commit(&Batch { events: uses, ..Batch::default() }).unwrap();
        assert_eq!(store.verify().unwrap(), last + 8);
        for newest_first in [false, true] {
            let query = RecordQuery { newest_first, ..RecordQuery::after(Revision(last - 20), 100) };
            let found = store.records(&query).unwrap().1;
            let mut revisions: Vec<_> = (last - 19..=last + 8).collect();
            if newest_first {
                revisions.reverse();
            }
            assert_eq!(found.iter().map(|record| record.revision.0).collect::<Vec<_>>(), revisions);
        }
    }

    #[test]
    fn of_the_head_is_found() {
        let (_directory, path, last) = told();
        let original = std::fs::read(&path).unwrap();
        for (sql, at) in [
            ("UPDATE head SET revision = revision + 1", Some(last + 1)),
            ("UPDATE head SET changed = 0; UPDATE head SET revision = revision - 1", Some(last)),
            ("UPDATE head SET hash = replace(hash, substr(hash, 1, 4), '0123')", Some(last)),
            ("UPDATE head SET changed = changed - 1", None),
            ("UPDATE head SET at = at - 1", None),
            ("DELETE FROM head", None),
        ] {
            std::fs::write(&path, &original).unwrap();
            match (verdict(&path, sql), at) {
                (Err(StoreError::Broken(broken)), Some(at)) => assert_eq!(broken.revision.0, at, "{sql}"),
                (Err(StoreError::Corrupt(_)), None) => {}
                (other, _) => panic!("{sql}: {other:?}"),
            }
        }
    }

    #[test]
    fn of_any_row_is_found() {
        let (_directory, path, _) = told();
        let original = std::fs::read(&path).unwrap();
        let one = "WHERE created = (SELECT max(created) FROM";
        for sql in [
            format!("UPDATE requests SET state = 'withdrawn' {one} requests WHERE state = 'approved')"),
            format!("UPDATE requests SET owner = 'eve' {one} requests)"),
            format!("UPDATE requests SET owner_kind = 'agent' {one} requests WHERE owner_kind = 'user')"),
            format!("UPDATE requests SET times_out_at = times_out_at + 1 {one} requests)"),
            format!("UPDATE requests SET due_at = 1 {one} requests)"),
            format!("UPDATE requests SET extends = 1 - extends {one} requests)"),
            format!("UPDATE requests SET person = 'eve' {one} requests)"),
            format!("UPDATE requests SET id = randomblob(16) {one} requests)"),
            format!("UPDATE requests SET stored = 'x', pressed = NULL {one} requests)"),
            "UPDATE requests SET pressed = zeroblob(9) WHERE pressed IS NOT NULL".to_owned(),
            "UPDATE requests SET pressed = (SELECT max(pressed) FROM requests) WHERE pressed IS NOT NULL".to_owned(),
            format!("DELETE FROM requests {one} requests)"),
            "UPDATE requests SET created = 1000000 WHERE created = (SELECT min(created) FROM requests)".to_owned(),
            "DELETE FROM request_approvers WHERE role = 'security'".to_owned(),
            "INSERT INTO request_approvers SELECT 'eve', state, created FROM requests LIMIT 1".to_owned(),
            "UPDATE request_approvers SET state = 'denied' WHERE state = 'approved'".to_owned(),
            "UPDATE grant_uses SET uses = uses + 1".to_owned(),
            "DELETE FROM grant_uses".to_owned(),
            "INSERT INTO grant_uses VALUES (1000000, 1)".to_owned(),
            format!("UPDATE grants SET ends_at = ends_at + 1 {one} grants)"),
            format!("UPDATE grants SET starts_at = starts_at - 1 {one} grants)"),
            format!("UPDATE grants SET state = 'open' {one} grants WHERE state != 'open')"),
            format!("UPDATE grants SET owner = 'eve' {one} grants)"),
            format!("UPDATE grants SET scope = '*' {one} grants WHERE scope != '*')"),
            format!("UPDATE grants SET allowed = '*' {one} grants)"),
            format!("UPDATE grants SET excepted = '' {one} grants WHERE excepted != '')"),
            format!("UPDATE grants SET request = randomblob(16) {one} grants)"),
            format!("UPDATE grants SET unsettled = 1 - unsettled {one} grants)"),
            format!("UPDATE grants SET person_kind = 'user', person = owner {one} grants)"),
            format!("UPDATE grants SET plain = 1 - plain {one} grants)"),
            format!("UPDATE grants SET due_at = NULL {one} grants WHERE due_at IS NOT NULL)"),
            format!(
                "UPDATE grants SET stored = replace(stored, 'approved_by', 'approved_bi') {one} grants WHERE stored <> '')"
            ),
            format!("UPDATE grants SET stored = 'x', pressed = NULL {one} grants)"),
            format!("DELETE FROM grants {one} grants)"),
            "DELETE FROM grant_approvers WHERE role = 'sre'".to_owned(),
            format!("UPDATE delegations SET ends_at = ends_at + 1 {one} delegations)"),
            format!("UPDATE delegations SET starts_at = starts_at - 1 {one} delegations)"),
            format!("UPDATE delegations SET ended = 1 - ended {one} delegations)"),
            format!("UPDATE delegations SET delegator = 'eve' {one} delegations)"),
            format!("UPDATE delegations SET delegate = 'eve' {one} delegations)"),
            format!("UPDATE delegations SET delegate_kind = 'agent' {one} delegations)"),
            format!("UPDATE delegations SET id = randomblob(16) {one} delegations)"),
            format!("UPDATE delegations SET created = 1000000 {one} delegations)"),
            format!(
                "UPDATE delegations SET stored = replace(stored, '\"roles\":[\"', '\"roles\":[\"x') {one} delegations)"
            ),
            format!("DELETE FROM delegations {one} delegations)"),
        ] {
            std::fs::write(&path, &original).unwrap();
            let changed = Connection::open(&path).unwrap();
            changed.pragma_update(None, "foreign_keys", false).unwrap();
            assert!(changed.execute(&sql, []).unwrap() > 0, "{sql} changes something");
            drop(changed);
            assert!(matches!(open(&path).verify(), Err(StoreError::Corrupt(_))), "{sql}");
        }
    }

    #[test]
    fn of_bytes_is_an_error_or_harmless_and_never_a_panic() {
        let (_directory, path, last) = told();
        let original = std::fs::read(&path).unwrap();
        let mut dice = Dice::new(77);
        let mut found = 0;
        for _ in 0..150 {
            let mut damaged = original.clone();
            // Most of a young file is empty, and empty space says nothing.
            let place = loop {
                let place = dice.below(damaged.len());
                if damaged[place] != 0 {
                    break place;
                }
            };
            let end = (place + 1 + dice.below(64)).min(damaged.len());
            for byte in &mut damaged[place..end] {
                *byte ^= u8::try_from(1 + dice.below(255)).unwrap();
            }
            std::fs::write(&path, &damaged).unwrap();
            match SqliteStore::open(&path, patient()).and_then(|store| store.verify()) {
                // Free space and what SQLite keeps for itself may change without any word of ours being another.
                Ok(count) => assert_eq!(count, last),
                Err(StoreError::Broken(_) | StoreError::Corrupt(_) | StoreError::Unavailable { .. }) => found += 1,
                Err(other) => panic!("{other:?}"),
            }
            for side in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{side}", path.display()));
            }
        }
        println!("{found} of 150 found");
        assert!(found > 100, "{found} of 150");
    }

    #[test]
    fn is_told_by_readers_too() {
        let (_directory, path, _) = told();
        let raw = Connection::open(&path).unwrap();
        raw.execute("UPDATE journal SET body = replace(body, '\"type\"', '\"tyqe\"') WHERE revision = 1", []).unwrap();
        raw.execute("UPDATE grants SET stored = 'x', pressed = NULL", []).unwrap();
        drop(raw);
        let store = open(&path);
        let Err(StoreError::Broken(broken)) = store.records(&RecordQuery::after(Revision::ZERO, 10)) else { panic!() };
        assert_eq!(broken.revision, Revision(1));
        let needs = Needs { live: Some(Whose::Everybody), ..Needs::default() };
        assert!(matches!(store.view(&needs, Timestamp::EPOCH), Err(StoreError::Corrupt(_))));
    }
}

/// Figures, not a test: `cargo test --release --features sqlite,test-util --test store_sqlite figures -- --ignored --nocapture`
/// with `JIT_FIGURES_GRANTS` for the number of grants (100000 when not set).
#[test]
#[ignore = "prints figures"]
#[expect(clippy::disallowed_methods, reason = "measuring takes a clock")]
fn figures() {
    use std::time::Instant;
    let grants: u128 = std::env::var("JIT_FIGURES_GRANTS").map_or(100_000, |text| text.parse().unwrap());
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("jit.db");
    let store = open(&path);
    let timed = |what: &str, times: u32, work: &mut dyn FnMut()| {
        let started = Instant::now();
        for _ in 0..times {
            work();
        }
        println!("{what}: {:?} each over {times}", started.elapsed() / times);
    };

    let mut number = 0;
    let started = Instant::now();
    while number < grants {
        let mut events = Vec::new();
        for _ in 0..1_000 {
            number += 1;
            events.extend(submit(&cast()[1], number, at(0)));
        }
        store.commit(&Batch { events, ..Batch::default() }).unwrap();
    }
    println!("{grants} grants written in thousands: {:?}", started.elapsed());
    timed("one grant committed", 100, &mut || {
        number += 1;
        granted(&store, number, at(0));
    });
    let use_of = |n: u128| used(GrantId::from_u128(1 + n % grants), at(1));
    timed("10000 uses of 10000 grants committed", 3, &mut || {
        store.commit(&Batch { events: (0..10_000).map(use_of).collect(), ..Batch::default() }).map(drop).unwrap();
    });
    timed("100 uses committed", 50, &mut || {
        store.commit(&Batch { events: (0..100).map(use_of).collect(), ..Batch::default() }).map(drop).unwrap();
    });

    let head = store.head().unwrap().position();
    timed("has_grown, nothing new", 100_000, &mut || assert!(!store.has_grown(&head).unwrap()));
    let other = open(&path);
    timed("has_grown after a commit by another handle", 20, &mut || {
        let before = store.head().unwrap().position();
        number += 1;
        granted(&other, number, at(0));
        let started = Instant::now();
        assert!(store.has_grown(&before).unwrap());
        print!("{:?} ", started.elapsed());
    });
    timed("head", 10_000, &mut || assert!(store.head().unwrap().revision > Revision::ZERO));
    timed("view of a grant", 10_000, &mut || drop(store.grant(GrantId::from_u128(77)).unwrap()));
    timed("live grants as the port gives them", 1, &mut || {
        println!("{} live", live_grants(&store, at(2)).1.len());
    });
    let raw = Connection::open(&path).unwrap();
    let mut plain = raw
        .prepare("SELECT id, owner_kind, owner, allowed, excepted, scope, starts_at, ends_at FROM grants WHERE state = 'open' AND ends_at > ?")
        .unwrap();
    for _ in 0..2 {
        timed("the same rows' index columns with plain SQL", 1, &mut || {
            let mut rows = plain.query([at(2).millis()]).unwrap();
            let mut bytes = 0;
            while let Some(row) = rows.next().unwrap() {
                for column in [0, 1, 2, 3, 4, 5] {
                    bytes += row.get_ref(column).unwrap().as_bytes().map_or(0, <[u8]>::len);
                }
                bytes += usize::try_from(row.get::<_, i64>(6).unwrap() & 1).unwrap();
                bytes += usize::try_from(row.get::<_, i64>(7).unwrap() & 1).unwrap();
            }
            println!("{bytes} bytes");
        });
    }
    let mut whole = raw.prepare("SELECT created, stored FROM grants WHERE state = 'open' AND ends_at > ?").unwrap();
    timed("the same rows' stored form with plain SQL", 1, &mut || {
        let mut rows = whole.query([at(2).millis()]).unwrap();
        let mut bytes = 0;
        while let Some(row) = rows.next().unwrap() {
            bytes += row.get_ref(1).unwrap().as_bytes().unwrap().len();
        }
        println!("{bytes} bytes");
    });
    timed("due and next_due, nothing due", 1_000, &mut || {
        assert!(store.due(at(3), 10).unwrap().is_empty());
        store.next_due().unwrap().unwrap();
    });
    let everybody = [Visible::All, Visible::To(cast()[2].principal.clone(), vec![role("approver"), role("sre")])];
    for visible in everybody {
        for status in
            [None, Some(jit_access::model::GrantStatus::Active), Some(jit_access::model::GrantStatus::Revoked)]
        {
            let page = Page { visible: visible.clone(), status, now: at(2), before: None, limit: 50 };
            timed(&format!("a page of {status:?}"), 50, &mut || drop(store.grants(&page).unwrap()));
        }
    }
    let head = store.head().unwrap().revision.0;
    timed(&format!("verify {head} records"), 1, &mut || assert_eq!(store.verify().unwrap(), head));
    for check in ["quick_check", "integrity_check"] {
        timed(check, 1, &mut || {
            raw.query_row(&format!("PRAGMA {check}"), [], |row| row.get::<_, String>(0)).map(drop).unwrap();
        });
    }
    let uses = journal(&store, Revision(head - 1_000), 1_000).1;
    assert!(uses.iter().any(|record| matches!(record.event.fact, Fact::GrantCreated(_))));
    println!("{} MB", std::fs::metadata(&path).unwrap().len() >> 20);
}
