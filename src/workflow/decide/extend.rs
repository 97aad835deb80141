//! Asking that a grant goes on when it ends.
//!
//! An extension is a grant of its own that begins at the instant at which the one before it ends: half-open windows leave no
//! gap and no overlap. It gives the same or less. What is refused, or comes too late, leaves the grant alone.

use super::ending::known;
use super::submit::{Ask, ask, check_words, limited, role_of, terms_of};
use super::{check_enabled, limits, standing};
use crate::model::{
    Actor, Caller, DurationCut, EndKind, Event, Extension, Grant, GrantId, GrantStatus, Justification, RequestId, Role,
    Terms, Timestamp, Ttl,
};
use crate::workflow::access::asking;
use crate::workflow::authority::{About, Act, Entitlement, check};
use crate::workflow::{Refusal, RefusalCode, Rules, View};

/// What the holder wants, before any rule has looked at it.
pub(super) struct Wish<'a> {
    pub(super) id: RequestId,
    pub(super) duration: Option<Ttl>,
    pub(super) justification: Option<&'a Justification>,
}

pub(super) fn extend(
    view: &View,
    (id, next): (GrantId, GrantId),
    wish: Wish<'_>,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    check_enabled(rules)?;
    let grant = known(view.extended.as_ref(), id, caller, rules, now)?;
    if caller.principal != grant.holder {
        let message = format!("only {} can ask for an extension of this grant", grant.holder);
        return Err(Refusal::new(RefusalCode::NotTheHolder, message));
    }
    check(&asking(caller, Act::Extend, About::Grant(grant), rules, now), || None)?;
    check_extendable(view, grant, now)?;
    let waits = |request: &&crate::model::AccessRequest| {
        request.extends.is_some_and(|extension| extension.of == id) && request.status(now).is_open()
    };
    if let Some(waiting) = view.history.requests.iter().find(waits) {
        let message = format!("the request {} to extend this grant waits for an answer", waiting.id);
        return Err(Refusal::new(RefusalCode::AlreadyExtended, message));
    }
    limits::check_request(&caller.principal, &view.tally, &rules.limits, now)?;
    check_words(wish.justification, grant.ticket.as_ref(), rules)?;
    let role = role_of(&grant.role, rules)?;
    let wanted = Entitlement {
        role: &role.name,
        permissions: &grant.permissions,
        scope: &grant.scope,
        duration: limited(wish.duration, role, rules).0,
        emergency: false,
        open_to: standing::eligible(Some(role)),
    };
    standing::check_eligible(caller, (Act::Hold, &wanted), rules, now)?;
    let extension = place(view, grant, rules)?;
    let start = grant.window.end();
    let (duration, duration_cut) = limited_in_all(wish.duration, &extension, start, role, rules)?;
    let given = terms_of(role, &grant.scope, duration, &grant.conditions, rules.reserved(false))?;
    let permissions = grant.permissions.intersection(&given.permissions).ok_or_else(|| {
        let message = format!("the role `{}` gives none of this grant's permissions any more", role.name);
        Refusal::new(RefusalCode::NothingToGrant, message)
    })?;
    // What an approver has taken away is not given back by a rule.
    let taken = view.extensions.iter().filter(|later| later.number() > grant.number());
    let taken = taken.filter_map(|later| later.ended.as_ref()).any(|end| matches!(end.kind, EndKind::Revoked(_)));
    // Numbered uses were approved as that many and no more.
    let by_rule = rules.auto_extend && !taken && grant.conditions.max_uses.is_none();
    let rule = by_rule.then(|| Actor::Rule("auto_extend".into()));
    let asked = Ask {
        id: wish.id,
        terms: Terms { permissions, ..given },
        duration_cut,
        extends: Some(extension),
        starts_at: Some(start),
        answer_by: start,
        justification: wish.justification.or(grant.justification.as_ref()),
        ticket: grant.ticket.as_ref(),
    };
    ask(caller, role, asked, (next, rule), view, rules, now)
}

/// Whether the grant that a request would extend can still be extended, for someone who says yes to it.
pub(super) fn check_still_extendable(view: &View, extension: &Extension, now: Timestamp) -> Result<(), Refusal> {
    match view.extended.as_ref().filter(|grant| grant.id == extension.of) {
        Some(grant) => check_extendable(view, grant, now),
        None => Err(Refusal::new(RefusalCode::UnknownGrant, format!("there is no grant {}", extension.of))),
    }
}

/// The one place that says which grants are never extended, whoever asks and whoever approves.
fn check_extendable(view: &View, grant: &Grant, now: Timestamp) -> Result<(), Refusal> {
    if grant.break_glass.is_some() {
        let message = "access without approval is never extended; ask for the role";
        return Err(Refusal::new(RefusalCode::BreakGlassNotExtendable, message));
    }
    match grant.status(now) {
        GrantStatus::Scheduled | GrantStatus::Active => {}
        GrantStatus::Suspended => {
            let message = "this grant is held back, and is not extended before it is resumed";
            return Err(Refusal::new(RefusalCode::GrantSuspended, message));
        }
        over => {
            let message = format!("this grant is already {}; ask for the role anew", over.name());
            return Err(Refusal::new(RefusalCode::GrantOver, message));
        }
    }
    let goes_on = |later: &&Grant| later.number() > grant.number() && later.status(now).is_live();
    match view.extensions.iter().find(goes_on) {
        None => Ok(()),
        Some(later) => {
            let message = format!("this grant goes on with {} until {}; extend that one", later.id, later.window.end());
            Err(Refusal::new(RefusalCode::AlreadyExtended, message))
        }
    }
}

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

/// How long the extension would last, and the limit that made it shorter than asked for.
pub(super) fn limited_in_all(
    asked: Option<Ttl>,
    extension: &Extension,
    start: Timestamp,
    role: &Role,
    rules: &Rules,
) -> Result<(Ttl, Option<DurationCut>), Refusal> {
    let (duration, cut) = limited(asked, role, rules);
    let longest = role.max_duration.map_or(rules.max_duration, |max| max.min(rules.max_duration)).millis();
    let grants = i64::from(rules.max_extensions).saturating_add(1);
    let total = rules.max_total_duration.map_or_else(|| longest.saturating_mul(grants), Ttl::millis);
    let left = total.saturating_sub(start.millis() - extension.since.millis());
    let Ok(left) = Ttl::from_millis(left.min(Ttl::MAX.millis())) else {
        let message = "a grant and its extensions last no longer than `max_total_duration_hours` together";
        return Err(Refusal::new(RefusalCode::ExtensionLimit, message));
    };
    if duration <= left {
        return Ok((duration, cut));
    }
    let asked = cut.map_or(duration, |cut| cut.asked);
    Ok((left, Some(DurationCut { asked, limit: "max_total_duration_hours".into() })))
}
