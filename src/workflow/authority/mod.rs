//! Who may do what: the question, and the port of what answers it.
//!
//! The rules ask before every deed and before everything that is shown, and take a no for a no. What no policy can change is
//! not asked here: that nobody reviews what they ask for, what a step takes, what is over, and that cuts only shrink. So an
//! operator's policy may be as generous as it likes and nobody approves their own request.
//!
//! | file | question |
//! |---|---|
//! | `plain` | what the answer is without Cedar |

mod plain;

use std::fmt;
use std::sync::Arc;

pub use plain::PlainPolicy;

use super::{Refusal, RefusalCode, Rules};
use crate::model::{
    AccessRequest, ApprovalStep, Caller, Delegation, Grant, PermissionSet, Principal, RoleName, Scope, Selector,
    Timestamp, Ttl,
};

macro_rules! acts {
    ($($variant:ident = $name:literal, $phrase:literal;)*) => {
        /// What somebody wants to do. The names are those of the actions in `policies/workflow.cedar`.
        ///
        /// ```
        /// use jit_access::workflow::Act;
        ///
        /// assert_eq!((Act::Approve.name(), Act::Approve.phrase()), ("jit.approve", "approve this request"));
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Act { $(#[doc = concat!("To ", $phrase, ".")] $variant,)* }

        impl Act {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name of the action in a policy.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is, as a sentence says it.
            #[must_use]
            pub const fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase,)* }
            }
        }
    };
}

acts! {
    Request = "jit.request", "ask for this role";
    BreakGlass = "jit.break_glass", "take this role without approval";
    Hold = "jit.hold", "hold this role";
    Extend = "jit.extend", "extend this grant";
    Approve = "jit.approve", "approve this request";
    Deny = "jit.deny", "deny this request";
    Ask = "jit.ask", "ask back about this request";
    Answer = "jit.answer", "answer for this request";
    Withdraw = "jit.withdraw", "withdraw this request";
    Revoke = "jit.revoke", "revoke this grant";
    RevokeMany = "jit.revoke_many", "revoke many grants at once";
    Release = "jit.release", "release this grant";
    Suspend = "jit.suspend", "suspend this grant";
    Resume = "jit.resume", "resume this grant";
    Review = "jit.review", "review this access without approval";
    WaiveReview = "jit.waive_review", "waive the review of this access without approval";
    Delegate = "jit.delegate", "lend these roles";
    Undelegate = "jit.undelegate", "end this delegation";
    ReportStanding = "jit.report_standing", "say what this principal is";
    AcceptStore = "jit.accept_store", "accept a replaced store";
    See = "jit.see", "see this";
    SeeAll = "jit.see_all", "see everything";
    Audit = "jit.audit", "read the record";
}

