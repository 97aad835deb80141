//! Parses many records, most of which are uses that equal an earlier one.

use std::collections::HashMap;

use super::Record;
use super::record::Frame;
use crate::model::{Event, Fact, Invalid, Revision};

/// How many forms of uses are known at a time. Each is some hundred bytes.
const KNOWN_USES: usize = 1_024;

/// Parses records. Of equal uses, only the first is parsed as JSON.
///
/// ```
/// use jit_access::internal::journal::{Hash, Parser, Record};
/// use jit_access::model::{Actor, Event, Fact, Revision};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let record = Record::seal(event, Revision(0), Hash::GENESIS)?;
/// assert_eq!(Parser::default().record(record.revision, record.body.clone())?, record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Parser(HashMap<Box<str>, Event, foldhash::quality::RandomState>);

impl Parser {
    /// The record with this body, as [`Record::parse`] reads it. `revision` is where it is expected to be.
    ///
    /// # Errors
    /// As for [`Record::parse`].
    pub fn record(&mut self, revision: Revision, body: String) -> Result<Record, Invalid> {
        let Some((previous, at, said)) = Frame::split(&body, revision) else { return Record::parse(body) };
        if let Some(event) = self.0.get(said)
            && let Ok(at) = at.parse()
        {
            let event = Event { at, ..event.clone() };
            let hash = super::Hash::of(&body);
            return Ok(Record { revision, event, body, previous, hash });
        }
        let said: Box<str> = said.into();
        let record = Record::parse(body)?;
        if matches!(record.event.fact, Fact::GrantUsed { .. }) {
            if self.0.len() == KNOWN_USES {
                self.0.clear();
            }
            self.0.insert(said, record.event.clone());
        }
        Ok(record)
    }
}
