//! The deliveries of notices: who sends which one until when, and the result.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::compress;
use super::error::Fault;
use super::read::int_of;
use super::rows::instant;
use crate::model::{ChannelCount, Delivery, DeliveryId, DeliveryState, Principal, PrincipalKind, Recipient, Timestamp};
use crate::store::{DeliveryPage, LeasedDelivery, NumberedDelivery, Settled};

/// What [`delivery_in`] reads.
const COLUMNS: &str =
    "number, id, notice, kind, channel, person_kind, person, address, zone, digest, thread, state, attempts,
    made_at, next_at, settled_at, last_error";

fn delivery_in(row: &Row<'_>) -> Result<NumberedDelivery, Fault> {
    let text = |column: usize| row.get::<_, String>(column);
    let state = text(11)?;
    let state = DeliveryState::ALL.into_iter().find(|one| one.name() == state);
    let id = DeliveryId::from_u128(u128::from_be_bytes(row.get(1)?));
    let damaged = |e: &dyn std::fmt::Display| Fault::corrupt(format!("delivery {id}: {e}"));
    let (kind, name, address) = (text(5)?, text(6)?, text(7)?);
    let kinds = [PrincipalKind::User, PrincipalKind::Agent];
    let person = match kinds.into_iter().find(|known| known.name() == kind) {
        Some(kind) => Some(Principal::new(kind, &name).map_err(|e| damaged(&e))?),
        None => None,
    };
    let at = |column: usize| Ok::<_, Fault>(row.get::<_, Option<i64>>(column)?.map(instant).transpose()?);
    let delivery = Delivery {
        id,
        notice: row.get::<_, i64>(2)?.cast_unsigned(),
        kind: text(3)?,
        channel: text(4)?,
        recipient: Recipient { person, address: (!address.is_empty()).then_some(address), zone: row.get(8)? },
        digest: row.get(9)?,
        thread: row.get(10)?,
        state: state.ok_or_else(|| damaged(&"its state is unknown"))?,
        attempts: u32::try_from(row.get::<_, i64>(12)?).unwrap_or(u32::MAX),
        made_at: instant(row.get(13)?)?,
        next_at: at(14)?,
        settled_at: at(15)?,
        last_error: row.get(16)?,
    };
    Ok((row.get::<_, i64>(0)?.cast_unsigned(), delivery))
}

/// The stored kind, name and address of a person.
fn recipient_columns(recipient: &Recipient) -> (&str, &str, &str) {
    let person = recipient.person.as_ref();
    let (kind, name) = person.map_or(("", ""), |person| (person.kind().name(), person.id()));
    (kind, name, recipient.address.as_deref().unwrap_or_default())
}

fn key(id: DeliveryId) -> [u8; 16] {
    id.as_u128().to_be_bytes()
}

pub(super) fn insert(transaction: &Transaction<'_>, one: &Delivery) -> Result<(), Fault> {
    let (person_kind, person, address) = recipient_columns(&one.recipient);
    transaction
        .prepare_cached(
            "INSERT INTO deliveries (id, notice, kind, channel, person_kind, person, address, zone, digest, thread, state,
                 attempts, made_at, next_at, settled_at, last_error)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            key(one.id),
            one.notice.cast_signed(),
            one.kind,
            one.channel,
            person_kind,
            person,
            address,
            one.recipient.zone,
            one.digest,
            one.thread,
            one.state.name(),
            one.attempts,
            one.made_at.millis(),
            one.next_at.map(Timestamp::millis),
            one.settled_at.map(Timestamp::millis),
            one.last_error,
        ])?;
    Ok(())
}

