//! One notice on its way to one recipient.

use super::{DeliveryId, Principal, Timestamp};

/// One notice on its way to one recipient by one channel. Its id stays the same however often it is tried, so that a
/// receiver knows what came twice.
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
    /// Which delivery.
    pub id: DeliveryId,
    /// The notice that it delivers, by its number.
    pub notice: u64,
    /// What the notice tells of: `grant_revoked`.
    pub kind: String,
    /// The channel, by its name in the configuration.
    pub channel: String,
    /// To whom.
    pub recipient: Recipient,
    /// Whether it waits for others of the same channel and recipient, to be sent with them as one message.
    pub digest: bool,
    /// What the notice belongs to: notices about one request are one conversation.
    pub thread: Option<String>,
    /// What has become of it.
    pub state: DeliveryState,
    /// How often it was given out to be sent.
    pub attempts: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it is tried next, while it waits.
    pub next_at: Option<Timestamp>,
    /// When it was sent, given up or dropped.
    pub settled_at: Option<Timestamp>,
    /// Why the last attempt failed, if it did.
    pub last_error: Option<String>,
}

/// To whom a delivery goes: a person at an address, or whatever the channel leads to when nobody is named.
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
    /// Who; `None` for the channel's own target.
    pub person: Option<Principal>,
    /// Where the person is reached by this channel: an e-mail address, a Slack member id.
    pub address: Option<String>,
    /// The zone of the person's clock, an IANA name such as `Europe/Berlin`, where it is known.
    pub zone: Option<String>,
}

impl Recipient {
    /// This person, of whom nothing else is known.
    #[must_use]
    pub const fn person(person: Principal) -> Self {
        Self { person: Some(person), address: None, zone: None }
    }
}

/// What has become of a delivery. Complete on purpose.
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
    /// It was given up after its last attempt; it waits for a person, who has it sent again or drops it.
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

/// How the deliveries of one channel stand.
///
/// ```
/// use jit_access::model::ChannelCount;
///
/// let count = ChannelCount { channel: "mail".into(), waiting: 2, failed: 0, last_success: None };
/// assert_eq!(count.waiting, 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelCount {
    /// Which channel.
    pub channel: String,
    /// How many deliveries wait.
    pub waiting: u64,
    /// How many were given up and wait for a person.
    pub failed: u64,
    /// When a delivery last succeeded, as far as kept deliveries tell.
    pub last_success: Option<Timestamp>,
}
