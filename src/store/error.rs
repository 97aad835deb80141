//! The errors of a store.

use crate::journal::Broken;
use crate::model::Timestamp;

/// The errors of a store.
///
/// ```
/// use jit_access::store::StoreError;
/// use jit_access::{Error, ErrorKind};
///
/// assert_eq!(Error::from(StoreError::Conflict).kind(), ErrorKind::Conflict);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The state has changed since the batch was decided: load and decide again.
    #[error("the state changed while the command was decided")]
    Conflict,
    /// A record before it is later: decide again, at that instant or after it.
    #[error("the journal has a record of {newest} already, which is later")]
    Early {
        /// The instant of the last record.
        newest: Timestamp,
    },
    /// The idempotency key has just been used: look up what was done under it.
    #[error("the idempotency key has been used")]
    KeyTaken,
    /// The store cannot be reached or written now: try again later.
    #[error("{doing} failed")]
    Unavailable {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The store is not the one that was read before: an older copy or another store has replaced it. Nothing that is
    /// read from it is used until an operator has accepted it.
    #[error("the store was replaced: {0}")]
    Replaced(String),
    /// The journal is broken: a person must act.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// Other stored data is not what was written: a person must act.
    #[error("the store is damaged: {0}")]
    Corrupt(String),
}
