//! A delivery of a notice, as JSON.

use super::shown::Instant;
use crate::model::Delivery;

document! {
    /// The delivery of one notice to one recipient by one channel. Its id stays the same however often it is tried.
    pub struct DeliveryDocument as "Delivery" {
        /// The id, a UUID. Receivers see it too.
        id: String,
        /// The kind of the notice: `grant_revoked`.
        kind: String,
        /// The channel, by its name in the configuration.
        channel: String,
        /// The state.
        state: &'static str = ["waiting", "sent", "failed", "dropped"],
        /// The recipient; `null` for the channel's own target.
        recipient: Option<String>,
        /// The address; `null` for the channel's own target.
        address: Option<String>,
        /// Whether it waits for others, to be sent with them as one message.
        digest: bool,
        /// How often it was tried.
        attempts: u32,
        /// When it was made.
        created_at: Instant,
        /// When it is tried next, while it waits.
        next_at: Option<Instant>,
        /// When it was sent, failed finally or was dropped.
        settled_at: Option<Instant>,
        /// Why the last attempt failed.
        last_error: Option<String>,
        /// The id of the request of the notice, or of a grant or a delegation without one.
        subject: Option<String>,
    }
}

impl From<&Delivery> for DeliveryDocument {
    fn from(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            kind: delivery.kind.clone(),
            channel: delivery.channel.clone(),
            state: delivery.state.name(),
            recipient: delivery.recipient.person.as_ref().map(ToString::to_string),
            address: delivery.recipient.address.clone(),
            digest: delivery.digest,
            attempts: delivery.attempts,
            created_at: delivery.made_at.into(),
            next_at: delivery.next_at.map(Into::into),
            settled_at: delivery.settled_at.map(Into::into),
            last_error: delivery.last_error.clone(),
            subject: delivery.thread.clone(),
        }
    }
}
