//! How a batch is written.
//!
//! Everybody waits for the head row while a batch is written, so everything is sealed and folded first and sent at once.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Fault;
use super::link::Statement;
use super::session::Session;
use super::{about, outbox, read, retention, schema};
use crate::journal::Record;
use crate::model::{AccessRequest, Standing};
use crate::model::{Delegation, Fact, Grant, GrantId, Principal, Revision, RoleName, Timestamp};
use crate::store::columns::{
    DelegationColumns, GrantColumns, RequestColumns, int, stored_delegation, stored_grant, stored_request,
    stored_standing,
};
use crate::store::retention::removal_in;
use crate::store::{Batch, Done, StoreError, Subject, check_basis, fold, seal};
use crate::workflow::View;

/// Writes the batch inside a transaction that holds the head row.
pub(super) fn commit(session: &Session<'_>, batch: &Batch) -> Result<Vec<Record>, Fault> {
    let before = session.head;
    check_basis(batch.decided_from, &before)?;
    let mut head = before;
    let records = batch.events.iter().map(|event| seal(event, &mut head)).collect::<Result<Vec<_>, _>>()?;
    let mut statements = Vec::new();
    let mut key_at = None;
    if let Some((caller, key, done)) = &batch.done {
        key_at = Some(statements.len());
        statements.push(keep_key(caller, key, done, head.at));
    }
    session.has_news.set(records.iter().any(|record| record.event.fact.changes_state()));
    if !records.is_empty() {
        statements.push(append(&records));
        write_rows(session, batch, &records, &mut statements)?;
    }
    outbox::queue(session, &batch.outbox, head.at, &mut statements)?;
    if head != before {
        statements.push(schema::move_head(&head));
    }
    let written = session.execute_all(&statements)?;
    if key_at.is_some_and(|at| written.get(at) == Some(&0)) {
        return Err(StoreError::KeyTaken.into());
    }
    drop(statements);
    if let Some(removal) = removal_in(&batch.events) {
        retention::remove(session, removal, &before, head.at)?;
    }
    Ok(records)
}

fn append(records: &[Record]) -> Statement<'_> {
    Statement {
        sql: "INSERT INTO journal (revision, changes, at, hash, body)
              SELECT * FROM unnest($1::bigint[], $2::boolean[], $3::bigint[], $4::text[], $5::text[])",
        params: vec![
            Box::new(records.iter().map(|record| int(record.revision)).collect::<Vec<_>>()),
            Box::new(records.iter().map(|record| record.event.fact.changes_state()).collect::<Vec<_>>()),
            Box::new(records.iter().map(|record| record.event.at.millis()).collect::<Vec<_>>()),
            Box::new(records.iter().map(|record| record.hash.to_string()).collect::<Vec<_>>()),
            Box::new(records.iter().map(|record| record.body.as_str()).collect::<Vec<_>>()),
        ],
    }
}

/// Writes the rows that the events change. Grants that the batch only tells uses of are counted where they lie, so that
/// ten thousand uses cost ten thousand counts and not ten thousand grants read, folded and written.
fn write_rows<'a>(
    session: &Session<'_>,
    batch: &Batch,
    records: &'a [Record],
    statements: &mut Vec<Statement<'a>>,
) -> Result<(), Fault> {
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
    let rows = fold::<Fault>(events, |subject| row_of(session, subject))?;
    rows.check_ids()?;
    let born = |subject: Subject| born.get(&subject).copied().unwrap_or_default();
    for (id, request) in &rows.requests {
        write_request(born(Subject::Request(*id)), request, statements)?;
    }
    for (id, grant) in &rows.grants {
        write_grant(born(Subject::Grant(*id)), grant, statements)?;
    }
    for (id, delegation) in &rows.delegations {
        statements.push(write_delegation(born(Subject::Delegation(*id)), delegation)?);
    }
    for (who, standing) in &rows.standings {
        statements.push(write_standing(who, standing)?);
    }
    about::write(session, records, &rows, &used, statements)?;
    if !used.is_empty() {
        // A use of a grant that is not known counts nowhere, as in the fold.
        statements.push(Statement {
            sql: "INSERT INTO grant_uses AS known (created, uses)
                  SELECT created, more FROM unnest($1::uuid[], $2::bigint[]) AS new (id, more) JOIN grants USING (id)
                  ON CONFLICT (created) DO UPDATE SET uses = known.uses + excluded.uses",
            params: vec![
                Box::new(used.keys().map(|id| read::uuid(id.as_u128())).collect::<Vec<_>>()),
                Box::new(used.into_values().collect::<Vec<_>>()),
            ],
        });
    }
    Ok(())
}

