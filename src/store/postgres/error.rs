//! What a failure of PostgreSQL means to whoever called the store.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use tokio_postgres::error::{DbError, SqlState};

use crate::store::StoreError;

/// Why a database cannot keep the store of this version: change what names it. Nothing was written to it.
///
/// It comes as the source of a [`StoreError::Unavailable`].
///
/// ```
/// use jit_access::store::UnusableDatabase;
///
/// let is_ours = |error: &(dyn std::error::Error + 'static)| error.is::<UnusableDatabase>();
/// assert!(!is_ours(&std::io::Error::other("refused")));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnusableDatabase(pub(super) String);

impl UnusableDatabase {
    pub(super) fn fault(problem: String) -> Fault {
        StoreError::Unavailable { doing: OPENING, source: Box::new(Self(problem)) }.into()
    }
}

/// What is being done while a database is looked at for the first time.
pub(super) const OPENING: &str = "opening the store's database";

/// A failure inside the adapter, before it is known what was being done.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server's or the connection's.
    Sql(tokio_postgres::Error),
    /// The server has not answered for so long.
    Silent(Duration),
    /// No connection could be made, or no thread or descriptor for one.
    Unreachable(Box<dyn StdError + Send + Sync>),
    /// The server is a standby, or cannot write for another reason.
    Standby,
    /// One that says all that is to be said.
    Store(StoreError),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
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
        let unavailable = |text: String| StoreError::Unavailable { doing, source: text.into() };
        match self {
            Self::Store(error) => error,
            Self::Silent(limit) => unavailable(format!("the server has not answered for {} ms", limit.as_millis())),
            Self::Unreachable(source) => StoreError::Unavailable { doing, source },
            Self::Standby => unavailable(STANDBY.to_owned()),
            Self::Sql(error) => match error.as_db_error() {
                Some(found) if *found.code() == SqlState::READ_ONLY_SQL_TRANSACTION => unavailable(STANDBY.to_owned()),
                Some(found) if is_damage(found) => StoreError::Corrupt(format!("{doing}: {}", Shown(found))),
                Some(found) => unavailable(Shown(found).to_string()),
                None => unavailable(chain(&error)),
            },
        }
    }

    /// Whether the connection that failed must not be used again.
    pub(super) fn poisons(&self) -> bool {
        match self {
            Self::Store(_) | Self::Standby => false,
            Self::Silent(_) | Self::Unreachable(_) => true,
            // What the server has refused leaves the connection as it was, unless the server is going down.
            Self::Sql(error) => error.as_db_error().is_none_or(|found| found.code().code().starts_with("57P")),
        }
    }

    /// Whether nothing can have happened but that the connection was found to be gone.
    pub(super) fn is_lost_connection(&self) -> bool {
        matches!(self, Self::Sql(_)) && self.poisons()
    }
}

const STANDBY: &str = "the server is read-only, as a standby is; name the primary, or all hosts: \
                       postgresql://user@one,two/database";

fn is_damage(found: &DbError) -> bool {
    [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(found.code())
}

/// What the server said. It repeats no value of a query.
struct Shown<'a>(&'a DbError);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server says: {} ({})", self.0.message(), self.0.code().code())?;
        self.0.hint().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

/// The error and its causes. None of them holds what the connection was made with.
pub(super) fn chain(error: &dyn StdError) -> String {
    let cause = error.source().map(|cause| format!(": {}", chain(cause)));
    format!("{error}{}", cause.unwrap_or_default())
}
