//! Break-glass access: how it was taken, and the review that it needs.

use super::{Actor, Justification, RoleName, SignIn, Timestamp, Ttl};

/// What makes a request a break-glass request.
///
/// ```
/// use jit_access::model::{Emergency, RoleName, Ttl};
///
/// let lead = RoleName::new("lead")?;
/// let drill = Emergency {
///     drill: true, sign_in: None, skipped: vec![lead.clone()], reviewer_roles: vec![lead], review_within: Ttl::from_hours(24.0)?,
///     offline: false,
/// };
/// assert!(drill.drill);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// Whether it is an exercise. The access is real; everything about it is marked.
    pub drill: bool,
    /// How the requester had signed in.
    pub sign_in: Option<SignIn>,
    /// The host roles that would otherwise have had to approve.
    pub skipped: Vec<RoleName>,
    /// The host roles, one of which must review it afterwards.
    pub reviewer_roles: Vec<RoleName>,
    /// How long after the grant's end that has to be done.
    pub review_within: Ttl,
    /// Whether the store was unavailable, and it was recorded on the machine where it was taken.
    pub offline: bool,
}

/// The review that a break-glass grant needs, by another person after its end.
///
/// ```
/// use jit_access::model::{BreakGlass, ReviewStatus, RoleName};
///
/// let due = "2026-12-02T10:00:00Z".parse()?;
/// let owed = BreakGlass { drill: false, reviewer_roles: vec![RoleName::new("lead")?], review_due: due, closed: None, lifted: None, overdue_noted: false, offline: None };
/// assert_eq!(owed.review("2026-12-02T09:59:59.999Z".parse()?), ReviewStatus::Required);
/// assert_eq!(owed.review(due), ReviewStatus::Overdue);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    /// Whether it was an exercise.
    pub drill: bool,
    /// The host roles, one of which must review it.
    pub reviewer_roles: Vec<RoleName>,
    /// From this instant on the review is overdue.
    pub review_due: Timestamp,
    /// How the review ended, once it has.
    pub closed: Option<ClosedReview>,
    /// The waiver of a finding of unjustified use: when, by whom, and why.
    pub lifted: Option<ClosedReview>,
    /// Whether the journal has recorded that the review is overdue.
    pub overdue_noted: bool,
    /// Set if it was taken while the store was unavailable.
    pub offline: Option<Offline>,
}

/// Data of a grant that was taken while the store was unavailable.
///
/// ```
/// use jit_access::model::Offline;
///
/// assert!(Offline::default().merged_at.is_none(), "the journal does not have it yet");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offline {
    /// When it was merged into the journal. `None` while only the machine where it was taken knows it.
    pub merged_at: Option<Timestamp>,
    /// When it ended, if that was before.
    pub ended_at: Option<Timestamp>,
}

impl BreakGlass {
    /// Whether only the machine where it was taken knows it.
    #[must_use]
    pub fn is_only_here(&self) -> bool {
        self.offline.is_some_and(|offline| offline.merged_at.is_none())
    }

    /// Whether a review found the use unjustified, it was not a drill, and there is no waiver.
    #[must_use]
    pub fn is_held_against(&self) -> bool {
        let unjustified =
            matches!(&self.closed, Some(closed) if matches!(closed.outcome, ReviewOutcome::Unjustified(_)));
        unjustified && !self.drill && self.lifted.is_none()
    }

    /// What the review is at `now`. Time decides it by comparison.
    #[must_use]
    pub fn review(&self, now: Timestamp) -> ReviewStatus {
        match &self.closed {
            Some(ClosedReview { outcome: ReviewOutcome::Waived(_), .. }) => ReviewStatus::Waived,
            Some(_) => ReviewStatus::Done,
            None if self.overdue_noted || now >= self.review_due => ReviewStatus::Overdue,
            None => ReviewStatus::Required,
        }
    }
}

/// How a review afterwards ended.
///
/// ```
/// use jit_access::model::{Actor, ClosedReview, Justification, Principal, ReviewOutcome};
///
/// let outcome = ReviewOutcome::Justified(Justification::new("INC-7, all calls fit")?);
/// let by = Actor::Principal(Principal::user("lead@example.com")?);
/// let closed = ClosedReview { at: "2026-12-01T12:00:00Z".parse()?, by, outcome };
/// assert_eq!(closed.outcome.text().as_str(), "INC-7, all calls fit");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedReview {
    /// When.
    pub at: Timestamp,
    /// The actor.
    pub by: Actor,
    /// With what outcome.
    pub outcome: ReviewOutcome,
}

/// The finding of a review. Complete on purpose.
///
/// ```
/// use jit_access::model::{Justification, ReviewOutcome};
///
/// assert_eq!(ReviewOutcome::Unjustified(Justification::new("no incident")?).name(), "unjustified");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewOutcome {
    /// The emergency was one, and the access fitted it.
    Justified(Justification),
    /// It was not, or it did not.
    Unjustified(Justification),
    /// Waived without a review, for a recorded reason.
    Waived(Justification),
}

impl ReviewOutcome {
    /// The name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Justified(_) => "justified",
            Self::Unjustified(_) => "unjustified",
            Self::Waived(_) => "waived",
        }
    }

    /// The text.
    #[must_use]
    pub const fn text(&self) -> &Justification {
        match self {
            Self::Justified(text) | Self::Unjustified(text) | Self::Waived(text) => text,
        }
    }
}

/// The status of a review at an instant. Complete on purpose.
///
/// ```
/// use jit_access::model::ReviewStatus;
///
/// assert!(ReviewStatus::Overdue.is_open() && !ReviewStatus::Waived.is_open());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReviewStatus {
    /// The review is required.
    Required,
    /// The review is overdue.
    Overdue,
    /// The review is done.
    Done,
    /// The review is no longer required.
    Waived,
}

impl ReviewStatus {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Overdue => "overdue",
            Self::Done => "done",
            Self::Waived => "waived",
        }
    }

    /// Whether it still has to be done.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Required | Self::Overdue)
    }
}
