//! Signed checkpoints, and the roots from which proofs are made.

use tokio_postgres::Row;

use super::error::Fault;
use super::link::Statement;
use super::session::Session;
use crate::journal::Hash;
use crate::model::Revision;
use crate::store::KeptCheckpoint;
use crate::store::columns::{instant, int, revision};

/// The first one that covers this record.
pub(super) fn covering(session: &Session<'_>, record: Revision) -> Result<Option<KeptCheckpoint>, Fault> {
    one(session, "WHERE size >= $1 ORDER BY size", record)
}

/// The last one that covers nothing after this record.
pub(super) fn last(session: &Session<'_>, up_to: Revision) -> Result<Option<KeptCheckpoint>, Fault> {
    one(session, "WHERE size <= $1 ORDER BY size DESC", up_to)
}

fn one(session: &Session<'_>, which: &str, place: Revision) -> Result<Option<KeptCheckpoint>, Fault> {
    let sql = format!("SELECT size, head, root, at, note FROM checkpoints {which} LIMIT 1");
    let found = session.first(&sql, &[&int(place)])?;
    found
        .map(|row| {
            Ok(KeptCheckpoint {
                size: revision(row.try_get(0)?)?,
                head: hash(&row, 1)?,
                root: hash(&row, 2)?,
                at: instant(row.try_get(3)?)?,
                note: row.try_get(4)?,
            })
        })
        .transpose()
}

fn hash(row: &Row, column: usize) -> Result<Hash, Fault> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|error| Fault::corrupt(format!("a checkpoint cannot be read: {error}")))
}

/// Keeps it with the roots that it adds. Of two processes that make the same one, the first one's stays.
pub(super) fn keep(session: &Session<'_>, new: &KeptCheckpoint, tiles: &[(u64, Hash)]) -> Result<(), Fault> {
    let (numbers, roots): (Vec<_>, Vec<_>) =
        tiles.iter().map(|(tile, root)| (int(Revision(*tile)), root.to_string())).unzip();
    session.execute_all(&[
        Statement {
            sql: "INSERT INTO tiles (tile, root) SELECT * FROM unnest($1::bigint[], $2::text[])
                  ON CONFLICT (tile) DO UPDATE SET root = excluded.root",
            params: vec![Box::new(numbers), Box::new(roots)],
        },
        Statement {
            sql: "INSERT INTO checkpoints (size, head, root, at, note) VALUES ($1, $2, $3, $4, $5)
                  ON CONFLICT DO NOTHING",
            params: vec![
                Box::new(int(new.size)),
                Box::new(new.head.to_string()),
                Box::new(new.root.to_string()),
                Box::new(new.at.millis()),
                Box::new(&new.note),
            ],
        },
    ])?;
    Ok(())
}

/// The roots of the tiles from `first` to before `end`, as far as they are kept without a gap.
pub(super) fn tiles(session: &Session<'_>, first: u64, end: u64) -> Result<Vec<Hash>, Fault> {
    let sql = "SELECT tile, root FROM tiles WHERE tile >= $1 AND tile < $2 ORDER BY tile";
    let mut roots = Vec::new();
    for row in session.query(sql, &[&int(Revision(first)), &int(Revision(end))])? {
        if row.try_get::<_, i64>(0)? != int(Revision(first + roots.len() as u64)) {
            break;
        }
        roots.push(hash(&row, 1)?);
    }
    Ok(roots)
}
