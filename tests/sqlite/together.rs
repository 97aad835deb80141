//! Records that are no longer the newest are kept together, and stay the records that they were.

use std::path::{Path, PathBuf};

use jit_access::model::{Event, Fact, GrantId, Revision, Subject};
use jit_access::store::conformance::week::Week;
use jit_access::store::{
    Batch, MemoryStore, Reads, RecordQuery, SqliteOptions, SqliteStore, Store, StoreError, Verification,
};
use rusqlite::Connection;
use tempfile::TempDir;

const WEEK: Week = Week { uses: 1_500, grants: 120, ..Week::whole() };

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).unwrap()
}

fn written() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("jit.db");
    WEEK.record(&open(&path));
    (directory, path)
}

fn one(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn older_records_stay_what_they_were() {
    let memory = MemoryStore::new();
    WEEK.record(&memory);
    let (_directory, path) = written();
    assert!(one(&path, "SELECT count(*) FROM journal") < 200, "the newest alone stand alone");
    assert!(one(&path, "SELECT count(*) FROM packs WHERE changes > 0") > 2);
    assert!(one(&path, "SELECT count(*) FROM grants WHERE pressed IS NOT NULL") > 50);
    let store = open(&path);
    let said = |store: &dyn Store, query: &RecordQuery| {
        let (_, records) = store.records(query).unwrap();
        records.into_iter().map(|record| (record.revision, record.body, record.hash)).collect::<Vec<_>>()
    };
    let last = store.head().unwrap().revision;
    assert_eq!(last, memory.head().unwrap().revision);
    for after in [0, 1, 100, 127, 128, 129, 777, last.0 - 100, last.0 - 1] {
        for newest_first in [false, true] {
            for limit in [1, 60, usize::MAX] {
                let all = RecordQuery { newest_first, ..RecordQuery::after(Revision(after), limit) };
                let changes = RecordQuery { newest_first, ..RecordQuery::changes_after(Revision(after), limit) };
                let before = RecordQuery { before: Some(Revision(after + 60)), ..changes.clone() };
                for query in [all, changes, before] {
                    assert_eq!(said(&store, &query), said(&memory, &query), "{query:?}");
                }
            }
        }
    }
    for number in 1_000..1_040 {
        let about = RecordQuery::about(Subject::Grant(GrantId::from_u128(number)), 100);
        assert_eq!(said(&store, &about), said(&memory, &about), "{number}");
    }
    assert_eq!(store.verify().unwrap(), last.0);
}

#[test]
fn damage_of_them_is_found() {
    let (_directory, path) = written();
    let count = open(&path).verify().unwrap();
    let original = std::fs::read(&path).unwrap();
    let packs: Vec<i64> = {
        let raw = Connection::open(&path).unwrap();
        for sql in ["DELETE FROM packs", "DELETE FROM journal", "UPDATE packs SET uses = x'00'"] {
            assert!(raw.execute(sql, []).unwrap_err().to_string().contains("only appended to"), "{sql}");
        }
        let mut packs = raw.prepare("SELECT first FROM packs WHERE changes > 0 ORDER BY first LIMIT 2").unwrap();
        packs.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    for first in packs {
        for change in [
            "UPDATE packs SET changes = changes - 1",
            "UPDATE packs SET last = last + 1",
            "UPDATE packs SET began = began - 1",
            "UPDATE packs SET first = first + 1, last = last + 1",
            "UPDATE packs SET uses = substr(uses, 1, length(uses) - 1)",
            "UPDATE packs SET uses = zeroblob(length(uses))",
            "DELETE FROM packs",
        ] {
            std::fs::write(&path, &original).unwrap();
            let raw = Connection::open(&path).unwrap();
            raw.execute_batch("DROP TRIGGER packs_only_grow; DROP TRIGGER packs_are_not_removed").unwrap();
            raw.execute(&format!("{change} WHERE first = {first}"), []).unwrap();
            drop(raw);
            let Err(StoreError::Broken(broken)) = open(&path).verify() else { panic!("{change} at {first}") };
            assert_eq!(broken.revision.0, first.cast_unsigned(), "{change}");
        }
    }
    std::fs::write(&path, &original).unwrap();
    assert_eq!(open(&path).verify().unwrap(), count, "the file as it was is whole");
}

/// A bit of a row of records is named with its first record; one of what is kept of something over, with the request or grant.
#[test]
fn any_flipped_bit_of_them_is_found() {
    let (_directory, path) = written();
    let count = open(&path).verify().unwrap();
    let original = std::fs::read(&path).unwrap();
    let kept = |sql: &str| -> Vec<(i64, Vec<u8>)> {
        let raw = Connection::open(&path).unwrap();
        let mut rows = raw.prepare(sql).unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let packs = kept("SELECT first, uses FROM packs WHERE changes > 0 ORDER BY first LIMIT 2");
    let grants = kept("SELECT created, pressed FROM grants WHERE pressed IS NOT NULL ORDER BY created LIMIT 2");
    let requests = kept("SELECT created, pressed FROM requests WHERE pressed IS NOT NULL ORDER BY created LIMIT 2");
    let verdict = |sql: &str, (key, bytes): &(i64, Vec<u8>), byte: usize| {
        let mut damaged = bytes.clone();
        damaged[byte] ^= 1 << (byte % 8);
        std::fs::write(&path, &original).unwrap();
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch("DROP TRIGGER packs_only_grow").unwrap();
        raw.execute(sql, (damaged, key)).unwrap();
        drop(raw);
        open(&path).verify()
    };
    for pack in &packs {
        for byte in (0..pack.1.len()).step_by(211) {
            let found = verdict("UPDATE packs SET uses = ? WHERE first = ?", pack, byte);
            let Err(StoreError::Broken(broken)) = found else { panic!("byte {byte}: {found:?}") };
            assert_eq!(broken.revision.0, pack.0.cast_unsigned(), "byte {byte}: {broken}");
        }
    }
    for (sql, rows) in [
        ("UPDATE grants SET pressed = ? WHERE created = ?", grants),
        ("UPDATE requests SET pressed = ? WHERE created = ?", requests),
    ] {
        assert_eq!(rows.len(), 2, "{sql}");
        for row in &rows {
            // Some bits of the last byte are read by nobody.
            for byte in (0..row.1.len() - 1).step_by(11) {
                let found = verdict(sql, row, byte);
                assert!(found.is_err(), "{sql}, byte {byte}: {found:?}");
            }
        }
    }
    std::fs::write(&path, &original).unwrap();
    assert_eq!(open(&path).verify().unwrap(), count, "the file as it was is whole");
}

/// What is verified is put together meanwhile, by somebody else.
#[test]
fn a_verification_goes_on_beside() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("jit.db");
    let writer = open(&path);
    let mut batches = WEEK.batches();
    let mut write = |count: usize| {
        for mut batch in batches.by_ref().take(count) {
            let changes = batch.events.iter().any(|event| event.fact.changes_state());
            batch.decided_from = changes.then(|| writer.head().unwrap().revision);
            writer.commit(&batch).unwrap();
        }
    };
    write(150);
    struct Beside<'a>(&'a mut dyn FnMut(usize));
    impl jit_access::store::Verifying for Beside<'_> {
        fn progress(&mut self, _: jit_access::store::VerifyProgress) -> std::ops::ControlFlow<()> {
            (self.0)(100);
            std::ops::ControlFlow::Continue(())
        }
    }
    let reader = open(&path);
    let verified = reader.verify_with(&Verification::default(), &mut Beside(&mut write)).unwrap();
    assert!(verified.records > 400, "{} records", verified.records);
    assert!(one(&path, "SELECT packed FROM head") > 200);
    reader.verify().unwrap();
}

