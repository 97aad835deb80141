//! What follows the journal: every part of the memory that is a fold over its records.
//!
//! The engine feeds all projections in one loop, always in the same order, so each sees every change once and in the order
//! of the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use crate::index::Change;
use crate::journal::Record;
use crate::model::{Fact, Grant, GrantId, Revision};
use crate::store::Live;

/// A part of the memory that follows the journal.
pub(crate) trait Projection: Debug + Send + Sync {
    /// Forgets everything and starts from these grants. `revision` is the one that answers carry from now on.
    fn load(&self, live: &Live, revision: Revision);

    /// Takes in the next records.
    fn apply(&self, news: &News<'_>);

    /// These grants are not honoured from now on, although no record says so yet.
    fn withhold(&self, grants: &[GrantId]) {
        let _ = grants;
    }
}

/// The next records of the journal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct News<'a> {
    /// The revision of answers after these records.
    pub(crate) revision: Revision,
    /// The records in their order. The uses of this process are among them, those of others are not.
    pub(crate) records: &'a [Record],
    /// The grants that these records resume, in their current state.
    pub(crate) resumed: &'a BTreeMap<GrantId, Grant>,
    /// Grants that are not honoured although no record says so yet.
    pub(crate) withheld: &'a BTreeSet<GrantId>,
}

impl<'a> News<'a> {
    /// Which grants begin and cease to be honoured, in order.
    pub(crate) fn changes(self) -> impl Iterator<Item = Change<'a>> + Clone {
        self.records.iter().filter_map(move |record| self.change(record))
    }

    /// Not inlined: inside its callers the compiler makes it branch on bytes that a variant leaves unset. The result is
    /// right, but Valgrind reports it in every program that loads the library.
    #[inline(never)]
    fn change(self, record: &'a Record) -> Option<Change<'a>> {
        match &record.event.fact {
            Fact::GrantCreated(grant) => Some(Change::Add(grant)).filter(|_| !self.withheld.contains(&grant.id)),
            Fact::GrantResumed { grant } => {
                let resumed = self.resumed.get(grant).filter(|grant| !self.withheld.contains(&grant.id));
                resumed.map(Change::Add)
            }
            Fact::GrantRevoked { grant, .. }
            | Fact::GrantReleased { grant }
            | Fact::GrantExpired { grant }
            | Fact::GrantExhausted { grant }
            | Fact::GrantSuspended { grant, .. } => Some(Change::Remove(*grant)),
            _ => None,
        }
    }
}
