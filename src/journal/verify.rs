//! Whether a chain is whole, and which record breaks it.

use super::{Hash, Record};
use crate::model::{Fact, Revision, Timestamp};

/// The first record that is not as it was sealed.
///
/// ```
/// use jit_access::journal::{Hash, Record, Verifier};
/// use jit_access::model::{Actor, Event, Fact, Revision};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let record = Record::seal(event, Revision(0), Hash::GENESIS)?;
///
/// let changed = record.body.replace("13:00", "23:00");
/// let broken = Verifier::default().next(record.revision, &record.hash.to_string(), &changed).unwrap_err();
/// assert_eq!(broken.revision, Revision(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal breaks at record {revision}: {problem}")]
pub struct Broken {
    /// Its position.
    pub revision: Revision,
    /// What is wrong with it.
    pub problem: String,
}

/// Checks records one after the other, from the first one on.
///
/// ```
/// use jit_access::journal::{Hash, Record, Verifier};
/// use jit_access::model::{Actor, Event, Fact, Revision};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let record = Record::seal(event, Revision(0), Hash::GENESIS)?;
///
/// let mut verifier = Verifier::default();
/// verifier.next(record.revision, &record.hash.to_string(), &record.body)?;
/// assert_eq!(verifier.finish(record.revision, record.hash)?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Verifier {
    revision: Revision,
    hash: Hash,
    at: Timestamp,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { revision: Revision::ZERO, hash: Hash::GENESIS, at: Timestamp::EPOCH }
    }
}

impl Verifier {
    /// Checks that this body, kept under this revision and hash, is the next record, and gives it back.
    ///
    /// # Errors
    /// The record that breaks the chain, and why.
    pub fn next(&mut self, revision: Revision, hash: &str, body: &str) -> Result<Record, Broken> {
        let expected = self.revision.next();
        let broken = |problem: String| Broken { revision: expected, problem };
        if revision != expected {
            return Err(broken(format!("it is missing; the next one kept is {revision}")));
        }
        let record = Record::parse(body.to_owned()).map_err(|error| broken(error.to_string()))?;
        if record.hash.to_string() != hash {
            let found = record.hash;
            return Err(broken(format!(
                "its text has the hash {found}, and the hash {} was kept with it",
                shown(hash)
            )));
        }
        if record.revision != revision {
            return Err(broken(format!("its text says it is record {}", record.revision)));
        }
        if record.previous != self.hash {
            let (named, before) = (record.previous, self.hash);
            let problem =
                format!("it continues a record with the hash {named}, and the one before it has the hash {before}");
            return Err(broken(problem));
        }
        // A reader that trusts the text reads what the event does not say.
        let sealed = Record::seal(record.event.clone(), self.revision, self.hash);
        if sealed.map_err(|error| broken(error.to_string()))?.body != record.body {
            return Err(broken(format!("its text, with the hash {}, is not in the canonical form", record.hash)));
        }
        let says_the_time = matches!(record.event.fact, Fact::ClockAccepted { .. });
        if record.event.at < self.at && !says_the_time {
            let (at, before) = (record.event.at, self.at);
            return Err(broken(format!("it is of {at}, and the record before it of {before}")));
        }
        self.at = record.event.at;
        self.revision = revision;
        self.hash = record.hash;
        Ok(record)
    }

    /// How far it has come.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// Checks that what was read ends where the store says its journal ends: a tail cut off would show here.
    ///
    /// # Errors
    /// The first record that is missing, or the last one when it is another than the head names.
    pub fn finish(&self, head: Revision, hash: Hash) -> Result<u64, Broken> {
        if self.revision != head {
            return Err(Broken {
                revision: self.revision.next(),
                problem: format!("it is missing; the head says {head}"),
            });
        }
        if self.hash != hash {
            let problem = format!("it has the hash {}, and the head names the hash {hash}", self.hash);
            return Err(Broken { revision: head, problem });
        }
        Ok(self.revision.0)
    }
}

/// A hash as it was kept: not longer than one, whatever stands there.
fn shown(kept: &str) -> String {
    kept.chars().take(64).filter(|c| !c.is_control()).collect()
}
