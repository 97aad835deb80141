//! Which old records may be removed, and their removal.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::error::Fault;
use super::kept::walk;
use super::rows::{self, int};
use super::{about, journal, outbox, read, standings};
use crate::model::{DelegationId, GrantId, Removal, RequestId, Revision, Timestamp, Topic};
use crate::store::ending::{Ending, Over, told_by_then};
use crate::store::retention::check_removal;
use crate::store::topics::{Bits, place_of, revision_of};
use crate::store::{Head, Removable, RemovalLimits, Subject};

/// The records that may be removed now.
pub(super) fn removable(connection: &Connection, limits: &RemovalLimits) -> Result<Option<Removable>, Fault> {
    let head = read::head(connection)?;
    let old = last_before(connection, &head, limits.before)?;
    let floor = last_before(connection, &head, limits.floor)?;
    let needed = needed(connection, limits.now)?;
    let Some(last) = limits.last(&head, old, floor, needed) else { return Ok(None) };
    let Some((hash, until)) = place(connection, last)? else {
        return Err(Fault::corrupt(format!("record {last} is missing")));
    };
    let latest = over(connection, last)?.latest;
    let complete_from = match place(connection, latest)? {
        Some((_, at)) if latest > last => at.max(until),
        _ => until,
    };
    let told = standings::all(connection)?;
    let standing = told_by_then(told, last, |query| journal::records(connection, query).map(|(_, records)| records))?;
    let hash = hash.parse().map_err(|_| Fault::corrupt("a hash cannot be read"))?;
    Ok(Some(Removable { decided_from: head.revision, last, hash, until, complete_from, standing }))
}

/// The hash and the instant of a record.
fn place(connection: &Connection, revision: Revision) -> Result<Option<(String, Timestamp)>, Fault> {
    let mut found = None;
    walk(connection, &(revision.0..=revision.0), false, &mut |kept| {
        found = kept.hash.map(|hash| Ok::<_, Fault>((hash.to_owned(), rows::instant(kept.at)?))).transpose()?;
        Ok(false)
    })?;
    Ok(found)
}

/// The last record before which, itself included, all records are before this instant.
fn last_before(connection: &Connection, head: &Head, at: Timestamp) -> Result<Revision, Fault> {
    let one = |sql: &str| -> Result<Option<i64>, Fault> {
        Ok(connection.prepare_cached(sql)?.query_row([at.millis()], |row| row.get(0)).optional()?.flatten())
    };
    // Records are in the order of their instants, unless an operator has confirmed an earlier clock.
    let (alone, together) = if head.clock.is_some() {
        ("SELECT min(revision) FROM journal WHERE at >= ?", "SELECT min(first) FROM packs WHERE ended >= ?")
    } else {
        (
            "SELECT revision FROM journal INDEXED BY journal_by_time WHERE at >= ? ORDER BY at, revision LIMIT 1",
            "SELECT first FROM packs INDEXED BY packs_by_end WHERE ended >= ? ORDER BY ended, first LIMIT 1",
        )
    };
    let first = one(alone)?.into_iter().chain(one(together)?).min();
    Ok(match first {
        Some(first) => Revision(rows::revision(first)?.0.saturating_sub(1)),
        None => head.revision,
    })
}

/// The first record about something live or pending.
fn needed(connection: &Connection, now: Timestamp) -> Result<Option<Revision>, Fault> {
    let first: Option<i64> = connection.prepare_cached(NEEDED)?.query_row([now.millis()], |row| row.get(0))?;
    Ok(first.map(rows::revision).transpose()?)
}

/// A chain of extensions is needed completely, from its first request on.
const NEEDED: &str = "SELECT min(created) FROM (
    SELECT min(created) AS created FROM requests WHERE state IN ('pending', 'needs_info')
    UNION ALL SELECT min(created) FROM delegations WHERE ended = 0 AND ends_at > ?
    UNION ALL SELECT min(g.created) FROM grants g WHERE g.state IN ('open', 'suspended') OR g.unsettled = 1
    UNION ALL SELECT min(r.created) FROM grants g
        LEFT JOIN grants f ON f.id = g.first JOIN requests r ON r.id = coalesce(f.request, g.request)
        WHERE g.state IN ('open', 'suspended') OR g.unsettled = 1)";

/// The rows that end with the records up to one.
fn over(connection: &Connection, last: Revision) -> Result<Over, Fault> {
    let mut ending = Ending::with(last);
    let mut grants = connection.prepare_cached(
        "SELECT created, id, coalesce(first, id), (SELECT max(l.created) FROM grants l WHERE l.first = coalesce(g.first, g.id))
         FROM grants g WHERE created <= ?",
    )?;
    let mut found = grants.query([int(last)])?;
    while let Some(row) = found.next()? {
        let about = last_about(connection, Subject::Grant(GrantId::from_u128(id(row, 1)?)))?;
        ending.grant(row.get(0)?, id(row, 2)?, about.max(later(row, 3)?));
    }
    let mut requests = connection.prepare_cached(
        "SELECT r.created, r.id, coalesce(g.first, g.id, r.id), g.created FROM requests r
         LEFT JOIN grants g ON g.request = r.id WHERE r.created <= ?",
    )?;
    let mut found = requests.query([int(last)])?;
    while let Some(row) = found.next()? {
        let about = last_about(connection, Subject::Request(RequestId::from_u128(id(row, 1)?)))?;
        ending.request(row.get(0)?, id(row, 2)?, about.max(later(row, 3)?));
    }
    let mut delegations = connection.prepare_cached("SELECT created, id FROM delegations WHERE created <= ?")?;
    let mut found = delegations.query([int(last)])?;
    while let Some(row) = found.next()? {
        let about = last_about(connection, Subject::Delegation(DelegationId::from_u128(id(row, 1)?)))?;
        ending.delegation(row.get(0)?, about);
    }
    Ok(ending.over())
}

