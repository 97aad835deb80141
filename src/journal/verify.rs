//! Whether a chain is intact, and which record breaks it.

use std::collections::HashMap;
use std::sync::Arc;

use super::record::{AT, Frame, is_canonical};
use super::{Hash, Record};
use crate::model::{Event, Fact, Revision, Timestamp};

/// How many forms of uses are known at a time. Each is some hundred bytes.
const KNOWN_USES: usize = 8_192;

/// The first record that is not as it was sealed.
///
/// ```
/// use jit_access::internal::journal::{Hash, Record, Verifier};
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
    /// The problem.
    pub problem: String,
}

/// Checks records one after the other, from the first one on.
///
/// ```
/// use jit_access::internal::journal::{Hash, Record, Verifier};
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
    /// Uses are the most frequent records, and most equal an earlier one except for their instant: the map is keyed by
    /// the text between the instant and the place in the chain. Such a text is parsed once, and compared from then on.
    uses: HashMap<Box<str>, Arc<Event>, foldhash::quality::RandomState>,
    /// The seconds that were read last, and their instant.
    second: Option<([u8; AT - 5], Timestamp)>,
    /// The required end of the next record, rebuilt for each.
    end: String,
}

/// A record that is as it was sealed.
///
/// ```
/// use jit_access::internal::journal::{Hash, Record, Verifier};
/// use jit_access::model::{Actor, Event, Fact, Revision};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let record = Record::seal(event, Revision(0), Hash::GENESIS)?;
/// let mut verifier = Verifier::default();
/// let whole = verifier.check(record.revision, &record.hash.to_string(), &record.body)?;
/// assert_eq!((whole.at, whole.hash), (record.event.at, record.hash));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct VerifiedRecord {
    /// When.
    pub at: Timestamp,
    /// The fact and its actor. For a use it may be the event of an earlier use that differs only in its instant.
    pub event: Arc<Event>,
    /// The hash of its text.
    pub hash: Hash,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::after(Revision::ZERO, Hash::GENESIS, Timestamp::EPOCH)
    }
}

impl Verifier {
    /// A verifier that continues after the record with this position, hash and instant.
    #[must_use]
    pub fn after(revision: Revision, hash: Hash, at: Timestamp) -> Self {
        Self { revision, hash, at, uses: HashMap::default(), second: None, end: String::new() }
    }

    /// Checks that this body, stored under this revision and hash, is the next record, and returns it.
    ///
    /// # Errors
    /// The record that breaks the chain, and why.
    pub fn next(&mut self, revision: Revision, hash: &str, body: &str) -> Result<Record, Broken> {
        let previous = self.hash;
        let VerifiedRecord { at, event, hash } = self.check(revision, hash, body)?;
        let event = Event { at, ..Arc::unwrap_or_clone(event) };
        Ok(Record { revision, event, body: body.to_owned(), previous, hash })
    }

    /// Like [`Verifier::next`], without a copy of the text.
    ///
    /// # Errors
    /// The record that breaks the chain, and why.
    pub fn check(&mut self, revision: Revision, hash: &str, body: &str) -> Result<VerifiedRecord, Broken> {
        let expected = self.revision.next();
        if revision != expected {
            let problem = format!("it is missing; the next one kept is {revision}");
            return Err(Broken { revision: expected, problem });
        }
        let whole = match self.use_like_one_before(hash, body) {
            Some(whole) => whole,
            None => self.read(expected, hash, body)?,
        };
        self.pass(whole)
    }

    /// Like [`Verifier::check`], for a text made of these parts: its instant, its other contents, and the hash before
    /// it. So a use that equals an earlier one is recognized without parsing.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "one store keeps parts"))]
    pub(crate) fn check_parts(
        &mut self,
        revision: Revision,
        hash: (&Hash, &str),
        (at, said, previous): (Timestamp, &str, Hash),
        body: &str,
    ) -> Result<VerifiedRecord, Broken> {
        if revision == self.revision.next()
            && previous == self.hash
            && let Some(event) = self.uses.get(said)
            && Hash::of(body) == *hash.0
        {
            let whole = VerifiedRecord { at, event: Arc::clone(event), hash: *hash.0 };
            return self.pass(whole);
        }
        self.check(revision, hash.1, body)
    }

    /// Advances to this record.
    fn pass(&mut self, whole: VerifiedRecord) -> Result<VerifiedRecord, Broken> {
        let expected = self.revision.next();
        let says_the_time = matches!(whole.event.fact, Fact::ClockAccepted { .. });
        if whole.at < self.at && !says_the_time {
            let (at, before) = (whole.at, self.at);
            let problem = format!("it is of {at}, and the record before it of {before}");
            return Err(Broken { revision: expected, problem });
        }
        (self.at, self.revision, self.hash) = (whole.at, expected, whole.hash);
        Ok(whole)
    }

    /// The record, if it is a use that equals an earlier one. All other records are parsed whole.
    fn use_like_one_before(&mut self, hash: &str, body: &str) -> Option<VerifiedRecord> {
        let (at, said) = self.parts(body)?;
        let event = Arc::clone(self.uses.get(said)?);
        let found = Hash::of(body);
        found.is(hash).then_some(VerifiedRecord { at: self.instant(at)?, event, hash: found })
    }

