//! An access request and its reviews.

use derive_setters::Setters;

use super::{
    Actor, ApprovalStep, Assessment, Capacity, Conditions, Cut, Details, Emergency, Extension, Justification,
    Permission, PermissionSet, Principal, RequestId, RequestProof, RiskLevel, RoleName, Scope, Terms, TicketUrl,
    Timestamp, Ttl,
};
use std::sync::Arc;

/// Someone's wish for a role for a while.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::requested()?;
/// use jit_access::model::*;
///
/// let found: AccessRequest = engine.workflow().request(&dev, request)?.request.ok_or("no request")?;
/// assert_eq!((found.status(engine.now()), found.role.as_str()), (RequestStatus::Pending, "deployer"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct AccessRequest {
    /// The id.
    pub id: RequestId,
    /// The grant to extend, if it is an extension.
    pub extends: Option<Extension>,
    /// The requester, who would hold the grant.
    pub requester: Principal,
    /// The person that a requesting agent acts for.
    pub requester_acts_for: Option<Principal>,
    /// The host's roles the requester held by standing right when asking.
    pub requester_normal_roles: Vec<RoleName>,
    /// The requester's standing permissions at the request; `None` when the host did not report them.
    pub requester_normal_permissions: Option<Vec<Permission>>,
    /// The requested role.
    pub role: RoleName,
    /// The permissions of the role at the request; a later change of the catalogue does not change the request.
    pub permissions: PermissionSet,
    /// The requested scope.
    pub scope: Scope,
    /// The duration of the grant, from its activation, after every limit.
    pub duration: Ttl,
    /// The limit that shortened it, if one did.
    pub duration_cut: Option<DurationCut>,
    /// The conditions of each use: those of the request and those of the role.
    pub conditions: Conditions,
    /// When the grant should start; at the approval when not given or already past by then.
    pub starts_at: Option<Timestamp>,
    /// Details for people.
    pub details: Details,
    /// The host roles that may ever review it: those of its steps, and those that steps escalate to.
    pub approver_roles: Vec<RoleName>,
    /// The required approvals, by the rules at the request.
    pub approval: Vec<ApprovalStep>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From this instant on it can no longer be approved.
    pub times_out_at: Timestamp,
    /// Set for a break-glass request.
    pub emergency: Option<Emergency>,
    /// What it would newly permit, and its risk.
    pub assessment: Assessment,
    /// The state.
    pub state: RequestState,
    /// Counts up when its length or its scope changes. A review is of one version.
    pub version: u32,
    /// The reviews, in order.
    pub reviews: Vec<Review>,
    /// What the requester answered, in order.
    pub answers: Vec<Answer>,
    /// What else the requester wanted the same for, while it waited or its grant gave it.
    pub repeats: Vec<Repeat>,
    /// The verdict of a solver, if one was asked.
    pub proof: Option<RequestProof>,
}

impl AccessRequest {
    /// A pending request without an assessment and without reviewers. Requests of an engine come from its workflow;
    /// this constructor is for tests and stores.
    #[must_use]
    pub fn new(
        id: RequestId,
        requester: Principal,
        role: RoleName,
        terms: Terms,
        created_at: Timestamp,
        times_out_at: Timestamp,
    ) -> Self {
        Self {
            id,
            extends: None,
            requester,
            requester_acts_for: None,
            requester_normal_roles: Vec::new(),
            requester_normal_permissions: None,
            role,
            permissions: terms.permissions,
            scope: terms.scope,
            duration: terms.duration,
            duration_cut: None,
            conditions: terms.conditions,
            starts_at: None,
            details: Details::default(),
            approver_roles: Vec::new(),
            approval: Vec::new(),
            created_at,
            times_out_at,
            emergency: None,
            assessment: Assessment { newly_permitted: None, level: RiskLevel::Low, reasons: Vec::new() },
            state: RequestState::Pending,
            version: 1,
            reviews: Vec::new(),
            answers: Vec::new(),
            repeats: Vec::new(),
            proof: None,
        }
    }
}

/// Another reason for what a request or its grant gives already.
///
/// ```
/// use jit_access::model::{Justification, Repeat};
///
/// let at = "2026-12-01T10:00:00Z".parse()?;
/// let second = Repeat { at, justification: Some(Justification::new("INC-43, the same tool")?), ticket: None };
/// assert!(second.ticket.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// When it was requested again.
    pub at: Timestamp,
    /// Why.
    pub justification: Option<Justification>,
    /// Where that work is tracked.
    pub ticket: Option<TicketUrl>,
}

/// The limit that shortened a duration.
///
/// ```
/// use jit_access::model::{DurationCut, Ttl};
///
/// let cut = DurationCut { asked: Ttl::from_hours(12.0)?, limit: "max_duration_hours".into() };
/// assert_eq!(format!("asked for {}, cut by {}", cut.asked, cut.limit), "asked for 12h, cut by max_duration_hours");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationCut {
    /// The requested duration.
    pub asked: Ttl,
    /// The configuration key of the limit: `max_duration_hours`, `roles.<role>.max_duration_hours` or
    /// `max_total_duration_hours`.
    pub limit: Arc<str>,
}

