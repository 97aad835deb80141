//! The description of a request and of a grant in a notice.

use super::{Audience, CutNotice, Link, Notice, Risk, RiskNotice};
use crate::model::{AccessRequest, Assessment, Event, Grant, PermissionSet};
use crate::workflow::{self, CutLine};

/// Adds the description of this request to the notice.
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

/// Adds the description of this grant, and of its request, to the notice.
pub(super) fn about_grant(notice: Notice, grant: &Grant, request: Option<&AccessRequest>, event: &Event) -> Notice {
    let described = describe_grant(notice, grant, request);
    Notice { actor: Some(event.by.to_string()), ..described }
}

/// The same, without an actor.
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

/// Adds what only the request contains: what the access newly permits, its risk, and whose approval was skipped.
pub(crate) fn with_request(notice: Notice, request: &AccessRequest) -> Notice {
    let skipped = request.emergency.as_ref().map(|emergency| &emergency.skipped);
    let skipped_approvers = skipped.into_iter().flatten().map(ToString::to_string).collect();
    Notice { skipped_approvers, ..with_assessment(notice, &request.assessment) }
}

/// The recipients of notices about a grant: its holder, the person of a holding agent, and its approver.
pub(super) fn holders(grant: &Grant) -> Vec<Audience> {
    let mut all = vec![Audience::Holder { person: grant.holder.clone() }];
    all.extend(grant.holder_acts_for.iter().map(|person| Audience::PersonOfAgent { person: person.clone() }));
    all.extend(approver(grant));
    all
}

/// Who approved the grant, if a principal did.
pub(crate) fn approver(grant: &Grant) -> Option<Audience> {
    grant.approved_by.principal().map(|person| Audience::Approver { person: person.clone() })
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

/// Everything that was reduced from the request: by a limit of the configuration, and by each approval that counts.
pub(super) fn cuts_of(request: &AccessRequest) -> Vec<CutNotice> {
    let notice = |cut: CutLine| CutNotice { what: cut.what.to_owned(), from: cut.from, to: cut.to, by: cut.by };
    workflow::cuts_of(request).into_iter().map(notice).collect()
}

fn texts(set: &PermissionSet) -> (Vec<String>, Vec<String>) {
    let list = |all: &[crate::model::Permission]| all.iter().map(ToString::to_string).collect();
    (list(set.allowed()), list(set.excepted()))
}
