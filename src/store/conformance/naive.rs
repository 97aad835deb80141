//! What a store should hold, as plainly as it can be said: a list of events, read from the start for every question.

use std::collections::BTreeSet;

use crate::journal::Record;
use crate::model::{
    AccessRequest, Actor, Answer, Capacity, ClosedReview, Cut, Delegation, DelegationEnd, DelegationStatus, End,
    EndKind, Event, Fact, Grant, GrantStatus, Noted, Principal, Repeat, RequestId, RequestState, RequestStatus, Review,
    ReviewOutcome, Revision, Standing, Suspension, Timestamp, Verdict,
};
use crate::store::{ListedRequest, Page, RecordQuery, Subject, Visible};
use crate::workflow::{Tally, View, next_note, note};

/// The rows that these events make, newest first, each with its revision.
#[derive(Debug)]
pub(super) struct Naive {
    pub(super) requests: Vec<(Revision, AccessRequest)>,
    pub(super) grants: Vec<(Revision, Grant)>,
    pub(super) delegations: Vec<(Revision, Delegation)>,
    /// Everything that the host ever said, in order.
    said: Vec<(Principal, Standing)>,
}

impl Naive {
    pub(super) fn of(events: &[Event]) -> Self {
        let numbered = || (1..).map(Revision).zip(events);
        let requests = numbered()
            .filter_map(|(revision, event)| match &event.fact {
                Fact::RequestSubmitted(request) => Some((revision, after_all(request, events))),
                _ => None,
            })
            .collect::<Vec<_>>();
        let grants = numbered()
            .filter_map(|(revision, event)| match &event.fact {
                Fact::GrantCreated(grant) => Some((revision, grant_after_all(grant, events))),
                _ => None,
            })
            .collect::<Vec<_>>();
        let delegations = numbered().filter_map(|(revision, event)| match &event.fact {
            Fact::RolesDelegated(delegation) => Some((revision, delegation_after_all(delegation, events))),
            _ => None,
        });
        let mut delegations: Vec<_> = delegations.collect();
        delegations.reverse();
        let said = events.iter().filter_map(|event| match &event.fact {
            Fact::StandingReported { principal, standing } => Some((principal.clone(), standing.clone())),
            _ => None,
        });
        let (requests, grants) = (requests.into_iter().rev().collect(), grants.into_iter().rev().collect());
        Self { requests, grants, delegations, said: said.collect() }
    }

    pub(super) fn standing(&self, who: &Principal) -> Option<Standing> {
        self.said.iter().rev().find(|(of, _)| of == who).map(|(_, standing)| standing.clone())
    }

    pub(super) fn views(&self) -> Vec<View> {
        self.requests
            .iter()
            .map(|(_, request)| View {
                revision: Revision::ZERO,
                request: Some(request.clone()),
                grant: self.grant_of(request.id).cloned(),
                ..View::default()
            })
            .collect()
    }

    pub(super) fn grant_of(&self, request: RequestId) -> Option<&Grant> {
        self.grants.iter().map(|(_, grant)| grant).find(|grant| grant.request == request)
    }

    pub(super) fn due(&self, now: Timestamp) -> Vec<View> {
        self.views().into_iter().filter(|view| !note(view, now).is_empty()).collect()
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.views().iter().filter_map(next_note).min()
    }

    pub(super) fn live(&self, now: Timestamp) -> Vec<Grant> {
        self.grants.iter().map(|(_, grant)| grant).filter(|grant| grant.status(now).is_live()).cloned().collect()
    }

    pub(super) fn tally(&self, who: &Principal, now: Timestamp, nth: usize) -> Tally {
        let live = self.live(now);
        let lent = self.delegations.iter().filter(|(_, one)| one.delegator == *who && one.status(now).is_live());
        let theirs: Vec<_> = self.requests.iter().map(|(_, request)| request).filter(|r| r.person() == who).collect();
        Tally {
            grants: chains(live.iter().filter(|grant| grant.person() == who)),
            grants_of_all: chains(live.iter()),
            open_requests: theirs.iter().filter(|request| request.status(now).is_open()).count() as u64,
            open_delegations: lent.count() as u64,
            nth_newest: if nth == 0 { None } else { theirs.get(nth - 1).map(|request| request.created_at) },
        }
    }

