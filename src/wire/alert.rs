//! An alert as JSON.

use super::shown::{Instant, Who};
use crate::model::{AlertState, Timestamp};

document! {
    /// An alert of the monitor, and how it was handled.
    pub struct AlertDocument as "Alert" {
        /// The alert.
        id: String,
        /// The kind: `burst`.
        kind: &'static str,
        /// How it is meant: `trouble` is about the engine itself.
        severity: &'static str = ["routine", "unusual", "trouble"],
        /// The state of the alert.
        status: &'static str = ["open", "acknowledged", "silenced"],
        /// The finding, with its numbers.
        text: String,
        /// The grant that it is about.
        grant_id: Option<String>,
        /// The principal that it is about.
        principal: Option<Who>,
        /// The instant of the finding.
        since: Instant,
        /// When it was raised.
        raised_at: Instant,
        /// Who acknowledged it.
        acknowledged_by: Option<String>,
        /// When that was.
        acknowledged_at: Option<Instant>,
        /// The finding of the person who acknowledged it.
        finding: Option<String>,
        /// Who silenced it.
        silenced_by: Option<String>,
        /// Until when no similar alert is raised.
        silenced_until: Option<Instant>,
        /// Why it was silenced.
        silence_reason: Option<String>,
        /// The record of the journal that raised it.
        revision: u64,
    }
}

impl AlertDocument {
    /// The alert in its state at `now`.
    #[must_use]
    pub fn new(state: &AlertState, now: Timestamp) -> Self {
        let AlertState { alert, revision, raised_at, acknowledged, silenced } = state;
        Self {
            id: alert.id.to_string(),
            kind: alert.kind.name(),
            severity: alert.kind.class().name(),
            status: state.status(now).name(),
            text: alert.text.to_string(),
            grant_id: alert.grant.map(|grant| grant.to_string()),
            principal: alert.who.as_ref().map(Into::into),
            since: alert.since.into(),
            raised_at: (*raised_at).into(),
            acknowledged_by: acknowledged.as_ref().map(|done| done.by.to_string()),
            acknowledged_at: acknowledged.as_ref().map(|done| done.at.into()),
            finding: acknowledged.as_ref().map(|done| done.reason.to_string()),
            silenced_by: silenced.as_ref().map(|(done, _)| done.by.to_string()),
            silenced_until: silenced.as_ref().map(|(_, until)| (*until).into()),
            silence_reason: silenced.as_ref().map(|(done, _)| done.reason.to_string()),
            revision: revision.0,
        }
    }
}
