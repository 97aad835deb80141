//! Which notices follow from facts.

use std::collections::{BTreeMap, BTreeSet};

use super::callback::program;
use super::describe::{about_grant, about_request, cuts_of, holders};
use super::{Audience, EndedGrant, Link, Notice, NoticeKey, NoticeKind, NoticeSettings};
use crate::model::{
    AccessRequest, Actor, AlertClass, Capacity, Delegation, Event, Fact, Grant, GrantId, Principal, ProofOutcome,
    RoleName, Standing, Timestamp,
};
use crate::store::{Gathers, Message};
use crate::workflow::{Rules, View, evolve, waiting_for};

/// How many grants that one command ended are named in its notice.
const NAMED: usize = 50;
/// The rule that ends grants when the holder loses what their role requires.
const ELIGIBILITY: &str = "eligibility";
/// How long after the end of a grant its summary is made: other processes write their last uses until then.
const LAST_USES_MILLIS: i64 = 500;

/// The notices that follow from these facts, applied to `view`. They include the warnings before the end of a new
/// grant, due later.
///
/// ```
/// use jit_access::notify::{NoticeSettings, messages};
/// use jit_access::workflow::{Rules, View};
///
/// assert!(messages(&View::default(), &[], &Rules::default(), &NoticeSettings::default()).is_empty());
/// ```
#[must_use]
pub fn messages(view: &View, events: &[Event], rules: &Rules, settings: &NoticeSettings) -> Vec<Message> {
    let mut deriver = Deriver { events, rules, settings, out: Vec::new() };
    let mut before = view.clone();
    let known: BTreeMap<GrantId, &Grant> = (view.history.live.iter())
        .chain(&view.extensions)
        .chain(&view.extended)
        .chain(&view.grant)
        .map(|grant| (grant.id, grant))
        .collect();
    for event in events {
        let after = evolve(before.clone(), event);
        deriver.request(&before, &after, event);
        deriver.grant(&after, &known, event);
        deriver.alert(&after, event);
        deriver.person(&before, &known, event);
        before = after;
    }
    deriver.unreported(&known);
    deriver.many(view, &known);
    deriver.out.extend(use_messages(events, rules, settings));
    deriver.out
}

/// The notices of uses: one for each used grant, which gathers uses until it is sent.
#[must_use]
pub fn use_messages(events: &[Event], rules: &Rules, settings: &NoticeSettings) -> Vec<Message> {
    // Whether a grant is a break-glass grant is known when the notice is planned.
    if !settings.is_enabled(NoticeKind::GrantUsed) && !notifies_security(rules) {
        return Vec::new();
    }
    let used: BTreeMap<GrantId, Timestamp> = (events.iter().rev())
        .filter_map(|event| match event.fact {
            Fact::GrantUsed { grant, .. } => Some((grant, event.at)),
            _ => None,
        })
        .collect();
    used.into_iter()
        .map(|(grant, at)| {
            let notice = Notice { grant_id: Some(grant.to_string()), ..Notice::new(NoticeKind::GrantUsed, at) };
            let gathers = Gathers { key: format!("uses of {grant}"), apart_millis: settings.use_digest.millis() };
            Message { gathers: Some(gathers), ..message(&notice) }
        })
        .collect()
}

/// How far two messages to a channel that exports the record are apart.
const EXPORT_APART_MILLIS: i64 = 1_000;

/// A message for each channel that exports the record: it gathers new records until it is sent.
#[must_use]
pub fn record_messages(events: &[Event], settings: &NoticeSettings) -> Vec<Message> {
    let Some(last) = events.last() else { return Vec::new() };
    let exporting = settings.channels.iter().filter(|(_, channel)| channel.records.is_some());
    exporting
        .map(|(name, _)| {
            let notice = to_channel(NoticeKind::Records, name, last.at);
            let gathers = Gathers { key: format!("records for {name}"), apart_millis: EXPORT_APART_MILLIS };
            Message { gathers: Some(gathers), ..message(&notice) }
        })
        .collect()
}

/// That a checkpoint was signed, for each channel that gets them.
#[must_use]
pub fn checkpoint_messages(note: &str, at: Timestamp, settings: &NoticeSettings) -> Vec<Message> {
    let to = |name: &String| {
        // On one line, for channels that people read.
        let comment = Some(note.trim_end().lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" | "));
        let checkpoint = Some(note.to_owned());
        message(&Notice { checkpoint, comment, ..to_channel(NoticeKind::Checkpoint, name, at) })
    };
    settings.checkpoint_channels.iter().map(to).collect()
}

