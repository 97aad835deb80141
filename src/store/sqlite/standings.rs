//! The standings that hosts reported last: how they are stored, read and verified.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::error::Fault;
use crate::journal::stored::StoredStanding;
use crate::model::{Principal, PrincipalKind, Standing};

pub(super) fn write(connection: &Connection, who: &Principal, standing: &Standing) -> Result<(), Fault> {
    let stored = serde_json::to_string(&StoredStanding::from(standing))
        .map_err(|e| Fault::corrupt(format!("the standing of {who} cannot be written: {e}")))?;
    connection
        .prepare_cached(
            "INSERT INTO standings (kind, name, stored) VALUES (?, ?, ?)
             ON CONFLICT (kind, name) DO UPDATE SET stored = excluded.stored",
        )?
        .execute(params![who.kind().name(), who.id(), stored])?;
    Ok(())
}

pub(super) fn read(connection: &Connection, who: &Principal) -> Result<Option<Standing>, Fault> {
    let found: Option<String> = connection
        .prepare_cached("SELECT stored FROM standings WHERE kind = ? AND name = ?")?
        .query_row(params![who.kind().name(), who.id()], |row| row.get(0))
        .optional()?;
    found.map(|stored| parse(who.id(), &stored)).transpose()
}

/// All stored standings.
pub(super) fn all(connection: &Connection) -> Result<Vec<(Principal, Standing)>, Fault> {
    let mut statement = connection.prepare_cached("SELECT kind, name, stored FROM standings ORDER BY kind, name")?;
    let mut found = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        let (kind, name, stored): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let known = [PrincipalKind::User, PrincipalKind::Agent].into_iter().find(|known| known.name() == kind);
        let who = known.and_then(|kind| Principal::new(kind, &name).ok());
        let who = who.ok_or_else(|| Fault::corrupt(format!("the standing of {name} has no valid principal")))?;
        let standing = parse(&name, &stored)?;
        all.push((who, standing));
    }
    Ok(all)
}

/// Whether the rows are what the journal says.
pub(super) fn check(connection: &Connection, folded: &BTreeMap<Principal, Standing>) -> Result<(), Fault> {
    check_each(connection, folded)?;
    let kept: i64 = connection.query_row("SELECT count(*) FROM standings", [], |row| row.get(0))?;
    if usize::try_from(kept) == Ok(folded.len()) {
        return Ok(());
    }
    Err(Fault::corrupt("there are standings that do not follow from the journal"))
}

/// Whether these rows are what the journal says. There may be others.
pub(super) fn check_each(connection: &Connection, folded: &BTreeMap<Principal, Standing>) -> Result<(), Fault> {
    for (who, standing) in folded {
        if read(connection, who)?.as_ref() != Some(standing) {
            return Err(Fault::corrupt(format!("the standing of {who} is not what the journal says")));
        }
    }
    Ok(())
}

fn parse(name: &str, stored: &str) -> Result<Standing, Fault> {
    let damaged = |e: &dyn std::fmt::Display| Fault::corrupt(format!("the standing of {name}: {e}"));
    serde_json::from_str::<StoredStanding>(stored).map_err(|e| damaged(&e))?.try_into().map_err(|e| damaged(&e))
}
