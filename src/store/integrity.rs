//! The rules that every store applies when it appends to the journal and when it verifies.

use std::collections::BTreeMap;

use super::{Head, Rows, StoreError};
use crate::journal::Record;
use crate::model::{AccessRequest, Delegation, Event, Fact, Grant, Principal, Revision, Standing};

/// Checks that what a batch was decided from is still so.
///
/// # Errors
/// [`StoreError::Conflict`] when state has changed since; [`StoreError::Corrupt`] when the revision is one that this
/// journal has never reached, so that it was read from another one: from the file before an old copy was put in its place.
pub fn check_basis(decided_from: Option<Revision>, head: &Head) -> Result<(), StoreError> {
    match decided_from {
        Some(from) if from > head.revision => Err(StoreError::Corrupt(format!(
            "the journal ends at record {}, though record {from} has been read from it",
            head.revision
        ))),
        Some(from) if from < head.changed => Err(StoreError::Conflict),
        _ => Ok(()),
    }
}

/// Seals `event` as the record after `head`, and moves the head to it. Every store appends through here, so that the
/// chain has one home.
///
/// # Errors
/// [`StoreError::Corrupt`] when the event cannot be written down.
pub fn seal(event: &Event, head: &mut Head) -> Result<Record, StoreError> {
    let record =
        Record::seal(event.clone(), head.revision, head.hash).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    head.revision = record.revision;
    head.hash = record.hash;
    head.at = head.at.max(event.at);
    if event.fact.changes_state() {
        head.changed = record.revision;
    }
    if let Fact::StoreAccepted { .. } = event.fact {
        head.accepted = Some((record.revision, event.at));
    }
    Ok(record)
}

/// Checks that the rows kept are the fold of the journal.
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
        return Err(StoreError::Corrupt("what is kept of somebody's standing is not what the journal says".to_owned()));
    }
    for delegation in delegations {
        counted.2 += 1;
        if folded.delegations.get(&delegation.id) != Some(delegation) {
            return Err(StoreError::Corrupt(format!("delegation {} is not what the journal says", delegation.id)));
        }
    }
    if counted != (folded.requests.len(), folded.grants.len(), folded.delegations.len()) {
        return Err(StoreError::Corrupt("rows that the journal tells of are missing".to_owned()));
    }
    Ok(())
}
