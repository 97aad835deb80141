//! Where a record is stored, in its own row or in a pack, and how records are read in order.

use std::ops::RangeInclusive;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Rows, params};

use super::error::Fault;
use super::pack::{Pack, Packed};
use super::read;
use super::rows::{self, int};
use crate::journal::{Broken, Parser, Record};
use crate::model::{Revision, Timestamp};
use crate::store::columns;

/// A stored record. A value that is not text is `None`.
pub(super) struct Kept<'a> {
    pub(super) revision: Revision,
    pub(super) at: i64,
    pub(super) changes: bool,
    pub(super) hash: Option<&'a str>,
    pub(super) body: Option<&'a str>,
    /// The pack that contains it.
    pub(super) together: Option<Together>,
    /// The parts of its text, if it is in a pack.
    pub(super) packed: Option<Packed<'a>>,
}

/// A row with a pack of records.
#[derive(Debug, Clone, Copy)]
pub(super) struct Together {
    pub(super) first: Revision,
    /// How many of them change state.
    pub(super) changes: i64,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
}

/// The record, if its text has the stored hash.
pub(super) fn record(parser: &mut Parser, kept: &Kept<'_>) -> Result<Record, Fault> {
    let (Some(hash), Some(body)) = (kept.hash, kept.body) else {
        return Err(Broken { revision: kept.revision, problem: "it is not text".to_owned() }.into());
    };
    Ok(columns::record_by(parser, kept.revision, hash, body.to_owned())?)
}

/// Reads single records. A pack is decoded once for consecutive records.
pub(super) struct Reader<'a> {
    alone: CachedStatement<'a>,
    together: CachedStatement<'a>,
    open: Option<Pack>,
    parser: Parser,
}

impl<'a> Reader<'a> {
    pub(super) fn new(connection: &'a Connection) -> Result<Self, Fault> {
        Ok(Self {
            alone: connection.prepare_cached("SELECT revision, hash, body, changes FROM journal WHERE revision = ?")?,
            together: connection.prepare_cached(
                "SELECT first, last, began, ended, uses, changes FROM packs WHERE first <= ? ORDER BY first DESC LIMIT 1",
            )?,
            open: None,
            parser: Parser::default(),
        })
    }

    /// The record of this revision, if there is one.
    pub(super) fn record(&mut self, revision: Revision) -> Result<Option<Record>, Fault> {
        self.read(revision, false)
    }

    /// The record of this revision, if there is one and it changes state.
    pub(super) fn change(&mut self, revision: Revision) -> Result<Option<Record>, Fault> {
        self.read(revision, true)
    }

    fn read(&mut self, revision: Revision, changes_only: bool) -> Result<Option<Record>, Fault> {
        if let Some(found) = self.in_open(revision, changes_only)? {
            return Ok(found);
        }
        let mut found = self.alone.query(params![int(revision)])?;
        if let Some(row) = found.next()? {
            return if changes_only && !row.get::<_, bool>(3)? { Ok(None) } else { Ok(Some(rows::record(row)?)) };
        }
        drop(found);
        self.open = self.together.query(params![int(revision)])?.next()?.map(pack).transpose()?;
        Ok(self.in_open(revision, changes_only)?.flatten())
    }

    /// The result for the record, if it is in the decoded pack.
    fn in_open(&mut self, revision: Revision, changes_only: bool) -> Result<Option<Option<Record>>, Fault> {
        let Some(open) = &self.open else { return Ok(None) };
        let Some(packed) = open.record(revision) else { return Ok(None) };
        if changes_only && !packed.changes {
            return Ok(Some(None));
        }
        let body = packed.body(revision);
        Ok(Some(Some(columns::record_by(&mut self.parser, revision, &packed.hash.to_string(), body)?)))
    }
}

