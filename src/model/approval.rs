//! Approval steps: quorum, escalation, and the capacity of a reviewer.

use super::{Principal, RoleName, Timestamp, Ttl};

/// One step of an approval as the operator set it. A request is approved when every step has its number of approvals.
///
/// ```
/// use jit_access::model::{ApprovalRule, RoleName};
///
/// let two = ApprovalRule { roles: vec![RoleName::new("security-admin")?], count: 2, escalation: None };
/// assert_eq!(two.count, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalRule {
    /// The host roles; an approver needs one of them.
    pub roles: Vec<RoleName>,
    /// How many different people are needed.
    pub count: u32,
    /// Who else may approve after a while without approval.
    pub escalation: Option<EscalationRule>,
}

/// Who else may fill a step, and how long after the request was made.
///
/// ```
/// use jit_access::model::{EscalationRule, RoleName, Ttl};
///
/// let rule = EscalationRule { after: Ttl::from_hours(2.0)?, to: vec![RoleName::new("duty-manager")?] };
/// assert_eq!(rule.after.hours(), 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationRule {
    /// How long after the request was made.
    pub after: Ttl,
    /// The host's roles that may fill the step from then on, beside its own.
    pub to: Vec<RoleName>,
}

/// One step of the approval of one request, by the rules at the request.
///
/// ```
/// use jit_access::model::{ApprovalRule, ApprovalStep, EscalationRule, RoleName, Ttl};
///
/// let escalation = Some(EscalationRule { after: Ttl::from_hours(2.0)?, to: vec![RoleName::new("duty-manager")?] });
/// let rule = ApprovalRule { roles: vec![RoleName::new("tool-owner")?], count: 1, escalation };
/// let step = ApprovalStep::new(&rule, "2026-12-01T09:00:00Z".parse()?);
/// let manager = [RoleName::new("duty-manager")?];
/// assert!(!step.may_be_filled_by(&manager, "2026-12-01T10:59:59.999Z".parse()?));
/// assert!(step.may_be_filled_by(&manager, "2026-12-01T11:00:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalStep {
    /// The host roles; an approver needs one of them.
    pub roles: Vec<RoleName>,
    /// How many different people are needed.
    pub count: u32,
    /// Who else may approve, and from when on.
    pub escalation: Option<Escalation>,
}

/// Who else may fill a step of one request, and from when on.
///
/// ```
/// use jit_access::model::{Escalation, RoleName};
///
/// let to = vec![RoleName::new("duty-manager")?];
/// let escalation = Escalation { at: "2026-12-01T11:00:00Z".parse()?, to, noted: false };
/// assert_eq!(escalation.to.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// From this instant on.
    pub at: Timestamp,
    /// These roles, beside the step's own.
    pub to: Vec<RoleName>,
    /// Whether the journal has recorded it.
    pub noted: bool,
}

impl ApprovalStep {
    /// The step of a request made at `created_at`.
    #[must_use]
    pub fn new(rule: &ApprovalRule, created_at: Timestamp) -> Self {
        let escalation = rule.escalation.as_ref().map(|escalation| Escalation {
            at: created_at.saturating_add(escalation.after),
            to: escalation.to.clone(),
            noted: false,
        });
        Self { roles: rule.roles.clone(), count: rule.count, escalation }
    }

    /// The roles that may fill it at `now`.
    pub fn open_to(&self, now: Timestamp) -> impl Iterator<Item = &RoleName> {
        let escalated = self.escalation.as_ref().filter(|escalation| escalation.at <= now);
        self.roles.iter().chain(escalated.into_iter().flat_map(|escalation| &escalation.to))
    }

    /// Whether a reviewer with these roles may fill it at `now`.
    #[must_use]
    pub fn may_be_filled_by(&self, roles: &[RoleName], now: Timestamp) -> bool {
        self.open_to(now).any(|role| roles.contains(role))
    }
}

/// The capacity of a reviewer: with which roles, for whom, and in whose place.
///
/// ```
/// use jit_access::model::{Capacity, Principal, RoleName};
///
/// let (ann, ben) = (Principal::user("ann@example.com")?, Principal::user("ben@example.com")?);
/// let roles = vec![RoleName::new("tool-owner")?];
/// let stand_in = Capacity { roles, acts_for: None, on_behalf_of: Some(ann.clone()) };
/// assert_eq!((stand_in.person(&ben), stand_in.authority(&ben)), (&ben, &ann));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capacity {
    /// Those of the request's approver roles that were held.
    pub roles: Vec<RoleName>,
    /// The person that an agent acts for.
    pub acts_for: Option<Principal>,
    /// Who delegated these roles.
    pub on_behalf_of: Option<Principal>,
}

impl Capacity {
    /// The person behind the review: the reviewer, or the person that a reviewing agent acts for.
    #[must_use]
    pub fn person<'a>(&'a self, reviewer: &'a Principal) -> &'a Principal {
        self.acts_for.as_ref().unwrap_or(reviewer)
    }

    /// Whose right it is: the delegator's, or that of the person behind the review.
    #[must_use]
    pub fn authority<'a>(&'a self, reviewer: &'a Principal) -> &'a Principal {
        self.on_behalf_of.as_ref().unwrap_or_else(|| self.person(reviewer))
    }
}
