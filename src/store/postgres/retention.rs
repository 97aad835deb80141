//! Which old records may be removed, and how they are.

use std::collections::BTreeMap;

use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Fault;
use super::link::Statement;
use super::session::Session;
use super::{about, journal, read};
use crate::model::{DelegationId, GrantId, Removal, RequestId, Revision, Timestamp};
use crate::store::columns::{instant, int, revision};
use crate::store::ending::{Ending, Over, told_by_then};
use crate::store::retention::check_removal;
use crate::store::topics::{Bits, place_of, revision_of};
use crate::store::{Head, Removable, RemovalLimits, Subject};

/// What may be removed now.
pub(super) fn removable(
    session: &Session<'_>,
    schema: &str,
    limits: &RemovalLimits,
) -> Result<Option<Removable>, Fault> {
    let head = session.head()?;
    let (old, floor) = (last_before(session, limits.before)?, last_before(session, limits.floor)?);
    let Some(last) = limits.last(&head, old, floor, needed(session, limits.now)?) else { return Ok(None) };
    let Some((hash, until)) = place(session, last)? else {
        return Err(Fault::corrupt(format!("record {last} is missing")));
    };
    let latest = over(session, last)?.latest;
    let complete_from = match place(session, latest)? {
        Some((_, at)) if latest > last => at.max(until),
        _ => until,
    };
    let told = read::standings(session)?;
    let standing =
        told_by_then(told, last, |query| journal::records(session, schema, query).map(|(_, records)| records))?;
    let hash = hash.parse().map_err(|_| Fault::corrupt("a hash cannot be read"))?;
    Ok(Some(Removable { decided_from: head.revision, last, hash, until, complete_from, standing }))
}

/// The hash and the instant of a record.
fn place(session: &Session<'_>, record: Revision) -> Result<Option<(String, Timestamp)>, Fault> {
    let found = session.first("SELECT hash, at FROM journal WHERE revision = $1", &[&int(record)])?;
    found.map(|row| Ok((row.try_get(0)?, instant(row.try_get(1)?)?))).transpose()
}

/// The last record that is before this instant together with all before it.
fn last_before(session: &Session<'_>, at: Timestamp) -> Result<Revision, Fault> {
    // Records are in the order of their instants, unless somebody has said that the clock is right.
    let sql = match session.head()?.clock {
        Some(_) => "SELECT min(revision) FROM journal WHERE at >= $1",
        None => "SELECT (SELECT revision FROM journal WHERE at >= $1 ORDER BY at, revision LIMIT 1)",
    };
    Ok(match number(session, sql, at)? {
        Some(first) => Revision(first.0.saturating_sub(1)),
        None => session.head()?.revision,
    })
}

fn number(session: &Session<'_>, sql: &str, at: Timestamp) -> Result<Option<Revision>, Fault> {
    let found = session.first(sql, &[&at.millis()])?;
    let found: Option<i64> = found.map(|row| row.try_get(0)).transpose()?.flatten();
    Ok(found.map(revision).transpose()?)
}

/// The first record that tells of something live or pending.
pub(super) fn needed(session: &Session<'_>, now: Timestamp) -> Result<Option<Revision>, Fault> {
    number(session, NEEDED, now)
}

/// Of a chain of extensions all is needed from its first request on.
const NEEDED: &str = "SELECT min(created) FROM (
    SELECT min(created) AS created FROM requests WHERE state IN ('pending', 'needs_info')
    UNION ALL SELECT min(created) FROM delegations WHERE NOT ended AND ends_at > $1
    UNION ALL SELECT min(g.created) FROM grants g WHERE g.state IN ('open', 'suspended') OR g.unsettled
    UNION ALL SELECT min(r.created) FROM grants g
        LEFT JOIN grants f ON f.id = g.first JOIN requests r ON r.id = coalesce(f.request, g.request)
        WHERE g.state IN ('open', 'suspended') OR g.unsettled) AS first";

/// The rows that are over with the records up to one.
fn over(session: &Session<'_>, last: Revision) -> Result<Over, Fault> {
    let latest = LastAbout::of(session)?;
    let mut ending = Ending::with(last);
    let up_to = int(last);
    for row in session.query(
        "SELECT created, id, coalesce(first, id),
             (SELECT max(l.created) FROM grants l WHERE l.first = coalesce(g.first, g.id)) FROM grants g WHERE created <= $1",
        &[&up_to],
    )? {
        let about = latest.about(&Subject::Grant(GrantId::from_u128(id(&row, 1)?)));
        ending.grant(row.try_get(0)?, id(&row, 2)?, about.max(later(&row, 3)?));
    }
    for row in session.query(
        "SELECT r.created, r.id, coalesce(g.first, g.id, r.id), g.created FROM requests r
         LEFT JOIN grants g ON g.request = r.id WHERE r.created <= $1",
        &[&up_to],
    )? {
        let about = latest.about(&Subject::Request(RequestId::from_u128(id(&row, 1)?)));
        ending.request(row.try_get(0)?, id(&row, 2)?, about.max(later(&row, 3)?));
    }
    for row in session.query("SELECT created, id FROM delegations WHERE created <= $1", &[&up_to])? {
        let about = latest.about(&Subject::Delegation(DelegationId::from_u128(id(&row, 1)?)));
        ending.delegation(row.try_get(0)?, about);
    }
    Ok(ending.over())
}