/// Uses between changes go along, and a row with very many stays what it is.
#[test]
fn uses_go_along() {
    let (_directory, path) = written();
    let mixed = one(&path, "SELECT count(*) FROM packs WHERE changes > 0 AND changes < last - first + 1");
    assert!(mixed > 0, "uses stand beside changes");
    let store = open(&path);
    let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, usize::MAX)).unwrap();
    let uses = records.iter().filter(|record| matches!(record.event.fact, Fact::GrantUsed { .. })).count();
    assert_eq!(uses, WEEK.uses);
    let last: Vec<Event> = records.into_iter().rev().take(1).map(|record| record.event).collect();
    let again = Batch { events: last, ..Batch::default() };
    if !again.events[0].fact.changes_state() {
        store.commit(&again).unwrap();
    }
    store.verify().unwrap();
}

/// In a file of an earlier version a request or a grant is a topic with a name, and stays it. Here every second one has a name.
#[test]
fn topics_with_names_go_on() {
    let (_directory, path) = written();
    let about = |store: &SqliteStore| {
        let read = |number| {
            let about = RecordQuery::about(Subject::Grant(GrantId::from_u128(number)), 1_000);
            store.records(&about).unwrap().1.into_iter().map(|record| record.revision).collect::<Vec<_>>()
        };
        (1_000..1_120).map(read).collect::<Vec<_>>()
    };
    let without_names = about(&open(&path));
    assert!(without_names.iter().any(|records| records.len() > 20));
    let raw = Connection::open(&path).unwrap();
    assert_eq!(one(&path, "SELECT count(*) FROM topics WHERE kind IN ('request', 'grant')"), 0);
    let parts =
        [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)].map(|(from, len)| format!("substr(hex(id), {from}, {len})"));
    let name = format!("lower({})", parts.join(" || '-' || "));
    for (kind, table, key) in [("request", "requests", "-2 * created"), ("grant", "grants", "-2 * created - 1")] {
        let named = format!("SELECT {key} AS key, {name} AS name FROM {table} WHERE created % 2 = 0");
        raw.execute_batch(&format!(
            "INSERT INTO topics (kind, name) SELECT '{kind}', name FROM ({named});
             UPDATE record_topics SET topic = coalesce(
                 (SELECT id FROM topics t JOIN ({named}) n ON t.kind = '{kind}' AND t.name = n.name WHERE n.key = topic), topic);"
        ))
        .unwrap();
    }
    drop(raw);
    assert!(one(&path, "SELECT count(*) FROM record_topics JOIN topics ON id = topic WHERE kind = 'grant'") > 30);
    let store = open(&path);
    assert_eq!(about(&store), without_names);
    store.verify().unwrap();
    let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, usize::MAX)).unwrap();
    let now = records.last().unwrap().event.at;
    let uses = records.into_iter().map(|record| Event { at: now, ..record.event });
    let again: Vec<Event> = uses.filter(|event| matches!(event.fact, Fact::GrantUsed { .. })).take(500).collect();
    store.commit(&Batch { events: again, ..Batch::default() }).unwrap();
    let count = |all: &[Vec<Revision>]| all.iter().map(Vec::len).sum::<usize>();
    assert_eq!(count(&about(&store)), count(&without_names) + 500);
    store.verify().unwrap();
}
