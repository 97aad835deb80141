//! The grants in memory, as checks read them.
//!
//! Every answer compares the window of the grant with the instant of the check. The index needs no cleanup for right
//! answers: an ended grant may still be here and permits nothing. Readers take no lock, write nothing and allocate
//! nothing; a hash or a filter finds candidates, and the whole name, id or permission is compared. There is no `unsafe`
//! here.
//!
//! | file | question |
//! |---|---|
//! | `indexed` | a grant as the index reads it |
//! | `published` | what readers see, and how they read it without a lock |
//! | `table` | the table of the principals with grants |
//! | `block` | the grants of one principal, and what they permit |
//! | `memory` | what the blocks refer to: sets of permissions, their numbers, keys of hashes |
//! | `names` | the numbers of permissions |
//! | `permissions` | a set of permissions that is written out, and whether it permits an action |
//! | `scope` | whether a scope covers a resource |
//! | `runs` | memory runs that many grants share |
//! | `text` | byte strings packed into words |
//! | `arena` | the memory that readers read |
//! | `pages` | the pages of that memory |
//! | `atomic` | atomics of the standard library, or of loom |
//! | `hash` | the hash by which a name is looked up |
//! | `writer` | applying changes |
//! | `load` | loading very many grants |
//! | `lookup` | the writer's table from hashes to numbers |
//! | `naive` | the same answers from a plain scan, for tests |

mod arena;
mod atomic;
mod block;
mod hash;
mod indexed;
mod load;
mod lookup;
mod memory;
#[cfg(any(test, feature = "test-util"))]
pub mod naive;
mod names;
mod pages;
mod permissions;
mod published;
mod runs;
mod scope;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod writer;

use std::fmt;

use self::hash::Keys;
pub(crate) use self::indexed::IndexedGrant;
use self::published::Published;
use self::writer::Writer;
use crate::lock::Mutex;
use crate::model::{Decision, Grant, GrantId, PrincipalKind, Query, RawQuery, Reason, Revision, Timestamp};

/// The live grants of every principal, as of one revision.
///
/// It knows windows, permissions and scopes, and nothing of conditions: [`crate::check::Decider`] keeps the grants that have
/// some apart and judges their conditions. Code that fills an index itself leaves them out.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::granted()?;
/// use jit_access::internal::index::{Change, GrantIndex};
/// use jit_access::model::*;
///
/// let grant = engine.workflow().request(&dev, request)?.grant.ok_or("no grant")?;
/// let index = GrantIndex::new();
/// index.publish(Revision(1), [Change::Add(&grant)]);
/// let (action, resource) = (Action::new("tools.execute")?, Resource::everything());
/// let query = Query { principal: &dev.principal, action: &action, resource: &resource };
/// assert_eq!(index.decide(&query, grant.window.start()).outcome, Outcome::Allow);
/// assert_eq!(index.decide(&query, grant.window.end()).outcome, Outcome::NotApplicable);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct GrantIndex {
    published: Published,
    writer: Mutex<Writer>,
}

/// One difference between two revisions.
///
/// ```
/// use jit_access::internal::index::{Change, GrantIndex};
/// use jit_access::model::{GrantId, Revision};
///
/// let index = GrantIndex::new();
/// index.publish(Revision(1), [Change::Remove(GrantId::from_u128(7))]);
/// assert_eq!(index.revision(), Revision(1));
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// A grant was made or resumed.
    Add(&'a Grant),
    /// A grant has ended or is suspended.
    Remove(GrantId),
}

impl Default for GrantIndex {
    fn default() -> Self {
        Self::with_keys(Keys::random())
    }
}

impl fmt::Debug for GrantIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrantIndex").field("revision", &self.revision()).field("len", &self.len()).finish()
    }
}

impl GrantIndex {
    /// An index that knows of nothing, as of revision zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with_keys(keys: Keys) -> Self {
        Self { published: Published::new(keys), writer: Mutex::new(Writer::default()) }
    }

    /// The revision that every answer is now made from, at least.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.published.revision()
    }

    /// How many grants it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writer.lock().len()
    }

    /// Whether it has no grant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of the index in bytes. It never shrinks: removed grants leave room for others.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.published.bytes() + self.writer.lock().bytes()
    }

    /// Replaces all grants by these. Every answer is made either from all of the old ones or from
    /// all of the new ones, and once this has returned, from the new ones.
    pub fn replace<'a>(&self, revision: Revision, grants: impl IntoIterator<Item = &'a Grant>) {
        self.load(revision, grants.into_iter().filter(|grant| grant.is_effective()));
    }

    /// The same with no more of each grant than is read here.
    pub(crate) fn load<'a>(
        &self,
        revision: Revision,
        grants: impl Iterator<Item = impl Into<IndexedGrant<'a>> + Copy>,
    ) {
        let mut writer = self.writer.lock();
        // The answers that are made meanwhile give no more than both revisions do.
        self.published.set_revision(revision.min(self.published.revision()));
        writer.replace(&self.published, grants);
        self.published.set_revision(revision);
    }

    /// Brings the index from the revision it has to `revision`. Once this has returned, no check that starts is answered
    /// from before.
    ///
    /// Until then each answer is made from all changes of its principal or from none of them; of two answers for two
    /// principals one may be from before and one from after. The revision rises last, so an answer never claims a later
    /// revision than its data.
    pub fn publish<'a>(&self, revision: Revision, changes: impl IntoIterator<Item = Change<'a>>) {
        let mut writer = self.writer.lock();
        writer.publish(&self.published, changes);
        self.published.set_revision(revision.max(self.published.revision()));
    }

    /// Answers the query at `now`. When several grants permit it, the one that ends last decides.
    #[inline]
    pub fn decide(&self, query: &Query<'_>, now: Timestamp) -> Decision {
        let PrincipalHash(hash) = self.hash(query.principal.kind(), query.principal.id().as_bytes());
        // A principal without grants is the usual case, and costs no conversion.
        match self.published.rules_out(hash) {
            Some(revision) => Decision::not_applicable(Reason::NoGrant, None, revision),
            None => self.published.search(hash, &(*query).into(), || now),
        }
    }

    /// The hash of the principal of this canonical name: one check computes it once.
    #[inline]
    pub(crate) fn hash(&self, kind: PrincipalKind, name: &[u8]) -> PrincipalHash {
        PrincipalHash(self.published.memory.keys.principal(kind, name))
    }

    /// The same for a query that was read from text, with the hash of its principal. The clock is called only when a grant
    /// covers the query: for nearly every check, reading it would take longer than everything else. A second call must
    /// return the same instant.
    #[inline]
    pub(crate) fn decide_read(
        &self,
        query: &RawQuery<'_>,
        PrincipalHash(hash): PrincipalHash,
        now: impl FnMut() -> Timestamp,
    ) -> Decision {
        match self.published.rules_out(hash) {
            Some(revision) => Decision::not_applicable(Reason::NoGrant, None, revision),
            None => self.published.search(hash, query, now),
        }
    }

    /// The revision at which the principal with this hash has no grant; answers for nearly all principals without one.
    #[inline]
    pub(crate) fn without_grant(&self, PrincipalHash(hash): PrincipalHash) -> Option<Revision> {
        self.published.rules_out(hash)
    }

    /// Has the processor fetch what the answer for this principal is made from, while the rest of its query is read.
    #[inline]
    pub(crate) fn fetch(&self, PrincipalHash(hash): PrincipalHash) {
        self.published.fetch(hash);
    }
}

/// The hash of a principal under the secret of one index. It means nothing to another index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PrincipalHash(u64);
