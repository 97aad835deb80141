//! A record of the journal as JSON.

use super::shown::Instant;
use crate::journal::Record;

document! {
    /// A record of the journal. `body` is the text that `hash` is the SHA-256 of.
    ///
    /// ```
    /// use jit_access::journal::{Hash, Record};
    /// use jit_access::model::{Actor, Event, Fact, Revision};
    ///
    /// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
    /// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
    /// let record = Record::seal(event, Revision(0), Hash::GENESIS)?;
    /// assert!(jit_access::wire::to_json(&jit_access::wire::RecordDocument::from(&record))?.contains("grant_expired"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct RecordDocument as "Record" {
        /// Its position; gapless, from 1.
        revision: u64,
        /// When it happened.
        at: Instant,
        /// Who did it: a person, `agent:name`, or `rule:` and the name of a rule.
        by: String,
        /// What happened: `grant_revoked`.
        event: &'static str,
        /// The hash of the record before it.
        previous: String,
        /// SHA-256 of `body`, in hexadecimal.
        hash: String,
        /// The whole record as canonical JSON (RFC 8785).
        body: String,
    }
}

impl From<&Record> for RecordDocument {
    fn from(record: &Record) -> Self {
        Self {
            revision: record.revision.0,
            at: record.event.at.into(),
            by: record.event.by.to_string(),
            event: record.event.fact.name(),
            previous: record.previous.to_string(),
            hash: record.hash.to_string(),
            body: record.body.clone(),
        }
    }
}
