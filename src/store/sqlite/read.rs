//! How single rows, and what is live, are read.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::compress;
use super::error::Fault;
use super::rows::{self, revision};
use crate::model::{
    AccessRequest, Delegation, DelegationId, Grant, GrantId, Invalid, Principal, RequestId, Revision, Timestamp,
};
pub(super) use crate::store::columns::int_of;
use crate::store::{Done, Head, Live, Removed};

pub(super) fn head(connection: &Connection) -> Result<Head, Fault> {
    let unreadable = |error: Invalid| Fault::corrupt(format!("the head cannot be read: {error}"));
    let mut statement = connection.prepare_cached(HEAD)?;
    let mut found = statement.query([])?;
    let row = found.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let accepted: Option<i64> = row.get(5)?;
    let accepted_at: Option<i64> = row.get(6)?;
    Ok(Head {
        lineage: row.get::<_, String>(0)?.parse().map_err(unreadable)?,
        revision: revision(row.get(1)?)?,
        changed: revision(row.get(2)?)?,
        hash: row.get::<_, String>(3)?.parse().map_err(unreadable)?,
        at: rows::instant(row.get(4)?)?,
        seen: rows::instant(row.get(7)?)?,
        clock: row.get::<_, Option<i64>>(8)?.map(revision).transpose()?,
        accepted: match (accepted, accepted_at) {
            (Some(record), Some(at)) => Some((revision(record)?, rows::instant(at)?)),
            _ => None,
        },
        removed: row.get::<_, Option<i64>>(9)?.map(|last| removed(row, last)).transpose()?,
    })
}

fn removed(row: &Row<'_>, last: i64) -> Result<Removed, Fault> {
    let unreadable = |error: Invalid| Fault::corrupt(format!("the head cannot be read: {error}"));
    Ok(Removed {
        last: revision(last)?,
        hash: row.get::<_, String>(10)?.parse().map_err(unreadable)?,
        root: row.get::<_, String>(11)?.parse().map_err(unreadable)?,
        until: rows::instant(row.get(12)?)?,
        complete_from: rows::instant(row.get(13)?)?,
        recorded: revision(row.get(14)?)?,
    })
}

const HEAD: &str =
    "SELECT lineage, revision, changed, hash, at, accepted, accepted_at, seen, clock, removed, removed_hash,
     removed_root, removed_until, complete_from, removal FROM head";
const REQUEST: &str = "SELECT created, coalesce(pressed, stored) FROM requests";
const GRANT: &str = "SELECT g.created, coalesce(u.uses, 0), coalesce(g.pressed, g.stored) FROM grants g LEFT JOIN grant_uses u USING (created)";

/// Queries that never read ended rows. The tests check their query plans.
const DELEGATIONS_TO: &str = "SELECT created, stored FROM delegations
     WHERE delegate_kind = ?1 AND delegate = ?2 AND ended = 0 AND starts_at <= ?3 AND ends_at > ?3
     ORDER BY created DESC";
// One scan for each state: rows of several states would have to be sorted.
const LIVE: [&str; 2] = ["WHERE g.state = 'open' AND g.ends_at > ?", "WHERE g.state = 'suspended' AND g.ends_at > ?"];
/// The requests of a person and of their agents, newest first. The person has a value only if it differs from the
/// owner, so there are two scans.
pub(super) const REQUESTS_OF: &str =
    "SELECT created, coalesce(pressed, stored) FROM requests INDEXED BY requests_by_owner
     WHERE owner_kind = ?1 AND owner = ?2 AND person = ''
     UNION ALL SELECT created, coalesce(pressed, stored) FROM requests INDEXED BY requests_by_person
     WHERE person_kind = ?1 AND person = ?2 AND person <> ''
     ORDER BY created DESC LIMIT ?3 OFFSET ?4";
/// The data that a check needs, without the stored forms. There are few others, and they have their own index.
const PLAIN: &str = "SELECT created, id, owner_kind, owner, allowed, excepted, scope, starts_at, ends_at FROM grants INDEXED BY grants_by_state
     WHERE state = 'open' AND plain = 1 AND ends_at > ? ORDER BY created";
const NOT_PLAIN: &str = "WHERE g.plain = 0 AND g.state IN ('open', 'suspended') AND +g.ends_at > ?";
const HELD: &str =
    "WHERE g.owner_kind = ? AND g.owner = ? AND +g.state IN ('open', 'suspended') AND g.ends_at > ? ORDER BY g.created";
