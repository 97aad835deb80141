//! Which rows a page shows.
//!
//! A page has the newest rows of a few sources: all rows, or the rows of the caller and those that each role of the
//! caller may approve. Each source is one scan of an index in the order of the page, which stops at the page's limit,
//! so a page costs the same in a small and in a large file.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, named_params};

use super::error::Fault;
use super::read::{delegation_in, grant_created, grant_of, int_of, request_created};
use super::rows::int;
use crate::model::{Delegation, DelegationStatus, Grant, GrantStatus, RequestStatus, Revision};
use crate::store::statuses::{Matching, delegations_that_are, grants_that_are, requests_that_are};
use crate::store::{ListedRequest, Page, Visible};

pub(super) fn requests(
    connection: &Connection,
    page: &Page<RequestStatus>,
) -> Result<Vec<(Revision, ListedRequest)>, Fault> {
    let matching = requests_that_are(page.status);
    let shown = shown(connection, &REQUESTS, &matching, page)?;
    let with_grant = |created| {
        let (created, request) = request_created(connection, created)?;
        let grant = grant_of(connection, request.id)?;
        Ok((created, ListedRequest { request, grant }))
    };
    shown.into_iter().map(with_grant).collect()
}

pub(super) fn grants(connection: &Connection, page: &Page<GrantStatus>) -> Result<Vec<(Revision, Grant)>, Fault> {
    let matching = grants_that_are(page.status);
    let is_live = matches!(page.status, Some(GrantStatus::Scheduled | GrantStatus::Active | GrantStatus::Suspended));
    let table = if is_live && more_ended_than_live(connection, page)? { &LIVE_GRANTS } else { &GRANTS };
    let shown = shown(connection, table, &matching, page)?;
    shown.into_iter().map(|created| grant_created(connection, created)).collect()
}

/// Newest first. There are few delegations, so the status is in no index.
pub(super) fn delegations(
    connection: &Connection,
    page: &Page<DelegationStatus>,
) -> Result<Vec<(Revision, Delegation)>, Fault> {
    let at = delegations_that_are(page.status);
    let select = |whose: &str| {
        format!(
            "SELECT created, stored FROM delegations t
             WHERE {whose} AND created < :before AND {at} ORDER BY created DESC LIMIT :limit"
        )
    };
    let owner;
    let (sources, names): (Vec<String>, &[(&str, &str)]) = match &page.visible {
        Visible::All => (vec![select("1 = 1")], &[]),
        Visible::To(principal, _) => {
            owner = [(":kind", principal.kind().name()), (":who", principal.id())];
            let sources =
                ["delegator", "delegate"].map(|side| select(&format!("{side}_kind = :kind AND {side} = :who")));
            (sources.to_vec(), &owner)
        }
    };
    let before = page.before.map_or(i64::MAX, int);
    let (now, limit) = (page.now.millis(), int_of(page.limit));
    let mut found = BTreeMap::new();
    for sql in sources {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut parameters: Vec<(&str, &dyn rusqlite::ToSql)> =
            named_params! { ":before": before, ":now": now, ":limit": limit }.to_vec();
        parameters.extend(names.iter().map(|(name, value)| (*name, value as &dyn rusqlite::ToSql)));
        let mut rows = statement.query(parameters.as_slice())?;
        while let Some(row) = rows.next()? {
            found.extend([delegation_in(row)?]);
        }
    }
    Ok(found.into_iter().rev().take(page.limit).collect())
}

struct Table {
    rows: &'static str,
    approvers: &'static str,
    /// Whether rows are found by their end and then sorted, not in the order of the page.
    by_end: bool,
}

const REQUESTS: Table = Table { rows: "requests", approvers: "request_approvers", by_end: false };
const GRANTS: Table = Table { rows: "grants", approvers: "grant_approvers", by_end: false };
const LIVE_GRANTS: Table = Table { rows: "grants", approvers: "grant_approvers", by_end: true };

/// Whether a scan of all open grants would read more expired grants, whose end is not recorded yet, than live ones.
/// This is so for a while after very many grants have ended at once.
fn more_ended_than_live(connection: &Connection, page: &Page<GrantStatus>) -> Result<bool, Fault> {
    let count = |sql: &str| -> Result<i64, Fault> {
        Ok(connection.prepare_cached(sql)?.query_row([page.now.millis()], |row| row.get(0))?)
    };
    let ended = count(ENDED)?;
    Ok(ended > FEW && count(LIVE)? <= ended)
}

/// Fewer than this are not worth sorting.
const FEW: i64 = 500;
const ENDED: &str = "SELECT count(*) FROM (SELECT 1 FROM grants INDEXED BY grants_by_end
     WHERE (state = 'open' OR state = 'suspended') AND ends_at <= ? LIMIT 50000)";
const LIVE: &str = "SELECT count(*) FROM (SELECT 1 FROM grants INDEXED BY grants_by_end
     WHERE (state = 'open' OR state = 'suspended') AND ends_at > ? LIMIT 50001)";

