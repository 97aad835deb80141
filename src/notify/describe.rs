//! What a notice says of a request and of a grant.

use super::{Audience, CutNotice, Link, Notice, Risk, RiskNotice};
use crate::model::{AccessRequest, Actor, Assessment, Conditions, Cut, Event, Grant, PermissionSet};

/// The notice with what is to be said of this request.
pub(super) fn about_request(notice: Notice, request: &AccessRequest, event: &Event) -> Notice {
    let (permissions, excluded_permissions) = texts(&request.permissions);
    let notice = with_assessment(notice, &request.assessment);
    Notice {
        request_id: Some(request.id.to_string()),
        request_version: Some(request.version),
        actor: Some(event.by.to_string()),
        requester: Some(request.requester.to_string()),
        person: request.requester_acts_for.as_ref().map(ToString::to_string),
        role: Some(request.role.to_string()),
        permissions,
        excluded_permissions,
        resource: Some(request.scope.to_string()),
        duration_hours: Some(request.duration.hours()),
        starts_at: request.starts_at.map(|at| at.to_string()),
        reason: request.details.justification.as_ref().map(ToString::to_string),
        ticket_url: request.details.ticket_url.as_ref().map(ToString::to_string),
        cuts: cuts_of(request),
        link: Some(Link::Request { request_id: request.id.to_string() }),
        ..notice
    }
}

/// The notice with what is to be said of this grant, and of the request that led to it.
pub(super) fn about_grant(notice: Notice, grant: &Grant, request: Option<&AccessRequest>, event: &Event) -> Notice {
    let described = describe_grant(notice, grant, request);
    Notice { actor: Some(event.by.to_string()), ..described }
}

/// The same, where nobody did anything.
pub(crate) fn describe_grant(notice: Notice, grant: &Grant, request: Option<&AccessRequest>) -> Notice {
    let (permissions, excluded_permissions) = texts(&grant.permissions);
    let notice = match request {
        Some(request) => with_assessment(notice, &request.assessment),
        None => notice,
    };
    let skipped = request.and_then(|request| request.emergency.as_ref()).map(|emergency| &emergency.skipped);
    let reviewers = grant.break_glass.as_ref().map(|owed| &owed.reviewer_roles);
    Notice {
        drill: grant.break_glass.as_ref().is_some_and(|owed| owed.drill),
        request_id: Some(grant.request.to_string()),
        request_version: request.map(|request| request.version),
        grant_id: Some(grant.id.to_string()),
        requester: Some(grant.holder.to_string()),
        person: grant.holder_acts_for.as_ref().map(ToString::to_string),
        holder: Some(grant.holder.to_string()),
        approver: Some(grant.approved_by.to_string()),
        role: Some(grant.role.to_string()),
        permissions,
        excluded_permissions,
        resource: Some(grant.scope.to_string()),
        duration_hours: Some(grant.window.length().hours()),
        starts_at: Some(grant.window.start().to_string()),
        expires_at: Some(grant.window.end().to_string()),
        reason: grant.details.justification.as_ref().map(ToString::to_string),
        ticket_url: grant.details.ticket_url.as_ref().map(ToString::to_string),
        skipped_approvers: skipped.into_iter().flatten().map(ToString::to_string).collect(),
        reviewer_roles: reviewers.into_iter().flatten().map(ToString::to_string).collect(),
        link: Some(Link::Grant { grant_id: grant.id.to_string() }),
        ..notice
    }
}

/// Who is told of what becomes of a grant: its holder, the person of a holding agent, and who approved it.
pub(super) fn holders(grant: &Grant) -> Vec<Audience> {
    let mut all = vec![Audience::Holder { person: grant.holder.clone() }];
    all.extend(grant.holder_acts_for.iter().map(|person| Audience::PersonOfAgent { person: person.clone() }));
    all.extend(approver(grant));
    all
}

/// Who approved the grant, if somebody did.
pub(crate) fn approver(grant: &Grant) -> Option<Audience> {
    match &grant.approved_by {
        Actor::Principal(person) => Some(Audience::Approver { person: person.clone() }),
        Actor::Rule(_) | Actor::Clock | Actor::Host => None,
    }
}

fn with_assessment(notice: Notice, assessment: &Assessment) -> Notice {
    let (newly, newly_excluded) = assessment.newly_permitted.as_ref().map(texts).unwrap_or_default();
    let reasons = assessment
        .reasons
        .iter()
        .map(|reason| RiskNotice { factor: reason.factor.name().to_owned(), detail: reason.detail.clone() });
    let risk = Risk { level: assessment.level.name().to_owned(), reasons: reasons.collect() };
    Notice { newly_permitted: Some(newly), newly_excluded, risk: Some(risk), ..notice }
}

/// Everything that is less than what was asked for: by a limit of the configuration, and by each approval that counts.
pub(super) fn cuts_of(request: &AccessRequest) -> Vec<CutNotice> {
    let mut cuts = Vec::new();
    if let Some(cut) = &request.duration_cut {
        cuts.push(CutNotice {
            what: "duration".to_owned(),
            from: Some(cut.asked.to_string()),
            to: request.duration.to_string(),
            by: format!("rule:{}", cut.limit),
        });
    }
    for review in request.approvals() {
        cuts.extend(cuts_by(request, &review.cut, &review.by));
    }
    cuts
}

fn cuts_by(request: &AccessRequest, cut: &Cut, by: &Actor) -> Vec<CutNotice> {
    let line = |what: &str, from: Option<String>, to: String| CutNotice {
        what: what.to_owned(),
        from,
        to,
        by: by.to_string(),
    };
    let mut lines = Vec::new();
    if let Some(limit) = &cut.permissions
        && let Some(left) = request.permissions.intersection(limit)
        && left != request.permissions
    {
        lines.push(line("permissions", Some(written(&request.permissions)), written(&left)));
    }
    if let Some(limit) = &cut.scope
        && let Some(left) = request.scope.intersection(limit)
        && left != request.scope
    {
        lines.push(line("resource", Some(request.scope.to_string()), left.to_string()));
    }
    if let Some(limit) = cut.duration.filter(|limit| *limit < request.duration) {
        lines.push(line("duration", Some(request.duration.to_string()), limit.to_string()));
    }
    if !cut.conditions.is_none() {
        lines.push(line("conditions", None, conditions(&cut.conditions)));
    }
    lines
}

fn conditions(all: &Conditions) -> String {
    let mut parts = Vec::new();
    parts.extend(all.mfa_within.map(|ttl| format!("second factor within {} minutes", ttl.millis() / 60_000)));
    let networks = all.networks.as_ref().map(|networks| networks.texts().collect::<Vec<_>>().join(", "));
    parts.extend(networks.map(|networks| format!("from {networks}")));
    parts.extend(all.session.as_ref().map(|session| format!("in session {session}")));
    parts.extend(all.max_uses.map(|uses| format!("{uses} uses at most")));
    parts.join("; ")
}

fn texts(set: &PermissionSet) -> (Vec<String>, Vec<String>) {
    let list = |all: &[crate::model::Permission]| all.iter().map(ToString::to_string).collect();
    (list(set.allowed()), list(set.excepted()))
}

fn written(set: &PermissionSet) -> String {
    let (allowed, excepted) = texts(set);
    let without = if excepted.is_empty() { String::new() } else { format!(" without {}", excepted.join(", ")) };
    format!("{}{without}", allowed.join(", "))
}
