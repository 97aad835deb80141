//! The version of the file, and its migrations.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::about;
use super::error::{Fault, OPENING, UnusableFile};
use super::rows::int;
use crate::journal::Hash;
use crate::model::Invalid;
use crate::store::{Head, Lineage, Seen, StoreError};

/// `jita`, at offset 68 of the file, by which `file(1)` and SQLite can recognise it.
pub(super) const APPLICATION_ID: i64 = 0x6a69_7461;

/// Each migrates the file from the version of its position to the next. Released ones are never changed.
const MIGRATIONS: [&str; 15] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
    include_str!("migrations/0007.sql"),
    include_str!("migrations/0008.sql"),
    include_str!("migrations/0009.sql"),
    include_str!("migrations/0010.sql"),
    include_str!("migrations/0011.sql"),
    include_str!("migrations/0012.sql"),
    include_str!("migrations/0013.sql"),
    include_str!("migrations/0014.sql"),
    include_str!("migrations/0015.sql"),
];

/// The version that this library reads and writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// The first version in which records are found by topics.
const TOPICS: i64 = 5;

/// The version of the store in this file; zero for an empty file.
pub(super) fn version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let found = read_identity(connection).map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => UnusableFile::error(path, "is not a database of jit-access"),
        _ => Fault::from(error).into_error(OPENING),
    })?;
    if found.application_id == APPLICATION_ID {
        return match found.version {
            version @ 1..=VERSION => Ok(version),
            newer if newer > VERSION => Err(UnusableFile::error(
                path,
                &format!("was written by a newer jit-access (schema version {newer}, this one knows {VERSION})"),
            )),
            other => Err(StoreError::Corrupt(format!("the schema version of {} is {other}", quoted(path)))),
        };
    }
    if found.application_id == 0 && found.version == 0 && found.tables.is_empty() {
        return Ok(0);
    }
    let tables = if found.tables.is_empty() {
        "no tables".to_owned()
    } else {
        found.tables.iter().map(|name| Invalid::quote(name)).collect::<Vec<_>>().join(", ")
    };
    Err(UnusableFile::error(
        path,
        &format!(
            "is the database of another program (application id {:#x}, {tables}); choose a separate file for jit-access",
            found.application_id
        ),
    ))
}

struct Found {
    application_id: i64,
    version: i64,
    /// The first few.
    tables: Vec<String>,
}

/// Read in one transaction: between two, another process may have made the file a store.
fn read_identity(connection: &Connection) -> Result<Found, rusqlite::Error> {
    let _moment = if connection.is_autocommit() { Some(connection.unchecked_transaction()?) } else { None };
    let one = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application_id, version) = (one("application_id")?, one("user_version")?);
    let mut tables = Vec::new();
    if application_id != APPLICATION_ID {
        let mut statement = connection.prepare("SELECT name FROM sqlite_schema ORDER BY rowid LIMIT 3")?;
        for name in statement.query_map([], |row| row.get(0))? {
            tables.push(name?);
        }
    }
    Ok(Found { application_id, version, tables })
}

const MIGRATING: &str = "migrating the store's file to this version";

/// Migrates the file to [`VERSION`], also if another process tries the same.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let told = |e: rusqlite::Error| Fault::from(e).into_error(MIGRATING);
    // A table with references to it is created again, which SQLite allows only while it does not check references. The
    // references are copied unchanged.
    connection.pragma_update(None, "foreign_keys", false).map_err(told)?;
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Exclusive).map_err(told)?;
    // Read again, because another process may have been faster.
    let from = version(&transaction, path)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(from).unwrap_or(usize::MAX)) {
        transaction.execute_batch(migration).map_err(told)?;
    }
    if from == 0 {
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(told)?;
        write_first_head(&transaction).map_err(|e| e.into_error(MIGRATING))?;
    } else if from < TOPICS {
        about::write_all(&transaction).map_err(|e| e.into_error(MIGRATING))?;
    }
    transaction.pragma_update(None, "user_version", VERSION).map_err(told)?;
    transaction.commit().map_err(told)
}

/// Another process may run a newer version of the library and have migrated the file.
pub(super) fn check_version(transaction: &Transaction<'_>) -> Result<(), Fault> {
    let version: i64 = transaction.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?;
    if version == VERSION {
        return Ok(());
    }
    Err(Fault::Store(StoreError::Unavailable {
        doing: "committing",
        source: format!("the store's file now has schema version {version}; this library writes {}", VERSION).into(),
    }))
}

/// The head of an empty journal, with a new lineage.
fn write_first_head(transaction: &Transaction<'_>) -> Result<(), Fault> {
    transaction.execute(
        "INSERT INTO head (one, lineage, revision, changed, hash, at, seen) VALUES (1, ?, 0, 0, ?, 0, 0)",
        params![Lineage::random().to_string(), Hash::GENESIS.to_string()],
    )?;
    Ok(())
}

/// Moves the head. Its lineage does not change.
pub(super) fn write_head(transaction: &Transaction<'_>, head: &Head) -> Result<(), Fault> {
    transaction
        .prepare_cached(
            "UPDATE head SET revision = ?, changed = ?, hash = ?, at = ?, seen = ?, accepted = ?, accepted_at = ?, clock = ?,
                 removed = ?, removed_hash = ?, removed_root = ?, removed_until = ?, complete_from = ?, removal = ?",
        )?
        .execute(params![
            int(head.revision),
            int(head.changed),
            head.hash.to_string(),
            head.at.millis(),
            head.seen.millis(),
            head.accepted.map(|(revision, _)| int(revision)),
            head.accepted.map(|(_, at)| at.millis()),
            head.clock.map(int),
            head.removed.map(|removed| int(removed.last)),
            head.removed.map(|removed| removed.hash.to_string()),
            head.removed.map(|removed| removed.root.to_string()),
            head.removed.map(|removed| removed.until.millis()),
            head.removed.map(|removed| removed.complete_from.millis()),
            head.removed.map(|removed| int(removed.recorded))
        ])?;
    Ok(())
}

/// Adds to the number of idempotency keys that verification compares with the rows.
pub(super) fn count_keys(transaction: &Transaction<'_>, more: i64) -> Result<(), Fault> {
    transaction.prepare_cached("UPDATE head SET keys = keys + ?")?.execute([more])?;
    Ok(())
}

/// Stores a later seen instant, unless an operator has confirmed the clock since.
pub(super) fn write_seen(transaction: &Transaction<'_>, seen: &Seen) -> Result<(), Fault> {
    transaction
        .prepare_cached("UPDATE head SET seen = ?1 WHERE seen < ?1 AND clock IS ?2")?
        .execute(params![seen.at.millis(), seen.clock.map(int)])?;
    Ok(())
}

fn quoted(path: &Path) -> String {
    Invalid::quote(&path.to_string_lossy())
}

/// SQLite's plan for this query.
#[cfg(test)]
pub(super) fn plan_of(sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).unwrap();
    for migration in MIGRATIONS {
        connection.execute_batch(migration).unwrap();
    }
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut steps = statement.raw_query();
    let mut plan = Vec::new();
    while let Some(step) = steps.next().unwrap() {
        plan.push(step.get(3).unwrap());
    }
    plan
}
