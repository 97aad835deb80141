//! What a failure of SQLite means to whoever called the store.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::model::Invalid;
use crate::store::StoreError;

/// Why a file cannot be a store of this version: change the setting that names it. Nothing was written to the file.
///
/// It comes as the source of a [`StoreError::Unavailable`].
///
/// ```
/// use jit_access::store::{SqliteOptions, SqliteStore, StoreError, UnusableFile};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("notes.txt");
/// std::fs::write(&path, "this is no database, and stays what it is")?;
/// match SqliteStore::open(&path, SqliteOptions::default()).unwrap_err() {
///     StoreError::Unavailable { source, .. } => assert!(source.is::<UnusableFile>()),
///     other => panic!("{other}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnusableFile(String);

impl UnusableFile {
    /// The path is as the caller gave it or as links were resolved; `problem` goes on from it.
    pub(super) fn error(path: &Path, problem: &str) -> StoreError {
        let text = format!("{} {problem}", Invalid::quote(&path.to_string_lossy()));
        StoreError::Unavailable { doing: OPENING, source: Box::new(Self(text)) }
    }
}

/// The error of the operating system, and what was being done.
pub(super) fn unavailable(doing: &'static str, error: std::io::Error) -> StoreError {
    StoreError::Unavailable { doing, source: Box::new(error) }
}

/// What is being done while a file is looked at for the first time.
pub(super) const OPENING: &str = "opening the store's file";

/// A failure inside the adapter, before it is known what was being done.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite's.
    Sql(rusqlite::Error),
    /// One that says all that is to be said.
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<crate::journal::Broken> for Fault {
    fn from(broken: crate::journal::Broken) -> Self {
        Self::Store(broken.into())
    }
}

impl Fault {
    /// Something that is kept cannot be what was written.
    pub(super) fn corrupt(what: impl Into<String>) -> Self {
        Self::Store(StoreError::Corrupt(what.into()))
    }

    /// The error as the port tells it.
    pub(super) fn told(self, doing: &'static str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Sql(error) if is_damage(&error) => StoreError::Corrupt(format!("{doing}: {error}")),
            Self::Sql(error) => StoreError::Unavailable { doing, source: Box::new(error) },
        }
    }

    /// Whether the connection that failed must not be used again. A full disk, a failed write or a failed `fsync` leaves
    /// it unknown what the connection believes; only waiting for a lock and answers of our own leave it as it was.
    pub(super) fn poisons(&self) -> bool {
        match self {
            Self::Store(_) => false,
            Self::Sql(error) => {
                !matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::ConstraintViolation))
            }
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    match error {
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::Utf8Error(..)
        | E::InvalidColumnType(..)
        | E::QueryReturnedNoRows => true,
        other => matches!(other.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)),
    }
}
