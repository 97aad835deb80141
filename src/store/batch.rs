//! What is written together.

use crate::model::{DelegationId, Event, GrantId, Principal, RequestId, Revision, Timestamp};

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
    /// Messages to deliver.
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

/// A message to deliver.
///
/// ```
/// use jit_access::store::Message;
///
/// let message = Message { topic: "mail".to_owned(), body: "a request waits".to_owned() };
/// assert_eq!(message.topic, "mail");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who delivers it.
    pub topic: String,
    /// What to deliver, in the form that the topic says.
    pub body: String,
}

/// A message that is ours to deliver for a while.
///
/// ```
/// use jit_access::store::{Leased, Message};
///
/// let message = Message { topic: "mail".to_owned(), body: "a request waits".to_owned() };
/// assert_eq!(Leased { id: 7, message, attempt: 1 }.attempt, 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Which message; receivers use it to recognise a second delivery.
    pub id: u64,
    /// The message.
    pub message: Message,
    /// How often it has been given out, this time included.
    pub attempt: u32,
}

/// What became of a message.
///
/// ```
/// use jit_access::store::Delivery;
///
/// let later = Delivery::RetryAt("2026-12-01T09:00:00Z".parse()?);
/// assert_ne!(later, Delivery::Delivered);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It arrived.
    Delivered,
    /// It did not; try again at this instant.
    RetryAt(Timestamp),
    /// It never will; it stays visible for a person.
    Undeliverable,
}
