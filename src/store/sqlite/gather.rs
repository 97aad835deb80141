//! Moving older records of all kinds to rows with many records.
//!
//! A new record has its own row, so that a commit writes little. When there are many such rows, the oldest records move
//! to rows with many records, and small rows of uses between them move along. There a text takes a sixth of the room,
//! because most of it is equal to other texts.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::Fault;
use super::kept;
use super::pack::{Deflater, MAX_RECORDS, Pack, Packed};
use super::read;
use super::rows::{self, int};
use crate::journal::{Frame, Hash};
use crate::model::{Revision, Timestamp};
use crate::store::topics::BLOCK;

/// How many records move at a time.
const TOGETHER: i64 = 128;
/// How many records keep their own rows: the newest are read most, and their rows are written anyway.
const ALONE: i64 = 64;
/// Rows with more uses do not move.
const SMALL: u64 = MAX_RECORDS as u64 / 4;

/// Moves older records, if there are enough. `added` is the number of records with their own rows in this transaction.
/// In a file of an earlier version with very many of them, each commit moves some.
pub(super) fn gather(transaction: &Transaction<'_>, added: usize) -> Result<(), Fault> {
    const NTH: &str = "SELECT revision FROM journal WHERE revision > ? ORDER BY revision LIMIT 1 OFFSET ?";
    if added == 0 {
        return Ok(());
    }
    for _ in 0..=added / ALONE as usize {
        let from: i64 = transaction.prepare_cached("SELECT packed FROM head")?.query_row([], |row| row.get(0))?;
        let nth = |nth: i64| -> Result<Option<i64>, Fault> {
            let mut found = transaction.prepare_cached(NTH)?;
            Ok(found.query_row(params![from, nth - 1], |row| row.get(0)).optional()?)
        };
        if nth(TOGETHER + ALONE)?.is_none() {
            return Ok(());
        }
        let Some(until) = nth(TOGETHER)? else { return Ok(()) };
        put_together(transaction, from, until)?;
        transaction.prepare_cached("UPDATE head SET packed = ?")?.execute(params![until])?;
    }
    Ok(())
}

/// The contents of one row.
enum Row {
    Alone { revision: Revision, at: i64, changes: bool, hash: String, body: String },
    Together { first: Revision, last: Revision },
}

impl Row {
    const fn first(&self) -> Revision {
        match self {
            Self::Alone { revision, .. } => *revision,
            Self::Together { first, .. } => *first,
        }
    }
}

fn put_together(transaction: &Transaction<'_>, from: i64, until: i64) -> Result<(), Fault> {
    let mut open = Open { transaction, pack: None, rows: 0, deflater: Deflater::default() };
    for row in rows_between(transaction, from, until)? {
        match row {
            Row::Alone { revision, at, changes, hash, body } => {
                // A record whose text cannot be restored exactly stays here, so that a verification finds it.
                let Some(packed) = as_packed(revision, at, changes, &hash, &body) else {
                    open.close()?;
                    continue;
                };
                if !open.add(revision, &[packed])? {
                    open.close()?;
                }
            }
            Row::Together { first, last } => {
                let is_small = last.0 - first.0 < SMALL && first.0.div_ceil(BLOCK) == last.0.div_ceil(BLOCK);
                let small = if is_small { kept::pack_of(transaction, first).ok().flatten() } else { None };
                let Some(small) = small else {
                    open.close()?;
                    continue;
                };
                let all: Vec<_> = (first.0..=last.0).filter_map(|one| small.record(Revision(one))).collect();
                if !open.add(first, &all)? {
                    open.close()?;
                }
            }
        }
    }
    open.close()
}

