//! The deliveries of notices: who sends which one until when, and what became of it.

use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Fault;
use super::link::Statement;
use super::session::Session;
use super::text::{given, kept};
use crate::model::{ChannelCount, Delivery, DeliveryId, DeliveryState, Principal, PrincipalKind, Recipient, Timestamp};
use crate::store::columns::{instant, int_of};
use crate::store::{DeliveryPage, LeasedDelivery, NumberedDelivery, Settled};

/// What [`delivery_in`] reads.
const COLUMNS: &str =
    "d.number, d.id, d.notice, d.kind, d.channel, d.person_kind, d.person, d.address, d.zone, d.digest, d.thread, d.state,
    d.attempts, d.made_at, d.next_at, d.settled_at, d.last_error";

fn delivery_in(row: &Row) -> Result<NumberedDelivery, Fault> {
    let text = |column: usize| row.try_get::<_, &str>(column);
    let state = text(11)?;
    let state = DeliveryState::ALL.into_iter().find(|one| one.name() == state);
    let id = DeliveryId::from_u128(row.try_get::<_, Uuid>(1)?.as_u128());
    let damaged = |e: &dyn std::fmt::Display| Fault::corrupt(format!("delivery {id}: {e}"));
    let (kind, name, address) = (text(5)?, text(6)?, text(7)?);
    let kinds = [PrincipalKind::User, PrincipalKind::Agent];
    let person = match kinds.into_iter().find(|known| known.name() == kind) {
        Some(kind) => Some(Principal::new(kind, name).map_err(|e| damaged(&e))?),
        None => None,
    };
    let at = |column: usize| Ok::<_, Fault>(row.try_get::<_, Option<i64>>(column)?.map(instant).transpose()?);
    let address = (!address.is_empty()).then(|| given(address.to_owned()));
    let delivery = Delivery {
        id,
        notice: row.try_get::<_, i64>(2)?.cast_unsigned(),
        kind: given(row.try_get(3)?),
        channel: given(row.try_get(4)?),
        recipient: Recipient { person, address, zone: row.try_get(8)? },
        digest: row.try_get(9)?,
        thread: row.try_get::<_, Option<String>>(10)?.map(given),
        state: state.ok_or_else(|| damaged(&"its state is unknown"))?,
        attempts: u32::try_from(row.try_get::<_, i64>(12)?).unwrap_or(u32::MAX),
        made_at: instant(row.try_get(13)?)?,
        next_at: at(14)?,
        settled_at: at(15)?,
        last_error: row.try_get::<_, Option<String>>(16)?.map(given),
    };
    Ok((row.try_get::<_, i64>(0)?.cast_unsigned(), delivery))
}

/// A person's kind, name and address as they are kept.
fn recipient_columns(recipient: &Recipient) -> (&str, &str, &str) {
    let person = recipient.person.as_ref();
    let (kind, name) = person.map_or(("", ""), |person| (person.kind().name(), person.id()));
    (kind, name, recipient.address.as_deref().unwrap_or_default())
}

const fn key(id: DeliveryId) -> Uuid {
    Uuid::from_u128(id.as_u128())
}

fn some_kept(text: Option<&str>) -> Option<String> {
    text.map(|text| kept(text).into_owned())
}

pub(super) fn insert(one: &Delivery) -> Statement<'_> {
    let (person_kind, person, address) = recipient_columns(&one.recipient);
    Statement {
        sql: "INSERT INTO deliveries (id, notice, kind, channel, person_kind, person, address, zone, digest, thread, state,
                  attempts, made_at, next_at, settled_at, last_error)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        params: vec![
            Box::new(key(one.id)),
            Box::new(one.notice.cast_signed()),
            Box::new(kept(&one.kind)),
            Box::new(kept(&one.channel)),
            Box::new(person_kind),
            Box::new(person),
            Box::new(kept(address)),
            Box::new(one.recipient.zone.as_ref().map(ToString::to_string)),
            Box::new(one.digest),
            Box::new(some_kept(one.thread.as_deref())),
            Box::new(one.state.name()),
            Box::new(i64::from(one.attempts)),
            Box::new(one.made_at.millis()),
            Box::new(one.next_at.map(Timestamp::millis)),
            Box::new(one.settled_at.map(Timestamp::millis)),
            Box::new(some_kept(one.last_error.as_deref())),
        ],
    }
}

/// Whether a lease would give anything out.
pub(super) fn has_due(session: &Session<'_>, channel: &str, now: Timestamp) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM deliveries WHERE channel = $1 AND next_at <= $2 LIMIT 1";
    Ok(session.first(sql, &[&kept(channel), &now.millis()])?.is_some())
}

pub(super) fn lease(
    session: &Session<'_>,
    channel: &str,
    (now, until): (Timestamp, Timestamp),
    limit: usize,
) -> Result<Vec<LeasedDelivery>, Fault> {
    let sql = format!(
        "WITH due AS MATERIALIZED (
             SELECT number FROM deliveries WHERE channel = $1 AND next_at <= $2 ORDER BY next_at, number LIMIT $4
             FOR UPDATE SKIP LOCKED
         )
         UPDATE deliveries d SET next_at = $3, attempts = d.attempts + 1 FROM due WHERE d.number = due.number
         RETURNING {COLUMNS}"
    );
    let found = session.query(&sql, &[&kept(channel), &now.millis(), &until.millis(), &int_of(limit)])?;
    let mut leased = found.iter().map(delivery_in).collect::<Result<Vec<_>, Fault>>()?;
    // RETURNING promises no order.
    leased.sort_by_key(|(number, _)| *number);
    let with_body = |(_, delivery): NumberedDelivery| {
        let body = body_of(session, delivery.notice)?;
        Ok(LeasedDelivery { body, reference: reference(session, &delivery)?, delivery })
    };
    leased.into_iter().map(with_body).collect()
}

