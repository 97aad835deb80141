//! Taking a role by break-glass, and its review.

use super::case::Case;
use super::eligibility::{eligible_in_emergencies, may_request, unknown_role};
use super::ending;
use super::grant::{approve_by_rule, find_grant};
use super::request::{Draft, each_once, is_never_by_rule, without_approvers};
use super::terms::{limited, terms_of};
use crate::authz::{AuthzAction, AuthzResource, Entitlement};
use crate::command::{BreakGlass, CompleteReview, WaiveReview};
use crate::model::{
    AccessRequest, Actor, BreakGlass as Owed, Caller, Conditions, Cut, DurationCut, Emergency, Event, Fact, Grant,
    GrantId, Principal, Role, RoleName, Scope, SignIn, Timestamp, Ttl,
};
use crate::workflow::access::not_an_approver;
use crate::workflow::agents::check_may_review;
use crate::workflow::second_factor::{Unproven, proven_until};
use crate::workflow::{AfterUnjustified, History, Ids, Refusal, RefusalCode, Rules, View};

pub(super) fn break_glass(case: &Case<'_>, take: &BreakGlass) -> Result<Vec<Event>, Refusal> {
    let Case { view, caller, rules, now, .. } = *case;
    case.check_enabled()?;
    let role = takeable(case, &take.role, &take.resource, take.duration)?;
    if take.details.justification.is_none() {
        return Err(Refusal::new(RefusalCode::JustificationRequired, "say in `reason` what the emergency is"));
    }
    check_sign_in(caller.sign_in.as_ref(), rules, now)?;
    if view.away {
        check_first_while_away(&view.history, take.drill, rules)?;
    }
    check_no_chain(&view.history, take.drill)?;
    check_not_blocked(&view.history, rules)?;
    let reviewer_roles = rules.break_glass_reviewers().to_vec();
    if reviewer_roles.is_empty() {
        return Err(Refusal::new(
            RefusalCode::NoApprover,
            "nobody could review this: neither `break_glass.reviewer_roles` nor `approver_roles` names anyone",
        ));
    }
    let skipped = each_once(rules.approval_of(role).into_iter().flat_map(|step| step.roles));
    let (duration, duration_cut) = limited_for_emergencies(take.duration, role, rules, view.away);
    let draft = Draft {
        terms: terms_of(role, &take.resource, duration, &Conditions::default(), rules.reserved(true))?,
        duration_cut,
        extends: None,
        starts_at: None,
        answer_by: Timestamp::MAX,
        details: take.details.clone(),
    };
    let request = AccessRequest {
        // Its reviewers must see it and be able to end it.
        approver_roles: each_once(skipped.iter().chain(&reviewer_roles).cloned()),
        emergency: Some(Emergency {
            drill: take.drill,
            sign_in: caller.sign_in.clone(),
            skipped,
            reviewer_roles,
            review_within: rules.break_glass.review_within,
            offline: view.away,
        }),
        ..without_approvers(case, role, draft)
    };
    if is_never_by_rule(&request, rules) && !rules.break_glass.even_never_auto_approve {
        let message =
            "`never_auto_approve` names this role, resource or risk, so a person must approve; request the role";
        return Err(Refusal::new(RefusalCode::NotForBreakGlass, message));
    }
    let mut events = case.events([Fact::RequestSubmitted(Box::new(request.clone()))]);
    events.extend(approve_by_rule(case, &request, &Actor::Rule("break_glass".into()), Cut::default())?);
    Ok(events)
}

/// The role, for a caller who may take it by break-glass. For other roles the answer is the same as for an unknown one,
/// unless the caller may request them.
pub(super) fn takeable<'a>(
    case: &Case<'a>,
    name: &RoleName,
    scope: &Scope,
    duration: Option<Ttl>,
) -> Result<&'a Role, Refusal> {
    let rules = case.rules;
    let settings = &rules.break_glass;
    if !settings.enabled {
        return Err(Refusal::new(
            RefusalCode::BreakGlassDisabled,
            "break-glass access is switched off (`break_glass.enabled: false`); request the role instead",
        ));
    }
    let not_eligible = || {
        Refusal::new(
            RefusalCode::NotEligible,
            "you are not eligible for break-glass access (`break_glass.eligible_roles`, \
             `break_glass.eligible_principals`); request the role instead",
        )
    };
    let eligibility = eligible_in_emergencies(rules);
    let is_eligible = eligibility.includes(case.caller);
    let unknown = || if is_eligible { unknown_role(case, name) } else { not_eligible() };
    let role = rules.catalogue.get(name).ok_or_else(unknown)?;
    let given = role.permissions.difference(rules.reserved(true));
    let wanted = Entitlement {
        role: &role.name,
        permissions: given.as_ref().unwrap_or(&role.permissions),
        scope,
        duration: limited_for_emergencies(duration, role, rules, case.view.away).0,
        emergency: true,
        eligibility,
    };
    case.may(AuthzAction::BreakGlass, AuthzResource::Entitlement(&wanted))
        .check(|| (!is_eligible).then(not_eligible))
        .map_err(|refusal| if is_eligible { refusal } else { not_eligible() })?;
    match &settings.roles {
        Some(roles) if !roles.contains(&role.name) => {
            if !may_request(case, role) {
                return Err(unknown_role(case, name));
            }
            let names: Vec<_> = roles.iter().map(|role| format!("`{role}`")).collect();
            Err(Refusal::new(
                RefusalCode::NotForBreakGlass,
                format!(
                    "the role `{}` always needs approval; break-glass access is possible for {}",
                    role.name,
                    names.join(", ")
                ),
            ))
        }
        _ => Ok(role),
    }
}

