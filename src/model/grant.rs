//! A time-bound permission.

use derive_setters::Setters;

use super::{
    Action, Actor, BreakGlass, Conditions, Details, Extension, GrantId, Justification, PermissionSet, Principal,
    RequestId, Resource, RoleName, Scope, Timestamp, Window,
};

/// A permission in force for a limited time. Its terms never change; an early end is an added fact.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::granted()?;
/// use jit_access::model::*;
///
/// let grant: Grant = engine.workflow().request(&dev, request)?.grant.ok_or("no grant")?;
/// assert_eq!(grant.status(engine.now()), GrantStatus::Active);
/// assert!(grant.covers(&Action::new("tools.execute")?, &Resource::everything()));
/// assert_eq!(grant.status(grant.window.end()), GrantStatus::Expired);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct Grant {
    /// The id.
    pub id: GrantId,
    /// The request it answers.
    pub request: RequestId,
    /// The grant that it extends, if any.
    pub extends: Option<Extension>,
    /// The holder.
    pub holder: Principal,
    /// The person that a holding agent acts for.
    pub holder_acts_for: Option<Principal>,
    /// The host's roles the holder had by standing right when asking.
    pub holder_normal_roles: Vec<RoleName>,
    /// The role.
    pub role: RoleName,
    /// The permissions.
    pub permissions: PermissionSet,
    /// Where.
    pub scope: Scope,
    /// When.
    pub window: Window,
    /// Conditions checked at every use.
    pub conditions: Conditions,
    /// Details from its request, for people.
    pub details: Details,
    /// The host roles that could approve it; one of them is required to revoke it.
    pub approver_roles: Vec<RoleName>,
    /// Who gave the last approval.
    pub approved_by: Actor,
    /// Who gave the approvals before that one, in order.
    pub earlier_approvers: Vec<Actor>,
    /// When it was approved.
    pub approved_at: Timestamp,
    /// The review that a break-glass grant needs.
    pub break_glass: Option<BreakGlass>,
    /// The suspension, if it is suspended. Its expiry does not change.
    pub suspended: Option<Suspension>,
    /// How it ended before its time, if it did.
    pub ended: Option<End>,
    /// Which effects of time the journal has recorded.
    pub noted: Noted,
    /// How many uses are recorded.
    pub uses: u64,
}

/// What a check needs to know of a plain grant: holder, permissions, scope and window.
///
/// ```
/// use jit_access::model::*;
///
/// let holding = Holding {
///     id: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()?,
///     holder: Principal::user("dev@example.com")?,
///     permissions: PermissionSet::new([Permission::new("logs.read")?])?,
///     scope: Scope::ANY,
///     window: Window::new("2026-12-01T09:00:00Z".parse()?, "2026-12-01T13:00:00Z".parse()?)?,
/// };
/// assert!(holding.permissions.covers(&Action::new("logs.read")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The id.
    pub id: GrantId,
    /// The holder.
    pub holder: Principal,
    /// The permissions.
    pub permissions: PermissionSet,
    /// Where.
    pub scope: Scope,
    /// When.
    pub window: Window,
}

impl Grant {
    /// A plain grant of these permissions everywhere, approved when it begins. Grants of an engine come from its
    /// workflow; this constructor is for tests and stores.
    #[must_use]
    pub fn new(
        id: GrantId,
        request: RequestId,
        holder: Principal,
        role: RoleName,
        permissions: PermissionSet,
        window: Window,
        approved_by: Actor,
    ) -> Self {
        Self {
            id,
            request,
            extends: None,
            holder,
            holder_acts_for: None,
            holder_normal_roles: Vec::new(),
            role,
            permissions,
            scope: Scope::ANY,
            window,
            conditions: Conditions::default(),
            details: Details::default(),
            approver_roles: Vec::new(),
            approved_by,
            earlier_approvers: Vec::new(),
            approved_at: window.start(),
            break_glass: None,
            suspended: None,
            ended: None,
            noted: Noted::default(),
            uses: 0,
        }
    }
}

impl From<Grant> for Holding {
    fn from(Grant { id, holder, permissions, scope, window, .. }: Grant) -> Self {
        Self { id, holder, permissions, scope, window }
    }
}

/// A suspension: the grant gives nothing until it is resumed; its expiry does not change.
///
/// ```
/// use jit_access::model::{Actor, Justification, Principal, Suspension};
///
/// let by = Actor::Principal(Principal::user("lead@example.com")?);
/// let held = Suspension { at: "2026-12-01T10:00:00Z".parse()?, by, reason: Justification::new("odd calls")? };
/// assert_eq!(held.reason.as_str(), "odd calls");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Since when.
    pub at: Timestamp,
    /// The actor.
    pub by: Actor,
    /// Why.
    pub reason: Justification,
}

/// An early end.
///
/// ```
/// use jit_access::model::{Actor, End, EndKind, Principal};
///
/// let by = Actor::Principal(Principal::user("dev@example.com")?);
/// let end = End { at: "2026-12-01T10:00:00Z".parse()?, by, kind: EndKind::Released };
/// assert_eq!(end.by.to_string(), "dev@example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// The actor.
    pub by: Actor,
    /// How.
    pub kind: EndKind,
}

