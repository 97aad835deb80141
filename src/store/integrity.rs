//! The rules that every store applies when it appends to the journal and when it verifies.

use std::collections::BTreeMap;

use super::{Head, Removed, Rows, StoreError};
use crate::journal::{Hash, Record};
use crate::model::{AccessRequest, Delegation, Event, Fact, Grant, Principal, Revision, Standing, Timestamp};

/// Checks that the state has not changed since a batch was decided.
///
/// # Errors
/// [`StoreError::Conflict`] when state has changed since; [`StoreError::Corrupt`] when the revision is one that this
/// journal has never reached, so it was read from another journal: from the file before an older copy replaced it.
pub fn check_basis(decided_from: Option<Revision>, head: &Head) -> Result<(), StoreError> {
    match decided_from {
        Some(from) if from > head.revision => Err(StoreError::Corrupt(format!(
            "the journal ends at record {}, but record {from} was read from it before",
            head.revision
        ))),
        Some(from) if from < head.changed => Err(StoreError::Conflict),
        _ => Ok(()),
    }
}

/// Makes the record of `event` after `head`, and moves the head to it. Every store appends with this function, so the
/// rules for the chain and for the order of time are written once.
///
/// # Errors
/// [`StoreError::Early`] when the record before it is later; [`StoreError::Corrupt`] when the event cannot be written down.
pub fn seal(event: &Event, head: &mut Head) -> Result<Record, StoreError> {
    let event = in_order(event, head.at)?;
    let record = Record::seal(event, head.revision, head.hash).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    move_head(&record, head);
    Ok(record)
}

/// The event as it is written after a record of this instant. A use that waited to be written contains its own time.
fn in_order(event: &Event, newest: Timestamp) -> Result<Event, StoreError> {
    let mut event = event.clone();
    if event.at < newest {
        match &mut event.fact {
            Fact::ClockAccepted { .. } => {}
            Fact::GrantUsed { left: None, used_at, .. } => {
                used_at.get_or_insert(event.at);
                event.at = newest;
            }
            _ => return Err(StoreError::Early { newest }),
        }
    }
    Ok(event)
}

/// Moves the head to this record, the one after it.
pub fn move_head(record: &Record, head: &mut Head) {
    move_head_to(record.revision, record.hash, record.event.at, &record.event, head);
}

/// Moves the head to the record with this position, hash and instant. The instant of the event is not checked.
pub(crate) fn move_head_to(revision: Revision, hash: Hash, at: Timestamp, event: &Event, head: &mut Head) {
    (head.revision, head.hash, head.at) = (revision, hash, at);
    head.seen = head.seen.max(at);
    if event.fact.changes_state() {
        head.changed = revision;
    }
    match &event.fact {
        Fact::StoreAccepted { .. } => head.accepted = Some((revision, at)),
        Fact::ClockAccepted { .. } => {
            head.seen = at;
            head.clock = Some(revision);
        }
        Fact::RecordsRemoved(removal) => head.removed = Removed::of(removal, revision),
        _ => {}
    }
}

/// Checks that the stored head is `told`, the head that all records lead to.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub fn check_head(kept: &Head, told: &Head) -> Result<(), StoreError> {
    // No record contains the latest instant that a process has seen.
    let told = Head { seen: kept.seen, ..*told };
    if *kept == told && kept.seen >= kept.at {
        return Ok(());
    }
    Err(StoreError::Corrupt("the head is not what the journal says".to_owned()))
}

/// Checks that there are as many rows as were written and not removed. They do not follow from the journal.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub fn check_number(what: &str, written: i64, found: i64) -> Result<(), StoreError> {
    if written == found {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("there are {found} {what}, and {written} were written and not removed since")))
}

/// Checks that the stored rows are the fold of the journal.
///
/// # Errors
/// [`StoreError::Corrupt`] naming the first row that is not.
pub fn compare<'a>(
    folded: &Rows,
    requests: impl Iterator<Item = &'a AccessRequest>,
    grants: impl Iterator<Item = &'a Grant>,
    delegations: impl Iterator<Item = &'a Delegation>,
    standings: &BTreeMap<Principal, Standing>,
) -> Result<(), StoreError> {
    let mut counted = (0, 0, 0);
    for request in requests {
        counted.0 += 1;
        if folded.requests.get(&request.id) != Some(request) {
            return Err(StoreError::Corrupt(format!("request {} is not what the journal says", request.id)));
        }
    }
    for grant in grants {
        counted.1 += 1;
        if folded.grants.get(&grant.id) != Some(grant) {
            return Err(StoreError::Corrupt(format!("grant {} is not what the journal says", grant.id)));
        }
    }
    if *standings != folded.standings {
        return Err(StoreError::Corrupt("a stored standing is not what the journal says".to_owned()));
    }
    for delegation in delegations {
        counted.2 += 1;
        if folded.delegations.get(&delegation.id) != Some(delegation) {
            return Err(StoreError::Corrupt(format!("delegation {} is not what the journal says", delegation.id)));
        }
    }
    if counted != (folded.requests.len(), folded.grants.len(), folded.delegations.len()) {
        return Err(StoreError::Corrupt("rows that follow from the journal are missing".to_owned()));
    }
    Ok(())
}
