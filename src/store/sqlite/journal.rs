//! How records are read, and whether a known position is among them.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, params};

use super::about;
use super::error::Fault;
use super::kept::{self, Reader, walk, walk_changes};
use super::read;
use super::rows;
use crate::journal::{Parser, Record};
use crate::store::records::check_position;
use crate::store::{Head, Position, RecordQuery};

/// Whether a known position is in the journal with this head.
pub(super) fn check_known(connection: &Connection, known: &Position, head: &Head) -> Result<(), Fault> {
    check_position(known, head, |revision| {
        let mut hash = None;
        walk(connection, &(revision.0..=revision.0), false, &mut |kept| {
            hash = kept.hash.and_then(|hash| hash.parse().ok());
            Ok(false)
        })?;
        Ok(hash)
    })
}

/// The records that the query selects, and the head they were read under.
pub(super) fn records(connection: &Connection, query: &RecordQuery) -> Result<(Head, Vec<Record>), Fault> {
    let head = read::head(connection)?;
    if let Some(known) = &query.continues {
        check_known(connection, known, &head)?;
    }
    let Some(range) = in_time(connection, query, &head)? else { return Ok((head, Vec::new())) };
    let records = match query {
        _ if query.has_topics() => found(connection, query, range)?,
        RecordQuery { changes_only: true, .. } => changes(connection, query, &range)?,
        _ => feed(connection, query, range)?,
    };
    Ok((head, records))
}

/// The records that have the topics of the query.
fn found(connection: &Connection, query: &RecordQuery, range: RangeInclusive<u64>) -> Result<Vec<Record>, Fault> {
    let mut records = Vec::new();
    let Some(search) = query.search(range, |topic| about::key(connection, topic))? else { return Ok(records) };
    let mut reader = Reader::new(connection)?;
    search.run(
        |key, block| about::bits_of(connection, *key, block),
        |revision| {
            if records.len() == query.limit {
                return Ok(false);
            }
            if let Some(record) = reader.record(revision)?
                && query.selects(&record)
            {
                records.push(record);
            }
            Ok::<_, Fault>(true)
        },
    )?;
    Ok(records)
}

/// The records of the range, in order.
fn feed(connection: &Connection, query: &RecordQuery, range: RangeInclusive<u64>) -> Result<Vec<Record>, Fault> {
    let mut records = Vec::new();
    if range.is_empty() || query.limit == 0 {
        return Ok(records);
    }
    let mut parser = Parser::default();
    walk(connection, &range, query.newest_first, &mut |kept| {
        if query.filter.is_in_time(rows::instant(kept.at)?) {
            records.push(kept::record(&mut parser, kept)?);
        }
        Ok(records.len() < query.limit)
    })?;
    Ok(records)
}

/// The records of the range that change state, in order.
fn changes(connection: &Connection, query: &RecordQuery, range: &RangeInclusive<u64>) -> Result<Vec<Record>, Fault> {
    let mut records = Vec::new();
    if range.is_empty() || query.limit == 0 {
        return Ok(records);
    }
    let mut parser = Parser::default();
    walk_changes(connection, range, query.newest_first, &mut |kept| {
        if query.filter.is_in_time(rows::instant(kept.at)?) {
            records.push(kept::record(&mut parser, kept)?);
        }
        Ok(records.len() < query.limit)
    })?;
    Ok(records)
}

/// The first and the last record that can match. Records are in the order of their instants, unless an operator has
/// confirmed an earlier clock: only then the time range does not restrict them.
fn in_time(connection: &Connection, query: &RecordQuery, head: &Head) -> Result<Option<RangeInclusive<u64>>, Fault> {
    let range = query.range(head);
    let (from, until) = (query.filter.from, query.filter.until);
    if from.is_none() && until.is_none() {
        return Ok(Some(range));
    }
    let (from, until) = (from.map_or(i64::MIN, |at| at.millis()), until.map_or(i64::MAX, |at| at.millis()));
    let one = |sql: &str, at: i64| -> Result<Option<i64>, Fault> {
        Ok(connection.prepare_cached(sql)?.query_row([at], |row| row.get(0)).optional()?)
    };
    let (first, last) = if head.clock.is_some() {
        let both = |sql: &str| -> Result<(Option<i64>, Option<i64>), Fault> {
            let mut between = connection.prepare_cached(sql)?;
            Ok(between.query_row(params![from, until], |row| Ok((row.get(0)?, row.get(1)?)))?)
        };
        let (alone, together) = (both(BETWEEN)?, both(PACKS_BETWEEN)?);
        (earliest(alone.0, together.0), alone.1.max(last_of(connection, together.1)?))
    } else {
        let first = earliest(one(FIRST, from)?, one(FIRST_PACK, from)?);
        (first, one(LAST, until)?.max(last_of(connection, one(LAST_PACK, until)?)?))
    };
    let Some((first, last)) = first.zip(last) else { return Ok(None) };
    let (first, last) = (rows::revision(first)?.0, rows::revision(last)?.0);
    Ok(Some(first.max(*range.start())..=last.min(*range.end())))
}

fn earliest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

/// The last record of the row of uses that begins with this record.
fn last_of(connection: &Connection, first: Option<i64>) -> Result<Option<i64>, Fault> {
    let Some(first) = first else { return Ok(None) };
    let mut last = connection.prepare_cached("SELECT last FROM packs WHERE first = ?")?;
    Ok(last.query_row([first], |row| row.get(0)).optional()?)
}

const FIRST: &str =
    "SELECT revision FROM journal INDEXED BY journal_by_time WHERE at >= ? ORDER BY at, revision LIMIT 1";
const LAST: &str =
    "SELECT revision FROM journal INDEXED BY journal_by_time WHERE at < ? ORDER BY at DESC, revision DESC LIMIT 1";
const BETWEEN: &str =
    "SELECT min(revision), max(revision) FROM journal INDEXED BY journal_by_time WHERE at >= ? AND at < ?";

const FIRST_PACK: &str =
    "SELECT first FROM packs INDEXED BY packs_by_end WHERE ended >= ? ORDER BY ended, first LIMIT 1";
const LAST_PACK: &str =
    "SELECT first FROM packs INDEXED BY packs_by_begin WHERE began < ? ORDER BY began DESC, first DESC LIMIT 1";
const PACKS_BETWEEN: &str =
    "SELECT min(first), max(first) FROM packs INDEXED BY packs_by_end WHERE ended >= ? AND began < ?";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema::plan_of;

    #[test]
    fn no_query_reads_records_that_it_does_not_want() {
        for (end, bound) in [(FIRST, "at>?"), (LAST, "at<?"), (BETWEEN, "at>? AND at<?")] {
            let plan = plan_of(end);
            assert_eq!(plan, [format!("SEARCH journal USING COVERING INDEX journal_by_time ({bound})")]);
        }
        for (end, index) in [(FIRST_PACK, "packs_by_end (ended>?)"), (LAST_PACK, "packs_by_begin (began<?)")] {
            assert_eq!(plan_of(end), [format!("SEARCH packs USING COVERING INDEX {index}")]);
        }
    }
}
