//! Where the journal ends, and how one journal is told from another.

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
    /// Which journal it is.
    pub lineage: Lineage,
    /// The last record's position.
    pub revision: Revision,
    /// The last record that changed state.
    pub changed: Revision,
    /// The last record's hash.
    pub hash: Hash,
    /// The instant of the last record. Time never goes back behind it, unless an operator says so.
    pub at: Timestamp,
    /// The latest instant that a process has known, as far as it was kept: see `Store::remember`. Never before `at`.
    pub seen: Timestamp,
    /// The last record by which an operator accepted a replaced store, and its instant.
    pub accepted: Option<(Revision, Timestamp)>,
    /// The last record by which an operator said that the clock is right.
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
    /// From here on the record tells of every grant that was in force.
    pub complete_from: Timestamp,
    /// The record that says so.
    pub recorded: Revision,
}

impl Removed {
    /// What the record of this revision says. Both hashes were read as such.
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

    /// The last record that was removed; zero where none was.
    #[must_use]
    pub fn removed_up_to(&self) -> Revision {
        self.removed.map_or(Revision::ZERO, |removed| removed.last)
    }

    /// The head as it was at a record that is not after it, as far as that record does not say it itself.
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

    /// Which journal it is, and how far it goes.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position { lineage: self.lineage, revision: self.revision, hash: self.hash }
    }
}

/// A random name that a journal gets when it is made. Two stores never share one; a copy of a store keeps it.
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

/// A place in one journal. The revision alone does not name one: an older copy or another store can have the same.
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
    /// Up to which record.
    pub revision: Revision,
    /// That record's hash.
    pub hash: Hash,
}

/// What a process has seen of a store last: kept beside it, so that the next start knows it whatever the store says then.
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
    /// How far the journal went.
    pub position: Position,
    /// The latest instant that was known then.
    pub at: Timestamp,
    /// The last record by then that said that the clock is right.
    pub clock: Option<Revision>,
}

impl Seen {
    /// Whether its instant still counts: no operator has said since that the clock is right.
    #[must_use]
    pub fn is_of(&self, head: &Head) -> bool {
        self.clock >= head.clock
    }

    /// Whether it takes the place of what another process has kept: of two, the later one stays.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn is_after(&self, kept: &Self) -> bool {
        (self.clock, self.at) >= (kept.clock, kept.at)
    }
}
