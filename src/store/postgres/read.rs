//! How single rows, and what is live, are read.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Row;
use uuid::Uuid;

use super::error::Fault;
use super::link::Param;
use super::session::Session;
use crate::model::{
    AccessRequest, Delegation, DelegationId, Grant, GrantId, Principal, PrincipalKind, RequestId, Revision, Standing,
    Timestamp,
};
use crate::store::columns::{self, HoldingColumns, Sets, int_of, revision};
use crate::store::{Done, Live};

const REQUEST: &str = "SELECT created, stored FROM requests";
const GRANT: &str =
    "SELECT g.created, coalesce(u.uses, 0), g.stored FROM grants g LEFT JOIN grant_uses u ON u.created = g.created";
const DELEGATION: &str = "SELECT created, stored FROM delegations";

/// How many rows are held at a time where there may be very many.
const PAGE: usize = 10_000;

pub(super) const fn uuid(id: u128) -> Uuid {
    Uuid::from_u128(id)
}

fn request_in(row: &Row) -> Result<(Revision, AccessRequest), Fault> {
    let created = row.try_get(0)?;
    Ok((revision(created)?, columns::request(created, row.try_get(1)?)?))
}

fn grant_in(row: &Row) -> Result<(Revision, Grant), Fault> {
    let created = row.try_get(0)?;
    Ok((revision(created)?, columns::grant(created, row.try_get(1)?, row.try_get(2)?)?))
}

/// The delegation in a row of `created, stored`.
pub(super) fn delegation_in(row: &Row) -> Result<(Revision, Delegation), Fault> {
    let created = row.try_get(0)?;
    Ok((revision(created)?, columns::delegation(created, row.try_get(1)?)?))
}

fn requests(session: &Session<'_>, rest: &str, params: &[&dyn Param]) -> Result<Vec<AccessRequest>, Fault> {
    let found = session.query(&format!("{REQUEST} {rest}"), params)?;
    found.iter().map(|row| Ok(request_in(row)?.1)).collect()
}

fn grants(session: &Session<'_>, rest: &str, params: &[&dyn Param]) -> Result<Vec<(Revision, Grant)>, Fault> {
    session.query(&format!("{GRANT} {rest}"), params)?.iter().map(grant_in).collect()
}

pub(super) fn request_by_id(session: &Session<'_>, id: RequestId) -> Result<Option<(Revision, AccessRequest)>, Fault> {
    let found = session.first(&format!("{REQUEST} WHERE id = $1"), &[&uuid(id.as_u128())])?;
    found.as_ref().map(request_in).transpose()
}

pub(super) fn grant_by_id(session: &Session<'_>, id: GrantId) -> Result<Option<(Revision, Grant)>, Fault> {
    Ok(grants(session, "WHERE g.id = $1", &[&uuid(id.as_u128())])?.into_iter().next())
}

pub(super) fn grants_by_ids(session: &Session<'_>, ids: Vec<Uuid>) -> Result<Vec<Grant>, Fault> {
    Ok(grants(session, "WHERE g.id = ANY($1)", &[&ids])?.into_iter().map(|(_, grant)| grant).collect())
}

/// The grants that answer these requests.
pub(super) fn grants_of(session: &Session<'_>, requests: Vec<Uuid>) -> Result<Vec<Grant>, Fault> {
    Ok(grants(session, "WHERE g.request = ANY($1)", &[&requests])?.into_iter().map(|(_, grant)| grant).collect())
}

pub(super) fn grant_of(session: &Session<'_>, request: RequestId) -> Result<Option<Grant>, Fault> {
    Ok(grants_of(session, vec![uuid(request.as_u128())])?.into_iter().next())
}

/// Those of these rows, newest first.
pub(super) fn requests_created(
    session: &Session<'_>,
    created: Vec<i64>,
) -> Result<Vec<(Revision, AccessRequest)>, Fault> {
    let sql = format!("{REQUEST} WHERE created = ANY($1) ORDER BY created DESC");
    session.query(&sql, &[&created])?.iter().map(request_in).collect()
}

