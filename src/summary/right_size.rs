//! Which smaller role would have been enough.

use std::collections::BTreeMap;

use crate::model::{Action, Permission, PermissionSet, Role, RoleName};

/// A role of the catalogue that is within the grant, gives less, and covers everything that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmallerRole {
    /// The role.
    pub role: RoleName,
    /// Each of its permissions with the permission of the grant that includes it: why it lies inside.
    pub inside: Vec<IncludedPermission>,
    /// What the grant excepts and the role does not give either.
    pub excepted: Vec<Permission>,
}

/// A permission, and the one that includes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncludedPermission {
    /// The permission of the smaller role.
    pub permission: Permission,
    /// The permission of the grant.
    pub within: Permission,
}

/// The smallest role that covers these actions, within the grant and less than it; `None` when nothing was done, or
/// there is no such role.
///
/// Of two roles, one of which is within the other, the inner one is smaller. Otherwise the one with fewer wildcards is
/// chosen, then the one with fewer permissions, then the first by name.
///
/// ```
/// use std::collections::BTreeMap;
/// use jit_access::config::Config;
/// use jit_access::model::{Action, Permission, PermissionSet};
/// use jit_access::internal::summary::smaller_role;
///
/// let config = Config::parse("jit_access: {roles: {operator: {permissions: ['tools.*']}, reader: {permissions: [tools.read]}}}", [])?;
/// let granted = PermissionSet::new([Permission::new("tools.*")?])?;
/// let smaller = smaller_role(&granted, &[Action::new("tools.read")?], &config.rules.catalogue).ok_or("none")?;
/// assert_eq!(smaller.role.as_str(), "reader");
/// assert_eq!(smaller.inside.first().map(|held| held.within.as_str()), Some("tools.*"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn smaller_role(
    granted: &PermissionSet,
    done: &[Action],
    catalogue: &BTreeMap<RoleName, Role>,
) -> Option<SmallerRole> {
    smallest(granted, done, catalogue.iter().map(|(name, role)| (name, &role.permissions)))
}

/// The same, from the permissions of each role.
pub(super) fn smallest<'a>(
    granted: &PermissionSet,
    done: &[Action],
    catalogue: impl Iterator<Item = (&'a RoleName, &'a PermissionSet)>,
) -> Option<SmallerRole> {
    if done.is_empty() {
        return None;
    }
    let covers_all = |given: &PermissionSet| done.iter().all(|action| given.covers(action));
    let is_smaller = |given: &PermissionSet| given.is_within(granted) && !granted.is_within(given);
    let fitting: Vec<_> = catalogue.filter(|(_, given)| covers_all(given) && is_smaller(given)).collect();
    let size = |(name, given): &(&RoleName, &PermissionSet)| {
        let allowed = given.allowed();
        let wildcards = allowed.iter().filter(|one| one.is_everything() || one.wildcard_prefix().is_some()).count();
        (wildcards, allowed.len(), (*name).clone())
    };
    let holds_a_smaller_one =
        |given: &PermissionSet| fitting.iter().any(|(_, other)| other.is_within(given) && !given.is_within(other));
    let (role, given) = fitting.iter().copied().filter(|(_, given)| !holds_a_smaller_one(given)).min_by_key(size)?;
    let inside = given.allowed().iter().filter_map(|permission| {
        let within = granted.allowed().iter().find(|one| one.includes(permission))?;
        Some(IncludedPermission { permission: permission.clone(), within: within.clone() })
    });
    Some(SmallerRole { role: role.clone(), inside: inside.collect(), excepted: granted.excepted().to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(allowed: &[&str], excepted: &[&str]) -> PermissionSet {
        let all = |names: &[&str]| names.iter().map(|name| Permission::new(name).unwrap()).collect::<Vec<_>>();
        PermissionSet::with_exceptions(all(allowed), all(excepted)).unwrap()
    }

    fn catalogue(roles: &[(&str, PermissionSet)]) -> BTreeMap<RoleName, Role> {
        let role = |(name, permissions): &(&str, PermissionSet)| {
            let name = RoleName::new(name).unwrap();
            let role = Role {
                name: name.clone(),
                description: String::new(),
                permissions: permissions.clone(),
                max_duration: None,
                default_duration: None,
                approver_roles: None,
                approval: vec![],
                requestable_by: None,
                conditions: crate::model::Conditions::default(),
                conflicts_with: vec![],
            };
            (name, role)
        };
        roles.iter().map(role).collect()
    }

    fn smallest(granted: &PermissionSet, done: &[&str], roles: &[(&str, PermissionSet)]) -> Option<String> {
        let done: Vec<_> = done.iter().map(|name| Action::new(name).unwrap()).collect();
        smaller_role(granted, &done, &catalogue(roles)).map(|found| found.role.to_string())
    }

    #[test]
    fn what_lies_outside_of_the_grant_is_never_proposed() {
        let granted = set(&["tools.*"], &["tools.delete"]);
        let roles = [
            ("all", set(&["*"], &[])),
            ("deleter", set(&["tools.delete", "tools.read"], &[])),
            ("same", set(&["tools.*"], &["tools.delete"])),
            ("other", set(&["logs.read", "tools.read"], &[])),
        ];
        assert_eq!(smallest(&granted, &["tools.read"], &roles), None);
        let more = [&roles[..], &[("reader", set(&["tools.read", "tools.list"], &[]))]].concat();
        assert_eq!(smallest(&granted, &["tools.read"], &more).as_deref(), Some("reader"));
        assert_eq!(smallest(&granted, &["tools.read", "tools.run"], &more), None, "it does not cover all");
        assert_eq!(smallest(&granted, &[], &more), None, "nothing was done");
    }

    #[test]
    fn the_innermost_is_taken_then_the_narrowest_then_the_first() {
        let granted = set(&["*"], &[]);
        let roles = [
            ("a-wide", set(&["tools.*"], &[])),
            ("b-inner", set(&["tools.read", "tools.list"], &[])),
            ("c-other", set(&["tools.read", "logs.*"], &[])),
            ("d-twin", set(&["tools.read", "logs.read"], &[])),
        ];
        assert_eq!(smallest(&granted, &["tools.read"], &roles).as_deref(), Some("b-inner"));
        assert_eq!(smallest(&granted, &["tools.run"], &roles).as_deref(), Some("a-wide"));
    }
}
