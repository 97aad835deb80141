//! How records are read, and whether a known position is among them.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::about;
use super::error::Fault;
use super::read::{self, int_of};
use super::rows::{self, int};
use crate::journal::Record;
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
    let mut bounds = (int(query.after.next()), query.before.map_or(i64::MAX, |before| int(before).saturating_sub(1)));
    if query.from.is_some() || query.until.is_some() {
        match between(connection, query)? {
            Some((first, last)) => bounds = (bounds.0.max(first), bounds.1.min(last)),
            None => return Ok((head, Vec::new())),
        }
    }
    let mut values = Vec::new();
    if let Some(subject) = &query.about {
        match about::key(connection, subject)? {
            Some(key) => values.push(Value::Integer(key)),
            None => return Ok((head, Vec::new())),
        }
    }
    values.extend([bounds.0, bounds.1].map(Value::Integer));
    values.extend([query.from, query.until].into_iter().flatten().map(|at| Value::Integer(at.millis())));
    values.push(Value::Integer(int_of(query.limit)));
    let mut statement = connection.prepare_cached(&sql(query))?;
    let mut found = statement.query(params_from_iter(values))?;
    let mut records = Vec::new();
    while let Some(row) = found.next()? {
        records.push(rows::record(row)?);
    }
    Ok((head, records))
}

/// The first and the last record of the time range. Records are nearly, but not always, in the order of their instants: a
/// use can be written after a later change.
fn between(connection: &Connection, query: &RecordQuery) -> Result<Option<(i64, i64)>, Fault> {
    let (from, until) = (query.from.map_or(i64::MIN, |at| at.millis()), query.until.map_or(i64::MAX, |at| at.millis()));
    let (first, last): (Option<i64>, Option<i64>) =
        connection.prepare_cached(BETWEEN)?.query_row(params![from, until], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(first.zip(last))
}

const BETWEEN: &str =
    "SELECT min(revision), max(revision) FROM journal INDEXED BY journal_by_time WHERE at >= ? AND at < ?";

/// A query of `revision, hash, body`. Its parameters are the subject, the first and the last revision, the bounds of the
/// time, and the limit, those of them that there are.
fn sql(query: &RecordQuery) -> String {
    let mut sql = "SELECT j.revision, j.hash, j.body FROM ".to_owned();
    let order = match (&query.about, query.changes_only) {
        (Some(_), changes_only) => {
            sql += "record_subjects s CROSS JOIN journal j USING (revision) WHERE s.subject = ? AND s.revision BETWEEN ? AND ?";
            if changes_only {
                sql += " AND j.changes = 1";
            }
            "s.revision"
        }
        (None, true) => {
            sql += "journal j INDEXED BY journal_changes WHERE j.changes = 1 AND j.revision BETWEEN ? AND ?";
            "j.revision"
        }
        (None, false) => {
            sql += "journal j WHERE j.revision BETWEEN ? AND ?";
            "j.revision"
        }
    };
    if query.from.is_some() {
        sql += " AND j.at >= ?";
    }
    if query.until.is_some() {
        sql += " AND j.at < ?";
    }
    sql += " ORDER BY ";
    sql += order;
    sql += if query.newest_first { " DESC LIMIT ?" } else { " LIMIT ?" };
    sql
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RequestId, Revision, Timestamp};
    use crate::store::Subject;
    use crate::store::sqlite::schema::plan_of;

    #[test]
    fn no_query_reads_records_that_it_does_not_want() {
        let about = RecordQuery::about(Subject::Request(RequestId::from_u128(1)), 5);
        let oldest_first = RecordQuery { newest_first: false, ..about.clone() };
        let timed = RecordQuery { from: Some(Timestamp::EPOCH), until: Some(Timestamp::MAX), ..about.clone() };
        for query in [about, oldest_first, timed] {
            let plan = plan_of(&sql(&query));
            assert!(
                plan[0].contains("SEARCH s USING PRIMARY KEY (subject=? AND revision>? AND revision<?)"),
                "{plan:?}"
            );
            assert!(plan[1].contains("USING INTEGER PRIMARY KEY (rowid=?)"), "{plan:?}");
            assert_eq!(plan.len(), 2, "{plan:?}");
        }
        let changes = plan_of(&sql(&RecordQuery::changes_after(Revision::ZERO, 5)));
        assert!(changes[0].contains("USING INDEX journal_changes (revision>? AND revision<?)"), "{changes:?}");
        let all = plan_of(&sql(&RecordQuery::after(Revision::ZERO, 5)));
        assert!(all[0].contains("USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"), "{all:?}");
        let times = plan_of(BETWEEN);
        assert!(times[0].contains("USING COVERING INDEX journal_by_time (at>? AND at<?)"), "{times:?}");
    }
}