fn id(row: &Row, column: usize) -> Result<u128, Fault> {
    Ok(row.try_get::<_, Uuid>(column)?.as_u128())
}

fn later(row: &Row, column: usize) -> Result<Revision, Fault> {
    let later: Option<i64> = row.try_get(column)?;
    Ok(later.map(revision).transpose()?.unwrap_or_default())
}

/// The last record about each thing.
struct LastAbout(BTreeMap<(String, String), Revision>);

impl LastAbout {
    fn of(session: &Session<'_>) -> Result<Self, Fault> {
        let mut last = BTreeMap::new();
        for row in session.query(
            "SELECT DISTINCT ON (t.id) t.kind, t.name, r.block, r.bits FROM topics t JOIN record_topics r ON r.topic = t.id
             WHERE t.kind IN ('request', 'grant', 'delegation') ORDER BY t.id, r.block DESC",
            &[],
        )? {
            let block: i64 = row.try_get(2)?;
            let place = about::bits_in(block, row.try_get(3)?)?.last().unwrap_or_default();
            last.insert((row.try_get(0)?, row.try_get(1)?), revision_of(block.cast_unsigned(), place));
        }
        Ok(Self(last))
    }

    fn about(&self, subject: &Subject) -> Revision {
        let (kind, name) = match subject {
            Subject::Request(id) => ("request", id.to_string()),
            Subject::Grant(id) => ("grant", id.to_string()),
            Subject::Delegation(id) => ("delegation", id.to_string()),
            Subject::Principal(_) | Subject::Store => return Revision::ZERO,
        };
        self.0.get(&(kind.to_owned(), name)).copied().unwrap_or_default()
    }
}

/// Removes the records that the batch says are removed, in the transaction in which that is written, and with them what has no
/// other records. `before` is the head before it, and the head that says so is written already.
pub(super) fn remove(session: &Session<'_>, removal: &Removal, before: &Head, now: Timestamp) -> Result<(), Fault> {
    let last = removal.last;
    let hash = place(session, last)?.and_then(|(hash, _)| hash.parse().ok());
    check_removal(removal, before, needed(session, now)?, hash)?;
    let over = over(session, last)?;
    let (block, place) = place_of(last);
    let (mut topics, mut shorter): (Vec<i64>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    let mut empty: Vec<i64> = Vec::new();
    for row in session.query("SELECT topic, bits FROM record_topics WHERE block = $1", &[&block.cast_signed()])? {
        let mut bits: Bits = about::bits_in(block.cast_signed(), row.try_get(1)?)?;
        if !bits.remove(place) {
            continue;
        }
        if bits.is_empty() {
            empty.push(row.try_get(0)?);
        } else {
            topics.push(row.try_get(0)?);
            shorter.push(bits.to_bytes());
        }
    }
    let rows = |sql: &'static str, created: &[i64]| Statement { sql, params: vec![Box::new(created.to_vec())] };
    let block = block.cast_signed();
    session.execute_all(&[
        rows("DELETE FROM grant_uses WHERE created = ANY($1)", &over.grants),
        rows("DELETE FROM grant_approvers WHERE created = ANY($1)", &over.grants),
        rows("DELETE FROM request_approvers WHERE created = ANY($1)", &over.requests),
        rows("DELETE FROM grants WHERE created = ANY($1)", &over.grants),
        rows("DELETE FROM requests WHERE created = ANY($1)", &over.requests),
        rows("DELETE FROM delegations WHERE created = ANY($1)", &over.delegations),
        Statement { sql: "DELETE FROM journal WHERE revision <= $1", params: vec![Box::new(int(last))] },
        Statement { sql: "DELETE FROM record_topics WHERE block < $1", params: vec![Box::new(block)] },
        Statement {
            sql: "DELETE FROM record_topics WHERE block = $1 AND topic = ANY($2)",
            params: vec![Box::new(block), Box::new(empty)],
        },
        Statement {
            sql:
                "UPDATE record_topics r SET bits = new.bits FROM unnest($2::bigint[], $3::bytea[]) AS new (topic, bits)
                  WHERE r.block = $1 AND r.topic = new.topic",
            params: vec![Box::new(block), Box::new(topics), Box::new(shorter)],
        },
        Statement {
            sql: "DELETE FROM topics t WHERE NOT EXISTS (SELECT 1 FROM record_topics r WHERE r.topic = t.id)",
            params: Vec::new(),
        },
        // Keys are kept for days, and what goes here is older.
        Statement {
            sql: "WITH gone AS (DELETE FROM idempotency WHERE at <= $1 RETURNING 1)
                  UPDATE head SET keys = keys - (SELECT count(*) FROM gone)",
            params: vec![Box::new(removal.until.millis())],
        },
    ])?;
    Ok(())
}
