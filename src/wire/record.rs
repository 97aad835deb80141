//! A record of the journal as JSON.

use serde::Serialize;
use serde_json::Value;

use super::shown::Instant;
use super::to_json;
use crate::error::Error;
use crate::journal::Record;
use crate::model::{Fact, Subject};
use crate::service::Attribution;

document! {
    /// A record of the journal.
    ///
    /// ```
    /// use jit_access::internal::journal::{Hash, Record};
    /// use jit_access::model::{Actor, Event, Fact, Revision};
    /// use jit_access::internal::wire::{self, RecordDocument};
    ///
    /// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
    /// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
    /// let record = Record::seal(event, Revision(0), Hash::GENESIS)?;
    /// assert!(wire::to_json(&RecordDocument::new(&record, false)?)?.contains(r#""event":"grant_expired""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct RecordDocument as "Record" {
        /// Its position; gapless, from 1.
        revision: u64,
        /// When it happened.
        at: Instant,
        /// The actor: a person, `agent:name`, or `rule:` and the name of a rule.
        by: String,
        /// The accountable person: the actor, or the person that the acting agent acted for; `null` for a rule.
        accountable: Option<String>,
        /// What happened: `grant_revoked`.
        event: &'static str,
        /// The result, if there is one: `allowed`, `denied`, `expired`.
        result: Option<&'static str>,
        /// The grant that it is about.
        grant: Option<String> as "grant_id",
        /// The request that it is about; of a grant, the one it answers.
        request: Option<String> as "request_id",
        /// For a record about a grant: who approved it.
        approvers: Vec<String>,
        /// Of a record about a grant: the ticket of the work.
        ticket_url: Option<String>,
        /// Its other data, in the form in which it is stored. The fields depend on `event`.
        data: Value,
        /// The hash of the record before it.
        previous: String,
        /// SHA-256 of the canonical JSON of the whole record, in hexadecimal.
        hash: String,
        /// That canonical JSON (RFC 8785), if requested.
        body: Option<String> => "Option::is_none",
    }
}

impl RecordDocument {
    /// The document of this record, with its canonical JSON or without.
    ///
    /// # Errors
    /// [`Error::Invalid`] when its body is not JSON, which does not happen for records.
    pub fn new(record: &Record, canonical: bool) -> Result<Self, Error> {
        Ok(Self::with(record, record.data()?, canonical))
    }

    /// The same, with the additional data, as text. The record's own text is copied, because parsing and writing it
    /// again would be half of the work of an export.
    pub(super) fn text(record: &Record, added: &Attribution) -> Result<String, Error> {
        match record.data_text() {
            Some(data) => with_data(&Self::with(record, Value::Null, false).with_attribution(added), data),
            None => to_json(&Self::new(record, false)?.with_attribution(added)),
        }
    }

    fn with(record: &Record, data: Value, canonical: bool) -> Self {
        let (mut grant, mut request) = (None, None);
        match Subject::of(&record.event) {
            Subject::Grant(id) => grant = Some(id.to_string()),
            Subject::Request(id) => request = Some(id.to_string()),
            _ => {}
        }
        if let Fact::GrantCreated(made) = &record.event.fact {
            request = Some(made.request.to_string());
        }
        Self {
            revision: record.revision.0,
            at: record.event.at.into(),
            by: record.event.by.to_string(),
            accountable: record.event.by.person().map(ToString::to_string),
            event: record.event.fact.name(),
            result: record.event.fact.result().map(crate::model::RecordResult::name),
            grant,
            request,
            approvers: Vec::new(),
            ticket_url: None,
            data,
            previous: record.previous.to_string(),
            hash: record.hash.to_string(),
            body: canonical.then(|| record.body.clone()),
        }
    }

    /// The same, with additional data: see [`crate::service::Workflow::told`].
    #[must_use]
    pub fn with_attribution(self, added: &Attribution) -> Self {
        let accountable = added.person.as_ref().map(ToString::to_string);
        let Some(approval) = &added.approval else { return Self { accountable, ..self } };
        Self {
            accountable,
            request: Some(approval.request.to_string()),
            approvers: approval.by.iter().map(ToString::to_string).collect(),
            ticket_url: approval.ticket.as_ref().map(ToString::to_string),
            ..self
        }
    }
}

/// The text of a value, with this text where its field `data` is `null`.
pub(super) fn with_data(value: &impl Serialize, data: &str) -> Result<String, Error> {
    let text = to_json(value)?;
    // No text within quotes holds this, because a quotation mark in it is escaped.
    match text.split_once(NO_DATA) {
        Some((before, after)) => Ok([before, DATA, data, after].concat()),
        None => Err(Error::Internal("a record has no place for what it says".into())),
    }
}

const DATA: &str = "\"data\":";
const NO_DATA: &str = "\"data\":null";
