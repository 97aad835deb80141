//! The secrets that all who use the schema have in common.

use super::error::Fault;
use super::session::Session;
use crate::model::Secret;

pub(super) fn one(session: &Session<'_>, name: &str) -> Result<Option<Secret>, Fault> {
    let found = session.first("SELECT value FROM secrets WHERE name = $1", &[&name])?;
    found.map(|row| Ok(Secret::new(row.try_get::<_, String>(0)?))).transpose()
}

pub(super) fn all(session: &Session<'_>) -> Result<Vec<(String, Secret)>, Fault> {
    let rows = session.query("SELECT name, value FROM secrets", &[])?;
    rows.iter().map(|row| Ok((row.try_get(0)?, Secret::new(row.try_get::<_, String>(1)?)))).collect()
}

/// The one that is there; `fresh` where nobody was faster.
pub(super) fn kept(session: &Session<'_>, name: &str, fresh: &Secret) -> Result<Secret, Fault> {
    session.execute(
        "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        vec![Box::new(name.to_owned()), Box::new(fresh.expose().to_owned())],
    )?;
    one(session, name)?.ok_or_else(|| Fault::corrupt(format!("the secret {name} is not there")))
}
