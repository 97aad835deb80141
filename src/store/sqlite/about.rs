//! What each record is about: how it is kept, and whether it is what the journal says.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::Fault;
use super::rows::int;
use crate::journal::Record;
use crate::model::{Fact, GrantId, Principal};
use crate::store::records::{people_of, subjects};
use crate::store::{Rows, Subject};

/// Writes what these records are about, given the rows after them.
pub(super) fn write(transaction: &Transaction<'_>, records: &[Record], rows: &Rows) -> Result<(), Fault> {
    let mut insert = transaction.prepare_cached("INSERT INTO record_subjects (subject, revision) VALUES (?, ?)")?;
    let mut keys: HashMap<Subject, i64> = HashMap::new();
    let mut holders: HashMap<GrantId, Vec<Principal>> = HashMap::new();
    for record in records {
        let about = match &record.event.fact {
            // Grants that are only used are not among the rows.
            Fact::GrantUsed { grant, .. } if !rows.grants.contains_key(grant) => {
                if !holders.contains_key(grant) {
                    holders.insert(*grant, holders_of(transaction, *grant)?);
                }
                subjects(&record.event, holders.get(grant).into_iter().flatten())
            }
            _ => subjects(&record.event, people_of(&Subject::of(&record.event), rows)),
        };
        for subject in about {
            let key = match keys.get(&subject) {
                Some(key) => *key,
                None => {
                    let key = key_or_new(transaction, &subject)?;
                    keys.insert(subject, key);
                    key
                }
            };
            insert.execute(params![key, int(record.revision)])?;
        }
    }
    Ok(())
}

/// The number under which this subject is kept.
pub(super) fn key(connection: &Connection, subject: &Subject) -> Result<Option<i64>, Fault> {
    let (kind, name) = text(subject);
    Ok(connection
        .prepare_cached("SELECT id FROM subjects WHERE kind = ? AND name = ?")?
        .query_row(params![kind, name], |row| row.get(0))
        .optional()?)
}

/// Whether what is kept of this record is this and nothing else.
pub(super) fn check(connection: &Connection, record: &Record, rows: &Rows) -> Result<usize, Fault> {
    let mut found = connection.prepare_cached("SELECT 1 FROM record_subjects WHERE subject = ? AND revision = ?")?;
    let about = subjects(&record.event, people_of(&Subject::of(&record.event), rows));
    for subject in &about {
        let key = key(connection, subject)?;
        let is_kept = key.map(|key| found.exists(params![key, int(record.revision)])).transpose()?;
        if is_kept != Some(true) {
            let what = format!("what record {} is about is not what the journal says", record.revision);
            return Err(Fault::corrupt(what));
        }
    }
    Ok(about.len())
}

/// Whether there are only as many rows as the records account for.
pub(super) fn check_count(connection: &Connection, expected: usize) -> Result<(), Fault> {
    let kept: i64 = connection.query_row("SELECT count(*) FROM record_subjects", [], |row| row.get(0))?;
    if usize::try_from(kept) == Ok(expected) {
        return Ok(());
    }
    Err(Fault::corrupt("records are said to be about what the journal does not tell of"))
}

fn key_or_new(transaction: &Transaction<'_>, subject: &Subject) -> Result<i64, Fault> {
    if let Some(known) = key(transaction, subject)? {
        return Ok(known);
    }
    let (kind, name) = text(subject);
    transaction.prepare_cached("INSERT INTO subjects (kind, name) VALUES (?, ?)")?.execute(params![kind, name])?;
    Ok(transaction.last_insert_rowid())
}

fn text(subject: &Subject) -> (&'static str, String) {
    match subject {
        Subject::Request(id) => ("request", id.to_string()),
        Subject::Grant(id) => ("grant", id.to_string()),
        Subject::Delegation(id) => ("delegation", id.to_string()),
        Subject::Principal(who) => (who.kind().name(), who.id().to_owned()),
        Subject::Store => ("store", String::new()),
    }
}

/// The holder of a grant and the person behind them; nobody when the grant is not known.
fn holders_of(transaction: &Transaction<'_>, grant: GrantId) -> Result<Vec<Principal>, Fault> {
    let found = super::read::grant_by_id(transaction, grant)?;
    Ok(found.iter().flat_map(|(_, grant)| grant.identities()).cloned().collect())
}
