//! Refusals. A refusal is a value with a stable code, the same in every interface of the library.

use std::fmt;

use super::BreakGlassRules;
use crate::model::Timestamp;

/// A command that the rules refuse. Nothing has happened.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::requested()?;
/// use jit_access::model::*;
/// use jit_access::command::Approve;
/// use jit_access::workflow::RefusalCode;
///
/// match engine.workflow().execute(&dev, Approve::new(request), None) {
///     Err(jit_access::Error::Refused(refusal)) => assert_eq!(refusal.code(), RefusalCode::SelfApproval),
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    code: RefusalCode,
    message: String,
    retry_at: Option<Timestamp>,
    challenge: Option<String>,
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_at: None, challenge: None }
    }

    /// The same refusal, of a command that may be repeated from this instant on.
    pub(crate) fn until(self, at: Timestamp) -> Self {
        Self { retry_at: Some(at), ..self }
    }

    /// The same, with what a client must do to get access: the challenge of RFC 9470, section 3.
    pub(crate) fn asking_for_step_up(mut self, rules: &BreakGlassRules) -> Self {
        let max_age = rules.mfa_within.millis() / 1_000;
        let mut challenge = format!("Bearer error=\"insufficient_user_authentication\", max_age={max_age}");
        if !rules.acr_values.is_empty() {
            challenge.push_str(&format!(", acr_values=\"{}\"", rules.acr_values.join(" ")));
        }
        self.challenge = Some(challenge);
        self
    }

    /// The header `WWW-Authenticate` to send, when a stronger sign-in would help.
    #[must_use]
    pub fn challenge(&self) -> Option<&str> {
        self.challenge.as_deref()
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> RefusalCode {
        self.code
    }

    /// A sentence for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// From when on the same command may succeed, where time alone makes the difference.
    #[must_use]
    pub const fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at
    }
}

macro_rules! codes {
    ($($variant:ident = $name:literal, $doc:literal;)*) => {
        /// The stable names of refusals. Codes are added, never renamed.
        ///
        /// ```
        /// use jit_access::workflow::RefusalCode;
        ///
        /// assert_eq!(RefusalCode::SelfApproval.name(), "self_approval");
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum RefusalCode { $(#[doc = $doc] $variant,)* }

        impl RefusalCode {
            /// Every code there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

codes! {
    Disabled = "disabled", "The operator has switched just-in-time access off.";
    UnknownRole = "unknown_role", "The catalogue has no role of that name.";
    JustificationRequired = "justification_required", "A reason is mandatory and none was given.";
    TicketRequired = "ticket_url_required", "A ticket is mandatory and none was given.";
    StartsInThePast = "starts_in_the_past", "The wanted start is already over.";
    StartsTooLate = "starts_too_late", "The wanted start is more than a year away.";
    NoApprover = "no_approver", "Nobody could ever approve the request.";
    NothingToGrant = "nothing_to_grant", "All the role's permissions are reserved.";
    UnknownRequest = "unknown_request", "There is no such request, or the caller may not know of it.";
    UnknownGrant = "unknown_grant", "There is no such grant, or the caller may not know of it.";
    SelfApproval = "self_approval", "Nobody may review their own request.";
    NotAnApprover = "not_an_approver", "The caller holds none of the roles that may review the request.";
    CannotDelegate = "cannot_delegate", "This right cannot be lent, or not to this person, or not for this time.";
    UnknownDelegation = "unknown_delegation", "There is no such delegation, or the caller may not know of it.";
    UnknownAlert = "unknown_alert", "There is no such alert, or the monitor no longer keeps it.";
    UnknownPrincipal = "unknown_principal", "Nothing is on record of a principal of that name.";
    UnknownDelivery = "unknown_delivery", "There is no such delivery.";
    AlreadyReviewed = "already_reviewed", "The caller, or a person that the caller acts for or that acts for the caller, has already approved this version.";
    NotTheRequester = "not_the_requester", "Only the requester may do this.";
    NotTheHolder = "not_the_holder", "Only the holder may do this.";
    RevokeOwnGrant = "revoke_own_grant", "A holder gives a grant back instead of revoking it.";
    RequestTimedOut = "request_timed_out", "Nobody answered the request in time.";
    RequestChanged = "request_changed", "The request is not any more what the approver looked at.";
    EmptyPart = "nothing_left", "The approver's cut leaves nothing of what was asked for.";
    NothingAsked = "nothing_asked", "No reviewer has asked for more information.";
    GrantOver = "grant_over", "The grant is over, however it ended.";
    RequestNotPending = "request_not_pending", "The request has already been answered or withdrawn.";
    TooManyGrants = "too_many_grants", "As many grants are live as the operator allows.";
    TooManyOpenRequests = "too_many_open_requests", "As many requests of the caller wait for an answer as the operator allows.";
    TooManyDelegations = "too_many_delegations", "As many delegations by the caller are in force or still to come as the operator allows.";
    TooManyRequests = "too_many_requests", "The caller has made as many requests in the last hour as the operator allows.";
    NotForAgents = "not_for_agents", "A person has to do this, or an agent on behalf of a person.";
    AgentPaused = "agent_paused", "Several requests by agents of this person were denied one after the other.";
    OwnStanding = "own_standing", "Nobody reports their own standing.";
    GrantSuspended = "grant_suspended", "A suspended grant cannot be extended.";
    AlreadyExtended = "already_extended", "The grant is extended already, or a request to extend it waits for an answer.";
    ExtensionLimit = "extension_limit", "The grant can be extended no further.";
    BreakGlassDisabled = "break_glass_disabled", "The operator has not switched break-glass on.";
    NotEligible = "not_eligible", "The caller is not on the list of those who may do this.";
    NotForBreakGlass = "not_for_break_glass", "The role cannot be taken without approval.";
    MfaRequired = "mfa_required", "A sign-in with a second factor is needed, and was not proven.";
    MfaTooOld = "mfa_too_old", "The sign-in with a second factor was too long ago.";
    BreakGlassActive = "break_glass_active", "A grant without approval is never followed by another while it lives.";
    BreakGlassNotExtendable = "break_glass_not_extendable", "A grant without approval is never extended.";
    ReviewOutstanding = "review_outstanding", "An earlier grant without approval has not been reviewed yet.";
    BreakGlassBlocked = "break_glass_blocked", "A review found an earlier break-glass access unjustified, and it is still in force.";
    NothingToReview = "nothing_to_review", "The grant was approved beforehand and owes no review.";
    ReviewTooEarly = "review_too_early", "The grant is still live: what is done with it is not known yet.";
    ReviewClosed = "review_closed", "The review is done or waived.";
    ForbiddenByPolicy = "forbidden_by_policy", "A policy of the operator forbids it, or none permits it.";
    PolicyFailed = "policy_failed", "A workflow policy could not be evaluated, so the action is forbidden.";
    NotAnAuditor = "not_an_auditor", "The caller holds none of the roles that may read the record.";
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
