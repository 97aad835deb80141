//! Which parts of a role were granted and never used, and which role of the catalogue would be enough.

use std::collections::{BTreeMap, BTreeSet};

use super::rests_on::RestsOn;
use crate::model::{Action, Grant, GrantId, Permission, PermissionSet, Principal, Resource, Role, RoleName, Timestamp};
use crate::summary::{IncludedPermission, SmallerRole, smaller_role};

/// The use of one role, or of all roles of a person, in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightSize {
    /// The history that it rests on.
    pub rests_on: RestsOn,
    /// By role.
    pub roles: Vec<RoleUse>,
}

/// The use of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleUse {
    /// The role.
    pub role: RoleName,
    /// How many grants of it were made in the period, or used in it.
    pub grants: u64,
    /// How many of the grants were never used.
    pub unused_grants: u64,
    /// How many principals held them.
    pub holders: u64,
    /// How often it was used.
    pub uses: u64,
    /// The permissions of the role in the catalogue; without an entry there, those that were granted.
    pub given: Option<PermissionSet>,
    /// The permissions that were used, the most frequent first.
    pub used: Vec<PermissionUse>,
    /// The permissions that were granted and never used.
    pub never_used: Vec<Permission>,
    /// The role that would be enough; `None` when everything was used, or nothing.
    pub proposal: Option<Proposal>,
    /// A smaller role of the catalogue that would have been enough, if there is one.
    pub smaller: Option<SmallerRole>,
}

/// How often a permission was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionUse {
    /// The action.
    pub action: Action,
    /// How often.
    pub count: u64,
    /// By how many principals.
    pub holders: u64,
    /// On how many different resources; the first thousand are counted.
    pub resources: u64,
    /// The instant of the last use.
    pub last: Timestamp,
}

/// A role of the catalogue that gives what was used and nothing beyond what was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its permissions.
    pub permissions: PermissionSet,
    /// Each of its permissions with the granted one that includes it.
    pub inside: Vec<IncludedPermission>,
    /// The entry as the configuration has it below `roles`, on one line of YAML.
    pub entry: String,
}

/// From how many different actions a wildcard is kept.
const KEPT_WILDCARD: usize = 50;
const RESOURCES: usize = 1_000;

/// Takes in grants and uses, and computes what was used.
#[derive(Debug, Default)]
pub struct Collector {
    roles: BTreeMap<RoleName, Found>,
}

#[derive(Debug, Default)]
struct Found {
    grants: BTreeMap<GrantId, (Principal, PermissionSet, bool)>,
    uses: u64,
    actions: BTreeMap<Action, Used>,
}

#[derive(Debug)]
struct Used {
    count: u64,
    holders: BTreeSet<Principal>,
    resources: BTreeSet<Resource>,
    last: Timestamp,
}

impl Collector {
    /// A grant that was made in the period.
    pub fn granted(&mut self, grant: &Grant) {
        let found = self.roles.entry(grant.role.clone()).or_default();
        let fresh = || (grant.holder.clone(), grant.permissions.clone(), false);
        found.grants.entry(grant.id).or_insert_with(fresh);
    }

    /// A use of this grant.
    pub fn used(&mut self, grant: &Grant, action: &Action, resource: &Resource, at: Timestamp) {
        self.granted(grant);
        let Some(found) = self.roles.get_mut(&grant.role) else { return };
        if let Some(known) = found.grants.get_mut(&grant.id) {
            known.2 = true;
        }
        found.uses += 1;
        let fresh = || Used { count: 0, holders: BTreeSet::new(), resources: BTreeSet::new(), last: at };
        let used = found.actions.entry(action.clone()).or_insert_with(fresh);
        used.count += 1;
        used.last = used.last.max(at);
        used.holders.insert(grant.holder.clone());
        if used.resources.len() < RESOURCES {
            used.resources.insert(resource.clone());
        }
    }

    /// The use of each role; `asked` is included even if it had no grant. `reserved` is what the operator excludes from
    /// grants.
    #[must_use]
    pub fn finish(
        mut self,
        asked: Option<&RoleName>,
        catalogue: &BTreeMap<RoleName, Role>,
        reserved: &[Permission],
        rests_on: RestsOn,
    ) -> RightSize {
        if let Some(role) = asked {
            self.roles.entry(role.clone()).or_default();
        }
        let role_use = |(role, found)| role_use(role, found, catalogue, reserved);
        RightSize { rests_on, roles: self.roles.into_iter().map(role_use).collect() }
    }
}

