//! Whether the indexes, the notices and the idempotency keys are intact.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, params};

use super::super::connections::Connections;
use super::super::error::Fault;
use super::super::kept::walk;
use super::super::read;
use super::super::rows::{int, revision};
use super::DOING;
use super::about::{About, Sum};
use crate::model::Revision;
use crate::store::outbox::DAY_MILLIS;
use crate::store::topics::BLOCK;
use crate::store::verification::tell;
use crate::store::{MAX_NOTICES, NOTICE_DAYS, StoreError, Verifying, check_number};

/// How many rows of an index are read at a time.
const ROWS: i64 = 10_000;
/// How many rows of another table are read at a time.
const SIDE_ROWS: i64 = 1_000;
/// Up to this size SQLite checks a whole file at once.
const SMALL_BYTES: i64 = 32 << 20;
/// The tables of a larger file whose pages and indexes SQLite checks, one at a time. The journal and the topics are
/// read row by row, and their indexes are compared with the rows.
const TABLES: [&str; 12] = [
    "head",
    "topics",
    "requests",
    "request_approvers",
    "grants",
    "grant_uses",
    "grant_approvers",
    "delegations",
    "standings",
    "notices",
    "deliveries",
    "idempotency",
];

/// SQLite's own check of its pages and indexes.
pub(super) fn check_pages(connections: &Connections) -> Result<(), StoreError> {
    let is_small = connections.read(DOING, |c| {
        let one = |name: &str| c.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        Ok(one("page_count")?.saturating_mul(one("page_size")?) <= SMALL_BYTES)
    })?;
    if is_small {
        return connections.read(DOING, |c| check_integrity(c, "1"));
    }
    TABLES.iter().try_for_each(|table| connections.read(DOING, |c| check_integrity(c, table)))
}

fn check_integrity(connection: &Connection, of: &str) -> Result<(), Fault> {
    let answer: String = connection.query_row(&format!("PRAGMA integrity_check({of})"), [], |row| row.get(0))?;
    if answer == "ok" { Ok(()) } else { Err(Fault::corrupt(answer)) }
}

/// Checks that the rows by which records are found follow from the records up to this one.
pub(super) fn check_indexes(
    connections: &Connections,
    about: &About,
    reached: Revision,
    watch: &mut dyn Verifying,
) -> Result<(), StoreError> {
    let whole = |sum: Sum, expected: Sum, problem: &str| {
        if sum == expected { Ok(()) } else { Err(StoreError::Corrupt(problem.to_owned())) }
    };
    const SETS: &str = "SELECT topic, block FROM record_topics
         WHERE (topic, block) > (?, ?) ORDER BY topic, block LIMIT ?";
    let (sets, open) = about.whole(reached);
    let sum = summed(connections, about, SETS, (Revision(open), 1), &(0..0), reached, watch)?;
    whole(sum, sets, STRAY)?;
    let mut packed = packed(connections)?;
    loop {
        let blocks = about.moved(packed);
        let found = all_summed(connections, about, reached, &blocks, watch)?;
        // Records that moved to packs meanwhile have other rows in the indexes.
        let now = self::packed(connections)?;
        if now == packed {
            return found;
        }
        packed = now;
    }
}

/// The last record in packs of older records.
pub(super) fn packed(connections: &Connections) -> Result<Revision, StoreError> {
    connections.read(DOING, |c| read_packed(c))
}

pub(super) fn read_packed(connection: &Connection) -> Result<Revision, Fault> {
    let packed: i64 = connection.prepare_cached("SELECT packed FROM head")?.query_row([], |row| row.get(0))?;
    Ok(revision(packed)?)
}

