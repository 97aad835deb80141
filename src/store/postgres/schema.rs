//! Which version the schema has, how it is brought to this one, and the head row.

use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::SimpleQueryRow;

use super::error::{Fault, UnusableDatabase};
use super::link::{Link, Statement};
use super::options::PostgresOptions;
use super::session::Session;
use crate::journal::Hash;
use crate::model::{Invalid, Timestamp};
use crate::store::columns::{instant, int, revision};
use crate::store::{Head, Lineage, Removed, Seen};

/// Each brings the schema from the version of its place to the next. Released ones are never changed.
const MIGRATIONS: [&str; 6] = [
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
    include_str!("migrations/0004.sql"),
    include_str!("migrations/0005.sql"),
    include_str!("migrations/0006.sql"),
];

/// The version that this library reads and writes.
const VERSION: i64 = MIGRATIONS.len() as i64;

/// `jita`: whoever migrates holds this lock until the transaction ends.
const LOCK: i64 = 0x6a69_7461;

/// What the head row is read by.
pub(super) const HEAD: &str = "version, lineage, revision, changed, hash, at, accepted, accepted_at, seen, clock, removed, \
     removed_hash, removed_root, removed_until, complete_from, removal";

/// How long a migration of very many rows may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// The name as SQL takes it.
pub(super) fn quoted(schema: &str) -> String {
    format!("\"{}\"", schema.replace('"', "\"\""))
}

/// Brings the schema to [`VERSION`], whoever else is trying the same. What is of this version already is only looked at.
pub(super) fn prepare(link: &Link, options: &PostgresOptions) -> Result<(), Fault> {
    let schema = quoted(&options.schema);
    let limit = options.statement_timeout;
    let server: i64 = number(&link.simple("SELECT current_setting('server_version_num')", limit)?)?;
    if server < 130_000 {
        return Err(UnusableDatabase::fault(format!(
            "the server is PostgreSQL {}; 13 is the oldest that is known to work",
            server / 10_000
        )));
    }
    if version(link, options)? == Some(VERSION) {
        return Ok(());
    }
    let patience = PATIENCE.as_millis();
    link.simple(
        &format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = {patience}; \
             SET LOCAL lock_timeout = {patience}; SELECT pg_advisory_xact_lock({LOCK})"
        ),
        PATIENCE,
    )?;
    let migrated = migrate(link, options, &schema);
    let ended = link.simple(if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" }, limit);
    migrated?;
    ended?;
    Ok(())
}

fn migrate(link: &Link, options: &PostgresOptions, schema: &str) -> Result<(), Fault> {
    let limit = options.statement_timeout;
    // Looked at again, because somebody may have been faster.
    let from = version(link, options)?;
    if from.is_none() {
        let name = &options.schema;
        let others = link.query(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm') ORDER BY c.oid LIMIT 3",
            &[name],
            limit,
        )?;
        if !others.is_empty() {
            let others = others.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
            let others = others.iter().map(|other| Invalid::quote(other)).collect::<Vec<_>>().join(", ");
            let name = Invalid::quote(name);
            return Err(UnusableDatabase::fault(format!(
                "the schema {name} is that of something else (it has {others}); give jit-access one of its own"
            )));
        }
        let there = link.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", &[name], limit)?;
        if there.is_empty() {
            link.simple(&format!("CREATE SCHEMA {schema}"), limit)?;
        }
    }
    link.simple(&format!("SET LOCAL search_path TO {schema}"), limit)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(from.unwrap_or_default()).unwrap_or(usize::MAX)) {
        link.simple(migration, PATIENCE)?;
    }
    if from.is_none() {
        let (lineage, hash) = (Lineage::random(), Hash::GENESIS);
        link.simple(
            &format!(
                "INSERT INTO head (version, lineage, revision, changed, hash, at, seen)
                 VALUES ({VERSION}, '{lineage}', 0, 0, '{hash}', 0, 0)"
            ),
            limit,
        )?;
    }
    link.simple(&format!("UPDATE head SET version = {VERSION}"), limit)?;
    Ok(())
}

/// The version of the schema, if there is one.
fn version(link: &Link, options: &PostgresOptions) -> Result<Option<i64>, Fault> {
    let schema = quoted(&options.schema);
    let limit = options.statement_timeout;
    // Asked of the catalogue, which shows what others have just committed; `to_regclass` may answer from a cache.
    let there = link.query(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relname = 'head' AND c.relkind = 'r'",
        &[&options.schema],
        limit,
    )?;
    if there.is_empty() {
        return Ok(None);
    }
    let found = number(&link.simple(&format!("SELECT version FROM {schema}.head"), limit)?)?;
    check_version(found)?;
    Ok(Some(found))
}

