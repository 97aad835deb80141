//! What may be done.
//!
//! An [`Action`] is the name of one thing that a host asks about: `tools.execute`, `logs:read`. A [`Permission`] is what a
//! role gives: one action, everything under a prefix of whole segments (`tools.*`, `admin.sso_providers:*`), or
//! everything (`*`). Segments end at `.` or `:`, and a prefix keeps its separator: `logs.*` says nothing of `logs:read`,
//! and `prod.*` says nothing of `production.read`.
//!
//! The actions under `jit.` administer this library. No permission covers them, `*` included: whoever may be granted
//! rights here must not be granted the right to grant.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Invalid;
use super::bytes::{are_joined, is_between_segments, is_segment};

const MAX_NAME: usize = 128;
const EXPECTED: &str = "segments of A-Z a-z 0-9 _ - joined by `.` or `:`, at most 128 bytes, such as tools.execute";
const EXPECTED_PERMISSION: &str = "an action such as tools.execute, a whole-segment wildcard such as tools.*, or *";
const RESERVED: &str = "jit";

/// The name of one thing that can be done, as the host asks about it.
///
/// ```
/// use jit_access::model::Action;
///
/// assert_eq!(Action::new("tools.execute")?.name(), "tools.execute");
/// assert!(Action::new("tools.*").is_err(), "an action is one thing");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action(Arc<str>);

impl Action {
    /// The action of this name.
    ///
    /// # Errors
    /// When the name is not made of whole segments (see the module's text), or is longer than 128 bytes.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        Self::check(name)?;
        Ok(Self::from_checked(name))
    }

    /// Whether there is an action of this name.
    #[inline]
    pub(super) fn check(name: &str) -> Result<(), Invalid> {
        check_segments(name, "action", EXPECTED)
    }

    /// The action of a name that was checked.
    pub(super) fn from_checked(name: &str) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// Whether this action administers the library itself, so that no grant can ever cover it.
    #[must_use]
    #[inline]
    pub fn is_reserved(&self) -> bool {
        is_reserved(&self.0)
    }

    /// The wildcards that cover this action, narrowest first: for `tools.mcp.execute` that is `tools.mcp.*`, `tools.*`
    /// and `*`. A reserved action has none beyond its own `jit.*`.
    #[must_use]
    pub fn groups(&self) -> Vec<Permission> {
        groups_of(&self.0)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Action {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        Self::new(name)
    }
}

/// What a role gives: one action, all under a prefix, or all.
///
/// ```
/// use jit_access::model::{Action, Permission};
///
/// let logs = Permission::new("logs.*")?;
/// assert!(logs.covers(&Action::new("logs.read")?));
/// assert!(!logs.covers(&Action::new("logs:read")?) && !logs.covers(&Action::new("logsearch.read")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(Arc<str>);

