//! Which notices are leased to be planned, and how long rows are kept.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::Fault;
use super::read::{self, int_of};
use super::rows::{instant, int, revision};
use super::{compress, deliveries, refusals, schema};
use crate::model::{Revision, Timestamp};
use crate::store::outbox::DAY_MILLIS;
use crate::store::{Gathers, KEY_DAYS, Leased, MAX_NOTICES, Message, NOTICE_DAYS, NewDelivery, UNSENT_DAYS};

/// How many old rows one transaction removes at most, so that no commit has to remove those of a whole month.
const CLEARED: i64 = 1_000;

/// Whether a lease would return anything. It is read first, so that an idle worker never takes the write lock.
pub(super) fn has_due(connection: &Connection, now: Timestamp) -> Result<bool, Fault> {
    let found = connection
        .prepare_cached("SELECT 1 FROM notices WHERE next_at <= ? LIMIT 1")?
        .query_row(params![now.millis()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Writes the notices.
pub(super) fn queue(transaction: &Transaction<'_>, messages: &[Message], at: Timestamp) -> Result<(), Fault> {
    if messages.is_empty() {
        return Ok(());
    }
    let mut insert = transaction.prepare_cached(
        "INSERT INTO notices (kind, body, pressed, at, due_at, next_at, gathers, apart, after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8)",
    )?;
    for Message { kind, body, due, gathers } in messages {
        let (mut due, mut after) = (due.unwrap_or(at).millis(), Revision::ZERO);
        if let Some(gathers) = gathers
            && let Some(last) = last_gathering(transaction, gathers)?
        {
            // While one waits, this one is not written.
            let Some(until) = last.until else { continue };
            due = due.max(last.due.saturating_add(gathers.apart_millis)).min(Timestamp::MAX.millis());
            after = until;
        }
        let (key, apart) = gathers.as_ref().map(|one| (&one.key, one.apart_millis)).unzip();
        let (body, pressed) = compress::columns(compress::Kind::Notice, body);
        insert.execute(params![kind, body, pressed, at.millis(), due, key, apart, int(after)])?;
    }
    forget_old(transaction, at)?;
    Ok(())
}

struct Gathering {
    due: i64,
    until: Option<Revision>,
}

/// The last notice of this sort.
fn last_gathering(transaction: &Transaction<'_>, gathers: &Gathers) -> Result<Option<Gathering>, Fault> {
    let found = transaction
        .prepare_cached("SELECT due_at, until FROM notices WHERE gathers = ? ORDER BY id DESC LIMIT 1")?
        .query_row(params![gathers.key], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?)))
        .optional()?;
    found.map(|(due, until)| Ok(Gathering { due, until: until.map(revision).transpose()? })).transpose()
}

pub(super) fn lease(
    transaction: &Transaction<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Leased>, Fault> {
    let head = read::head(transaction)?.revision;
    let mut leased = transaction
        .prepare_cached(
            "UPDATE notices SET next_at = ?2, attempt = attempt + 1, until = coalesce(until, ?4)
             WHERE id IN (SELECT id FROM notices WHERE next_at <= ?1 ORDER BY id LIMIT ?3)
             RETURNING id, attempt, kind, coalesce(pressed, body), at, due_at, gathers, apart, after, until",
        )?
        .query_and_then(params![now.millis(), until.millis(), int_of(limit), int(head)], |row| {
            let key: Option<String> = row.get(6)?;
            let apart: Option<i64> = row.get(7)?;
            let due = instant(row.get(5)?)?;
            Ok(Leased {
                id: row.get::<_, i64>(0)?.cast_unsigned(),
                attempt: u32::try_from(row.get::<_, i64>(1)?).unwrap_or(u32::MAX),
                message: Message {
                    kind: row.get(2)?,
                    body: compress::form(row, 3)?.into_owned(),
                    due: Some(due),
                    gathers: key.zip(apart).map(|(key, apart_millis)| Gathers { key, apart_millis }),
                },
                at: instant(row.get(4)?)?,
                due,
                after: revision(row.get(8)?)?,
                until: revision(row.get(9)?)?,
            })
        })?
        .collect::<Result<Vec<_>, Fault>>()?;
    // RETURNING promises no order.
    leased.sort_by_key(|leased| leased.id);
    Ok(leased)
}

pub(super) fn plan(
    transaction: &Transaction<'_>,
    id: u64,
    body: &str,
    new: &[NewDelivery],
    now: Timestamp,
) -> Result<bool, Fault> {
    let Ok(id) = i64::try_from(id) else { return Ok(false) };
    let (text, pressed) = compress::columns(compress::Kind::Notice, body);
    let kind: Option<String> = transaction
        .prepare_cached(
            "UPDATE notices SET next_at = NULL, body = ?, pressed = ? WHERE id = ? AND next_at IS NOT NULL RETURNING kind",
        )?
        .query_row(params![text, pressed, id], |row| row.get(0))
        .optional()?;
    let Some(kind) = kind else { return Ok(false) };
    for delivery in new {
        deliveries::insert(transaction, &delivery.delivery(id.cast_unsigned(), &kind, now))?;
    }
    Ok(true)
}

pub(super) fn waiting(connection: &Connection, now: Timestamp) -> Result<u64, Fault> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM notices WHERE next_at IS NOT NULL AND due_at <= ?")?
        .query_row(params![now.millis()], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// Removes expired rows; returns how many notices and keys.
pub(super) fn forget_old(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, Fault> {
    let newest: i64 =
        transaction.prepare_cached("SELECT coalesce(max(id), 0) FROM notices")?.query_row([], |row| row.get(0))?;
    let before = |days: i64| now.millis().saturating_sub(days * DAY_MILLIS);
    let far = newest.saturating_sub(i64::try_from(MAX_NOTICES).unwrap_or(i64::MAX));
    let notices = [
        // The deliveries are removed with their notice.
        ("DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE id <= ?1 ORDER BY id LIMIT ?2)", far),
        (
            "DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE due_at < ?1 ORDER BY due_at LIMIT ?2)",
            before(UNSENT_DAYS),
        ),
        (
            "DELETE FROM notices WHERE id IN (SELECT id FROM notices n WHERE due_at < ?1 AND NOT EXISTS
                 (SELECT 1 FROM deliveries d WHERE d.notice = n.id AND d.state IN ('waiting', 'failed'))
             ORDER BY due_at LIMIT ?2)",
            before(NOTICE_DAYS),
        ),
    ];
    let mut removed = refusals::forget_old(transaction, now)?;
    for (sql, bound) in notices {
        removed += transaction.prepare_cached(sql)?.execute(params![bound, CLEARED])?;
    }
    Ok(removed + forget_keys(transaction, before(KEY_DAYS), CLEARED)?)
}

/// Removes so many idempotency keys that are older than this instant; returns how many.
pub(super) fn forget_keys(transaction: &Transaction<'_>, before: i64, most: i64) -> Result<usize, Fault> {
    let removed = transaction
        .prepare_cached(
            "DELETE FROM idempotency WHERE (caller_kind, caller, key) IN
                 (SELECT caller_kind, caller, key FROM idempotency WHERE at < ? ORDER BY at LIMIT ?)",
        )?
        .execute(params![before, most])?;
    if removed > 0 {
        schema::count_keys(transaction, -i64::try_from(removed).unwrap_or(i64::MAX))?;
    }
    Ok(removed)
}
