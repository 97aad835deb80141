//! What can be asked of the workflow.

use crate::model::{
    Caller, Conditions, Cut, DelegationId, GrantId, Justification, Principal, RequestId, RoleName, Scope, Selector,
    TicketUrl, Timestamp, Ttl,
};

/// Something that someone wants done.
///
/// ```
/// use jit_access::model::{Caller, Principal, RequestId};
/// use jit_access::workflow::{Command, Intent};
///
/// let caller = Caller::new(Principal::user("dev@example.com")?, vec![]);
/// let command = Command { caller, intent: Intent::Withdraw { request: RequestId::from_u128(7) } };
/// assert_eq!(command.caller.principal.id(), "dev@example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Who wants it, as the host authenticated them.
    pub caller: Caller,
    /// What they want.
    pub intent: Intent,
}

/// What is wanted. The ids of what may come to be are part of it, so that deciding twice gives the same facts.
///
/// ```
/// use jit_access::model::{GrantId, Justification};
/// use jit_access::workflow::Intent;
///
/// let grant: GrantId = "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()?;
/// let revoke = Intent::Revoke { grant, reason: Justification::new("the incident is over")? };
/// assert!(matches!(revoke, Intent::Revoke { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Intent {
    /// Ask for a role.
    Submit {
        /// The id the request will have.
        id: RequestId,
        /// The id of the grant, should a rule approve the request at once.
        grant: GrantId,
        /// The role asked for.
        role: RoleName,
        /// How long; the role's default when `None`.
        duration: Option<Ttl>,
        /// Where.
        scope: Scope,
        /// From when; from approval when `None`.
        starts_at: Option<Timestamp>,
        /// What must be so at each use, besides what the role asks for.
        conditions: Conditions,
        /// Why.
        justification: Option<Justification>,
        /// Where the work is tracked.
        ticket: Option<TicketUrl>,
    },
    /// Ask that one's own grant goes on when it ends.
    Extend {
        /// Which grant.
        grant: GrantId,
        /// The id the request will have.
        id: RequestId,
        /// The id of the grant that goes on, should a rule approve the request at once.
        next: GrantId,
        /// For how long; the role's default when `None`.
        duration: Option<Ttl>,
        /// Why.
        justification: Option<Justification>,
    },
    /// Take a role at once, without approval, and owe a review for it.
    BreakGlass {
        /// The id the request on record will have.
        id: RequestId,
        /// The id the grant will have.
        grant: GrantId,
        /// The role.
        role: RoleName,
        /// How long; as long as the limits allow when `None`.
        duration: Option<Ttl>,
        /// Where.
        scope: Scope,
        /// Why. Mandatory whatever `require_justification` says.
        justification: Option<Justification>,
        /// Where the work is tracked.
        ticket: Option<TicketUrl>,
        /// Whether it is an exercise.
        drill: bool,
    },
    /// Say what a review of a grant without approval found.
    CompleteReview {
        /// Which grant.
        grant: GrantId,
        /// Whether there was an emergency that the access fitted.
        justified: bool,
        /// What was found.
        finding: Justification,
    },
    /// Let the review of a grant without approval be.
    WaiveReview {
        /// Which grant.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
    /// Say yes to a request.
    Approve {
        /// Which request.
        request: RequestId,
        /// The version that the approver looked at; whichever it is when `None`.
        version: Option<u32>,
        /// The id the grant will have.
        grant: GrantId,
        /// What to take off.
        cut: Cut,
        /// In which words.
        comment: Option<Justification>,
    },
    /// Say no to a request.
    Deny {
        /// Which request.
        request: RequestId,
        /// Why; the requester sees it.
        reason: Justification,
    },
    /// Ask a requester for more information.
    Ask {
        /// Which request.
        request: RequestId,
        /// What to know.
        question: Justification,
    },
    /// Answer a reviewer's question about one's own request.
    Answer {
        /// Which request.
        request: RequestId,
        /// In which words.
        answer: Justification,
        /// Another length, if that is part of the answer.
        duration: Option<Ttl>,
        /// Another part of the world, if that is part of the answer.
        scope: Option<Scope>,
    },
    /// Take one's own request back.
    Withdraw {
        /// Which request.
        request: RequestId,
    },
    /// Let somebody review in one's own place for a while.
    Delegate {
        /// The id the delegation will have.
        id: DelegationId,
        /// Who reviews.
        to: Principal,
        /// With which roles of the caller's; all with which they review when `None`.
        roles: Option<Vec<RoleName>>,
        /// From when; from now when `None`.
        from: Option<Timestamp>,
        /// Until when.
        until: Timestamp,
        /// Why.
        reason: Justification,
    },
    /// End a delegation before its time.
    Undelegate {
        /// Which delegation.
        delegation: DelegationId,
    },
    /// Take a grant away.
    Revoke {
        /// Which grant.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
    /// Hold a grant back for a while. Its window goes on.
    Suspend {
        /// Which grant.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
    /// Hold a grant back no longer.
    Resume {
        /// Which grant.
        grant: GrantId,
    },
    /// Take away every live grant that is selected, at once; one's own are given back.
    RevokeMany {
        /// Which grants.
        select: Selector,
        /// Why.
        reason: Justification,
    },
    /// Give one's own grant back.
    Release {
        /// Which grant.
        grant: GrantId,
    },
}

impl Intent {
    /// Whether it does nothing but take away: access, the chance of it, or a right to give it.
    ///
    /// ```
    /// use jit_access::model::GrantId;
    /// use jit_access::workflow::Intent;
    ///
    /// let grant = GrantId::from_u128(7);
    /// assert!(Intent::Release { grant }.only_takes_away() && !Intent::Resume { grant }.only_takes_away());
    /// ```
    #[must_use]
    pub const fn only_takes_away(&self) -> bool {
        match self {
            Self::Withdraw { .. }
            | Self::Undelegate { .. }
            | Self::Revoke { .. }
            | Self::Suspend { .. }
            | Self::RevokeMany { .. }
            | Self::Release { .. } => true,
            Self::Submit { .. }
            | Self::Extend { .. }
            | Self::BreakGlass { .. }
            | Self::CompleteReview { .. }
            | Self::WaiveReview { .. }
            | Self::Approve { .. }
            | Self::Deny { .. }
            | Self::Ask { .. }
            | Self::Answer { .. }
            | Self::Delegate { .. }
            | Self::Resume { .. } => false,
        }
    }
}
