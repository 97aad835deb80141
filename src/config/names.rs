//! Misspelt names in rules that forbid.
//!
//! A misspelt name in a rule that gives something gives nothing, which is noticed. In a rule that forbids, it forbids
//! nothing, which is not noticed. So such names must be known here.

use std::collections::BTreeSet;

use super::reader::Reader;
use super::roles::Listed;
use super::spelling;
use crate::model::{Invalid, Permission, RoleName, Scope};
use crate::workflow::Rules;

/// Names, each with its place in the list of the file.
type Numbered<'a> = Vec<(usize, &'a RoleName)>;

/// Notes every such name that is unknown.
pub(super) fn check(reader: &Reader, rules: &Rules, host_roles: Option<&[RoleName]>, listed: &[Listed]) {
    let catalogue: BTreeSet<&str> = rules.catalogue.keys().map(RoleName::as_str).collect();
    let hosts = of_the_host(rules, host_roles);
    let unknown = |key: &str, names: Numbered<'_>, known: &BTreeSet<&str>, remedy: &str| {
        for (at, name) in names.into_iter().filter(|(_, name)| !known.contains(name.as_str())) {
            let near = spelling::nearest(name.as_str(), known.iter().copied());
            let expected = near.map_or_else(|| remedy.to_owned(), |near| format!("`{near}`, perhaps"));
            let problem = format!("is {}, and there is no such role", Invalid::quote(name.as_str()));
            reader.refuse(&format!("{key}[{at}]"), problem, expected);
        }
    };
    let never = rules.never_auto_approve.roles.iter().enumerate().collect();
    unknown("never_auto_approve.roles", never, &catalogue, "a role under `roles`");
    let taken = rules.break_glass.roles.iter().flatten().enumerate().collect();
    unknown("break_glass.roles", taken, &catalogue, "a role under `roles`");
    let all: BTreeSet<&str> = catalogue.iter().chain(&hosts).copied().collect();
    for role in rules.catalogue.values() {
        let key = format!("roles.{}.conflicts_with", role.name);
        let is_open = |name: &RoleName| {
            let name = name.as_str();
            host_roles.is_none() && !all.contains(name) && spelling::nearest(name, all.iter().copied()).is_none()
        };
        // When the host's roles are not listed, a name that resembles no known role may be one of them.
        for name in role.conflicts_with.iter().filter(|name| is_open(name)) {
            let shown = Invalid::quote(name.as_str());
            reader.findings().warn(format!("{key} names {shown}, which no other key names; is it a role of the host?"));
        }
        let closed = role.conflicts_with.iter().enumerate().filter(|(_, name)| !is_open(name)).collect();
        unknown(&key, closed, &all, "a role under `roles`, or one of the host's that `host_roles` lists");
    }
    for role in listed {
        exceptions(reader, role);
    }
    reserved(reader, "reserved_permissions", &rules.reserved_permissions, listed);
}

/// A resource in a rule that forbids. An id is compared whole, so `server:prod-*` would forbid nothing but a server of that name.
pub(super) fn no_wildcard(text: &str) -> Result<Scope, Invalid> {
    let scope: Scope = text.parse()?;
    let wild = scope.things().find(|thing| thing.id().contains('*')).map(|thing| *thing.kind());
    let Some(kind) = wild else { return Ok(scope) };
    let expected = format!("`{kind}` for everything of the kind, or each id");
    Err(Invalid::new("resource", format!("is {}, and an id has no wildcards", Invalid::quote(text)), expected))
}

/// The host's roles, as far as the configuration names them.
fn of_the_host<'a>(rules: &'a Rules, host_roles: Option<&'a [RoleName]>) -> BTreeSet<&'a str> {
    let of_role = rules.catalogue.values().flat_map(|role| {
        let steps = role.approval.iter().flat_map(|step| &step.roles);
        role.approver_roles.iter().chain(&role.requestable_by).flatten().chain(steps)
    });
    let general = [
        &rules.approver_roles,
        &rules.auditor_roles,
        &rules.auto_approve_for_roles,
        &rules.break_glass.eligible_roles,
        &rules.break_glass.reviewer_roles,
    ];
    let steps = rules.approval.iter().flat_map(|step| &step.roles);
    let named = general.into_iter().flatten().chain(steps).chain(of_role).chain(host_roles.into_iter().flatten());
    named.map(RoleName::as_str).collect()
}

/// An exception that removes nothing from the role's permissions.
fn exceptions(reader: &Reader, role: &Listed) {
    for (at, out) in role.excepted.iter().enumerate() {
        if role.permissions.iter().any(|given| meet(given, out)) {
            continue;
        }
        let prefixes: Vec<String> = role.permissions.iter().map(|given| beginning_like(given, out)).collect();
        let near = spelling::nearest(out.as_str(), prefixes.iter().map(String::as_str));
        let given: Vec<_> = role.permissions.iter().map(Permission::as_str).collect();
        let expected = match near {
            Some(near) => format!("`{near}`, perhaps"),
            None => format!("something that the role gives otherwise: {}", given.join(", ")),
        };
        let problem = format!("is {}, and the role `{}` does not give that", Invalid::quote(out.as_str()), role.role);
        let key = role.key.strip_prefix("jit_access.").unwrap_or(&role.key);
        reader.refuse(&format!("{key}.except_permissions[{at}]"), problem, expected);
    }
}

/// `logs:delete` for `logs.delete` when `logs:*` is given: the given prefix with the wanted end.
fn beginning_like(given: &Permission, wanted: &Permission) -> String {
    let Some(prefix) = given.wildcard_prefix() else { return given.to_string() };
    // As many segments as the wildcard names, however long they are.
    let named = prefix.matches(['.', ':']).count();
    let rest = wanted.as_str().splitn(named + 1, ['.', ':']).nth(named).unwrap_or_default();
    format!("{prefix}{rest}")
}

/// A reserved permission that no role gives is a misspelling when a role gives a similar one. Otherwise it is for
/// future roles.
fn reserved(reader: &Reader, key: &str, reserved: &[Permission], listed: &[Listed]) {
    let given: Vec<&Permission> = listed.iter().flat_map(|role| &role.permissions).collect();
    for (at, out) in reserved.iter().enumerate() {
        if given.is_empty() || given.iter().any(|given| meet(given, out)) {
            continue;
        }
        let like: Vec<String> = given.iter().map(|given| beginning_like(given, out)).collect();
        let shown = Invalid::quote(out.as_str());
        match spelling::nearest(out.as_str(), like.iter().map(String::as_str)) {
            Some(near) => {
                let problem = format!("is {shown}, which no role gives");
                reader.refuse(&format!("{key}[{at}]"), problem, format!("`{near}`, perhaps"));
            }
            None => reader.findings().warn(format!("{key} reserves {shown}, which no role gives")),
        }
    }
}

/// Whether there is an action that both give.
fn meet(one: &Permission, two: &Permission) -> bool {
    one.includes(two) || two.includes(one)
}