    pub(super) fn unreviewed(&self) -> Vec<Grant> {
        let owed = |grant: &&Grant| grant.break_glass.as_ref().is_some_and(|owed| owed.closed.is_none());
        self.grants.iter().map(|(_, grant)| grant).filter(owed).cloned().collect()
    }

    /// Those of the records that the query selects.
    pub(super) fn records(&self, all: &[Record], query: &RecordQuery) -> Vec<Record> {
        let mut found: Vec<Record> = all
            .iter()
            .filter(|record| query.after < record.revision)
            .filter(|record| query.before.is_none_or(|before| record.revision < before))
            .filter(|record| query.filter.from.is_none_or(|from| from <= record.event.at))
            .filter(|record| query.filter.until.is_none_or(|until| record.event.at < until))
            .filter(|record| !query.changes_only || !matches!(record.event.fact, Fact::GrantUsed { left: None, .. }))
            .filter(|record| {
                query.about.is_empty() || query.about.iter().any(|subject| self.is_about(&record.event, subject))
            })
            .cloned()
            .collect();
        if query.newest_first {
            found.reverse();
        }
        found.truncate(query.limit);
        found
    }

    fn is_about(&self, event: &Event, subject: &Subject) -> bool {
        let of = Subject::of(event);
        let concerned = |who: &Principal| match &of {
            Subject::Request(id) => {
                self.requests.iter().any(|(_, one)| one.id == *id && one.identities().any(|one| one == who))
            }
            Subject::Grant(id) => self.grants.iter().any(|(_, one)| one.id == *id && one.is_of(who)),
            Subject::Delegation(id) => {
                let sides = |one: &Delegation| one.delegator == *who || one.delegate == *who;
                self.delegations.iter().any(|(_, one)| one.id == *id && sides(one))
            }
            Subject::Principal(_) | Subject::Store => false,
        };
        match (subject, &event.fact) {
            (Subject::Request(id), Fact::GrantCreated(grant)) => grant.request == *id,
            (Subject::Principal(who), Fact::ReviewLapsed { reviewer, .. }) if reviewer == who => true,
            (Subject::Principal(who), _) => {
                of == *subject || concerned(who) || event.by.principal() == Some(who) || event.by.person() == Some(who)
            }
            _ => of == *subject,
        }
    }

    pub(super) fn request_page(&self, page: &Page<RequestStatus>) -> Vec<(Revision, ListedRequest)> {
        let rows = page_of(&self.requests, page, |request, visible| {
            visible.includes(&request.requester, &request.approver_roles)
                && page.status.is_none_or(|status| status == request.status(page.now))
        });
        let with_grant = |(created, request): (Revision, AccessRequest)| {
            let grant = self.grant_of(request.id).cloned();
            (created, ListedRequest { request, grant })
        };
        rows.into_iter().map(with_grant).collect()
    }

    pub(super) fn grant_page(&self, page: &Page<GrantStatus>) -> Vec<(Revision, Grant)> {
        page_of(&self.grants, page, |grant, visible| {
            visible.includes(&grant.holder, &grant.approver_roles)
                && page.status.is_none_or(|status| status == grant.status(page.now))
        })
    }

    pub(super) fn delegation_page(&self, page: &Page<DelegationStatus>) -> Vec<(Revision, Delegation)> {
        page_of(&self.delegations, page, |one, visible| {
            let seen = visible.includes(&one.delegator, &[]) || visible.includes(&one.delegate, &[]);
            seen && page.status.is_none_or(|status| status == one.status(page.now))
        })
    }

