//! What an error of SQLite means to the caller of the store.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::model::Invalid;
use crate::store::StoreError;

/// Why a file cannot be a store of this version. The setting that names it must be changed. Nothing was written to the
/// file.
///
/// It is the source of a [`StoreError::Unavailable`].
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
    /// The path is as given or with links resolved; `problem` continues the sentence.
    pub(super) fn error(path: &Path, problem: &str) -> StoreError {
        let text = format!("{} {problem}", Invalid::quote(&path.to_string_lossy()));
        StoreError::Unavailable { doing: OPENING, source: Box::new(Self(text)) }
    }
}

/// The error of the operating system, and what was being done.
pub(super) fn unavailable(doing: &'static str, error: std::io::Error) -> StoreError {
    StoreError::Unavailable { doing, source: Box::new(error) }
}

/// The operation while a file is first opened.
pub(super) const OPENING: &str = "opening the store's file";

/// An error inside the adapter, without the name of the operation.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite's.
    Sql(rusqlite::Error),
    /// A complete error of a store.
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
    /// A stored value is not one that was written.
    pub(super) fn corrupt(what: impl Into<String>) -> Self {
        Self::Store(StoreError::Corrupt(what.into()))
    }

    /// The error of the port, with the name of the operation.
    pub(super) fn into_error(self, doing: &'static str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Sql(error) if is_damage(&error) => StoreError::Corrupt(format!("{doing}: {error}")),
            Self::Sql(error) => StoreError::Unavailable { doing, source: Box::new(error) },
        }
    }

    /// Whether the connection that failed must not be used again. After a full disk, a failed write or a failed `fsync`
    /// its cache is unreliable. Only after waiting for a lock, and after errors of this library, it is as before.
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
