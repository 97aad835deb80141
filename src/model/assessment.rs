//! What a grant would newly permit, and its risk.

use super::PermissionSet;

/// The assessment of a request for approvers, computed when it was made or changed.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::requested_of("['*']")?;
/// use jit_access::model::{RiskFactor, RiskLevel};
///
/// let request = engine.workflow().request(&dev, request)?.request.ok_or("there is a request")?;
/// assert_eq!(request.assessment.level, RiskLevel::Critical);
/// assert_eq!(request.assessment.reasons.first().map(|reason| reason.factor), Some(RiskFactor::Everything));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// What the requester could newly do: the requested permissions, less those they hold by standing right. `None`
    /// when that is nothing.
    pub newly_permitted: Option<PermissionSet>,
    /// How much could go wrong.
    pub level: RiskLevel,
    /// Why, the weightiest first.
    pub reasons: Vec<RiskReason>,
}

/// How much could go wrong. Complete on purpose.
///
/// ```
/// use jit_access::model::RiskLevel;
///
/// assert!(RiskLevel::High < RiskLevel::Critical);
/// assert_eq!(RiskLevel::High.name(), "high");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskLevel {
    /// Little.
    Low,
    /// Something.
    Medium,
    /// Much.
    High,
    /// Everything.
    Critical,
}

impl RiskLevel {
    /// Every level, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One thing that makes a request more risky.
///
/// ```
/// use jit_access::model::{RiskFactor, RiskReason};
///
/// let reason = RiskReason { factor: RiskFactor::Long, detail: "6 hours".to_owned() };
/// assert_eq!(format!("{}: {}", reason.factor.name(), reason.detail), "long: 6 hours");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskReason {
    /// The factor.
    pub factor: RiskFactor,
    /// Which part of the request it is about, for people.
    pub detail: String,
}

/// What can make a request more risky.
///
/// ```
/// use jit_access::model::RiskFactor;
///
/// assert!(RiskFactor::Everything.weight() > RiskFactor::Long.weight());
/// assert_eq!(RiskFactor::ConflictOfDuties.name(), "conflict_of_duties");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RiskFactor {
    /// Every permission is newly given.
    Everything,
    /// The requester holds a role that the operator keeps apart from this one.
    ConflictOfDuties,
    /// An administrative permission is newly given.
    Administrative,
    /// A destructive permission is newly given.
    Destructive,
    /// It reaches what the operator calls production.
    Production,
    /// A wildcard is newly given.
    Wildcard,
    /// Many permissions are newly given.
    ManyPermissions,
    /// It reaches everything.
    Everywhere,
    /// It lasts longer than most grants.
    Long,
    /// It begins outside working hours.
    OutsideWorkingHours,
    /// The requester never held this role by a grant.
    FirstTime,
    /// The requester keeps asking for this role.
    Repeated,
    /// The host did not report the requester's standing permissions, so everything counts as new.
    StandingUnknown,
}

impl RiskFactor {
    /// Every factor, the weightiest first.
    pub const ALL: &[Self] = &[
        Self::Everything,
        Self::ConflictOfDuties,
        Self::Administrative,
        Self::Destructive,
        Self::Production,
        Self::Wildcard,
        Self::ManyPermissions,
        Self::Everywhere,
        Self::Long,
        Self::OutsideWorkingHours,
        Self::FirstTime,
        Self::Repeated,
        Self::StandingUnknown,
    ];

    /// The name on the wire: `conflict_of_duties`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::ConflictOfDuties => "conflict_of_duties",
            Self::Administrative => "administrative",
            Self::Destructive => "destructive",
            Self::Production => "production",
            Self::Wildcard => "wildcard",
            Self::ManyPermissions => "many_permissions",
            Self::Everywhere => "everywhere",
            Self::Long => "long",
            Self::OutsideWorkingHours => "outside_working_hours",
            Self::FirstTime => "first_time",
            Self::Repeated => "repeated",
            Self::StandingUnknown => "standing_unknown",
        }
    }

    /// How much it adds.
    #[must_use]
    pub const fn weight(self) -> u32 {
        match self {
            Self::Everything => 6,
            Self::ConflictOfDuties => 4,
            Self::Administrative => 3,
            Self::Destructive | Self::Production | Self::Wildcard => 2,
            Self::ManyPermissions
            | Self::Everywhere
            | Self::Long
            | Self::OutsideWorkingHours
            | Self::FirstTime
            | Self::Repeated => 1,
            Self::StandingUnknown => 0,
        }
    }
}
