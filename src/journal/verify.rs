//! Whether a chain is whole, and which record breaks it.

use super::{Hash, Record};
use crate::model::Revision;

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
}

impl Default for Verifier {
    fn default() -> Self {
        Self { revision: Revision::ZERO, hash: Hash::GENESIS }
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
            return Err(broken("its text does not have the hash that was kept with it".to_owned()));
        }
        if record.revision != revision {
            return Err(broken(format!("its text says it is record {}", record.revision)));
        }
        if record.previous != self.hash {
            return Err(broken("it does not continue the record before it".to_owned()));
        }
        self.revision = revision;
        self.hash = record.hash;
        Ok(record)
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
            return Err(Broken { revision: head, problem: "the head names another record".to_owned() });
        }
        Ok(self.revision.0)
    }
}
