//! What a request would newly permit, and its risk.
//!
//! Everything is computed from known data: the request, the requester's standing permissions as reported by the host,
//! their earlier requests, and the operator's settings. A request that adds nothing has no risk.

use super::{History, Rules};
use crate::model::{
    AccessRequest, Assessment, Caller, Permission, PermissionSet, RequestState, RiskFactor, RiskLevel, RiskReason,
    Role, Scope, Terms, Timestamp,
};

/// More permissions than this are many.
const MANY: usize = 10;
/// A grant longer than this is a long one.
const LONG_MILLIS: i64 = 4 * 3_600_000;
/// This many requests for one role in [`RECENT_MILLIS`] count as repeated.
const REPEATED: usize = 3;
const RECENT_MILLIS: i64 = 7 * 24 * 3_600_000;

/// Parts of names of actions that destroy something or change others' rights.
const DESTRUCTIVE: &[&str] =
    &["delete", "remove", "purge", "destroy", "drop", "truncate", "wipe", "invalidate", "revoke"];
const ADMINISTRATIVE: &[&str] = &["admin", "manage", "user_management", "permissions", "roles", "rbac", "impersonate"];

/// The assessment of these terms for an approver. `begins` is the earliest instant at which the grant can start.
pub(super) fn assess(
    caller: &Caller,
    role: &Role,
    terms: &Terms,
    history: &History,
    rules: &Rules,
    now: Timestamp,
    begins: Timestamp,
) -> Assessment {
    let standing = caller.permissions.as_deref().unwrap_or_default();
    let Some(new) = terms.permissions.difference(standing) else {
        return Assessment { newly_permitted: None, level: RiskLevel::Low, reasons: Vec::new() };
    };
    let mut reasons = Vec::new();
    let mut add = |factor, detail: String| reasons.push(RiskReason { factor, detail });
    let all = new.allowed();
    if all.iter().any(Permission::is_everything) {
        add(RiskFactor::Everything, "every permission of the host".to_owned());
    } else {
        if let Some(names) = listed(all.iter().filter(|one| has_part(one, ADMINISTRATIVE))) {
            add(RiskFactor::Administrative, names);
        }
        if let Some(names) = listed(all.iter().filter(|one| has_part(one, DESTRUCTIVE))) {
            add(RiskFactor::Destructive, names);
        }
        if let Some(names) = listed(all.iter().filter(|one| one.wildcard_prefix().is_some())) {
            add(RiskFactor::Wildcard, names);
        }
    }
    if all.len() > MANY {
        add(RiskFactor::ManyPermissions, format!("{} permissions", all.len()));
    }
    let conflicts = |name| role.conflicts_with.contains(name);
    let held = caller.roles.iter().chain(history.live.iter().map(|grant| &grant.role)).filter(|name| conflicts(name));
    if let Some(names) = listed(held) {
        add(RiskFactor::ConflictOfDuties, format!("held together with {names}"));
    }
    if let Some(scopes) = listed(rules.risk.production.iter().filter(|one| terms.scope.intersection(one).is_some())) {
        add(RiskFactor::Production, scopes);
    }
    if terms.scope == Scope::ANY {
        add(RiskFactor::Everywhere, "no resource named".to_owned());
    }
    if terms.duration.millis() > LONG_MILLIS {
        add(RiskFactor::Long, format!("{} hours", terms.duration.hours()));
    }
    if let Some(outside) = outside_working_hours(rules, begins) {
        add(outside.factor, outside.detail);
    }
    let asked = history.requests.iter().filter(|request| request.role == role.name);
    let recent = asked.clone().filter(|one| now.millis().saturating_sub(one.created_at.millis()) < RECENT_MILLIS);
    let recent = recent.count();
    if !asked.clone().any(|request| request.state == RequestState::Approved) {
        add(RiskFactor::FirstTime, format!("`{}` was never granted to {}", role.name, caller.principal));
    }
    if recent >= REPEATED {
        add(RiskFactor::Repeated, format!("asked for {recent} times in the last 7 days"));
    }
    if caller.permissions.is_none() {
        add(RiskFactor::StandingUnknown, "the host did not say what the requester may do already".to_owned());
    }
    assessment(new, reasons)
}

/// The level that follows from these reasons.
fn assessment(new: PermissionSet, mut reasons: Vec<RiskReason>) -> Assessment {
    reasons.sort_by_key(|reason| reason.factor);
    let weight: u32 = reasons.iter().map(|reason| reason.factor.weight()).sum();
    let level = match weight {
        0..=1 => RiskLevel::Low,
        2..=3 => RiskLevel::Medium,
        4..=5 => RiskLevel::High,
        _ => RiskLevel::Critical,
    };
    Assessment { newly_permitted: Some(new), level, reasons }
}

/// The new risk of an open request whose start has passed, if it changed: its grant would start now. `None` when the
/// risk is as recorded.
#[must_use]
pub fn reassessed(request: &AccessRequest, rules: &Rules, now: Timestamp) -> Option<Assessment> {
    let missed = request.status(now).is_open() && request.starts_at.is_some_and(|start| start < now);
    let new = request.assessment.newly_permitted.as_ref().filter(|_| missed)?;
    let kept = |reason: &&RiskReason| reason.factor != RiskFactor::OutsideWorkingHours;
    let mut reasons: Vec<_> = request.assessment.reasons.iter().filter(kept).cloned().collect();
    reasons.extend(outside_working_hours(rules, now));
    let later = assessment(new.clone(), reasons);
    (later != request.assessment).then_some(later)
}

fn outside_working_hours(rules: &Rules, begins: Timestamp) -> Option<RiskReason> {
    let hours = rules.risk.working_hours.as_ref().filter(|hours| !hours.include(begins))?;
    let detail = format!("begins at {begins}, outside {hours}");
    Some(RiskReason { factor: RiskFactor::OutsideWorkingHours, detail })
}

/// Whether one of the name's segments is one of these words.
fn has_part(permission: &Permission, words: &[&str]) -> bool {
    permission.as_str().split(['.', ':']).any(|part| words.contains(&part))
}

/// The names, joined; `None` when there are none.
fn listed<T: std::fmt::Display>(names: impl Iterator<Item = T>) -> Option<String> {
    let mut names: Vec<String> = names.map(|name| name.to_string()).collect();
    names.sort();
    names.dedup();
    (!names.is_empty()).then(|| names.join(", "))
}