/// Another process may run a newer version of the library and have moved the schema on.
fn check_version(found: i64) -> Result<(), Fault> {
    match found {
        1..=VERSION => Ok(()),
        newer if newer > VERSION => Err(UnusableDatabase::fault(format!(
            "the schema was written by a newer jit-access (version {newer}, this one knows {VERSION})"
        ))),
        other => Err(Fault::corrupt(format!("the schema's version is {other}"))),
    }
}

/// The head in a row of [`HEAD`].
pub(super) fn head_in(row: Option<&SimpleQueryRow>) -> Result<Head, Fault> {
    let row = row.ok_or_else(|| Fault::corrupt("the head is missing"))?;
    check_version(required(row, 0)?)?;
    let accepted: Option<(i64, i64)> = optional(row, 6)?.zip(optional(row, 7)?);
    Ok(Head {
        lineage: required(row, 1)?,
        revision: revision(required(row, 2)?)?,
        changed: revision(required(row, 3)?)?,
        hash: required(row, 4)?,
        at: instant(required(row, 5)?)?,
        accepted: accepted.map(|(record, at)| Ok::<_, Fault>((revision(record)?, instant(at)?))).transpose()?,
        seen: instant(required(row, 8)?)?,
        clock: optional(row, 9)?.map(revision).transpose()?,
        removed: optional(row, 10)?.map(|last| removed(row, last)).transpose()?,
    })
}

fn removed(row: &SimpleQueryRow, last: i64) -> Result<Removed, Fault> {
    Ok(Removed {
        last: revision(last)?,
        hash: required(row, 11)?,
        root: required(row, 12)?,
        until: instant(required(row, 13)?)?,
        complete_from: instant(required(row, 14)?)?,
        recorded: revision(required(row, 15)?)?,
    })
}

/// The head that whoever watches was told. A standby is behind by as much as nobody knows: it proves nothing.
pub(super) fn watched(rows: &[SimpleQueryRow]) -> Result<Head, Fault> {
    let head = head_in(rows.last())?;
    if rows.last().and_then(|row| row.get(16)) == Some("f") { Ok(head) } else { Err(Fault::Standby) }
}

fn number(rows: &[SimpleQueryRow]) -> Result<i64, Fault> {
    rows.last().map_or_else(|| Err(Fault::corrupt("the head is missing")), |row| required(row, 0))
}

fn required<T: FromStr>(row: &SimpleQueryRow, column: usize) -> Result<T, Fault> {
    optional(row, column)?.ok_or_else(|| Fault::corrupt("the head is not whole"))
}

fn optional<T: FromStr>(row: &SimpleQueryRow, column: usize) -> Result<Option<T>, Fault> {
    let text = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|_| Fault::corrupt(format!("the head holds {text}")))).transpose()
}

/// Moves the head, and counts these new keys and notices. Its lineage stays.
pub(super) fn move_head(head: &Head, keys: usize, notices: usize) -> Statement<'static> {
    Statement {
        sql: "UPDATE head SET revision = $1, changed = $2, hash = $3, at = $4, seen = $5, accepted = $6, accepted_at = $7,
                  clock = $8, removed = $9, removed_hash = $10, removed_root = $11, removed_until = $12, complete_from = $13,
                  removal = $14, keys = keys + $15, notices = notices + $16",
        params: vec![
            Box::new(int(head.revision)),
            Box::new(int(head.changed)),
            Box::new(head.hash.to_string()),
            Box::new(head.at.millis()),
            Box::new(head.seen.millis()),
            Box::new(head.accepted.map(|(revision, _)| int(revision))),
            Box::new(head.accepted.map(|(_, at)| at.millis())),
            Box::new(head.clock.map(int)),
            Box::new(head.removed.map(|removed| int(removed.last))),
            Box::new(head.removed.map(|removed| removed.hash.to_string())),
            Box::new(head.removed.map(|removed| removed.root.to_string())),
            Box::new(head.removed.map(|removed| removed.until.millis())),
            Box::new(head.removed.map(|removed| removed.complete_from.millis())),
            Box::new(head.removed.map(|removed| int(removed.recorded))),
            Box::new(i64::try_from(keys).unwrap_or(i64::MAX)),
            Box::new(i64::try_from(notices).unwrap_or(i64::MAX)),
        ],
    }
}

/// Raises the instant that was seen, unless an operator has said since that the clock is right.
pub(super) fn raise_seen(session: &Session<'_>, seen: &Seen) -> Result<(), Fault> {
    session.execute(
        "UPDATE head SET seen = $1 WHERE seen < $1 AND clock IS NOT DISTINCT FROM $2",
        vec![Box::new(Timestamp::millis(seen.at)), Box::new(seen.clock.map(int))],
    )?;
    Ok(())
}
