//! Signed checkpoints, and the roots from which proofs are made.

use rusqlite::{Connection, Row, Transaction, params};

use super::error::Fault;
use super::kept::walk;
use super::rows::{self, int};
use crate::journal::{Broken, Hash};
use crate::model::Revision;
use crate::store::KeptCheckpoint;

/// The first one that covers this record.
pub(super) fn covering(connection: &Connection, record: Revision) -> Result<Option<KeptCheckpoint>, Fault> {
    one(connection, "SELECT size, head, root, at, note FROM checkpoints WHERE size >= ? ORDER BY size LIMIT 1", record)
}

/// The last one that covers nothing after this record.
pub(super) fn last(connection: &Connection, up_to: Revision) -> Result<Option<KeptCheckpoint>, Fault> {
    one(
        connection,
        "SELECT size, head, root, at, note FROM checkpoints WHERE size <= ? ORDER BY size DESC LIMIT 1",
        up_to,
    )
}

fn one(connection: &Connection, sql: &str, place: Revision) -> Result<Option<KeptCheckpoint>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query(params![int(place)])?;
    found.next()?.map(kept).transpose()
}

fn kept(row: &Row<'_>) -> Result<KeptCheckpoint, Fault> {
    Ok(KeptCheckpoint {
        size: rows::revision(row.get(0)?)?,
        head: hash(row, 1)?,
        root: hash(row, 2)?,
        at: rows::instant(row.get(3)?)?,
        note: row.get(4)?,
    })
}

fn hash(row: &Row<'_>, column: usize) -> Result<Hash, Fault> {
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    text.parse().map_err(|error| Fault::corrupt(format!("a checkpoint cannot be read: {error}")))
}

/// Stores it with the roots that it adds. If two processes make the same checkpoint, the first one stays.
pub(super) fn keep(transaction: &Transaction<'_>, new: &KeptCheckpoint, tiles: &[(u64, Hash)]) -> Result<(), Fault> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO tiles (tile, root) VALUES (?, ?) ON CONFLICT (tile) DO UPDATE SET root = excluded.root",
    )?;
    for (tile, root) in tiles {
        insert.execute(params![int(Revision(*tile)), root.to_string()])?;
    }
    transaction
        .prepare_cached("INSERT OR IGNORE INTO checkpoints (size, head, root, at, note) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![int(new.size), new.head.to_string(), new.root.to_string(), new.at.millis(), new.note])?;
    Ok(())
}

/// The roots of the tiles from `first` to before `end`, up to the first that is missing.
pub(super) fn tiles(connection: &Connection, first: u64, end: u64) -> Result<Vec<Hash>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT tile, root FROM tiles WHERE tile >= ? AND tile < ? ORDER BY tile")?;
    let mut found = statement.query(params![int(Revision(first)), int(Revision(end))])?;
    let mut roots = Vec::new();
    while let Some(row) = found.next()? {
        if row.get::<_, i64>(0)? != int(Revision(first + roots.len() as u64)) {
            break;
        }
        roots.push(hash(row, 1)?);
    }
    Ok(roots)
}

/// The texts of the records after `after` up to `last`.
pub(super) fn bodies(connection: &Connection, after: Revision, last: Revision) -> Result<Vec<String>, Fault> {
    let mut bodies = Vec::new();
    if last > after {
        walk(connection, &(after.0 + 1..=last.0), false, &mut |kept| {
            let broken = || Broken { revision: kept.revision, problem: "it is not text".to_owned() };
            bodies.push(kept.body.ok_or_else(broken)?.to_owned());
            Ok(true)
        })?;
    }
    Ok(bodies)
}