/// What it is to be done to.
///
/// ```
/// use jit_access::workflow::About;
///
/// assert!(matches!(About::Workflow, About::Workflow));
/// ```
#[derive(Debug, Clone, Copy)]
pub enum About<'a> {
    /// A role of the catalogue, as somebody wants or holds it.
    Entitlement(&'a Entitlement<'a>),
    /// A request.
    Request(&'a AccessRequest),
    /// A grant.
    Grant(&'a Grant),
    /// A delegation, made or to be made.
    Delegation(&'a Delegation),
    /// What the host says of a principal.
    Standing(&'a Principal),
    /// The grants that are selected.
    Selection(&'a Selector),
    /// The workflow with all its records.
    Workflow,
}

/// A role of the catalogue, as somebody wants or holds it.
///
/// ```
/// use jit_access::model::{Caller, Permission, PermissionSet, Principal, RoleName, Scope, Ttl};
/// use jit_access::workflow::{Entitlement, For};
///
/// let (role, permissions) = (RoleName::new("dba")?, PermissionSet::new([Permission::new("db.*")?])?);
/// let engineers = [RoleName::new("engineer")?];
/// let dba = Entitlement {
///     role: &role, permissions: &permissions, scope: &Scope::ANY, duration: Ttl::from_hours(1.0)?, emergency: false,
///     open_to: For::Some { roles: &engineers, principals: &[] },
/// };
/// assert!(dba.is_for(&Caller::new(Principal::user("ann@example.com")?, vec![RoleName::new("engineer")?])));
/// assert!(!dba.is_for(&Caller::new(Principal::user("ben@example.com")?, vec![])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Entitlement<'a> {
    /// Its name.
    pub role: &'a RoleName,
    /// What it gives.
    pub permissions: &'a PermissionSet,
    /// Where.
    pub scope: &'a Scope,
    /// For how long.
    pub duration: Ttl,
    /// Whether without approval.
    pub emergency: bool,
    /// Whom the operator's settings name for it.
    pub open_to: For<'a>,
}

/// Whom the operator's settings name: `requestable_by`, or `break_glass.eligible_roles` and `…eligible_principals`.
///
/// ```
/// use jit_access::workflow::For;
///
/// assert!(matches!(For::Everybody, For::Everybody));
/// ```
#[derive(Debug, Clone, Copy)]
pub enum For<'a> {
    /// Nobody in particular.
    Everybody,
    /// Who holds one of the roles, and these principals.
    Some {
        /// The host's roles.
        roles: &'a [RoleName],
        /// Who may without such a role.
        principals: &'a [Principal],
    },
}

impl Entitlement<'_> {
    /// Whether the operator's settings name the caller.
    #[must_use]
    pub fn is_for(&self, caller: &Caller) -> bool {
        match self.open_to {
            For::Everybody => true,
            For::Some { roles, principals } => caller.has_any(roles) || principals.contains(&caller.principal),
        }
    }
}

/// May this caller do that to this, now?
///
/// ```
/// use jit_access::model::{Caller, Principal, RoleName};
/// use jit_access::workflow::{About, Act, PlainPolicy, Question, Rules, Ruling, WorkflowPolicy};
///
/// let rules = Rules { auditor_roles: vec![RoleName::new("auditor")?], ..Rules::default() };
/// let caller = Caller::new(Principal::user("ann@example.com")?, vec![RoleName::new("auditor")?]);
/// let (act, about, now) = (Act::Audit, About::Workflow, "2026-12-01T09:00:00Z".parse()?);
/// let question = Question { caller: &caller, lent: &[], act, about, rules: &rules, now };
/// assert_eq!(PlainPolicy.ruling(&question), Ok(Ruling::Permitted));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who, as the host authenticated them.
    pub caller: &'a Caller,
    /// The roles that others lend the caller now, to review in their place.
    pub lent: &'a [RoleName],
    /// What.
    pub act: Act,
    /// To what.
    pub about: About<'a>,
    /// What the operator has set.
    pub rules: &'a Rules,
    /// When.
    pub now: Timestamp,
}

/// The answer. Complete on purpose: all but one are a no.
///
/// ```
/// use jit_access::workflow::Ruling;
///
/// assert_ne!(Ruling::Forbidden(vec!["no-weekends".into()]), Ruling::NotPermitted);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an answer that nobody enforces protects nothing"]
pub enum Ruling {
    /// Yes.
    Permitted,
    /// No, because nothing says yes.
    NotPermitted,
    /// No, because these policies say so.
    Forbidden(Vec<String>),
}

/// Why there is no answer. That is a no.
///
/// ```
/// use jit_access::workflow::PolicyFailure;
///
/// let failure = PolicyFailure { policy: "no-weekends".into(), reason: "integer overflow".into() };
/// assert_eq!(failure.to_string(), "the workflow policy `no-weekends` could not be evaluated: integer overflow");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the workflow policy `{policy}` could not be evaluated: {reason}")]
pub struct PolicyFailure {
    /// Which policy.
    pub policy: String,
    /// What happened.
    pub reason: String,
}