fn role_use(role: RoleName, found: Found, catalogue: &BTreeMap<RoleName, Role>, reserved: &[Permission]) -> RoleUse {
    let Found { grants, uses, actions } = found;
    let entry = catalogue.get(&role).and_then(|entry| entry.permissions.difference(reserved));
    let given = entry.or_else(|| together(grants.values().map(|(_, permissions, _)| permissions)));
    let done: Vec<Action> = actions.keys().cloned().collect();
    let is_unused = |permission: &&Permission| !done.iter().any(|action| permission.covers(action));
    let never_used = given.iter().flat_map(PermissionSet::allowed).filter(is_unused).cloned().collect();
    let holders: BTreeSet<&Principal> = grants.values().map(|(holder, ..)| holder).collect();
    let mut used: Vec<PermissionUse> = actions
        .into_iter()
        .map(|(action, used)| PermissionUse {
            action,
            count: used.count,
            holders: used.holders.len() as u64,
            resources: used.resources.len() as u64,
            last: used.last,
        })
        .collect();
    used.sort_by_key(|one| std::cmp::Reverse(one.count));
    RoleUse {
        grants: grants.len() as u64,
        unused_grants: grants.values().filter(|(.., is_used)| !is_used).count() as u64,
        holders: holders.len() as u64,
        uses,
        proposal: given.as_ref().and_then(|given| propose(&role, given, &done)),
        smaller: given.as_ref().and_then(|given| smaller_role(given, &done, catalogue)),
        given,
        used,
        never_used,
        role,
    }
}

/// The union of these sets.
fn together<'a>(sets: impl Iterator<Item = &'a PermissionSet> + Clone) -> Option<PermissionSet> {
    let allowed: BTreeSet<Permission> = sets.clone().flat_map(PermissionSet::allowed).cloned().collect();
    // What one set excepts and another gives is given.
    let is_given = |one: &Permission| {
        let alone = PermissionSet::new([one.clone()]).ok();
        alone.is_some_and(|alone| sets.clone().any(|set| alone.is_within(set)))
    };
    let excepted: BTreeSet<Permission> =
        sets.clone().flat_map(PermissionSet::excepted).filter(|one| !is_given(one)).cloned().collect();
    PermissionSet::with_exceptions(allowed, excepted).ok()
}

fn propose(role: &RoleName, given: &PermissionSet, done: &[Action]) -> Option<Proposal> {
    let mut inside: Vec<IncludedPermission> = Vec::new();
    for within in given.allowed() {
        let covered: Vec<&Action> =
            done.iter().filter(|action| within.covers(action) && given.covers(action)).collect();
        if covered.len() > KEPT_WILDCARD {
            inside.push(IncludedPermission { permission: within.clone(), within: within.clone() });
            continue;
        }
        for action in covered {
            let permission = Permission::new(action.name()).ok()?;
            if !inside.iter().any(|held| held.permission.includes(&permission)) {
                inside.push(IncludedPermission { permission, within: within.clone() });
            }
        }
    }
    inside.sort_by(|a, b| a.permission.as_str().cmp(b.permission.as_str()));
    let allowed = inside.iter().map(|held| held.permission.clone());
    let kept_wildcard = inside.iter().any(|held| held.permission.wildcard_prefix().is_some());
    let excepted = given.excepted().iter().filter(|_| kept_wildcard).cloned();
    let permissions = PermissionSet::with_exceptions(allowed, excepted).ok()?;
    if given.is_within(&permissions) || !permissions.is_within(given) {
        return None;
    }
    let quoted = |all: &[Permission]| {
        let all: Vec<&str> = all.iter().map(Permission::as_str).collect();
        serde_json::json!(all).to_string()
    };
    let name = serde_json::json!(role.as_str());
    let entry = format!("{name}: {{permissions: {}}}", quoted(permissions.allowed()));
    Some(Proposal { permissions, inside, entry })
}