fn to_channel(kind: NoticeKind, channel: &str, at: Timestamp) -> Notice {
    Notice { audience: vec![Audience::Channel { channel: channel.to_owned() }], ..Notice::new(kind, at) }
}

/// Whether the security team is notified of break-glass access.
pub(crate) fn notifies_security(rules: &Rules) -> bool {
    rules.break_glass.notify_security_team
}

fn message(notice: &Notice) -> Message {
    Message::new(notice.kind.name(), notice.to_json())
}

struct Deriver<'a> {
    events: &'a [Event],
    rules: &'a Rules,
    settings: &'a NoticeSettings,
    out: Vec<Message>,
}

impl Deriver<'_> {
    fn is_on(&self, kind: NoticeKind) -> bool {
        match kind.key() {
            NoticeKey::NotifySecurityTeam => notifies_security(self.rules),
            _ => self.settings.is_enabled(kind),
        }
    }

    fn add(&mut self, notice: &Notice) {
        // A notice without recipients is not sent.
        if self.is_on(notice.kind) && !notice.audience.is_empty() {
            self.out.push(message(notice));
        }
    }

    /// Also to the program that made the request, even if this kind is switched off for people.
    fn add_with_program(&mut self, request: &AccessRequest, mut notice: Notice) {
        if !self.is_on(notice.kind) {
            notice.audience.clear();
        }
        notice.audience.extend(program(request, notice.kind));
        if !notice.audience.is_empty() {
            self.out.push(message(&notice));
        }
    }

    fn request(&mut self, before: &View, after: &View, event: &Event) {
        let Some(request) = &after.request else { return };
        let now = event.at;
        let base = |kind| about_request(Notice::new(kind, now), request, event);
        let open: Vec<RoleName> = roles_of(request, now);
        let approvers = |roles: Vec<RoleName>, more: Option<&Principal>| approvers_of(request, roles, more);
        match &event.fact {
            Fact::RequestSubmitted(_) if self.is_decided_at_once(request) => {}
            Fact::RequestSubmitted(_) => {
                self.add(&to_review(base(NoticeKind::RequestSubmitted), request, approvers(open, None)));
            }
            Fact::RequestAnswered { answer, amendment, .. } => {
                let changed = amendment.is_some();
                let kind = if changed { NoticeKind::RequestChanged } else { NoticeKind::RequestAnswered };
                let asked = request.reviews.iter().rev().find_map(|review| review.comment.as_ref());
                let notice =
                    Notice { answer: Some(answer.to_string()), question: asked.map(ToString::to_string), ..base(kind) };
                self.add_with_program(request, to_review(notice, request, approvers(open, None)));
            }
            Fact::RequestEscalated { .. } => {
                self.add(&to_review(base(NoticeKind::RequestEscalated), request, approvers(open, None)));
            }
            Fact::RequestProven { proof, .. } if proof.outcome == ProofOutcome::Refuted => {
                self.add(&to_review(base(NoticeKind::RequestRefuted), request, approvers(open, None)));
            }
            Fact::ReviewLapsed { reviewer, .. } => {
                // Those whose step is open again; others were notified before.
                let was = before.request.as_ref().map(|was| roles_of(was, now)).unwrap_or_default();
                let again: Vec<RoleName> = open.iter().filter(|role| !was.contains(role)).cloned().collect();
                let again = if again.is_empty() { open } else { again };
                let mut notice = to_review(base(NoticeKind::ReviewLapsed), request, approvers(again, None));
                notice.approver = Some(reviewer.to_string());
                self.add(&notice);
            }
            Fact::RequestReviewed { capacity, comment, .. } => {
                let was = before.request.as_ref().map(|was| roles_of(was, now)).unwrap_or_default();
                let done: Vec<RoleName> = was.into_iter().filter(|role| !open.contains(role)).collect();
                let notice = Notice {
                    audience: approvers(done, event.by.principal()),
                    comment: comment.as_ref().map(ToString::to_string),
                    cuts: cuts_of(request),
                    link: Some(Link::Request { request_id: request.id.to_string() }),
                    ..in_capacity(base(NoticeKind::RequestReviewed), capacity)
                };
                self.add(&notice);
            }
            // The holder knows, and the security team was notified.
            Fact::RequestApproved { .. } if request.emergency.is_some() => {}
            Fact::RequestApproved { capacity, comment, .. } => {
                let mut notice = in_capacity(base(NoticeKind::RequestApproved), capacity);
                notice.audience = requesters(request);
                // When a rule approved, nobody was asked.
                if let Some(by) = event.by.principal() {
                    let was = before.request.as_ref().map(|was| roles_of(was, now)).unwrap_or_default();
                    notice.audience.extend(approvers(was, Some(by)));
                }
                notice.comment = comment.as_ref().map(ToString::to_string);
                notice.cuts = cuts_of(request);
                if let Some(grant) = self.grant_of(request) {
                    notice = Notice {
                        cuts: notice.cuts.clone(),
                        audience: notice.audience.clone(),
                        comment: notice.comment.clone(),
                        ..about_grant(notice, grant, Some(request), event)
                    };
                }
                self.add_with_program(request, notice);
            }
            Fact::RequestDenied { capacity, reason, .. } => {
                let notice = in_capacity(base(NoticeKind::RequestDenied), capacity);
                self.outcome(Notice { comment: Some(reason.to_string()), ..notice }, before, request, event);
            }
            Fact::InformationRequested { capacity, question, .. } => {
                let notice = Notice {
                    audience: requesters(request),
                    question: Some(question.to_string()),
                    ..in_capacity(base(NoticeKind::QuestionAsked), capacity)
                };
                self.add_with_program(request, notice);
            }
            Fact::RequestWithdrawn { .. } => self.outcome(base(NoticeKind::RequestWithdrawn), before, request, event),
            Fact::RequestTimedOut { .. } => self.outcome(base(NoticeKind::RequestTimedOut), before, request, event),
            _ => {}
        }
    }

    /// The request ended without a grant: notifies the requester, and those who no longer need to act.
    fn outcome(&mut self, mut notice: Notice, before: &View, request: &AccessRequest, event: &Event) {
        let was = before.request.as_ref().unwrap_or(request);
        // From its deadline on no step can be filled; those who could until then are notified.
        let asked_until =
            Timestamp::from_millis(event.at.millis().min(request.times_out_at.millis().saturating_sub(1)));
        notice.audience = requesters(request);
        notice.audience.extend(approvers_of(
            request,
            roles_of(was, asked_until.unwrap_or(event.at)),
            event.by.principal(),
        ));
        self.add_with_program(request, notice);
    }

    /// Whether the request was approved by the same command that made it.
    fn is_decided_at_once(&self, request: &AccessRequest) -> bool {
        let approved =
            |event: &Event| matches!(event.fact, Fact::RequestApproved { request: id, .. } if id == request.id);
        request.emergency.is_some() || self.events.iter().any(approved)
    }

    fn grant_of(&self, request: &AccessRequest) -> Option<&Grant> {
        self.events.iter().find_map(|event| match &event.fact {
            Fact::GrantCreated(grant) if grant.request == request.id => Some(&**grant),
            _ => None,
        })
    }

    fn grant(&mut self, after: &View, known: &BTreeMap<GrantId, &Grant>, event: &Event) {
        let (kind, id) = match &event.fact {
            Fact::GrantCreated(grant) => return self.created(grant, after.request.as_ref(), event),
            Fact::GrantActivated { grant } => (NoticeKind::GrantStarted, *grant),
            Fact::GrantExpired { grant } => (NoticeKind::GrantExpired, *grant),
            Fact::GrantExhausted { grant } => (NoticeKind::GrantExhausted, *grant),
            Fact::GrantReleased { grant } => (NoticeKind::GrantReleased, *grant),
            Fact::GrantRevoked { grant, .. } => (NoticeKind::GrantRevoked, *grant),
            Fact::GrantSuspended { grant, .. } => (NoticeKind::GrantSuspended, *grant),
            Fact::GrantResumed { grant } => (NoticeKind::GrantResumed, *grant),
            Fact::BreakGlassReviewed { grant, .. } => (NoticeKind::BreakGlassReviewDone, *grant),
            Fact::BreakGlassReviewWaived { grant, .. } => (NoticeKind::BreakGlassReviewWaived, *grant),
            Fact::BreakGlassReviewOverdue { grant } => (NoticeKind::BreakGlassReviewOverdue, *grant),
            _ => return,
        };
        let Some(grant) = after.grant.as_ref().filter(|grant| grant.id == id).or(known.get(&id).copied()) else {
            return;
        };
        let request = after.request.as_ref().filter(|request| request.id == grant.request);
        let base = |kind| about_grant(Notice::new(kind, event.at), grant, request, event);
        match &event.fact {
            // A grant that began at its approval was reported then, and one that has ended by now is not reported as
            // beginning.
            Fact::GrantActivated { .. } => {
                if grant.window.start() > grant.approved_at && event.at < grant.window.end() {
                    self.add(&Notice { audience: holders(grant), ..base(kind) });
                }
            }
            Fact::BreakGlassReviewed { justified, finding, .. } => {
                let comment = Some(finding.to_string());
                let justified = Some(*justified);
                self.add(&Notice { audience: reviewed(grant), comment, justified, ..base(kind) });
            }
            Fact::BreakGlassReviewWaived { reason, .. } => {
                self.add(&Notice { audience: reviewed(grant), comment: Some(reason.to_string()), ..base(kind) });
            }
            Fact::BreakGlassReviewOverdue { .. } => self.add(&review_owed(base(kind), grant)),
            Fact::GrantRevoked { reason, .. } | Fact::GrantSuspended { reason, .. } => {
                self.add(&Notice { audience: holders(grant), comment: Some(reason.to_string()), ..base(kind) });
                if matches!(event.fact, Fact::GrantRevoked { .. }) {
                    self.add_ended(grant, request, event);
                }
            }
            Fact::GrantResumed { .. } => self.add(&Notice { audience: holders(grant), ..base(kind) }),
            _ => {
                self.add(&Notice { audience: holders(grant), ..base(kind) });
                self.add_ended(grant, request, event);
            }
        }
    }

    fn created(&mut self, grant: &Grant, request: Option<&AccessRequest>, event: &Event) {
        let request = request.filter(|request| request.id == grant.request);
        let base = |kind| about_grant(Notice::new(kind, event.at), grant, request, event);
        if grant.break_glass.is_some() {
            self.add(&Notice { audience: vec![Audience::Security], ..base(NoticeKind::BreakGlass) });
        }
        if grant.window.start() <= event.at {
            self.add(&Notice { audience: holders(grant), ..base(NoticeKind::GrantActive) });
        }
        let warnings: BTreeSet<i64> = self.settings.warnings.iter().map(|warning| warning.millis()).collect();
        let is_on = self.is_on(NoticeKind::GrantEndsSoon);
        for millis in warnings.into_iter().rev().filter(|_| is_on) {
            let due = Timestamp::from_millis(grant.window.end().millis().saturating_sub(millis));
            // A grant that is shorter than that needs no warning that it ends.
            let Some(due) = due.ok().filter(|due| *due > grant.window.start().max(event.at)) else { continue };
            let notice = Notice {
                at: due.to_string(),
                audience: people_of(grant),
                deadline: Some(grant.window.end().to_string()),
                link: Some(Link::Extend { grant_id: grant.id.to_string() }),
                actor: None,
                ..base(NoticeKind::GrantEndsSoon)
            };
            self.out.push(Message { due: Some(due), ..message(&notice) });
        }
    }

    /// A grant has ended: a summary of what was done under it is due. Its uses are read when the notice is planned. For
    /// break-glass access, the security team and the reviewers are notified.
    fn add_ended(&mut self, grant: &Grant, request: Option<&AccessRequest>, event: &Event) {
        let base = |kind| about_grant(Notice::new(kind, event.at), grant, request, event);
        let mut audience = holders(grant);
        audience.push(Audience::Security);
        let summary = Notice { audience, ..base(NoticeKind::SessionSummary) };
        if self.is_on(summary.kind) {
            let due = Timestamp::from_millis(event.at.millis().saturating_add(LAST_USES_MILLIS)).ok();
            self.out.push(Message { due, ..message(&summary) });
        }
        if grant.break_glass.is_none() {
            return;
        }
        self.add(&Notice { audience: vec![Audience::Security], ..base(NoticeKind::BreakGlassOver) });
        if grant.is_unreviewed() {
            self.add(&review_owed(base(NoticeKind::BreakGlassReviewDue), grant));
        }
    }

    /// Findings of the monitor go to the security team.
    fn alert(&mut self, after: &View, event: &Event) {
        let Fact::AlertRaised(alert) = &event.fact else { return };
        let base = Notice::new(NoticeKind::Alert, event.at);
        let grant = after.grant.as_ref().filter(|grant| Some(grant.id) == alert.grant);
        let link = grant.map_or(Link::Grants, |grant| Link::Grant { grant_id: grant.id.to_string() });
        let about = match grant {
            Some(grant) => {
                let request = after.request.as_ref().filter(|request| request.id == grant.request);
                about_grant(base, grant, request, event)
            }
            None => Notice { grant_id: alert.grant.map(|grant| grant.to_string()), ..base },
        };
        let notice = Notice {
            urgent: alert.kind.class() != AlertClass::Routine,
            audience: vec![Audience::Security],
            holder: alert.who.as_ref().map(ToString::to_string).or(about.holder.clone()),
            alert: Some(alert.kind.name().to_owned()),
            comment: Some(alert.text.to_string()),
            link: Some(link),
            ..about
        };
        self.add(&notice);
    }

    /// What concerns people rather than a request or a grant.
    fn person(&mut self, before: &View, known: &BTreeMap<GrantId, &Grant>, event: &Event) {
        match &event.fact {
            Fact::RolesDelegated(delegation) => {
                self.delegation(NoticeKind::DelegationMade, delegation, event);
            }
            Fact::DelegationEnded { .. } => {
                if let Some(delegation) = &before.delegation {
                    self.delegation(NoticeKind::DelegationEnded, delegation, event);
                }
            }
            Fact::StandingReported { principal, standing } => {
                let ended = ended_by(self.events, known, |by| matches!(by, Actor::Rule(_)));
                if is_lost(before.standing.get(principal), standing) || !ended.is_empty() {
                    self.standing_lost(principal, standing, &ended, event);
                }
            }
            _ => {}
        }
    }

    fn delegation(&mut self, kind: NoticeKind, delegation: &Delegation, event: &Event) {
        let named = |person: &Principal| Audience::Named { person: person.clone() };
        let notice = Notice {
            audience: vec![named(&delegation.delegate), named(&delegation.delegator)],
            delegation_id: Some(delegation.id.to_string()),
            actor: Some(event.by.to_string()),
            holder: Some(delegation.delegate.to_string()),
            on_behalf_of: Some(delegation.delegator.to_string()),
            reviewer_roles: delegation.roles.iter().map(ToString::to_string).collect(),
            starts_at: Some(delegation.window.start().to_string()),
            expires_at: Some(delegation.window.end().to_string()),
            reason: Some(delegation.reason.to_string()),
            link: Some(Link::Delegations),
            ..Notice::new(kind, event.at)
        };
        self.add(&notice);
    }

    fn standing_lost(&mut self, who: &Principal, standing: &Standing, ended: &[EndedGrant], event: &Event) {
        self.lost(who, if standing.enabled { "lost a role" } else { "is disabled" }, ended, event);
    }

    fn lost(&mut self, who: &Principal, comment: &str, ended: &[EndedGrant], event: &Event) {
        let notice = Notice {
            audience: vec![Audience::Named { person: who.clone() }, Audience::Security],
            actor: Some(event.by.to_string()),
            holder: Some(who.to_string()),
            comment: Some(comment.to_owned()),
            link: Some(Link::Grants),
            ..with_ended(Notice::new(NoticeKind::StandingLost, event.at), ended)
        };
        self.add(&notice);
    }

    /// A person lost grants because of a standing that was known already, so no report of a change exists.
    fn unreported(&mut self, known: &BTreeMap<GrantId, &Grant>) {
        if self.events.iter().any(|event| matches!(event.fact, Fact::StandingReported { .. })) {
            return;
        }
        let mut of: BTreeMap<&Principal, Vec<EndedGrant>> = BTreeMap::new();
        for event in self.events {
            if let (Fact::GrantRevoked { grant, .. }, Actor::Rule(rule)) = (&event.fact, &event.by)
                && **rule == *ELIGIBILITY
                && let Some(grant) = known.get(grant)
            {
                of.entry(grant.holder_acts_for.as_ref().unwrap_or(&grant.holder)).or_default().push(ended(grant));
            }
        }
        let Some(event) = self.events.last() else { return };
        for (who, ended) in of {
            self.lost(who, "lost a role, or is disabled", &ended, event);
        }
    }

    /// A command without a named grant ended several grants: security and its caller get one notice about all of them.
    fn many(&mut self, view: &View, known: &BTreeMap<GrantId, &Grant>) {
        if view.grant.is_some() || view.history.live.is_empty() {
            return;
        }
        let by_somebody =
            |event: &&Event| matches!(event.fact, Fact::GrantRevoked { .. }) && event.by.principal().is_some();
        let Some(event) = self.events.iter().find(by_somebody) else { return };
        let ended = ended_by(self.events, known, |by| by.principal().is_some());
        let comment = match &event.fact {
            Fact::GrantRevoked { reason, .. } => Some(reason.to_string()),
            _ => None,
        };
        let caller = event.by.principal().map(|person| Audience::Named { person: person.clone() });
        let notice = Notice {
            audience: std::iter::once(Audience::Security).chain(caller).collect(),
            actor: Some(event.by.to_string()),
            comment,
            link: Some(Link::Grants),
            ..with_ended(Notice::new(NoticeKind::RedButton, event.at), &ended)
        };
        self.add(&notice);
    }
}

