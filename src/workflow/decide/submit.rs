//! Asking for a role.

use super::review::{approve_by_rule, nothing_left};
use super::{check_enabled, covered, each, extend, limits, standing};
use crate::model::{
    AccessRequest, Actor, Amendment, ApprovalStep, Caller, Conditions, Cut, DurationCut, Event, Extension, Fact,
    GrantId, Invalid, Justification, Permission, PermissionSet, RequestId, RequestState, Role, RoleName, Scope, Terms,
    TicketUrl, Timestamp, Ttl,
};
use crate::workflow::assess::assess;
use crate::workflow::authority::{Act, Entitlement};
use crate::workflow::{History, Refusal, RefusalCode, Rules, View};

/// How far ahead a start may be asked for.
const MAX_AHEAD_MILLIS: i64 = 366 * 24 * 3_600_000;

/// What a requester wants, before any rule has looked at it.
pub(super) struct Wish<'a> {
    pub(super) id: RequestId,
    pub(super) role: &'a RoleName,
    pub(super) duration: Option<Ttl>,
    pub(super) scope: &'a Scope,
    pub(super) starts_at: Option<Timestamp>,
    pub(super) conditions: &'a Conditions,
    pub(super) justification: Option<&'a Justification>,
    pub(super) ticket: Option<&'a TicketUrl>,
    /// Whether to make the request although a live grant gives already what it asks for.
    pub(super) even_if_covered: bool,
}

pub(super) fn submit(
    caller: &Caller,
    wish: Wish<'_>,
    grant: GrantId,
    view: &View,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    check_enabled(rules)?;
    let role = role_of(wish.role, rules)?;
    let (duration, duration_cut) = limited(wish.duration, role, rules);
    let given = role.permissions.difference(rules.reserved(false));
    let wanted = Entitlement {
        role: &role.name,
        permissions: given.as_ref().unwrap_or(&role.permissions),
        scope: wish.scope,
        duration,
        emergency: false,
        open_to: standing::eligible(Some(role)),
    };
    standing::check_eligible(caller, (Act::Request, &wanted), rules, now)?;
    check_words(wish.justification, wish.ticket, rules)?;
    if let Some(start) = wish.starts_at {
        check_start(start, now)?;
    }
    let terms = terms_of(role, wish.scope, duration, wish.conditions, rules.reserved(false))?;
    let covered = || covered::covering(&view.history, caller, &terms, wish.starts_at.unwrap_or(now), now).is_some();
    if !wish.even_if_covered && covered() {
        return Ok(Vec::new());
    }
    limits::check_request(&caller.principal, &view.tally, &rules.limits, now)?;
    limits::check_grant(&caller.principal, &view.tally, &rules.limits)?;
    let asked = Ask {
        id: wish.id,
        terms,
        duration_cut,
        extends: None,
        starts_at: wish.starts_at,
        answer_by: Timestamp::MAX,
        justification: wish.justification,
        ticket: wish.ticket,
    };
    ask(caller, role, asked, (grant, None), view, rules, now)
}

/// A request that the rules allow.
pub(super) struct Ask<'a> {
    pub(super) id: RequestId,
    pub(super) terms: Terms,
    pub(super) duration_cut: Option<DurationCut>,
    pub(super) extends: Option<Extension>,
    pub(super) starts_at: Option<Timestamp>,
    /// When an answer is too late, however long requests wait.
    pub(super) answer_by: Timestamp,
    pub(super) justification: Option<&'a Justification>,
    pub(super) ticket: Option<&'a TicketUrl>,
}

/// The request, and its approval when a rule stands in for a person's: one of those for everybody, or this one.
pub(super) fn ask(
    caller: &Caller,
    role: &Role,
    asked: Ask<'_>,
    (grant, rule): (GrantId, Option<Actor>),
    view: &View,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let approval: Vec<_> = rules.approval_of(role).iter().map(|rule| ApprovalStep::new(rule, now)).collect();
    let request = AccessRequest {
        approver_roles: approver_roles(&approval),
        approval,
        ..unanswered(caller, role, asked, &view.history, rules, now)
    };
    let approving_rule = rule_that_approves(caller, role, &request, rule, rules);
    if approving_rule.is_none() && request.approval.is_empty() {
        return Err(Refusal::new(
            RefusalCode::NoApprover,
            format!(
                "nobody could approve this: neither `approver_roles`, `approval` nor the role `{}` names an approver",
                role.name
            ),
        ));
    }
    let by = Actor::Principal(caller.principal.clone());
    let mut events = each(now, &by, [Fact::RequestSubmitted(Box::new(request.clone()))]);
    if let Some((rule, cut)) = approving_rule {
        events.extend(approve_by_rule(&request, &rule, cut, grant, now)?);
    }
    Ok(events)
}

