//! Requesting an extension.
//!
//! An extension is a separate grant that begins at the instant at which the one before it ends: half-open windows leave
//! no gap and no overlap. It gives the same or less. An extension that is denied, or approved too late, does not change
//! the grant.

use super::case::Case;
use super::eligibility::{check_eligible, check_person, eligible};
use super::ending::check_serves;
use super::grant::find_grant;
use super::limits;
use super::request::{Draft, make};
use super::terms::{check_details, limited, limited_in_all, role_of, terms_of};
use crate::authz::{AuthzAction, AuthzResource, Entitlement};
use crate::command::Extend;
use crate::model::{AccessRequest, Actor, Details, EndKind, Event, Extension, Grant, GrantStatus, Terms, Timestamp};
use crate::workflow::agents::check_budget;
use crate::workflow::{Refusal, RefusalCode, Rules, View};

pub(super) fn extend(case: &Case<'_>, extend: &Extend) -> Result<Vec<Event>, Refusal> {
    let Case { view, caller, rules, now, .. } = *case;
    case.check_enabled()?;
    let grant = find_grant(case, view.extended.as_ref(), extend.grant)?;
    if caller.principal != grant.holder {
        let message = format!("only {} can ask for an extension of this grant", grant.holder);
        return Err(Refusal::new(RefusalCode::NotTheHolder, message));
    }
    check_serves(caller, grant)?;
    case.may(AuthzAction::Extend, AuthzResource::Grant(grant)).check(|| None)?;
    check_extendable(view, grant, now)?;
    check_not_requested(view, grant, now)?;
    check_budget(caller, &view.history, &rules.agents, now)?;
    limits::check_request(&caller.principal, &view.tally, &rules.limits, now)?;
    let details = Details {
        justification: extend.reason.clone().or_else(|| grant.details.justification.clone()),
        ..grant.details.clone()
    };
    check_details(&details, rules)?;
    let role = role_of(&grant.role, rules)?;
    let wanted = Entitlement {
        role: &role.name,
        permissions: &grant.permissions,
        scope: &grant.scope,
        duration: limited(extend.duration, role, rules).0,
        emergency: false,
        eligibility: eligible(Some(role)),
    };
    check_eligible(case, AuthzAction::Hold, &wanted)?;
    check_person(caller.acts_for.as_ref(), view, &wanted, rules, now)?;
    let extension = place(view, grant, rules)?;
    let start = grant.window.end();
    let (duration, duration_cut) = limited_in_all(extend.duration, &extension, start, role, rules)?;
    let given = terms_of(role, &grant.scope, duration, &grant.conditions, rules.reserved(false))?;
    let permissions = grant.permissions.intersection(&given.permissions).ok_or_else(|| {
        let message = format!("the role `{}` gives none of this grant's permissions any more", role.name);
        Refusal::new(RefusalCode::NothingToGrant, message)
    })?;
    let draft = Draft {
        terms: Terms { permissions, ..given },
        duration_cut,
        extends: Some(extension),
        starts_at: Some(start),
        answer_by: start,
        details,
    };
    make(case, role, draft, rule_that_extends(view, grant, rules))
}

/// The rule that approves extensions, where it may approve this one.
fn rule_that_extends(view: &View, grant: &Grant, rules: &Rules) -> Option<Actor> {
    // No rule restores what an approver has revoked.
    let later = view.extensions.iter().filter(|later| later.number() > grant.number());
    let revoked = later.filter_map(|later| later.ended.as_ref()).any(|end| matches!(end.kind, EndKind::Revoked(_)));
    // Numbered uses were approved as that many and no more.
    let by_rule = rules.auto_extend && !revoked && grant.conditions.max_uses.is_none();
    by_rule.then(|| Actor::Rule("auto_extend".into()))
}

/// That no request to extend this grant waits for an answer.
fn check_not_requested(view: &View, grant: &Grant, now: Timestamp) -> Result<(), Refusal> {
    let waits = |request: &&AccessRequest| {
        request.extends.is_some_and(|extension| extension.of == grant.id) && request.status(now).is_open()
    };
    match view.history.requests.iter().find(waits) {
        None => Ok(()),
        Some(waiting) => {
            let message = format!("the request {} to extend this grant waits for an answer", waiting.id);
            Err(Refusal::new(RefusalCode::AlreadyExtended, message))
        }
    }
}

/// Whether the grant that a request would extend can still be extended when the request is approved.
pub(super) fn check_still_extendable(
    view: &View,
    extension: &Extension,
    rules: &Rules,
    now: Timestamp,
) -> Result<(), Refusal> {
    if extension.number > rules.max_extensions {
        let message = format!("`max_extensions` is {} by now; deny this request", rules.max_extensions);
        return Err(Refusal::new(RefusalCode::ExtensionLimit, message));
    }
    match view.extended.as_ref().filter(|grant| grant.id == extension.of) {
        Some(grant) => check_extendable(view, grant, now),
        None => Err(Refusal::new(RefusalCode::UnknownGrant, format!("there is no grant {}", extension.of))),
    }
}

/// The one place that defines which grants are never extended, at the request and at the approval.
fn check_extendable(view: &View, grant: &Grant, now: Timestamp) -> Result<(), Refusal> {
    if grant.break_glass.is_some() {
        let message = "a break-glass grant is never extended; request the role";
        return Err(Refusal::new(RefusalCode::BreakGlassNotExtendable, message));
    }
    match grant.status(now) {
        GrantStatus::Scheduled | GrantStatus::Active => {}
        GrantStatus::Suspended => {
            let message = "this grant is suspended, and is not extended before it is resumed";
            return Err(Refusal::new(RefusalCode::GrantSuspended, message));
        }
        over => {
            let message = format!("this grant is already {}; request the role again", over.name());
            return Err(Refusal::new(RefusalCode::GrantOver, message));
        }
    }
    let is_later = |later: &&Grant| later.number() > grant.number() && later.status(now).is_live();
    match view.extensions.iter().find(is_later) {
        None => Ok(()),
        Some(later) => {
            let message = format!("this grant goes on with {} until {}; extend that one", later.id, later.window.end());
            Err(Refusal::new(RefusalCode::AlreadyExtended, message))
        }
    }
}

/// The place of the extension in the chain of its grant.
fn place(view: &View, grant: &Grant, rules: &Rules) -> Result<Extension, Refusal> {
    let last = view.extensions.iter().map(Grant::number).max().unwrap_or(0).max(grant.number());
    if last >= rules.max_extensions {
        let message = match rules.max_extensions {
            0 => "grants are not extended here (`max_extensions` is 0)".to_owned(),
            most => format!("it was extended {last} times already, and `max_extensions` is {most}"),
        };
        return Err(Refusal::new(RefusalCode::ExtensionLimit, message));
    }
    let since = grant.extends.map_or(grant.window.start(), |extension| extension.since);
    Ok(Extension { of: grant.id, first: grant.first(), since, number: last.saturating_add(1) })
}