const HELD_FOR: &str = "WHERE g.person_kind = ? AND g.person = ? AND g.person <> ''
     AND (g.state = 'open' OR g.state = 'suspended') AND g.ends_at > ? ORDER BY g.created";
/// Later grants of a chain were created later.
const CHAIN: &str = "WHERE g.first = ? ORDER BY g.created";
const UNSETTLED: &str = "WHERE g.unsettled = 1 ORDER BY g.created DESC";
const EXTENDING: &str =
    "INDEXED BY requests_extending WHERE extends = 1 AND state IN ('pending', 'needs_info') ORDER BY created DESC";
pub(super) const DUE: &str = "SELECT due_at, 0, id FROM requests WHERE due_at <= ?1
     UNION ALL SELECT due_at, 1, id FROM grants WHERE due_at <= ?1
     ORDER BY 1 LIMIT ?2";
const NEXT_DUE: [&str; 2] = [
    "SELECT min(due_at) FROM requests WHERE due_at IS NOT NULL",
    "SELECT min(due_at) FROM grants WHERE due_at IS NOT NULL",
];

fn request_in(row: &Row<'_>) -> Result<(Revision, AccessRequest), Fault> {
    let created = row.get(0)?;
    Ok((revision(created)?, rows::request(created, &compress::form(row, 1)?)?))
}

fn grant_in(row: &Row<'_>) -> Result<(Revision, Grant), Fault> {
    let created = row.get(0)?;
    Ok((revision(created)?, rows::grant(created, row.get(1)?, &compress::form(row, 2)?)?))
}

pub(super) fn request_by_id(
    connection: &Connection,
    id: RequestId,
) -> Result<Option<(Revision, AccessRequest)>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{REQUEST} WHERE id = ?"))?;
    let mut found = statement.query(params![id.as_u128().to_be_bytes()])?;
    found.next()?.map(request_in).transpose()
}

pub(super) fn request_created(connection: &Connection, created: i64) -> Result<(Revision, AccessRequest), Fault> {
    let mut statement = connection.prepare_cached(&format!("{REQUEST} WHERE created = ?"))?;
    let mut found = statement.query(params![created])?;
    found.next()?.map_or_else(|| Err(Fault::corrupt(format!("the request of record {created} is missing"))), request_in)
}

pub(super) fn grant_by_id(connection: &Connection, id: GrantId) -> Result<Option<(Revision, Grant)>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{GRANT} WHERE g.id = ?"))?;
    let mut found = statement.query(params![id.as_u128().to_be_bytes()])?;
    found.next()?.map(grant_in).transpose()
}

pub(super) fn grant_created(connection: &Connection, created: i64) -> Result<(Revision, Grant), Fault> {
    let mut statement = connection.prepare_cached(&format!("{GRANT} WHERE g.created = ?"))?;
    let mut found = statement.query(params![created])?;
    found.next()?.map_or_else(|| Err(Fault::corrupt(format!("the grant of record {created} is missing"))), grant_in)
}

pub(super) fn grant_of(connection: &Connection, request: RequestId) -> Result<Option<Grant>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{GRANT} WHERE g.request = ?"))?;
    let mut found = statement.query(params![request.as_u128().to_be_bytes()])?;
    Ok(found.next()?.map(grant_in).transpose()?.map(|(_, grant)| grant))
}

/// Every extension of the chain that begins with this grant, in order.
pub(super) fn extensions(connection: &Connection, first: GrantId) -> Result<Vec<Grant>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{GRANT} {CHAIN}"))?;
    let mut found = statement.query(params![first.as_u128().to_be_bytes()])?;
    let mut grants = Vec::new();
    while let Some(row) = found.next()? {
        grants.push(grant_in(row)?.1);
    }
    Ok(grants)
}

/// The delegation with this id.
pub(super) fn delegation_by_id(connection: &Connection, id: DelegationId) -> Result<Option<Delegation>, Fault> {
    let mut statement = connection.prepare_cached("SELECT created, stored FROM delegations WHERE id = ?")?;
    let mut found = statement.query(params![id.as_u128().to_be_bytes()])?;
    Ok(found.next()?.map(delegation_in).transpose()?.map(|(_, delegation)| delegation))
}