fn in_capacity(notice: Notice, capacity: &Capacity) -> Notice {
    let behalf = capacity.on_behalf_of.as_ref().or(capacity.acts_for.as_ref());
    Notice { on_behalf_of: behalf.map(ToString::to_string), ..notice }
}

/// The roles that can fill an open step at `now`.
fn roles_of(request: &AccessRequest, now: Timestamp) -> Vec<RoleName> {
    let roles: BTreeSet<RoleName> = waiting_for(request, now).into_iter().flat_map(|missing| missing.roles).collect();
    roles.into_iter().collect()
}

/// The holders of these roles, except the requester and those who have approved already.
fn approvers_of(request: &AccessRequest, roles: Vec<RoleName>, more: Option<&Principal>) -> Vec<Audience> {
    if roles.is_empty() {
        return Vec::new();
    }
    let reviewers = request.approvals().filter_map(|review| review.by.principal());
    let except: BTreeSet<&Principal> = request.identities().chain(reviewers).chain(more).collect();
    vec![Audience::Approvers { roles, except: except.into_iter().cloned().collect() }]
}

fn to_review(notice: Notice, request: &AccessRequest, audience: Vec<Audience>) -> Notice {
    let roles = audience.iter().find_map(|one| match one {
        Audience::Approvers { roles, .. } => Some(roles),
        _ => None,
    });
    let reviewer_roles = roles.into_iter().flatten().map(ToString::to_string).collect();
    let link = Link::Approve { request_id: request.id.to_string(), version: request.version };
    let deadline = Some(request.times_out_at.to_string());
    Notice { reviewer_roles, link: Some(link), deadline, audience, ..notice }
}

