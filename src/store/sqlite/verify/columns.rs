//! Whether each column of a row agrees with the journal.

use rusqlite::{Connection, Row as SqlRow, params};

use super::super::compress;
use super::super::error::Fault;
use super::super::rows::{
    self, DelegationColumns, GrantColumns, RequestColumns, behind, int, needed_by_checks, stored_delegation,
    stored_grant, stored_request,
};
use super::row::Row;
use crate::model::{AccessRequest, Delegation, Grant, Revision, RoleName};

/// Compares a row with the journal; `born` is the record that made it.
pub(super) fn check(connection: &Connection, row: &Row, born: Revision) -> Result<(), Fault> {
    let (what, id, same) = match row {
        Row::Request(request) => ("request", request.id.to_string(), request_is(connection, request, born)?),
        Row::Grant(grant) => ("grant", grant.id.to_string(), grant_is(connection, grant, born)?),
        Row::Delegation(one) => ("delegation", one.id.to_string(), delegation_is(connection, one, born)?),
    };
    if same {
        return Ok(());
    }
    Err(Fault::corrupt(format!("{what} {id}, made by record {born}, is not what the journal says")))
}

/// Whether the text is this value. An earlier version may have written the same value as another text.
fn says<T: PartialEq>(
    row: &SqlRow<'_>,
    expected: &T,
    written: &str,
    read: impl Fn(&str) -> Result<T, Fault>,
) -> Result<bool, Fault> {
    let Ok(stored) = compress::form(row, 1) else { return Ok(false) };
    Ok(stored == written || read(&stored)? == *expected)
}

fn request_is(connection: &Connection, request: &AccessRequest, born: Revision) -> Result<bool, Fault> {
    let columns = RequestColumns::of(request);
    let mut statement = connection.prepare_cached(
        "SELECT created, coalesce(pressed, stored), owner_kind, owner, state, times_out_at, due_at, person_kind, person, extends
         FROM requests WHERE id = ?",
    )?;
    let mut found = statement.query(params![columns.id])?;
    let Some(row) = found.next()? else { return Ok(false) };
    let created = int(born);
    let (person_kind, person) = behind((columns.owner_kind, &columns.owner), (columns.person_kind, &columns.person));
    Ok(row.get::<_, i64>(0)? == created
        && says(row, request, &stored_request(request)?, |stored| Ok(rows::request(created, stored)?))?
        && is(row, 2, columns.owner_kind)?
        && is(row, 3, &columns.owner)?
        && is(row, 4, columns.state)?
        && row.get::<_, i64>(5)? == columns.times_out_at
        && row.get::<_, Option<i64>>(6)? == columns.due_at
        && is(row, 7, person_kind)?
        && is(row, 8, person)?
        && row.get::<_, bool>(9)? == columns.extends
        && approvers_are(connection, "request_approvers", created, columns.state, &request.approver_roles)?)
}

fn grant_is(connection: &Connection, grant: &Grant, born: Revision) -> Result<bool, Fault> {
    let columns = GrantColumns::of(grant);
    let mut statement = connection.prepare_cached(
        "SELECT created, coalesce(pressed, stored), coalesce(uses, 0), request, owner_kind, owner, state, starts_at, ends_at, due_at,
             scope, allowed, excepted, first, unsettled, person_kind, plain, person
         FROM grants LEFT JOIN grant_uses USING (created) WHERE id = ?",
    )?;
    let mut found = statement.query(params![columns.id])?;
    let Some(row) = found.next()? else { return Ok(false) };
    let (created, uses) = (int(born), row.get::<_, i64>(2)?);
    let (person_kind, person) = behind((columns.owner_kind, &columns.owner), (columns.person_kind, &columns.person));
    let [scope, allowed, excepted] = needed_by_checks(&columns);
    Ok(row.get::<_, i64>(0)? == created
        && u64::try_from(uses) == Ok(grant.uses)
        && says(row, grant, &stored_grant(grant)?, |stored| Ok(rows::grant(created, uses, stored)?))?
        && row.get::<_, [u8; 16]>(3)? == columns.request
        && is(row, 4, columns.owner_kind)?
        && is(row, 5, &columns.owner)?
        && is(row, 6, columns.state)?
        && row.get::<_, i64>(7)? == columns.starts_at
        && row.get::<_, i64>(8)? == columns.ends_at
        && row.get::<_, Option<i64>>(9)? == columns.due_at
        && is(row, 10, scope)?
        && is(row, 11, allowed)?
        && is(row, 12, excepted)?
        && row.get::<_, Option<[u8; 16]>>(13)? == columns.first
        && row.get::<_, bool>(14)? == columns.unsettled
        && is(row, 15, person_kind)?
        && row.get::<_, bool>(16)? == columns.plain
        && is(row, 17, person)?
        && approvers_are(connection, "grant_approvers", created, columns.state, &grant.approver_roles)?)
}

fn delegation_is(connection: &Connection, delegation: &Delegation, born: Revision) -> Result<bool, Fault> {
    let columns = DelegationColumns::of(delegation);
    let mut statement = connection.prepare_cached(
        "SELECT created, stored, delegator_kind, delegator, delegate_kind, delegate, ended, starts_at, ends_at
         FROM delegations WHERE id = ?",
    )?;
    let mut found = statement.query(params![columns.id])?;
    let Some(row) = found.next()? else { return Ok(false) };
    let created = int(born);
    Ok(row.get::<_, i64>(0)? == created
        && says(row, delegation, &stored_delegation(delegation)?, |stored| Ok(rows::delegation(created, stored)?))?
        && is(row, 2, columns.delegator_kind)?
        && is(row, 3, &columns.delegator)?
        && is(row, 4, columns.delegate_kind)?
        && is(row, 5, &columns.delegate)?
        && row.get::<_, bool>(6)? == columns.ended
        && row.get::<_, i64>(7)? == columns.starts_at
        && row.get::<_, i64>(8)? == columns.ends_at)
}

fn is(row: &SqlRow<'_>, column: usize, expected: &str) -> Result<bool, Fault> {
    Ok(row.get_ref(column)?.as_str().is_ok_and(|kept| kept == expected))
}

/// Whether every role exists with this state. The counts of all rows show that there are no others.
fn approvers_are(
    connection: &Connection,
    table: &'static str,
    created: i64,
    state: &str,
    roles: &[RoleName],
) -> Result<bool, Fault> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT count(*) FROM {table} WHERE role = ? AND state = ? AND created = ?"))?;
    for role in roles {
        let count: i64 = statement.query_row(params![role.as_str(), state, created], |row| row.get(0))?;
        if count != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}
