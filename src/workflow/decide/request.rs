//! The request that a command makes, and the request that a command is about.

use super::case::Case;
use super::grant::approve_by_rule;
use crate::authz::{AuthzAction, AuthzResource};
use crate::model::{
    AccessRequest, Actor, ApprovalStep, Cut, Details, DurationCut, Event, Extension, Fact, RequestId, RequestState,
    RequestStatus, Role, RoleName, Terms, Timestamp,
};
use crate::workflow::access::may_see_request;
use crate::workflow::assess::assess;
use crate::workflow::{Refusal, RefusalCode, Rules};

/// A request that the rules have allowed.
pub(super) struct Draft {
    pub(super) terms: Terms,
    pub(super) duration_cut: Option<DurationCut>,
    pub(super) extends: Option<Extension>,
    pub(super) starts_at: Option<Timestamp>,
    /// From when on an answer is too late, however long requests wait.
    pub(super) answer_by: Timestamp,
    pub(super) details: Details,
}

/// The request, and its approval by a rule if there is one: one of the general rules, or `rule`.
pub(super) fn make(case: &Case<'_>, role: &Role, draft: Draft, rule: Option<Actor>) -> Result<Vec<Event>, Refusal> {
    let approval: Vec<_> = case.rules.approval_of(role).iter().map(|rule| ApprovalStep::new(rule, case.now)).collect();
    let request =
        AccessRequest { approver_roles: approver_roles(&approval), approval, ..without_approvers(case, role, draft) };
    let approving_rule = rule_that_approves(case, role, &request, rule);
    if approving_rule.is_none() && request.approval.is_empty() {
        return Err(Refusal::new(
            RefusalCode::NoApprover,
            format!(
                "nobody could approve this: neither `approver_roles`, `approval` nor the role `{}` names an approver",
                role.name
            ),
        ));
    }
    let mut events = case.events([Fact::RequestSubmitted(Box::new(request.clone()))]);
    if let Some((rule, cut)) = approving_rule {
        events.extend(approve_by_rule(case, &request, &rule, cut)?);
    }
    Ok(events)
}

/// The request without approval steps and reviewers.
pub(super) fn without_approvers(case: &Case<'_>, role: &Role, draft: Draft) -> AccessRequest {
    let Case { caller, rules, now, .. } = *case;
    let terms = draft.terms;
    let begins = draft.starts_at.unwrap_or(now);
    AccessRequest {
        id: case.ids.request,
        extends: draft.extends,
        requester: caller.principal.clone(),
        requester_acts_for: caller.acts_for.clone(),
        requester_normal_roles: caller.roles.clone(),
        requester_normal_permissions: caller.permissions.clone(),
        role: role.name.clone(),
        assessment: assess(caller, role, &terms, &case.view.history, rules, now, begins),
        permissions: terms.permissions,
        scope: terms.scope,
        duration: terms.duration,
        duration_cut: draft.duration_cut,
        conditions: terms.conditions,
        starts_at: draft.starts_at,
        details: draft.details,
        approver_roles: Vec::new(),
        approval: Vec::new(),
        created_at: now,
        times_out_at: now.saturating_add(rules.approval_timeout).min(draft.answer_by),
        emergency: None,
        state: RequestState::Pending,
        version: 1,
        reviews: Vec::new(),
        answers: Vec::new(),
        repeats: Vec::new(),
        proof: None,
    }
}

/// Every role that may review at some time.
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

/// Whether `never_auto_approve` matches the request.
pub(super) fn is_never_by_rule(request: &AccessRequest, rules: &Rules) -> bool {
    let never = &rules.never_auto_approve;
    never.roles.contains(&request.role)
        || never.scopes.iter().any(|scope| request.scope.intersection(scope).is_some())
        || never.risk_level.is_some_and(|level| request.assessment.level >= level)
}

/// The operator's rule that approves instead of a person, if there is one, and what it cuts. No rule approves a request
/// that `never_auto_approve` matches.
fn rule_that_approves(
    case: &Case<'_>,
    role: &Role,
    request: &AccessRequest,
    for_this: Option<Actor>,
) -> Option<(Actor, Cut)> {
    let rules = case.rules;
    if is_never_by_rule(request, rules) {
        return None;
    }
    if !rules.require_approval {
        Some((Actor::Rule("require_approval".into()), Cut::default()))
    } else if let Some(rule) = for_this {
        Some((rule, Cut::default()))
    } else if case.caller.has_any(&rules.auto_approve_for_roles) {
        let usual = role.default_duration.unwrap_or(rules.default_duration);
        let most = rules.auto_approve_max.unwrap_or(usual);
        let duration = (request.duration > most).then_some(most);
        Some((Actor::Rule("auto_approve_for_roles".into()), Cut { duration, ..Cut::default() }))
    } else {
        None
    }
}

/// The request, for a caller who may see it.
fn find_request<'a>(case: &Case<'a>, id: RequestId) -> Result<&'a AccessRequest, Refusal> {
    let Case { view, caller, rules, now, .. } = *case;
    match view.request.as_ref().filter(|request| request.id == id) {
        Some(request) if may_see_request(caller, request, &view.delegations, rules, now)? => Ok(request),
        _ => Err(Refusal::new(RefusalCode::UnknownRequest, format!("there is no access request {id}"))),
    }
}

/// The request, while it can still be answered.
pub(super) fn open<'a>(case: &Case<'a>, id: RequestId) -> Result<&'a AccessRequest, Refusal> {
    let request = find_request(case, id)?;
    match request.status(case.now) {
        RequestStatus::Pending | RequestStatus::NeedsInfo => Ok(request),
        RequestStatus::TimedOut => Err(Refusal::new(
            RefusalCode::RequestTimedOut,
            format!(
                "this request could be answered until {}; {} can make a new one",
                request.times_out_at, request.requester
            ),
        )),
        other => Err(not_pending(other)),
    }
}

/// The request, for its requester.
pub(super) fn own<'a>(case: &Case<'a>, id: RequestId, action: AuthzAction) -> Result<&'a AccessRequest, Refusal> {
    let request = find_request(case, id)?;
    case.may(action, AuthzResource::Request(request)).check(|| {
        let message = || format!("only {} can do this with the request", request.requester);
        (case.caller.principal != request.requester).then(|| Refusal::new(RefusalCode::NotTheRequester, message()))
    })?;
    Ok(request)
}

/// That a request is answered already.
pub(super) fn not_pending(status: RequestStatus) -> Refusal {
    Refusal::new(RefusalCode::RequestNotPending, format!("this request is already {}", status.name().replace('_', " ")))
}
