//! How records are read, and whether a known position is among them.

use std::ops::RangeInclusive;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::about;
use super::error::Fault;
use super::read::{self, int_of};
use super::rows::{self, int};
use crate::journal::Record;
use crate::model::Revision;
use crate::store::records::check_position;
use crate::store::{Head, Position, RecordQuery};

/// Whether a position that somebody knows is in the journal with this head.
pub(super) fn check_known(connection: &Connection, known: &Position, head: &Head) -> Result<(), Fault> {
    check_position(known, head, |revision| {
        let hash: Option<String> = connection
            .prepare_cached("SELECT hash FROM journal WHERE revision = ?")?
            .query_row(params![int(revision)], |row| row.get(0))
            .optional()?;
        Ok(hash.and_then(|hash| hash.parse().ok()))
    })
}

/// The records that the query selects, and the head they were read under.
pub(super) fn records(connection: &Connection, query: &RecordQuery) -> Result<(Head, Vec<Record>), Fault> {
    let head = read::head(connection)?;
    if let Some(known) = &query.continues {
        check_known(connection, known, &head)?;
    }
    let Some(range) = in_time(connection, query, &head)? else { return Ok((head, Vec::new())) };
    let records = if query.has_topics() { found(connection, query, range)? } else { feed(connection, query, &range)? };
    Ok((head, records))
}

/// The records that have the topics of the query.
fn found(connection: &Connection, query: &RecordQuery, range: RangeInclusive<u64>) -> Result<Vec<Record>, Fault> {
    let mut records = Vec::new();
    let Some(search) = query.search(range, |topic| about::key(connection, topic))? else { return Ok(records) };
    let mut statement = connection.prepare_cached("SELECT revision, hash, body FROM journal WHERE revision = ?")?;
    search.run(
        |key, block| about::bits_of(connection, *key, block),
        |revision| {
            if records.len() == query.limit {
                return Ok(false);
            }
            let mut rows = statement.query(params![int(revision)])?;
            if let Some(row) = rows.next()? {
                let record = rows::record(row)?;
                if query.selects(&record) {
                    records.push(record);
                }
            }
            Ok::<_, Fault>(true)
        },
    )?;
    Ok(records)
}

/// The records of the range, in order.
fn feed(connection: &Connection, query: &RecordQuery, range: &RangeInclusive<u64>) -> Result<Vec<Record>, Fault> {
    let bounds = [*range.start(), *range.end()].map(|revision| int(Revision(revision)));
    let mut values: Vec<Value> = bounds.map(Value::Integer).to_vec();
    let times = [query.filter.from, query.filter.until].into_iter().flatten();
    values.extend(times.map(|at| Value::Integer(at.millis())));
    values.push(Value::Integer(int_of(query.limit)));
    let mut statement = connection.prepare_cached(&sql(query))?;
    let mut found = statement.query(params_from_iter(values))?;
    let mut records = Vec::new();
    while let Some(row) = found.next()? {
        records.push(rows::record(row)?);
    }
    Ok(records)
}

/// The first and the last record that can be wanted. Records are in the order of their instants, unless somebody has said that the
/// clock is right: only then all of the time range is looked at.
fn in_time(connection: &Connection, query: &RecordQuery, head: &Head) -> Result<Option<RangeInclusive<u64>>, Fault> {
    let range = query.range(head);
    let (from, until) = (query.filter.from, query.filter.until);
    if from.is_none() && until.is_none() {
        return Ok(Some(range));
    }
    let (from, until) = (from.map_or(i64::MIN, |at| at.millis()), until.map_or(i64::MAX, |at| at.millis()));
    let (first, last): (Option<i64>, Option<i64>) = if head.clock.is_some() {
        let mut between = connection.prepare_cached(BETWEEN)?;
        between.query_row(params![from, until], |row| Ok((row.get(0)?, row.get(1)?)))?
    } else {
        let end = |sql: &str, at: i64| connection.prepare_cached(sql)?.query_row([at], |row| row.get(0)).optional();
        (end(FIRST, from)?, end(LAST, until)?)
    };
    let Some((first, last)) = first.zip(last) else { return Ok(None) };
    let (first, last) = (rows::revision(first)?.0, rows::revision(last)?.0);
    Ok(Some(first.max(*range.start())..=last.min(*range.end())))
}

const FIRST: &str =
    "SELECT revision FROM journal INDEXED BY journal_by_time WHERE at >= ? ORDER BY at, revision LIMIT 1";
const LAST: &str =
    "SELECT revision FROM journal INDEXED BY journal_by_time WHERE at < ? ORDER BY at DESC, revision DESC LIMIT 1";
const BETWEEN: &str =
    "SELECT min(revision), max(revision) FROM journal INDEXED BY journal_by_time WHERE at >= ? AND at < ?";

/// A query of `revision, hash, body`. Its parameters are the first and the last revision, the bounds of the time, and the limit,
/// those of them that there are.
fn sql(query: &RecordQuery) -> String {
    let mut sql = if query.changes_only {
        "SELECT revision, hash, body FROM journal INDEXED BY journal_changes WHERE changes = 1 AND revision BETWEEN ? AND ?"
    } else {
        "SELECT revision, hash, body FROM journal WHERE revision BETWEEN ? AND ?"
    }
    .to_owned();
    if query.filter.from.is_some() {
        sql += " AND at >= ?";
    }
    if query.filter.until.is_some() {
        sql += " AND at < ?";
    }
    sql += if query.newest_first { " ORDER BY revision DESC LIMIT ?" } else { " ORDER BY revision LIMIT ?" };
    sql
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema::plan_of;

    #[test]
    fn no_query_reads_records_that_it_does_not_want() {
        let changes = plan_of(&sql(&RecordQuery::changes_after(Revision::ZERO, 5)));
        assert!(changes[0].contains("USING INDEX journal_changes (revision>? AND revision<?)"), "{changes:?}");
        let all = plan_of(&sql(&RecordQuery::after(Revision::ZERO, 5)));
        assert!(all[0].contains("USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"), "{all:?}");
        for (end, bound) in [(FIRST, "at>?"), (LAST, "at<?"), (BETWEEN, "at>? AND at<?")] {
            let plan = plan_of(end);
            assert_eq!(plan, [format!("SEARCH journal USING COVERING INDEX journal_by_time ({bound})")]);
        }
    }
}
