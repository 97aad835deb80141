//! A query for records of the journal.

use std::ops::RangeInclusive;

use super::topics::Search;
use super::{Head, Position, StoreError, Subject};
use crate::journal::{Hash, Record};
use crate::model::{RecordFilter, Revision, Topic};

/// Which records, in which order, and how many. Empty fields do not restrict.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::{MemoryStore, Reads, RecordQuery};
///
/// let (head, records) = MemoryStore::new().records(&RecordQuery::after(Revision::ZERO, 100))?;
/// assert_eq!((head.revision, records.len()), (Revision::ZERO, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordQuery {
    /// Only those about one of these, if there are any: see [`crate::model::Topic::Subject`].
    pub about: Vec<Subject>,
    /// Only the records that match this filter, except for its text: the caller searches the text of the records that
    /// have any.
    pub filter: RecordFilter,
    /// Only those after this revision.
    pub after: Revision,
    /// Only those before this revision.
    pub before: Option<Revision>,
    /// Only those that change state. Uses do not.
    pub changes_only: bool,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
    /// The position that the reader knows; the answer is [`StoreError::Replaced`] when it is not in this journal.
    pub continues: Option<Position>,
    /// How many at most.
    pub limit: usize,
}

impl RecordQuery {
    /// All records after a revision, oldest first.
    #[must_use]
    pub fn after(revision: Revision, limit: usize) -> Self {
        Self {
            about: Vec::new(),
            filter: RecordFilter::default(),
            after: revision,
            before: None,
            changes_only: false,
            newest_first: false,
            continues: None,
            limit,
        }
    }

    /// The same, but only those that change state.
    #[must_use]
    pub fn changes_after(revision: Revision, limit: usize) -> Self {
        Self { changes_only: true, ..Self::after(revision, limit) }
    }

    /// All records about something, newest first.
    #[must_use]
    pub fn about(subject: Subject, limit: usize) -> Self {
        Self { about: vec![subject], newest_first: true, ..Self::after(Revision::ZERO, limit) }
    }

    /// Whether this record, which has the topics, matches.
    pub(super) fn selects(&self, record: &Record) -> bool {
        self.filter.is_in_time(record.event.at) && (!self.changes_only || record.event.fact.changes_state())
    }

    /// The first and the last revision that can match, in a journal with this head.
    pub(super) fn range(&self, head: &Head) -> RangeInclusive<u64> {
        let last = self.before.map_or(head.revision.0, |before| before.0.saturating_sub(1).min(head.revision.0));
        self.after.max(head.removed_up_to()).0.saturating_add(1)..=last
    }

    /// Whether the query has topics.
    pub(super) fn has_topics(&self) -> bool {
        !self.about.is_empty() || !self.filter.topics().is_empty()
    }

    /// The search for its topics; `None` if no record can have them. `key` returns the key under which a topic is
    /// stored.
    pub(super) fn search<K, E>(
        &self,
        range: RangeInclusive<u64>,
        mut key: impl FnMut(&Topic) -> Result<Option<K>, E>,
    ) -> Result<Option<Search<K>>, E> {
        let mut all = Vec::new();
        for topic in self.filter.topics() {
            match key(&topic)? {
                Some(key) => all.push(key),
                None => return Ok(None),
            }
        }
        let mut any = Vec::new();
        for subject in &self.about {
            any.extend(key(&Topic::Subject(subject.clone()))?);
        }
        if any.is_empty() && !self.about.is_empty() {
            return Ok(None);
        }
        Ok(Some(Search { all, any, range, newest_first: self.newest_first }))
    }
}

/// Checks that a known position is in the journal with this head. `hash_at` returns the hash of the record with a
/// revision that is not after the head.
pub(super) fn check_position<E: From<StoreError>>(
    known: &Position,
    head: &Head,
    hash_at: impl FnOnce(Revision) -> Result<Option<Hash>, E>,
) -> Result<(), E> {
    let replaced = |why: String| Err(StoreError::Replaced(why).into());
    if known.lineage != head.lineage {
        return replaced(format!("it is another store (lineage {} instead of {})", head.lineage, known.lineage));
    }
    if known.revision > head.revision {
        return replaced(format!(
            "it ends at record {}, and record {} was read from it",
            head.revision, known.revision
        ));
    }
    let found = if known.revision == Revision::ZERO {
        Some(Hash::GENESIS)
    } else if known.revision == head.revision {
        Some(head.hash)
    } else if let Some(removed) = head.removed.filter(|removed| known.revision <= removed.last) {
        // A record before the last removed one cannot be compared. The lineage is the same, and the journal continues.
        return if known.revision < removed.last || removed.hash == known.hash {
            Ok(())
        } else {
            replaced(format!("its record {}, which is removed, was not the one that was read", known.revision))
        };
    } else {
        hash_at(known.revision)?
    };
    if found == Some(known.hash) {
        return Ok(());
    }
    replaced(format!("its record {} is not the one that was read", known.revision))
}
