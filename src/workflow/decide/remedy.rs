//! The requests that would lift a denial.

use super::case::Case;
use super::eligibility::check_not_disabled;
use super::offer::{tried, width};
use super::terms::limited;
use crate::command::Submit;
use crate::model::{
    Action, ApprovalRule, Caller, Permission, PermissionSet, Resource, RiskLevel, Role, RoleName, Scope, Timestamp, Ttl,
};
use crate::workflow::{Ids, Refusal, Rules, View};

/// A request that would be accepted now and that gives the denied access.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let engine = world::engine_of("[tools.execute, tools.delete]")?;
/// use jit_access::command::ListRemedies;
/// use jit_access::model::{Action, Caller, Principal, Resource};
///
/// let dev = Caller::new(Principal::user("dev@example.com")?, vec![]);
/// let denied = ListRemedies::new(Action::new("tools.execute")?).resource("tool:deploy".parse::<Resource>()?);
/// let remedies = engine.workflow().remedies(&dev, &denied)?;
/// let given: Vec<_> = remedies.options.iter().map(|one| one.permissions.allowed().len()).collect();
/// assert_eq!(given, [1, 2], "the action alone, then the whole role");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// The role to request.
    pub role: RoleName,
    /// What the role is for; empty when the operator wrote nothing.
    pub description: String,
    /// What the request would be for.
    pub permissions: PermissionSet,
    /// Whether that is only a part of the role.
    pub is_part: bool,
    /// Where.
    pub scope: Scope,
    /// The length of a request that names none.
    pub default_duration: Ttl,
    /// The longest grant.
    pub max_duration: Ttl,
    /// Whether a request needs a reason.
    pub needs_reason: bool,
    /// Whether a request must have a ticket.
    pub needs_ticket: bool,
    /// The required approvals.
    pub approval: Vec<ApprovalRule>,
    /// The rule that would approve such a request now.
    pub approved_by_rule: Option<String>,
    /// How much could go wrong with it.
    pub risk: RiskLevel,
}

impl Remedy {
    /// The request for it.
    #[must_use]
    pub fn submit(&self) -> Submit {
        let submit = Submit::new(self.role.clone()).resource(self.scope.clone());
        if self.is_part { submit.permissions(self.permissions.clone()) } else { submit }
    }
}

/// The requests of this caller that would be accepted now and that give this action on this resource, the one with the
/// least access first.
///
/// # Errors
/// When the caller is disabled.
pub fn remedies(
    view: &View,
    caller: &Caller,
    ids: Ids,
    rules: &Rules,
    (action, resource): (&Action, &Resource),
    now: Timestamp,
) -> Result<Vec<Remedy>, Refusal> {
    check_not_disabled(caller, view)?;
    let Ok(exact) = action.to_string().parse::<Permission>() else { return Ok(Vec::new()) };
    if rules.reserves(false, action.name()) {
        return Ok(Vec::new());
    }
    let scope = if resource.is_everything() {
        Scope::ANY
    } else {
        match Scope::one(resource.kind().name(), resource.id()) {
            Ok(scope) => scope,
            // A resource whose id looks like a wildcard: only everything could be requested.
            Err(_) => return Ok(Vec::new()),
        }
    };
    let case = Case { view, caller, ids, rules, now, dry_run: true, keyed: false };
    let mut found = Vec::new();
    for role in rules.catalogue.values().filter(|role| role.permissions.covers(action)) {
        let Some(whole) = role.permissions.difference(rules.reserved(false)) else { continue };
        let alone = PermissionSet::new([exact.clone()]).ok().filter(|alone| whole != *alone);
        let parts = alone.into_iter().map(|alone| (alone, true)).chain([(whole, false)]);
        for (permissions, is_part) in parts {
            found.extend(remedy(&case, role, &permissions, is_part, &scope));
        }
    }
    // Among roles that give the action alone, the one with the fewest permissions: its approvers know its purpose.
    let whole = |role: &RoleName| rules.catalogue.get(role).map_or(0, |role| width(&role.permissions));
    found.sort_by_cached_key(|one| (width(&one.permissions), whole(&one.role), one.role.clone()));
    Ok(found)
}

/// The dry run of the request; `None` when it would be refused.
fn remedy(case: &Case<'_>, role: &Role, permissions: &PermissionSet, is_part: bool, scope: &Scope) -> Option<Remedy> {
    let rules = case.rules;
    let submit = Submit::new(role.name.clone()).resource(scope.clone());
    let submit = if is_part { submit.permissions(permissions.clone()) } else { submit };
    let tried = tried(case, submit).ok()?;
    Some(Remedy {
        role: role.name.clone(),
        description: role.description.clone(),
        permissions: permissions.clone(),
        is_part,
        scope: scope.clone(),
        default_duration: limited(None, role, rules).0,
        max_duration: role.max_duration.map_or(rules.max_duration, |max| max.min(rules.max_duration)),
        needs_reason: rules.require_justification,
        needs_ticket: rules.require_ticket_url,
        approval: rules.approval_of(role),
        approved_by_rule: tried.approved_by_rule,
        risk: tried.risk,
    })
}
