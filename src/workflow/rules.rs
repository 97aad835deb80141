//! The operator's rules, as plain values. The configuration file is read elsewhere.

use derive_setters::Setters;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::{AgentRules, HostSchema, WorkingHours};
use crate::authz::PolicyHandle;
use crate::model::{ApprovalRule, Invalid, Permission, Principal, RiskLevel, Role, RoleName, Scope, Ttl};

/// The operator's rules for the workflow. Every field is defined by the configuration key of that name.
///
/// ```
/// use jit_access::model::{RoleName, Ttl};
/// use jit_access::workflow::Rules;
///
/// let rules = Rules::default().max_duration(Ttl::from_hours(2.0)?).approver_roles(vec![RoleName::new("lead")?]);
/// assert!(rules.enabled && rules.require_approval);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct Rules {
    /// `enabled`: whether anything can be requested, approved or used. Grants in force still end.
    pub enabled: bool,
    /// `max_duration_hours`: the longest grant of any role.
    pub max_duration: Ttl,
    /// `default_duration_hours`: the length of a grant when the request names none.
    pub default_duration: Ttl,
    /// `require_justification`.
    pub require_justification: bool,
    /// `require_ticket_url`.
    pub require_ticket_url: bool,
    /// `require_approval`: whether a person must approve.
    pub require_approval: bool,
    /// `approver_roles`: the host's roles that may approve, revoke, and see everything.
    pub approver_roles: Vec<RoleName>,
    /// `approval`: the steps of an approval, for roles without their own.
    pub approval: Vec<ApprovalRule>,
    /// `auto_approve_for_roles`: requesters with one of these host roles need no approval by a person.
    pub auto_approve_for_roles: Vec<RoleName>,
    /// `auto_approve_max_hours`: the longest grant that `auto_approve_for_roles` gives; the default length when `None`.
    pub auto_approve_max: Option<Ttl>,
    /// `never_auto_approve`: what no rule approves in a person's place.
    pub never_auto_approve: NeverAutoApprove,
    /// `approval_timeout_hours`: how long a request waits for an answer.
    pub approval_timeout: Ttl,
    /// `auditor_roles`: the host's roles that may see everything and change nothing.
    pub auditor_roles: Vec<RoleName>,
    /// `reserved_permissions`: what no grant permits, even by a wildcard. For break-glass see
    /// [`BreakGlassRules::reserved_permissions`].
    pub reserved_permissions: Vec<Permission>,
    /// `auto_extend`: whether an extension needs no approval.
    pub auto_extend: bool,
    /// `max_extensions`: how often a grant can be extended, by any approver.
    pub max_extensions: u32,
    /// `max_total_duration_hours`: the longest time that a grant and its extensions last together; when `None`, the
    /// role's longest grant times one more than `max_extensions`.
    pub max_total_duration: Option<Ttl>,
    /// `on_role_change`: what happens to a live grant that permits more than its role does now.
    pub on_role_change: OnRoleChange,
    /// `limits`: how many grants and requests there may be.
    pub limits: Limits,
    /// `agents`: what agents may do, and how much of it.
    pub agents: AgentRules,
    /// `risk`: what makes a request more risky.
    pub risk: RiskRules,
    /// `break_glass`: access without approval.
    pub break_glass: BreakGlassRules,
    /// `workflow_policy`: who may do what.
    pub policy: PolicyHandle,
    /// `schema`: the resource kinds of the host; any kind when `None`.
    pub schema: Option<HostSchema>,
    /// `roles`: what can be requested.
    pub catalogue: BTreeMap<RoleName, Role>,
}

impl Default for Rules {
    /// The documented defaults, with an empty catalogue and without approvers: safe, but nothing can be requested.
    fn default() -> Self {
        let hours = |h: i64| Ttl::from_millis(h * 3_600_000).unwrap_or(Ttl::MAX);
        Self {
            enabled: true,
            max_duration: hours(8),
            default_duration: hours(1),
            require_justification: true,
            require_ticket_url: false,
            require_approval: true,
            approver_roles: Vec::new(),
            approval: Vec::new(),
            auto_approve_for_roles: Vec::new(),
            auto_approve_max: None,
            never_auto_approve: NeverAutoApprove::default(),
            approval_timeout: hours(24),
            auditor_roles: Vec::new(),
            reserved_permissions: Vec::new(),
            auto_extend: false,
            max_extensions: 1,
            max_total_duration: None,
            on_role_change: OnRoleChange::default(),
            limits: Limits::usual(),
            agents: AgentRules::default(),
            risk: RiskRules::default(),
            break_glass: BreakGlassRules::default(),
            policy: PolicyHandle::default(),
            schema: None,
            catalogue: BTreeMap::new(),
        }
    }
}

