//! What other rules would change about existing grants and requests.
//!
//! An operator calls this before tightening the configuration; at a start it is logged for the configuration in force.

use super::case::each;
use super::ending::no_longer_extending;
use super::terms::longest;
use super::today::todays_cut;
use crate::model::{
    AccessRequest, Actor, Event, Fact, Grant, GrantId, Justification, Principal, RequestId, RoleName, Timestamp,
};
use crate::workflow::{OnRoleChange, RefusalCode, Rules, View};

/// That rules change something about a live grant or a request that waits for an answer.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, .. } = world::requested()?;
/// use jit_access::config::Config;
///
/// // A request of the role `deployer` for an hour waits for an answer.
/// let roles = "roles: {deployer: {permissions: [tools.execute]}}";
/// let tighter = Config::parse(&format!("jit_access: {{max_duration_hours: 0.5, approver_roles: [lead], {roles}}}"), [])?;
/// let impact = engine.rules_impact(&tighter.rules)?;
/// assert_eq!((impact.len(), impact[0].key.as_str()), (1, "max_duration_hours"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RulesImpact {
    /// The live grant; `None` for a pending request.
    pub grant: Option<GrantId>,
    /// The request, or the one that the grant answers.
    pub request: RequestId,
    /// The holder of the grant, or the requester.
    pub principal: Principal,
    /// The role.
    pub role: RoleName,
    /// The key of the configuration that it is about.
    pub key: String,
    /// What follows.
    pub effect: String,
}

/// What these rules change about a grant that is live at `now`; nothing for an ended grant.
#[must_use]
pub fn impact_on_grant(grant: &Grant, rules: &Rules, now: Timestamp) -> Vec<RulesImpact> {
    let mut found = Vec::new();
    let mut add = |key: String, effect: &str| {
        found.push(RulesImpact {
            grant: Some(grant.id),
            request: grant.request,
            principal: grant.holder.clone(),
            role: grant.role.clone(),
            key,
            effect: effect.to_owned(),
        });
    };
    if !grant.status(now).is_live() {
        return found;
    }
    if !rules.enabled {
        add("enabled".to_owned(), "is not honoured");
    }
    let emergency = grant.break_glass.is_some();
    match grant.permissions.difference(rules.reserved(emergency)) {
        None => add("reserved_permissions".to_owned(), "gives nothing any more"),
        Some(left) if left != grant.permissions => add("reserved_permissions".to_owned(), "gives less from now on"),
        Some(_) => {}
    }
    if emergency {
        if !rules.break_glass.enabled {
            add("break_glass.enabled".to_owned(), GOES_ON);
        }
        return found;
    }
    let role_changed = match rules.on_role_change {
        OnRoleChange::Keep => GOES_ON,
        OnRoleChange::Revoke => "is revoked at the start",
    };
    if let Some(key) = beyond_its_role(grant, rules) {
        add(key, role_changed);
    }
    let Some(role) = rules.catalogue.get(&grant.role) else { return found };
    let key = |name: &str| format!("roles.{}.{name}", role.name);
    let (longest, limit) = longest(role, rules);
    if grant.window.end().millis().saturating_sub(grant.window.start().millis()) > longest.millis() {
        add(limit, GOES_ON);
    }
    if !grant.conditions.is_within(&role.conditions) {
        add(key("conditions"), GOES_ON);
    }
    found
}

/// What becomes of a grant that was approved under other rules, where nothing binds it at each use.
const GOES_ON: &str = "continues to its end as it was approved";

/// What these rules change about a request that waits for an answer at `now`; nothing about one that has it.
#[must_use]
pub fn impact_on_request(request: &AccessRequest, rules: &Rules, now: Timestamp) -> Vec<RulesImpact> {
    let impact = |key: String, effect: String| RulesImpact {
        grant: None,
        request: request.id,
        principal: request.requester.clone(),
        role: request.role.clone(),
        key,
        effect,
    };
    if !request.status(now).is_open() {
        return Vec::new();
    }
    if !rules.enabled {
        return vec![impact("enabled".to_owned(), "cannot be approved".to_owned())];
    }
    match todays_cut(request, &request.terms(), rules) {
        Ok((_, limits)) => limits.into_iter().map(|key| impact(key, "is cut when it is approved".to_owned())).collect(),
        Err(refusal) => {
            let key = match refusal.code() {
                RefusalCode::JustificationRequired => "require_justification".to_owned(),
                RefusalCode::TicketRequired => "require_ticket_url".to_owned(),
                _ if !rules.catalogue.contains_key(&request.role) => format!("roles.{}", request.role),
                _ => match request.terms().permissions.difference(rules.reserved(false)) {
                    None => "reserved_permissions".to_owned(),
                    Some(_) => format!("roles.{}.permissions", request.role),
                },
            };
            vec![impact(key, "cannot be approved".to_owned())]
        }
    }
}

/// The key by which a grant permits more than its role does now, if it does.
fn beyond_its_role(grant: &Grant, rules: &Rules) -> Option<String> {
    match rules.catalogue.get(&grant.role) {
        None => Some(format!("roles.{}", grant.role)),
        Some(role) if !grant.permissions.is_within(&role.permissions) => {
            Some(format!("roles.{}.permissions", grant.role))
        }
        Some(_) => None,
    }
}

/// Ends the live grants of `view` that permit more than their roles do now, if `on_role_change` says so. Break-glass
/// grants, which are short, remain: a new configuration must not end an emergency.
#[must_use]
pub fn end_changed_roles(view: &View, rules: &Rules, now: Timestamp) -> Vec<Event> {
    if rules.on_role_change == OnRoleChange::Keep {
        return Vec::new();
    }
    let live = view.history.live.iter().filter(|grant| grant.status(now).is_live() && grant.break_glass.is_none());
    let changed: Vec<_> = live.filter_map(|grant| Some((grant.id, beyond_its_role(grant, rules)?))).collect();
    let ids = changed.iter().map(|(grant, _)| *grant).collect();
    let end = |(grant, key): (GrantId, String)| {
        let reason = Justification::fitting(&format!("{key} was changed, and the grant gave more than that"));
        Fact::GrantRevoked { grant, reason }
    };
    let mut events = each(now, &Actor::Rule("on_role_change".into()), changed.into_iter().map(end));
    events.extend(no_longer_extending(view, &ids, now));
    events
}