/// The rows after the first and up to the last of these records, in order.
fn rows_between(connection: &Connection, from: i64, until: i64) -> Result<Vec<Row>, Fault> {
    let mut rows = Vec::new();
    let mut alone = connection.prepare_cached(
        "SELECT revision, at, changes, hash, body FROM journal WHERE revision > ? AND revision <= ? ORDER BY revision",
    )?;
    let mut found = alone.query(params![from, until])?;
    while let Some(row) = found.next()? {
        // A value that is not text does not move.
        let text =
            |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok()).unwrap_or_default().to_owned();
        rows.push(Row::Alone {
            revision: rows::revision(row.get(0)?)?,
            at: row.get(1)?,
            changes: row.get(2)?,
            hash: text(3),
            body: text(4),
        });
    }
    let mut together = connection.prepare_cached(
        "SELECT first, last FROM packs WHERE first > ? AND first <= ? AND changes = 0 ORDER BY first",
    )?;
    let mut found = together.query(params![from, until])?;
    while let Some(row) = found.next()? {
        rows.push(Row::Together { first: rows::revision(row.get(0)?)?, last: rows::revision(row.get(1)?)? });
    }
    rows.sort_by_key(Row::first);
    Ok(rows)
}

/// A record with its own row, if its text can be restored from the pack.
fn as_packed<'a>(revision: Revision, at: i64, changes: bool, hash: &str, body: &'a str) -> Option<Packed<'a>> {
    let (previous, at_text, said) = Frame::split(body, revision)?;
    let at = Timestamp::from_millis(at).ok().filter(|at| at.to_string() == at_text)?;
    let packed = Packed { at, hash: hash.parse::<Hash>().ok()?, said, changes, previous };
    (packed.body(revision) == body).then_some(packed)
}

/// The row that is being filled.
struct Open<'a> {
    transaction: &'a Transaction<'a>,
    pack: Option<Pack>,
    /// The number of rows that it replaces.
    rows: usize,
    deflater: Deflater,
}

impl Open<'_> {
    /// Adds all records of one row or none. Returns `false` if they fit into no row.
    fn add(&mut self, first: Revision, records: &[Packed<'_>]) -> Result<bool, Fault> {
        let Some(one) = records.first() else { return Ok(false) };
        let follows = self.pack.as_ref().is_some_and(|pack| {
            // A removal ends with a block, so it removes whole rows.
            let same_block = pack.first().0.div_ceil(BLOCK) == first.0.div_ceil(BLOCK);
            same_block && pack.has_room(first, records)
        });
        if !follows {
            self.close()?;
            self.pack = Some(Pack::after(Revision(first.0.saturating_sub(1)), one.previous));
        }
        let Some(pack) = &mut self.pack else { return Ok(false) };
        let is_added = records.iter().all(|record| pack.add(record));
        if is_added {
            self.rows += 1;
        } else {
            // Nothing of it is written, because it may have only a part of a row.
            (self.pack, self.rows) = (None, 0);
        }
        Ok(is_added)
    }

    /// Writes the row, and removes the rows that it replaces.
    fn close(&mut self) -> Result<(), Fault> {
        let rows = std::mem::take(&mut self.rows);
        let Some(pack) = self.pack.take().filter(|_| rows > 0) else { return Ok(()) };
        let Some((began, ended)) = pack.times() else { return Ok(()) };
        let (first, last) = (int(pack.first()), int(pack.next()) - 1);
        if rows == 1 && pack.changes() == 0 {
            // A single row of uses, or a single record: moving it would save nothing.
            return Ok(());
        }
        self.transaction
            .prepare_cached(
                "INSERT INTO packs (first, last, began, ended, uses, changes) VALUES (?, ?, ?, ?, ?, ?)
                 ON CONFLICT (first) DO UPDATE SET last = excluded.last, ended = excluded.ended, uses = excluded.uses,
                     changes = excluded.changes",
            )?
            .execute(params![
                first,
                last,
                began.millis(),
                ended.millis(),
                pack.to_bytes(&mut self.deflater),
                read::int_of(pack.changes())
            ])?;
        // The small rows first: the database allows the removal of a record only if the row before it contains it.
        self.transaction
            .prepare_cached("DELETE FROM packs WHERE first > ? AND first <= ?")?
            .execute(params![first, last])?;
        self.transaction
            .prepare_cached("DELETE FROM journal WHERE revision BETWEEN ? AND ?")?
            .execute(params![first, last])?;
        Ok(())
    }
}
