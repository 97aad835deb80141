//! The port of a channel: what sends a message to a person or a place.

use std::fmt::Debug;
use std::time::Duration;

use super::Notice;
use crate::model::{DeliveryId, Recipient, Timestamp};

/// Sends messages: by mail, to a chat, to a webhook, or in any way of the host.
///
/// ```
/// use jit_access::notify::{Channel, Outgoing, Reach, SendError, Sent};
///
/// /// Writes to standard output.
/// #[derive(Debug)]
/// struct Console;
///
/// impl Channel for Console {
///     fn reach(&self) -> Reach {
///         Reach::TARGET
///     }
///
///     fn send(&self, outgoing: &Outgoing<'_>) -> Result<Sent, SendError> {
///         for notice in outgoing.notices {
///             println!("{} {}", outgoing.delivery, notice.kind);
///         }
///         Ok(Sent::default())
///     }
/// }
///
/// assert!(Console.reach().target);
/// ```
pub trait Channel: Debug + Send + Sync {
    /// Whom it reaches.
    fn reach(&self) -> Reach;

    /// Sends one message. Once this has returned `Ok`, the receiver has it. It may be called again with the same
    /// delivery id when the process ended between the sending and the note of it.
    ///
    /// # Errors
    /// When it was not sent: whether it may be tried again, and why.
    fn send(&self, outgoing: &Outgoing<'_>) -> Result<Sent, SendError>;
}

/// A channel that is one function. It has its own target: what the function does with the message.
///
/// ```
/// use jit_access::notify::{Channel, FnChannel, Reach, Sent};
///
/// let channel = FnChannel::new(|outgoing| {
///     println!("{} notices", outgoing.notices.len());
///     Ok(Sent::default())
/// });
/// assert_eq!(channel.reach(), Reach::TARGET);
/// ```
pub struct FnChannel(SendFn);

type SendFn = Box<dyn Fn(&Outgoing<'_>) -> Result<Sent, SendError> + Send + Sync>;

impl FnChannel {
    /// This function.
    pub fn new(send: impl Fn(&Outgoing<'_>) -> Result<Sent, SendError> + Send + Sync + 'static) -> Self {
        Self(Box::new(send))
    }
}

impl Debug for FnChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FnChannel")
    }
}

impl Channel for FnChannel {
    fn reach(&self) -> Reach {
        Reach::TARGET
    }

    fn send(&self, outgoing: &Outgoing<'_>) -> Result<Sent, SendError> {
        (self.0)(outgoing)
    }
}

/// Whom a channel reaches.
///
/// ```
/// use jit_access::notify::{AddressKind, Reach};
///
/// let mail = Reach { people: Some(AddressKind::Email), target: false };
/// assert_ne!(mail, Reach::TARGET);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// Single people, by an address of this kind.
    pub people: Option<AddressKind>,
    /// A fixed target: a room, a list of addresses, a URL.
    pub target: bool,
}

impl Reach {
    /// Only its fixed target.
    pub const TARGET: Self = Self { people: None, target: true };
    /// Nobody, except for notices that name this channel.
    pub const NOBODY: Self = Self { people: None, target: false };
}

/// Which of a person's addresses a channel takes. Complete on purpose.
///
/// ```
/// use jit_access::notify::AddressKind;
///
/// assert_eq!(AddressKind::Slack.name(), "slack");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// An e-mail address.
    Email,
    /// A Slack member id.
    Slack,
}

impl AddressKind {
    /// The name in errors.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Slack => "slack",
        }
    }
}

/// One message to send.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The id that stays the same however often it is tried. Of a digest: that of its first delivery.
    pub delivery: DeliveryId,
    /// How often it has been tried, this time included.
    pub attempt: u32,
    /// The contents: one notice, or those of a digest, oldest first.
    pub notices: &'a [Notice],
    /// The address that each notice links to, signed where approval is possible. For channels of the host: those of the
    /// library make their own. Empty without `notifications.base_url`.
    pub links: &'a [Option<String>],
    /// The recipient.
    pub recipient: &'a Recipient,
    /// What the channel answered when the first message of the same conversation was sent to the same recipient.
    pub reference: Option<&'a str>,
    /// The instant of the attempt.
    pub now: Timestamp,
}

/// That a message was sent.
///
/// ```
/// use jit_access::notify::Sent;
///
/// assert!(Sent::default().reference.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sent {
    /// What later messages of the same conversation need to know: a message id, a time stamp of Slack.
    pub reference: Option<String>,
}

/// Why a message was not sent. It never contains a secret.
///
/// ```
/// use jit_access::notify::SendError;
///
/// assert_eq!(SendError::Refused("550 no such user".into()).to_string(), "550 no such user");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It can be tried again; not before `after`, if the receiver gave that.
    #[error("{why}")]
    Later {
        /// How long the receiver asked to wait.
        after: Option<Duration>,
        /// Why.
        why: String,
    },
    /// No other attempt will do better.
    #[error("{0}")]
    Refused(String),
}
