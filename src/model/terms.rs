//! What is given, where and for how long; and the cuts of an approver.

use super::{Conditions, EmptyPart, PermissionSet, Scope, Ttl};
use derive_setters::Setters;

/// What a grant gives, where, and for how long.
///
/// ```
/// use jit_access::model::{Conditions, Cut, Permission, PermissionSet, Scope, Terms, Ttl};
///
/// let permissions = PermissionSet::new([Permission::new("tools.*")?])?;
/// let (scope, duration, conditions) = ("tool".parse()?, Ttl::from_hours(4.0)?, Conditions::default());
/// let asked = Terms { permissions, scope, duration, conditions };
/// let cut = Cut::default().scope(Some("server:s1".parse()?)).duration(Some(Ttl::from_hours(1.0)?));
/// let given = asked.cut(&cut).map_err(|nothing| format!("{nothing:?}"))?;
/// assert_eq!((given.scope, given.duration), ("tool@server:s1".parse()?, Ttl::from_hours(1.0)?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What.
    pub permissions: PermissionSet,
    /// Where.
    pub scope: Scope,
    /// For how long.
    pub duration: Ttl,
    /// The conditions.
    pub conditions: Conditions,
}

/// The most that an approver gives. `None` leaves a value unchanged; a cut can never widen.
///
/// ```
/// use jit_access::model::Cut;
///
/// assert!(Cut::default().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Setters)]
#[non_exhaustive]
pub struct Cut {
    /// No more than these permissions.
    pub permissions: Option<PermissionSet>,
    /// No further than this.
    pub scope: Option<Scope>,
    /// No longer than this.
    pub duration: Option<Ttl>,
    /// Additional conditions.
    pub conditions: Conditions,
}

impl Cut {
    /// Whether it cuts nothing.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Terms {
    /// What these terms and the cut have in common. Cuts commute: their order changes nothing.
    ///
    /// # Errors
    /// When that is nothing, with the part it is nothing of.
    pub fn cut(&self, cut: &Cut) -> Result<Self, EmptyPart> {
        let permissions = cut
            .permissions
            .as_ref()
            .map_or(Some(self.permissions.clone()), |limit| self.permissions.intersection(limit));
        let scope = cut.scope.as_ref().map_or(Some(self.scope.clone()), |limit| self.scope.intersection(limit));
        Ok(Self {
            permissions: permissions.ok_or(EmptyPart::Permissions)?,
            scope: scope.ok_or(EmptyPart::Scope)?,
            duration: cut.duration.map_or(self.duration, |limit| self.duration.min(limit)),
            conditions: self.conditions.and(&cut.conditions)?,
        })
    }
}
