//! Whether the file still says what was written to it.
//!
//! The journal is read once, from the first record to the last, and everything else is compared with its fold: the head,
//! and every column of every row. What nobody can tell from the file alone is that all of it was replaced by another one
//! that is whole in itself; for that, keep the head's hash elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use rusqlite::{Connection, params};

use super::error::Fault;
use super::rows::{self, DelegationColumns, GrantColumns, RequestColumns, int, revision};
use super::{about, read, standings};
use crate::journal::{Broken, Record, Verifier};
use crate::model::{Revision, RoleName};
use crate::store::{Head, Rows, Subject, check_head, fold, pass};
use crate::workflow::View;

/// How many records are held at a time.
const PAGE: usize = 1_000;

/// Checks everything, over one revision; answers how many records there are.
pub(super) fn verify(connection: &Connection) -> Result<u64, Fault> {
    check_pages(connection)?;
    let head = read::head(connection)?;
    let Folded { count, rows, born } = fold_journal(connection, &head)?;
    check_requests(connection, &rows, &born)?;
    check_grants(connection, &rows, &born)?;
    check_delegations(connection, &rows, &born)?;
    standings::check(connection, &rows.standings)?;
    Ok(count)
}

/// SQLite's own look at its pages and indexes.
fn check_pages(connection: &Connection) -> Result<(), Fault> {
    let answer: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if answer == "ok" { Ok(()) } else { Err(Fault::corrupt(answer)) }
}

struct Folded {
    count: u64,
    rows: Rows,
    born: BTreeMap<Subject, Revision>,
}

fn fold_journal(connection: &Connection, head: &Head) -> Result<Folded, Fault> {
    let mut verifier = Verifier::default();
    let mut rows = Rows::default();
    let mut born = BTreeMap::new();
    let mut told = Head::new(head.lineage);
    let mut page = Vec::with_capacity(PAGE);
    let mut statement =
        connection.prepare("SELECT revision, hash, body, changes, at FROM journal ORDER BY revision")?;
    let mut found = statement.query([])?;
    let mut expected = Revision::ZERO;
    let mut about = 0;
    while let Some(row) = found.next()? {
        expected = expected.next();
        let record = next_record(&mut verifier, row, expected, head)?;
        pass(&record, &mut told);
        born.entry(Subject::of(&record.event)).or_insert(record.revision);
        page.push(record);
        if page.len() == PAGE {
            about += fold_page(connection, &mut rows, &page)?;
            page.clear();
        }
    }
    about += fold_page(connection, &mut rows, &page)?;
    let count = verifier.finish(head.revision, head.hash)?;
    about::check_count(connection, about)?;
    check_head(head, &told)?;
    Ok(Folded { count, rows, born })
}

fn next_record(
    verifier: &mut Verifier,
    row: &rusqlite::Row<'_>,
    expected: Revision,
    head: &Head,
) -> Result<Record, Fault> {
    let broken = |problem: &str| Fault::from(Broken { revision: expected, problem: problem.to_owned() });
    let kept = revision(row.get(0)?)?;
    if kept == expected && kept > head.revision {
        return Err(broken("it lies beyond the head"));
    }
    let text = |column| row.get_ref(column).ok().and_then(|value| value.as_str().ok());
    let (Some(hash), Some(body)) = (text(1), text(2)) else { return Err(broken("it is not text")) };
    let record = verifier.next(kept, hash, body)?;
    if row.get::<_, i64>(4)? != record.event.at.millis() {
        return Err(broken("its instant is kept wrongly beside it"));
    }
    if row.get::<_, bool>(3)? != record.event.fact.changes_state() {
        return Err(broken("whether it changes state is kept wrongly beside it"));
    }
    Ok(record)
}

/// Folds more records into the rows, and counts what they are about.
fn fold_page(connection: &Connection, rows: &mut Rows, records: &[Record]) -> Result<usize, Fault> {
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
    records.iter().map(|record| about::check(connection, record, rows)).sum()
}

fn check_requests(connection: &Connection, folded: &Rows, born: &BTreeMap<Subject, Revision>) -> Result<(), Fault> {
    let mut statement = connection.prepare(
        "SELECT created, stored, id, owner_kind, owner, state, times_out_at, due_at, person_kind, person,
             extends, role
         FROM requests ORDER BY created",
    )?;
    let mut found = statement.query([])?;
    let mut count = 0;
    while let Some(row) = found.next()? {
        count += 1;
        let created: i64 = row.get(0)?;
        let stored: String = row.get(1)?;
        let request = rows::request(created, &stored)?;
        let columns = RequestColumns::of(&request);
        let same = folded.requests.get(&request.id) == Some(&request)
            && born.get(&Subject::Request(request.id)).copied().map(int) == Some(created)
            && row.get::<_, [u8; 16]>(2)? == columns.id
            && row.get::<_, String>(3)? == columns.owner_kind
            && row.get::<_, String>(4)? == columns.owner
            && row.get::<_, String>(5)? == columns.state
            && row.get::<_, i64>(6)? == columns.times_out_at
            && row.get::<_, Option<i64>>(7)? == columns.due_at
            && row.get::<_, String>(8)? == columns.person_kind
            && row.get::<_, String>(9)? == columns.person
            && row.get::<_, bool>(10)? == columns.extends
            && row.get::<_, String>(11)? == columns.role
            && approvers_are(connection, "request_approvers", created, columns.state, &request.approver_roles)?;
        if !same {
            return Err(differs("request", request.id, created));
        }
    }
    all_there(connection, "request", count, folded.requests.len(), folded.requests.values().map(|r| &r.approver_roles))
}

