//! How a batch is written.
//!
//! Everybody waits for the head row while a batch is written, so everything is sealed and folded first and sent at once.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::error::SqlState;

use super::error::Fault;
use super::link::{Param, Statement};
use super::outbox::Gathering;
use super::session::Session;
use super::{about, outbox, read, retention, schema};
use crate::journal::Record;
use crate::model::{
    AccessRequest, Delegation, Fact, Grant, GrantId, Principal, Revision, RoleName, SharedTopics, Standing, Timestamp,
};
use crate::store::columns::{
    DelegationColumns, GrantColumns, RequestColumns, int, stored_delegation, stored_grant, stored_request,
    stored_standing,
};
use crate::store::retention::removal_in;
use crate::store::{Batch, Done, Head, Rows, StoreError, Subject, check_basis, fold, seal};
use crate::workflow::View;

/// Writes the batch inside a transaction that holds the head row, and commits it where nothing more is to be done in it.
pub(super) fn commit(session: &Session<'_>, batch: &Batch) -> Result<Vec<Record>, Fault> {
    let known = session.gathered(|| Known::read(session, batch))?;
    let before = session.head()?;
    check_basis(batch.decided_from, &before)?;
    known.rows.check_ids()?;
    let mut head = before;
    let records = batch.events.iter().map(|event| seal(event, &mut head)).collect::<Result<Vec<_>, _>>()?;
    session.has_news.set(records.iter().any(|record| record.event.fact.changes_state()));
    let mut statements = Vec::new();
    if let Some((caller, key, done)) = &batch.done {
        statements.push(keep_key(caller, key, done, head.at));
    }
    let keys = statements.len();
    if !records.is_empty() {
        statements.push(append(&records));
        write_rows(session, &records, &known, &mut statements)?;
    }
    let others = statements.len();
    outbox::queue(&known.gathering, &batch.outbox, head.at, &mut statements);
    let notices = statements.len() - others;
    if head != before || keys + notices > 0 {
        statements.push(schema::move_head(&head, keys, notices));
    }
    write(session, batch, (&before, head.at), &statements, keys)?;
    drop(statements);
    Ok(records)
}

