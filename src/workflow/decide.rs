//! Which facts follow from a command.

use super::access::{check_reviewer, check_revoker, may_see_grant, may_see_request};
use super::{Command, Intent, Refusal, RefusalCode, Rules, View};
use crate::model::{
    AccessRequest, Actor, Caller, DurationCut, Event, Fact, Grant, GrantId, GrantStatus, Justification, Noted,
    PermissionSet, RequestState, RequestStatus, Role, RoleName, Scope, TicketUrl, Timestamp, Ttl, Window,
};

/// How far ahead a start may be asked for.
const MAX_AHEAD_MILLIS: i64 = 366 * 24 * 3_600_000;

/// The facts that follow from `command` at `now`, given what `view` holds and what the operator has set; none when the
/// command wants what is already so.
///
/// # Errors
/// The refusal, when the rules say no. Then nothing has happened.
pub fn decide(view: &View, command: &Command, rules: &Rules, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let caller = &command.caller;
    let by = Actor::Principal(caller.principal.clone());
    let facts = match &command.intent {
        Intent::Submit { id, grant, role, duration, scope, starts_at, justification, ticket } => {
            let wish = Wish {
                id: *id,
                role,
                duration: *duration,
                scope,
                starts_at: *starts_at,
                justification: justification.as_ref(),
                ticket: ticket.as_ref(),
            };
            return submit(caller, wish, *grant, rules, now);
        }
        Intent::Approve { request, grant, comment } => {
            let request = pending(view, *request, caller, rules, now)?;
            check_reviewer(caller, request)?;
            check_enabled(rules)?;
            return approve(request, *grant, by, comment.clone(), now);
        }
        Intent::Deny { request, reason } => {
            let request = pending(view, *request, caller, rules, now)?;
            check_reviewer(caller, request)?;
            vec![Fact::RequestDenied { request: request.id, reason: reason.clone() }]
        }
        Intent::Withdraw { request } => withdraw(view, *request, caller, rules, now)?,
        Intent::Revoke { grant, reason } => {
            let grant = known_grant(view, *grant, caller, rules)?;
            check_revoker(caller, grant)?;
            if_live(grant, now, Fact::GrantRevoked { grant: grant.id, reason: reason.clone() })
        }
        Intent::Release { grant } => {
            let grant = known_grant(view, *grant, caller, rules)?;
            if caller.principal != grant.holder {
                return Err(Refusal::new(
                    RefusalCode::NotTheHolder,
                    format!("only {} can release this grant; revoke it instead", grant.holder),
                ));
            }
            if_live(grant, now, Fact::GrantReleased { grant: grant.id })
        }
    };
    Ok(facts.into_iter().map(|fact| Event { at: now, by: by.clone(), fact }).collect())
}

/// What a requester wants, before any rule has looked at it.
struct Wish<'a> {
    id: crate::model::RequestId,
    role: &'a RoleName,
    duration: Option<Ttl>,
    scope: &'a Scope,
    starts_at: Option<Timestamp>,
    justification: Option<&'a Justification>,
    ticket: Option<&'a TicketUrl>,
}

fn submit(
    caller: &Caller,
    wish: Wish<'_>,
    grant: GrantId,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    check_enabled(rules)?;
    let role = rules.catalogue.get(wish.role).ok_or_else(|| unknown_role(wish.role, rules))?;
    if rules.require_justification && wish.justification.is_none() {
        return Err(Refusal::new(RefusalCode::JustificationRequired, "say in `reason` why you need this role"));
    }
    if rules.require_ticket_url && wish.ticket.is_none() {
        return Err(Refusal::new(
            RefusalCode::TicketRequired,
            "give in `ticket_url` the address of the ticket that this is for",
        ));
    }
    if let Some(start) = wish.starts_at {
        check_start(start, now)?;
    }
    let permissions = requestable(role, rules)?;
    let (duration, duration_cut) = limited(wish.duration, role, rules);
    let request = AccessRequest {
        id: wish.id,
        requester: caller.principal.clone(),
        requester_normal_roles: caller.roles.clone(),
        role: role.name.clone(),
        permissions,
        scope: wish.scope.clone(),
        duration,
        duration_cut,
        starts_at: wish.starts_at,
        justification: wish.justification.cloned(),
        ticket: wish.ticket.cloned(),
        approver_roles: rules.approvers_of(role).to_vec(),
        created_at: now,
        times_out_at: now.saturating_add(rules.approval_timeout),
        state: RequestState::Pending,
        reviews: Vec::new(),
    };
    let approving_rule = rule_that_approves(caller, rules);
    if approving_rule.is_none() && request.approver_roles.is_empty() {
        return Err(Refusal::new(
            RefusalCode::NoApprover,
            format!(
                "nobody could approve this: neither `approver_roles` nor the role `{}` names an approver",
                role.name
            ),
        ));
    }
    let mut events = vec![Event {
        at: now,
        by: Actor::Principal(caller.principal.clone()),
        fact: Fact::RequestSubmitted(Box::new(request.clone())),
    }];
    if let Some(rule) = approving_rule {
        events.extend(approve(&request, grant, rule, None, now)?);
    }
    Ok(events)
}

/// The rule of the operator that stands in for a person's approval, if one does.
fn rule_that_approves(caller: &Caller, rules: &Rules) -> Option<Actor> {
    if !rules.require_approval {
        Some(Actor::Rule("require_approval".into()))
    } else if caller.has_any(&rules.auto_approve_for_roles) {
        Some(Actor::Rule("auto_approve_for_roles".into()))
    } else {
        None
    }
}

