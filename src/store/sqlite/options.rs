//! The options of the store.

use derive_setters::Setters;
use std::time::Duration;

/// The options of the store.
///
/// ```
/// use jit_access::store::SqliteOptions;
/// use std::time::Duration;
///
/// let options = SqliteOptions::default().busy_timeout(Duration::from_secs(1));
/// assert_eq!(options.busy_timeout.as_millis(), 1_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// How long an operation waits for another process to release the file before it fails with
    /// [`crate::store::StoreError::Unavailable`]. Five seconds unless set.
    pub busy_timeout: Duration,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5) }
    }
}
