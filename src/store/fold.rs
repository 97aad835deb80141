//! How a batch of events changes the rows.

use std::collections::BTreeMap;

use crate::model::{
    AccessRequest, Delegation, DelegationId, Event, Fact, Grant, GrantId, Principal, RequestId, Standing, Subject,
};
use crate::store::StoreError;
use crate::workflow::{View, evolve};

/// The rows that a batch of events changes.
///
/// ```
/// use jit_access::store::Rows;
///
/// assert!(Rows::default().requests.is_empty());
/// ```
#[derive(Debug, Default)]
pub struct Rows {
    /// Requests.
    pub requests: BTreeMap<RequestId, AccessRequest>,
    /// Grants, with every use counted.
    pub grants: BTreeMap<GrantId, Grant>,
    /// Delegations.
    pub delegations: BTreeMap<DelegationId, Delegation>,
    /// The standings that hosts reported last.
    pub standings: BTreeMap<Principal, Standing>,
    /// New objects whose id is already used.
    pub twice: Option<Subject>,
}

impl Rows {
    /// Checks that every new object has a new id: an existing row is never created again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: ids are random, so the next attempt has another one.
    pub fn check_ids(&self) -> Result<(), StoreError> {
        match &self.twice {
            None => Ok(()),
            Some(subject) => Err(StoreError::Unavailable {
                doing: "writing what is new",
                source: format!("its id is taken: {subject:?}").into(),
            }),
        }
    }
}

/// Applies `events` to their rows; `load` returns the stored row, or nothing if there is none yet.
///
/// # Errors
/// The first error of `load`.
pub fn fold<'a, E>(
    events: impl IntoIterator<Item = &'a Event>,
    mut load: impl FnMut(Subject) -> Result<View, E>,
) -> Result<Rows, E> {
    let mut views: BTreeMap<Subject, View> = BTreeMap::new();
    let mut twice = None;
    for event in events {
        let subject = Subject::of(event);
        let view = match views.remove(&subject) {
            Some(view) => view,
            None => load(subject.clone())?,
        };
        let is_there = match event.fact {
            Fact::RequestSubmitted(_) => view.request.is_some(),
            Fact::GrantCreated(_) => view.grant.is_some(),
            Fact::RolesDelegated(_) => view.delegation.is_some(),
            _ => false,
        };
        if is_there {
            twice = twice.or_else(|| Some(subject.clone()));
        }
        views.insert(subject, evolve(view, event));
    }
    let mut rows = Rows { twice, ..Rows::default() };
    for (subject, view) in views {
        match subject {
            Subject::Request(id) => rows.requests.extend(view.request.map(|request| (id, request))),
            Subject::Grant(id) => rows.grants.extend(view.grant.map(|grant| (id, grant))),
            Subject::Delegation(id) => rows.delegations.extend(view.delegation.map(|delegation| (id, delegation))),
            Subject::Principal(_) => rows.standings.extend(view.standing),
            Subject::Store => {}
        }
    }
    Ok(rows)
}
