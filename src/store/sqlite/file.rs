//! Which file may be a store, and how a file becomes one.
//!
//! Only this library uses the file. An existing file is checked before anything is written: a database of another
//! program is refused and does not change. Never open the file with a second copy of SQLite in the same process
//! (Python's own
//! `sqlite3`, say): closing it there would release this process's locks.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::error::{Fault, OPENING, UnusableFile, unavailable};
use super::forked;
use super::identity::Identity;
use super::options::SqliteOptions;
use super::private::{check_private, close_if_empty};
use super::schema::{VERSION, migrate, version};
use crate::file::{beside, private};
use crate::store::StoreError;

/// How often the switch to the write-ahead log is tried again while another process does it.
const SWITCH_ATTEMPTS: usize = 200;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    Read,
}

/// Ensures that there is a store of this version at `path`, and returns the path with links resolved.
pub(super) fn prepare(path: &Path, options: &SqliteOptions) -> Result<PathBuf, StoreError> {
    create_if_missing(path)?;
    let path = path.canonicalize().map_err(|e| of_path(path, "finding the store's file", e))?;
    if !path.is_file() {
        return Err(UnusableFile::error(&path, "is not a file"));
    }
    close_if_empty(&path).map_err(|e| unavailable("preparing the store's file", e))?;
    let file = Identity::of(&path).map_err(|e| unavailable("finding the store's file", e))?;
    let _open = forked::Open::register(file)?;
    let has_log = std::fs::exists(beside(&path, "-wal")).unwrap_or(true);
    let connection = connect_raw(&path, options).map_err(|e| Fault::from(e).into_error(OPENING))?;
    // Until the file is known to be a store, closing must not copy its log into it. If there was no log, closing only
    // removes the empty one that opening made.
    set_checkpoint_on_close(&connection, !has_log).map_err(|e| Fault::from(e).into_error(OPENING))?;
    if version(&connection, &path)? < VERSION {
        migrate(&connection, &path)?;
    }
    check_private(&path)
        .map_err(|(problem, remedy)| UnusableFile::error(&path, &format!("is unsafe, {problem}; expected {remedy}")))?;
    switch_to_wal(&connection, &path)?;
    set_checkpoint_on_close(&connection, true).map_err(|e| Fault::from(e).into_error(OPENING))?;
    Ok(path)
}

/// A connection to a file after [`prepare`].
pub(super) fn connect(path: &Path, options: &SqliteOptions, purpose: Purpose) -> Result<Connection, StoreError> {
    let connect = || -> Result<Connection, rusqlite::Error> {
        let connection = connect_raw(path, options)?;
        // An acknowledged commit survives a power cut: otherwise a revocation could be undone.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // After many writes the log is long; it is truncated to this length when it starts again.
        connection.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
        if purpose == Purpose::Read {
            connection.pragma_update(None, "query_only", true)?;
        }
        connection.set_prepared_statement_cache_capacity(128);
        Ok(connection)
    };
    let connection = connect().map_err(|e| Fault::from(e).into_error(OPENING))?;
    match version(&connection, path)? {
        VERSION => Ok(connection),
        other => {
            Err(UnusableFile::error(path, &format!("now has schema version {other}; this library writes {VERSION}")))
        }
    }
}

/// A connection that has not written anything yet.
fn connect_raw(path: &Path, options: &SqliteOptions) -> Result<Connection, rusqlite::Error> {
    // Without SQLITE_OPEN_CREATE: a file that has gone must not come back empty, as if nothing had ever been granted.
    // Without SQLITE_OPEN_URI: a path is always a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // No query plan depends on a value here. Without this SQLite prepares many cached statements again at each use,
    // because their values were cleared: a tenth of a millisecond each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// When the file at this path was last written.
pub(super) fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn create_if_missing(path: &Path) -> Result<(), StoreError> {
    let text = path.to_string_lossy();
    if text.is_empty() || text.contains(":memory:") || text.starts_with("file:") {
        return Err(UnusableFile::error(path, "is no path of a file; for a store in memory, use `MemoryStore`"));
    }
    match private().write(true).create_new(true).open(path) {
        Ok(created) => {
            created.sync_all().map_err(|e| unavailable("creating the store's file", e))?;
            sync_directory(path)
        }
        // An existing file is not opened here: closing it would release the locks of a store that has it open.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(UnusableFile::error(path, "is in a directory that does not exist; create the directory first"))
        }
        Err(error) => Err(of_path(path, "creating the store's file", error)),
    }
}

/// An error of the operating system about this path. If the path can never be that of a store, this is a mistake in the
/// configuration, and a retry does not help.
fn of_path(path: &Path, doing: &'static str, error: std::io::Error) -> StoreError {
    let problem = match error.kind() {
        ErrorKind::NotFound => "leads to a file that does not exist",
        ErrorKind::NotADirectory => "is in something that is not a directory",
        ErrorKind::InvalidFilename | ErrorKind::InvalidInput => "is not a valid file name on this system",
        ErrorKind::PermissionDenied => "cannot be used by this account",
        ErrorKind::ReadOnlyFilesystem => "is on a read-only file system",
        _ => return unavailable(doing, error),
    };
    UnusableFile::error(path, problem)
}

/// Without this a power cut could remove the file's name, and with it every acknowledged commit.
fn sync_directory(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(|e| unavailable("creating the store's file", e))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// The mode is stored in the file, so this happens once for each file.
fn switch_to_wal(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    const SWITCHING: &str = "switching the store's file to a write-ahead log";
    for _ in 0..SWITCH_ATTEMPTS {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => {
                return Err(UnusableFile::error(
                    path,
                    &format!("is on a file system where SQLite cannot use a write-ahead log (the mode stays `{mode}`)"),
                ));
            }
            // SQLite does not wait here if two processes switch at once, because each could wait for the other. Waiting
            // for the write lock lets the other one finish.
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
                Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
                    .and_then(Transaction::rollback)
                    .map_err(|e| Fault::from(e).into_error(SWITCHING))?;
                std::thread::yield_now();
            }
            Err(error) => return Err(Fault::from(error).into_error(SWITCHING)),
        }
    }
    Err(unavailable(SWITCHING, std::io::Error::other("other processes kept the file busy")))
}

/// Sets whether the last connection, when it is closed, copies the log into the database and removes it.
pub(super) fn set_checkpoint_on_close(connection: &Connection, wanted: bool) -> Result<(), rusqlite::Error> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !wanted).map(drop)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_from_the_cache_is_not_prepared_again() {
        // Without the guarantee SQLite would read the value that this compares with.
        const SQL: &str = "SELECT block, bits FROM record_topics WHERE topic = ? ORDER BY block DESC LIMIT 1";
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::default();
        let path = prepare(&folder.path().join("jit.db"), &options).unwrap();
        let connection = connect(&path, &options, Purpose::Read).unwrap();
        for topic in 3..9 {
            assert!(!connection.prepare_cached(SQL).unwrap().exists([topic]).unwrap());
        }
        assert_eq!(connection.prepare_cached(SQL).unwrap().get_status(StatementStatus::RePrepare), 0);
    }
}
