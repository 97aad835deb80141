//! The end of a journal, and how journals are distinguished.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::journal::Hash;
use crate::model::{Invalid, Removal, Revision, Timestamp};

/// The end of the journal.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::{MemoryStore, Store};
///
/// assert_eq!(MemoryStore::new().head()?.revision, Revision::ZERO);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Head {
    /// The lineage of the journal.
    pub lineage: Lineage,
    /// The last record's position.
    pub revision: Revision,
    /// The last record that changed state.
    pub changed: Revision,
    /// The last record's hash.
    pub hash: Hash,
    /// The instant of the last record. Time is never before it, unless an operator has confirmed an earlier clock.
    pub at: Timestamp,
    /// The latest instant that a process has stored: see `Store::remember`. Never before `at`.
    pub seen: Timestamp,
    /// The last record by which an operator accepted a replaced store, and its instant.
    pub accepted: Option<(Revision, Timestamp)>,
    /// The last record by which an operator confirmed the clock.
    pub clock: Option<Revision>,
    /// Which records were removed because they are old.
    pub removed: Option<Removed>,
}

/// Which records were removed from the beginning of the journal: see [`crate::model::Removal`].
///
/// ```
/// use jit_access::store::{MemoryStore, Store};
///
/// assert!(MemoryStore::new().head()?.removed.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// The last record that was removed, and all before it.
    pub last: Revision,
    /// Its hash, which the next record continues.
    pub hash: Hash,
    /// The root of the tree over the texts of all of them.
    pub root: Hash,
    /// The instant of the last one.
    pub until: Timestamp,
    /// From this instant on the journal has records about every grant that was in force.
    pub complete_from: Timestamp,
    /// The record of the removal.
    pub recorded: Revision,
}

impl Removed {
    /// The removal in the record of this revision. Both hashes were validated.
    pub(crate) fn of(removal: &Removal, recorded: Revision) -> Option<Self> {
        Some(Self {
            last: removal.last,
            hash: removal.hash.parse().ok()?,
            root: removal.root.parse().ok()?,
            until: removal.until,
            complete_from: removal.complete_from,
            recorded,
        })
    }
}

impl Head {
    /// The head of a new journal.
    #[must_use]
    pub const fn new(lineage: Lineage) -> Self {
        Self {
            lineage,
            revision: Revision::ZERO,
            changed: Revision::ZERO,
            hash: Hash::GENESIS,
            at: Timestamp::EPOCH,
            seen: Timestamp::EPOCH,
            accepted: None,
            clock: None,
            removed: None,
        }
    }

    /// The last record that was removed; zero if none was removed.
    #[must_use]
    pub fn removed_up_to(&self) -> Revision {
        self.removed.map_or(Revision::ZERO, |removed| removed.last)
    }

    /// The earlier head at this record.
    pub(crate) fn at_record(&self, revision: Revision, hash: Hash, at: Timestamp) -> Self {
        Self {
            revision,
            hash,
            at,
            changed: self.changed.min(revision),
            accepted: self.accepted.filter(|(accepted, _)| *accepted <= revision),
            clock: self.clock.filter(|clock| *clock <= revision),
            removed: self.removed.filter(|removed| removed.recorded <= revision),
            ..*self
        }
    }

    /// The position of its end.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position { lineage: self.lineage, revision: self.revision, hash: self.hash }
    }
}

/// A random name that a journal gets when it is created. Two stores never have the same; a copy of a store's file has
/// that of the original.
///
/// ```
/// use jit_access::store::Lineage;
///
/// assert_ne!(Lineage::random(), Lineage::random());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lineage(u128);

impl Lineage {
    /// A new one.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::new_v4().as_u128())
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_u128(self.0).fmt(f)
    }
}

impl FromStr for Lineage {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let id = Uuid::parse_str(text);
        id.map(|id| Self(id.as_u128()))
            .map_err(|_| Invalid::new("lineage", format!("is {}", Invalid::quote(text)), "a UUID"))
    }
}

/// A position in one journal. The revision alone is not enough: an older copy or another store can have the same.
///
/// ```
/// use jit_access::store::{MemoryStore, Store};
///
/// let (one, two) = (MemoryStore::new().head()?.position(), MemoryStore::new().head()?.position());
/// assert_eq!(one.revision, two.revision);
/// assert_ne!(one, two);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Which journal.
    pub lineage: Lineage,
    /// The last record.
    pub revision: Revision,
    /// That record's hash.
    pub hash: Hash,
}

/// The last state of a store that a process has seen. It is stored next to the store, so that the next start can
/// compare.
///
/// ```
/// use jit_access::store::{MemoryStore, Seen, Store};
///
/// let head = MemoryStore::new().head()?;
/// let seen = Seen { position: head.position(), at: head.at, clock: head.clock };
/// assert!(seen.is_of(&head));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The end of the journal.
    pub position: Position,
    /// The latest known instant.
    pub at: Timestamp,
    /// The last record, at that time, by which an operator confirmed the clock.
    pub clock: Option<Revision>,
}

impl Seen {
    /// Whether its instant is still valid: no operator has confirmed the clock since.
    #[must_use]
    pub fn is_of(&self, head: &Head) -> bool {
        self.clock >= head.clock
    }

    /// Whether it replaces what another process has stored: the later of the two stays.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn is_after(&self, kept: &Self) -> bool {
        (self.clock, self.at) >= (kept.clock, kept.at)
    }
}
