//! How far the projections have followed the store.

use std::collections::BTreeSet;

use crate::model::{GrantId, Revision, Timestamp};
use crate::store::{Head, Position, Seen};

/// How far the projections have followed the store, and the state that belongs to it.
#[derive(Debug)]
pub(super) struct Following {
    /// The last record that was taken in, and its journal.
    pub(super) position: Position,
    /// The last known acceptance of a replaced store.
    pub(super) accepted: Option<(Revision, Timestamp)>,
    /// The last known record in which an operator confirmed the clock.
    pub(super) clock: Option<Revision>,
    /// The last instant at which the position was known to be in the store.
    pub(super) proven: Timestamp,
    /// Added to the store's revisions, so that the revision of answers rises even when the store was replaced by an
    /// older copy.
    pub(super) lead: u64,
    /// What was saved last for the next start.
    pub(super) remembered: Option<Seen>,
    /// Whether the last attempt to save failed.
    pub(super) forgetful: bool,
    /// Whether the store was replaced and no operator has accepted it yet.
    pub(super) replaced: bool,
    /// Grants that are not honoured although no record says so yet.
    pub(super) withheld: BTreeSet<GrantId>,
}

impl Following {
    /// At this end of the journal.
    pub(super) fn at(head: &Head) -> Self {
        Self {
            position: head.position(),
            accepted: head.accepted,
            clock: head.clock,
            proven: Timestamp::EPOCH,
            lead: 0,
            remembered: None,
            forgetful: false,
            replaced: false,
            withheld: BTreeSet::new(),
        }
    }

    /// The revision that answers carry when the store is at this one.
    pub(super) fn revision(&self, of_store: Revision) -> Revision {
        Revision(of_store.0.saturating_add(self.lead))
    }
}