/// The indexes of records in their own rows and in packs, without these blocks. The inner result is valid only if no
/// records moved to packs meanwhile.
fn all_summed(
    connections: &Connections,
    about: &About,
    reached: Revision,
    blocks: &Range<u64>,
    watch: &mut dyn Verifying,
) -> Result<Result<(), StoreError>, StoreError> {
    const INSTANTS: &str = "SELECT at, revision FROM journal INDEXED BY journal_by_time
         WHERE (at, revision) > (?, ?) ORDER BY at, revision LIMIT ?";
    const CHANGES: &str = "SELECT revision, 0 FROM journal INDEXED BY journal_changes
         WHERE changes = 1 AND (revision, 0) > (?, ?) ORDER BY revision LIMIT ?";
    const BEGINS: &str = "SELECT began, first FROM packs INDEXED BY packs_by_begin
         WHERE (began, first) > (?, ?) ORDER BY began, first LIMIT ?";
    const ENDS: &str = "SELECT ended, first FROM packs INDEXED BY packs_by_end
         WHERE (ended, first) > (?, ?) ORDER BY ended, first LIMIT ?";
    const CHANGED: &str = "SELECT first, changes FROM packs INDEXED BY packs_with_changes
         WHERE changes > 0 AND (first, changes) > (?, ?) ORDER BY first LIMIT ?";
    let [begins, ends, changed] = &about.packs;
    let (next, last) = (reached.next(), about.last_pack());
    for (sql, end, column, expected, what) in [
        (INSTANTS, next, 1, &about.instants, "instants"),
        (CHANGES, next, 0, &about.changes, "changes"),
        (BEGINS, last, 1, begins, "packs of records"),
        (ENDS, last, 1, ends, "packs of records"),
        (CHANGED, last, 0, changed, "packs of changes"),
    ] {
        let sum = summed(connections, about, sql, (end, column), blocks, reached, watch)?;
        if sum != expected.without(blocks) {
            return Ok(Err(StoreError::Corrupt(format!("the index of {what} is not what the journal says"))));
        }
    }
    Ok(Ok(()))
}

/// The sum of all rows of an index with less than this in a column, without those of these blocks.
fn summed(
    connections: &Connections,
    about: &About,
    sql: &str,
    (end, column): (Revision, usize),
    blocks: &Range<u64>,
    reached: Revision,
    watch: &mut dyn Verifying,
) -> Result<Sum, StoreError> {
    let mut sum = Sum::default();
    let mut after = (i64::MIN, i64::MIN);
    loop {
        let last = connections.read(DOING, |c| {
            let mut statement = c.prepare_cached(sql)?;
            let mut found = statement.query(params![after.0, after.1, ROWS])?;
            let mut last = None;
            while let Some(row) = found.next()? {
                let pair: (i64, i64) = (row.get(0)?, row.get(1)?);
                let revision = if column == 0 { pair.0 } else { pair.1 };
                let is_left_out = blocks.contains(&(revision.cast_unsigned() / BLOCK));
                if revision < int(end) && !is_left_out {
                    sum.add(about.numbers(), pair);
                }
                last = Some(pair);
            }
            Ok(last)
        })?;
        tell(watch, reached, reached)?;
        match last {
            Some(last) => after = last,
            None => return Ok(sum),
        }
    }
}

const STRAY: &str = "records have topics that are not in the journal";

/// Checks the number of sets of the last block, in the read in which it was compared.
pub(super) fn check_last_block(connection: &Connection, about: &About, reached: Revision) -> Result<(), Fault> {
    let (block, expected) = about.last_block(reached);
    let mut kept = connection.prepare_cached("SELECT count(*) FROM record_topics WHERE block >= ?")?;
    let kept: i64 = kept.query_row(params![block.cast_signed()], |row| row.get(0))?;
    if usize::try_from(kept) == Ok(expected) { Ok(()) } else { Err(Fault::corrupt(STRAY)) }
}