/// Answers who may do what. An answer depends on nothing but the question.
///
/// ```
/// use jit_access::workflow::{PolicyFailure, Question, Ruling, WorkflowPolicy};
///
/// #[derive(Debug)]
/// struct Closed;
///
/// impl WorkflowPolicy for Closed {
///     fn ruling(&self, _: &Question<'_>) -> Result<Ruling, PolicyFailure> {
///         Ok(Ruling::NotPermitted)
///     }
///     fn is_operators(&self) -> bool {
///         true
///     }
/// }
///
/// let rules = jit_access::workflow::Rules { policy: Closed.into(), ..Default::default() };
/// assert!(rules.policy.is_operators());
/// ```
pub trait WorkflowPolicy: fmt::Debug + Send + Sync {
    /// The answer.
    ///
    /// # Errors
    /// When there is none. Nothing may be done then.
    fn ruling(&self, question: &Question<'_>) -> Result<Ruling, PolicyFailure>;

    /// Whether it is another one than the library's. Then a no is not explained by what the library's rules would say.
    fn is_operators(&self) -> bool;
}

/// The policy that rules ask. Equal to another when both are one, or both the library's.
///
/// ```
/// use jit_access::workflow::PolicyHandle;
///
/// assert_eq!(PolicyHandle::default(), PolicyHandle::default());
/// assert!(!PolicyHandle::default().is_operators());
/// ```
#[derive(Debug, Clone, Default)]
pub struct PolicyHandle(Option<Arc<dyn WorkflowPolicy>>);

impl PolicyHandle {
    /// Whether nobody has chosen one yet: then it is [`PlainPolicy`], or what the library ships instead.
    #[must_use]
    pub const fn is_default(&self) -> bool {
        self.0.is_none()
    }

    /// Whether it is another one than the library's.
    #[must_use]
    pub fn is_operators(&self) -> bool {
        self.0.as_ref().is_some_and(|policy| policy.is_operators())
    }

    /// Its answer.
    ///
    /// # Errors
    /// As for [`WorkflowPolicy::ruling`].
    pub fn ruling(&self, question: &Question<'_>) -> Result<Ruling, PolicyFailure> {
        match &self.0 {
            Some(policy) => policy.ruling(question),
            None => PlainPolicy.ruling(question),
        }
    }
}

impl<P: WorkflowPolicy + 'static> From<P> for PolicyHandle {
    fn from(policy: P) -> Self {
        Self(Some(Arc::new(policy)))
    }
}

impl PartialEq for PolicyHandle {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || !one.is_operators() && !other.is_operators(),
            (Some(one), None) | (None, Some(one)) => !one.is_operators(),
            (None, None) => true,
        }
    }
}

impl Eq for PolicyHandle {}

/// The roles that may fill one of the request's steps at `now`.
pub fn reviewing_now(request: &AccessRequest, now: Timestamp) -> impl Iterator<Item = &RoleName> {
    request.approval.iter().flat_map(move |step: &ApprovalStep| step.open_to(now))
}

/// Whether the policy lets the caller.
pub(super) fn allowed(question: &Question<'_>) -> Result<bool, Refusal> {
    Ok(ruling(question)? == Ruling::Permitted)
}

/// That the policy lets the caller. Where it is the library's own, `why_not` says what it asks for; of an operator's policy
/// only its own words are known to be true.
pub(super) fn check(question: &Question<'_>, why_not: impl FnOnce() -> Option<Refusal>) -> Result<(), Refusal> {
    let (who, what) = (&question.caller.principal, question.act.phrase());
    match ruling(question)? {
        Ruling::Permitted => Ok(()),
        Ruling::Forbidden(policies) => {
            let policies: Vec<_> = policies.iter().map(|id| format!("`{id}`")).collect();
            let message = format!("the workflow policy {} forbids {who} to {what}", policies.join(", "));
            Err(Refusal::new(RefusalCode::ForbiddenByPolicy, message))
        }
        Ruling::NotPermitted => Err(match why_not() {
            Some(reason) if !question.rules.policy.is_operators() => reason,
            reason => {
                let code = reason.map_or(RefusalCode::ForbiddenByPolicy, |reason| reason.code());
                Refusal::new(code, format!("no policy of the operator's `workflow_policy` lets {who} {what}"))
            }
        }),
    }
}

fn ruling(question: &Question<'_>) -> Result<Ruling, Refusal> {
    let failed = |failure: PolicyFailure| {
        let message = format!("{failure}; until the operator mends it, nobody may {}", question.act.phrase());
        Refusal::new(RefusalCode::PolicyFailed, message)
    };
    question.rules.policy.ruling(question).map_err(failed)
}
