//! What one commit writes.

use super::Message;
use crate::model::{DelegationId, Event, GrantId, Principal, RequestId, Revision};

/// What one commit writes.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::Batch;
///
/// let batch = Batch { decided_from: Some(Revision(7)), ..Batch::default() };
/// assert!(batch.events.is_empty() && batch.outbox.is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The revision that the events were decided from. The commit conflicts when a record after it has changed state.
    /// `None` for uses, which depend on nothing and change nothing.
    pub decided_from: Option<Revision>,
    /// The facts, in order.
    pub events: Vec<Event>,
    /// The notices.
    pub outbox: Vec<Message>,
    /// The idempotency key of the command.
    pub done: Option<(Principal, String, Done)>,
}

/// The effect of a command, stored under its idempotency key.
///
/// ```
/// use jit_access::internal::journal::digest;
/// use jit_access::store::Done;
///
/// let done = Done { fingerprint: digest("approve it"), request: None, grant: None, delegation: None, ended: vec![] };
/// assert_eq!(done.fingerprint.len(), 64);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// A digest of the command. The same key with another command is a mistake of the caller.
    pub fingerprint: String,
    /// The request of the command, if there is one.
    pub request: Option<RequestId>,
    /// The grant of the command, if there is one.
    pub grant: Option<GrantId>,
    /// The delegation of the command, if there is one.
    pub delegation: Option<DelegationId>,
    /// The grants that the command ended, if its answer lists them.
    pub ended: Vec<GrantId>,
}