/// The request as it stands before anybody has a say in it: no step of approval, and nobody who could review it.
pub(super) fn unanswered(
    caller: &Caller,
    role: &Role,
    asked: Ask<'_>,
    history: &History,
    rules: &Rules,
    now: Timestamp,
) -> AccessRequest {
    let terms = asked.terms;
    AccessRequest {
        id: asked.id,
        extends: asked.extends,
        requester: caller.principal.clone(),
        requester_acts_for: caller.acts_for.clone(),
        requester_normal_roles: caller.roles.clone(),
        requester_normal_permissions: caller.permissions.clone(),
        role: role.name.clone(),
        assessment: assess(caller, role, &terms, history, rules, now, asked.starts_at.unwrap_or(now)),
        permissions: terms.permissions,
        scope: terms.scope,
        duration: terms.duration,
        duration_cut: asked.duration_cut,
        conditions: terms.conditions,
        starts_at: asked.starts_at,
        justification: asked.justification.cloned(),
        ticket: asked.ticket.cloned(),
        approver_roles: Vec::new(),
        approval: Vec::new(),
        created_at: now,
        times_out_at: now.saturating_add(rules.approval_timeout).min(asked.answer_by),
        emergency: None,
        state: RequestState::Pending,
        version: 1,
        reviews: Vec::new(),
        answers: Vec::new(),
    }
}

/// What changes in a request when its requester asks for another length or another scope.
pub(super) fn amended(
    caller: &Caller,
    request: &AccessRequest,
    (duration, scope): (Option<Ttl>, Option<&Scope>),
    history: &History,
    rules: &Rules,
    now: Timestamp,
) -> Result<Option<Amendment>, Refusal> {
    let role = role_of(&request.role, rules)?;
    let (duration, duration_cut) = match duration {
        None => (request.duration, request.duration_cut.clone()),
        asked => match &request.extends {
            Some(extension) => extend::limited_in_all(asked, extension, request.starts_at.unwrap_or(now), role, rules)?,
            None => limited(asked, role, rules),
        },
    };
    let scope = scope.unwrap_or(&request.scope).clone();
    if request.extends.is_some() && !scope.is_within(&request.scope) {
        let message = format!("an extension reaches no further than the grant: {}", request.scope);
        return Err(Refusal::new(RefusalCode::ExtensionLimit, message));
    }
    if (duration, &scope) == (request.duration, &request.scope) {
        return Ok(None);
    }
    let terms = Terms { scope, duration, ..request.terms() };
    let begins = request.starts_at.unwrap_or(now).max(now);
    let assessment = assess(caller, role, &terms, history, rules, now, begins);
    Ok(Some(Amendment { duration, duration_cut, scope: terms.scope, assessment }))
}

/// Every role that may ever review.
fn approver_roles(approval: &[ApprovalStep]) -> Vec<RoleName> {
    let escalated = |step: &ApprovalStep| step.escalation.clone().map(|escalation| escalation.to).unwrap_or_default();
    each_once(approval.iter().flat_map(|step| step.roles.iter().cloned().chain(escalated(step))))
}

/// These roles in their order, each once.
pub(super) fn each_once(roles: impl IntoIterator<Item = RoleName>) -> Vec<RoleName> {
    let mut all = Vec::new();
    for role in roles {
        if !all.contains(&role) {
            all.push(role);
        }
    }
    all
}

