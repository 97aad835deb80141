//! What is told: one kind for each event that concerns somebody, and the configuration key that switches it off.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident = $name:literal, $key:ident, $urgent:literal;)+) => {
        /// What a notice tells of.
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

            /// Whether it is never held back by quiet hours or a digest.
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
    /// Somebody asks for access.
    RequestSubmitted = "request_submitted", OnRequest, false;
    /// An answer changed what is asked for: a new version, for which earlier reviews count no more.
    RequestChanged = "request_changed", OnRequest, false;
    /// A question was answered, and what is asked for stayed as it was.
    RequestAnswered = "request_answered", OnRequest, false;
    /// Nobody filled a step in time, so others may.
    RequestEscalated = "request_escalated", OnRequest, true;
    /// A solver found that a request would give more than it says.
    RequestRefuted = "request_refuted", OnRequest, true;
    /// An earlier approval counts no more, so its step is open again.
    ReviewLapsed = "review_lapsed", OnRequest, false;
    /// A step has its approvals, and others are still missing.
    RequestReviewed = "request_reviewed", OnApproval, false;
    /// A request was approved.
    RequestApproved = "request_approved", OnApproval, false;
    /// A request was denied.
    RequestDenied = "request_denied", OnApproval, false;
    /// A reviewer asks something.
    QuestionAsked = "question_asked", OnApproval, false;
    /// Nobody answered a request in time.
    RequestTimedOut = "request_timed_out", OnApproval, false;
    /// A request was taken back.
    RequestWithdrawn = "request_withdrawn", OnApproval, false;
    /// A grant is in force, from its approval on.
    GrantActive = "grant_active", OnActivation, false;
    /// The start of a scheduled grant was reached.
    GrantStarted = "grant_started", OnActivation, false;
    /// A grant was used for the first time.
    GrantFirstUsed = "grant_first_used", OnUse, true;
    /// A grant was used further, so often since the last notice of its uses.
    GrantUsed = "grant_used", OnUse, false;
    /// A grant ends soon.
    GrantEndsSoon = "grant_ends_soon", OnExpiration, false;
    /// The window of a grant is over.
    GrantExpired = "grant_expired", OnExpiration, false;
    /// A grant was used as often as it may be.
    GrantExhausted = "grant_exhausted", OnExpiration, false;
    /// A grant was given back.
    GrantReleased = "grant_released", OnExpiration, false;
    /// A grant was taken away.
    GrantRevoked = "grant_revoked", OnExpiration, true;
    /// A grant is held back.
    GrantSuspended = "grant_suspended", OnExpiration, true;
    /// A grant is not held back any more.
    GrantResumed = "grant_resumed", OnExpiration, false;
    /// A grant is over: what was done under it.
    SessionSummary = "session_summary", SessionSummary, false;
    /// Access was taken without approval.
    BreakGlass = "break_glass", NotifySecurityTeam, true;
    /// Such access was used, for the first time or further.
    BreakGlassUsed = "break_glass_used", NotifySecurityTeam, true;
    /// Such access is over.
    BreakGlassOver = "break_glass_over", NotifySecurityTeam, true;
    /// Such access is over and has to be reviewed.
    BreakGlassReviewDue = "break_glass_review_due", NotifySecurityTeam, false;
    /// Such a review was not done in time.
    BreakGlassReviewOverdue = "break_glass_review_overdue", NotifySecurityTeam, true;
    /// Such a review was done.
    BreakGlassReviewDone = "break_glass_review_done", NotifySecurityTeam, false;
    /// Such a review was waived.
    BreakGlassReviewWaived = "break_glass_review_waived", NotifySecurityTeam, true;
    /// Somebody lends their right to review.
    DelegationMade = "delegation_made", OnDelegation, false;
    /// A delegation ended before its time.
    DelegationEnded = "delegation_ended", OnDelegation, false;
    /// Somebody is disabled, or lost a role, and with it grants.
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
    /// None: the record itself goes to the channels that are named for it, and to no other.
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
