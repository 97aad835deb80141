//! How a fact becomes a record, and back.

use std::fmt::{self, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::stored::{StoredEvent, write_said};
use crate::model::{Event, Fact, Invalid, Revision, Timestamp};

/// The SHA-256 of a record's body.
///
/// ```
/// use jit_access::internal::journal::Hash;
///
/// assert_eq!(Hash::GENESIS.to_string(), "0".repeat(64));
/// assert_eq!("0".repeat(64).parse::<Hash>()?, Hash::GENESIS);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// What the first record names as the hash before it.
    pub const GENESIS: Self = Self([0; 32]);

    /// The hash of this text.
    #[must_use]
    pub fn of(body: &str) -> Self {
        Self(Sha256::digest(body.as_bytes()).into())
    }

    /// These 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Whether this text is the hash as it is kept, in hexadecimal.
    pub(crate) fn is(&self, text: &str) -> bool {
        let mut digits = [0; 64];
        base16ct::lower::encode(&self.0, &mut digits).is_ok_and(|digits| digits == text.as_bytes())
    }

    /// As it is kept, in hexadecimal.
    pub(crate) fn digits<'a>(&self, room: &'a mut [u8; 64]) -> &'a str {
        // INVARIANT: there is room for two digits of each byte.
        base16ct::lower::encode_str(&self.0, room).unwrap_or_default()
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        f.write_str(base16ct::lower::encode_str(&self.0, &mut digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut bytes = [0; 32];
        let decoded = base16ct::lower::decode(text, &mut bytes).is_ok_and(|read| read.len() == 32);
        if !decoded {
            let problem = format!("is {}", Invalid::quote(text));
            return Err(Invalid::new("hash", problem, "64 lower-case hexadecimal digits"));
        }
        Ok(Self(bytes))
    }
}

/// The SHA-256 of a text, in hexadecimal.
#[must_use]
pub fn digest(text: &str) -> String {
    Hash::of(text).to_string()
}

/// The SHA-256 of these bytes.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A value as canonical JSON (RFC 8785): equal values give equal text.
///
/// # Errors
/// When it cannot be written, which does not happen for values of the model.
pub fn canonical(value: &impl Serialize) -> Result<String, Invalid> {
    serde_json_canonicalizer::to_string(value)
        .map_err(|error| Invalid::new("record", format!("cannot be written: {error}"), "a value of the model"))
}

/// One fact, at its place in the journal.
///
/// ```
/// use jit_access::internal::journal::{Hash, Record};
/// use jit_access::model::{Actor, Event, Fact, Revision};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let record = Record::seal(event, Revision(0), Hash::GENESIS)?;
/// assert_eq!(Record::parse(record.body.clone())?, record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its position; the first record has 1.
    pub revision: Revision,
    /// The fact.
    pub event: Event,
    /// The canonical JSON that is hashed.
    pub body: String,
    /// The hash of the record before it.
    pub previous: Hash,
    /// The hash of the body.
    pub hash: Hash,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    v: u8,
    revision: u64,
    previous: String,
    event: StoredEvent,
}

const VERSION: u8 = 1;
/// The start of a record, before its instant.
const BEFORE_AT: &str = "{\"event\":{\"at\":\"";
/// What its end is made of: this and the hash before it, this and its revision, and the version.
const PREVIOUS: &str = ",\"previous\":\"";
const REVISION: &str = "\",\"revision\":";
const LAST: &str = ",\"v\":1}";
/// The length of an instant in records: `2026-12-01T13:00:00.000Z`.
pub(super) const AT: usize = 24;
/// Room for what the text of a record ends with: its place in the chain.
const END: usize = 128;
/// Room for the text of a use; twice as much for one with the usual details of a call.
const USE: usize = 384;

/// The place in the chain that the text of a record names, at its end.
pub(crate) struct Frame {
    pub(crate) previous: Hash,
    pub(crate) revision: Revision,
}

impl Frame {
    /// The text of the record at this place: an instant, and the rest of the event.
    pub(crate) fn body(&self, at: Timestamp, said: &str) -> String {
        let mut body = String::with_capacity(BEFORE_AT.len() + AT + said.len() + END);
        self.write_body(at, said, &mut body);
        body
    }

    /// The same at the end of a text.
    pub(crate) fn write_body(&self, at: Timestamp, said: &str, text: &mut String) {
        begin(at, text);
        text.push_str(said);
        self.end(text);
    }

    /// The text of a use that becomes a record at this place.
    fn body_of_use(&self, event: &Event) -> Option<String> {
        let Fact::GrantUsed { details, .. } = &event.fact else { return None };
        let mut body = String::with_capacity(if details.is_some() { 2 * USE } else { USE });
        begin(event.at, &mut body);
        write_said(event, &mut body).then(|| {
            self.end(&mut body);
            body
        })
    }

