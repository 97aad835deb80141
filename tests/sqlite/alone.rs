//! Makes a file as earlier versions wrote it, every record in a row of its own, for tests that change records by SQL.

use std::path::Path;

use jit_access::model::Revision;
use jit_access::store::{Reads, RecordQuery, SqliteOptions, SqliteStore};
use rusqlite::Connection;

/// Puts each record into a row of its own, and answers a connection on which rows may be changed.
pub(crate) fn alone(path: &Path) -> Connection {
    let (_, records) = (SqliteStore::open(path, SqliteOptions::default()).unwrap())
        .records(&RecordQuery::after(Revision::ZERO, usize::MAX))
        .unwrap();
    let raw = Connection::open(path).unwrap();
    raw.pragma_update(None, "foreign_keys", false).unwrap();
    let triggers = ["journal_is_not_rewritten", "journal_is_not_shortened", "packs_only_grow", "packs_are_not_removed"];
    for trigger in triggers {
        raw.execute(&format!("DROP TRIGGER IF EXISTS {trigger}"), []).unwrap();
    }
    let all = raw.unchecked_transaction().unwrap();
    all.execute("DELETE FROM packs", []).unwrap();
    for record in records {
        all.execute(
            "INSERT OR IGNORE INTO journal (revision, changes, at, hash, body) VALUES (?, ?, ?, ?, ?)",
            (
                record.revision.0.cast_signed(),
                record.event.fact.changes_state(),
                record.event.at.millis(),
                record.hash.to_string(),
                &record.body,
            ),
        )
        .unwrap();
    }
    all.commit().unwrap();
    raw
}