/// The keys of the rows on the page, newest first.
fn shown<S>(connection: &Connection, table: &Table, matching: &[Matching], page: &Page<S>) -> Result<Vec<i64>, Fault> {
    let mut found = BTreeSet::new();
    for matching in matching {
        match &page.visible {
            Visible::All => collect(connection, &everybodys(table, *matching), page, &[], &mut found)?,
            Visible::To(principal, roles) => {
                let owner = [(":kind", principal.kind().name()), (":owner", principal.id())];
                collect(connection, &owners(table, *matching), page, &owner, &mut found)?;
                let sql = approvers(table, *matching);
                for role in roles {
                    collect(connection, &sql, page, &[(":role", role.as_str())], &mut found)?;
                }
            }
        }
    }
    Ok(found.into_iter().rev().take(page.limit).collect())
}

// The index is named explicitly: without statistics SQLite would use the one by state for an owner's few rows.

fn everybodys(Table { rows, by_end, .. }: &Table, Matching { state, at }: Matching) -> String {
    if *by_end {
        return format!("{} ORDER BY t.created DESC LIMIT :limit", found_by_end(state, at));
    }
    format!(
        "SELECT t.created FROM {rows} t INDEXED BY {rows}_by_state
         WHERE t.state = '{state}' AND t.created < :before AND {at}
         ORDER BY t.created DESC LIMIT :limit"
    )
}

fn owners(Table { rows, .. }: &Table, Matching { state, at }: Matching) -> String {
    format!(
        "SELECT t.created FROM {rows} t INDEXED BY {rows}_by_owner
         WHERE t.owner_kind = :kind AND t.owner = :owner AND t.created < :before AND t.state = '{state}' AND {at}
         ORDER BY t.created DESC LIMIT :limit"
    )
}

/// Reads only the index.
fn found_by_end(state: &str, at: &str) -> String {
    format!(
        "SELECT t.created FROM grants t INDEXED BY grants_by_end
         WHERE t.state = '{state}' AND t.ends_at > :now AND {at} AND t.created < :before"
    )
}

fn approvers(Table { rows, approvers, by_end }: &Table, Matching { state, at }: Matching) -> String {
    if *by_end {
        let found = found_by_end(state, at);
        return format!(
            "{found} AND EXISTS (SELECT 1 FROM {approvers} a
                 WHERE a.role = :role AND a.state = '{state}' AND a.created = t.created)
             ORDER BY t.created DESC LIMIT :limit"
        );
    }
    format!(
        "SELECT t.created FROM {approvers} a CROSS JOIN {rows} t ON t.created = a.created
         WHERE a.role = :role AND a.state = '{state}' AND a.created < :before AND {at}
         ORDER BY a.created DESC LIMIT :limit"
    )
}

/// Adds the rows of this source.
fn collect<S>(
    connection: &Connection,
    sql: &str,
    page: &Page<S>,
    names: &[(&str, &str)],
    found: &mut BTreeSet<i64>,
) -> Result<(), Fault> {
    let before = page.before.map_or(i64::MAX, int);
    let mut statement = connection.prepare_cached(sql)?;
    let now = page.now.millis();
    let limit = int_of(page.limit);
    let mut parameters: Vec<(&str, &dyn rusqlite::ToSql)> =
        named_params! { ":before": before, ":now": now, ":limit": limit }.to_vec();
    parameters.extend(names.iter().map(|(name, value)| (*name, value as &dyn rusqlite::ToSql)));
    let mut rows = statement.query(parameters.as_slice())?;
    while let Some(row) = rows.next()? {
        found.insert(row.get(0)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema::plan_of;
    use crate::store::statuses::always;

    #[test]
    fn live_grants_are_found_without_those_that_have_ended() {
        let active = Matching { state: "open", at: "t.starts_at <= :now AND t.ends_at > :now" };
        for sql in [everybodys(&LIVE_GRANTS, active), approvers(&LIVE_GRANTS, active)] {
            let plan = plan_of(&sql);
            assert!(plan[0].contains("USING COVERING INDEX grants_by_end (state=? AND ends_at>?)"), "{plan:?}");
        }
        for (sql, bound) in [(ENDED, "ends_at<?"), (LIVE, "ends_at>?")] {
            let plan = plan_of(sql);
            let found = plan.iter().any(|step| step.contains(&format!("INDEX grants_by_end (state=? AND {bound})")));
            assert!(found, "{plan:?}");
        }
    }

    #[test]
    fn every_source_walks_down_an_index_in_the_order_of_the_page() {
        let active = Matching { state: "open", at: "t.starts_at <= :now AND t.ends_at > :now" };
        for (table, matching) in [(REQUESTS, always("denied")), (GRANTS, always("revoked")), (GRANTS, active)] {
            let plan = plan_of(&everybodys(&table, matching));
            assert!(plan[0].contains("_by_state (state=? AND created<?)"), "{plan:?}");
            let plan = plan_of(&owners(&table, matching));
            assert!(plan[0].contains("_by_owner (owner_kind=? AND owner=? AND created<?)"), "{plan:?}");
            let plan = plan_of(&approvers(&table, matching));
            assert!(plan[0].contains("USING PRIMARY KEY (role=? AND state=? AND created<?)"), "{plan:?}");
            assert!(plan[1].contains("USING INTEGER PRIMARY KEY (rowid=?)"), "{plan:?}");
            for sql in [everybodys(&table, matching), owners(&table, matching), approvers(&table, matching)] {
                assert!(plan_of(&sql).iter().all(|step| !step.contains("TEMP B-TREE")), "{:?}", plan_of(&sql));
            }
        }
    }
}
