//! The secrets that all processes of the file share.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::Fault;
use crate::model::Secret;

pub(super) fn one(connection: &Connection, name: &str) -> Result<Option<Secret>, Fault> {
    let mut statement = connection.prepare_cached("SELECT value FROM secrets WHERE name = ?")?;
    let value: Option<String> = statement.query_row([name], |row| row.get(0)).optional()?;
    Ok(value.map(Secret::new))
}

pub(super) fn all(connection: &Connection) -> Result<Vec<(String, Secret)>, Fault> {
    let mut statement = connection.prepare_cached("SELECT name, value FROM secrets")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, Secret::new(row.get::<_, String>(1)?))))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// The stored secret; `fresh` if there was none.
pub(super) fn kept(transaction: &Transaction<'_>, name: &str, fresh: &Secret) -> Result<Secret, Fault> {
    transaction
        .prepare_cached("INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING")?
        .execute(params![name, fresh.expose()])?;
    one(transaction, name)?.ok_or_else(|| Fault::corrupt(format!("the secret {name} is missing")))
}
