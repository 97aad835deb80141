//! Whether the database still says what was written to it.
//!
//! The journal is read once, from the first record to the last, some at a time, and everything else is compared with its
//! fold: the head, and every column of every row. What nobody can tell from the database alone is that all of it was
//! replaced by another one that is whole in itself; for that, keep the head's hash elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Fault;
use super::session::Session;
use super::{about, journal, retention};
use crate::journal::{Broken, Record, Verifier};
use crate::model::{Invalid, Principal, Revision, RoleName, Standing};
use crate::store::columns::{self, DelegationColumns, GrantColumns, RequestColumns, int, revision};
use crate::store::{
    Head, Position, Rows, StoreError, Subject, Verification, Verified, Verifying, check_head, check_number, fold,
    move_head,
};
use crate::workflow::View;

/// How many records, and how many rows, are held at a time.
const PAGE: i64 = 1_000;

/// Checks everything, over one revision, wherever it is asked to begin: all rows are the fold of all records. What comes
/// before that beginning is not told, and not counted.
pub(super) fn verify(
    session: &Session<'_>,
    wanted: &Verification,
    watch: &mut dyn Verifying,
    schema: &str,
) -> Result<Verified, Fault> {
    let head = session.head()?;
    let after = wanted.after.as_ref().map_or(Revision::ZERO, |after| after.revision);
    if let Some(known) = wanted.after.as_ref().filter(|known| known.revision > Revision::ZERO) {
        let broken = |problem: String| Fault::from(Broken { revision: known.revision, problem });
        let hash = known.hash().parse().map_err(|error: Invalid| broken(error.to_string()))?;
        let position = Position { lineage: head.lineage, revision: known.revision, hash };
        journal::check_known(session, schema, &position).map_err(|fault| match fault {
            Fault::Store(StoreError::Replaced(why)) => broken(why),
            other => other,
        })?;
    }
    let Folded { count, rows, born } = fold_journal(session, after, watch)?;
    check_requests(session, &rows, &born)?;
    check_grants(session, &rows, &born)?;
    check_delegations(session, &rows, &born)?;
    check_standings(session, &rows.standings)?;
    check_side_tables(session)?;
    if let Some(needed) = retention::needed(session, head.seen)?.filter(|needed| *needed <= head.removed_up_to()) {
        let problem = format!("something is in force that was made by record {needed}, which is removed");
        return Err(Fault::corrupt(problem));
    }
    Ok(Verified { head, records: count.saturating_sub(after.max(head.removed_up_to()).0) })
}

struct Folded {
    count: u64,
    rows: Rows,
    born: BTreeMap<Subject, Revision>,
}

fn fold_journal(session: &Session<'_>, after: Revision, watch: &mut dyn Verifying) -> Result<Folded, Fault> {
    let head = session.head()?;
    let (mut rows, mut born) = (Rows::default(), BTreeMap::new());
    // The record that says what was removed is among those that follow.
    let (mut verifier, mut told) = match head.removed {
        Some(gone) => {
            let told = head.at_record(gone.last, gone.hash, gone.until);
            (Verifier::after(gone.last, gone.hash, gone.until), told)
        }
        None => (Verifier::default(), Head::new(head.lineage)),
    };
    let mut expected = head.removed_up_to();
    let mut about = about::Check::without(expected);
    let sql = "SELECT revision, hash, body, changes, at FROM journal WHERE revision > $1 ORDER BY revision LIMIT $2";
    each_page(session, sql, i64::MIN, |found| {
        let mut page = Vec::with_capacity(found.len());
        for row in found {
            expected = expected.next();
            let record = next_record(&mut verifier, row, expected, &head)?;
            move_head(&record, &mut told);
            if record.revision > after {
                watch.record(record.revision, &record.body);
            }
            born.entry(Subject::of(&record.event)).or_insert(record.revision);
            page.push(record);
        }
        fold_page(&mut rows, &page);
        about.take(session, &page, &rows)
    })?;
    let count = verifier.finish(head.revision, head.hash)?;
    about.end(session)?;
    check_head(&head, &told)?;
    Ok(Folded { count, rows, born })
}

