//! How a batch of events changes the rows.

use std::collections::BTreeMap;

use crate::model::{
    AccessRequest, Delegation, DelegationId, Event, Grant, GrantId, Principal, RequestId, Standing, Subject,
};
use crate::workflow::{View, evolve};

/// The rows that a batch of events leaves changed.
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
    /// What the host said last of somebody.
    pub standings: BTreeMap<Principal, Standing>,
}

/// Folds `events` into the rows they are about; `load` gives a row as it is kept, or nothing when there is none yet.
///
/// # Errors
/// The first error of `load`.
pub fn fold<'a, E>(
    events: impl IntoIterator<Item = &'a Event>,
    mut load: impl FnMut(Subject) -> Result<View, E>,
) -> Result<Rows, E> {
    let mut views: BTreeMap<Subject, View> = BTreeMap::new();
    for event in events {
        let subject = Subject::of(event);
        let view = match views.remove(&subject) {
            Some(view) => view,
            None => load(subject.clone())?,
        };
        views.insert(subject, evolve(view, event));
    }
    let mut rows = Rows::default();
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
