//! How a batch is written.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{OptionalExtension, Transaction, params};

use super::error::Fault;
use super::pack::{Deflater, Pack};
use super::rows::{
    DelegationColumns, GRANT_STATES, GrantColumns, REQUEST_STATES, RequestColumns, behind, int, is_over,
    needed_by_checks, stored_delegation, stored_grant, stored_request,
};
use super::{about, compress, gather, kept, outbox, read, retention, schema, standings};
use crate::journal::Record;
use crate::model::{AccessRequest, Delegation, Fact, Grant, GrantId, Principal, Revision, RoleName, Timestamp};
use crate::store::retention::removal_in;
use crate::store::{Batch, Done, Head, StoreError, Subject, check_basis, fold, seal};
use crate::workflow::View;

/// Writes the batch inside a transaction that holds the write lock.
pub(super) fn commit(transaction: &Transaction<'_>, batch: &Batch) -> Result<Vec<Record>, Fault> {
    schema::check_version(transaction)?;
    let before = read::head(transaction)?;
    check_basis(batch.decided_from, &before)?;
    let mut head = before;
    let (records, alone) = append(transaction, batch, &mut head)?;
    if let Some((caller, key, done)) = &batch.done {
        keep_key(transaction, caller, key, done, head.at)?;
    }
    write_rows(transaction, batch, &records)?;
    outbox::queue(transaction, &batch.outbox, head.at)?;
    if head != before {
        schema::write_head(transaction, &head)?;
    }
    if let Some(removal) = removal_in(&batch.events) {
        retention::remove(transaction, removal, &before, head.at)?;
    }
    gather::gather(transaction, alone)?;
    Ok(records)
}

/// Writes the records; returns them, and how many were written in their own rows.
fn append(transaction: &Transaction<'_>, batch: &Batch, head: &mut Head) -> Result<(Vec<Record>, usize), Fault> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO journal (revision, changes, at, hash, body) VALUES (?, ?, ?, ?, ?)")?;
    let mut packing = Packing { transaction, open: None, has_grown: false, deflater: Deflater::default() };
    let mut records = Vec::with_capacity(batch.events.len());
    let mut alone = 0;
    for event in &batch.events {
        let record = seal(event, head)?;
        if event.fact.changes_state() || !packing.take(&record)? {
            packing.close()?;
            insert.execute(params![
                int(record.revision),
                event.fact.changes_state(),
                record.event.at.millis(),
                record.hash.to_string(),
                record.body
            ])?;
            alone += 1;
        }
        records.push(record);
    }
    packing.close()?;
    Ok((records, alone))
}

/// The uses that are added to one row.
struct Packing<'a> {
    transaction: &'a Transaction<'a>,
    open: Option<Pack>,
    /// Whether the open row has more uses than the file.
    has_grown: bool,
    deflater: Deflater,
}

impl Packing<'_> {
    /// Adds a use to the open row, or starts a new row with it. `false` if it needs its own row.
    fn take(&mut self, record: &Record) -> Result<bool, Fault> {
        if self.open.is_none() {
            self.open = kept::last_pack(self.transaction, Revision(record.revision.0.saturating_sub(1)))?;
        }
        if let Some(open) = &mut self.open
            && open.take(record)
        {
            self.has_grown = true;
            return Ok(true);
        }
        self.close()?;
        let mut fresh = Pack::after(Revision(record.revision.0.saturating_sub(1)), record.previous);
        self.has_grown = fresh.take(record);
        self.open = self.has_grown.then_some(fresh);
        Ok(self.has_grown)
    }

    /// Writes the open row.
    fn close(&mut self) -> Result<(), Fault> {
        let Some(pack) = self.open.take().filter(|_| self.has_grown) else { return Ok(()) };
        self.has_grown = false;
        let Some((began, ended)) = pack.times() else { return Ok(()) };
        self.transaction
            .prepare_cached(
                "INSERT INTO packs (first, last, began, ended, uses) VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT (first) DO UPDATE SET last = excluded.last, ended = excluded.ended, uses = excluded.uses",
            )?
            .execute(params![
                int(pack.first()),
                int(pack.next()) - 1,
                began.millis(),
                ended.millis(),
                pack.to_bytes(&mut self.deflater)
            ])?;
        Ok(())
    }
}