fn id(row: &Row<'_>, column: usize) -> Result<u128, Fault> {
    Ok(u128::from_be_bytes(row.get(column)?))
}

fn later(row: &Row<'_>, column: usize) -> Result<Revision, Fault> {
    let later: Option<i64> = row.get(column)?;
    Ok(later.map(rows::revision).transpose()?.unwrap_or_default())
}

/// The last record about this subject.
pub(super) fn last_about(connection: &Connection, subject: Subject) -> Result<Revision, Fault> {
    let Some(key) = about::key(connection, &Topic::Subject(subject))? else { return Ok(Revision::ZERO) };
    let mut statement = connection
        .prepare_cached("SELECT block, bits FROM record_topics WHERE topic = ? ORDER BY block DESC LIMIT 1")?;
    let mut found = statement.query([key])?;
    let Some(row) = found.next()? else { return Ok(Revision::ZERO) };
    let (block, bits) = about::set(row)?;
    Ok(bits.last().map_or(Revision::ZERO, |place| revision_of(block, place)))
}

/// Removes the records of the removal in this batch, in the transaction that writes it, and the rows without other
/// records. `before` is the head before the batch; the head with the removal is already written.
pub(super) fn remove(
    transaction: &Transaction<'_>,
    removal: &Removal,
    before: &Head,
    now: Timestamp,
) -> Result<(), Fault> {
    let last = removal.last;
    let hash = place(transaction, last)?.and_then(|(hash, _)| hash.parse().ok());
    check_removal(removal, before, needed(transaction, now)?, hash)?;
    let over = over(transaction, last)?;
    let delete = |table: &str, created: &[i64]| -> Result<(), Fault> {
        let mut statement = transaction.prepare_cached(&format!("DELETE FROM {table} WHERE created = ?"))?;
        for created in created {
            statement.execute([created])?;
        }
        Ok(())
    };
    delete("grant_uses", &over.grants)?;
    delete("grants", &over.grants)?;
    delete("requests", &over.requests)?;
    for (approvers, rows) in [("grant_approvers", "grants"), ("request_approvers", "requests")] {
        // It reads all of them once, which costs less than an index by rows would cost every request.
        let left = format!("SELECT 1 FROM {rows} WHERE {rows}.created = {approvers}.created");
        transaction.execute(&format!("DELETE FROM {approvers} WHERE NOT EXISTS ({left})"), [])?;
    }
    delete("delegations", &over.delegations)?;
    transaction.execute("DELETE FROM journal WHERE revision <= ?", [int(last)])?;
    transaction.execute("DELETE FROM packs WHERE last <= ?", [int(last)])?;
    forget_topics(transaction, last)?;
    // Keys are kept for days, and the removed records are older.
    outbox::forget_keys(transaction, removal.until.millis().saturating_add(1), i64::MAX)?;
    Ok(())
}

/// Removes the topics of the removed records. It reads all sets once, which costs less than an index by blocks would
/// cost every use.
fn forget_topics(transaction: &Transaction<'_>, last: Revision) -> Result<(), Fault> {
    let (block, place) = place_of(last);
    transaction.execute("DELETE FROM record_topics WHERE block < ?", [block.cast_signed()])?;
    let mut shorter: Vec<(i64, Bits)> = Vec::new();
    {
        let mut sets = transaction.prepare_cached("SELECT block, bits, topic FROM record_topics WHERE block = ?")?;
        let mut found = sets.query([block.cast_signed()])?;
        while let Some(row) = found.next()? {
            let (_, mut bits) = about::set(row)?;
            if bits.remove(place) {
                shorter.push((row.get(2)?, bits));
            }
        }
    }
    for (topic, bits) in shorter {
        if bits.is_empty() {
            transaction
                .execute("DELETE FROM record_topics WHERE topic = ? AND block = ?", [topic, block.cast_signed()])?;
        } else {
            transaction.execute(
                "UPDATE record_topics SET bits = ? WHERE topic = ? AND block = ?",
                params![bits.to_bytes(), topic, block.cast_signed()],
            )?;
        }
    }
    transaction
        .execute("DELETE FROM topics WHERE NOT EXISTS (SELECT 1 FROM record_topics WHERE topic = topics.id)", [])?;
    Ok(())
}

/// Checks that nothing is in force that only a removed record contains.
pub(super) fn check_in_force(connection: &Connection, removed: Revision, now: Timestamp) -> Result<(), Fault> {
    match needed(connection, now)? {
        Some(needed) if needed <= removed => {
            Err(Fault::corrupt(format!("something in force was made by record {needed}, which is removed")))
        }
        _ => Ok(()),
    }
}
