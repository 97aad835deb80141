//! Which notices are given out to be planned, and what is kept for how long.
//!
//! What is being given out is passed over by everybody else (`SKIP LOCKED`), and a lease has an end: so any process can die in
//! the middle, and nobody waits for it.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Fault;
use super::link::Statement;
use super::session::Session;
use super::text::{given, kept};
use super::{deliveries, refusals};
use crate::model::{Revision, Timestamp};
use crate::store::columns::{instant, int, int_of, revision};
use crate::store::outbox::DAY_MILLIS;
use crate::store::{Gathers, KEY_DAYS, Leased, MAX_NOTICES, Message, NOTICE_DAYS, NewDelivery, UNSENT_DAYS};

/// How many old rows one transaction removes at most.
const CLEARED: i64 = 1_000;

/// Whether a lease would give anything out.
pub(super) fn has_due(session: &Session<'_>, now: Timestamp) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM notices WHERE next_at <= $1 LIMIT 1";
    Ok(session.first(sql, &[&now.millis()])?.is_some())
}

/// Writes the notices, given the last ones that gather what they gather.
pub(super) fn queue<'a>(
    gathering: &BTreeMap<String, Gathering>,
    messages: &'a [Message],
    at: Timestamp,
    statements: &mut Vec<Statement<'a>>,
) {
    let mut waiting = BTreeSet::new();
    for Message { kind, body, due, gathers } in messages {
        let (mut due, mut after) = (due.unwrap_or(at).millis(), Revision::ZERO);
        if let Some(gathers) = gathers {
            // While one waits, it stands for this one too.
            if !waiting.insert(&gathers.key) {
                continue;
            }
            if let Some(last) = gathering.get(&gathers.key) {
                let Some(until) = last.until else { continue };
                due = due.max(last.due.saturating_add(gathers.apart_millis)).min(Timestamp::MAX.millis());
                after = until;
            }
        }
        let (key, apart) = gathers.as_ref().map(|one| (one.key.as_str(), one.apart_millis)).unzip();
        statements.push(Statement {
            sql: "INSERT INTO notices (kind, body, at, due_at, next_at, gathers, apart, after)
                  VALUES ($1, $2, $3, $4, $4, $5, $6, $7)",
            params: vec![
                Box::new(kept(kind)),
                Box::new(kept(body)),
                Box::new(at.millis()),
                Box::new(due),
                Box::new(key.map(|key| kept(key).into_owned())),
                Box::new(apart),
                Box::new(int(after)),
            ],
        });
    }
}

/// When a notice is due that gathers something, and with which record it ends, once it was given out.
pub(super) struct Gathering {
    due: i64,
    until: Option<Revision>,
}

/// The last notices that gather what these gather, by its key.
pub(super) fn gathering(session: &Session<'_>, messages: &[Message]) -> Result<BTreeMap<String, Gathering>, Fault> {
    let sql = "SELECT due_at, until FROM notices WHERE gathers = $1 ORDER BY id DESC LIMIT 1";
    let mut found = BTreeMap::new();
    for key in messages.iter().filter_map(|message| Some(&message.gathers.as_ref()?.key)) {
        if let Some(row) = session.first(sql, &[&kept(key)])? {
            let until: Option<i64> = row.try_get(1)?;
            let last = Gathering { due: row.try_get(0)?, until: until.map(revision).transpose()? };
            found.insert(key.clone(), last);
        }
    }
    Ok(found)
}

