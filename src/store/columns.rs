//! Conversion between values and columns, the same for every database.

use std::collections::HashMap;

use super::StoreError;
use crate::journal::stored::{StoredDelegation, StoredGrant, StoredRequest, StoredStanding, state_name};
use crate::journal::{Broken, Parser, Record};
use crate::model::{
    AccessRequest, Action, Delegation, EndKind, Grant, GrantId, Holding, Invalid, Permission, PermissionSet, Principal,
    PrincipalKind, Resource, ResourceId, Revision, Standing, Timestamp, Window,
};
use crate::workflow::{View, next_note};

/// The columns of a request that follow from its value.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store) struct RequestColumns {
    pub(in crate::store) id: [u8; 16],
    pub(in crate::store) owner_kind: &'static str,
    pub(in crate::store) owner: String,
    pub(in crate::store) person_kind: &'static str,
    pub(in crate::store) person: String,
    pub(in crate::store) state: &'static str,
    pub(in crate::store) times_out_at: i64,
    pub(in crate::store) due_at: Option<i64>,
    pub(in crate::store) extends: bool,
    pub(in crate::store) role: String,
}

impl RequestColumns {
    pub(in crate::store) fn of(request: &AccessRequest) -> Self {
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
pub(in crate::store) struct GrantColumns {
    pub(in crate::store) id: [u8; 16],
    pub(in crate::store) request: [u8; 16],
    pub(in crate::store) first: Option<[u8; 16]>,
    pub(in crate::store) owner_kind: &'static str,
    pub(in crate::store) owner: String,
    pub(in crate::store) person_kind: &'static str,
    pub(in crate::store) person: String,
    pub(in crate::store) state: &'static str,
    pub(in crate::store) starts_at: i64,
    pub(in crate::store) ends_at: i64,
    pub(in crate::store) due_at: Option<i64>,
    pub(in crate::store) unsettled: bool,
    pub(in crate::store) role: String,
    pub(in crate::store) plain: bool,
    pub(in crate::store) scope: String,
    pub(in crate::store) allowed: String,
    pub(in crate::store) excepted: String,
}

impl GrantColumns {
    pub(in crate::store) fn of(grant: &Grant) -> Self {
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
pub(in crate::store) struct DelegationColumns {
    pub(in crate::store) id: [u8; 16],
    pub(in crate::store) delegator_kind: &'static str,
    pub(in crate::store) delegator: String,
    pub(in crate::store) delegate_kind: &'static str,
    pub(in crate::store) delegate: String,
    pub(in crate::store) ended: bool,
    pub(in crate::store) starts_at: i64,
    pub(in crate::store) ends_at: i64,
}

impl DelegationColumns {
    pub(in crate::store) fn of(delegation: &Delegation) -> Self {
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
pub(in crate::store) const REQUEST_STATES: [&str; 6] =
    ["pending", "needs_info", "approved", "denied", "withdrawn", "timed_out"];
/// Every `state` that a grant's row can have.
pub(in crate::store) const GRANT_STATES: [&str; 6] =
    ["open", "suspended", "expired", "revoked", "released", "exhausted"];

/// The state of the grant in the journal; `open` if it has no end there and is not suspended.
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
pub(in crate::store) fn stored_request(request: &AccessRequest) -> Result<String, StoreError> {
    serde_json::to_string(&StoredRequest::from(request))
        .map_err(|e| corrupt(format!("request {} cannot be written: {e}", request.id)))
}

/// The grant's stored form.
pub(in crate::store) fn stored_grant(grant: &Grant) -> Result<String, StoreError> {
    serde_json::to_string(&StoredGrant::from(grant))
        .map_err(|e| corrupt(format!("grant {} cannot be written: {e}", grant.id)))
}

/// The delegation's stored form.
pub(in crate::store) fn stored_delegation(delegation: &Delegation) -> Result<String, StoreError> {
    serde_json::to_string(&StoredDelegation::from(delegation))
        .map_err(|e| corrupt(format!("delegation {} cannot be written: {e}", delegation.id)))
}

/// The delegation with this stored form.
pub(in crate::store) fn delegation(created: i64, stored: &str) -> Result<Delegation, StoreError> {
    let damaged = |e: &dyn std::fmt::Display| corrupt(format!("the delegation of record {created}: {e}"));
    serde_json::from_str::<StoredDelegation>(stored).map_err(|e| damaged(&e))?.try_into().map_err(|e| damaged(&e))
}

/// The request with this stored form.
pub(in crate::store) fn request(created: i64, stored: &str) -> Result<AccessRequest, StoreError> {
    let damaged = |e: &dyn std::fmt::Display| corrupt(format!("the request of record {created}: {e}"));
    serde_json::from_str::<StoredRequest>(stored).map_err(|e| damaged(&e))?.try_into().map_err(|e| damaged(&e))
}

/// The grant with this stored form and count of uses.
pub(in crate::store) fn grant(created: i64, uses: i64, stored: &str) -> Result<Grant, StoreError> {
    let damaged = |e: &dyn std::fmt::Display| corrupt(format!("the grant of record {created}: {e}"));
    let uses = u64::try_from(uses).map_err(|e| damaged(&e))?;
    serde_json::from_str::<StoredGrant>(stored).map_err(|e| damaged(&e))?.into_grant(uses).map_err(|e| damaged(&e))
}

/// The permission sets that were read so far, by their texts: most grants have one of a few roles.
#[derive(Debug, Default)]
pub(in crate::store) struct Sets(HashMap<Box<str>, HashMap<Box<str>, PermissionSet>>);

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

/// The columns of a grant that a check needs.
#[derive(Debug)]
pub(in crate::store) struct HoldingColumns<'a> {
    pub(in crate::store) created: i64,
    pub(in crate::store) id: GrantId,
    pub(in crate::store) kind: &'a str,
    pub(in crate::store) holder: &'a str,
    pub(in crate::store) allowed: &'a str,
    pub(in crate::store) excepted: &'a str,
    pub(in crate::store) scope: &'a str,
    pub(in crate::store) starts_at: i64,
    pub(in crate::store) ends_at: i64,
}

/// The values of a grant that a check needs, from these columns.
pub(in crate::store) fn holding(columns: &HoldingColumns<'_>, sets: &mut Sets) -> Result<Holding, StoreError> {
    let mut read = || {
        let kind = columns.kind;
        let known = [PrincipalKind::User, PrincipalKind::Agent].into_iter().find(|known| known.name() == kind);
        let unknown = || Invalid::new("holder", format!("is a {}", Invalid::quote(kind)), "a user or an agent");
        let window = Window::new(Timestamp::from_millis(columns.starts_at)?, Timestamp::from_millis(columns.ends_at)?)?;
        Ok::<_, Invalid>(Holding {
            id: columns.id,
            holder: Principal::new(known.ok_or_else(unknown)?, columns.holder)?,
            permissions: sets.read(columns.allowed, columns.excepted)?,
            scope: columns.scope.parse()?,
            window,
        })
    };
    read().map_err(|e| corrupt(format!("the grant of record {}: {e}", columns.created)))
}

/// The record with this stored text, revision and hash.
pub(in crate::store) fn record(revision: Revision, hash: &str, body: String) -> Result<Record, StoreError> {
    record_by(&mut Parser::default(), revision, hash, body)
}

/// The same, with a parser that is reused.
pub(in crate::store) fn record_by(
    parser: &mut Parser,
    revision: Revision,
    hash: &str,
    body: String,
) -> Result<Record, StoreError> {
    let broken = |problem: String| StoreError::from(Broken { revision, problem });
    let record = parser.record(revision, body).map_err(|e| broken(e.to_string()))?;
    if record.revision != revision {
        return Err(broken(format!("its text says it is record {}", record.revision)));
    }
    if !record.hash.is(hash) {
        return Err(broken("the hash of its text is not the stored hash".to_owned()));
    }
    Ok(record)
}

/// The stored form of the standing that the host reported last.
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "used only by PostgreSQL"))]
pub(in crate::store) fn stored_standing(who: &Principal, standing: &Standing) -> Result<String, StoreError> {
    serde_json::to_string(&StoredStanding::from(standing))
        .map_err(|e| corrupt(format!("the standing of {who} cannot be written: {e}")))
}

/// The standing in this stored form.
#[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "used only by PostgreSQL"))]
pub(in crate::store) fn standing(name: &str, stored: &str) -> Result<Standing, StoreError> {
    let damaged = |e: &dyn std::fmt::Display| corrupt(format!("the standing of {name}: {e}"));
    serde_json::from_str::<StoredStanding>(stored).map_err(|e| damaged(&e))?.try_into().map_err(|e| damaged(&e))
}

/// The column for this revision. `i64::MAX` is never reached: with a million records per second this takes 292,000
/// years.
pub(in crate::store) fn int(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

/// A limit as a parameter of a query.
pub(in crate::store) fn int_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The revision in a column.
pub(in crate::store) fn revision(column: i64) -> Result<Revision, StoreError> {
    u64::try_from(column).map(Revision).map_err(|_| corrupt(format!("{column} is stored as a revision")))
}

/// The principal of a row of refused attempts, and the person that it acts for, if that is known.
pub(in crate::store) fn refused_whose(
    kind: &str,
    name: &str,
    acts_for: &str,
) -> Result<(Principal, Option<Principal>), StoreError> {
    let damaged = |e: &dyn std::fmt::Display| corrupt(format!("a refused attempt of {name}: {e}"));
    let kinds = [PrincipalKind::User, PrincipalKind::Agent];
    let kind = kinds.into_iter().find(|known| known.name() == kind).ok_or_else(|| damaged(&"its kind is unknown"))?;
    let principal = Principal::new(kind, name).map_err(|e| damaged(&e))?;
    let acts_for = (!acts_for.is_empty()).then(|| Principal::user(acts_for)).transpose().map_err(|e| damaged(&e))?;
    Ok((principal, acts_for))
}

/// The call of a refused check, as a column; empty for none.
pub(in crate::store) fn refused_call(call: Option<&(Action, Resource)>) -> String {
    let Some((action, resource)) = call else { return String::new() };
    let parent = resource.parent().map(ToString::to_string);
    serde_json::json!([action.name(), resource.to_string(), parent]).to_string()
}

/// The call in such a column.
pub(in crate::store) fn refused_call_of(column: &str) -> Result<Option<(Action, Resource)>, StoreError> {
    if column.is_empty() {
        return Ok(None);
    }
    let damaged = |e: &dyn std::fmt::Display| corrupt(format!("the call of a refused attempt: {e}"));
    let (action, resource, parent): (String, String, Option<String>) =
        serde_json::from_str(column).map_err(|e| damaged(&e))?;
    let read = || -> Result<_, Invalid> {
        let everything = Resource::everything();
        let resource = if resource == everything.to_string() { everything } else { resource.parse::<Resource>()? };
        let resource = match parent {
            Some(parent) => resource.with_parent(parent.parse::<ResourceId>()?)?,
            None => resource,
        };
        Ok((Action::new(&action)?, resource))
    };
    read().map(Some).map_err(|e| damaged(&e))
}

/// The instant in a column.
pub(in crate::store) fn instant(column: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millis(column).map_err(|e| corrupt(e.to_string()))
}

/// A stored value is not one that was written.
pub(in crate::store) fn corrupt(what: impl Into<String>) -> StoreError {
    StoreError::Corrupt(what.into())
}