impl Rules {
    /// The approvals that a request for `role` needs; empty when nobody could give them. The role's setting takes
    /// precedence over the general one, and steps over a list of roles, of which one approval is enough.
    #[must_use]
    pub fn approval_of(&self, role: &Role) -> Vec<ApprovalRule> {
        let one_of = |roles: &[RoleName]| match roles {
            [] => Vec::new(),
            roles => vec![ApprovalRule { roles: roles.to_vec(), count: 1, escalation: None }],
        };
        match &role.approver_roles {
            _ if !role.approval.is_empty() => role.approval.clone(),
            Some(roles) => one_of(roles),
            None if !self.approval.is_empty() => self.approval.clone(),
            None => one_of(&self.approver_roles),
        }
    }
}

/// What happens to a live grant when the operator has removed its role, or permissions from it.
///
/// ```
/// use jit_access::workflow::OnRoleChange;
///
/// assert_eq!("revoke".parse(), Ok(OnRoleChange::Revoke));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRoleChange {
    /// `keep`: it remains until its end, as it was approved.
    #[default]
    Keep,
    /// `revoke`: the next start revokes it. Break-glass grants remain.
    Revoke,
}

impl FromStr for OnRoleChange {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "keep" => Ok(Self::Keep),
            "revoke" => Ok(Self::Revoke),
            other => Err(Invalid::new("on_role_change", format!("is {}", Invalid::quote(other)), "keep or revoke")),
        }
    }
}

/// How many grants and requests there may be; `None` for no limit. The default is no limit; [`Rules::default`] has the
/// [usual](Limits::usual) ones.
///
/// ```
/// use jit_access::workflow::Limits;
///
/// let limits = Limits::default().grants_per_person(Some(2));
/// assert!(limits.are_set() && !Limits::default().are_set());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Setters)]
#[non_exhaustive]
pub struct Limits {
    /// `limits.grants_per_person`: how many live grants a principal may hold.
    pub grants_per_person: Option<u64>,
    /// `limits.grants_total`: how many live grants there may be, of all holders together.
    pub grants_total: Option<u64>,
    /// `limits.open_requests_per_person`: how many requests of a principal may wait for an answer.
    pub open_requests_per_person: Option<u64>,
    /// `limits.requests_per_hour`: how many requests a principal may make in any hour.
    pub requests_per_hour: Option<u64>,
    /// `limits.open_delegations_per_person`: how many current or future delegations a principal may have.
    pub open_delegations_per_person: Option<u64>,
}

impl Limits {
    /// The limits that apply when the operator sets none: 100 requests of a person in an hour, 50 pending ones, and 20
    /// current or future delegations. They are far above normal use, and low enough to keep a person from filling a
    /// disk or a queue.
    #[must_use]
    pub const fn usual() -> Self {
        Self {
            grants_per_person: None,
            grants_total: None,
            open_requests_per_person: Some(50),
            requests_per_hour: Some(100),
            open_delegations_per_person: Some(20),
        }
    }

    /// Whether there is any.
    #[must_use]
    pub fn are_set(&self) -> bool {
        *self != Self::default()
    }
}

impl Rules {
    /// Every one of the host's roles that may review something.
    #[must_use]
    pub fn reviewing_roles(&self) -> BTreeSet<RoleName> {
        let steps = self.catalogue.values().flat_map(|role| self.approval_of(role));
        let named = |step: ApprovalRule| {
            step.roles.into_iter().chain(step.escalation.map(|escalation| escalation.to).unwrap_or_default())
        };
        steps.flat_map(named).collect()
    }
}

/// What no rule approves automatically, whatever else the operator has set.
///
/// ```
/// use jit_access::model::{RiskLevel, RoleName};
/// use jit_access::workflow::NeverAutoApprove;
///
/// let never = NeverAutoApprove::default().roles(vec![RoleName::new("dba")?]).risk_level(Some(RiskLevel::High));
/// assert!(never.scopes.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Setters)]
#[non_exhaustive]
pub struct NeverAutoApprove {
    /// `never_auto_approve.roles`: requests for these.
    pub roles: Vec<RoleName>,
    /// `never_auto_approve.resources`: requests that reach any of this.
    pub scopes: Vec<Scope>,
    /// `never_auto_approve.risk_level`: requests as risky as this, or more.
    pub risk_level: Option<RiskLevel>,
}

