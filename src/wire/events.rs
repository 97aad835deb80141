//! What happened, as JSON: revisions and kinds, and nothing else.

use crate::service::Events;

document! {
    /// What happened after a record that the caller may know of.
    pub struct EventsDocument as "Events" {
        /// Give it as `after` to go on from here.
        revision: u64,
        /// Whether more has happened than is kept, so that everything has to be read anew.
        missed: bool,
        /// What happened, oldest first.
        events: Vec<EventDocument>,
    }
}

document! {
    /// A record that tells of a change, or of the last use.
    pub(super) struct EventDocument as "Happened" {
        /// The number of the record.
        revision: u64,
        /// The kind of what it tells of: `grant_created`.
        kind: &'static str,
    }
}

impl From<&Events> for EventsDocument {
    fn from(events: &Events) -> Self {
        let Events { revision, missed, events, .. } = events;
        let events = events.iter().map(|(revision, kind)| EventDocument { revision: revision.0, kind }).collect();
        Self { revision: revision.0, missed: *missed, events }
    }
}
