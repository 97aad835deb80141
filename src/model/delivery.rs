//! One notice on its way to one recipient.

use super::{DeliveryId, Principal, Timestamp};

/// One notice on its way to one recipient by one channel. Its id stays the same for every attempt, so that a receiver
/// recognizes a duplicate.
///
/// ```
/// use jit_access::model::{Delivery, DeliveryId, DeliveryState, Recipient};
///
/// let at = "2026-12-01T09:00:00Z".parse()?;
/// let delivery = Delivery {
///     id: DeliveryId::from_u128(7), notice: 1, kind: "grant_revoked".into(), channel: "mail".into(),
///     recipient: Recipient::default(), digest: false, thread: None, state: DeliveryState::Waiting, attempts: 0,
///     made_at: at, next_at: Some(at), settled_at: None, last_error: None,
/// };
/// assert!(delivery.state.is_open());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The id.
    pub id: DeliveryId,
    /// The notice that it delivers, by its number.
    pub notice: u64,
    /// The kind of the notice: `grant_revoked`.
    pub kind: String,
    /// The channel, by its name in the configuration.
    pub channel: String,
    /// The recipient.
    pub recipient: Recipient,
    /// Whether it waits for others of the same channel and recipient, to be sent with them as one message.
    pub digest: bool,
    /// What the notice belongs to: notices about one request are one conversation.
    pub thread: Option<String>,
    /// The state.
    pub state: DeliveryState,
    /// How many attempts were made.
    pub attempts: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it is tried next, while it waits.
    pub next_at: Option<Timestamp>,
    /// When it was sent, failed finally or was dropped.
    pub settled_at: Option<Timestamp>,
    /// Why the last attempt failed, if it did.
    pub last_error: Option<String>,
}

/// The recipient of a delivery: a person at an address, or the channel's own target.
///
/// ```
/// use jit_access::model::{Principal, Recipient};
///
/// let ann = Recipient { address: Some("ann@example.com".into()), ..Recipient::person(Principal::user("ann@example.com")?) };
/// assert!(ann.person.is_some() && Recipient::default().person.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipient {
    /// The person; `None` for the channel's own target.
    pub person: Option<Principal>,
    /// Where the person is reached by this channel: an e-mail address, a Slack member id.
    pub address: Option<String>,
    /// The person's time zone, an IANA name such as `Europe/Berlin`, if known.
    pub zone: Option<String>,
}

impl Recipient {
    /// This person, without address and time zone.
    #[must_use]
    pub const fn person(person: Principal) -> Self {
        Self { person: Some(person), address: None, zone: None }
    }
}

/// The state of a delivery. Complete on purpose.
///
/// ```
/// use jit_access::model::DeliveryState;
///
/// assert_eq!((DeliveryState::Failed.name(), DeliveryState::Failed.is_open()), ("failed", false));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It waits for its next attempt, or is being sent.
    Waiting,
    /// The channel took it.
    Sent,
    /// It failed finally after its last attempt; an operator has it sent again or drops it.
    Failed,
    /// A person dropped it.
    Dropped,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Failed, Self::Dropped];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// Whether it is still to be sent.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting)
    }
}

/// The state of a channel's deliveries.
///
/// ```
/// use jit_access::model::ChannelCount;
///
/// let count = ChannelCount { channel: "mail".into(), waiting: 2, failed: 0, last_success: None };
/// assert_eq!(count.waiting, 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelCount {
    /// The channel.
    pub channel: String,
    /// How many deliveries wait.
    pub waiting: u64,
    /// How many failed finally and wait for an operator.
    pub failed: u64,
    /// When a delivery last succeeded, among the stored deliveries.
    pub last_success: Option<Timestamp>,
}