/// Whether the words are there that the operator wants.
pub(super) fn check_words(
    justification: Option<&Justification>,
    ticket: Option<&TicketUrl>,
    rules: &Rules,
) -> Result<(), Refusal> {
    if rules.require_justification && justification.is_none() {
        return Err(Refusal::new(RefusalCode::JustificationRequired, "say in `reason` why you need this role"));
    }
    if rules.require_ticket_url && ticket.is_none() {
        return Err(Refusal::new(
            RefusalCode::TicketRequired,
            "give in `ticket_url` the address of the ticket that this is for",
        ));
    }
    Ok(())
}

/// The rule of the operator that stands in for a person's approval, if one does, and what it takes off. What is never to
/// be approved by a rule beats every rule that would.
fn rule_that_approves(
    caller: &Caller,
    role: &Role,
    request: &AccessRequest,
    for_this: Option<Actor>,
    rules: &Rules,
) -> Option<(Actor, Cut)> {
    let never = &rules.never_auto_approve;
    if never.roles.contains(&role.name)
        || never.scopes.iter().any(|scope| request.scope.intersection(scope).is_some())
        || never.risk_level.is_some_and(|level| request.assessment.level >= level)
    {
        return None;
    }
    if !rules.require_approval {
        Some((Actor::Rule("require_approval".into()), Cut::default()))
    } else if let Some(rule) = for_this {
        Some((rule, Cut::default()))
    } else if caller.has_any(&rules.auto_approve_for_roles) {
        let usual = role.default_duration.unwrap_or(rules.default_duration);
        let most = rules.auto_approve_max.unwrap_or(usual);
        let duration = (request.duration > most).then_some(most);
        Some((Actor::Rule("auto_approve_for_roles".into()), Cut { duration, ..Cut::default() }))
    } else {
        None
    }
}

/// What would be given: what is asked for, under the role's conditions too.
pub(super) fn terms_of(
    role: &Role,
    scope: &Scope,
    duration: Ttl,
    conditions: &Conditions,
    reserved: &[Permission],
) -> Result<Terms, Refusal> {
    let terms = Terms {
        permissions: requestable(role, reserved)?,
        scope: scope.clone(),
        duration,
        conditions: role.conditions.clone(),
    };
    let cut = Cut { conditions: conditions.clone(), ..Cut::default() };
    terms.cut(&cut).map_err(|nothing| nothing_left(&terms, nothing))
}

/// The role's permissions, less what the operator keeps out.
fn requestable(role: &Role, reserved: &[Permission]) -> Result<PermissionSet, Refusal> {
    role.permissions.difference(reserved).ok_or_else(|| {
        Refusal::new(
            RefusalCode::NothingToGrant,
            format!("every permission of the role `{}` is in `reserved_permissions`", role.name),
        )
    })
}

/// How long the grant would last, and the limit that made it shorter than asked for.
pub(super) fn limited(asked: Option<Ttl>, role: &Role, rules: &Rules) -> (Ttl, Option<DurationCut>) {
    let wanted = asked.or(role.default_duration).unwrap_or(rules.default_duration);
    let (limit, key) = match role.max_duration {
        Some(max) if max < rules.max_duration => (max, format!("roles.{}.max_duration_hours", role.name)),
        _ => (rules.max_duration, "max_duration_hours".to_owned()),
    };
    if wanted > limit { (limit, Some(DurationCut { asked: wanted, limit: key.into() })) } else { (wanted, None) }
}

fn check_start(start: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if start < now {
        return Err(Refusal::new(RefusalCode::StartsInThePast, format!("`starts_at` is {start}, and it is {now} now")));
    }
    if start.millis() - now.millis() > MAX_AHEAD_MILLIS {
        return Err(Refusal::new(RefusalCode::StartsTooLate, format!("`starts_at` is {start}, more than a year away")));
    }
    Ok(())
}

pub(super) fn role_of<'a>(name: &RoleName, rules: &'a Rules) -> Result<&'a Role, Refusal> {
    rules.catalogue.get(name).ok_or_else(|| {
        let known: Vec<_> = rules.catalogue.keys().map(|role| format!("`{role}`")).collect();
        let known = if known.is_empty() {
            "the catalogue is empty".to_owned()
        } else {
            format!("there is {}", known.join(", "))
        };
        Refusal::new(
            RefusalCode::UnknownRole,
            format!("there is no role {} to ask for; {known}", Invalid::quote(name.as_str())),
        )
    })
}