fn row_of(session: &Session<'_>, subject: Subject) -> Result<View, Fault> {
    Ok(match subject {
        Subject::Request(id) => {
            View { request: read::request_by_id(session, id)?.map(|(_, request)| request), ..View::default() }
        }
        Subject::Grant(id) => {
            View { grant: read::grant_by_id(session, id)?.map(|(_, grant)| grant), ..View::default() }
        }
        Subject::Delegation(id) => View { delegation: read::delegation_by_id(session, id)?, ..View::default() },
        Subject::Principal(who) => {
            let known = read::standing(session, &who)?.map(|known| (who, known));
            View { standing: known.into_iter().collect(), ..View::default() }
        }
        Subject::Store => View::default(),
    })
}

/// Writes the row; `born` is the revision it gets if there is none yet.
fn write_request(born: Revision, request: &AccessRequest, statements: &mut Vec<Statement<'_>>) -> Result<(), Fault> {
    let columns = RequestColumns::of(request);
    let id = read::uuid(request.id.as_u128());
    statements.push(Statement {
        sql: "INSERT INTO requests (created, id, owner_kind, owner, person_kind, person, state, times_out_at, due_at,
                  extends, role, stored)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
              ON CONFLICT (id) DO UPDATE SET owner_kind = excluded.owner_kind, owner = excluded.owner,
                  person_kind = excluded.person_kind, person = excluded.person, state = excluded.state,
                  times_out_at = excluded.times_out_at, due_at = excluded.due_at, extends = excluded.extends,
                  role = excluded.role, stored = excluded.stored",
        params: vec![
            Box::new(int(born)),
            Box::new(id),
            Box::new(columns.owner_kind),
            Box::new(columns.owner),
            Box::new(columns.person_kind),
            Box::new(columns.person),
            Box::new(columns.state),
            Box::new(columns.times_out_at),
            Box::new(columns.due_at),
            Box::new(columns.extends),
            Box::new(columns.role),
            Box::new(stored_request(request)?),
        ],
    });
    for sql in [
        "DELETE FROM request_approvers a USING requests r WHERE r.id = $1 AND a.created = r.created AND a.state <> $2
         AND a.role = ANY($3)",
        "INSERT INTO request_approvers (role, state, created)
         SELECT new.role, $2, r.created FROM requests r, unnest($3) AS new (role) WHERE r.id = $1 ON CONFLICT DO NOTHING",
    ] {
        statements.push(approvers(sql, id, columns.state, &request.approver_roles));
    }
    Ok(())
}

/// The roles themselves never change; the state beside them does.
fn approvers<'a>(sql: &'a str, id: uuid::Uuid, state: &'static str, roles: &[RoleName]) -> Statement<'a> {
    let roles: Vec<String> = roles.iter().map(ToString::to_string).collect();
    Statement { sql, params: vec![Box::new(id), Box::new(state), Box::new(roles)] }
}

