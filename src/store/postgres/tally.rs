//! How much a person holds and asks for, in person and through agents.

use super::error::Fault;
use super::session::Session;
use crate::model::{Principal, Timestamp};
use crate::store::columns;
use crate::workflow::Tally;

/// All of it, over one revision.
pub(super) fn tally(session: &Session<'_>, who: &Principal, now: Timestamp, nth: u64) -> Result<Tally, Fault> {
    let (kind, name, at) = (who.kind().name(), who.id(), now.millis());
    let counted = session.first(
        "SELECT (SELECT count(DISTINCT coalesce(first, id)) FROM grants
                 WHERE person_kind = $1 AND person = $2 AND state IN ('open', 'suspended') AND ends_at > $3),
                (SELECT count(DISTINCT coalesce(first, id)) FROM grants
                 WHERE state IN ('open', 'suspended') AND ends_at > $3),
                (SELECT count(*) FROM requests
                 WHERE person_kind = $1 AND person = $2 AND state IN ('pending', 'needs_info') AND times_out_at > $3),
                (SELECT count(*) FROM delegations
                 WHERE delegator_kind = $1 AND delegator = $2 AND NOT ended AND ends_at > $3)",
        &[&kind, &name, &at],
    )?;
    // While reads are gathered it is not there yet.
    let count = |column| counted.as_ref().map_or(Ok(0), |row| Ok::<i64, Fault>(row.try_get(column)?));
    Ok(Tally {
        grants: count(0)?.unsigned_abs(),
        grants_of_all: count(1)?.unsigned_abs(),
        open_requests: count(2)?.unsigned_abs(),
        open_delegations: count(3)?.unsigned_abs(),
        nth_newest: nth.checked_sub(1).map(|skipped| nth_newest(session, who, skipped)).transpose()?.flatten(),
    })
}

fn nth_newest(session: &Session<'_>, who: &Principal, skipped: u64) -> Result<Option<Timestamp>, Fault> {
    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
    let found = session.first(
        "SELECT created, stored FROM requests WHERE person_kind = $1 AND person = $2
         ORDER BY created DESC LIMIT 1 OFFSET $3",
        &[&who.kind().name(), &who.id(), &skipped],
    )?;
    found.map(|row| Ok(columns::request(row.try_get(0)?, row.try_get(1)?)?.created_at)).transpose()
}