/// The delegation in a row of `created, stored`.
pub(super) fn delegation_in(row: &Row<'_>) -> Result<(Revision, Delegation), Fault> {
    let created = row.get(0)?;
    Ok((revision(created)?, rows::delegation(created, row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?))
}

/// The grants that are scheduled, active or suspended at `now`: the journal has no end of them, and their window has
/// not ended.
pub(super) fn live_grants(connection: &Connection, now: Timestamp) -> Result<Vec<Grant>, Fault> {
    let mut grants = Vec::new();
    for live in LIVE {
        let mut statement = connection.prepare_cached(&format!("{GRANT} {live}"))?;
        let mut found = statement.query(params![now.millis()])?;
        while let Some(row) = found.next()? {
            grants.push(grant_in(row)?);
        }
    }
    // Newest first, as every list is.
    grants.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
    Ok(grants.into_iter().map(|(_, grant)| grant).collect())
}

/// The data of them that checks need.
pub(super) fn live(connection: &Connection, now: Timestamp) -> Result<Live, Fault> {
    let mut live = Live::of(head(connection)?, Vec::new());
    let mut statement = connection.prepare_cached(PLAIN)?;
    let mut found = statement.query(params![now.millis()])?;
    let mut sets = rows::Sets::default();
    while let Some(row) = found.next()? {
        live.plain.push(rows::holding(row, &mut sets)?);
    }
    let mut statement = connection.prepare_cached(&format!("{GRANT} {NOT_PLAIN}"))?;
    let mut found = statement.query(params![now.millis()])?;
    while let Some(row) = found.next()? {
        live.others.push(grant_in(row)?.1);
    }
    Ok(live)
}

/// Those that this principal holds, or an agent of the principal, newest first.
pub(super) fn live_of(connection: &Connection, who: &Principal, now: Timestamp) -> Result<Vec<Grant>, Fault> {
    let mut grants = BTreeMap::new();
    for sql in [HELD, HELD_FOR] {
        let mut statement = connection.prepare_cached(&format!("{GRANT} {sql}"))?;
        let mut found = statement.query(params![who.kind().name(), who.id(), now.millis()])?;
        while let Some(row) = found.next()? {
            grants.extend([grant_in(row)?]);
        }
    }
    Ok(grants.into_values().rev().collect())
}

/// The newest requests of this person.
pub(super) fn requests_of(
    connection: &Connection,
    person: &Principal,
    limit: usize,
) -> Result<Vec<AccessRequest>, Fault> {
    let mut statement = connection.prepare_cached(REQUESTS_OF)?;
    let mut found = statement.query(params![person.kind().name(), person.id(), int_of(limit), 0])?;
    let mut requests = Vec::new();
    while let Some(row) = found.next()? {
        requests.push(request_in(row)?.1);
    }
    Ok(requests)
}

/// The delegations in force to this principal, newest first.
pub(super) fn delegations_to(
    connection: &Connection,
    delegate: &Principal,
    now: Timestamp,
) -> Result<Vec<Delegation>, Fault> {
    let mut statement = connection.prepare_cached(DELEGATIONS_TO)?;
    let mut found = statement.query(params![delegate.kind().name(), delegate.id(), now.millis()])?;
    let mut delegations = Vec::new();
    while let Some(row) = found.next()? {
        delegations.push(delegation_in(row)?.1);
    }
    Ok(delegations)
}

/// The waiting requests to extend a grant of one of these chains.
pub(super) fn extending(connection: &Connection, chains: &BTreeSet<GrantId>) -> Result<Vec<AccessRequest>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{REQUEST} {EXTENDING}"))?;
    let mut found = statement.query([])?;
    let mut requests = Vec::new();
    while let Some(row) = found.next()? {
        let request = request_in(row)?.1;
        if request.extends.is_some_and(|extension| chains.contains(&extension.first)) {
            requests.push(request);
        }
    }
    Ok(requests)
}

/// The break-glass grants without a review, or with a review that found them unjustified, newest first.
pub(super) fn unsettled(connection: &Connection) -> Result<Vec<Grant>, Fault> {
    let mut statement = connection.prepare_cached(&format!("{GRANT} {UNSETTLED}"))?;
    let mut found = statement.query([])?;
    let mut grants = Vec::new();
    while let Some(row) = found.next()? {
        grants.push(grant_in(row)?.1);
    }
    Ok(grants)
}

