//! Collects the records of a period.

use std::collections::BTreeMap;

use crate::journal::Record;
use crate::model::{Actor, Fact, Grant, GrantId, ReviewOutcome, Timestamp};

/// Reads the records up to the end of a period, in order: before it begins those that change state, and then all.
///
/// ```
/// use jit_access::internal::evidence::Collector;
///
/// let collector = Collector::new("2026-12-01T00:00:00Z".parse()?, "2026-12-08T00:00:00Z".parse()?);
/// assert!(collector.grants().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Collector {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    grants: BTreeMap<GrantId, GrantHistory>,
    pub(super) events: BTreeMap<&'static str, u64>,
    /// Uses whose grant was not in force, by the records: there should be none.
    pub(super) outside: Vec<[String; 4]>,
    /// Reviews of requests: instant, reviewer, verdict, request.
    pub(super) answers: Vec<[String; 4]>,
    /// Changes of accounts that the host reported: instant, account, and whether it is enabled.
    pub(super) accounts: Vec<[String; 3]>,
    /// Uses by permission.
    pub(super) used: BTreeMap<String, u64>,
}

/// The history of a grant.
#[derive(Debug, Clone)]
pub struct GrantHistory {
    /// As it was made.
    pub(super) grant: Grant,
    pub(super) uses: u64,
    pub(super) ended: Option<(&'static str, Timestamp, String)>,
    pub(super) review: Option<(&'static str, Timestamp, String)>,
    pub(super) overdue: bool,
}

impl Collector {
    /// Of the period from one instant to just before the other.
    #[must_use]
    pub const fn new(from: Timestamp, until: Timestamp) -> Self {
        Self {
            from,
            until,
            grants: BTreeMap::new(),
            events: BTreeMap::new(),
            outside: Vec::new(),
            answers: Vec::new(),
            accounts: Vec::new(),
            used: BTreeMap::new(),
        }
    }

    /// The grants that were in force, or scheduled, at some instant of the period, or needed a review then.
    #[must_use]
    pub fn grants(&self) -> Vec<&GrantHistory> {
        let concerns = |history: &&GrantHistory| {
            let end = history.ended.as_ref().map_or(history.grant.window.end(), |(_, at, _)| *at);
            let reviewed = history.review.as_ref().is_none_or(|(_, at, _)| *at >= self.from);
            end >= self.from || (history.grant.break_glass.is_some() && reviewed)
        };
        self.grants.values().filter(concerns).collect()
    }

    /// Takes in the next record.
    pub fn take(&mut self, record: &Record) {
        let event = &record.event;
        let (at, is_inside) = (event.at, event.at >= self.from && event.at < self.until);
        if at >= self.until {
            return;
        }
        if is_inside {
            *self.events.entry(event.fact.name()).or_default() += 1;
        }
        let by = event.by.to_string();
        match &event.fact {
            Fact::GrantCreated(grant) => {
                let history =
                    GrantHistory { grant: (**grant).clone(), uses: 0, ended: None, review: None, overdue: false };
                self.grants.insert(grant.id, history);
            }
            Fact::GrantExpired { grant } => self.end(*grant, ("expired", at, by)),
            Fact::GrantRevoked { grant, .. } => self.end(*grant, ("revoked", at, by)),
            Fact::GrantReleased { grant } => self.end(*grant, ("released", at, by)),
            Fact::GrantExhausted { grant } => self.end(*grant, ("exhausted", at, by)),
            Fact::BreakGlassReviewed { grant, justified, .. } => {
                self.review(*grant, (if *justified { "justified" } else { "unjustified" }, at, by));
            }
            Fact::BreakGlassReviewWaived { grant, .. } => self.review(*grant, ("waived", at, by)),
            Fact::BreakGlassReviewOverdue { grant } => {
                if let Some(history) = self.grants.get_mut(grant) {
                    history.overdue = true;
                }
            }
            Fact::GrantUsed { grant, action, resource, used_at, .. } if is_inside => {
                let when = used_at.unwrap_or(at);
                *self.used.entry(action.to_string()).or_default() += 1;
                let history = self.grants.get_mut(grant);
                let is_covered = history.as_ref().is_some_and(|history| history.grant.window.contains(when));
                if let Some(history) = history {
                    history.uses += 1;
                }
                if !is_covered {
                    self.outside.push([when.to_string(), by, action.to_string(), resource.to_string()]);
                }
            }
            Fact::RequestReviewed { request, .. } if is_inside => self.answer(at, by, "approved a step", request),
            Fact::RequestApproved { request, .. } if is_inside => self.answer(at, by, "approved", request),
            Fact::RequestDenied { request, .. } if is_inside => self.answer(at, by, "denied", request),
            // A report that retention writes again was made before.
            Fact::StandingReported { principal, standing } if is_inside && by != "rule:retention" => {
                let state = if standing.enabled { "enabled" } else { "disabled" };
                self.accounts.push([at.to_string(), principal.to_string(), state.to_owned()]);
            }
            _ => {}
        }
    }

    fn end(&mut self, grant: GrantId, end: (&'static str, Timestamp, String)) {
        if let Some(history) = self.grants.get_mut(&grant) {
            history.ended = Some(end);
        }
    }

    fn review(&mut self, grant: GrantId, review: (&'static str, Timestamp, String)) {
        if let Some(history) = self.grants.get_mut(&grant) {
            history.review = Some(review);
        }
    }

    fn answer(&mut self, at: Timestamp, by: String, what: &str, request: &impl ToString) {
        self.answers.push([at.to_string(), by, what.to_owned(), request.to_string()]);
    }
}

impl GrantHistory {
    /// Whether a rule approved it, and no person.
    pub(super) const fn is_by_rule(&self) -> bool {
        matches!(self.grant.approved_by, Actor::Rule(_))
    }

    /// The state of its review, for break-glass access.
    pub(super) fn review_state(&self, until: Timestamp) -> Option<&'static str> {
        let taken = self.grant.break_glass.as_ref()?;
        Some(match (&self.review, &taken.closed) {
            (Some((outcome, ..)), _) => outcome,
            (None, Some(closed)) if matches!(closed.outcome, ReviewOutcome::Waived { .. }) => "waived",
            (None, _) if self.overdue || taken.review_due < until => "overdue",
            _ => "open",
        })
    }
}