/// Checks that the caller has signed in strongly and recently, if configured (RFC 8176, RFC 9470).
fn check_sign_in(sign_in: Option<&SignIn>, rules: &Rules, now: Timestamp) -> Result<(), Refusal> {
    let settings = &rules.break_glass;
    if !settings.require_mfa {
        return Ok(());
    }
    let refuse = |code, message: String| Err(Refusal::new(code, message).asking_for_step_up(settings));
    let Some(sign_in) = sign_in else {
        let message = "this takes a sign-in with a second factor, and nothing is known of how you signed in";
        return refuse(RefusalCode::MfaRequired, message.to_owned());
    };
    let lacks = match proven_until(sign_in, settings.mfa_within, settings, now) {
        Ok(_) => return Ok(()),
        Err(lacks) => lacks,
    };
    let required = RefusalCode::MfaRequired;
    match lacks {
        Unproven::Weak => {
            let methods: Vec<_> = sign_in.methods().collect();
            let known = match (methods.is_empty(), sign_in.claims_mfa()) {
                (false, _) => format!("you signed in by {}", methods.join(", ")),
                (true, true) => "a bare claim of one, without method and time, is no proof".to_owned(),
                (true, false) => "nothing is known of how you signed in".to_owned(),
            };
            refuse(required, format!("this takes a sign-in with a second factor, and {known}"))
        }
        Unproven::Untimed => {
            refuse(required, "this takes a recent sign-in, and nothing is known of when you signed in".to_owned())
        }
        Unproven::Ahead(at) => refuse(required, format!("your sign-in is said to be at {at}, and it is {now} now")),
        Unproven::Old(at) => {
            let minutes = settings.mfa_within.millis() / 60_000;
            let message =
                format!("you signed in at {at}, and this takes a sign-in of the last {minutes} minutes: sign in again");
            refuse(RefusalCode::MfaTooOld, message)
        }
    }
}

/// Checks that it may be taken while the store is unavailable: once per person, counting all their agents, and not as a
/// drill.
fn check_first_while_away(history: &History, drill: bool, rules: &Rules) -> Result<(), Refusal> {
    if rules.break_glass.offline.is_none() {
        return Err(Refusal::new(
            RefusalCode::BreakGlassDisabled,
            "the store is away, and access without approval takes a store (`break_glass.offline: false`)",
        ));
    }
    if drill {
        return Err(Refusal::new(
            RefusalCode::NotForBreakGlass,
            "the store is away: practise when it is back (once until then, access without approval is for an emergency)",
        ));
    }
    let is_only_here = |grant: &&Grant| grant.break_glass.as_ref().is_some_and(Owed::is_only_here);
    match history.unreviewed.iter().find(is_only_here) {
        None => Ok(()),
        Some(grant) => Err(Refusal::new(
            RefusalCode::ReviewOutstanding,
            format!(
                "you have taken access without approval ({}) since the store is away, which is possible once until it is \
                 back and has it on record",
                grant.id
            ),
        )),
    }
}

/// Checks that no break-glass grant follows another one, or an unreviewed one. A drill blocks only the next drill,
/// never an emergency.
fn check_no_chain(history: &History, drill: bool) -> Result<(), Refusal> {
    let matters = |grant: &&Grant| grant.break_glass.as_ref().is_some_and(|owed| drill || !owed.drill);
    if let Some(grant) = history.live.iter().find(matters) {
        return Err(Refusal::new(
            RefusalCode::BreakGlassActive,
            format!(
                "you hold access without approval until {} ({}); one is never followed by another: ask for the role",
                grant.window.end(),
                grant.id
            ),
        ));
    }
    if let Some(grant) = history.unreviewed.iter().find(matters) {
        return Err(Refusal::new(
            RefusalCode::ReviewOutstanding,
            format!(
                "nobody has reviewed your last access without approval ({}); ask for the role, or have that review done or waived",
                grant.id
            ),
        ));
    }
    Ok(())
}

