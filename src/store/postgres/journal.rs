//! How records are read, and whether a known position is among them.

use std::ops::RangeInclusive;

use tokio_postgres::Row;

use super::about;
use super::error::Fault;
use super::schema::quoted;
use super::session::Session;
use crate::journal::Record;
use crate::model::Revision;
use crate::store::columns::{self, int, int_of, revision};
use crate::store::records::check_position;
use crate::store::{Head, Position, RecordQuery};

/// Whether a position that somebody knows is in the journal. Names its schema, because not every look is a transaction.
pub(super) fn check_known(session: &Session<'_>, schema: &str, known: &Position) -> Result<(), Fault> {
    check_position(known, &session.head()?, |revision| {
        let sql = format!("SELECT hash FROM {}.journal WHERE revision = $1", quoted(schema));
        let found = session.first(&sql, &[&int(revision)])?;
        let hash: Option<String> = found.map(|row| row.try_get(0)).transpose()?;
        Ok(hash.and_then(|hash| hash.parse().ok()))
    })
}

/// The records that the query selects, and the head they were read under.
pub(super) fn records(session: &Session<'_>, schema: &str, query: &RecordQuery) -> Result<(Head, Vec<Record>), Fault> {
    let head = session.head()?;
    if let Some(known) = &query.continues {
        check_known(session, schema, known)?;
    }
    let Some(range) = in_time(session, query)? else { return Ok((head, Vec::new())) };
    let records = if query.has_topics() { found(session, query, range)? } else { feed(session, query, &range)? };
    Ok((head, records))
}

/// How many records are fetched at once of those that are found by topics.
const CHUNK: usize = 100;

/// The records that have the topics of the query.
fn found(session: &Session<'_>, query: &RecordQuery, range: RangeInclusive<u64>) -> Result<Vec<Record>, Fault> {
    let mut records = Vec::new();
    let Some(search) = query.search(range, |topic| about::key(session, topic))? else { return Ok(records) };
    let mut wanted = Vec::new();
    search.run(
        |key, block| about::bits_of(session, *key, block),
        |revision| {
            wanted.push(int(revision));
            if wanted.len() == CHUNK.min(query.limit - records.len()) {
                fetch(session, query, std::mem::take(&mut wanted), &mut records)?;
            }
            Ok::<_, Fault>(records.len() < query.limit)
        },
    )?;
    if !wanted.is_empty() {
        fetch(session, query, wanted, &mut records)?;
    }
    Ok(records)
}

/// Adds those of these records that the query selects.
fn fetch(session: &Session<'_>, query: &RecordQuery, wanted: Vec<i64>, records: &mut Vec<Record>) -> Result<(), Fault> {
    let direction = if query.newest_first { "DESC" } else { "ASC" };
    let sql =
        format!("SELECT revision, hash, body FROM journal WHERE revision = ANY($1) ORDER BY revision {direction}");
    for row in session.query(&sql, &[&wanted])? {
        let record = record_in(&row)?;
        if query.selects(&record) {
            records.push(record);
        }
    }
    Ok(())
}

/// The records of the range, in order.
fn feed(session: &Session<'_>, query: &RecordQuery, range: &RangeInclusive<u64>) -> Result<Vec<Record>, Fault> {
    let [first, last] = [*range.start(), *range.end()].map(|revision| int(Revision(revision)));
    let (from, until) = times(query);
    let limit = int_of(query.limit);
    let found = session.query(&sql(query), &[&first, &last, &from, &until, &limit])?;
    found.iter().map(record_in).collect()
}

fn record_in(row: &Row) -> Result<Record, Fault> {
    Ok(columns::record(revision(row.try_get(0)?)?, row.try_get(1)?, row.try_get(2)?)?)
}

fn times(query: &RecordQuery) -> (i64, i64) {
    let (from, until) = (query.filter.from, query.filter.until);
    (from.map_or(i64::MIN, |at| at.millis()), until.map_or(i64::MAX, |at| at.millis()))
}

/// The first and the last record that can be wanted.
fn in_time(session: &Session<'_>, query: &RecordQuery) -> Result<Option<RangeInclusive<u64>>, Fault> {
    let range = query.range(&session.head()?);
    if query.filter.from.is_none() && query.filter.until.is_none() {
        return Ok(Some(range));
    }
    let (from, until) = times(query);
    // Records are in the order of their instants, unless somebody has said that the clock is right.
    let sql = if session.head()?.clock.is_some() {
        "SELECT min(revision), max(revision) FROM journal WHERE at >= $1 AND at < $2"
    } else {
        "SELECT (SELECT revision FROM journal WHERE at >= $1 ORDER BY at, revision LIMIT 1),
                (SELECT revision FROM journal WHERE at < $2 ORDER BY at DESC, revision DESC LIMIT 1)"
    };
    let Some(row) = session.first(sql, &[&from, &until])? else { return Ok(None) };
    let (first, last): (Option<i64>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let Some((first, last)) = first.zip(last) else { return Ok(None) };
    Ok(Some(revision(first)?.0.max(*range.start())..=revision(last)?.0.min(*range.end())))
}

/// A query of `revision, hash, body`. Its parameters are the first and the last revision, the bounds of the time, and the limit.
fn sql(query: &RecordQuery) -> String {
    let changes = if query.changes_only { "AND changes" } else { "" };
    let direction = if query.newest_first { "DESC" } else { "ASC" };
    format!(
        "SELECT revision, hash, body FROM journal
         WHERE revision BETWEEN $1 AND $2 AND at >= $3 AND at < $4 {changes} ORDER BY revision {direction} LIMIT $5"
    )
}