/// The next instant at which [`due`] will return something.
pub(super) fn next_due(connection: &Connection) -> Result<Option<Timestamp>, Fault> {
    let mut next = None;
    for sql in NEXT_DUE {
        let first: Option<i64> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        if let Some(first) = first {
            let first = rows::instant(first)?;
            next = Some(next.map_or(first, |next: Timestamp| next.min(first)));
        }
    }
    Ok(next)
}

pub(super) fn done_under(connection: &Connection, caller: &Principal, key: &str) -> Result<Option<Done>, Fault> {
    let done = connection
        .prepare_cached(
            "SELECT fingerprint, request, grant_id, delegation, ended FROM idempotency WHERE caller_kind = ? AND caller = ? AND key = ?",
        )?
        .query_row(params![caller.kind().name(), caller.id(), key], |row| {
            Ok(Done {
                fingerprint: row.get(0)?,
                request: row.get::<_, Option<[u8; 16]>>(1)?.map(rows::request_id),
                grant: row.get::<_, Option<[u8; 16]>>(2)?.map(rows::grant_id),
                delegation: row.get::<_, Option<[u8; 16]>>(3)?.map(rows::delegation_id),
                ended: row.get_ref(4)?.as_blob()?.as_chunks().0.iter().copied().map(rows::grant_id).collect(),
            })
        })
        .optional()?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema::plan_of;

    #[test]
    fn what_is_live_or_due_is_read_without_what_is_over() {
        let [live, suspended] = LIVE.map(|live| plan_of(&format!("{GRANT} {live}")));
        assert_eq!(live[0], "SEARCH g USING INDEX grants_by_end (state=? AND ends_at>?)");
        assert_eq!(suspended, live);
        let plain = plan_of(PLAIN);
        assert_eq!(plain[0], "SEARCH grants USING INDEX grants_by_state (state=?)");
        let others = plan_of(&format!("{GRANT} {NOT_PLAIN}"));
        assert_eq!(others[0], "SEARCH g USING INDEX grants_not_plain (state=?)");
        let chain = plan_of(&format!("{GRANT} {CHAIN}"));
        assert_eq!(chain[0], "SEARCH g USING INDEX grants_chains (first=?)");
        let unsettled = plan_of(&format!("{GRANT} {UNSETTLED}"));
        assert_eq!(unsettled[0], "SCAN g USING INDEX grants_unsettled");
        let extending = plan_of(&format!("{REQUEST} {EXTENDING}"));
        assert_eq!(extending, ["SCAN requests USING INDEX requests_extending"]);
        let due = plan_of(DUE);
        assert!(due.iter().any(|step| step.contains("requests USING INDEX requests_due (due_at<?)")), "{due:?}");
        assert!(due.iter().any(|step| step.contains("grants USING INDEX grants_due (due_at<?)")), "{due:?}");
        for (sql, index) in NEXT_DUE.into_iter().zip(["requests_due", "grants_due"]) {
            assert!(plan_of(sql)[0].contains(&format!("USING COVERING INDEX {index}")), "{:?}", plan_of(sql));
        }
        let requests = plan_of(REQUESTS_OF);
        for index in ["owner (owner_kind=? AND owner=?)", "person (person_kind=? AND person=?)"] {
            let step = format!("SEARCH requests USING INDEX requests_by_{index}");
            assert!(requests.contains(&step), "{requests:?}");
        }
        for (sql, index) in [
            (HELD, "grants_by_owner (owner_kind=? AND owner=?)"),
            (HELD_FOR, "grants_by_person (person_kind=? AND person=?)"),
        ] {
            let plan = plan_of(&format!("{GRANT} {sql}"));
            assert_eq!(plan[0], format!("SEARCH g USING INDEX {index}"));
        }
        let delegations = plan_of(DELEGATIONS_TO);
        let index = "delegations_by_delegate (delegate_kind=? AND delegate=?)";
        assert_eq!(delegations[0], format!("SEARCH delegations USING INDEX {index}"));
        for plan in [live, plain, others, chain, due, requests, delegations] {
            assert!(plan.iter().all(|step| !step.starts_with("SCAN") && !step.contains("TEMP B-TREE")), "{plan:?}");
        }
    }
}