/// Who may take what by break-glass, and what follows.
///
/// ```
/// use jit_access::workflow::BreakGlassRules;
///
/// let rules = BreakGlassRules::default();
/// assert!(!rules.enabled && rules.require_mfa && rules.notify_security_team);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct BreakGlassRules {
    /// `break_glass.enabled`.
    pub enabled: bool,
    /// `break_glass.eligible_roles`: host roles; one of them is required.
    pub eligible_roles: Vec<RoleName>,
    /// `break_glass.eligible_principals`: who needs no such role.
    pub eligible_principals: Vec<Principal>,
    /// `break_glass.roles`: which roles of the catalogue can be taken; `None` for all.
    pub roles: Option<Vec<RoleName>>,
    /// `break_glass.even_never_auto_approve`: whether break-glass may take what [`NeverAutoApprove`] names.
    pub even_never_auto_approve: bool,
    /// `break_glass.require_mfa`: whether a sign-in with a second factor must be proven.
    pub require_mfa: bool,
    /// `break_glass.mfa_within_minutes`: how long ago that sign-in may be.
    pub mfa_within: Ttl,
    /// `break_glass.acr_values`: authentication contexts that count as a second factor.
    pub acr_values: Vec<String>,
    /// `break_glass.trust_mfa_flag`: whether the host's flag alone proves a second factor, without method and time.
    pub trust_mfa_flag: bool,
    /// `break_glass.max_duration_hours`.
    pub max_duration: Ttl,
    /// `break_glass.offline` and `break_glass.offline_max_minutes`: the longest grant that can be taken while the store
    /// is unavailable; `None`: none can be taken then.
    pub offline: Option<Ttl>,
    /// `break_glass.reserved_permissions`: the reserved permissions that break-glass does not lift; all of them when
    /// `None`.
    pub reserved_permissions: Option<Vec<Permission>>,
    /// `break_glass.notify_security_team`: whether the security team is notified at once.
    pub notify_security_team: bool,
    /// `break_glass.reviewer_roles`: host roles, one of which must review afterwards; the general approvers when empty.
    pub reviewer_roles: Vec<RoleName>,
    /// `break_glass.review_within_hours`: how long after the grant's end that has to be done.
    pub review_within: Ttl,
    /// `break_glass.after_unjustified`: what follows when that review finds the use unjustified.
    pub after_unjustified: AfterUnjustified,
}

/// What follows when a review finds access without approval unjustified. Exercises have no consequence.
///
/// ```
/// use jit_access::workflow::AfterUnjustified;
///
/// assert_eq!("block".parse(), Ok(AfterUnjustified::Block));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AfterUnjustified {
    /// `none`: it is only recorded.
    #[default]
    Nothing,
    /// `block`: the person cannot use break-glass until a reviewer waives the review.
    Block,
    /// `revoke_and_block`: and every live grant of theirs ends, those of their agents too.
    RevokeAndBlock,
}

impl FromStr for AfterUnjustified {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "none" => Ok(Self::Nothing),
            "block" => Ok(Self::Block),
            "revoke_and_block" => Ok(Self::RevokeAndBlock),
            other => Err(Invalid::new(
                "after_unjustified",
                format!("is {}", Invalid::quote(other)),
                "none, block or revoke_and_block",
            )),
        }
    }
}

impl Default for BreakGlassRules {
    fn default() -> Self {
        let minutes = |count: i64| Ttl::from_millis(count * 60_000).unwrap_or(Ttl::MAX);
        Self {
            enabled: false,
            eligible_roles: Vec::new(),
            eligible_principals: Vec::new(),
            roles: None,
            even_never_auto_approve: false,
            require_mfa: true,
            mfa_within: minutes(15),
            acr_values: Vec::new(),
            trust_mfa_flag: false,
            offline: None,
            max_duration: minutes(60),
            reserved_permissions: None,
            notify_security_team: true,
            reviewer_roles: Vec::new(),
            review_within: minutes(24 * 60),
            after_unjustified: AfterUnjustified::default(),
        }
    }
}

impl Rules {
    /// What no grant permits: an approved grant, or a break-glass grant.
    #[must_use]
    pub fn reserved(&self, emergency: bool) -> &[Permission] {
        let kept = self.break_glass.reserved_permissions.as_ref().filter(|_| emergency);
        kept.unwrap_or(&self.reserved_permissions)
    }

    /// Whether no grant permits the action with this name: an approved grant, or a break-glass grant.
    #[must_use]
    pub(crate) fn reserves(&self, emergency: bool, action: &str) -> bool {
        self.reserved(emergency).iter().any(|permission| permission.covers_name(action))
    }

    /// The host roles, one of which must review break-glass use.
    #[must_use]
    pub fn break_glass_reviewers(&self) -> &[RoleName] {
        let own = &self.break_glass.reviewer_roles;
        if own.is_empty() { &self.approver_roles } else { own }
    }
}

/// What makes a request more risky and only the operator can know.
///
/// ```
/// use jit_access::workflow::RiskRules;
///
/// let risk = RiskRules::default().production(vec!["server:shop".parse()?]).working_hours(Some("08:00-18:00".parse()?));
/// assert_eq!(risk.working_hours.map(|hours| hours.to_string()).as_deref(), Some("08:00-18:00"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Setters)]
#[non_exhaustive]
pub struct RiskRules {
    /// `risk.production`: where a mistake hurts.
    pub production: Vec<Scope>,
    /// `risk.working_hours`: when others are present; `None` for always.
    pub working_hours: Option<WorkingHours>,
}