/// Passes the records of the range to `take`, in order, until it returns `false`.
pub(super) fn walk(
    connection: &Connection,
    range: &RangeInclusive<u64>,
    newest_first: bool,
    take: &mut dyn FnMut(&Kept<'_>) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let sql = if newest_first { [ALL[0], ALL[1]] } else { [ALL[2], ALL[3]] };
    walk_by(connection, sql, range, newest_first, take)
}

/// The same for records that change state. It reads no row that has only uses.
pub(super) fn walk_changes(
    connection: &Connection,
    range: &RangeInclusive<u64>,
    newest_first: bool,
    take: &mut dyn FnMut(&Kept<'_>) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let sql = if newest_first { [CHANGES[0], CHANGES[1]] } else { [CHANGES[2], CHANGES[3]] };
    let mut take = |kept: &Kept<'_>| if kept.changes { take(kept) } else { Ok(true) };
    walk_by(connection, sql, range, newest_first, &mut take)
}

/// Records in their own rows and in packs, newest first or oldest first.
const ALL: [&str; 4] = [
    "SELECT revision, hash, body, at, changes FROM journal WHERE revision BETWEEN ? AND ? ORDER BY revision DESC",
    "SELECT first, last, began, ended, uses, changes FROM packs WHERE first BETWEEN ? AND ? ORDER BY first DESC",
    "SELECT revision, hash, body, at, changes FROM journal WHERE revision BETWEEN ? AND ? ORDER BY revision",
    "SELECT first, last, began, ended, uses, changes FROM packs WHERE first BETWEEN ? AND ? ORDER BY first",
];
const CHANGES: [&str; 4] = [
    "SELECT revision, hash, body, at, changes FROM journal INDEXED BY journal_changes
     WHERE changes = 1 AND revision BETWEEN ? AND ? ORDER BY revision DESC",
    "SELECT first, last, began, ended, uses, changes FROM packs INDEXED BY packs_with_changes
     WHERE changes > 0 AND first BETWEEN ? AND ? ORDER BY first DESC",
    "SELECT revision, hash, body, at, changes FROM journal INDEXED BY journal_changes
     WHERE changes = 1 AND revision BETWEEN ? AND ? ORDER BY revision",
    "SELECT first, last, began, ended, uses, changes FROM packs INDEXED BY packs_with_changes
     WHERE changes > 0 AND first BETWEEN ? AND ? ORDER BY first",
];

fn walk_by(
    connection: &Connection,
    [alone, together]: [&str; 2],
    range: &RangeInclusive<u64>,
    newest_first: bool,
    take: &mut dyn FnMut(&Kept<'_>) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let [from, until] = [range.start(), range.end()].map(|end| int(Revision(*end)));
    let mut alone = connection.prepare_cached(alone)?;
    let mut alone = alone.query(params![from, until])?;
    // The pack with the first record may begin before it.
    let begin: Option<i64> = connection
        .prepare_cached("SELECT first FROM packs WHERE first <= ? ORDER BY first DESC LIMIT 1")?
        .query_row(params![from], |row| row.get(0))
        .optional()?;
    let mut together = connection.prepare_cached(together)?;
    let mut together = together.query(params![begin.unwrap_or(from), until])?;
    let mut row = alone.next()?;
    let mut packed = next_pack(&mut together, range)?;
    loop {
        let at = match row {
            Some(row) => Some(rows::revision(row.get(0)?)?),
            None => None,
        };
        let packed_first = match (&packed, at) {
            (Some(pack), Some(at)) => (pack.first() < at) != newest_first,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if packed_first {
            if let Some(pack) = &packed
                && !walk_pack(pack, range, newest_first, take)?
            {
                return Ok(());
            }
            packed = next_pack(&mut together, range)?;
            continue;
        }
        let (Some(found), Some(revision)) = (row, at) else { return Ok(()) };
        let text = |column| found.get_ref(column).ok().and_then(|value| value.as_str().ok());
        let kept = Kept {
            revision,
            hash: text(1),
            body: text(2),
            at: found.get(3)?,
            changes: found.get(4)?,
            together: None,
            packed: None,
        };
        if !take(&kept)? {
            return Ok(());
        }
        row = alone.next()?;
    }
}

fn walk_pack(
    pack: &Pack,
    range: &RangeInclusive<u64>,
    newest_first: bool,
    take: &mut dyn FnMut(&Kept<'_>) -> Result<bool, Fault>,
) -> Result<bool, Fault> {
    let changes = read::int_of(pack.changes());
    let together = pack.times().map(|(began, ended)| Together { first: pack.first(), changes, began, ended });
    let (first, last) = (pack.first().0.max(*range.start()), (pack.next().0 - 1).min(*range.end()));
    let mut body = String::new();
    for nth in 0..=last.saturating_sub(first) {
        let revision = Revision(if newest_first { last - nth } else { first + nth });
        let Some(packed) = pack.record(revision) else { continue };
        let (at, changes) = (packed.at.millis(), packed.changes);
        body.clear();
        packed.write_body(revision, &mut body);
        let mut digits = [0; 64];
        let hash = packed.hash.digits(&mut digits);
        let kept = Kept { revision, at, changes, hash: Some(hash), body: Some(&body), together, packed: Some(packed) };
        if !take(&kept)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The next pack with a record of the range.
fn next_pack(found: &mut Rows<'_>, range: &RangeInclusive<u64>) -> Result<Option<Pack>, Fault> {
    while let Some(row) = found.next()? {
        if row.get::<_, i64>(1)? >= int(Revision(*range.start())) {
            return Ok(Some(pack(row)?));
        }
    }
    Ok(None)
}

/// The records in a row of `first, last, began, ended, uses, changes`.
fn pack(row: &Row<'_>) -> Result<Pack, Fault> {
    let first = rows::revision(row.get(0)?)?;
    let blob = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
    let pack = Pack::read(first, blob)?;
    let beside = (row.get::<_, i64>(1)?, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?, row.get::<_, i64>(5)?);
    let changes = read::int_of(pack.changes());
    let times = pack.times().map(|(began, ended)| (int(pack.next()) - 1, began.millis(), ended.millis(), changes));
    if times != Some(beside) {
        let problem = "the columns of the pack of records that begins here do not match its records".to_owned();
        return Err(Broken { revision: first, problem }.into());
    }
    Ok(pack)
}

/// The row of the pack that begins with this record.
pub(super) fn pack_of(connection: &Connection, first: Revision) -> Result<Option<Pack>, Fault> {
    connection
        .prepare_cached("SELECT first, last, began, ended, uses, changes FROM packs WHERE first = ?")?
        .query(params![int(first)])?
        .next()?
        .map(pack)
        .transpose()
}

/// The row of the last pack, if it ends with this record.
pub(super) fn last_pack(connection: &Connection, last: Revision) -> Result<Option<Pack>, Fault> {
    connection
        .prepare_cached("SELECT first, last, began, ended, uses, changes FROM packs ORDER BY first DESC LIMIT 1")?
        .query_row([], |row| if row.get::<_, i64>(1)? == int(last) { Ok(Some(pack(row))) } else { Ok(None) })
        .optional()?
        .flatten()
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema::plan_of;

    #[test]
    fn whoever_reads_changes_reads_no_uses() {
        for (sql, index) in
            CHANGES.iter().zip(["journal_changes (revision", "packs_with_changes (first"].iter().cycle())
        {
            let plan = plan_of(sql);
            assert!(plan.len() == 1 && plan[0].contains(&format!("USING INDEX {index}")), "{plan:?}");
        }
    }
}
