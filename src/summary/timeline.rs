//! The timeline of a grant's records, in words.

use crate::model::{AccessRequest, Cut, Event, Fact, Timestamp};
use crate::workflow::cuts_by;

/// An entry of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// The instant of the last of several uses; otherwise the same as `at`.
    pub until: Timestamp,
    /// The actor.
    pub by: String,
    /// What, by the name of the fact.
    pub event: &'static str,
    /// How often it happened.
    pub count: u64,
    /// The same for people, with what was written. It contains text from others.
    pub text: String,
}

impl TimelineEntry {
    /// Whether the next entry is one more use by the same principal.
    pub(super) fn joins(&self, next: &Self) -> bool {
        self.event == next.event && self.by == next.by
    }

    pub(super) fn join(&mut self, next: &Self) {
        self.count += next.count;
        self.until = self.until.max(next.until);
        self.text = format!("{} uses", self.count);
    }
}

/// The entry of this event; `None` for an event that is not about the session. `request` is the request before it.
pub(super) fn moment(event: &Event, request: Option<&AccessRequest>) -> Option<TimelineEntry> {
    let mut at = event.at;
    let said = |text: &str, words: Option<&dyn std::fmt::Display>| match words {
        Some(words) => format!("{text}: {words}"),
        None => text.to_owned(),
    };
    let approved = |text: &str, cut: &Cut, comment: Option<&dyn std::fmt::Display>| {
        let cuts = request.map(|request| cuts_by(request, cut, &event.by)).unwrap_or_default();
        let cuts: Vec<_> = cuts
            .iter()
            .map(|cut| {
                cut.from.as_ref().map_or_else(|| cut.to.clone(), |from| format!("{} {from} to {}", cut.what, cut.to))
            })
            .collect();
        let text = if cuts.is_empty() { text.to_owned() } else { format!("{text}, cut ({})", cuts.join("; ")) };
        said(&text, comment)
    };
    let text = match &event.fact {
        Fact::RequestSubmitted(asked) => {
            let words = format!("asked for {} on {} for {}", asked.role, asked.scope, asked.duration);
            said(&words, asked.details.justification.as_ref().map(|why| why as _))
        }
        Fact::RequestReviewed { cut, comment, .. } => {
            approved("approved a step", cut, comment.as_ref().map(|comment| comment as _))
        }
        Fact::RequestApproved { cut, comment, .. } => {
            approved("approved", cut, comment.as_ref().map(|comment| comment as _))
        }
        Fact::ReviewLapsed { reviewer, .. } => format!("the approval of {reviewer} lapsed"),
        Fact::RequestEscalated { step, .. } => format!("step {} was escalated", u64::from(*step) + 1),
        Fact::RequestDenied { reason, .. } => said("denied", Some(reason)),
        Fact::InformationRequested { question, .. } => said("asked back", Some(question)),
        Fact::RequestAnswered { answer, .. } => said("answered", Some(answer)),
        Fact::RequestRepeated { justification, .. } => {
            said("asked for the same again", justification.as_ref().map(|why| why as _))
        }
        Fact::RequestWithdrawn { .. } => "withdrawn".to_owned(),
        Fact::RequestTimedOut { .. } => "timed out".to_owned(),
        Fact::GrantCreated(grant) => {
            format!("granted from {} to {}", grant.window.start().for_people(), grant.window.end().for_people())
        }
        Fact::GrantActivated { .. } => "the window began".to_owned(),
        Fact::GrantExpired { .. } => "the window ended".to_owned(),
        Fact::GrantRevoked { reason, .. } => said("revoked", Some(reason)),
        Fact::GrantSuspended { reason, .. } => said("suspended", Some(reason)),
        Fact::GrantResumed { .. } => "resumed".to_owned(),
        Fact::GrantReleased { .. } => "given back".to_owned(),
        Fact::GrantExhausted { .. } => "used as often as it may be".to_owned(),
        Fact::GrantUsed { used_at, .. } => {
            at = used_at.unwrap_or(event.at);
            "1 use".to_owned()
        }
        Fact::BreakGlassReviewed { justified, finding, .. } => {
            said(if *justified { "reviewed, justified" } else { "reviewed, unjustified" }, Some(finding))
        }
        Fact::BreakGlassReviewWaived { reason, .. } => said("the review was waived", Some(reason)),
        Fact::BreakGlassReviewOverdue { .. } => "the review was overdue".to_owned(),
        Fact::AlertRaised(alert) => said(&format!("alert: {}", alert.kind.words()), Some(&alert.text)),
        Fact::AlertAcknowledged { reason, .. } => said("an alert was acknowledged", Some(reason)),
        Fact::AlertSilenced { reason, .. } => said("an alert was silenced", Some(reason)),
        _ => return None,
    };
    Some(TimelineEntry { at, until: at, by: event.by.to_string(), event: event.fact.name(), count: 1, text })
}
