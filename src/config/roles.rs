//! The roles that can be requested, and who approves them.

use std::collections::BTreeMap;

use super::reader::Reader;
use crate::model::{
    ApprovalRule, Conditions, EscalationRule, Networks, Permission, PermissionSet, Role, RoleName, Ttl,
};
use crate::workflow::Rules;

/// A role as written, before exceptions without effect were removed.
pub(super) struct Listed {
    pub(super) role: RoleName,
    pub(super) key: String,
    pub(super) permissions: Vec<Permission>,
    pub(super) excepted: Vec<Permission>,
}

/// Reads the catalogue into the rules.
pub(super) fn catalogue(reader: &mut Reader, rules: &mut Rules) -> Vec<Listed> {
    let (mut catalogue, mut listed) = (BTreeMap::new(), Vec::new());
    for (name, mut entry) in reader.sections("roles") {
        let findings = entry.findings().clone();
        let name = findings.ok(RoleName::new(&name).map_err(|error| error.for_field(entry.path().to_owned())));
        let permissions = entry.list("permissions", Permission::new).unwrap_or_default();
        let excepted = entry.list("except_permissions", Permission::new).unwrap_or_default();
        let set = PermissionSet::with_exceptions(permissions.clone(), excepted.clone());
        let set = findings.ok(set.map_err(|error| error.for_field(entry.key("permissions"))));
        let max_duration = entry.hours("max_duration_hours");
        let limit = max_duration.map_or(rules.max_duration, |max| max.min(rules.max_duration));
        let default_duration = entry.hours("default_duration_hours");
        if let Some(hours) = default_duration.filter(|hours| *hours > limit) {
            let expected = format!("at most the role's limit, which is {}", limit.hours());
            entry.refuse("default_duration_hours", format!("is {}", hours.hours()), expected);
        }
        let approver_roles = entry.list("approver_roles", RoleName::new);
        let approval = approval(&mut entry, rules.approval_timeout);
        if approver_roles.is_some() && !approval.is_empty() {
            let expected = "one of the two: the steps of `approval` name their own roles";
            entry.refuse("approver_roles", "stands beside `approval`", expected);
        }
        let description = entry.text("description").unwrap_or_default();
        let requestable_by = entry.list("requestable_by", RoleName::new);
        let conditions = conditions(&mut entry);
        let conflicts_with = entry.list("conflicts_with", RoleName::new).unwrap_or_default();
        if let (Some(name), Some(set)) = (name, set) {
            listed.push(Listed { role: name.clone(), key: entry.path().to_owned(), permissions, excepted });
            let role = Role {
                name: name.clone(),
                description,
                permissions: set,
                max_duration,
                default_duration,
                approver_roles,
                approval,
                requestable_by,
                conditions,
                conflicts_with,
            };
            catalogue.insert(name, role);
        }
        entry.finish();
    }
    rules.catalogue = catalogue;
    listed
}

fn conditions(role: &mut Reader) -> Conditions {
    let Some(mut section) = role.section("conditions") else { return Conditions::default() };
    let networks = section.list("networks", |text| Networks::new([text]).map(|_| text.to_owned()));
    let (minutes, uses) = (section.count("mfa_within_minutes", 0..=u64::MAX), section.count("max_uses", 0..=u64::MAX));
    let conditions = Conditions::new(minutes, networks.as_deref(), None, uses)
        .map_err(|error| error.clone().for_field(section.key(error.field())));
    let conditions = section.findings().ok(conditions).unwrap_or_default();
    section.finish();
    conditions
}

/// The most steps an approval has. More is a slip of the pen.
const MAX_STEPS: usize = 10;

pub(super) fn approval(reader: &mut Reader, timeout: Ttl) -> Vec<ApprovalRule> {
    let Some(steps) = reader.entries("approval") else { return Vec::new() };
    if steps.is_empty() || steps.len() > MAX_STEPS {
        let expected = format!("1 to {MAX_STEPS} steps, or the key left out");
        reader.refuse("approval", format!("has {} steps", steps.len()), expected);
        return Vec::new();
    }
    steps.into_iter().filter_map(|step| approval_step(step, timeout)).collect()
}

fn approval_step(mut step: Reader, timeout: Ttl) -> Option<ApprovalRule> {
    fn some(step: &mut Reader, name: &str) -> Option<Vec<RoleName>> {
        let roles = step.list(name, RoleName::new)?;
        if roles.is_empty() {
            step.refuse(name, "names nobody", "at least one role");
        }
        Some(roles)
    }
    let roles = some(&mut step, "roles");
    if roles.is_none() {
        step.refuse("roles", "is missing", "at least one role");
    }
    let count = step.count("count", 1..=10).and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
    let (after, to) = (step.hours("escalate_after_hours"), some(&mut step, "escalate_to"));
    let escalation = match (after, to) {
        (None, None) => None,
        (Some(after), Some(to)) => {
            if after >= timeout {
                let expected = format!("less than approval_timeout_hours, which is {}", timeout.hours());
                step.refuse("escalate_after_hours", format!("is {}", after.hours()), expected);
            }
            Some(EscalationRule { after, to })
        }
        (Some(_), None) => {
            step.refuse("escalate_to", "is missing", "at least one role");
            None
        }
        (None, Some(_)) => {
            step.refuse("escalate_after_hours", "is missing", "a number of hours");
            None
        }
    };
    step.finish();
    Some(ApprovalRule { roles: roles?, count, escalation })
}
