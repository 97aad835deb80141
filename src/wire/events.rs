//! Recent events, as JSON: only revisions and kinds.

use crate::service::Events;

document! {
    /// What happened after a record that the caller may know of.
    pub struct EventsDocument as "Events" {
        /// Send it as `after` to continue from here.
        revision: u64,
        /// Whether more has happened than is kept, so that everything must be read again.
        missed: bool,
        /// What happened, oldest first.
        events: Vec<EventDocument>,
    }
}

document! {
    /// A record of a change, or of the last use.
    pub(super) struct EventDocument as "Event" {
        /// The number of the record.
        revision: u64,
        /// The kind of the fact: `grant_created`.
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