impl Permission {
    /// The permission written `text`.
    ///
    /// # Errors
    /// When it is neither an action, nor a prefix of whole segments followed by `*`, nor `*`; and for `jit.` names,
    /// which administer this library and cannot be granted.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let prefix = text.strip_suffix('*').unwrap_or(text);
        if !prefix.is_empty() {
            let whole = if prefix.len() < text.len() { prefix.strip_suffix(['.', ':']) } else { Some(prefix) };
            let Some(whole) = whole else {
                return Err(Invalid::new("permission", format!("is {}", Invalid::quote(text)), EXPECTED_PERMISSION));
            };
            check_segments(whole, "permission", EXPECTED_PERMISSION)?;
        } else if text.is_empty() {
            return Err(Invalid::new("permission", "is empty", EXPECTED_PERMISSION));
        }
        if is_reserved(prefix) {
            return Err(Invalid::new(
                "permission",
                format!("is {}, which administers jit-access itself and cannot be granted", Invalid::quote(text)),
                "a permission of the host",
            ));
        }
        Ok(Self(text.into()))
    }

    /// As it is written: `tools.execute`, `tools.*` or `*`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before `*`, when this is a wildcard; empty for `*` itself.
    #[must_use]
    pub fn wildcard_prefix(&self) -> Option<&str> {
        self.0.strip_suffix('*')
    }

    /// Whether this is `*`.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        &*self.0 == "*"
    }

    /// Whether this permission covers that action.
    #[must_use]
    pub fn covers(&self, action: &Action) -> bool {
        if action.is_reserved() {
            return false;
        }
        match self.wildcard_prefix() {
            Some(prefix) => action.0.starts_with(prefix),
            None => self.0 == action.0,
        }
    }

    /// Whether every action that `other` covers is covered by this one too.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        match self.wildcard_prefix() {
            Some(prefix) => other.0.starts_with(prefix),
            None => self.0 == other.0,
        }
    }

    /// The wildcards that include this permission and are not it, narrowest first.
    #[must_use]
    pub fn groups(&self) -> Vec<Self> {
        if self.is_everything() { Vec::new() } else { groups_of(self.0.trim_end_matches(['.', ':', '*'])) }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Permission {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

/// What a role or a grant gives: everything that `allowed` covers, less everything that `excepted` covers.
///
/// Never empty, in one order, and without permissions that another one of the set includes, so that two sets that give
/// the same are written the same.
///
/// ```
/// use jit_access::model::{Action, Permission, PermissionSet};
///
/// let set = PermissionSet::with_exceptions([Permission::new("db.*")?], [Permission::new("db.drop")?])?;
/// assert!(set.covers(&Action::new("db.read")?) && !set.covers(&Action::new("db.drop")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PermissionSet {
    allowed: Arc<[Permission]>,
    excepted: Arc<[Permission]>,
}

/// The most permissions a set may hold; a role that needs more is a wildcard in disguise.
const MAX_SET: usize = 256;

impl PermissionSet {
    /// The set of these permissions.
    ///
    /// # Errors
    /// When there are none, or more than 256.
    pub fn new(allowed: impl IntoIterator<Item = Permission>) -> Result<Self, Invalid> {
        Self::with_exceptions(allowed, [])
    }

    /// The set of `allowed` less `excepted`. Exceptions that take nothing away are dropped.
    ///
    /// # Errors
    /// When nothing is left, or there are more than 256 of either.
    pub fn with_exceptions(
        allowed: impl IntoIterator<Item = Permission>,
        excepted: impl IntoIterator<Item = Permission>,
    ) -> Result<Self, Invalid> {
        let excepted = reduced(excepted.into_iter().collect());
        let allowed: Vec<_> = reduced(allowed.into_iter().collect())
            .into_iter()
            .filter(|p| !excepted.iter().any(|x| x.includes(p)))
            .collect();
        let excepted: Vec<_> = excepted.into_iter().filter(|x| allowed.iter().any(|p| p.includes(x))).collect();
        if allowed.is_empty() {
            return Err(Invalid::new("permissions", "gives nothing", "at least one permission that is not excepted"));
        }
        if allowed.len() > MAX_SET || excepted.len() > MAX_SET {
            return Err(Invalid::new(
                "permissions",
                format!("holds {} permissions", allowed.len().max(excepted.len())),
                "at most 256; use a wildcard such as tools.*",
            ));
        }
        Ok(Self { allowed: allowed.into(), excepted: excepted.into() })
    }

    /// What is given, in order, before exceptions.
    #[must_use]
    pub fn allowed(&self) -> &[Permission] {
        &self.allowed
    }

    /// What a wildcard of this set does not reach.
    #[must_use]
    pub fn excepted(&self) -> &[Permission] {
        &self.excepted
    }

    /// What both sets give; `None` when that is nothing.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let narrower = |one: &Permission, two: &Permission| {
            if one.includes(two) { Some(two.clone()) } else { two.includes(one).then(|| one.clone()) }
        };
        let common = self.allowed.iter().flat_map(|one| other.allowed.iter().filter_map(move |two| narrower(one, two)));
        Self::with_exceptions(common, self.excepted.iter().chain(&*other.excepted).cloned()).ok()
    }

    /// This set without everything that these permissions cover; `None` when nothing is left.
    #[must_use]
    pub fn difference(&self, without: &[Permission]) -> Option<Self> {
        Self::with_exceptions(self.allowed.iter().cloned(), self.excepted.iter().chain(without).cloned()).ok()
    }

    /// Whether `other` gives everything that this set gives.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let gives_none_of = |out: &Permission| {
            self.excepted.iter().any(|excepted| excepted.includes(out))
                || !self.allowed.iter().any(|one| one.includes(out) || out.includes(one))
        };
        self.allowed.iter().all(|one| other.allowed.iter().any(|wider| wider.includes(one)))
            && other.excepted.iter().all(gives_none_of)
    }

    /// Whether the set gives that action.
    #[must_use]
    pub fn covers(&self, action: &Action) -> bool {
        self.allowed.iter().any(|p| p.covers(action)) && !self.excepted.iter().any(|x| x.covers(action))
    }
}