    /// The bounds of everything that time decides, and a millisecond on each side.
    pub(super) fn instants(&self) -> Vec<Timestamp> {
        let bounds = self
            .requests
            .iter()
            .flat_map(|(_, request)| {
                let escalations = request.approval.iter().filter_map(|step| step.escalation.as_ref());
                escalations.map(|escalation| escalation.at).chain([request.times_out_at])
            })
            .chain(self.grants.iter().flat_map(|(_, grant)| {
                let owed = grant.break_glass.iter().map(|owed| owed.review_due);
                [grant.window.start(), grant.window.end()].into_iter().chain(owed).collect::<Vec<_>>()
            }))
            .chain(self.delegations.iter().flat_map(|(_, one)| [one.window.start(), one.window.end()]));
        let mut all: Vec<_> = bounds
            .flat_map(|bound| [-1, 0, 1].map(|off| Timestamp::from_millis(bound.millis() + off).unwrap()))
            .collect();
        all.extend([Timestamp::EPOCH, Timestamp::MAX]);
        all.sort();
        all.dedup();
        all
    }
}

fn chains<'a>(grants: impl Iterator<Item = &'a Grant>) -> u64 {
    grants.map(Grant::first).collect::<BTreeSet<_>>().len() as u64
}

fn page_of<T: Clone, S>(
    rows: &[(Revision, T)],
    page: &Page<S>,
    shown: impl Fn(&T, &Visible) -> bool,
) -> Vec<(Revision, T)> {
    rows.iter()
        .filter(|(created, value)| page.before.is_none_or(|before| *created < before) && shown(value, &page.visible))
        .take(page.limit)
        .cloned()
        .collect()
}

fn after_all(request: &AccessRequest, events: &[Event]) -> AccessRequest {
    let mut request = request.clone();
    for event in events {
        let mut review = |state: Option<RequestState>, verdict, comment, cut: &Cut, capacity: &Capacity| {
            request.state = state.unwrap_or(request.state);
            let (by, at, version) = (event.by.clone(), event.at, request.version);
            let (cut, capacity) = (cut.clone(), capacity.clone());
            request.reviews.push(Review { by, at, verdict, comment, cut, version, capacity, lapsed: None });
        };
        let none = Cut::default();
        match &event.fact {
            Fact::RequestReviewed { request: id, capacity, cut, comment } if *id == request.id => {
                review(None, Verdict::Approve, comment.clone(), cut, capacity);
            }
            Fact::ReviewLapsed { request: id, reviewer } if *id == request.id => {
                for review in &mut request.reviews {
                    let counts = review.verdict == Verdict::Approve && review.lapsed.is_none();
                    if counts && review.by == Actor::Principal(reviewer.clone()) {
                        review.lapsed = Some(event.at);
                    }
                }
            }
            Fact::RequestEscalated { request: id, step } if *id == request.id => {
                let step = &mut request.approval[*step as usize];
                step.escalation.as_mut().unwrap().noted = true;
            }
            Fact::RequestApproved { request: id, capacity, cut, comment } if *id == request.id => {
                review(Some(RequestState::Approved), Verdict::Approve, comment.clone(), cut, capacity);
            }
            Fact::RequestDenied { request: id, capacity, reason } if *id == request.id => {
                review(Some(RequestState::Denied), Verdict::Deny, Some(reason.clone()), &none, capacity);
            }
            Fact::InformationRequested { request: id, capacity, question } if *id == request.id => {
                review(Some(RequestState::NeedsInfo), Verdict::Ask, Some(question.clone()), &none, capacity);
            }
            Fact::RequestAnswered { request: id, answer, amendment } if *id == request.id => {
                request.state = RequestState::Pending;
                if let Some(amendment) = amendment {
                    (request.duration, request.scope) = (amendment.duration, amendment.scope.clone());
                    request.duration_cut.clone_from(&amendment.duration_cut);
                    request.assessment = amendment.assessment.clone();
                    request.version += 1;
                }
                request.answers.push(Answer { at: event.at, text: answer.clone(), version: request.version });
            }
            Fact::RequestRepeated { request: id, justification, ticket } if *id == request.id => {
                let (justification, ticket) = (justification.clone(), ticket.clone());
                request.repeats.push(Repeat { at: event.at, justification, ticket });
            }
            Fact::RequestReassessed { request: id, assessment } if *id == request.id => {
                request.assessment = (**assessment).clone();
            }
            Fact::RequestProven { request: id, proof } if *id == request.id => {
                request.proof = Some((**proof).clone());
            }
            Fact::RequestWithdrawn { request: id } if *id == request.id => request.state = RequestState::Withdrawn,
            Fact::RequestTimedOut { request: id } if *id == request.id => request.state = RequestState::TimedOut,
            _ => {}
        }
    }
    request
}

