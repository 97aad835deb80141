//! The grants that checks need.

use crate::model::{Grant, Holding, Revision};

/// The grants that are live at an instant, as checks need them.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::{Live, MemoryStore, Store};
///
/// let live = MemoryStore::new().live("2026-12-01T09:00:00Z".parse()?)?;
/// assert_eq!(live, Live::of(Revision::ZERO, vec![]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// What it is true of.
    pub revision: Revision,
    /// The plain grants, without those that are held back: of these a check needs to know when they are resumed.
    pub plain: Vec<Holding>,
    /// All others.
    pub others: Vec<Grant>,
}

impl Live {
    /// These grants.
    #[must_use]
    pub fn of(revision: Revision, grants: Vec<Grant>) -> Self {
        let (plain, others): (Vec<_>, Vec<_>) = grants.into_iter().partition(Grant::is_plain);
        let plain = plain.into_iter().filter(Grant::is_effective).map(Holding::from).collect();
        Self { revision, plain, others }
    }
}
