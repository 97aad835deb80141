//! What an operator may tune.

use std::path::PathBuf;
use std::time::Duration;

use super::url::PostgresUrl;

/// What an operator may tune. Write `PostgresOptions { schema, ..Default::default() }`.
///
/// ```
/// use jit_access::store::PostgresOptions;
///
/// assert_eq!(PostgresOptions::default().schema, "jit_access");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// The schema that everything is kept in. It is made where it is not there.
    pub schema: String,
    /// How long an operation waits for another process to let go of the journal before it fails with
    /// [`crate::store::StoreError::Unavailable`]. Five seconds unless set.
    pub busy_timeout: Duration,
    /// How long the server may take over one statement, and be silent. Ten seconds unless set.
    pub statement_timeout: Duration,
    /// How long it may take to say whether the journal has grown. Keep it below the staleness that is allowed. A second unless
    /// set.
    pub proof_timeout: Duration,
    /// The folder on this machine in which the last position is kept that was seen, so that a database that was restored from
    /// an older backup is noticed at the next start too. Without one it is noticed while a process runs.
    pub state_folder: Option<PathBuf>,
    /// Another address of the same database, one that leads to the server itself and not through a proxy such as PgBouncer.
    /// Over it a process hears at once when another has committed, instead of finding out when it asks next. Only a hint: what
    /// is not heard is found when it is asked for. Every process of the database needs it, because only who has it tells.
    pub listen_url: Option<PostgresUrl>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            schema: "jit_access".to_owned(),
            busy_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            proof_timeout: Duration::from_secs(1),
            state_folder: None,
            listen_url: None,
        }
    }
}