/// Those of these rows, newest first.
pub(super) fn grants_created(session: &Session<'_>, created: Vec<i64>) -> Result<Vec<(Revision, Grant)>, Fault> {
    grants(session, "WHERE g.created = ANY($1) ORDER BY g.created DESC", &[&created])
}

/// Every extension of the chain that begins with this grant, in order.
pub(super) fn extensions(session: &Session<'_>, first: GrantId) -> Result<Vec<Grant>, Fault> {
    // Those that come later in a chain are made later.
    let found = grants(session, "WHERE g.first = $1 ORDER BY g.created", &[&uuid(first.as_u128())])?;
    Ok(found.into_iter().map(|(_, grant)| grant).collect())
}

/// The delegation with this id.
pub(super) fn delegation_by_id(session: &Session<'_>, id: DelegationId) -> Result<Option<Delegation>, Fault> {
    let found = session.first(&format!("{DELEGATION} WHERE id = $1"), &[&uuid(id.as_u128())])?;
    Ok(found.as_ref().map(delegation_in).transpose()?.map(|(_, delegation)| delegation))
}

/// The grants that are scheduled, active or held back at `now`: those of which the journal tells no end, and that time
/// has not ended. Newest first, as every list is.
pub(super) fn live_grants(session: &Session<'_>, now: Timestamp) -> Result<Vec<Grant>, Fault> {
    let found = grants(
        session,
        "WHERE g.state IN ('open', 'suspended') AND g.ends_at > $1 ORDER BY g.created DESC",
        &[&now.millis()],
    )?;
    Ok(found.into_iter().map(|(_, grant)| grant).collect())
}

/// What checks need of these, some thousands at a time.
pub(super) fn live(session: &Session<'_>, now: Timestamp) -> Result<Live, Fault> {
    let mut live = Live::of(session.head()?, Vec::new());
    let mut sets = Sets::default();
    let mut after = 0;
    loop {
        let found = session.query(
            "SELECT created, id, owner_kind, owner, allowed, excepted, scope, starts_at, ends_at FROM grants
             WHERE state = 'open' AND plain AND ends_at > $1 AND created > $2 ORDER BY created LIMIT $3",
            &[&now.millis(), &after, &int_of(PAGE)],
        )?;
        for row in &found {
            after = row.try_get(0)?;
            let holding = HoldingColumns {
                created: after,
                id: GrantId::from_u128(row.try_get::<_, Uuid>(1)?.as_u128()),
                kind: row.try_get(2)?,
                holder: row.try_get(3)?,
                allowed: row.try_get(4)?,
                excepted: row.try_get(5)?,
                scope: row.try_get(6)?,
                starts_at: row.try_get(7)?,
                ends_at: row.try_get(8)?,
            };
            live.plain.push(columns::holding(&holding, &mut sets)?);
        }
        if found.len() < PAGE {
            break;
        }
    }
    let others = "WHERE NOT g.plain AND g.state IN ('open', 'suspended') AND g.ends_at > $1";
    live.others.extend(grants(session, others, &[&now.millis()])?.into_iter().map(|(_, grant)| grant));
    Ok(live)
}

/// Those of them that this principal holds, or an agent for them, newest first.
pub(super) fn live_of(session: &Session<'_>, who: &Principal, now: Timestamp) -> Result<Vec<Grant>, Fault> {
    let mut found = BTreeMap::new();
    for side in ["owner", "person"] {
        let rest = format!(
            "WHERE g.{side}_kind = $1 AND g.{side} = $2 AND g.state IN ('open', 'suspended') AND g.ends_at > $3"
        );
        found.extend(grants(session, &rest, &[&who.kind().name(), &who.id(), &now.millis()])?);
    }
    Ok(found.into_values().rev().collect())
}

/// The newest requests of this person.
pub(super) fn requests_of(
    session: &Session<'_>,
    person: &Principal,
    limit: usize,
) -> Result<Vec<AccessRequest>, Fault> {
    requests(
        session,
        "WHERE person_kind = $1 AND person = $2 ORDER BY created DESC LIMIT $3",
        &[&person.kind().name(), &person.id(), &int_of(limit)],
    )
}

