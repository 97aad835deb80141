//! The roles that a caller may request.

use super::break_glass::takeable;
use super::case::Case;
use super::eligibility::{check_not_disabled, may_request};
use super::submit::submit;
use super::terms::{limited, part_of};
use crate::command::Submit;
use crate::model::{
    Actor, ApprovalRule, Caller, Conditions, Fact, Grant, GrantStatus, Justification, Permission, PermissionSet,
    RiskLevel, Role, RoleName, Scope, TicketUrl, Timestamp, Ttl,
};
use crate::workflow::assess::assess;
use crate::workflow::{Ids, Refusal, Rules, View};

/// A role of the catalogue that a caller may request.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let engine = world::engine()?;
/// use jit_access::model::{Caller, Principal};
///
/// let dev = Caller::new(Principal::user("dev@example.com")?, vec![]);
/// let offers = engine.workflow().roles(&dev)?.items;
/// assert!(offers.iter().any(|offer| offer.role.as_str() == "deployer" && offer.may_request && offer.held.is_empty()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub role: RoleName,
    /// The operator's description; may be empty.
    pub description: String,
    /// Whether the caller may request it.
    pub may_request: bool,
    /// Whether the caller may take it by break-glass, with a sign-in that is strong enough.
    pub may_break_glass: bool,
    /// Its permissions, without reserved ones.
    pub permissions: PermissionSet,
    /// Those of them that the caller has neither by standing right nor by a live grant on everything; `None` when there
    /// are none.
    pub not_held: Option<PermissionSet>,
    /// How much could go wrong with a request for all of it, everywhere, for the usual length.
    pub risk: RiskLevel,
    /// Conditions checked at every use.
    pub conditions: Conditions,
    /// The length of a request that names none.
    pub default_duration: Ttl,
    /// The longest grant.
    pub max_duration: Ttl,
    /// Whether a request must have a ticket.
    pub needs_ticket: bool,
    /// The required approvals.
    pub approval: Vec<ApprovalRule>,
    /// The rule that would approve such a request now.
    pub approved_by_rule: Option<String>,
    /// Why such a request would be refused now, although the caller may make one.
    pub refused: Option<Refusal>,
    /// The caller's live grants with any of these permissions, the one that ends last first.
    pub held: Vec<Grant>,
    /// Until when a live grant of the caller has all these permissions, everywhere and without conditions.
    pub covered_until: Option<Timestamp>,
}

/// The roles that the caller may request, or take by break-glass, the one that adds the least access first. Each offer
/// is the result of a dry run of the request.
///
/// # Errors
/// When the caller is disabled.
pub fn offers(view: &View, caller: &Caller, ids: Ids, rules: &Rules, now: Timestamp) -> Result<Vec<Offer>, Refusal> {
    check_not_disabled(caller, view)?;
    let case = Case { view, caller, ids, rules, now, dry_run: true, keyed: false };
    let mut offers: Vec<_> = rules.catalogue.values().filter_map(|role| offer(&case, role)).collect();
    offers.sort_by_cached_key(|offer| {
        let new = offer.not_held.as_ref().map_or(0, width);
        (new, width(&offer.permissions), offer.role.clone())
    });
    Ok(offers)
}

/// A measure of how much a set permits, for the order of a list.
pub(super) fn width(set: &PermissionSet) -> u64 {
    let of_one = |permission: &Permission| match permission.wildcard_prefix() {
        _ if permission.is_everything() => 100_000,
        Some(_) => 1_000,
        None => 1,
    };
    set.allowed().iter().map(of_one).sum()
}

/// The offer of this role to the caller; `None` when they may not request it, or when it permits nothing.
fn offer(case: &Case<'_>, role: &Role) -> Option<Offer> {
    let Case { view, caller, rules, now, .. } = *case;
    let may_request = may_request(case, role);
    let may_break_glass = takeable(case, &role.name, &Scope::ANY, None).is_ok();
    if !may_request && !may_break_glass {
        return None;
    }
    let (duration, _) = limited(None, role, rules);
    let reserved = rules.reserved(!may_request);
    let terms = part_of(role, None, &Scope::ANY, duration, &Conditions::default(), reserved).ok()?;
    let risk = assess(caller, role, &terms, &view.history, rules, now, now).level;
    let (approved_by_rule, refused) = match may_request.then(|| tried(case, Submit::new(role.name.clone()))) {
        Some(Ok(tried)) => (tried.approved_by_rule, None),
        Some(Err(refusal)) => (None, Some(refusal)),
        None => (None, None),
    };
    let permissions = terms.permissions;
    let is_theirs = |grant: &&Grant| {
        grant.holder == caller.principal
            && grant.holder_acts_for == caller.acts_for
            && matches!(grant.status(now), GrantStatus::Active | GrantStatus::Scheduled | GrantStatus::Suspended)
            && grant.permissions.intersection(&permissions).is_some()
    };
    let mut held: Vec<_> = view.history.live.iter().filter(is_theirs).cloned().collect();
    held.sort_by_key(|grant| (std::cmp::Reverse(grant.window.end()), grant.id));
    let gives_now = |grant: &&Grant| {
        grant.status(now) == GrantStatus::Active && grant.scope == Scope::ANY && grant.conditions.is_none()
    };
    let covering = held.iter().filter(gives_now).filter(|grant| permissions.is_within(&grant.permissions));
    let covered_until = covering.map(|grant| grant.window.end()).max();
    let by_grant = held.iter().filter(gives_now).filter(|grant| grant.permissions.excepted().is_empty());
    let granted = by_grant.flat_map(|grant| grant.permissions.allowed());
    let had: Vec<Permission> = caller.permissions.iter().flatten().chain(granted).cloned().collect();
    Some(Offer {
        role: role.name.clone(),
        description: role.description.clone(),
        may_request,
        may_break_glass,
        not_held: permissions.difference(&had).filter(|_| covered_until.is_none()),
        permissions,
        risk,
        conditions: role.conditions.clone(),
        default_duration: duration,
        max_duration: role.max_duration.map_or(rules.max_duration, |max| max.min(rules.max_duration)),
        needs_ticket: rules.require_ticket_url,
        approval: rules.approval_of(role),
        approved_by_rule,
        refused,
        held,
        covered_until,
    })
}

/// The result of a dry run of a request.
pub(super) struct Tried {
    /// The rule that would approve it.
    pub(super) approved_by_rule: Option<String>,
    /// How much could go wrong with it.
    pub(super) risk: RiskLevel,
}

/// What this request would result in, with a reason and a ticket, or why it would be refused.
pub(super) fn tried(case: &Case<'_>, sample: Submit) -> Result<Tried, Refusal> {
    let sample = match (Justification::new("what may be requested"), TicketUrl::new("https://example.com/")) {
        (Ok(reason), Ok(ticket)) => sample.reason(reason).ticket_url(ticket),
        _ => sample,
    };
    let events = submit(case, &sample)?;
    let approved_by_rule = events.iter().find_map(|event| match (&event.fact, &event.by) {
        (Fact::RequestApproved { .. }, Actor::Rule(rule)) => Some(rule.to_string()),
        _ => None,
    });
    let risk = events.iter().find_map(|event| match &event.fact {
        Fact::RequestSubmitted(request) => Some(request.assessment.level),
        _ => None,
    });
    Ok(Tried { approved_by_rule, risk: risk.unwrap_or(RiskLevel::Critical) })
}
