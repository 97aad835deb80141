//! The numbers of grants and requests of a person and of their agents.

use rusqlite::{Connection, params};

use super::error::Fault;
use super::{compress, read, rows};
use crate::model::{Principal, Timestamp};
use crate::workflow::Tally;

// The index is named explicitly, as for pages.

const GRANTS: &str = "SELECT count(DISTINCT chain) FROM (
         SELECT coalesce(first, id) AS chain FROM grants INDEXED BY grants_by_owner
         WHERE owner_kind = ?1 AND owner = ?2 AND person = '' AND state IN ('open', 'suspended') AND ends_at > ?3
         UNION ALL SELECT coalesce(first, id) FROM grants INDEXED BY grants_by_person
         WHERE person_kind = ?1 AND person = ?2 AND person <> '' AND (state = 'open' OR state = 'suspended') AND ends_at > ?3)";
const GRANTS_OF_ALL: &str = "SELECT count(DISTINCT coalesce(g.first, g.id)) FROM grants g INDEXED BY grants_by_state
     WHERE g.state IN ('open', 'suspended') AND g.ends_at > ?1";
const OPEN_REQUESTS: &str = "SELECT count(*) FROM (
         SELECT 1 FROM requests INDEXED BY requests_by_owner
         WHERE owner_kind = ?1 AND owner = ?2 AND person = '' AND state IN ('pending', 'needs_info') AND times_out_at > ?3
         UNION ALL SELECT 1 FROM requests INDEXED BY requests_by_person
         WHERE person_kind = ?1 AND person = ?2 AND person <> '' AND state IN ('pending', 'needs_info') AND times_out_at > ?3)";
const OPEN_DELEGATIONS: &str = "SELECT count(*) FROM delegations INDEXED BY delegations_by_delegator
     WHERE delegator_kind = ?1 AND delegator = ?2 AND NOT ended AND ends_at > ?3";

/// All numbers, at one revision.
pub(super) fn tally(connection: &Connection, who: &Principal, now: Timestamp, nth: u64) -> Result<Tally, Fault> {
    let (kind, name, at) = (who.kind().name(), who.id(), now.millis());
    let count = |sql| -> Result<u64, Fault> {
        let count: i64 = connection.prepare_cached(sql)?.query_row(params![kind, name, at], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    let of_all: i64 = connection.prepare_cached(GRANTS_OF_ALL)?.query_row(params![at], |row| row.get(0))?;
    Ok(Tally {
        grants: count(GRANTS)?,
        grants_of_all: of_all.unsigned_abs(),
        open_requests: count(OPEN_REQUESTS)?,
        open_delegations: count(OPEN_DELEGATIONS)?,
        nth_newest: nth.checked_sub(1).map(|skipped| nth_newest(connection, who, skipped)).transpose()?.flatten(),
    })
}

fn nth_newest(connection: &Connection, who: &Principal, skipped: u64) -> Result<Option<Timestamp>, Fault> {
    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(read::REQUESTS_OF)?;
    let mut found = statement.query(params![who.kind().name(), who.id(), 1, skipped])?;
    let Some(row) = found.next()? else { return Ok(None) };
    Ok(Some(rows::request(row.get(0)?, &compress::form(row, 1)?)?.created_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema::plan_of;

    #[test]
    fn counting_reads_no_more_than_it_counts() {
        for (sql, index) in [
            (GRANTS, "grants_by_owner (owner_kind=? AND owner=?)"),
            (GRANTS, "grants_by_person (person_kind=? AND person=?)"),
            (GRANTS_OF_ALL, "grants_by_state (state=?)"),
            (OPEN_REQUESTS, "requests_by_owner (owner_kind=? AND owner=?)"),
            (OPEN_REQUESTS, "requests_by_person (person_kind=? AND person=?)"),
            (OPEN_DELEGATIONS, "delegations_by_delegator (delegator_kind=? AND delegator=?)"),
        ] {
            let plan = plan_of(sql);
            assert!(plan.iter().any(|step| step.contains(index)), "{plan:?}");
            assert!(
                plan.iter().all(|step| !step.starts_with("SCAN requests")
                    && !step.starts_with("SCAN grants")
                    && !step.contains("ORDER BY")),
                "{plan:?}"
            );
        }
    }
}