fn body_of(session: &Session<'_>, notice: u64) -> Result<String, Fault> {
    let found = session.first("SELECT body FROM notices WHERE id = $1", &[&notice.cast_signed()])?;
    let row = found.ok_or_else(|| Fault::corrupt(format!("notice {notice} is missing, and has deliveries")))?;
    Ok(given(row.try_get(0)?))
}

fn reference(session: &Session<'_>, of: &Delivery) -> Result<Option<String>, Fault> {
    let Some(thread) = &of.thread else { return Ok(None) };
    let (kind, person, address) = recipient_columns(&of.recipient);
    let found = session.first(
        "SELECT reference FROM deliveries
         WHERE thread = $1 AND channel = $2 AND person = $3 AND address = $4 AND person_kind = $5
           AND reference IS NOT NULL
         ORDER BY number LIMIT 1",
        &[&kept(thread), &kept(&of.channel), &person, &kept(address), &kind],
    )?;
    let found: Option<String> = found.map(|row| row.try_get(0)).transpose()?;
    Ok(found.map(given))
}

/// What is not waiting stays so, whatever a late worker says.
pub(super) fn settle(session: &Session<'_>, id: DeliveryId, settled: &Settled, now: Timestamp) -> Result<(), Fault> {
    let (state, next_at, error, reference) = match settled {
        Settled::Sent { reference } => (DeliveryState::Sent, None, None, reference.as_deref()),
        Settled::RetryAt { at, error } => (DeliveryState::Waiting, Some(at.millis()), Some(error.as_str()), None),
        Settled::Failed { error } => (DeliveryState::Failed, None, Some(error.as_str()), None),
    };
    let settled_at = next_at.is_none().then_some(now.millis());
    session.execute(
        "UPDATE deliveries SET state = $1, next_at = $2, settled_at = $3, last_error = $4, reference = $5
         WHERE id = $6 AND state = 'waiting'",
        vec![
            Box::new(state.name()),
            Box::new(next_at),
            Box::new(settled_at),
            Box::new(some_kept(error)),
            Box::new(some_kept(reference)),
            Box::new(key(id)),
        ],
    )?;
    Ok(())
}

pub(super) fn one(session: &Session<'_>, id: DeliveryId) -> Result<Option<(Delivery, String)>, Fault> {
    let found = session.first(&format!("SELECT {COLUMNS} FROM deliveries d WHERE id = $1"), &[&key(id)])?;
    let Some(row) = found else { return Ok(None) };
    let (_, delivery) = delivery_in(&row)?;
    let body = body_of(session, delivery.notice)?;
    Ok(Some((delivery, body)))
}

pub(super) fn page(session: &Session<'_>, page: &DeliveryPage) -> Result<Vec<NumberedDelivery>, Fault> {
    let before = page.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
    let limit = int_of(page.limit);
    let (state, channel) = (page.state.map(DeliveryState::name), some_kept(page.channel.as_deref()));
    // Each set of conditions has an index of its own to walk down.
    let sql = format!(
        "SELECT {COLUMNS} FROM deliveries d WHERE number < $1 {} {} ORDER BY number DESC LIMIT $2",
        if state.is_some() { "AND state = $3" } else { "AND $3::text IS NULL" },
        if channel.is_some() { "AND channel = $4" } else { "AND $4::text IS NULL" },
    );
    session.query(&sql, &[&before, &limit, &state, &channel])?.iter().map(delivery_in).collect()
}

pub(super) fn resend(session: &Session<'_>, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, Fault> {
    session.execute(
        "UPDATE deliveries SET state = 'waiting', attempts = 0, next_at = $1, settled_at = NULL WHERE id = $2",
        vec![Box::new(now.millis()), Box::new(key(id))],
    )?;
    Ok(one(session, id)?.map(|(delivery, _)| delivery))
}

pub(super) fn drop_one(session: &Session<'_>, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, Fault> {
    session.execute(
        "UPDATE deliveries SET state = 'dropped', next_at = NULL, settled_at = $1
         WHERE id = $2 AND state IN ('waiting', 'failed')",
        vec![Box::new(now.millis()), Box::new(key(id))],
    )?;
    Ok(one(session, id)?.map(|(delivery, _)| delivery))
}

pub(super) fn counts(session: &Session<'_>) -> Result<Vec<ChannelCount>, Fault> {
    let found = session.query(
        "SELECT channel, count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'failed'),
             max(settled_at) FILTER (WHERE state = 'sent')
         FROM deliveries GROUP BY channel ORDER BY channel",
        &[],
    )?;
    let counts = found.into_iter().map(|row| {
        Ok(ChannelCount {
            channel: given(row.try_get(0)?),
            waiting: row.try_get::<_, i64>(1)?.cast_unsigned(),
            failed: row.try_get::<_, i64>(2)?.cast_unsigned(),
            last_success: row.try_get::<_, Option<i64>>(3)?.map(instant).transpose()?,
        })
    });
    counts.collect()
}