fn requesters(request: &AccessRequest) -> Vec<Audience> {
    let person = request.requester_acts_for.iter().map(|person| Audience::PersonOfAgent { person: person.clone() });
    std::iter::once(Audience::Requester { person: request.requester.clone() }).chain(person).collect()
}

/// The holder, and the person of a holding agent.
fn people_of(grant: &Grant) -> Vec<Audience> {
    let mut people = holders(grant);
    people.retain(|one| !matches!(one, Audience::Approver { .. }));
    people
}

fn reviewed(grant: &Grant) -> Vec<Audience> {
    std::iter::once(Audience::Security).chain(people_of(grant)).collect()
}

fn review_owed(notice: Notice, grant: &Grant) -> Notice {
    let Some(owed) = &grant.break_glass else { return notice };
    let reviewers =
        Audience::Approvers { roles: owed.reviewer_roles.clone(), except: grant.identities().cloned().collect() };
    Notice {
        audience: vec![Audience::Security, reviewers],
        reviewer_roles: owed.reviewer_roles.iter().map(ToString::to_string).collect(),
        deadline: Some(owed.review_due.to_string()),
        link: Some(Link::Review { grant_id: grant.id.to_string() }),
        ..notice
    }
}

/// Whether a person has fewer standing rights than were known.
fn is_lost(before: Option<&Standing>, now: &Standing) -> bool {
    let kept = |role| now.roles.contains(role);
    match before {
        Some(before) => (before.enabled && !now.enabled) || (now.enabled && !before.roles.iter().all(kept)),
        None => !now.enabled,
    }
}

fn ended_by(events: &[Event], known: &BTreeMap<GrantId, &Grant>, by: impl Fn(&Actor) -> bool) -> Vec<EndedGrant> {
    let ended = events.iter().filter(|event| by(&event.by)).filter_map(|event| match &event.fact {
        Fact::GrantRevoked { grant, .. } | Fact::GrantReleased { grant } => known.get(grant),
        _ => None,
    });
    ended.map(|grant| self::ended(grant)).collect()
}

fn ended(grant: &Grant) -> EndedGrant {
    EndedGrant { grant_id: grant.id.to_string(), holder: grant.holder.to_string(), role: grant.role.to_string() }
}

fn with_ended(notice: Notice, ended: &[EndedGrant]) -> Notice {
    let named = ended.iter().take(NAMED).cloned().collect();
    Notice { ended: named, ended_count: Some(ended.len() as u64), ..notice }
}
