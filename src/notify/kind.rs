//! The kinds of notices, and the configuration key that switches each off.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal, $key:ident, $urgent:literal;)+) => {
        /// The kind of a notice.
        ///
        /// ```
        /// use jit_access::notify::{NoticeKey, NoticeKind};
        ///
        /// assert_eq!(NoticeKind::GrantRevoked.name(), "grant_revoked");
        /// assert_eq!(NoticeKind::GrantRevoked.key(), NoticeKey::OnExpiration);
        /// assert!(NoticeKind::BreakGlass.is_urgent() && !NoticeKind::GrantExpired.is_urgent());
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum NoticeKind {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $kind,)+
        }

        impl NoticeKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The name in configuration, templates and deliveries: `grant_revoked`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// The configuration key that switches it on and off.
            #[must_use]
            pub const fn key(self) -> NoticeKey {
                match self {
                    $(Self::$kind => NoticeKey::$key,)+
                }
            }

            /// Whether quiet hours and digests never delay it.
            #[must_use]
            pub const fn is_urgent(self) -> bool {
                match self {
                    $(Self::$kind => $urgent,)+
                }
            }
        }
    };
}

kinds! {
    /// A request was submitted.
    RequestSubmitted = "request_submitted", OnRequest, false;
    /// An answer changed the request: a new version, for which earlier reviews no longer count.
    RequestChanged = "request_changed", OnRequest, false;
    /// A question was answered, without a change of the request.
    RequestAnswered = "request_answered", OnRequest, false;
    /// A step was not filled in time, so more roles may fill it.
    RequestEscalated = "request_escalated", OnRequest, true;
    /// A solver found that a request would give more than its envelope.
    RequestRefuted = "request_refuted", OnRequest, true;
    /// An earlier approval counts no more, so its step is open again.
    ReviewLapsed = "review_lapsed", OnRequest, false;
    /// A step has its approvals, and others are still missing.
    RequestReviewed = "request_reviewed", OnApproval, false;
    /// A request was approved.
    RequestApproved = "request_approved", OnApproval, false;
    /// A request was denied.
    RequestDenied = "request_denied", OnApproval, false;
    /// A reviewer asked a question.
    QuestionAsked = "question_asked", OnApproval, false;
    /// A request was not answered in time.
    RequestTimedOut = "request_timed_out", OnApproval, false;
    /// A request was withdrawn.
    RequestWithdrawn = "request_withdrawn", OnApproval, false;
    /// A grant is in force, from its approval on.
    GrantActive = "grant_active", OnActivation, false;
    /// The start of a scheduled grant was reached.
    GrantStarted = "grant_started", OnActivation, false;
    /// A grant was used for the first time.
    GrantFirstUsed = "grant_first_used", OnUse, true;
    /// A grant was used again: the uses since the last notice.
    GrantUsed = "grant_used", OnUse, false;
    /// A grant ends soon.
    GrantEndsSoon = "grant_ends_soon", OnExpiration, false;
    /// The window of a grant has ended.
    GrantExpired = "grant_expired", OnExpiration, false;
    /// A grant was used as often as it may be.
    GrantExhausted = "grant_exhausted", OnExpiration, false;
    /// A grant was released.
    GrantReleased = "grant_released", OnExpiration, false;
    /// A grant was revoked.
    GrantRevoked = "grant_revoked", OnExpiration, true;
    /// A grant was suspended.
    GrantSuspended = "grant_suspended", OnExpiration, true;
    /// A grant was resumed.
    GrantResumed = "grant_resumed", OnExpiration, false;
    /// A grant has ended: what was done under it.
    SessionSummary = "session_summary", SessionSummary, false;
    /// Break-glass access was taken.
    BreakGlass = "break_glass", NotifySecurityTeam, true;
    /// Break-glass access was used, for the first time or again.
    BreakGlassUsed = "break_glass_used", NotifySecurityTeam, true;
    /// Break-glass access has ended.
    BreakGlassOver = "break_glass_over", NotifySecurityTeam, true;
    /// Break-glass access has ended and must be reviewed.
    BreakGlassReviewDue = "break_glass_review_due", NotifySecurityTeam, false;
    /// A break-glass review was not done in time.
    BreakGlassReviewOverdue = "break_glass_review_overdue", NotifySecurityTeam, true;
    /// A break-glass review was done.
    BreakGlassReviewDone = "break_glass_review_done", NotifySecurityTeam, false;
    /// A break-glass review was waived.
    BreakGlassReviewWaived = "break_glass_review_waived", NotifySecurityTeam, true;
    /// A person delegated the right to review.
    DelegationMade = "delegation_made", OnDelegation, false;
    /// A delegation ended before its time.
    DelegationEnded = "delegation_ended", OnDelegation, false;
    /// A person was disabled, or lost a role, and lost grants with it.
    StandingLost = "standing_lost", OnStandingLost, true;
    /// The monitor found something.
    Alert = "alert", OnAlert, true;
    /// Many grants were ended by one command.
    RedButton = "red_button", OnRedButton, true;
    /// A checkpoint of the record was signed (`notifications.checkpoint_channels`).
    Checkpoint = "checkpoint", Record, false;
    /// Records, for a channel that exports the record (`records` of a channel).
    Records = "records", Record, false;
}

impl std::fmt::Display for NoticeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A configuration key that switches some kinds of notices on and off. Complete on purpose.
///
/// ```
/// use jit_access::notify::NoticeKey;
///
/// assert_eq!(NoticeKey::OnUse.name(), "notifications.on_use");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKey {
    /// `notifications.on_request`.
    OnRequest,
    /// `notifications.on_approval`.
    OnApproval,
    /// `notifications.on_activation`.
    OnActivation,
    /// `notifications.on_use`.
    OnUse,
    /// `notifications.on_expiration`.
    OnExpiration,
    /// `session_summary`.
    SessionSummary,
    /// `break_glass.notify_security_team`.
    NotifySecurityTeam,
    /// `notifications.on_delegation`.
    OnDelegation,
    /// `notifications.on_standing_lost`.
    OnStandingLost,
    /// `notifications.on_alert`.
    OnAlert,
    /// `notifications.on_red_button`.
    OnRedButton,
    /// No key: records go to the channels that are configured for them, and to no other.
    Record,
}

impl NoticeKey {
    /// Every key that switches something.
    pub const ALL: [Self; 11] = [
        Self::OnRequest,
        Self::OnApproval,
        Self::OnActivation,
        Self::OnUse,
        Self::OnExpiration,
        Self::SessionSummary,
        Self::NotifySecurityTeam,
        Self::OnDelegation,
        Self::OnStandingLost,
        Self::OnAlert,
        Self::OnRedButton,
    ];

    /// The key as it is written in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnRequest => "notifications.on_request",
            Self::OnApproval => "notifications.on_approval",
            Self::OnActivation => "notifications.on_activation",
            Self::OnUse => "notifications.on_use",
            Self::OnExpiration => "notifications.on_expiration",
            Self::SessionSummary => "session_summary",
            Self::NotifySecurityTeam => "break_glass.notify_security_team",
            Self::OnDelegation => "notifications.on_delegation",
            Self::OnStandingLost => "notifications.on_standing_lost",
            Self::OnAlert => "notifications.on_alert",
            Self::OnRedButton => "notifications.on_red_button",
            Self::Record => "",
        }
    }
}