/// Hands over all rows that a query of a key and a limit answers, some at a time. The first column is the key.
fn each_page(
    session: &Session<'_>,
    sql: &str,
    mut after: i64,
    mut take: impl FnMut(&[Row]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    loop {
        let found = session.query(sql, &[&after, &PAGE])?;
        take(&found)?;
        let Some(last) = found.last() else { return Ok(()) };
        after = last.try_get(0)?;
    }
}

fn next_record(verifier: &mut Verifier, row: &Row, expected: Revision, head: &Head) -> Result<Record, Fault> {
    let broken = |problem: &str| Fault::from(Broken { revision: expected, problem: problem.to_owned() });
    let kept = revision(row.try_get(0)?)?;
    if kept == expected && kept > head.revision {
        return Err(broken("it lies beyond the head"));
    }
    let record = verifier.next(kept, row.try_get(1)?, row.try_get(2)?)?;
    if row.try_get::<_, i64>(4)? != record.event.at.millis() {
        return Err(broken("its instant is kept wrongly beside it"));
    }
    if row.try_get::<_, bool>(3)? != record.event.fact.changes_state() {
        return Err(broken("whether it changes state is kept wrongly beside it"));
    }
    Ok(record)
}

/// Folds more records into the rows.
fn fold_page(rows: &mut Rows, records: &[Record]) {
    let folded = fold::<Infallible>(records.iter().map(|record| &record.event), |subject| {
        Ok(match subject {
            Subject::Request(id) => View { request: rows.requests.remove(&id), ..View::default() },
            Subject::Grant(id) => View { grant: rows.grants.remove(&id), ..View::default() },
            Subject::Delegation(id) => View { delegation: rows.delegations.remove(&id), ..View::default() },
            Subject::Principal(who) => {
                let known = rows.standings.remove(&who).map(|known| (who, known));
                View { standing: known.into_iter().collect(), ..View::default() }
            }
            Subject::Store => View::default(),
        })
    });
    let Ok(folded) = folded;
    rows.requests.extend(folded.requests);
    rows.grants.extend(folded.grants);
    rows.delegations.extend(folded.delegations);
    rows.standings.extend(folded.standings);
}

/// Rows up to here are over, and the records that made them are removed.
fn beginning(session: &Session<'_>) -> Result<i64, Fault> {
    Ok(session.head()?.removed.map_or(i64::MIN, |removed| int(removed.last)))
}

fn check_requests(session: &Session<'_>, folded: &Rows, born: &BTreeMap<Subject, Revision>) -> Result<(), Fault> {
    let sql =
        "SELECT created, stored, id, owner_kind, owner, state, times_out_at, due_at, person_kind, person, extends,
                   role, (SELECT array_agg(role ORDER BY role) FROM request_approvers a
                          WHERE a.created = r.created AND a.state = r.state)
               FROM requests r WHERE created > $1 ORDER BY created LIMIT $2";
    let mut count = 0;
    each_page(session, sql, beginning(session)?, |found| {
        for row in found {
            count += 1;
            let created: i64 = row.try_get(0)?;
            let request = columns::request(created, row.try_get(1)?)?;
            let columns = RequestColumns::of(&request);
            let same = folded.requests.get(&request.id) == Some(&request)
                && born.get(&Subject::Request(request.id)).copied().map(int) == Some(created)
                && row.try_get::<_, Uuid>(2)? == Uuid::from_bytes(columns.id)
                && row.try_get::<_, &str>(3)? == columns.owner_kind
                && row.try_get::<_, &str>(4)? == columns.owner
                && row.try_get::<_, &str>(5)? == columns.state
                && row.try_get::<_, i64>(6)? == columns.times_out_at
                && row.try_get::<_, Option<i64>>(7)? == columns.due_at
                && row.try_get::<_, &str>(8)? == columns.person_kind
                && row.try_get::<_, &str>(9)? == columns.person
                && row.try_get::<_, bool>(10)? == columns.extends
                && row.try_get::<_, &str>(11)? == columns.role
                && roles_are(row.try_get(12)?, &request.approver_roles);
            if !same {
                return Err(differs("request", request.id, created));
            }
        }
        Ok(())
    })?;
    all_there(session, "request", count, folded.requests.len(), folded.requests.values().map(|r| &r.approver_roles))
}

fn check_grants(session: &Session<'_>, folded: &Rows, born: &BTreeMap<Subject, Revision>) -> Result<(), Fault> {
    let sql =
        "SELECT g.created, coalesce(u.uses, 0), stored, id, request, owner_kind, owner, state, starts_at, ends_at,
                   due_at, scope, allowed, excepted, first, unsettled, person_kind, plain, person, role,
                   (SELECT array_agg(role ORDER BY role) FROM grant_approvers a
                    WHERE a.created = g.created AND a.state = g.state)
               FROM grants g LEFT JOIN grant_uses u ON u.created = g.created
               WHERE g.created > $1 ORDER BY g.created LIMIT $2";
    let mut count = 0;
    each_page(session, sql, beginning(session)?, |found| {
        for row in found {
            count += 1;
            let created: i64 = row.try_get(0)?;
            let grant = columns::grant(created, row.try_get(1)?, row.try_get(2)?)?;
            let columns = GrantColumns::of(&grant);
            let same = folded.grants.get(&grant.id) == Some(&grant)
                && born.get(&Subject::Grant(grant.id)).copied().map(int) == Some(created)
                && row.try_get::<_, Uuid>(3)? == Uuid::from_bytes(columns.id)
                && row.try_get::<_, Uuid>(4)? == Uuid::from_bytes(columns.request)
                && row.try_get::<_, &str>(5)? == columns.owner_kind
                && row.try_get::<_, &str>(6)? == columns.owner
                && row.try_get::<_, &str>(7)? == columns.state
                && row.try_get::<_, i64>(8)? == columns.starts_at
                && row.try_get::<_, i64>(9)? == columns.ends_at
                && row.try_get::<_, Option<i64>>(10)? == columns.due_at
                && row.try_get::<_, &str>(11)? == columns.scope
                && row.try_get::<_, &str>(12)? == columns.allowed
                && row.try_get::<_, &str>(13)? == columns.excepted
                && row.try_get::<_, Option<Uuid>>(14)? == columns.first.map(Uuid::from_bytes)
                && row.try_get::<_, bool>(15)? == columns.unsettled
                && row.try_get::<_, &str>(16)? == columns.person_kind
                && row.try_get::<_, bool>(17)? == columns.plain
                && row.try_get::<_, &str>(18)? == columns.person
                && row.try_get::<_, &str>(19)? == columns.role
                && roles_are(row.try_get(20)?, &grant.approver_roles);
            if !same {
                return Err(differs("grant", grant.id, created));
            }
        }
        Ok(())
    })?;
    let used = folded.grants.values().filter(|grant| grant.uses > 0).count();
    if usize::try_from(session.number("SELECT count(*) FROM grant_uses WHERE created > $1", &[&beginning(session)?])?)
        != Ok(used)
    {
        return Err(Fault::corrupt("uses are counted of grants that the journal does not tell of"));
    }
    all_there(session, "grant", count, folded.grants.len(), folded.grants.values().map(|g| &g.approver_roles))
}

fn check_delegations(session: &Session<'_>, folded: &Rows, born: &BTreeMap<Subject, Revision>) -> Result<(), Fault> {
    let sql =
        "SELECT created, stored, id, delegator_kind, delegator, delegate_kind, delegate, ended, starts_at, ends_at
               FROM delegations WHERE created > $1 ORDER BY created LIMIT $2";
    let mut count = 0;
    each_page(session, sql, beginning(session)?, |found| {
        for row in found {
            count += 1;
            let created: i64 = row.try_get(0)?;
            let delegation = columns::delegation(created, row.try_get(1)?)?;
            let columns = DelegationColumns::of(&delegation);
            let same = folded.delegations.get(&delegation.id) == Some(&delegation)
                && born.get(&Subject::Delegation(delegation.id)).copied().map(int) == Some(created)
                && row.try_get::<_, Uuid>(2)? == Uuid::from_bytes(columns.id)
                && row.try_get::<_, &str>(3)? == columns.delegator_kind
                && row.try_get::<_, &str>(4)? == columns.delegator
                && row.try_get::<_, &str>(5)? == columns.delegate_kind
                && row.try_get::<_, &str>(6)? == columns.delegate
                && row.try_get::<_, bool>(7)? == columns.ended
                && row.try_get::<_, i64>(8)? == columns.starts_at
                && row.try_get::<_, i64>(9)? == columns.ends_at;
            if !same {
                return Err(differs("delegation", delegation.id, created));
            }
        }
        Ok(())
    })?;
    let expected = folded.delegations.len();
    if count != expected {
        return Err(Fault::corrupt(format!("there are {count} delegation rows, and the journal tells of {expected}")));
    }
    Ok(())
}

fn check_standings(session: &Session<'_>, folded: &BTreeMap<Principal, Standing>) -> Result<(), Fault> {
    for (who, standing) in folded {
        if super::read::standing(session, who)?.as_ref() != Some(standing) {
            return Err(Fault::corrupt(format!("the standing of {who} is not what the journal says")));
        }
    }
    if usize::try_from(session.number("SELECT count(*) FROM standings", &[])?) == Ok(folded.len()) {
        return Ok(());
    }
    Err(Fault::corrupt("standings are kept that the journal does not tell of"))
}

/// Whether these are the roles that are kept with the state of the row. That there are no others, [`all_there`] counts.
/// Checks that no idempotency key and no notice is missing, and that each key names existing objects.
fn check_side_tables(session: &Session<'_>) -> Result<(), Fault> {
    let of_head = |column: &str| session.number(&format!("SELECT {column} FROM head"), &[]);
    for (column, table, what) in [("keys", "idempotency", "idempotency keys"), ("notices", "notices", "notices")] {
        let found = session.number(&format!("SELECT count(*) FROM {table}"), &[])?;
        check_number(what, of_head(column)?, found)?;
    }
    let stray = session.first(
        "SELECT caller FROM idempotency i
         WHERE request IS NOT NULL AND NOT EXISTS (SELECT 1 FROM requests WHERE id = i.request)
             OR grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM grants WHERE id = i.grant_id)
             OR delegation IS NOT NULL AND NOT EXISTS (SELECT 1 FROM delegations WHERE id = i.delegation)
             OR EXISTS (SELECT 1 FROM unnest(i.ended) AS gone WHERE NOT EXISTS (SELECT 1 FROM grants WHERE id = gone))
         ORDER BY at, caller, key LIMIT 1",
        &[],
    )?;
    let Some(row) = stray else { return Ok(()) };
    let whose = Invalid::quote(row.try_get(0)?);
    Err(Fault::corrupt(format!("an idempotency key of {whose} names an object that is not in the journal")))
}

fn roles_are(kept: Option<Vec<String>>, roles: &[RoleName]) -> bool {
    let roles: BTreeSet<_> = roles.iter().map(RoleName::as_str).collect();
    kept.unwrap_or_default().iter().map(String::as_str).eq(roles)
}

fn all_there<'a>(
    session: &Session<'_>,
    what: &'static str,
    rows: usize,
    expected: usize,
    approvers: impl Iterator<Item = &'a Vec<RoleName>>,
) -> Result<(), Fault> {
    if rows != expected {
        return Err(Fault::corrupt(format!("there are {rows} {what} rows, and the journal tells of {expected}")));
    }
    let expected: usize = approvers.map(|roles| roles.iter().collect::<BTreeSet<_>>().len()).sum();
    let sql = format!("SELECT count(*) FROM {what}_approvers WHERE created > $1");
    let kept = session.number(&sql, &[&beginning(session)?])?;
    if usize::try_from(kept) != Ok(expected) {
        return Err(Fault::corrupt(format!("the roles kept for some {what} are not what the journal says")));
    }
    Ok(())
}

fn differs(what: &str, id: impl std::fmt::Display, created: i64) -> Fault {
    Fault::corrupt(format!("{what} {id}, made by record {created}, is not what the journal says"))
}