/// Whether a lease would return anything. It is read first, so that an idle worker never takes the write lock.
pub(super) fn has_due(connection: &Connection, channel: &str, now: Timestamp) -> Result<bool, Fault> {
    let found = connection
        .prepare_cached("SELECT 1 FROM deliveries WHERE channel = ? AND next_at <= ? LIMIT 1")?
        .query_row(params![channel, now.millis()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

pub(super) fn lease(
    transaction: &Transaction<'_>,
    channel: &str,
    (now, until): (Timestamp, Timestamp),
    limit: usize,
) -> Result<Vec<LeasedDelivery>, Fault> {
    let sql = format!(
        "UPDATE deliveries SET next_at = ?3, attempts = attempts + 1
         WHERE number IN (SELECT number FROM deliveries WHERE channel = ?1 AND next_at <= ?2 ORDER BY next_at, number LIMIT ?4)
         RETURNING {COLUMNS}"
    );
    let mut leased = transaction
        .prepare_cached(&sql)?
        .query_and_then(params![channel, now.millis(), until.millis(), int_of(limit)], delivery_in)?
        .collect::<Result<Vec<_>, Fault>>()?;
    // RETURNING promises no order.
    leased.sort_by_key(|(number, _)| *number);
    let with_body = |(_, delivery): NumberedDelivery| {
        let body = body_of(transaction, delivery.notice)?;
        Ok(LeasedDelivery { body, reference: reference(transaction, &delivery)?, delivery })
    };
    leased.into_iter().map(with_body).collect()
}

fn body_of(connection: &Connection, notice: u64) -> Result<String, Fault> {
    let mut statement = connection.prepare_cached("SELECT coalesce(pressed, body) FROM notices WHERE id = ?")?;
    let mut found = statement.query(params![notice.cast_signed()])?;
    let row = found.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok(compress::form(row, 0)?.into_owned())
}

fn reference(connection: &Connection, of: &Delivery) -> Result<Option<String>, Fault> {
    let Some(thread) = &of.thread else { return Ok(None) };
    let (kind, person, address) = recipient_columns(&of.recipient);
    let found = connection
        .prepare_cached(
            "SELECT reference FROM deliveries
             WHERE thread = ? AND channel = ? AND person = ? AND address = ? AND person_kind = ? AND reference IS NOT NULL
             ORDER BY number LIMIT 1",
        )?
        .query_row(params![thread, of.channel, person, address, kind], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// A late worker does not change a delivery that no longer waits.
pub(super) fn settle(
    transaction: &Transaction<'_>,
    id: DeliveryId,
    settled: &Settled,
    now: Timestamp,
) -> Result<(), Fault> {
    let (state, next_at, error, reference) = match settled {
        Settled::Sent { reference } => (DeliveryState::Sent, None, None, reference.as_deref()),
        Settled::RetryAt { at, error } => (DeliveryState::Waiting, Some(at.millis()), Some(error), None),
        Settled::Failed { error } => (DeliveryState::Failed, None, Some(error), None),
    };
    let settled_at = next_at.is_none().then_some(now.millis());
    transaction
        .prepare_cached(
            "UPDATE deliveries SET state = ?, next_at = ?, settled_at = ?, last_error = ?, reference = ?
             WHERE id = ? AND state = 'waiting'",
        )?
        .execute(params![state.name(), next_at, settled_at, error, reference, key(id)])?;
    Ok(())
}

pub(super) fn one(connection: &Connection, id: DeliveryId) -> Result<Option<(Delivery, String)>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM deliveries WHERE id = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![key(id)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (_, delivery) = delivery_in(row)?;
    let body = body_of(connection, delivery.notice)?;
    Ok(Some((delivery, body)))
}

pub(super) fn page(connection: &Connection, page: &DeliveryPage) -> Result<Vec<NumberedDelivery>, Fault> {
    let before = page.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
    let limit = int_of(page.limit);
    let channel = page.channel.as_deref();
    let mut statement = connection.prepare_cached(&page_sql(page.state, channel.is_some()))?;
    statement.query_and_then(params![before, limit, channel], delivery_in)?.collect()
}

/// Each set of conditions has its own index. Nearly all deliveries are sent, so these are found by reading all in
/// order.
fn page_sql(state: Option<DeliveryState>, has_channel: bool) -> String {
    let state = state.map_or_else(String::new, |state| format!("AND state = '{}'", state.name()));
    let channel = if has_channel { "AND channel = ?3" } else { "AND ?3 IS NULL" };
    format!("SELECT {COLUMNS} FROM deliveries WHERE number < ?1 {state} {channel} ORDER BY number DESC LIMIT ?2")
}

pub(super) fn resend(transaction: &Transaction<'_>, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, Fault> {
    transaction
        .prepare_cached(
            "UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = ?, settled_at = NULL WHERE id = ?",
        )?
        .execute(params![now.millis(), key(id)])?;
    Ok(one(transaction, id)?.map(|(delivery, _)| delivery))
}

pub(super) fn drop_one(
    transaction: &Transaction<'_>,
    id: DeliveryId,
    now: Timestamp,
) -> Result<Option<Delivery>, Fault> {
    transaction
        .prepare_cached(
            "UPDATE deliveries SET state = 'dropped', next_at = NULL, settled_at = ? WHERE id = ? AND state IN ('waiting', 'failed')",
        )?
        .execute(params![now.millis(), key(id)])?;
    Ok(one(transaction, id)?.map(|(delivery, _)| delivery))
}

pub(super) fn counts(connection: &Connection) -> Result<Vec<ChannelCount>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT channel, count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'failed'),
             max(settled_at) FILTER (WHERE state = 'sent')
         FROM deliveries GROUP BY channel ORDER BY channel",
    )?;
    let counts = statement.query_and_then([], |row| {
        Ok(ChannelCount {
            channel: row.get(0)?,
            waiting: row.get::<_, i64>(1)?.cast_unsigned(),
            failed: row.get::<_, i64>(2)?.cast_unsigned(),
            last_success: row.get::<_, Option<i64>>(3)?.map(instant).transpose()?,
        })
    })?;
    counts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema::plan_of;

    #[test]
    fn a_page_walks_down_what_it_shows() {
        for (state, has_channel, step) in [
            (Some(DeliveryState::Failed), false, "INDEX deliveries_by_state (state=? AND number<?)"),
            (Some(DeliveryState::Failed), true, "INDEX deliveries_by_channel (channel=? AND state=? AND number<?)"),
            (Some(DeliveryState::Sent), true, "INDEX deliveries_by_channel (channel=? AND state=? AND number<?)"),
            (Some(DeliveryState::Sent), false, "INTEGER PRIMARY KEY (rowid<?)"),
            (None, false, "INTEGER PRIMARY KEY (rowid<?)"),
        ] {
            let plan = plan_of(&page_sql(state, has_channel));
            assert!(plan.len() == 1 && plan[0].contains(step), "{state:?}, {has_channel}: {plan:?}");
        }
    }
}
