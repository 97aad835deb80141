//! A delegation: one person reviews in place of another for a limited time.

use super::{Actor, DelegationId, Justification, Principal, RoleName, Timestamp, Window};

/// The right of one person to review, given to another for a limited time. It cannot be delegated further.
///
/// ```
/// use jit_access::model::{Delegation, DelegationId, DelegationStatus, Justification, Principal, RoleName, Ttl, Window};
///
/// let from = "2026-12-01T09:00:00Z".parse()?;
/// let (ann, ben) = (Principal::user("ann@example.com")?, Principal::user("ben@example.com")?);
/// let roles = vec![RoleName::new("tool-owner")?];
/// let window = Window::starting(from, Ttl::from_hours(48.0)?)?;
/// let reason = Justification::new("two days off")?;
/// let holiday = Delegation::new(DelegationId::from_u128(7), ann, ben, roles, window, reason, from);
/// assert_eq!(holiday.status(from), DelegationStatus::Active);
/// assert_eq!(holiday.status(holiday.window.end()), DelegationStatus::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delegation {
    /// The id.
    pub id: DelegationId,
    /// Whose right it is.
    pub delegator: Principal,
    /// Who reviews in their place.
    pub delegate: Principal,
    /// The delegated roles. The delegator held each of them by standing right when delegating.
    pub roles: Vec<RoleName>,
    /// From when until when.
    pub window: Window,
    /// Why.
    pub reason: Justification,
    /// When it was made.
    pub created_at: Timestamp,
    /// How it ended before its time, if it did.
    pub ended: Option<DelegationEnd>,
}

impl Delegation {
    /// A delegation that has not ended. Those of an engine come from its workflow; this constructor is for tests and
    /// stores.
    #[must_use]
    pub const fn new(
        id: DelegationId,
        delegator: Principal,
        delegate: Principal,
        roles: Vec<RoleName>,
        window: Window,
        reason: Justification,
        created_at: Timestamp,
    ) -> Self {
        Self { id, delegator, delegate, roles, window, reason, created_at, ended: None }
    }
}

/// An early end of a delegation.
///
/// ```
/// use jit_access::model::{Actor, DelegationEnd, Principal};
///
/// let by = Actor::Principal(Principal::user("ann@example.com")?);
/// assert_eq!(DelegationEnd { at: "2026-12-01T10:00:00Z".parse()?, by }.by.to_string(), "ann@example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationEnd {
    /// When.
    pub at: Timestamp,
    /// The actor.
    pub by: Actor,
}

/// The status of a delegation at an instant. Complete on purpose.
///
/// ```
/// use jit_access::model::DelegationStatus;
///
/// assert_eq!(DelegationStatus::Scheduled.name(), "scheduled");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DelegationStatus {
    /// Its window has not begun.
    Scheduled,
    /// In force.
    Active,
    /// Its window has ended.
    Expired,
    /// Ended before its time.
    Ended,
}

impl DelegationStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Scheduled, Self::Active, Self::Expired, Self::Ended];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Ended => "ended",
        }
    }

    /// Whether it can still be used, now or later.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Scheduled | Self::Active)
    }
}

impl Delegation {
    /// What the delegation is at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> DelegationStatus {
        if self.ended.is_some() {
            DelegationStatus::Ended
        } else if now >= self.window.end() {
            DelegationStatus::Expired
        } else if now < self.window.start() {
            DelegationStatus::Scheduled
        } else {
            DelegationStatus::Active
        }
    }

    /// Whether `who` is the delegator or the delegate.
    #[must_use]
    pub fn concerns(&self, who: &Principal) -> bool {
        self.delegator == *who || self.delegate == *who
    }

    /// Whether `delegate` may review with `roles` of `delegator` at `now`, because of this delegation.
    #[must_use]
    pub fn lends(&self, delegator: &Principal, delegate: &Principal, roles: &[RoleName], now: Timestamp) -> bool {
        self.status(now) == DelegationStatus::Active
            && self.delegator == *delegator
            && self.delegate == *delegate
            && roles.iter().all(|role| self.roles.contains(role))
    }
}
