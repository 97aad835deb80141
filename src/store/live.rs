//! The grants that checks need.

use super::Head;
use crate::model::{Grant, Holding};

/// The grants that are live at an instant, with the data that checks need.
///
/// ```
/// use jit_access::store::{Live, MemoryStore, Store};
///
/// let store = MemoryStore::new();
/// let live = store.live("2026-12-01T09:00:00Z".parse()?)?;
/// assert_eq!(live, Live::of(store.head()?, vec![]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The head they were read under.
    pub head: Head,
    /// The plain grants that are not suspended, with only the data that a check needs.
    pub plain: Vec<Holding>,
    /// All others: suspended grants, and grants of which a check needs more data.
    pub others: Vec<Grant>,
}

impl Live {
    /// These grants.
    #[must_use]
    pub fn of(head: Head, grants: Vec<Grant>) -> Self {
        let (plain, others): (Vec<_>, Vec<_>) = grants.into_iter().partition(Grant::is_plain);
        let plain = plain.into_iter().filter(Grant::is_effective).map(Holding::from).collect();
        Self { head, plain, others }
    }
}
