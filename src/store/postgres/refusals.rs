//! Refused attempts: how they are counted together, listed and removed.

use tokio_postgres::Row;

use super::error::Fault;
use super::link::Statement;
use super::session::Session;
use super::text::{given, kept};
use crate::model::{Refused, Timestamp};
use crate::store::columns::{instant, int_of, refused_call, refused_call_of, refused_whose};
use crate::store::outbox::DAY_MILLIS;
use crate::store::{MAX_REFUSALS, NumberedRefusal, REFUSAL_DAYS, RefusalPage};

/// How many old rows one transaction removes at most.
const CLEARED: i64 = 1_000;

pub(super) fn add(session: &Session<'_>, refused: &[Refused]) -> Result<(), Fault> {
    // Two processes that count the same rows take them in one order, so that neither waits for the other for ever.
    let mut refused: Vec<&Refused> = refused.iter().collect();
    let key = |one: &Refused| {
        let acts_for = one.acts_for.as_ref().map(|person| person.id().to_owned());
        (one.principal.id().to_owned(), acts_for, one.attempt.clone(), one.code.clone(), one.hour(), one.call.clone())
    };
    refused.sort_by_cached_key(|one| key(one));
    let insert = |one: &&Refused| {
        Statement {
        sql: "INSERT INTO refusals (kind, name, acts_for, attempt, code, hour, about, message, count, first_at, last_at, call)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
              ON CONFLICT (kind, name, acts_for, attempt, code, hour, call) DO UPDATE SET
                  count = refusals.count + excluded.count,
                  first_at = least(refusals.first_at, excluded.first_at),
                  about = CASE WHEN excluded.last_at >= refusals.last_at THEN excluded.about ELSE refusals.about END,
                  message = CASE WHEN excluded.last_at >= refusals.last_at THEN excluded.message ELSE refusals.message END,
                  last_at = greatest(refusals.last_at, excluded.last_at)",
        params: vec![
            Box::new(one.principal.kind().name()),
            Box::new(one.principal.id().to_owned()),
            Box::new(one.acts_for.as_ref().map_or_else(String::new, |person| person.id().to_owned())),
            Box::new(one.attempt.clone()),
            Box::new(one.code.clone()),
            Box::new(one.hour().millis()),
            Box::new(kept(&one.about).into_owned()),
            Box::new(kept(&one.message).into_owned()),
            Box::new(i64::try_from(one.count).unwrap_or(i64::MAX)),
            Box::new(one.first_at.millis()),
            Box::new(one.last_at.millis()),
            Box::new(kept(&refused_call(one.call.as_ref())).into_owned()),
        ],
    }
    };
    session.execute_all(&refused.iter().map(insert).collect::<Vec<_>>())?;
    match refused.iter().map(|one| one.last_at).max() {
        Some(now) => forget_old(session, now).map(drop),
        None => Ok(()),
    }
}

pub(super) fn page(session: &Session<'_>, page: &RefusalPage) -> Result<Vec<NumberedRefusal>, Fault> {
    let before = page.before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
    let (kind, name) = page.principal.as_ref().map(|one| (one.kind().name(), one.id().to_owned())).unzip();
    let text = |text: &Option<String>| text.as_deref().map(|text| kept(text).into_owned());
    let sql =
        "SELECT number, kind, name, acts_for, attempt, code, about, message, count, first_at, last_at, call FROM refusals
               WHERE number < $1
                 AND ($3::text IS NULL OR (kind = $3 AND name = $4) OR ($3 = 'user' AND acts_for = $4))
                 AND ($5::text IS NULL OR code = $5) AND ($6::text IS NULL OR attempt = $6)
               ORDER BY number DESC LIMIT $2";
    let found =
        session.query(sql, &[&before, &int_of(page.limit), &kind, &name, &text(&page.code), &text(&page.attempt)])?;
    found.iter().map(refused_in).collect()
}

fn refused_in(row: &Row) -> Result<NumberedRefusal, Fault> {
    let text = |column: usize| row.try_get::<_, String>(column);
    let (kind, name, acts_for) = (text(1)?, text(2)?, text(3)?);
    let whose = refused_whose(&kind, &name, &acts_for)?;
    let first_at = instant(row.try_get(9)?)?;
    let refused = Refused {
        count: row.try_get::<_, i64>(8)?.cast_unsigned(),
        last_at: instant(row.try_get(10)?)?,
        call: refused_call_of(&given(text(11)?))?,
        ..Refused::new(whose, text(4)?, text(5)?, first_at).about(&given(text(6)?), &given(text(7)?))
    };
    Ok((row.try_get::<_, i64>(0)?.cast_unsigned(), refused))
}

/// Removes what is kept no longer; answers how many rows that were.
pub(super) fn forget_old(session: &Session<'_>, now: Timestamp) -> Result<u64, Fault> {
    let newest = session.number("SELECT coalesce(max(number), 0) FROM refusals", &[])?;
    let far = newest.saturating_sub(i64::try_from(MAX_REFUSALS).unwrap_or(i64::MAX));
    let old = now.millis().saturating_sub(REFUSAL_DAYS * DAY_MILLIS);
    let mut removed = 0;
    for (sql, bound) in [
        (
            "DELETE FROM refusals WHERE number = ANY(ARRAY(
                 SELECT number FROM refusals WHERE number <= $1 ORDER BY number LIMIT $2 FOR UPDATE SKIP LOCKED))",
            far,
        ),
        (
            "DELETE FROM refusals WHERE number = ANY(ARRAY(
                 SELECT number FROM refusals WHERE hour < $1 ORDER BY hour LIMIT $2 FOR UPDATE SKIP LOCKED))",
            old,
        ),
    ] {
        removed += session.execute(sql, vec![Box::new(bound), Box::new(CLEARED)])?;
    }
    Ok(removed)
}