fn check_grants(connection: &Connection, folded: &Rows, born: &BTreeMap<Subject, Revision>) -> Result<(), Fault> {
    let mut statement = connection.prepare(
        "SELECT created, coalesce(uses, 0), stored, id, request, owner_kind, owner, state, starts_at, ends_at, due_at,
             scope, allowed, excepted, first, unsettled, person_kind, plain, person, role
         FROM grants LEFT JOIN grant_uses USING (created) ORDER BY created",
    )?;
    let mut found = statement.query([])?;
    let mut count = 0;
    while let Some(row) = found.next()? {
        count += 1;
        let created: i64 = row.get(0)?;
        let stored: String = row.get(2)?;
        let grant = rows::grant(created, row.get(1)?, &stored)?;
        let columns = GrantColumns::of(&grant);
        let same = folded.grants.get(&grant.id) == Some(&grant)
            && born.get(&Subject::Grant(grant.id)).copied().map(int) == Some(created)
            && row.get::<_, [u8; 16]>(3)? == columns.id
            && row.get::<_, [u8; 16]>(4)? == columns.request
            && row.get::<_, String>(5)? == columns.owner_kind
            && row.get::<_, String>(6)? == columns.owner
            && row.get::<_, String>(7)? == columns.state
            && row.get::<_, i64>(8)? == columns.starts_at
            && row.get::<_, i64>(9)? == columns.ends_at
            && row.get::<_, Option<i64>>(10)? == columns.due_at
            && row.get::<_, String>(11)? == columns.scope
            && row.get::<_, String>(12)? == columns.allowed
            && row.get::<_, String>(13)? == columns.excepted
            && row.get::<_, Option<[u8; 16]>>(14)? == columns.first
            && row.get::<_, bool>(15)? == columns.unsettled
            && row.get::<_, String>(16)? == columns.person_kind
            && row.get::<_, bool>(17)? == columns.plain
            && row.get::<_, String>(18)? == columns.person
            && row.get::<_, String>(19)? == columns.role
            && approvers_are(connection, "grant_approvers", created, columns.state, &grant.approver_roles)?;
        if !same {
            return Err(differs("grant", grant.id, created));
        }
    }
    let used = folded.grants.values().filter(|grant| grant.uses > 0).count();
    let counted: i64 = connection.query_row("SELECT count(*) FROM grant_uses", [], |row| row.get(0))?;
    if usize::try_from(counted) != Ok(used) {
        return Err(Fault::corrupt("uses are counted of grants that the journal does not tell of"));
    }
    all_there(connection, "grant", count, folded.grants.len(), folded.grants.values().map(|g| &g.approver_roles))
}

fn check_delegations(connection: &Connection, folded: &Rows, born: &BTreeMap<Subject, Revision>) -> Result<(), Fault> {
    let mut statement = connection.prepare(
        "SELECT created, stored, id, delegator_kind, delegator, delegate_kind, delegate, ended, starts_at, ends_at
         FROM delegations ORDER BY created",
    )?;
    let mut found = statement.query([])?;
    let mut count = 0;
    while let Some(row) = found.next()? {
        count += 1;
        let created: i64 = row.get(0)?;
        let stored: String = row.get(1)?;
        let delegation = rows::delegation(created, &stored)?;
        let columns = DelegationColumns::of(&delegation);
        let same = folded.delegations.get(&delegation.id) == Some(&delegation)
            && born.get(&Subject::Delegation(delegation.id)).copied().map(int) == Some(created)
            && row.get::<_, [u8; 16]>(2)? == columns.id
            && row.get::<_, String>(3)? == columns.delegator_kind
            && row.get::<_, String>(4)? == columns.delegator
            && row.get::<_, String>(5)? == columns.delegate_kind
            && row.get::<_, String>(6)? == columns.delegate
            && row.get::<_, bool>(7)? == columns.ended
            && row.get::<_, i64>(8)? == columns.starts_at
            && row.get::<_, i64>(9)? == columns.ends_at;
        if !same {
            return Err(differs("delegation", delegation.id, created));
        }
    }
    if count != folded.delegations.len() {
        let expected = folded.delegations.len();
        return Err(Fault::corrupt(format!("there are {count} delegation rows, and the journal tells of {expected}")));
    }
    Ok(())
}

/// Whether every role is there with this state. That there are no others, [`all_there`] counts.
fn approvers_are(
    connection: &Connection,
    table: &'static str,
    created: i64,
    state: &str,
    roles: &[RoleName],
) -> Result<bool, Fault> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT count(*) FROM {table} WHERE role = ? AND state = ? AND created = ?"))?;
    for role in roles {
        let count: i64 = statement.query_row(params![role.as_str(), state, created], |row| row.get(0))?;
        if count != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn all_there<'a>(
    connection: &Connection,
    what: &'static str,
    rows: usize,
    expected: usize,
    approvers: impl Iterator<Item = &'a Vec<RoleName>>,
) -> Result<(), Fault> {
    if rows != expected {
        return Err(Fault::corrupt(format!("there are {rows} {what} rows, and the journal tells of {expected}")));
    }
    let expected: usize = approvers.map(|roles| roles.iter().collect::<BTreeSet<_>>().len()).sum();
    let kept: i64 = connection.query_row(&format!("SELECT count(*) FROM {what}_approvers"), [], |row| row.get(0))?;
    if usize::try_from(kept) != Ok(expected) {
        return Err(Fault::corrupt(format!("the roles kept for some {what} are not what the journal says")));
    }
    Ok(())
}

fn differs(what: &str, id: impl std::fmt::Display, created: i64) -> Fault {
    Fault::corrupt(format!("{what} {id}, made by record {created}, is not what the journal says"))
}