/// The delegations in force to this principal, newest first.
pub(super) fn delegations_to(
    session: &Session<'_>,
    delegate: &Principal,
    now: Timestamp,
) -> Result<Vec<Delegation>, Fault> {
    let sql = format!(
        "{DELEGATION} WHERE delegate_kind = $1 AND delegate = $2 AND NOT ended AND starts_at <= $3 AND ends_at > $3
         ORDER BY created DESC"
    );
    let found = session.query(&sql, &[&delegate.kind().name(), &delegate.id(), &now.millis()])?;
    found.iter().map(|row| Ok(delegation_in(row)?.1)).collect()
}

/// The waiting requests to extend a grant of one of these chains.
pub(super) fn extending(session: &Session<'_>, chains: &BTreeSet<GrantId>) -> Result<Vec<AccessRequest>, Fault> {
    let waiting = "WHERE extends AND state IN ('pending', 'needs_info') ORDER BY created DESC";
    let mut found = requests(session, waiting, &[])?;
    found.retain(|request| request.extends.is_some_and(|extension| chains.contains(&extension.first)));
    Ok(found)
}

/// The grants that nobody approved, and nobody has reviewed yet or a review found unjustified, newest first.
pub(super) fn unsettled(session: &Session<'_>) -> Result<Vec<Grant>, Fault> {
    let found = grants(session, "WHERE g.unsettled ORDER BY g.created DESC", &[])?;
    Ok(found.into_iter().map(|(_, grant)| grant).collect())
}

pub(super) fn standing(session: &Session<'_>, who: &Principal) -> Result<Option<Standing>, Fault> {
    let sql = "SELECT stored FROM standings WHERE kind = $1 AND name = $2";
    let found = session.first(sql, &[&who.kind().name(), &who.id()])?;
    found.map(|row| Ok(columns::standing(who.id(), row.try_get(0)?)?)).transpose()
}

/// What is kept of everybody.
pub(super) fn standings(session: &Session<'_>) -> Result<Vec<(Principal, Standing)>, Fault> {
    let mut all = Vec::new();
    for row in session.query("SELECT kind, name, stored FROM standings ORDER BY kind, name", &[])? {
        let (kind, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
        let known = [PrincipalKind::User, PrincipalKind::Agent].into_iter().find(|known| known.name() == kind);
        let who = known.and_then(|kind| Principal::new(kind, name).ok());
        let who = who.ok_or_else(|| Fault::corrupt(format!("the standing of {name} is nobody's")))?;
        all.push((who, columns::standing(name, row.try_get(2)?)?));
    }
    Ok(all)
}

/// The next instant at which something will be due.
pub(super) fn next_due(session: &Session<'_>) -> Result<Option<Timestamp>, Fault> {
    let found = session.first(
        "SELECT least((SELECT min(due_at) FROM requests WHERE due_at IS NOT NULL),
                      (SELECT min(due_at) FROM grants WHERE due_at IS NOT NULL))",
        &[],
    )?;
    let next: Option<i64> = found.map(|row| row.try_get(0)).transpose()?.flatten();
    Ok(next.map(columns::instant).transpose()?)
}

pub(super) fn done_under(session: &Session<'_>, caller: &Principal, key: &str) -> Result<Option<Done>, Fault> {
    let found = session.first(
        "SELECT fingerprint, request, grant_id, delegation, ended FROM idempotency
         WHERE caller_kind = $1 AND caller = $2 AND key = $3",
        &[&caller.kind().name(), &caller.id(), &key.as_bytes()],
    )?;
    let id = |row: &Row, column: usize| Ok::<_, Fault>(row.try_get::<_, Option<Uuid>>(column)?.map(|id| id.as_u128()));
    found
        .map(|row| {
            Ok(Done {
                fingerprint: row.try_get(0)?,
                request: id(&row, 1)?.map(RequestId::from_u128),
                grant: id(&row, 2)?.map(GrantId::from_u128),
                delegation: id(&row, 3)?.map(DelegationId::from_u128),
                ended: row.try_get::<_, Vec<Uuid>>(4)?.iter().map(|id| GrantId::from_u128(id.as_u128())).collect(),
            })
        })
        .transpose()
}
