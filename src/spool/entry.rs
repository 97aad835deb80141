//! How an entry is written down, and how it is bound to the one before it.
//!
//! A line is the SHA-256 of a text, a space, and the text: canonical JSON with the number of the entry, the hash of the
//! line before it, and its contents. Entry 0 names the journal that the others continue.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::journal::stored::StoredEvent;
use crate::journal::{canonical, digest};
use crate::model::{Event, Invalid, Revision, Timestamp};
use crate::store::Position;

/// The entries, and where they end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Contents {
    /// Its own id, once there is something.
    pub(crate) id: Option<Uuid>,
    /// The journal that it continues: how far the process that began it had followed the journal.
    pub(crate) origin: Option<Position>,
    /// The entries, in order.
    pub(crate) entries: Vec<Entry>,
    /// The hash of the last line.
    pub(super) last: String,
    /// The number of bytes up to the end of the last complete line.
    pub(super) len: u64,
    /// The first line, which identifies the spool.
    pub(super) first: String,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// When it was recorded.
    pub(crate) at: Timestamp,
    /// Its contents.
    pub(crate) said: Said,
}

/// The contents of an entry. Complete on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// A grant was taken: its facts, and its idempotency key.
    Taken(Vec<Event>, Option<KeptKey>),
    /// A grant was used.
    Used(Vec<Event>),
    /// Grants ended.
    Ended(Vec<Event>),
    /// A merge of everything before this entry has begun. The journal shows whether it succeeded.
    Merging,
}

/// An idempotency key, and what was done under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptKey {
    /// A digest of the key and of its owner.
    pub(crate) key: String,
    /// A digest of the command.
    pub(crate) fingerprint: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    number: u64,
    previous: String,
    at: String,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<StoredEvent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<KeptKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Origin,
    Taken,
    Used,
    Ended,
    Merging,
}

/// The contents of entry 0.
#[derive(Serialize, Deserialize)]
struct Origin {
    id: String,
    version: u32,
    lineage: String,
    revision: u64,
    hash: String,
}

/// The version of the format.
const VERSION: u32 = 1;
/// The length of a hash in hexadecimal, with the space after it.
const HASH: usize = 65;

impl Contents {
    /// The hash of the last entry: with it, any later change of an entry can be found.
    #[must_use]
    pub(crate) fn last_hash(&self) -> &str {
        &self.last
    }

    /// The first line of a new one.
    pub(super) fn begin(id: Uuid, origin: &Position, at: Timestamp) -> Result<String, Invalid> {
        let Position { lineage, revision, hash } = origin;
        let origin = Origin {
            id: id.to_string(),
            version: VERSION,
            lineage: lineage.to_string(),
            revision: revision.0,
            hash: hash.to_string(),
        };
        let (events, key, previous) = (Vec::new(), None, String::new());
        line(&Line { number: 0, previous, at: at.to_string(), kind: Kind::Origin, events, key, origin: Some(origin) })
    }

    /// The next line.
    pub(super) fn next(&self, entry: &Entry) -> Result<String, Invalid> {
        let (kind, events, key) = match &entry.said {
            Said::Taken(events, key) => (Kind::Taken, events.as_slice(), key.clone()),
            Said::Used(events) => (Kind::Used, events.as_slice(), None),
            Said::Ended(events) => (Kind::Ended, events.as_slice(), None),
            Said::Merging => (Kind::Merging, [].as_slice(), None),
        };
        let number = self.entries.len() as u64 + 1;
        let events = events.iter().map(Into::into).collect();
        line(&Line { number, previous: self.last.clone(), at: entry.at.to_string(), kind, events, key, origin: None })
    }

    /// Takes in the complete lines of these bytes.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Invalid> {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            // A line without an end was never confirmed.
            let Some(text) = line.strip_suffix(b"\n") else { break };
            let text = std::str::from_utf8(text).map_err(|_| altered("is not text"))?;
            self.take_line(text)?;
            self.len += line.len() as u64;
        }
        Ok(())
    }

    fn take_line(&mut self, text: &str) -> Result<(), Invalid> {
        let (hash, body) = text.split_at_checked(HASH).ok_or_else(|| altered("is too short"))?;
        let hash = hash.trim_end();
        if digest(body) != hash {
            return Err(altered("does not have the hash that it says"));
        }
        let line: Line = serde_json::from_str(body).map_err(|error| altered(&error.to_string()))?;
        let number = if self.id.is_none() { 0 } else { self.entries.len() as u64 + 1 };
        if line.previous != self.last || line.number != number {
            return Err(altered("does not follow on the one before it"));
        }
        match (line.kind, line.origin) {
            (Kind::Origin, Some(origin)) if number == 0 => {
                if origin.version != VERSION {
                    return Err(altered("was written by another version of the library"));
                }
                let id = Uuid::parse_str(&origin.id).map_err(|error| altered(&error.to_string()))?;
                let (lineage, hash) = (origin.lineage.parse()?, origin.hash.parse()?);
                self.id = Some(id);
                self.origin = Some(Position { lineage, revision: Revision(origin.revision), hash });
                text.clone_into(&mut self.first);
            }
            (kind, None) if number > 0 => {
                let events = line.events.into_iter().map(Event::try_from).collect::<Result<Vec<_>, _>>()?;
                let said = match kind {
                    Kind::Taken => Said::Taken(events, line.key),
                    Kind::Used => Said::Used(events),
                    Kind::Ended => Said::Ended(events),
                    Kind::Merging => Said::Merging,
                    Kind::Origin => return Err(altered("says that it is the first")),
                };
                self.entries.push(Entry { at: line.at.parse()?, said });
            }
            _ => return Err(altered("says what its place does not")),
        }
        hash.clone_into(&mut self.last);
        Ok(())
    }
}

fn line(line: &Line) -> Result<String, Invalid> {
    let body = canonical(line)?;
    Ok(format!("{} {body}\n", digest(&body)))
}

fn altered(problem: &str) -> Invalid {
    Invalid::new("spool", problem.to_owned(), "a line as it was written")
}