/// Writes the rows that the events change. If the batch has only uses of a grant, its count is increased in place: ten
/// thousand uses cost ten thousand increments, and no grant is read or written.
fn write_rows(transaction: &Transaction<'_>, batch: &Batch, records: &[Record]) -> Result<(), Fault> {
    let changed: BTreeSet<_> =
        batch.events.iter().filter(|event| event.fact.changes_state()).map(Subject::of).collect();
    let mut used: BTreeMap<GrantId, i64> = BTreeMap::new();
    let mut born: BTreeMap<Subject, Revision> = BTreeMap::new();
    for record in records {
        let subject = Subject::of(&record.event);
        match &record.event.fact {
            Fact::GrantUsed { grant, .. } if !changed.contains(&subject) => *used.entry(*grant).or_default() += 1,
            _ => {
                born.entry(subject).or_insert(record.revision);
            }
        }
    }
    let events = batch.events.iter().filter(|event| changed.contains(&Subject::of(event)));
    let rows = fold::<Fault>(events, |subject| {
        Ok(match subject {
            Subject::Request(id) => {
                View { request: read::request_by_id(transaction, id)?.map(|(_, request)| request), ..View::default() }
            }
            Subject::Grant(id) => {
                View { grant: read::grant_by_id(transaction, id)?.map(|(_, grant)| grant), ..View::default() }
            }
            Subject::Delegation(id) => View { delegation: read::delegation_by_id(transaction, id)?, ..View::default() },
            Subject::Principal(who) => {
                let known = standings::read(transaction, &who)?.map(|known| (who, known));
                View { standing: known.into_iter().collect(), ..View::default() }
            }
            Subject::Store => View::default(),
        })
    })?;
    rows.check_ids()?;
    for (id, request) in &rows.requests {
        write_request(transaction, born.get(&Subject::Request(*id)).copied().unwrap_or_default(), request)?;
    }
    for (id, grant) in &rows.grants {
        write_grant(transaction, born.get(&Subject::Grant(*id)).copied().unwrap_or_default(), grant)?;
    }
    for (id, delegation) in &rows.delegations {
        write_delegation(transaction, born.get(&Subject::Delegation(*id)).copied().unwrap_or_default(), delegation)?;
    }
    for (who, standing) in &rows.standings {
        standings::write(transaction, who, standing)?;
    }
    about::write(transaction, records, &rows)?;
    // A use of an unknown grant is not counted, as in the fold.
    let mut count = transaction.prepare_cached(
        "INSERT INTO grant_uses (created, uses) SELECT created, ? FROM grants WHERE id = ?
         ON CONFLICT (created) DO UPDATE SET uses = uses + excluded.uses",
    )?;
    for (id, uses) in used {
        count.execute(params![uses, id.as_u128().to_be_bytes()])?;
    }
    Ok(())
}

/// Writes the row; `born` is the revision it gets if there is none yet.
fn write_request(transaction: &Transaction<'_>, born: Revision, request: &AccessRequest) -> Result<(), Fault> {
    let columns = RequestColumns::of(request);
    let (stored, pressed) = as_kept(stored_request(request)?, true);
    let (person_kind, person) = behind((columns.owner_kind, &columns.owner), (columns.person_kind, &columns.person));
    let created: i64 = transaction
        .prepare_cached(
            "INSERT INTO requests (created, id, owner_kind, owner, person_kind, person, state, times_out_at, due_at,
                 extends, stored, pressed)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET owner_kind = excluded.owner_kind, owner = excluded.owner,
                 person_kind = excluded.person_kind, person = excluded.person, state = excluded.state, times_out_at = excluded.times_out_at, due_at = excluded.due_at,
                 extends = excluded.extends, stored = excluded.stored, pressed = excluded.pressed
             RETURNING created",
        )?
        .query_row(
            params![
                int(born),
                columns.id,
                columns.owner_kind,
                columns.owner,
                person_kind,
                person,
                columns.state,
                columns.times_out_at,
                columns.due_at,
                columns.extends,
                stored,
                pressed
            ],
            |row| row.get(0),
        )?;
    let old = if created == int(born) { &[] } else { &REQUEST_STATES[..] };
    write_approvers(transaction, "request_approvers", old, created, &request.approver_roles, columns.state)
}

