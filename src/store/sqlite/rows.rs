//! How values become columns and come back.

use std::collections::HashMap;

use rusqlite::Row;

use super::error::Fault;
use crate::journal::stored::{StoredDelegation, StoredGrant, StoredRequest, state_name};
use crate::journal::{Broken, Record};
use crate::model::{
    AccessRequest, Delegation, DelegationId, EndKind, Grant, GrantId, Holding, Invalid, Permission, PermissionSet,
    Principal, PrincipalKind, RequestId, Revision, Timestamp, Window,
};
use crate::store::StoreError;
use crate::workflow::{View, next_note};

/// The columns of a request that follow from its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestColumns {
    pub(super) id: [u8; 16],
    pub(super) owner_kind: &'static str,
    pub(super) owner: String,
    pub(super) person_kind: &'static str,
    pub(super) person: String,
    pub(super) state: &'static str,
    pub(super) times_out_at: i64,
    pub(super) due_at: Option<i64>,
    pub(super) extends: bool,
    pub(super) role: String,
}

impl RequestColumns {
    pub(super) fn of(request: &AccessRequest) -> Self {
        let view = View { request: Some(request.clone()), ..View::default() };
        Self {
            id: request.id.as_u128().to_be_bytes(),
            owner_kind: request.requester.kind().name(),
            owner: request.requester.id().to_owned(),
            person_kind: request.person().kind().name(),
            person: request.person().id().to_owned(),
            state: state_name(request.state),
            times_out_at: request.times_out_at.millis(),
            due_at: next_note(&view).map(Timestamp::millis),
            extends: request.extends.is_some(),
            role: request.role.to_string(),
        }
    }
}

/// The columns of a grant that follow from its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GrantColumns {
    pub(super) id: [u8; 16],
    pub(super) request: [u8; 16],
    pub(super) first: Option<[u8; 16]>,
    pub(super) owner_kind: &'static str,
    pub(super) owner: String,
    pub(super) person_kind: &'static str,
    pub(super) person: String,
    pub(super) state: &'static str,
    pub(super) starts_at: i64,
    pub(super) ends_at: i64,
    pub(super) due_at: Option<i64>,
    pub(super) unsettled: bool,
    pub(super) role: String,
    pub(super) plain: bool,
    pub(super) scope: String,
    pub(super) allowed: String,
    pub(super) excepted: String,
}

impl GrantColumns {
    pub(super) fn of(grant: &Grant) -> Self {
        let view = View { grant: Some(grant.clone()), ..View::default() };
        let (allowed, excepted) = permission_texts(&grant.permissions);
        Self {
            id: grant.id.as_u128().to_be_bytes(),
            request: grant.request.as_u128().to_be_bytes(),
            first: grant.extends.map(|extension| extension.first.as_u128().to_be_bytes()),
            owner_kind: grant.holder.kind().name(),
            owner: grant.holder.id().to_owned(),
            person_kind: grant.person().kind().name(),
            person: grant.person().id().to_owned(),
            state: grant_state(grant),
            starts_at: grant.window.start().millis(),
            ends_at: grant.window.end().millis(),
            due_at: next_note(&view).map(Timestamp::millis),
            unsettled: grant.is_unsettled(),
            role: grant.role.to_string(),
            plain: grant.is_plain(),
            scope: grant.scope.to_string(),
            allowed,
            excepted,
        }
    }
}

/// The columns of a delegation that follow from its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DelegationColumns {
    pub(super) id: [u8; 16],
    pub(super) delegator_kind: &'static str,
    pub(super) delegator: String,
    pub(super) delegate_kind: &'static str,
    pub(super) delegate: String,
    pub(super) ended: bool,
    pub(super) starts_at: i64,
    pub(super) ends_at: i64,
}

impl DelegationColumns {
    pub(super) fn of(delegation: &Delegation) -> Self {
        Self {
            id: delegation.id.as_u128().to_be_bytes(),
            delegator_kind: delegation.delegator.kind().name(),
            delegator: delegation.delegator.id().to_owned(),
            delegate_kind: delegation.delegate.kind().name(),
            delegate: delegation.delegate.id().to_owned(),
            ended: delegation.ended.is_some(),
            starts_at: delegation.window.start().millis(),
            ends_at: delegation.window.end().millis(),
        }
    }
}

/// Every `state` that a request's row can have.
pub(super) const REQUEST_STATES: [&str; 6] = ["pending", "needs_info", "approved", "denied", "withdrawn", "timed_out"];
/// Every `state` that a grant's row can have.
pub(super) const GRANT_STATES: [&str; 6] = ["open", "suspended", "expired", "revoked", "released", "exhausted"];

/// What the journal says of the grant; `open` while it says of no end and nobody holds it back.
const fn grant_state(grant: &Grant) -> &'static str {
    match &grant.ended {
        Some(end) => match end.kind {
            EndKind::Revoked(_) => "revoked",
            EndKind::Released => "released",
            EndKind::Exhausted => "exhausted",
        },
        None if grant.noted.expiry => "expired",
        None if grant.suspended.is_some() => "suspended",
        None => "open",
    }
}

fn permission_texts(set: &PermissionSet) -> (String, String) {
    let joined = |all: &[Permission]| all.iter().map(Permission::as_str).collect::<Vec<_>>().join(" ");
    (joined(set.allowed()), joined(set.excepted()))
}

/// The request's stored form.
pub(super) fn stored_request(request: &AccessRequest) -> Result<String, Fault> {
    serde_json::to_string(&StoredRequest::from(request))
        .map_err(|e| Fault::corrupt(format!("request {} cannot be written: {e}", request.id)))
}