pub(super) fn lease(
    session: &Session<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Result<Vec<Leased>, Fault> {
    // What a notice gathers ends here: no commit may be on its way that left its own to it.
    let head = session.number("SELECT revision FROM head FOR SHARE", &[])?;
    let found = session.query(
        "WITH due AS MATERIALIZED (
             SELECT id FROM notices WHERE next_at <= $1 ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
         )
         UPDATE notices n SET next_at = $2, attempt = n.attempt + 1, until = coalesce(n.until, $4)
         FROM due WHERE n.id = due.id
         RETURNING n.id, n.attempt, n.kind, n.body, n.at, n.due_at, n.gathers, n.apart, n.after, n.until",
        &[&now.millis(), &until.millis(), &int_of(limit), &head],
    )?;
    let leased = found.into_iter().map(|row| {
        let (key, apart): (Option<String>, Option<i64>) = (row.try_get(6)?, row.try_get(7)?);
        let due = instant(row.try_get(5)?)?;
        Ok(Leased {
            id: row.try_get::<_, i64>(0)?.cast_unsigned(),
            attempt: u32::try_from(row.try_get::<_, i64>(1)?).unwrap_or(u32::MAX),
            message: Message {
                kind: given(row.try_get(2)?),
                body: given(row.try_get(3)?),
                due: Some(due),
                gathers: key.zip(apart).map(|(key, apart_millis)| Gathers { key: given(key), apart_millis }),
            },
            at: instant(row.try_get(4)?)?,
            due,
            after: revision(row.try_get(8)?)?,
            until: revision(row.try_get(9)?)?,
        })
    });
    let mut leased = leased.collect::<Result<Vec<_>, Fault>>()?;
    // RETURNING promises no order.
    leased.sort_by_key(|leased| leased.id);
    Ok(leased)
}

pub(super) fn plan(
    session: &Session<'_>,
    id: u64,
    body: &str,
    new: &[NewDelivery],
    now: Timestamp,
) -> Result<bool, Fault> {
    let Ok(id) = i64::try_from(id) else { return Ok(false) };
    let found = session.first(
        "UPDATE notices SET next_at = NULL, body = $1 WHERE id = $2 AND next_at IS NOT NULL RETURNING kind",
        &[&kept(body), &id],
    )?;
    let Some(row) = found else { return Ok(false) };
    let kind = given(row.try_get(0)?);
    let new: Vec<_> = new.iter().map(|one| one.delivery(id.cast_unsigned(), &kind, now)).collect();
    session.execute_all(&new.iter().map(deliveries::insert).collect::<Vec<_>>())?;
    Ok(true)
}

pub(super) fn waiting(session: &Session<'_>, now: Timestamp) -> Result<u64, Fault> {
    let sql = "SELECT count(*) FROM notices WHERE next_at IS NOT NULL AND due_at <= $1";
    Ok(session.number(sql, &[&now.millis()])?.cast_unsigned())
}

/// Removes what is kept no longer; answers how many notices and keys that were.
pub(super) fn forget_old(session: &Session<'_>, now: Timestamp) -> Result<usize, Fault> {
    let newest = session.number("SELECT coalesce(max(id), 0) FROM notices", &[])?;
    let before = |days: i64| now.millis().saturating_sub(days * DAY_MILLIS);
    let far = newest.saturating_sub(i64::try_from(MAX_NOTICES).unwrap_or(i64::MAX));
    let refusals = refusals::forget_old(session, now)?;
    // Commits lock the head before any of these rows, so this does too.
    session.query("SELECT 1 FROM head FOR UPDATE", &[])?;
    let remove = |sql: &str, bound: i64| session.execute(sql, vec![Box::new(bound), Box::new(CLEARED)]);
    let mut notices = 0;
    // The deliveries go with their notice.
    for (sql, bound) in [
        (
            "DELETE FROM notices WHERE id = ANY(ARRAY(
                 SELECT id FROM notices WHERE id <= $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED))",
            far,
        ),
        (
            "DELETE FROM notices WHERE id = ANY(ARRAY(
                 SELECT id FROM notices WHERE due_at < $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
            before(UNSENT_DAYS),
        ),
        (
            "DELETE FROM notices WHERE id = ANY(ARRAY(
                 SELECT id FROM notices n WHERE due_at < $1 AND NOT EXISTS
                     (SELECT 1 FROM deliveries d WHERE d.notice = n.id AND d.state IN ('waiting', 'failed'))
                 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
            before(NOTICE_DAYS),
        ),
    ] {
        notices += remove(sql, bound)?;
    }
    let keys = remove(
        "DELETE FROM idempotency WHERE (caller_kind, caller, key) IN (
             SELECT caller_kind, caller, key FROM idempotency WHERE at < $1 ORDER BY at LIMIT $2)",
        before(KEY_DAYS),
    )?;
    if keys + notices > 0 {
        session.execute(
            "UPDATE head SET keys = keys - $1, notices = notices - $2",
            vec![Box::new(keys.cast_signed()), Box::new(notices.cast_signed())],
        )?;
    }
    Ok(usize::try_from(refusals + notices + keys).unwrap_or(usize::MAX))
}