/// The role's permissions, less what the operator keeps out of every grant.
fn requestable(role: &Role, rules: &Rules) -> Result<PermissionSet, Refusal> {
    let excepted = role.permissions.excepted().iter().chain(&rules.reserved_permissions).cloned();
    PermissionSet::with_exceptions(role.permissions.allowed().iter().cloned(), excepted).map_err(|_| {
        Refusal::new(
            RefusalCode::NothingToGrant,
            format!("every permission of the role `{}` is in `reserved_permissions`", role.name),
        )
    })
}

/// How long the grant would last, and the limit that made it shorter than asked for.
fn limited(asked: Option<Ttl>, role: &Role, rules: &Rules) -> (Ttl, Option<DurationCut>) {
    let wanted = asked.or(role.default_duration).unwrap_or(rules.default_duration);
    let (limit, key) = match role.max_duration {
        Some(max) if max < rules.max_duration => (max, format!("roles.{}.max_duration_hours", role.name)),
        _ => (rules.max_duration, "max_duration_hours".to_owned()),
    };
    if wanted > limit { (limit, Some(DurationCut { asked: wanted, limit: key.into() })) } else { (wanted, None) }
}

fn approve(
    request: &AccessRequest,
    id: GrantId,
    by: Actor,
    comment: Option<Justification>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let start = request.starts_at.filter(|start| *start > now).unwrap_or(now);
    let window = Window::starting(start, request.duration)
        .map_err(|_| Refusal::new(RefusalCode::StartsTooLate, "the grant would start at the end of time"))?;
    let begins_now = start <= now;
    let grant = Grant {
        id,
        request: request.id,
        holder: request.requester.clone(),
        holder_normal_roles: request.requester_normal_roles.clone(),
        role: request.role.clone(),
        permissions: request.permissions.clone(),
        scope: request.scope.clone(),
        window,
        justification: request.justification.clone(),
        ticket: request.ticket.clone(),
        approver_roles: request.approver_roles.clone(),
        approved_by: by.clone(),
        approved_at: now,
        ended: None,
        noted: Noted::default(),
        uses: 0,
    };
    let mut facts = vec![Fact::RequestApproved { request: request.id, comment }, Fact::GrantCreated(Box::new(grant))];
    if begins_now {
        facts.push(Fact::GrantActivated { grant: id });
    }
    Ok(facts.into_iter().map(|fact| Event { at: now, by: by.clone(), fact }).collect())
}

fn withdraw(
    view: &View,
    id: crate::model::RequestId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Fact>, Refusal> {
    let request = known_request(view, id, caller, rules)?;
    if caller.principal != request.requester {
        return Err(Refusal::new(
            RefusalCode::NotTheRequester,
            format!("only {} can withdraw this request", request.requester),
        ));
    }
    match request.status(now) {
        RequestStatus::Pending => Ok(vec![Fact::RequestWithdrawn { request: id }]),
        RequestStatus::Withdrawn => Ok(Vec::new()),
        other => Err(not_pending(other)),
    }
}

fn known_request<'a>(
    view: &'a View,
    id: crate::model::RequestId,
    caller: &Caller,
    rules: &Rules,
) -> Result<&'a AccessRequest, Refusal> {
    view.request
        .as_ref()
        .filter(|request| request.id == id && may_see_request(caller, request, rules))
        .ok_or_else(|| Refusal::new(RefusalCode::UnknownRequest, format!("there is no access request {id}")))
}

fn pending<'a>(
    view: &'a View,
    id: crate::model::RequestId,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> Result<&'a AccessRequest, Refusal> {
    let request = known_request(view, id, caller, rules)?;
    match request.status(now) {
        RequestStatus::Pending => Ok(request),
        RequestStatus::TimedOut => Err(Refusal::new(
            RefusalCode::RequestTimedOut,
            format!("this request could be answered until {}; ask again", request.times_out_at),
        )),
        other => Err(not_pending(other)),
    }
}

fn not_pending(status: RequestStatus) -> Refusal {
    Refusal::new(RefusalCode::RequestNotPending, format!("this request is already {}", status.name().replace('_', " ")))
}

fn known_grant<'a>(view: &'a View, id: GrantId, caller: &Caller, rules: &Rules) -> Result<&'a Grant, Refusal> {
    view.grant
        .as_ref()
        .filter(|grant| grant.id == id && may_see_grant(caller, grant, rules))
        .ok_or_else(|| Refusal::new(RefusalCode::UnknownGrant, format!("there is no grant {id}")))
}

/// Ending a grant that is already over, however it ended, is no new fact: revocation is idempotent and final.
fn if_live(grant: &Grant, now: Timestamp, fact: Fact) -> Vec<Fact> {
    match grant.status(now) {
        GrantStatus::Scheduled | GrantStatus::Active => vec![fact],
        GrantStatus::Expired | GrantStatus::Revoked | GrantStatus::Released => Vec::new(),
    }
}

fn check_enabled(rules: &Rules) -> Result<(), Refusal> {
    if rules.enabled {
        Ok(())
    } else {
        Err(Refusal::new(RefusalCode::Disabled, "just-in-time access is switched off (`enabled: false`)"))
    }
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

fn unknown_role(name: &RoleName, rules: &Rules) -> Refusal {
    let known: Vec<_> = rules.catalogue.keys().map(|role| format!("`{role}`")).collect();
    let known =
        if known.is_empty() { "the catalogue is empty".to_owned() } else { format!("there is {}", known.join(", ")) };
    Refusal::new(
        RefusalCode::UnknownRole,
        format!("there is no role {} to ask for; {known}", crate::model::Invalid::quote(name.as_str())),
    )
}