/// What a requester changes while answering a question.
///
/// ```
/// use jit_access::model::{Amendment, Assessment, RiskLevel, Ttl};
///
/// let assessment = Assessment { newly_permitted: None, level: RiskLevel::Low, reasons: vec![] };
/// let shorter = Amendment { duration: Ttl::from_hours(1.0)?, duration_cut: None, scope: "tool:deploy".parse()?, assessment };
/// assert_eq!(shorter.scope.to_string(), "tool:deploy");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// The new duration.
    pub duration: Ttl,
    /// The limit that shortened it, if one did.
    pub duration_cut: Option<DurationCut>,
    /// The new scope.
    pub scope: Scope,
    /// What that newly permits, and how much could go wrong with it.
    pub assessment: Assessment,
}

/// The answer of a requester to a reviewer's question.
///
/// ```
/// use jit_access::model::{Answer, Justification};
///
/// let answer = Answer { at: "2026-12-01T10:00:00Z".parse()?, text: Justification::new("the German shop")?, version: 2 };
/// assert_eq!(answer.text.as_str(), "the German shop");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// When.
    pub at: Timestamp,
    /// The text.
    pub text: Justification,
    /// The version of the request from this answer on.
    pub version: u32,
}

/// The written state of a request. The status also depends on the instant: see [`AccessRequest::status`].
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::requested()?;
/// use jit_access::model::*;
///
/// let found = engine.workflow().request(&dev, request)?.request.ok_or("no request")?;
/// assert_eq!(found.state, RequestState::Pending);
/// // It stays so until somebody notes that time was over; the status does not wait for that.
/// assert_eq!(found.status(found.times_out_at), RequestStatus::TimedOut);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestState {
    /// Waiting for a review.
    Pending,
    /// Waiting for its requester to answer a question.
    NeedsInfo,
    /// Approved; its grant has the start.
    Approved,
    /// Denied.
    Denied,
    /// Withdrawn by its requester.
    Withdrawn,
    /// Noted as timed out.
    TimedOut,
}

/// The status of a request at an instant. Complete on purpose: an unhandled status is a hole.
///
/// ```
/// use jit_access::model::RequestStatus;
///
/// assert_eq!(RequestStatus::TimedOut.name(), "timed_out");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestStatus {
    /// Waiting for a review.
    Pending,
    /// Waiting for its requester to answer a question; it can be reviewed meanwhile.
    NeedsInfo,
    /// Approved.
    Approved,
    /// Denied.
    Denied,
    /// Withdrawn by its requester.
    Withdrawn,
    /// Not answered in time.
    TimedOut,
}

impl RequestStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::NeedsInfo, Self::Approved, Self::Denied, Self::Withdrawn, Self::TimedOut];

    /// Whether the request can still be reviewed.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::NeedsInfo)
    }

    /// The name on the wire: `timed_out`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::NeedsInfo => "needs_info",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::TimedOut => "timed_out",
        }
    }
}

impl RequestState {
    /// Whether only time, a review or the requester can end it now.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::NeedsInfo)
    }
}

impl AccessRequest {
    /// The requester, and the person that a requesting agent acts for.
    pub fn identities(&self) -> impl Iterator<Item = &Principal> {
        std::iter::once(&self.requester).chain(&self.requester_acts_for)
    }

    /// The person behind the request: the one that a requesting agent acts for, or the requester.
    #[must_use]
    pub fn person(&self) -> &Principal {
        self.requester_acts_for.as_ref().unwrap_or(&self.requester)
    }

    /// The roles that may fill one of the steps at `now`.
    pub fn open_to(&self, now: Timestamp) -> impl Iterator<Item = &RoleName> {
        self.approval.iter().flat_map(move |step| step.open_to(now))
    }

    /// The approvals that count: of this version, and not lapsed.
    pub fn approvals(&self) -> impl Iterator<Item = &Review> {
        self.reviews.iter().filter(|review| {
            review.verdict == Verdict::Approve && review.version == self.version && review.lapsed.is_none()
        })
    }

    /// The requested terms.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            permissions: self.permissions.clone(),
            scope: self.scope.clone(),
            duration: self.duration,
            conditions: self.conditions.clone(),
        }
    }

    /// The status at `now`: a pending request past its deadline has timed out, recorded or not.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> RequestStatus {
        match self.state {
            RequestState::Pending | RequestState::NeedsInfo if now >= self.times_out_at => RequestStatus::TimedOut,
            RequestState::Pending => RequestStatus::Pending,
            RequestState::NeedsInfo => RequestStatus::NeedsInfo,
            RequestState::Approved => RequestStatus::Approved,
            RequestState::Denied => RequestStatus::Denied,
            RequestState::Withdrawn => RequestStatus::Withdrawn,
            RequestState::TimedOut => RequestStatus::TimedOut,
        }
    }
}

/// A review.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::granted()?;
/// use jit_access::model::*;
///
/// let found = engine.workflow().request(&dev, request)?.request.ok_or("no request")?;
/// let review: &Review = found.reviews.first().ok_or("nobody has answered")?;
/// assert_eq!((review.verdict, review.by.to_string()), (Verdict::Approve, "boss".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Review {
    /// The reviewer.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What.
    pub verdict: Verdict,
    /// The comment.
    pub comment: Option<Justification>,
    /// What an approver took off.
    pub cut: Cut,
    /// The version of the request it is about.
    pub version: u32,
    /// The capacity of the reviewer.
    pub capacity: Capacity,
    /// Since when an approval counts no more, because its reviewer lost what made them one.
    pub lapsed: Option<Timestamp>,
}

/// The verdict of a review. Complete on purpose.
///
/// ```
/// use jit_access::model::Verdict;
///
/// assert_eq!(Verdict::Deny.name(), "deny");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No.
    Deny,
    /// Not before a question is answered.
    Ask,
}

impl Verdict {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Ask => "ask",
        }
    }
}
