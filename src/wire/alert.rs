//! An alert as JSON.

use super::shown::{Instant, Who};
use crate::model::{AlertState, Timestamp};

document! {
    /// Something that the monitor found, and what somebody did about it.
    pub struct AlertDocument as "Alert" {
        /// The alert.
        id: String,
        /// What it tells of: `burst`.
        kind: &'static str,
        /// How it is meant: `trouble` is about the engine itself.
        severity: &'static str = ["routine", "unusual", "trouble"],
        /// The state of the alert.
        status: &'static str = ["open", "acknowledged", "silenced"],
        /// What was found, with its numbers.
        text: String,
        /// The grant that it is about.
        grant_id: Option<String>,
        /// Whom it is about.
        principal: Option<Who>,
        /// The instant of what was found.
        since: Instant,
        /// When it was raised.
        raised_at: Instant,
        /// Who acknowledged it.
        acknowledged_by: Option<String>,
        /// When that was.
        acknowledged_at: Option<Instant>,
        /// What they found.
        finding: Option<String>,
        /// Who silenced it.
        silenced_by: Option<String>,
        /// Until when nothing like it is raised.
        silenced_until: Option<Instant>,
        /// Why it was silenced.
        silence_reason: Option<String>,
        /// The record of the journal that raised it.
        revision: u64,
    }
}

impl AlertDocument {
    /// The alert as it stands at `now`.
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
