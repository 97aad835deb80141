//! Actions and permissions.
//!
//! An [`Action`] is the name of one operation of a host: `tools.execute`, `logs:read`. A [`Permission`] is what a role
//! gives: one action, everything under a prefix of whole segments (`tools.*`, `admin.sso_providers:*`), or everything
//! (`*`). Segments end at `.` or `:`, and a prefix keeps its separator: `logs.*` does not cover `logs:read`, and
//! `prod.*` does not cover `production.read`.
//!
//! The actions under `jit.` administer this library. No permission covers them, not even `*`: a grant must never give
//! the right to grant.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Invalid;
use super::bytes::{all_of_sixteen, are_joined, is_between_segments, is_segment, sixteen};

const MAX_NAME: usize = 128;
const EXPECTED: &str = "segments of A-Z a-z 0-9 _ - joined by `.` or `:`, at most 128 bytes, such as tools.execute";
const EXPECTED_PERMISSION: &str = "an action such as tools.execute, a whole-segment wildcard such as tools.*, or *";
const RESERVED: &str = "jit";

/// The name of one operation, as the host uses it in checks.
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

    /// A fast test for nearly every name: at most sixteen bytes. False means unknown.
    #[inline]
    pub(super) fn is_plain(name: &str) -> bool {
        let (bytes, all) = (sixteen(name.as_bytes()), all_of_sixteen(name.len()));
        let (segments, separators) = (is_segment(bytes).to_bitmask(), is_between_segments(bytes).to_bitmask());
        // No separator at either end, and none after another.
        let fits = separators & (separators << 1 | 1 | all ^ all >> 1) == 0;
        !name.is_empty() && name.len() <= 16 && segments | separators == all && fits
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

    /// The wildcards that cover this action, narrowest first: for `tools.mcp.execute` they are `tools.mcp.*`, `tools.*`
    /// and `*`. A reserved action has only its own `jit.*`.
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
        self.covers_name(&action.0)
    }

    /// [`Permission::covers`] of an action that is only its checked name.
    pub(crate) fn covers_name(&self, action: &str) -> bool {
        if is_reserved(action) {
            return false;
        }
        match self.wildcard_prefix() {
            Some(prefix) => action.starts_with(prefix),
            None => *self.0 == *action,
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

/// What a role or a grant gives: everything that `allowed` covers, except what `excepted` covers.
///
/// Never empty, in one order, and without permissions that another one of the set includes, so that equal sets have
/// equal text.
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
/// The most permissions a set may be made of, before those that others include are dropped.
const MAX_LISTED: usize = 1_024;

impl PermissionSet {
    /// The set of these permissions.
    ///
    /// # Errors
    /// When there are none, more than 1024 as listed, or more than 256 after removing those that others include.
    pub fn new(allowed: impl IntoIterator<Item = Permission>) -> Result<Self, Invalid> {
        Self::with_exceptions(allowed, [])
    }

    /// The set of `allowed` less `excepted`. Exceptions without effect are removed.
    ///
    /// # Errors
    /// When nothing is left, or there are more of either than [`PermissionSet::new`] accepts.
    pub fn with_exceptions(
        allowed: impl IntoIterator<Item = Permission>,
        excepted: impl IntoIterator<Item = Permission>,
    ) -> Result<Self, Invalid> {
        let excepted = reduced(listed(excepted)?);
        let mut allowed = reduced(listed(allowed)?);
        allowed.retain(|p| !includes_one(&excepted, p));
        Self::of_reduced(allowed, excepted)
    }

    /// The set of sorted permissions, none of which includes another.
    fn of_reduced(allowed: Vec<Permission>, mut excepted: Vec<Permission>) -> Result<Self, Invalid> {
        excepted.retain(|x| includes_one(&allowed, x));
        if allowed.is_empty() {
            return Err(Invalid::new("permissions", "gives nothing", "at least one permission that is not excepted"));
        }
        if allowed.len() > MAX_SET || excepted.len() > MAX_SET {
            return Err(too_many(allowed.len().max(excepted.len())));
        }
        Ok(Self { allowed: allowed.into(), excepted: excepted.into() })
    }

    /// The permissions, in order, before exceptions.
    #[must_use]
    pub fn allowed(&self) -> &[Permission] {
        &self.allowed
    }

    /// What the wildcards of this set do not cover.
    #[must_use]
    pub fn excepted(&self) -> &[Permission] {
        &self.excepted
    }

    /// What both sets give; `None` when that is nothing.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        // When no element includes another in its own set, the elements that the other set includes are what both give.
        let within = |one: &[Permission], other: &[Permission]| -> Vec<Permission> {
            one.iter().filter(|p| includes_one(other, p)).cloned().collect()
        };
        let mut common = within(&self.allowed, &other.allowed);
        common.extend(within(&other.allowed, &self.allowed));
        let excepted = reduced(self.excepted.iter().chain(&*other.excepted).cloned().collect());
        let mut allowed = reduced(common);
        allowed.retain(|p| !includes_one(&excepted, p));
        Self::of_reduced(allowed, excepted).ok()
    }

    /// This set without everything that these permissions cover; `None` when nothing is left.
    #[must_use]
    pub fn difference(&self, without: &[Permission]) -> Option<Self> {
        let excepted = reduced(self.excepted.iter().chain(without).cloned().collect());
        let allowed = self.allowed.iter().filter(|p| !includes_one(&excepted, p)).cloned().collect();
        Self::of_reduced(allowed, excepted).ok()
    }

    /// Whether `other` gives everything that this set gives.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let gives_none_of = |out: &Permission| {
            includes_one(&self.excepted, out) || !self.allowed.iter().any(|one| one.includes(out) || out.includes(one))
        };
        self.allowed.iter().all(|one| includes_one(&other.allowed, one)) && other.excepted.iter().all(gives_none_of)
    }

    /// Whether the set gives that action.
    #[must_use]
    pub fn covers(&self, action: &Action) -> bool {
        self.allowed.iter().any(|p| p.covers(action)) && !self.excepted.iter().any(|x| x.covers(action))
    }
}