fn delegation_after_all(delegation: &Delegation, events: &[Event]) -> Delegation {
    let end = events.iter().find(|event| event.fact == Fact::DelegationEnded { delegation: delegation.id });
    let ended = end.map(|event| DelegationEnd { at: event.at, by: event.by.clone() });
    Delegation { ended, ..delegation.clone() }
}

fn grant_after_all(grant: &Grant, events: &[Event]) -> Grant {
    let mine = |wanted: fn(&Fact) -> Option<crate::model::GrantId>| {
        events.iter().filter(move |event| wanted(&event.fact) == Some(grant.id))
    };
    let noted = Noted {
        activation: mine(|fact| if let Fact::GrantActivated { grant } = fact { Some(*grant) } else { None }).count()
            > 0,
        expiry: mine(|fact| if let Fact::GrantExpired { grant } = fact { Some(*grant) } else { None }).count() > 0,
    };
    let uses = mine(|fact| if let Fact::GrantUsed { grant, .. } = fact { Some(*grant) } else { None }).count() as u64;
    let ended = mine(|fact| match fact {
        Fact::GrantRevoked { grant, .. } | Fact::GrantReleased { grant } | Fact::GrantExhausted { grant } => {
            Some(*grant)
        }
        _ => None,
    })
    .next()
    .map(|event| End {
        at: event.at,
        by: event.by.clone(),
        kind: match &event.fact {
            Fact::GrantRevoked { reason, .. } => EndKind::Revoked(reason.clone()),
            Fact::GrantExhausted { .. } => EndKind::Exhausted,
            _ => EndKind::Released,
        },
    });
    let suspended = mine(|fact| match fact {
        Fact::GrantSuspended { grant, .. } | Fact::GrantResumed { grant } => Some(*grant),
        _ => None,
    })
    .next_back()
    .and_then(|event| match &event.fact {
        Fact::GrantSuspended { reason, .. } => {
            Some(Suspension { at: event.at, by: event.by.clone(), reason: reason.clone() })
        }
        _ => None,
    });
    let mut break_glass = grant.break_glass.clone();
    if let Some(owed) = &mut break_glass {
        for event in events {
            let outcome = match &event.fact {
                Fact::BreakGlassReviewed { grant: id, justified: true, finding } if *id == grant.id => {
                    ReviewOutcome::Justified(finding.clone())
                }
                Fact::BreakGlassReviewed { grant: id, justified: false, finding } if *id == grant.id => {
                    ReviewOutcome::Unjustified(finding.clone())
                }
                Fact::BreakGlassReviewWaived { grant: id, reason } if *id == grant.id => {
                    ReviewOutcome::Waived(reason.clone())
                }
                Fact::BreakGlassReviewOverdue { grant: id } if *id == grant.id => {
                    owed.overdue_noted = true;
                    continue;
                }
                _ => continue,
            };
            owed.closed = Some(ClosedReview { at: event.at, by: event.by.clone(), outcome });
        }
    }
    Grant { noted, uses, break_glass, suspended, ended, ..grant.clone() }
}