    /// The instant, and the rest of the record without its place in the chain.
    fn parts<'a>(&mut self, body: &'a str) -> Option<(&'a str, &'a str)> {
        let frame = Frame { previous: self.hash, revision: self.revision.next() };
        frame.parts(body, &mut self.end)
    }

    /// The instant of a text, if that is in the canonical form.
    fn instant(&mut self, text: &str) -> Option<Timestamp> {
        let (second, rest) = text.as_bytes().split_first_chunk::<{ AT - 5 }>()?;
        let &[b'.', hundreds @ b'0'..=b'9', tens @ b'0'..=b'9', ones @ b'0'..=b'9', b'Z'] = rest else { return None };
        let millis = i64::from(hundreds - b'0') * 100 + i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
        let begins = match self.second {
            Some((known, begins)) if known == *second => begins,
            _ => {
                let at: Timestamp = text.parse().ok().filter(|at: &Timestamp| at.to_string() == text)?;
                let begins = Timestamp::from_millis(at.millis() - millis).ok()?;
                self.second = Some((*second, begins));
                begins
            }
        };
        Timestamp::from_millis(begins.millis() + millis).ok()
    }

    fn read(&mut self, expected: Revision, hash: &str, body: &str) -> Result<VerifiedRecord, Broken> {
        let broken = |problem: String| Broken { revision: expected, problem };
        let record = Record::parse(body.to_owned()).map_err(|error| broken(error.to_string()))?;
        if !record.hash.is(hash) {
            let found = record.hash;
            return Err(broken(format!(
                "its text has the hash {found}, and the hash {} was kept with it",
                shown(hash)
            )));
        }
        if record.revision != expected {
            return Err(broken(format!("its text says it is record {}", record.revision)));
        }
        if record.previous != self.hash {
            let (named, before) = (record.previous, self.hash);
            let problem =
                format!("it continues a record with the hash {named}, and the one before it has the hash {before}");
            return Err(broken(problem));
        }
        // A reader of the text must not find anything that the event does not contain.
        if !is_canonical(&record).map_err(|error| broken(error.to_string()))? {
            return Err(broken(format!("its text, with the hash {}, is not in the canonical form", record.hash)));
        }
        let Record { event, hash, .. } = record;
        let (at, event) = (event.at, Arc::new(event));
        if matches!(event.fact, Fact::GrantUsed { .. })
            && let Some((_, said)) = self.parts(body)
        {
            if self.uses.len() == KNOWN_USES {
                self.uses.clear();
            }
            self.uses.insert(said.into(), Arc::clone(&event));
        }
        Ok(VerifiedRecord { at, event, hash })
    }

    /// The last checked revision.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The hash of the last checked record.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Checks that the records end where the store says that its journal ends: a removed tail is found here.
    ///
    /// # Errors
    /// The first record that is missing, or the last one when it differs from the head.
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

/// A stored hash for a message: cut to the length of a hash.
fn shown(kept: &str) -> String {
    kept.chars().take(64).filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Actor, Principal, Resource};

    fn use_at(at: &str, resource: &str) -> Event {
        let fact = Fact::GrantUsed {
            details: None,
            grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse().unwrap(),
            action: Action::new("tools.execute").unwrap(),
            resource: resource.parse::<Resource>().unwrap(),
            drill: false,
            left: None,
            used_at: None,
        };
        Event { at: at.parse().unwrap(), by: Actor::Principal(Principal::user("dev@example.com").unwrap()), fact }
    }

    fn chain() -> Vec<Record> {
        let mut records: Vec<Record> = Vec::new();
        for (at, resource) in [
            ("2026-12-01T13:00:00Z", "tool:deploy"),
            ("2026-12-01T13:00:00.120Z", "tool:deploy"),
            ("2026-12-01T13:00:01Z", "tool:deploy"),
            ("2026-12-01T13:00:01Z", "tool:test"),
            ("2026-12-01T13:00:02.999Z", "tool:deploy"),
        ] {
            let (after, previous) =
                records.last().map_or((Revision::ZERO, Hash::GENESIS), |last| (last.revision, last.hash));
            records.push(Record::seal(use_at(at, resource), after, previous).unwrap());
        }
        records
    }

    #[test]
    fn uses_that_say_the_same_are_the_records_that_they_were() {
        let mut verifier = Verifier::default();
        for record in chain() {
            assert_eq!(verifier.next(record.revision, &record.hash.to_string(), &record.body).unwrap(), record);
        }
        assert_eq!(verifier.uses.len(), 2);
    }

    #[test]
    fn nothing_passes_in_a_use_that_would_not_pass_in_the_first_one() {
        let records = chain();
        let last = &records[2];
        let changes = [
            ("13:00:01.000Z", "13:00:01.00Z"),
            ("13:00:01.000Z", "13:00:61.000Z"),
            ("13:00:01.000Z", "12:00:01.000Z"),
            ("13:00:01.000Z", "13:00:01+00:0"),
            ("\"revision\":3", "\"revision\":03"),
            ("\"revision\":3", "\"revision\":4"),
            ("\"v\":1", "\"v\":1,\"w\":1"),
            ("\"v\":1}", "\"v\":1} "),
            ("tool:deploy", "tool:\\u0064eploy"),
            ("{\"event\":{", "{ \"event\":{"),
        ];
        for (from, to) in changes {
            let body = last.body.replacen(from, to, 1);
            assert_ne!(body, last.body, "{from}");
            let mut verifier = Verifier::default();
            for record in &records[..2] {
                verifier.next(record.revision, &record.hash.to_string(), &record.body).unwrap();
            }
            let broken = verifier.next(Revision(3), &Hash::of(&body).to_string(), &body).unwrap_err();
            assert_eq!(broken.revision, Revision(3), "{to}");
            let broken = verifier.next(Revision(3), &last.hash.to_string(), &body).unwrap_err();
            assert_eq!(broken.revision, Revision(3), "{to}");
        }
    }
}
