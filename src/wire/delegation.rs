//! A delegation as JSON.

use super::shown::{Instant, Who};
use super::texts;
use crate::model::{Delegation, Timestamp};

document! {
    /// A delegation: the right to review, for a limited time. It cannot be delegated again, and it never covers requests of the delegator.
    ///
    /// ```
    /// use jit_access::model::{Delegation, DelegationId, Justification, Principal, RoleName, Ttl, Window};
    /// use jit_access::internal::wire::{self, DelegationDocument};
    ///
    /// let from = "2026-12-01T09:00:00Z".parse()?;
    /// let (ann, ben) = (Principal::user("ann@example.com")?, Principal::user("ben@example.com")?);
    /// let (roles, reason) = (vec![RoleName::new("tool-owner")?], Justification::new("two days off")?);
    /// let window = Window::starting(from, Ttl::from_hours(48.0)?)?;
    /// let holiday = Delegation::new(DelegationId::from_u128(7), ann, ben, roles, window, reason, from);
    /// let document = wire::to_json(&DelegationDocument::new(&holiday, from, "/jit"))?;
    /// assert!(document.contains(r#""delegate":"ben@example.com""#) && document.contains(r#""status":"active""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct DelegationDocument as "Delegation" {
        /// The id, a UUID.
        id: String,
        /// The status at the instant of the answer.
        status: &'static str = ["scheduled", "active", "expired", "ended"],
        /// The person whose right to review it is.
        delegator: Who,
        /// The person who may review in their place.
        delegate: Who,
        /// The roles that are delegated.
        roles: Vec<String>,
        /// The first instant at which it holds.
        from: Instant as "from_",
        /// The first instant at which it no longer holds.
        until: Instant,
        /// The reason for it.
        reason: String,
        /// When it was made.
        created_at: Instant,
        /// When it was ended early.
        ended_at: Option<Instant>,
        /// Who ended it early.
        ended_by: Option<String>,
        /// Paths to the delegation.
        links: DelegationLinks,
    }
}

links! {
    struct DelegationLinks { always: [], sometimes: [] }
}

impl DelegationDocument {
    /// The delegation in its state at `now`. Links start with `base`: `/jit`.
    #[must_use]
    pub fn new(delegation: &Delegation, now: Timestamp, base: &str) -> Self {
        let ended = delegation.ended.as_ref();
        Self {
            id: delegation.id.to_string(),
            status: delegation.status(now).name(),
            delegator: (&delegation.delegator).into(),
            delegate: (&delegation.delegate).into(),
            roles: texts(&delegation.roles),
            from: delegation.window.start().into(),
            until: delegation.window.end().into(),
            reason: delegation.reason.to_string(),
            created_at: delegation.created_at.into(),
            ended_at: ended.map(|end| end.at.into()),
            ended_by: ended.map(|end| end.by.to_string()),
            links: DelegationLinks { this: Some(format!("{base}/delegations/{}", delegation.id)) },
        }
    }
}
