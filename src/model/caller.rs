//! The caller of the library, and the actor of a fact.

use derive_setters::Setters;
use std::fmt;
use std::sync::Arc;

use super::{Permission, Principal, PrincipalKind, RoleName, SignIn};

/// A principal that the host has authenticated, with the roles it holds by standing right.
///
/// Every decision about rights uses this value, never the body of a request. It must not contain roles from a grant: a
/// grant must not help to approve the next one.
///
/// ```
/// use jit_access::model::{Caller, Principal, RoleName};
///
/// let lead = Caller::new(Principal::user("lead@example.com")?, vec![RoleName::new("lead")?]);
/// assert!(lead.has_any(&[RoleName::new("lead")?]) && !lead.has_any(&[]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct Caller {
    /// The principal.
    pub principal: Principal,
    /// The host's roles this principal holds by standing right.
    pub roles: Vec<RoleName>,
    /// The standing permissions of this principal; `None` when the host does not report them.
    pub permissions: Option<Vec<Permission>>,
    /// The person that an agent acts for. Neither of the two can approve a request of the other.
    pub acts_for: Option<Principal>,
    /// How this principal signed in; `None` when the host does not report it.
    pub sign_in: Option<SignIn>,
}

impl Caller {
    /// This principal with these roles, without standing permissions and sign-in.
    #[must_use]
    pub const fn new(principal: Principal, roles: Vec<RoleName>) -> Self {
        Self { principal, roles, permissions: None, acts_for: None, sign_in: None }
    }

    /// The caller, and the person that a calling agent acts for.
    pub fn identities(&self) -> impl Iterator<Item = &Principal> {
        std::iter::once(&self.principal).chain(&self.acts_for)
    }

    /// The person behind the caller: the one that a calling agent acts for, or the caller.
    #[must_use]
    pub fn person(&self) -> &Principal {
        self.acts_for.as_ref().unwrap_or(&self.principal)
    }

    /// Whether an agent calls: in its own name, or for a person.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.acts_for.is_some() || self.principal.kind() == PrincipalKind::Agent
    }

    /// Whether one of the caller's roles is among `roles`.
    #[must_use]
    pub fn has_any(&self, roles: &[RoleName]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }
}

/// The actor of a fact. Complete on purpose: an auditor needs it for every record.
///
/// ```
/// use jit_access::model::{Actor, Principal};
///
/// assert_eq!(Actor::Principal(Principal::user("dev@example.com")?).to_string(), "dev@example.com");
/// assert_eq!(Actor::Rule("require_approval".into()).to_string(), "rule:require_approval");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person, or an agent whose person the fact itself contains, or that acts for no person.
    Principal(Principal),
    /// An agent, and the person it acted for.
    Agent(Arc<OnBehalf>),
    /// A rule of the operator's configuration, by its key.
    Rule(Arc<str>),
    /// Time itself, as the library noted it.
    Clock,
    /// The host itself.
    Host,
}

/// An agent, and the person it acts for.
///
/// ```
/// use std::sync::Arc;
///
/// use jit_access::model::{Actor, OnBehalf, Principal};
///
/// let (agent, person) = (Principal::agent("bot")?, Principal::user("ann@example.com")?);
/// let by = Actor::Agent(Arc::new(OnBehalf { agent, person }));
/// assert_eq!(by.to_string(), "agent:bot");
/// assert_eq!(by.person().map(ToString::to_string).as_deref(), Some("ann@example.com"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OnBehalf {
    /// The agent.
    pub agent: Principal,
    /// The person.
    pub person: Principal,
}

impl Actor {
    /// The person or the agent.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        match self {
            Self::Principal(principal) => Some(principal),
            Self::Agent(one) => Some(&one.agent),
            Self::Rule(_) | Self::Clock | Self::Host => None,
        }
    }

    /// The accountable person, if this value contains it.
    #[must_use]
    pub fn person(&self) -> Option<&Principal> {
        match self {
            Self::Principal(principal) if principal.kind() == PrincipalKind::User => Some(principal),
            Self::Agent(one) => Some(&one.person),
            Self::Principal(_) | Self::Rule(_) | Self::Clock | Self::Host => None,
        }
    }
}

impl fmt::Display for Actor {
    /// `dev@example.com`, `rule:require_approval`, `rule:time`, `rule:host`. No person can be called so.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal(principal) => principal.fmt(f),
            Self::Agent(one) => one.agent.fmt(f),
            Self::Rule(key) => write!(f, "rule:{key}"),
            Self::Clock => f.write_str("rule:time"),
            Self::Host => f.write_str("rule:host"),
        }
    }
}