/// Writes the row; `born` is the revision it gets if there is none yet.
fn write_grant(transaction: &Transaction<'_>, born: Revision, grant: &Grant) -> Result<(), Fault> {
    let columns = GrantColumns::of(grant);
    let (stored, pressed) = as_kept(stored_grant(grant)?, columns.plain || is_over(columns.state));
    let (person_kind, person) = behind((columns.owner_kind, &columns.owner), (columns.person_kind, &columns.person));
    let [scope, allowed, excepted] = needed_by_checks(&columns);
    let created: i64 = transaction
        .prepare_cached(
            "INSERT INTO grants (created, id, request, first, owner_kind, owner, person_kind, person, state, starts_at,
                 ends_at, due_at, unsettled, plain, scope, allowed, excepted, stored, pressed)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET request = excluded.request, first = excluded.first, owner_kind = excluded.owner_kind,
                 owner = excluded.owner, person_kind = excluded.person_kind, person = excluded.person, state = excluded.state, starts_at = excluded.starts_at,
                 ends_at = excluded.ends_at, due_at = excluded.due_at,
                 unsettled = excluded.unsettled, plain = excluded.plain, scope = excluded.scope,
                 allowed = excluded.allowed, excepted = excluded.excepted, stored = excluded.stored,
                 pressed = excluded.pressed
             RETURNING created",
        )?
        .query_row(
            params![
                int(born),
                columns.id,
                columns.request,
                columns.first,
                columns.owner_kind,
                columns.owner,
                person_kind,
                person,
                columns.state,
                columns.starts_at,
                columns.ends_at,
                columns.due_at,
                columns.unsettled,
                columns.plain,
                scope,
                allowed,
                excepted,
                stored,
                pressed
            ],
            |row| row.get(0),
        )?;
    if grant.uses > 0 {
        transaction
            .prepare_cached(
                "INSERT INTO grant_uses (created, uses) VALUES (?, ?)
                 ON CONFLICT (created) DO UPDATE SET uses = excluded.uses",
            )?
            .execute(params![created, i64::try_from(grant.uses).unwrap_or(i64::MAX)])?;
    }
    let old = if created == int(born) { &[] } else { &GRANT_STATES[..] };
    write_approvers(transaction, "grant_approvers", old, created, &grant.approver_roles, columns.state)
}

/// The columns `stored` and `pressed`. If a row became smaller later, the free space in its page would not be used
/// again, so it is compressed from the beginning. Only a live grant that is not plain stays as text, because the index
/// is loaded from it.
fn as_kept(form: String, is_pressed: bool) -> (String, Option<Vec<u8>>) {
    if !is_pressed {
        return (form, None);
    }
    let (text, pressed) = compress::columns(compress::Kind::Object, &form);
    (text.to_owned(), pressed)
}

/// Writes the row; `born` is the revision it gets if there is none yet. Only its end ever changes.
fn write_delegation(transaction: &Transaction<'_>, born: Revision, delegation: &Delegation) -> Result<(), Fault> {
    let columns = DelegationColumns::of(delegation);
    transaction
        .prepare_cached(
            "INSERT INTO delegations (created, id, delegator_kind, delegator, delegate_kind, delegate, ended, starts_at,
                 ends_at, stored)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, stored = excluded.stored",
        )?
        .execute(params![
            int(born),
            columns.id,
            columns.delegator_kind,
            columns.delegator,
            columns.delegate_kind,
            columns.delegate,
            columns.ended,
            columns.starts_at,
            columns.ends_at,
            stored_delegation(delegation)?
        ])?;
    Ok(())
}

/// The roles never change. The state in their rows does; before it was one of `old`.
fn write_approvers(
    transaction: &Transaction<'_>,
    table: &'static str,
    old: &[&'static str],
    created: i64,
    roles: &[RoleName],
    state: &'static str,
) -> Result<(), Fault> {
    let mut delete =
        transaction.prepare_cached(&format!("DELETE FROM {table} WHERE role = ? AND state = ? AND created = ?"))?;
    // A role that is listed twice is one role.
    let mut insert = transaction
        .prepare_cached(&format!("INSERT OR IGNORE INTO {table} (role, state, created) VALUES (?, ?, ?)"))?;
    for role in roles {
        for old in old.iter().filter(|old| **old != state) {
            delete.execute(params![role.as_str(), old, created])?;
        }
        insert.execute(params![role.as_str(), state, created])?;
    }
    Ok(())
}

fn keep_key(
    transaction: &Transaction<'_>,
    caller: &Principal,
    key: &str,
    done: &Done,
    at: Timestamp,
) -> Result<(), Fault> {
    let taken = transaction
        .prepare_cached("SELECT 1 FROM idempotency WHERE caller_kind = ? AND caller = ? AND key = ?")?
        .query_row(params![caller.kind().name(), caller.id(), key], |_| Ok(()))
        .optional()?;
    if taken.is_some() {
        return Err(StoreError::KeyTaken.into());
    }
    transaction
        .prepare_cached(
            "INSERT INTO idempotency (caller_kind, caller, key, fingerprint, request, grant_id, delegation, ended, at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            caller.kind().name(),
            caller.id(),
            key,
            done.fingerprint,
            done.request.map(|id| id.as_u128().to_be_bytes()),
            done.grant.map(|id| id.as_u128().to_be_bytes()),
            done.delegation.map(|id| id.as_u128().to_be_bytes()),
            done.ended.iter().flat_map(|id| id.as_u128().to_be_bytes()).collect::<Vec<u8>>(),
            at.millis()
        ])?;
    schema::count_keys(transaction, 1)?;
    outbox::forget_old(transaction, at)?;
    Ok(())
}
