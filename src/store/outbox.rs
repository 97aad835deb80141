//! Waiting notices, and their deliveries.
//!
//! A notice is written together with its facts. When it is due, one worker at a time leases it, determines the
//! recipients and channels, and stores them: then the notice is planned. Each delivery is a separate row, which one
//! worker at a time leases until it is sent, has failed, or is dropped.

use crate::model::{Delivery, DeliveryId, DeliveryState, Recipient, Revision, Timestamp};

/// How long a notice and its deliveries are kept after the notice was due, unless a delivery of it has failed or waits.
pub const NOTICE_DAYS: i64 = 30;
/// How long they are kept in any case. The facts can be read in the journal afterwards.
pub const UNSENT_DAYS: i64 = 90;
/// How many notices are kept at most; the oldest go first.
pub const MAX_NOTICES: u64 = 100_000;
/// How long an idempotency key is kept. Clients retry for minutes.
pub const KEY_DAYS: i64 = 7;

/// A notice to write.
///
/// ```
/// use jit_access::store::Message;
///
/// let message = Message { kind: "grant_revoked".into(), body: "{}".into(), due: None, gathers: None };
/// assert!(message.due.is_none(), "it is told at once");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The kind of its fact: `grant_revoked`.
    pub kind: String,
    /// Its contents, in a form that the store does not read.
    pub body: String,
    /// When it is due, if not at once.
    pub due: Option<Timestamp>,
    /// Whether it stands for everything of its sort that happens before it is leased.
    pub gathers: Option<Gathers>,
}

impl Message {
    /// A notice that is due at once.
    pub fn new(kind: impl Into<String>, body: impl Into<String>) -> Self {
        Self { kind: kind.into(), body: body.into(), due: None, gathers: None }
    }
}

/// A notice that stands for everything of its sort that happens before it is leased. While one waits, another one with
/// the same key is not written. The first one is due at once, and each further one `apart_millis` after the one before
/// it.
///
/// ```
/// use jit_access::store::Gathers;
///
/// let hourly = Gathers { key: "uses of 7".into(), apart_millis: 3_600_000 };
/// assert_eq!(hourly.apart_millis, 3_600_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathers {
    /// The key of its sort.
    pub key: String,
    /// The least time between two of them, in milliseconds.
    pub apart_millis: i64,
}

/// A leased notice: only its worker may plan it until the lease ends.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::{Leased, Message};
///
/// let message = Message { kind: "grant_revoked".into(), body: "{}".into(), due: None, gathers: None };
/// let at = "2026-12-01T09:00:00Z".parse()?;
/// let leased = Leased { id: 7, message, at, due: at, attempt: 1, after: Revision(0), until: Revision(3) };
/// assert!(leased.after < leased.until);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Which notice. Later ones have higher numbers, and no number is used twice.
    pub id: u64,
    /// The notice as it was written.
    pub message: Message,
    /// When it was written: the instant of the journal's head at that time.
    pub at: Timestamp,
    /// When it was due.
    pub due: Timestamp,
    /// How often it has been leased, including this lease.
    pub attempt: u32,
    /// For a notice about many records: they come after this record.
    pub after: Revision,
    /// For a notice about many records: this is the last of them, the last record when it was first leased.
    pub until: Revision,
}

/// A delivery to write.
///
/// ```
/// use jit_access::model::{DeliveryId, Recipient};
/// use jit_access::store::NewDelivery;
///
/// let next_at = "2026-12-01T09:00:00Z".parse()?;
/// let delivery = NewDelivery {
///     id: DeliveryId::from_u128(7), channel: "mail".into(), recipient: Recipient::default(), digest: false,
///     thread: None, next_at, failed: None,
/// };
/// assert!(delivery.failed.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Which delivery.
    pub id: DeliveryId,
    /// The channel.
    pub channel: String,
    /// The recipient.
    pub recipient: Recipient,
    /// Whether it waits for others of the same channel and recipient.
    pub digest: bool,
    /// The thread of the notice.
    pub thread: Option<String>,
    /// When it is first tried.
    pub next_at: Timestamp,
    /// Why it can never be sent, if that is known already: it is visible as failed from its beginning.
    pub failed: Option<String>,
}

/// A leased delivery: only its worker may send it until the lease ends.
///
/// ```
/// # use jit_access::store::LeasedDelivery;
/// let sends = |leased: &LeasedDelivery| leased.delivery.attempts == 1;
/// # let _ = sends;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedDelivery {
    /// The delivery. This attempt is counted in it.
    pub delivery: Delivery,
    /// The contents of the notice, in their stored form.
    pub body: String,
    /// What the channel answered when the first message of the same thread was sent to the same recipient.
    pub reference: Option<String>,
}

/// The result of an attempt.
///
/// ```
/// use jit_access::store::Settled;
///
/// let later = Settled::RetryAt { at: "2026-12-01T09:00:00Z".parse()?, error: "connection refused".into() };
/// assert_ne!(later, Settled::Sent { reference: None });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It arrived.
    Sent {
        /// What later messages of the same thread need to know.
        reference: Option<String>,
    },
    /// It did not; try again at this instant.
    RetryAt {
        /// When.
        at: Timestamp,
        /// Why it did not.
        error: String,
    },
    /// It has failed for good, and stays visible for a person.
    Failed {
        /// Why.
        error: String,
    },
}

/// Which deliveries, and how many, newest first.
///
/// ```
/// use jit_access::store::DeliveryPage;
///
/// assert!(DeliveryPage { limit: 50, ..DeliveryPage::default() }.state.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryPage {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// By this channel.
    pub channel: Option<String>,
    /// Made before the one with this number.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: usize,
}

/// A delivery in a list, with its number: later ones have higher numbers.
pub type NumberedDelivery = (u64, Delivery);

/// A day, in milliseconds.
pub(super) const DAY_MILLIS: i64 = 24 * 3_600_000;

impl NewDelivery {
    /// The new delivery of this notice.
    pub(super) fn delivery(&self, notice: u64, kind: &str, now: Timestamp) -> Delivery {
        let failed = self.failed.is_some();
        Delivery {
            id: self.id,
            notice,
            kind: kind.to_owned(),
            channel: self.channel.clone(),
            recipient: self.recipient.clone(),
            digest: self.digest,
            thread: self.thread.clone(),
            state: if failed { DeliveryState::Failed } else { DeliveryState::Waiting },
            attempts: 0,
            made_at: now,
            next_at: (!failed).then_some(self.next_at),
            settled_at: failed.then_some(now),
            last_error: self.failed.clone(),
        }
    }
}
