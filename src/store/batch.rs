//! What is written together.

use super::Message;
use crate::model::{DelegationId, Event, GrantId, Principal, RequestId, Revision};

/// What is written together.
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
    /// Notices to tell.
    pub outbox: Vec<Message>,
    /// The idempotency key this was done under.
    pub done: Option<(Principal, String, Done)>,
}

/// What a command did, kept under the idempotency key that came with it.
///
/// ```
/// use jit_access::journal::digest;
/// use jit_access::store::Done;
///
/// let done = Done { fingerprint: digest("approve it"), request: None, grant: None, delegation: None, ended: vec![] };
/// assert_eq!(done.fingerprint.len(), 64);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// A digest of the command: the same key with another command is an error of the caller.
    pub fingerprint: String,
    /// The request it was about, if it was about one.
    pub request: Option<RequestId>,
    /// The grant it was about, if it was about one.
    pub grant: Option<GrantId>,
    /// The delegation it was about, if it was about one.
    pub delegation: Option<DelegationId>,
    /// The grants that ended by it, if that is what it answers.
    pub ended: Vec<GrantId>,
}
