//! Which rows a page shows.
//!
//! A page is the newest of what a few sources show: everything, or what the caller owns and what each of the caller's
//! roles may approve. Each source has an index in the order of the page and stops at the page's limit.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Fault;
use super::link::Param;
use super::read::{delegation_in, grants_created, grants_of, requests_created, uuid};
use super::session::Session;
use crate::model::{Delegation, DelegationStatus, Grant, GrantStatus, RequestId, RequestStatus, Revision};
use crate::store::columns::{int, int_of};
use crate::store::statuses::{Matching, delegations_that_are, grants_that_are, requests_that_are};
use crate::store::{ListedRequest, Page, Visible};

pub(super) fn requests(
    session: &Session<'_>,
    page: &Page<RequestStatus>,
) -> Result<Vec<(Revision, ListedRequest)>, Fault> {
    let shown = shown(session, ("requests", "request_approvers"), &requests_that_are(page.status), page)?;
    let found = requests_created(session, shown)?;
    let grants = grants_of(session, found.iter().map(|(_, request)| uuid(request.id.as_u128())).collect())?;
    let mut grants: BTreeMap<RequestId, Grant> = grants.into_iter().map(|grant| (grant.request, grant)).collect();
    let with_grant = |(created, request): (Revision, crate::model::AccessRequest)| {
        let grant = grants.remove(&request.id);
        (created, ListedRequest { request, grant })
    };
    Ok(found.into_iter().map(with_grant).collect())
}

pub(super) fn grants(session: &Session<'_>, page: &Page<GrantStatus>) -> Result<Vec<(Revision, Grant)>, Fault> {
    let shown = shown(session, ("grants", "grant_approvers"), &grants_that_are(page.status), page)?;
    grants_created(session, shown)
}

/// Newest first. Delegations are few, made by people for people; so the status is no part of an index.
pub(super) fn delegations(
    session: &Session<'_>,
    page: &Page<DelegationStatus>,
) -> Result<Vec<(Revision, Delegation)>, Fault> {
    let at = delegations_that_are(page.status).replace(":now", "$1::bigint");
    let select = |whose: &str| {
        format!(
            "SELECT created, stored FROM delegations t
             WHERE {at} AND {whose} AND created < $2 ORDER BY created DESC LIMIT $3"
        )
    };
    let (now, before, limit) = (page.now.millis(), page.before.map_or(i64::MAX, int), int_of(page.limit));
    let paging: [&dyn Param; 3] = [&now, &before, &limit];
    let mut found = BTreeMap::new();
    match &page.visible {
        Visible::All => add_delegations(session, &select("true"), &paging, &mut found)?,
        Visible::To(principal, _) => {
            let (kind, name) = (principal.kind().name(), principal.id());
            for side in ["delegator", "delegate"] {
                let sql = select(&format!("{side}_kind = $4 AND {side} = $5"));
                add_delegations(session, &sql, &[&now, &before, &limit, &kind, &name], &mut found)?;
            }
        }
    }
    Ok(found.into_iter().rev().take(page.limit).collect())
}

fn add_delegations(
    session: &Session<'_>,
    sql: &str,
    params: &[&dyn Param],
    found: &mut BTreeMap<Revision, Delegation>,
) -> Result<(), Fault> {
    for row in session.query(sql, params)? {
        found.extend([delegation_in(&row)?]);
    }
    Ok(())
}

/// The keys of the rows on the page, newest first.
fn shown<S>(
    session: &Session<'_>,
    (rows, approvers): (&str, &str),
    matching: &[Matching],
    page: &Page<S>,
) -> Result<Vec<i64>, Fault> {
    let (now, before, limit) = (page.now.millis(), page.before.map_or(i64::MAX, int), int_of(page.limit));
    let mut found = BTreeSet::new();
    for Matching { state, at } in matching {
        let at = at.replace(":now", "$1::bigint");
        let is = format!("t.state = '{state}' AND {at} AND t.created < $2");
        let newest = "ORDER BY t.created DESC LIMIT $3";
        match &page.visible {
            Visible::All => {
                let sql = format!("SELECT t.created FROM {rows} t WHERE {is} {newest}");
                add(session, &sql, &[&now, &before, &limit], &mut found)?;
            }
            Visible::To(principal, roles) => {
                let (kind, owner) = (principal.kind().name(), principal.id());
                let sql = format!(
                    "SELECT t.created FROM {rows} t WHERE t.owner_kind = $4 AND t.owner = $5 AND {is} {newest}"
                );
                add(session, &sql, &[&now, &before, &limit, &kind, &owner], &mut found)?;
                let sql = format!(
                    "SELECT t.created FROM {approvers} a JOIN {rows} t ON t.created = a.created
                     WHERE a.role = $4 AND a.state = '{state}' AND a.created < $2 AND {is} {newest}"
                );
                for role in roles {
                    add(session, &sql, &[&now, &before, &limit, &role.as_str()], &mut found)?;
                }
            }
        }
    }
    Ok(found.into_iter().rev().take(page.limit).collect())
}

fn add(session: &Session<'_>, sql: &str, params: &[&dyn Param], found: &mut BTreeSet<i64>) -> Result<(), Fault> {
    for row in session.query(sql, params)? {
        found.insert(row.try_get(0)?);
    }
    Ok(())
}