/// That no use of theirs was found unjustified, where the operator has that block the next one.
fn check_not_blocked(history: &History, rules: &Rules) -> Result<(), Refusal> {
    if rules.break_glass.after_unjustified == AfterUnjustified::Nothing {
        return Ok(());
    }
    match history.unjustified.first() {
        None => Ok(()),
        Some(grant) => {
            let message = format!(
                "a review found your access without approval ({}) unjustified; ask for the role, or have a reviewer lift \
                 this (waive the review of that grant)",
                grant.id
            );
            Err(Refusal::new(RefusalCode::BreakGlassBlocked, message))
        }
    }
}

fn limited_for_emergencies(asked: Option<Ttl>, role: &Role, rules: &Rules, away: bool) -> (Ttl, Option<DurationCut>) {
    let offline = rules.break_glass.offline.filter(|_| away);
    let max = offline.unwrap_or(rules.break_glass.max_duration);
    let (duration, cut) = limited(asked.or(Some(max)), role, rules);
    if duration <= max {
        return (duration, if asked.is_some() { cut } else { None });
    }
    let asked = cut.map_or(duration, |cut| cut.asked);
    let limit = if offline.is_some() { "break_glass.offline_max_minutes" } else { "break_glass.max_duration_hours" };
    (max, Some(DurationCut { asked, limit: limit.into() }))
}

pub(super) fn complete_review(case: &Case<'_>, review: &CompleteReview) -> Result<Vec<Event>, Refusal> {
    let grant = reviewable(case, review.grant, AuthzAction::Review)?;
    if grant.status(case.now).is_live() {
        return Err(Refusal::new(
            RefusalCode::ReviewTooEarly,
            format!("this grant is live until {}; revoke it first, or review it then", grant.window.end()),
        ));
    }
    let (justified, finding) = (review.justified, review.finding.clone());
    let mut events = case.events([Fact::BreakGlassReviewed { grant: grant.id, justified, finding }]);
    let is_drill = grant.break_glass.as_ref().is_some_and(|owed| owed.drill);
    if !justified && !is_drill && case.rules.break_glass.after_unjustified == AfterUnjustified::RevokeAndBlock {
        events.extend(ending::revoke_for_unjustified(case, grant));
    }
    Ok(events)
}

pub(super) fn waive_review(case: &Case<'_>, waive: &WaiveReview) -> Result<Vec<Event>, Refusal> {
    let lifts =
        |owed: &Owed| owed.is_held_against() && case.rules.break_glass.after_unjustified != AfterUnjustified::Nothing;
    let grant = closable(case, waive.grant, AuthzAction::WaiveReview, lifts)?;
    Ok(case.events([Fact::BreakGlassReviewWaived { grant: grant.id, reason: waive.reason.clone() }]))
}

/// Whether the caller could complete the review of this grant now.
#[must_use]
pub fn may_review_use(caller: &Caller, grant: &Grant, rules: &Rules, now: Timestamp) -> bool {
    let view = View { grant: Some(grant.clone()), ..View::default() };
    let case = Case { view: &view, caller, ids: Ids::from_u128(0), rules, now, dry_run: true, keyed: false };
    let is_theirs = caller.identities().any(|who| grant.is_of(who));
    !is_theirs
        && check_may_review(caller, rules).is_ok()
        && !grant.status(now).is_live()
        && reviewable(&case, grant.id, AuthzAction::Review).is_ok()
}

/// A grant whose review is open, for a caller who may close it.
fn reviewable<'a>(case: &Case<'a>, id: GrantId, action: AuthzAction) -> Result<&'a Grant, Refusal> {
    closable(case, id, action, |_| false)
}

/// The same for a grant whose review is closed, if `also` allows it.
fn closable<'a>(
    case: &Case<'a>,
    id: GrantId,
    action: AuthzAction,
    also: impl Fn(&Owed) -> bool,
) -> Result<&'a Grant, Refusal> {
    let Case { view, caller, now, .. } = *case;
    let grant = find_grant(case, view.grant.as_ref(), id)?;
    let Some(owed) = &grant.break_glass else {
        return Err(Refusal::new(RefusalCode::NothingToReview, "this grant was approved, so no review is owed for it"));
    };
    let requested = |who: &Principal| view.request.iter().flat_map(AccessRequest::identities).any(|one| one == who);
    let is_theirs = |who: &Principal| grant.holder == *who || requested(who);
    if caller.identities().any(is_theirs) {
        return Err(Refusal::new(RefusalCode::SelfApproval, "you used this access, so someone else has to review it"));
    }
    case.may(action, AuthzResource::Grant(grant)).check(|| not_an_approver(caller, &owed.reviewer_roles))?;
    let review = owed.review(now);
    if review.is_open() || also(owed) {
        return Ok(grant);
    }
    Err(Refusal::new(RefusalCode::ReviewClosed, format!("this review is already {}", review.name())))
}
