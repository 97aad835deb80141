//! Which records of the journal are wanted.

use std::collections::BTreeSet;

use super::{Head, Position, Rows, StoreError, Subject};
use crate::journal::{Hash, Record};
use crate::model::{AccessRequest, Actor, Event, Fact, Grant, Principal, Revision, Timestamp};

/// Which records, in which order, and how many. What is left out does not matter.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::{MemoryStore, RecordQuery, Store};
///
/// let (head, records) = MemoryStore::new().records(&RecordQuery::after(Revision::ZERO, 100))?;
/// assert_eq!((head.revision, records.len()), (Revision::ZERO, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordQuery {
    /// Only those about this. A record is about the request, grant or delegation that it changes, about the request that
    /// a new grant answers, and about everybody concerned: who did it, whose request or grant it is, the person behind
    /// that agent, both sides of a delegation.
    pub about: Option<Subject>,
    /// Only those of this instant or later.
    pub from: Option<Timestamp>,
    /// Only those before this instant.
    pub until: Option<Timestamp>,
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
    pub const fn after(revision: Revision, limit: usize) -> Self {
        Self {
            about: None,
            from: None,
            until: None,
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
        Self { about: Some(subject), newest_first: true, ..Self::after(Revision::ZERO, limit) }
    }

    /// Whether it selects this record, which is about these subjects.
    pub(super) fn selects(&self, record: &Record, about: &BTreeSet<Subject>) -> bool {
        record.revision > self.after
            && self.before.is_none_or(|before| record.revision < before)
            && self.from.is_none_or(|from| record.event.at >= from)
            && self.until.is_none_or(|until| record.event.at < until)
            && (!self.changes_only || record.event.fact.changes_state())
            && self.about.as_ref().is_none_or(|subject| about.contains(subject))
    }
}

/// Checks that a position that somebody knows is in the journal with this head. `hash_at` gives the hash of the record with
/// a revision that is not after the head.
pub(super) fn check_position<E: From<StoreError>>(
    known: &Position,
    head: &Head,
    hash_at: impl FnOnce(Revision) -> Result<Option<Hash>, E>,
) -> Result<(), E> {
    let replaced = |why: String| Err(StoreError::Replaced(why).into());
    if known.lineage != head.lineage {
        return replaced(format!("it is another one (lineage {} instead of {})", head.lineage, known.lineage));
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
    } else {
        hash_at(known.revision)?
    };
    if found == Some(known.hash) {
        return Ok(());
    }
    replaced(format!("its record {} is not the one that was read", known.revision))
}

/// Everything that the event is about. `people` are those whose request, grant or delegation it changes.
pub(super) fn subjects<'a>(event: &Event, people: impl IntoIterator<Item = &'a Principal>) -> BTreeSet<Subject> {
    let mut subjects = BTreeSet::from([Subject::of(event)]);
    subjects.extend(people.into_iter().map(|who| Subject::Principal(who.clone())));
    if let Actor::Principal(by) = &event.by {
        subjects.insert(Subject::Principal(by.clone()));
    }
    match &event.fact {
        Fact::GrantCreated(grant) => {
            subjects.insert(Subject::Request(grant.request));
        }
        Fact::ReviewLapsed { reviewer, .. } => {
            subjects.insert(Subject::Principal(reviewer.clone()));
        }
        _ => {}
    }
    subjects
}

/// Those whose row it is that an event about this subject changes, given the rows after it.
pub(super) fn people_of<'a>(subject: &Subject, rows: &'a Rows) -> Vec<&'a Principal> {
    match subject {
        Subject::Request(id) => rows.requests.get(id).into_iter().flat_map(AccessRequest::identities).collect(),
        Subject::Grant(id) => rows.grants.get(id).into_iter().flat_map(Grant::identities).collect(),
        Subject::Delegation(id) => {
            rows.delegations.get(id).into_iter().flat_map(|one| [&one.delegator, &one.delegate]).collect()
        }
        Subject::Principal(_) | Subject::Store => Vec::new(),
    }
}