/// Executes the statements, of which the first few keep a key.
fn write(
    session: &Session<'_>,
    batch: &Batch,
    (before, at): (&Head, Timestamp),
    statements: &[Statement<'_>],
    keys: usize,
) -> Result<(), Fault> {
    let failed = |nth: usize, fault: Fault| match fault {
        Fault::Sql(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
            if nth < keys {
                StoreError::KeyTaken.into()
            } else {
                taken(&error)
            }
        }
        other => other,
    };
    let Some(removal) = removal_in(&batch.events) else {
        return if statements.is_empty() { Ok(()) } else { session.finish(statements, failed) };
    };
    session.try_all(statements).map_err(|(nth, fault)| failed(nth, fault))?;
    retention::remove(session, removal, before, at)
}

/// Ids are random, so the next try has another one.
fn taken(error: &tokio_postgres::Error) -> Fault {
    let constraint = error.as_db_error().and_then(|found| found.constraint()).unwrap_or_default();
    StoreError::Unavailable { doing: "writing what is new", source: format!("its id is taken: {constraint}").into() }
        .into()
}

/// What a batch is written over.
struct Known {
    /// The rows that the events change, as they are after them.
    rows: Rows,
    /// What the batch makes.
    fresh: BTreeSet<Subject>,
    /// Grants that the batch only tells uses of, and how many. They are counted where they lie, so that ten thousand uses cost ten
    /// thousand counts and not ten thousand grants read, folded and written.
    used: BTreeMap<GrantId, i64>,
    /// What the records about these have in common.
    concerned: BTreeMap<GrantId, SharedTopics>,
    /// The last notice that gathers each of these.
    gathering: BTreeMap<String, Gathering>,
}

impl Known {
    fn read(session: &Session<'_>, batch: &Batch) -> Result<Self, Fault> {
        let changed: BTreeSet<_> =
            batch.events.iter().filter(|event| event.fact.changes_state()).map(Subject::of).collect();
        let mut used: BTreeMap<GrantId, i64> = BTreeMap::new();
        let (mut fresh, mut met) = (BTreeSet::new(), BTreeSet::new());
        for event in &batch.events {
            let subject = Subject::of(event);
            match &event.fact {
                Fact::GrantUsed { grant, .. } if !changed.contains(&subject) => *used.entry(*grant).or_default() += 1,
                fact if met.insert(subject.clone()) && makes_a_row(fact) => drop(fresh.insert(subject)),
                _ => {}
            }
        }
        let events = batch.events.iter().filter(|event| changed.contains(&Subject::of(event)));
        // What is new is not looked for: where it is not, writing it fails.
        let rows = fold::<Fault>(events, |subject| {
            if fresh.contains(&subject) { Ok(View::default()) } else { row_of(session, subject) }
        })?;
        let concerned = about::of_grants(session, used.keys().copied())?;
        let gathering = outbox::gathering(session, &batch.outbox)?;
        Ok(Self { rows, fresh, used, concerned, gathering })
    }
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

/// Writes the rows that the events change.
fn write_rows<'a>(
    session: &Session<'_>,
    records: &'a [Record],
    known: &'a Known,
    statements: &mut Vec<Statement<'a>>,
) -> Result<(), Fault> {
    let mut born: BTreeMap<Subject, Revision> = BTreeMap::new();
    for record in records.iter().filter(|record| makes_a_row(&record.event.fact)) {
        born.entry(Subject::of(&record.event)).or_insert(record.revision);
    }
    let born = |subject: Subject| known.fresh.contains(&subject).then(|| born.get(&subject).copied()).flatten();
    for (id, request) in &known.rows.requests {
        statements.push(write_request(born(Subject::Request(*id)), request)?);
    }
    for (id, grant) in &known.rows.grants {
        write_grant(born(Subject::Grant(*id)), grant, statements)?;
    }
    for (id, delegation) in &known.rows.delegations {
        statements.push(write_delegation(born(Subject::Delegation(*id)), delegation)?);
    }
    for (who, standing) in &known.rows.standings {
        statements.push(write_standing(who, standing)?);
    }
    about::write(session, records, &known.rows, &known.concerned, statements)?;
    if !known.used.is_empty() {
        // A use of a grant that is not known counts nowhere, as in the fold.
        statements.push(Statement {
            sql: "INSERT INTO grant_uses AS known (created, uses)
                  SELECT created, more FROM unnest($1::uuid[], $2::bigint[]) AS new (id, more) JOIN grants USING (id)
                  ON CONFLICT (created) DO UPDATE SET uses = known.uses + excluded.uses",
            params: vec![
                Box::new(known.used.keys().map(|id| read::uuid(id.as_u128())).collect::<Vec<_>>()),
                Box::new(known.used.values().copied().collect::<Vec<_>>()),
            ],
        });
    }
    Ok(())
}

const fn makes_a_row(fact: &Fact) -> bool {
    matches!(fact, Fact::RequestSubmitted(_) | Fact::GrantCreated(_) | Fact::RolesDelegated(_))
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

/// Writes the row, a new one where it is `born`. The roles that may approve it never change; the state beside them does.
fn write_request(born: Option<Revision>, request: &AccessRequest) -> Result<Statement<'static>, Fault> {
    let columns = RequestColumns::of(request);
    let sql = match born {
        Some(_) => {
            "WITH written AS (
                 INSERT INTO requests (id, owner_kind, owner, person_kind, person, state, times_out_at, due_at, extends, role,
                     stored, created)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13) RETURNING created
             )
             INSERT INTO request_approvers (role, state, created)
             SELECT DISTINCT new.role, $6, written.created FROM written, unnest($12) AS new (role)"
        }
        None => {
            "WITH written AS (
                 UPDATE requests SET owner_kind = $2, owner = $3, person_kind = $4, person = $5, state = $6, times_out_at = $7,
                     due_at = $8, extends = $9, role = $10, stored = $11
                 WHERE id = $1 RETURNING created
             )
             UPDATE request_approvers a SET state = $6 FROM written
             WHERE a.created = written.created AND a.state <> $6 AND a.role = ANY($12)"
        }
    };
    let mut params: Vec<Box<dyn Param>> = vec![
        Box::new(read::uuid(request.id.as_u128())),
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
        Box::new(texts(&request.approver_roles)),
    ];
    if let Some(born) = born {
        params.push(Box::new(int(born)));
    }
    Ok(Statement { sql, params })
}