/// How a grant ended before its time. Complete on purpose.
///
/// ```
/// use jit_access::model::{EndKind, Justification};
///
/// let revoked = EndKind::Revoked(Justification::new("the incident is over")?);
/// assert_ne!(revoked, EndKind::Released);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndKind {
    /// Revoked by another principal, for a reason.
    Revoked(Justification),
    /// Released by its holder.
    Released,
    /// Used as often as it may be.
    Exhausted,
}

/// A selection of grants.
///
/// ```
/// use jit_access::model::{Principal, Selector};
///
/// let theirs = Selector::Holder(Principal::user("Dev@Example.com")?);
/// assert_eq!(theirs, Selector::Holder(Principal::user("dev@example.com")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Selector {
    /// Those that this request led to.
    Request(RequestId),
    /// Those that this principal holds, and those that agents hold for this person.
    Holder(Principal),
    /// Those of this role.
    Role(RoleName),
    /// Those that reach any of this, wider ones too.
    Scope(Scope),
    /// All there are.
    All,
}

impl Selector {
    /// Whether it is one of them.
    #[must_use]
    pub fn selects(&self, grant: &Grant) -> bool {
        match self {
            Self::Request(request) => grant.request == *request,
            Self::Holder(holder) => grant.is_of(holder),
            Self::Role(role) => grant.role == *role,
            Self::Scope(scope) => grant.scope.intersection(scope).is_some(),
            Self::All => true,
        }
    }
}

/// Which effects of time the journal has recorded, so that each is recorded once.
///
/// ```
/// use jit_access::model::Noted;
///
/// assert!(!Noted::default().activation && !Noted::default().expiry);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noted {
    /// That the window has begun.
    pub activation: bool,
    /// The end of the window.
    pub expiry: bool,
}

/// The status of a grant at an instant. Complete on purpose: an unhandled status is a hole.
///
/// ```
/// use jit_access::model::GrantStatus;
///
/// assert!(GrantStatus::Scheduled.is_live() && !GrantStatus::Revoked.is_live());
/// assert_eq!(GrantStatus::Released.name(), "released");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantStatus {
    /// Its window has not begun.
    Scheduled,
    /// In force.
    Active,
    /// Suspended.
    Suspended,
    /// Its window has ended.
    Expired,
    /// Revoked.
    Revoked,
    /// Released by its holder.
    Released,
    /// Used as often as it may be.
    Exhausted,
}

impl GrantStatus {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Released => "released",
            Self::Exhausted => "exhausted",
        }
    }

    /// Every status.
    pub const ALL: [Self; 7] =
        [Self::Scheduled, Self::Active, Self::Suspended, Self::Expired, Self::Revoked, Self::Released, Self::Exhausted];

    /// Whether the grant can still give something, now or later.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Scheduled | Self::Active | Self::Suspended)
    }
}

impl Grant {
    /// What the grant is at `now`. Time decides it by comparison; no job has to run first.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> GrantStatus {
        match &self.ended {
            Some(End { kind: EndKind::Revoked(_), .. }) => GrantStatus::Revoked,
            Some(End { kind: EndKind::Released, .. }) => GrantStatus::Released,
            Some(End { kind: EndKind::Exhausted, .. }) => GrantStatus::Exhausted,
            None if self.noted.expiry || now >= self.window.end() => GrantStatus::Expired,
            None if self.suspended.is_some() => GrantStatus::Suspended,
            None if now < self.window.start() => GrantStatus::Scheduled,
            None => GrantStatus::Active,
        }
    }

    /// Whether it has neither ended nor is suspended. Its window is not considered.
    pub(crate) const fn is_effective(&self) -> bool {
        self.ended.is_none() && self.suspended.is_none() && !self.noted.expiry
    }

    /// Whether a check needs no more of it than a [`Holding`]: it has no conditions and was approved.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.conditions.is_none() && self.break_glass.is_none()
    }

    /// The holder, and the person that a holding agent acts for.
    pub fn identities(&self) -> impl Iterator<Item = &Principal> {
        std::iter::once(&self.holder).chain(&self.holder_acts_for)
    }

    /// The person behind the grant: the one that a holding agent acts for, or the holder.
    #[must_use]
    pub fn person(&self) -> &Principal {
        self.holder_acts_for.as_ref().unwrap_or(&self.holder)
    }

    /// Whether this principal holds it, or an agent for them.
    #[must_use]
    pub fn is_of(&self, who: &Principal) -> bool {
        self.holder == *who || self.holder_acts_for.as_ref() == Some(who)
    }

    /// Whether it is a break-glass grant whose review is open.
    #[must_use]
    pub fn is_unreviewed(&self) -> bool {
        self.break_glass.as_ref().is_some_and(|owed| owed.closed.is_none())
    }

    /// Whether it is a break-glass grant whose review is open, or found its use unjustified without a waiver.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        self.is_unreviewed() || self.break_glass.as_ref().is_some_and(BreakGlass::is_held_against)
    }

    /// Whether it permits `action` on `resource`, at any time.
    #[must_use]
    pub fn covers(&self, action: &Action, resource: &Resource) -> bool {
        self.permissions.covers(action) && self.scope.covers(resource)
    }

    /// The first grant of its chain: itself, unless it extends another.
    #[must_use]
    pub fn first(&self) -> GrantId {
        self.extends.map_or(self.id, |extension| extension.first)
    }

    /// Its place in the chain; 0 for the first.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.extends.map_or(0, |extension| extension.number)
    }
}
