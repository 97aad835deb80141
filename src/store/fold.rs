//! How a batch of events changes the rows.

use std::collections::BTreeMap;

use crate::model::{
    AccessRequest, Delegation, DelegationId, Event, Fact, Grant, GrantId, Principal, RequestId, Standing,
};
use crate::workflow::{View, evolve};

/// What an event is about.
///
/// ```
/// use jit_access::model::{Actor, Event, Fact};
/// use jit_access::store::Subject;
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// assert!(matches!(Subject::of(&event), Subject::Grant(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A request.
    Request(RequestId),
    /// A grant.
    Grant(GrantId),
    /// A delegation.
    Delegation(DelegationId),
    /// What the host says of somebody.
    Principal(Principal),
    /// The store itself.
    Store,
}

impl Subject {
    /// What this event is about.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        match &event.fact {
            Fact::RequestSubmitted(request) => Self::Request(request.id),
            Fact::RequestReviewed { request, .. }
            | Fact::ReviewLapsed { request, .. }
            | Fact::RequestEscalated { request, .. }
            | Fact::RequestApproved { request, .. }
            | Fact::RequestDenied { request, .. }
            | Fact::InformationRequested { request, .. }
            | Fact::RequestAnswered { request, .. }
            | Fact::RequestWithdrawn { request }
            | Fact::RequestTimedOut { request } => Self::Request(*request),
            Fact::RolesDelegated(delegation) => Self::Delegation(delegation.id),
            Fact::DelegationEnded { delegation } => Self::Delegation(*delegation),
            Fact::StoreAccepted { .. } | Fact::ClockAccepted { .. } => Self::Store,
            Fact::StandingReported { principal, .. } => Self::Principal(principal.clone()),
            Fact::GrantCreated(grant) => Self::Grant(grant.id),
            Fact::GrantActivated { grant }
            | Fact::GrantExpired { grant }
            | Fact::GrantRevoked { grant, .. }
            | Fact::GrantSuspended { grant, .. }
            | Fact::GrantResumed { grant }
            | Fact::GrantReleased { grant }
            | Fact::BreakGlassReviewed { grant, .. }
            | Fact::BreakGlassReviewWaived { grant, .. }
            | Fact::BreakGlassReviewOverdue { grant }
            | Fact::GrantExhausted { grant }
            | Fact::GrantUsed { grant, .. } => Self::Grant(*grant),
        }
    }
}

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