    /// The instant, and the rest of the text without its place. `end` is a buffer.
    pub(crate) fn parts<'a>(&self, body: &'a str, end: &mut String) -> Option<(&'a str, &'a str)> {
        end.clear();
        self.end(end);
        body.strip_prefix(BEFORE_AT)?.strip_suffix(end.as_str())?.split_at_checked(AT)
    }

    /// The hash before it, the instant, and the rest of the text; `None` when it is in another form, or has another
    /// place.
    pub(crate) fn split(body: &str, revision: Revision) -> Option<(Hash, &str, &str)> {
        let rest = body.strip_prefix(BEFORE_AT)?.strip_suffix(LAST)?;
        let (rest, number) = rest.rsplit_once(REVISION)?;
        let (rest, previous) = rest.split_at_checked(rest.len().checked_sub(64)?)?;
        let (at, said) = rest.strip_suffix(PREVIOUS)?.split_at_checked(AT)?;
        (number == revision.to_string()).then_some((previous.parse().ok()?, at, said))
    }

    fn end(&self, text: &mut String) {
        let mut digits = [0; 64];
        text.push_str(PREVIOUS);
        text.push_str(self.previous.digits(&mut digits));
        text.push_str(REVISION);
        // Writing to a string does not fail.
        let _ = write!(text, "{}", self.revision);
        text.push_str(LAST);
    }
}

fn begin(at: Timestamp, body: &mut String) {
    body.push_str(BEFORE_AT);
    let _ = write!(body, "{at}");
}

/// Whether the text of a record is the one that its event makes.
pub(super) fn is_canonical(record: &Record) -> Result<bool, Invalid> {
    let envelope = Envelope {
        v: VERSION,
        revision: record.revision.0,
        previous: record.previous.to_string(),
        event: (&record.event).into(),
    };
    Ok(canonical(&envelope)? == record.body)
}

impl Record {
    /// The record of `event` right after the one with this revision and hash.
    ///
    /// # Errors
    /// When the event cannot be written as canonical JSON, which does not happen for events of the model.
    pub fn seal(event: Event, after: Revision, previous: Hash) -> Result<Self, Invalid> {
        let revision = after.next();
        let body = match (Frame { previous, revision }).body_of_use(&event) {
            Some(body) => body,
            None => {
                let (v, previous) = (VERSION, previous.to_string());
                canonical(&Envelope { v, revision: revision.0, previous, event: (&event).into() })?
            }
        };
        let hash = Hash::of(&body);
        Ok(Self { revision, event, body, previous, hash })
    }

    /// The text without the instant and the place in the chain, if it has the form that [`Record::seal`] writes.
    pub(crate) fn said(&self) -> Option<&str> {
        let digits = self.revision.0.checked_ilog10().map_or(1, |log| log as usize + 1);
        let end = PREVIOUS.len() + 64 + REVISION.len() + digits + LAST.len();
        let said = self.body.strip_prefix(BEFORE_AT)?.get(AT..self.body.len().checked_sub(BEFORE_AT.len() + end)?)?;
        (said.ends_with('}') && self.body.ends_with(LAST)).then_some(said)
    }

    /// The text of the data of its event, as in [`Record::data`].
    pub(crate) fn data_text(&self) -> Option<&str> {
        // No text within quotes holds a quotation mark that is not escaped.
        let (_, rest) = self.said()?.split_once(",\"data\":")?;
        rest.rsplit_once(",\"type\":\"").map(|(data, _)| data)
    }

    /// The data of its event, as stored.
    ///
    /// # Errors
    /// When the body is not JSON, which does not happen for records.
    pub fn data(&self) -> Result<Value, Invalid> {
        let mut body: Value = serde_json::from_str(&self.body)
            .map_err(|error| Invalid::new("record", format!("cannot be read: {error}"), "canonical JSON"))?;
        Ok(body.pointer_mut("/event/data").map(Value::take).unwrap_or_default())
    }

    /// The record with this body, read back as it was sealed.
    ///
    /// # Errors
    /// When the body is not a record of this version.
    pub fn parse(body: String) -> Result<Self, Invalid> {
        let unreadable = |error: &dyn fmt::Display| {
            Invalid::new("record", format!("cannot be read: {error}"), "canonical JSON as this version writes it")
        };
        let envelope: Envelope = serde_json::from_str(&body).map_err(|e| unreadable(&e))?;
        if envelope.v != VERSION {
            return Err(Invalid::new("record", format!("is of version {}", envelope.v), "version 1"));
        }
        Ok(Self {
            revision: Revision(envelope.revision),
            event: envelope.event.try_into()?,
            previous: envelope.previous.parse()?,
            hash: Hash::of(&body),
            body,
        })
    }
}