/// These permissions, counted while they are read: a list of a million is refused after the first 1,025.
fn listed(all: impl IntoIterator<Item = Permission>) -> Result<Vec<Permission>, Invalid> {
    let mut all = all.into_iter();
    let listed: Vec<_> = all.by_ref().take(MAX_LISTED + 1).collect();
    if listed.len() > MAX_LISTED { Err(too_many(listed.len())) } else { Ok(listed) }
}

#[cold]
fn too_many(count: usize) -> Invalid {
    let count = if count > MAX_LISTED { format!("more than {MAX_LISTED}") } else { count.to_string() };
    Invalid::new("permissions", format!("holds {count} permissions"), "at most 256; use a wildcard such as tools.*")
}

/// Sorted, and without what another one includes.
fn reduced(mut all: Vec<Permission>) -> Vec<Permission> {
    // A wildcard sorts before all that it includes: by the part before `*`, and a wildcard before an equal name.
    let key = |p: &Permission| p.wildcard_prefix().map_or((p.0.len(), true), |prefix| (prefix.len(), false));
    let by_prefix = |p: &Permission, q: &Permission| {
        let ((a, a_exact), (b, b_exact)) = (key(p), key(q));
        (p.0.get(..a), a_exact).cmp(&(q.0.get(..b), b_exact))
    };
    all.sort_unstable_by(by_prefix);
    let mut kept: Vec<Permission> = Vec::with_capacity(all.len());
    for one in all {
        // Everything that the last kept permission includes follows it without a gap.
        if !kept.last().is_some_and(|last| last.includes(&one)) {
            kept.push(one);
        }
    }
    kept.sort_unstable();
    kept
}

/// Whether one of these sorted permissions includes `wanted`. They are looked up by name: `wanted` itself and the few
/// wildcards above it.
fn includes_one(sorted: &[Permission], wanted: &Permission) -> bool {
    let has = |name: &str| sorted.binary_search_by(|p| (*p.0).cmp(name)).is_ok();
    has(&wanted.0) || !sorted.is_empty() && wanted.groups().iter().any(|group| has(&group.0))
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

    /// An endless list is refused, so the count is checked before any work.
    #[test]
    fn permissions_are_counted_before_they_are_looked_at() {
        let endless = || std::iter::repeat(Permission::new("a.b").unwrap());
        let refused = PermissionSet::with_exceptions([Permission::new("a.b").unwrap()], endless()).unwrap_err();
        assert_eq!(refused.problem(), "holds more than 1024 permissions");
        assert_eq!(PermissionSet::new(endless()).unwrap_err(), refused);
    }

    fn pairwise(all: &[Permission]) -> Vec<Permission> {
        let mut all = all.to_vec();
        all.sort();
        all.dedup();
        all.iter().filter(|p| !all.iter().any(|q| q != *p && q.includes(p))).cloned().collect()
    }

    proptest::proptest! {
        #[test]
        fn a_sorted_scan_finds_what_pairs_find(
            texts in proptest::collection::vec("\\*|[ab](-[a])?([.:][ab]){0,3}([.:]\\*)?", 0..12),
            others in proptest::collection::vec("\\*|[ab](-[a])?([.:][ab]){0,3}([.:]\\*)?", 0..12),
        ) {
            let set = |texts: &[String]| -> Vec<_> { texts.iter().map(|t| Permission::new(t).unwrap()).collect() };
            let (all, others) = (set(&texts), set(&others));
            proptest::prop_assert_eq!(reduced(all.clone()), pairwise(&all));
            let sorted = reduced(others.clone());
            for one in &all {
                proptest::prop_assert_eq!(includes_one(&sorted, one), others.iter().any(|p| p.includes(one)));
            }
            if let (Ok(one), Ok(two)) = (PermissionSet::new(all), PermissionSet::new(others)) {
                let common = one.allowed.iter().flat_map(|p| two.allowed.iter().filter_map(move |q| {
                    if p.includes(q) { Some(q.clone()) } else { q.includes(p).then(|| p.clone()) }
                }));
                let common = PermissionSet::new(common).ok();
                proptest::prop_assert_eq!(one.intersection(&two), common);
            }
        }
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
        let names = |count: usize| (0..count).map(|n| Permission::new(&format!("a.n{n}")).unwrap());
        assert_eq!(PermissionSet::new(names(256)).unwrap().allowed().len(), 256);
        assert_eq!(PermissionSet::new(names(257)).unwrap_err().problem(), "holds 257 permissions");
        assert_eq!(PermissionSet::new(names(1_023).chain([p("a.*")])).unwrap().allowed(), [p("a.*")]);
        assert!(PermissionSet::with_exceptions([p("tools.read")], [p("tools.*")]).is_err());
    }
}
