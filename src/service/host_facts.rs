//! How facts are recorded that have the host as their actor.

use super::commit::Decision;
use super::shared::Shared;
use crate::journal::Record;
use crate::model::{Actor, Event, EventKind, Fact, RecordFilter, Revision};
use crate::store::{Reads, RecordQuery, StoreError};
use crate::workflow::Needs;

impl Shared {
    /// Writes a fact with the host as its actor, if it is wanted. This is asked inside the write transaction, where no
    /// other process can write the same in the meantime.
    pub(super) fn note_of_host(
        &self,
        fact: &Fact,
        is_wanted: impl Fn(&dyn Reads) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.commit_exclusively(|reads: &dyn Reads| {
            let now = self.time.now();
            let view = reads.view(&Needs::default(), now)?;
            let event = Event { at: now, by: Actor::Host, fact: fact.clone() };
            let events = if is_wanted(reads)? { vec![event] } else { Vec::new() };
            Ok((Decision::from_view(view, events), ()))
        })
    }
}

/// The last record of an event of this kind.
pub(super) fn last_of(reads: &dyn Reads, event: EventKind) -> Result<Option<Record>, StoreError> {
    let filter = RecordFilter { event: Some(event), ..RecordFilter::default() };
    let query = RecordQuery { filter, newest_first: true, ..RecordQuery::after(Revision::ZERO, 1) };
    let (_, records) = reads.records(&query)?;
    Ok(records.into_iter().next())
}
