//! Who delivers which message until when.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::Fault;
use super::read::int_of;
use crate::model::Timestamp;
use crate::store::{Delivery, Leased, Message};

/// Whether a lease would give anything out. Asked first, so that an idle worker never takes the write lock.
pub(super) fn has_due(connection: &Connection, now: Timestamp) -> Result<bool, Fault> {
    let found = connection
        .prepare_cached("SELECT 1 FROM outbox WHERE due_at <= ? LIMIT 1")?
        .query_row(params![now.millis()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

pub(super) fn lease(
    transaction: &Transaction<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Leased>, Fault> {
    let mut leased = transaction
        .prepare_cached(
            "UPDATE outbox SET due_at = ?2, attempt = attempt + 1
             WHERE id IN (SELECT id FROM outbox WHERE due_at <= ?1 ORDER BY id LIMIT ?3)
             RETURNING id, attempt, topic, body",
        )?
        .query_map(params![now.millis(), until.millis(), int_of(limit)], |row| {
            let id: i64 = row.get(0)?;
            let attempt: i64 = row.get(1)?;
            Ok(Leased {
                id: u64::try_from(id).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, id))?,
                attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
                message: Message { topic: row.get(2)?, body: row.get(3)? },
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    // RETURNING promises no order.
    leased.sort_by_key(|leased| leased.id);
    Ok(leased)
}

/// What is delivered or given up stays so, whatever a late worker says.
pub(super) fn settle(transaction: &Transaction<'_>, id: u64, delivery: Delivery) -> Result<(), Fault> {
    let Ok(id) = i64::try_from(id) else { return Ok(()) };
    match delivery {
        Delivery::Delivered => transaction
            .prepare_cached("DELETE FROM outbox WHERE id = ? AND due_at IS NOT NULL")?
            .execute(params![id])?,
        Delivery::Undeliverable => transaction
            .prepare_cached("UPDATE outbox SET due_at = NULL WHERE id = ? AND due_at IS NOT NULL")?
            .execute(params![id])?,
        Delivery::RetryAt(at) => transaction
            .prepare_cached("UPDATE outbox SET due_at = ? WHERE id = ? AND due_at IS NOT NULL")?
            .execute(params![at.millis(), id])?,
    };
    Ok(())
}
