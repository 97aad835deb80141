//! Conversion between values and columns of SQLite.

use rusqlite::Row;

use super::error::Fault;
use crate::journal::Record;
use crate::model::{DelegationId, GrantId, Holding, RequestId};
use crate::store::columns::{self, HoldingColumns};
pub(super) use crate::store::columns::{
    DelegationColumns, GRANT_STATES, GrantColumns, REQUEST_STATES, RequestColumns, Sets, delegation, grant, instant,
    int, request, revision, stored_delegation, stored_grant, stored_request,
};

/// The data of a grant that a check needs, from a row of `created, id, owner_kind, owner, allowed, excepted, scope,
/// starts_at, ends_at`.
pub(super) fn holding(row: &Row<'_>, sets: &mut Sets) -> Result<Holding, Fault> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    let columns = HoldingColumns {
        created: row.get(0)?,
        id: grant_id(row.get(1)?),
        kind: text(2)?,
        holder: text(3)?,
        allowed: text(4)?,
        excepted: text(5)?,
        scope: text(6)?,
        starts_at: row.get(7)?,
        ends_at: row.get(8)?,
    };
    Ok(columns::holding(&columns, sets)?)
}

/// The record in a row of `revision, hash, body`.
pub(super) fn record(row: &Row<'_>) -> Result<Record, Fault> {
    let hash: String = row.get(1)?;
    Ok(columns::record(revision(row.get(0)?)?, &hash, row.get(2)?)?)
}

/// The stored person behind the owner: nothing if the owner is that person.
pub(super) fn behind<'a>(owner: (&str, &str), person: (&'a str, &'a str)) -> (&'a str, &'a str) {
    if owner == person { ("", "") } else { person }
}

/// Whether the record of the end of a grant in this state exists.
pub(super) fn is_over(state: &str) -> bool {
    !matches!(state, "open" | "suspended")
}

/// The stored data of a grant that a check needs: nothing for an ended grant.
pub(super) fn needed_by_checks(grant: &GrantColumns) -> [&str; 3] {
    if is_over(grant.state) { [""; 3] } else { [&grant.scope, &grant.allowed, &grant.excepted] }
}

/// The id in a column.
pub(super) fn request_id(column: [u8; 16]) -> RequestId {
    RequestId::from_u128(u128::from_be_bytes(column))
}

/// The id in a column.
pub(super) fn delegation_id(column: [u8; 16]) -> DelegationId {
    DelegationId::from_u128(u128::from_be_bytes(column))
}

/// The id in a column.
pub(super) fn grant_id(column: [u8; 16]) -> GrantId {
    GrantId::from_u128(u128::from_be_bytes(column))
}