/// Sorted, and without what another one includes.
fn reduced(mut all: Vec<Permission>) -> Vec<Permission> {
    all.sort();
    all.dedup();
    let kept: Vec<_> = all.iter().filter(|p| !all.iter().any(|q| q != *p && q.includes(p))).cloned().collect();
    kept
}

/// `a.b:c` gives `a.b:*`, `a.*`, `*`.
fn groups_of(name: &str) -> Vec<Permission> {
    let mut groups = Vec::new();
    for (at, separator) in name.char_indices().rev().filter(|(_, c)| matches!(c, '.' | ':')) {
        if let Some(head) = name.get(..at) {
            groups.push(Permission(format!("{head}{separator}*").into()));
        }
    }
    if !is_reserved(name) {
        groups.push(Permission("*".into()));
    }
    groups
}

#[inline]
pub(super) fn is_reserved(name: &str) -> bool {
    name.strip_prefix(RESERVED).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[inline]
fn check_segments(name: &str, field: &'static str, expected: &'static str) -> Result<(), Invalid> {
    if name.len() <= MAX_NAME && are_joined(name.as_bytes(), is_segment, is_between_segments) {
        Ok(())
    } else {
        Err(unsegmented(name, field, expected))
    }
}

#[cold]
fn unsegmented(name: &str, field: &'static str, expected: &'static str) -> Invalid {
    Invalid::new(field, format!("is {}", Invalid::quote(name)), expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(permission: &str, action: &str) -> bool {
        Permission::new(permission).unwrap().covers(&Action::new(action).unwrap())
    }

    #[test]
    fn wildcards_end_at_whole_segments() {
        assert!(covers("tools.execute", "tools.execute"));
        assert!(covers("tools.*", "tools.execute"));
        assert!(covers("tools.*", "tools.mcp.execute"));
        assert!(covers("*", "logs:read"));
        assert!(covers("admin.*", "admin.sso_providers:create"));
        assert!(covers("admin.sso_providers:*", "admin.sso_providers:create"));
        assert!(!covers("prod.*", "production.read"));
        assert!(!covers("tools.*", "tools"));
        assert!(!covers("logs.*", "logs:read"));
        assert!(!covers("tools.execute", "tools.execute.all"));
    }

    #[test]
    fn what_is_no_permission_is_refused() {
        for text in [
            "",
            ".",
            "tools.",
            ".read",
            "tools..read",
            "too*",
            "tools.*.read",
            "**",
            "tools. read",
            "tools/read",
            "été.read",
        ] {
            assert!(Permission::new(text).is_err(), "{text:?}");
        }
        assert!(Action::new("tools.*").is_err());
        assert!(Action::new(&"a".repeat(129)).is_err());
    }

    #[test]
    fn nothing_covers_what_administers_the_library() {
        for text in ["jit", "jit.approve", "jit.*"] {
            assert!(Permission::new(text).is_err(), "{text}");
        }
        assert!(!covers("*", "jit.approve"));
        assert!(covers("*", "jitter.read"));
        let groups: Vec<_> = Action::new("jit.approve").unwrap().groups();
        assert_eq!(groups.iter().map(Permission::as_str).collect::<Vec<_>>(), ["jit.*"]);
    }

    #[test]
    fn groups_climb_to_everything() {
        let groups = Action::new("admin.sso_providers:create").unwrap().groups();
        assert_eq!(
            groups.iter().map(Permission::as_str).collect::<Vec<_>>(),
            ["admin.sso_providers:*", "admin.*", "*"]
        );
        let groups = Permission::new("admin.sso_providers:*").unwrap().groups();
        assert_eq!(groups.iter().map(Permission::as_str).collect::<Vec<_>>(), ["admin.*", "*"]);
    }

    #[test]
    fn sets_say_the_same_thing_one_way() {
        let p = |t: &str| Permission::new(t).unwrap();
        let set = PermissionSet::with_exceptions(
            [p("tools.read"), p("tools.*"), p("tools.*")],
            [p("tools.delete"), p("logs:read")],
        )
        .unwrap();
        assert_eq!(set.allowed(), [p("tools.*")]);
        assert_eq!(set.excepted(), [p("tools.delete")]);
        assert!(set.covers(&Action::new("tools.read").unwrap()));
        assert!(!set.covers(&Action::new("tools.delete").unwrap()));
        assert!(PermissionSet::new([]).is_err());
        assert!(PermissionSet::with_exceptions([p("tools.read")], [p("tools.*")]).is_err());
    }
}