fn texts(roles: &[RoleName]) -> Vec<String> {
    roles.iter().map(ToString::to_string).collect()
}

/// Writes the row, a new one where it is `born`. The roles that may approve it never change; the state beside them does.
fn write_grant(born: Option<Revision>, grant: &Grant, statements: &mut Vec<Statement<'_>>) -> Result<(), Fault> {
    let columns = GrantColumns::of(grant);
    let id = read::uuid(grant.id.as_u128());
    let sql = match born {
        Some(_) => {
            "WITH written AS (
                 INSERT INTO grants (id, request, first, owner_kind, owner, person_kind, person, state, starts_at, ends_at, due_at,
                     unsettled, role, plain, scope, allowed, excepted, stored, created)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $20) RETURNING created
             )
             INSERT INTO grant_approvers (role, state, created)
             SELECT DISTINCT new.role, $8, written.created FROM written, unnest($19) AS new (role)"
        }
        None => {
            "WITH written AS (
                 UPDATE grants SET request = $2, first = $3, owner_kind = $4, owner = $5, person_kind = $6, person = $7,
                     state = $8, starts_at = $9, ends_at = $10, due_at = $11, unsettled = $12, role = $13, plain = $14,
                     scope = $15, allowed = $16, excepted = $17, stored = $18
                 WHERE id = $1 RETURNING created
             )
             UPDATE grant_approvers a SET state = $8 FROM written
             WHERE a.created = written.created AND a.state <> $8 AND a.role = ANY($19)"
        }
    };
    let mut params: Vec<Box<dyn Param>> = vec![
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
        Box::new(texts(&grant.approver_roles)),
    ];
    if let Some(born) = born {
        params.push(Box::new(int(born)));
    }
    statements.push(Statement { sql, params });
    if grant.uses > 0 {
        statements.push(Statement {
            sql: "INSERT INTO grant_uses (created, uses) SELECT created, $2 FROM grants WHERE id = $1
                  ON CONFLICT (created) DO UPDATE SET uses = excluded.uses",
            params: vec![Box::new(id), Box::new(i64::try_from(grant.uses).unwrap_or(i64::MAX))],
        });
    }
    Ok(())
}

/// Writes the row, a new one where it is `born`. Only its end ever changes.
fn write_delegation(born: Option<Revision>, delegation: &Delegation) -> Result<Statement<'static>, Fault> {
    let columns = DelegationColumns::of(delegation);
    let Some(born) = born else {
        return Ok(Statement {
            sql: "UPDATE delegations SET ended = $2, stored = $3 WHERE id = $1",
            params: vec![
                Box::new(uuid::Uuid::from_bytes(columns.id)),
                Box::new(columns.ended),
                Box::new(stored_delegation(delegation)?),
            ],
        });
    };
    Ok(Statement {
        sql:
            "INSERT INTO delegations (created, id, delegator_kind, delegator, delegate_kind, delegate, ended, starts_at,
                  ends_at, stored)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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

/// Fails when the key is there already. That it may be one that is old is for `forget_old` to see to.
fn keep_key<'a>(caller: &'a Principal, key: &'a str, done: &'a Done, at: Timestamp) -> Statement<'a> {
    Statement {
        sql: "INSERT INTO idempotency (caller_kind, caller, key, fingerprint, request, grant_id, delegation, ended, at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
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