/// Writes the row; `born` is the revision it gets if there is none yet.
fn write_grant(born: Revision, grant: &Grant, statements: &mut Vec<Statement<'_>>) -> Result<(), Fault> {
    let columns = GrantColumns::of(grant);
    let id = read::uuid(grant.id.as_u128());
    statements.push(Statement {
        sql:
            "INSERT INTO grants (created, id, request, first, owner_kind, owner, person_kind, person, state, starts_at,
                  ends_at, due_at, unsettled, role, plain, scope, allowed, excepted, stored)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
              ON CONFLICT (id) DO UPDATE SET request = excluded.request, first = excluded.first,
                  owner_kind = excluded.owner_kind, owner = excluded.owner, person_kind = excluded.person_kind,
                  person = excluded.person, state = excluded.state, starts_at = excluded.starts_at,
                  ends_at = excluded.ends_at, due_at = excluded.due_at, unsettled = excluded.unsettled,
                  role = excluded.role, plain = excluded.plain, scope = excluded.scope, allowed = excluded.allowed,
                  excepted = excluded.excepted, stored = excluded.stored",
        params: vec![
            Box::new(int(born)),
            Box::new(id),
            Box::new(read::uuid(grant.request.as_u128())),
            Box::new(columns.first.map(uuid::Uuid::from_bytes)),
            Box::new(columns.owner_kind),
            Box::new(columns.owner),
            Box::new(columns.person_kind),
            Box::new(columns.person),
            Box::new(columns.state),
            Box::new(columns.starts_at),
            Box::new(columns.ends_at),
            Box::new(columns.due_at),
            Box::new(columns.unsettled),
            Box::new(columns.role),
            Box::new(columns.plain),
            Box::new(columns.scope),
            Box::new(columns.allowed),
            Box::new(columns.excepted),
            Box::new(stored_grant(grant)?),
        ],
    });
    if grant.uses > 0 {
        statements.push(Statement {
            sql: "INSERT INTO grant_uses (created, uses) SELECT created, $2 FROM grants WHERE id = $1
                  ON CONFLICT (created) DO UPDATE SET uses = excluded.uses",
            params: vec![Box::new(id), Box::new(i64::try_from(grant.uses).unwrap_or(i64::MAX))],
        });
    }
    for sql in [
        "DELETE FROM grant_approvers a USING grants g WHERE g.id = $1 AND a.created = g.created AND a.state <> $2
         AND a.role = ANY($3)",
        "INSERT INTO grant_approvers (role, state, created)
         SELECT new.role, $2, g.created FROM grants g, unnest($3) AS new (role) WHERE g.id = $1 ON CONFLICT DO NOTHING",
    ] {
        statements.push(approvers(sql, id, columns.state, &grant.approver_roles));
    }
    Ok(())
}

/// Writes the row; `born` is the revision it gets if there is none yet. Only its end ever changes.
fn write_delegation(born: Revision, delegation: &Delegation) -> Result<Statement<'static>, Fault> {
    let columns = DelegationColumns::of(delegation);
    Ok(Statement {
        sql:
            "INSERT INTO delegations (created, id, delegator_kind, delegator, delegate_kind, delegate, ended, starts_at,
                  ends_at, stored)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
              ON CONFLICT (id) DO UPDATE SET ended = excluded.ended, stored = excluded.stored",
        params: vec![
            Box::new(int(born)),
            Box::new(uuid::Uuid::from_bytes(columns.id)),
            Box::new(columns.delegator_kind),
            Box::new(columns.delegator),
            Box::new(columns.delegate_kind),
            Box::new(columns.delegate),
            Box::new(columns.ended),
            Box::new(columns.starts_at),
            Box::new(columns.ends_at),
            Box::new(stored_delegation(delegation)?),
        ],
    })
}

fn write_standing(who: &Principal, standing: &Standing) -> Result<Statement<'static>, Fault> {
    Ok(Statement {
        sql: "INSERT INTO standings (kind, name, stored) VALUES ($1, $2, $3)
              ON CONFLICT (kind, name) DO UPDATE SET stored = excluded.stored",
        params: vec![
            Box::new(who.kind().name()),
            Box::new(who.id().to_owned()),
            Box::new(stored_standing(who, standing)?),
        ],
    })
}

/// Changes no row when the key is there already. That it may be one that is old is for `forget_old` to see to.
fn keep_key<'a>(caller: &'a Principal, key: &'a str, done: &'a Done, at: Timestamp) -> Statement<'a> {
    Statement {
        sql: "INSERT INTO idempotency (caller_kind, caller, key, fingerprint, request, grant_id, delegation, ended, at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        params: vec![
            Box::new(caller.kind().name()),
            Box::new(caller.id()),
            Box::new(key.as_bytes()),
            Box::new(&done.fingerprint),
            Box::new(done.request.map(|id| read::uuid(id.as_u128()))),
            Box::new(done.grant.map(|id| read::uuid(id.as_u128()))),
            Box::new(done.delegation.map(|id| read::uuid(id.as_u128()))),
            Box::new(done.ended.iter().map(|id| read::uuid(id.as_u128())).collect::<Vec<_>>()),
            Box::new(at.millis()),
        ],
    }
}