/// Checks that no notice is missing. Their numbers have no gaps, and only old ones are removed.
pub(super) fn check_notices(connections: &Connections) -> Result<(), StoreError> {
    // A notice from `kept` or later, by the notice before it, is too young to have been removed.
    let (kept, began, newest) = connections.read(DOING, |c| {
        let head = read::head(c)?;
        if head.clock.is_some() {
            // While a clock was ahead, they may have counted as old.
            return Ok((i64::MAX, None, last_given(c)?));
        }
        let kept = head.seen.millis().saturating_sub((NOTICE_DAYS - 1) * DAY_MILLIS);
        let mut began = None;
        walk(c, &(1..=1), false, &mut |kept| {
            began = Some(kept.at);
            Ok(false)
        })?;
        Ok((kept, began, last_given(c)?))
    })?;
    let far = newest.saturating_sub(i64::try_from(MAX_NOTICES).unwrap_or(i64::MAX));
    let missing = |id: i64| StoreError::Corrupt(format!("notice {id} is missing"));
    let (mut last, mut last_at) = (0, began.unwrap_or(i64::MIN));
    loop {
        let page = connections.read(DOING, |c| {
            let mut statement = c.prepare_cached("SELECT id, at FROM notices WHERE id > ? ORDER BY id LIMIT ?")?;
            let rows = statement.query_map(params![last, SIDE_ROWS], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<Vec<(i64, i64)>, _>>()?)
        })?;
        if page.is_empty() {
            break;
        }
        for (id, at) in page {
            if id != last + 1 && last_at >= kept && id - 1 > far {
                return Err(missing(last + 1));
            }
            (last, last_at) = (id, at);
        }
    }
    if last < newest && last_at >= kept {
        return Err(missing(last + 1));
    }
    connections.read(DOING, |c| {
        let stray: i64 =
            c.query_row("SELECT count(*) FROM deliveries WHERE notice NOT IN (SELECT id FROM notices)", [], |row| {
                row.get(0)
            })?;
        if stray == 0 { Ok(()) } else { Err(Fault::corrupt("there are deliveries of missing notices")) }
    })
}

/// The number of the last notice that was written.
fn last_given(connection: &Connection) -> Result<i64, Fault> {
    let last = connection
        .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'notices'", [], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0))
}

/// Checks that no idempotency key is missing, and that each names existing objects.
pub(super) fn check_keys(connections: &Connections) -> Result<(), StoreError> {
    connections.read(DOING, |c| {
        const COUNTS: &str = "SELECT keys, (SELECT count(*) FROM idempotency) FROM head";
        let (written, found) = c.query_row(COUNTS, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        check_number("idempotency keys", written, found).map_err(Fault::from)
    })?;
    let mut after = (String::new(), String::new(), String::new());
    loop {
        let next = connections.read(DOING, |c| {
            let newest = read::head(c)?.at.millis();
            let mut statement = c.prepare_cached(
                "SELECT caller_kind, caller, key, at, ended,
                     request IS NULL OR EXISTS (SELECT 1 FROM requests WHERE id = i.request),
                     grant_id IS NULL OR EXISTS (SELECT 1 FROM grants WHERE id = i.grant_id),
                     delegation IS NULL OR EXISTS (SELECT 1 FROM delegations WHERE id = i.delegation)
                 FROM idempotency i WHERE (caller_kind, caller, key) > (?, ?, ?)
                 ORDER BY caller_kind, caller, key LIMIT ?",
            )?;
            let mut found = statement.query(params![after.0, after.1, after.2, SIDE_ROWS])?;
            let mut next = None;
            while let Some(row) = found.next()? {
                let (kind, caller, key): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let ended: Vec<u8> = row.get(4)?;
                let names_what_is = row.get::<_, bool>(5)? && row.get::<_, bool>(6)? && row.get::<_, bool>(7)?;
                let mut is_grant = c.prepare_cached("SELECT 1 FROM grants WHERE id = ?")?;
                let mut ends_what_is = true;
                for id in ended.chunks(16) {
                    ends_what_is &= is_grant.exists(params![id])?;
                }
                if !names_what_is || !ends_what_is || row.get::<_, i64>(3)? > newest {
                    let whose = crate::model::Invalid::quote(&caller);
                    return Err(Fault::corrupt(format!(
                        "an idempotency key of {whose} names an object that is not in the journal"
                    )));
                }
                next = Some((kind, caller, key));
            }
            Ok(next)
        })?;
        match next {
            Some(next) => after = next,
            None => return Ok(()),
        }
    }
}
