//! Refused attempts: how they are counted together, listed and removed.

use rusqlite::{Connection, Row, Transaction, params};

use super::error::Fault;
use super::read::int_of;
use super::rows::instant;
use crate::model::{Refused, Timestamp};
use crate::store::columns::{refused_call, refused_call_of, refused_whose};
use crate::store::outbox::DAY_MILLIS;
use crate::store::{MAX_REFUSALS, NumberedRefusal, REFUSAL_DAYS, RefusalPage};

/// How many old rows one transaction removes at most.
const CLEARED: i64 = 1_000;

pub(super) fn add(transaction: &Transaction<'_>, refused: &[Refused]) -> Result<(), Fault> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO refusals (kind, name, acts_for, attempt, code, hour, about, message, count, first_at, last_at, call)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (kind, name, acts_for, attempt, code, hour, call) DO UPDATE SET
             count = count + excluded.count,
             first_at = min(first_at, excluded.first_at),
             about = iif(excluded.last_at >= last_at, excluded.about, about),
             message = iif(excluded.last_at >= last_at, excluded.message, message),
             last_at = max(last_at, excluded.last_at)",
    )?;
    let mut newest = None;
    for one in refused {
        insert.execute(params![
            one.principal.kind().name(),
            one.principal.id(),
            one.acts_for.as_ref().map_or("", |person| person.id()),
            one.attempt,
            one.code,
            one.hour().millis(),
            one.about,
            one.message,
            i64::try_from(one.count).unwrap_or(i64::MAX),
            one.first_at.millis(),
            one.last_at.millis(),
            refused_call(one.call.as_ref()),
        ])?;
        newest = newest.max(Some(one.last_at));
    }
    if let Some(now) = newest {
        forget_old(transaction, now)?;
    }
    Ok(())
}

pub(super) fn page(connection: &Connection, page: &RefusalPage) -> Result<Vec<NumberedRefusal>, Fault> {
    let before = page.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
    let (kind, name) = page.principal.as_ref().map(|one| (one.kind().name(), one.id())).unzip();
    connection
        .prepare_cached(
            "SELECT number, kind, name, acts_for, attempt, code, about, message, count, first_at, last_at, call FROM refusals
             WHERE number < ?1 AND (?3 IS NULL OR (kind = ?3 AND name = ?4) OR (?3 = 'user' AND acts_for = ?4))
               AND (?5 IS NULL OR code = ?5) AND (?6 IS NULL OR attempt = ?6)
             ORDER BY number DESC LIMIT ?2",
        )?
        .query_and_then(params![before, int_of(page.limit), kind, name, page.code, page.attempt], refused_in)?
        .collect()
}

fn refused_in(row: &Row<'_>) -> Result<NumberedRefusal, Fault> {
    let text = |column: usize| row.get::<_, String>(column);
    let (kind, name, acts_for) = (text(1)?, text(2)?, text(3)?);
    let whose = refused_whose(&kind, &name, &acts_for)?;
    let refused = Refused {
        count: row.get::<_, i64>(8)?.cast_unsigned(),
        last_at: instant(row.get(10)?)?,
        call: refused_call_of(&text(11)?)?,
        ..Refused::new(whose, text(4)?, text(5)?, instant(row.get(9)?)?).about(&text(6)?, &text(7)?)
    };
    Ok((row.get::<_, i64>(0)?.cast_unsigned(), refused))
}

/// Removes expired rows; returns how many.
pub(super) fn forget_old(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, Fault> {
    let newest: i64 =
        transaction.prepare_cached("SELECT coalesce(max(number), 0) FROM refusals")?.query_row([], |row| row.get(0))?;
    let far = newest.saturating_sub(i64::try_from(MAX_REFUSALS).unwrap_or(i64::MAX));
    let old = now.millis().saturating_sub(REFUSAL_DAYS * DAY_MILLIS);
    let mut removed = 0;
    for (sql, bound) in [
        (
            "DELETE FROM refusals WHERE number IN (SELECT number FROM refusals WHERE number <= ?1 ORDER BY number LIMIT ?2)",
            far,
        ),
        (
            "DELETE FROM refusals WHERE number IN (SELECT number FROM refusals WHERE hour < ?1 ORDER BY hour LIMIT ?2)",
            old,
        ),
    ] {
        removed += transaction.prepare_cached(sql)?.execute(params![bound, CLEARED])?;
    }
    Ok(removed)
}