/// The grant's stored form.
pub(super) fn stored_grant(grant: &Grant) -> Result<String, Fault> {
    serde_json::to_string(&StoredGrant::from(grant))
        .map_err(|e| Fault::corrupt(format!("grant {} cannot be written: {e}", grant.id)))
}

/// The delegation's stored form.
pub(super) fn stored_delegation(delegation: &Delegation) -> Result<String, Fault> {
    serde_json::to_string(&StoredDelegation::from(delegation))
        .map_err(|e| Fault::corrupt(format!("delegation {} cannot be written: {e}", delegation.id)))
}

/// The delegation with this stored form.
pub(super) fn delegation(created: i64, stored: &str) -> Result<Delegation, Fault> {
    let damaged = |e: &dyn std::fmt::Display| Fault::corrupt(format!("the delegation of record {created}: {e}"));
    serde_json::from_str::<StoredDelegation>(stored).map_err(|e| damaged(&e))?.try_into().map_err(|e| damaged(&e))
}

/// The request with this stored form.
pub(super) fn request(created: i64, stored: &str) -> Result<AccessRequest, Fault> {
    let damaged = |e: &dyn std::fmt::Display| Fault::corrupt(format!("the request of record {created}: {e}"));
    serde_json::from_str::<StoredRequest>(stored).map_err(|e| damaged(&e))?.try_into().map_err(|e| damaged(&e))
}

/// The grant with this stored form and count of uses.
pub(super) fn grant(created: i64, uses: i64, stored: &str) -> Result<Grant, Fault> {
    let damaged = |e: &dyn std::fmt::Display| Fault::corrupt(format!("the grant of record {created}: {e}"));
    let uses = u64::try_from(uses).map_err(|e| damaged(&e))?;
    serde_json::from_str::<StoredGrant>(stored).map_err(|e| damaged(&e))?.into_grant(uses).map_err(|e| damaged(&e))
}

/// The sets of permissions met so far, by their texts: most grants are of a few roles.
#[derive(Debug, Default)]
pub(super) struct Sets(HashMap<Box<str>, HashMap<Box<str>, PermissionSet>>);

impl Sets {
    fn read(&mut self, allowed: &str, excepted: &str) -> Result<PermissionSet, Invalid> {
        if let Some(known) = self.0.get(allowed).and_then(|sets| sets.get(excepted)) {
            return Ok(known.clone());
        }
        let each = |texts: &str| texts.split_terminator(' ').map(Permission::new).collect::<Result<Vec<_>, _>>();
        let set = PermissionSet::with_exceptions(each(allowed)?, each(excepted)?)?;
        self.0.entry(allowed.into()).or_default().insert(excepted.into(), set.clone());
        Ok(set)
    }
}

/// What a check needs of the grant in a row of `created, id, owner_kind, owner, allowed, excepted, scope, starts_at, ends_at`.
pub(super) fn holding(row: &Row<'_>, sets: &mut Sets) -> Result<Holding, Fault> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    let (kind, holder, allowed, excepted, scope) = (text(2)?, text(3)?, text(4)?, text(5)?, text(6)?);
    let (id, starts_at, ends_at) = (row.get(1)?, row.get(7)?, row.get(8)?);
    let mut read = || {
        let known = [PrincipalKind::User, PrincipalKind::Agent].into_iter().find(|known| known.name() == kind);
        let unknown = || Invalid::new("holder", format!("is a {}", Invalid::quote(kind)), "a user or an agent");
        Ok::<_, Invalid>(Holding {
            id: grant_id(id),
            holder: Principal::new(known.ok_or_else(unknown)?, holder)?,
            permissions: sets.read(allowed, excepted)?,
            scope: scope.parse()?,
            window: Window::new(Timestamp::from_millis(starts_at)?, Timestamp::from_millis(ends_at)?)?,
        })
    };
    read().map_err(|e| Fault::corrupt(format!("the grant of record {}: {e}", row.get(0).unwrap_or(0))))
}

/// The record in a row of `revision, hash, body`.
pub(super) fn record(row: &Row<'_>) -> Result<Record, Fault> {
    let revision = revision(row.get(0)?)?;
    let broken = |problem: String| Fault::from(Broken { revision, problem });
    let hash: String = row.get(1)?;
    let record = Record::parse(row.get(2)?).map_err(|e| broken(e.to_string()))?;
    if record.revision != revision {
        return Err(broken(format!("its text says it is record {}", record.revision)));
    }
    if record.hash.to_string() != hash {
        return Err(broken("its text does not have the hash that was kept with it".to_owned()));
    }
    Ok(record)
}

/// The column that holds this revision. `i64::MAX` is never reached: at a million records a second it is 292,000 years.
pub(super) fn int(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

/// The revision in a column.
pub(super) fn revision(column: i64) -> Result<Revision, Fault> {
    u64::try_from(column).map(Revision).map_err(|_| Fault::corrupt(format!("{column} is kept as a revision")))
}

/// The instant in a column.
pub(super) fn instant(column: i64) -> Result<Timestamp, Fault> {
    Timestamp::from_millis(column).map_err(|e| Fault::Store(StoreError::Corrupt(e.to_string())))
}

/// The id in a column.
pub(super) fn request_id(column: [u8; 16]) -> RequestId {
    RequestId::from_u128(u128::from_be_bytes(column))
}

/// The id in a column.
pub(super) fn delegation_id(column: [u8; 16]) -> DelegationId {
    DelegationId::from_u128(u128::from_be_bytes(column))
}

/// The id in a column.
pub(super) fn grant_id(column: [u8; 16]) -> GrantId {
    GrantId::from_u128(u128::from_be_bytes(column))
}
